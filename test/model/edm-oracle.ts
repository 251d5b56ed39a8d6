// Entities as lists of properties, read in the plainest way: what tests hold the table door's readers and writers
// against, which go over bytes (`edm-read.ts`, `edm-json.ts`), and from which tests make stored bodies.

import { rawOfJson } from '../../model/bson/json-read.ts';
import { BsonType } from '../../model/bson/types.ts';
import { ElementCursor, textOfRaw } from '../../model/bson/walk.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import { appendEdm, edmOf, edmSystemNames, edmTypes, type EdmType, type EdmValue } from '../../model/edm-view.ts';
import { badRequest } from '../../model/errors.ts';

export interface EdmProperty extends EdmValue {
  readonly name: string;
  /** A JSON number that came without a type: a client that holds 1.0 as 1 still means the stored double. */
  readonly isBare?: boolean | undefined;
}

const typeSuffix = '@odata.type';

/** The properties of an item, in its order. Of a name that stands twice the first is seen. */
export function edmPropertiesOf(body: Uint8Array): EdmProperty[] {
  const found = new Map<string, EdmProperty>();
  const cursor = new ElementCursor(body);
  while (cursor.next()) {
    const name = cursor.name();
    if (cursor.type === BsonType.null || cursor.type === BsonType.undefined || found.has(name)) continue;
    if (edmSystemNames.includes(name) || name.includes('@') || name.startsWith('odata.')) continue;
    found.set(name, { name, ...edmOf(cursor.raw()) });
  }
  return [...found.values()];
}

/** The body that stores these properties. System properties are the caller's to add. */
export function bodyOfEdm(properties: readonly EdmProperty[]): Uint8Array {
  const writer = new BsonWriter().beginDocument();
  for (const property of properties) appendEdm(writer, property.name, property);
  return writer.end().finish();
}

/** The properties of an entity in OData's JSON, keys and `Timestamp` among them; nulls are none. */
export function edmPropertiesOfJson(json: Uint8Array | string): EdmProperty[] {
  const entity = rawOfJson(json, { numbers: 'text' });
  if (entity.type !== BsonType.object) throw badRequest('an entity must be a JSON object');
  const types = new Map<string, string>();
  const properties: EdmProperty[] = [];
  const cursor = new ElementCursor(entity.bytes, entity.start);
  while (cursor.next()) {
    const name = cursor.name();
    if (name.endsWith(typeSuffix) && cursor.type === BsonType.string)
      types.set(name.slice(0, -typeSuffix.length), textOfRaw(cursor.raw()));
  }
  cursor.reset(entity.bytes, entity.start);
  while (cursor.next()) {
    const name = cursor.name();
    if (name.includes('@') || name.startsWith('odata.') || cursor.type === BsonType.null) continue;
    const type = types.get(name);
    if (type !== undefined && !edmTypes.some((known) => known === type))
      throw badRequest('a property has a type that is not known');
    const isNumber = cursor.type === BsonType.symbol;
    if (!isNumber && cursor.type !== BsonType.string && cursor.type !== BsonType.boolean)
      throw badRequest('a property must be a string, a number, a boolean or null');
    const text = cursor.type === BsonType.boolean ? edmOf(cursor.raw()).value : textOfRaw(cursor.raw());
    if (type !== undefined) properties.push({ name, type: type as EdmType, value: text });
    else if (isNumber) properties.push({ name, ...bareNumber(text), isBare: true });
    else properties.push({ name, type: cursor.type === BsonType.string ? 'Edm.String' : 'Edm.Boolean', value: text });
  }
  return properties;
}

/** A number without a type: an Int32 when it is written as one and fits, else the nearest double. */
function bareNumber(text: string): EdmValue {
  const value = Number(text);
  if (/^-?\d+$/.test(text) && value === (value | 0)) return { type: 'Edm.Int32', value: String(value | 0) };
  return { type: 'Edm.Double', value: text };
}
