// A file in memory for segments, and the driver of sliced work.

import type { ReadAt, SegmentSink } from '../../indexer/segment-format.ts';

export class MemoryFile implements SegmentSink {
  #bytes: Uint8Array;
  length: number;

  constructor(bytes: Uint8Array = new Uint8Array(0)) {
    this.#bytes = bytes;
    this.length = bytes.length;
  }

  write(bytes: Uint8Array): void {
    if (this.length + bytes.length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(4096, this.#bytes.length * 2, this.length + bytes.length));
      grown.set(this.#bytes.subarray(0, this.length));
      this.#bytes = grown;
    }
    this.#bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  readonly read: ReadAt = (offset, length, into) => {
    const bytes = this.#bytes.subarray(offset, Math.min(offset + length, this.length));
    if (into === undefined) return bytes;
    into.set(bytes);
    return into.subarray(0, bytes.length);
  };

  /** A copy of everything. */
  bytes(): Uint8Array {
    return this.#bytes.slice(0, this.length);
  }
}

/** Runs sliced work to its end. */
export function drive<Result>(steps: Generator<undefined, Result>): Result {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
