// An entity as its readers see it: from the bytes of an item straight to JSON, with as much around the data as the
// level asks for. Source: "Payload format for Table service operations" (Azure Storage REST reference), OData v3
// "JSON light". A point read and a page are mostly this file.
//
// Order: metadata, PartitionKey, RowKey, Timestamp, properties as they are stored; with `$select` its own order, null
// for what the entity lacks, and the keys only when they are named.

import { BytesCache } from '../../core/bytes-cache.ts';
import type { Engine } from '../../core/engine.ts';
import { JsonWriter } from '../../model/bson/json-write.ts';
import { BsonType } from '../../model/bson/types.ts';
import { ElementCursor, findField, nameOf, textOfRaw } from '../../model/bson/walk.ts';
import { isEdmField, writeEdmField } from '../../model/edm-json.ts';
import type { Item } from '../../model/operation.ts';
import { entityAddress } from './entity-address.ts';
import type { Level } from './format.ts';
import { etagJsonOf, timestampOf } from './stamp.ts';

export interface EntityForm {
  /** Of the items, whose JSON is remembered by their place in its log. Absent: it will not be read soon. */
  readonly engine?: Engine | undefined;
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
  const row = rowOf(item, form, hotOf(form));
  if (form.level === 'nometadata') return row;
  // Its opening takes the place of the brace.
  const opening = openingOf(form, '/@Element', ',');
  const text = Buffer.allocUnsafe(opening.length + row.length - 1);
  text.set(row, opening.length - 1);
  text.set(opening);
  return text;
}

/** A page of entities. */
export function jsonOfEntities(items: readonly Item[], form: EntityForm): Buffer {
  const opening = form.level === 'nometadata' ? bareOpening : openingOf(form, '', ',"value":[');
  const hot = hotOf(form);
  const rows: Buffer[] = [];
  let bytes = opening.length + 2 + Math.max(0, items.length - 1);
  for (const item of items) {
    const row = rowOf(item, form, hot);
    bytes += row.length;
    rows.push(row);
  }
  const text = Buffer.allocUnsafe(bytes);
  text.set(opening);
  let end = opening.length;
  for (const row of rows) {
    if (end > opening.length) text[end++] = comma;
    text.set(row, end);
    end += row.length;
  }
  text[end] = bracketClosed;
  text[end + 1] = braceClosed;
  return text;
}

const comma = 0x2c;
const bracketClosed = 0x5d;
const braceClosed = 0x7d;
const bareOpening = Buffer.from('{"value":[');

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

/** Bytes of JSON kept per engine, so that an entity read again is not written again. */
const hotBytesMax = 16 * 1024 * 1024;
const hotEntities = new WeakMap<Engine, BytesCache>();

/** Undefined for forms that say more than the item does. */
function hotOf({ engine, level, select }: EntityForm): BytesCache | undefined {
  if (engine === undefined || level === 'fullmetadata' || select !== undefined) return undefined;
  let hot = hotEntities.get(engine);
  if (hot === undefined) hotEntities.set(engine, (hot = new BytesCache(hotBytesMax)));
  return hot;
}

/** An entity, with braces. What depends on the item alone is remembered by its version; nobody may change it. */
function rowOf(item: Item, form: EntityForm, hot: BytesCache | undefined): Buffer {
  const { sequence } = item;
  if (hot === undefined || sequence === undefined) return writtenRow(item, form);
  const number = sequence * 2 + (form.level === 'nometadata' ? 1 : 0);
  let row = hot.get(number) as Buffer | undefined;
  if (row === undefined) hot.put(number, (row = writtenRow(item, form)));
  return row;
}

function writtenRow(item: Item, form: EntityForm): Buffer {
  json.clear();
  json.text('{');
  writeFields(item, form);
  return json.text('}').finish();
}

/** Appends the fields of an entity, without braces. */
function writeFields(item: Item, form: EntityForm): void {
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
