// Answers a filter on one view: how many, which numbers, roughly how many. Sets are made per source and dead items
// taken off last. Long ranges are collected in slices, so every entry has a stepped form for whoever must not hold
// up the thread.
//
// An answer that is not `exact` holds every item asked for and perhaps more: each needs a residual test. A negation
// of such an answer is everything, and not exact.

import type { Filter, KeyRange, TermTest } from './filter.ts';
import { fullKey, fullRange, isBelowEnd, seekRange } from './key-range.ts';
import {
  allPostings,
  and,
  countOf,
  nextIn,
  noPostings,
  not,
  or,
  SetBuilder,
  without,
  type PostingSet,
} from './postings.ts';
import { created, isVisible, probeOf, type Part } from './source.ts';
import { isCutKey, isShallowTag, Tag, valueOfKey, type TermKey } from './term-key.ts';
import type { View } from './view.ts';

export interface Answer {
  readonly set: PostingSet;
  readonly exact: boolean;
}

export interface Count {
  readonly count: number;
  /** False: an upper bound. */
  readonly exact: boolean;
}

/** Levels of a filter that are looked into; what lies deeper is left to the residual test. */
export const filterDepthMax = 64;

const exactNone: Answer = { set: noPostings, exact: true };
const exactAll: Answer = { set: allPostings, exact: true };

/** Terms a range collects between two yields: about 1 ms. */
const termsPerSlice = 8192;

/**
 * A conjunction leaves out a range whose postings outnumber what is already found by more than this: testing those
 * items costs less than collecting the range. The answer is then not exact.
 */
const skippedRangeRatio = 128;
const skippedRangeMin = 4096;
/** The same for a range whose terms are tested. */
const skippedTestRatio = 16;

/** Terms tested between two yields: about 1 ms. */
const testsPerSlice = 2048;

function equalSet(part: Part, path: number, key: TermKey): PostingSet {
  if (!part.source.find(probeOf(path, key.bytes))) return noPostings;
  return created(part, part.source.foundSet());
}

function* rangeSet(part: Part, path: number, range: KeyRange): Generator<undefined, PostingSet> {
  const bounds = fullRange(path, range);
  const cursor = part.source.cursor(path);
  if (!seekRange(cursor, bounds)) return noPostings;
  const builder = new SetBuilder(part.size);
  let terms = 0;
  do {
    if (cursor.isSingle) {
      if (cursor.single < part.bound) builder.add(cursor.single);
    } else {
      const set = created(part, cursor.postings());
      if (set.kind === 'all') return set;
      builder.addSet(set);
      terms += countOf(set, part.size) >>> 4;
    }
    if (++terms >= termsPerSlice) {
      terms = 0;
      yield;
    }
  } while (cursor.next() && isBelowEnd(cursor, bounds));
  return builder.finish();
}

/** As `rangeSet`, with the terms that pass a test. */
function* testSet(part: Part, path: number, range: KeyRange, passes: TermTest): Generator<undefined, Answer> {
  const bounds = fullRange(path, range);
  yield* part.source.prepareCursor(path);
  const cursor = part.source.cursor(path);
  if (!seekRange(cursor, bounds)) return exactNone;
  const builder = new SetBuilder(part.size);
  let exact = true;
  let terms = 0;
  do {
    const value = valueOfKey(cursor.key, 2, cursor.keyLength);
    const passed = value === undefined ? undefined : passes(value);
    if (passed === undefined) exact = false;
    if (passed !== false) {
      if (cursor.isSingle) {
        if (cursor.single < part.bound) builder.add(cursor.single);
      } else builder.addSet(created(part, cursor.postings()));
    }
    if (++terms >= testsPerSlice) {
      terms = 0;
      yield;
    }
  } while (cursor.next() && isBelowEnd(cursor, bounds));
  return { set: builder.finish(), exact };
}

/**
 * The set of one part, dead items still in it. Yields between slices of work. The part must still be of the view
 * after a yield (`generation`), or the rest must not be asked for.
 */
export function* evaluateSteps(part: Part, filter: Filter, depth = 0): Generator<undefined, Answer> {
  if (depth > filterDepthMax) return { set: allPostings, exact: false };
  switch (filter.kind) {
    case 'all':
      return exactAll;
    case 'none':
      return exactNone;
    case 'unknown':
      return { set: allPostings, exact: false };
    case 'equal':
      return { set: equalSet(part, filter.path, filter.key), exact: filter.key.exact };
    case 'in': {
      const builder = new SetBuilder(part.size);
      let exact = true;
      let terms = 0;
      for (const key of filter.keys) {
        const set = equalSet(part, filter.path, key);
        if (set.kind === 'all') return { set, exact: key.exact };
        builder.addSet(set);
        if (!key.exact && set.kind !== 'none') exact = false;
        if ((++terms & 255) === 0) yield;
      }
      return { set: builder.finish(), exact };
    }
    case 'range':
      return { set: yield* rangeSet(part, filter.path, filter.range), exact: filter.exact };
    case 'test':
      return yield* testSet(part, filter.path, filter.range, filter.passes);
    case 'not': {
      const answer = yield* evaluateSteps(part, filter.of, depth + 1);
      if (!answer.exact) return { set: allPostings, exact: false };
      return { set: not(answer.set, part.size), exact: true };
    }
    case 'or': {
      let set: PostingSet = noPostings;
      let exact = true;
      for (const of of filter.of) {
        const answer = yield* evaluateSteps(part, of, depth + 1);
        set = or(set, answer.set, part.size);
        exact &&= answer.exact;
        if (answer.exact && answer.set.kind === 'all') return exactAll;
      }
      return { set, exact };
    }
    case 'and': {
      const of = filter.of.map((child) => ({ child, cost: estimatePart(part, child, depth + 1) }));
      of.sort((a, b) => a.cost - b.cost);
      let set: PostingSet = allPostings;
      let exact = true;
      for (const { child, cost } of of) {
        const found = countOf(set, part.size);
        const ratio = child.kind === 'range' ? skippedRangeRatio : child.kind === 'test' ? skippedTestRatio : Infinity;
        if (cost > skippedRangeMin && cost > found * ratio) {
          exact = false;
          continue;
        }
        const answer = yield* evaluateSteps(part, child, depth + 1);
        set = and(set, answer.set, part.size);
        exact &&= answer.exact;
        // Nothing is nothing, however sure the rest would have been.
        if (set.kind === 'none') return exactNone;
      }
      return { set, exact };
    }
  }
}

/** Drives sliced work to its end at once. */
export function finished<Result>(steps: Generator<undefined, Result>): Result {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** The set of one part at once. */
export function evaluate(part: Part, filter: Filter): Answer {
  if (filter.kind === 'equal') return { set: equalSet(part, filter.path, filter.key), exact: filter.key.exact };
  return finished(evaluateSteps(part, filter));
}

/** The visible items of a set of a part. */
export function visible(part: Part, set: PostingSet): PostingSet {
  const born = created(part, set);
  const { dead } = part;
  return dead === undefined ? born : without(born, dead, part.size);
}

function visibleCount(part: Part, set: PostingSet): number {
  const born = created(part, set);
  return countOf(born, part.size) - part.deadIn(born);
}

/** How many items of a part have the term; without reading postings where none of its items is dead or too young. */
function countEqual(part: Part, path: number, key: TermKey): number {
  const { source } = part;
  if (!source.find(probeOf(path, key.bytes))) return 0;
  if (source.foundIsSingle) return isVisible(part, source.foundSingle) ? 1 : 0;
  if (part.dead === undefined && (part.isWhole || (source.foundLast >= 0 && source.foundLast < part.bound)))
    return source.foundCount;
  return visibleCount(part, source.foundSet());
}

/** How many items the view has that pass the filter. */
export function count(view: View, filter: Filter): Count {
  let total = 0;
  if (filter.kind === 'equal') {
    for (const part of view.parts()) total += countEqual(part, filter.path, filter.key);
    return { count: total, exact: filter.key.exact || total === 0 };
  }
  return finished(countSteps(view, filter));
}

/** As `count`, in slices of about 1 ms, for a view that is held. Starts over when the sources change. */
export function* countSteps(view: View, filter: Filter): Generator<undefined, Count> {
  for (;;) {
    const { generation } = view;
    const counted = yield* countOnce(view, filter, generation);
    if (counted !== undefined) return counted;
  }
}

function* countOnce(view: View, filter: Filter, generation: number): Generator<undefined, Count | undefined> {
  let total = 0;
  let exact = true;
  for (const part of view.parts()) {
    const answer = yield* whileCurrent(view, generation, evaluateSteps(part, filter));
    if (answer === undefined) return undefined;
    const hits = visibleCount(part, answer.set);
    total += hits;
    if (!answer.exact && hits > 0) exact = false;
  }
  return { count: total, exact };
}

/** Runs steps that read sources, and gives up (undefined) when the sources changed during a pause. */
export function* whileCurrent<Result>(
  view: View,
  generation: number,
  steps: Generator<undefined, Result>,
): Generator<undefined, Result | undefined> {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    yield;
    if (view.generation !== generation) return undefined;
  }
}

/**
 * Walks the numbers of the items that pass, ascending. Sources are answered one after another, when they are
 * reached; writes, flushes and merges may happen between two calls.
 */
export class NumberCursor {
  readonly #view: View;
  readonly #filter: Filter;
  #last: number;
  #generation = -1;
  #parts: Part[] = [];
  #place = 0;
  #set: PostingSet = noPostings;
  #ordinal = 0;
  #exact = true;

  /** Begins after the number `after`. */
  constructor(view: View, filter: Filter, after = 0) {
    this.#view = view;
    this.#filter = filter;
    this.#last = after;
  }

  /** False when items found since need a residual test. */
  get exact(): boolean {
    return this.#exact;
  }

  /** The next number, or 0 at the end. */
  next(): number {
    if (this.#generation !== this.#view.generation) finished(this.#restart());
    for (;;) {
      const number = this.#take();
      if (number >= 0) return number;
      finished(this.#enter());
    }
  }

  /** As `next`, in slices of about 1 ms, for a view that is held. */
  *nextSteps(): Generator<undefined, number> {
    for (;;) {
      if (this.#generation !== this.#view.generation) {
        // May have to be done again: the sources can change while it pauses.
        yield* this.#restart();
        continue;
      }
      const number = this.#take();
      if (number >= 0) return number;
      yield* this.#enter();
    }
  }

  /** The next number of the current part, 0 at the end of all, -1 when the next part must be entered. */
  #take(): number {
    const part = this.#parts[this.#place];
    if (part === undefined) return 0;
    const ordinal = nextIn(this.#set, this.#ordinal, part.size);
    if (ordinal < 0) {
      this.#place++;
      return -1;
    }
    this.#ordinal = ordinal + 1;
    this.#last = part.source.numberAt(ordinal);
    return this.#last;
  }

  *#restart(): Generator<undefined, void> {
    this.#generation = this.#view.generation;
    this.#parts = this.#view.parts();
    this.#place = 0;
    // Sources that end at or before the last number are passed by.
    while (
      this.#place < this.#parts.length &&
      this.#parts[this.#place]!.source.ordinalFrom(this.#last + 1) >= this.#parts[this.#place]!.bound
    )
      this.#place++;
    yield* this.#enter();
  }

  *#enter(): Generator<undefined, void> {
    this.#set = noPostings;
    const part = this.#parts[this.#place];
    if (part === undefined) return;
    const answer = yield* whileCurrent(this.#view, this.#generation, evaluateSteps(part, this.#filter));
    if (answer === undefined) {
      // The sources changed meanwhile: the next call starts over after the last number.
      this.#generation = -1;
      return;
    }
    this.#set = visible(part, answer.set);
    if (!answer.exact && this.#set.kind !== 'none') this.#exact = false;
    this.#ordinal = part.source.ordinalFrom(this.#last + 1);
  }
}

// Estimates, for the planner: from posting lengths and block sums, never from payloads.

function estimatePart(part: Part, filter: Filter, depth = 0): number {
  if (depth > filterDepthMax) return part.bound;
  switch (filter.kind) {
    case 'all':
    case 'unknown':
      return part.bound;
    case 'none':
      return 0;
    case 'equal':
      return part.source.find(probeOf(filter.path, filter.key.bytes)) ? part.source.foundCount : 0;
    case 'in': {
      let total = 0;
      for (const key of filter.keys)
        if (part.source.find(probeOf(filter.path, key.bytes))) total += part.source.foundCount;
      return Math.min(total, part.bound);
    }
    case 'range':
    case 'test':
      return part.source.estimate(
        filter.path,
        fullKey(filter.path, filter.range.lower),
        fullKey(filter.path, filter.range.upper),
      ).postings;
    case 'not':
      return Math.max(0, part.bound - estimatePart(part, filter.of, depth + 1));
    case 'or': {
      let total = 0;
      for (const of of filter.of) total += estimatePart(part, of, depth + 1);
      return Math.min(total, part.bound);
    }
    case 'and': {
      let least = part.bound;
      for (const of of filter.of) least = Math.min(least, estimatePart(part, of, depth + 1));
      return least;
    }
  }
}

/** About how many items pass, dead ones included: an upper bound for terms, a guess for ranges. */
export function estimate(view: View, filter: Filter): number {
  let total = 0;
  for (const part of view.parts()) total += estimatePart(part, filter);
  return total;
}

/** About how many different terms lie in a range of a path. */
export function estimateTerms(view: View, path: number, range: KeyRange): number {
  let total = 0;
  const lower = fullKey(path, range.lower);
  const upper = fullKey(path, range.upper);
  for (const { source } of view.parts()) total += source.estimate(path, lower, upper).terms;
  return total;
}

/** Whether any source has a term in one of these ranges of a path, be it of items that are not visible. */
export function hasTerms(view: View, path: number, ranges: readonly KeyRange[]): boolean {
  const bounds = ranges.map((range) => fullRange(path, range));
  return view.parts().some(({ source }) => {
    const cursor = source.cursor(path);
    return bounds.some((range) => seekRange(cursor, range));
  });
}

/** All values of a path, from null to the largest, existence left out. */
export const allValues: KeyRange = {
  lower: new Uint8Array([Tag.absent + 1]),
  lowerInclusive: true,
  upper: new Uint8Array([Tag.maxKey + 1]),
  upperInclusive: false,
};

/** True when items with different values may share the term (a full key). */
export function isInexactTerm(key: Uint8Array, keyLength: number): boolean {
  return isShallowTag(key[2]!) || isCutKey(key, 2, keyLength);
}
