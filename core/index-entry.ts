// One partition's index with what its keeper knows of it.

import type { IndexStatistics, PartitionIndex } from '../indexer/partition-index.ts';
import type { PartitionManifest } from './index-manifest.ts';

/** A memtable that waits for its segment. */
export interface Frozen {
  readonly entry: IndexEntry;
  /** First record in it, which holds back the start of the replay; Infinity when it need not. */
  readonly first: number;
  /** Last record of the log when it was frozen. */
  readonly last: number;
  readonly lsn: number;
  /** Bytes of the partition's live items when it was frozen. */
  readonly liveBytes: number;
}

export interface IndexEntry {
  /** While it is being built beside another: the number of that one. */
  partition: number;
  readonly index: PartitionIndex;
  /** Tells the bytes of the live items of one that is being built for another partition. */
  ownLiveBytes: (() => number) | undefined;
  /** How the index is built: `optionsText`. */
  readonly options: string;
  /** Bytes of live items at the end of its segments. */
  liveBytes: number;
  /** LSN at the end of its segments. */
  coveredLsn: number;
  /** LSN that it had reached before its segments were discarded. */
  readonly lsnFloor: number;
  /** First record of the active memtable, 0 when there is none. */
  activeFirst: number;
  readonly frozen: Frozen[];
  /** True while the next `settle` must look at it. */
  touched: boolean;
  /** Records applied, and how many those were at the last looks for merges and for quiet. */
  applied: number;
  appliedAtLook: number;
  appliedAtTick: number;
  mergeFailures: number;
  /** The record that made its partition of another: a manifest names it once its segments hold all from before. */
  splitAt: number;
  /** True once nothing of it is written any more. */
  dropped: boolean;
  /** True while snapshots of a dropped index are still read. */
  held: boolean;
  /** False while it is being built beside the one that counts: then it keeps nobody waiting. */
  counts: boolean;
}

export function newEntry(
  partition: number,
  index: PartitionIndex,
  options: string,
  known: PartitionManifest | undefined,
): IndexEntry {
  return {
    partition,
    index,
    ownLiveBytes: undefined,
    options,
    liveBytes: known?.liveBytes ?? 0,
    coveredLsn: index.checkpoint.lsn,
    lsnFloor: known?.lsnFloor ?? 0,
    activeFirst: 0,
    frozen: [],
    touched: false,
    applied: 0,
    appliedAtLook: 0,
    appliedAtTick: 0,
    mergeFailures: 0,
    splitAt: 0,
    dropped: false,
    held: false,
    counts: true,
  };
}

/** LSN that the partition has reached for certain. */
export function lsnOf({ index, lsnFloor }: IndexEntry): number {
  return Math.max(index.lsn, lsnFloor);
}

/** First record that no segment holds, Infinity when all are in segments. */
export function firstOf({ activeFirst, frozen }: IndexEntry): number {
  return Math.min(activeFirst === 0 ? Infinity : activeFirst, ...frozen.map(({ first }) => first));
}

/**
 * True while segments lack something of a partition that it had before it was made of another: a replay would not find
 * that among its own records, and makes the index again from the other one.
 */
export function isSplitUnwritten(entry: IndexEntry): boolean {
  return entry.splitAt > 0 && firstOf(entry) <= entry.splitAt;
}

export function manifestOf({
  partition,
  options,
  liveBytes,
  index,
  coveredLsn,
  lsnFloor,
}: IndexEntry): PartitionManifest {
  const segments = index.segments.map(({ name }) => name);
  return {
    partition,
    options,
    liveBytes,
    lsn: index.lsn,
    lsnFloor: lsnFloor > coveredLsn ? lsnFloor : undefined,
    segments,
  };
}

/** Figures of all together. */
export function sumOf(entries: Iterable<IndexEntry>): IndexStatistics & { readonly frozen: number } {
  const sum = {
    items: 0,
    deadInSegments: 0,
    segments: 0,
    segmentBytes: 0,
    residentBytes: 0,
    segmentTerms: 0,
    memtableBytes: 0,
    paths: 0,
    snapshots: 0,
  };
  let waiting = 0;
  for (const { index, frozen } of entries) {
    const own = index.statistics();
    for (const name of Object.keys(sum) as (keyof IndexStatistics)[]) sum[name] += own[name];
    waiting += frozen.length;
  }
  return { ...sum, frozen: waiting };
}
