// An entity in the JSON of OData v3, as Azure Tables speaks it ("Payload format for Table service operations"): a
// property whose type its JSON value does not tell has a second field, `name@odata.type`. Properties are those of
// `edm-view.ts`. Numbers are read as text, because 1.0 is a Double and 1 an Int32.

import { rawOfJson } from './bson/json-read.ts';
import type { JsonWriter } from './bson/json-write.ts';
import { BsonType } from './bson/types.ts';
import { ElementCursor, textOfRaw } from './bson/walk.ts';
import { edmOf, edmTypes, type EdmProperty, type EdmType, type EdmValue } from './edm-view.ts';
import { badRequest } from './errors.ts';

const typeSuffix = '@odata.type';

/** A number without a type: an Int32 when it is written as one and fits, else the nearest double. */
function bareNumber(text: string): EdmValue {
  const value = Number(text);
  if (!/^-?\d+$/.test(text)) return { type: 'Edm.Double', value: text };
  if (value === (value | 0)) return { type: 'Edm.Int32', value: String(value | 0) };
  return { type: 'Edm.Double', value: text };
}

/** The properties of an entity in OData's JSON; nulls are no properties. Throws BadRequest for what Edm cannot hold. */
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

/** Appends a property to an open JSON object, with its type (`annotated`) where the JSON value does not tell it. */
export function writeEdmJson(writer: JsonWriter, property: EdmProperty, annotated: boolean): void {
  const { type, value } = property;
  const isFinite = type === 'Edm.Double' && /\d/.test(value);
  const isPlain = isFinite || type === 'Edm.Boolean' || type === 'Edm.Int32';
  if (annotated && !isPlain && type !== 'Edm.String')
    writer.string(`${property.name}${typeSuffix}`).text(`:"${type}",`);
  writer.string(property.name).text(':');
  if (isPlain) writer.text(value);
  else writer.string(value);
}
