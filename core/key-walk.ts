// Walks over the items of one partition of a table in the order of their keys (`indexer/key-order.ts`): either the terms
// of that order are walked, passing over the items that a filter leaves out, or few hits are read and put in order.

import { everything, type Filter, type KeyRange } from '../indexer/filter.ts';
import { holdsPlace, isCutPlace, partitionKeyOfText, placeBytesMax } from '../indexer/key-order.ts';
import { estimate, NumberCursor } from '../indexer/lookup.ts';
import { OrderCursor } from '../indexer/order-cursor.ts';
import { partitionKeyPath } from '../indexer/paths.ts';
import { equalBytes } from '../model/bytes.ts';
import { DatabaseError } from '../model/errors.ts';
import { compareText } from '../model/order.ts';
import type { PartitionReading } from './reading.ts';
import { isWorthOrder } from './search-cost.ts';
import type { StoredItem } from './stored-item.ts';
import type { Walk } from './walk.ts';

/** Terms passed over, and records read in vain, between two pauses. */
const termsPerPause = 512;
const recordsPerPause = 64;

/** Hits that are read and put in order at most, however many terms that would save. */
const sortedHitsMax = 20_000;
/** Bytes of such items that are kept; the others are read again. */
const sortedBytesMax = 8 * 1024 * 1024;
/** Items of a range that are read without asking the index which of them pass. */
const fewItemsMax = 32;
/** Items that share the head of a cut key and are put in order. */
const cutItemsMax = 20_000;

/** Where an item stands in the order. */
export interface ItemPlace {
  readonly partitionKey: string;
  readonly id: string;
}

export function placeOf(item: StoredItem): ItemPlace {
  return { partitionKey: partitionKeyOfText(item.key), id: item.id };
}

export function comparePlaces(a: ItemPlace, b: ItemPlace): number {
  return compareText(a.partitionKey, b.partitionKey) || compareText(a.id, b.id);
}

/**
 * Items in the range that may pass the filter, in the order of their keys; `wanted` of them are read, or a few more.
 * `isInScope`: all of the range is.
 */
export function walkByKey(
  reading: PartitionReading,
  filter: Filter,
  range: KeyRange,
  isInScope: boolean,
  wanted: number,
): Walk {
  if (filter.kind === 'all' || filter.kind === 'unknown') return walkPlaces(reading, everything, range, isInScope);
  const { view } = reading;
  const items = estimate(view, { kind: 'range', path: partitionKeyPath, range, exact: false });
  // Asking the index which of them pass would cost more than a look at them.
  if (items <= fewItemsMax) return walkPlaces(reading, everything, range, isInScope);
  const hits = estimate(view, filter);
  if (hits <= sortedHitsMax && !isWorthOrder(items, hits, wanted)) return sortHits(reading, filter, range);
  return walkPlaces(reading, filter, range, isInScope);
}

function* walkPlaces(reading: PartitionReading, filter: Filter, range: KeyRange, isInScope: boolean): Walk {
  const cursor = new OrderCursor(reading.view, {
    path: partitionKeyPath,
    range,
    filter: filter.kind === 'all' ? undefined : filter,
  });
  for (const _ of cursor.openSteps()) yield undefined;
  let head: Uint8Array | undefined;
  let group: StoredItem[] = [];
  let inVain = 0;
  for (;;) {
    const step = cursor.next(termsPerPause);
    if (step === 'paused') {
      yield undefined;
      continue;
    }
    // Behind the two bytes of the path.
    const isCut = step === 'item' && isCutPlace(cursor.keyLength - 2);
    const same = isCut && head !== undefined && equalBytes(head, cursor.key.subarray(0, head.length));
    if (head !== undefined && !same) {
      yield* inOrder(group);
      group = [];
      head = undefined;
    }
    if (step === 'end') return;
    const item = isInScope ? reading.itemInScope(cursor.number) : reading.item(cursor.number);
    if (item === undefined) {
      if (++inVain % recordsPerPause === 0) yield undefined;
    } else if (!isCut) {
      inVain = 0;
      yield item;
    } else {
      head ??= cursor.key.slice(0, placeBytesMax + 2);
      if (group.push(item) > cutItemsMax)
        throw new DatabaseError('TooLarge', `more than ${cutItemsMax} items have keys that begin alike`, {
          argument: 'partitionKey',
        });
    }
  }
}

function* inOrder(items: readonly StoredItem[]): Walk {
  const sorted = items.map((item) => ({ item, place: placeOf(item) }));
  sorted.sort((a, b) => comparePlaces(a.place, b.place));
  for (const { item } of sorted) yield item;
}

/** Reads every hit, wherever its key is. */
function* sortHits(reading: PartitionReading, filter: Filter, range: KeyRange): Walk {
  const hits: { readonly place: ItemPlace; readonly number: number; readonly item: StoredItem | undefined }[] = [];
  const cursor = new NumberCursor(reading.view, filter);
  let bytes = 0;
  for (let read = 1; ; read++) {
    const number = yield* cursor.nextSteps();
    if (number === 0) break;
    if (read % recordsPerPause === 0) yield undefined;
    const item = reading.item(number);
    if (item === undefined) continue;
    const place = placeOf(item);
    if (!holdsPlace(range, place.partitionKey, place.id)) continue;
    bytes += item.body.length;
    hits.push({ place, number, item: bytes <= sortedBytesMax ? item : undefined });
  }
  hits.sort((a, b) => comparePlaces(a.place, b.place));
  for (const { item, number } of hits) yield item ?? reading.item(number);
}
