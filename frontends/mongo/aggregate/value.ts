// Values while an expression is evaluated: stored bytes with their type, or undefined for a missing field. Nothing is
// decoded until an operator needs it, and every BSON type keeps its bytes: int32, int64, double and decimal are told
// apart as MongoDB does. Small results lie in a shared slab, so whoever keeps a value beyond one document owns a copy.

import {
  hexOf,
  isWellFormed,
  readInt32,
  readInt64,
  utf8,
  writeFloat64,
  writeInt32,
  writeInt64,
} from '../../../model/bytes.ts';
import { BsonType } from '../../../model/bson/types.ts';
import { ElementCursor, Raw, textOfRaw } from '../../../model/bson/walk.ts';
import { BsonWriter } from '../../../model/bson/write.ts';
import { decodeDecimal, encodeDecimal, type Decimal } from '../../../model/decimal.ts';
import { canonicalText, compareNumbers } from '../../../model/number.ts';
import { isNumber, numberOf, typeNameOf } from '../bson-input.ts';
import { MongoCode, MongoError } from '../errors.ts';

/** A value, or undefined where there is none. */
export type Operand = Raw | undefined;

const slabBytes = 4096;
let slab = new Uint8Array(slabBytes);
let slabLength = 0;

/** Start of `length` free bytes in `slab`. */
function reserve(length: number): number {
  if (slabLength + length > slabBytes) {
    slab = new Uint8Array(slabBytes);
    slabLength = 0;
  }
  const start = slabLength;
  slabLength += length;
  return start;
}

const empty = new Uint8Array(0);
export const nullRaw = new Raw(empty, BsonType.null, 0, 0);
const trueRaw = new Raw(new Uint8Array([1]), BsonType.boolean, 0, 1);
const falseRaw = new Raw(new Uint8Array([0]), BsonType.boolean, 0, 1);

export function booleanRaw(value: boolean): Raw {
  return value ? trueRaw : falseRaw;
}

export function int32Raw(value: number): Raw {
  const at = reserve(4);
  writeInt32(slab, at, value);
  return new Raw(slab, BsonType.int32, at, at + 4);
}

export function doubleRaw(value: number): Raw {
  const at = reserve(8);
  writeFloat64(slab, at, value);
  return new Raw(slab, BsonType.double, at, at + 8);
}

export function int64Raw(value: bigint): Raw {
  const at = reserve(8);
  writeInt64(slab, at, value);
  return new Raw(slab, BsonType.int64, at, at + 8);
}

/** Milliseconds since 1970. */
export function dateRaw(milliseconds: number | bigint): Raw {
  const at = reserve(8);
  writeInt64(slab, at, BigInt(milliseconds));
  return new Raw(slab, BsonType.date, at, at + 8);
}

export function decimalRaw(value: Decimal): Raw {
  return new Raw(encodeDecimal(value), BsonType.decimal128, 0, 16);
}

export function stringRaw(text: string): Raw {
  return stringBytesRaw(utf8(text));
}

/** A string given as its UTF-8. */
export function stringBytesRaw(text: Uint8Array): Raw {
  const length = text.length + 5;
  checkSize(length);
  const bytes = new Uint8Array(length);
  writeInt32(bytes, 0, text.length + 1);
  bytes.set(text, 4);
  return new Raw(bytes, BsonType.string, 0, length);
}

/** A text that went through UTF-16 operations: a cut surrogate pair would not be UTF-8. */
export function checkedStringRaw(text: string): Raw {
  if (!isWellFormed(text)) throw new MongoError(MongoCode.BadValue, 'the string is not valid UTF-8');
  return stringRaw(text);
}

/** Bytes one value may have while a pipeline runs: MongoDB's bound of a buffer. */
const valueBytesMax = 64 * 1024 * 1024;

export function checkSize(bytes: number): void {
  if (bytes > valueBytesMax)
    throw new MongoError(13548, `BufBuilder attempted to grow() past the ${valueBytesMax / 1024 / 1024}MB limit.`);
}

/** A buffer of this size is not kept for the next value. */
const keptWriterBytesMax = 1024 * 1024;
let writer = new BsonWriter(4096);

/** Arrays and objects are written with all their values at hand, so that one buffer serves for all. */
function built(type: number): Raw {
  const grown = writer.length > keptWriterBytesMax;
  const bytes = writer.end().finish();
  if (grown) writer = new BsonWriter(4096);
  return new Raw(bytes, type, 0, bytes.length);
}

/** An array of these values; a missing one is null in it. */
export function arrayRaw(elements: readonly Operand[]): Raw {
  // An array's bytes are those of a document with positions for names.
  let size = 5;
  for (const element of elements) size += 9 + (element === undefined ? 0 : element.end - element.start);
  checkSize(size);
  writer.clear().beginDocument().beginArray('');
  for (const element of elements) writer.raw('', element ?? nullRaw);
  const grown = writer.length > keptWriterBytesMax;
  const bytes = writer.end().end().finish();
  if (grown) writer = new BsonWriter(4096);
  return new Raw(bytes, BsonType.array, 6, bytes.length - 1);
}

/** An object of these fields in order; missing values are left out. */
export function objectRaw(names: readonly string[], values: readonly Operand[]): Raw {
  let size = 5;
  for (const value of values) if (value !== undefined) size += value.end - value.start;
  checkSize(size);
  writer.clear().beginDocument();
  for (let i = 0; i < names.length; i++) {
    const value = values[i];
    if (value !== undefined) writer.raw(names[i]!, value);
  }
  return built(BsonType.object);
}

/** Fields by name: setting one again keeps its place. */
export function objectOfMap(fields: ReadonlyMap<string, Operand>): Raw {
  return objectRaw([...fields.keys()], [...fields.values()]);
}

export function isNullish(value: Operand): value is undefined {
  // The predicate's type is a convenience: after it a value is a Raw.
  return value === undefined || value.type === BsonType.null || value.type === BsonType.undefined;
}

/** MongoDB's truth: false, zero, null, undefined and missing are false. */
export function isTrue(value: Operand): boolean {
  if (value === undefined) return false;
  switch (value.type) {
    case BsonType.boolean:
      return value.bytes[value.start] === 1;
    case BsonType.null:
    case BsonType.undefined:
      return false;
    case BsonType.int32:
      return readInt32(value.bytes, value.start) !== 0;
    default:
      return !isNumber(value) || numberOf(value) !== 0;
  }
}

export function typeName(value: Operand): string {
  return value === undefined ? 'missing' : typeNameOf(value.type);
}

export function isArray(value: Operand): value is Raw {
  return value !== undefined && value.type === BsonType.array;
}

export function isObject(value: Operand): value is Raw {
  return value !== undefined && value.type === BsonType.object;
}

export function isString(value: Operand): value is Raw {
  return value !== undefined && value.type === BsonType.string;
}

export function isNumeric(value: Operand): value is Raw {
  return value !== undefined && isNumber(value);
}

/** Elements of an array in a list. */
export function elements(array: Raw): Raw[] {
  const cursor = new ElementCursor(array.bytes, array.start);
  const list: Raw[] = [];
  while (cursor.next()) list.push(cursor.raw());
  return list;
}

/** A copy that holds nothing but the value: what outlives the document it comes from. */
export function owned(value: Raw): Raw {
  const bytes = value.bytes.slice(value.start, value.end);
  return new Raw(bytes, value.type, 0, bytes.length);
}

/** Bytes that a kept copy takes, with its objects. */
export function keptBytes(value: Operand): number {
  return value === undefined ? 16 : value.end - value.start + 120;
}

/**
 * A text that two values share exactly when MongoDB's order holds them equal: numbers by value, whatever their type.
 * Recursion is one level of the value each, which is bounded where values are made.
 */
export function keyOf(value: Operand): string {
  if (value === undefined) return '?';
  const { bytes, type, start, end } = value;
  switch (type) {
    case BsonType.undefined:
      return '?';
    case BsonType.null:
      return '0';
    case BsonType.int32:
      return `n${readInt32(bytes, start)}`;
    case BsonType.string:
    case BsonType.symbol:
      return `s${end - start}:${textOfRaw(value)}`;
    case BsonType.double:
    case BsonType.int64:
    case BsonType.decimal128:
      return `n${numberKey(value)}`;
    case BsonType.object:
    case BsonType.array: {
      const cursor = new ElementCursor(bytes, start);
      let key = type === BsonType.object ? '{' : '[';
      while (cursor.next()) {
        if (type === BsonType.object) key += `${cursor.nameEnd - cursor.nameStart}:${cursor.name()}`;
        key += `${keyOf(cursor.raw())},`;
      }
      return `${key}}`;
    }
    default:
      return `x${type}:${hexOf(bytes, start, end)}`;
  }
}

function numberKey(value: Raw): string {
  if (value.type === BsonType.int64) return String(readInt64(value.bytes, value.start));
  const number = numberOf(value);
  if (value.type === BsonType.double) {
    if (Object.is(number, -0)) return '0';
    return Number.isInteger(number) && !Number.isSafeInteger(number) ? String(BigInt(number)) : String(number);
  }
  const decimal = decodeDecimal(value.bytes, value.start);
  // A decimal that a double holds exactly is keyed as that double.
  if (decimal.kind !== 'finite') return String(number);
  if (compareNumbers(number, decimal) !== 0) return `d${canonicalText(decimal)}`;
  if (Object.is(number, -0)) return '0';
  return Number.isInteger(number) && !Number.isSafeInteger(number) ? String(BigInt(number)) : String(number);
}
