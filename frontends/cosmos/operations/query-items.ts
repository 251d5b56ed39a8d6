// POST …/docs with x-ms-documentdb-isquery. Over one logical partition, or over a range that the client named, any
// query is answered. Over the whole container the client must have allowed it, and what it would have to merge from
// partitions is refused with the plan for doing so, as the service does and as SDKs expect.

import { requireSession } from '../../../core/session.ts';
import { containerRows } from '../../../core/query/container-rows.ts';
import { openReading, type Reading } from '../../../core/reading.ts';
import { DatabaseError } from '../../../model/errors.ts';
import type { Scope } from '../../../model/operation.ts';
import type { Query } from '../../../model/query.ts';
import { isUnpartitioned, type ContainerRecord } from '../../../model/resource.ts';
import { containerOf, pageItemsOf, type Call } from '../call.ts';
import { schemaOf } from '../container-schema.ts';
import { headerOf } from '../decode.ts';
import { jsonOfFeed, type Answer } from '../encode.ts';
import { rangesOfQuery } from '../key-ranges.ts';
import { linksOfContainer } from '../links.ts';
import { pinnedKeyOf } from '../pinned-key.ts';
import { continuationText, foreignContinuation, heldScope, queryStart, readingPlace } from '../query-continuation.ts';
import { isServedDirectly, planDocument, type QueryInfo } from '../query-info.ts';
import { isBeyondPlans, queryInfoOf } from '../query-plan.ts';
import { requireCrossPartition, sqlRequestOf, type SqlRequest } from '../query-request.ts';
import { emptyPage, preparedQueries, runPage, systemViewOf, type QueryPage } from '../run-query.ts';
import { namesEndedRange, placeOf, scopeOf } from '../scope.ts';
import { queryOfSql } from '../sql/query.ts';

export async function queryItems(call: Call): Promise<Answer> {
  const { request, engine, context } = call;
  const container = containerOf(call);
  const sql = sqlRequestOf(request);
  const text = headerOf(request, 'x-ms-continuation');
  const goesOn = namesEndedRange(call, container) ? heldScope(text, container, engine.readings) : undefined;
  const asked = goesOn ?? scopeOf(call, container);
  const isPart = asked.partitionKey !== undefined || asked.range !== undefined;
  const scope = isPart || isUnpartitioned(container) ? asked : wholeScope(call, container, sql);
  requireSession(engine, container, context);
  const isWhole = scope.partitionKey === undefined && scope.range === undefined && !isUnpartitioned(container);
  const schema = schemaOf(container);
  const startedMs = performance.now();
  const prepared = preparedQueries.get(sql.text, { rewritten: isPart, schema });
  const prepareMs = performance.now() - startedMs;
  const start = queryStart(text, container, scope, prepared.plan.shape === 'counted', engine.readings);
  if (start.continuation === atEnd && !isWhole) throw foreignContinuation();
  const meter = engine.meter(container, scope, context);
  const { page, name } =
    start.isDone || start.continuation === atEnd ? { page: emptyPage(call, meter), name: '' } : await readPage();
  async function readPage(): Promise<{ readonly page: QueryPage; readonly name: string }> {
    const open = (): Reading => openReading(engine.state, container, start.scope, engine.nowSeconds);
    const use = engine.readings.use(start.held, readingPlace(container, start.layout, start.scope), open);
    let isKept = false;
    try {
      const source = containerRows(use.reading, systemViewOf(container), meter);
      const page = await runPage(call, sql, prepared, source, {
        continuation: start.continuation,
        container,
        keyPaths: keyPathsOf(container, scope),
        prepareMs,
        meter,
      });
      isKept = page.continuation !== undefined;
      return { page, name: use.name };
    } finally {
      use.done(isKept);
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
    continuation: next === undefined ? undefined : continuationText(container, start, name, next),
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

/** The index paths by which a partition key was found. */
function keyPathsOf({ partitionKey }: ContainerRecord, scope: Scope): readonly string[] {
  return scope.partitionKey === undefined
    ? []
    : partitionKey.paths.slice(0, scope.partitionKey.length).map((path) => `${path}/?`);
}
