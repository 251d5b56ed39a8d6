// GET /partitions/skew?database=…&container=…: how evenly items, bytes and charges lie over the partitions of a
// container, which of them are hot, and paths that would make a better key.

import { skewOf } from '../../../core/skew.ts';
import { accountOf, containerIn } from '../arguments.ts';
import type { Operation } from '../surface.ts';

export const readSkew: Operation = (call) => {
  const { engine } = accountOf(call);
  const container = containerIn(call, engine);
  const { partitions, candidates } = skewOf(engine.state, engine.throughput, container, call.deployment.nowMs());
  return {
    status: 200,
    body: {
      database: container.database,
      container: container.id,
      partitionKey: container.partitionKey.paths,
      skewed: partitions.some(({ hot }) => hot.length > 0),
      partitions,
      candidates,
    },
  };
};
