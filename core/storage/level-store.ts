// The store on disk: LevelDB through classic-level, one directory, one process.
//
// Writes that queue while one is in flight become one LevelDB write with one fsync, so that all log groups of a
// store share it. At most one native write is in flight: after a failed one nothing may follow it.
//
// A full disk needs care, because LevelDB 1.20 does not survive it by itself: a record half written to its log
// shifts every later record, and recovery then drops those. Therefore
//  - writes are refused while less than a reserve is free, before LevelDB is asked (deletes may use the reserve);
//  - after a write failed for want of room no further write reaches this LevelDB handle. Reads go on. Once there is
//    room the directory is closed and opened anew, which cuts the half record off, and the keys of the failed
//    batch are set back to what they were, in case the batch reached the disk whole and only its sync failed.

import { readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { DatabaseError } from '../../model/errors.ts';
import {
  batchBytesMax,
  checkedBatchBytes,
  scanChunkBytesMax,
  scanChunkEntriesMax,
  storageFull,
  storeClosed,
  type Store,
  type StoreEntry,
  type StoreRange,
  type StoreWrite,
} from './store.ts';

/** LevelDB's memtable: allocated as it fills, two at most. Larger ones write less twice, smaller ones hold less memory. */
const writeBufferBytes = 8 * 1024 * 1024;

/**
 * LevelDB's cache of uncompressed blocks: allocated as it fills. Measured over 20 MB of 1 KB items, a fifth of them read
 * in order: 5.9 µs each with 8 MB, 4.0 with 32; more than this is missed elsewhere (300 MB for a million items).
 */
const cacheBytes = 16 * 1024 * 1024;

/** Free bytes below which writes are refused: LevelDB's compactions need room of their own to end well. */
const reserveBytesMax = 64 * 1024 * 1024;

/** On a small disk the reserve is this share of it. */
const reserveShare = 0.05;

/** Free space is looked at again after this many bytes written; below the reserve, at most this often. */
const spaceCheckBytes = 4 * 1024 * 1024;
const spaceCheckMsMin = 250;

/** Free and total bytes of the file system that holds a directory. */
export interface Space {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

export interface LevelStoreOptions {
  /** Asks for the free space; tests give another one, and other bounds. */
  readonly space?: ((directory: string) => Promise<Space>) | undefined;
  readonly spaceCheckBytes?: number | undefined;
  readonly writeBufferBytes?: number | undefined;
}

interface Waiting {
  readonly batch: readonly StoreWrite[];
  readonly bytes: number;
  readonly sync: boolean;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

type Level = ClassicLevel<Uint8Array, Uint8Array>;

/** Opens the store in a directory, which is made when absent. Throws Unavailable when another process has it open. */
export async function openLevelStore(directory: string, options: LevelStoreOptions = {}): Promise<Store> {
  return new LevelStore(directory, options, await openLevel(directory, options));
}

class LevelStore implements Store {
  readonly #directory: string;
  readonly #options: LevelStoreOptions;
  #level: Level | undefined;
  #queue: Waiting[] = [];
  #running = false;
  #syncs = 0;
  #closed = false;
  /** Set for good when the medium failed other than by being full. */
  #broken: DatabaseError | undefined;
  /** What to set back before the next write, after a write failed for want of room. */
  #undo: StoreWrite[] | undefined;
  #below = false;
  #bytesSinceCheck = Infinity;
  #checkedAtMs = -Infinity;
  #idle: (() => void)[] = [];

  constructor(directory: string, options: LevelStoreOptions, level: Level) {
    this.#directory = directory;
    this.#options = options;
    this.#level = level;
  }

  get syncs(): number {
    return this.#syncs;
  }

  getSync(key: Uint8Array): Uint8Array | undefined {
    try {
      return this.#opened().getSync(key);
    } catch (error) {
      throw readFailure(error);
    }
  }

  async write(batch: readonly StoreWrite[], options: { readonly sync: boolean }): Promise<void> {
    if (this.#closed) throw storeClosed();
    if (this.#broken !== undefined) throw this.#broken;
    const bytes = checkedBatchBytes(batch);
    if (batch.length === 0) return;
    return new Promise((resolve, reject) => {
      this.#queue.push({ batch, bytes, sync: options.sync, resolve, reject });
      if (!this.#running) {
        this.#running = true;
        void this.#run();
      }
    });
  }

  async *scan(range: StoreRange): AsyncGenerator<readonly StoreEntry[], void, undefined> {
    const iterator = this.#opened().iterator({ ...iteratorRange(range), highWaterMarkBytes: scanChunkBytesMax });
    try {
      for (;;) {
        const chunk = await iterator.nextv(scanChunkEntriesMax);
        if (chunk.length === 0) return;
        yield chunk;
      }
    } catch (error) {
      throw readFailure(error);
    } finally {
      await iterator.close();
    }
  }

  async approximateSize(): Promise<number> {
    if (this.#closed) throw storeClosed();
    let bytes = 0;
    for (const name of await readdir(this.#directory)) {
      // LevelDB removes files while it works: one that has gone counts nothing.
      const found = await stat(join(this.#directory, name)).catch(() => undefined);
      bytes += found?.size ?? 0;
    }
    return bytes;
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#running) await new Promise<void>((resolve) => this.#idle.push(resolve));
    const level = this.#level;
    this.#level = undefined;
    await level?.close();
  }

  #opened(): Level {
    if (this.#closed) throw storeClosed();
    if (this.#level === undefined) throw new DatabaseError('Unavailable', 'the store is recovering from a full disk');
    return this.#level;
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      const group = this.#takeGroup();
      try {
        await this.#writeGroup(group);
        for (const waiting of group) waiting.resolve();
      } catch (error) {
        for (const waiting of group) waiting.reject(error);
      }
    }
    this.#running = false;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** What one LevelDB write takes: batches in the order of their arrival, as many as fit. */
  #takeGroup(): Waiting[] {
    let bytes = 0;
    let taken = 0;
    for (const waiting of this.#queue) {
      if (taken > 0 && bytes + waiting.bytes > batchBytesMax) break;
      bytes += waiting.bytes;
      taken++;
    }
    return this.#queue.splice(0, taken);
  }

  async #writeGroup(group: readonly Waiting[]): Promise<void> {
    if (this.#broken !== undefined) throw this.#broken;
    await this.#requireSpace(group);
    const writes = group.length === 1 ? group[0]!.batch : group.flatMap((waiting) => waiting.batch);
    const sync = group.some((waiting) => waiting.sync);
    try {
      await this.#writeLevel(writes, sync);
    } catch (error) {
      this.#failed(writes, error);
    }
    for (const waiting of group) this.#bytesSinceCheck += waiting.bytes;
  }

  /** After a failed write this LevelDB handle takes no other. Throws what the callers are told. */
  #failed(writes: readonly StoreWrite[], error: unknown): never {
    if (isFull(error)) {
      try {
        this.#undo = writes.map(({ key }) => ({ key, value: this.#level!.getSync(key) }));
        this.#below = true;
        this.#checkedAtMs = performance.now();
      } catch {
        // Without the former values nothing can be set back: the store stops, as for any other failure.
      }
      if (this.#undo !== undefined) throw storageFull(error);
    }
    this.#broken = new DatabaseError('Internal', 'the disk failed a write; the store takes no more', { cause: error });
    throw this.#broken;
  }

  async #writeLevel(writes: readonly StoreWrite[], sync: boolean): Promise<void> {
    if (sync) this.#syncs++;
    // A chained batch hands each key over as it comes: 8 CPU µs a record against 19 for an array of operations.
    const chained = this.#level!.batch();
    for (const { key, value } of writes) {
      if (value === undefined) chained.del(key);
      else chained.put(key, value);
    }
    await chained.write({ sync });
  }

  /** Throws StorageFull unless there is room, and takes up writing again after the disk was full. */
  async #requireSpace(group: readonly Waiting[]): Promise<void> {
    const due = this.#below
      ? performance.now() - this.#checkedAtMs >= spaceCheckMsMin
      : this.#bytesSinceCheck >= (this.#options.spaceCheckBytes ?? spaceCheckBytes);
    if (due) {
      const { freeBytes, totalBytes } = await (this.#options.space ?? spaceOf)(this.#directory);
      const reserve = Math.min(reserveBytesMax, totalBytes * reserveShare);
      this.#bytesSinceCheck = 0;
      this.#checkedAtMs = performance.now();
      // Twice the reserve before writes begin again, so that a disk at its limit does not flap.
      this.#below = freeBytes < (this.#below ? 2 * reserve : reserve);
    }
    if (this.#undo !== undefined) {
      if (this.#below) throw storageFull();
      await this.#reopen(this.#undo);
    } else if (this.#below && group.some(({ batch }) => batch.some(({ value }) => value !== undefined))) {
      throw storageFull();
    }
  }

  async #reopen(undo: readonly StoreWrite[]): Promise<void> {
    try {
      await this.#level?.close();
      this.#level = undefined;
      this.#level = await openLevel(this.#directory, this.#options);
      await this.#writeLevel(undo, true);
      this.#undo = undefined;
    } catch (error) {
      this.#below = true;
      throw storageFull(error);
    }
  }
}

async function openLevel(directory: string, options: LevelStoreOptions): Promise<Level> {
  const level: Level = new ClassicLevel(directory, {
    keyEncoding: 'view',
    valueEncoding: 'view',
    writeBufferSize: options.writeBufferBytes ?? writeBufferBytes,
    cacheSize: cacheBytes,
    compression: true,
  });
  try {
    await level.open();
    return level;
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    switch (codeOf(cause)) {
      case 'LEVEL_LOCKED':
        throw new DatabaseError('Unavailable', `the store in ${directory} is open in another process`, { cause });
      case 'LEVEL_CORRUPTION':
        throw new DatabaseError('Internal', `the store in ${directory} is damaged: restore it or clone a replica`, {
          cause,
        });
      default:
        if (isFull(cause)) throw storageFull(cause);
        throw new DatabaseError('Internal', `the store in ${directory} cannot be opened`, { cause });
    }
  }
}

function iteratorRange(range: StoreRange) {
  return {
    ...(range.gte !== undefined && { gte: range.gte }),
    ...(range.gt !== undefined && { gt: range.gt }),
    ...(range.lt !== undefined && { lt: range.lt }),
    ...(range.limit !== undefined && { limit: range.limit }),
    reverse: range.reverse === true,
  };
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** True for the system's words for ENOSPC, EDQUOT and EFBIG, which LevelDB passes on as text. */
export function isFull(error: unknown): boolean {
  return (
    error instanceof Error && /no space left|disk quota exceeded|file too large|not enough space/i.test(error.message)
  );
}

function readFailure(error: unknown): DatabaseError {
  if (error instanceof DatabaseError) return error;
  if (codeOf(error) === 'LEVEL_DATABASE_NOT_OPEN' || codeOf(error) === 'LEVEL_ITERATOR_NOT_OPEN') return storeClosed();
  return new DatabaseError('Internal', 'the store could not be read: a table on disk is damaged or gone', {
    cause: error,
  });
}

async function spaceOf(directory: string): Promise<Space> {
  const { bavail, blocks, bsize } = await statfs(directory);
  // Some network file systems report nothing: they are taken as never full.
  if (blocks === 0) return { freeBytes: Infinity, totalBytes: 0 };
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
}
