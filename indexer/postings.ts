// Sets of ordinals of one segment or memtable: nothing, everything, a sorted list, or a bitmap of 32-bit words.
// Which one follows from density; every operation takes any two forms and picks merge, gallop, probing or
// word-wise work. `size` is always the number of ordinals of the whole.
//
// Invariants: lists rise strictly; bitmaps have ceil(size / 32) words or more, bits at and above `size` are 0;
// sets are never changed after they are made, so they may share memory with caches.

export type PostingSet =
  | { readonly kind: 'none' }
  | { readonly kind: 'all' }
  | { readonly kind: 'list'; readonly ordinals: Uint32Array }
  | { readonly kind: 'bits'; readonly words: Uint32Array; readonly count: number };

export const noPostings: PostingSet = { kind: 'none' };
export const allPostings: PostingSet = { kind: 'all' };

/** A list denser than one in this many becomes a bitmap: from here on a list takes more memory. */
export const bitsPerListOrdinal = 32;

/** One list this many times longer than the other is searched, not merged. */
const gallopRatio = 16;

export function wordsFor(size: number): number {
  return (size + 31) >>> 5;
}

export function popcount(word: number): number {
  let v = word - ((word >>> 1) & 0x55555555);
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333);
  return Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** Bits of each nibble of a word. */
function nibbles(word: number): number {
  const v = word - ((word >>> 1) & 0x55555555);
  return (v & 0x33333333) + ((v >>> 2) & 0x33333333);
}

/** Sums the nibbles of four words' counts, two and two: at most 8 in each nibble of an argument. */
function sumNibbles(a: number, b: number): number {
  const bytes = (a & 0x0f0f0f0f) + ((a >>> 4) & 0x0f0f0f0f) + (b & 0x0f0f0f0f) + ((b >>> 4) & 0x0f0f0f0f);
  return Math.imul(bytes, 0x01010101) >>> 24;
}

/** Set bits in `words[0, length)`. */
export function countBits(words: Uint32Array, length = words.length): number {
  let total = 0;
  let i = 0;
  for (; i + 4 <= length; i += 4)
    total += sumNibbles(nibbles(words[i]!) + nibbles(words[i + 1]!), nibbles(words[i + 2]!) + nibbles(words[i + 3]!));
  for (; i < length; i++) total += popcount(words[i]!);
  return total;
}

export function countOf(set: PostingSet, size: number): number {
  switch (set.kind) {
    case 'none':
      return 0;
    case 'all':
      return size;
    case 'list':
      return set.ordinals.length;
    case 'bits':
      return set.count;
  }
}

export function listSet(ordinals: Uint32Array): PostingSet {
  return ordinals.length === 0 ? noPostings : { kind: 'list', ordinals };
}

export function bitsSet(words: Uint32Array, count: number, size: number): PostingSet {
  return count === 0 ? noPostings : count === size ? allPostings : { kind: 'bits', words, count };
}

/** A fresh bitmap with the set's bits. */
export function toWords(set: PostingSet, size: number): Uint32Array {
  const words = new Uint32Array(wordsFor(size));
  addTo(words, set, size);
  return words;
}

/** Sets the bits of a set in a bitmap. */
export function addTo(words: Uint32Array, set: PostingSet, size: number): void {
  switch (set.kind) {
    case 'none':
      return;
    case 'all':
      fillBits(words, size);
      return;
    case 'list': {
      const { ordinals } = set;
      for (let i = 0; i < ordinals.length; i++) {
        const ordinal = ordinals[i]!;
        words[ordinal >>> 5]! |= 1 << (ordinal & 31);
      }
      return;
    }
    case 'bits':
      for (let i = 0; i < words.length; i++) words[i]! |= set.words[i]!;
  }
}

/** Sets bits [0, size). */
export function fillBits(words: Uint32Array, size: number): void {
  const whole = size >>> 5;
  words.fill(0xffffffff, 0, whole);
  if ((size & 31) !== 0) words[whole]! |= 2 ** (size & 31) - 1;
}

/** Ordinals of a bitmap, ascending. `count` is their number. */
export function listOfBits(words: Uint32Array, count: number): Uint32Array {
  const out = new Uint32Array(count);
  let at = 0;
  for (let i = 0; at < count; i++) {
    let word = words[i]! | 0;
    while (word !== 0) {
      out[at++] = (i << 5) + (31 - Math.clz32(word & -word));
      word &= word - 1;
    }
  }
  return out;
}

function lowerBound(list: Uint32Array, from: number, value: number): number {
  // Gallop from where the last search ended, then halve.
  let step = 1;
  let low = from;
  let high = from;
  while (high < list.length && list[high]! < value) {
    low = high + 1;
    high += step;
    step *= 2;
  }
  if (high > list.length) high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (list[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Visits the ordinals both lists have; `out` takes them when given. Returns how many. */
function intersectLists(a: Uint32Array, b: Uint32Array, size: number, out: Uint32Array | undefined): number {
  const small = a.length <= b.length ? a : b;
  const large = small === a ? b : a;
  let count = 0;
  if (small.length * gallopRatio < large.length) {
    let at = 0;
    for (let i = 0; i < small.length && at < large.length; i++) {
      const value = small[i]!;
      at = lowerBound(large, at, value);
      if (at < large.length && large[at] === value) {
        if (out !== undefined) out[count] = value;
        count++;
      }
    }
    return count;
  }
  if (large.length * bitsPerListOrdinal * 2 > size) {
    // Dense enough that a bitmap of the longer one costs less than mispredicted branches of a merge.
    const words = new Uint32Array(wordsFor(size));
    for (let i = 0; i < large.length; i++) words[large[i]! >>> 5]! |= 1 << (large[i]! & 31);
    return intersectListBits(small, words, out);
  }
  let i = 0;
  let j = 0;
  while (i < small.length && j < large.length) {
    const left = small[i]!;
    const right = large[j]!;
    if (left === right) {
      if (out !== undefined) out[count] = left;
      count++;
    }
    if (left <= right) i++;
    if (right <= left) j++;
  }
  return count;
}

function intersectListBits(list: Uint32Array, words: Uint32Array, out: Uint32Array | undefined): number {
  let count = 0;
  if (out === undefined) {
    for (let i = 0; i < list.length; i++) count += (words[list[i]! >>> 5]! >>> (list[i]! & 31)) & 1;
    return count;
  }
  for (let i = 0; i < list.length; i++) {
    const ordinal = list[i]!;
    out[count] = ordinal;
    count += (words[ordinal >>> 5]! >>> (ordinal & 31)) & 1;
  }
  return count;
}

export function and(a: PostingSet, b: PostingSet, size: number): PostingSet {
  if (a.kind === 'none' || b.kind === 'all') return a;
  if (b.kind === 'none' || a.kind === 'all') return b;
  if (a.kind === 'bits' && b.kind === 'bits') {
    const words = new Uint32Array(wordsFor(size));
    let count = 0;
    for (let i = 0; i < words.length; i++) {
      const word = a.words[i]! & b.words[i]!;
      words[i] = word;
      if (word !== 0) count += popcount(word);
    }
    return bitsSet(words, count, size);
  }
  if (a.kind === 'list' && b.kind === 'list') {
    const out = new Uint32Array(Math.min(a.ordinals.length, b.ordinals.length));
    return listSet(out.subarray(0, intersectLists(a.ordinals, b.ordinals, size, out)));
  }
  const list = a.kind === 'list' ? a.ordinals : (b as { ordinals: Uint32Array }).ordinals;
  const words = a.kind === 'bits' ? a.words : (b as { words: Uint32Array }).words;
  // One more place: the loop writes before it knows.
  const out = new Uint32Array(list.length + 1);
  return listSet(out.subarray(0, intersectListBits(list, words, out)));
}

/** Size of the intersection, without making it. */
export function andCount(a: PostingSet, b: PostingSet, size: number): number {
  if (a.kind === 'none' || b.kind === 'none') return 0;
  if (a.kind === 'all') return countOf(b, size);
  if (b.kind === 'all') return countOf(a, size);
  if (a.kind === 'bits')
    return b.kind === 'bits'
      ? andWordsCount(a.words, b.words, wordsFor(size))
      : intersectListBits(b.ordinals, a.words, undefined);
  return b.kind === 'bits'
    ? intersectListBits(a.ordinals, b.words, undefined)
    : intersectLists(a.ordinals, b.ordinals, size, undefined);
}

/** Bits both have, over the first `length` words. */
export function andWordsCount(a: Uint32Array, b: Uint32Array, length: number): number {
  let total = 0;
  let i = 0;
  for (; i + 4 <= length; i += 4)
    total += sumNibbles(
      nibbles(a[i]! & b[i]!) + nibbles(a[i + 1]! & b[i + 1]!),
      nibbles(a[i + 2]! & b[i + 2]!) + nibbles(a[i + 3]! & b[i + 3]!),
    );
  for (; i < length; i++) total += popcount(a[i]! & b[i]!);
  return total;
}

export function or(a: PostingSet, b: PostingSet, size: number): PostingSet {
  if (a.kind === 'none' || b.kind === 'all') return b;
  if (b.kind === 'none' || a.kind === 'all') return a;
  if (a.kind === 'list' && b.kind === 'list' && (a.ordinals.length + b.ordinals.length) * bitsPerListOrdinal <= size) {
    const left = a.ordinals;
    const right = b.ordinals;
    const out = new Uint32Array(left.length + right.length);
    let i = 0;
    let j = 0;
    let at = 0;
    while (i < left.length && j < right.length) {
      const x = left[i]!;
      const y = right[j]!;
      out[at++] = x < y ? x : y;
      if (x <= y) i++;
      if (y <= x) j++;
    }
    while (i < left.length) out[at++] = left[i++]!;
    while (j < right.length) out[at++] = right[j++]!;
    return listSet(out.subarray(0, at));
  }
  const words = toWords(a, size);
  addTo(words, b, size);
  return bitsSet(words, countBits(words), size);
}

export function not(set: PostingSet, size: number): PostingSet {
  if (set.kind === 'none') return size === 0 ? noPostings : allPostings;
  if (set.kind === 'all') return noPostings;
  const words = toWords(set, size);
  const length = wordsFor(size);
  for (let i = 0; i < length; i++) words[i] = ~words[i]!;
  if ((size & 31) !== 0) words[length - 1]! &= 2 ** (size & 31) - 1;
  return bitsSet(words, size - countOf(set, size), size);
}

/** The set without the bits of `words` (which may be shorter: missing words are 0). */
export function without(set: PostingSet, words: Uint32Array, size: number): PostingSet {
  if (set.kind === 'none') return set;
  if (set.kind === 'list') {
    const { ordinals } = set;
    const out = new Uint32Array(ordinals.length);
    let count = 0;
    for (let i = 0; i < ordinals.length; i++) {
      const ordinal = ordinals[i]!;
      const word = ordinal >>> 5;
      if (word < words.length && ((words[word]! >>> (ordinal & 31)) & 1) === 1) continue;
      out[count++] = ordinal;
    }
    return count === ordinals.length ? set : listSet(out.subarray(0, count));
  }
  const out = toWords(set, size);
  const shared = Math.min(out.length, words.length);
  for (let i = 0; i < shared; i++) out[i]! &= ~words[i]!;
  return bitsSet(out, countBits(out), size);
}

/** How many ordinals of the set have their bit in `words` (which may be shorter). */
export function hitsIn(set: PostingSet, words: Uint32Array, size: number): number {
  switch (set.kind) {
    case 'none':
      return 0;
    case 'all':
      return countBits(words, Math.min(words.length, wordsFor(size)));
    case 'bits':
      return andWordsCount(set.words, words, Math.min(words.length, wordsFor(size)));
    case 'list': {
      let count = 0;
      const { ordinals } = set;
      for (let i = 0; i < ordinals.length; i++) {
        const word = ordinals[i]! >>> 5;
        if (word < words.length) count += (words[word]! >>> (ordinals[i]! & 31)) & 1;
      }
      return count;
    }
  }
}

/** The part of the set below `bound`. */
export function below(set: PostingSet, bound: number, size: number): PostingSet {
  if (bound >= size || set.kind === 'none') return set;
  if (bound <= 0) return noPostings;
  if (set.kind === 'list') {
    const { ordinals } = set;
    if (ordinals[ordinals.length - 1]! < bound) return set;
    return listSet(ordinals.subarray(0, lowerBound(ordinals, 0, bound)));
  }
  const words = new Uint32Array(wordsFor(size));
  fillBits(words, bound);
  if (set.kind === 'bits') for (let i = 0; i < words.length; i++) words[i]! &= set.words[i]!;
  return bitsSet(words, set.kind === 'all' ? bound : countBits(words), size);
}

export function contains(set: PostingSet, ordinal: number): boolean {
  switch (set.kind) {
    case 'none':
      return false;
    case 'all':
      return true;
    case 'bits':
      return ((set.words[ordinal >>> 5]! >>> (ordinal & 31)) & 1) === 1;
    case 'list': {
      const at = lowerBound(set.ordinals, 0, ordinal);
      return at < set.ordinals.length && set.ordinals[at] === ordinal;
    }
  }
}

/** Smallest ordinal of the set at or above `from`, or -1. */
export function nextIn(set: PostingSet, from: number, size: number): number {
  switch (set.kind) {
    case 'none':
      return -1;
    case 'all':
      return from < size ? from : -1;
    case 'list': {
      const at = lowerBound(set.ordinals, 0, from);
      return at < set.ordinals.length ? set.ordinals[at]! : -1;
    }
    case 'bits': {
      let i = from >>> 5;
      if (i >= set.words.length) return -1;
      let word = (set.words[i]! & (-1 << (from & 31))) | 0;
      while (word === 0) {
        i++;
        if (i >= set.words.length) return -1;
        word = set.words[i]! | 0;
      }
      return (i << 5) + (31 - Math.clz32(word & -word));
    }
  }
}

/** Collects ordinals in any order, with repeats, into a set: a list while they are few, then a bitmap. */
export class SetBuilder {
  readonly #size: number;
  #list: Uint32Array;
  #length = 0;
  #words: Uint32Array | undefined;

  constructor(size: number) {
    this.#size = size;
    this.#list = new Uint32Array(Math.min(64, Math.max(1, size)));
  }

  add(ordinal: number): void {
    if (this.#words !== undefined) {
      this.#words[ordinal >>> 5]! |= 1 << (ordinal & 31);
      return;
    }
    if (this.#length === this.#list.length) this.reserve(1);
    if (this.#words !== undefined) this.add(ordinal);
    else this.#list[this.#length++] = ordinal;
  }

  addSet(set: PostingSet): void {
    if (set.kind === 'none') return;
    if (set.kind === 'list') {
      this.reserve(set.ordinals.length);
      if (this.#words === undefined) {
        this.#list.set(set.ordinals, this.#length);
        this.#length += set.ordinals.length;
        return;
      }
    } else this.#toBits();
    addTo(this.#words!, set, this.#size);
  }

  /** Makes room for that many more, or changes to a bitmap. */
  reserve(more: number): void {
    if (this.#words !== undefined || this.#length + more <= this.#list.length) return;
    if ((this.#length + more) * bitsPerListOrdinal > this.#size) {
      this.#toBits();
      return;
    }
    const grown = new Uint32Array(Math.max(this.#list.length * 2, this.#length + more));
    grown.set(this.#list.subarray(0, this.#length));
    this.#list = grown;
  }

  #toBits(): void {
    if (this.#words !== undefined) return;
    this.#words = new Uint32Array(wordsFor(this.#size));
    for (let i = 0; i < this.#length; i++) this.#words[this.#list[i]! >>> 5]! |= 1 << (this.#list[i]! & 31);
    this.#length = 0;
  }

  finish(): PostingSet {
    if (this.#words !== undefined) return bitsSet(this.#words, countBits(this.#words), this.#size);
    const list = this.#list.subarray(0, this.#length).sort();
    let count = 0;
    for (let i = 0; i < list.length; i++) if (i === 0 || list[i] !== list[count - 1]) list[count++] = list[i]!;
    return listSet(list.subarray(0, count));
  }
}
