// The total order over all values. A door says in which order the type families stand (`TypeRank`) and
// whether typed values are seen as themselves or as in the SQL view; within a family the order is MongoDB's
// (manual, "Comparison/Sort Order"): numbers by exact value, strings by UTF-8 bytes, objects field by field
// (type, name, value), arrays element by element, the shorter one first when all before is equal.
//
// It is a total preorder: values that compare equal may differ in type (1 and 1.0) but never in a sort.
// Nothing recurses; raw strings, int32 and doubles are compared where they lie.

import { compareBytes, readFloat64, readInt32 } from './bytes.ts';
import { isNotFinite, sqlViewOf } from './bson/sql-view.ts';
import { BsonType } from './bson/types.ts';
import { ElementCursor, Raw } from './bson/walk.ts';
import { BsonWriter } from './bson/write.ts';
import { decodeDecimal } from './decimal.ts';
import { compareNumbers, isNumberType, numericOf } from './number.ts';
import { writeValue, type Value } from './value.ts';

/** Stands for an absent value where element types are listed. */
export const missingType = 0;

export interface TypeRank {
  /** Rank by BSON element type; `missingType` is an absent value. Equal ranks are one family. */
  readonly ofType: Uint8Array;
  /** `sql`: typed values, NaN and infinities are the objects that the SQL view shows. */
  readonly view: 'native' | 'sql';
}

function ranksOf(families: readonly (readonly number[])[]): Uint8Array {
  const ranks = new Uint8Array(256);
  families.forEach((types, rank) => types.forEach((type) => (ranks[type] = rank)));
  return ranks;
}

const numberTypes = [BsonType.double, BsonType.int32, BsonType.int64, BsonType.decimal128];

/** MongoDB: deprecated undefined stands with absent values, symbols with strings. */
export const mongoRank: TypeRank = {
  view: 'native',
  ofType: ranksOf([
    [BsonType.minKey],
    [missingType, BsonType.undefined],
    [BsonType.null],
    numberTypes,
    [BsonType.string, BsonType.symbol],
    [BsonType.object],
    [BsonType.array],
    [BsonType.binary],
    [BsonType.objectId],
    [BsonType.boolean],
    [BsonType.date],
    [BsonType.timestamp],
    [BsonType.regex],
    [BsonType.dbPointer],
    [BsonType.code],
    [BsonType.codeWithScope],
    [BsonType.maxKey],
  ]),
};

/** Cosmos: what JSON does not know is an object. */
export const cosmosRank: TypeRank = {
  view: 'sql',
  ofType: ranksOf([
    [missingType],
    [BsonType.null],
    [BsonType.boolean],
    numberTypes,
    [BsonType.string],
    [BsonType.array],
    [
      BsonType.object,
      BsonType.binary,
      BsonType.undefined,
      BsonType.objectId,
      BsonType.date,
      BsonType.timestamp,
      BsonType.regex,
      BsonType.dbPointer,
      BsonType.code,
      BsonType.symbol,
      BsonType.codeWithScope,
      BsonType.minKey,
      BsonType.maxKey,
    ],
  ]),
};

function rankAt(rank: TypeRank, bytes: Uint8Array, type: number, start: number): number {
  if (rank.view === 'sql' && isNotFinite(bytes, type, start)) return rank.ofType[BsonType.object]!;
  return rank.ofType[type]!;
}

function compareNumberAt(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Code point order of two strings: UTF-16 order but that surrogates stand above U+E000 … U+FFFF. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left === right) continue;
    if (left >= 0xd800 && right >= 0xd800) {
      const leftSurrogate = left < 0xe000;
      if (leftSurrogate !== right < 0xe000) return leftSurrogate ? 1 : -1;
    }
    return left < right ? -1 : 1;
  }
  return compareNumberAt(a.length, b.length);
}

/** Two values of one family that hold no other values. */
function compareLeaves(a: ElementCursor | Leaf, b: ElementCursor | Leaf): number {
  const { bytes: left, type, valueStart: leftStart, valueEnd: leftEnd } = a;
  const { bytes: right, valueStart: rightStart, valueEnd: rightEnd } = b;
  if (type !== b.type) {
    if (isNumberType(type) && isNumberType(b.type))
      return compareNumbers(
        numericOf(new Raw(left, type, leftStart, leftEnd)),
        numericOf(new Raw(right, b.type, rightStart, rightEnd)),
      );
    const texts = isTextType(type) && isTextType(b.type);
    if (!texts) return isValueless(type) && isValueless(b.type) ? 0 : compareNumberAt(type, b.type);
  }
  switch (type) {
    case BsonType.string:
    case BsonType.symbol:
    case BsonType.code:
      return compareBytes(left, leftStart + 4, leftEnd - 1, right, rightStart + 4, rightEnd - 1);
    case BsonType.int32:
      return compareNumberAt(readInt32(left, leftStart), readInt32(right, rightStart));
    case BsonType.double:
      return compareNumbers(readFloat64(left, leftStart), readFloat64(right, rightStart));
    case BsonType.int64:
    case BsonType.date:
      return (
        compareNumberAt(readInt32(left, leftStart + 4), readInt32(right, rightStart + 4)) ||
        compareNumberAt(readInt32(left, leftStart) >>> 0, readInt32(right, rightStart) >>> 0)
      );
    case BsonType.timestamp:
      return (
        compareNumberAt(readInt32(left, leftStart + 4) >>> 0, readInt32(right, rightStart + 4) >>> 0) ||
        compareNumberAt(readInt32(left, leftStart) >>> 0, readInt32(right, rightStart) >>> 0)
      );
    case BsonType.decimal128:
      return compareNumbers(decodeDecimal(left, leftStart), decodeDecimal(right, rightStart));
    case BsonType.binary:
      // Length, then subtype and bytes, which follow each other.
      return (
        compareNumberAt(leftEnd - leftStart, rightEnd - rightStart) ||
        compareBytes(left, leftStart + 4, leftEnd, right, rightStart + 4, rightEnd)
      );
    case BsonType.dbPointer:
      return (
        compareNumberAt(leftEnd - leftStart, rightEnd - rightStart) ||
        compareBytes(left, leftStart, leftEnd, right, rightStart, rightEnd)
      );
    default:
      // Boolean, ObjectId, the two texts of a regular expression; types without bytes are equal.
      return compareBytes(left, leftStart, leftEnd, right, rightStart, rightEnd);
  }
}

function isTextType(type: number): boolean {
  return type === BsonType.string || type === BsonType.symbol || type === BsonType.code;
}

function isValueless(type: number): boolean {
  return type === missingType || type === BsonType.undefined || type === BsonType.null;
}

/** A value by itself, in the shape of the cursor that stands on one. */
interface Leaf {
  readonly bytes: Uint8Array;
  readonly type: number;
  readonly valueStart: number;
  readonly valueEnd: number;
}

function leafOf(raw: Raw): Leaf {
  return { bytes: raw.bytes, type: raw.type, valueStart: raw.start, valueEnd: raw.end };
}

/** A cursor over the object that stands for a value: in the SQL view typed values have one too. */
function fieldsOf(value: ElementCursor | Leaf): ElementCursor {
  if (value.type === BsonType.object) return new ElementCursor(value.bytes, value.valueStart);
  const view = sqlViewOf(new Raw(value.bytes, value.type, value.valueStart, value.valueEnd));
  return new ElementCursor(view.bytes, view.start);
}

/** Order of two stored values; `undefined` is absent. */
export function compareRaw(a: Raw | undefined, b: Raw | undefined, rank: TypeRank): number {
  const ofMissing = rank.ofType[missingType]!;
  const difference =
    (a === undefined ? ofMissing : rankAt(rank, a.bytes, a.type, a.start)) -
    (b === undefined ? ofMissing : rankAt(rank, b.bytes, b.type, b.start));
  if (difference !== 0) return difference < 0 ? -1 : 1;
  // Absent values share their family only with values that have no bytes.
  if (a === undefined || b === undefined) return 0;
  return compareSameRank(leafOf(a), leafOf(b), rank);
}

/** Containers yet to be compared, inner ones last. */
interface Open {
  readonly a: ElementCursor;
  readonly b: ElementCursor;
  readonly named: boolean;
}

function compareSameRank(a: ElementCursor | Leaf, b: ElementCursor | Leaf, rank: TypeRank): number {
  const stack: Open[] = [];
  const order = enter(a, b, rank, stack);
  if (order !== 0) return order;
  for (let open = stack.at(-1); open !== undefined; open = stack.at(-1)) {
    const left = open.a;
    const right = open.b;
    const more = left.next();
    if (more !== right.next()) return more ? 1 : -1;
    if (!more) {
      stack.pop();
      continue;
    }
    const difference =
      rankAt(rank, left.bytes, left.type, left.valueStart) - rankAt(rank, right.bytes, right.type, right.valueStart);
    if (difference !== 0) return difference < 0 ? -1 : 1;
    if (open.named) {
      const names = compareBytes(left.bytes, left.nameStart, left.nameEnd, right.bytes, right.nameStart, right.nameEnd);
      if (names !== 0) return names;
    }
    const values = enter(left, right, rank, stack);
    if (values !== 0) return values;
  }
  return 0;
}

/** Compares two values of one family as far as they go by themselves; what they contain is put on the stack. */
function enter(a: ElementCursor | Leaf, b: ElementCursor | Leaf, rank: TypeRank, stack: Open[]): number {
  if (a.type === BsonType.array && b.type === BsonType.array) {
    stack.push({
      a: new ElementCursor(a.bytes, a.valueStart),
      b: new ElementCursor(b.bytes, b.valueStart),
      named: false,
    });
    return 0;
  }
  const objectRank = rank.ofType[BsonType.object]!;
  if (rank.view === 'sql' && rankAt(rank, a.bytes, a.type, a.valueStart) === objectRank) {
    stack.push({ a: fieldsOf(a), b: fieldsOf(b), named: true });
    return 0;
  }
  if (a.type === BsonType.object && b.type === BsonType.object) {
    stack.push({ a: fieldsOf(a), b: fieldsOf(b), named: true });
    return 0;
  }
  if (a.type === BsonType.codeWithScope && b.type === BsonType.codeWithScope) {
    const aScope = scopeStart(a);
    const bScope = scopeStart(b);
    stack.push({ a: new ElementCursor(a.bytes, aScope), b: new ElementCursor(b.bytes, bScope), named: true });
    return compareBytes(a.bytes, a.valueStart + 8, aScope - 1, b.bytes, b.valueStart + 8, bScope - 1);
  }
  return compareLeaves(a, b);
}

function scopeStart(value: ElementCursor | Leaf): number {
  return value.valueStart + 8 + readInt32(value.bytes, value.valueStart + 4);
}

/** A plain value in its stored form. */
function rawOf(value: Value): Raw | undefined {
  if (value === undefined || value instanceof Raw) return value;
  const writer = new BsonWriter(64).beginDocument();
  writeValue(writer, '', value);
  const bytes = writer.end().finish();
  return new Raw(bytes, bytes[4]!, 6, bytes.length - 1);
}

/** Order of two values under evaluation. */
export function compareValues(a: Value, b: Value, rank: TypeRank): number {
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b);
  if (typeof a === 'number' && typeof b === 'number') {
    if (a < b) return isFiniteIn(rank, a, b) ? -1 : compareRaw(rawOf(a), rawOf(b), rank);
    if (a > b) return isFiniteIn(rank, a, b) ? 1 : compareRaw(rawOf(a), rawOf(b), rank);
    return a === b ? 0 : compareRaw(rawOf(a), rawOf(b), rank);
  }
  if (a === b) return 0;
  return compareRaw(rawOf(a), rawOf(b), rank);
}

/** Whether plain number order holds for both. */
function isFiniteIn(rank: TypeRank, a: number, b: number): boolean {
  return rank.view === 'native' || (Number.isFinite(a) && Number.isFinite(b));
}

/** Same value, whatever the number type: what a sort cannot tell apart. */
export function equalValues(a: Value, b: Value, rank: TypeRank = mongoRank): boolean {
  return compareValues(a, b, rank) === 0;
}
