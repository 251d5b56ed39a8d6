// The bytes of a memtable as both threads read them: entries with their keys, and posting lists, on shared pages.
// The main thread writes through `memtable.ts`; after the freeze the worker reads the same pages (`flush.ts`).
//
// Entry, in words of the entry arena:            List, in words of the list arena:
//   0  path << 16 | bytes of the key               0  count        1  last ordinal
//   1  next entry of the same path, 0 = none       2  address of the next ordinal   3  end of that chunk
//   2  first ordinal                               4…7  ordinals    8  address of the next chunk
//   3  list of all ordinals, 0 = only the first  Chunk: ordinals, then the address of the next chunk.
//   4… key (tag and value), zero to a word       Sizes double from 4 to `chunkOrdinalsMax`.
//
// A path's first entry stands in `heads`; later ones are chained in front of it.

import { pageMask, pageShift } from './arena.ts';

export const entryHeadWords = 4;
export const listHeadWords = 4;
export const firstChunkOrdinals = 4;
export const chunkOrdinalsMax = 512;

/** What goes to the worker: buffers by reference, the rest copied. */
export interface TermTableImage {
  readonly entries: readonly SharedArrayBuffer[];
  readonly lists: readonly SharedArrayBuffer[];
  /** Newest entry of each path. */
  readonly heads: Int32Array;
}

export class TermTable {
  readonly entryWords: readonly Int32Array[];
  readonly entryBytes: readonly Uint8Array[];
  readonly listWords: readonly Int32Array[];

  constructor(entryWords: readonly Int32Array[], entryBytes: readonly Uint8Array[], listWords: readonly Int32Array[]) {
    this.entryWords = entryWords;
    this.entryBytes = entryBytes;
    this.listWords = listWords;
  }

  static ofImage(image: TermTableImage): TermTable {
    return new TermTable(
      image.entries.map((buffer) => new Int32Array(buffer)),
      image.entries.map((buffer) => new Uint8Array(buffer)),
      image.lists.map((buffer) => new Int32Array(buffer)),
    );
  }

  keyLength(entry: number): number {
    return this.entryWords[entry >>> pageShift]![entry & pageMask]! & 0xffff;
  }

  next(entry: number): number {
    return this.entryWords[entry >>> pageShift]![(entry & pageMask) + 1]!;
  }

  /** The bytes in which the key of the entry lies, and where it starts there. */
  keyPage(entry: number): Uint8Array {
    return this.entryBytes[entry >>> pageShift]!;
  }

  keyStart(entry: number): number {
    return ((entry & pageMask) + entryHeadWords) * 4;
  }

  keyOf(entry: number): Uint8Array {
    const start = this.keyStart(entry);
    return this.keyPage(entry).slice(start, start + this.keyLength(entry));
  }

  /** Ordinals of the entry. */
  count(entry: number): number {
    const list = this.entryWords[entry >>> pageShift]![(entry & pageMask) + 3]!;
    return list === 0 ? 1 : this.listWords[list >>> pageShift]![list & pageMask]!;
  }

  first(entry: number): number {
    return this.entryWords[entry >>> pageShift]![(entry & pageMask) + 2]!;
  }

  last(entry: number): number {
    const list = this.entryWords[entry >>> pageShift]![(entry & pageMask) + 3]!;
    return list === 0 ? this.first(entry) : this.listWords[list >>> pageShift]![(list & pageMask) + 1]!;
  }

  /** Copies the ordinals, ascending, to `out` from `at`; returns how many. `out` has room for `count(entry)`. */
  copyOrdinals(entry: number, out: Uint32Array, at = 0): number {
    const page = this.entryWords[entry >>> pageShift]!;
    const word = entry & pageMask;
    const list = page[word + 3]!;
    if (list === 0) {
      out[at] = page[word + 2]!;
      return 1;
    }
    let words = this.listWords[list >>> pageShift]!;
    let place = (list & pageMask) + listHeadWords;
    const count = words[list & pageMask]!;
    let left = count;
    let size = firstChunkOrdinals;
    let target = at;
    for (;;) {
      const take = left < size ? left : size;
      for (let i = 0; i < take; i++) out[target++] = words[place + i]!;
      left -= take;
      if (left === 0) return count;
      const next = words[place + size]!;
      words = this.listWords[next >>> pageShift]!;
      place = next & pageMask;
      if (size < chunkOrdinalsMax) size *= 2;
    }
  }

  /** Order of two keys as bytes, shorter first. */
  compareEntries(a: number, b: number): number {
    const aBytes = this.keyPage(a);
    const bBytes = this.keyPage(b);
    const aStart = this.keyStart(a);
    const bStart = this.keyStart(b);
    const aLength = this.keyLength(a);
    const bLength = this.keyLength(b);
    const length = aLength < bLength ? aLength : bLength;
    for (let i = 0; i < length; i++) {
      const difference = aBytes[aStart + i]! - bBytes[bStart + i]!;
      if (difference !== 0) return difference;
    }
    return aLength - bLength;
  }

  /** Order of an entry's key against key bytes. */
  compareTo(entry: number, key: Uint8Array, start: number, end: number): number {
    const bytes = this.keyPage(entry);
    const at = this.keyStart(entry);
    const entryLength = this.keyLength(entry);
    const length = Math.min(entryLength, end - start);
    for (let i = 0; i < length; i++) {
      const difference = bytes[at + i]! - key[start + i]!;
      if (difference !== 0) return difference;
    }
    return entryLength - (end - start);
  }
}
