// Building BSON bytes in one growing buffer: open and close documents, append fields, copy raw values.
// Lengths are patched when a document closes, so nothing is built twice.

import { utf8, writeFloat64, writeInt32, writeInt64 } from '../bytes.ts';
import { BsonType } from './types.ts';
import { nameOf, type Raw } from './walk.ts';

const initialBytes = 512;

/** Shorter texts of ASCII are written unit by unit, without bytes of their own: below this, that beats the encoder. */
const shortTextMax = 48;

/** Decimal positions as field names of arrays; larger ones are made on demand. */
const positionNames: Uint8Array[] = Array.from({ length: 1000 }, (_, i) => utf8(String(i)));

export class BsonWriter {
  #bytes: Uint8Array;
  #length = 0;
  readonly #open: number[] = [];
  /** Next position of each open array, -1 for a document. */
  readonly #positions: number[] = [];

  constructor(capacity = initialBytes) {
    this.#bytes = new Uint8Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  get depth(): number {
    return this.#open.length;
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }

  #append(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Type and name of the next element. Inside an array the name is the position and `name` is ignored. */
  #element(type: number, name: string | Uint8Array): void {
    const level = this.#positions.length - 1;
    const position = this.#positions[level]!;
    let bytes: Uint8Array;
    if (position >= 0) {
      bytes = positionNames[position] ?? utf8(String(position));
      this.#positions[level] = position + 1;
    } else {
      bytes = typeof name === 'string' ? nameOf(name) : name;
    }
    this.#reserve(bytes.length + 2);
    this.#bytes[this.#length++] = type;
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
    this.#bytes[this.#length++] = 0;
  }

  #begin(position: number): void {
    this.#open.push(this.#length);
    this.#positions.push(position);
    this.#reserve(5);
    this.#length += 4;
  }

  /** Opens the outermost document (or array, for a bare value). */
  beginDocument(): this {
    this.#begin(-1);
    return this;
  }

  beginObject(name: string | Uint8Array): this {
    this.#element(BsonType.object, name);
    this.#begin(-1);
    return this;
  }

  beginArray(name: string | Uint8Array): this {
    this.#element(BsonType.array, name);
    this.#begin(0);
    return this;
  }

  /** Closes the innermost open document or array. */
  end(): this {
    const start = this.#open.pop()!;
    this.#positions.pop();
    this.#reserve(1);
    this.#bytes[this.#length++] = 0;
    writeInt32(this.#bytes, start, this.#length - start);
    return this;
  }

  double(name: string | Uint8Array, value: number): this {
    this.#element(BsonType.double, name);
    this.#reserve(8);
    writeFloat64(this.#bytes, this.#length, value);
    this.#length += 8;
    return this;
  }

  int32(name: string | Uint8Array, value: number): this {
    this.#element(BsonType.int32, name);
    this.#reserve(4);
    writeInt32(this.#bytes, this.#length, value);
    this.#length += 4;
    return this;
  }

  #long(type: number, name: string | Uint8Array, value: bigint): this {
    this.#element(type, name);
    this.#reserve(8);
    writeInt64(this.#bytes, this.#length, value);
    this.#length += 8;
    return this;
  }

  int64(name: string | Uint8Array, value: bigint): this {
    return this.#long(BsonType.int64, name, value);
  }

  /** Milliseconds since 1970. */
  date(name: string | Uint8Array, milliseconds: number | bigint): this {
    return this.#long(BsonType.date, name, BigInt(milliseconds));
  }

  timestamp(name: string | Uint8Array, seconds: number, increment: number): this {
    return this.#long(BsonType.timestamp, name, (BigInt(seconds) << 32n) | BigInt(increment));
  }

  boolean(name: string | Uint8Array, value: boolean): this {
    this.#element(BsonType.boolean, name);
    this.#reserve(1);
    this.#bytes[this.#length++] = value ? 1 : 0;
    return this;
  }

  null(name: string | Uint8Array): this {
    this.#element(BsonType.null, name);
    return this;
  }

  string(name: string | Uint8Array, value: string): this {
    const { length } = value;
    if (length > shortTextMax) return this.stringBytes(name, utf8(value));
    this.#element(BsonType.string, name);
    this.#reserve(length + 5);
    const bytes = this.#bytes;
    const start = this.#length + 4;
    for (let i = 0; i < length; i++) {
      const unit = value.charCodeAt(i);
      if (unit >= 0x80) return this.#text(utf8(value));
      bytes[start + i] = unit;
    }
    writeInt32(bytes, this.#length, length + 1);
    bytes[start + length] = 0;
    this.#length = start + length + 1;
    return this;
  }

  /** A string given as its UTF-8. */
  stringBytes(name: string | Uint8Array, value: Uint8Array): this {
    this.#element(BsonType.string, name);
    return this.#text(value);
  }

  #text(value: Uint8Array): this {
    this.#reserve(value.length + 5);
    writeInt32(this.#bytes, this.#length, value.length + 1);
    this.#length += 4;
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
    this.#bytes[this.#length++] = 0;
    return this;
  }

  objectId(name: string | Uint8Array, value: Uint8Array): this {
    this.#element(BsonType.objectId, name);
    this.#append(value);
    return this;
  }

  binary(name: string | Uint8Array, subtype: number, value: Uint8Array): this {
    this.#element(BsonType.binary, name);
    this.#reserve(5);
    writeInt32(this.#bytes, this.#length, value.length);
    this.#bytes[this.#length + 4] = subtype;
    this.#length += 5;
    this.#append(value);
    return this;
  }

  /** Copies a value as it lies: nothing is decoded, every type keeps its bytes. */
  raw(name: string | Uint8Array, value: Raw): this {
    return this.copy(name, value.type, value.bytes, value.start, value.end);
  }

  copy(name: string | Uint8Array, type: number, bytes: Uint8Array, start: number, end: number): this {
    this.#element(type, name);
    this.#reserve(end - start);
    // A loop beats `set(subarray)` for short values: no view object is made.
    if (end - start <= 32) {
      for (let i = start; i < end; i++) this.#bytes[this.#length++] = bytes[i]!;
    } else {
      this.#bytes.set(bytes.subarray(start, end), this.#length);
      this.#length += end - start;
    }
    return this;
  }

  /** Copies whole elements (types, names, values) as they lie, inside a document. Not inside an array, whose names are positions. */
  span(bytes: Uint8Array, start: number, end: number): this {
    if (end > start) this.#append(bytes.subarray(start, end));
    return this;
  }

  /** A document or array given as its whole bytes. */
  document(name: string | Uint8Array, bytes: Uint8Array, type: number = BsonType.object): this {
    return this.copy(name, type, bytes, 0, bytes.length);
  }

  /** The finished bytes, a copy of exact length; the writer can be used again. */
  finish(): Uint8Array {
    if (this.#open.length > 0) throw new Error('a BSON document is still open');
    const bytes = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    return bytes;
  }

  /** The finished bytes as a view of the writer's own, good until it is used again. */
  view(): Uint8Array {
    if (this.#open.length > 0) throw new Error('a BSON document is still open');
    const bytes = this.#bytes.subarray(0, this.#length);
    this.#length = 0;
    return bytes;
  }

  /** Forgets everything written, for instance after an error in the middle. */
  clear(): this {
    this.#length = 0;
    this.#open.length = 0;
    this.#positions.length = 0;
    return this;
  }
}
