// A partition's index made anew while the old one answers: after a change of the indexing policy. First the versions
// that were live when it began, from a held snapshot; then what was written meanwhile; at last both indexes take each
// record, until the new one is on disk and takes the old one's place.
//
// Invariant: the new index holds exactly the records up to some LSN at every moment, in the order of the log, so that
// it may replace the old one as soon as that LSN is the partition's own.

import { everything } from '../indexer/filter.ts';
import { NumberCursor } from '../indexer/lookup.ts';
import type { PartitionIndex } from '../indexer/partition-index.ts';
import { secondsOf } from '../model/hybrid-time.ts';
import { RecordKind, type RecordHeader } from '../model/record.ts';
import type { GroupState } from './group.ts';
import type { Partition } from './partition.ts';
import { itemsPerLook, Slices } from './slices.ts';
import type { StoredItem } from './stored-item.ts';

/** The new index while its home flushes it. */
export interface IndexBuild {
  readonly index: PartitionIndex;
  /** A record was taken in. */
  applied(sequence: number, lsn: number): void;
  /** Lets memtables be flushed; resolves when there is room for more. */
  room(): Promise<void>;
  /** Resolves when all it has is durable. */
  finish(): Promise<void>;
  /** From now on it is the partition's index. */
  install(): void;
  /** Forgets it. */
  abandon(): void;
}

/** What is kept of a record that was written meanwhile. */
type Change = Pick<RecordHeader, 'sequence' | 'lsn' | 'supersedes' | 'kind'>;

/** Records that may be written during one rebuild before they are taken over; beyond that it begins again. */
const changesMax = 1_000_000;

export class Rebuilding {
  readonly #build: IndexBuild;
  #changes: Change[] = [];
  #isDirect = false;
  #isBehind = false;
  /** Live versions to take over, and how many were. */
  total = 0;
  done = 0;

  constructor(build: IndexBuild) {
    this.#build = build;
  }

  /** Told of every record after the partition's own index has it. */
  applied({ sequence, lsn, supersedes, kind }: RecordHeader, partition: Partition): void {
    const change = { sequence, lsn, supersedes, kind };
    if (this.#isDirect) this.#take(change, partition);
    else if (this.#changes.length < changesMax) this.#changes.push(change);
    else this.#isBehind = true;
  }

  #take(change: Change, partition: Partition): void {
    const { index } = this.#build;
    if (change.supersedes !== 0) index.kill(change.supersedes, change.lsn);
    if (change.kind !== RecordKind.delete) this.#add(partition.read(change.sequence));
    this.#build.applied(change.sequence, change.lsn);
  }

  #add(item: StoredItem): void {
    const { id, key, created, time, ttlSeconds } = item;
    const facts = { id, key, created, seconds: secondsOf(time), ttlSeconds };
    this.#build.index.add(item.sequence, item.lsn, item.body, facts);
  }

  #isOver(partition: Partition): boolean {
    return partition.dropped || this.#isBehind;
  }

  /**
   * Builds the whole index. False when the partition was dropped or too much was written meanwhile: nothing was
   * installed. `installed` is called when the new index counts, before any other record can come.
   */
  async run(state: GroupState, partition: Partition, signal: AbortSignal, installed: () => void): Promise<boolean> {
    const build = this.#build;
    const hold = state.hold();
    const view = partition.index.snapshot();
    try {
      const slices = new Slices(signal);
      this.total = partition.itemCount;
      const cursor = new NumberCursor(view, everything);
      for (let number = cursor.next(); number !== 0; number = cursor.next()) {
        const item = partition.read(number);
        this.#add(item);
        build.applied(item.sequence, item.lsn);
        if (++this.done % itemsPerLook !== 0 || !slices.isOver) continue;
        await build.room();
        await slices.pause();
        if (this.#isOver(partition)) return false;
      }
      while (this.#changes.length > 0) {
        const changes = this.#changes;
        this.#changes = [];
        for (const [i, change] of changes.entries()) {
          this.#take(change, partition);
          if (i % itemsPerLook !== 0 || !slices.isOver) continue;
          await build.room();
          await slices.pause();
          if (this.#isOver(partition)) return false;
        }
      }
      // Nothing is between here and the last look: from now on the new index keeps step.
      this.#isDirect = true;
      await build.finish();
      if (this.#isOver(partition)) return false;
      build.install();
      installed();
      return true;
    } finally {
      view.release();
      hold.release();
    }
  }
}
