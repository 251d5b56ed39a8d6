// What a client must be able to merge to follow a plan: the names by which it says so in the header
// `x-ms-cosmos-supported-query-features`. A plan that needs more is refused, so that nobody merges wrongly.

import { badRequest } from '../../model/errors.ts';
import type { QueryInfo } from './query-info.ts';

/** Refuses a plan that a client says it cannot follow. No list: an old client, which is not refused. */
export function checkFeatures(info: QueryInfo, supported: string | undefined): void {
  if (supported === undefined || supported === '') return;
  const known = new Set(supported.split(',').map((feature) => feature.trim()));
  const missing = featuresOf(info).filter((feature) => !known.has(feature));
  if (missing.length === 0) return;
  const reasons = missing.map((feature) => `Query contained ${feature}, which the calling client does not support.`);
  throw badRequest(
    'Query contains 1 or more unsupported features. Upgrade your SDK to a version that does support the requested ' +
      `features:\n${reasons.join('\n')}`,
    'x-ms-cosmos-supported-query-features',
  );
}

function featuresOf(info: QueryInfo): string[] {
  const needed: string[] = [];
  const aliased = Object.values(info.groupByAliasToAggregateType).filter((type) => type !== null);
  const types = [...info.aggregates, ...aliased];
  const isGrouped = info.groupByExpressions.length > 0;
  if (info.aggregates.length > 0) needed.push('Aggregate');
  if (info.distinctType !== 'None') needed.push('Distinct');
  if (aliased.length > 0 && !isGrouped) needed.push('NonValueAggregate');
  if (types.length > 1 && !isGrouped) needed.push('MultipleAggregates');
  if (isGrouped) needed.push('GroupBy');
  if (info.offset !== null || info.limit !== null) needed.push('OffsetAndLimit');
  if (info.orderBy.length > 0) needed.push('OrderBy');
  if (info.hasNonStreamingOrderBy) needed.push('NonStreamingOrderBy');
  if (info.orderBy.length > 1) needed.push('MultipleOrderBy');
  if (info.top !== null) needed.push('Top');
  if (info.dCountInfo !== null) needed.push('DCount');
  if (types.includes('CountIf')) needed.push('CountIf');
  if (types.includes('MakeList') || types.includes('MakeSet')) needed.push('ListAndSetAggregate');
  return needed;
}
