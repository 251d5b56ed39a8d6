// A page of a table: the items that satisfy a predicate, in the order of (partition key, id) over all its partitions.
// Pages resume by key and hold nothing between them; each sees one state. A page ends, perhaps without an item, when it
// looked at `examinedMax` of them: so that no answer is late because few items satisfy a predicate.

import type { KeyRange } from '../indexer/filter.ts';
import { isWholeRange, placesBetween } from '../indexer/key-order.ts';
import { intersectRanges } from '../indexer/key-range.ts';
import { compareBytes } from '../model/bytes.ts';
import { DatabaseError } from '../model/errors.ts';
import type { Context, Item, KeyPage, Operation, Scope } from '../model/operation.ts';
import type { Predicate } from '../model/predicate.ts';
import type { Engine } from './engine.ts';
import { idField } from './identify.ts';
import { keyBoundsOf, type KeyBounds, type KeyNames } from './key-bounds.ts';
import { comparePlaces, placeOf, walkByKey, type ItemPlace, type KeyWalk } from './key-walk.ts';
import { compilePredicate } from './query/predicate/compile.ts';
import { filterOf } from './query/predicate/filter.ts';
import { namesTimestamp, timestamped } from './query/predicate/timestamped.ts';
import type { Load, ReadMeter } from './read-meter.ts';
import { openReading, type Reading } from './reading.ts';
import { itemsPerLook, Slices } from './slices.ts';
import type { StoredItem } from './stored-item.ts';

/** Items that one page looks at. */
const examinedMax = 50_000;

const keyNames: KeyNames = { partitionKey: 'PartitionKey', id: idField.table };

/** One partition's items, and the one that stands in front; undefined when it is yet to be fetched. */
interface Lane {
  readonly walk: KeyWalk;
  readonly load: Load;
  /** Whether an item that passes the filter for sure has all that is asked of it. */
  readonly isExact: boolean;
  front: StoredItem | undefined;
  place: ItemPlace | undefined;
}

export async function readByKey(
  engine: Engine,
  operation: Operation<'read-by-key'>,
  context: Context,
): Promise<KeyPage> {
  const { predicate, from } = operation;
  const container = engine.catalog.container(operation.database, operation.container);
  if (container.profile !== 'table')
    throw new DatabaseError('NotSupported', 'only tables are read in the order of their keys', {
      argument: 'container',
    });
  const bounds = keyBoundsOf(predicate, keyNames);
  const scope: Scope = bounds.partitionKey === undefined ? {} : { partitionKey: [bounds.partitionKey] };
  const meter = engine.meter(container, scope, context);
  const start = from && placesBetween({ ...from, inclusive: true }, undefined);
  const range = bounds.range && (start === undefined ? bounds.range : intersectRanges(bounds.range, start));
  if (range === undefined)
    return { container, items: [], next: undefined, charge: meter.settle({ bytesReturned: 0, lookups: 1 }) };
  const reading = openReading(engine.state, container, scope, engine.nowSeconds);
  try {
    const { items, bytes, next } = await readPage(operation, { reading, range, bounds }, meter, context.signal);
    return { container, items, next, charge: meter.settle({ bytesReturned: bytes, lookups: 1 }) };
  } finally {
    reading.release();
  }
}

/** What a page is read from. */
interface Source {
  readonly reading: Reading;
  readonly range: KeyRange;
  /** What the predicate says of keys. */
  readonly bounds: KeyBounds;
}

interface Page {
  readonly items: readonly Item[];
  readonly bytes: number;
  readonly next: ItemPlace | undefined;
}

async function readPage(
  { predicate, from, itemsMax, bytesMax }: Operation<'read-by-key'>,
  { reading, range, bounds }: Source,
  meter: ReadMeter,
  signal: AbortSignal | undefined,
): Promise<Page> {
  const slices = new Slices(signal);
  const limit = Math.min(itemsMax, meter.pageItemsMax);
  const matches = testOf(predicate, bounds, range);
  const lanes = openLanes(reading, bounds, range, meter, limit + 1);
  const items: Item[] = [];
  let bytes = 0;
  let isPast = from === undefined;
  for (let examined = 1; ; examined++) {
    let first: Lane | undefined;
    for (let i = 0; i < lanes.length; i++) {
      const lane = lanes[i]!;
      if (lane.front === undefined) {
        let step = lane.walk.next();
        for (; step === 'paused'; step = lane.walk.next()) if (slices.isOver) await slices.pause();
        if (step === undefined) {
          lanes.splice(i--, 1);
          continue;
        }
        lane.front = step;
        lane.place = undefined;
      }
      if (first === undefined || isBefore(lane, first)) first = lane;
    }
    if (first === undefined) return { items, bytes, next: undefined };
    const item = first.front!;
    if (examined % itemsPerLook === 0 && slices.isOver) await slices.pause();
    // Keys that were cut do not tell whether they lie before the place.
    isPast ||= comparePlaces(placeOf(item), { ...from!, id: from!.id ?? '' }) >= 0;
    const { load } = first;
    const { bodyBytes } = item;
    load.items++;
    load.bytes += bodyBytes;
    const isSure = matches === undefined || (first.isExact && first.walk.isExact);
    if (isPast && (isSure || matches(item))) {
      const isFull = items.length >= limit || (items.length > 0 && bytes + bodyBytes > bytesMax);
      if (isFull) return { items, bytes, next: placeOf(item) };
      items.push(item);
      bytes += bodyBytes;
    } else if (examined > examinedMax) return { items, bytes, next: placeOf(item) };
    first.front = undefined;
  }
}

/** What is asked of each item of the range; undefined when nothing is left to ask. */
function testOf(
  predicate: Predicate,
  { rest }: KeyBounds,
  range: KeyRange,
): ((item: StoredItem) => boolean) | undefined {
  // What the range tells of keys need not be asked of each item, but where bounds were cut.
  const asked = isWholeRange(range) ? rest : predicate;
  if (asked.kind === 'constant' && asked.value) return undefined;
  const matches = compilePredicate(asked);
  return namesTimestamp(asked) ? (item) => matches(timestamped(item.body, item.time)) : (item) => matches(item.body);
}

function openLanes(
  reading: Reading,
  { partitionKey, rest }: KeyBounds,
  range: KeyRange,
  meter: ReadMeter,
  wanted: number,
): Lane[] {
  const isInScope = partitionKey !== undefined && isWholeRange(range);
  const view = namesTimestamp(rest) ? 'timestamped' : 'stored';
  return reading.partitions.map((partition) => {
    const { filter, exact } = filterOf(rest, partition.index.paths, view);
    const walk = walkByKey(partition, filter, range, isInScope, wanted);
    // Of a range whose bounds were cut the keys are asked for, too.
    const isExact = exact && isWholeRange(range);
    return { walk, isExact, load: meter.loadOf(partition.record), front: undefined, place: undefined };
  });
}

/** Whether the item in front of a lane comes before that of another. */
function isBefore(lane: Lane, other: Lane): boolean {
  const { key, keyLength } = lane.walk;
  const { key: otherKey, keyLength: otherLength } = other.walk;
  if (keyLength > 0 && otherLength > 0) return compareBytes(key, 0, keyLength, otherKey, 0, otherLength) < 0;
  lane.place ??= placeOf(lane.front!);
  other.place ??= placeOf(other.front!);
  return comparePlaces(lane.place, other.place) < 0;
}
