// An entity in the JSON of OData v3, as Azure Tables speaks it ("Payload format for Table service operations"): a
// property whose type its JSON value does not tell has a second field, `name@odata.type`. Properties are those of
// `edm-view.ts`. Numbers are read as text, because 1.0 is a Double and 1 an Int32.

import { rawOfJson } from './bson/json-read.ts';
import { doubleText, type JsonWriter } from './bson/json-write.ts';
import { BsonType } from './bson/types.ts';
import { ElementCursor, nameOf, textOfRaw } from './bson/walk.ts';
import { readFloat64, readInt32 } from './bytes.ts';
import { edmOf, edmSystemNames, edmTypes, type EdmProperty, type EdmType, type EdmValue } from './edm-view.ts';
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

/** The same for the field at which a cursor stands, from its bytes. */
export function writeEdmField(writer: JsonWriter, field: ElementCursor, annotated: boolean): void {
  const { bytes, type, nameStart, nameEnd, valueStart, valueEnd } = field;
  switch (type) {
    case BsonType.string:
      writer.stringOf(bytes, nameStart, nameEnd).text(':');
      writer.stringOf(bytes, valueStart + 4, valueEnd - 1);
      return;
    case BsonType.boolean:
      writer.stringOf(bytes, nameStart, nameEnd).text(bytes[valueStart] === 1 ? ':true' : ':false');
      return;
    case BsonType.int32:
      writer
        .stringOf(bytes, nameStart, nameEnd)
        .text(':')
        .text(String(readInt32(bytes, valueStart)));
      return;
    case BsonType.double: {
      const value = readFloat64(bytes, valueStart);
      if (!Number.isFinite(value)) break;
      writer.stringOf(bytes, nameStart, nameEnd).text(':').text(doubleText(value));
      return;
    }
    default:
  }
  const edm = edmOf(field.raw());
  const isPlain = edm.type === 'Edm.Int32' || (edm.type === 'Edm.Double' && /\d/.test(edm.value));
  if (annotated && !isPlain && edm.type !== 'Edm.String')
    writer.stringOf(bytes, nameStart, nameEnd, typeSuffix).text(`:"${edm.type}",`);
  writer.stringOf(bytes, nameStart, nameEnd).text(':');
  if (isPlain) writer.text(edm.value);
  else writer.string(edm.value);
}

const at = 0x40;
const protocolPrefix = nameOf('odata.');

/** Whether the field at which a cursor stands is a property of an entity; the three system ones are not. */
export function isEdmField(field: ElementCursor): boolean {
  const { bytes, type, nameStart, nameEnd } = field;
  if (type === BsonType.null || type === BsonType.undefined) return false;
  for (let i = nameStart; i < nameEnd; i++) if (bytes[i] === at) return false;
  const first = bytes[nameStart];
  if (first === 0x6f) return !beginsWith(bytes, nameStart, nameEnd, protocolPrefix);
  if (first === 0x50 || first === 0x52 || first === 0x54) return !systemNames.some((name) => field.nameIs(name));
  return true;
}

const systemNames = edmSystemNames.map((name) => nameOf(name));

function beginsWith(bytes: Uint8Array, start: number, end: number, prefix: Uint8Array): boolean {
  if (end - start < prefix.length) return false;
  for (let i = 0; i < prefix.length; i++) if (bytes[start + i] !== prefix[i]) return false;
  return true;
}
