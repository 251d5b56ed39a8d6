// How many documents a filter selects.

import { fieldOf } from '../../model/bson/walk.ts';
import type { ContainerRecord } from '../../model/resource.ts';
import type { Call } from './call.ts';
import { Selection, type Filter } from './selection.ts';

const stepItems = 10_000;
const stepBytes = 4 * 1024 * 1024;

export interface Sizes {
  readonly documents: number;
  readonly bytes: number;
}

/** Live items of a container and their bytes, expired ones that were not removed yet included. */
export function sizesOf({ engine }: Call, container: ContainerRecord): Sizes {
  let documents = 0;
  let bytes = 0;
  for (const record of container.partitions) {
    const found = engine.state.partition(record.partition);
    documents += found?.itemCount ?? 0;
    bytes += found?.liveBytes ?? 0;
  }
  return { documents, bytes };
}

/** Counts at most `max`. Without a filter nothing is read, unless items of the container can expire. */
export async function countDocuments(
  call: Call,
  container: ContainerRecord,
  filter: Filter,
  max: number,
): Promise<number> {
  if (filter.isEmpty && fieldOf(container.settings, 'defaultTtl') === undefined)
    return Math.min(max, sizesOf(call, container).documents);
  const selection = new Selection(call, container, filter);
  let count = 0;
  while (!selection.done && count < max)
    count += (await selection.next(Math.min(stepItems, max - count), stepBytes, call.signal)).items.length;
  return count;
}
