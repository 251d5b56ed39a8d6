// How many items satisfy a predicate, from the lengths of postings: no item is read. Only where the index says just
// which items do: the predicate translates exactly, the scope is one the index tells, and nothing expires.

import { everything } from '../indexer/filter.ts';
import { countSteps } from '../indexer/lookup.ts';
import type { Operation, Result } from '../model/operation.ts';
import type { ContainerRecord } from '../model/resource.ts';
import { defaultTtlOf } from './expiry.ts';
import type { GroupState } from './group.ts';
import { filterOf } from './query/predicate/filter.ts';
import { openReading } from './reading.ts';
import { Slices } from './slices.ts';
import { scoped } from './walk.ts';

export async function countItems(
  state: GroupState,
  container: ContainerRecord,
  { scope, predicate, view }: Operation<'count-items'>,
  nowSeconds: number,
  signal: AbortSignal | undefined,
): Promise<Result<'count-items'>> {
  const untold = { container, count: undefined };
  if (defaultTtlOf(container) !== undefined) return untold;
  const showsId = view === 'mongo' && container.profile !== 'collection';
  const reading = openReading(state, container, scope, nowSeconds);
  const slices = new Slices(signal);
  try {
    let total = 0;
    for (const partition of reading.partitions) {
      const { filter, exact } = filterOf(predicate, partition.index.paths, showsId ? 'mongo' : 'stored');
      if (!exact || !partition.isScopeExact) return untold;
      const steps = countSteps(partition.view, scoped(partition, filter) ?? everything);
      let step = steps.next();
      for (; step.done !== true; step = steps.next()) if (slices.isOver) await slices.pause();
      if (!step.value.exact) return untold;
      total += step.value.count;
    }
    return { container, count: total };
  } finally {
    reading.release();
  }
}
