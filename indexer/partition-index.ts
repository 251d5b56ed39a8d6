// The index of one partition, whole: segments, frozen memtables, the active memtable, what died, who still looks.
// It is a fold of the partition's log: `add` and `kill` in log order make it, at first and at replay alike. It has
// no files and no threads; its host does what `nextFlush` and `nextMerge` ask for and hands back the segments.
//
// What the host owes, in order:
//  1. for every record: `kill` of the version it ends, then `add` of the version it makes (index.md §5);
//  2. when `flushDue`, or the pool is over budget: `freeze`; then write `nextFlush` (`flushSteps`, on the worker),
//     make the file durable, record it in the manifest, `installFlush`. Flushes go in order, one at a time;
//  3. when `nextMerge` gives a job: `mergeSteps`, durable, manifest, `installMerge`, then close and delete what it
//     returns. A flush may be written and installed meanwhile;
//  4. after a failure: `abandon` the job; it will be given again;
//  5. at start: open the segments of the manifest, oldest first, then replay the log from `checkpoint`;
//  6. a log entry may be removed only when `covers` its LSN and the LSN of what superseded it (index.md §8.1).
//
// Invariants: sources hold rising item numbers; LSNs rise; nothing with an LSN up to the checkpoint is taken again.

import { DatabaseError } from '../model/errors.ts';
import { writeIdentityKey } from './composite-key.ts';
import { factTerms, type PartitionKeyTerms, type VersionFacts } from './fact-terms.ts';
import { exists } from './filter.ts';
import type { FlushInput } from './flush.ts';
import { Liveness } from './liveness.ts';
import { allValues, estimate, estimateTerms } from './lookup.ts';
import { Memtable } from './memtable.ts';
import { OrdinalMap } from './ordinal-map.ts';
import { identityPath, PathDictionary } from './paths.ts';
import { compilePolicy, type IndexingPolicy } from './policy.ts';
import type { PagePool } from './pool.ts';
import type { Tombstones } from './segment-format.ts';
import type { Segment } from './segment-read.ts';
import { isVisible, MemtableSource, probeOf, SegmentSource, type Probe, type Source } from './source.ts';
import { TermWalker } from './terms.ts';
import { planMerge, type MergeRun } from './tiers.ts';
import { View } from './view.ts';
import { nextIn } from './postings.ts';

/** Bytes at which the active memtable should be frozen: about 9,500 items of 1 KB (index.md §7). */
export const memtableBytesThreshold = 8 * 1024 * 1024;

/** A tombstone counts as so many bytes towards that threshold: deletes alone must flush, too (§6, rule 4). */
const tombstoneBytes = 16;

/** A memtable of at least so many items is frozen early when most of them are dead: walking dead terms costs (§6, rule 9). */
const memtableDeadItemsMin = 2_000;
const memtableDeadShareMax = 0.5;

/** Snapshots open at once in one partition. */
export const snapshotsMax = 10_000;

export interface PartitionIndexOptions {
  readonly policy: IndexingPolicy;
  readonly pool: PagePool;
  /** Property whose string is the id text of every item, where the container's profile says so. */
  readonly identityField?: string | undefined;
  /** Where several items share a partition key, or are read in the order of their keys. */
  readonly partitionKeyTerms?: PartitionKeyTerms | undefined;
  /** Of the manifest, oldest first. */
  readonly segments?: readonly Segment[] | undefined;
  /** Given to tests. */
  readonly memtableBytes?: number | undefined;
  readonly pathsLimit?: number | undefined;
}

export interface FlushJob {
  readonly kind: 'flush';
  readonly input: FlushInput;
}

export interface MergeJob {
  readonly kind: 'merge';
  readonly reason: MergeRun['reason'];
  /** Names of the segments to merge, oldest first, with the items to leave out. */
  readonly inputs: readonly { readonly name: string; readonly purge: Uint32Array | undefined }[];
  /** Names of all segments before them. */
  readonly older: readonly string[];
}

export interface PathStatistics {
  /** Live items of the partition. */
  readonly items: number;
  /** Items that have the path, dead ones included. */
  readonly having: number;
  /** About how many different values; a value in several segments counts in each. */
  readonly terms: number;
}

export interface IndexStatistics {
  readonly items: number;
  readonly deadInSegments: number;
  readonly segments: number;
  readonly segmentBytes: number;
  /** Of open segments, in memory beside the cache. */
  readonly residentBytes: number;
  readonly segmentTerms: number;
  readonly memtableBytes: number;
  readonly paths: number;
  readonly snapshots: number;
}

/** Up to here the segments hold everything. */
export interface Checkpoint {
  readonly lsn: number;
  /** Highest item number seen. */
  readonly number: number;
}

const walker = new TermWalker();

export class PartitionIndex {
  readonly paths: PathDictionary;
  /** What the terms under `partitionKeyPath` are. */
  readonly partitionKeyTerms: PartitionKeyTerms;
  readonly #pool: PagePool;
  readonly #memtableBytes: number;
  #segments: SegmentSource[] = [];
  #frozen: MemtableSource[] = [];
  #active: MemtableSource | undefined;
  #sources: readonly Source[] = [];
  #generation = 0;
  #lsn = 0;
  #number = 0;
  #items = 0;
  readonly #snapshots = new Map<number, number>();
  #openSnapshots = 0;
  /** Lowest LSN of an open snapshot, Infinity when none is open. */
  #oldest = Infinity;
  #flushing: { readonly job: FlushJob; readonly source: MemtableSource } | undefined;
  #merging: { readonly job: MergeJob; readonly sources: readonly SegmentSource[] } | undefined;

  /** Opens an index over the segments of its manifest. Throws Internal when one is damaged. */
  constructor(options: PartitionIndexOptions) {
    this.#pool = options.pool;
    this.partitionKeyTerms = options.partitionKeyTerms ?? false;
    this.#memtableBytes = options.memtableBytes ?? memtableBytesThreshold;
    this.paths = new PathDictionary({
      policy: compilePolicy(options.policy),
      identityField: options.identityField,
      limit: options.pathsLimit,
    });
    const segments = options.segments ?? [];
    const newest = segments[segments.length - 1];
    if (newest !== undefined) this.paths.load(newest.paths());
    this.paths.openComposites();
    for (const segment of segments) {
      const { footer } = segment;
      if (footer.lsnFirst <= this.#lsn) throw new Error('segments overlap or are out of order');
      const source = new SegmentSource(segment);
      this.#segments.push(source);
      this.#items += footer.count;
      this.#lsn = footer.lsnLast;
      this.#number = footer.numberLast;
      const { numbers, lsns } = segment.tombstones();
      for (let i = 0; i < numbers.length; i++) this.#markDead(this.#segments, numbers[i]!, lsns[i]!);
    }
    this.#changed();
  }

  #changed(): void {
    this.#sources = [...this.#segments, ...this.#frozen, ...(this.#active === undefined ? [] : [this.#active])];
    this.#generation++;
  }

  /** Segments oldest first, then memtables. */
  get sources(): readonly Source[] {
    return this.#sources;
  }

  get generation(): number {
    return this.#generation;
  }

  /** LSN of the last record taken in. */
  get lsn(): number {
    return this.#lsn;
  }

  /** Live items. */
  get items(): number {
    return this.#items;
  }

  get checkpoint(): Checkpoint {
    const last = this.#segments[this.#segments.length - 1]?.segment.footer;
    return { lsn: last?.lsnLast ?? 0, number: last?.numberLast ?? 0 };
  }

  /** True when everything up to that LSN is in segments. */
  covers(lsn: number): boolean {
    return lsn <= this.checkpoint.lsn;
  }

  // Changes, in log order.

  #open(): MemtableSource {
    if (this.#active === undefined) {
      this.#active = new MemtableSource(new Memtable(this.#pool));
      this.#active.lsnFirst = this.#lsn + 1;
      this.#changed();
    }
    return this.#active;
  }

  /** Indexes a new version. False when a segment holds it already: the log is replayed from too early. */
  add(number: number, lsn: number, item: Uint8Array, facts: VersionFacts): boolean {
    if (lsn <= this.checkpoint.lsn) return false;
    if (lsn < this.#lsn || number <= this.#number) throw new Error('records must come in the order of the log');
    const active = this.#open();
    const { memtable } = active;
    memtable.begin(number);
    factTerms(facts, lsn, this.partitionKeyTerms, memtable);
    walker.walk(item, this.paths, memtable);
    active.lsnLast = this.#lsn = lsn;
    this.#number = number;
    this.#items++;
    return true;
  }

  /** Ends a version. False when it is unknown here or dead already. */
  kill(number: number, lsn: number): boolean {
    if (lsn <= this.checkpoint.lsn) return false;
    if (lsn < this.#lsn) throw new Error('records must come in the order of the log');
    const active = this.#open();
    active.lsnLast = this.#lsn = lsn;
    const owner = this.#markDead(this.#sources, number, lsn);
    if (owner === undefined) return false;
    if (owner !== active) {
      active.tombstoneNumbers.push(number);
      active.tombstoneLsns.push(lsn);
    }
    return true;
  }

  /** Marks a version dead where it lives; undefined when it lives nowhere. */
  #markDead(sources: readonly Source[], number: number, lsn: number): Source | undefined {
    for (let i = sources.length - 1; i >= 0; i--) {
      const source = sources[i]!;
      const ordinal = source.ordinalOf(number);
      if (ordinal < 0) continue;
      if (!source.liveness.kill(ordinal, lsn, lsn > this.#oldest)) return undefined;
      this.#items--;
      return source;
    }
    return undefined;
  }

  // Reading.

  /** The index as it is, for use before the next change: nothing is held. */
  now(): View {
    return new View(this, this.#lsn, this.#number + 1);
  }

  /** A view that stays as it is until it is released. */
  snapshot(): View {
    if (this.#openSnapshots >= snapshotsMax)
      throw new DatabaseError('Unavailable', 'too many snapshots of one partition are open');
    const lsn = this.#lsn;
    this.#snapshots.set(lsn, (this.#snapshots.get(lsn) ?? 0) + 1);
    this.#openSnapshots++;
    if (lsn < this.#oldest) this.#oldest = lsn;
    return new View(this, lsn, this.#number + 1, () => {
      this.#release(lsn);
    });
  }

  #release(lsn: number): void {
    this.#openSnapshots--;
    const left = this.#snapshots.get(lsn)! - 1;
    if (left > 0) {
      this.#snapshots.set(lsn, left);
      return;
    }
    this.#snapshots.delete(lsn);
    if (lsn !== this.#oldest) return;
    this.#oldest = Infinity;
    for (const open of this.#snapshots.keys()) if (open < this.#oldest) this.#oldest = open;
    for (const source of this.#sources) source.liveness.forget(this.#oldest);
  }

  /**
   * Number of the live version with that identity, or 0. Identities of more than 512 bytes are found by hash: the
   * caller compares the item's own.
   */
  find(id: string, key: string, view?: View): number {
    const probe = probeOf(identityPath, undefined, writeIdentityKey(id, key));
    if (view === undefined) return this.#findLive(probe);
    const parts = view.parts();
    for (let i = parts.length - 1; i >= 0; i--) {
      const part = parts[i]!;
      const { source } = part;
      if (!source.find(probe)) continue;
      if (source.foundIsSingle) {
        const ordinal = source.foundSingle;
        if (isVisible(part, ordinal)) return source.numberAt(ordinal);
        continue;
      }
      const set = source.foundSet();
      for (let ordinal = nextIn(set, 0, part.size); ordinal >= 0; ordinal = nextIn(set, ordinal + 1, part.size))
        if (isVisible(part, ordinal)) return source.numberAt(ordinal);
    }
    return 0;
  }

  /** As the index is now, which every write asks: without a view, and without an allocation for most. */
  #findLive(probe: Probe): number {
    const sources = this.#sources;
    for (let i = sources.length - 1; i >= 0; i--) {
      const source = sources[i]!;
      if (!source.find(probe)) continue;
      if (source.foundIsSingle) {
        const ordinal = source.foundSingle;
        if (!source.liveness.isDead(ordinal)) return source.numberAt(ordinal);
        continue;
      }
      const set = source.foundSet();
      const { count } = source;
      for (let ordinal = nextIn(set, 0, count); ordinal >= 0; ordinal = nextIn(set, ordinal + 1, count))
        if (!source.liveness.isDead(ordinal)) return source.numberAt(ordinal);
    }
    return 0;
  }

  /** What the planner and EXPLAIN may know of a path, from block sums and posting lengths. */
  pathStatistics(path: number): PathStatistics {
    const terms = estimateTerms(this.now(), path, allValues);
    return { items: this.#items, having: estimate(this.now(), exists(path)), terms };
  }

  statistics(): IndexStatistics {
    let bytes = 0;
    let resident = 0;
    let terms = 0;
    let dead = 0;
    for (const { segment, liveness } of this.#segments) {
      bytes += segment.bytes;
      resident += segment.residentBytes;
      terms += segment.footer.terms;
      dead += liveness.dead;
    }
    return {
      items: this.#items,
      deadInSegments: dead,
      segments: this.#segments.length,
      segmentBytes: bytes,
      residentBytes: resident,
      segmentTerms: terms,
      memtableBytes: this.memtableBytes,
      paths: this.paths.count,
      snapshots: this.#openSnapshots,
    };
  }

  // Flush.

  /** Bytes of the active memtable with its tombstones. */
  get activeBytes(): number {
    const active = this.#active;
    return active === undefined ? 0 : active.memtable.bytes + active.tombstoneNumbers.length * tombstoneBytes;
  }

  /** Bytes of all memtables: what this partition takes of the pool. */
  get memtableBytes(): number {
    let bytes = this.activeBytes;
    for (const { memtable } of this.#frozen) bytes += memtable.bytes;
    return bytes;
  }

  /** Frozen memtables that wait for their segment. Above two, the host should let writers wait. */
  get frozenCount(): number {
    return this.#frozen.length;
  }

  /** True when the active memtable should be frozen. */
  get flushDue(): boolean {
    const active = this.#active;
    if (active === undefined) return false;
    if (this.activeBytes >= this.#memtableBytes) return true;
    const { count } = active.memtable;
    return (
      count >= memtableDeadItemsMin && active.liveness.dead > count * memtableDeadShareMax && this.#openSnapshots === 0
    );
  }

  /** Closes the active memtable; the next change opens another. False when there is nothing to flush. */
  freeze(): boolean {
    const active = this.#active;
    if (active === undefined) return false;
    active.memtable.freeze();
    this.#frozen.push(active);
    this.#active = undefined;
    this.#changed();
    return true;
  }

  /** The oldest frozen memtable to write, unless one is being written. */
  nextFlush(): FlushJob | undefined {
    const source = this.#frozen[0];
    if (source === undefined || this.#flushing !== undefined) return undefined;
    const { memtable } = source;
    const purge = source.liveness.purgeable(this.#oldest);
    const input: FlushInput = {
      image: memtable.image(),
      purge,
      tombstones: this.#tombstonesOf(source),
      lsnFirst: source.lsnFirst,
      lsnLast: source.lsnLast,
      numberLast: memtable.count > 0 ? memtable.numberAt(memtable.count - 1) : this.checkpoint.number,
      paths: this.paths.serialise(),
    };
    const job: FlushJob = { kind: 'flush', input };
    this.#flushing = { job, source };
    return job;
  }

  /**
   * Deaths the segment must carry: of older items, and of its own items that some snapshot still sees when they
   * died before the freeze. Own items that died later have their tombstone in the next memtable.
   */
  #tombstonesOf(source: MemtableSource): Tombstones {
    const all = source.tombstoneNumbers.map((number, i) => ({ number, lsn: source.tombstoneLsns[i]! }));
    for (const { ordinal, lsn } of source.liveness.recent(this.#oldest))
      if (lsn <= source.lsnLast) all.push({ number: source.numberAt(ordinal), lsn });
    all.sort((a, b) => a.number - b.number || a.lsn - b.lsn);
    return {
      numbers: Float64Array.from(all, ({ number }) => number),
      lsns: Float64Array.from(all, ({ lsn }) => lsn),
    };
  }

  /** Puts the durable segment in the place of the memtable and gives the memtable's pages back. */
  installFlush(job: FlushJob, segment: Segment): void {
    const flushing = this.#flushing;
    if (flushing === undefined || flushing.job !== job) throw new Error('this flush was not asked for');
    const { source } = flushing;
    const { purge, image } = job.input;
    const map = new OrdinalMap(image.count, purge, 0);
    const liveness =
      purge === undefined
        ? source.liveness
        : Liveness.merged([{ liveness: source.liveness, purge, map: (ordinal) => map.map(ordinal) }]);
    this.#flushing = undefined;
    this.#frozen.shift();
    this.#segments.push(new SegmentSource(segment, liveness));
    this.#changed();
    source.memtable.release();
  }

  // Merge.

  /** The next merge, unless one is being written. `idle`: nothing is written, so settle to few segments. */
  nextMerge(idle = false): MergeJob | undefined {
    if (this.#merging !== undefined) return undefined;
    const run = planMerge(
      this.#segments.map(({ segment, liveness }) => ({
        items: segment.count,
        // What open snapshots still see could not be dropped: merging for it would never end.
        dead: this.#openSnapshots === 0 ? liveness.dead : Liveness.count(liveness.purgeable(this.#oldest)),
        tombstones: segment.footer.tombstoneCount,
      })),
      idle,
    );
    return run && this.mergeOf(run);
  }

  /** The job that merges this run of segments. For tests and tools; `nextMerge` chooses by itself. */
  mergeOf(run: MergeRun): MergeJob | undefined {
    if (this.#merging !== undefined) return undefined;
    const sources = this.#segments.slice(run.from, run.to);
    const job: MergeJob = {
      kind: 'merge',
      reason: run.reason,
      inputs: sources.map(({ segment, liveness }) => ({
        name: segment.name,
        purge: liveness.purgeable(this.#oldest),
      })),
      older: this.#segments.slice(0, run.from).map(({ segment }) => segment.name),
    };
    this.#merging = { job, sources };
    return job;
  }

  /** Puts the durable result in the place of its inputs; returns these, for the host to close and delete. */
  installMerge(job: MergeJob, segment: Segment): readonly Segment[] {
    const merging = this.#merging;
    if (merging === undefined || merging.job !== job) throw new Error('this merge was not asked for');
    const { sources } = merging;
    let base = 0;
    const liveness = Liveness.merged(
      sources.map((source, i) => {
        const { purge } = job.inputs[i]!;
        const map = new OrdinalMap(source.count, purge, base);
        base += map.kept;
        return { liveness: source.liveness, purge, map: (ordinal: number) => map.map(ordinal) };
      }),
    );
    this.#merging = undefined;
    const from = this.#segments.indexOf(sources[0]!);
    this.#segments.splice(from, sources.length, new SegmentSource(segment, liveness));
    this.#changed();
    return sources.map((source) => source.segment);
  }

  /** Gives a job back that could not be done. */
  abandon(job: FlushJob | MergeJob): void {
    if (this.#flushing?.job === job) this.#flushing = undefined;
    if (this.#merging?.job === job) this.#merging = undefined;
  }

  /** Segments in order, oldest first: what the manifest lists. */
  get segments(): readonly Segment[] {
    return this.#segments.map(({ segment }) => segment);
  }

  /** Frees the memory of a partition that is dropped or closed. */
  close(): void {
    for (const { memtable } of this.#frozen) memtable.release();
    this.#active?.memtable.release();
    for (const { segment } of this.#segments) segment.close();
    this.#frozen = [];
    this.#active = undefined;
    this.#segments = [];
    this.#changed();
  }
}
