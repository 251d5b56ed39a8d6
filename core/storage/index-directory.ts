// Where the index of a log group lives between starts: a directory of immutable segment files, one manifest that
// says which of them count, and the file of history (`core/history-file.ts`). Nothing of it is in LevelDB: one
// manifest key between growing sequences raised its writes from 1.9 to 2.7 × (index.md §8.3).
//
// Invariants: a name is given to one file only, ever; the manifest is replaced whole or not at all, and what
// `writeManifest` resolved for survives power loss; a file that the manifest does not name means nothing.

// A segment is read where a query stands, synchronously: 3 µs from the page cache against a turn of the event loop.
// eslint-disable-next-line no-restricted-syntax -- see above
import { closeSync, openSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlockCache } from '../../indexer/block-cache.ts';
import { Segment } from '../../indexer/segment-read.ts';
import { DatabaseError } from '../../model/errors.ts';
import {
  readerOf,
  syncDirectory,
  type SegmentSource,
  type SegmentTarget,
  type SegmentWritten,
} from './segment-task.ts';
import { isFull } from './level-store.ts';
import { storageFull } from './store.ts';

/** The port. `MemoryIndex` is the other implementation. */
export interface IndexStore {
  /** Names of all files but the manifest. */
  list(): Promise<readonly string[]>;
  readManifest(): Promise<Uint8Array | undefined>;
  /** Replaces it durably. Throws StorageFull when there is no room: then the old one stands. */
  writeManifest(bytes: Uint8Array): Promise<void>;
  /** Removes it durably: from then on there is no index. */
  removeManifest(): Promise<void>;
  /** Where a task reads a segment and writes a new one. */
  source(name: string): SegmentSource;
  target(name: string): SegmentTarget;
  /** Takes what a task wrote to `target(name)`. */
  adopt(name: string, written: SegmentWritten): void;
  /** Opens a segment of this store. Synchronous. Throws Internal when it is damaged or gone. */
  open(name: string, cache: BlockCache): Segment;
  /** Frees what an open segment holds of the system. */
  release(name: string): void;
  remove(name: string): Promise<void>;
  readFile(name: string): Promise<Uint8Array>;
  /** Writes bytes at the end of what counts of a file, durably, and cuts off what lies behind; makes it when absent. */
  append(name: string, offset: number, bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** Segment files open at once in one group; LevelDB and the sockets want descriptors, too. */
const descriptorsMax = 256;

const manifestName = 'manifest';
const freshName = 'manifest.new';

/** Opens the directory, which is made when absent. */
export async function openIndexDirectory(path: string): Promise<IndexStore> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    const sizes = new Map<string, number>();
    for (const name of await readdir(path))
      if (name !== manifestName) sizes.set(name, (await stat(join(path, name))).size);
    return new IndexDirectory(path, sizes);
  } catch (cause) {
    throw new DatabaseError('Unavailable', `the index directory ${path} cannot be read`, { cause });
  }
}

interface OpenFile {
  descriptor: number;
  used: number;
}

class IndexDirectory implements IndexStore {
  readonly #path: string;
  readonly #sizes: Map<string, number>;
  readonly #open = new Map<string, OpenFile>();
  #clock = 0;

  constructor(path: string, sizes: Map<string, number>) {
    this.#path = path;
    this.#sizes = sizes;
  }

  async list(): Promise<readonly string[]> {
    return [...this.#sizes.keys()];
  }

  async readManifest(): Promise<Uint8Array | undefined> {
    try {
      return await readFile(join(this.#path, manifestName));
    } catch (cause) {
      if (codeOf(cause) === 'ENOENT') return undefined;
      throw new DatabaseError('Internal', 'the manifest of the index cannot be read', { cause });
    }
  }

  async writeManifest(bytes: Uint8Array): Promise<void> {
    await written(async () => {
      const fresh = join(this.#path, freshName);
      const file = await open(fresh, 'w', 0o600);
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(fresh, join(this.#path, manifestName));
      await syncDirectory(this.#path);
    });
  }

  async removeManifest(): Promise<void> {
    await unlink(join(this.#path, manifestName)).catch((error: unknown) => {
      if (codeOf(error) !== 'ENOENT') throw error;
    });
    await syncDirectory(this.#path);
  }

  source(name: string): SegmentSource {
    return { kind: 'file', name, path: join(this.#path, name), bytes: this.#sizeOf(name) };
  }

  target(name: string): SegmentTarget {
    return { kind: 'file', path: join(this.#path, name) };
  }

  adopt(name: string, { bytes }: SegmentWritten): void {
    this.#sizes.set(name, bytes);
  }

  #sizeOf(name: string): number {
    const bytes = this.#sizes.get(name);
    if (bytes === undefined) throw new DatabaseError('Internal', `the index lacks its file ${name}`);
    return bytes;
  }

  open(name: string, cache: BlockCache): Segment {
    const bytes = this.#sizeOf(name);
    let file: OpenFile | undefined;
    const descriptor = (): number => {
      if (file === undefined || file.descriptor < 0) file = this.#descriptorOf(name);
      file.used = ++this.#clock;
      return file.descriptor;
    };
    const read = readerOf(descriptor);
    return new Segment(
      name,
      (offset, length, into) => {
        try {
          return read(offset, length, into);
        } catch (cause) {
          throw new DatabaseError('Internal', `the index file ${name} cannot be read`, { cause });
        }
      },
      bytes,
      cache,
    );
  }

  #descriptorOf(name: string): OpenFile {
    const known = this.#open.get(name);
    if (known !== undefined) return known;
    if (this.#open.size >= descriptorsMax) {
      let oldest: string | undefined;
      let used = Infinity;
      for (const [other, file] of this.#open)
        if (file.used < used) {
          used = file.used;
          oldest = other;
        }
      if (oldest !== undefined) this.release(oldest);
    }
    const file = { descriptor: openSync(join(this.#path, name), 'r'), used: this.#clock };
    this.#open.set(name, file);
    return file;
  }

  release(name: string): void {
    const file = this.#open.get(name);
    if (file === undefined) return;
    this.#open.delete(name);
    closeSync(file.descriptor);
    file.descriptor = -1;
  }

  async remove(name: string): Promise<void> {
    this.release(name);
    this.#sizes.delete(name);
    await unlink(join(this.#path, name)).catch((error: unknown) => {
      if (codeOf(error) !== 'ENOENT') throw error;
    });
  }

  async readFile(name: string): Promise<Uint8Array> {
    try {
      return await readFile(join(this.#path, name));
    } catch (cause) {
      throw new DatabaseError('Internal', `the index file ${name} cannot be read`, { cause });
    }
  }

  async append(name: string, offset: number, bytes: Uint8Array): Promise<void> {
    await written(async () => {
      const path = join(this.#path, name);
      const file = await open(path, this.#sizes.has(name) ? 'r+' : 'wx+', 0o600);
      this.#sizes.set(name, offset + bytes.length);
      try {
        for (let done = 0; done < bytes.length;) {
          const { bytesWritten } = await file.write(bytes, done, bytes.length - done, offset + done);
          done += bytesWritten;
        }
        await file.truncate(offset + bytes.length);
        await file.datasync();
      } finally {
        await file.close();
      }
      if (offset === 0) await syncDirectory(this.#path);
    });
  }

  async close(): Promise<void> {
    for (const name of [...this.#open.keys()]) this.release(name);
  }
}

/** Runs what writes; a full disk has its own error. */
async function written(step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (cause) {
    if (isFull(cause)) throw storageFull(cause);
    throw new DatabaseError('Internal', 'the index directory could not be written', { cause });
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
