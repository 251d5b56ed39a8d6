// What one partition was charged: totals for metrics, and the last minute second by second, for the report on skew
// and for the figure that autoscale is at. Pure: every call is told the time.

/** Seconds that are kept one by one. */
export const recentSeconds = 60;

export class Usage {
  /** RU since the start. */
  charge = 0;
  requests = 0;
  /** Requests refused with TooManyRequests. */
  throttled = 0;
  readonly #seconds = new Float64Array(recentSeconds);
  #second = 0;

  take(charge: number, nowMs: number): void {
    this.charge += charge;
    this.requests++;
    this.#seconds[this.#slot(nowMs)]! += charge;
  }

  /** RU of the last minute, the second that runs included. */
  recent(nowMs: number): number {
    this.#slot(nowMs);
    let sum = 0;
    for (const charge of this.#seconds) sum += charge;
    return sum;
  }

  /** RU of the last whole second, or of the one that runs if these are more already. */
  perSecond(nowMs: number): number {
    const slot = this.#slot(nowMs);
    return Math.max(this.#seconds[slot]!, this.#seconds[(slot + recentSeconds - 1) % recentSeconds]!);
  }

  /** Slot of the second that runs; those passed over since are empty. */
  #slot(nowMs: number): number {
    const second = Math.floor(nowMs / 1000);
    if (second > this.#second) {
      const passed = Math.min(recentSeconds, second - this.#second);
      for (let i = 0; i < passed; i++) this.#seconds[(second - i) % recentSeconds] = 0;
      this.#second = second;
    }
    return this.#second % recentSeconds;
  }
}
