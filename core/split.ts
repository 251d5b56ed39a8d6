// Splits physical partitions while they are read and written: a container with more throughput or items than its
// partitions may have gets more of them. The indexes of the new partitions are built beside the old one; then one record
// puts them in its place. Readings that began before go on with the old one.
//
// Invariants: at most one partition of a log group is being split; what was asked for by figures (throughput, size) is
// found again after a restart, because it is looked for again.

import { DatabaseError } from '../model/errors.ts';
import type { ContainerRecord, PartitionRecord } from '../model/resource.ts';
import type { GroupState } from './group.ts';
import type { Proposal } from './proposal.ts';
import { buildSplit } from './rebuild.ts';
import { partitionGone } from './refusals.ts';
import { cutRange, partitionsMax } from './partition-layout.ts';
import { splitBounds } from './split-bounds.ts';

/** Splits that may wait for the one under way. */
const waitingMax = 64;

/** Times a split is begun again because too much was written meanwhile, or its index was being built anew. */
const triesMax = 20;
const pauseMs = 250;

/** Bytes of live items after which a partition is split: as the service's. */
const partitionBytesMax = 50 * 2 ** 30;

export interface SplitsOptions {
  readonly state: GroupState;
  readonly signal: AbortSignal;
  readonly submit: <Value>(proposal: Proposal<Value>) => Promise<Value>;
  readonly pause: (milliseconds: number) => Promise<void>;
  /** Partitions that a container should have, by its throughput. */
  readonly wanted: (container: ContainerRecord) => number;
}

export class Splits {
  readonly #options: SplitsOptions;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #tending: Promise<void> | undefined;

  constructor(options: SplitsOptions) {
    this.#options = options;
  }

  /**
   * Splits the partition of that range in so many parts; gives the container as it is then. Throws PartitionGone when
   * there is no such range, BadRequest when it cannot be cut.
   */
  split(container: ContainerRecord, range: number, parts: number): Promise<ContainerRecord> {
    if (this.#waiting >= waitingMax)
      return Promise.reject(new DatabaseError('Unavailable', 'too many partitions wait to be split'));
    this.#waiting++;
    const done = this.#last.then(() => this.#split(container, range, parts));
    this.#last = done.catch(() => undefined);
    return done.finally(() => this.#waiting--);
  }

  async #split({ database, id, number }: ContainerRecord, range: number, parts: number): Promise<ContainerRecord> {
    const { state, signal, submit, pause } = this.#options;
    for (let tries = 1; ; tries++) {
      const container = state.catalog.containerOrNone(database, id);
      const record = container?.partitions.find((one) => one.range === range);
      const partition = record && state.partition(record.partition);
      if (container?.number !== number || record === undefined || partition === undefined) throw partitionGone();
      const bounds = container.partitionKey.systemKey === true ? [] : splitBounds(partition, parts);
      if (bounds.length === 0)
        throw new DatabaseError('BadRequest', 'the range holds one partition key and cannot be split', {
          argument: 'range',
        });
      let split: ContainerRecord | undefined;
      await buildSplit(partition, { state, signal }, cutRange(record, bounds), async () => {
        split = await submit((staging) => {
          state.enter(partition);
          return state.catalog.splitPartition(container, record, bounds, partition.stagedLsn, staging);
        });
      });
      if (split !== undefined) return split;
      if (signal.aborted || tries === triesMax)
        throw new DatabaseError('Unavailable', 'the partition is too busy to be split; try again');
      await pause(pauseMs);
    }
  }

  /** Resolves when no split is under way. */
  async idle(): Promise<void> {
    await this.#tending;
    await this.#last;
  }

  /** True while a container has fewer partitions than its throughput asks for and can have more. */
  isPending(container: ContainerRecord): boolean {
    return container.partitionKey.systemKey !== true && container.partitions.length < this.#wantedOf(container);
  }

  #wantedOf(container: ContainerRecord): number {
    return Math.min(this.#options.wanted(container), partitionsMax);
  }

  /** Begins whatever splits are due; called from time to time, and after throughput was raised. */
  tend(): Promise<void> {
    this.#tending ??= this.#tend()
      // A later round finds it again.
      .catch(() => undefined)
      .finally(() => {
        this.#tending = undefined;
      });
    return this.#tending;
  }

  async #tend(): Promise<void> {
    const { state, signal } = this.#options;
    for (const database of state.catalog.databases())
      for (const container of state.catalog.databaseOrNone(database.id) ? state.catalog.containers(database.id) : [])
        await this.#tendTo(container, signal);
  }

  async #tendTo(container: ContainerRecord, signal: AbortSignal): Promise<void> {
    try {
      for (let due = this.#dueOf(container); due !== undefined && !signal.aborted;)
        due = this.#dueOf(await this.split(due.container, due.record.range, due.parts));
    } catch (error) {
      // It holds one key, is too busy or was deleted: a later round looks again, and others do not wait for it.
      if (!(error instanceof DatabaseError)) throw error;
    }
  }

  /** The partition that should be split next: for throughput the one that was split least, then the fullest. */
  #dueOf(
    container: ContainerRecord,
  ): { readonly container: ContainerRecord; readonly record: PartitionRecord; readonly parts: number } | undefined {
    if (container.partitionKey.systemKey === true || container.partitions.length >= partitionsMax) return undefined;
    const { state } = this.#options;
    const bytesOf = ({ partition }: PartitionRecord): number => state.partition(partition)?.liveBytes ?? 0;
    const fullest = container.partitions.toSorted((a, b) => bytesOf(b) - bytesOf(a));
    const wanted = this.#wantedOf(container);
    const missing = wanted - container.partitions.length;
    if (missing > 0) {
      const [record] = fullest.toSorted((a, b) => a.origins.length - b.origins.length);
      const parts = Math.ceil(wanted / container.partitions.length);
      return { container, record: record!, parts: Math.min(missing + 1, parts) };
    }
    const [record] = fullest;
    return bytesOf(record!) > partitionBytesMax ? { container, record: record!, parts: 2 } : undefined;
  }
}
