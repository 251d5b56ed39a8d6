// Records read or written lately, by sequence: a hot point read then costs neither the storage engine's lock nor
// the checksum (11 µs each, measured). Direct-mapped: neighbours in the log never evict each other, a look-up is
// one comparison, and nothing is allocated but the slots.
//
// Invariant: a record never changes under its sequence, so a cached one can be old but never wrong; trimmed
// sequences are forgotten by whoever trims.

/** Slots: a power of two. */
const slotsMax = 8192;

/** Records above this size are not worth their room. */
const recordBytesMax = 64 * 1024;

export class RecordCache {
  readonly #bytesMax: number;
  #sequences: Float64Array | undefined;
  #records: (Uint8Array | undefined)[] = [];
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

  get(sequence: number): Uint8Array | undefined {
    const slot = sequence % slotsMax;
    return this.#sequences !== undefined && this.#sequences[slot] === sequence ? this.#records[slot] : undefined;
  }

  put(sequence: number, record: Uint8Array): void {
    if (record.length > recordBytesMax) return;
    // The slots themselves are made with the first record: an idle server holds none.
    this.#sequences ??= new Float64Array(slotsMax);
    const slot = sequence % slotsMax;
    this.#empty(slot);
    this.#sequences[slot] = sequence;
    this.#records[slot] = record;
    this.#bytes += record.length;
    while (this.#bytes > this.#bytesMax) {
      if (this.#hand !== slot) this.#empty(this.#hand);
      this.#hand = (this.#hand + 1) % slotsMax;
    }
  }

  forget(sequence: number): void {
    const slot = sequence % slotsMax;
    if (this.#sequences !== undefined && this.#sequences[slot] === sequence) this.#empty(slot);
  }

  #empty(slot: number): void {
    const record = this.#records[slot];
    if (record === undefined) return;
    this.#bytes -= record.length;
    this.#records[slot] = undefined;
    this.#sequences![slot] = 0;
  }
}
