// Values out of GraphSON 3 (Apache TinkerPop, "IO reference"), as `graphson-write.ts` lists the types. Numbers are read
// as text, because a BigInteger or an int64 is more than a double holds. A number without a type, as the JavaScript
// driver writes it, is the first of int32, int64, BigInteger or double that holds it; a set is stored as the list of
// its members; a map must have string keys. What has no stored form is BadRequest. Depth is bounded by `depthMax`.

import { rawOfBigDecimalText } from './big-decimal.ts';
import { base64Of, bytesOfUuid } from './bson/extended-json.ts';
import { rawOfJson } from './bson/json-read.ts';
import { BinarySubtype, BsonType, depthMax } from './bson/types.ts';
import { ElementCursor, findField, nameOf, Raw, textOfRaw } from './bson/walk.ts';
import { BsonWriter } from './bson/write.ts';
import { parseDuration } from './duration.ts';
import { badRequest, DatabaseError } from './errors.ts';
import { rawBinary, rawOfExtended } from './extended.ts';
import { parseInstant, rawOfInstant } from './instant.ts';

/** A typed value adds two levels of JSON to its own, a map's entries one more. */
const jsonLevelsMax = 3 * depthMax;

const typeName = nameOf('@type');
const valueName = nameOf('@value');

function wrong(type: string): DatabaseError {
  return badRequest(`a value is not of the GraphSON type ${type}`);
}

function textIn(raw: Raw, type: string): string {
  if (raw.type !== BsonType.string) throw wrong(type);
  return textOfRaw(raw);
}

/** The text of a number, which `rawOfJson` gave as a symbol. */
function numberTextIn(raw: Raw, type: string): string {
  if (raw.type !== BsonType.symbol) throw wrong(type);
  return textOfRaw(raw);
}

function integerIn(raw: Raw, type: string, bits: number): bigint {
  const text = numberTextIn(raw, type);
  const value = /^-?\d{1,20}$/.test(text) ? BigInt(text) : undefined;
  if (value === undefined || BigInt.asIntN(bits, value) !== value) throw wrong(type);
  return value;
}

function doubleIn(raw: Raw, type: string): number {
  if (raw.type === BsonType.string && /^(NaN|-?Infinity)$/.test(textOfRaw(raw))) return Number(textOfRaw(raw));
  const value = Number(numberTextIn(raw, type));
  if (!Number.isFinite(value)) throw wrong(type);
  return value;
}

/** Longest integer that is read, below what `extended.ts` keeps. */
const integerCharactersMax = 8192;

function bigIntegerIn(text: string, type: string): Raw {
  if (text.length > integerCharactersMax || !/^-?\d+$/.test(text)) throw wrong(type);
  return rawOfExtended({ kind: 'bigInteger', value: BigInt(text) });
}

function bytesIn(bytes: Uint8Array | undefined, type: string): Uint8Array {
  if (bytes === undefined) throw wrong(type);
  return bytes;
}

type Read = (writer: BsonWriter, name: string | Uint8Array, value: Raw, type: string, level: number) => void;

const appendInstant: Read = (writer, name, value, type) =>
  void writer.raw(name, rawOfInstant(parseInstant(textIn(value, type))));

/** g:Date holds any int64, also beyond the years that texts have. */
const appendDate: Read = (writer, name, value, type) => void writer.date(name, integerIn(value, type, 64));

const appendList: Read = (writer, name, value, type, level) => {
  if (value.type !== BsonType.array) throw wrong(type);
  writer.beginArray(name);
  const cursor = new ElementCursor(value.bytes, value.start);
  while (cursor.next()) appendGraphson(writer, '', cursor.raw(), level + 1);
  writer.end();
};

const appendMap: Read = (writer, name, value, type, level) => {
  if (value.type !== BsonType.array) throw wrong(type);
  writer.beginObject(name);
  const keys = new Set<string>();
  const cursor = new ElementCursor(value.bytes, value.start);
  while (cursor.next()) {
    if (cursor.type !== BsonType.string) throw badRequest('a key of a map must be a string to be stored');
    const key = textOfRaw(cursor.raw());
    if (key.includes('\0') || keys.has(key)) throw badRequest('a key of a map holds U+0000 or stands twice');
    keys.add(key);
    if (!cursor.next()) throw wrong(type);
    appendGraphson(writer, key, cursor.raw(), level + 1);
  }
  writer.end();
};

const readers: ReadonlyMap<string, Read> = new Map<string, Read>([
  ['g:Int32', (writer, name, value, type) => void writer.int32(name, Number(integerIn(value, type, 32)))],
  ['g:Int64', (writer, name, value, type) => void writer.int64(name, integerIn(value, type, 64))],
  ['g:Double', (writer, name, value, type) => void writer.double(name, doubleIn(value, type))],
  [
    'g:Float',
    (writer, name, value, type) =>
      void writer.raw(name, rawOfExtended({ kind: 'float', value: Math.fround(doubleIn(value, type)) })),
  ],
  [
    'gx:Byte',
    (writer, name, value, type) =>
      void writer.raw(name, rawOfExtended({ kind: 'byte', value: Number(integerIn(value, type, 8)) })),
  ],
  [
    'gx:Int16',
    (writer, name, value, type) =>
      void writer.raw(name, rawOfExtended({ kind: 'short', value: Number(integerIn(value, type, 16)) })),
  ],
  [
    'gx:BigInteger',
    (writer, name, value, type) => void writer.raw(name, bigIntegerIn(numberTextIn(value, type), type)),
  ],
  [
    'gx:BigDecimal',
    (writer, name, value, type) => void writer.raw(name, rawOfBigDecimalText(numberTextIn(value, type))),
  ],
  [
    'gx:Duration',
    (writer, name, value, type) =>
      void writer.raw(name, rawOfExtended({ kind: 'duration', ...parseDuration(textIn(value, type)) })),
  ],
  ['g:Date', appendDate],
  ['g:Timestamp', appendDate],
  ['gx:OffsetDateTime', appendInstant],
  ['gx:Instant', appendInstant],
  [
    'g:UUID',
    (writer, name, value, type) =>
      void writer.raw(
        name,
        rawBinary(BinarySubtype.uuid, bytesIn(bytesOfUuid(textIn(value, type).toLowerCase()), type)),
      ),
  ],
  [
    'gx:ByteBuffer',
    (writer, name, value, type) =>
      void writer.binary(name, BinarySubtype.generic, bytesIn(base64Of(textIn(value, type)), type)),
  ],
  ['g:List', appendList],
  ['g:Set', appendList],
  ['g:Map', appendMap],
]);

/** `@type` and `@value` of a typed value; undefined for other JSON. */
function typedPartsOf(raw: Raw): { readonly type: string; readonly value: Raw } | undefined {
  if (raw.type !== BsonType.object) return undefined;
  const type = findField(raw.bytes, raw.start, typeName);
  const value = findField(raw.bytes, raw.start, valueName);
  return type?.type === BsonType.string && value !== undefined ? { type: textOfRaw(type), value } : undefined;
}

function appendBare(writer: BsonWriter, name: string | Uint8Array, text: string): void {
  if (!/^-?\d+$/.test(text)) {
    if (!Number.isFinite(Number(text))) throw wrong('g:Double');
    writer.double(name, Number(text));
    return;
  }
  const value = Number(text);
  if (value === (value | 0)) writer.int32(name, value | 0);
  else if (text.length <= 20 && BigInt.asIntN(64, BigInt(text)) === BigInt(text)) writer.int64(name, BigInt(text));
  else writer.raw(name, bigIntegerIn(text, 'gx:BigInteger'));
}

/** Appends a GraphSON value, read with `numbers: 'text'`. Throws BadRequest for what has no stored form. */
export function appendGraphson(writer: BsonWriter, name: string | Uint8Array, raw: Raw, level = 1): void {
  if (level > depthMax) throw new DatabaseError('TooDeep', `nesting exceeds ${depthMax} levels`);
  if (raw.type === BsonType.symbol) appendBare(writer, name, textOfRaw(raw));
  else if (raw.type === BsonType.array) appendList(writer, name, raw, 'g:List', level);
  else if (raw.type !== BsonType.object) writer.raw(name, raw);
  else {
    const parts = typedPartsOf(raw);
    const read = parts === undefined ? undefined : readers.get(parts.type);
    if (parts === undefined || read === undefined)
      throw badRequest('a value has a GraphSON type that cannot be stored');
    read(writer, name, parts.value, parts.type, level);
  }
}

/** The stored form of a GraphSON value. Throws BadRequest or TooDeep. */
export function rawOfGraphson(json: Uint8Array | string): Raw {
  const given = rawOfJson(json, { numbers: 'text', levelsMax: jsonLevelsMax });
  const writer = new BsonWriter(given.bytes.length).beginDocument();
  appendGraphson(writer, '', given);
  const bytes = writer.end().finish();
  return new Raw(bytes, bytes[4]!, 6, bytes.length - 1);
}
