// One authenticated request on its way through an operation: what it addresses, resolved against the catalog.
// Names and `_rid`s are both accepted wherever an address is; a name that exists wins.

import { badRequest, DatabaseError } from '../../model/errors.ts';
import type { Engine } from '../../core/engine.ts';
import { partitionOf } from '../../core/router.ts';
import { parseEtag } from '../../model/etag.ts';
import type { HybridTime } from '../../model/hybrid-time.ts';
import type { Condition, Context, PartitionKeyValue } from '../../model/operation.ts';
import { parsePartitionKeyHeader } from '../../model/partition-key.ts';
import { parseResourceId } from '../../model/resource-id.ts';
import {
  isUnpartitioned,
  type ContainerRecord,
  type DatabaseRecord,
  type PartitionRecord,
} from '../../model/resource.ts';
import type { Account, Deployment } from '../deployment.ts';
import type { CosmosPrincipal } from './authorize.ts';
import { headerOf, integerOf, type CosmosRequest } from './decode.ts';
import { containerRidMismatch, partitionKeyMismatch } from './errors.ts';
import { linksOfContainer } from './links.ts';

export interface Call {
  readonly request: CosmosRequest;
  readonly principal: CosmosPrincipal;
  readonly deployment: Deployment;
  readonly account: Account;
  readonly engine: Engine;
  readonly context: Context;
}

/** The database that the path names. */
export function databaseOf({ request, engine }: Call): DatabaseRecord {
  const found = databaseAt(engine, request.ids[0]!);
  if (found === undefined)
    throw new DatabaseError('DatabaseNotFound', 'no database with that id', { argument: 'database' });
  return found;
}

/** The database that a part of an address names, by id or `_rid`. */
export function databaseAt({ catalog }: Engine, text: string): DatabaseRecord | undefined {
  const named = catalog.databaseOrNone(text);
  if (named !== undefined) return named;
  const rid = parseResourceId(text);
  return rid === undefined ? undefined : catalog.databaseByNumber(rid.database);
}

/** The container that the path names, if it is the one that the client means by it. */
export function containerOf(call: Call): ContainerRecord {
  const container = containerNamed(call);
  const meant = headerOf(call.request, 'x-ms-cosmos-intended-collection-rid');
  if (meant !== undefined && meant !== linksOfContainer(container).rid)
    throw new DatabaseError('BadRequest', 'the container of that name is another one than the client knows', {
      argument: 'x-ms-cosmos-intended-collection-rid',
      details: { substatus: containerRidMismatch },
    });
  return container;
}

function containerNamed(call: Call): ContainerRecord {
  const { request, engine } = call;
  const found = containerAt(engine, request.ids[0]!, request.ids[1]!);
  if (found !== undefined) return found;
  databaseOf(call);
  throw new DatabaseError('ContainerNotFound', 'no container with that id in this database', { argument: 'container' });
}

/** The container that two parts of an address name, by id or `_rid` each; undefined when there is none. */
export function containerAt(engine: Engine, databaseText: string, text: string): ContainerRecord | undefined {
  const { catalog } = engine;
  const named = catalog.containerOrNone(databaseText, text);
  if (named !== undefined) return named;
  const database = databaseAt(engine, databaseText);
  if (database === undefined) return undefined;
  const rid = parseResourceId(text);
  return (
    catalog.containerOrNone(database.id, text) ??
    (rid?.kind === 'container'
      ? catalog.containers(database.id).find((one) => one.number === rid.container)
      : undefined)
  );
}

export const partitionKeyHeader = 'x-ms-documentdb-partitionkey';

/** Bytes of a partition key value, as JSON. */
const partitionKeyBytesMax = 2048;

/**
 * A key as core wants it: "none", `[]`, is the absent value on every level unless the container has no key of its
 * own. Texts beyond ASCII may come as raw UTF-8, which HTTP gives as Latin-1.
 */
export function parseKey(container: ContainerRecord, text: string): PartitionKeyValue {
  if (text.length > partitionKeyBytesMax * 6) throw tooLongKey();
  const isAscii = /^[\x00-\x7f]*$/.test(text);
  const key = parsePartitionKeyHeader(isAscii ? text : Buffer.from(text, 'latin1').toString('utf8'));
  if (isUnpartitioned(container)) return [];
  for (const part of key)
    if (typeof part === 'string' && Buffer.byteLength(part) > partitionKeyBytesMax) throw tooLongKey();
  return key.length > 0 ? key : container.partitionKey.paths.map(() => undefined);
}

function tooLongKey(): DatabaseError {
  return badRequest(`a partition key value has at most ${partitionKeyBytesMax} bytes`, partitionKeyHeader);
}

/** The key in the header, or undefined when there is none. */
export function keyOrNone({ request }: Call, container: ContainerRecord): PartitionKeyValue | undefined {
  const text = headerOf(request, partitionKeyHeader);
  return text === undefined ? undefined : parseKey(container, text);
}

/** The whole key in the header: operations on one item need it. */
export function keyOf(call: Call, container: ContainerRecord): PartitionKeyValue {
  const key = keyOrNone(call, container);
  if (isUnpartitioned(container)) return [];
  if (key === undefined)
    throw badRequest('PartitionKey value must be supplied for this operation.', partitionKeyHeader);
  const levels = container.partitionKey.paths.length;
  if (key.length !== levels)
    throw new DatabaseError(
      'BadRequest',
      "Partition key provided either doesn't correspond to definition in the collection or doesn't match partition key " +
        `field values specified in the document. It has ${key.length} components; the container's has ${levels}.`,
      { argument: partitionKeyHeader, details: { substatus: partitionKeyMismatch } },
    );
  return key;
}

/** Notes where the request went, for the session token of answers and failures alike. */
export function touch(call: Call, container: ContainerRecord, key: PartitionKeyValue): PartitionRecord {
  const partition = partitionOf(container, key);
  call.request.touched = { engine: call.engine, container, partition };
  return partition;
}

export function conditionOf(request: CosmosRequest): Condition | undefined {
  const ifMatch = headerOf(request, 'if-match');
  const ifNoneMatch = headerOf(request, 'if-none-match');
  if (ifMatch === undefined && ifNoneMatch === undefined) return undefined;
  return {
    ifMatch: ifMatch === undefined ? undefined : parseEtag(ifMatch),
    ifNoneMatch: ifNoneMatch === undefined ? undefined : parseEtag(ifNoneMatch),
  };
}

/** Version that If-Match demands of a database or container; '*' is what every existing one has. */
export function ifMatchOf(request: CosmosRequest): HybridTime | undefined {
  const text = headerOf(request, 'if-match');
  const version = text === undefined ? '*' : parseEtag(text);
  return version === '*' ? undefined : version;
}

/** True when the client has that version of a resource already: the answer is 304. */
export function isKnown(request: CosmosRequest, time: HybridTime): boolean {
  const text = headerOf(request, 'if-none-match');
  return text !== undefined && parseEtag(text) === time;
}

/** False when the client asked for no body after a write. */
export function wantsContent(request: CosmosRequest): boolean {
  const prefer = headerOf(request, 'prefer');
  return prefer === undefined || !prefer.toLowerCase().includes('return=minimal');
}

/** Entries of a page when the client leaves it to us, and the most it may ask for. */
const pageItemsDefault = 100;
const pageItemsMax = 1000;

export function pageItemsOf(request: CosmosRequest): number {
  const wanted = integerOf(request, 'x-ms-max-item-count');
  if (wanted === undefined) return pageItemsDefault;
  if (wanted < -1 || wanted === 0)
    throw badRequest('x-ms-max-item-count must be -1 or at least 1', 'x-ms-max-item-count');
  return wanted === -1 ? pageItemsMax : Math.min(wanted, pageItemsMax);
}
