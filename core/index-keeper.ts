// Keeps the indexes of a log group's partitions: decides when a memtable is flushed and segments are merged, has it
// done (`storage/segment-task.ts`), and writes the manifest, so that a start replays a bounded piece of the log
// (index.md §7, §8; the host's duties in `indexer/partition-index.ts`).
//
// Invariants:
//  1. A manifest names a place of the log, and every partition's segments hold all its records up to there. Such a
//     place is one that `settle` saw, because the catalog and the clock are known there.
//  2. A segment is durable before a manifest names it; a file is removed after a durable manifest without it.
//  3. At most one flush, one merge and one manifest are being written at once.
//  4. A partition that was dropped stays in the manifest until the replay starts after its drop, so that a replay
//     finds what the first time found.

import { BlockCache } from '../indexer/block-cache.ts';
import { memtableBytesThreshold, PartitionIndex } from '../indexer/partition-index.ts';
import { PagePool } from '../indexer/pool.ts';
import type { History } from './history-file.ts';
import { firstOf, isSplitUnwritten, manifestOf, newEntry, sumOf, type IndexEntry } from './index-entry.ts';
import { noStart, type IndexManifest, type PartitionManifest } from './index-manifest.ts';
import { optionsOf, optionsText } from './index-options.ts';
import type { Rebuild } from './index-rebuild.ts';
import { discardSegments, ManifestWriter, newFileName, readManifest, removeUnnamed } from './manifest-writer.ts';
import type { IndexHome, IndexOptions, OpenedIndex } from './index-home.ts';
import type { IndexMoment, IndexStart, KeeperStatistics } from './index-moment.ts';
import { Rebuilds } from './rebuilds.ts';
import { ReplayPoints, type DroppedPartition, type ReplayPoint } from './replay-points.ts';
import { Retry } from './retry.ts';
import { laterByTimer, SegmentJobs, type Later } from './segment-jobs.ts';
import type { IndexStore } from './storage/index-directory.ts';
import type { SegmentTasks } from './storage/segment-task.ts';

/** Records and bytes that a start replays at most, about: 40 to 75 µs a record (index.md §5, §7). */
export const replayRecordsMax = 24_576;
export const replayBytesMax = 64 * 1024 * 1024;

/** A place from which a replay may start is remembered every so many records. */
const recordsPerPoint = 1_024;

/** Records of a partition after which its dead items are looked at, without a flush. */
const recordsPerMergeLook = 4_096;

/** At closing, smaller memtables are left to the replay, unless there are few of them. */
const closingFlushBytesMin = 64 * 1024;
const closingFlushesFew = 16;
const closingMsMax = 5_000;

export interface IndexKeeperOptions {
  /** Writes segments: one `IndexThread` for all keepers of the process. */
  readonly tasks: SegmentTasks;
  /** Shared by the partitions of a process. */
  readonly pool?: PagePool | undefined;
  readonly cache?: BlockCache | undefined;
  /** Superseded records, to be kept over a restart. */
  readonly history?: History | undefined;
  /** Forget the index on disk and begin with the first record of the log. */
  readonly discard?: boolean | undefined;
  /** Makes the log durable, where an append alone does not: awaited before each manifest. */
  readonly syncLog?: (() => Promise<void>) | undefined;
  /** Told of what failed and will be tried again. */
  readonly onFailure?: ((what: 'flush' | 'merge' | 'manifest', error: unknown) => void) | undefined;
  /** Given to tests. */
  readonly memtableBytes?: number | undefined;
  readonly replayRecordsMax?: number | undefined;
  readonly replayBytesMax?: number | undefined;
  readonly recordsPerPoint?: number | undefined;
  readonly later?: Later | undefined;
}

export class IndexKeeper implements IndexHome {
  readonly #store: IndexStore;
  readonly #options: IndexKeeperOptions;
  readonly #pool: PagePool;
  readonly #cache: BlockCache;
  readonly #later: Later;
  readonly #manifests: ManifestWriter;
  readonly #jobs: SegmentJobs;
  readonly #points: ReplayPoints;
  #start: IndexStart | undefined;
  #coversTo = 0;
  readonly catalogLsnFloor: number;
  /** Partitions of the manifest that nobody opened yet. */
  readonly #unclaimed = new Map<number, PartitionManifest>();
  readonly #entries = new Map<number, IndexEntry>();
  #lastEntry: IndexEntry | undefined;
  #touched: IndexEntry[] = [];
  /** Partitions with an active memtable, the one with the oldest record first. */
  readonly #actives = new Set<IndexEntry>();
  #dropped: DroppedPartition[] = [];
  readonly #rebuilds: Rebuilds;
  #moment: IndexMoment | undefined;
  #sequence = 0;
  #bytes = 0;
  #closing = false;
  #waiting: { readonly until: () => boolean; readonly resolve: () => void }[] = [];
  #failures = 0;
  #files = 0;

  private constructor(store: IndexStore, options: IndexKeeperOptions, manifest: IndexManifest | undefined) {
    this.#store = store;
    this.#options = options;
    this.#pool = options.pool ?? new PagePool();
    this.#cache = options.cache ?? new BlockCache();
    this.#later = options.later ?? laterByTimer;
    this.catalogLsnFloor = manifest?.start.catalogLsn ?? 0;
    const pump = () => this.#pump();
    if (manifest !== undefined && manifest.start.sequence > 0) {
      this.#coversTo = manifest.coversTo;
      this.#start = { ...manifest.start, coversTo: manifest.coversTo };
    }
    for (const one of manifest?.partitions ?? []) this.#unclaimed.set(one.partition, one);
    this.#points = new ReplayPoints(manifest?.start ?? noStart);
    this.#sequence = this.#points.durable.sequence;
    this.#manifests = new ManifestWriter({
      store,
      history: options.history,
      retry: new Retry(this.#later, pump),
      newName: (kind) => newFileName(++this.#files, kind),
      syncLog: options.syncLog,
      state: () => this.#state(),
      written: (start) => this.#points.written(start),
      failed: (error) => this.#failed('manifest', error),
      ended: pump,
    });
    this.#jobs = new SegmentJobs({
      store,
      tasks: options.tasks,
      cache: this.#cache,
      later: this.#later,
      newName: (kind) => newFileName(++this.#files, kind),
      changed: (entry, last) => {
        this.#coversTo = Math.max(this.#coversTo, last);
        if (entry.counts) this.#manifests.want();
      },
      retire: (names) => this.#manifests.retire(names),
      failed: (what, error) => this.#failed(what, error),
      ended: pump,
    });
    this.#rebuilds = new Rebuilds({
      entries: this.#entries,
      jobs: this.#jobs,
      manifests: this.#manifests,
      newIndex: (text) => this.#newIndex(text, []),
      sequence: () => this.#sequence,
      count: (entry, sequence, lsn) => this.#count(entry, sequence, lsn),
      isSettled: () => this.#moment?.sequence === this.#sequence,
      liveBytesOf: (partition) => this.#present.liveBytesOf(partition),
      freeze: (entry) => this.#freeze(entry, this.#present),
      forget: (entry) => this.#forget(entry),
      until: (condition) => this.#until(condition),
      pump,
    });
  }

  /**
   * Opens what the last manifest says. Files that it does not name are removed. Throws Internal when it is damaged:
   * `discard` then begins anew, which loses nothing, because the log keeps every live record.
   */
  static async open(store: IndexStore, options: IndexKeeperOptions): Promise<IndexKeeper> {
    const manifest = await (options.discard === true ? discardSegments(store) : readManifest(store));
    const keeper = new IndexKeeper(store, options, manifest);
    keeper.#files = await removeUnnamed(store, manifest);
    await keeper.#manifests.loadHistory(manifest?.history);
    return keeper;
  }

  /** Where recovery begins; undefined: with the first record of the log. */
  get start(): IndexStart | undefined {
    return this.#start;
  }

  /**
   * The index of a partition whose container the catalog has just made known, and the bytes of its live items.
   * `outdated`: it was built with other options, which it keeps until it is built anew. `lsnFloor`: no LSN up to it may
   * be given out again, whatever the replay finds. Throws Internal when a segment is damaged.
   */
  openIndex(partition: number, wanted: IndexOptions): OpenedIndex {
    if (this.#entries.has(partition)) throw new Error('the index of this partition is open');
    const known = this.#unclaimed.get(partition);
    const text = optionsText(wanted);
    const options = known !== undefined && known.segments.length > 0 ? known.options : text;
    const index = this.#newIndex(options, known?.segments ?? []);
    this.#unclaimed.delete(partition);
    const entry = newEntry(partition, index, options, known);
    this.#entries.set(partition, entry);
    if (known !== undefined) this.#jobs.wantMerge(entry);
    const { liveBytes, lsnFloor } = entry;
    return { index, liveBytes, outdated: options !== text, lsnFloor, known: known !== undefined };
  }

  #newIndex(options: string, segments: readonly string[]): PartitionIndex {
    return new PartitionIndex({
      ...optionsOf(options),
      pool: this.#pool,
      segments: segments.map((name) => this.#store.open(name, this.#cache)),
      memtableBytes: this.#options.memtableBytes ?? Math.min(memtableBytesThreshold, this.#pool.budgetBytes / 4),
    });
  }

  /** Counts a record that was applied, at a replay too; after the partition's index took it. `bytes`: its length. */
  applied(partition: number, sequence: number, lsn: number, bytes = 0): void {
    this.#sequence = sequence;
    this.#bytes += bytes;
    let entry = this.#lastEntry;
    if (entry === undefined || entry.partition !== partition) {
      entry = this.#entries.get(partition);
      if (entry === undefined) return;
      this.#lastEntry = entry;
    }
    this.#count(entry, sequence, lsn);
  }

  #count(entry: IndexEntry, sequence: number, lsn: number): void {
    entry.applied++;
    if (entry.activeFirst === 0 && lsn > entry.coveredLsn) {
      entry.activeFirst = sequence;
      this.#actives.add(entry);
    }
    if (!entry.touched) {
      entry.touched = true;
      this.#touched.push(entry);
    }
  }

  /** The moment that `settle` saw last, when nothing was applied since. */
  get #present(): IndexMoment {
    const moment = this.#moment;
    if (moment === undefined || moment.sequence !== this.#sequence) throw new Error('this is done between two groups');
    return moment;
  }

  /** Freezes and schedules what is due. After each commit group, and between entries of a replay. */
  settle(now: IndexMoment): void {
    this.#moment = now;
    this.#sequence = now.sequence;
    this.#manifests.sawHead(now.sequence);
    this.#rebuilds.freeReplaced();
    if (now.sequence - this.#points.last.sequence >= (this.#options.recordsPerPoint ?? recordsPerPoint))
      this.#points.add(now, this.#bytes);
    for (const entry of this.#touched) {
      entry.touched = false;
      if (entry.dropped) continue;
      if (entry.index.flushDue || isSplitUnwritten(entry)) this.#freeze(entry, now);
      if (entry.applied - entry.appliedAtLook >= recordsPerMergeLook) this.#jobs.wantMerge(entry);
    }
    this.#touched.length = 0;
    if (this.#pool.overBudget && !this.#jobs.isFlushing) this.#freezeBiggest(now);
    if (this.#isLate(this.#points.durable.sequence, this.#points.durable.bytes)) this.#shortenReplay(now);
    this.#pump();
  }

  #isLate(sequence: number, bytes: number): boolean {
    return (
      this.#sequence - sequence > (this.#options.replayRecordsMax ?? replayRecordsMax) ||
      this.#bytes - bytes > (this.#options.replayBytesMax ?? replayBytesMax)
    );
  }

  /** More than the cap lies after the replay's start: flush the oldest, or write down that the start has moved. */
  #shortenReplay(now: IndexMoment): void {
    const point = this.#replayPoint();
    const [oldest] = this.#actives;
    if (oldest !== undefined && !this.#jobs.isFlushing && this.#isLate(point.sequence, point.bytes))
      this.#freeze(oldest, now);
    else if (!this.#jobs.isFlushing && point.sequence === this.#points.durable.sequence)
      this.#points.add(now, this.#bytes);
    if (point.sequence > this.#points.durable.sequence) this.#manifests.want();
  }

  /** Where a replay may begin with the segments there are. */
  #replayPoint(): ReplayPoint {
    const [oldest] = this.#actives;
    const first = Math.min(oldest?.activeFirst ?? Infinity, this.#jobs.firstWaiting);
    return this.#points.latest(Math.min(first - 1, this.#sequence), this.#dropped);
  }

  #freeze(entry: IndexEntry, now: IndexMoment): void {
    this.#points.add(now, this.#bytes);
    const first = entry.activeFirst === 0 ? this.#points.durable.sequence + 1 : entry.activeFirst;
    entry.activeFirst = 0;
    this.#actives.delete(entry);
    if (!entry.index.freeze()) return;
    const { lsn } = entry.index;
    const last = now.sequence;
    this.#jobs.queueFlush({
      entry,
      first,
      last,
      lsn,
      liveBytes: entry.ownLiveBytes?.() ?? now.liveBytesOf(entry.partition),
    });
  }

  #freezeBiggest(now: IndexMoment): void {
    let biggest: IndexEntry | undefined;
    for (const entry of this.#actives)
      if (biggest === undefined || entry.index.activeBytes > biggest.index.activeBytes) biggest = entry;
    if (biggest !== undefined) this.#freeze(biggest, now);
  }

  #pump(): void {
    this.#jobs.pump();
    this.#manifests.pump();
    if (this.#waiting.length === 0) return;
    const done = this.#waiting.filter(({ until }) => until());
    this.#waiting = this.#waiting.filter((one) => !done.includes(one));
    for (const { resolve } of done) resolve();
  }

  #failed(what: 'flush' | 'merge' | 'manifest', error: unknown): void {
    this.#failures++;
    this.#options.onFailure?.(what, error);
  }

  /** What a manifest says now. Partitions that only a replay from before their drop needs are forgotten here. */
  #state(): Omit<IndexManifest, 'history'> {
    const start = this.#replayPoint();
    const gone = this.#dropped.filter(({ sequence }) => sequence <= start.sequence);
    this.#dropped = this.#dropped.filter(({ sequence }) => sequence > start.sequence);
    this.#manifests.retire(gone.flatMap(({ manifest }) => manifest.segments));
    const partitions = [...this.#unclaimed.values(), ...this.#dropped.map(({ manifest }) => manifest)];
    for (const entry of this.#entries.values()) if (!isSplitUnwritten(entry)) partitions.push(manifestOf(entry));
    const { sequence, hybridTime, catalogLsn, catalog } = start;
    return {
      start: { sequence, hybridTime, catalogLsn, catalog },
      coversTo: this.#coversTo,
      partitions: partitions.filter(({ segments, lsn, lsnFloor }) => segments.length > 0 || lsn > 0 || lsnFloor),
    };
  }

  /** Sequence up to which a durable manifest needs no replay. */
  get coveredTo(): number {
    return this.#points.durable.sequence;
  }

  /** Forgets a partition whose container the record `killer` deleted. Its index must not be used any more. */
  drop(partition: number, killer: number): void {
    const entry = this.#entries.get(partition);
    if (entry === undefined) return;
    this.#rebuilds.dropped(partition);
    this.#dropped.push({ sequence: killer, first: firstOf(entry), manifest: manifestOf(entry) });
    this.#entries.delete(partition);
    this.#forget(entry);
  }

  /** The partition was made of another by that record: its index holds what it had before, up to that LSN. */
  begun(partition: number, sequence: number, lsn: number): void {
    const entry = this.#entries.get(partition);
    if (entry === undefined) return;
    entry.splitAt = sequence;
    this.#count(entry, sequence, lsn);
  }

  /** Ends a partition that the record `killer` split. */
  retire(partition: number, killer: number): void {
    const entry = this.#entries.get(partition);
    if (entry === undefined) return;
    this.#rebuilds.dropped(partition);
    this.#dropped.push({ sequence: killer, first: firstOf(entry), manifest: manifestOf(entry) });
    this.#entries.delete(partition);
    this.#rebuilds.replaced(entry, false);
  }

  #forget(entry: IndexEntry): void {
    entry.dropped = true;
    this.#actives.delete(entry);
    if (this.#lastEntry === entry) this.#lastEntry = undefined;
    this.#jobs.drop(entry);
  }

  /** Begins to build an index with these options beside that of a partition. */
  beginBuild(partition: number, options: IndexOptions): Rebuild {
    return this.#rebuilds.begin(partition, options);
  }

  /** True while some partition has more frozen memtables than it should: a writer should wait for `room`. */
  get mustWait(): boolean {
    return this.#jobs.mustWait;
  }

  /** Resolves when writers need not wait any more, or when flushing fails: `isFailing` says so. */
  async room(): Promise<void> {
    await this.#until(() => !this.mustWait || this.isFailing || this.#closing);
  }

  /** True while the last flush or manifest failed and waits to be tried again. */
  get isFailing(): boolean {
    return this.#jobs.isFailing || this.#manifests.isFailing;
  }

  /** Resolves when nothing is being written and nothing waits but for a failure to pass. */
  async idle(): Promise<void> {
    await this.#until(() => this.#jobs.isIdle && this.#manifests.isIdle);
  }

  #until(until: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ until, resolve });
      this.#pump();
    });
  }

  /**
   * Ends: merges are given up, what flushes is finished, and with `flush` the larger memtables are written so that
   * the next start is quick; all that for a few seconds at most. Indexes and store are closed then.
   */
  async close(options: { readonly flush?: boolean | undefined } = {}): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    this.#jobs.stopMerging();
    const moment = this.#moment;
    if (options.flush === true && moment !== undefined && moment.sequence === this.#sequence) {
      const actives = [...this.#actives];
      const few = actives.length <= closingFlushesFew;
      for (const entry of actives.sort((a, b) => b.index.activeBytes - a.index.activeBytes))
        if (few || entry.index.activeBytes >= closingFlushBytesMin) this.#freeze(entry, moment);
      if (actives.length > 0) this.#manifests.want();
    } else this.#jobs.stopFlushing(false);
    const cancel = this.#later(() => {
      this.#jobs.stopFlushing(true);
    }, closingMsMax);
    await this.idle();
    cancel();
    this.#jobs.stopFlushing(true);
    this.#manifests.stop();
    this.#rebuilds.close();
    for (const { index } of this.#entries.values()) index.close();
    this.#entries.clear();
    await this.#store.close();
  }

  statistics(): KeeperStatistics {
    return {
      ...sumOf(this.#entries.values()),
      partitions: this.#entries.size,
      flushes: this.#jobs.flushes,
      merges: this.#jobs.merges,
      manifests: this.#manifests.count,
      failures: this.#failures,
      replayRecords: this.#sequence - this.#points.durable.sequence,
    };
  }
}
