// POST …/docs with x-ms-documentdb-isquery. Over one logical partition, or over a range that the client named, any
// query is answered. Over the whole container the client must have allowed it, and what it would have to merge from
// partitions is refused with the plan for doing so, as the service does and as SDKs expect.

import { requireSession } from '../../../core/engine.ts';
import { containerRows, layoutOf } from '../../../core/query/container-rows.ts';
import { openReading } from '../../../core/reading.ts';
import { DatabaseError } from '../../../model/errors.ts';
import type { Scope } from '../../../model/operation.ts';
import type { Query } from '../../../model/query.ts';
import { partitionKeyText } from '../../../model/partition-key.ts';
import { isUnpartitioned, type ContainerRecord } from '../../../model/resource.ts';
import { containerOf, pageItemsOf, type Call } from '../call.ts';
import { schemaOf } from '../container-schema.ts';
import { headerOf } from '../decode.ts';
import { jsonOfFeed, type Answer } from '../encode.ts';
import { rangesOfQuery } from '../key-ranges.ts';
import { linksOfContainer } from '../links.ts';
import { pinnedKeyOf } from '../pinned-key.ts';
import { isServedDirectly, planDocument, type QueryInfo } from '../query-info.ts';
import { isBeyondPlans, queryInfoOf } from '../query-plan.ts';
import { requireCrossPartition, sqlRequestOf, type SqlRequest } from '../query-request.ts';
import { emptyPage, preparedQueries, runPage, systemViewOf, type QueryPage } from '../run-query.ts';
import { placeOf, scopeOf } from '../scope.ts';
import { queryOfSql } from '../sql/query.ts';

export async function queryItems(call: Call): Promise<Answer> {
  const { request, engine, context } = call;
  const container = containerOf(call);
  const sql = sqlRequestOf(request);
  const asked = scopeOf(call, container);
  const isPart = asked.partitionKey !== undefined || asked.range !== undefined;
  const scope = isPart || isUnpartitioned(container) ? asked : wholeScope(call, container, sql);
  requireSession(engine, container, context);
  const text = headerOf(request, 'x-ms-continuation');
  const isWhole = scope.partitionKey === undefined && scope.range === undefined && !isUnpartitioned(container);
  const schema = schemaOf(container);
  const startedMs = performance.now();
  const prepared = preparedQueries.get(sql.text, { rewritten: isPart, schema });
  const prepareMs = performance.now() - startedMs;
  // A count of results means nothing in another scope; a position in the order of items does.
  const countsResults = prepared.plan.shape === 'counted';
  const mark = countsResults ? scopeMark(container, scope) : layoutMark(container);
  const { held, continuation } = unwrap(text, mark);
  if (continuation === atEnd && !isWhole) throw foreignContinuation();
  const { page, name } = continuation === atEnd ? { page: emptyPage(call), name: '' } : await readPage();
  async function readPage(): Promise<{ readonly page: QueryPage; readonly name: string }> {
    const { partitionKey } = scope;
    const place = `${scopeMark(container, scope)} ${partitionKey === undefined ? '' : partitionKeyText(partitionKey)}`;
    const use = engine.readings.use(held, place, () => openReading(engine.state, container, scope, engine.nowSeconds));
    let goesOn = false;
    try {
      let bytesRead = 0;
      const systemOf = systemViewOf(container);
      const source = containerRows(use.reading, (item) => {
        bytesRead += item.body.length;
        return systemOf(item);
      });
      const page = await runPage(call, sql, prepared, source, {
        continuation,
        container,
        keyPaths: keyPathsOf(container, scope),
        prepareMs,
        bytesRead: () => bytesRead,
      });
      goesOn = page.continuation !== undefined;
      return { page, name: use.name };
    } finally {
      use.done(goesOn);
    }
  }
  const isFull = page.documents.length === pageItemsOf(request);
  const next = page.continuation ?? (isWhole && isFull ? atEnd : undefined);
  return {
    status: 200,
    body: jsonOfFeed(linksOfContainer(container).rid, 'Documents', page.documents),
    charge: page.charge,
    place: placeOf(call, container, scope),
    itemCount: page.documents.length,
    continuation: next === undefined ? undefined : wrap(next, name, mark),
    extra: page.metrics,
  };
}

/**
 * Continuation of a full page of a query over the whole container: it always has one, and an empty page ends the
 * query. That the service does so is inferred from the page counts that azcosmos 1.4.2 expects.
 */
const atEnd = 'end';

/** The scope of a query that names none: the partition key its filter fixes, or everything if that may be served. */
function wholeScope(call: Call, container: ContainerRecord, sql: SqlRequest): Scope {
  const query = queryOfSql(sql.text, { schema: schemaOf(container) });
  const pinned = pinnedKeyOf(query, container.partitionKey, sql.parameters);
  const isPinned = pinned?.length === container.partitionKey.paths.length;
  if (isPinned && !isNamedAggregate(query)) return { partitionKey: pinned };
  if (!isPinned) requireCrossPartition(call.request);
  const info = infoOf(sql, container);
  if (info !== undefined && !isServedDirectly(info))
    throw new DatabaseError(
      'BadRequest',
      'The provided cross partition query can not be directly served by the gateway. This is a first chance (internal) ' +
        'exception that all newer clients will know how to handle gracefully.',
      {
        argument: 'query',
        details: {
          substatus: 1004,
          additionalErrorInfo: planDocument(info, rangesOfQuery(query, container, sql.parameters)),
        },
      },
    );
  return pinned === undefined ? {} : { partitionKey: pinned };
}

/** The plan; none where few or no clients could follow it: then the server does what it would not ask of them. */
function infoOf(sql: SqlRequest, container: ContainerRecord): QueryInfo | undefined {
  try {
    const info = queryInfoOf(sql.text, sql.parameters, { distances: schemaOf(container).distances });
    return info.dCountInfo === null ? info : undefined;
  } catch (error) {
    if (isBeyondPlans(error)) return undefined;
    throw error;
  }
}

/**
 * Whether the result is one object of aggregates, `SELECT COUNT(1) AS n`. That the service answers such a query only
 * when its key stands in the header is inferred from the tests of azure-cosmos 4.17.1.
 */
function isNamedAggregate({ relation }: Query): boolean {
  let top = relation;
  while (top.kind === 'distinct' || top.kind === 'skip' || top.kind === 'limit') top = top.input;
  return (
    top.kind === 'project' && top.value.kind === 'object' && top.input.kind === 'group' && top.input.keys.length === 0
  );
}

// A continuation holds for one layout of partitions, and, where it counts, for one scope. It names the reading it began
// with, too.

function layoutMark(container: ContainerRecord): string {
  return `${container.number}:${layoutOf(container)}`;
}

function scopeMark(container: ContainerRecord, { range }: Scope): string {
  return `${layoutMark(container)}:${range === undefined ? '' : `${range.minInclusive}-${range.maxExclusive}`}`;
}

function wrap(continuation: string, held: string, mark: string): string {
  return `${mark}#${held}#${continuation}`;
}

interface Unwrapped {
  readonly held: string | undefined;
  readonly continuation: string | undefined;
}

function unwrap(text: string | undefined, mark: string): Unwrapped {
  if (text === undefined || text === '') return { held: undefined, continuation: undefined };
  const prefix = `${mark}#`;
  const split = text.indexOf('#', prefix.length);
  if (!text.startsWith(prefix) || split < 0) throw foreignContinuation();
  return { held: text.slice(prefix.length, split), continuation: text.slice(split + 1) };
}

function foreignContinuation(): DatabaseError {
  return new DatabaseError('InvalidContinuation', 'the continuation does not belong to this query', {
    argument: 'x-ms-continuation',
  });
}

/** The index paths by which a partition key was found. */
function keyPathsOf({ partitionKey }: ContainerRecord, scope: Scope): readonly string[] {
  return scope.partitionKey === undefined
    ? []
    : partitionKey.paths.slice(0, scope.partitionKey.length).map((path) => `${path}/?`);
}
