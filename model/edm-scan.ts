// An entity in OData's JSON → the body that an item stores, in one pass over its bytes and with nothing made between:
// the way of nearly all entities. What is rare or wrong is left to `edm-read.ts`, which looks at everything and says
// what is wrong: `scanEntity` gives undefined then. What both read, both read alike.
//
// Left to it are names with escapes or letters beyond ASCII, a type told behind its property, keys that are no strings,
// values that are none of the type told, all faults of JSON, and texts too large to be copied byte by byte.

import {
  appendCodePoint,
  backslash,
  codePointAt,
  escaped,
  exactTens,
  isDigit,
  isSpace,
  plain,
  quote,
  sequenceLength,
} from './bson/json-text.ts';
import { BsonType } from './bson/types.ts';
import { BsonWriter } from './bson/write.ts';
import { textOf, utf8, writeFloat64, writeInt32 } from './bytes.ts';
import { exactDigitsMax, int64Bytes, uuidBytes, writeInt64Text, writeUuidText } from './edm-bytes.ts';
import { bringKeysFirst } from './edm-key-order.ts';
import { PropertyNames, standsAt, type PropertyName } from './edm-names.ts';
import type { AddressedKeys, EdmEntity, SentKey } from './edm-read.ts';
import { appendEdm, edmTypes, type EdmType } from './edm-view.ts';
import { DatabaseError } from './errors.ts';
import { dateFormBytes, parseInstant, readUtc, tickFormBytes, writeUtcInstant, type UtcTime } from './instant.ts';

const jsonBytesMax = 32 * 1024;

/**
 * Bodies lie in slabs, which are garbage when the last of their bodies is: a body is soon copied into its record. This
 * spares each one a buffer of its own, which costs more than reading it.
 */
const slabBytes = 64 * 1024;

const comma = 0x2c;
const colon = 0x3a;
const minus = 0x2d;
const open = 0x7b;
const close = 0x7d;

const quotedTypes = edmTypes.map((type) => ({ type, quoted: utf8(`"${type}"`) }));
const trueWord = utf8('true');
const falseWord = utf8('false');
const nullWord = utf8('null');
const partitionKeyName = utf8('"PartitionKey"');
const rowKeyName = utf8('"RowKey"');
const noNames: readonly string[] = [];

/** One scanner serves every call: it is synchronous and calls nothing of the caller's. */
class EntityScanner {
  readonly #names = new PropertyNames();
  readonly #writer = new BsonWriter();
  readonly #time: UtcTime = { seconds: 0, nanos: 0 };
  #json: Uint8Array = new Uint8Array(0);
  #at = 0;
  /** The slab, where the body begins in it, and where it goes on. */
  #out = new Uint8Array(slabBytes);
  #start = 0;
  #length = 0;
  /** Entities so far: a name carries the number of the last one that had it. */
  #entity = 0;
  #bare: string[] | undefined;
  #earliestSeconds = Infinity;
  /** The number that `#readNumber` read, and whether it is written as an integer. */
  #number = 0;
  #isInteger = false;
  /** Batches are of one partition key: its text is made once for entities that follow each other. */
  #partitionKey = '';
  #quotedKey = utf8('""');

  scan(json: Uint8Array, keys: AddressedKeys | undefined, ignored: string | undefined): EdmEntity | undefined {
    if (json.length > jsonBytesMax) return undefined;
    this.#json = json;
    this.#at = 0;
    this.#entity++;
    this.#bare = undefined;
    this.#earliestSeconds = Infinity;
    this.#reserve(keys);
    let entity: EdmEntity | undefined;
    try {
      entity = this.#object(keys, ignored);
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error;
    }
    if (entity === undefined) this.#length = this.#start;
    return entity;
  }

  /** A field is at most half as long again as its JSON, and all fields are copied when the keys do not come first. */
  #reserve(keys: AddressedKeys | undefined): void {
    const keyUnits = keys === undefined ? 0 : keys.partitionKey.length + keys.rowKey.length;
    const most = 4 * this.#json.length + 4 * keyUnits + 128;
    if (this.#out.length - this.#length < most) {
      this.#out = new Uint8Array(Math.max(slabBytes, most));
      this.#length = 0;
    }
    this.#start = this.#length;
  }

  #object(keys: AddressedKeys | undefined, ignored: string | undefined): EdmEntity | undefined {
    const entity = this.#entity;
    this.#length += 4;
    if (keys !== undefined) {
      this.#key(partitionKeyName, keys.partitionKey);
      this.#key(rowKeyName, keys.rowKey);
    }
    if (!this.#isNext(open)) return undefined;
    let partitionKey: SentKey | undefined;
    let rowKey: SentKey | undefined;
    let partitionKeyAt = -1;
    let rowKeyAt = -1;
    let properties = 0;
    let areIdentifiers = true;
    let name = this.#names.start;
    do {
      this.#space();
      const next = this.#names.at(this.#json, this.#at, name);
      if (next === undefined || next.seenIn === entity) return undefined;
      name = next;
      name.seenIn = entity;
      this.#at += name.quoted.length;
      if (!this.#isNext(colon)) return undefined;
      this.#space();
      const fieldAt = this.#length;
      switch (name.role) {
        case 'property':
          if (name.text === ignored) {
            if (!this.#dropped()) return undefined;
          } else {
            if (!this.#property(name)) return undefined;
            if (this.#length === fieldAt) break;
            properties++;
            areIdentifiers &&= name.isIdentifier;
          }
          break;
        case 'type':
          if (!this.#type(name.annotated!)) return undefined;
          break;
        case 'dropped':
          if (!this.#dropped()) return undefined;
          break;
        case 'partition-key':
          partitionKeyAt = fieldAt;
          partitionKey = this.#sentKey(name);
          if (partitionKey === undefined) return undefined;
          if (keys !== undefined) this.#length = fieldAt;
          break;
        case 'row-key':
          rowKeyAt = fieldAt;
          rowKey = this.#sentKey(name);
          if (rowKey === undefined) return undefined;
          if (keys !== undefined) this.#length = fieldAt;
      }
    } while (this.#isNext(comma));
    if (!this.#isNext(close)) return undefined;
    this.#space();
    if (this.#at < this.#json.length) return undefined;
    if (keys === undefined) {
      if (partitionKeyAt < 0 || rowKeyAt < 0) return undefined;
      bringKeysFirst(this.#out, this.#start + 4, this.#length, partitionKeyAt, rowKeyAt);
    }
    const out = this.#out;
    const start = this.#start;
    out[this.#length++] = 0;
    writeInt32(out, start, this.#length - start);
    return {
      partitionKey,
      rowKey,
      body: out.subarray(start, this.#length),
      bare: this.#bare ?? noNames,
      outline: areIdentifiers ? { properties, earliestSeconds: this.#earliestSeconds } : undefined,
    };
  }

  #space(): void {
    const json = this.#json;
    let at = this.#at;
    while (isSpace(json[at])) at++;
    this.#at = at;
  }

  #isNext(byte: number): boolean {
    if (this.#json[this.#at] !== byte) {
      this.#space();
      if (this.#json[this.#at] !== byte) return false;
    }
    this.#at++;
    return true;
  }

  #isWord(word: Uint8Array): boolean {
    if (!standsAt(this.#json, this.#at, word)) return false;
    this.#at += word.length;
    return true;
  }

  /** Type and name of the next element. A name with its quotes is as long as with type and terminator. */
  #element(type: number, quoted: Uint8Array): void {
    const out = this.#out;
    let length = this.#length;
    out[length++] = type;
    const end = quoted.length - 1;
    for (let i = 1; i < end; i++) out[length++] = quoted[i]!;
    out[length++] = 0;
    this.#length = length;
  }

  /** A key that the address tells. */
  #key(name: Uint8Array, text: string): void {
    this.#element(BsonType.string, name);
    const bytes = utf8(text);
    writeInt32(this.#out, this.#length, bytes.length + 1);
    this.#out.set(bytes, this.#length + 4);
    this.#length += bytes.length + 5;
    this.#out[this.#length - 1] = 0;
  }

  /** Writes the key that stands here and gives what it says; undefined when it is no string. */
  #sentKey(name: PropertyName): SentKey | undefined {
    if (this.#json[this.#at] !== quote) return undefined;
    this.#element(BsonType.string, name.quoted);
    const jsonAt = this.#at;
    const textAt = this.#length + 4;
    if (!this.#string()) return undefined;
    const type = name.typedIn === this.#entity ? name.type : undefined;
    if (name.role === 'row-key') return { text: textOf(this.#out, textAt, this.#length - 1), type };
    const quotedKey = this.#quotedKey;
    if (this.#at - jsonAt !== quotedKey.length || !standsAt(this.#json, jsonAt, quotedKey)) {
      this.#partitionKey = textOf(this.#out, textAt, this.#length - 1);
      this.#quotedKey = this.#json.slice(jsonAt, this.#at);
    }
    return { text: this.#partitionKey, type };
  }

  /** Writes the property whose value stands here, or nothing for a null. False: not to be read here. */
  #property(name: PropertyName): boolean {
    const type = name.typedIn === this.#entity ? name.type : undefined;
    switch (this.#json[this.#at]) {
      case quote:
        if (type !== undefined && type !== 'Edm.String') return this.#typed(name.quoted, type);
        this.#element(BsonType.string, name.quoted);
        return this.#string();
      case 0x74:
      case 0x66: {
        const isTrue = this.#isWord(trueWord);
        if ((!isTrue && !this.#isWord(falseWord)) || (type !== undefined && type !== 'Edm.Boolean')) return false;
        this.#element(BsonType.boolean, name.quoted);
        this.#out[this.#length++] = isTrue ? 1 : 0;
        return true;
      }
      case 0x6e:
        return this.#isWord(nullWord);
      default:
        if (!this.#readNumber()) return false;
        if (type === 'Edm.Double') return this.#double(name.quoted);
        if (type !== undefined) return false;
        (this.#bare ??= []).push(name.text);
        if (!this.#isInteger || this.#number !== (this.#number | 0)) return this.#double(name.quoted);
        this.#element(BsonType.int32, name.quoted);
        writeInt32(this.#out, this.#length, this.#number | 0);
        this.#length += 4;
        return true;
    }
  }

  #double(name: Uint8Array): boolean {
    this.#element(BsonType.double, name);
    writeFloat64(this.#out, this.#length, this.#number);
    this.#length += 8;
    return Number.isFinite(this.#number);
  }

  /** Looks at a value and leaves nothing of it. */
  #dropped(): boolean {
    const length = this.#length;
    const isRead =
      this.#json[this.#at] === quote
        ? this.#string()
        : this.#isWord(nullWord) || this.#isWord(trueWord) || this.#isWord(falseWord) || this.#readNumber();
    this.#length = length;
    return isRead;
  }

  /** Heeds the type of a property that is still to come. */
  #type(annotated: PropertyName): boolean {
    if (this.#json[this.#at] !== quote) return this.#dropped();
    if (annotated.seenIn === this.#entity) return false;
    const last = quotedTypes[annotated.typeIndex]!;
    const told = this.#isWord(last.quoted) ? last : quotedTypes.find(({ quoted }) => this.#isWord(quoted));
    if (told === undefined) return false;
    annotated.typeIndex = quotedTypes.indexOf(told);
    annotated.type = told.type;
    annotated.typedIn = this.#entity;
    return true;
  }

  /** Copies the string that stands here, unescaped, with its length before it and a NUL behind. */
  #string(): boolean {
    const json = this.#json;
    const out = this.#out;
    const start = this.#length + 4;
    let length = start;
    let at = this.#at + 1;
    for (;;) {
      const byte = json[at];
      if (byte === undefined) return false;
      if (plain[byte] === 1) {
        out[length++] = byte;
        at++;
      } else if (byte === quote) break;
      else if (byte >= 0x80) {
        const count = sequenceLength(json, at);
        if (count === 0) return false;
        for (let i = 0; i < count; i++) out[length++] = json[at++]!;
      } else if (byte === backslash) {
        const letter = json[at + 1] ?? 0;
        const meant = letter < 0x80 ? escaped[letter]! : 0;
        if (meant !== 0) {
          out[length++] = meant;
          at += 2;
        } else if (letter === 0x75) {
          const point = codePointAt(json, at);
          at += point > 0xffff ? 12 : 6;
          length = appendCodePoint(out, length, point);
        } else return false;
      } else return false;
    }
    this.#at = at + 1;
    out[length++] = 0;
    writeInt32(out, start - 4, length - start);
    this.#length = length;
    return true;
  }

  #readNumber(): boolean {
    const json = this.#json;
    const start = this.#at;
    let at = start;
    const isNegative = json[at] === minus;
    if (isNegative) at++;
    const digitsAt = at;
    let mantissa = 0;
    if (json[at] === 0x30) at++;
    else while (isDigit(json[at])) mantissa = mantissa * 10 + (json[at++]! - 0x30);
    let digits = at - digitsAt;
    if (digits === 0) return false;
    let power = 0;
    this.#isInteger = true;
    if (json[at] === 0x2e) {
      const fractionAt = ++at;
      while (isDigit(json[at])) mantissa = mantissa * 10 + (json[at++]! - 0x30);
      power = at - fractionAt;
      if (power === 0) return false;
      digits += power;
      this.#isInteger = false;
    }
    // Exponents are rare.
    if (json[at] === 0x65 || json[at] === 0x45) return false;
    this.#at = at;
    if (digits > exactDigitsMax) this.#number = Number(textOf(json, start, at));
    else {
      const value = power === 0 ? mantissa : mantissa / exactTens[power]!;
      this.#number = isNegative ? -value : value;
    }
    return true;
  }

  /** A value whose type is told and whose JSON is a string. */
  #typed(name: Uint8Array, type: EdmType): boolean {
    const json = this.#json;
    const start = this.#at + 1;
    let end = start;
    while (plain[json[end] ?? 0] === 1) end++;
    if (json[end] !== quote) return false;
    this.#at = end + 1;
    if (type === 'Edm.DateTime') return this.#instant(name, start, end);
    const typeAt = this.#length;
    if (type === 'Edm.Int64') {
      this.#element(BsonType.int64, name);
      if (writeInt64Text(this.#out, this.#length, json, start, end)) return this.#wrote(int64Bytes);
      this.#length = typeAt;
    } else if (type === 'Edm.Guid') {
      this.#element(BsonType.binary, name);
      if (writeUuidText(this.#out, this.#length, json, start, end)) return this.#wrote(uuidBytes);
      this.#length = typeAt;
    }
    const writer = this.#writer.clear().beginDocument();
    appendEdm(writer, name.subarray(1, -1), { type, value: textOf(json, start, end) });
    const bytes = writer.end().view();
    this.#out.set(bytes.subarray(4, -1), this.#length);
    this.#length += bytes.length - 5;
    return true;
  }

  #wrote(bytes: number): true {
    this.#length += bytes;
    return true;
  }

  #instant(name: Uint8Array, start: number, end: number): boolean {
    const isCommon = readUtc(this.#time, this.#json, start, end);
    const { seconds, nanos } = isCommon ? this.#time : parseInstant(textOf(this.#json, start, end));
    if (nanos % 100 !== 0) return false;
    const typeAt = this.#length;
    this.#element(BsonType.date, name);
    const type = writeUtcInstant(this.#out, this.#length, seconds, nanos);
    this.#out[typeAt] = type;
    this.#length += type === BsonType.date ? dateFormBytes : tickFormBytes;
    if (seconds < this.#earliestSeconds) this.#earliestSeconds = seconds;
    return true;
  }
}

const scanner = new EntityScanner();

/** Reads an entity if it is of the common kind. `ignored` names a property that is dropped. */
export function scanEntity(
  json: Uint8Array,
  keys: AddressedKeys | undefined,
  ignored: string | undefined,
): EdmEntity | undefined {
  return scanner.scan(json, keys, ignored);
}
