// BSON → JSON text (UTF-8 bytes), without decoding what is only copied. Two forms:
//
//   sql        the SQL view of data-model.md: relaxed Extended JSON v2 (MongoDB specification "extended-json"),
//              but every number type prints as a JSON number; NaN and infinities, which are not numbers there,
//              print as {"$numberDouble": …} or {"$numberDecimal": …}
//   canonical  canonical Extended JSON v2: the type of every number is told; used for id texts and partition keys
//
// Stored strings are UTF-8 already, so only the bytes that JSON must escape are looked at. Nothing recurses.

import { readFloat64, readInt32, readInt64, utf8 } from '../bytes.ts';
import { decimal128Text } from '../decimal.ts';
import type { Value } from '../value.ts';
import { BsonType } from './types.ts';
import { findField, nameOf, type Raw, valueLength } from './walk.ts';

export type JsonForm = 'sql' | 'canonical';

const initialBytes = 1024;

/** The buffer of the shared writer is kept between calls up to this size. */
const keptBytesMax = 1024 * 1024;

/** Longest text of a double or an int64 is 24 characters; names of Extended JSON are shorter than this too. */
const shortBytesMax = 64;

/** 0 for bytes that stand in a string as they are, 1 for those written \u00xx, else the letter after the backslash. */
const escapes = new Uint8Array(256);
escapes.fill(1, 0, 0x20);
for (const [byte, letter] of [
  [0x22, '"'],
  [0x5c, '\\'],
  [0x08, 'b'],
  [0x09, 't'],
  [0x0a, 'n'],
  [0x0c, 'f'],
  [0x0d, 'r'],
] as const)
  escapes[byte] = letter.charCodeAt(0);

const hexDigits = utf8('0123456789abcdef');

/** Relaxed Extended JSON prints dates of the years 1970 to 9999 as ISO 8601. */
const isoDateMsMax = 253402300799999;

/** What follows the last element of a container: `}`, `]`, or the end of a scope and of the code around it. */
const objectCloser = 0;
const arrayCloser = 1;
const scopeCloser = 2;

function isSafeHigh(high: number): boolean {
  return high >= -0x200000 && high < 0x200000;
}

export class JsonWriter {
  #bytes: Buffer;
  #length = 0;
  readonly #form: JsonForm;
  /** Outer containers while inner ones are written: their ends and closers. */
  readonly #ends: number[] = [];
  readonly #closers: number[] = [];

  constructor(form: JsonForm = 'sql', capacity = initialBytes) {
    this.#form = form;
    this.#bytes = Buffer.allocUnsafe(capacity);
  }

  get length(): number {
    return this.#length;
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }

  /** Appends JSON as it is given: punctuation, numbers, whole values. ASCII only. */
  text(json: string): this {
    this.#reserve(json.length);
    const bytes = this.#bytes;
    let length = this.#length;
    if (json.length <= shortBytesMax) for (let i = 0; i < json.length; i++) bytes[length++] = json.charCodeAt(i);
    else length += bytes.write(json, length, 'latin1');
    this.#length = length;
    return this;
  }

  /** Appends bytes of JSON as they are given. */
  bytes(json: Uint8Array): this {
    this.#reserve(json.length);
    this.#bytes.set(json, this.#length);
    this.#length += json.length;
    return this;
  }

  /** Appends a JSON string. */
  string(value: string): this {
    if (value.length <= shortBytesMax && this.#plain(value)) return this;
    const bytes = utf8(value);
    return this.#string(bytes, 0, bytes.length);
  }

  /** Appends a string that needs no escape and no encoding, without bytes of its own; false when it is another. */
  #plain(value: string): boolean {
    const end = value.length;
    this.#reserve(end + 2);
    const bytes = this.#bytes;
    let length = this.#length;
    bytes[length++] = 0x22;
    for (let i = 0; i < end; i++) {
      const unit = value.charCodeAt(i);
      if (unit >= 0x80 || escapes[unit] !== 0) return false;
      bytes[length++] = unit;
    }
    bytes[length++] = 0x22;
    this.#length = length;
    return true;
  }

  /** Appends a JSON string of UTF-8 bytes as they lie; `suffix`, ASCII that needs no escape, is part of it. */
  stringOf(bytes: Uint8Array, start: number, end: number, suffix = ''): this {
    this.#string(bytes, start, end);
    if (suffix === '') return this;
    this.#length--;
    return this.text(suffix).text('"');
  }

  /** Appends a JSON number, the shortest that reads back as the same double. */
  number(value: number): this {
    this.#double(value);
    return this;
  }

  /** Appends a value; `undefined` must be left out by whoever writes the field. */
  value(value: Value): this {
    if (value === null || value === undefined) return this.text('null');
    if (typeof value === 'string') return this.string(value);
    if (typeof value === 'number') return this.number(value);
    if (typeof value === 'boolean') return this.text(value ? 'true' : 'false');
    if (typeof value === 'bigint')
      return this.text(this.#form === 'sql' ? String(value) : `{"$numberLong":"${value}"}`);
    return this.raw(value);
  }

  /** Appends a whole document. */
  document(bytes: Uint8Array): this {
    this.#container(bytes, 0, bytes.length, objectCloser);
    return this;
  }

  /** Appends a stored value of any type. */
  raw(raw: Raw): this {
    const { bytes, type, start, end } = raw;
    if (type === BsonType.object) this.#container(bytes, start, end, objectCloser);
    else if (type === BsonType.array) this.#container(bytes, start, end, arrayCloser);
    else if (type === BsonType.codeWithScope) {
      const scope = this.#code(bytes, start);
      this.#container(bytes, scope, end, scopeCloser);
    } else this.#leaf(bytes, type, start, end);
    return this;
  }

  /** A document as an item is shown: chosen names left out, an id put first, more fields put last. */
  item(document: Uint8Array, options: ItemOptions): this {
    this.#reserve(shortBytesMax);
    this.#bytes[this.#length++] = 0x7b;
    let first = true;
    let shadowedId = false;
    if (options.id !== undefined && !hasStringField(document, idName, options.id)) {
      this.text('"id":').string(options.id);
      first = false;
      shadowedId = true;
    }
    const skipped = options.skip === undefined ? noNames : namesOf(options.skip);
    const end = readInt32(document, 0) - 1;
    let at = 4;
    while (at < end) {
      const type = document[at]!;
      const nameStart = at + 1;
      let nameEnd = nameStart;
      while (document[nameEnd] !== 0) nameEnd++;
      const valueStart = nameEnd + 1;
      at = valueStart + valueLength(document, type, valueStart);
      if (isAmong(skipped, document, nameStart, nameEnd)) continue;
      if (shadowedId && nameEnd - nameStart === 2 && document[nameStart] === 0x69 && document[nameStart + 1] === 0x64)
        continue;
      if (!first) this.#byte(0x2c);
      first = false;
      this.#string(document, nameStart, nameEnd);
      this.#byte(0x3a);
      if (type === BsonType.object) this.#container(document, valueStart, at, objectCloser);
      else if (type === BsonType.array) this.#container(document, valueStart, at, arrayCloser);
      else if (type === BsonType.codeWithScope)
        this.#container(document, this.#code(document, valueStart), at, scopeCloser);
      else this.#leaf(document, type, valueStart, at);
    }
    if (options.tail !== undefined) {
      // The tail writes whole fields, each with a comma before it.
      const before = this.#length;
      options.tail(this);
      if (first && this.#length > before) {
        this.#bytes.copyWithin(before, before + 1, this.#length);
        this.#length--;
      }
    }
    this.#byte(0x7d);
    return this;
  }

  /** The finished text, a copy of exact length; the writer can be used again. */
  finish(): Buffer {
    const text = Buffer.allocUnsafe(this.#length);
    text.set(this.#bytes.subarray(0, this.#length));
    this.clear();
    return text;
  }

  /** The finished text as a string. */
  finishText(): string {
    const text = this.#bytes.toString('utf8', 0, this.#length);
    this.clear();
    return text;
  }

  /** Forgets everything written, and a buffer that one large item left behind. */
  clear(): void {
    this.#length = 0;
    if (this.#ends.length > 0) this.#ends.length = this.#closers.length = 0;
    if (this.#bytes.length > keptBytesMax) this.#bytes = Buffer.allocUnsafe(initialBytes);
  }

  #byte(byte: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = byte;
  }

  /** Writes the document in [start, end) with everything in it. `closer` says what it is. */
  #container(bytes: Uint8Array, start: number, end: number, closer: number): void {
    const ends = this.#ends;
    const closers = this.#closers;
    const base = ends.length;
    let at = start + 4;
    let limit = end - 1;
    this.#byte(closer === arrayCloser ? 0x5b : 0x7b);
    let first = true;
    for (;;) {
      if (at >= limit) {
        this.#reserve(2);
        this.#bytes[this.#length++] = closer === arrayCloser ? 0x5d : 0x7d;
        if (closer === scopeCloser) this.#bytes[this.#length++] = 0x7d;
        if (ends.length === base) return;
        at = limit + 1;
        limit = ends.pop()!;
        closer = closers.pop()!;
        first = false;
        continue;
      }
      const type = bytes[at]!;
      let valueStart = at + 1;
      while (bytes[valueStart] !== 0) valueStart++;
      if (!first) this.#byte(0x2c);
      first = false;
      if (closer !== arrayCloser) {
        this.#string(bytes, at + 1, valueStart);
        this.#byte(0x3a);
      }
      valueStart++;
      const valueEnd = valueStart + valueLength(bytes, type, valueStart);
      if (type === BsonType.object || type === BsonType.array || type === BsonType.codeWithScope) {
        const inner = type === BsonType.codeWithScope ? this.#code(bytes, valueStart) : valueStart;
        ends.push(limit);
        closers.push(closer);
        closer = type === BsonType.object ? objectCloser : type === BsonType.array ? arrayCloser : scopeCloser;
        at = inner + 4;
        limit = valueEnd - 1;
        this.#byte(closer === arrayCloser ? 0x5b : 0x7b);
        first = true;
      } else {
        this.#leaf(bytes, type, valueStart, valueEnd);
        at = valueEnd;
      }
    }
  }

  /** Writes the code of a code-with-scope value up to its scope; gives where the scope starts. */
  #code(bytes: Uint8Array, start: number): number {
    const codeEnd = start + 8 + readInt32(bytes, start + 4);
    this.text('{"$code":').#string(bytes, start + 8, codeEnd - 1);
    this.text(',"$scope":');
    return codeEnd;
  }

  #leaf(bytes: Uint8Array, type: number, start: number, end: number): void {
    switch (type) {
      case BsonType.string:
        this.#string(bytes, start + 4, end - 1);
        return;
      case BsonType.double:
        this.#double(readFloat64(bytes, start));
        return;
      case BsonType.int32:
        if (this.#form === 'sql') this.#integer(readInt32(bytes, start));
        else this.text(`{"$numberInt":"${readInt32(bytes, start)}"}`);
        return;
      case BsonType.boolean:
        this.text(bytes[start] === 1 ? 'true' : 'false');
        return;
      case BsonType.null:
        this.text('null');
        return;
      case BsonType.int64: {
        const digits = longText(bytes, start);
        this.text(this.#form === 'sql' ? digits : `{"$numberLong":"${digits}"}`);
        return;
      }
      case BsonType.objectId:
        this.text('{"$oid":"').#hex(bytes, start, end);
        this.text('"}');
        return;
      case BsonType.date:
        this.#date(bytes, start);
        return;
      default:
        this.#rare(bytes, type, start, end);
    }
  }

  /** The types that few items hold. */
  #rare(bytes: Uint8Array, type: number, start: number, end: number): void {
    switch (type) {
      case BsonType.decimal128: {
        const text = decimal128Text(bytes, start);
        // Beyond the range of doubles too: a reader of doubles would take the digits for infinity and lose them.
        const isNumber = this.#form === 'sql' && Number.isFinite(Number(text));
        this.text(isNumber ? text : `{"$numberDecimal":"${text}"}`);
        return;
      }
      case BsonType.binary: {
        // Subtype 2 repeats its length inside; Extended JSON shows the bytes without it.
        const content = start + (bytes[start + 4] === 2 ? 9 : 5);
        this.text('{"$binary":{"base64":"').#base64(bytes, content, end);
        this.text('","subType":"').#hex(bytes, start + 4, start + 5);
        this.text('"}}');
        return;
      }
      case BsonType.timestamp:
        this.text(`{"$timestamp":{"t":${readInt32(bytes, start + 4) >>> 0},"i":${readInt32(bytes, start) >>> 0}}}`);
        return;
      case BsonType.regex: {
        let patternEnd = start;
        while (bytes[patternEnd] !== 0) patternEnd++;
        this.text('{"$regularExpression":{"pattern":').#string(bytes, start, patternEnd);
        const options = bytes.slice(patternEnd + 1, end - 1).sort();
        this.text(',"options":').#string(options, 0, options.length);
        this.text('}}');
        return;
      }
      case BsonType.code:
      case BsonType.symbol:
        this.text(type === BsonType.code ? '{"$code":' : '{"$symbol":').#string(bytes, start + 4, end - 1);
        this.text('}');
        return;
      case BsonType.dbPointer:
        this.text('{"$dbPointer":{"$ref":').#string(bytes, start + 4, end - 13);
        this.text(',"$id":{"$oid":"').#hex(bytes, end - 12, end);
        this.text('"}}}');
        return;
      case BsonType.undefined:
        this.text('{"$undefined":true}');
        return;
      default:
        this.text(type === BsonType.minKey ? '{"$minKey":1}' : '{"$maxKey":1}');
    }
  }

  /** A JSON string of UTF-8 bytes. */
  #string(bytes: Uint8Array, start: number, end: number): this {
    this.#reserve(end - start + 8);
    let out: Uint8Array = this.#bytes;
    let length = this.#length;
    out[length++] = 0x22;
    for (let i = start; i < end; i++) {
      const byte = bytes[i]!;
      const escape = escapes[byte]!;
      if (escape === 0) {
        out[length++] = byte;
        continue;
      }
      out[length++] = 0x5c;
      if (escape > 1) out[length++] = escape;
      else {
        out[length++] = 0x75;
        out[length++] = 0x30;
        out[length++] = 0x30;
        out[length++] = hexDigits[byte >> 4]!;
        out[length++] = hexDigits[byte & 15]!;
      }
      // Room for what is left, one more escape and the quote.
      this.#length = length;
      this.#reserve(end - i + 8);
      out = this.#bytes;
    }
    out[length++] = 0x22;
    this.#length = length;
    return this;
  }

  #hex(bytes: Uint8Array, start: number, end: number): void {
    this.#reserve(2 * (end - start));
    for (let i = start; i < end; i++) {
      this.#bytes[this.#length++] = hexDigits[bytes[i]! >> 4]!;
      this.#bytes[this.#length++] = hexDigits[bytes[i]! & 15]!;
    }
  }

  #base64(bytes: Uint8Array, start: number, end: number): void {
    this.text(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('base64'));
  }

  #integer(value: number): void {
    this.#reserve(shortBytesMax);
    const bytes = this.#bytes;
    let rest = value;
    if (rest < 0) {
      bytes[this.#length++] = 0x2d;
      rest = -rest;
    }
    let end = this.#length + 1;
    for (let power = 10; power <= rest; power *= 10) end++;
    this.#length = end;
    do {
      const quotient = Math.floor(rest / 10);
      bytes[--end] = 0x30 + rest - quotient * 10;
      rest = quotient;
    } while (rest > 0);
  }

  #double(value: number): void {
    if (this.#form === 'canonical') this.text(`{"$numberDouble":"${doubleText(value)}"}`);
    else if (value === (value | 0) && (value !== 0 || 1 / value > 0)) this.#integer(value);
    else if (Number.isFinite(value)) this.text(value === 0 ? '-0' : String(value));
    else this.text(`{"$numberDouble":"${value}"}`);
  }

  #date(bytes: Uint8Array, start: number): void {
    const high = readInt32(bytes, start + 4);
    const milliseconds = high * 2 ** 32 + (readInt32(bytes, start) >>> 0);
    if (this.#form === 'canonical' || milliseconds < 0 || milliseconds > isoDateMsMax) {
      this.text(`{"$date":{"$numberLong":"${longText(bytes, start)}"}}`);
      return;
    }
    const iso = new Date(milliseconds).toISOString();
    this.text('{"$date":"')
      .text(milliseconds % 1000 === 0 ? `${iso.slice(0, 19)}Z` : iso)
      .text('"}');
  }
}

function longText(bytes: Uint8Array, at: number): string {
  const high = readInt32(bytes, at + 4);
  if (isSafeHigh(high)) return String(high * 2 ** 32 + (readInt32(bytes, at) >>> 0));
  return String(readInt64(bytes, at));
}

/** A double as canonical Extended JSON shows it: a decimal point tells it from an integer. */
export function doubleText(value: number): string {
  const text = Object.is(value, -0) ? '-0' : String(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

export interface ItemOptions {
  /** The id text: written first, unless the document has a string field `id` of that text. Any other `id` is shadowed. */
  readonly id?: string | undefined;
  /** Names of top-level fields that are left out. */
  readonly skip?: readonly string[] | undefined;
  /** Appends fields at the end, each with a comma before it. */
  readonly tail?: ((writer: JsonWriter) => void) | undefined;
}

const idName = nameOf('id');
const noNames: readonly Uint8Array[] = [];

/** The list given last and its UTF-8: doors give the same constant list for every item. */
let lastNames: readonly string[] = [];
let lastNameBytes = noNames;

function namesOf(names: readonly string[]): readonly Uint8Array[] {
  if (names !== lastNames) {
    lastNames = names;
    lastNameBytes = names.map((name) => utf8(name));
  }
  return lastNameBytes;
}

function isAmong(names: readonly Uint8Array[], bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = 0; i < names.length; i++) {
    const name = names[i]!;
    if (name.length !== end - start) continue;
    let k = 0;
    while (k < name.length && name[k] === bytes[start + k]) k++;
    if (k === name.length) return true;
  }
  return false;
}

/** Whether the first field of that name is a string of that text. */
function hasStringField(document: Uint8Array, name: Uint8Array, text: string): boolean {
  const field = findField(document, 0, name);
  if (field === undefined || field.type !== BsonType.string) return false;
  const length = field.end - field.start - 5;
  if (length < text.length) return false;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x80) {
      const expected = utf8(text);
      return expected.length === length && expected.every((byte, k) => byte === field.bytes[field.start + 4 + k]);
    }
    if (unit !== field.bytes[field.start + 4 + i]) return false;
  }
  return length === text.length;
}

/** Shared by the functions below: they are synchronous, and `tail` must not call them. */
const sqlWriter = new JsonWriter('sql');
const canonicalWriter = new JsonWriter('canonical');

/** An item or document as JSON text in the SQL view. */
export function jsonOfBson(document: Uint8Array, options: ItemOptions = {}): Buffer {
  sqlWriter.clear();
  return sqlWriter.item(document, options).finish();
}

/** A value as JSON text in the SQL view. */
export function jsonOfValue(value: Value): string {
  sqlWriter.clear();
  return sqlWriter.value(value).finishText();
}

/** A stored value as canonical Extended JSON v2. */
export function extendedJson(raw: Raw): string {
  canonicalWriter.clear();
  return canonicalWriter.raw(raw).finishText();
}
