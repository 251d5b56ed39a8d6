// The index of a log group that lives in memory only: with `--memory`, and in tests. Segments are bytes on shared
// memory, which the index worker reads and writes by reference; nothing survives the object.

import type { BlockCache } from '../../indexer/block-cache.ts';
import { Segment } from '../../indexer/segment-read.ts';
import { DatabaseError } from '../../model/errors.ts';
import type { IndexStore } from './index-directory.ts';
import { readerOfBytes, type SegmentSource, type SegmentTarget, type SegmentWritten } from './segment-task.ts';

export class MemoryIndex implements IndexStore {
  readonly #files: Map<string, Uint8Array>;
  #manifest: Uint8Array | undefined;

  constructor(files: ReadonlyMap<string, Uint8Array> = new Map(), manifest?: Uint8Array) {
    this.#files = new Map(files);
    this.#manifest = manifest;
  }

  async list(): Promise<readonly string[]> {
    return [...this.#files.keys()];
  }

  async readManifest(): Promise<Uint8Array | undefined> {
    return this.#manifest;
  }

  async writeManifest(bytes: Uint8Array): Promise<void> {
    this.#manifest = bytes;
  }

  async removeManifest(): Promise<void> {
    this.#manifest = undefined;
  }

  #contentOf(name: string): Uint8Array {
    const content = this.#files.get(name);
    if (content === undefined) throw new DatabaseError('Internal', `the index lacks its file ${name}`);
    return content;
  }

  source(name: string): SegmentSource {
    return { kind: 'memory', name, content: this.#contentOf(name) };
  }

  target(_name: string): SegmentTarget {
    return { kind: 'memory' };
  }

  adopt(name: string, { content }: SegmentWritten): void {
    if (content === undefined) throw new Error('a segment in memory comes with its bytes');
    this.#files.set(name, content);
  }

  open(name: string, cache: BlockCache): Segment {
    const content = this.#contentOf(name);
    return new Segment(name, readerOfBytes(content), content.length, cache);
  }

  release(_name: string): void {
    // Memory is freed by `remove`.
  }

  async remove(name: string): Promise<void> {
    this.#files.delete(name);
  }

  async readFile(name: string): Promise<Uint8Array> {
    return this.#contentOf(name);
  }

  async append(name: string, offset: number, bytes: Uint8Array): Promise<void> {
    const before = this.#files.get(name) ?? new Uint8Array(0);
    const after = new Uint8Array(offset + bytes.length);
    after.set(before.subarray(0, offset));
    after.set(bytes, offset);
    this.#files.set(name, after);
  }

  async close(): Promise<void> {
    this.#files.clear();
  }
}
