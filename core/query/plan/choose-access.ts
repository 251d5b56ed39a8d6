// Which way to the items costs least, from the estimates of the index. Pure: figures in, a choice out.
//
// Costs are microseconds on the machine of index.md: what is compared are ratios, so they hold where all is slower.

/** One record read by its number, with the test of the filter on it. */
const readMicros = 10;
/** One posting of a filter collected into a set. */
const collectMicros = 0.05;
/** One term or item passed over by a walk that tests a set. */
const passMicros = 0.4;
/** One comparison of a sort, by the logarithm of the rows. */
const compareMicros = 0.3;

/** Hits that may be read before the first is given out, in natural order: about 40 ms of reading in slices. */
export const collectedMax = 4_096;

/** A filter that leaves this share of the items a candidate is not worth asking. */
const openShare = 0.8;

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
}

export type NaturalChoice = 'scan' | 'collect' | 'filter';
export type OrderedChoice = 'order' | 'sort';

/** Items a walk over all passes until it has found the wanted ones. */
function passed({ items, hits, wanted }: AccessFigures): number {
  return hits <= 0 ? items : Math.min(items, (wanted * items) / hits);
}

/** In natural order: every item, the few hits put in order, or all items in order with the filter tested by number. */
export function chooseNatural(figures: AccessFigures): NaturalChoice {
  const { items, hits, wanted, filters } = figures;
  if (!filters || items <= smallItems || hits >= items * openShare) return 'scan';
  const needed = passed(figures);
  const scan = needed * readMicros;
  const filter = hits * collectMicros + needed * passMicros + Math.min(hits, wanted) * readMicros;
  const collect = hits > collectedMax ? Infinity : hits * (collectMicros + readMicros);
  if (collect <= filter && collect <= scan) return 'collect';
  return filter < scan ? 'filter' : 'scan';
}

/** For a sort that the terms of a path or a composite index can give: walk them, or read all hits and sort. */
export function chooseOrdered(figures: AccessFigures): OrderedChoice {
  const { items, hits, wanted, filters } = figures;
  const candidates = filters ? hits : items;
  const needed = Math.min(wanted, candidates);
  const walk =
    (filters ? hits * collectMicros : 0) + passed({ ...figures, hits: candidates }) * passMicros + needed * readMicros;
  const sort = candidates * (collectMicros + readMicros + compareMicros * Math.log2(candidates + 2));
  return walk < sort ? 'order' : 'sort';
}
