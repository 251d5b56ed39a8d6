// Reading arguments out of a command's BSON: documents as lists of named raw values, numbers as MongoDB coerces
// them. Everything here trusts bytes that `decode` has validated.

import { compareBytes, readFloat64, readInt32, readInt64 } from '../../model/bytes.ts';
import { decodeDecimal } from '../../model/decimal.ts';
import { compareRaw, mongoRank } from '../../model/order.ts';
import { BsonType } from '../../model/bson/types.ts';
import { ElementCursor, type Raw } from '../../model/bson/walk.ts';

/** MongoDB's order of two values; absent is below null. Two of the same common type are compared at once. */
export function compareStored(a: Raw | undefined, b: Raw | undefined): number {
  if (a !== undefined && b !== undefined && a.type === b.type) {
    if (a.type === BsonType.int32) return Math.sign(readInt32(a.bytes, a.start) - readInt32(b.bytes, b.start));
    if (a.type === BsonType.string)
      return compareBytes(a.bytes, a.start + 4, a.end - 1, b.bytes, b.start + 4, b.end - 1);
    if (a.type === BsonType.double) {
      const left = readFloat64(a.bytes, a.start);
      const right = readFloat64(b.bytes, b.start);
      if (left < right) return -1;
      if (left > right) return 1;
      if (left === right) return 0;
    }
  }
  return compareRaw(a, b, mongoRank);
}

export interface Field {
  readonly name: string;
  readonly value: Raw;
}

/** Fields of the object (or elements of the array) at `value`, in order, duplicates included. */
export function fieldsOf(value: Raw): Field[] {
  const cursor = new ElementCursor(value.bytes, value.start);
  const fields: Field[] = [];
  while (cursor.next()) fields.push({ name: cursor.name(), value: cursor.raw() });
  return fields;
}

export function elementsOf(value: Raw): Raw[] {
  const cursor = new ElementCursor(value.bytes, value.start);
  const elements: Raw[] = [];
  while (cursor.next()) elements.push(cursor.raw());
  return elements;
}

/** Name of the first field of an object, or undefined when it is empty or no object. */
export function firstNameOf(value: Raw): string | undefined {
  if (value.type !== BsonType.object) return undefined;
  const cursor = new ElementCursor(value.bytes, value.start);
  return cursor.next() ? cursor.name() : undefined;
}

export function isNumber(value: Raw): boolean {
  return (
    value.type === BsonType.int32 ||
    value.type === BsonType.double ||
    value.type === BsonType.int64 ||
    value.type === BsonType.decimal128
  );
}

/** A number as the nearest double; NaN for what is no number. */
export function numberOf(value: Raw): number {
  switch (value.type) {
    case BsonType.int32:
      return readInt32(value.bytes, value.start);
    case BsonType.double:
      return readFloat64(value.bytes, value.start);
    case BsonType.int64:
      return Number(readInt64(value.bytes, value.start));
    case BsonType.decimal128: {
      const decimal = decodeDecimal(value.bytes, value.start);
      if (decimal.kind === 'nan') return NaN;
      const sign = decimal.negative ? -1 : 1;
      if (decimal.kind === 'infinite') return sign * Infinity;
      return sign * Number(`${decimal.coefficient}e${decimal.exponent}`);
    }
    default:
      return NaN;
  }
}

/** An integral number exactly, or undefined (not a number, a fraction, beyond int64). */
export function integerOf(value: Raw): bigint | undefined {
  if (value.type === BsonType.int32) return BigInt(readInt32(value.bytes, value.start));
  if (value.type === BsonType.int64) return readInt64(value.bytes, value.start);
  if (value.type !== BsonType.double && value.type !== BsonType.decimal128) return undefined;
  const number = numberOf(value);
  return Number.isInteger(number) && number >= -(2 ** 63) && number < 2 ** 63 ? BigInt(number) : undefined;
}

/** MongoDB's truth of a value: false, zero, null and undefined are false, everything else true. */
export function truthOf(value: Raw): boolean {
  switch (value.type) {
    case BsonType.boolean:
      return value.bytes[value.start] === 1;
    case BsonType.null:
    case BsonType.undefined:
      return false;
    default:
      return !isNumber(value) || numberOf(value) !== 0;
  }
}

const typeNames: ReadonlyMap<number, string> = new Map([
  [BsonType.double, 'double'],
  [BsonType.string, 'string'],
  [BsonType.object, 'object'],
  [BsonType.array, 'array'],
  [BsonType.binary, 'binData'],
  [BsonType.undefined, 'undefined'],
  [BsonType.objectId, 'objectId'],
  [BsonType.boolean, 'bool'],
  [BsonType.date, 'date'],
  [BsonType.null, 'null'],
  [BsonType.regex, 'regex'],
  [BsonType.dbPointer, 'dbPointer'],
  [BsonType.code, 'javascript'],
  [BsonType.symbol, 'symbol'],
  [BsonType.codeWithScope, 'javascriptWithScope'],
  [BsonType.int32, 'int'],
  [BsonType.timestamp, 'timestamp'],
  [BsonType.int64, 'long'],
  [BsonType.decimal128, 'decimal'],
  [BsonType.minKey, 'minKey'],
  [BsonType.maxKey, 'maxKey'],
]);

/** MongoDB's alias of an element type. */
export function typeNameOf(type: number): string {
  return typeNames.get(type) ?? 'unknown';
}

export const typesByName: ReadonlyMap<string, number> = new Map([...typeNames].map(([type, name]) => [name, type]));
