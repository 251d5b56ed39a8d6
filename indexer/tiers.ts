// Which segments to merge next. The story: a flush adds a small segment at the young end. When a run of neighbours
// of one tier is long enough, it becomes one segment of the next tier; so every item is rewritten once per tier.
// Only runs of one tier are taken: counting smaller ones into a bigger run rewrote items 4.8 times
// (index.md §6, rule 3). The larger tiers use a smaller fan, because the number of segments is what queries pay for. Dead items and tombstones have triggers of their own, because deletes alone fill no memtable (rule 4).
//
// A segment never grows past `itemsMax`.

/** Neighbours of one tier that become one, by tier. Three of the last make the largest segment there is. */
const fans = [8, 4, 3] as const;

/** Items of a segment. Merging larger ones would take a minute of a worker and gain little. */
export const itemsMax = 1_000_000;

/** Items up to which a segment is of tier 0: a little more than a memtable of 1 KB items holds. */
const tierZeroItems = 16_000;

/** Upper bounds of the tiers in live items; above the last, only the other triggers merge. */
const tierItems = [tierZeroItems, tierZeroItems * fans[0], tierZeroItems * fans[0] * fans[1]] as const;

/** Share of dead items at which a segment is rewritten. */
const deadShareMax = 0.35;

/** The same for segments of tier 0 while writes go on: they are merged soon enough, and rewriting them twice is waste. */
const deadShareSmallMax = 0.7;

/** Tombstones that one segment may carry, as a share of its items and at least so many. */
const tombstoneShareMax = 0.5;
const tombstonesMin = 10_000;

/** Segments a partition has at most before the oldest runs are merged whatever their tier. */
const segmentsMax = 24;

/** Segments that an idle partition settles to, where `itemsMax` lets it. */
const settledSegmentsMax = 4;

export interface SegmentState {
  readonly items: number;
  readonly dead: number;
  readonly tombstones: number;
}

/** A run of neighbours: segments [from, to), oldest first. */
export interface MergeRun {
  readonly from: number;
  readonly to: number;
  readonly reason: 'tier' | 'dead' | 'tombstones' | 'count' | 'settle';
}

function liveOf(segment: SegmentState): number {
  return segment.items - segment.dead;
}

function tierOf(segment: SegmentState): number {
  const live = liveOf(segment);
  const tier = tierItems.findIndex((items) => live <= items);
  return tier < 0 ? tierItems.length : tier;
}

function fits(segments: readonly SegmentState[], from: number, to: number): boolean {
  let live = 0;
  for (let i = from; i < to; i++) live += liveOf(segments[i]!);
  return live <= itemsMax;
}

/** The next merge, most urgent first; undefined when there is none. `idle`: nothing was written for a while. */
export function planMerge(segments: readonly SegmentState[], idle = false): MergeRun | undefined {
  for (const [i, segment] of segments.entries()) {
    const share = idle || segment.items > tierZeroItems ? deadShareMax : deadShareSmallMax;
    if (segment.items > 0 && segment.dead > segment.items * share) return { from: i, to: i + 1, reason: 'dead' };
  }
  for (const [i, segment] of segments.entries()) {
    if (segment.tombstones <= Math.max(tombstonesMin, segment.items * tombstoneShareMax)) continue;
    // Its deaths are forgotten where they meet the items: take older neighbours as far as the bound allows.
    let from = i;
    while (from > 0 && fits(segments, from - 1, i + 1)) from--;
    if (from < i) return { from, to: i + 1, reason: 'tombstones' };
  }
  for (let to = segments.length; to > 0;) {
    const tier = tierOf(segments[to - 1]!);
    let from = to - 1;
    while (from > 0 && tierOf(segments[from - 1]!) === tier) from--;
    const fan = fans[tier] ?? Infinity;
    if (to - from >= fan) {
      // The oldest of the run first, so that its items leave the tier together.
      for (let start = from; start + fan <= to; start++)
        if (fits(segments, start, start + fan)) return { from: start, to: start + fan, reason: 'tier' };
    }
    to = from;
  }
  if (segments.length > segmentsMax) {
    const run = cheapestRun(segments, fans[1]);
    if (run !== undefined) return { ...run, reason: 'count' };
  }
  if (idle && segments.length > settledSegmentsMax) {
    const run = cheapestRun(segments, segments.length - settledSegmentsMax + 1) ?? cheapestRun(segments, 2);
    if (run !== undefined) return { ...run, reason: 'settle' };
  }
  return undefined;
}

/** Of the runs of that length that fit into one segment, the one with the fewest items. */
function cheapestRun(
  segments: readonly SegmentState[],
  length: number,
): { readonly from: number; readonly to: number } | undefined {
  let best: { readonly from: number; readonly to: number } | undefined;
  let bestItems = Infinity;
  for (let from = 0; from + length <= segments.length; from++) {
    if (!fits(segments, from, from + length)) continue;
    let items = 0;
    for (let i = from; i < from + length; i++) items += liveOf(segments[i]!);
    if (items < bestItems) {
      bestItems = items;
      best = { from, to: from + length };
    }
  }
  return best;
}
