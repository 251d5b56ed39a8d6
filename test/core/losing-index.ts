// An index store whose machine can lose its power: what is not yet durable may be there afterwards, in part, or not.

import type { BlockCache } from '../../indexer/block-cache.ts';
import type { Segment } from '../../indexer/segment-read.ts';
import type { IndexStore } from '../../core/storage/index-directory.ts';
import { MemoryIndex } from '../../core/storage/memory-index.ts';
import { storageFull } from '../../core/storage/store.ts';
import type { SegmentSource, SegmentTarget, SegmentWritten } from '../../core/storage/segment-task.ts';
import { below, type Random } from '../indexer/random.ts';

export class LosingIndex implements IndexStore {
  readonly #inner: MemoryIndex;
  readonly #durable: Map<string, Uint8Array>;
  #durableManifest: Uint8Array | undefined;
  readonly #targets = new Set<string>();
  readonly #unsure: { name: string; before: Uint8Array | undefined; after: Uint8Array }[] = [];
  #unsureManifest: Uint8Array | undefined;
  /** Writes wait until the test lets them go on. */
  readonly waiting: (() => void)[] = [];
  full = false;
  readonly everNamed: Set<string>;

  constructor(
    files: ReadonlyMap<string, Uint8Array> = new Map(),
    manifest?: Uint8Array,
    everNamed: Set<string> = new Set(),
  ) {
    this.#inner = new MemoryIndex(files, manifest);
    this.#durable = new Map(files);
    this.#durableManifest = manifest;
    this.everNamed = everNamed;
  }

  /** What a machine finds that starts again. */
  crash(random: Random): LosingIndex {
    const files = new Map(this.#durable);
    for (const name of this.#targets)
      if (random() < 0.5) files.set(name, new Uint8Array(below(random, 100)).fill(below(random, 256)));
    for (const { name, before, after } of this.#unsure) {
      const kept = before?.length ?? 0;
      const cut = kept + below(random, Math.max(0, after.length - kept) + 1);
      if (random() < 0.7) files.set(name, after.slice(0, cut));
    }
    const manifest =
      this.#unsureManifest !== undefined && random() < 0.5 ? this.#unsureManifest : this.#durableManifest;
    return new LosingIndex(files, manifest, this.everNamed);
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  list() {
    return this.#inner.list();
  }

  readManifest() {
    return this.#inner.readManifest();
  }

  async writeManifest(bytes: Uint8Array): Promise<void> {
    this.#unsureManifest = bytes;
    await this.#pause();
    this.#unsureManifest = undefined;
    if (this.full) throw storageFull();
    await this.#inner.writeManifest(bytes);
    this.#durableManifest = bytes;
  }

  async removeManifest(): Promise<void> {
    this.#durableManifest = undefined;
    await this.#inner.removeManifest();
  }

  source(name: string): SegmentSource {
    return this.#inner.source(name);
  }

  target(name: string): SegmentTarget {
    if (this.everNamed.has(name)) throw new Error(`${name} is used again`);
    this.everNamed.add(name);
    this.#targets.add(name);
    return this.#inner.target(name);
  }

  adopt(name: string, written: SegmentWritten): void {
    this.#targets.delete(name);
    this.#inner.adopt(name, written);
    this.#durable.set(name, written.content!);
  }

  open(name: string, cache: BlockCache): Segment {
    return this.#inner.open(name, cache);
  }

  release(): void {
    // Nothing is open.
  }

  async remove(name: string): Promise<void> {
    await this.#inner.remove(name);
    this.#durable.delete(name);
  }

  readFile(name: string) {
    return this.#inner.readFile(name);
  }

  async append(name: string, offset: number, bytes: Uint8Array): Promise<void> {
    const before = this.#durable.get(name);
    await this.#inner.append(name, offset, bytes);
    const after = await this.#inner.readFile(name);
    const unsure = { name, before: before?.slice(0, offset), after };
    this.#unsure.push(unsure);
    await this.#pause();
    this.#unsure.splice(this.#unsure.indexOf(unsure), 1);
    if (this.full) throw storageFull();
    this.#durable.set(name, after);
  }

  close() {
    return this.#inner.close();
  }

  /** Changes one bit of a file, or of the manifest. */
  damage(name: string | undefined, at: number): void {
    const bytes = name === undefined ? this.#durableManifest! : this.#durable.get(name)!;
    bytes[at]! ^= 1 << (at & 7);
  }

  files(): readonly string[] {
    return [...this.#durable.keys()];
  }

  sizeOf(name: string | undefined): number {
    return (name === undefined ? this.#durableManifest! : this.#durable.get(name)!).length;
  }
}
