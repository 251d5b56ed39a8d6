// An entity in OData's JSON → the body that an item stores ("Payload format for Table service operations", Azure
// Storage REST reference; types are those of `edm-view.ts`). A property whose JSON value does not tell its type has it
// beside it, as `name@odata.type`, before or after. Common entities are read in one pass (`edm-scan.ts`); this file has
// the two passes that read all of them, and say what is wrong.
//
// Invariants: the two keys come first and are strings; what no property can be (nulls, `Timestamp`, names with `@` and
// names of the protocol) is left out; a name that stands twice is refused.

import { rawOfJson } from './bson/json-read.ts';
import { BsonType } from './bson/types.ts';
import { ElementCursor, nameOf, type Raw, textOfRaw } from './bson/walk.ts';
import { BsonWriter } from './bson/write.ts';
import { textOf } from './bytes.ts';
import { scanEntity } from './edm-scan.ts';
import { appendEdm, edmTypes, type EdmType } from './edm-view.ts';
import { badRequest } from './errors.ts';

/** A key as it was sent. */
export interface SentKey {
  /** Undefined: something that is no string. */
  readonly text: string | undefined;
  /** Its annotation. */
  readonly type: string | undefined;
}

export interface EdmEntity {
  /** Undefined: not sent, or null. */
  readonly partitionKey: SentKey | undefined;
  readonly rowKey: SentKey | undefined;
  /** BSON: keys, as far as they are strings, and properties. */
  readonly body: Uint8Array;
  /** Names of numbers that came without a type: a client that holds 1.0 as 1 still means the stored double. */
  readonly bare: readonly string[];
  /** Where it is known without another walk that all names are plain identifiers of less than 128 letters. */
  readonly outline?: EdmOutline | undefined;
}

/** What a check of sizes and names asks of an entity. */
export interface EdmOutline {
  /** Their number, keys left out. */
  readonly properties: number;
  /** Of the earliest time among them, since 1970; Infinity without one. */
  readonly earliestSeconds: number;
}

/** Keys that the address tells take the place of those in the body. */
export interface AddressedKeys {
  readonly partitionKey: string;
  readonly rowKey: string;
}

const typeSuffix = nameOf('@odata.type');
const partitionKeyName = nameOf('PartitionKey');
const rowKeyName = nameOf('RowKey');
const timestampName = nameOf('Timestamp');
const protocolPrefix = nameOf('odata.');

const at = 0x40;

/** One level: an entity holds no objects and no lists. */
const levelsMax = 1;

interface Annotation {
  readonly nameStart: number;
  readonly nameEnd: number;
  readonly type: string;
}

/** Annotations stand in the order of what they annotate, so each search begins where the last one ended. */
class Annotations {
  readonly #list: Annotation[] = [];
  readonly #bytes: Uint8Array;
  #byName: Map<string, string> | undefined;
  #next = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  add(cursor: ElementCursor): void {
    const nameEnd = cursor.nameEnd - typeSuffix.length;
    const { nameStart } = cursor;
    const annotation = { nameStart, nameEnd, type: textOfRaw(cursor.raw()) };
    if (isSame(cursor.bytes, annotation, partitionKeyName, 0, partitionKeyName.length))
      this.partitionKey = annotation.type;
    else if (isSame(cursor.bytes, annotation, rowKeyName, 0, rowKeyName.length)) this.rowKey = annotation.type;
    else this.#list.push(annotation);
  }

  /** Types of the keys, which most clients tell first. */
  partitionKey: string | undefined = undefined;
  rowKey: string | undefined = undefined;

  of({ bytes, nameStart, nameEnd }: ElementCursor): string | undefined {
    if (this.#list.length === 0) return undefined;
    const expected = this.#list[this.#next];
    if (expected !== undefined && isSame(this.#bytes, expected, bytes, nameStart, nameEnd)) {
      this.#next++;
      return expected.type;
    }
    // Most properties have none: only out of order is the whole list looked at.
    this.#byName ??= new Map(this.#list.map((one) => [textOf(this.#bytes, one.nameStart, one.nameEnd), one.type]));
    return this.#byName.get(textOf(bytes, nameStart, nameEnd));
  }
}

function isSame(own: Uint8Array, annotation: Annotation, bytes: Uint8Array, start: number, end: number): boolean {
  const { nameStart } = annotation;
  if (annotation.nameEnd - nameStart !== end - start) return false;
  for (let i = start; i < end; i++) if (bytes[i] !== own[nameStart + i - start]) return false;
  return true;
}

function hasAt({ bytes, nameStart, nameEnd }: ElementCursor): boolean {
  for (let i = nameStart; i < nameEnd; i++) if (bytes[i] === at) return true;
  return false;
}

function startsWith({ bytes, nameStart, nameEnd }: ElementCursor, prefix: Uint8Array): boolean {
  if (nameEnd - nameStart < prefix.length) return false;
  for (let i = 0; i < prefix.length; i++) if (bytes[nameStart + i] !== prefix[i]) return false;
  return true;
}

function isAnnotation({ bytes, type, nameStart, nameEnd }: ElementCursor): boolean {
  const start = nameEnd - typeSuffix.length;
  if (start < nameStart || bytes[start] !== at || type !== BsonType.string) return false;
  for (let i = 1; i < typeSuffix.length; i++) if (bytes[start + i] !== typeSuffix[i]) return false;
  return true;
}

/** Reused: reading is synchronous, and a body is copied out of it. */
const bodyWriter = new BsonWriter(1024);
const noNames: readonly string[] = [];

/** Reads an entity. `ignores` names a property that is dropped. Throws BadRequest for what Edm cannot hold. */
export function entityOfJson(
  json: Uint8Array | string,
  keys?: AddressedKeys,
  options: { readonly ignores?: string | undefined } = {},
): EdmEntity {
  const scanned = typeof json === 'string' ? undefined : scanEntity(json, keys, options.ignores);
  return scanned ?? readEntity(json, keys, options);
}

/** Reads any entity. */
export function readEntity(
  json: Uint8Array | string,
  keys?: AddressedKeys,
  options: { readonly ignores?: string | undefined } = {},
): EdmEntity {
  const entity = rawOfJson(json, { numbers: 'text', levelsMax, allUnique: true });
  if (entity.type !== BsonType.object) throw badRequest('an entity must be a JSON object');
  const annotations = new Annotations(entity.bytes);
  const cursor = new ElementCursor(entity.bytes, entity.start);
  let partitionKey: Raw | undefined;
  let rowKey: Raw | undefined;
  while (cursor.next()) {
    if (isAnnotation(cursor)) annotations.add(cursor);
    else if (cursor.nameIs(partitionKeyName)) partitionKey = cursor.raw();
    else if (cursor.nameIs(rowKeyName)) rowKey = cursor.raw();
  }
  const sent = {
    partitionKey: sentKey(partitionKey, annotations.partitionKey),
    rowKey: sentKey(rowKey, annotations.rowKey),
  };
  const writer = bodyWriter.clear().beginDocument();
  if (keys !== undefined) writer.string(partitionKeyName, keys.partitionKey).string(rowKeyName, keys.rowKey);
  else {
    if (partitionKey?.type === BsonType.string) writer.raw(partitionKeyName, partitionKey);
    if (rowKey?.type === BsonType.string) writer.raw(rowKeyName, rowKey);
  }
  const ignored = options.ignores === undefined ? undefined : nameOf(options.ignores);
  let bare: string[] | undefined;
  cursor.reset(entity.bytes, entity.start);
  while (cursor.next()) {
    if (cursor.type === BsonType.null || hasAt(cursor) || startsWith(cursor, protocolPrefix)) continue;
    if (cursor.nameIs(partitionKeyName) || cursor.nameIs(rowKeyName) || cursor.nameIs(timestampName)) continue;
    if (ignored !== undefined && cursor.nameIs(ignored)) continue;
    const type = annotations.of(cursor);
    if (type === undefined && cursor.type === BsonType.symbol) (bare ??= []).push(cursor.name());
    appendProperty(writer, cursor, type);
  }
  return { ...sent, body: writer.end().finish(), bare: bare ?? noNames };
}

function sentKey(raw: Raw | undefined, type: string | undefined): SentKey | undefined {
  if (raw === undefined || raw.type === BsonType.null) return undefined;
  return { text: raw.type === BsonType.string ? textOfRaw(raw) : undefined, type };
}

/** A value that JSON tells the type of is copied with its name as it lies. */
function appendProperty(writer: BsonWriter, cursor: ElementCursor, type: string | undefined): void {
  const { bytes, nameStart, nameEnd, valueStart, valueEnd } = cursor;
  switch (cursor.type) {
    case BsonType.string:
      if (type === undefined || type === 'Edm.String') {
        writer.span(bytes, nameStart - 1, valueEnd);
        return;
      }
      break;
    case BsonType.boolean:
      if (type === undefined || type === 'Edm.Boolean') {
        writer.span(bytes, nameStart - 1, valueEnd);
        return;
      }
      break;
    case BsonType.symbol:
      if (type === undefined) {
        const name = bytes.subarray(nameStart, nameEnd);
        appendBareNumber(writer, name, textOf(bytes, valueStart + 4, valueEnd - 1));
        return;
      }
      break;
    default:
      throw badRequest('a property must be a string, a number, a boolean or null');
  }
  if (!isEdmType(type)) throw badRequest('a property has a type that is not known');
  const isBoolean = cursor.type === BsonType.boolean;
  const value = !isBoolean ? textOfRaw(cursor.raw()) : bytes[valueStart] === 1 ? 'true' : 'false';
  appendEdm(writer, bytes.subarray(nameStart, nameEnd), { type, value });
}

function isEdmType(type: string | undefined): type is EdmType {
  return edmTypes.some((known) => known === type);
}

/** A number without a type: an Int32 when it is written as one and fits, else the nearest double. */
function appendBareNumber(writer: BsonWriter, name: Uint8Array, text: string): void {
  const value = Number(text);
  if (value === (value | 0) && isInteger(text)) writer.int32(name, value | 0);
  else if (Number.isFinite(value)) writer.double(name, value);
  else throw badRequest('a number is out of range');
}

/** `-0` is one too: there is no negative zero among Int32. */
function isInteger(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if ((unit < 0x30 || unit > 0x39) && (unit !== 0x2d || i > 0)) return false;
  }
  return true;
}
