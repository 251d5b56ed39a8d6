// Bytes used lately, under a number that never names other bytes: log records by sequence, answers by version
// stamp. A hot point read then costs neither the storage engine's lock nor a checksum nor an encoding. A number has
// a few slots to lie in: a look-up is as many comparisons, and nothing is allocated but the slots.
//
// Invariant: what is cached can be old but never wrong; whoever removes bytes for good forgets their number.

/** Sets of slots: two to this power. */
const setBits = 13;
const setsMax = 2 ** setBits;

/** Slots of a set. With one, two numbers in five of a half-full cache would drive each other out. */
const ways = 4;
const slotsMax = setsMax * ways;

/** First slot of a number's set. Multiplicative hashing (Knuth, 6.4) spreads runs and regular distances evenly. */
function setOf(number: number): number {
  return (Math.imul(number ^ (number / 2 ** 32), 0x9e3779b1) >>> (32 - setBits)) * ways;
}

/** Larger ones are not worth their room. */
const entryBytesMax = 64 * 1024;

export class BytesCache {
  readonly #bytesMax: number;
  /** Zero: empty, which is no number of anything. */
  #numbers = new Float64Array(0);
  /** Of each set, the way that was taken last. */
  #next = new Uint8Array(0);
  #entries: (Uint8Array | undefined)[] = [];
  #bytes = 0;
  /** Next slot to empty when the bytes are over their bound. */
  #hand = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Bytes held now. */
  get bytes(): number {
    return this.#bytes;
  }

  get(number: number): Uint8Array | undefined {
    const slot = this.#slotOf(number);
    return slot < 0 ? undefined : this.#entries[slot];
  }

  put(number: number, bytes: Uint8Array): void {
    if (bytes.length > entryBytesMax) return;
    // The slots themselves are made with the first entry: an idle server holds none.
    if (this.#numbers.length === 0) {
      this.#numbers = new Float64Array(slotsMax);
      this.#next = new Uint8Array(setsMax);
      this.#entries = new Array<Uint8Array | undefined>(slotsMax).fill(undefined);
    }
    const known = this.#slotOf(number);
    const slot = known < 0 ? this.#slotFor(setOf(number)) : known;
    this.#empty(slot);
    this.#numbers[slot] = number;
    this.#entries[slot] = bytes;
    this.#bytes += bytes.length;
    while (this.#bytes > this.#bytesMax) {
      if (this.#hand !== slot) this.#empty(this.#hand);
      this.#hand = (this.#hand + 1) % slotsMax;
    }
  }

  forget(number: number): void {
    const slot = this.#slotOf(number);
    if (slot >= 0) this.#empty(slot);
  }

  /** -1: not here. */
  #slotOf(number: number): number {
    const first = setOf(number);
    for (let slot = first; slot < first + ways; slot++) if (this.#numbers[slot] === number) return slot;
    return -1;
  }

  /** An empty slot of the set, else each in its turn. */
  #slotFor(first: number): number {
    for (let slot = first; slot < first + ways; slot++) if (this.#numbers[slot] === 0) return slot;
    const set = first / ways;
    return first + (this.#next[set] = (this.#next[set]! + 1) % ways);
  }

  #empty(slot: number): void {
    const bytes = this.#entries[slot];
    if (bytes === undefined) return;
    this.#bytes -= bytes.length;
    this.#entries[slot] = undefined;
    this.#numbers[slot] = 0;
  }
}
