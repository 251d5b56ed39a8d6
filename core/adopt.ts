// A body written as JSON into a container whose items carry their identity in a typed `_id` (profile
// "collection"): the SQL view's `id` is that identity and no field of the body. This gives the stored form.

import { DatabaseError } from '../model/errors.ts';
import { BsonType } from '../model/bson/types.ts';
import { BsonWriter } from '../model/bson/write.ts';
import { ElementCursor, fieldOf, nameOf, textOfRaw } from '../model/bson/walk.ts';
import { rawOfIdText } from '../model/identity.ts';

/** The `id` of a body in the SQL view. */
export function sqlIdOf(body: Uint8Array): string {
  const value = fieldOf(body, 'id');
  if (value === undefined || value.type !== BsonType.string)
    throw new DatabaseError('BadRequest', "the item has no string 'id'", { argument: 'id' });
  return textOfRaw(value);
}

/**
 * The stored form of an incoming body with identity `id`. A field `id` of the stored item, which the SQL view
 * shadows, is kept; `_id` is the stored one, or made from the id text when there is none.
 */
export function adoptCollectionBody(incoming: Uint8Array, id: string, stored: Uint8Array | undefined): Uint8Array {
  const writer = new BsonWriter(incoming.length + 32).beginDocument();
  const own = fieldOf(incoming, '_id') ?? (stored === undefined ? undefined : fieldOf(stored, '_id'));
  writer.raw('_id', own ?? rawOfIdText(id));
  const shadowed = stored === undefined ? undefined : fieldOf(stored, 'id');
  if (shadowed !== undefined) writer.raw('id', shadowed);
  const cursor = new ElementCursor(incoming);
  const skipped = [nameOf('id'), nameOf('_id')];
  while (cursor.next()) {
    if (skipped.some((name) => cursor.nameIs(name))) continue;
    writer.copy(
      cursor.bytes.subarray(cursor.nameStart, cursor.nameEnd),
      cursor.type,
      cursor.bytes,
      cursor.valueStart,
      cursor.valueEnd,
    );
  }
  return writer.end().finish();
}
