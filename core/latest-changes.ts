// The current versions of a partition in the order in which they were written: the latest-version change feed before
// it is cut into pages. An item's number is its place in the log, so a walk over the numbers is that order, and what
// was written after an LSN is a tail of it.

import { everything } from '../indexer/filter.ts';
import { NumberCursor } from '../indexer/lookup.ts';
import type { HybridTime } from '../model/hybrid-time.ts';
import type { PartitionReading } from './reading.ts';
import type { StoredItem } from './stored-item.ts';
import { scoped } from './walk.ts';

/** Records read in vain between two pauses. */
const recordsPerPause = 64;

/** Numbers left over by the search for the first one: reading so many records costs less than halving on. */
const numbersLeftMax = 32;

export interface ChangesFrom {
  /** Versions up to this LSN are passed over. */
  readonly lsn: number;
  /** As are those written before. */
  readonly since: HybridTime | undefined;
  /** A number that no version asked for is at or below. */
  readonly number: number;
}

/** Items last written after a place, in that order; `undefined` where it has worked for a while in vain. */
export function* latestChanges(reading: PartitionReading, from: ChangesFrom): Generator<StoredItem | undefined> {
  if (from.lsn >= reading.view.lsn) return;
  const cursor = new NumberCursor(reading.view, scoped(reading, everything) ?? everything, numberBefore(reading, from));
  for (let inVain = 1; ; inVain++) {
    const steps = cursor.nextSteps();
    let step = steps.next();
    for (; step.done !== true; step = steps.next()) yield undefined;
    if (step.value === 0) return;
    const item = reading.item(step.value);
    if (item !== undefined && !isBefore(item, from)) {
      inVain = 0;
      yield item;
    } else if (inVain % recordsPerPause === 0) yield undefined;
  }
}

function isBefore(item: StoredItem, { lsn, since }: ChangesFrom): boolean {
  return item.lsn <= lsn || (since !== undefined && item.time < since);
}

/**
 * A number below every record asked for and close to the first of those that are still current: LSNs and times rise
 * with the numbers, so halving finds it.
 */
export function numberBefore(reading: PartitionReading, from: ChangesFrom): number {
  const { view, partition } = reading;
  let low = from.number;
  let high = view.next;
  while (high - low > numbersLeftMax) {
    const middle = low + Math.floor((high - low) / 2);
    const number = new NumberCursor(view, everything, middle).next();
    if (number !== 0 && isBefore(partition.read(number), from)) low = number;
    else high = middle;
  }
  return low;
}
