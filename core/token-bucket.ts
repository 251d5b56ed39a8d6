// A token bucket of request units. Tokens flow in at the provisioned rate; a request is admitted while the bucket is
// not in debt, and its charge, known only afterwards, is taken then. Pure: every call is told the time.
//
// Invariants: over any time, what was taken of admitted requests exceeds rate × time + burst by at most the last
// request's charge; the wait told to a refused request is just as long as the debt lasts.

/** Seconds of unused throughput that a bucket keeps. Azure's burst capacity keeps 300 and gives none above 3,000 RU/s. */
export const burstSeconds = 1;

export class TokenBucket {
  #rate: number;
  #tokens: number;
  #atMs: number;

  /** A full bucket; `rate` in RU/s, above 0. */
  constructor(rate: number, nowMs: number) {
    this.#rate = rate;
    this.#tokens = rate * burstSeconds;
    this.#atMs = nowMs;
  }

  get rate(): number {
    return this.#rate;
  }

  /** Another rate since `fromMs`, which is not after now: a debt is paid at the new one from then on. */
  setRate(rate: number, fromMs: number): void {
    if (rate === this.#rate) return;
    if (fromMs > this.#atMs) this.#fill(fromMs);
    this.#rate = rate;
    this.#tokens = Math.min(rate * burstSeconds, this.#tokens);
  }

  /** RU that are there; negative: the debt. */
  tokens(nowMs: number): number {
    this.#fill(nowMs);
    return this.#tokens;
  }

  /** 0 when a request is admitted, else the whole milliseconds until one is. */
  waitMs(nowMs: number): number {
    const tokens = this.tokens(nowMs);
    return tokens >= 0 ? 0 : Math.ceil((-tokens / this.#rate) * 1000);
  }

  take(charge: number, nowMs: number): void {
    this.#fill(nowMs);
    this.#tokens -= charge;
  }

  #fill(nowMs: number): void {
    const elapsedMs = nowMs - this.#atMs;
    if (elapsedMs === 0) return;
    this.#atMs = nowMs;
    // A clock that was set back adds nothing.
    if (elapsedMs > 0)
      this.#tokens = Math.min(this.#rate * burstSeconds, this.#tokens + (elapsedMs / 1000) * this.#rate);
  }
}
