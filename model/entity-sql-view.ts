// How SQL writes the entities of a table. Their SQL view is that of any item whose identity has a name of its own:
// `id` in front, which is the RowKey, then PartitionKey, RowKey and the properties, typed ones as Extended JSON
// (data-model.md "Views"). A property that is itself called `id` is shadowed, and kept.
//
// A write is a diff (`view.ts`). Of what changed, two things are read more closely than elsewhere, because a table
// knows no objects and gives each number one of three types:
//   an object of Extended JSON   is the typed value that it says; nothing else could be meant by it
//   a number                     keeps the integer type of the property it replaces, where that type holds it exactly:
//                                JSON has no types of numbers, so its writer cannot have meant to change one

import { readFloat64 } from './bytes.ts';
import { typedValueOf } from './bson/extended-json.ts';
import { BsonType } from './bson/types.ts';
import { BsonWriter } from './bson/write.ts';
import { childOf, ElementCursor, fieldOf, findField, nameOf, Raw, textOfRaw } from './bson/walk.ts';
import { badRequest, DatabaseError } from './errors.ts';
import { parseInstant, rawOfInstant, utcInstant } from './instant.ts';

const idName = nameOf('id');

/** The id of a body in the SQL view: `id` or RowKey, or both where they agree. */
export function sqlIdOfEntity(body: Uint8Array): string {
  const id = stringIn(body, 'id');
  const rowKey = stringIn(body, 'RowKey');
  if (id !== undefined && rowKey !== undefined && id !== rowKey)
    throw badRequest("the 'id' of an entity is its RowKey: the two given differ", 'id');
  const own = id ?? rowKey;
  if (own === undefined) throw badRequest("an entity needs a string 'id' or 'RowKey'", 'RowKey');
  return own;
}

function stringIn(body: Uint8Array, name: string): string | undefined {
  const raw = fieldOf(body, name);
  if (raw === undefined) return undefined;
  if (raw.type !== BsonType.string) throw badRequest(`'${name}' must be a string`, name);
  return textOfRaw(raw);
}

/** The incoming body without the `id` that is the identity, with a RowKey, and with the stored property `id` if there is one. */
export function entityOfSql(incoming: Uint8Array, id: string, stored: Uint8Array | undefined): Uint8Array {
  const shadowed = stored === undefined ? undefined : fieldOf(stored, 'id');
  const writer = new BsonWriter(incoming.length + id.length + 32).beginDocument();
  if (fieldOf(incoming, 'RowKey') === undefined) writer.string('RowKey', id);
  if (shadowed !== undefined) writer.raw(idName, shadowed);
  const cursor = new ElementCursor(incoming);
  while (cursor.next()) {
    if (cursor.nameIs(idName)) continue;
    const name = cursor.bytes.subarray(cursor.nameStart, cursor.nameEnd);
    writer.copy(name, cursor.type, cursor.bytes, cursor.valueStart, cursor.valueEnd);
  }
  return writer.end().finish();
}

/** A body with the types that its JSON meant; the same bytes when it has them. `stored`: what it replaces. */
export function withEdmTypes(body: Uint8Array, stored: Uint8Array | undefined): Uint8Array {
  const cursor = new ElementCursor(body);
  let isTyped = true;
  while (isTyped && cursor.next()) isTyped = typeOf(cursor, stored) === undefined;
  if (isTyped) return body;
  const writer = new BsonWriter(body.length).beginDocument();
  cursor.reset(body, 0);
  while (cursor.next()) {
    const name = cursor.bytes.subarray(cursor.nameStart, cursor.nameEnd);
    writer.raw(name, typeOf(cursor, stored) ?? cursor.raw());
  }
  return writer.end().finish();
}

/** The typed value that stands for the one at the cursor, or undefined when that is the value. */
function typeOf(cursor: ElementCursor, stored: Uint8Array | undefined): Raw | undefined {
  if (cursor.type === BsonType.object) {
    const raw = cursor.raw();
    return typedValueOf(raw) ?? preciseTimeOf(raw);
  }
  if (cursor.type !== BsonType.double || stored === undefined) return undefined;
  const before = findField(stored, 0, cursor.bytes.subarray(cursor.nameStart, cursor.nameEnd));
  if (before?.type !== BsonType.int32 && before?.type !== BsonType.int64) return undefined;
  const value = readFloat64(cursor.bytes, cursor.valueStart);
  if (!Number.isSafeInteger(value)) return undefined;
  if (before.type === BsonType.int64) return onlyValue(new BsonWriter(32).beginDocument().int64('', BigInt(value)));
  return value === (value | 0) ? onlyValue(new BsonWriter(32).beginDocument().int32('', value)) : undefined;
}

function onlyValue(writer: BsonWriter): Raw {
  const bytes = writer.end().finish();
  return new Raw(bytes, bytes[4]!, 6, bytes.length - 1);
}

/** `{"$date": …}` with more digits of the second than a BSON date holds. */
function preciseTimeOf(raw: Raw): Raw | undefined {
  const text = childOf(raw, '$date');
  if (text?.type !== BsonType.string || text.end !== raw.end - 1) return undefined;
  try {
    return rawOfInstant(utcInstant(parseInstant(textOfRaw(text))));
  } catch (error) {
    if (error instanceof DatabaseError) return undefined;
    throw error;
  }
}
