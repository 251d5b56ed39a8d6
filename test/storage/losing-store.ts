// The disk that loses what was not synced. SIGKILL says nothing about fsync, because the kernel keeps the page
// cache; this store does what a power cut does to a log-structured one. It keeps everything synced, and of the
// batches after that some prefix, chosen by the seed: the batches in flight count as the last of them.

import { DatabaseError } from '../../model/errors.ts';
import { MemoryStore } from '../../core/storage/memory-store.ts';
import {
  checkedBatchBytes,
  storageFull,
  storeClosed,
  type Store,
  type StoreEntry,
  type StoreRange,
  type StoreWrite,
} from '../../core/storage/store.ts';

export interface LosingStoreOptions {
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Runs a step of the medium later; at once (a microtask) when absent. */
  readonly later?: ((step: () => void) => void) | undefined;
  readonly bytesMax?: number | undefined;
  /** True while the medium has no room. */
  readonly full?: (() => boolean) | undefined;
}

/** What survives `crash()`: hand it to `new LosingStore` to open the medium again. */
export type Medium = readonly (readonly StoreWrite[])[];

interface InFlight {
  readonly batch: readonly StoreWrite[];
  readonly reject: (error: unknown) => void;
}

export class LosingStore implements Store {
  readonly #options: LosingStoreOptions;
  readonly #visible: MemoryStore;
  /** Batches in their order; the first `#durable` of them are synced. */
  readonly #batches: (readonly StoreWrite[])[];
  #durable: number;
  #inFlight = new Set<InFlight>();
  #lane: Promise<void> = Promise.resolve();
  #crashed = false;
  #closed = false;
  /** Batches lost by a crash of this medium, for coverage figures. */
  lost = 0;

  constructor(options: LosingStoreOptions, medium: Medium = []) {
    this.#options = options;
    this.#visible = new MemoryStore({ bytesMax: options.bytesMax });
    this.#batches = [...medium];
    this.#durable = medium.length;
    for (const batch of medium) void this.#visible.write(batch, { sync: false });
  }

  get syncs(): number {
    return this.#visible.syncs;
  }

  getSync(key: Uint8Array): Uint8Array | undefined {
    this.#requireOpen();
    return this.#visible.getSync(key);
  }

  async write(batch: readonly StoreWrite[], options: { readonly sync: boolean }): Promise<void> {
    this.#requireOpen();
    checkedBatchBytes(batch);
    if (batch.length === 0) return;
    // One medium, one order: a batch begins when the one before it has ended.
    const before = this.#lane;
    const done = before.then(() => this.#writeNext(batch, options.sync));
    this.#lane = done.catch(() => undefined);
    return done;
  }

  scan(range: StoreRange): AsyncGenerator<readonly StoreEntry[], void, undefined> {
    return this.#visible.scan(range);
  }

  async approximateSize(): Promise<number> {
    this.#requireOpen();
    return this.#visible.approximateSize();
  }

  async close(): Promise<void> {
    await this.#lane;
    this.#closed = true;
    this.#durable = this.#batches.length;
    await this.#visible.close();
  }

  /** What a clean close leaves behind. */
  get medium(): Medium {
    return this.#batches.slice(0, this.#durable);
  }

  /** Power goes off: everything in flight fails, this object is dead, and what the medium kept is returned. */
  crash(): Medium {
    this.#crashed = true;
    const candidates = this.#batches.slice(this.#durable);
    // A batch in flight reached the medium half of the time.
    for (const { batch } of this.#inFlight) if (this.#options.random() < 0.5) candidates.push(batch);
    const kept = Math.floor(this.#options.random() * (candidates.length + 1));
    this.lost = this.#batches.length - this.#durable + this.#inFlight.size - kept;
    for (const { reject } of this.#inFlight) reject(new DatabaseError('Internal', 'the machine lost power'));
    this.#inFlight.clear();
    void this.#visible.close();
    return [...this.#batches.slice(0, this.#durable), ...candidates.slice(0, kept)];
  }

  async #writeNext(batch: readonly StoreWrite[], sync: boolean): Promise<void> {
    this.#requireOpen();
    if (this.#options.full?.() === true && batch.some(({ value }) => value !== undefined)) throw storageFull();
    await new Promise<void>((resolve, reject) => {
      const entry: InFlight = { batch, reject };
      this.#inFlight.add(entry);
      const land = () => {
        if (!this.#inFlight.delete(entry)) return;
        this.#visible.write(batch, { sync }).then(() => {
          this.#batches.push(batch);
          if (sync) this.#durable = this.#batches.length;
          resolve();
        }, reject);
      };
      if (this.#options.later === undefined) queueMicrotask(land);
      else this.#options.later(land);
    });
  }

  #requireOpen(): void {
    if (this.#crashed) throw new DatabaseError('Internal', 'the machine lost power');
    if (this.#closed) throw storeClosed();
  }
}
