// A page of a table: the items that satisfy a predicate, in the order of (partition key, id) over all its partitions.
// Pages resume by key and hold nothing between them; each sees one state. A page ends, perhaps without an item, when it
// looked at `examinedMax` of them: so that no answer is late because few items satisfy a predicate.

import type { KeyRange } from '../indexer/filter.ts';
import { isWholeRange, placesBetween } from '../indexer/key-order.ts';
import { intersectRanges } from '../indexer/key-range.ts';
import { DatabaseError } from '../model/errors.ts';
import type { Context, Item, KeyPage, Operation } from '../model/operation.ts';
import type { Engine } from './engine.ts';
import { idField } from './identify.ts';
import { besideKeys, keyRangeOf, partitionKeyNamed, type KeyNames } from './key-bounds.ts';
import { comparePlaces, placeOf, walkByKey, type ItemPlace } from './key-walk.ts';
import { compilePredicate } from './query/predicate/compile.ts';
import { filterOf } from './query/predicate/filter.ts';
import { namesTimestamp, timestamped } from './query/predicate/timestamped.ts';
import type { ReadMeter } from './read-meter.ts';
import { openReading, type Reading } from './reading.ts';
import { itemsPerLook, Slices } from './slices.ts';
import type { StoredItem } from './stored-item.ts';
import type { Walk } from './walk.ts';

/** Items that one page looks at. */
const examinedMax = 50_000;

const keyNames: KeyNames = { partitionKey: 'PartitionKey', id: idField.table };

/** One partition's items, and the one that stands in front. */
interface Lane {
  readonly walk: Walk;
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
  const named = partitionKeyNamed(predicate, keyNames);
  const scope = named === undefined ? operation.scope : { partitionKey: [named] };
  const meter = engine.meter(container, scope, context);
  const whole = keyRangeOf(predicate, keyNames);
  const start = from && placesBetween({ ...from, inclusive: true }, undefined);
  const range = whole && (start === undefined ? whole : intersectRanges(whole, start));
  if (range === undefined)
    return { container, items: [], next: undefined, charge: meter.settle({ bytesReturned: 0, lookups: 1 }) };
  const reading = openReading(engine.state, container, scope, engine.nowSeconds);
  try {
    const source = { reading, range, isInScope: named !== undefined && isWholeRange(range) };
    const { items, bytes, next } = await readPage(operation, source, meter, context.signal);
    return { container, items, next, charge: meter.settle({ bytesReturned: bytes, lookups: 1 }) };
  } finally {
    reading.release();
  }
}

/** What a page is read from. */
interface Source {
  readonly reading: Reading;
  readonly range: KeyRange;
  /** All of the range is in the scope of the reading. */
  readonly isInScope: boolean;
}

async function readPage(
  { predicate, from, itemsMax, bytesMax }: Operation<'read-by-key'>,
  { reading, range, isInScope }: Source,
  meter: ReadMeter,
  signal: AbortSignal | undefined,
): Promise<{ readonly items: readonly Item[]; readonly bytes: number; readonly next: ItemPlace | undefined }> {
  const isTimed = namesTimestamp(predicate);
  const asked = besideKeys(predicate, keyNames);
  // What the range tells of keys need not be asked of each item, but where bounds were cut.
  const matches = compilePredicate(isWholeRange(range) ? asked : predicate);
  const limit = Math.min(itemsMax, meter.pageItemsMax);
  const slices = new Slices(signal);
  const lanes: Lane[] = [];
  for (const partition of reading.partitions) {
    const { filter } = filterOf(asked, partition.index.paths, isTimed ? 'timestamped' : 'stored');
    const walk = walkByKey(partition, filter, range, isInScope, limit + 1);
    const lane: Lane = { walk, front: undefined, place: undefined };
    if (await advance(lane, slices)) lanes.push(lane);
  }
  const items: Item[] = [];
  let bytes = 0;
  let isPast = from === undefined;
  for (let examined = 1; ; examined++) {
    const lane = firstOf(lanes);
    if (lane === undefined) return { items, bytes, next: undefined };
    const item = lane.front!;
    if (examined % itemsPerLook === 0 && slices.isOver) await slices.pause();
    // Keys that were cut do not tell whether they lie before the place.
    isPast ||= comparePlaces(placeOf(item), { ...from!, id: from!.id ?? '' }) >= 0;
    const load = meter.loadOf(item.partition);
    load.items++;
    load.bytes += item.body.length;
    if (isPast && matches(isTimed ? timestamped(item.body, item.time) : item.body)) {
      const isFull = items.length >= limit || (items.length > 0 && bytes + item.body.length > bytesMax);
      if (isFull) return { items, bytes, next: placeOf(item) };
      items.push(item);
      bytes += item.body.length;
    } else if (examined > examinedMax) return { items, bytes, next: placeOf(item) };
    if (!(await advance(lane, slices))) lanes.splice(lanes.indexOf(lane), 1);
  }
}

/** Moves on to the next item of a lane; false at its end. */
async function advance(lane: Lane, slices: Slices): Promise<boolean> {
  lane.place = undefined;
  for (;;) {
    const step = lane.walk.next();
    if (step.done === true) return false;
    if (step.value !== undefined) {
      lane.front = step.value;
      return true;
    }
    if (slices.isOver) await slices.pause();
  }
}

/** The lane whose item comes first; undefined when all are at their end. */
function firstOf(lanes: readonly Lane[]): Lane | undefined {
  let [first] = lanes;
  if (lanes.length < 2) return first;
  for (const lane of lanes) {
    lane.place ??= placeOf(lane.front!);
    if (comparePlaces(lane.place, first!.place!) < 0) first = lane;
  }
  return first;
}
