// The plan that SDKs ask for a query over several partitions: what they must merge, and the query rewritten so that
// each partition gives them what the merge needs. How results are merged is read from @azure/cosmos 4.9.3
// (queryExecutionContext/) and the public .NET SDK (Query/Core/Pipeline); what plans look like, from the latter's
// baselines (`npm run conformance:plans`).
//
//   ORDER BY     SELECT c._rid, [{"item": key}, …] AS orderByItems, what AS payload … WHERE (…) AND (filter)
//   aggregates   SELECT VALUE [{"item": COUNT(1)}]; AVG as {"sum", "count"}, MIN and MAX with a second item
//   GROUP BY     SELECT [{"item": key}, …] AS groupByItems, {alias: value or {"item": aggregate}} AS payload
//   both         the columns of GROUP BY as the payload of ORDER BY
//   COUNT of a DISTINCT subquery: the subquery, whose distinct results the client counts (dCountInfo)
//
// Invariant: everything in a plan is printed from the syntax tree that is translated and executed, never cut from the
// text: how a query is spelt does not show. The SDK replaces the filter's placeholder by `true`, or by where an
// earlier page stopped.

import { badRequest, DatabaseError } from '../../model/errors.ts';
import { findAggregate } from '../../core/query/aggregates.ts';
import type { AggregateFunction } from '../../model/query.ts';
import type { Value } from '../../model/value.ts';
import { passedOn, type QueryInfo } from './query-info.ts';
import { groupedRows, orderedRows, type RewrittenQuery } from './query-rewrite.ts';
import { aliasOf, isAggregate, someExpression } from './sql/grouping.ts';
import type { Count, OrderKey, SelectItem, SqlCall, SqlExpression, SqlQuery } from './sql/ast.ts';
import { parseSql } from './sql/parse.ts';
import { printExpression, printQuery } from './sql/print.ts';
import { isDescendingDistance, isVectorDistance, type VectorDistances } from './sql/vector-distance.ts';

/** Names of aggregates in a plan. */
const aggregateWords: Readonly<Record<AggregateFunction, string>> = {
  COUNT: 'Count',
  SUM: 'Sum',
  AVG: 'Average',
  MIN: 'Min',
  MAX: 'Max',
  COUNTIF: 'CountIf',
  MAKELIST: 'MakeList',
  MAKESET: 'MakeSet',
};

export interface PlanOptions {
  readonly distances?: VectorDistances | undefined;
  /** Whether the query concerns one logical partition, whose answer is whole as it comes. */
  readonly isOneKey?: boolean | undefined;
}

/** The plan of a query's text. Nothing is kept: it is asked for once per execution. */
export function queryInfoOf(
  text: string,
  parameters: ReadonlyMap<string, Value>,
  options: PlanOptions = {},
): QueryInfo {
  return new Planner(parseSql(text), parameters, options).info();
}

/** The error of a query that no client of this protocol could merge. */
export function isBeyondPlans(error: unknown): boolean {
  return error instanceof DatabaseError && error.details?.['beyondPlans'] === true;
}

function beyondPlans(what: string): DatabaseError {
  return new DatabaseError('NotSupported', `${what} cannot be merged by clients from several partitions`, {
    argument: 'query',
    details: { beyondPlans: true },
  });
}

type Groups = Pick<
  QueryInfo,
  'groupByExpressions' | 'groupByAliases' | 'aggregates' | 'groupByAliasToAggregateType' | 'rewrittenQuery'
>;

class Planner {
  readonly #query: SqlQuery;
  readonly #parameters: ReadonlyMap<string, Value>;
  readonly #options: PlanOptions;

  constructor(query: SqlQuery, parameters: ReadonlyMap<string, Value>, options: PlanOptions) {
    this.#query = query;
    this.#parameters = parameters;
    this.#options = options;
  }

  info(): QueryInfo {
    const query = this.#query;
    const { select, groupBy, orderBy, distinct } = query;
    const hasSelectValue = select.kind === 'value';
    // Without FROM there is one row, wherever it is asked for.
    if (query.from.length === 0) return { ...passedOn, hasSelectValue };
    const inner = this.#innerToMerge();
    if (inner !== undefined) return { ...this.#distinctCount(inner), hasSelectValue };
    const calls = selectedBy(query).filter(isAggregate);
    const counts = {
      top: this.#count(query.top),
      offset: this.#count(query.offset),
      limit: this.#count(query.limit),
    };
    const order = {
      orderBy: orderBy.map(
        (key) => (this.#isDescending(key) ? 'Descending' : 'Ascending') as 'Ascending' | 'Descending',
      ),
      orderByExpressions: orderBy.map(({ value }) => printExpression(value)),
      // No index gives the order of distances: clients must read all of a partition's rows to merge them.
      hasNonStreamingOrderBy: orderBy.some(({ value }) => isVectorDistance(value)),
    };
    const base: QueryInfo = { ...passedOn, ...counts, hasSelectValue };
    if (groupBy.length > 0) {
      if (orderBy.some(({ value }) => !includes(groupBy, value)))
        throw beyondPlans('ORDER BY of what is no key of GROUP BY');
      // Groups that show all their keys are distinct already.
      const shown = selectedBy(query);
      const distinctType = distinct && !groupBy.every((key) => includes(shown, key)) ? 'Unordered' : 'None';
      return { ...base, ...order, distinctType, ...this.#grouped() };
    }
    if (calls.length > 0) {
      // The one row of an aggregate has no place among others; only a list tells in what order its values came.
      if (orderBy.length > 0 && calls.some((call) => findAggregate(call.name) === 'MAKELIST'))
        throw beyondPlans('ORDER BY with MAKELIST');
      return { ...base, ...this.#grouped() };
    }
    const distinctType = this.#distinctType();
    if (orderBy.length > 0) {
      const rewrittenQuery = printed(orderedRows(this.#bounded(), this.#root()));
      return { ...base, ...order, distinctType, rewrittenQuery };
    }
    // One logical partition skips and counts for itself.
    if (this.#options.isOneKey === true && !distinct) return { ...base, offset: null, limit: null };
    const isCut = query.offset !== undefined || (distinct && query.top !== undefined);
    return { ...base, distinctType, rewrittenQuery: isCut ? printQuery(this.#bounded()) : '' };
  }

  /** The query with what one partition need give at most: without counts where results of several may be the same. */
  #bounded(): SqlQuery {
    const { distinct } = this.#query;
    const [top, offset, limit] = [this.#query.top, this.#query.offset, this.#query.limit].map((count) =>
      distinct ? null : this.#count(count),
    );
    const literal = (value: number): Count => ({ kind: 'literal', value, start: 0, end: 0 });
    return {
      ...this.#query,
      top: top === null ? undefined : literal(top!),
      offset: offset === null ? undefined : literal(0),
      limit: limit === null ? undefined : literal(offset! + limit!),
    };
  }

  /** The subquery of FROM whose results are no row of one partition: counted, cut, made distinct or grouped. */
  #innerToMerge(): SqlQuery | undefined {
    const [first] = this.#query.from;
    if (first?.collection.kind !== 'subquery') return undefined;
    const { query } = first.collection;
    const merges =
      query.distinct ||
      query.top !== undefined ||
      query.offset !== undefined ||
      query.groupBy.length > 0 ||
      selectedBy(query).some((value) => someExpression(value, isAggregate));
    if (merges) return query;
    return new Planner(query, this.#parameters, this.#options).#innerToMerge();
  }

  /** COUNT of all results of SELECT DISTINCT; nothing else is counted by clients. */
  #distinctCount(inner: SqlQuery): QueryInfo {
    const query = this.#query;
    const [item, ...others] = itemsOf(query);
    const isCount =
      item !== undefined &&
      others.length === 0 &&
      isAggregate(item.value) &&
      findAggregate(item.value.name) === 'COUNT' &&
      item.value.arguments[0]?.kind === 'literal' &&
      item.value.arguments[0].value !== undefined;
    const [first, ...joins] = query.from;
    const isAll =
      first?.collection.kind === 'subquery' &&
      first.collection.query === inner &&
      !first.iterates &&
      joins.length === 0 &&
      query.where === undefined &&
      query.groupBy.length === 0 &&
      query.offset === undefined &&
      query.top === undefined;
    const info = new Planner(inner, this.#parameters, {}).info();
    const isDistinct =
      info.distinctType !== 'None' && info.top === null && info.offset === null && inner.groupBy.length === 0;
    if (!isCount || !isAll || !isDistinct) throw beyondPlans('what a query in FROM counts, cuts or groups');
    const dCountAlias = query.select.kind === 'value' ? '' : (aliasOf(item) ?? '$1');
    const rewrittenQuery = info.rewrittenQuery === '' ? printQuery(inner) : info.rewrittenQuery;
    return { ...info, rewrittenQuery, dCountInfo: { dCountAlias } };
  }

  #count(count: Count | undefined): number | null {
    if (count === undefined) return null;
    const value = count.kind === 'literal' ? count.value : this.#parameters.get(count.name);
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0)
      throw badRequest('TOP, OFFSET and LIMIT need a whole number that is not negative', 'query');
    return value;
  }

  /** DISTINCT over rows that come in the order of what they are can be told by comparing neighbours. */
  #distinctType(): QueryInfo['distinctType'] {
    const { distinct, orderBy, select } = this.#query;
    if (!distinct) return 'None';
    const [key, second] = orderBy;
    const isOrdered =
      select.kind === 'value' && key !== undefined && second === undefined && isSame(select.value, key.value);
    return isOrdered ? 'Ordered' : 'Unordered';
  }

  #isDescending({ value, descending }: OrderKey): boolean {
    return isVectorDistance(value) ? isDescendingDistance(value, this.#options.distances) : descending;
  }

  /** The name of the item itself in the first FROM item. */
  #root(): string {
    const [first] = this.#query.from;
    if (first === undefined || first.collection.kind !== 'path' || first.collection.steps.length > 0 || first.iterates)
      throw beyondPlans('ORDER BY over a FROM that does not begin with the item');
    return first.alias ?? first.collection.root.name;
  }

  #grouped(): Groups {
    const query = this.#query;
    const groupByExpressions = query.groupBy.map((key) => printExpression(key));
    // An order that one row cannot show stays in the text, where it does no harm.
    const rewrittenQuery = printed(groupedRows(query));
    if (query.select.kind === 'value') {
      const { value } = query.select;
      const aggregates = isAggregate(value) ? [wordOf(value)] : [];
      return { groupByExpressions, groupByAliases: [], aggregates, groupByAliasToAggregateType: {}, rewrittenQuery };
    }
    let unnamed = 0;
    const types: [string, string | null][] = itemsOf(query).map((item) => [
      aliasOf(item) ?? `$${++unnamed}`,
      isAggregate(item.value) ? wordOf(item.value) : null,
    ]);
    return {
      groupByExpressions,
      groupByAliases: types.map(([alias]) => alias),
      aggregates: [],
      groupByAliasToAggregateType: Object.fromEntries(types),
      rewrittenQuery,
    };
  }
}

function printed({ query, where }: RewrittenQuery): string {
  return printQuery(query, where);
}

function selectedBy({ select }: SqlQuery): readonly SqlExpression[] {
  if (select.kind === 'value') return [select.value];
  return select.kind === 'list' ? select.items.map(({ value }) => value) : [];
}

function itemsOf({ select }: SqlQuery): readonly SelectItem[] {
  if (select.kind === 'value') return [{ value: select.value, alias: undefined, start: 0, end: 0 }];
  return select.kind === 'list' ? select.items : [];
}

function isSame(left: SqlExpression, right: SqlExpression): boolean {
  return printExpression(left) === printExpression(right);
}

function includes(expressions: readonly SqlExpression[], expression: SqlExpression): boolean {
  return expressions.some((one) => isSame(one, expression));
}

function wordOf(call: SqlCall): string {
  return aggregateWords[findAggregate(call.name)!];
}
