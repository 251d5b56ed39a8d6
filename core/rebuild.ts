// New indexes of a partition made while the old one answers: one after a change of the indexing policy, or those of the
// partitions that it is split into. First the versions that were live when it began, from a held snapshot; then what was
// written meanwhile; at last old and new take each record, until the new ones are on disk and take the old one's place.
//
// Invariant: the new indexes hold exactly the records up to some LSN at every moment, in the order of the log, so that
// they may replace the old one as soon as that LSN is the partition's own.

import { everything } from '../indexer/filter.ts';
import { NumberCursor } from '../indexer/lookup.ts';
import type { PartitionIndex } from '../indexer/partition-index.ts';
import { effectivePartitionKey, isInRange, type EpkRange } from '../model/effective-partition-key.ts';
import { parsePartitionKeyHeader, type PartitionKeyDefinition } from '../model/partition-key.ts';
import { RecordKind, type RecordHeader } from '../model/record.ts';
import type { GroupState } from './group.ts';
import { indexOptionsOf, type IndexOptions } from './index-home.ts';
import type { Partition } from './partition.ts';
import { itemsPerLook, Slices } from './slices.ts';
import { factsOf, type StoredItem } from './stored-item.ts';

/** A new index while its home flushes it. */
export interface IndexBuild {
  readonly index: PartitionIndex;
  /** A record was taken in. */
  applied(sequence: number, lsn: number): void;
  /** Lets memtables be flushed; resolves when there is room for more. */
  room(): Promise<void>;
  /** False while a commit group is applied over several turns of the event loop: then it is not finished. */
  isSettled(): boolean;
  /** Resolves when all it has is durable. `liveBytes` tells those of its live items from now on. */
  finish(liveBytes: () => number): Promise<void>;
  /** From now on it is the index of that partition. */
  install(partition: number): void;
  /** Forgets it. */
  abandon(): void;
}

/** What is kept of a record that was written meanwhile. */
interface Change extends Pick<RecordHeader, 'sequence' | 'lsn' | 'supersedes' | 'kind'> {
  /** Text of the partition key. */
  readonly key: string;
  /** Bytes of the body of the version that ended. */
  readonly ended: number;
}

/** One of the new indexes, and its part of the partition; all of it when there is no range. */
export class BuildTarget {
  readonly build: IndexBuild;
  readonly range: EpkRange | undefined;
  /** Bytes of the live items in it. */
  liveBytes = 0;

  constructor(build: IndexBuild, range: EpkRange | undefined) {
    this.build = build;
    this.range = range;
  }
}

/** Records that may be written during one rebuild before they are taken over; beyond that it begins again. */
const changesMax = 1_000_000;

/**
 * Records taken over in one turn of the event loop, about 5 ms: more than writers add in it, or it would never end. The
 * last of them are taken in the turn in which the new indexes begin to keep step.
 */
const changesPerTurn = 128;

export class Rebuilding {
  readonly targets: readonly BuildTarget[];
  readonly options: IndexOptions;
  readonly #definition: PartitionKeyDefinition;
  #changes: Change[] = [];
  #isDirect = false;
  #isBehind = false;
  #lastKey: string | undefined;
  #lastTarget: BuildTarget;
  /** Live versions to take over, and how many were. */
  total = 0;
  done = 0;

  constructor(targets: readonly BuildTarget[], options: IndexOptions, definition: PartitionKeyDefinition) {
    this.targets = targets;
    this.options = options;
    this.#definition = definition;
    this.#lastTarget = targets[0]!;
  }

  /** Told of every record after the partition's own index has it. */
  applied({ sequence, lsn, supersedes, kind }: RecordHeader, key: string, ended: number, partition: Partition): void {
    const change: Change = { sequence, lsn, supersedes, kind, key, ended };
    if (this.#isDirect) this.#take(change, partition);
    else if (this.#changes.length < changesMax) this.#changes.push(change);
    else this.#isBehind = true;
  }

  #targetOf(key: string): BuildTarget {
    if (this.targets.length === 1 || key === this.#lastKey) return this.#lastTarget;
    const epk = effectivePartitionKey(this.#definition, parsePartitionKeyHeader(key));
    this.#lastKey = key;
    this.#lastTarget = this.targets.find(({ range }) => range !== undefined && isInRange(range, epk))!;
    return this.#lastTarget;
  }

  #take(change: Change, partition: Partition): void {
    const target = this.#targetOf(change.key);
    const { build } = target;
    if (change.supersedes !== 0) {
      build.index.kill(change.supersedes, change.lsn);
      target.liveBytes -= change.ended;
    }
    if (change.kind !== RecordKind.delete) this.#add(target, partition.read(change.sequence));
    build.applied(change.sequence, change.lsn);
  }

  #add(target: BuildTarget, item: StoredItem): void {
    target.liveBytes += item.body.length;
    target.build.index.add(item.sequence, item.lsn, item.body, factsOf(item));
  }

  #isOver(partition: Partition): boolean {
    return partition.isOver || this.#isBehind;
  }

  async #room(): Promise<void> {
    for (const { build } of this.targets) await build.room();
  }

  /**
   * Builds them whole. False when the partition is gone or too much was written meanwhile: they must be abandoned. Else
   * they keep step with it until they are installed.
   */
  async run(state: GroupState, partition: Partition, signal: AbortSignal): Promise<boolean> {
    const hold = state.hold();
    const view = partition.index.snapshot();
    try {
      const slices = new Slices(signal);
      this.total = partition.itemCount;
      const cursor = new NumberCursor(view, everything);
      for (let number = cursor.next(); number !== 0; number = cursor.next()) {
        const item = partition.read(number);
        const target = this.#targetOf(item.key);
        this.#add(target, item);
        target.build.applied(item.sequence, item.lsn);
        if (++this.done % itemsPerLook !== 0 || !slices.isOver) continue;
        await this.#room();
        await slices.pause();
        if (this.#isOver(partition)) return false;
      }
      for (let taken = 0; ;) {
        const end = Math.min(this.#changes.length, taken + changesPerTurn);
        for (; taken < end; taken++) this.#take(this.#changes[taken]!, partition);
        if (taken === this.#changes.length && this.targets.every(({ build }) => build.isSettled())) break;
        await this.#room();
        await slices.pause();
        if (this.#isOver(partition)) return false;
      }
      this.#changes = [];
      // Nothing is between here and the last look: from now on the new indexes keep step.
      this.#isDirect = true;
      await Promise.all(this.targets.map((target) => target.build.finish(() => target.liveBytes)));
      return !this.#isOver(partition);
    } finally {
      view.release();
      hold.release();
    }
  }

  abandon(): void {
    for (const { build } of this.targets) build.abandon();
  }
}

/** Where new indexes of a partition are made. */
export interface BuildPlace {
  readonly state: GroupState;
  readonly signal: AbortSignal;
}

/** Builds the index anew for the container's policy; false when that has to begin again, or never. */
export function rebuildIndex(partition: Partition, place: BuildPlace): Promise<boolean> {
  return building(partition, place, [undefined], ({ targets, options }) => {
    const { build } = targets[0]!;
    build.install(partition.record.partition);
    partition.useIndex(build.index, options);
  });
}

/**
 * Builds the indexes of the partitions that one is to be split into; `split` then has the split logged, and when its
 * record is applied they take what was built (`group.ts`). False when that has to begin again.
 */
export function buildSplit(
  partition: Partition,
  place: BuildPlace,
  ranges: readonly EpkRange[],
  split: () => Promise<void>,
): Promise<boolean> {
  return building(partition, place, ranges, split);
}

async function building(
  partition: Partition,
  { state, signal }: BuildPlace,
  ranges: readonly (EpkRange | undefined)[],
  built: (rebuilding: Rebuilding) => Promise<void> | void,
): Promise<boolean> {
  if (partition.rebuilding !== undefined) return false;
  const { container, record } = partition;
  const options = indexOptionsOf(container);
  const targets = ranges.map((range) => new BuildTarget(state.home.beginBuild(record.partition, options), range));
  const rebuilding = new Rebuilding(targets, options, container.partitionKey);
  partition.rebuilding = rebuilding;
  try {
    if (!(await rebuilding.run(state, partition, signal))) return false;
    await built(rebuilding);
    return true;
  } finally {
    partition.rebuilding = undefined;
    rebuilding.abandon();
  }
}
