// Where the ordinals of one input of a flush or merge go: purged ones vanish, the others move down by the number of
// purged before them and up by the items of the inputs before. Needs a bitmap and one count per 32 ordinals.

import { popcount, wordsFor } from './postings.ts';

export class OrdinalMap {
  /** Items that stay. */
  readonly kept: number;
  readonly #purge: Uint32Array | undefined;
  /** Purged ordinals before each word. */
  readonly #before: Uint32Array;
  readonly base: number;

  constructor(count: number, purge: Uint32Array | undefined, base: number) {
    this.base = base;
    const words = wordsFor(count);
    let purged = 0;
    if (purge === undefined) this.#before = new Uint32Array(0);
    else {
      this.#before = new Uint32Array(words);
      for (let i = 0; i < words; i++) {
        this.#before[i] = purged;
        purged += popcount(purge[i] ?? 0);
      }
    }
    this.#purge = purged === 0 ? undefined : purge;
    this.kept = count - purged;
  }

  /** True when nothing is purged: ordinals only move by `base`. */
  get isShift(): boolean {
    return this.#purge === undefined;
  }

  isKept(ordinal: number): boolean {
    const purge = this.#purge;
    return purge === undefined || (((purge[ordinal >>> 5] ?? 0) >>> (ordinal & 31)) & 1) === 0;
  }

  /** New ordinal of a kept one. */
  map(ordinal: number): number {
    const purge = this.#purge;
    if (purge === undefined) return this.base + ordinal;
    const word = ordinal >>> 5;
    const mask = (1 << (ordinal & 31)) - 1;
    return this.base + ordinal - this.#before[word]! - popcount((purge[word] ?? 0) & mask);
  }

  /** Maps `ordinals[at, at + count)` in place, dropping the purged; returns how many stay. */
  remap(ordinals: Uint32Array, count: number, at = 0): number {
    const purge = this.#purge;
    if (purge === undefined) {
      if (this.base !== 0) for (let i = at; i < at + count; i++) ordinals[i]! += this.base;
      return count;
    }
    let kept = 0;
    for (let i = at; i < at + count; i++) {
      const ordinal = ordinals[i]!;
      const word = ordinal >>> 5;
      const bits = purge[word] ?? 0;
      const bit = 1 << (ordinal & 31);
      if ((bits & bit) !== 0) continue;
      ordinals[at + kept++] = this.base + ordinal - this.#before[word]! - (bits === 0 ? 0 : popcount(bits & (bit - 1)));
    }
    return kept;
  }
}
