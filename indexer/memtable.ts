// The newest terms of a partition: a hash table over shared, pooled pages that grows by pages. A posting is one
// store into a chunk; a term seen once costs its key and four words. Nothing here has a capacity: the threshold at
// which the owner freezes it is the owner's (index.md §6 rule 1, §7).
//
// Invariants: ordinals are 0, 1, 2 … in the order of `add`, numbers rise with them; after `freeze` nothing
// changes any more; an empty memtable holds no pages.

import { Arena, pageMask, pageShift } from './arena.ts';
import { hashKey, keyBytes, keyWords, padKey } from './key-scratch.ts';
import type { PagePool } from './pool.ts';
import { Tag } from './term-key.ts';
import { mergeEntries, sortEntries } from './term-order.ts';
import {
  chunkOrdinalsMax,
  entryHeadWords,
  firstChunkOrdinals,
  listHeadWords,
  TermTable,
  type TermTableImage,
} from './term-table.ts';
import type { TermSink } from './terms.ts';

const slotsMin = 256;

/** Terms of a path that are sorted without thought: under 0.3 ms. */
const orderedAtOnceMax = 1024;

/** Everything the worker needs to write a segment from a frozen memtable. */
export interface MemtableImage {
  readonly table: TermTableImage;
  readonly count: number;
  /** Item numbers by ordinal. */
  readonly numbers: Float64Array;
}

interface PathOrder {
  /** Sorted entries. */
  entries: Uint32Array;
  /** Newest entry of the path when they were sorted. */
  head: number;
}

export class Memtable implements TermSink {
  readonly #entries: Arena;
  readonly #lists: Arena;
  readonly table: TermTable;
  #slots = new Int32Array(0);
  #hashes = new Int32Array(0);
  #used = 0;
  #heads = new Int32Array(0);
  #pathTerms = new Int32Array(0);
  #existence = new Int32Array(0);
  #numbers = new Float64Array(0);
  #count = 0;
  #frozen = false;
  #orders = new Map<number, PathOrder>();

  constructor(pool: PagePool) {
    this.#entries = new Arena(pool);
    this.#lists = new Arena(pool);
    this.table = new TermTable(this.#entries.words, this.#entries.bytes, this.#lists.words);
  }

  /** Items added. */
  get count(): number {
    return this.#count;
  }

  get frozen(): boolean {
    return this.#frozen;
  }

  /** Bytes of pages in use: what the threshold is compared with. */
  get bytes(): number {
    return this.#entries.usedBytes + this.#lists.usedBytes + this.#count * 8;
  }

  /** Different terms. */
  get terms(): number {
    return this.#used;
  }

  numberAt(ordinal: number): number {
    return this.#numbers[ordinal]!;
  }

  /** First ordinal whose number is at least `number`. */
  ordinalFrom(number: number): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#numbers[middle]! < number) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Ordinal of a number, or -1. */
  ordinalOf(number: number): number {
    const ordinal = this.ordinalFrom(number);
    return ordinal < this.#count && this.#numbers[ordinal] === number ? ordinal : -1;
  }

  /** Opens the next item: the terms that follow are its own. Returns its ordinal. */
  begin(number: number): number {
    if (this.#frozen) throw new Error('a frozen memtable takes no items');
    if (this.#count > 0 && number <= this.#numbers[this.#count - 1]!) throw new Error('item numbers must rise');
    if (this.#count === this.#numbers.length) {
      const grown = new Float64Array(Math.max(64, this.#count * 2));
      grown.set(this.#numbers);
      this.#numbers = grown;
    }
    this.#numbers[this.#count] = number;
    return this.#count++;
  }

  exists(path: number): void {
    const entry = path < this.#existence.length ? this.#existence[path]! : 0;
    if (entry !== 0) {
      this.#append(entry);
      return;
    }
    keyBytes[0] = Tag.exists;
    this.term(path, 1);
    // `term` has put the entry in front of the path's chain.
    this.#existence[path] = this.#heads[path]!;
  }

  term(path: number, length: number): void {
    padKey(length);
    const hash = hashKey(path, keyWords, length);
    if (this.#used * 3 >= this.#slots.length * 2) this.#growSlots();
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (;;) {
      const entry = this.#slots[slot]!;
      if (entry === 0) break;
      if (this.#hashes[slot] === hash && this.#holds(entry, path, length)) {
        this.#append(entry);
        return;
      }
      slot = (slot + 1) & mask;
    }
    if (path >= this.#heads.length) this.#growPaths(path);
    const words = (length + 3) >> 2;
    const entry = this.#entries.allocate(entryHeadWords + words);
    const page = this.#entries.words[entry >>> pageShift]!;
    const at = entry & pageMask;
    page[at] = (path << 16) | length;
    page[at + 1] = this.#heads[path]!;
    page[at + 2] = this.#count - 1;
    page[at + 3] = 0;
    for (let i = 0; i < words; i++) page[at + entryHeadWords + i] = keyWords[i]!;
    this.#heads[path] = entry;
    this.#pathTerms[path]!++;
    this.#slots[slot] = entry;
    this.#hashes[slot] = hash;
    this.#used++;
  }

  #holds(entry: number, path: number, length: number): boolean {
    const page = this.#entries.words[entry >>> pageShift]!;
    const at = entry & pageMask;
    if (page[at] !== ((path << 16) | length)) return false;
    const words = (length + 3) >> 2;
    for (let i = 0; i < words; i++) if (page[at + entryHeadWords + i] !== keyWords[i]) return false;
    return true;
  }

  #append(entry: number): void {
    const ordinal = this.#count - 1;
    const page = this.#entries.words[entry >>> pageShift]!;
    const at = entry & pageMask;
    const list = page[at + 3]!;
    if (list === 0) {
      const first = page[at + 2]!;
      if (first === ordinal) return;
      const address = this.#lists.allocate(listHeadWords + firstChunkOrdinals + 1);
      const words = this.#lists.words[address >>> pageShift]!;
      const head = address & pageMask;
      words[head] = 2;
      words[head + 1] = ordinal;
      words[head + 2] = address + listHeadWords + 2;
      words[head + 3] = address + listHeadWords + firstChunkOrdinals;
      words[head + listHeadWords] = first;
      words[head + listHeadWords + 1] = ordinal;
      page[at + 3] = address;
      return;
    }
    const words = this.#lists.words[list >>> pageShift]!;
    const head = list & pageMask;
    if (words[head + 1] === ordinal) return;
    let next = words[head + 2]!;
    const end = words[head + 3]!;
    if (next === end) {
      // The chunk is full. Chunks double, so the size of the next follows from the count.
      const count = words[head]!;
      const size = Math.min(count + firstChunkOrdinals, chunkOrdinalsMax);
      next = this.#lists.allocate(size + 1);
      this.#lists.words[end >>> pageShift]![end & pageMask] = next;
      // The first page may have been replaced while it grew.
      const current = this.#lists.words[list >>> pageShift]!;
      current[head + 3] = next + size;
      current[head] = count + 1;
      current[head + 1] = ordinal;
      current[head + 2] = next + 1;
      this.#lists.words[next >>> pageShift]![next & pageMask] = ordinal;
      return;
    }
    this.#lists.words[next >>> pageShift]![next & pageMask] = ordinal;
    words[head]!++;
    words[head + 1] = ordinal;
    words[head + 2] = next + 1;
  }

  #growSlots(): void {
    const size = Math.max(slotsMin, this.#slots.length * 2);
    const slots = new Int32Array(size);
    const hashes = new Int32Array(size);
    const mask = size - 1;
    for (let i = 0; i < this.#slots.length; i++) {
      const entry = this.#slots[i]!;
      if (entry === 0) continue;
      const hash = this.#hashes[i]!;
      let slot = hash & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = entry;
      hashes[slot] = hash;
    }
    this.#slots = slots;
    this.#hashes = hashes;
  }

  #growPaths(path: number): void {
    const size = Math.max(32, this.#heads.length * 2, path + 1);
    const grow = (from: Int32Array): Int32Array<ArrayBuffer> => {
      const to = new Int32Array(size);
      to.set(from);
      return to;
    };
    this.#heads = grow(this.#heads);
    this.#pathTerms = grow(this.#pathTerms);
    this.#existence = grow(this.#existence);
  }

  // Reading.

  /** Entry of the term whose key lies padded in the scratch, or 0. */
  findScratch(path: number, length: number, hash: number): number {
    if (this.#used === 0) return 0;
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (;;) {
      const entry = this.#slots[slot]!;
      if (entry === 0) return 0;
      if (this.#hashes[slot] === hash && this.#holds(entry, path, length)) return entry;
      slot = (slot + 1) & mask;
    }
  }

  /** Different terms of a path. */
  termsOf(path: number): number {
    return path < this.#pathTerms.length ? this.#pathTerms[path]! : 0;
  }

  /**
   * Sorts what is new on a path and keeps the order; yields between slices of 1–3 ms. Terms may be added between
   * the steps: `ordered` sorts the rest. Driving this first keeps the first ORDER BY on a path short.
   */
  *orderSteps(path: number): Generator<undefined, Uint32Array> {
    const head = path < this.#heads.length ? this.#heads[path]! : 0;
    const known = this.#orders.get(path);
    if (known !== undefined && known.head === head) return known.entries;
    const stop = known?.head ?? 0;
    let fresh = 0;
    for (let entry = head; entry !== stop; entry = this.table.next(entry)) fresh++;
    const entries = new Uint32Array(fresh);
    let at = 0;
    for (let entry = head; entry !== stop; entry = this.table.next(entry)) entries[at++] = entry;
    const sorted = yield* sortEntries(this.table, entries);
    const current = this.#orders.get(path);
    // Somebody else sorted the path between two steps of ours.
    if (current !== known) return yield* this.orderSteps(path);
    const merged = known === undefined ? sorted : mergeEntries(this.table, known.entries, sorted);
    this.#orders.set(path, { entries: merged, head });
    return merged;
  }

  /** True when asking for the order of the path costs next to nothing. */
  isOrdered(path: number): boolean {
    return this.termsOf(path) <= orderedAtOnceMax || this.#orders.get(path)?.head === this.#heads[path];
  }

  /** Entries of a path in key order. */
  ordered(path: number): Uint32Array {
    const steps = this.orderSteps(path);
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value;
    }
  }

  /** Ends its growth. */
  freeze(): void {
    this.#frozen = true;
  }

  /** What the worker gets. Pages are shared, the rest is copied by the message. */
  image(): MemtableImage {
    if (!this.#frozen) throw new Error('only a frozen memtable has an image');
    return {
      table: { entries: this.#entries.buffers, lists: this.#lists.buffers, heads: this.#heads },
      count: this.#count,
      numbers: this.#numbers.subarray(0, this.#count),
    };
  }

  /** Gives the pages back to the pool. Nobody reads it any more. */
  release(): void {
    this.#frozen = true;
    this.#entries.release();
    this.#lists.release();
    this.#slots = new Int32Array(0);
    this.#hashes = new Int32Array(0);
    this.#heads = new Int32Array(0);
    this.#pathTerms = new Int32Array(0);
    this.#existence = new Int32Array(0);
    this.#orders.clear();
    this.#used = 0;
    this.#count = 0;
  }
}
