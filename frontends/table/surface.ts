// The whole surface of the Table service on one page: verb, what the address names, and the parameter that tells
// operations of one address apart. The README's table is generated from it and checked by a test.
// Source: "Table service REST API" (Azure Storage REST reference). Rows of one verb and target are tried in order.

import type { Answer } from './answer.ts';
import type { Call } from './call.ts';
import type { Verb } from './request.ts';
import { commitBatch } from './operations/commit-batch.ts';
import { createTable } from './operations/create-table.ts';
import { deleteEntity } from './operations/delete-entity.ts';
import { deleteTable } from './operations/delete-table.ts';
import { insertEntity } from './operations/insert-entity.ts';
import { insertOrMergeEntity } from './operations/insert-or-merge-entity.ts';
import { insertOrReplaceEntity } from './operations/insert-or-replace-entity.ts';
import { mergeEntity } from './operations/merge-entity.ts';
import { preflight } from './operations/preflight.ts';
import { queryEntities } from './operations/query-entities.ts';
import { queryTables } from './operations/query-tables.ts';
import { readEntity } from './operations/read-entity.ts';
import { readMetadata } from './operations/read-metadata.ts';
import { readServiceDocument } from './operations/read-service-document.ts';
import { readServiceProperties } from './operations/read-service-properties.ts';
import { readServiceStats } from './operations/read-service-stats.ts';
import { readTableAcl } from './operations/read-table-acl.ts';
import { readTable } from './operations/read-table.ts';
import { replaceServiceProperties } from './operations/replace-service-properties.ts';
import { replaceTableAcl } from './operations/replace-table-acl.ts';
import { updateEntity } from './operations/update-entity.ts';

/** What an address names. */
export type Target = 'service' | 'tables' | 'table' | 'entities' | 'entity' | 'batch' | 'metadata';

/** `comp` of the query, where it decides. */
export type Component = 'properties' | 'stats' | 'acl';

export interface Row {
  readonly verb: Verb;
  /** Absent: any. */
  readonly target?: Target | undefined;
  /** Absent: the query has no `comp`. */
  readonly component?: Component | undefined;
  /** True: the request has an `If-Match`. Absent: it makes no difference. */
  readonly conditional?: boolean | undefined;
  /** Label in metrics, and the file in operations/. */
  readonly operation: string;
  /** Reads may be asked of the secondary, and with read-only keys. */
  readonly reads: boolean;
  /** Absent: known and not supported. */
  readonly run?: ((call: Call) => Answer | Promise<Answer>) | undefined;
}

export const surface: readonly Row[] = [
  { verb: 'OPTIONS', operation: 'preflight', reads: true, run: preflight },

  { verb: 'GET', target: 'service', operation: 'read-service-document', reads: true, run: readServiceDocument },
  { verb: 'GET', target: 'metadata', operation: 'read-metadata', reads: true, run: readMetadata },
  {
    verb: 'GET',
    target: 'service',
    component: 'properties',
    operation: 'read-service-properties',
    reads: true,
    run: readServiceProperties,
  },
  {
    verb: 'PUT',
    target: 'service',
    component: 'properties',
    operation: 'replace-service-properties',
    reads: false,
    run: replaceServiceProperties,
  },
  {
    verb: 'GET',
    target: 'service',
    component: 'stats',
    operation: 'read-service-stats',
    reads: true,
    run: readServiceStats,
  },

  { verb: 'GET', target: 'tables', operation: 'query-tables', reads: true, run: queryTables },
  { verb: 'POST', target: 'tables', operation: 'create-table', reads: false, run: createTable },
  { verb: 'GET', target: 'table', operation: 'read-table', reads: true, run: readTable },
  { verb: 'DELETE', target: 'table', operation: 'delete-table', reads: false, run: deleteTable },
  { verb: 'GET', target: 'entities', component: 'acl', operation: 'read-table-acl', reads: true, run: readTableAcl },
  {
    verb: 'PUT',
    target: 'entities',
    component: 'acl',
    operation: 'replace-table-acl',
    reads: false,
    run: replaceTableAcl,
  },

  { verb: 'GET', target: 'entities', operation: 'query-entities', reads: true, run: queryEntities },
  { verb: 'GET', target: 'entity', operation: 'read-entity', reads: true, run: readEntity },
  { verb: 'POST', target: 'entities', operation: 'insert-entity', reads: false, run: insertEntity },
  { verb: 'PUT', target: 'entity', conditional: true, operation: 'update-entity', reads: false, run: updateEntity },
  { verb: 'PUT', target: 'entity', operation: 'insert-or-replace-entity', reads: false, run: insertOrReplaceEntity },
  { verb: 'MERGE', target: 'entity', conditional: true, operation: 'merge-entity', reads: false, run: mergeEntity },
  { verb: 'MERGE', target: 'entity', operation: 'insert-or-merge-entity', reads: false, run: insertOrMergeEntity },
  { verb: 'DELETE', target: 'entity', operation: 'delete-entity', reads: false, run: deleteEntity },
  { verb: 'POST', target: 'batch', operation: 'commit-batch', reads: false, run: commitBatch },
];

function keyOf(verb: Verb, target: Target | undefined, component: Component | undefined): string {
  return `${verb} ${target ?? ''} ${component ?? ''}`;
}

const rows = new Map<string, Row[]>();
for (const row of surface) {
  const key = keyOf(row.verb, row.target, row.component);
  const known = rows.get(key);
  if (known === undefined) rows.set(key, [row]);
  else known.push(row);
}
const anywhere = new Map(surface.filter(({ target }) => target === undefined).map((row) => [row.verb, row]));

/** The row of a request, or undefined when nothing of that verb is at that address. */
export function rowOf(
  verb: Verb,
  target: Target,
  component: Component | undefined,
  isConditional: boolean,
): Row | undefined {
  const candidates = rows.get(keyOf(verb, target, component));
  if (candidates === undefined) return anywhere.get(verb);
  for (const row of candidates) if (row.conditional !== true || isConditional) return row;
  return undefined;
}

/** Whether such a part is there for any verb; what is addressed without one always is. */
export function hasComponent(target: Target, component: Component | undefined): boolean {
  return component === undefined || surface.some((row) => row.target === target && row.component === component);
}

const addresses: Readonly<Record<Target, string>> = {
  service: '/',
  tables: '/Tables',
  table: "/Tables('{table}')",
  entities: '/{table}',
  entity: "/{table}(PartitionKey='…',RowKey='…')",
  batch: '/$batch',
  metadata: '/$metadata',
};

function addressOf({ target, component }: Row): string {
  if (target === undefined) return 'any';
  const query = component === undefined ? '' : `?${target === 'service' ? 'restype=service&' : ''}comp=${component}`;
  return `\`${addresses[target]}${query}\``;
}

/** The table of the README. */
export function surfaceTable(): string {
  const lines = surface.map((row) => {
    const mark = row.conditional === true ? '`If-Match`' : '';
    const status = row.run === undefined ? 'not supported' : 'works';
    return `| ${row.verb} | ${addressOf(row)} | ${mark} | ${row.operation} | ${status} |`;
  });
  return ['| Verb | Address | Mark | Operation | Status |', '| --- | --- | --- | --- | --- |', ...lines].join('\n');
}
