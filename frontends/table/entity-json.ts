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
import { etagJsonOf, timestampOf } from './stamp.ts';

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
  json.text('"odata.etag":').text(etagJsonOf(time));
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

/** Each name stands once: what a table can hold is looked at before it is stored (`model/edm-rules.ts`). */
function writeProperties(body: Uint8Array, annotated: boolean): void {
  cursor.reset(body, 0);
  while (cursor.next()) {
    if (!isEdmField(cursor)) continue;
    json.text(',');
    writeEdmField(json, cursor, annotated);
  }
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
