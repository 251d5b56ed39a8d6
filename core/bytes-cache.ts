// Bytes used lately, under a number that never names other bytes: log records by sequence, answers by version
// stamp. A hot point read then costs neither the storage engine's lock nor a checksum nor an encoding. Direct-
// mapped: a look-up is one comparison, and nothing is allocated but the slots.
//
// Invariant: what is cached can be old but never wrong; whoever removes bytes for good forgets their number.

/** Slots: two to this power. */
const slotBits = 15;
const slotsMax = 2 ** slotBits;

/** Multiplicative hashing (Knuth, 6.4): runs of numbers and numbers at regular distances both spread evenly. */
function slotOf(number: number): number {
  return Math.imul(number ^ (number / 2 ** 32), 0x9e3779b1) >>> (32 - slotBits);
}

/** Larger ones are not worth their room. */
const entryBytesMax = 64 * 1024;

export class BytesCache {
  readonly #bytesMax: number;
  #numbers: Float64Array | undefined;
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
    const slot = slotOf(number);
    return this.#numbers !== undefined && this.#numbers[slot] === number ? this.#entries[slot] : undefined;
  }

  put(number: number, bytes: Uint8Array): void {
    if (bytes.length > entryBytesMax) return;
    // The slots themselves are made with the first entry: an idle server holds none.
    this.#numbers ??= new Float64Array(slotsMax);
    const slot = slotOf(number);
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
    const slot = slotOf(number);
    if (this.#numbers !== undefined && this.#numbers[slot] === number) this.#empty(slot);
  }

  #empty(slot: number): void {
    const bytes = this.#entries[slot];
    if (bytes === undefined) return;
    this.#bytes -= bytes.length;
    this.#entries[slot] = undefined;
    this.#numbers![slot] = 0;
  }
}
