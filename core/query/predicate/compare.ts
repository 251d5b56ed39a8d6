// Comparison with a constant, compiled: numbers, strings, ids and booleans without leaving the bytes, everything
// else through the total order. Values of another type rank never match, except the keys MinKey and MaxKey.
// NaN equals only NaN and is neither above nor below anything; null equals absent.

import { compareBytes, readFloat64, readInt32, readInt64 } from '../../../model/bytes.ts';
import { BsonType } from '../../../model/bson/types.ts';
import { Raw, skipValue } from '../../../model/bson/walk.ts';
import { decodeDecimal } from '../../../model/decimal.ts';
import { compareRaw, mongoRank } from '../../../model/order.ts';
import type { ComparisonOperator } from '../../../model/predicate.ts';
import { valueOf } from '../../../model/value.ts';
import { absent, type ValueTest } from './path.ts';

const ranks = mongoRank.ofType;

/** Order of a value where it lies against a constant of its rank. */
function compareAt(bytes: Uint8Array, type: number, at: number, value: Raw): number {
  return compareRaw(new Raw(bytes, type, at, skipValue(bytes, type, at)), value, mongoRank);
}

/** Whether an operator accepts a comparison's result (-1, 0, 1). */
function accepts(operator: ComparisonOperator, result: number): boolean {
  switch (operator) {
    case 'eq':
      return result === 0;
    case 'lt':
      return result < 0;
    case 'lte':
      return result <= 0;
    case 'gt':
      return result > 0;
    case 'gte':
      return result >= 0;
  }
}

export function compileComparison(operator: ComparisonOperator, value: Raw): ValueTest {
  switch (value.type) {
    case BsonType.null:
      return operator === 'lt' || operator === 'gt'
        ? () => false
        : (_bytes, type) => type === absent || type === BsonType.null;
    case BsonType.minKey:
    case BsonType.maxKey:
      return compileKey(operator, value.type);
    case BsonType.double:
    case BsonType.int32:
    case BsonType.int64:
    case BsonType.decimal128:
      return compileNumber(operator, value);
    case BsonType.string:
      return operator === 'eq' ? compileText(value) : compileTextRange(operator, value);
    case BsonType.objectId:
      return operator === 'eq' ? compileFixed(value) : compileRank(operator, value);
    case BsonType.boolean:
      return operator === 'eq' ? compileFixed(value) : compileRank(operator, value);
    default:
      return compileRank(operator, value);
  }
}

/** MinKey is below, MaxKey above everything of another rank. */
function compileKey(operator: ComparisonOperator, key: number): ValueTest {
  const same = operator === 'eq' || operator === 'lte' || operator === 'gte';
  const others =
    key === BsonType.maxKey ? operator === 'lt' || operator === 'lte' : operator === 'gt' || operator === 'gte';
  return (_bytes, type) => (type === key ? same : others);
}

function compileRank(operator: ComparisonOperator, value: Raw): ValueTest {
  const rank = ranks[value.type]!;
  return (bytes, type, at) => {
    if (type === absent || ranks[type] !== rank) return false;
    return accepts(operator, compareAt(bytes, type, at, value));
  };
}

function compileText(value: Raw): ValueTest {
  const { bytes: other, start } = value;
  const length = readInt32(other, start);
  return (bytes, type, at) => {
    if (type !== BsonType.string && type !== BsonType.symbol) return false;
    if (readInt32(bytes, at) !== length) return false;
    for (let i = 4; i < 3 + length; i++) if (bytes[at + i] !== other[start + i]) return false;
    return true;
  };
}

function compileTextRange(operator: ComparisonOperator, value: Raw): ValueTest {
  const { bytes: other, start, end } = value;
  return (bytes, type, at) => {
    if (type !== BsonType.string && type !== BsonType.symbol) return false;
    const valueEnd = at + 3 + readInt32(bytes, at);
    return accepts(operator, compareBytes(bytes, at + 4, valueEnd, other, start + 4, end - 1));
  };
}

function compileFixed(value: Raw): ValueTest {
  const { bytes: other, type: otherType, start, end } = value;
  const length = end - start;
  return (bytes, type, at) => {
    if (type !== otherType) return false;
    for (let i = 0; i < length; i++) if (bytes[at + i] !== other[start + i]) return false;
    return true;
  };
}

/** int64 as a double: exact within ±2^53, and on the right side of any such number beyond. */
function int64AsNumber(bytes: Uint8Array, at: number): number {
  return readInt32(bytes, at + 4) * 4294967296 + (readInt32(bytes, at) >>> 0);
}

function compileNumber(operator: ComparisonOperator, value: Raw): ValueTest {
  const number = valueOf(value);
  const exact = exactNumber(operator, value);
  // Against integers beyond ±2^53, fractions of an int64's neighbourhood and decimals, the order decides.
  if (typeof number !== 'number' || !(Math.abs(number) <= Number.MAX_SAFE_INTEGER)) return exact;
  const below = operator === 'lt' || operator === 'lte';
  const above = operator === 'gt' || operator === 'gte';
  const equal = operator !== 'lt' && operator !== 'gt';
  return (bytes, type, at) => {
    let other: number;
    if (type === BsonType.int32) other = readInt32(bytes, at);
    else if (type === BsonType.double) other = readFloat64(bytes, at);
    else if (type === BsonType.int64) other = int64AsNumber(bytes, at);
    else return type === BsonType.decimal128 && exact(bytes, type, at);
    return other === number ? equal : other < number ? below : other > number && above;
  };
}

function isNaNAt(bytes: Uint8Array, type: number, at: number): boolean {
  if (type === BsonType.double) return Number.isNaN(readFloat64(bytes, at));
  return type === BsonType.decimal128 && (bytes[at + 15]! & 0x7c) === 0x7c;
}

function exactNumber(operator: ComparisonOperator, value: Raw): ValueTest {
  const rank = ranks[BsonType.int32]!;
  if (isNaNAt(value.bytes, value.type, value.start)) {
    if (operator === 'lt' || operator === 'gt') return () => false;
    return (bytes, type, at) => isNaNAt(bytes, type, at);
  }
  return (bytes, type, at) => {
    if (ranks[type] !== rank || isNaNAt(bytes, type, at)) return false;
    return accepts(operator, compareAt(bytes, type, at, value));
  };
}

/** Above this many values a sorted list with binary search is used. */
const linearValuesMax = 8;

/** Equal to one of the values. */
export function compileMembership(values: readonly Raw[]): ValueTest {
  const nullTest = values.some((value) => value.type === BsonType.null);
  const others = values.filter((value) => value.type !== BsonType.null);
  if (others.length <= linearValuesMax) {
    const tests = others.map((value) => compileComparison('eq', value));
    return (bytes, type, at) => {
      if (type === absent || type === BsonType.null) return nullTest;
      for (const test of tests) if (test(bytes, type, at)) return true;
      return false;
    };
  }
  const sorted = [...others].sort((a, b) => compareRaw(a, b, mongoRank));
  return (bytes, type, at) => {
    if (type === absent || type === BsonType.null) return nullTest;
    const value = new Raw(bytes, type, at, skipValue(bytes, type, at));
    let low = 0;
    let high = sorted.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const candidate = sorted[middle]!;
      const result = compareRaw(value, candidate, mongoRank);
      if (result === 0) return true;
      if (result < 0) high = middle - 1;
      else low = middle + 1;
    }
    return false;
  };
}

/** Remainder of the integer part. Non-numbers, NaN and infinities never match. */
export function compileModulo(divisor: bigint, remainder: bigint): ValueTest {
  const small = divisor >= -0x7fffffffn && divisor <= 0x7fffffffn;
  const by = Number(divisor);
  const left = Number(remainder);
  return (bytes, type, at) => {
    if (type === BsonType.int32 && small) return readInt32(bytes, at) % by === left;
    const whole = integerPart(bytes, type, at);
    return whole !== undefined && whole % divisor === remainder;
  };
}

/** Integer part of a number within the range of int64, else undefined. */
function integerPart(bytes: Uint8Array, type: number, at: number): bigint | undefined {
  switch (type) {
    case BsonType.int32:
      return BigInt(readInt32(bytes, at));
    case BsonType.int64:
      return readInt64(bytes, at);
    case BsonType.double: {
      const value = readFloat64(bytes, at);
      return Math.abs(value) < 2 ** 63 ? BigInt(Math.trunc(value)) : undefined;
    }
    case BsonType.decimal128:
      return integerPartOfDecimal(bytes, at);
    default:
      return undefined;
  }
}

function integerPartOfDecimal(bytes: Uint8Array, at: number): bigint | undefined {
  const decimal = decodeDecimal(bytes, at);
  // 34 digits at most: beyond 10^19 in either direction the answer is known without the power.
  if (decimal.kind !== 'finite') return undefined;
  if (decimal.coefficient === 0n) return 0n;
  if (decimal.exponent > 19) return undefined;
  const whole =
    decimal.exponent >= 0
      ? decimal.coefficient * 10n ** BigInt(decimal.exponent)
      : decimal.exponent < -40
        ? 0n
        : decimal.coefficient / 10n ** BigInt(-decimal.exponent);
  if (whole >= 1n << 63n) return undefined;
  return decimal.negative ? -whole : whole;
}
