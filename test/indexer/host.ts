// What core will be to an index: it writes segments, keeps the log, crashes and reopens.

import { BlockCache } from '../../indexer/block-cache.ts';
import { flushSteps } from '../../indexer/flush.ts';
import { mergeSteps } from '../../indexer/merge.ts';
import {
  PartitionIndex,
  type FlushJob,
  type MergeJob,
  type PartitionIndexOptions,
} from '../../indexer/partition-index.ts';
import { PagePool } from '../../indexer/pool.ts';
import { defaultPolicy } from '../../indexer/policy.ts';
import { Segment } from '../../indexer/segment-read.ts';
import { drive, MemoryFile } from './memory-file.ts';

export type LogRecord =
  | {
      readonly kind: 'add';
      readonly number: number;
      readonly lsn: number;
      readonly item: Uint8Array;
      readonly id: string;
      readonly key: string;
      readonly ends: number;
    }
  | { readonly kind: 'delete'; readonly number: number; readonly lsn: number; readonly ends: number };

type Options = Partial<PartitionIndexOptions>;

export class Host {
  readonly files = new Map<string, MemoryFile>();
  readonly log: LogRecord[] = [];
  manifest: string[] = [];
  index: PartitionIndex;
  cache = new BlockCache(256 * 1024);
  readonly pool = new PagePool();
  readonly #options: Options;
  #named = 0;

  constructor(options: Options = {}) {
    this.#options = options;
    this.index = this.#open();
  }

  #open(): PartitionIndex {
    return new PartitionIndex({
      policy: defaultPolicy,
      pool: this.pool,
      ...this.#options,
      segments: this.manifest.map((name) => this.segment(name)),
    });
  }

  segment(name: string): Segment {
    const file = this.files.get(name)!;
    return new Segment(name, file.read, file.length, this.cache);
  }

  apply(record: LogRecord): void {
    this.log.push(record);
    this.#applyTo(record);
  }

  #applyTo(record: LogRecord): void {
    if (record.ends !== 0) this.index.kill(record.ends, record.lsn);
    if (record.kind === 'add')
      this.index.add(record.number, record.lsn, record.item, {
        id: record.id,
        key: record.key,
        created: record.lsn,
        seconds: 0,
        ttlSeconds: 0,
      });
  }

  /** Writes a job's segment; nothing is installed. */
  write(asked: FlushJob | MergeJob): string {
    // As it reaches the worker: pages by reference, the rest copied.
    const job = structuredClone(asked);
    const name = `segment-${++this.#named}`;
    const file = new MemoryFile();
    if (job.kind === 'flush') drive(flushSteps(job.input, file));
    else
      drive(
        mergeSteps(
          job.inputs.map(({ name: input, purge }) => ({ segment: this.segment(input), purge })),
          job.older.map((older) => this.segment(older)),
          file,
        ),
      );
    this.files.set(name, file);
    return name;
  }

  install(job: FlushJob | MergeJob, name: string): void {
    if (job.kind === 'flush') this.index.installFlush(job, this.segment(name));
    else
      for (const retired of this.index.installMerge(job, this.segment(name))) {
        retired.close();
        this.files.delete(retired.name);
      }
    this.manifest = this.index.segments.map((segment) => segment.name);
  }

  flushAll(): void {
    this.index.freeze();
    for (let job = this.index.nextFlush(); job !== undefined; job = this.index.nextFlush())
      this.install(job, this.write(job));
  }

  mergeAll(): void {
    const job = this.index.mergeOf({ from: 0, to: this.manifest.length, reason: 'settle' });
    if (job !== undefined && job.inputs.length > 0) this.install(job, this.write(job));
    else if (job !== undefined) this.index.abandon(job);
  }

  /** Loses everything in memory, opens the manifest's segments and replays the log after the checkpoint. */
  reopen(): void {
    this.cache = new BlockCache(256 * 1024);
    this.index = this.#open();
    for (const record of this.log) this.#applyTo(record);
  }

  /** Removes the log entries that may go: superseded, both under the checkpoint. */
  trimLog(): void {
    const killedBy = new Map<number, number>();
    for (const { ends, lsn } of this.log) if (ends !== 0) killedBy.set(ends, lsn);
    const kept = this.log.filter((record) => {
      const end = record.kind === 'delete' ? record.lsn : killedBy.get(record.number);
      return end === undefined || !this.index.covers(record.lsn) || !this.index.covers(end);
    });
    this.log.length = 0;
    this.log.push(...kept);
  }
}
