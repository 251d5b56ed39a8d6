// Which items of one source (segment or memtable) have died. Deaths are data of a newer source; here they are bits,
// changed in memory only and rebuilt from tombstones when a segment is opened.
//
// Invariants: a bit that is set stays set; deaths newer than the oldest open snapshot are also remembered with
// their LSN, so that the snapshot still sees the item; LSNs arrive in order.

import { countBits } from './postings.ts';

/** Views of the past kept per source; more are computed again. */
const pastViewsMax = 8;

export class Liveness {
  #words = new Uint32Array(0);
  #dead = 0;
  #recentOrdinals: number[] = [];
  #recentLsns: number[] = [];
  readonly #past = new Map<number, Uint32Array>();

  /** Items that died. */
  get dead(): number {
    return this.#dead;
  }

  /** Marks an item dead; false when it was. `recorded`: some snapshot still sees it. */
  kill(ordinal: number, lsn: number, recorded: boolean): boolean {
    const word = ordinal >>> 5;
    if (word >= this.#words.length) {
      const grown = new Uint32Array(Math.max(word + 1, this.#words.length * 2, 16));
      grown.set(this.#words);
      this.#words = grown;
    }
    const bit = 1 << (ordinal & 31);
    if ((this.#words[word]! & bit) !== 0) return false;
    this.#words[word]! |= bit;
    this.#dead++;
    if (recorded) {
      this.#recentOrdinals.push(ordinal);
      this.#recentLsns.push(lsn);
    }
    return true;
  }

  isDead(ordinal: number): boolean {
    const word = ordinal >>> 5;
    return word < this.#words.length && ((this.#words[word]! >>> (ordinal & 31)) & 1) === 1;
  }

  /**
   * Bits of the items dead at that LSN, undefined for none. The bits belong to this object: use them before the
   * next `kill`. They may be fewer words than the source has.
   */
  deadAt(lsn: number): Uint32Array | undefined {
    if (this.#dead === 0) return undefined;
    const { length } = this.#recentLsns;
    if (length === 0 || this.#recentLsns[length - 1]! <= lsn) return this.#words;
    // What died after `lsn` is alive for it, whatever else dies: the copy stays right.
    let past = this.#past.get(lsn);
    if (past === undefined) {
      past = this.#without(lsn);
      if (this.#past.size >= pastViewsMax) this.#past.clear();
      this.#past.set(lsn, past);
    }
    return past;
  }

  /** Number of the items dead at that LSN. */
  deadCountAt(lsn: number): number {
    const words = this.deadAt(lsn);
    return words === undefined ? 0 : words === this.#words ? this.#dead : countBits(words);
  }

  #without(lsn: number): Uint32Array {
    const words = this.#words.slice();
    for (let i = this.#recentLsns.length - 1; i >= 0 && this.#recentLsns[i]! > lsn; i--) {
      const ordinal = this.#recentOrdinals[i]!;
      words[ordinal >>> 5]! &= ~(1 << (ordinal & 31));
    }
    return words;
  }

  /** Bits of the items that no snapshot at or after `oldestLsn` sees, as a copy; undefined for none. */
  purgeable(oldestLsn: number): Uint32Array | undefined {
    if (this.#dead === 0) return undefined;
    const words = this.#without(oldestLsn);
    return words.some((word) => word !== 0) ? words : undefined;
  }

  /** Deaths that snapshots still need: those with an LSN above `oldestLsn`. */
  *recent(oldestLsn: number): Generator<{ readonly ordinal: number; readonly lsn: number }> {
    for (let i = 0; i < this.#recentLsns.length; i++)
      if (this.#recentLsns[i]! > oldestLsn) yield { ordinal: this.#recentOrdinals[i]!, lsn: this.#recentLsns[i]! };
  }

  /** Forgets when items died that every open snapshot sees as dead. */
  forget(oldestLsn: number): void {
    for (const lsn of this.#past.keys()) if (lsn < oldestLsn) this.#past.delete(lsn);
    let drop = 0;
    while (drop < this.#recentLsns.length && this.#recentLsns[drop]! <= oldestLsn) drop++;
    if (drop === 0) return;
    this.#recentOrdinals.splice(0, drop);
    this.#recentLsns.splice(0, drop);
  }

  /** Takes over the deaths of sources that became one: ordinals move by `map`, `purge` says which items are gone. */
  static merged(
    inputs: readonly {
      readonly liveness: Liveness;
      readonly purge: Uint32Array | undefined;
      readonly map: (ordinal: number) => number;
    }[],
  ): Liveness {
    const result = new Liveness();
    const recent: { readonly ordinal: number; readonly lsn: number }[] = [];
    for (const { liveness, purge, map } of inputs) {
      const words = liveness.#words;
      for (let i = 0; i < words.length; i++) {
        let word = words[i]! & ~(purge?.[i] ?? 0);
        while (word !== 0) {
          result.kill(map((i << 5) + (31 - Math.clz32(word & -word))), 0, false);
          word &= word - 1;
        }
      }
      for (const { ordinal, lsn } of liveness.recent(0))
        if ((((purge?.[ordinal >>> 5] ?? 0) >>> (ordinal & 31)) & 1) === 0) recent.push({ ordinal: map(ordinal), lsn });
    }
    recent.sort((a, b) => a.lsn - b.lsn);
    for (const { ordinal, lsn } of recent) {
      result.#recentOrdinals.push(ordinal);
      result.#recentLsns.push(lsn);
    }
    return result;
  }

  /** Counts the bits of `purge`. */
  static count(purge: Uint32Array | undefined): number {
    return purge === undefined ? 0 : countBits(purge);
  }
}
