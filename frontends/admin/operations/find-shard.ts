// GET /shard?database=…&container=…&key=[…]: where the items of a partition key are. A key of fewer parts than the
// container's has leads to all partitions that hold some of its items.

import { routeOf } from '../../../core/router.ts';
import { effectivePartitionKey } from '../../../model/effective-partition-key.ts';
import { parsePartitionKeyHeader } from '../../../model/partition-key.ts';
import { isUnpartitioned, type PartitionRecord } from '../../../model/resource.ts';
import { accountOf, containerIn, required } from '../arguments.ts';
import type { Operation } from '../surface.ts';

export const findShard: Operation = (call) => {
  const { engine } = accountOf(call);
  const container = containerIn(call, engine);
  const key = isUnpartitioned(container) ? [] : parsePartitionKeyHeader(required(call, 'key'));
  const shown = ({ range, partition, minInclusive, maxExclusive, epoch }: PartitionRecord): object => ({
    id: String(range),
    partition,
    minInclusive,
    maxExclusive,
    epoch,
  });
  const partitions = routeOf(container, { partitionKey: key }).partitions.map(shown);
  return {
    status: 200,
    body: {
      epk: effectivePartitionKey(container.partitionKey, key),
      // The one that has them all, when there is one.
      partition: partitions.length === 1 ? partitions[0] : undefined,
      partitions,
      region: call.deployment.region.name,
    },
  };
};
