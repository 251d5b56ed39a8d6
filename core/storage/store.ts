// The port to an ordered key-value store: the few operations the log, the catalog and the archive need, so
// that a directory on disk, memory (`--memory`) and the losing disk of the tests are exchangeable. One contract
// suite, `test/storage/store.contract.ts`, holds for all of them.
//
// Invariants every implementation keeps:
//  1. A batch is stored whole or not at all, also when the process or the machine dies in the middle of it.
//  2. Once `write` with `sync` has resolved, that batch and every batch resolved before it survive power loss.
//     A batch written without `sync` may be lost, but only together with every later batch that is not synced.
//  3. A batch is visible to `getSync` and `scan` once `write` has resolved, not before it is on the medium.
//  4. Keys are ordered byte by byte, as memcmp; a key is 1 to 64 KB, a value 0 bytes to 20 MB.
//  5. Bytes given to `write` belong to the store from then on, and bytes it gives out are shared: neither is
//     ever changed by a caller. (This spares one copy per record in memory.)

import { DatabaseError } from '../../model/errors.ts';

/** One change of a batch: a value, or undefined to delete the key. Of two changes of one key the later wins. */
export interface StoreWrite {
  readonly key: Uint8Array;
  readonly value: Uint8Array | undefined;
}

export type StoreEntry = readonly [key: Uint8Array, value: Uint8Array];

/** A range of keys; an absent bound is open. `gte` and `gt` exclude each other. */
export interface StoreRange {
  readonly gte?: Uint8Array | undefined;
  readonly gt?: Uint8Array | undefined;
  readonly lt?: Uint8Array | undefined;
  /** From the highest key down. */
  readonly reverse?: boolean | undefined;
  /** Entries in all chunks together. */
  readonly limit?: number | undefined;
}

/** Entries in one chunk of a scan: what one hop to the storage thread brings back. */
export const scanChunkEntriesMax = 512;

/** A chunk of a scan ends with the entry that takes it to this many bytes of keys and values. */
export const scanChunkBytesMax = 1024 * 1024;

/** Bytes of keys and values in one batch, a whole append of the embedded log (40 MB) with room for its bookkeeping. */
export const batchBytesMax = 48 * 1024 * 1024;

export interface Store {
  /** The value of a key, or undefined. Synchronous because a point read costs less than a turn of the event loop. */
  getSync(key: Uint8Array): Uint8Array | undefined;

  /**
   * Stores a batch (invariant 1); with `sync` it is durable on return (invariant 2). An empty batch does nothing.
   * Throws StorageFull when the medium has no room: then nothing of the batch is or will be stored, reads live,
   * and later writes succeed once there is room. Throws Internal when the medium failed: what was stored is
   * unknown and the store takes no more writes.
   */
  write(batch: readonly StoreWrite[], options: { readonly sync: boolean }): Promise<void>;

  /**
   * The entries of a range in order, in chunks that are never empty and bounded by `scanChunkEntriesMax` and
   * `scanChunkBytesMax`. It shows the store as it was when the first chunk was asked for, whatever is written
   * since. Leaving the loop early frees it.
   */
  scan(range: StoreRange): AsyncGenerator<readonly StoreEntry[], void, undefined>;

  /** Bytes the store takes on its medium, about. */
  approximateSize(): Promise<number>;

  /** Durable writes issued so far: one fdatasync each on disk. Figures of benchmarks and tests. */
  readonly syncs: number;

  /** Waits for what is in flight and frees the medium. Anything after it throws Unavailable; closing twice is fine. */
  close(): Promise<void>;
}

/** What every implementation throws after `close`. */
export function storeClosed(): DatabaseError {
  return new DatabaseError('Unavailable', 'the store is closed');
}

/** What every implementation throws when there is no room. */
export function storageFull(cause?: unknown): DatabaseError {
  return new DatabaseError('StorageFull', 'no space is left for this write', { cause });
}

/** Refuses a batch above the bounds of invariant 4 before anything is stored; returns its bytes. */
export function checkedBatchBytes(batch: readonly StoreWrite[]): number {
  let bytes = 0;
  for (const { key, value } of batch) {
    if (key.length === 0 || key.length > 65_536)
      throw new DatabaseError('TooLarge', 'a store key has 1 to 65,536 bytes');
    bytes += key.length + (value === undefined ? 0 : value.length);
  }
  if (bytes > batchBytesMax) throw new DatabaseError('TooLarge', `a store batch has at most ${batchBytesMax} bytes`);
  return bytes;
}
