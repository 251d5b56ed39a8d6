// A document as it enters storage: `_id` first, made if missing, of a type that may be one; a zero timestamp in a
// top-level field is the server's time (MongoDB manual, "Timestamps").

import { BsonType } from '../../model/bson/types.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import { ElementCursor, fieldOf, type Raw } from '../../model/bson/walk.ts';
import { typeNameOf } from './bson-input.ts';
import { MongoCode, MongoError } from './errors.ts';

const forbiddenIds: ReadonlySet<number> = new Set([BsonType.array, BsonType.regex, BsonType.undefined]);

/** Throws InvalidIdField for a value that cannot identify a document. */
export function checkIdValue(id: Raw): void {
  if (forbiddenIds.has(id.type))
    throw new MongoError(MongoCode.InvalidIdField, `The '_id' value cannot be of type ${typeNameOf(id.type)}`);
  if (id.type !== BsonType.object) return;
  const cursor = new ElementCursor(id.bytes, id.start);
  while (cursor.next())
    if (cursor.bytes[cursor.nameStart] === 0x24)
      throw new MongoError(
        MongoCode.DollarPrefixedFieldName,
        `_id fields may not contain '$'-prefixed fields: ${cursor.name()} is not valid for storage.`,
      );
}

function isZeroTimestamp(bytes: Uint8Array, type: number, at: number): boolean {
  if (type !== BsonType.timestamp) return false;
  for (let i = 0; i < 8; i++) if (bytes[at + i] !== 0) return false;
  return true;
}

/** The bytes to store. `newId` gives the `_id` when there is none; the same bytes come back when they are fine. */
export function prepareDocument(
  document: Uint8Array,
  timestamp: { readonly seconds: number; readonly increment: number },
  newId: () => Raw | undefined,
): Uint8Array {
  const given = fieldOf(document, '_id');
  if (given !== undefined) checkIdValue(given);
  const cursor = new ElementCursor(document);
  let idFirst = false;
  let zeroTimestamp = false;
  for (let position = 0; cursor.next(); position++) {
    if (position === 0 && given !== undefined && cursor.valueStart === given.start) idFirst = true;
    if (isZeroTimestamp(document, cursor.type, cursor.valueStart) && cursor.valueStart !== given?.start)
      zeroTimestamp = true;
  }
  const id = given ?? newId();
  if ((idFirst || id === undefined) && !zeroTimestamp) return document;

  const writer = new BsonWriter(document.length + 32).beginDocument();
  if (id !== undefined) writer.raw('_id', id);
  cursor.reset(document, 0);
  while (cursor.next()) {
    if (cursor.valueStart === given?.start) continue;
    if (isZeroTimestamp(document, cursor.type, cursor.valueStart))
      writer.timestamp(cursor.name(), timestamp.seconds, timestamp.increment);
    else writer.raw(cursor.name(), cursor.raw());
  }
  return writer.end().finish();
}
