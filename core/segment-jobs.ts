// Has segments written, one flush and one merge at once: memtables in the order in which they were frozen, merges of
// whichever partition asks, the flush first where both want the thread. What fails is given back to its index and
// tried again later (duties 2 to 4 in `indexer/partition-index.ts`).
//
// Invariants: a memtable's pages are freed only when no task reads them; a file that was not taken is retired.

import type { BlockCache } from '../indexer/block-cache.ts';
import type { MergeJob } from '../indexer/partition-index.ts';
import type { Frozen, IndexEntry } from './index-entry.ts';
import { Retry } from './retry.ts';
import type { IndexStore } from './storage/index-directory.ts';
import type { SegmentTask, SegmentTasks } from './storage/segment-task.ts';

/** Merges of one partition that fail one after the other before it is left as it is until the next start. */
const mergeFailuresMax = 5;

/** A partition without writes for so long is merged to few segments. */
const settleMergeMs = 10_000;

/** Frozen memtables of one partition above which writers should wait. */
const frozenMax = 2;

/** Runs something later; the function returned prevents it. */
export type Later = (run: () => void, ms: number) => () => void;

export function laterByTimer(run: () => void, ms: number): () => void {
  const timer = setTimeout(run, ms);
  timer.unref();
  return () => clearTimeout(timer);
}

export interface SegmentJobsOptions {
  readonly store: IndexStore;
  readonly tasks: SegmentTasks;
  readonly cache: BlockCache;
  readonly later: Later;
  readonly newName: (kind: 'segment') => string;
  /** The segments of a partition are others now; with a flush, they hold the log up to `last`. */
  readonly changed: (entry: IndexEntry, last: number) => void;
  /** These files are not needed by any later manifest. */
  readonly retire: (names: readonly string[]) => void;
  readonly failed: (what: 'flush' | 'merge', error: unknown) => void;
  /** Called when a job has ended: `pump` what may run now. */
  readonly ended: () => void;
}

export class SegmentJobs {
  readonly #options: SegmentJobsOptions;
  readonly #flushRetry: Retry;
  readonly #mergeRetry: Retry;
  readonly #flushQueue: Frozen[] = [];
  readonly #mergeQueue = new Map<IndexEntry, { idle: boolean }>();
  /** Partitions that may have more segments than a quiet partition should. */
  readonly #unsettled = new Set<IndexEntry>();
  #flushing: Frozen | undefined;
  #merging: { readonly entry: IndexEntry; readonly abort: AbortController } | undefined;
  readonly #flushAbort = new AbortController();
  #cancelTick: (() => void) | undefined;
  /** Set at closing: nothing of the kind is started any more. */
  #mergesStopped = false;
  #flushesStopped = false;
  flushes = 0;
  merges = 0;

  constructor(options: SegmentJobsOptions) {
    this.#options = options;
    this.#flushRetry = new Retry(options.later, options.ended);
    this.#mergeRetry = new Retry(options.later, options.ended);
  }

  queueFlush(frozen: Frozen): void {
    frozen.entry.frozen.push(frozen);
    this.#flushQueue.push(frozen);
  }

  get isFlushing(): boolean {
    return this.#flushing !== undefined || this.#flushQueue.length > 0;
  }

  /** True while the last flush failed and waits to be tried again. */
  get isFailing(): boolean {
    return !this.#flushRetry.isReady;
  }

  /** First record that waits for its segment, Infinity when none does. */
  get firstWaiting(): number {
    let first = Infinity;
    if (this.#flushing !== undefined && !this.#flushing.entry.dropped) ({ first } = this.#flushing);
    for (const frozen of this.#flushQueue) first = Math.min(first, frozen.first);
    return first;
  }

  get mustWait(): boolean {
    const waits = ({ entry }: Frozen): boolean => entry.counts && entry.frozen.length > frozenMax;
    return (this.#flushing !== undefined && waits(this.#flushing)) || this.#flushQueue.some(waits);
  }

  /** True when nothing runs, and nothing waits but for a failure to pass. */
  get isIdle(): boolean {
    return (
      this.#flushing === undefined &&
      this.#merging === undefined &&
      (this.#flushQueue.length === 0 || this.#flushesStopped || !this.#flushRetry.isReady) &&
      (this.#mergeQueue.size === 0 || !this.#mergeRetry.isReady)
    );
  }

  /** Starts whatever may run. */
  pump(): void {
    if (
      this.#flushing === undefined &&
      this.#flushQueue.length > 0 &&
      !this.#flushesStopped &&
      this.#flushRetry.isReady
    )
      void this.#flush(this.#flushQueue.shift()!);
    if (this.#merging === undefined && !this.#mergesStopped && this.#mergeRetry.isReady) this.#startMerge();
  }

  async #flush(frozen: Frozen): Promise<void> {
    const { retire, changed, failed, ended, store, cache } = this.#options;
    const { entry } = frozen;
    this.#flushing = frozen;
    const job = entry.index.nextFlush()!;
    const name = this.#options.newName('segment');
    try {
      await this.#write(name, { kind: 'flush', input: job.input }, this.#flushAbort.signal);
      if (entry.dropped) retire([name]);
      else {
        entry.index.installFlush(job, store.open(name, cache));
        entry.coveredLsn = frozen.lsn;
        if (frozen.first < Infinity) entry.liveBytes = frozen.liveBytes;
        entry.frozen.shift();
        changed(entry, frozen.last);
        this.wantMerge(entry);
      }
      this.flushes++;
      this.#flushRetry.succeeded();
    } catch (error) {
      retire([name]);
      if (!entry.dropped) {
        entry.index.abandon(job);
        this.#flushQueue.unshift(frozen);
        if (!this.#flushAbort.signal.aborted) {
          this.#flushRetry.failed();
          failed('flush', error);
        }
      }
    }
    this.#flushing = undefined;
    this.#freeDropped(entry);
    ended();
  }

  async #write(
    name: string,
    task:
      Omit<Extract<SegmentTask, { kind: 'flush' }>, 'target'> | Omit<Extract<SegmentTask, { kind: 'merge' }>, 'target'>,
    signal: AbortSignal,
  ): Promise<void> {
    const { store, tasks } = this.#options;
    store.adopt(name, await tasks.run({ ...task, target: store.target(name) }, signal));
  }

  /** Looks for a merge of this partition soon. `idle`: it is quiet, so settle to few segments. */
  wantMerge(entry: IndexEntry, idle = false): void {
    entry.appliedAtLook = entry.applied;
    if (entry.dropped || this.#mergesStopped || entry.mergeFailures >= mergeFailuresMax) return;
    const wanted = this.#mergeQueue.get(entry);
    if (wanted === undefined) this.#mergeQueue.set(entry, { idle });
    else wanted.idle ||= idle;
    this.#unsettled.add(entry);
    this.#cancelTick ??= this.#options.later(() => this.#tick(), settleMergeMs);
  }

  #startMerge(): void {
    for (const [entry, { idle }] of this.#mergeQueue) {
      this.#mergeQueue.delete(entry);
      const job = entry.index.nextMerge(idle);
      if (job !== undefined) {
        void this.#merge(entry, job, idle);
        return;
      }
      if (idle) this.#unsettled.delete(entry);
    }
  }

  async #merge(entry: IndexEntry, job: MergeJob, idle: boolean): Promise<void> {
    const { store, cache, retire, changed, failed, ended } = this.#options;
    const abort = new AbortController();
    this.#merging = { entry, abort };
    const name = this.#options.newName('segment');
    try {
      const inputs = job.inputs.map((input) => ({ source: store.source(input.name), purge: input.purge }));
      const older = job.older.map((one) => store.source(one));
      await this.#write(name, { kind: 'merge', inputs, older }, abort.signal);
      if (entry.dropped) retire([name]);
      else {
        for (const segment of entry.index.installMerge(job, store.open(name, cache))) {
          segment.close();
          store.release(segment.name);
          retire([segment.name]);
        }
        changed(entry, 0);
        entry.mergeFailures = 0;
        this.wantMerge(entry, idle);
      }
      this.merges++;
      this.#mergeRetry.succeeded();
    } catch (error) {
      retire([name]);
      if (!entry.dropped) {
        entry.index.abandon(job);
        if (!abort.signal.aborted) {
          entry.mergeFailures++;
          this.#mergeRetry.failed();
          this.wantMerge(entry, idle);
          failed('merge', error);
        }
      }
    }
    this.#merging = undefined;
    this.#freeDropped(entry);
    ended();
  }

  /** Partitions that were quiet since the last look settle to few segments. */
  #tick(): void {
    this.#cancelTick = undefined;
    for (const entry of this.#unsettled) {
      if (entry.applied === entry.appliedAtTick) this.wantMerge(entry, true);
      entry.appliedAtTick = entry.applied;
    }
    if (this.#unsettled.size > 0) this.#cancelTick ??= this.#options.later(() => this.#tick(), settleMergeMs);
    this.#options.ended();
  }

  /** Forgets a partition that was dropped and frees it, once no task reads its pages. */
  drop(entry: IndexEntry): void {
    this.#mergeQueue.delete(entry);
    this.#unsettled.delete(entry);
    for (let i = this.#flushQueue.length - 1; i >= 0; i--)
      if (this.#flushQueue[i]!.entry === entry) this.#flushQueue.splice(i, 1);
    if (this.#merging?.entry === entry) this.#merging.abort.abort();
    this.#freeDropped(entry);
  }

  #freeDropped(entry: IndexEntry): void {
    if (!entry.dropped || entry.held || this.#flushing?.entry === entry || this.#merging?.entry === entry) return;
    for (const { name } of entry.index.segments) this.#options.store.release(name);
    entry.index.close();
  }

  /** Before the end: the merge that runs is given up, no other begins. */
  stopMerging(): void {
    this.#mergesStopped = true;
    this.#cancelTick?.();
    this.#mergeQueue.clear();
    this.#merging?.abort.abort();
    this.#mergeRetry.stop();
  }

  /** Leaves to the replay what waits to be flushed, and with `running` also what is being written. */
  stopFlushing(running: boolean): void {
    this.#flushesStopped = true;
    this.#flushRetry.stop();
    if (running) this.#flushAbort.abort();
  }
}
