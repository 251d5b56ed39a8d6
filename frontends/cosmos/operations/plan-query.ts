// POST …/docs with x-ms-cosmos-is-query-plan-request: how a client is to run a query over several partitions.

import { catalogReadCharge } from '../../../core/charge.ts';
import {
  effectivePartitionKey,
  epkMax,
  epkMin,
  rangeOfKey,
  type EpkRange,
} from '../../../model/effective-partition-key.ts';
import type { PartitionKeyValue } from '../../../model/operation.ts';
import { isUnpartitioned, type ContainerRecord } from '../../../model/resource.ts';
import { containerOf, keyOrNone, type Call } from '../call.ts';
import { schemaOf } from '../container-schema.ts';
import { headerOf } from '../decode.ts';
import type { Answer } from '../encode.ts';
import { pinnedKeyOf } from '../pinned-key.ts';
import { checkFeatures, planDocument, queryInfoOf } from '../query-plan.ts';
import { sqlRequestOf } from '../query-request.ts';
import { queryOfSql } from '../sql/query.ts';

export function planQuery(call: Call): Answer {
  const container = containerOf(call);
  const sql = sqlRequestOf(call.request);
  // Faults that only the translation finds are told now, not by the first partition.
  const query = queryOfSql(sql.text, { schema: schemaOf(container) });
  const info = queryInfoOf(sql.text, sql.parameters, schemaOf(container).distances);
  checkFeatures(info, headerOf(call.request, 'x-ms-cosmos-supported-query-features'));
  const key = keyOrNone(call, container) ?? pinnedKeyOf(query, container.partitionKey, sql.parameters);
  const isPoint =
    key !== undefined && key.length === container.partitionKey.paths.length && !isUnpartitioned(container);
  return {
    status: 200,
    body: Buffer.from(planDocument(info, rangeFor(container, key), isPoint)),
    charge: catalogReadCharge,
  };
}

function rangeFor(container: ContainerRecord, key: PartitionKeyValue | undefined): EpkRange {
  if (key === undefined || isUnpartitioned(container)) return { minInclusive: epkMin, maxExclusive: epkMax };
  if (key.length < container.partitionKey.paths.length) return rangeOfKey(container.partitionKey, key);
  const epk = effectivePartitionKey(container.partitionKey, key);
  return { minInclusive: epk, maxExclusive: epk };
}
