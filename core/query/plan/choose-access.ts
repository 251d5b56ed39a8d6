// Which way to the items costs least, from the estimates of the index. Pure: figures in, a choice out.
//
// Costs are microseconds on the machine of index.md: what is compared are ratios, so they hold where all is slower.

/** One record read by its number, with the test of the filter on it. */
const readMicros = 10;
/** One posting of a filter collected into a set, taken with all of its term, and tested. */
const collectMicros = 0.05;
const wholeMicros = 0.005;
const testMicros = 0.5;
/** One term or item passed over by a walk that tests a set. */
const passMicros = 0.15;
/** One comparison of a sort, by the logarithm of the rows. */
const compareMicros = 0.3;

/** Replaced items that may be read before the first is given out: about 40 ms of reading in slices. */
export const collectedMax = 4_096;

/** A filter that leaves this share of the items a candidate is not worth asking. */
const openShare = 0.8;

/** The share of tested terms that is taken to pass, where nothing else is known. */
export const testedShare = 0.05;

/** Items looked at in the hope that many pass, before terms are tested: little beside what the tests cost. */
export const probedOf = (items: number): number => Math.max(128, Math.floor(items / 100));

/** Below this many items nothing is worth planning. */
const smallItems = 16;

export interface AccessFigures {
  /** About how many items there are, and how many of them the filter leaves. */
  readonly items: number;
  readonly hits: number;
  /** Rows that can be wanted; Infinity when all. */
  readonly wanted: number;
  /** True when the filter says something. */
  readonly filters: boolean;
  /** About how many hits were replaced, which must be read to know their place. */
  readonly replaced: number;
  /** True when terms must be tested, so that `hits` is no more than a bound. */
  readonly isTested?: boolean | undefined;
}

export interface OrderFigures {
  /** Items there are, those among the keys that are walked, and those that the whole filter leaves. */
  readonly items: number;
  readonly walked: number;
  readonly hits: number;
  /** Items that what is left of the filter leaves, when the keys were narrowed by the rest of it. */
  readonly passing: number;
  readonly wanted: number;
  /** Cost of answering what is left of the filter, in microseconds. */
  readonly askMicros: number;
}

export type NaturalChoice = 'scan' | 'collect' | 'filter' | 'probe';
export type OrderedChoice = 'order' | 'test' | 'sort';

/** Items a walk over all passes until it has found the wanted ones. */
function passed(items: number, hits: number, wanted: number): number {
  return hits <= 0 ? items : Math.min(items, (wanted * items) / hits);
}

/** In natural order: every item, the hits by number, or all items in order with the filter tested by number. */
export function chooseNatural(figures: AccessFigures): NaturalChoice {
  const { items, hits, wanted, filters, replaced, isTested = false } = figures;
  if (isTested && items > smallItems && hits >= items * testedShare) {
    if (wanted < Infinity) return 'probe';
    return replaced > collectedMax ? 'filter' : 'collect';
  }
  if (!filters || items <= smallItems || hits >= items * openShare) return 'scan';
  const needed = passed(items, hits, wanted);
  const scan = needed * readMicros;
  const filter = hits * collectMicros + needed * passMicros + Math.min(hits, wanted) * readMicros;
  const read = replaced + Math.min(Math.max(0, hits - replaced), wanted);
  const collect = replaced > collectedMax ? Infinity : hits * collectMicros + read * readMicros;
  if (collect <= filter && collect <= scan) return 'collect';
  return filter < scan ? 'filter' : 'scan';
}

/**
 * For a sort that the terms of a path or a composite index can give: walk them and ask the filter by number, walk them
 * and test each item, or read all hits and sort.
 */
export function chooseOrdered({ items, walked, hits, passing, wanted, askMicros }: OrderFigures): OrderedChoice {
  const met = Math.min(hits, walked);
  const share = items === 0 ? 0 : Math.min(1, passing / items);
  const terms = passed(walked, walked * share, wanted);
  const order = askMicros + terms * passMicros + Math.min(met, wanted) * readMicros;
  const test = terms * readMicros;
  const sort = hits * (collectMicros + readMicros + compareMicros * Math.log2(hits + 2));
  if (Math.min(order, test) >= sort) return 'sort';
  return order < test ? 'order' : 'test';
}

export interface AskedTerms {
  /** Postings that are taken as they lie, and those that are collected term by term. */
  readonly whole: number;
  readonly collected: number;
  /** Postings whose terms are tested one by one. */
  readonly tested: number;
}

/** What answering a filter costs. */
export function askingMicros({ whole, collected, tested }: AskedTerms): number {
  return whole * wholeMicros + collected * collectMicros + tested * testMicros;
}
