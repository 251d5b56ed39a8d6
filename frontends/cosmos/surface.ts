// The whole surface of the Azure Cosmos DB REST protocol on one page: verb and address, and where they do not
// decide alone, the mark that does. The README's table is generated from it and checked by a test.
// Rows of one verb and address are tried in order; one without a mark takes what is left.

import type { IncomingHttpHeaders } from 'node:http';
import type { Answer } from './encode.ts';
import type { Call } from './call.ts';
import {
  createChild,
  deleteChild,
  listChildren,
  queryChildren,
  readChild,
  replaceChild,
  upsertChild,
  type ChildResource,
} from './child-resource.ts';
import { clientEncryptionKeys } from './client-encryption-keys.ts';
import { isTrue } from './decode.ts';
import { batchItems } from './operations/batch-items.ts';
import { createContainer } from './operations/create-container.ts';
import { createDatabase } from './operations/create-database.ts';
import { createItem } from './operations/create-item.ts';
import { deleteConflict } from './operations/delete-conflict.ts';
import { deleteContainer } from './operations/delete-container.ts';
import { deleteDatabase } from './operations/delete-database.ts';
import { deleteItem } from './operations/delete-item.ts';
import { deletePartitionKey } from './operations/delete-partition-key.ts';
import { executeStoredProcedure } from './operations/execute-stored-procedure.ts';
import { listAttachments } from './operations/list-attachments.ts';
import { listConflicts } from './operations/list-conflicts.ts';
import { listContainers } from './operations/list-containers.ts';
import { listDatabases } from './operations/list-databases.ts';
import { listItems } from './operations/list-items.ts';
import { listOffers } from './operations/list-offers.ts';
import { listPartitionKeyRanges } from './operations/list-partition-key-ranges.ts';
import { patchItem } from './operations/patch-item.ts';
import { planQuery } from './operations/plan-query.ts';
import { queryConflicts } from './operations/query-conflicts.ts';
import { queryContainers } from './operations/query-containers.ts';
import { queryDatabases } from './operations/query-databases.ts';
import { queryItems } from './operations/query-items.ts';
import { queryOffers } from './operations/query-offers.ts';
import { readAccount } from './operations/read-account.ts';
import { readAttachment } from './operations/read-attachment.ts';
import { readCertificate } from './operations/read-certificate.ts';
import { readChangeFeed } from './operations/read-change-feed.ts';
import { readConflict } from './operations/read-conflict.ts';
import { readContainer } from './operations/read-container.ts';
import { readDatabase } from './operations/read-database.ts';
import { readItem } from './operations/read-item.ts';
import { readOffer } from './operations/read-offer.ts';
import { replaceContainer } from './operations/replace-container.ts';
import { replaceItem } from './operations/replace-item.ts';
import { replaceOffer } from './operations/replace-offer.ts';
import { resolveAddresses } from './operations/resolve-addresses.ts';
import { upsertItem } from './operations/upsert-item.ts';
import { permissions, users } from './permissions.ts';
import { storedProcedures, triggers, userDefinedFunctions } from './scripts.ts';

/** A mark by which clients tell operations of one verb and address apart. */
export interface Marker {
  /** For people. */
  readonly label: string;
  readonly holds: (headers: IncomingHttpHeaders) => boolean;
}

export interface Row {
  readonly verb: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  /** What must be among the headers. */
  readonly when?: Marker | undefined;
  /** Label in metrics, and the file in operations/, unless `child` is there. */
  readonly operation: string;
  /** The kind that this is one of the common operations of (`child-resource.ts`). */
  readonly child?: ChildResource | undefined;
  /** Open to read-only keys. */
  readonly reads: boolean;
  /** False: no signature is asked for. */
  readonly signed?: false | undefined;
  /** An action on the resource before the last two segments: clients sign that resource, as this type. */
  readonly signedType?: string | undefined;
  /** Absent: known and not supported. */
  readonly run: ((call: Call) => Answer | Promise<Answer>) | undefined;
}

const database = '/dbs/{database}';
const container = `${database}/colls/{container}`;
const items = `${container}/docs`;
const item = `${items}/{item}`;

/** Clients say that a body is a query by either of two headers, or by its type alone. */
const isQuery: Marker = {
  label: '`x-ms-documentdb-isquery`, `x-ms-documentdb-query` or `application/query+json`',
  holds: (headers) =>
    says(headers, 'x-ms-documentdb-isquery') ||
    says(headers, 'x-ms-documentdb-query') ||
    headers['content-type']?.startsWith('application/query+json') === true,
};
const isPlan = flag('x-ms-cosmos-is-query-plan-request');
const isBatch = flag('x-ms-cosmos-is-batch-request');
const isUpsert = flag('x-ms-documentdb-is-upsert');
const isChangeFeed: Marker = { label: '`A-IM`', holds: (headers) => headers['a-im'] !== undefined };

function flag(name: string): Marker {
  return { label: `\`${name}\``, holds: (headers) => says(headers, name) };
}

function says(headers: IncomingHttpHeaders, name: string): boolean {
  const value = headers[name];
  return value !== undefined && isTrue(typeof value === 'string' ? value : value[0]);
}

export const surface: readonly Row[] = [
  { verb: 'GET', path: '/', operation: 'read-account', reads: true, run: readAccount },
  {
    verb: 'GET',
    path: '/_explorer/{file}',
    operation: 'read-certificate',
    reads: true,
    signed: false,
    run: readCertificate,
  },
  {
    verb: 'GET',
    path: '/cosmos/{file}',
    operation: 'read-certificate',
    reads: true,
    signed: false,
    run: readCertificate,
  },

  { verb: 'POST', path: '/dbs', when: isQuery, operation: 'query-databases', reads: true, run: queryDatabases },
  { verb: 'POST', path: '/dbs', operation: 'create-database', reads: false, run: createDatabase },
  { verb: 'GET', path: '/dbs', operation: 'list-databases', reads: true, run: listDatabases },
  { verb: 'GET', path: database, operation: 'read-database', reads: true, run: readDatabase },
  { verb: 'DELETE', path: database, operation: 'delete-database', reads: false, run: deleteDatabase },

  {
    verb: 'POST',
    path: `${database}/colls`,
    when: isQuery,
    operation: 'query-containers',
    reads: true,
    run: queryContainers,
  },
  { verb: 'POST', path: `${database}/colls`, operation: 'create-container', reads: false, run: createContainer },
  { verb: 'GET', path: `${database}/colls`, operation: 'list-containers', reads: true, run: listContainers },
  { verb: 'GET', path: container, operation: 'read-container', reads: true, run: readContainer },
  { verb: 'PUT', path: container, operation: 'replace-container', reads: false, run: replaceContainer },
  { verb: 'DELETE', path: container, operation: 'delete-container', reads: false, run: deleteContainer },
  {
    verb: 'GET',
    path: `${container}/pkranges`,
    operation: 'list-partition-key-ranges',
    reads: true,
    run: listPartitionKeyRanges,
  },

  { verb: 'POST', path: items, when: isPlan, operation: 'plan-query', reads: true, run: planQuery },
  { verb: 'POST', path: items, when: isQuery, operation: 'query-items', reads: true, run: queryItems },
  { verb: 'POST', path: items, when: isBatch, operation: 'batch-items', reads: false, run: batchItems },
  { verb: 'POST', path: items, when: isUpsert, operation: 'upsert-item', reads: false, run: upsertItem },
  { verb: 'POST', path: items, operation: 'create-item', reads: false, run: createItem },
  { verb: 'GET', path: items, when: isChangeFeed, operation: 'read-change-feed', reads: true, run: readChangeFeed },
  { verb: 'GET', path: items, operation: 'list-items', reads: true, run: listItems },
  { verb: 'GET', path: item, operation: 'read-item', reads: true, run: readItem },
  { verb: 'PUT', path: item, operation: 'replace-item', reads: false, run: replaceItem },
  { verb: 'PATCH', path: item, operation: 'patch-item', reads: false, run: patchItem },
  { verb: 'DELETE', path: item, operation: 'delete-item', reads: false, run: deleteItem },
  { verb: 'GET', path: `${item}/attachments`, operation: 'list-attachments', reads: true, run: listAttachments },
  {
    verb: 'GET',
    path: `${item}/attachments/{attachment}`,
    operation: 'read-attachment',
    reads: true,
    run: readAttachment,
  },
  {
    verb: 'POST',
    path: `${container}/operations/{operation}`,
    operation: 'delete-partition-key',
    reads: false,
    signedType: 'colls',
    run: deletePartitionKey,
  },

  { verb: 'POST', path: '/offers', when: isQuery, operation: 'query-offers', reads: true, run: queryOffers },
  { verb: 'GET', path: '/offers', operation: 'list-offers', reads: true, run: listOffers },
  { verb: 'GET', path: '/offers/{offer}', operation: 'read-offer', reads: true, run: readOffer },
  { verb: 'PUT', path: '/offers/{offer}', operation: 'replace-offer', reads: false, run: replaceOffer },

  ...childRows(container, storedProcedures),
  {
    verb: 'POST',
    path: `${container}/sprocs/{script}`,
    operation: 'execute-stored-procedure',
    reads: false,
    run: executeStoredProcedure,
  },
  ...childRows(container, triggers),
  ...childRows(container, userDefinedFunctions),

  {
    verb: 'POST',
    path: `${container}/conflicts`,
    when: isQuery,
    operation: 'query-conflicts',
    reads: true,
    run: queryConflicts,
  },
  { verb: 'GET', path: `${container}/conflicts`, operation: 'list-conflicts', reads: true, run: listConflicts },
  {
    verb: 'GET',
    path: `${container}/conflicts/{conflict}`,
    operation: 'read-conflict',
    reads: true,
    run: readConflict,
  },
  {
    verb: 'DELETE',
    path: `${container}/conflicts/{conflict}`,
    operation: 'delete-conflict',
    reads: false,
    run: deleteConflict,
  },

  ...childRows(database, users),
  ...childRows(`${database}/users/{user}`, permissions),
  ...childRows(database, clientEncryptionKeys, 'kept'),

  { verb: 'GET', path: '/addresses', operation: 'resolve-addresses', reads: true, run: resolveAddresses },
];

/** The common operations of a kind of resource; `kept`: one that is not upserted and never deleted by itself. */
function childRows(parent: string, child: ChildResource, kept?: 'kept'): Row[] {
  const { noun } = child;
  const feed = `${parent}/${child.segment}`;
  const one = `${feed}/{id}`;
  const row = (
    verb: Row['verb'],
    path: string,
    operation: string,
    run: (call: Call, kind: ChildResource) => Answer | Promise<Answer>,
    when?: Marker,
  ): Row => ({
    verb,
    path,
    when,
    operation,
    child,
    reads: verb === 'GET' || when === isQuery,
    run: (call) => run(call, child),
  });
  const rows = [
    row('POST', feed, `query-${noun}s`, queryChildren, isQuery),
    row('POST', feed, `upsert-${noun}`, upsertChild, isUpsert),
    row('POST', feed, `create-${noun}`, createChild),
    row('GET', feed, `list-${noun}s`, listChildren),
    row('GET', one, `read-${noun}`, readChild),
    row('PUT', one, `replace-${noun}`, replaceChild),
    row('DELETE', one, `delete-${noun}`, deleteChild),
  ];
  return kept === undefined ? rows : rows.filter(({ verb, when }) => verb !== 'DELETE' && when !== isUpsert);
}

// A path as `decode` sees it: without its first slash, ids replaced by stars.
function shapeOf(path: string): string {
  return path.replace(/^\//, '').replace(/\{\w+\}/g, '*');
}

const rows = new Map<string, Row[]>();
for (const row of surface) {
  const key = `${row.verb} ${shapeOf(row.path)}`;
  const known = rows.get(key);
  if (known === undefined) rows.set(key, [row]);
  else known.push(row);
}

/** The row of a request, or undefined when nothing of that verb is at that address. */
export function rowOf(verb: string, shape: string, headers: IncomingHttpHeaders): Row | undefined {
  const candidates = rows.get(`${verb} ${shape}`);
  if (candidates === undefined) return undefined;
  for (const row of candidates) if (row.when === undefined || row.when.holds(headers)) return row;
  return undefined;
}

/** The table of the README. */
export function surfaceTable(): string {
  const lines = surface.map((row) => {
    const status = row.run === undefined ? 'not supported' : 'works';
    return `| ${row.verb} | \`${row.path}\` | ${row.when?.label ?? ''} | ${row.operation} | ${status} |`;
  });
  return ['| Verb | Address | Mark | Operation | Status |', '| --- | --- | --- | --- | --- |', ...lines].join('\n');
}
