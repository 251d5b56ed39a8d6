// Runs one page of a query for this door: over a container, or over documents in memory (databases, containers,
// offers), and writes its results as JSON. Other requests run between its slices.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { pageCharge } from '../../core/charge.ts';
import { accessText } from '../../core/query/plan/describe-access.ts';
import {
  collectPage,
  executeQuery,
  type CollectedPage,
  type Execution,
  type ResultRow,
} from '../../core/query/execute.ts';
import type { AccessUse, Explanation } from '../../core/query/plan/explain.ts';
import type { QueryPorts } from '../../core/query/context.ts';
import type { ItemRow } from '../../core/query/container-rows.ts';
import type { PreparedQuery } from '../../core/query/prepare.ts';
import type { RowSource, ScannedItem } from '../../core/query/row-source.ts';
import type { Engine } from '../../core/engine.ts';
import { QueryFunctions } from '../../core/script/query-functions.ts';
import { jsonOfBson, jsonOfValue } from '../../model/bson/json-write.ts';
import { fieldOf, textOfRaw } from '../../model/bson/walk.ts';
import { etagOf } from '../../model/etag.ts';
import { secondsOf } from '../../model/hybrid-time.ts';
import type { Item } from '../../model/operation.ts';
import type { ContainerRecord } from '../../model/resource.ts';
import type { Value } from '../../model/value.ts';
import type { Deployment } from '../deployment.ts';
import { pageItemsOf, type Call } from './call.ts';
import { headerOf, isTrue } from './decode.ts';
import { jsonOfItem } from './encode.ts';
import { linksOfContainer, ridOfItem } from './links.ts';
import { PreparedQueries } from './sql/query.ts';

/** Prepared queries hold no state: one set serves every account. */
export const preparedQueries = new PreparedQueries();

/** Bytes of results in one page, as in the service. */
export const pageBytesMax = 4 * 1024 * 1024;

/** Items one page may look at: bounds the time to its answer, which then is short or empty and has a continuation. */
const pageExaminedMax = 50_000;

export function portsOf(deployment: Deployment, scripts?: QueryFunctions): QueryPorts {
  return { now: deployment.nowMs, random: Math.random, elapsedMs: () => performance.now(), scripts };
}

/** The user-defined functions of a container, for one query: to be closed after it. */
export function functionsOf(engine: Engine, container: ContainerRecord): QueryFunctions {
  const owner = { kind: 'container', number: container.number } as const;
  return new QueryFunctions(engine.functions, (name) => {
    const body = engine.catalog.childOrNone(owner, 'userDefinedFunction', name)?.body;
    return body && textOfRaw(fieldOf(body, 'body')!);
  });
}

/** Collects a page, and lets others run between its slices and while a function is waited for. */
export async function collectWith(execution: Execution, functions: QueryFunctions | undefined): Promise<CollectedPage> {
  try {
    return await collectPage(execution, () => functions?.waiting ?? nextTurn());
  } finally {
    functions?.close();
  }
}

/** System properties of an item as SQL sees them. */
export function systemViewOf(container: ContainerRecord): (item: Item) => ScannedItem['system'] {
  return (item) => ({
    field: (name): Value => {
      switch (name) {
        case 'id':
          return item.id;
        case '_rid':
          return ridOfItem(container, item);
        case '_self':
          return `${linksOfContainer(container).self}docs/${ridOfItem(container, item)}/`;
        case '_etag':
          return etagOf(item.time);
        case '_attachments':
          return 'attachments/';
        case '_ts':
          return secondsOf(item.time);
        default:
          return undefined;
      }
    },
  });
}

/** Documents as rows, in the order given. */
export function documentRows(documents: readonly Uint8Array[]): RowSource {
  return {
    *scan({ after }) {
      for (const [i, document] of documents.entries()) if (i + 1 > (after ?? 0)) yield { position: i + 1, document };
    },
  };
}

export interface QueryPage {
  readonly documents: readonly Uint8Array[];
  readonly continuation: string | undefined;
  readonly charge: number;
  /** Query and index metrics, as header names and values. */
  readonly metrics: readonly string[];
}

/** `container` is given when rows are its items; `keyPaths` are the index paths by which their scope was found. */
export async function runPage(
  call: Call,
  prepared: PreparedQuery,
  source: RowSource,
  parameters: ReadonlyMap<string, Value>,
  continuation: string | undefined,
  container: ContainerRecord | undefined,
  keyPaths: readonly string[] = [],
): Promise<QueryPage> {
  const startedMs = performance.now();
  const functions = container && functionsOf(call.engine, container);
  const execution = executeQuery(prepared, {
    source: () => source,
    ports: portsOf(call.deployment, functions),
    parameters,
    page: { rowsMax: pageItemsOf(call.request), bytesMax: pageBytesMax, examinedMax: pageExaminedMax },
    continuation,
    signal: call.context.signal,
  });
  const page = await collectWith(execution, functions);
  const documents = page.rows.map((row) => jsonOfRow(row, container));
  const bytes = documents.reduce((sum, document) => sum + document.length, 0);
  return {
    documents,
    continuation: page.continuation,
    charge: pageCharge(page.explanation.examined, bytes),
    metrics: metricsOf(call, page.explanation, bytes, performance.now() - startedMs, keyPaths),
  };
}

/** A page after the last one. */
export function emptyPage(call: Call): QueryPage {
  return {
    documents: [],
    continuation: undefined,
    charge: pageCharge(0, 0),
    metrics: metricsOf(call, { examined: 0, returned: 0 }, 0, 0),
  };
}

export function jsonOfRow(row: ResultRow, container: ContainerRecord | undefined): Uint8Array {
  if (row.item === undefined) return Buffer.from(jsonOfValue(row.value));
  return container === undefined ? jsonOfBson(row.item.document) : jsonOfItem(container, (row.item as ItemRow).item);
}

/** Index metrics as the service words them: paths of the policy, used or missing. */
function indexMetricsOf(use: AccessUse | undefined, keyPaths: readonly string[]): string {
  const single = (path: string): object => ({
    FilterExpression: '',
    IndexSpec: path,
    FilterPreciseSet: true,
    IndexPreciseSet: true,
    IndexImpactScore: 'High',
  });
  const composite = (paths: readonly string[]): object => ({
    IndexSpecs: paths,
    IndexPreciseSet: false,
    IndexImpactScore: 'High',
  });
  return JSON.stringify({
    UtilizedSingleIndexes: [...new Set([...keyPaths, ...(use?.uses ?? []).map(({ path }) => path)])].map(single),
    PotentialSingleIndexes: (use?.potentialPaths ?? []).map(single),
    UtilizedCompositeIndexes: (use?.composites ?? []).map(composite),
    PotentialCompositeIndexes: (use?.potentialComposites ?? []).map(composite),
  });
}

function metricsOf(
  { request }: Call,
  counts: Pick<Explanation, 'examined' | 'returned' | 'index'>,
  bytes: number,
  elapsedMs: number,
  keyPaths: readonly string[] = [],
): string[] {
  const elapsed = elapsedMs.toFixed(2);
  const { examined, returned, index } = counts;
  // The share of the items loaded that the query wanted. A count reads none and wastes nothing.
  const ratio = index === undefined || index.way === 'scan' ? 0 : examined === 0 ? 1 : Math.min(1, returned / examined);
  const fields = [
    `totalExecutionTimeInMs=${elapsed}`,
    'queryCompileTimeInMs=0.00',
    'queryLogicalPlanBuildTimeInMs=0.00',
    'queryPhysicalPlanBuildTimeInMs=0.00',
    'queryOptimizationTimeInMs=0.00',
    'indexLookupTimeInMs=0.00',
    'documentLoadTimeInMs=0.00',
    `VMExecutionTimeInMs=${elapsed}`,
    'systemFunctionExecuteTimeInMs=0.00',
    'userFunctionExecuteTimeInMs=0.00',
    'writeOutputTimeInMs=0.00',
    `retrievedDocumentCount=${examined}`,
    'retrievedDocumentSize=0',
    `outputDocumentCount=${returned}`,
    `outputDocumentSize=${bytes}`,
    `indexHitDocumentCount=${index === undefined || index.way === 'scan' ? 0 : index.way === 'count' ? index.estimated : examined}`,
    `indexUtilizationRatio=${ratio.toFixed(2)}`,
  ];
  const metrics = ['x-ms-documentdb-query-metrics', fields.join(';')];
  const indexMetrics = indexMetricsOf(index, keyPaths);
  const asksFirst = isTrue(headerOf(request, 'x-ms-cosmos-populateindexmetrics'));
  if (asksFirst) metrics.push('x-ms-cosmos-index-utilization', Buffer.from(indexMetrics).toString('base64'));
  else if (isTrue(headerOf(request, 'x-ms-cosmos-populateindexmetrics-v2')))
    metrics.push('x-ms-cosmos-index-utilization', encodeURIComponent(indexMetrics));
  else return metrics;
  // What the service's form cannot say: the way that was taken, for people.
  metrics.push('x-meridian-query-plan', encodeURI(index === undefined ? 'every item' : accessText(index)));
  return metrics;
}
