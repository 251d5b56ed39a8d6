// Numbers of all types as one family: exact order by value and one canonical text per value, so that
// 1, 1L, 1.0 and Decimal 1.00 are the same number, and 2^53 + 1 differs from the double beside it
// (data-model.md "Identity", "Views"). Nothing here rounds. Every computation is bounded: a double has at
// most 767 significant decimal digits, a Decimal128 has 34, and far exponents are compared before digits.

import { readFloat64, readInt32, readInt64, writeFloat64, writeInt32, writeInt64 } from './bytes.ts';
import { BsonType } from './bson/types.ts';
import { Raw } from './bson/walk.ts';
import {
  decimalDigitsMax,
  decimalExponentMax,
  decimalExponentMin,
  decodeDecimal,
  encodeDecimal,
  plainDecimal,
  scientific,
  type Decimal,
} from './decimal.ts';

/** A number of any type: double or int32 as `number`, int64 as either, Decimal128 as `Decimal`. */
export type Numeric = number | bigint | Decimal;

export function isNumberType(type: number): boolean {
  return type === BsonType.double || type === BsonType.int32 || type === BsonType.int64 || type === BsonType.decimal128;
}

/** The number in a raw value of a number type. */
export function numericOf(raw: Raw): Numeric {
  switch (raw.type) {
    case BsonType.double:
      return readFloat64(raw.bytes, raw.start);
    case BsonType.int32:
      return readInt32(raw.bytes, raw.start);
    case BsonType.int64:
      return readInt64(raw.bytes, raw.start);
    default:
      return decodeDecimal(raw.bytes, raw.start);
  }
}

const bits = new DataView(new ArrayBuffer(8));

/** The exact decimal of a number: a double is m × 2^e, which for negative e is m × 5^-e × 10^e. */
function exactDecimal(value: number | bigint): Decimal {
  if (typeof value === 'bigint')
    return { kind: 'finite', negative: value < 0n, coefficient: value < 0n ? -value : value, exponent: 0 };
  if (Number.isNaN(value)) return { kind: 'nan', negative: false, coefficient: 0n, exponent: 0 };
  const negative = value < 0;
  if (!Number.isFinite(value)) return { kind: 'infinite', negative, coefficient: 0n, exponent: 0 };
  const magnitude = Math.abs(value);
  if (Number.isInteger(magnitude)) return { kind: 'finite', negative, coefficient: BigInt(magnitude), exponent: 0 };
  bits.setFloat64(0, magnitude);
  const biased = bits.getUint16(0) >> 4;
  let mantissa = bits.getBigUint64(0) & 0xfffffffffffffn;
  if (biased > 0) mantissa |= 0x10000000000000n;
  let power = 1075 - Math.max(biased, 1);
  while ((mantissa & 1n) === 0n) {
    mantissa >>= 1n;
    power--;
  }
  return { kind: 'finite', negative, coefficient: mantissa * 5n ** BigInt(power), exponent: -power };
}

function decimalOf(value: Numeric): Decimal {
  return typeof value === 'object' ? value : exactDecimal(value);
}

/** Rank of the value's kind: NaN, -∞, finite, +∞. */
function kindRank(decimal: Decimal): number {
  return decimal.kind === 'nan' ? 0 : decimal.kind === 'finite' ? 2 : decimal.negative ? 1 : 3;
}

function compareMagnitudes(a: Decimal, b: Decimal): number {
  if (a.exponent === b.exponent) return a.coefficient < b.coefficient ? -1 : a.coefficient > b.coefficient ? 1 : 0;
  const aDigits = a.coefficient.toString().length;
  const bDigits = b.coefficient.toString().length;
  const adjusted = a.exponent + aDigits - (b.exponent + bDigits);
  if (adjusted !== 0) return adjusted < 0 ? -1 : 1;
  // Same leading weight: the exponents differ by no more than the digits do.
  const shift = a.exponent - b.exponent;
  const left = shift > 0 ? a.coefficient * 10n ** BigInt(shift) : a.coefficient;
  const right = shift < 0 ? b.coefficient * 10n ** BigInt(-shift) : b.coefficient;
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Exact order by value. NaN equals NaN and is below every other number; -0 equals 0. */
export function compareNumbers(a: Numeric, b: Numeric): number {
  if (typeof a !== 'object' && typeof b !== 'object') {
    // JavaScript compares number with bigint exactly.
    if (a < b) return -1;
    if (a > b) return 1;
    // Equal, or at least one is NaN, the only value that differs from itself.
    return (a !== a ? 0 : 1) - (b !== b ? 0 : 1);
  }
  const left = decimalOf(a);
  const right = decimalOf(b);
  const rank = kindRank(left) - kindRank(right);
  if (rank !== 0) return rank < 0 ? -1 : 1;
  if (left.kind !== 'finite') return 0;
  if (left.coefficient === 0n || right.coefficient === 0n) {
    if (left.coefficient !== 0n) return left.negative ? -1 : 1;
    if (right.coefficient !== 0n) return right.negative ? 1 : -1;
    return 0;
  }
  if (left.negative !== right.negative) return left.negative ? -1 : 1;
  return left.negative ? compareMagnitudes(right, left) : compareMagnitudes(left, right);
}

/**
 * Between these exponents of its first digit a canonical text is plain, else scientific. All of int64 is plain,
 * and no number has 24 digits in a row, which would be the text of an ObjectId.
 */
const plainExponentMin = -7;
const plainExponentMax = 20;

/**
 * The one text of a value, whatever its type: no trailing zeros, `-0` is `0`, plain where it is short, else
 * `d.dddE±x`. Exact: the double 0.1 and the Decimal128 0.1 differ, and so do their texts.
 */
export function canonicalText(value: Numeric): string {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value === 0 ? '0' : String(value);
  const decimal = decimalOf(value);
  if (decimal.kind === 'nan') return 'NaN';
  const sign = decimal.negative ? '-' : '';
  if (decimal.kind === 'infinite') return `${sign}Infinity`;
  if (decimal.coefficient === 0n) return '0';
  const written = decimal.coefficient.toString();
  let end = written.length;
  while (written.charCodeAt(end - 1) === 0x30) end--;
  const digits = written.slice(0, end);
  const exponent = decimal.exponent + written.length - end;
  const adjusted = exponent + digits.length - 1;
  if (adjusted < plainExponentMin || adjusted > plainExponentMax) return sign + scientific(digits, adjusted);
  return sign + (exponent > 0 ? digits + '0'.repeat(exponent) : plainDecimal(digits, exponent));
}

/** Characters of the longest canonical text: 767 digits, sign, point, leading zeros or exponent. */
export const canonicalCharactersMax = 784;

const canonicalForm = /^(-?)(\d+)(?:\.(\d+))?(?:E([+-]\d{1,4}))?$/;

function rawNumber(type: number, length: number, write: (bytes: Uint8Array) => void): Raw {
  const bytes = new Uint8Array(length);
  write(bytes);
  return new Raw(bytes, type, 0, length);
}

/**
 * The number whose canonical text this is, in the first type that holds it of int32, int64, double,
 * Decimal128; undefined for every other text, also for numbers written in another way.
 */
export function numberOfCanonicalText(text: string): Raw | undefined {
  if (text.length > canonicalCharactersMax) return undefined;
  const asDouble = Number(text);
  if (text === 'NaN' || text === 'Infinity' || text === '-Infinity')
    return rawNumber(BsonType.double, 8, (bytes) => writeFloat64(bytes, 0, asDouble));
  const match = canonicalForm.exec(text);
  if (match === null) return undefined;
  if (Number.isInteger(asDouble) && match[3] === undefined && match[4] === undefined) {
    const integer = BigInt(text);
    if (integer.toString() !== text) return undefined;
    if (BigInt.asIntN(32, integer) === integer)
      return rawNumber(BsonType.int32, 4, (bytes) => writeInt32(bytes, 0, Number(integer)));
    if (BigInt.asIntN(64, integer) === integer)
      return rawNumber(BsonType.int64, 8, (bytes) => writeInt64(bytes, 0, integer));
  }
  if (Number.isFinite(asDouble) && canonicalText(asDouble) === text)
    return rawNumber(BsonType.double, 8, (bytes) => writeFloat64(bytes, 0, asDouble));
  const decimal = shortDecimal(match);
  if (decimal === undefined || canonicalText(decimal) !== text) return undefined;
  const bytes = encodeDecimal(decimal);
  return new Raw(bytes, BsonType.decimal128, 0, bytes.length);
}

/** The Decimal128 that a matched canonical text says, if one can. */
function shortDecimal(match: RegExpExecArray): Decimal | undefined {
  const fraction = match[3] ?? '';
  let digits = `${match[2]}${fraction}`.replace(/^0+/, '');
  let exponent = Number(match[4] ?? '0') - fraction.length;
  const trimmed = digits.replace(/0+$/, '');
  if (digits.length > decimalDigitsMax) {
    exponent += digits.length - trimmed.length;
    digits = trimmed;
  }
  if (exponent > decimalExponentMax) {
    digits += '0'.repeat(Math.min(exponent - decimalExponentMax, decimalDigitsMax + 1));
    exponent = decimalExponentMax;
  }
  if (digits === '' || digits.length > decimalDigitsMax || exponent < decimalExponentMin) return undefined;
  return { kind: 'finite', negative: match[1] === '-', coefficient: BigInt(digits), exponent };
}
