// A second index of one partition, built beside the one that answers, because the options changed or because it will be
// that of a part of it, when the partition is split. Whoever builds it
// adds the live versions of a snapshot, then what was written since; then `finish`; from then on every record goes to
// both; then `install` puts it in the place of the old one at once.
//
// Invariants: no manifest names its segments before `install`; a crash before that leaves the old index and files that
// nobody names. From `finish` on, what it has in no segment holds back the start of the replay, so that a manifest
// that names its segments never starts after a record they lack.

import type { PartitionIndex } from '../indexer/partition-index.ts';
import { DatabaseError } from '../model/errors.ts';
import type { IndexEntry } from './index-entry.ts';

/** Memtables that may wait for their segments while the snapshot is being walked. */
const frozenMax = 2;

export interface RebuildHost {
  /** Counts a record for the next `settle`. */
  readonly applied: (entry: IndexEntry, sequence: number, lsn: number) => void;
  /** Freezes its active memtable, which holds nobody back. */
  readonly freeze: (entry: IndexEntry) => void;
  /** Freezes everything, and counts it from now on: it holds all its records up to now. */
  readonly count: (entry: IndexEntry) => void;
  readonly isSettled: () => boolean;
  readonly until: (condition: () => boolean) => Promise<void>;
  readonly install: (entry: IndexEntry, partition: number) => void;
  readonly abandon: (entry: IndexEntry) => void;
}

export class Rebuild {
  readonly #host: RebuildHost;
  readonly #entry: IndexEntry;
  #finished = false;
  #ended = false;

  constructor(host: RebuildHost, entry: IndexEntry) {
    this.#host = host;
    this.#entry = entry;
  }

  /** New and empty: takes versions in the order of their numbers. */
  get index(): PartitionIndex {
    return this.#entry.index;
  }

  /** Counts a record that the index took; after `finish` every record of the partition. */
  applied(sequence: number, lsn: number): void {
    this.#requireOpen();
    if (this.#entry.counts) this.#host.applied(this.#entry, sequence, lsn);
    else if (this.index.flushDue) this.#host.freeze(this.#entry);
  }

  /** Resolves when more may be added before `finish`: memory is bounded by asking every few hundred versions. */
  async room(): Promise<void> {
    this.#requireOpen();
    await this.#host.until(() => this.#ended || this.#entry.dropped || this.#entry.frozen.length <= frozenMax);
    this.#requireOpen();
  }

  isSettled(): boolean {
    return this.#host.isSettled();
  }

  /**
   * Writes what it holds to segments. Called when it holds every record applied so far, between two groups; records
   * applied while this runs go to both indexes already.
   */
  async finish(liveBytes: () => number): Promise<void> {
    this.#requireOpen();
    if (this.#finished) throw new Error('this rebuild is finished');
    this.#entry.ownLiveBytes = liveBytes;
    this.#host.count(this.#entry);
    const { frozen } = this.#entry;
    const last = frozen[frozen.length - 1];
    await this.#host.until(
      () => this.#ended || this.#entry.dropped || last === undefined || !this.#entry.frozen.includes(last),
    );
    this.#requireOpen();
    this.#finished = true;
  }

  /** From now on this is that partition's index. Snapshots of the old one stay readable until they are released. */
  install(partition: number): void {
    this.#requireOpen();
    if (!this.#finished) throw new Error('a rebuild is finished before it is installed');
    this.#ended = true;
    this.#host.install(this.#entry, partition);
  }

  /** Gives up; harmless after the end. */
  abandon(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#host.abandon(this.#entry);
  }

  #requireOpen(): void {
    if (this.#ended || this.#entry.dropped)
      throw new DatabaseError('Cancelled', 'the index that was being built is not wanted any more');
  }
}
