// How long work takes the event loop at a stretch: whoever reads many items asks between them, and lets others run
// when the slice is over. So no search delays a point read by more than a slice.

import { DatabaseError } from '../model/errors.ts';

/**
 * Milliseconds of one slice: as long as a point read takes over HTTP. A turn of the event loop between two slices costs
 * a few µs.
 */
export const sliceMsMax = 0.1;

/** Items read between two looks at the clock: about 10 µs each. */
export const itemsPerLook = 4;

export class Slices {
  readonly #signal: AbortSignal | undefined;
  #endMs = performance.now() + sliceMsMax;

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
  }

  get isOver(): boolean {
    return performance.now() > this.#endMs;
  }

  /** Lets others run. Throws Cancelled when the caller has gone away. */
  async pause(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#signal?.aborted === true) throw new DatabaseError('Cancelled', 'the caller went away');
    this.#endMs = performance.now() + sliceMsMax;
  }
}
