// What a permission of a user says: one resource, reading it or everything with it, and where it is given only one
// partition key (docs: "Permissions" of the REST reference). Read from the body that the catalog keeps.

import { createHash } from 'node:crypto';
import type { Engine } from '../../core/engine.ts';
import { jsonOfValue } from '../../model/bson/json-write.ts';
import { BsonType } from '../../model/bson/types.ts';
import { fieldOf, textOfRaw } from '../../model/bson/walk.ts';
import { badRequest } from '../../model/errors.ts';
import type { PartitionKeyValue } from '../../model/operation.ts';
import { parsePartitionKeyHeader } from '../../model/partition-key.ts';
import { parseResourceId } from '../../model/resource-id.ts';
import type { ContainerRecord, ResourceRecord } from '../../model/resource.ts';
import { containerAt } from './call.ts';

export const permissionModes = ['Read', 'All'] as const;
export type PermissionMode = (typeof permissionModes)[number];

/** Kinds of resources within a container that a permission may be for, by path segment. */
const childSegments: ReadonlySet<string> = new Set(['docs', 'sprocs', 'triggers', 'udfs']);

/** The resource of a permission, by names or by ids as it was given. */
export interface ResourceLink {
  readonly database: string;
  readonly container: string;
  readonly child?: { readonly segment: string; readonly id: string } | undefined;
}

export interface Permission {
  readonly mode: PermissionMode;
  readonly link: ResourceLink;
  /** As the header of a request says a key. */
  readonly partitionKey: string | undefined;
  /** Changes with any of these: tokens carry it. */
  readonly digest: string;
}

/** Characters of a link: two names and an item's id. */
const linkCharactersMax = 2048;

/** Parts of `dbs/{database}/colls/{container}[/docs/{item}]`. Throws BadRequest. */
export function parseLink(text: string): ResourceLink {
  const parts = text.replace(/^\/+|\/+$/g, '').split('/');
  const [dbs, database, colls, container, segment, ...rest] = parts;
  const id = rest.join('/');
  const isChild = segment !== undefined;
  if (
    text.length > linkCharactersMax ||
    dbs !== 'dbs' ||
    colls !== 'colls' ||
    !database ||
    !container ||
    (isChild && (!childSegments.has(segment) || id === ''))
  )
    throw badRequest(
      'must be the link of a container, or of an item, stored procedure, trigger or function in one',
      'resource',
    );
  return { database, container, child: isChild ? { segment, id } : undefined };
}

const read = new WeakMap<ResourceRecord, Permission>();

/** The permission that a record holds. Throws BadRequest for a body that is none. */
export function permissionOf(record: ResourceRecord): Permission {
  let permission = read.get(record);
  if (permission === undefined) read.set(record, (permission = permissionIn(record.body)));
  return permission;
}

export function permissionIn(body: Uint8Array): Permission {
  const mode = textIn(body, 'permissionMode');
  const known = permissionModes.find((one) => one.toLowerCase() === mode?.toLowerCase());
  if (known === undefined) throw badRequest("must be 'Read' or 'All'", 'permissionMode');
  const resource = textIn(body, 'resource');
  if (resource === undefined) throw badRequest('must be the link of a resource', 'resource');
  const raw = fieldOf(body, 'resourcePartitionKey');
  let partitionKey: string | undefined;
  if (raw !== undefined && raw.type !== BsonType.null) {
    if (raw.type !== BsonType.array) throw badRequest('must be an array of key values', 'resourcePartitionKey');
    partitionKey = jsonOfValue(raw);
    parsePartitionKeyHeader(partitionKey);
  }
  const digest = createHash('sha256')
    .update(JSON.stringify([known, resource, partitionKey ?? null]))
    .digest()
    .subarray(0, 16)
    .toString('base64url');
  return { mode: known, link: parseLink(resource), partitionKey, digest };
}

function textIn(body: Uint8Array, name: string): string | undefined {
  const raw = fieldOf(body, name);
  return raw?.type === BsonType.string ? textOfRaw(raw) : undefined;
}

/** The container of a link, if it exists now. Clients may have encoded its names. */
export function containerOfLink(engine: Engine, { database, container }: ResourceLink): ContainerRecord | undefined {
  const found = containerAt(engine, database, container);
  if (found !== undefined || !(database + container).includes('%')) return found;
  try {
    return containerAt(engine, decodeURIComponent(database), decodeURIComponent(container));
  } catch {
    return undefined;
  }
}

/**
 * Whether two texts name one item of a container: `named` within an address whose container is given as
 * `containerText`, where only one given by `_rid` can give its item so.
 */
export function isSameItem(
  engine: Engine,
  container: ContainerRecord,
  one: { readonly containerText: string; readonly id: string },
  other: { readonly containerText: string; readonly id: string },
): boolean {
  const first = itemIdAt(engine, container, one.containerText, one.id);
  return first !== undefined && first === itemIdAt(engine, container, other.containerText, other.id);
}

function itemIdAt(engine: Engine, container: ContainerRecord, containerText: string, text: string): string | undefined {
  if (containerText === container.id) return text;
  const rid = parseResourceId(text);
  if (rid?.kind !== 'item' || rid.container !== container.number) return text;
  const record = container.partitions.find(({ range }) => range === rid.partition);
  return record && (engine.state.partition(record.partition)?.findCreated(rid.number)?.id ?? text);
}

/** Whether a key is the one of a permission, or within it where that is a prefix. */
export function isWithinKey(permitted: PartitionKeyValue, key: PartitionKeyValue): boolean {
  return key.length >= permitted.length && permitted.every((part, level) => Object.is(part, key[level]));
}
