// The id text of an item: the one string that identifies it within its partition key, whatever type the key
// has at the door that made it (data-model.md "Identity", docs/decisions/0002-quoted-id-texts.md).
//
// Invariants of the Mongo collection profile: two `_id` values have the same text exactly when MongoDB holds
// them equal, numbers of all types being one; `rawOfIdText` inverts `idTextOf` up to the type of numbers; and
// every text is the text of some value, so that each door can address every item.

import { bytesOfHex, equalBytes, hexOf, readInt32, utf8 } from './bytes.ts';
import { bytesOfUuid, rawOfExtendedJson } from './bson/extended-json.ts';
import { extendedJson } from './bson/json-write.ts';
import { BinarySubtype, BsonType } from './bson/types.ts';
import { validateBson } from './bson/validate.ts';
import { ElementCursor, Raw, textOfRaw } from './bson/walk.ts';
import { BsonWriter } from './bson/write.ts';
import { DatabaseError } from './errors.ts';
import { canonicalText, isNumberType, numberOfCanonicalText, numericOf } from './number.ts';

/** The id text of a typed `_id` in a Mongo collection. */
export function idTextOf(raw: Raw): string {
  if (raw.type !== BsonType.string) return typedIdText(raw);
  const text = textOfRaw(raw);
  return readsAsOther(text) ? JSON.stringify(text) : text;
}

/** The id text in a documents container, where ids are strings by rule: none is quoted. */
export function documentIdTextOf(raw: Raw): string {
  return raw.type === BsonType.string ? textOfRaw(raw) : typedIdText(raw);
}

/** The `_id` that an id text stands for in a Mongo collection. */
export function rawOfIdText(text: string): Raw {
  const typed = typedOfText(text);
  if (typed !== undefined) return typed;
  const unquoted = unquote(text);
  return rawString(unquoted !== undefined && readsAsOther(unquoted) ? unquoted : text);
}

function typedIdText(raw: Raw): string {
  if (isNumberType(raw.type)) return canonicalText(numericOf(raw));
  switch (raw.type) {
    case BsonType.objectId:
      return hexOf(raw.bytes, raw.start, raw.end);
    case BsonType.binary:
      return isUuid(raw) ? uuidText(raw.bytes, raw.start + 5) : extendedJson(raw);
    case BsonType.object:
    case BsonType.array:
    case BsonType.codeWithScope:
      return containerText(raw);
    default:
      return extendedJson(raw);
  }
}

function isUuid(raw: Raw): boolean {
  return readInt32(raw.bytes, raw.start) === 16 && raw.bytes[raw.start + 4] === BinarySubtype.uuid;
}

/** The text of the 16 bytes of a UUID at `at`. */
export function uuidText(bytes: Uint8Array, at: number): string {
  const hex = hexOf(bytes, at, at + 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/**
 * Extended JSON with equal numbers spelled alike. It cannot tell an ObjectId from an object with a field
 * `$oid`: where it would not read back as it was, the bytes stand in `{"$bson": …}` instead.
 */
function containerText(raw: Raw): string {
  const normal = normalized(raw);
  const text = extendedJson(normal);
  const back = parsedExtendedJson(text);
  if (back !== undefined && back.type === normal.type && equalBytes(back.slice(), normal.slice())) return text;
  return `{"$bson":"${Buffer.concat([Uint8Array.of(normal.type), normal.slice()]).toString('base64')}"}`;
}

/** A copy in which each number has the first type, of int32, int64, double and Decimal128, that holds it. */
function normalized(raw: Raw): Raw {
  const writer = new BsonWriter(raw.end - raw.start + 32).beginDocument();
  appendNormalized(writer, noName, raw);
  const bytes = writer.end().finish();
  return new Raw(bytes, raw.type, 6, bytes.length - 1);
}

const noName = new Uint8Array(0);

/** Recurses as deep as stored items may be nested (`depthMax`). */
function appendNormalized(writer: BsonWriter, name: Uint8Array, raw: Raw): void {
  if (isNumberType(raw.type)) writer.raw(name, numberOfCanonicalText(canonicalText(numericOf(raw)))!);
  else if (raw.type === BsonType.object || raw.type === BsonType.array) {
    if (raw.type === BsonType.object) writer.beginObject(name);
    else writer.beginArray(name);
    const cursor = new ElementCursor(raw.bytes, raw.start);
    while (cursor.next())
      appendNormalized(writer, cursor.bytes.subarray(cursor.nameStart, cursor.nameEnd), cursor.raw());
    writer.end();
  } else writer.raw(name, raw);
}

function parsedExtendedJson(text: string): Raw | undefined {
  try {
    return rawOfExtendedJson(text);
  } catch (error) {
    if (error instanceof DatabaseError) return undefined;
    throw error;
  }
}

function rawOfBase64(text: string): Raw | undefined {
  const bytes = Buffer.from(text, 'base64');
  // As the only field of a document, so that one validation covers type and value.
  const document = new Uint8Array(bytes.length + 6);
  const view = new DataView(document.buffer);
  view.setInt32(0, document.length, true);
  document[4] = bytes[0] ?? 0;
  document.set(bytes.subarray(1), 6);
  try {
    validateBson(document);
  } catch (error) {
    if (error instanceof DatabaseError) return undefined;
    throw error;
  }
  return new Raw(document, document[4], 6, document.length - 1);
}

const bsonForm = /^\{"\$bson":"([A-Za-z0-9+/]*={0,2})"\}$/;

/** The value of another type than string whose id text this is, or undefined. */
function typedOfText(text: string): Raw | undefined {
  if (/^[0-9a-f]{24}$/.test(text)) {
    const bytes = bytesOfHex(text);
    return new Raw(bytes, BsonType.objectId, 0, bytes.length);
  }
  const number = numberOfCanonicalText(text);
  if (number !== undefined) return number;
  const uuid = bytesOfUuid(text);
  if (uuid !== undefined) return rawUuid(uuid);
  if (text !== 'true' && text !== 'false' && text !== 'null' && text[0] !== '{' && text[0] !== '[') return undefined;
  const asBson = bsonForm.exec(text);
  const found = asBson === null ? parsedExtendedJson(text) : rawOfBase64(asBson[1]!);
  // Only the spelling that `idTextOf` gives is a typed value; another one is a string.
  return found !== undefined && found.type !== BsonType.string && typedIdText(found) === text ? found : undefined;
}

function rawUuid(bytes: Uint8Array): Raw {
  const document = new BsonWriter(64).beginDocument().binary('', BinarySubtype.uuid, bytes).end().finish();
  return new Raw(document, BsonType.binary, 6, document.length - 1);
}

function rawString(text: string): Raw {
  const document = new BsonWriter(64).beginDocument().stringBytes('', utf8(text)).end().finish();
  return new Raw(document, BsonType.string, 6, document.length - 1);
}

/** Whether the plain text of a string would be taken for something else, so that the string must be quoted. */
function readsAsOther(text: string): boolean {
  for (let inner: string | undefined = text; inner !== undefined; inner = unquote(inner))
    if (typedOfText(inner) !== undefined) return true;
  return false;
}

/** What was quoted, when the text is a JSON string as `JSON.stringify` writes it. */
function unquote(text: string): string | undefined {
  if (text[0] !== '"') return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  return typeof parsed === 'string' && JSON.stringify(parsed) === text ? parsed : undefined;
}
