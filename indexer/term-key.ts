// What a term is made of: path (two bytes, big-endian), type tag (one byte), order-preserving value. Terms sort
// as bytes, shorter first; terms of one path and tag sort as their values do (data-model.md "Order": doors
// concatenate the tag groups in their own type order).
//
// Values up to 96 bytes are kept whole. Longer strings and binaries keep 96 bytes and a hash: such a term is
// inexact, equal terms may stand for different values, and their mutual order is arbitrary.

import { checksum } from '../model/checksum.ts';
import { BsonType } from '../model/bson/types.ts';
import { elementCount, Raw } from '../model/bson/walk.ts';
import { readInt32, textOf, utf8 } from '../model/bytes.ts';
import type { Value } from '../model/value.ts';
import {
  numberKeyBytesMax,
  numberOfKey,
  writeBigIntKey,
  writeDecimalKey,
  writeDoubleHalves,
  writeDoubleKey,
  writeInt64Key,
} from './number-key.ts';

/** Type tags; gaps leave room. `exists` and `absent` are not types of values. */
export const Tag = {
  /** The path is there, whatever its value. */
  exists: 0x01,
  /** Inside composite terms: the component has no value. */
  absent: 0x02,
  minKey: 0x08,
  undefined: 0x10,
  null: 0x14,
  false: 0x18,
  true: 0x19,
  number: 0x20,
  string: 0x30,
  symbol: 0x34,
  /** Value: 0 when the object is empty, else 1. */
  object: 0x38,
  /** Value: number of elements, 4 bytes. */
  array: 0x3c,
  binary: 0x40,
  objectId: 0x48,
  date: 0x50,
  timestamp: 0x58,
  regex: 0x60,
  dbPointer: 0x64,
  code: 0x68,
  codeWithScope: 0x6c,
  maxKey: 0xf0,
} as const;

/** Bytes of a value that its term keeps. */
export const valueBytesMax = 96;
const hashBytes = 4;
const cutBytes = valueBytesMax + hashBytes;
/** Binary: length, subtype, then the bytes. */
const binaryHeadBytes = 5;

/** Bytes of tag and value of the longest simple term: the cut binary. */
export const simpleKeyBytesMax = 1 + Math.max(cutBytes + binaryHeadBytes, numberKeyBytesMax);

function writeBytes(out: Uint8Array, at: number, source: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length <= valueBytesMax) {
    for (let i = 0; i < length; i++) out[at + i] = source[start + i]!;
    return at + length;
  }
  for (let i = 0; i < valueBytesMax; i++) out[at + i] = source[start + i]!;
  const hash = checksum(source.subarray(start, end));
  out[at + valueBytesMax] = hash >>> 24;
  out[at + valueBytesMax + 1] = hash >>> 16;
  out[at + valueBytesMax + 2] = hash >>> 8;
  out[at + valueBytesMax + 3] = hash;
  return at + cutBytes;
}

function writeReversed(out: Uint8Array, at: number, source: Uint8Array, start: number, flip: number): number {
  for (let i = 0; i < 8; i++) out[at + i] = source[start + 7 - i]!;
  out[at] = out[at]! ^ flip;
  return at + 8;
}

/**
 * Writes tag and value of the BSON value of `type` in [start, end); returns where the key ends.
 * Objects and arrays get the key that says only what they are; the caller walks into them.
 */
export function writeKey(
  out: Uint8Array,
  at: number,
  type: number,
  source: Uint8Array,
  start: number,
  end: number,
): number {
  switch (type) {
    case BsonType.string:
      out[at] = Tag.string;
      return writeBytes(out, at + 1, source, start + 4, end - 1);
    case BsonType.double:
      out[at] = Tag.number;
      return writeDoubleHalves(out, at + 1, readInt32(source, start + 4), readInt32(source, start));
    case BsonType.int32:
      out[at] = Tag.number;
      return writeDoubleKey(out, at + 1, readInt32(source, start));
    case BsonType.int64:
      out[at] = Tag.number;
      return writeInt64Key(out, at + 1, readInt32(source, start + 4), readInt32(source, start));
    case BsonType.decimal128:
      out[at] = Tag.number;
      return writeDecimalKey(out, at + 1, source, start);
    case BsonType.boolean:
      out[at] = source[start] === 0 ? Tag.false : Tag.true;
      return at + 1;
    case BsonType.null:
      out[at] = Tag.null;
      return at + 1;
    case BsonType.date:
      out[at] = Tag.date;
      return writeReversed(out, at + 1, source, start, 0x80);
    case BsonType.objectId:
      out[at] = Tag.objectId;
      for (let i = 0; i < 12; i++) out[at + 1 + i] = source[start + i]!;
      return at + 13;
    case BsonType.object:
      out[at] = Tag.object;
      out[at + 1] = readInt32(source, start) > 5 ? 1 : 0;
      return at + 2;
    case BsonType.binary: {
      const length = readInt32(source, start);
      out[at] = Tag.binary;
      out[at + 1] = length >>> 24;
      out[at + 2] = length >>> 16;
      out[at + 3] = length >>> 8;
      out[at + 4] = length;
      out[at + 5] = source[start + 4]!;
      return writeBytes(out, at + 6, source, start + 5, end);
    }
    case BsonType.timestamp:
      out[at] = Tag.timestamp;
      return writeReversed(out, at + 1, source, start, 0);
    case BsonType.symbol:
      out[at] = Tag.symbol;
      return writeBytes(out, at + 1, source, start + 4, end - 1);
    case BsonType.regex:
      out[at] = Tag.regex;
      return writeBytes(out, at + 1, source, start, end - 1);
    case BsonType.dbPointer:
      out[at] = Tag.dbPointer;
      return writeBytes(out, at + 1, source, start, end);
    case BsonType.code:
      out[at] = Tag.code;
      return writeBytes(out, at + 1, source, start + 4, end - 1);
    case BsonType.codeWithScope:
      out[at] = Tag.codeWithScope;
      return writeBytes(out, at + 1, source, start, end);
    case BsonType.minKey:
      out[at] = Tag.minKey;
      return at + 1;
    case BsonType.maxKey:
      out[at] = Tag.maxKey;
      return at + 1;
    default:
      out[at] = Tag.undefined;
      return at + 1;
  }
}

/** Writes tag and value of a string; returns where the key ends. */
export function writeTextKey(out: Uint8Array, at: number, value: string): number {
  const text = utf8(value);
  out[at] = Tag.string;
  return writeBytes(out, at + 1, text, 0, text.length);
}

export function writeArrayKey(out: Uint8Array, at: number, length: number): number {
  out[at] = Tag.array;
  out[at + 1] = length >>> 24;
  out[at + 2] = length >>> 16;
  out[at + 3] = length >>> 8;
  out[at + 4] = length;
  return at + 5;
}

/** True when values may differ that share the key [start, end) of tag and value (no path). */
export function isCutKey(bytes: Uint8Array, start: number, end: number): boolean {
  switch (bytes[start]) {
    case Tag.string:
    case Tag.symbol:
    case Tag.regex:
    case Tag.dbPointer:
    case Tag.code:
    case Tag.codeWithScope:
      return end - start - 1 === cutBytes;
    case Tag.binary:
      return end - start - 1 === binaryHeadBytes + cutBytes;
    default:
      return false;
  }
}

/** True when the tag's key says less than the value: only a look at the item tells objects and arrays apart. */
export function isShallowTag(tag: number): boolean {
  return tag === Tag.object || tag === Tag.array;
}

/** Tag and value of a term, without path. */
export interface TermKey {
  readonly bytes: Uint8Array;
  /** False when other values share this key: what it finds needs a residual test. */
  readonly exact: boolean;
}

const scratch = new Uint8Array(simpleKeyBytesMax);

/** The key of a value, as lookups name it; undefined for an absent value. Arrays: by their length alone. */
export function keyOf(value: Value): TermKey | undefined {
  let end: number;
  if (value === undefined) return undefined;
  if (value === null) end = ((scratch[0] = Tag.null), 1);
  else if (typeof value === 'boolean') end = ((scratch[0] = value ? Tag.true : Tag.false), 1);
  else if (typeof value === 'number') end = ((scratch[0] = Tag.number), writeDoubleKey(scratch, 1, value));
  else if (typeof value === 'bigint') end = ((scratch[0] = Tag.number), writeBigIntKey(scratch, 1, value));
  else if (typeof value === 'string') end = writeTextKey(scratch, 0, value);
  else if (value.type === BsonType.array) {
    end = writeArrayKey(scratch, 0, elementCount(value.bytes, value.start));
  } else end = writeKey(scratch, 0, value.type, value.bytes, value.start, value.end);
  // An empty object or array is told by its key alone: only the last byte of either says how much is in it.
  const empty = scratch.subarray(1, end).every((byte) => byte === 0);
  const shallow = isShallowTag(scratch[0]!) && !empty;
  return { bytes: scratch.slice(0, end), exact: !shallow && !isCutKey(scratch, 0, end) };
}

/** The value of a key of tag and value in [start, end); undefined where only the item itself can tell. */
export function valueOfKey(bytes: Uint8Array, start: number, end: number): Value {
  switch (bytes[start]) {
    case Tag.null:
      return null;
    case Tag.false:
      return false;
    case Tag.true:
      return true;
    case Tag.number:
      return numberOfKey(bytes, start + 1, end);
    case Tag.string:
      return isCutKey(bytes, start, end) ? undefined : textOf(bytes, start + 1, end);
    case Tag.objectId:
      return new Raw(bytes.slice(start + 1, end), BsonType.objectId, 0, 12);
    case Tag.date:
    case Tag.timestamp: {
      const value = new Uint8Array(8);
      writeReversed(value, 0, bytes, start + 1, 0);
      if (bytes[start] === Tag.date) value[7]! ^= 0x80;
      return new Raw(value, bytes[start] === Tag.date ? BsonType.date : BsonType.timestamp, 0, 8);
    }
    default:
      return undefined;
  }
}
