// POST …/docs with x-ms-cosmos-is-query-plan-request: how a client is to run a query over several partitions.

import { catalogReadCharge } from '../../../core/charge.ts';
import { containerOf, keyOrNone, type Call } from '../call.ts';
import { schemaOf } from '../container-schema.ts';
import { headerOf } from '../decode.ts';
import type { Answer } from '../encode.ts';
import { isOneKey, rangesOfKey, rangesOfQuery } from '../key-ranges.ts';
import { checkFeatures } from '../query-features.ts';
import { passedOn, planDocument, type QueryInfo } from '../query-info.ts';
import { isBeyondPlans, queryInfoOf, type PlanOptions } from '../query-plan.ts';
import { sqlRequestOf, type SqlRequest } from '../query-request.ts';
import { queryOfSql } from '../sql/query.ts';

export function planQuery(call: Call): Answer {
  const container = containerOf(call);
  const sql = sqlRequestOf(call.request);
  const schema = schemaOf(container);
  // Faults that only the translation finds are told now, not by the first partition.
  const query = queryOfSql(sql.text, { schema });
  const key = keyOrNone(call, container);
  const ranges = key === undefined ? rangesOfQuery(query, container, sql.parameters) : rangesOfKey(container, key);
  const options = { distances: schema.distances, isOneKey: isOneKey(ranges) };
  const info = infoOf(sql, options, options.isOneKey || container.partitions.length === 1);
  checkFeatures(info, headerOf(call.request, 'x-ms-cosmos-supported-query-features'));
  return {
    status: 200,
    body: Buffer.from(planDocument(info, ranges)),
    charge: catalogReadCharge,
  };
}

/** What clients cannot merge is passed on to the one partition that answers, if it is one. */
function infoOf(sql: SqlRequest, options: PlanOptions, isOnePartition: boolean): QueryInfo {
  try {
    return queryInfoOf(sql.text, sql.parameters, options);
  } catch (error) {
    if (isOnePartition && isBeyondPlans(error)) return passedOn;
    throw error;
  }
}
