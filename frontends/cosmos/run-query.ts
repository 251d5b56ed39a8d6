// Runs one page of a query for this door: over a container, or over documents in memory (databases, containers,
// offers), and writes its results as JSON. Other requests run between its slices.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { catalogReadCharge } from '../../core/charge.ts';
import {
  collectPage,
  executeQuery,
  type CollectedPage,
  type Execution,
  type ResultRow,
} from '../../core/query/execute.ts';
import type { Explanation } from '../../core/query/plan/explain.ts';
import type { QueryPorts } from '../../core/query/context.ts';
import type { ItemRow } from '../../core/query/container-rows.ts';
import type { PreparedQuery } from '../../core/query/prepare.ts';
import type { ReadMeter } from '../../core/read-meter.ts';
import type { RowSource, ScannedItem } from '../../core/query/row-source.ts';
import type { Engine } from '../../core/engine.ts';
import { QueryFunctions } from '../../core/script/query-functions.ts';
import { jsonOfBson, jsonOfValue } from '../../model/bson/json-write.ts';
import { badRequest } from '../../model/errors.ts';
import { fieldOf, textOfRaw } from '../../model/bson/walk.ts';
import { etagOf } from '../../model/etag.ts';
import { secondsOf } from '../../model/hybrid-time.ts';
import type { Item } from '../../model/operation.ts';
import type { ContainerRecord } from '../../model/resource.ts';
import type { Value } from '../../model/value.ts';
import type { Deployment } from '../deployment.ts';
import { pageItemsOf, type Call } from './call.ts';
import { integerOf, type CosmosRequest } from './decode.ts';
import { jsonOfItem } from './encode.ts';
import { linksOfContainer, ridOfItem } from './links.ts';
import { nothingDone, queryMetricsOf } from './query-metrics.ts';
import type { SqlRequest } from './query-request.ts';
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

export interface PageOptions {
  readonly continuation: string | undefined;
  /** Given when rows are its items. */
  readonly container?: ContainerRecord | undefined;
  /** What the page is charged by, when rows are items. One that runs out of throughput ends early, if its plan can go on. */
  readonly meter?: ReadMeter | undefined;
  /** The index paths by which the scope was found. */
  readonly keyPaths?: readonly string[] | undefined;
  /** How long it took to prepare the query. */
  readonly prepareMs?: number | undefined;
}

export async function runPage(
  call: Call,
  sql: SqlRequest,
  prepared: PreparedQuery,
  source: RowSource,
  options: PageOptions,
): Promise<QueryPage> {
  const { container, meter } = options;
  const startedMs = performance.now();
  const functions = container && functionsOf(call.engine, container);
  const execution = executeQuery(prepared, {
    source: () => source,
    ports: portsOf(call.deployment, functions),
    parameters: sql.parameters,
    page: {
      rowsMax: pageItemsOf(call.request),
      bytesMax: pageBytesMax,
      examinedMax: examinedMaxOf(meter),
      keysLengthMax: keysLengthMaxOf(call.request),
    },
    continuation: options.continuation,
    signal: call.context.signal,
  });
  const page = await collectWith(execution, functions);
  const executedMs = performance.now();
  const documents = page.rows.map((row) => jsonOfRow(row, container));
  const bytesRead = meter?.bytesLoaded ?? 0;
  const bytes = documents.reduce((sum, document) => sum + document.length, 0);
  return {
    documents,
    continuation: page.continuation,
    charge: meter === undefined ? catalogReadCharge : settled(meter, page.explanation, bytes),
    metrics: queryMetricsOf(call.request, page.explanation, options.keyPaths ?? [], {
      prepareMs: options.prepareMs ?? 0,
      executeMs: executedMs - startedMs,
      writeMs: performance.now() - executedMs,
      bytesRead,
      bytesWritten: bytes,
    }),
  };
}

function examinedMaxOf(meter: ReadMeter | undefined): number {
  return meter === undefined ? pageExaminedMax : Math.min(pageExaminedMax, meter.pageItemsMax);
}

function settled(meter: ReadMeter, { index }: Explanation, bytesReturned: number): number {
  return meter.settle({ bytesReturned, lookups: index?.uses.length, isWhole: index?.way === 'count' });
}

/** A page after the last one. */
export function emptyPage({ request }: Call, meter: ReadMeter): QueryPage {
  return {
    documents: [],
    continuation: undefined,
    charge: meter.settle({ bytesReturned: 0 }),
    metrics: queryMetricsOf(request, { examined: 0, returned: 0 }, [], nothingDone),
  };
}

const tokenLimitHeader = 'x-ms-documentdb-responsecontinuationtokenlimitinkb';

/** Characters of a continuation beside its sort keys, and how many each of theirs takes in it: it is base64 again. */
const tokenOverheadLength = 400;
const charactersPerKeyCharacter = 4 / 3;

/** What the limit of a client leaves for sort keys. */
function keysLengthMaxOf(request: CosmosRequest): number | undefined {
  const kilobytes = integerOf(request, tokenLimitHeader);
  if (kilobytes === undefined) return undefined;
  if (kilobytes < 1) throw badRequest(`${tokenLimitHeader} must be at least 1`, tokenLimitHeader);
  return Math.floor((kilobytes * 1024 - tokenOverheadLength) / charactersPerKeyCharacter);
}

export function jsonOfRow(row: ResultRow, container: ContainerRecord | undefined): Uint8Array {
  if (row.item === undefined) return Buffer.from(jsonOfValue(row.value));
  return container === undefined ? jsonOfBson(row.item.document) : jsonOfItem(container, (row.item as ItemRow).item);
}
