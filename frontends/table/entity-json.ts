// An entity as its readers see it: from the bytes of an item straight to JSON, with as much around the data as the
// level asks for. Source: "Payload format for Table service operations" (Azure Storage REST reference), OData v3
// "JSON light". A point read and a page are mostly this file.
//
// Order: metadata, PartitionKey, RowKey, Timestamp, properties as they are stored; with `$select` its own order, null
// for what the entity lacks, and the keys only when they are named.

import { JsonWriter } from '../../model/bson/json-write.ts';
import { BsonType } from '../../model/bson/types.ts';
import { ElementCursor, findField, nameOf, textOfRaw } from '../../model/bson/walk.ts';
import { isEdmField, writeEdmField } from '../../model/edm-json.ts';
import type { Item } from '../../model/operation.ts';
import { entityAddress } from './entity-address.ts';
import type { Level } from './format.ts';
import { etagOf, timestampOf } from './stamp.ts';

export interface EntityForm {
  readonly level: Level;
  readonly serviceRoot: string;
  readonly accountName: string;
  /** In the letters it was made with. */
  readonly table: string;
  /** Undefined: every property. */
  readonly select: readonly string[] | undefined;
}

const partitionKeyName = nameOf('PartitionKey');

/** Reused: writing is synchronous. */
const json = new JsonWriter('sql', 4096);
const cursor = new ElementCursor(new Uint8Array([5, 0, 0, 0, 0]));

/** Names of an item that are compared one by one; above it a Set takes over. */
const listedNamesMax = 16;

export function partitionKeyOf(body: Uint8Array): string {
  const raw = findField(body, 0, partitionKeyName);
  return raw === undefined || raw.type !== BsonType.string ? '' : textOfRaw(raw);
}

/** One entity as the whole answer. */
export function jsonOfEntity(item: Item, form: EntityForm): Buffer {
  json.clear();
  if (form.level === 'nometadata') json.text('{');
  else json.bytes(openingOf(form, '/@Element', ','));
  writeEntity(item, form);
  return json.text('}').finish();
}

/** A page of entities. */
export function jsonOfEntities(items: readonly Item[], form: EntityForm): Buffer {
  json.clear();
  if (form.level === 'nometadata') json.text('{"value":[');
  else json.bytes(openingOf(form, '', ',"value":['));
  for (let i = 0; i < items.length; i++) {
    json.text(i === 0 ? '{' : ',{');
    writeEntity(items[i]!, form);
    json.text('}');
  }
  return json.text(']}').finish();
}

// Most reads of a client are of one table and one kind: what stands before the data is kept.
let lastContext = '';
let lastOpening: Uint8Array = Buffer.from('');

/** `{"odata.metadata":"…"` and what follows it. */
function openingOf(form: EntityForm, element: string, end: string): Uint8Array {
  const context = `${contextOf(form)}${element}${selectPart(form.select)}${end}`;
  if (context !== lastContext) {
    lastOpening = Buffer.from(`{"odata.metadata":${JSON.stringify(context.slice(0, -end.length))}${end}`);
    lastContext = context;
  }
  return lastOpening;
}

function contextOf({ serviceRoot, table }: EntityForm): string {
  return `${serviceRoot}/$metadata#${table}`;
}

function selectPart(select: readonly string[] | undefined): string {
  return select === undefined ? '' : `&$select=${select.map((name) => encodeURIComponent(name)).join(',')}`;
}

/** Appends the fields of an entity, without braces. */
function writeEntity(item: Item, form: EntityForm): void {
  const { level, select } = form;
  const { body } = item;
  if (level === 'fullmetadata') {
    const address = entityAddress(form.table, partitionKeyOf(body), item.id);
    json.text('"odata.type":').string(`${form.accountName}.${form.table}`);
    json.text(',"odata.id":').string(`${form.serviceRoot}/${address}`).text(',');
    writeEtag(item);
    json.text(',"odata.editLink":').string(address).text(',');
  } else if (level === 'minimalmetadata') {
    writeEtag(item);
    json.text(',');
  }
  if (select !== undefined) {
    for (let i = 0; i < select.length; i++) {
      if (i > 0) json.text(',');
      writeSelected(item, select[i]!, level);
    }
    return;
  }
  json.text('"PartitionKey":');
  writePartitionKey(body);
  json
    .text(',"RowKey":')
    .string(item.id)
    .text(level === 'fullmetadata' ? ',' : ',"Timestamp":"');
  if (level === 'fullmetadata') json.text('"Timestamp@odata.type":"Edm.DateTime","Timestamp":"');
  json.text(timestampOf(item.time)).text('"');
  writeProperties(body, level !== 'nometadata');
}

function writeEtag({ time }: Item): void {
  // In JSON, the quotes inside the quotes of the ETag are escaped.
  json.text('"odata.etag":"W/\\"').text(etagOf(time).slice(3, -1)).text('\\""');
}

function writePartitionKey(body: Uint8Array): void {
  const raw = findField(body, 0, partitionKeyName);
  if (raw === undefined || raw.type !== BsonType.string) json.text('""');
  else json.stringOf(body, raw.start + 4, raw.end - 1);
}

function writeTimestamp({ time }: Item, level: Level): void {
  if (level === 'fullmetadata') json.text('"Timestamp@odata.type":"Edm.DateTime",');
  json.text('"Timestamp":"').text(timestampOf(time)).text('"');
}

function writeProperties(body: Uint8Array, annotated: boolean): void {
  cursor.reset(body, 0);
  let count = 0;
  let signatures = 0;
  let names: Set<string> | undefined;
  while (cursor.next()) {
    if (!isEdmField(cursor)) continue;
    // Of a name that stands twice, which other doors allow, the first is seen.
    if (++count <= listedNamesMax) {
      const { bytes, nameStart, nameEnd } = cursor;
      const bit = 1 << (bytes[nameStart]! + 5 * bytes[nameEnd - 1]! + 3 * (nameEnd - nameStart));
      if ((signatures & bit) !== 0 && isRepeated(body)) continue;
      signatures |= bit;
    } else {
      names ??= namesBefore(body, cursor.nameStart);
      const name = cursor.name();
      if (names.has(name)) continue;
      names.add(name);
    }
    json.text(',');
    writeEdmField(json, cursor, annotated);
  }
}

function isRepeated(body: Uint8Array): boolean {
  const name = cursor.bytes.subarray(cursor.nameStart, cursor.nameEnd);
  return findField(body, 0, name)!.start !== cursor.valueStart;
}

function namesBefore(body: Uint8Array, end: number): Set<string> {
  const names = new Set<string>();
  const other = new ElementCursor(body);
  while (other.next() && other.nameStart < end) names.add(other.name());
  return names;
}

function writeSelected(item: Item, name: string, level: Level): void {
  if (name === 'PartitionKey') {
    json.text('"PartitionKey":');
    writePartitionKey(item.body);
  } else if (name === 'RowKey') json.text('"RowKey":').string(item.id);
  else if (name === 'Timestamp') writeTimestamp(item, level);
  else {
    const wanted = nameOf(name);
    cursor.reset(item.body, 0);
    while (cursor.next())
      if (cursor.nameIs(wanted)) {
        if (!isEdmField(cursor)) break;
        writeEdmField(json, cursor, level !== 'nometadata');
        return;
      }
    json.string(name).text(':null');
  }
}
