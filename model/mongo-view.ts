// How MongoDB sees items of a documents container (made by Cosmos): `{_id: <id>, …body}`, with `id` staying in
// the body (data-model.md "Views"). Items of a Mongo collection need none of this: their body is the document.
//
//   _id       the stored field `_id` when it is the item's identity (an ObjectId whose text is the id), so that
//             the type survives; else the id as a string, and a stored `_id` of other meaning is shadowed
//   numbers   whole doubles show as int32, beyond it as int64 within ±2^53: Cosmos knows doubles only, and
//             drivers would hand out 1.0 where a person wrote 1
//
// A replacement is a diff (`merge.ts`), in which the order of fields is the client's.

import { compareBytes, readFloat64 } from './bytes.ts';
import { BsonType } from './bson/types.ts';
import { ElementCursor, findField, nameOf, Raw, rawDocument, textOfRaw } from './bson/walk.ts';
import { BsonWriter } from './bson/write.ts';
import { badRequest, DatabaseError } from './errors.ts';
import { documentIdTextOf } from './identity.ts';
import { FieldList, mergeFields, type DoorView } from './merge.ts';

const idName = nameOf('id');
const mongoIdName = nameOf('_id');

/** The stored `_id` when it says the same identity as the id text. */
function identityOf(body: Uint8Array, id: string): Raw | undefined {
  const stored = findField(body, 0, mongoIdName);
  return stored !== undefined && documentIdTextOf(stored) === id ? stored : undefined;
}

/** The document that MongoDB sees of a documents item. */
export function mongoViewOf(body: Uint8Array, id: string): Uint8Array {
  const writer = new BsonWriter(body.length + id.length + 32).beginDocument();
  const identity = identityOf(body, id);
  if (identity === undefined) writer.string(mongoIdName, id);
  else appendView(writer, mongoIdName, identity);
  const cursor = new ElementCursor(body);
  while (cursor.next()) {
    if (cursor.nameIs(mongoIdName)) continue;
    appendView(writer, cursor.bytes.subarray(cursor.nameStart, cursor.nameEnd), cursor.raw());
  }
  return writer.end().finish();
}

/** Recursion goes as deep as stored items are nested (`depthMax`). */
function appendView(writer: BsonWriter, name: Uint8Array, raw: Raw): void {
  if (raw.type === BsonType.double) {
    appendNumber(writer, name, readFloat64(raw.bytes, raw.start));
  } else if (raw.type === BsonType.object || raw.type === BsonType.array) {
    if (raw.type === BsonType.object) writer.beginObject(name);
    else writer.beginArray(name);
    const cursor = new ElementCursor(raw.bytes, raw.start);
    while (cursor.next()) appendView(writer, cursor.bytes.subarray(cursor.nameStart, cursor.nameEnd), cursor.raw());
    writer.end();
  } else writer.raw(name, raw);
}

function appendNumber(writer: BsonWriter, name: Uint8Array, value: number): void {
  if (!Number.isSafeInteger(value) || Object.is(value, -0)) writer.double(name, value);
  else if (value === (value | 0)) writer.int32(name, value);
  else writer.int64(name, BigInt(value));
}

/** Whether a stored value shows as exactly the bytes that came in. */
function equalInMongo(stored: Raw, incoming: Raw): boolean {
  let shown = stored;
  if (stored.type === BsonType.double) {
    const writer = new BsonWriter(32).beginDocument();
    appendNumber(writer, noName, readFloat64(stored.bytes, stored.start));
    const bytes = writer.end().finish();
    shown = new Raw(bytes, bytes[4]!, 6, bytes.length - 1);
  }
  return (
    shown.type === incoming.type &&
    compareBytes(shown.bytes, shown.start, shown.end, incoming.bytes, incoming.start, incoming.end) === 0
  );
}

const noName = new Uint8Array(0);
const mongoView: DoorView = { equal: equalInMongo, order: 'incoming' };

export interface MongoInsert {
  readonly id: string;
  readonly body: Uint8Array;
}

/**
 * What a document that MongoDB inserts into a documents container is stored as: `id` set to the id text of
 * `_id`; a typed `_id` kept beside it. Throws BadRequest when `_id` is missing or `id` says something else.
 */
export function bodyOfMongoInsert(document: Uint8Array): MongoInsert {
  const mongoId = findField(document, 0, mongoIdName);
  if (mongoId === undefined) throw badRequest('a document needs an _id', '_id');
  const id = documentIdTextOf(mongoId);
  const given = findField(document, 0, idName);
  checkId(given, id, 'BadRequest');
  const writer = new BsonWriter(document.length + id.length + 16).beginDocument();
  if (given === undefined) writer.string(idName, id);
  const cursor = new ElementCursor(document);
  while (cursor.next()) {
    if (mongoId.type === BsonType.string && cursor.nameIs(mongoIdName)) continue;
    writer.raw(cursor.bytes.subarray(cursor.nameStart, cursor.nameEnd), cursor.raw());
  }
  return { id, body: writer.end().finish() };
}

function checkId(given: Raw | undefined, id: string, code: 'BadRequest' | 'ImmutableField'): void {
  if (given === undefined || (given.type === BsonType.string && textOfRaw(given) === id)) return;
  throw new DatabaseError(code, 'the field id must be the id text of _id', { argument: 'id' });
}

/**
 * The body to store when MongoDB replaces a documents item by `document`, in its own view. Throws
 * ImmutableField when `_id` or `id` would change; both may be left out.
 */
export function mergeMongoView(stored: Uint8Array, id: string, document: Uint8Array): Uint8Array {
  const mongoId = findField(document, 0, mongoIdName);
  if (mongoId !== undefined && documentIdTextOf(mongoId) !== id)
    throw new DatabaseError('ImmutableField', 'the field _id cannot change', { argument: '_id' });
  const given = findField(document, 0, idName);
  checkId(given, id, 'ImmutableField');
  const before = new FieldList(rawDocument(stored));
  const after = new FieldList(rawDocument(document));
  // `_id` is identity, whatever stands for it; `id` stays when the client leaves it out.
  const hidden = given === undefined ? [mongoIdName, idName] : [mongoIdName];
  before.hide(hidden);
  after.hide(hidden);
  const writer = new BsonWriter(stored.length + document.length).beginDocument();
  mergeFields(writer, before, after, mongoView);
  return writer.end().finish();
}
