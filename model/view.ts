// Writing back what was read as JSON (Cosmos, and every door whose values are born as JSON): see `merge.ts`.
// In this view numbers are doubles, typed values are the objects of Extended JSON, and order of fields says
// nothing. So a client that reads an item, edits one field and replaces it keeps int32, int64, Decimal128,
// dates, ObjectIds and the order of fields, although none of them went through its hands.

import { compareBytes } from './bytes.ts';
import { isPlainInSql, sqlViewOf } from './bson/sql-view.ts';
import { BsonType } from './bson/types.ts';
import { ElementCursor, findField, nameOf, type Raw, rawDocument, textOfRaw } from './bson/walk.ts';
import { BsonWriter } from './bson/write.ts';
import { FieldList, mergeFields, type DoorView } from './merge.ts';
import { canonicalText, isNumberType, numericOf } from './number.ts';

/** System properties of Cosmos, in the order in which they are shown. Never part of a body that Cosmos writes. */
export const systemNames: readonly string[] = ['_rid', '_self', '_etag', '_attachments', '_ts'];
const systemNameBytes = systemNames.map(nameOf);
const idName = nameOf('id');
const hiddenWithId = [...systemNameBytes, idName];

/** The double that a JSON reader makes of the number as it is printed. */
function nearestDouble(raw: Raw): number {
  const number = numericOf(raw);
  return typeof number === 'number' ? number : Number(canonicalText(number));
}

/** Whether a stored value, seen by SQL, is what the incoming JSON value says. Objects may differ in order. */
function equalInView(stored: Raw, incoming: Raw): boolean {
  if (!isPlainInSql(stored.bytes, stored.type, stored.start)) {
    // Most incoming values show at once that they are no Extended JSON.
    return incoming.type === BsonType.object && equalObjects(sqlViewOf(stored), incoming);
  }
  if (isNumberType(stored.type))
    return isNumberType(incoming.type) && nearestDouble(stored) === nearestDouble(incoming);
  if (stored.type !== incoming.type) return false;
  if (stored.type === BsonType.object) return equalObjects(stored, incoming);
  if (stored.type === BsonType.array) return equalArrays(stored, incoming);
  return compareBytes(stored.bytes, stored.start, stored.end, incoming.bytes, incoming.start, incoming.end) === 0;
}

/** Recursion goes as deep as the stored value, which was bounded where it entered. */
function equalObjects(stored: Raw, incoming: Raw): boolean {
  const others = new FieldList(incoming);
  let count = 0;
  const cursor = new ElementCursor(stored.bytes, stored.start);
  while (cursor.next()) {
    const other = others.find(cursor.bytes, cursor.nameStart, cursor.nameEnd);
    if (other === undefined || other.used || !equalInView(cursor.raw(), other.raw)) return false;
    other.used = true;
    count++;
  }
  return count === others.fields.length;
}

function equalArrays(stored: Raw, incoming: Raw): boolean {
  const left = new ElementCursor(stored.bytes, stored.start);
  const right = new ElementCursor(incoming.bytes, incoming.start);
  for (;;) {
    const more = left.next();
    if (more !== right.next()) return false;
    if (!more) return true;
    if (!equalInView(left.raw(), right.raw())) return false;
  }
}

export const jsonView: DoorView = { equal: equalInView, order: 'stored' };

export interface JsonMergeOptions {
  /**
   * The item's id text, when the door shows it as `id` also where the body has no string field `id` of that
   * text: the incoming `id` is then not part of the body, and a stored `id` of another type is kept.
   */
  readonly id?: string | undefined;
}

/**
 * The body to store when `incoming`, born as JSON, replaces `stored`. System names at the incoming top level
 * are dropped; stored fields of these names, which SQL does not show, are kept.
 */
export function mergeView(stored: Uint8Array, incoming: Uint8Array, options: JsonMergeOptions = {}): Uint8Array {
  const before = new FieldList(rawDocument(stored));
  const after = new FieldList(rawDocument(incoming));
  const showsOwnId = options.id === undefined || isString(findField(stored, 0, idName), options.id);
  const hidden = showsOwnId ? systemNameBytes : hiddenWithId;
  before.hide(hidden);
  after.hide(hidden);
  const writer = new BsonWriter(stored.length + incoming.length).beginDocument();
  mergeFields(writer, before, after, jsonView);
  return writer.end().finish();
}

function isString(raw: Raw | undefined, text: string): boolean {
  return raw !== undefined && raw.type === BsonType.string && textOfRaw(raw) === text;
}
