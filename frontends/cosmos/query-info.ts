// What a plan says, in the protocol's own names: what clients merge, and whom they ask.

import type { PlanRange } from './key-ranges.ts';

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
  readonly dCountInfo: { readonly dCountAlias: string } | null;
  readonly hasNonStreamingOrderBy: boolean;
}

/** The plan of a query that its partition answers as it is. */
export const passedOn: QueryInfo = {
  distinctType: 'None',
  top: null,
  offset: null,
  limit: null,
  orderBy: [],
  orderByExpressions: [],
  groupByExpressions: [],
  groupByAliases: [],
  aggregates: [],
  groupByAliasToAggregateType: {},
  rewrittenQuery: '',
  hasSelectValue: false,
  dCountInfo: null,
  hasNonStreamingOrderBy: false,
};

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
export function planDocument(info: QueryInfo, ranges: readonly PlanRange[]): string {
  return JSON.stringify({ partitionedQueryExecutionInfoVersion: 2, queryInfo: info, queryRanges: ranges });
}
