// The whole surface of the Azure Cosmos DB REST protocol on one page: verb and address, and where they do not
// decide alone, the header that does. The README's table is generated from it and checked by a test.
// Rows of one verb and address are tried in order; one without a header takes what is left.

import type { IncomingHttpHeaders } from 'node:http';
import type { Answer } from './encode.ts';
import type { Call } from './call.ts';
import { isTrue } from './decode.ts';
import { batchItems } from './operations/batch-items.ts';
import { createContainer } from './operations/create-container.ts';
import { createDatabase } from './operations/create-database.ts';
import { createItem } from './operations/create-item.ts';
import { deleteContainer } from './operations/delete-container.ts';
import { deleteDatabase } from './operations/delete-database.ts';
import { deleteItem } from './operations/delete-item.ts';
import { listContainers } from './operations/list-containers.ts';
import { listDatabases } from './operations/list-databases.ts';
import { listItems } from './operations/list-items.ts';
import { listOffers } from './operations/list-offers.ts';
import { listPartitionKeyRanges } from './operations/list-partition-key-ranges.ts';
import { patchItem } from './operations/patch-item.ts';
import { readAccount } from './operations/read-account.ts';
import { readCertificate } from './operations/read-certificate.ts';
import { readContainer } from './operations/read-container.ts';
import { readDatabase } from './operations/read-database.ts';
import { readItem } from './operations/read-item.ts';
import { readOffer } from './operations/read-offer.ts';
import { replaceContainer } from './operations/replace-container.ts';
import { replaceItem } from './operations/replace-item.ts';
import { replaceOffer } from './operations/replace-offer.ts';
import { upsertItem } from './operations/upsert-item.ts';

export interface Row {
  readonly verb: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  /** Header that must be there; `true` means it must say so. */
  readonly header?: { readonly name: string; readonly is: 'present' | 'true' } | undefined;
  /** Label in metrics, and the file in operations/. */
  readonly operation: string;
  /** Open to read-only keys. */
  readonly reads: boolean;
  /** False: no signature is asked for. */
  readonly signed?: false | undefined;
  /** Absent: known and not supported. */
  readonly run: ((call: Call) => Answer | Promise<Answer>) | undefined;
}

const database = '/dbs/{database}';
const container = `${database}/colls/{container}`;
const items = `${container}/docs`;
const item = `${items}/{item}`;

const isQuery = { name: 'x-ms-documentdb-isquery', is: 'true' } as const;
const isPlan = { name: 'x-ms-cosmos-is-query-plan-request', is: 'true' } as const;
const isBatch = { name: 'x-ms-cosmos-is-batch-request', is: 'true' } as const;
const isUpsert = { name: 'x-ms-documentdb-is-upsert', is: 'true' } as const;
const isChangeFeed = { name: 'a-im', is: 'present' } as const;

export const surface: readonly Row[] = [
  { verb: 'GET', path: '/', operation: 'read-account', reads: true, run: readAccount },
  { verb: 'GET', path: '/_explorer/{file}', operation: 'read-certificate', reads: true, signed: false, run: readCertificate },

  { verb: 'POST', path: '/dbs', header: isQuery, operation: 'query-databases', reads: true, run: undefined },
  { verb: 'POST', path: '/dbs', operation: 'create-database', reads: false, run: createDatabase },
  { verb: 'GET', path: '/dbs', operation: 'list-databases', reads: true, run: listDatabases },
  { verb: 'GET', path: database, operation: 'read-database', reads: true, run: readDatabase },
  { verb: 'DELETE', path: database, operation: 'delete-database', reads: false, run: deleteDatabase },

  { verb: 'POST', path: `${database}/colls`, header: isQuery, operation: 'query-containers', reads: true, run: undefined },
  { verb: 'POST', path: `${database}/colls`, operation: 'create-container', reads: false, run: createContainer },
  { verb: 'GET', path: `${database}/colls`, operation: 'list-containers', reads: true, run: listContainers },
  { verb: 'GET', path: container, operation: 'read-container', reads: true, run: readContainer },
  { verb: 'PUT', path: container, operation: 'replace-container', reads: false, run: replaceContainer },
  { verb: 'DELETE', path: container, operation: 'delete-container', reads: false, run: deleteContainer },
  { verb: 'GET', path: `${container}/pkranges`, operation: 'list-partition-key-ranges', reads: true, run: listPartitionKeyRanges },

  { verb: 'POST', path: items, header: isPlan, operation: 'plan-query', reads: true, run: undefined },
  { verb: 'POST', path: items, header: isQuery, operation: 'query-items', reads: true, run: undefined },
  { verb: 'POST', path: items, header: isBatch, operation: 'batch-items', reads: false, run: batchItems },
  { verb: 'POST', path: items, header: isUpsert, operation: 'upsert-item', reads: false, run: upsertItem },
  { verb: 'POST', path: items, operation: 'create-item', reads: false, run: createItem },
  { verb: 'GET', path: items, header: isChangeFeed, operation: 'read-change-feed', reads: true, run: undefined },
  { verb: 'GET', path: items, operation: 'list-items', reads: true, run: listItems },
  { verb: 'GET', path: item, operation: 'read-item', reads: true, run: readItem },
  { verb: 'PUT', path: item, operation: 'replace-item', reads: false, run: replaceItem },
  { verb: 'PATCH', path: item, operation: 'patch-item', reads: false, run: patchItem },
  { verb: 'DELETE', path: item, operation: 'delete-item', reads: false, run: deleteItem },
  { verb: 'POST', path: `${container}/operations/{operation}`, operation: 'delete-partition-key', reads: false, run: undefined },

  { verb: 'POST', path: '/offers', operation: 'query-offers', reads: true, run: undefined },
  { verb: 'GET', path: '/offers', operation: 'list-offers', reads: true, run: listOffers },
  { verb: 'GET', path: '/offers/{offer}', operation: 'read-offer', reads: true, run: readOffer },
  { verb: 'PUT', path: '/offers/{offer}', operation: 'replace-offer', reads: false, run: replaceOffer },

  ...scriptRows('sprocs', 'stored-procedure'),
  { verb: 'POST', path: `${container}/sprocs/{script}`, operation: 'execute-stored-procedure', reads: false, run: undefined },
  ...scriptRows('triggers', 'trigger'),
  ...scriptRows('udfs', 'user-defined-function'),

  { verb: 'POST', path: `${container}/conflicts`, operation: 'query-conflicts', reads: true, run: undefined },
  { verb: 'GET', path: `${container}/conflicts`, operation: 'list-conflicts', reads: true, run: undefined },
  { verb: 'GET', path: `${container}/conflicts/{conflict}`, operation: 'read-conflict', reads: true, run: undefined },
  { verb: 'DELETE', path: `${container}/conflicts/{conflict}`, operation: 'delete-conflict', reads: false, run: undefined },

  ...feedRows(`${database}/users`, 'user'),
  ...feedRows(`${database}/users/{user}/permissions`, 'permission'),
  ...feedRows(`${database}/clientencryptionkeys`, 'client-encryption-key'),

  { verb: 'GET', path: '/addresses', operation: 'resolve-addresses', reads: true, run: undefined },
];

function scriptRows(segment: string, noun: string): Row[] {
  return feedRows(`${container}/${segment}`, noun);
}

/** Create, query, list, read, replace and delete of a kind of resource that is not supported. */
function feedRows(feed: string, noun: string): Row[] {
  const one = `${feed}/{id}`;
  return [
    { verb: 'POST', path: feed, header: isQuery, operation: `query-${noun}s`, reads: true, run: undefined },
    { verb: 'POST', path: feed, operation: `create-${noun}`, reads: false, run: undefined },
    { verb: 'GET', path: feed, operation: `list-${noun}s`, reads: true, run: undefined },
    { verb: 'GET', path: one, operation: `read-${noun}`, reads: true, run: undefined },
    { verb: 'PUT', path: one, operation: `replace-${noun}`, reads: false, run: undefined },
    { verb: 'DELETE', path: one, operation: `delete-${noun}`, reads: false, run: undefined },
  ];
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
  for (const row of candidates) if (row.header === undefined || holds(row.header, headers)) return row;
  return undefined;
}

function holds(header: NonNullable<Row['header']>, headers: IncomingHttpHeaders): boolean {
  const value = headers[header.name];
  if (value === undefined) return false;
  return header.is === 'present' || isTrue(typeof value === 'string' ? value : value[0]);
}

/** The table of the README. */
export function surfaceTable(): string {
  const lines = surface.map((row) => {
    const header = row.header === undefined ? '' : `\`${row.header.name}\``;
    return `| ${row.verb} | \`${row.path}\` | ${header} | ${row.operation} | ${row.run === undefined ? 'not supported' : 'works'} |`;
  });
  return ['| Verb | Address | Header | Operation | Status |', '| --- | --- | --- | --- | --- |', ...lines].join('\n');
}
