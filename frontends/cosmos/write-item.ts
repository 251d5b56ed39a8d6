// Create, replace and upsert: the same request but for the rule core applies.

import { defaultTtlOf, ttlOf } from '../../core/expiry.ts';
import { idField } from '../../core/identify.ts';
import { jsonOfValue } from '../../model/bson/json-write.ts';
import { isBinaryJson } from '../../model/cosmos-binary/read.ts';
import { BsonType } from '../../model/bson/types.ts';
import { ElementCursor, fieldOf, nameOf, rawDocument } from '../../model/bson/walk.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import { badRequest, DatabaseError } from '../../model/errors.ts';
import { partitionKeyRoots } from '../../model/partition-key.ts';
import { isUnpartitioned, type ContainerRecord } from '../../model/resource.ts';
import { documentOfBody } from './body.ts';
import { conditionOf, containerOf, keyOf, touch, wantsContent, type Call } from './call.ts';
import { jsonOfItem, type Answer } from './encode.ts';
import { itemIdOf } from './item-id.ts';
import { triggersOf, writeWithTriggers } from './triggers.ts';

/** Bytes of an item as JSON text. */
export const itemJsonBytesMax = 2 * 1024 * 1024;

/** Bytes of an item's id. */
export const idBytesMax = 1023;

const systemNames = ['_rid', '_self', '_etag', '_attachments', '_ts'].map((name) => nameOf(name));

export async function writeItem(call: Call, kind: 'create-item' | 'replace-item' | 'upsert-item'): Promise<Answer> {
  const { request, engine, context } = call;
  const container = containerOf(call);
  const partitionKey = keyOf(call, container);
  const partition = touch(call, container, partitionKey);
  const id = kind === 'replace-item' ? itemIdOf(call, container, partition) : undefined;
  const triggers = triggersOf(call, container, kind);
  if (triggers !== undefined) return writeWithTriggers(call, container, partition, partitionKey, kind, id, triggers);
  const body = itemIn(container, request.body);
  const { item, change, charge } = await engine.execute(
    {
      kind: 'write-item',
      database: container.database,
      container: container.id,
      write: { kind, body, view: 'sql', partitionKey, id, renames: true, condition: conditionOf(request) },
    },
    context,
  );
  return {
    status: change === 'created' ? 201 : 200,
    body: wantsContent(request) ? jsonOfItem(container, item) : undefined,
    etag: item.time,
    charge,
    place: { engine, container, partition },
  };
}

const rootsOf = new WeakMap<ContainerRecord, readonly string[]>();

function uniqueNamesOf(container: ContainerRecord): readonly string[] {
  let names = rootsOf.get(container);
  if (names === undefined) {
    names = [
      'id',
      idField[container.profile],
      ...(isUnpartitioned(container) ? [] : partitionKeyRoots(container.partitionKey)),
    ];
    rootsOf.set(container, names);
  }
  return names;
}

/** An item as a client sent it, as text or binary JSON, without the properties that only the server sets. */
export function itemIn(container: ContainerRecord, json: Uint8Array): Uint8Array {
  if (json.length > itemJsonBytesMax) throw tooLargeItem();
  const document = documentOfBody(json, { uniqueNames: uniqueNamesOf(container) });
  // Binary forms can be much shorter than the text they stand for.
  if (isBinaryJson(json) && document.length > itemJsonBytesMax / 2) {
    if (Buffer.byteLength(jsonOfValue(rawDocument(document))) > itemJsonBytesMax) throw tooLargeItem();
  }
  return checkedItem(container, document);
}

export function tooLargeItem(): DatabaseError {
  return new DatabaseError('TooLarge', `an item has at most ${itemJsonBytesMax} bytes of JSON`, { argument: 'body' });
}

export function checkedItem(container: ContainerRecord, document: Uint8Array): Uint8Array {
  // An entity's id is its row key: it may be given as that, and be empty.
  const isEntity = container.profile === 'table';
  const id = fieldOf(document, 'id') ?? (isEntity ? fieldOf(document, 'RowKey') : undefined);
  if (id === undefined || id.type !== BsonType.string || (id.end - id.start === 5 && !isEntity))
    throw badRequest("The input content is invalid because the required properties - 'id; ' - are missing", 'id');
  if (id.end - id.start - 5 > idBytesMax)
    throw badRequest(
      `The input id is invalid. Ensure to provide a unique non-empty string less than '${idBytesMax + 1}' characters.`,
      'id',
    );
  if (defaultTtlOf(container) !== undefined) checkTtl(document);
  return withoutSystemProperties(document);
}

/** Where items expire, a time to live that says nothing is a mistake; elsewhere `ttl` is a name like any other. */
export function checkTtl(document: Uint8Array): void {
  const raw = fieldOf(document, 'ttl');
  if (raw !== undefined && ttlOf(document) === 0)
    throw badRequest('The input ttl is invalid. Ensure to provide a nonzero positive integer, or -1.', 'ttl');
}

function withoutSystemProperties(document: Uint8Array): Uint8Array {
  const cursor = new ElementCursor(document);
  let found = false;
  while (!found && cursor.next()) found = isSystemName(cursor);
  if (!found) return document;
  const writer = new BsonWriter(document.length).beginDocument();
  cursor.reset(document, 0);
  while (cursor.next()) {
    if (isSystemName(cursor)) continue;
    writer.copy(
      cursor.bytes.subarray(cursor.nameStart, cursor.nameEnd),
      cursor.type,
      cursor.bytes,
      cursor.valueStart,
      cursor.valueEnd,
    );
  }
  return writer.end().finish();
}

function isSystemName(cursor: ElementCursor): boolean {
  if (cursor.bytes[cursor.nameStart] !== 0x5f) return false;
  return systemNames.some((name) => cursor.nameIs(name));
}
