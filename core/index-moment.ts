// What the keeper of the indexes is told of the log, and what it tells of itself.

import type { IndexStatistics } from '../indexer/partition-index.ts';
import type { ReplayStart } from './index-manifest.ts';

/** Where recovery begins, and the last record that a segment may hold: the log must reach it. */
export interface IndexStart extends ReplayStart {
  readonly coversTo: number;
}

/** A moment between two entries of the log, when all records up to `sequence` are applied and none after. */
export interface IndexMoment {
  readonly sequence: number;
  readonly hybridTime: number;
  /** LSN that the catalog has reached. */
  readonly catalogLsn?: number | undefined;
  /** Sequences of the catalog's live records, in order. Asked now or never. */
  readonly catalog: () => readonly number[];
  readonly liveBytesOf: (partition: number) => number;
}

export interface KeeperStatistics extends IndexStatistics {
  readonly partitions: number;
  readonly flushes: number;
  readonly merges: number;
  readonly manifests: number;
  readonly failures: number;
  /** Memtables that wait for their segment. */
  readonly frozen: number;
  /** Records that a start would replay now. */
  readonly replayRecords: number;
}
