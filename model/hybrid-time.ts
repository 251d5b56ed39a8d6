// Hybrid time: one number that is both a wall clock and a counter (Kulkarni et al., "Logical Physical
// Clocks", 2014). Unit: microseconds since 2020-01-01T00:00:00Z, so the millisecond is the physical part and
// the three digits below it are the logical part; under more than a thousand events in a millisecond it runs ahead
// of the wall clock until that rests. A safe integer until the year 2305; Mongo's Timestamp, Cosmos's `_ts` and
// Tables' `Timestamp` (ten 100 ns ticks each) are all views of it.

/** 2020-01-01T00:00:00Z in milliseconds since 1970. */
export const epochMs = 1577836800000;

export const ticksPerMs = 1_000;
const ticksPerSecond = 1_000_000;

/** Branded so that a tick is never taken for milliseconds. */
export type HybridTime = number & { readonly __brand: 'HybridTime' };

export function hybridTimeOfMs(milliseconds: number): HybridTime {
  return Math.max(0, Math.floor(milliseconds - epochMs) * ticksPerMs) as HybridTime;
}

/** Milliseconds since 1970, fraction included. */
export function msOf(time: HybridTime): number {
  return time / ticksPerMs + epochMs;
}

/** Whole seconds since 1970: `_ts`. */
export function secondsOf(time: HybridTime): number {
  return Math.floor(time / ticksPerSecond) + epochMs / 1000;
}

/** Mongo's Timestamp(t, i): seconds since 1970 and the tick within the second, counted from 1. */
export function timestampOf(time: HybridTime): { readonly seconds: number; readonly increment: number } {
  return { seconds: secondsOf(time), increment: (time % ticksPerSecond) + 1 };
}

/** The inverse of `timestampOf`. */
export function hybridTimeOfTimestamp(seconds: number, increment: number): HybridTime {
  return ((seconds - epochMs / 1000) * ticksPerSecond + increment - 1) as HybridTime;
}

/** Hands out times that rise strictly, follow the wall clock, and stay above every time observed. */
export class HybridClock {
  #last: HybridTime = 0 as HybridTime;
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** A time above all before it. */
  next(): HybridTime {
    const wall = hybridTimeOfMs(this.#nowMs());
    this.#last = (wall > this.#last ? wall : this.#last + 1) as HybridTime;
    return this.#last;
  }

  /** A time at or above all before it, that no later `next()` will give: what is closed now. */
  close(): HybridTime {
    const before = (hybridTimeOfMs(this.#nowMs()) - 1) as HybridTime;
    if (before > this.#last) this.#last = before;
    return this.#last;
  }

  /** Takes note of a time met in a log, so that `next()` goes above it. */
  observe(time: HybridTime): void {
    if (time > this.#last) this.#last = time;
  }

  get nowMs(): number {
    return this.#nowMs();
  }
}
