// A walk over the items that pass a filter of which nobody knows beforehand how many do: one that tests terms. The
// first items are read as they come, where few are wanted and they may well be among them; then terms are tested, and
// what passes is read, in the order of creation.

import { everything, type Filter } from '../indexer/filter.ts';
import { filterDepthMax, NumberCursor } from '../indexer/lookup.ts';
import type { PartitionReading } from './reading.ts';
import type { StoredItem } from './stored-item.ts';
import { fewItemsMax, scoped, walkByCreation, type Walk } from './walk.ts';

/** Items read before terms are tested, when a limit is given: about what testing a hundred thousand terms costs. */
const itemsReadFirst = 1024;

/** Records read between two pauses. */
const recordsPerPause = 64;

/** Bytes of items kept while they are put in order; the others are read again. */
const keptBytesMax = 8 * 1024 * 1024;

/** Levels of a filter that are looked at: what the index looks into. */
const depthMax = filterDepthMax;

/** Whether a filter tests terms, and so may find far fewer items than are known. */
export function testsTerms(filter: Filter, depth = 0): boolean {
  if (depth > depthMax) return false;
  switch (filter.kind) {
    case 'test':
      return true;
    case 'and':
      return filter.of.some((each) => testsTerms(each, depth + 1));
    case 'or':
      return (
        filter.of.some((each) => testsTerms(each, depth + 1)) && filter.of.every((each) => narrows(each, depth + 1))
      );
    default:
      return false;
  }
}

function narrows(filter: Filter, depth: number): boolean {
  if (depth > depthMax) return false;
  switch (filter.kind) {
    case 'all':
    case 'unknown':
      return false;
    case 'and':
      return filter.of.some((each) => narrows(each, depth + 1));
    case 'or':
      return filter.of.every((each) => narrows(each, depth + 1));
    default:
      return true;
  }
}

/** Items that may pass the filter, in the order of creation; `limit`: so many that pass are wanted at most. */
export function* walkTested(reading: PartitionReading, filter: Filter, limit: number | undefined): Walk {
  let after = 0;
  if (limit !== undefined) {
    let read = 0;
    for (const item of walkByCreation(reading, everything)) {
      yield item;
      if (item === undefined) continue;
      after = item.created;
      if (++read === itemsReadFirst) break;
    }
    if (read < itemsReadFirst) return;
  }
  const numbers: number[] = [];
  const cursor = new NumberCursor(reading.view, scoped(reading, filter) ?? everything);
  for (;;) {
    const steps = cursor.nextSteps();
    let step = steps.next();
    for (; step.done !== true; step = steps.next()) yield undefined;
    if (step.value === 0) break;
    numbers.push(step.value);
    if (numbers.length > fewItemsMax) {
      yield* walkByCreation(reading, filter, { after });
      return;
    }
  }
  yield* inOrder(reading, numbers, after);
}

/** Those items in the order of their creation. */
function* inOrder(reading: PartitionReading, numbers: readonly number[], after: number): Walk {
  const hits: { readonly created: number; readonly number: number; readonly item: StoredItem | undefined }[] = [];
  let bytes = 0;
  for (const [i, number] of numbers.entries()) {
    if (i % recordsPerPause === recordsPerPause - 1) yield undefined;
    const item = reading.item(number);
    if (item === undefined || item.created <= after) continue;
    bytes += item.body.length;
    hits.push({ created: item.created, number, item: bytes <= keptBytesMax ? item : undefined });
  }
  hits.sort((a, b) => a.created - b.created);
  for (const { item, number } of hits) {
    const found = item ?? reading.item(number);
    if (found !== undefined) yield found;
  }
}
