// An entity in the JSON of OData v3, as Azure Tables speaks it ("Payload format for Table service operations"): a
// property whose type its JSON value does not tell has a second field, `name@odata.type`. Properties are those of
// `edm-view.ts`; `edm-read.ts` goes the other way.

import { doubleText, type JsonWriter } from './bson/json-write.ts';
import { BsonType } from './bson/types.ts';
import { type ElementCursor, nameOf } from './bson/walk.ts';
import { readFloat64, readInt32 } from './bytes.ts';
import { edmOf, edmSystemNames } from './edm-view.ts';

const typeSuffix = '@odata.type';

/**
 * Appends the field at which a cursor stands to an open JSON object, with its type (`annotated`) where the JSON value
 * does not tell it.
 */
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
