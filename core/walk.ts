// Walks over the items of one partition's reading, in an order the index gives. A walk hands out items one by one and
// `undefined` where it has worked for a while without finding one: its caller may let others run there.
//
// The natural order of items is that of their creation: an item keeps its place when it is replaced, so pages of a
// feed neither lose nor repeat one.

import { allOf, between, everything, type Filter } from '../indexer/filter.ts';
import { NumberCursor } from '../indexer/lookup.ts';
import { OrderCursor, type OrderOptions } from '../indexer/order-cursor.ts';
import { createdPath } from '../indexer/paths.ts';
import type { PartitionReading } from './reading.ts';
import type { StoredItem } from './stored-item.ts';

/** Terms passed over, and records read in vain, between two pauses. */
const termsPerPause = 512;
const recordsPerPause = 64;

/** Hits that are read first and then put in order; more are met by walking the order and testing each item. */
export const fewItemsMax = 4096;
/** Bytes of such items that are kept; the others are read again. */
const fewBytesMax = 8 * 1024 * 1024;

export type Walk = Generator<StoredItem | undefined, void, void>;

/** The filter within the scope of the reading; undefined when every item passes. */
export function scoped(reading: PartitionReading, filter: Filter): Filter | undefined {
  const parts = [reading.scope, filter].filter((part) => part.kind !== 'all');
  return parts.length === 0 ? undefined : allOf(...parts);
}

/** Items that may pass the filter, created after (backwards: before) that LSN, in the order of their creation. */
export function* walkByCreation(
  reading: PartitionReading,
  filter: Filter,
  from: { readonly after?: number | undefined; readonly backwards?: boolean | undefined } = {},
): Walk {
  const { after, backwards = false } = from;
  const bound = after === undefined ? undefined : { value: after, inclusive: false };
  const span = bound && (backwards ? between(createdPath, undefined, bound) : between(createdPath, bound, undefined));
  const range = span?.kind === 'range' ? span.range : undefined;
  yield* walkByTerm(reading, filter, { path: createdPath, range, backwards });
}

/** Items that may pass the filter in the order of their terms under a path; once for each of its terms. */
export function* walkByTerm(
  reading: PartitionReading,
  filter: Filter,
  order: Omit<OrderOptions, 'filter'>,
  onPlace?: (cursor: OrderCursor) => void,
): Walk {
  const cursor = new OrderCursor(reading.view, { ...order, filter: scoped(reading, filter) });
  for (const _ of cursor.openSteps()) yield undefined;
  let inVain = 0;
  for (;;) {
    const step = cursor.next(termsPerPause);
    if (step === 'end') return;
    const item = step === 'item' ? reading.item(cursor.number) : undefined;
    if (item !== undefined) {
      inVain = 0;
      onPlace?.(cursor);
      yield item;
    } else if (step === 'paused' || ++inVain % recordsPerPause === 0) yield undefined;
  }
}

/** As `walkByCreation`, for a filter that few items pass: these are read first. */
export function* walkFew(reading: PartitionReading, filter: Filter, after = 0): Walk {
  const hits: { readonly created: number; readonly number: number; readonly item: StoredItem | undefined }[] = [];
  const cursor = new NumberCursor(reading.view, scoped(reading, filter) ?? everything);
  let bytes = 0;
  for (let read = 1; ; read++) {
    const steps = cursor.nextSteps();
    let step = steps.next();
    for (; step.done !== true; step = steps.next()) yield undefined;
    const number = step.value;
    if (number === 0) break;
    if (read % recordsPerPause === 0) yield undefined;
    const item = reading.item(number);
    if (item === undefined || item.created <= after) continue;
    bytes += item.body.length;
    hits.push({ created: item.created, number, item: bytes <= fewBytesMax ? item : undefined });
  }
  hits.sort((a, b) => a.created - b.created);
  for (const { item, number } of hits) {
    const found = item ?? reading.item(number);
    if (found !== undefined) yield found;
  }
}
