// Reading a container page by page: partition by partition in key order, within each by creation. Pages resume by
// place, so their continuation survives a restart; what one page shows is one state.

import { everything } from '../indexer/filter.ts';
import { DatabaseError } from '../model/errors.ts';
import type { FeedPage, Item, Scope } from '../model/operation.ts';
import type { ContainerRecord } from '../model/resource.ts';
import type { GroupState } from './group.ts';
import type { ReadMeter } from './read-meter.ts';
import { openReading, type PartitionReading } from './reading.ts';
import { itemsPerLook, Slices } from './slices.ts';
import { walkByCreation } from './walk.ts';

/** Items a feed page may carry, and their bytes: a page is one response. */
export const feedItemsMax = 10_000;
export const feedBytesMax = 4 * 1024 * 1024;

/** The partitions that a page has still to look at, and where in the first of them it begins. */
export function startOf(
  partitions: readonly PartitionReading[],
  continuation: string | undefined,
): { readonly partitions: readonly PartitionReading[]; readonly after: number } {
  if (continuation === undefined) return { partitions, after: 0 };
  const place = parsePlace(continuation);
  const first = partitions.findIndex(({ record }) => record.range === place.range);
  if (first < 0)
    throw new DatabaseError('InvalidContinuation', 'the continuation names another range', {
      argument: 'continuation',
    });
  return { partitions: partitions.slice(first), after: place.created };
}

/** `range:created` of the last item given: where a page resumes. */
export function placeText(range: number, created: number): string {
  return `${range}:${created}`;
}

function parsePlace(text: string): { readonly range: number; readonly created: number } {
  const match = /^(\d{1,10}):(\d{1,15})$/.exec(text);
  if (match === null)
    throw new DatabaseError('InvalidContinuation', 'the continuation is not one of this feed', {
      argument: 'continuation',
    });
  return { range: Number(match[1]), created: Number(match[2]) };
}

export async function readFeed(
  state: GroupState,
  container: ContainerRecord,
  scope: Scope,
  itemsMax: number,
  continuation: string | undefined,
  nowSeconds: number,
  signal: AbortSignal | undefined,
  meter: ReadMeter,
): Promise<FeedPage> {
  const limit = Math.min(itemsMax, feedItemsMax, meter.pageItemsMax);
  const items: Item[] = [];
  let bytes = 0;
  const slices = new Slices(signal);
  const reading = openReading(state, container, scope, nowSeconds);
  try {
    const start = startOf(reading.partitions, continuation);
    let { after } = start;
    for (const partition of start.partitions) {
      const load = meter.loadOf(partition.record);
      for (const item of walkByCreation(partition, everything, { after })) {
        if (item === undefined || (items.length % itemsPerLook === 0 && slices.isOver)) await slices.pause();
        if (item === undefined) continue;
        if (items.length >= limit || (items.length > 0 && bytes + item.body.length > feedBytesMax)) {
          const last = items.at(-1);
          const resume =
            last === undefined
              ? placeText(partition.record.range, after)
              : placeText(last.partition.range, last.created);
          return { container, items, continuation: resume, charge: meter.settle({ bytesReturned: bytes }) };
        }
        items.push(item);
        bytes += item.body.length;
        load.items++;
        load.bytes += item.body.length;
      }
      after = 0;
    }
    return { container, items, continuation: undefined, charge: meter.settle({ bytesReturned: bytes }) };
  } finally {
    reading.release();
  }
}
