// What lookups read: a segment or a memtable, each with its own ordinals, seen alike. A term is found with `find`,
// then `foundCount` and `foundSet` speak of it; terms in order come from a cursor.

import { grownKey, hashKey, keyBytes, keyWords, padKey, keyBytesMax, shortKeyBytes } from './key-scratch.ts';
import { Liveness } from './liveness.ts';
import type { Memtable } from './memtable.ts';
import { ordinalOf } from './number-table.ts';
import { allPostings, below, hitsIn, listSet, type PostingSet } from './postings.ts';
import { SegmentCursor } from './segment-cursor.ts';
import type { Segment } from './segment-read.ts';

/** Terms in order. After a move that returned true, `key` [0, keyLength) is path, tag and value. */
export interface TermCursor {
  /** Stays as it is until the next move; after it another array may take its place. */
  readonly key: Uint8Array;
  readonly keyLength: number;
  /** Ordinals of the term, dead ones and ones beyond a bound included. */
  readonly count: number;
  /** True when it has one ordinal, `single`. */
  readonly isSingle: boolean;
  readonly single: number;
  seek(key: Uint8Array, keyLength: number): boolean;
  seekBefore(key: Uint8Array, keyLength: number): boolean;
  next(): boolean;
  previous(): boolean;
  compare(key: Uint8Array, keyLength: number): number;
  /** All its ordinals. */
  postings(): PostingSet;
}

/** The term that is looked for, prepared once for all sources. Its key lies in the scratch until the next one. */
export interface Probe {
  readonly path: number;
  readonly hash: number;
  readonly keyLength: number;
  /** Path, tag and value. */
  readonly full: Uint8Array;
  readonly fullLength: number;
}

const probeFull = new Uint8Array(keyBytesMax + 2);
const sharedProbe = { path: 0, hash: 0, keyLength: 0, full: probeFull, fullLength: 0 };

/** Prepares a look-up of tag and value; with `length` the key lies in the scratch already. Valid until the next call. */
export function probeOf(path: number, key: Uint8Array | undefined, length = key?.length ?? 0): Probe {
  if (key !== undefined) keyBytes.set(key);
  padKey(length);
  sharedProbe.path = path;
  sharedProbe.keyLength = length;
  sharedProbe.hash = hashKey(path, keyWords, length);
  probeFull[0] = path >>> 8;
  probeFull[1] = path;
  for (let i = 0; i < length; i++) probeFull[i + 2] = keyBytes[i]!;
  sharedProbe.fullLength = length + 2;
  return sharedProbe;
}

export interface Source {
  readonly liveness: Liveness;
  /** Items. */
  readonly count: number;
  /** True for memtables: items may be added. */
  readonly isGrowing: boolean;
  numberAt(ordinal: number): number;
  ordinalFrom(number: number): number;
  ordinalOf(number: number): number;
  /** Looks a term up; the `found…` members speak of it until the next call. */
  find(probe: Probe): boolean;
  readonly foundCount: number;
  /** The highest ordinal is not known cheaply: -1 means "load to see". */
  readonly foundLast: number;
  readonly foundIsSingle: boolean;
  readonly foundSingle: number;
  foundSet(): PostingSet;
  cursor(path: number): TermCursor;
  /** Does in slices what makes the next `cursor` of the path cheap. */
  prepareCursor(path: number): Generator<undefined, true>;
  /** Terms and postings between two full keys, roughly and cheaply: [lower, upper). */
  estimate(path: number, lower: Uint8Array, upper: Uint8Array): { readonly terms: number; readonly postings: number };
}

export class SegmentSource implements Source {
  readonly isGrowing = false;
  readonly segment: Segment;
  readonly liveness: Liveness;
  readonly #probe: SegmentCursor;

  constructor(segment: Segment, liveness = new Liveness()) {
    this.segment = segment;
    this.liveness = liveness;
    this.#probe = new SegmentCursor(segment);
  }

  get count(): number {
    return this.segment.count;
  }

  numberAt(ordinal: number): number {
    return this.segment.numbers.numberAt(ordinal);
  }

  ordinalFrom(number: number): number {
    return this.segment.numbers.ordinalFrom(number);
  }

  ordinalOf(number: number): number {
    const { count, first, last } = this.segment.footer;
    return count === 0 || number < first || number > last ? -1 : ordinalOf(this.segment.numbers, number);
  }

  find(probe: Probe): boolean {
    if (!this.segment.mayHold(probe.hash)) return false;
    const cursor = this.#probe;
    return cursor.seek(probe.full, probe.fullLength) && cursor.compare(probe.full, probe.fullLength) === 0;
  }

  get foundCount(): number {
    return this.#probe.count;
  }

  get foundLast(): number {
    return -1;
  }

  get foundIsSingle(): boolean {
    return this.#probe.isSingle;
  }

  get foundSingle(): number {
    return this.#probe.single;
  }

  foundSet(): PostingSet {
    return this.#probe.postings();
  }

  cursor(_path: number): TermCursor {
    return new SegmentCursor(this.segment);
  }

  *prepareCursor(_path: number): Generator<undefined, true> {
    return true;
  }

  estimate(_path: number, lower: Uint8Array, upper: Uint8Array): { readonly terms: number; readonly postings: number } {
    const { index } = this.segment;
    if (index.count === 0) return { terms: 0, postings: 0 };
    const from = Math.max(0, index.blockOf(lower, lower.length));
    const to = Math.max(0, index.blockOf(upper, upper.length));
    if (from === to) {
      // Inside one block: half of it, as nothing finer is known without reading.
      const terms = index.termsBefore[from + 1]! - index.termsBefore[from]!;
      const postings = index.postingsBefore[from + 1]! - index.postingsBefore[from]!;
      return { terms: Math.ceil(terms / 2), postings: Math.ceil(postings / 2) };
    }
    return {
      terms: index.termsBefore[to]! - index.termsBefore[from]!,
      postings: index.postingsBefore[to]! - index.postingsBefore[from]!,
    };
  }
}

export class MemtableSource implements Source {
  readonly isGrowing = true;
  readonly memtable: Memtable;
  readonly liveness = new Liveness();
  /** Deaths of items of older sources, recorded while this was the active memtable. */
  readonly tombstoneNumbers: number[] = [];
  readonly tombstoneLsns: number[] = [];
  lsnFirst = 0;
  lsnLast = 0;
  #found = 0;

  constructor(memtable: Memtable) {
    this.memtable = memtable;
  }

  get count(): number {
    return this.memtable.count;
  }

  numberAt(ordinal: number): number {
    return this.memtable.numberAt(ordinal);
  }

  ordinalFrom(number: number): number {
    return this.memtable.ordinalFrom(number);
  }

  ordinalOf(number: number): number {
    return this.memtable.ordinalOf(number);
  }

  find(probe: Probe): boolean {
    this.#found = this.memtable.findScratch(probe.path, probe.keyLength, probe.hash);
    return this.#found !== 0;
  }

  get foundCount(): number {
    return this.memtable.table.count(this.#found);
  }

  get foundLast(): number {
    return this.memtable.table.last(this.#found);
  }

  get foundIsSingle(): boolean {
    return this.foundCount === 1;
  }

  get foundSingle(): number {
    return this.memtable.table.first(this.#found);
  }

  foundSet(): PostingSet {
    return postingsOfEntry(this.memtable, this.#found);
  }

  cursor(path: number): TermCursor {
    return new MemtableCursor(this.memtable, path);
  }

  *prepareCursor(path: number): Generator<undefined, true> {
    yield* this.memtable.orderSteps(path);
    return true;
  }

  estimate(path: number, lower: Uint8Array, upper: Uint8Array): { readonly terms: number; readonly postings: number } {
    const all = this.memtable.termsOf(path);
    if (all === 0) return { terms: 0, postings: 0 };
    // An estimate is not worth sorting thousands of terms: a third, as for any range of which nothing is known.
    if (!this.memtable.isOrdered(path)) return { terms: Math.ceil(all / 3), postings: Math.ceil(this.count / 3) };
    const entries = this.memtable.ordered(path);
    const from = lowerBoundEntry(this.memtable, entries, lower);
    const to = Math.max(from, lowerBoundEntry(this.memtable, entries, upper));
    // Counts of up to 64 evenly chosen terms stand for the rest.
    const step = Math.max(1, Math.floor((to - from) / 64));
    let postings = 0;
    for (let i = from; i < to; i += step) postings += this.memtable.table.count(entries[i]!) * step;
    return { terms: to - from, postings };
  }
}

function postingsOfEntry(memtable: Memtable, entry: number): PostingSet {
  const count = memtable.table.count(entry);
  if (count === memtable.count) return allPostings;
  const ordinals = new Uint32Array(count);
  memtable.table.copyOrdinals(entry, ordinals);
  return listSet(ordinals);
}

/** First place whose key (full, with path) is not below `key`; the path of `key` is compared as well. */
function lowerBoundEntry(memtable: Memtable, entries: Uint32Array, key: Uint8Array, keyLength = key.length): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (memtable.table.compareTo(entries[middle]!, key, 2, keyLength) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The terms of one path of a memtable, as they were when the cursor was made. */
class MemtableCursor implements TermCursor {
  readonly #memtable: Memtable;
  readonly #path: number;
  readonly #entries: Uint32Array;
  #place = -1;
  key = new Uint8Array(shortKeyBytes);
  keyLength = 0;

  constructor(memtable: Memtable, path: number) {
    this.#memtable = memtable;
    this.#path = path;
    this.#entries = memtable.ordered(path);
    this.key[0] = path >>> 8;
    this.key[1] = path;
  }

  #moveTo(place: number): boolean {
    this.#place = place;
    if (place < 0 || place >= this.#entries.length) return false;
    const entry = this.#entries[place]!;
    const { table } = this.#memtable;
    const bytes = table.keyPage(entry);
    const start = table.keyStart(entry);
    const length = table.keyLength(entry);
    if (length + 2 > this.key.length) this.key = grownKey(this.key, 2, length + 2);
    const { key } = this;
    for (let i = 0; i < length; i++) key[i + 2] = bytes[start + i]!;
    this.keyLength = length + 2;
    return true;
  }

  get count(): number {
    return this.#memtable.table.count(this.#entries[this.#place]!);
  }

  get isSingle(): boolean {
    return this.count === 1;
  }

  get single(): number {
    return this.#memtable.table.first(this.#entries[this.#place]!);
  }

  /** Order of the key's path against this cursor's. */
  #pathOrder(key: Uint8Array): number {
    return ((key[0]! << 8) | key[1]!) - this.#path;
  }

  #placeOf(key: Uint8Array, keyLength: number): number {
    const order = this.#pathOrder(key);
    if (order !== 0) return order < 0 ? 0 : this.#entries.length;
    return lowerBoundEntry(this.#memtable, this.#entries, key, keyLength);
  }

  seek(key: Uint8Array, keyLength: number): boolean {
    return this.#moveTo(this.#placeOf(key, keyLength));
  }

  seekBefore(key: Uint8Array, keyLength: number): boolean {
    return this.#moveTo(this.#placeOf(key, keyLength) - 1);
  }

  next(): boolean {
    return this.#moveTo(Math.min(this.#place + 1, this.#entries.length));
  }

  previous(): boolean {
    return this.#moveTo(Math.max(this.#place - 1, -1));
  }

  compare(key: Uint8Array, keyLength: number): number {
    const most = Math.min(this.keyLength, keyLength);
    const mine = this.key;
    for (let i = 0; i < most; i++) {
      const difference = mine[i]! - key[i]!;
      if (difference !== 0) return difference;
    }
    return this.keyLength - keyLength;
  }

  postings(): PostingSet {
    return postingsOfEntry(this.#memtable, this.#entries[this.#place]!);
  }
}

/**
 * The part of a source that a view sees. It stays right while items are added and die; it ends with the source.
 * Of a memtable the sets' size is `bound`: what came later does not exist. Of a segment it is all its items.
 */
export class Part {
  readonly source: Source;
  readonly size: number;
  /** Ordinals at and above are younger than the view. */
  readonly bound: number;
  readonly #lsn: number;

  constructor(source: Source, bound: number, lsn: number) {
    this.source = source;
    this.bound = bound;
    this.size = source.isGrowing ? bound : source.count;
    this.#lsn = lsn;
  }

  /** True when the view sees every item of the source that did not die. */
  get isWhole(): boolean {
    return this.bound === this.source.count;
  }

  /** Bits of the items that are dead for the view; perhaps fewer words than the part has. For use at once. */
  get dead(): Uint32Array | undefined {
    return this.source.liveness.deadAt(this.#lsn);
  }

  /** How many items of the set, which holds nothing younger than the view, are dead for it. */
  deadIn(set: PostingSet): number {
    if (set.kind === 'all' && this.isWhole) return this.source.liveness.deadCountAt(this.#lsn);
    const { dead } = this;
    return dead === undefined ? 0 : hitsIn(set, dead, this.size);
  }
}

/** True when the view sees the item. */
export function isVisible(part: Part, ordinal: number): boolean {
  if (ordinal >= part.bound) return false;
  const { dead } = part;
  if (dead === undefined) return true;
  const word = ordinal >>> 5;
  return word >= dead.length || ((dead[word]! >>> (ordinal & 31)) & 1) === 0;
}

/** The part of a source's set that is not younger than the view. Deaths are taken off once, at the end. */
export function created(part: Part, set: PostingSet): PostingSet {
  if (part.bound < part.size) return below(set, part.bound, part.size);
  if (set.kind !== 'list' || !part.source.isGrowing) return set;
  return below(set, part.bound, part.bound + 1);
}
