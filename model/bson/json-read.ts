// JSON text → BSON bytes in one pass, with no plain object between: integer-like names keep their order,
// `__proto__` is a name, and an insert costs one scan. Source: RFC 8259, narrowed by data-model.md "Views":
// every number is the nearest double; of duplicate names the last value wins at the first one's place;
// invalid UTF-8, lone surrogates and NUL in names are refused, because stored BSON could not give them back.
//
// Nothing recurses: open containers lie on a stack whose height `levelsMax` bounds. Every fault of the text
// is a DatabaseError with the byte's offset, and never shows the text.

import { isWellFormed, textOf, utf8, writeInt32 } from '../bytes.ts';
import { badRequest, DatabaseError } from '../errors.ts';
import { valueOf, type Value } from '../value.ts';
import {
  appendCodePoint,
  backslash,
  bad,
  codePointAt,
  escaped,
  exactTens,
  isDigit,
  isSpace,
  plain,
  quote,
  sequenceLength,
} from './json-text.ts';
import { BsonType, depthMax, itemBytesMax } from './types.ts';
import { ElementCursor, Raw } from './walk.ts';
import { BsonWriter } from './write.ts';

export interface JsonReadOptions {
  /** Nested objects and arrays, the outermost counted. */
  readonly levelsMax?: number | undefined;
  /** Names that may stand only once at the top level: `id` and the roots of partition key paths. */
  readonly uniqueNames?: readonly string[] | undefined;
  /** No name may stand twice at the top level. One that does is a BadRequest whose argument is 'name'. */
  readonly allUnique?: boolean | undefined;
  /**
   * `text`: each number as a BSON symbol of its source text, a type that JSON gives nowhere else. For protocols
   * that tell 1 from 1.0, or send integers of any length. Default `double`.
   */
  readonly numbers?: 'double' | 'text' | undefined;
}

/** Names of one object that are compared one by one; above it a Map takes over, whose seeded hash no text can attack. */
const listedNamesMax = 32;

const noBytes = new Uint8Array(0);
const initialBytes = 64 * 1024;

/** The output buffer is kept between calls up to this size. */
const keptBytesMax = 1024 * 1024;

/** Beyond the text that is left, the most that one element adds: type, position, lengths, terminators, a number. */
const elementBytesMax = 64;

const comma = 0x2c;
const colon = 0x3a;

function tooLarge(): DatabaseError {
  return new DatabaseError('TooLarge', `a JSON value exceeds ${itemBytesMax} bytes`);
}

/** One reader serves every call: it is synchronous and calls nothing of the caller's. */
class JsonReader {
  #text: Uint8Array = noBytes;
  #at = 0;
  #out = new Uint8Array(initialBytes);
  #view = new DataView(this.#out.buffer);
  #length = 0;
  /** Whether a string read since this was cleared holds U+0000. */
  #hasNul = false;
  #levelsMax = depthMax;
  #uniqueNames: readonly string[] = [];
  #allUnique = false;
  #numberType: number = BsonType.double;
  #level = 0;
  /** By level: where the container starts in the output, and its next position, -1 for an object. */
  readonly #starts: number[] = [];
  readonly #positions: number[] = [];
  /** By level: names met so far. Up to `listedNamesMax` they are listed in `#names` as (start, end, signature). */
  readonly #counts: number[] = [];
  readonly #hasDuplicates: boolean[] = [];
  readonly #sets: (Set<string> | undefined)[] = [];
  #names = new Int32Array(3 * listedNamesMax * 16);

  /** Reads the text as one value named '' of a document, or, with `objectOnly`, as the document itself. */
  read(text: Uint8Array, objectOnly: boolean, options: JsonReadOptions): Uint8Array {
    this.#text = text;
    this.#at = 0;
    this.#length = 0;
    this.#level = 0;
    this.#levelsMax = options.levelsMax ?? depthMax;
    this.#uniqueNames = options.uniqueNames ?? [];
    this.#allUnique = options.allUnique === true;
    this.#numberType = options.numbers === 'text' ? BsonType.symbol : BsonType.double;
    this.#reserve();
    this.#space();
    if (objectOnly) {
      if (text[this.#at] !== 0x7b) throw bad('an object is expected', this.#at);
      this.#values(0);
    } else {
      // The wrapping document: length, then the element; its type is known once the value is read.
      this.#length = 6;
      this.#out[5] = 0;
      this.#values(4);
      this.#out[this.#length++] = 0;
      writeInt32(this.#out, 0, this.#length);
    }
    this.#space();
    if (this.#at < text.length) throw bad('text follows the value', this.#at);
    return this.#out.slice(0, this.#length);
  }

  /** Lets go of the text, and of an output buffer that one large item left behind. */
  release(): void {
    this.#text = noBytes;
    if (this.#out.length > keptBytesMax) this.#grow(initialBytes, 0);
  }

  #grow(size: number, kept: number): void {
    const grown = new Uint8Array(size);
    grown.set(this.#out.subarray(0, kept));
    this.#out = grown;
    this.#view = new DataView(grown.buffer);
  }

  /** Makes room for the next element, whatever it is: names and strings are never longer than the text that is left. */
  #reserve(): void {
    if (this.#length > itemBytesMax) throw tooLarge();
    const needed = this.#length + (this.#text.length - this.#at) + elementBytesMax;
    if (needed > this.#out.length) this.#grow(Math.max(needed, this.#out.length * 2), this.#length);
  }

  #space(): void {
    const text = this.#text;
    let at = this.#at;
    while (isSpace(text[at])) at++;
    this.#at = at;
  }

  /** Reads one value and all within it. `typeAt` is where its type goes; for the outermost object it is overwritten. */
  #values(typeAt: number): void {
    const text = this.#text;
    for (;;) {
      // A value is expected at #at; its element's type belongs at typeAt.
      const byte = text[this.#at];
      if (byte === quote) {
        this.#out[typeAt] = BsonType.string;
        const start = this.#length;
        this.#length += 4;
        this.#string();
        this.#out[this.#length++] = 0;
        writeInt32(this.#out, start, this.#length - start - 4);
      } else if (byte === 0x7b || byte === 0x5b) {
        typeAt = this.#open(byte === 0x7b, typeAt);
        if (typeAt >= 0) continue;
      } else if (byte === 0x2d || isDigit(byte)) {
        this.#out[typeAt] = this.#numberType;
        this.#number();
      } else {
        this.#literal(typeAt);
      }
      // A value has ended: close containers until another element begins.
      for (;;) {
        if (this.#level === 0) return;
        this.#space();
        const next = text[this.#at];
        const isObject = this.#positions[this.#level - 1]! < 0;
        if (next === comma) {
          this.#at++;
          this.#space();
          typeAt = isObject ? this.#name() : this.#position();
          break;
        }
        if (next !== (isObject ? 0x7d : 0x5d))
          throw bad(isObject ? "',' or '}' is expected" : "',' or ']' is expected", this.#at);
        this.#at++;
        this.#close();
      }
    }
  }

  /** Opens an object or array and begins its first element: gives where that one's type goes, or -1 when there is none. */
  #open(isObject: boolean, typeAt: number): number {
    const level = this.#level;
    if (level >= this.#levelsMax)
      throw new DatabaseError('TooDeep', `nesting exceeds ${this.#levelsMax} levels`, { offset: this.#at });
    // The outermost document has no element of its own: its start takes the place of the type.
    this.#out[typeAt] = isObject ? BsonType.object : BsonType.array;
    this.#at++;
    this.#starts[level] = this.#length;
    this.#positions[level] = isObject ? -1 : 0;
    this.#counts[level] = 0;
    this.#hasDuplicates[level] = false;
    this.#sets[level] = undefined;
    this.#length += 4;
    this.#level = level + 1;
    this.#space();
    if (this.#text[this.#at] === (isObject ? 0x7d : 0x5d)) {
      this.#at++;
      this.#close();
      return -1;
    }
    return isObject ? this.#name() : this.#position();
  }

  #close(): void {
    const level = --this.#level;
    const start = this.#starts[level]!;
    this.#out[this.#length++] = 0;
    writeInt32(this.#out, start, this.#length - start);
    if (this.#hasDuplicates[level]) this.#dropDuplicates(start);
    this.#sets[level] = undefined;
  }

  /** Type and name of the next array element. */
  #position(): number {
    this.#reserve();
    const out = this.#out;
    const level = this.#level - 1;
    const position = this.#positions[level]!;
    this.#positions[level] = position + 1;
    const typeAt = this.#length;
    let length = typeAt + 1;
    if (position < 10) out[length++] = 0x30 + position;
    else {
      let digits = 2;
      for (let rest = Math.floor(position / 100); rest > 0; rest = Math.floor(rest / 10)) digits++;
      let rest = position;
      for (let i = length + digits - 1; i >= length; i--) {
        const quotient = Math.floor(rest / 10);
        out[i] = 0x30 + rest - quotient * 10;
        rest = quotient;
      }
      length += digits;
    }
    out[length++] = 0;
    this.#length = length;
    return typeAt;
  }

  /** Type, name and colon of the next field; leaves #at at its value. */
  #name(): number {
    this.#reserve();
    const offset = this.#at;
    if (this.#text[offset] !== quote) throw bad('a field name is expected', offset);
    const typeAt = this.#length++;
    this.#hasNul = false;
    this.#string();
    const end = this.#length;
    if (this.#hasNul) throw bad('a field name holds NUL, which BSON cannot keep', offset);
    this.#out[this.#length++] = 0;
    this.#note(typeAt + 1, end, offset);
    this.#space();
    if (this.#text[this.#at] !== colon) throw bad("':' is expected", this.#at);
    this.#at++;
    this.#space();
    return typeAt;
  }

  /** Remembers a name of the open object and marks the object when the name was there before. */
  #note(start: number, end: number, offset: number): void {
    const out = this.#out;
    const level = this.#level - 1;
    const count = this.#counts[level]!;
    this.#counts[level] = count + 1;
    if (count >= listedNamesMax) {
      const set = (this.#sets[level] ??= this.#namesOf(this.#starts[level]!, start - 1));
      const name = textOf(out, start, end);
      if (set.has(name)) this.#duplicate(start, end, offset);
      else set.add(name);
      return;
    }
    const length = end - start;
    // Cheap and collisions are harmless: equal signatures are compared byte by byte.
    const signature =
      length === 0 ? 0 : length ^ (out[start]! << 24) ^ (out[end - 1]! << 16) ^ (out[start + (length >> 1)]! << 8);
    const base = 3 * listedNamesMax * level;
    if (base + 3 * listedNamesMax > this.#names.length) {
      const grown = new Int32Array(2 * (base + 3 * listedNamesMax));
      grown.set(this.#names);
      this.#names = grown;
    }
    const names = this.#names;
    const next = base + 3 * count;
    names[next] = start;
    names[next + 1] = end;
    names[next + 2] = signature;
    for (let i = base; i < next; i += 3) {
      if (names[i + 2] !== signature || names[i + 1]! - names[i]! !== length) continue;
      const other = names[i]!;
      let k = 0;
      while (k < length && out[other + k] === out[start + k]) k++;
      if (k === length) return this.#duplicate(start, end, offset);
    }
  }

  #duplicate(start: number, end: number, offset: number): void {
    if (this.#level === 1 && (this.#allUnique || this.#uniqueNames.includes(textOf(this.#out, start, end))))
      throw badRequest('invalid JSON: a name that must be unique stands twice', 'name', offset);
    this.#hasDuplicates[this.#level - 1] = true;
  }

  /** Names of the elements between a container's start and `end`, once they are too many to be listed. */
  #namesOf(start: number, end: number): Set<string> {
    const names = new Set<string>();
    // The container is open: it has no length yet, so it gets one for the walk.
    writeInt32(this.#out, start, end - start + 1);
    const cursor = new ElementCursor(this.#out, start);
    while (cursor.next()) names.add(cursor.name());
    return names;
  }

  /** Rewrites the finished object at `start` so that each name stands once, with its last value. */
  #dropDuplicates(start: number): void {
    const out = this.#out;
    const last = new Map<string, Raw>();
    const cursor = new ElementCursor(out, start);
    while (cursor.next()) last.set(cursor.name(), cursor.raw());
    const writer = new BsonWriter(this.#length - start).beginDocument();
    for (const [name, raw] of last) writer.raw(utf8(name), raw);
    const bytes = writer.end().finish();
    out.set(bytes, start);
    this.#length = start + bytes.length;
  }

  /** Copies the string at #at, unescaped, to the output; both positions move behind it. */
  #string(): void {
    const text = this.#text;
    const out = this.#out;
    let at = this.#at + 1;
    let length = this.#length;
    for (;;) {
      const byte = text[at];
      if (byte === undefined) throw bad('a string is cut', at);
      if (plain[byte] === 1) {
        out[length++] = byte;
        at++;
      } else if (byte === quote) {
        this.#at = at + 1;
        this.#length = length;
        return;
      } else if (byte >= 0x80) {
        const count = sequenceLength(text, at);
        if (count === 0) throw bad('a string is not UTF-8', at);
        for (let i = 0; i < count; i++) out[length++] = text[at++]!;
      } else if (byte === backslash) {
        const letter = text[at + 1] ?? 0;
        const plainByte = letter < 0x80 ? escaped[letter]! : 0;
        if (plainByte !== 0) {
          out[length++] = plainByte;
          at += 2;
        } else if (letter === 0x75) {
          const point = codePointAt(text, at);
          at += point > 0xffff ? 12 : 6;
          if (point === 0) this.#hasNul = true;
          length = appendCodePoint(out, length, point);
        } else throw bad('an unknown escape', at);
      } else throw bad('a control character stands in a string', at);
    }
  }

  /** Appends the number at #at, as a double unless its text is asked for. Short decimals are computed exactly here; the rest goes to the runtime. */
  #number(): void {
    const text = this.#text;
    const start = this.#at;
    let at = start;
    const negative = text[at] === 0x2d;
    if (negative) at++;
    let mantissa = 0;
    let power = 0;
    const digitsStart = at;
    if (text[at] === 0x30) at++;
    else {
      if (!isDigit(text[at])) throw bad('a digit is expected', at);
      while (isDigit(text[at])) mantissa = mantissa * 10 + (text[at++]! - 0x30);
    }
    let digits = at - digitsStart;
    if (text[at] === 0x2e) {
      const fractionStart = ++at;
      while (isDigit(text[at])) mantissa = mantissa * 10 + (text[at++]! - 0x30);
      if (at === fractionStart) throw bad('a digit is expected', at);
      power = fractionStart - at;
      digits -= power;
    }
    if (text[at] === 0x65 || text[at] === 0x45) {
      at++;
      const negativePower = text[at] === 0x2d;
      if (negativePower || text[at] === 0x2b) at++;
      const powerStart = at;
      let exponent = 0;
      while (isDigit(text[at])) exponent = Math.min(exponent * 10 + (text[at++]! - 0x30), 1e6);
      if (at === powerStart) throw bad('a digit is expected', at);
      power += negativePower ? -exponent : exponent;
    }
    if (this.#numberType === BsonType.symbol) {
      writeInt32(this.#out, this.#length, at - start + 1);
      this.#length += 4;
      this.#out.set(text.subarray(start, at), this.#length);
      this.#length += at - start;
      this.#out[this.#length++] = 0;
      this.#at = at;
      return;
    }
    let value: number;
    if (digits <= 15 && power >= -22 && power <= 22) {
      value = power < 0 ? mantissa / exactTens[-power]! : mantissa * exactTens[power]!;
      if (negative) value = -value;
    } else {
      value = Number(textOf(text, start, at));
      if (!Number.isFinite(value)) throw bad('a number is beyond the range of a double', start);
    }
    this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
    this.#at = at;
  }

  #literal(typeAt: number): void {
    const text = this.#text;
    const at = this.#at;
    const out = this.#out;
    if (text[at] === 0x74 && text[at + 1] === 0x72 && text[at + 2] === 0x75 && text[at + 3] === 0x65) {
      out[typeAt] = BsonType.boolean;
      out[this.#length++] = 1;
      this.#at = at + 4;
    } else if (
      text[at] === 0x66 &&
      text[at + 1] === 0x61 &&
      text[at + 2] === 0x6c &&
      text[at + 3] === 0x73 &&
      text[at + 4] === 0x65
    ) {
      out[typeAt] = BsonType.boolean;
      out[this.#length++] = 0;
      this.#at = at + 5;
    } else if (text[at] === 0x6e && text[at + 1] === 0x75 && text[at + 2] === 0x6c && text[at + 3] === 0x6c) {
      out[typeAt] = BsonType.null;
      this.#at = at + 4;
    } else throw bad('a value is expected', at);
  }
}

const reader = new JsonReader();

/** The bounds are of the stored form, so that no text below the doors' limits can fill memory. */
function checkSize(text: Uint8Array): void {
  if (text.length > itemBytesMax) throw tooLarge();
}

function read(text: Uint8Array, objectOnly: boolean, options: JsonReadOptions): Uint8Array {
  try {
    return reader.read(text, objectOnly, options);
  } finally {
    reader.release();
  }
}

/** The object that `text` (UTF-8) holds, as BSON. Throws BadRequest with the offset, TooDeep or TooLarge. */
export function bsonOfJson(text: Uint8Array, options: JsonReadOptions = {}): Uint8Array {
  checkSize(text);
  return read(text, true, options);
}

/** A JSON value by itself, as it would be stored. */
export function rawOfJson(text: Uint8Array | string, options: JsonReadOptions = {}): Raw {
  if (typeof text === 'string' && !isWellFormed(text)) throw bad('the text holds a lone surrogate', 0);
  const given = typeof text === 'string' ? utf8(text) : text;
  checkSize(given);
  const bytes = read(given, false, options);
  return new Raw(bytes, bytes[4]!, 6, bytes.length - 1);
}

/** A JSON value by itself: a query parameter, a partition key. */
export function valueOfJson(text: Uint8Array | string, options: JsonReadOptions = {}): Value {
  return valueOf(rawOfJson(text, options));
}
