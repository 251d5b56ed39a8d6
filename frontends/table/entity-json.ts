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
  json.text('{');
  if (form.level !== 'nometadata') {
    json.text('"odata.metadata":').string(`${contextOf(form)}/@Element${selectPart(form.select)}`);
    writeEntity(item, form, false);
  } else writeEntity(item, form, true);
  return json.text('}').finish();
}

/** A page of entities. */
export function jsonOfEntities(items: readonly Item[], form: EntityForm): Buffer {
  json.clear();
  json.text('{');
  if (form.level !== 'nometadata')
    json
      .text('"odata.metadata":')
      .string(`${contextOf(form)}${selectPart(form.select)}`)
      .text(',');
  json.text('"value":[');
  for (let i = 0; i < items.length; i++) {
    json.text(i === 0 ? '{' : ',{');
    writeEntity(items[i]!, form, true);
    json.text('}');
  }
  return json.text(']}').finish();
}

function contextOf({ serviceRoot, table }: EntityForm): string {
  return `${serviceRoot}/$metadata#${table}`;
}

function selectPart(select: readonly string[] | undefined): string {
  return select === undefined ? '' : `&$select=${select.map((name) => encodeURIComponent(name)).join(',')}`;
}

/** Appends the fields of an entity, without braces. `isFirst`: nothing stands before them. */
function writeEntity(item: Item, form: EntityForm, isFirst: boolean): void {
  const { level, select } = form;
  const partitionKey = partitionKeyOf(item.body);
  let comma = isFirst ? '' : ',';
  if (level === 'fullmetadata') {
    const address = entityAddress(form.table, partitionKey, item.id);
    json.text(comma).text('"odata.type":').string(`${form.accountName}.${form.table}`);
    json.text(',"odata.id":').string(`${form.serviceRoot}/${address}`).text(',');
    writeEtag(item);
    json.text(',"odata.editLink":').string(address);
    comma = ',';
  } else if (level === 'minimalmetadata') {
    json.text(comma);
    writeEtag(item);
    comma = ',';
  }
  if (select !== undefined) {
    for (const name of select) {
      json.text(comma);
      writeSelected(item, partitionKey, name, level);
      comma = ',';
    }
    return;
  }
  json.text(comma).text('"PartitionKey":').string(partitionKey);
  json.text(',"RowKey":').string(item.id).text(',');
  writeTimestamp(item, level);
  writeProperties(item.body, level !== 'nometadata');
}

function writeEtag({ time }: Item): void {
  json.text(`"odata.etag":"W/\\"`).text(etagOf(time).slice(3, -1)).text('\\""');
}

function writeTimestamp({ time }: Item, level: Level): void {
  if (level === 'fullmetadata') json.text('"Timestamp@odata.type":"Edm.DateTime",');
  json.text('"Timestamp":"').text(timestampOf(time)).text('"');
}

function writeProperties(body: Uint8Array, annotated: boolean): void {
  cursor.reset(body, 0);
  let count = 0;
  let names: Set<string> | undefined;
  let low = 0;
  let high = 0;
  while (cursor.next()) {
    if (!isEdmField(cursor)) continue;
    // Of a name that stands twice, which other doors allow, the first is seen. Names are told apart by one of 64 bits
    // first: a name whose bit is new is new.
    const { bytes, nameStart, nameEnd } = cursor;
    const bucket = 5 * (nameEnd - nameStart) + 3 * bytes[nameStart]! + bytes[nameEnd - 1]!;
    const bit = 1 << (bucket & 31);
    const isHigh = (bucket & 32) !== 0;
    const mayStandTwice = ((isHigh ? high : low) & bit) !== 0;
    if (isHigh) high |= bit;
    else low |= bit;
    count++;
    if (names !== undefined || (mayStandTwice && count > listedNamesMax)) {
      names ??= namesBefore(body, nameStart);
      const name = cursor.name();
      if (names.has(name)) continue;
      names.add(name);
    } else if (mayStandTwice && findField(body, 0, bytes.subarray(nameStart, nameEnd))!.start !== cursor.valueStart)
      continue;
    json.text(',');
    writeEdmField(json, cursor, annotated);
  }
}

function namesBefore(body: Uint8Array, end: number): Set<string> {
  const names = new Set<string>();
  const other = new ElementCursor(body);
  while (other.next() && other.nameStart < end) names.add(other.name());
  return names;
}

function writeSelected(item: Item, partitionKey: string, name: string, level: Level): void {
  if (name === 'PartitionKey') json.text('"PartitionKey":').string(partitionKey);
  else if (name === 'RowKey') json.text('"RowKey":').string(item.id);
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
