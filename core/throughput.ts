// Admission control: which requests a partition takes, and what they were charged. Every partition has its share of
// the throughput of its container, or of a database whose containers share one; where throughput is enforced, a
// partition in debt refuses with TooManyRequests and the time until it is not. What was charged is counted always.
//
// Invariants: offers and partitions may change at any time, and the next request meets the figures that hold since
// then; nothing is kept for a partition that was never asked, or that is gone.

import { DatabaseError } from '../model/errors.ts';
import { msOf } from '../model/hybrid-time.ts';
import type { ContainerRecord, DatabaseRecord, PartitionRecord } from '../model/resource.ts';
import {
  autoscaleFloor,
  enforcedIn,
  partitionThroughputMax,
  provisionedIn,
  throughputDefault,
  type Provisioned,
} from './offer.ts';
import type { Partition } from './partition.ts';
import { TokenBucket } from './token-bucket.ts';
import { Usage } from './usage.ts';

export interface ThroughputOptions {
  readonly nowMs: () => number;
  /** Whether containers are held to their throughput that do not say. */
  readonly isEnforced: boolean;
  readonly database: (id: string) => DatabaseRecord | undefined;
  readonly partition: (number: number) => Partition | undefined;
  readonly containersOf: (database: string) => readonly ContainerRecord[];
}

/** What is known of a partition, and the records it was found out from. */
interface Share {
  container: ContainerRecord;
  database: DatabaseRecord | undefined;
  /** Of this partition alone; kept while its container shares the database's. */
  own: TokenBucket | undefined;
  /** The one that counts; undefined when nothing is enforced. */
  bucket: TokenBucket | undefined;
  readonly usage: Usage;
}

export class Throughput {
  readonly #options: ThroughputOptions;
  readonly #shares = new WeakMap<Partition, Share>();
  /** Buckets of databases, by the record that says their rate; an older record's go with it. */
  readonly #shared = new WeakMap<DatabaseRecord, readonly TokenBucket[]>();
  /** Those of the record before, so that a replaced offer forgives no debt. One entry per database with an offer. */
  readonly #latest = new Map<number, DatabaseRecord>();

  constructor(options: ThroughputOptions) {
    this.#options = options;
  }

  /** Throws TooManyRequests while the partition is in debt. */
  admit(partition: Partition): void {
    const { bucket, usage } = this.#shareOf(partition);
    if (bucket === undefined) return;
    const retryAfterMs = bucket.waitMs(this.#options.nowMs());
    if (retryAfterMs === 0) return;
    usage.throttled++;
    throw tooManyRequests(retryAfterMs);
  }

  /** Throws TooManyRequests while any of them is in debt, with the longest wait. */
  admitAll(partitions: readonly PartitionRecord[]): void {
    let retryAfterMs = 0;
    for (const partition of this.#found(partitions)) {
      const { bucket, usage } = this.#shareOf(partition);
      const waitMs = bucket?.waitMs(this.#options.nowMs()) ?? 0;
      if (waitMs > 0) usage.throttled++;
      if (waitMs > retryAfterMs) retryAfterMs = waitMs;
    }
    if (retryAfterMs > 0) throw tooManyRequests(retryAfterMs);
  }

  /** RU that each of them can give at once; Infinity where nothing is enforced. */
  left(partitions: readonly PartitionRecord[]): number {
    let left = Infinity;
    for (const partition of this.#found(partitions)) {
      const { bucket } = this.#shareOf(partition);
      if (bucket !== undefined) left = Math.min(left, Math.max(0, bucket.tokens(this.#options.nowMs())));
    }
    return left;
  }

  take(partition: Partition, charge: number): void {
    const { bucket, usage } = this.#shareOf(partition);
    const nowMs = this.#options.nowMs();
    usage.take(charge, nowMs);
    bucket?.take(charge, nowMs);
  }

  /** As `take`, of a partition that may be gone meanwhile. */
  takeFrom({ partition: number }: PartitionRecord, charge: number): void {
    const partition = this.#options.partition(number);
    if (partition !== undefined) this.take(partition, charge);
  }

  usageOf(partition: Partition): Usage {
    return this.#shareOf(partition).usage;
  }

  /** The same, of partitions that were asked for something; undefined for the others. */
  knownUsageOf(partition: Partition): Usage | undefined {
    return this.#shares.get(partition)?.usage;
  }

  /** RU/s that the partition is held to; undefined when it is not. */
  limitOf(partition: Partition): number | undefined {
    return this.#shareOf(partition).bucket?.rate;
  }

  /** RU/s that autoscale is at: what its busiest partition used in the last second, for all of them. */
  scaledOf(container: ContainerRecord, maximum: number): number {
    const busiest = Math.max(0, ...this.#perSecond([container]));
    return scaled(busiest * container.partitions.length, maximum);
  }

  /** The same of a database, whose containers share. */
  scaledOfDatabase(database: DatabaseRecord, maximum: number): number {
    const sharing = this.#options
      .containersOf(database.id)
      .filter(({ settings }) => provisionedIn(settings) === undefined);
    return scaled(
      this.#perSecond(sharing).reduce((sum, charge) => sum + charge, 0),
      maximum,
    );
  }

  #perSecond(containers: readonly ContainerRecord[]): number[] {
    const nowMs = this.#options.nowMs();
    return containers
      .flatMap(({ partitions }) => this.#found(partitions))
      .map((partition) => this.knownUsageOf(partition)?.perSecond(nowMs) ?? 0);
  }

  #found(partitions: readonly PartitionRecord[]): Partition[] {
    const found: Partition[] = [];
    for (const { partition: number } of partitions) {
      const partition = this.#options.partition(number);
      if (partition !== undefined) found.push(partition);
    }
    return found;
  }

  #shareOf(partition: Partition): Share {
    const { container } = partition;
    const database = this.#options.database(container.database);
    const known = this.#shares.get(partition);
    if (known?.container === container && known.database === database) return known;
    const share = known ?? { container, database, own: undefined, bucket: undefined, usage: new Usage() };
    share.container = container;
    share.database = database;
    share.bucket = this.#bucketOf(partition, share);
    if (known === undefined) this.#shares.set(partition, share);
    return share;
  }

  #bucketOf(partition: Partition, share: Share): TokenBucket | undefined {
    const { container, database } = share;
    const own = provisionedIn(container.settings);
    const shared = database && provisionedIn(database.settings);
    const isEnforced =
      enforcedIn(container.settings) ?? (database && enforcedIn(database.settings)) ?? this.#options.isEnforced;
    if (!isEnforced) return undefined;
    if (own === undefined && shared !== undefined) {
      const buckets = this.#sharedBuckets(database!, shared);
      return buckets[partition.record.partition % buckets.length];
    }
    const rate = (own?.throughput ?? throughputDefault) / Math.max(1, container.partitions.length);
    const nowMs = this.#options.nowMs();
    if (share.own === undefined) share.own = new TokenBucket(rate, nowMs);
    else share.own.setRate(rate, Math.min(nowMs, msOf(container.time)));
    return share.own;
  }

  /** A database has a bucket for every started 10,000 RU/s, as the service has partitions; ours spread over them. */
  #sharedBuckets(database: DatabaseRecord, { throughput }: Provisioned): readonly TokenBucket[] {
    const known = this.#shared.get(database);
    if (known !== undefined) return known;
    const before = this.#latest.get(database.number);
    const kept = before === undefined ? [] : (this.#shared.get(before) ?? []);
    const count = Math.ceil(throughput / partitionThroughputMax);
    const nowMs = this.#options.nowMs();
    const buckets = Array.from({ length: count }, (_, i) => {
      const bucket = kept[i] ?? new TokenBucket(throughput / count, nowMs);
      bucket.setRate(throughput / count, Math.min(nowMs, msOf(database.time)));
      return bucket;
    });
    this.#shared.set(database, buckets);
    this.#latest.set(database.number, database);
    return buckets;
  }

  /** Forgets databases that are gone; called from time to time. */
  sweep(): void {
    for (const [number, { id }] of this.#latest)
      if (this.#options.database(id)?.number !== number) this.#latest.delete(number);
  }
}

function scaled(used: number, maximum: number): number {
  return Math.ceil(Math.min(maximum, Math.max(maximum * autoscaleFloor, used)));
}

function tooManyRequests(retryAfterMs: number): DatabaseError {
  return new DatabaseError(
    'TooManyRequests',
    `the provisioned throughput is used up; it is there again in ${retryAfterMs} ms`,
    { details: { retryAfterMs } },
  );
}
