// The values of a vertex's property in the stored form of data-model.md "Graph": an array of {id, _value, _meta?}, one
// element a value. An array with anything else in it is an ordinary list. Written back as a diff: a value is
// found again by its id, of equal ids in their order, and keeps its bytes where it is equal as GraphSON.

import { BsonType } from './bson/types.ts';
import { ElementCursor, nameOf, type Raw, rawDocument } from './bson/walk.ts';
import { BsonWriter } from './bson/write.ts';
import { compareBytes } from './bytes.ts';
import { badRequest } from './errors.ts';
import { graphsonOf } from './graphson-write.ts';
import { FieldList, mergeFields, mergeValue, type DoorView } from './merge.ts';

export interface MetaProperty {
  readonly key: string;
  readonly value: Raw;
}

export interface GremlinProperty {
  readonly key: string;
  /** Id of the property: stored with each value of a vertex's. An edge's properties have none. */
  readonly id: Raw | undefined;
  readonly value: Raw;
  readonly meta: readonly MetaProperty[];
}

const [idName, valueName, metaName] = [nameOf('id'), nameOf('_value'), nameOf('_meta')];

/** Meta-properties; of a name that stands twice the first is seen. */
export function metaOf(object: Raw | undefined): MetaProperty[] {
  const found = new Map<string, Raw>();
  if (object === undefined) return [];
  const cursor = new ElementCursor(object.bytes, object.start);
  while (cursor.next()) {
    const key = cursor.name();
    if (!found.has(key)) found.set(key, cursor.raw());
  }
  return [...found].map(([key, value]) => ({ key, value }));
}

export interface StoredProperty {
  readonly id: Raw;
  readonly value: Raw;
  readonly meta: Raw | undefined;
  readonly element: Raw;
}

/** One element of a property's array; undefined when it is not of that form exactly. */
export function storedProperty(element: Raw): StoredProperty | undefined {
  if (element.type !== BsonType.object) return undefined;
  let id: Raw | undefined;
  let value: Raw | undefined;
  let meta: Raw | undefined;
  const cursor = new ElementCursor(element.bytes, element.start);
  while (cursor.next()) {
    if (cursor.nameIs(idName) && id === undefined) id = cursor.raw();
    else if (cursor.nameIs(valueName) && value === undefined) value = cursor.raw();
    else if (cursor.nameIs(metaName) && meta === undefined && cursor.type === BsonType.object) meta = cursor.raw();
    else return undefined;
  }
  return id === undefined || value === undefined ? undefined : { id, value, meta, element };
}

/** The values of a vertex's property; undefined when the field is flat. */
export function storedProperties(raw: Raw): StoredProperty[] | undefined {
  if (raw.type !== BsonType.array) return undefined;
  const found: StoredProperty[] = [];
  const cursor = new ElementCursor(raw.bytes, raw.start);
  while (cursor.next()) {
    const property = storedProperty(cursor.raw());
    if (property === undefined) return undefined;
    found.push(property);
  }
  return found.length === 0 ? undefined : found;
}

export function sameBytes(a: Raw, b: Raw): boolean {
  return a.type === b.type && compareBytes(a.bytes, a.start, a.end, b.bytes, b.start, b.end) === 0;
}

/** Values that are one in GraphSON are one to Gremlin. */
export const gremlinView: DoorView = {
  equal: (stored, incoming) => sameBytes(stored, incoming) || graphsonOf(stored) === graphsonOf(incoming),
  order: 'stored',
};

function metaObject(meta: readonly MetaProperty[]): Raw {
  const writer = new BsonWriter().beginDocument();
  for (const { key, value } of meta) writer.raw(key, value);
  return rawDocument(writer.end().finish());
}

/** Appends {id, _value, _meta?}, of which `stored` is what stood there before. */
function appendValue(writer: BsonWriter, property: GremlinProperty, stored: StoredProperty | undefined): void {
  if (property.id === undefined) throw badRequest('a value of a vertex property needs an id');
  writer.beginObject('');
  if (stored === undefined) {
    writer.raw(idName, property.id).raw(valueName, property.value);
    if (property.meta.length > 0) writer.raw(metaName, metaObject(property.meta));
    writer.end();
    return;
  }
  const fields = new FieldList(stored.element);
  for (const field of fields.fields) {
    const name = fields.nameAt(field);
    if (name === 'id') fields.copy(writer, field);
    else if (name === '_value') mergeValue(writer, valueName, field.raw, property.value, gremlinView);
    else if (property.meta.length > 0 || metaOf(stored.meta).length === 0) {
      writer.beginObject(metaName);
      mergeFields(writer, new FieldList(field.raw), new FieldList(metaObject(property.meta)), gremlinView);
      writer.end();
    }
  }
  if (stored.meta === undefined && property.meta.length > 0) writer.raw(metaName, metaObject(property.meta));
  writer.end();
}

/** Appends the values of one key as an array, each over the stored one of its id; of equal ids in their order. */
export function appendValues(
  writer: BsonWriter,
  name: Uint8Array,
  properties: readonly GremlinProperty[],
  stored: readonly StoredProperty[],
): void {
  const byId = new Map<string, StoredProperty[]>();
  // Last ones first, so that the next one is popped.
  for (const one of stored.toReversed()) {
    const id = graphsonOf(one.id);
    const same = byId.get(id);
    if (same === undefined) byId.set(id, [one]);
    else same.push(one);
  }
  writer.beginArray(name);
  for (const property of properties)
    appendValue(writer, property, property.id && byId.get(graphsonOf(property.id))?.pop());
  writer.end();
}
