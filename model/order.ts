// The one total order over BSON values: type rank, then value, exact across number types.
// Source: MongoDB manual, "Comparison/Sort Order". Strings by UTF-8 bytes, binaries by length, subtype, bytes;
// objects field by field (rank, name, value), arrays element by element; NaN below every number and equal to itself.
// Recursion is bounded by the nesting that `bson/validate.ts` let in.

import { compareBytes, readFloat64, readInt32, readInt64 } from './bytes.ts';
import { BsonType } from './bson/types.ts';
import { ElementCursor, type Raw } from './bson/walk.ts';
import { compareDecimals, decimalOfBigint, decimalOfDouble, readDecimal } from './decimal.ts';

const ranks = new Uint8Array(256);
for (const [type, rank] of [
  [BsonType.minKey, 1],
  [BsonType.undefined, 2],
  [BsonType.null, 5],
  [BsonType.double, 10],
  [BsonType.int32, 10],
  [BsonType.int64, 10],
  [BsonType.decimal128, 10],
  [BsonType.string, 15],
  [BsonType.symbol, 15],
  [BsonType.object, 20],
  [BsonType.array, 25],
  [BsonType.binary, 30],
  [BsonType.objectId, 35],
  [BsonType.boolean, 40],
  [BsonType.date, 45],
  [BsonType.timestamp, 47],
  [BsonType.regex, 50],
  [BsonType.dbPointer, 55],
  [BsonType.code, 60],
  [BsonType.codeWithScope, 65],
  [BsonType.maxKey, 127],
] as const)
  ranks[type] = rank;
// Type 0 stands for a missing field.
ranks[0] = 2;

/** Rank of an element type in the order; types of one rank compare by value. 0 as a type means missing. */
export function typeRank(type: number): number {
  return ranks[type]!;
}

function sign(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function compareRaw(a: Raw, b: Raw): number {
  return compareValues(a.bytes, a.type, a.start, a.end, b.bytes, b.type, b.start, b.end);
}

/** Order of two values where they lie. */
export function compareValues(
  a: Uint8Array,
  aType: number,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bType: number,
  bStart: number,
  bEnd: number,
): number {
  const rank = ranks[aType]!;
  const difference = rank - ranks[bType]!;
  if (difference !== 0) return difference < 0 ? -1 : 1;
  switch (aType) {
    case BsonType.double:
    case BsonType.int32:
    case BsonType.int64:
    case BsonType.decimal128:
      return compareNumbers(a, aType, aStart, b, bType, bStart);
    case BsonType.string:
    case BsonType.symbol:
    case BsonType.code:
      return compareBytes(a, aStart + 4, aEnd - 1, b, bStart + 4, bEnd - 1);
    case BsonType.object:
      return compareDocuments(a, aStart, b, bStart, true);
    case BsonType.array:
      return compareDocuments(a, aStart, b, bStart, false);
    case BsonType.binary:
      return sign(readInt32(a, aStart), readInt32(b, bStart)) || compareBytes(a, aStart + 4, aEnd, b, bStart + 4, bEnd);
    case BsonType.date: {
      const x = readInt64(a, aStart);
      const y = readInt64(b, bStart);
      return x < y ? -1 : x > y ? 1 : 0;
    }
    case BsonType.timestamp:
      return (
        sign(readInt32(a, aStart + 4) >>> 0, readInt32(b, bStart + 4) >>> 0) ||
        sign(readInt32(a, aStart) >>> 0, readInt32(b, bStart) >>> 0)
      );
    case BsonType.dbPointer:
      return sign(aEnd - aStart, bEnd - bStart) || compareBytes(a, aStart + 4, aEnd, b, bStart + 4, bEnd);
    case BsonType.codeWithScope: {
      const aScope = aStart + 8 + readInt32(a, aStart + 4);
      const bScope = bStart + 8 + readInt32(b, bStart + 4);
      return (
        compareBytes(a, aStart + 8, aScope - 1, b, bStart + 8, bScope - 1) ||
        compareDocuments(a, aScope, b, bScope, true)
      );
    }
    default:
      // Fixed bytes that compare as they lie: ObjectId, boolean, regex; null, undefined and keys have none.
      return compareBytes(a, aStart, aEnd, b, bStart, bEnd);
  }
}

function compareDocuments(a: Uint8Array, aStart: number, b: Uint8Array, bStart: number, named: boolean): number {
  const left = new ElementCursor(a, aStart);
  const right = new ElementCursor(b, bStart);
  for (;;) {
    const more = left.next();
    if (!right.next()) return more ? 1 : 0;
    if (!more) return -1;
    let difference = ranks[left.type]! - ranks[right.type]!;
    if (difference !== 0) return difference < 0 ? -1 : 1;
    if (named) {
      difference = compareBytes(a, left.nameStart, left.nameEnd, b, right.nameStart, right.nameEnd);
      if (difference !== 0) return difference;
    }
    difference = compareValues(
      a,
      left.type,
      left.valueStart,
      left.valueEnd,
      b,
      right.type,
      right.valueStart,
      right.valueEnd,
    );
    if (difference !== 0) return difference;
  }
}

function compareNumbers(
  a: Uint8Array,
  aType: number,
  aStart: number,
  b: Uint8Array,
  bType: number,
  bStart: number,
): number {
  if (aType === BsonType.decimal128 || bType === BsonType.decimal128)
    return compareDecimals(asDecimal(a, aType, aStart), asDecimal(b, bType, bStart));
  const x = numberAt(a, aType, aStart);
  const y = numberAt(b, bType, bStart);
  if (typeof x === 'number' && typeof y === 'number') {
    if (x < y) return -1;
    if (x > y) return 1;
    if (x === y) return 0;
    return sign(Number.isNaN(x) ? 0 : 1, Number.isNaN(y) ? 0 : 1);
  }
  // JavaScript compares bigint with number exactly; NaN is below everything.
  if (x < y) return -1;
  if (x > y) return 1;
  if (Number.isNaN(x)) return -1;
  return Number.isNaN(y) ? 1 : 0;
}

function numberAt(bytes: Uint8Array, type: number, at: number): number | bigint {
  if (type === BsonType.int32) return readInt32(bytes, at);
  if (type === BsonType.double) return readFloat64(bytes, at);
  return readInt64(bytes, at);
}

function asDecimal(bytes: Uint8Array, type: number, at: number): ReturnType<typeof readDecimal> {
  if (type === BsonType.decimal128) return readDecimal(bytes, at);
  const value = numberAt(bytes, type, at);
  return typeof value === 'bigint' ? decimalOfBigint(value) : decimalOfDouble(value);
}
