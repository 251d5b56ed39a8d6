// The indexes of a log group that are being built anew, and those that were replaced and are still read.

import type { PartitionIndex } from '../indexer/partition-index.ts';
import { DatabaseError } from '../model/errors.ts';
import { lsnOf, newEntry, type IndexEntry } from './index-entry.ts';
import { optionsText } from './index-options.ts';
import { Rebuild, type RebuildHost } from './index-rebuild.ts';
import type { ManifestWriter } from './manifest-writer.ts';
import type { IndexOptions } from './index-home.ts';
import type { SegmentJobs } from './segment-jobs.ts';

export interface RebuildsOptions {
  /** The indexes that count, by partition. */
  readonly entries: Map<number, IndexEntry>;
  readonly jobs: SegmentJobs;
  readonly manifests: ManifestWriter;
  readonly newIndex: (options: string) => PartitionIndex;
  /** Last record of the log that was applied. */
  readonly sequence: () => number;
  /** Counts a record for the next `settle`. */
  readonly count: (entry: IndexEntry, sequence: number, lsn: number) => void;
  /** Between two groups: the bytes of the partition's live items now. */
  readonly liveBytesOf: (partition: number) => number;
  /** Whether it is between two groups. */
  readonly isSettled: () => boolean;
  /** Freezes an index whose records hold back the start of the replay. */
  readonly freeze: (entry: IndexEntry) => void;
  readonly forget: (entry: IndexEntry) => void;
  readonly until: (condition: () => boolean) => Promise<void>;
  readonly pump: () => void;
}

export class Rebuilds {
  readonly #options: RebuildsOptions;
  readonly #host: RebuildHost;
  readonly #running = new Map<number, Set<{ readonly rebuild: Rebuild; readonly entry: IndexEntry }>>();
  /** `files`: they are removed with it; those of a split partition only when no replay begins before the split. */
  #replaced: { readonly entry: IndexEntry; readonly files: boolean }[] = [];

  constructor(options: RebuildsOptions) {
    this.#options = options;
    const { count, isSettled, until, pump } = options;
    this.#host = {
      applied: count,
      isSettled,
      until,
      freeze: (entry) => {
        this.#freezeUncounted(entry);
        pump();
      },
      count: (entry) => {
        this.#begin(entry);
        pump();
      },
      install: (entry, partition) => {
        this.#install(entry, partition);
        pump();
      },
      abandon: (entry) => {
        this.#abandon(entry);
        pump();
      },
    };
  }

  /** Throws Unavailable when there is no such partition. */
  begin(partition: number, options: IndexOptions): Rebuild {
    if (!this.#options.entries.has(partition))
      throw new DatabaseError('Unavailable', 'the index of this partition cannot be built anew now');
    const text = optionsText(options);
    const entry = newEntry(partition, this.#options.newIndex(text), text, undefined);
    entry.counts = false;
    const rebuild = new Rebuild(this.#host, entry);
    let running = this.#running.get(partition);
    if (running === undefined) this.#running.set(partition, (running = new Set()));
    running.add({ rebuild, entry });
    return rebuild;
  }

  /** A crash loses it anyway: its records hold nobody back. */
  #freezeUncounted(entry: IndexEntry): void {
    if (!entry.index.freeze()) return;
    const { lsn } = entry.index;
    this.#options.jobs.queueFlush({ entry, first: Infinity, last: this.#options.sequence(), lsn, liveBytes: 0 });
  }

  #begin(entry: IndexEntry): void {
    // The last records may have been deletes of what it never held: its segments must say that they are in it.
    const lsn = lsnOf(this.#options.entries.get(entry.partition)!);
    if (entry.index.lsn < lsn) entry.index.kill(0, lsn);
    entry.liveBytes = entry.ownLiveBytes?.() ?? this.#options.liveBytesOf(entry.partition);
    entry.counts = true;
    this.#options.freeze(entry);
  }

  #ended(entry: IndexEntry): void {
    const running = this.#running.get(entry.partition);
    for (const one of running ?? []) if (one.entry === entry) running!.delete(one);
    if (running?.size === 0) this.#running.delete(entry.partition);
  }

  #install(entry: IndexEntry, partition: number): void {
    const { entries, manifests, jobs } = this.#options;
    const before = entries.get(partition);
    this.#ended(entry);
    entry.partition = partition;
    entry.ownLiveBytes = undefined;
    entries.set(partition, entry);
    if (before !== undefined) this.replaced(before, true);
    manifests.want();
    this.freeReplaced();
    jobs.wantMerge(entry);
  }

  /** An index that counts no more: its snapshots stay readable until they are released. */
  replaced(entry: IndexEntry, files: boolean): void {
    entry.held = true;
    this.#options.forget(entry);
    this.#replaced.push({ entry, files });
  }

  #abandon(entry: IndexEntry): void {
    this.#ended(entry);
    this.#options.manifests.retire(entry.index.segments.map(({ name }) => name));
    this.#options.forget(entry);
  }

  /** Frees indexes that were replaced and that no snapshot reads any more. */
  freeReplaced(): void {
    if (this.#replaced.length === 0) return;
    const { manifests, jobs } = this.#options;
    this.#replaced = this.#replaced.filter(({ entry, files }) => {
      if (entry.index.statistics().snapshots > 0) return true;
      if (files) manifests.retire(entry.index.segments.map(({ name }) => name));
      manifests.want();
      entry.held = false;
      jobs.drop(entry);
      return false;
    });
  }

  /** The partition is gone. */
  dropped(partition: number): void {
    for (const { rebuild } of [...(this.#running.get(partition) ?? [])]) rebuild.abandon();
  }

  /** At the end: nothing of them is kept. */
  close(): void {
    for (const partition of [...this.#running.keys()]) this.dropped(partition);
    for (const { entry } of this.#replaced) entry.index.close();
  }
}
