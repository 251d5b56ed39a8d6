// How Azure Tables sees an item, and how it writes one back (data-model.md "Views"; the types of OData v3 that the
// Table service knows). An entity is flat: one property a field, of eight types. `edm-json.ts` has its JSON.
//
//   Edm's own types     stored as BSON's: string, binary 0, boolean, double, binary 4, int32, int64, and times
//                       as `instant.ts` stores them
//   byte, short, float  of Gremlin show as the Edm number that holds them
//   everything else     nested values, ObjectId, Decimal128 …: Edm.String of canonical Extended JSON
//   null                is no property: not shown, and kept until a property of that name is written
//
// A write is a diff (`merge.ts`): a property that comes back as it was shown keeps its bytes, whatever they are; a
// changed one takes its Edm type. Fields that no entity can name (`odata.…`, names with `@`), and the three
// system properties, which the door writes itself, are not shown and stay.

import { base64Of, bytesOfUuid } from './bson/extended-json.ts';
import { doubleText, extendedJson } from './bson/json-write.ts';
import { BinarySubtype, BsonType } from './bson/types.ts';
import { type Raw, rawDocument, textOfRaw } from './bson/walk.ts';
import { BsonWriter } from './bson/write.ts';
import { readFloat64, readInt32, readInt64 } from './bytes.ts';
import { badRequest } from './errors.ts';
import { extendedOf, isBinary, rawBinary } from './extended.ts';
import { uuidText } from './identity.ts';
import { instantOf, instantText, parseInstant, rawOfInstant, utcInstant } from './instant.ts';
import { FieldList, mergeFields, type DoorView, type Field } from './merge.ts';

export const edmTypes = [
  'Edm.String',
  'Edm.Binary',
  'Edm.Boolean',
  'Edm.DateTime',
  'Edm.Double',
  'Edm.Guid',
  'Edm.Int32',
  'Edm.Int64',
] as const;
export type EdmType = (typeof edmTypes)[number];

export interface EdmValue {
  readonly type: EdmType;
  /** As OData writes it: `true`, `1.5`, `NaN`, base64, lower-case GUID, UTC time with up to 7 digits of a second. */
  readonly value: string;
}

/** Named by the door, from identity and header. */
export const edmSystemNames: readonly string[] = ['PartitionKey', 'RowKey', 'Timestamp'];

function isPropertyName(name: string): boolean {
  return !edmSystemNames.includes(name) && !name.includes('@') && !name.startsWith('odata.');
}

function isShown(name: string, type: number): boolean {
  return type !== BsonType.null && type !== BsonType.undefined && isPropertyName(name);
}

/** A stored value as a property shows it. */
export function edmOf(raw: Raw): EdmValue {
  const { bytes, start, end } = raw;
  switch (raw.type) {
    case BsonType.string:
      return { type: 'Edm.String', value: textOfRaw(raw) };
    case BsonType.boolean:
      return { type: 'Edm.Boolean', value: bytes[start] === 1 ? 'true' : 'false' };
    case BsonType.int32:
      return { type: 'Edm.Int32', value: String(readInt32(bytes, start)) };
    case BsonType.int64:
      return { type: 'Edm.Int64', value: readInt64(bytes, start).toString() };
    case BsonType.double:
      return { type: 'Edm.Double', value: doubleText(readFloat64(bytes, start)) };
    case BsonType.binary:
    case BsonType.date:
      if (isBinary(raw, BinarySubtype.generic))
        return { type: 'Edm.Binary', value: Buffer.from(bytes.subarray(start + 5, end)).toString('base64') };
      if (isBinary(raw, BinarySubtype.uuid)) return { type: 'Edm.Guid', value: uuidText(bytes, start + 5) };
      break;
    default:
      return { type: 'Edm.String', value: extendedJson(raw) };
  }
  const instant = instantOf(raw);
  if (instant !== undefined && instant.nanos % 100 === 0)
    return { type: 'Edm.DateTime', value: instantText(utcInstant(instant)) };
  const extended = extendedOf(raw);
  if (extended?.kind === 'byte' || extended?.kind === 'short')
    return { type: 'Edm.Int32', value: String(extended.value) };
  if (extended?.kind === 'float') return { type: 'Edm.Double', value: doubleText(extended.value) };
  return { type: 'Edm.String', value: extendedJson(raw) };
}

/** What a value of an Edm type is stored as, written under `name`. Throws BadRequest when the text is not of the type. */
export function appendEdm(writer: BsonWriter, name: string | Uint8Array, edm: EdmValue): void {
  const text = edm.value;
  const wrong = (): Error => badRequest(`the value of a property is not of the type ${edm.type}`);
  switch (edm.type) {
    case 'Edm.String':
      writer.string(name, text);
      return;
    case 'Edm.Boolean': {
      // As a text it comes in the letters of whichever language the client is written in.
      const word = text.length <= 5 ? text.toLowerCase() : text;
      if (word !== 'true' && word !== 'false') throw wrong();
      writer.boolean(name, word === 'true');
      return;
    }
    case 'Edm.Int32': {
      const value = /^[+-]?\d{1,10}$/.test(text) ? Number(text) : NaN;
      if (value !== (value | 0)) throw wrong();
      writer.int32(name, value);
      return;
    }
    case 'Edm.Int64': {
      const value = /^-?\d{1,19}$/.test(text) ? BigInt(text) : undefined;
      if (value === undefined || BigInt.asIntN(64, value) !== value) throw wrong();
      writer.int64(name, value);
      return;
    }
    case 'Edm.Double': {
      const isNumber = /^(NaN|-?INF|-?Infinity|[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,5})?)$/.test(text);
      const value = Number(text.replace('INF', 'Infinity'));
      if (!isNumber || (/\d/.test(text) && !Number.isFinite(value))) throw wrong();
      writer.double(name, value);
      return;
    }
    case 'Edm.Binary': {
      const bytes = base64Of(text);
      if (bytes === undefined) throw wrong();
      writer.binary(name, BinarySubtype.generic, bytes);
      return;
    }
    case 'Edm.Guid': {
      const bytes = bytesOfUuid(text.toLowerCase());
      if (bytes === undefined) throw wrong();
      writer.raw(name, rawBinary(BinarySubtype.uuid, bytes));
      return;
    }
    case 'Edm.DateTime':
      writer.raw(name, rawOfInstant(utcInstant(parseInstant(text))));
  }
}

function equalInEdm(stored: Raw, incoming: Raw): boolean {
  // A null is not shown, so no property says it.
  if (stored.type === BsonType.null || stored.type === BsonType.undefined) return false;
  const before = edmOf(stored);
  const after = edmOf(incoming);
  return before.type === after.type && before.value === after.value;
}

/**
 * The body to store when a client replaces an item by the properties that lie in another body, names once each, or,
 * with `absent: 'kept'`, merges them into it. System properties among them are dropped: the caller has compared them
 * with the identity. `bare`: names of numbers without a type.
 */
export function mergeEdmBody(
  stored: Uint8Array,
  properties: Uint8Array,
  options: { readonly absent?: 'removed' | 'kept' | undefined; readonly bare?: readonly string[] | undefined } = {},
): Uint8Array {
  const before = new FieldList(rawDocument(stored));
  const incoming = new FieldList(rawDocument(properties));
  const first = new Map<string, Field>();
  for (const field of before.fields) {
    const name = before.nameAt(field);
    if (!first.has(name)) first.set(name, field);
  }
  const bare = new Set(options.bare);
  /** Positions of the bare numbers that say what is stored: `1` means the stored double 1.0. */
  const unchanged = new Set<number>();
  const given = new Set<string>();
  for (const field of incoming.fields) {
    const name = incoming.nameAt(field);
    if (!isPropertyName(name)) field.hidden = true;
    else given.add(name);
    const seen = bare.has(name) ? first.get(name) : undefined;
    if (seen !== undefined && isSameNumber(seen.raw, field.raw)) unchanged.add(field.raw.start);
  }
  for (const field of before.fields) {
    const name = before.nameAt(field);
    const seen = first.get(name)!;
    const isSeen = isShown(name, seen.raw.type) && options.absent !== 'kept';
    field.hidden = !isSeen && !given.has(name);
  }
  const view: DoorView = {
    equal: (ours, theirs) => unchanged.has(theirs.start) || equalInEdm(ours, theirs),
    order: 'stored',
  };
  const writer = new BsonWriter(stored.length + properties.length).beginDocument();
  mergeFields(writer, before, incoming, view);
  return writer.end().finish();
}

function isSameNumber(stored: Raw, incoming: Raw): boolean {
  const shown = edmOf(stored);
  const isNumber = shown.type === 'Edm.Double' || shown.type === 'Edm.Int32';
  return isNumber && Number(shown.value) === Number(edmOf(incoming).value);
}
