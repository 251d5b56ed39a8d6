// The plan that SDKs ask for a query over several partitions: what they must merge, and the query rewritten so that
// each partition gives them what the merge needs. How results are merged is read from @azure/cosmos 4.9.3
// (queryExecutionContext/). The texts of the rewritten queries are ours, in the shape that code expects: they are not
// yet compared with the plan baselines of the public .NET SDK.
//
//   ORDER BY     SELECT c._rid, [{"item": key}, …] AS orderByItems, what AS payload … WHERE (…) AND (filter)
//   aggregates   SELECT VALUE [{"item": COUNT(1)}]; AVG as {"sum", "count"}, MIN and MAX with a second item
//   GROUP BY     SELECT [{"item": key}, …] AS groupByItems, {alias: value or {"item": aggregate}} AS payload
//
// The SDK replaces the filter's placeholder by `true`, or by where an earlier page stopped.
// Pieces of the text are copied as they were written, by their places in the syntax tree.

import { badRequest, DatabaseError } from '../../model/errors.ts';
import type { EpkRange } from '../../model/effective-partition-key.ts';
import { findAggregate } from '../../core/query/aggregates.ts';
import type { AggregateFunction } from '../../model/query.ts';
import type { Value } from '../../model/value.ts';
import type { Count, FromItem, OrderKey, SelectItem, Span, SqlCall, SqlExpression, SqlQuery } from './sql/ast.ts';
import { isAggregate, someExpression } from './sql/grouping.ts';
import { parseSql } from './sql/parse.ts';
import { isDescendingDistance, isVectorDistance, type VectorDistances } from './sql/vector-distance.ts';

const orderByFilter = '{documentdb-formattableorderbyquery-filter}';

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

/** One query's part of the plan: field names are the protocol's. */
export interface QueryInfo {
  readonly distinctType: 'None' | 'Ordered' | 'Unordered';
  readonly top: number | null;
  readonly offset: number | null;
  readonly limit: number | null;
  readonly orderBy: readonly ('Ascending' | 'Descending')[];
  readonly orderByExpressions: readonly string[];
  readonly groupByExpressions: readonly string[];
  readonly groupByAliases: readonly string[];
  readonly aggregates: readonly string[];
  readonly groupByAliasToAggregateType: Readonly<Record<string, string | null>>;
  readonly rewrittenQuery: string;
  readonly hasSelectValue: boolean;
  readonly dCountInfo: null;
  readonly hasNonStreamingOrderBy: boolean;
}

/** The plan of a query's text. Nothing is kept: it is asked for once per execution. */
export function queryInfoOf(
  text: string,
  parameters: ReadonlyMap<string, Value>,
  distances?: VectorDistances,
): QueryInfo {
  return new Planner(text, parseSql(text), parameters, distances).info();
}

/** True when each partition's results, one after the other, are the answer: nothing is left to merge. */
export function isServedDirectly(info: QueryInfo): boolean {
  return (
    info.distinctType === 'None' &&
    info.top === null &&
    info.offset === null &&
    info.limit === null &&
    info.orderBy.length === 0 &&
    info.groupByExpressions.length === 0 &&
    info.aggregates.length === 0 &&
    Object.keys(info.groupByAliasToAggregateType).length === 0
  );
}

/** The body that answers a plan request. */
export function planDocument(info: QueryInfo, range: EpkRange, isPoint: boolean): string {
  return JSON.stringify({
    partitionedQueryExecutionInfoVersion: 2,
    queryInfo: info,
    queryRanges: [
      {
        min: range.minInclusive,
        max: isPoint ? range.minInclusive : range.maxExclusive,
        isMinInclusive: true,
        isMaxInclusive: isPoint,
      },
    ],
  });
}

/** Refuses a plan that a client says it cannot follow. No list: an old client, which is not refused. */
export function checkFeatures(info: QueryInfo, supported: string | undefined): void {
  if (supported === undefined || supported === '') return;
  const known = new Set(supported.split(',').map((feature) => feature.trim()));
  const missing = featuresOf(info).filter((feature) => !known.has(feature));
  if (missing.length > 0)
    throw badRequest(
      `Query contains 1 or more unsupported features. Upgrade your SDK to a version that does support the requested features: ${missing.join(', ')}`,
      'x-ms-cosmos-supported-query-features',
    );
}

/** Whether results are objects of aggregates over everything: `SELECT COUNT(1) AS n`. */
function needsNonValueAggregate(info: QueryInfo): boolean {
  return (
    info.groupByExpressions.length === 0 &&
    Object.values(info.groupByAliasToAggregateType).some((type) => type !== null)
  );
}

function featuresOf(info: QueryInfo): string[] {
  const needed: string[] = [];
  if (info.aggregates.length > 0) needed.push('Aggregate');
  if (info.distinctType !== 'None') needed.push('Distinct');
  if (needsNonValueAggregate(info)) needed.push('NonValueAggregate');
  if (info.groupByExpressions.length > 0) needed.push('GroupBy');
  if (info.offset !== null || info.limit !== null) needed.push('OffsetAndLimit');
  if (info.orderBy.length > 0) needed.push('OrderBy');
  if (info.hasNonStreamingOrderBy) needed.push('NonStreamingOrderBy');
  if (info.orderBy.length > 1) needed.push('MultipleOrderBy');
  if (info.top !== null) needed.push('Top');
  return needed;
}

class Planner {
  readonly #text: string;
  readonly #query: SqlQuery;
  readonly #parameters: ReadonlyMap<string, Value>;
  readonly #distances: VectorDistances | undefined;

  constructor(
    text: string,
    query: SqlQuery,
    parameters: ReadonlyMap<string, Value>,
    distances: VectorDistances | undefined,
  ) {
    this.#text = text;
    this.#query = query;
    this.#parameters = parameters;
    this.#distances = distances;
  }

  info(): QueryInfo {
    const query = this.#query;
    this.#refuseNested();
    const { select } = query;
    const values =
      select.kind === 'value' ? [select.value] : select.kind === 'list' ? select.items.map(({ value }) => value) : [];
    const calls = values.filter(isAggregate);
    const isGrouped = query.groupBy.length > 0 || calls.length > 0;
    const orderByExpressions = query.orderBy.map(({ value }) => this.#slice(value));
    const base = {
      top: this.#count(query.top),
      offset: this.#count(query.offset),
      limit: this.#count(query.limit),
      orderBy: query.orderBy.map(
        (key) => (this.#isDescending(key) ? 'Descending' : 'Ascending') as 'Ascending' | 'Descending',
      ),
      orderByExpressions,
      hasSelectValue: select.kind === 'value',
      dCountInfo: null,
      // No index gives the order of distances: clients must read all of a partition's rows to merge them.
      hasNonStreamingOrderBy: query.orderBy.some(({ value }) => isVectorDistance(value)),
    };
    const ungrouped = { groupByExpressions: [], groupByAliases: [], aggregates: [], groupByAliasToAggregateType: {} };
    if (isGrouped) {
      // The one row of an aggregate is in order, and only a list tells in what order its values came.
      const isOneRow = query.groupBy.length === 0 && calls.every((call) => findAggregate(call.name) !== 'MAKELIST');
      if (query.orderBy.length > 0 && !isOneRow) throw unsupported('ORDER BY with GROUP BY or MAKELIST');
      if (query.distinct) throw unsupported('DISTINCT with GROUP BY or an aggregate');
      return { distinctType: 'None', ...base, orderBy: [], orderByExpressions: [], ...this.#grouped(calls) };
    }
    if (query.orderBy.length > 0)
      return { distinctType: this.#distinctType(), ...base, ...ungrouped, rewrittenQuery: this.#ordered() };
    const isCut = query.offset !== undefined;
    return {
      distinctType: this.#distinctType(),
      ...base,
      ...ungrouped,
      rewrittenQuery:
        isCut || query.distinct
          ? this.#join([this.#head(), this.#selectText(), this.#from(), this.#where(undefined), this.#tail()])
          : '',
    };
  }

  /** A subquery in FROM that reads the container is another query: what it counts or cuts is not what partitions give. */
  #refuseNested(): void {
    const [first] = this.#query.from;
    if (first?.collection.kind !== 'subquery') return;
    const inner = first.collection.query;
    const { select } = inner;
    const values =
      select.kind === 'value' ? [select.value] : select.kind === 'list' ? select.items.map(({ value }) => value) : [];
    const merges =
      inner.distinct ||
      inner.top !== undefined ||
      inner.offset !== undefined ||
      inner.groupBy.length > 0 ||
      values.some((value) => someExpression(value, isAggregate));
    if (merges) throw unsupported('a subquery in FROM that must be merged over partitions');
  }

  #slice({ start, end }: Span): string {
    return this.#text.slice(start, end);
  }

  #join(parts: readonly string[]): string {
    return parts.filter((part) => part !== '').join(' ');
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
    const selected = select.kind === 'value' ? this.#slice(select.value) : undefined;
    return orderBy.length === 1 && selected === this.#slice(orderBy[0]!.value) ? 'Ordered' : 'Unordered';
  }

  /** SELECT with its modifiers; TOP stays, since no partition need give more. */
  #head(): string {
    const { distinct, top } = this.#query;
    return this.#join(['SELECT', distinct ? 'DISTINCT' : '', top === undefined ? '' : `TOP ${this.#slice(top)}`]);
  }

  #selectText(): string {
    const { select } = this.#query;
    if (select.kind === 'star') return '*';
    if (select.kind === 'value') return `VALUE ${this.#slice(select.value)}`;
    return select.items.map((item) => this.#slice(item)).join(', ');
  }

  #from(): string {
    const [first, ...joins] = this.#query.from;
    if (first === undefined) return '';
    return `FROM ${[first, ...joins].map((item) => this.#slice(item)).join(' JOIN ')}`;
  }

  #where(filter: string | undefined): string {
    const { where } = this.#query;
    const given = where === undefined ? undefined : this.#slice(where);
    if (filter === undefined) return given === undefined ? '' : `WHERE ${given}`;
    return given === undefined ? `WHERE (${filter})` : `WHERE ((${given}) AND (${filter}))`;
  }

  /** OFFSET and LIMIT for one partition: everything that may be among the results. */
  #tail(): string {
    const offset = this.#count(this.#query.offset);
    const limit = this.#count(this.#query.limit);
    return offset === null || limit === null ? '' : `OFFSET 0 LIMIT ${offset + limit}`;
  }

  #ordered(): string {
    const { orderBy } = this.#query;
    const keys = orderBy.map(({ value }) => `{"item": ${this.#slice(value)}}`).join(', ');
    const order = orderBy
      .map(({ value, descending }) => {
        if (isVectorDistance(value)) return this.#slice(value);
        return `${this.#slice(value)} ${descending ? 'DESC' : 'ASC'}`;
      })
      .join(', ');
    // Equal values may come from many items, in any number of partitions: what DISTINCT leaves of them, and so what
    // TOP or LIMIT counts, is known only when they are merged.
    const { distinct } = this.#query;
    return this.#join([
      distinct ? 'SELECT' : this.#head(),
      `${this.#root()}._rid, [${keys}] AS orderByItems, ${this.#payload()} AS payload`,
      this.#from(),
      this.#where(orderByFilter),
      `ORDER BY ${order}`,
      distinct ? '' : this.#tail(),
    ]);
  }

  #isDescending({ value, descending }: OrderKey): boolean {
    return isVectorDistance(value) ? isDescendingDistance(value, this.#distances) : descending;
  }

  /** The name of the item itself in the first FROM item. */
  #root(): string {
    const [first] = this.#query.from;
    const root = first === undefined ? undefined : nameOfRoot(first);
    if (root === undefined) throw unsupported('ORDER BY over a FROM that does not begin with the item');
    return root;
  }

  #payload(): string {
    const { select } = this.#query;
    if (select.kind === 'star') return this.#root();
    if (select.kind === 'value') return this.#slice(select.value);
    let unnamed = 0;
    const fields = select.items.map(
      (item) => `${JSON.stringify(aliasOf(item) ?? `$${++unnamed}`)}: ${this.#slice(item.value)}`,
    );
    return `{${fields.join(', ')}}`;
  }

  #grouped(
    calls: readonly SqlCall[],
  ): Pick<
    QueryInfo,
    'groupByExpressions' | 'groupByAliases' | 'aggregates' | 'groupByAliasToAggregateType' | 'rewrittenQuery'
  > {
    const { groupBy, select } = this.#query;
    const groupByExpressions = groupBy.map((key) => this.#slice(key));
    const keys = groupByExpressions.map((key) => `{"item": ${key}}`).join(', ');
    const prefix = groupBy.length === 0 ? '' : `[${keys}] AS groupByItems, `;
    const suffix = groupBy.length === 0 ? '' : `GROUP BY ${groupByExpressions.join(', ')}`;
    const body = (selected: string): string =>
      this.#join(['SELECT', selected, this.#from(), this.#where(undefined), suffix]);
    if (select.kind === 'value') {
      const [call] = calls;
      const payload = call === undefined ? this.#slice(select.value) : `[${this.#item(call)}]`;
      return {
        groupByExpressions,
        groupByAliases: [],
        aggregates: call === undefined ? [] : [wordOf(call)],
        groupByAliasToAggregateType: {},
        rewrittenQuery: body(groupBy.length === 0 ? `VALUE ${payload}` : `${prefix}${payload} AS payload`),
      };
    }
    const items = select.kind === 'list' ? select.items : [];
    let unnamed = 0;
    const aliases: string[] = [];
    const types: [string, string | null][] = [];
    const fields = items.map(({ value, ...item }) => {
      const alias = aliasOf({ value, ...item }) ?? `$${++unnamed}`;
      aliases.push(alias);
      types.push([alias, isAggregate(value) ? wordOf(value) : null]);
      return `${JSON.stringify(alias)}: ${isAggregate(value) ? this.#item(value) : this.#slice(value)}`;
    });
    return {
      groupByExpressions,
      groupByAliases: aliases,
      aggregates: [],
      groupByAliasToAggregateType: Object.fromEntries(types),
      rewrittenQuery: body(`${prefix}{${fields.join(', ')}} AS payload`),
    };
  }

  /** What one partition gives for an aggregate, so that several can be merged. */
  #item(call: SqlCall): string {
    const argument = call.arguments[0];
    if (argument === undefined) throw badRequest(`${call.name} needs an argument`, 'query');
    const of = this.#slice(argument);
    const name = findAggregate(call.name)!;
    if (name === 'AVG') return `{"item": {"sum": SUM(${of}), "count": COUNT(${of})}}`;
    if (name === 'MIN' || name === 'MAX')
      return `{"item": ${name}(${of}), "item2": {"${name.toLowerCase()}": ${name}(${of}), "count": COUNT(${of})}}`;
    return `{"item": ${name}(${of})}`;
  }
}

function wordOf(call: SqlCall): string {
  return aggregateWords[findAggregate(call.name)!];
}

function unsupported(what: string): DatabaseError {
  return new DatabaseError('NotSupported', `${what} is not supported over several partitions yet`, {
    argument: 'query',
  });
}

function nameOfRoot(item: FromItem): string | undefined {
  const { collection } = item;
  if (collection.kind !== 'path' || collection.steps.length > 0 || item.iterates) return undefined;
  return item.alias ?? collection.root.name;
}

function aliasOf(item: SelectItem): string | undefined {
  if (item.alias !== undefined) return item.alias;
  const { value }: { value: SqlExpression } = item;
  return value.kind === 'member' || value.kind === 'name' ? value.name : undefined;
}
