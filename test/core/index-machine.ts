// What a log group is to the keeper of its index, in small: a log with a catalog and items, its replay, and the naive
// truth beside it.

import { IndexKeeper, type IndexKeeperOptions } from '../../core/index-keeper.ts';
import type { Rebuild } from '../../core/index-rebuild.ts';
import { historyAgeMsMax, historySlackMsMax, Retention } from '../../core/retention.ts';
import type { IndexStore } from '../../core/storage/index-directory.ts';
import {
  SegmentTaskRun,
  type SegmentTask,
  type SegmentTasks,
  type SegmentWritten,
} from '../../core/storage/segment-task.ts';
import type { PartitionIndex } from '../../indexer/partition-index.ts';
import type { VersionFacts } from '../../indexer/fact-terms.ts';
import type { IndexOptions } from '../../core/index-home.ts';
import { defaultPolicy } from '../../indexer/policy.ts';
import { isVisible } from '../../indexer/source.ts';
import type { View } from '../../indexer/view.ts';

export interface LogRecord {
  readonly sequence: number;
  /** 0 for the catalog's. */
  readonly partition: number;
  readonly lsn: number;
  readonly kind: 'create' | 'alter' | 'drop' | 'put' | 'delete';
  readonly ends: number;
  readonly id: string;
  readonly item: Uint8Array;
}

export const plainIndex: IndexOptions = { policy: defaultPolicy, identityField: undefined, partitionKeyTerms: false };

export function factsOf(id: string): VersionFacts {
  return { id, key: '', created: 1, seconds: 1, ttlSeconds: 0 };
}

export const bytesOf = (record: LogRecord): number => record.item.length + 80;

/** Tasks that end when the test says so. */
export class SlowTasks implements SegmentTasks {
  readonly waiting: (() => void)[] = [];
  failing = false;

  run(asked: SegmentTask, signal?: AbortSignal): Promise<SegmentWritten> {
    return new Promise((resolve, reject) => {
      const cancelled = () => reject(new Error('cancelled'));
      signal?.addEventListener('abort', cancelled);
      this.waiting.push(() => {
        signal?.removeEventListener('abort', cancelled);
        if (this.failing) {
          reject(new Error('the disk is full'));
          return;
        }
        try {
          // As it reaches a worker.
          const run = new SegmentTaskRun(structuredClone(asked));
          while (!run.step());
          run.finish().then(resolve, reject);
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
    });
  }
}

/** The log: what was appended, less what was trimmed. Removals that no later append followed may be lost. */
export class TestLog {
  readonly records = new Map<number, LogRecord>();
  #unsure: LogRecord[] = [];
  last = 0;
  nowMs = 0;

  append(record: LogRecord): void {
    this.records.set(record.sequence, record);
    this.last = record.sequence;
    this.#unsure = [];
  }

  trim(sequences: readonly number[]): void {
    for (const sequence of sequences) {
      const record = this.records.get(sequence);
      if (record === undefined || sequence === this.last) continue;
      this.records.delete(sequence);
      this.#unsure.push(record);
    }
  }

  crash(keptOf: (removed: number) => number): void {
    // Lost in reverse order only.
    for (const record of this.#unsure.slice(keptOf(this.#unsure.length))) this.records.set(record.sequence, record);
    this.#unsure = [];
  }

  after(sequence: number): LogRecord[] {
    return [...this.records.values()].filter((one) => one.sequence > sequence).sort((a, b) => a.sequence - b.sequence);
  }
}

/** A second index of a partition on its way. */
interface Building {
  readonly rebuild: Rebuild;
  /** Live versions of the beginning that it lacks. */
  readonly walk: LogRecord[];
  /** What was written since, as long as not everything goes to both. */
  readonly since: LogRecord[];
  stage: 'walking' | 'finishing' | 'finished';
}

interface OpenPartition {
  index: PartitionIndex;
  liveBytes: number;
  lsn: number;
  readonly outdated: boolean;
  building?: Building | undefined;
}

export function liveNumbers(view: View): number[] {
  const numbers: number[] = [];
  for (const part of view.parts())
    for (let ordinal = 0; ordinal < part.size; ordinal++)
      if (isVisible(part, ordinal)) numbers.push(part.source.numberAt(ordinal));
  return numbers;
}

function addTo(rebuild: Rebuild, { sequence, lsn, kind, ends, item, id }: LogRecord): void {
  if (ends !== 0) rebuild.index.kill(ends, lsn);
  if (kind === 'put') rebuild.index.add(sequence, lsn, item, factsOf(id));
  rebuild.applied(sequence, lsn);
}

/** Applies records as core does. */
export class Machine {
  readonly log: TestLog;
  readonly keeper: IndexKeeper;
  readonly retention: Retention;
  readonly partitions = new Map<number, OpenPartition>();
  /**
   * Catalog records by partition. The one that created it stays as long as it lives, beside the last: a replay of the
   * whole log must know a partition before its items.
   */
  readonly catalog = new Map<number, { readonly created: number; readonly last: number }>();
  replayed = 0;
  readonly wantedOf: (partition: number) => IndexOptions;

  private constructor(
    log: TestLog,
    keeper: IndexKeeper,
    retention: Retention,
    wantedOf: (partition: number) => IndexOptions,
  ) {
    this.wantedOf = wantedOf;
    this.log = log;
    this.keeper = keeper;
    this.retention = retention;
  }

  static async open(
    log: TestLog,
    store: IndexStore,
    options: IndexKeeperOptions,
    heldFrom: () => number,
    wantedOf: (partition: number) => IndexOptions,
  ): Promise<Machine> {
    const opened: { keeper: IndexKeeper | undefined } = { keeper: undefined };
    const retention = new Retention(
      // Everything is always old enough to go.
      () => (log.nowMs += historyAgeMsMax + historySlackMsMax + 1),
      async (sequences) => log.trim(sequences),
      { coveredTo: () => opened.keeper!.coveredTo, heldFrom, declaredMs: () => 0 },
    );
    const keeper = (opened.keeper = await IndexKeeper.open(store, { ...options, history: retention }));
    const machine = new Machine(log, keeper, retention, wantedOf);
    const { start } = keeper;
    for (const sequence of start?.catalog ?? []) machine.apply(log.records.get(sequence)!);
    for (const record of log.after(start?.sequence ?? 0)) {
      machine.apply(record);
      machine.replayed++;
      machine.settle(record.sequence);
    }
    return machine;
  }

  open(partition: number): void {
    const { index, liveBytes, outdated, lsnFloor } = this.keeper.openIndex(partition, this.wantedOf(partition));
    this.partitions.set(partition, { index, liveBytes, outdated, lsn: Math.max(index.lsn, lsnFloor) });
  }

  apply(record: LogRecord): void {
    const { sequence, partition, lsn, kind, ends } = record;
    const end = (ended: number): void => {
      const before = this.log.records.get(ended);
      if (before !== undefined) this.retention.superseded(ended, bytesOf(before), sequence);
    };
    switch (kind) {
      case 'create':
        this.open(partition);
        this.catalog.set(partition, { created: sequence, last: sequence });
        return;
      case 'alter': {
        // In a replay of everything, its beginning may be removed already when its end is not.
        if (!this.partitions.has(partition)) this.open(partition);
        const { created, last } = this.catalog.get(partition) ?? { created: sequence, last: sequence };
        if (last !== created) end(last);
        this.catalog.set(partition, { created, last: sequence });
        return;
      }
      case 'drop':
        if (!this.partitions.has(partition)) {
          this.retention.superseded(sequence, bytesOf(record), sequence);
          return;
        }
        for (const number of liveNumbers(this.partitions.get(partition)!.index.now())) end(number);
        for (const one of new Set(Object.values(this.catalog.get(partition)!))) end(one);
        this.retention.superseded(sequence, bytesOf(record), sequence);
        this.catalog.delete(partition);
        this.partitions.delete(partition);
        this.keeper.drop(partition, sequence);
        return;
      case 'put':
      case 'delete': {
        const open = this.partitions.get(partition);
        if (open === undefined) {
          this.retention.superseded(sequence, bytesOf(record), sequence);
          return;
        }
        const before = ends === 0 ? undefined : this.log.records.get(ends);
        if (ends !== 0) {
          open.index.kill(ends, lsn);
          end(ends);
        }
        if (kind === 'put') open.index.add(sequence, lsn, record.item, factsOf(record.id));
        else this.retention.superseded(sequence, bytesOf(record), sequence);
        open.lsn = Math.max(open.lsn, lsn);
        if (lsn > open.index.checkpoint.lsn) {
          if (before !== undefined) open.liveBytes -= bytesOf(before);
          if (kind === 'put') open.liveBytes += bytesOf(record);
        }
        this.keeper.applied(partition, sequence, lsn, bytesOf(record));
        const { building } = open;
        if (building === undefined) return;
        if (building.stage === 'walking') building.since.push(record);
        else addTo(building.rebuild, record);
      }
    }
  }

  beginRebuild(partition: number): void {
    const open = this.partitions.get(partition)!;
    const rebuild = this.keeper.beginBuild(partition, this.wantedOf(partition));
    const walk = liveNumbers(open.index.now()).map((number) => this.log.records.get(number)!);
    open.building = { rebuild, walk, since: [], stage: 'walking' };
  }

  /** Brings a rebuild on by some versions or its next stage. */
  stepRebuild(partition: number, versions: number): void {
    const open = this.partitions.get(partition)!;
    const building = open.building!;
    const { rebuild, walk, since } = building;
    if (building.stage === 'walking') {
      for (const record of walk.splice(0, versions)) addTo(rebuild, { ...record, ends: 0 });
      if (walk.length > 0) return;
      for (const record of since) addTo(rebuild, record);
      building.stage = 'finishing';
      rebuild
        .finish(() => open.liveBytes)
        .then(
          () => {
            building.stage = 'finished';
          },
          () => undefined,
        );
    } else if (building.stage === 'finished') {
      rebuild.install(partition);
      open.index = rebuild.index;
      open.building = undefined;
    }
  }

  settle(sequence: number): void {
    this.keeper.settle({
      sequence,
      hybridTime: sequence * 10,
      catalogLsn: sequence * 2,
      catalog: () =>
        [...new Set([...this.catalog.values()].flatMap(({ created, last }) => [created, last]))].sort((a, b) => a - b),
      liveBytesOf: (partition) => this.partitions.get(partition)!.liveBytes,
    });
  }
}
