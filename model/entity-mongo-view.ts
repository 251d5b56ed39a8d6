// How MongoDB sees the entities of a table: `{_id: <RowKey>, …body}`, with PartitionKey and RowKey staying in the body
// and every value in its own type (data-model.md "Views"). A table is to Mongo a collection sharded by PartitionKey,
// whose `_id` is unique within one of its values. A property that is itself called `_id` is shadowed, and kept.
//
// A write is a diff (`merge.ts`): a number that is written back as an equal one of another type keeps its own, because
// drivers hand out int32, int64 and double as one type of number unless they are told not to.

import { compareBytes, equalBytes } from './bytes.ts';
import { BsonType } from './bson/types.ts';
import { ElementCursor, fieldOf, findField, nameOf, type Raw, rawDocument, textOfRaw } from './bson/walk.ts';
import { BsonWriter } from './bson/write.ts';
import { badRequest, DatabaseError } from './errors.ts';
import { FieldList, mergeFields, type DoorView } from './merge.ts';
import { compareNumbers, isNumberType, numericOf } from './number.ts';

const mongoIdName = nameOf('_id');
const keyNames = ['PartitionKey', 'RowKey'] as const;

/** The document that MongoDB sees of an entity. */
export function mongoViewOfEntity(body: Uint8Array, id: string): Uint8Array {
  const writer = new BsonWriter(body.length + id.length + 32).beginDocument().string(mongoIdName, id);
  const shadowed = findField(body, 0, mongoIdName);
  if (shadowed === undefined)
    return writer
      .span(body, 4, body.length - 1)
      .end()
      .finish();
  appendWithoutId(writer, body);
  return writer.end().finish();
}

function appendWithoutId(writer: BsonWriter, document: Uint8Array): void {
  const cursor = new ElementCursor(document);
  while (cursor.next()) {
    if (cursor.nameIs(mongoIdName)) continue;
    writer.raw(cursor.bytes.subarray(cursor.nameStart, cursor.nameEnd), cursor.raw());
  }
}

/** What a document inserted into a table is stored as. `_id` and RowKey must agree; either may be left out. */
export function bodyOfEntityInsert(document: Uint8Array): Uint8Array {
  const mongoId = findField(document, 0, mongoIdName);
  const rowKey = fieldOf(document, 'RowKey');
  if (mongoId === undefined && rowKey === undefined) throw badRequest('an entity needs an _id or a RowKey', 'RowKey');
  if (mongoId !== undefined && (mongoId.type !== BsonType.string || (rowKey !== undefined && !isSame(mongoId, rowKey))))
    throw badRequest('the _id of an entity is its RowKey, a string', '_id');
  const writer = new BsonWriter(document.length + 32).beginDocument();
  if (rowKey === undefined) writer.raw('RowKey', mongoId!);
  appendWithoutId(writer, document);
  return writer.end().finish();
}

function isSame(one: Raw, other: Raw): boolean {
  return one.type === other.type && equalBytes(one.slice(), other.slice());
}

function equalInMongo(stored: Raw, incoming: Raw): boolean {
  if (isNumberType(stored.type) && isNumberType(incoming.type) && stored.type !== incoming.type)
    return compareNumbers(numericOf(stored), numericOf(incoming)) === 0;
  return (
    stored.type === incoming.type &&
    compareBytes(stored.bytes, stored.start, stored.end, incoming.bytes, incoming.start, incoming.end) === 0
  );
}

const entityView: DoorView = { equal: equalInMongo, order: 'incoming' };

/**
 * The body to store when MongoDB replaces an entity by `document`, in its own view. Throws ImmutableField when `_id`,
 * PartitionKey or RowKey would change; they may be left out.
 */
export function mergeEntityMongoView(stored: Uint8Array, id: string, document: Uint8Array): Uint8Array {
  const mongoId = findField(document, 0, mongoIdName);
  if (mongoId !== undefined && (mongoId.type !== BsonType.string || textOfRaw(mongoId) !== id)) throw immutable('_id');
  const before = new FieldList(rawDocument(stored));
  const after = new FieldList(rawDocument(document));
  const hidden = [mongoIdName];
  for (const name of keyNames) {
    const given = fieldOf(document, name);
    if (given === undefined) hidden.push(nameOf(name));
    else if (!isSame(given, fieldOf(stored, name)!)) throw immutable(name);
  }
  before.hide(hidden);
  after.hide(hidden);
  const writer = new BsonWriter(stored.length + document.length).beginDocument();
  mergeFields(writer, before, after, entityView);
  return writer.end().finish();
}

function immutable(name: string): DatabaseError {
  return new DatabaseError('ImmutableField', `the field ${name} of an entity cannot change`, { argument: name });
}

/** Throws ImmutableField when an update that is no replacement left out a key that was there. */
export function checkKeysKept(before: Uint8Array, after: Uint8Array): void {
  for (const name of keyNames)
    if (fieldOf(after, name) === undefined && fieldOf(before, name) !== undefined) throw immutable(name);
}
