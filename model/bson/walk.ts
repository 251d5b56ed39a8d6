// Reading BSON where it lies: no object is built, names and values are found by offset.
// Everything here trusts its bytes: `validate.ts` has looked at them once, where they entered.
// Source: bsonspec.org 1.1. A document is int32 length, elements (type, name\0, value), 0x00.

import { readInt32, textOf, utf8 } from '../bytes.ts';
import { BsonType, fixedLength } from './types.ts';

/** Length in bytes of the value of `type` that starts at `at`. */
export function valueLength(bytes: Uint8Array, type: number, at: number): number {
  switch (type) {
    case BsonType.double:
    case BsonType.date:
    case BsonType.timestamp:
    case BsonType.int64:
      return 8;
    case BsonType.int32:
      return 4;
    case BsonType.boolean:
      return 1;
    case BsonType.null:
    case BsonType.undefined:
    case BsonType.minKey:
    case BsonType.maxKey:
      return 0;
    case BsonType.string:
    case BsonType.code:
    case BsonType.symbol:
      return 4 + readInt32(bytes, at);
    case BsonType.object:
    case BsonType.array:
    case BsonType.codeWithScope:
      return readInt32(bytes, at);
    case BsonType.binary:
      return 5 + readInt32(bytes, at);
    case BsonType.objectId:
      return 12;
    case BsonType.decimal128:
      return 16;
    case BsonType.dbPointer:
      return 4 + readInt32(bytes, at) + 12;
    case BsonType.regex: {
      let end = at;
      while (bytes[end] !== 0) end++;
      end++;
      while (bytes[end] !== 0) end++;
      return end + 1 - at;
    }
    default:
      throw new Error(`unknown BSON element type 0x${type.toString(16)}`);
  }
}

/** Offset behind the value of `type` at `at`: the lengths that most values have come from a table. */
export function skipValue(bytes: Uint8Array, type: number, at: number): number {
  const fixed = fixedLength[type]!;
  if (fixed >= 0) return at + fixed;
  if (type === BsonType.string) return at + 4 + readInt32(bytes, at);
  return at + valueLength(bytes, type, at);
}

/**
 * A cursor over the elements of one document or array. Reuse it; it allocates nothing.
 * After `next()` returned true: `type`, name in [nameStart, nameEnd), value in [valueStart, valueEnd).
 */
export class ElementCursor {
  bytes: Uint8Array;
  type = 0;
  nameStart = 0;
  nameEnd = 0;
  valueStart = 0;
  valueEnd: number;
  #end: number;

  constructor(bytes: Uint8Array, documentStart = 0) {
    this.bytes = bytes;
    this.valueEnd = documentStart + 4;
    this.#end = documentStart + readInt32(bytes, documentStart) - 1;
  }

  /** Starts over on another document. */
  reset(bytes: Uint8Array, documentStart: number): this {
    this.bytes = bytes;
    this.valueEnd = documentStart + 4;
    this.#end = documentStart + readInt32(bytes, documentStart) - 1;
    return this;
  }

  next(): boolean {
    const at = this.valueEnd;
    if (at >= this.#end) return false;
    const bytes = this.bytes;
    const type = bytes[at]!;
    let nameEnd = at + 1;
    while (bytes[nameEnd] !== 0) nameEnd++;
    this.type = type;
    this.nameStart = at + 1;
    this.nameEnd = nameEnd;
    this.valueStart = nameEnd + 1;
    this.valueEnd = nameEnd + 1 + valueLength(bytes, type, nameEnd + 1);
    return true;
  }

  name(): string {
    return textOf(this.bytes, this.nameStart, this.nameEnd);
  }

  nameIs(name: Uint8Array): boolean {
    const length = this.nameEnd - this.nameStart;
    if (length !== name.length) return false;
    for (let i = 0; i < length; i++) if (this.bytes[this.nameStart + i] !== name[i]) return false;
    return true;
  }

  raw(): Raw {
    return new Raw(this.bytes, this.type, this.valueStart, this.valueEnd);
  }
}

/** A value where it lies: element type and the bytes [start, end). Never outlives a change of the bytes: items are immutable. */
export class Raw {
  readonly bytes: Uint8Array;
  readonly type: number;
  readonly start: number;
  readonly end: number;

  constructor(bytes: Uint8Array, type: number, start: number, end: number) {
    this.bytes = bytes;
    this.type = type;
    this.start = start;
    this.end = end;
  }

  /** The value's own bytes, without type and name. */
  slice(): Uint8Array {
    return this.bytes.subarray(this.start, this.end);
  }
}

/** The whole document as a value. */
export function rawDocument(bytes: Uint8Array): Raw {
  return new Raw(bytes, BsonType.object, 0, bytes.length);
}

/** First field of that name in the document or array at `documentStart`, or undefined. The first of duplicate names wins. */
export function findField(bytes: Uint8Array, documentStart: number, name: Uint8Array): Raw | undefined {
  const end = documentStart + readInt32(bytes, documentStart) - 1;
  const length = name.length;
  let at = documentStart + 4;
  while (at < end) {
    const type = bytes[at]!;
    const nameStart = at + 1;
    let i = 0;
    while (i < length && bytes[nameStart + i] === name[i]) i++;
    let nameEnd = nameStart + i;
    const found = i === length && bytes[nameEnd] === 0;
    if (!found) while (bytes[nameEnd] !== 0) nameEnd++;
    const valueStart = nameEnd + 1;
    const valueEnd = valueStart + valueLength(bytes, type, valueStart);
    if (found) return new Raw(bytes, type, valueStart, valueEnd);
    at = valueEnd;
  }
  return undefined;
}

const nameBytes = new Map<string, Uint8Array>();
const nameBytesMax = 4096;

/** UTF-8 of a field name, remembered: names in queries and paths repeat. */
export function nameOf(name: string): Uint8Array {
  let bytes = nameBytes.get(name);
  if (bytes === undefined) {
    bytes = utf8(name);
    if (nameBytes.size >= nameBytesMax) nameBytes.clear();
    nameBytes.set(name, bytes);
  }
  return bytes;
}

/** A field by name in an item. */
export function fieldOf(document: Uint8Array, name: string): Raw | undefined {
  return findField(document, 0, nameOf(name));
}

/** A field of an object value, or an element of an array by its decimal position; undefined for anything else. */
export function childOf(value: Raw, name: string): Raw | undefined {
  if (value.type !== BsonType.object && value.type !== BsonType.array) return undefined;
  return findField(value.bytes, value.start, nameOf(name));
}

/** Text of a string, symbol or code value. */
export function textOfRaw(value: Raw): string {
  return textOf(value.bytes, value.start + 4, value.end - 1);
}

/** Number of elements of a document or array. */
export function elementCount(bytes: Uint8Array, documentStart: number): number {
  const cursor = new ElementCursor(bytes, documentStart);
  let count = 0;
  while (cursor.next()) count++;
  return count;
}
