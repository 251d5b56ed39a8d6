// Extended JSON v2 → BSON: the inverse of `extendedJson` (MongoDB specification "extended-json"). Works on an
// object that was read as plain JSON and puts typed values where their wrappers stand. A wrapper that is not
// of the canonical shape stays the object that it is, and so do names with $ that mean nothing.

import { bytesOfHex, readFloat64, utf8, writeInt32, writeInt64 } from '../bytes.ts';
import { decimal128OfText } from '../decimal.ts';
import { DatabaseError } from '../errors.ts';
import { rawOfJson } from './json-read.ts';
import { BinarySubtype, BsonType, depthMax } from './types.ts';
import { ElementCursor, Raw, textOfRaw } from './walk.ts';
import { BsonWriter } from './write.ts';

/** Wrappers add levels to the JSON that the value itself does not have: `{"$date":{"$numberLong": …}}`. */
const jsonLevelsMax = depthMax + 4;

const dollar = 0x24;

/** Wrappers have at most two fields. */
type Fields = ReadonlyMap<string, Raw>;

function fieldsOf(raw: Raw | undefined): Fields | undefined {
  if (raw === undefined || raw.type !== BsonType.object) return undefined;
  const fields = new Map<string, Raw>();
  const cursor = new ElementCursor(raw.bytes, raw.start);
  while (cursor.next()) {
    if (fields.size === 2) return undefined;
    fields.set(cursor.name(), cursor.raw());
  }
  return fields;
}

function stringOf(raw: Raw | undefined): string | undefined {
  return raw !== undefined && raw.type === BsonType.string ? textOfRaw(raw) : undefined;
}

function isOne(raw: Raw | undefined): boolean {
  return raw !== undefined && raw.type === BsonType.double && readFloat64(raw.bytes, raw.start) === 1;
}

function uint32Of(raw: Raw | undefined): number | undefined {
  if (raw === undefined || raw.type !== BsonType.double) return undefined;
  const value = readFloat64(raw.bytes, raw.start);
  return value === value >>> 0 ? value : undefined;
}

function made(type: number, bytes: Uint8Array): Raw {
  return new Raw(bytes, type, 0, bytes.length);
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

const terminator = new Uint8Array(1);

function int32Bytes(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  writeInt32(bytes, 0, value);
  return bytes;
}

function int64Of(text: string | undefined): Uint8Array | undefined {
  if (text === undefined || !/^-?\d{1,19}$/.test(text)) return undefined;
  const value = BigInt(text);
  if (BigInt.asIntN(64, value) !== value) return undefined;
  const bytes = new Uint8Array(8);
  writeInt64(bytes, 0, value);
  return bytes;
}

function objectIdOf(text: string | undefined): Uint8Array | undefined {
  return text !== undefined && /^[0-9a-f]{24}$/.test(text) ? bytesOfHex(text) : undefined;
}

/** Base64 that decodes and encodes to itself. */
export function base64Of(text: string | undefined): Uint8Array | undefined {
  if (text === undefined) return undefined;
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? new Uint8Array(bytes) : undefined;
}

function cStringsOf(...texts: readonly (string | undefined)[]): Uint8Array | undefined {
  const parts: Uint8Array[] = [];
  for (const text of texts) {
    if (text === undefined || text.includes('\0')) return undefined;
    parts.push(utf8(text), terminator);
  }
  return joined(...parts);
}

function binaryOf(fields: Fields | undefined): Raw | undefined {
  const content = base64Of(stringOf(fields?.get('base64')));
  const subtypeText = stringOf(fields?.get('subType'));
  if (content === undefined || subtypeText === undefined || !/^[0-9a-f]{2}$/.test(subtypeText)) return undefined;
  const subtype = parseInt(subtypeText, 16);
  // The old subtype 2 repeats its length inside.
  const inner = subtype === 2 ? joined(int32Bytes(content.length), content) : content;
  return made(BsonType.binary, joined(int32Bytes(inner.length), Uint8Array.of(subtype), inner));
}

function doubleOf(text: string | undefined): Raw | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text === '' || (Number.isNaN(value) && text !== 'NaN')) return undefined;
  const bytes = new BsonWriter(32).beginDocument().double('', value).end().finish();
  return new Raw(bytes, BsonType.double, 6, 14);
}

function decimalOf(text: string | undefined): Raw | undefined {
  if (text === undefined) return undefined;
  try {
    return made(BsonType.decimal128, decimal128OfText(text));
  } catch (error) {
    if (error instanceof DatabaseError) return undefined;
    throw error;
  }
}

function dbPointerOf(fields: Fields | undefined): Raw | undefined {
  const reference = fields?.get('$ref');
  const id = objectIdOf(stringOf(fieldsOf(fields?.get('$id'))?.get('$oid')));
  if (reference === undefined || reference.type !== BsonType.string || id === undefined) return undefined;
  return made(BsonType.dbPointer, joined(reference.slice(), id));
}

/** Wrappers of one field, by its name. Each gives undefined when the value is not of its shape. */
const wrappers: ReadonlyMap<string, (value: Raw) => Raw | undefined> = new Map<string, (value: Raw) => Raw | undefined>(
  [
    ['$oid', (value) => madeFrom(BsonType.objectId, objectIdOf(stringOf(value)))],
    ['$numberInt', (value) => intOf(stringOf(value))],
    ['$numberLong', (value) => madeFrom(BsonType.int64, int64Of(stringOf(value)))],
    ['$numberDouble', (value) => doubleOf(stringOf(value))],
    ['$numberDecimal', (value) => decimalOf(stringOf(value))],
    ['$date', (value) => dateOf(value)],
    ['$binary', (value) => binaryOf(fieldsOf(value))],
    ['$uuid', (value) => uuidOf(stringOf(value))],
    ['$timestamp', (value) => timestampOf(fieldsOf(value))],
    ['$regularExpression', (value) => regexOf(fieldsOf(value))],
    ['$code', (value) => retyped(BsonType.code, value)],
    ['$symbol', (value) => retyped(BsonType.symbol, value)],
    ['$dbPointer', (value) => dbPointerOf(fieldsOf(value))],
    [
      '$undefined',
      (value) =>
        value.type === BsonType.boolean && value.bytes[value.start] === 1 ? empty(BsonType.undefined) : undefined,
    ],
    ['$minKey', (value) => (isOne(value) ? empty(BsonType.minKey) : undefined)],
    ['$maxKey', (value) => (isOne(value) ? empty(BsonType.maxKey) : undefined)],
  ],
);

function madeFrom(type: number, bytes: Uint8Array | undefined): Raw | undefined {
  return bytes === undefined ? undefined : made(type, bytes);
}

function empty(type: number): Raw {
  return made(type, new Uint8Array(0));
}

/** A string's bytes under another type of the same layout. */
function retyped(type: number, value: Raw): Raw | undefined {
  return value.type === BsonType.string ? new Raw(value.bytes, type, value.start, value.end) : undefined;
}

function intOf(text: string | undefined): Raw | undefined {
  const value = Number(text);
  return text !== undefined && String(value | 0) === text ? made(BsonType.int32, int32Bytes(value)) : undefined;
}

function dateOf(value: Raw): Raw | undefined {
  const text = stringOf(value);
  if (text === undefined) return madeFrom(BsonType.date, int64Of(stringOf(fieldsOf(value)?.get('$numberLong'))));
  const milliseconds = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?(Z|[+-]\d\d:?\d\d)$/.test(text)
    ? Date.parse(text)
    : NaN;
  return Number.isNaN(milliseconds) ? undefined : madeFrom(BsonType.date, int64Of(String(milliseconds)));
}

function uuidOf(text: string | undefined): Raw | undefined {
  const bytes = text === undefined ? undefined : bytesOfUuid(text);
  return bytes === undefined
    ? undefined
    : made(BsonType.binary, joined(int32Bytes(16), Uint8Array.of(BinarySubtype.uuid), bytes));
}

/** The 16 bytes of a UUID's lower-case text. */
export function bytesOfUuid(text: string): Uint8Array | undefined {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(text)
    ? bytesOfHex(text.replaceAll('-', ''))
    : undefined;
}

function timestampOf(fields: Fields | undefined): Raw | undefined {
  const seconds = uint32Of(fields?.get('t'));
  const increment = uint32Of(fields?.get('i'));
  if (seconds === undefined || increment === undefined) return undefined;
  return made(BsonType.timestamp, joined(int32Bytes(increment), int32Bytes(seconds)));
}

function regexOf(fields: Fields | undefined): Raw | undefined {
  return madeFrom(BsonType.regex, cStringsOf(stringOf(fields?.get('pattern')), stringOf(fields?.get('options'))));
}

/** The typed value whose wrapper this object is, or undefined. */
export function typedValueOf(raw: Raw): Raw | undefined {
  // Most objects are told apart by the first byte of their first name.
  if (raw.end - raw.start < 7 || raw.bytes[raw.start + 5] !== dollar) return undefined;
  const fields = fieldsOf(raw);
  if (fields === undefined) return undefined;
  const [first] = fields;
  if (first === undefined) return undefined;
  if (fields.size === 1) return wrappers.get(first[0])?.(first[1]);
  const scope = fields.get('$scope');
  if (first[0] !== '$code' || first[1].type !== BsonType.string || scope?.type !== BsonType.object) return undefined;
  const scopeBytes = new BsonWriter(scope.end - scope.start).beginDocument();
  appendFields(scopeBytes, scope);
  const rest = joined(first[1].slice(), scopeBytes.end().finish());
  return made(BsonType.codeWithScope, joined(int32Bytes(rest.length + 4), rest));
}

/** Appends the fields of a container. Its depth was bounded where the JSON was read. */
function appendFields(writer: BsonWriter, container: Raw): void {
  const cursor = new ElementCursor(container.bytes, container.start);
  while (cursor.next()) append(writer, cursor.bytes.subarray(cursor.nameStart, cursor.nameEnd), cursor.raw());
}

function append(writer: BsonWriter, name: Uint8Array, raw: Raw): void {
  if (raw.type === BsonType.array) {
    writer.beginArray(name);
    appendFields(writer, raw);
    writer.end();
    return;
  }
  const typed = raw.type === BsonType.object ? typedValueOf(raw) : raw;
  if (typed !== undefined) {
    writer.raw(name, typed);
    return;
  }
  writer.beginObject(name);
  appendFields(writer, raw);
  writer.end();
}

const noName = new Uint8Array(0);

/** The value that a text of Extended JSON says. Throws as `rawOfJson` does. */
export function rawOfExtendedJson(text: string): Raw {
  const given = rawOfJson(text, { levelsMax: jsonLevelsMax });
  const writer = new BsonWriter(given.bytes.length).beginDocument();
  append(writer, noName, given);
  const bytes = writer.end().finish();
  return new Raw(bytes, bytes[4]!, 6, bytes.length - 1);
}
