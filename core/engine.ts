// The engine of one account in one region: the single entrance for every door. It looks up the container and
// the partition and delegates; it holds no rule of its own.

import type { BlockCache } from '../indexer/block-cache.ts';
import type { PagePool } from '../indexer/pool.ts';
import { DatabaseError } from '../model/errors.ts';
import type { HybridClock, HybridTime } from '../model/hybrid-time.ts';
import type {
  ContainerName,
  Context,
  Item,
  Operation,
  OperationKind,
  PartitionKeyValue,
  Result,
  Scope,
} from '../model/operation.ts';
import type { ContainerRecord } from '../model/resource.ts';
import type { Log } from '../replication/log.ts';
import { readCharge, roundCharge } from './charge.ts';
import { Committer } from './commit.ts';
import { longestRetentionMs } from './declared-retention.ts';
import { GroupState } from './group.ts';
import { HeldReadings } from './held-readings.ts';
import { IndexKeeper } from './index-keeper.ts';
import type { KeeperStatistics } from './index-moment.ts';
import { ExpirySweeper } from './expiry-sweeper.ts';
import { memoryHome } from './memory-home.ts';
import { handlers, type Handler } from './operations.ts';
import type { Partition } from './partition.ts';
import { checkSession } from './session.ts';
import type { Proposal } from './proposal.ts';
import { ReadMeter, readFactorOf } from './read-meter.ts';
import { rebuildIndex } from './rebuild.ts';
import { recover, type ReplayLog } from './recover.ts';
import { Retention } from './retention.ts';
import { FunctionThread } from './script/function-thread.ts';
import { ScriptThreads } from './script/script-threads.ts';
import { partitionOf, routeOf } from './router.ts';
import { partitionsNeeded } from './offer.ts';
import { Splits } from './split.ts';
import { Throughput } from './throughput.ts';
import { Turns } from './turns.ts';
import type { IndexStore } from './storage/index-directory.ts';
import type { SegmentTasks } from './storage/segment-task.ts';

/** A log whose records can be read one by one and removed once superseded: the embedded log, a follower's store. */
export interface RecordLog extends Log, ReplayLog {
  trim(sequences: readonly number[]): Promise<void>;
}

export interface Region {
  /** Never reused; named in records and session tokens. */
  readonly id: number;
  readonly name: string;
}

export interface EngineOptions {
  readonly log: RecordLog;
  readonly clock: HybridClock;
  readonly region: Region;
  /** Physical partitions of a container that does not say. */
  readonly partitionsDefault: number;
  readonly pause: (milliseconds: number) => Promise<void>;
  /** Holds containers to their provisioned throughput, but for those that say otherwise. */
  readonly enforceThroughput?: boolean | undefined;
  /** Where the indexes are kept between starts; absent: nowhere, and every start reads the whole log. */
  readonly indexes?: IndexPlace | undefined;
  /** Reports recovery: records read so far. */
  readonly onRecovery?: ((records: number) => void) | undefined;
  /** Told why the indexes on disk are not used and are made again from the log. */
  readonly onIndexDiscarded?: ((error: unknown) => void) | undefined;
}

/** The room for the indexes of one log group, and what it shares with those of others. */
export interface IndexPlace {
  readonly openStore: () => Promise<IndexStore>;
  readonly tasks: SegmentTasks;
  readonly pool?: PagePool | undefined;
  readonly cache?: BlockCache | undefined;
  /** Makes the log durable, where an append alone does not. */
  readonly syncLog?: (() => Promise<void>) | undefined;
  /** Given to tests: when a partition's memtable becomes a segment. */
  readonly memtableBytes?: number | undefined;
}

/** How often superseded records, idle readings and outdated indexes are looked at. */
const tendEveryMs = 1_000;

/** Counts for `/status`, metrics and benchmarks. */
export interface EngineCounters {
  groups: number;
  entries: number;
  records: number;
  /** Items removed because their time to live was over. */
  expired: number;
}

export class Engine {
  readonly region: Region;
  readonly counters: EngineCounters = { groups: 0, entries: 0, records: 0, expired: 0 };
  readonly #options: EngineOptions;
  readonly #state: GroupState;
  readonly #committer: Committer;
  /** Readings of queries that are answered page by page. */
  readonly readings = new HeldReadings();
  /** Of transactions in logical partitions. */
  readonly turns = new Turns();
  /** Where procedures and triggers run. */
  readonly scripts = new ScriptThreads();
  /** Where user-defined functions of queries run. */
  readonly functions = new FunctionThread();
  /** Admission and charges. */
  readonly throughput: Throughput;
  readonly #retention: Retention;
  readonly #keeper: IndexKeeper | undefined;
  #timer: NodeJS.Timeout | undefined;
  #trimming: Promise<void> | undefined;
  #rebuilding: Promise<void> | undefined;
  readonly #sweeper: ExpirySweeper;
  readonly #stopping = new AbortController();
  readonly splits: Splits;

  private constructor(
    options: EngineOptions,
    keeper: IndexKeeper | undefined,
    retention: Retention,
    state: GroupState,
  ) {
    this.#options = options;
    this.region = options.region;
    this.#keeper = keeper;
    this.#retention = retention;
    this.#state = state;
    this.splits = new Splits({
      state,
      signal: this.#stopping.signal,
      submit: (proposal) => this.submit(proposal),
      pause: options.pause,
      wanted: (container) => partitionsNeeded(container.settings),
    });
    this.throughput = new Throughput({
      nowMs: () => options.clock.nowMs,
      isEnforced: options.enforceThroughput === true,
      database: (id) => state.catalog.databaseOrNone(id),
      partition: (number) => state.partition(number),
      containersOf: (database) => state.catalog.containers(database),
    });
    this.#committer = new Committer({
      log: options.log,
      machine: state,
      clock: options.clock,
      region: options.region.id,
      pause: options.pause,
      ready: () => (keeper?.mustWait === true ? keeper.room() : undefined),
      onGroup: (entries, records) => {
        this.counters.groups++;
        this.counters.entries += entries;
        this.counters.records += records;
        keeper?.settle(state.moment());
      },
    });
    this.#sweeper = new ExpirySweeper({
      state,
      nowSeconds: () => this.nowSeconds,
      submit: (proposal) => this.submit(proposal),
      signal: this.#stopping.signal,
      onRemoved: (items) => {
        this.counters.expired += items;
      },
    });
  }

  /**
   * Opens the indexes, replays what they lack of the log and takes the lead. Indexes that cannot be used are made again
   * from the log. Throws Internal when the log is damaged: nothing is served then.
   */
  static async open(options: EngineOptions): Promise<Engine> {
    let engine: Engine;
    try {
      engine = await Engine.#recovered(options, false);
    } catch (error) {
      if (options.indexes === undefined || !(error instanceof DatabaseError) || error.code !== 'Internal') throw error;
      options.onIndexDiscarded?.(error);
      engine = await Engine.#recovered(options, true);
    }
    engine.#timer = setInterval(() => engine.#tend(), tendEveryMs);
    engine.#timer.unref();
    return engine;
  }

  static async #recovered(options: EngineOptions, discard: boolean): Promise<Engine> {
    const { log, clock, indexes } = options;
    const bounds = {
      coveredTo: (): number => keeper?.coveredTo ?? Infinity,
      heldFrom: (): number => state.heldFrom(),
      declaredMs: (): number => longestRetentionMs(state.partitions()),
    };
    const retention = new Retention(
      () => clock.nowMs,
      (sequences) => log.trim(sequences),
      bounds,
    );
    const keeper =
      indexes && (await IndexKeeper.open(await indexes.openStore(), { ...indexes, history: retention, discard }));
    const state = new GroupState(log, retention, keeper ?? memoryHome());
    try {
      if (keeper?.start !== undefined && (await log.tail()).sequence < keeper.start.coversTo)
        throw new DatabaseError('Internal', 'the indexes are of another log: this one ends before them');
      const observe = (time: HybridTime): void => clock.observe(time);
      const applied = await recover({ log, state, keeper, observe, onRecords: options.onRecovery });
      const engine = new Engine(options, keeper, retention, state);
      await engine.#committer.open(applied);
      return engine;
    } catch (error) {
      await keeper?.close();
      throw error;
    }
  }

  /** What is done from time to time. */
  #tend(): void {
    this.readings.sweep();
    this.throughput.sweep();
    this.#trim();
    this.#rebuild();
    void this.splits.tend();
    this.#sweeper.tend();
  }

  /** Removes the items whose time to live is over now. Rejects when writes are refused. */
  sweepExpired(): Promise<void> {
    return this.#sweeper.sweep();
  }

  /** Builds indexes anew whose policy has changed, one after the other. */
  #rebuild(): void {
    const { outdated } = this.#state;
    if (outdated.size === 0) return;
    this.#rebuilding ??= (async () => {
      for (const partition of outdated)
        if (
          !partition.isIndexOutdated ||
          (await rebuildIndex(partition, { state: this.#state, signal: this.#stopping.signal }))
        )
          outdated.delete(partition);
    })()
      // The old index goes on answering; the next round tries again.
      .catch(() => undefined)
      .finally(() => {
        this.#rebuilding = undefined;
      });
  }

  #trim(): void {
    this.#trimming ??= (async () => {
      while (await this.#retention.step(this.#state.liveBytes));
    })()
      // What could not be removed stays; the next start finds it again.
      .catch(() => undefined)
      .finally(() => {
        this.#trimming = undefined;
      });
  }

  /** Refuses new writes, waits for those under way, and lets the log go. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.scripts.close();
    await this.functions.close();
    await this.#committer.stop();
    this.readings.close();
    this.#stopping.abort();
    await this.#sweeper.idle();
    await this.#trimming;
    await this.#rebuilding;
    await this.splits.idle();
    await this.#keeper?.close({ flush: true });
    await this.#options.log.close();
  }

  /** Why writes are refused, if they are. */
  get stopped(): DatabaseError | undefined {
    return this.#committer.stopped;
  }

  get catalog(): GroupState['catalog'] {
    return this.#state.catalog;
  }

  get state(): GroupState {
    return this.#state;
  }

  get log(): RecordLog {
    return this.#options.log;
  }

  /** Figures of the indexes; undefined when they are kept nowhere. */
  get indexStatistics(): KeeperStatistics | undefined {
    return this.#keeper?.statistics();
  }

  get partitionsDefault(): number {
    return this.#options.partitionsDefault;
  }

  get nowSeconds(): number {
    return Math.floor(this.#options.clock.nowMs / 1000);
  }

  /** For versions that a transaction makes and did not commit yet. */
  readonly nextTime = (): HybridTime => this.#options.clock.next();

  /** LSN of the last applied record of a physical partition: session tokens and `lsn` headers. */
  lsnOf(partition: number): number {
    return this.#state.partition(partition)?.lsn ?? 0;
  }

  execute<Kind extends OperationKind>(operation: Operation<Kind>, context: Context): Promise<Result<Kind>> {
    const handler = handlers[operation.kind] as Handler<Kind>;
    return handler(this, operation, context);
  }

  submit<Value>(proposal: Proposal<Value>): Promise<Value> {
    // Memory for the index is full and its files cannot be written: taking more would take all memory.
    if (this.#keeper?.mustWait === true && this.#keeper.isFailing)
      return Promise.reject(new DatabaseError('Unavailable', 'the index cannot be written to disk; try again'));
    return this.#committer.submit(proposal);
  }

  /** The partition of a key, checked against the session token of the caller. Throws TooManyRequests. */
  partitionFor(container: ContainerRecord, key: PartitionKeyValue, context: Context): Partition {
    const record = partitionOf(container, key);
    const partition = this.#state.partition(record.partition);
    if (partition === undefined)
      throw new DatabaseError('PartitionGone', 'the partition is gone: resolve the ranges again');
    if (context.sessionToken !== undefined) checkSession(context.sessionToken, partition, this.region.id);
    this.throughput.admit(partition);
    return partition;
  }

  /** Admits a read of a scope and takes its charge. Throws TooManyRequests. */
  meter(container: ContainerRecord, scope: Scope, context: Context): ReadMeter {
    return new ReadMeter(this.throughput, routeOf(container, scope).partitions, readFactorOf(context));
  }

  /** Takes the charge of one look-up by key. */
  chargeRead(partition: Partition, items: readonly Item[], context: Context): number {
    const bytes = items.reduce((sum, item) => sum + item.body.length, 0);
    const charge = roundCharge(readCharge(bytes) * readFactorOf(context));
    this.throughput.take(partition, charge);
    return charge;
  }

  /** Meters a question that the index alone answers, in every partition of its scope. */
  async counted<Answer>(
    operation: ContainerName & { readonly scope: Scope },
    context: Context,
    ask: (container: ContainerRecord) => Promise<Answer>,
  ): Promise<Answer> {
    const container = this.catalog.container(operation.database, operation.container);
    const meter = this.meter(container, operation.scope, context);
    const answer = await ask(container);
    meter.settle({ bytesReturned: 0, lookups: 1, isWhole: true });
    return answer;
  }
}
