// Cosmos's binary JSON → BSON bytes in one pass, with no plain object between, under the rules of json-read.ts: every
// number is a double, of duplicate names the last value wins at the first one's place, malformed UTF-8 and NUL in names
// are refused, depth and size are bounded. Lengths and counts are checked against the bytes that are left before
// anything is made of them; what expands (references, uniform arrays) is bounded by the size of the result.
//
// A document starts with the byte 0x80, which no JSON text does. A value is a type marker and what it asks for; the
// numbers below are those markers. Sources: see strings.ts.

import { textOf } from '../bytes.ts';
import { DatabaseError } from '../errors.ts';
import { BsonType, depthMax, itemBytesMax } from '../bson/types.ts';
import { ElementCursor, type Raw, rawDocument } from '../bson/walk.ts';
import { BsonWriter } from '../bson/write.ts';
import { badBinary, base64Of, guidText, isStringMarker, take, takeNumber, takeString, type Cursor } from './strings.ts';

export interface BinaryReadOptions {
  /** Names that may stand only once at the top level: `id` and the roots of partition key paths. */
  readonly uniqueNames?: readonly string[] | undefined;
}

const preamble = 0x80;

export function isBinaryJson(bytes: Uint8Array): boolean {
  return bytes[0] === preamble;
}

/** The document that an object is. Throws BadRequest, TooDeep or TooLarge for everything else. */
export function bsonOfBinary(bytes: Uint8Array, options: BinaryReadOptions = {}): Uint8Array {
  const marker = bytes[1];
  if (marker === undefined || marker < 0xe8 || marker > 0xef) throw badBinary('an object is expected', 1);
  return new BinaryReader(bytes, options.uniqueNames ?? []).document();
}

/** Any value. */
export function rawOfBinary(bytes: Uint8Array): Raw {
  const cursor = new ElementCursor(new BinaryReader(bytes, []).wrapped());
  cursor.next();
  return cursor.raw();
}

class BinaryReader {
  readonly #cursor: Cursor;
  readonly #view: DataView;
  readonly #writer = new BsonWriter();
  readonly #uniqueNames: readonly string[];
  #level = 0;
  #hasDuplicates = false;

  constructor(bytes: Uint8Array, uniqueNames: readonly string[]) {
    if (!isBinaryJson(bytes)) throw badBinary('the first byte must be 0x80', 0);
    this.#cursor = { bytes, at: 1, end: bytes.length };
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#uniqueNames = uniqueNames;
  }

  document(): Uint8Array {
    const marker = takeNumber(this.#cursor, 1);
    this.#writer.beginDocument();
    this.#object(marker);
    return this.#finished();
  }

  wrapped(): Uint8Array {
    this.#writer.beginDocument();
    this.#value('');
    this.#writer.end();
    return this.#finished();
  }

  #finished(): Uint8Array {
    if (this.#cursor.at < this.#cursor.end) throw badBinary('bytes follow the value', this.#cursor.at);
    const document = this.#writer.finish();
    return this.#hasDuplicates ? withLastValues(document) : document;
  }

  #value(name: string | Uint8Array): void {
    const cursor = this.#cursor;
    const writer = this.#writer;
    if (writer.length > itemBytesMax) throw new DatabaseError('TooLarge', `a JSON value exceeds ${itemBytesMax} bytes`);
    const offset = cursor.at;
    const marker = takeNumber(cursor, 1);
    if (marker < 0x20) writer.double(name, marker);
    else if (isStringMarker(marker)) writer.stringBytes(name, takeString(cursor, marker));
    else if (marker >= 0xe8 && marker < 0xf0) {
      writer.beginObject(name);
      this.#object(marker);
    } else if (marker >= 0xe0 && marker < 0xe8) {
      writer.beginArray(name);
      this.#array(marker);
    } else if (marker >= 0xf0 && marker < 0xf4) this.#uniform(name, marker);
    else if (isNumberMarker(marker)) writer.double(name, this.#number(marker));
    else this.#other(name, marker, offset);
  }

  #other(name: string | Uint8Array, marker: number, offset: number): void {
    const { bytes } = this.#cursor;
    const writer = this.#writer;
    switch (marker) {
      case 0xd0:
        writer.null(name);
        return;
      case 0xd1:
      case 0xd2:
        writer.boolean(name, marker === 0xd2);
        return;
      case 0xd3: {
        // The first three parts of a GUID as a value are little-endian.
        const at = take(this.#cursor, 16);
        const order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
        writer.stringBytes(name, guidText(Uint8Array.from(order, (i) => bytes[at + i]!)));
        return;
      }
      case 0xdd:
      case 0xde:
      case 0xdf: {
        const length = takeNumber(this.#cursor, 1 << (marker - 0xdd));
        const at = take(this.#cursor, length);
        writer.stringBytes(name, base64Of(bytes.subarray(at, at + length)));
        return;
      }
      default:
        throw badBinary('there is no such type', offset);
    }
  }

  #number(marker: number): number {
    const at = take(this.#cursor, numberWidths[marker]!);
    const value = readNumber(this.#view, marker, at);
    if (!Number.isFinite(value)) throw badBinary('a number is not finite', at);
    return value;
  }

  /** Enters an object or array: narrows the cursor to it, and gives how many entries it says it has. */
  #enter(marker: number, first: number, body: (count: number | undefined) => void): void {
    const cursor = this.#cursor;
    if (++this.#level > depthMax)
      throw new DatabaseError('TooDeep', `nesting exceeds ${depthMax} levels`, { offset: cursor.at });
    const { end } = cursor;
    const form = marker - first;
    if (form < 2) body(form);
    else {
      const width = 1 << ((form - 2) % 3);
      const length = takeNumber(cursor, width);
      const count = form >= 5 ? takeNumber(cursor, width) : undefined;
      const start = take(cursor, length);
      cursor.at = start;
      cursor.end = start + length;
      body(count);
      if (cursor.at !== cursor.end) throw badBinary('a container is longer than its entries', cursor.at);
      cursor.end = end;
    }
    this.#writer.end();
    this.#level--;
  }

  #array(marker: number): void {
    this.#enter(marker, 0xe0, (count) => {
      const cursor = this.#cursor;
      let read = 0;
      for (; count === undefined ? cursor.at < cursor.end : read < count; read++) this.#value('');
    });
  }

  #object(marker: number): void {
    this.#enter(marker, 0xe8, (count) => {
      const cursor = this.#cursor;
      const names = new Set<string>();
      for (let read = 0; count === undefined ? cursor.at < cursor.end : read < count; read++)
        this.#value(this.#name(names));
    });
  }

  #name(names: Set<string>): Uint8Array {
    const offset = this.#cursor.at;
    const marker = takeNumber(this.#cursor, 1);
    if (!isStringMarker(marker)) throw badBinary('a field name is expected', offset);
    const name = takeString(this.#cursor, marker);
    if (name.includes(0)) throw badBinary('a field name holds NUL, which BSON cannot keep', offset);
    const text = textOf(name, 0, name.length);
    if (names.has(text)) {
      if (this.#level === 1 && this.#uniqueNames.includes(text))
        throw badBinary('a name that must be unique stands twice', offset);
      this.#hasDuplicates = true;
    }
    names.add(text);
    return name;
  }

  /** Numbers of one type, or arrays of equally many of them, without markers of their own. */
  #uniform(name: string | Uint8Array, marker: number): void {
    const cursor = this.#cursor;
    const isNested = marker >= 0xf2;
    const width = (marker & 1) + 1;
    const offset = cursor.at;
    if (isNested && takeNumber(cursor, 1) !== marker - 2) throw badBinary('a uniform array holds no numbers', offset);
    const type = takeNumber(cursor, 1);
    if (!isNumberMarker(type)) throw badBinary('a uniform array holds no numbers', offset);
    const count = takeNumber(cursor, width);
    const arrays = isNested ? takeNumber(cursor, width) : 1;
    if (this.#level + (isNested ? 2 : 1) > depthMax)
      throw new DatabaseError('TooDeep', `nesting exceeds ${depthMax} levels`, { offset });
    // All of it is there before any of it is read.
    const start = take(cursor, count * arrays * numberWidths[type]!);
    cursor.at = start;
    const writer = this.#writer;
    writer.beginArray(name);
    for (let i = 0; i < arrays; i++) {
      if (writer.length > itemBytesMax)
        throw new DatabaseError('TooLarge', `a JSON value exceeds ${itemBytesMax} bytes`);
      if (isNested) writer.beginArray('');
      for (let k = 0; k < count; k++) writer.double('', this.#number(type));
      if (isNested) writer.end();
    }
    writer.end();
  }
}

/** Bytes of a number after its marker. */
const numberWidths: Readonly<Record<number, number>> = {
  0xc7: 8, // uint64
  0xc8: 1, // uint8
  0xc9: 2, // int16
  0xca: 4, // int32
  0xcb: 8, // int64
  0xcc: 8, // double
  0xcd: 4, // float32
  0xce: 8, // float64
  0xcf: 2, // float16
  0xd7: 1, // uint8
  0xd8: 1, // int8
  0xd9: 2, // int16
  0xda: 4, // int32
  0xdb: 8, // int64
  0xdc: 4, // uint32
};

function isNumberMarker(marker: number): boolean {
  return (marker >= 0xc7 && marker <= 0xcf) || (marker >= 0xd7 && marker <= 0xdc);
}

function readNumber(view: DataView, marker: number, at: number): number {
  switch (marker) {
    case 0xc7:
      return Number(view.getBigUint64(at, true));
    case 0xc8:
    case 0xd7:
      return view.getUint8(at);
    case 0xc9:
    case 0xd9:
      return view.getInt16(at, true);
    case 0xca:
    case 0xda:
      return view.getInt32(at, true);
    case 0xcb:
    case 0xdb:
      return Number(view.getBigInt64(at, true));
    case 0xcd:
      return view.getFloat32(at, true);
    case 0xcf:
      return halfOf(view.getUint16(at, true));
    case 0xd8:
      return view.getInt8(at);
    case 0xdc:
      return view.getUint32(at, true);
    default:
      return view.getFloat64(at, true);
  }
}

/** IEEE 754 binary16. */
function halfOf(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}

/** The document with each name once, with its last value. Its depth has been bounded by the reader. */
function withLastValues(document: Uint8Array): Uint8Array {
  const writer = new BsonWriter(document.length).beginDocument();
  copyFields(writer, rawDocument(document));
  return writer.finish();
}

function copyFields(writer: BsonWriter, container: Raw): void {
  const last = new Map<string, Raw>();
  const cursor = new ElementCursor(container.bytes, container.start);
  while (cursor.next()) last.set(cursor.name(), cursor.raw());
  for (const [name, raw] of last) {
    if (raw.type === BsonType.object) copyFields(writer.beginObject(name), raw);
    else if (raw.type === BsonType.array) copyFields(writer.beginArray(name), raw);
    else writer.raw(name, raw);
  }
  writer.end();
}
