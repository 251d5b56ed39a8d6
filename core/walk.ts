// Walks over the items of one partition's reading, in an order the index gives. A walk hands out items one by one and
// `undefined` where it has worked for a while without finding one: its caller may let others run there.
//
// The natural order of items is that of their creation: an item keeps its place when it is replaced, so pages of a
// feed neither lose nor repeat one.

import { replacedItems } from '../indexer/fact-terms.ts';
import { allOf, between, everything, negated, type Filter } from '../indexer/filter.ts';
import { estimate, NumberCursor } from '../indexer/lookup.ts';
import { OrderCursor, type OrderOptions } from '../indexer/order-cursor.ts';
import { createdPath } from '../indexer/paths.ts';
import type { PartitionReading } from './reading.ts';
import type { StoredItem } from './stored-item.ts';

/** Terms passed over, and records read in vain, between two pauses. */
const termsPerPause = 512;
const recordsPerPause = 64;

/** Replaced items that are read first and put in order; more are met by walking the order. */
export const fewItemsMax = 4096;
/** Bytes of such items that are kept; the others are read again. */
const fewBytesMax = 8 * 1024 * 1024;

/** Hits that are read at once: telling which of them were replaced asks the index twice more, and costs more than they do. */
export const readAtOnceMax = 8;

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

/** Items that the filter finds among those that were replaced, in the order of their creation. */
function* replacedHits(
  reading: PartitionReading,
  within: Filter,
  after: number,
): Generator<
  undefined,
  { readonly created: number; readonly number: number; readonly item: StoredItem | undefined }[]
> {
  const hits: { readonly created: number; readonly number: number; readonly item: StoredItem | undefined }[] = [];
  const cursor = new NumberCursor(reading.view, allOf(replacedItems, within));
  let bytes = 0;
  for (let read = 1; ; read++) {
    const number = yield* cursor.nextSteps();
    if (number === 0) break;
    if (read % recordsPerPause === 0) yield undefined;
    const item = reading.item(number);
    if (item === undefined || item.created <= after) continue;
    bytes += item.body.length;
    hits.push({ created: item.created, number, item: bytes <= fewBytesMax ? item : undefined });
  }
  return hits.sort((a, b) => a.created - b.created);
}

/** A number below that of every item created after that LSN and never replaced; Infinity when there is none. */
function* numberBefore(reading: PartitionReading, after: number): Generator<undefined, number> {
  if (after === 0) return 0;
  const span = between(createdPath, { value: after, inclusive: false }, undefined);
  const range = span.kind === 'range' ? span.range : undefined;
  const cursor = new OrderCursor(reading.view, { path: createdPath, range, filter: negated(replacedItems) });
  yield* cursor.openSteps();
  let step = cursor.next(termsPerPause);
  for (; step === 'paused'; step = cursor.next(termsPerPause)) yield undefined;
  return step === 'end' ? Infinity : cursor.number - 1;
}

/** Numbers of the hits when they are few enough to be read at once; undefined when they are more. */
function* numbersAtOnce(reading: PartitionReading, within: Filter): Generator<undefined, number[] | undefined> {
  if (estimate(reading.view, within) > readAtOnceMax) return undefined;
  const numbers: number[] = [];
  const cursor = new NumberCursor(reading.view, within);
  for (;;) {
    const number = yield* cursor.nextSteps();
    if (number === 0) return numbers;
    // The estimate of a range is a guess.
    if (numbers.push(number) > readAtOnceMax) return undefined;
  }
}

/**
 * As `walkByCreation`, for a filter that few replaced items pass: these are read first. The others come by number, and
 * none is read before it is wanted.
 */
export function* walkHits(reading: PartitionReading, filter: Filter, after = 0): Walk {
  const within = scoped(reading, filter) ?? everything;
  const numbers = yield* numbersAtOnce(reading, within);
  if (numbers !== undefined) {
    const items = numbers.map((number) => reading.item(number)).filter((item) => item !== undefined);
    for (const item of items.sort((a, b) => a.created - b.created)) if (item.created > after) yield item;
    return;
  }
  const replaced = yield* replacedHits(reading, within, after);
  const from = yield* numberBefore(reading, after);
  let place = 0;
  const cursor = new NumberCursor(reading.view, allOf(negated(replacedItems), within), from);
  for (let inVain = 0; from < Infinity;) {
    const number = yield* cursor.nextSteps();
    if (number === 0) break;
    const item = reading.item(number);
    if (item === undefined || item.created <= after) {
      if (++inVain % recordsPerPause === 0) yield undefined;
      continue;
    }
    for (; place < replaced.length && replaced[place]!.created < item.created; place++)
      yield replaced[place]!.item ?? reading.item(replaced[place]!.number);
    yield item;
  }
  for (; place < replaced.length; place++) yield replaced[place]!.item ?? reading.item(replaced[place]!.number);
}
