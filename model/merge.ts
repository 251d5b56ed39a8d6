// A foreign write as a diff (data-model.md "Views"): what a door writes back is laid over the stored bytes, and
// every value that is equal in that door's view keeps its stored bytes and type. Only changed paths take the
// incoming bytes. How a door sees a single value, and whether it knows an order of fields, is told by `DoorView`.
//
// Recursion is bounded by the nesting of the incoming item, which was checked where it entered.

import { BsonType, depthMax } from './bson/types.ts';
import { ElementCursor, type Raw } from './bson/walk.ts';
import type { BsonWriter } from './bson/write.ts';
import { textOf } from './bytes.ts';
import { DatabaseError } from './errors.ts';

export interface DoorView {
  /** Whether the stored value is seen as the incoming one. Never asked of two objects or two arrays. */
  readonly equal: (stored: Raw, incoming: Raw) => boolean;
  /** Whose order fields have that stand on both sides; the others follow in their own order. */
  readonly order: 'stored' | 'incoming';
}

/** A field where it lies. `used`: the merge has met it. `hidden`: the door does not see it, so it stays as stored. */
export interface Field {
  readonly nameStart: number;
  readonly nameEnd: number;
  readonly raw: Raw;
  readonly index: number;
  used: boolean;
  hidden: boolean;
}

/** The fields of one object, found by name: in order at no cost, else by a map that is made when first needed. */
export class FieldList {
  readonly bytes: Uint8Array;
  readonly fields: readonly Field[];
  #next = 0;
  #byName: Map<string, Field> | undefined;

  constructor(object: Raw) {
    this.bytes = object.bytes;
    const fields: Field[] = [];
    const { bytes } = object;
    const cursor = new ElementCursor(bytes, object.start);
    while (cursor.next()) {
      const { nameStart, nameEnd } = cursor;
      fields.push({ nameStart, nameEnd, raw: cursor.raw(), index: fields.length, used: false, hidden: false });
    }
    this.fields = fields;
  }

  /** The first field of that name. */
  find(bytes: Uint8Array, nameStart: number, nameEnd: number): Field | undefined {
    const expected = this.fields[this.#next];
    let found = expected;
    if (expected === undefined || expected.used || !this.#isNamed(expected, bytes, nameStart, nameEnd))
      found = this.#map().get(textOf(bytes, nameStart, nameEnd));
    // The neighbour of the field found is the likely next one.
    if (found !== undefined) this.#next = found.index + 1;
    return found;
  }

  /** Hides every field of these names. */
  hide(names: readonly Uint8Array[]): void {
    for (const field of this.fields)
      for (const name of names) if (this.#isNamed(field, name, 0, name.length)) field.hidden = true;
  }

  nameAt(field: Field): string {
    return textOf(this.bytes, field.nameStart, field.nameEnd);
  }

  #isNamed(field: Field, bytes: Uint8Array, start: number, end: number): boolean {
    if (field.nameEnd - field.nameStart !== end - start) return false;
    for (let i = start, k = field.nameStart; i < end; i++, k++) if (bytes[i] !== this.bytes[k]) return false;
    return true;
  }

  #map(): Map<string, Field> {
    if (this.#byName === undefined) {
      this.#byName = new Map();
      for (const field of this.fields) {
        const name = textOf(this.bytes, field.nameStart, field.nameEnd);
        if (!this.#byName.has(name)) this.#byName.set(name, field);
      }
    }
    return this.#byName;
  }

  /** Appends a field as it lies. */
  copy(writer: BsonWriter, field: Field): void {
    field.used = true;
    writer.raw(this.bytes.subarray(field.nameStart, field.nameEnd), field.raw);
  }
}

/** Appends the fields of the merged object. Hidden fields of the stored one are kept, those of the incoming one dropped. */
export function mergeFields(
  writer: BsonWriter,
  stored: FieldList,
  incoming: FieldList,
  view: DoorView,
  level = 1,
): void {
  if (level > depthMax) throw tooDeep();
  if (view.order === 'stored') {
    for (const field of stored.fields) {
      if (field.hidden) {
        stored.copy(writer, field);
        continue;
      }
      const other = incoming.find(stored.bytes, field.nameStart, field.nameEnd);
      if (other === undefined) continue;
      // Of a name that stands twice the door sees the first only: the others stay.
      if (other.used) stored.copy(writer, field);
      else mergeField(writer, field, incoming, other, view, level);
    }
    for (const field of incoming.fields) if (!field.used && !field.hidden) incoming.copy(writer, field);
    return;
  }
  for (const field of stored.fields) if (field.hidden) stored.copy(writer, field);
  for (const field of incoming.fields) {
    if (field.hidden) continue;
    const other = stored.find(incoming.bytes, field.nameStart, field.nameEnd);
    if (other === undefined || other.used) incoming.copy(writer, field);
    else mergeField(writer, other, incoming, field, view, level);
  }
}

/** Appends one field that stands on both sides. */
function mergeField(
  writer: BsonWriter,
  before: Field,
  incoming: FieldList,
  after: Field,
  view: DoorView,
  level: number,
): void {
  before.used = true;
  after.used = true;
  const name = incoming.bytes.subarray(after.nameStart, after.nameEnd);
  mergeValue(writer, name, before.raw, after.raw, view, level);
}

function tooDeep(): DatabaseError {
  return new DatabaseError('TooDeep', `nesting exceeds ${depthMax} levels`);
}

/** Appends what an incoming value leaves of a stored one. */
export function mergeValue(
  writer: BsonWriter,
  name: Uint8Array,
  stored: Raw,
  incoming: Raw,
  view: DoorView,
  level = 1,
): void {
  if (stored.type === BsonType.object && incoming.type === BsonType.object) {
    writer.beginObject(name);
    mergeFields(writer, new FieldList(stored), new FieldList(incoming), view, level + 1);
    writer.end();
  } else if (stored.type === BsonType.array && incoming.type === BsonType.array) {
    if (level >= depthMax) throw tooDeep();
    writer.beginArray(name);
    const before = new ElementCursor(stored.bytes, stored.start);
    const after = new ElementCursor(incoming.bytes, incoming.start);
    let more = true;
    while (after.next()) {
      more &&= before.next();
      if (more) mergeValue(writer, name, before.raw(), after.raw(), view, level + 1);
      else writer.raw(name, after.raw());
    }
    writer.end();
  } else writer.raw(name, view.equal(stored, incoming) ? stored : incoming);
}
