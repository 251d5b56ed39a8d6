// Reading a container page by page: partition by partition in key order, within each by creation. Pages resume by
// place, so their continuation survives a restart; what one page shows is one state.

import { everything } from '../indexer/filter.ts';
import { DatabaseError } from '../model/errors.ts';
import type { FeedPage, Item, Scope } from '../model/operation.ts';
import { descendsFrom, type ContainerRecord } from '../model/resource.ts';
import type { GroupState } from './group.ts';
import type { ReadMeter } from './read-meter.ts';
import { openReading, type PartitionReading } from './reading.ts';
import { itemsPerLook, Slices } from './slices.ts';
import { walkByCreation } from './walk.ts';

/** Items a feed page may carry, and their bytes: a page is one response. */
export const feedItemsMax = 10_000;
export const feedBytesMax = 4 * 1024 * 1024;

/** Where in a partition a page begins. */
interface Start {
  readonly partition: PartitionReading;
  /** Items created up to this LSN were given. */
  readonly after: number;
}

/** Up to where a range was read. */
interface Mark {
  readonly range: number;
  /** LSN of the creation of its last item that was given. */
  readonly created: number;
}

/** Marks in one continuation: a range is split seldom while a feed is read. */
const marksMax = 64;

/**
 * The partitions that a page has still to look at, and where in each it begins. Continuation: `range:created` of the
 * last item given, then such marks of ranges that were split since the feed came to them, for their parts that follow.
 */
function startsOf(partitions: readonly PartitionReading[], continuation: string | undefined): Start[] {
  if (continuation === undefined) return partitions.map((partition) => ({ partition, after: 0 }));
  const marks = parseMarks(continuation);
  const first = partitions.findIndex(({ record }) => descendsFrom(record, marks[0]!.range));
  if (first < 0)
    throw new DatabaseError('InvalidContinuation', 'the continuation names another range', {
      argument: 'continuation',
    });
  return partitions.slice(first).map((partition) => {
    const mark = marks.find(({ range }) => descendsFrom(partition.record, range));
    return { partition, after: mark?.created ?? 0 };
  });
}

function parseMarks(text: string): Mark[] {
  const parts = text.split(',');
  const marks = parts.slice(0, marksMax + 1).map((part) => {
    const match = /^(\d{1,10}):(\d{1,15})$/.exec(part);
    return match && { range: Number(match[1]), created: Number(match[2]) };
  });
  if (marks.length > marksMax || marks.includes(null))
    throw new DatabaseError('InvalidContinuation', 'the continuation is not one of this feed', {
      argument: 'continuation',
    });
  return marks as Mark[];
}

/** The continuation after an item of `starts[at]`; what followed a mark before still does. */
function continuationOf(starts: readonly Start[], at: number, created: number, before: string | undefined): string {
  const later = starts.slice(at + 1);
  const marks = before === undefined ? [] : parseMarks(before);
  const needed = marks.filter(({ range }) => later.some(({ partition }) => descendsFrom(partition.record, range)));
  return [{ range: starts[at]!.partition.record.range, created }, ...needed]
    .map((mark) => `${mark.range}:${mark.created}`)
    .join();
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
    const starts = startsOf(reading.partitions, continuation);
    for (const [at, { partition, after }] of starts.entries()) {
      const load = meter.loadOf(partition.record);
      let created = after;
      for (const item of walkByCreation(partition, everything, { after })) {
        if (item === undefined || (items.length % itemsPerLook === 0 && slices.isOver)) await slices.pause();
        if (item === undefined) continue;
        if (items.length >= limit || (items.length > 0 && bytes + item.body.length > feedBytesMax)) {
          const resume = continuationOf(starts, at, created, continuation);
          return { container, items, continuation: resume, charge: meter.settle({ bytesReturned: bytes }) };
        }
        items.push(item);
        bytes += item.body.length;
        load.items++;
        load.bytes += item.body.length;
        ({ created } = item);
      }
    }
    return { container, items, continuation: undefined, charge: meter.settle({ bytesReturned: bytes }) };
  } finally {
    reading.release();
  }
}
