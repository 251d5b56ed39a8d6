// Shared memory pages for memtables. A frozen memtable goes to the worker by reference, and its buffers stay
// alive until both threads collect them; so pages are pooled and used again instead of allocated per flush
// (index.md §6, rule 7).
//
// Invariants: the budget is a threshold that tells the owner to flush, never a capacity: `acquire` does not fail,
// because what it holds is already durable in the log. A page is in one memtable at a time.

/** Words (32 bit) of a full page. */
export const pageWords = 65_536;
export const pageBytes = pageWords * 4;

/** Pages kept for reuse; more are left to the collector. 16 MB: two memtables. */
const idlePagesMax = 64;

/** Default budget of one worker's memtables together. */
export const poolBytesDefault = 64 * 1024 * 1024;

export class PagePool {
  readonly budgetBytes: number;
  #idle: SharedArrayBuffer[] = [];
  #usedBytes = 0;

  constructor(budgetBytes = poolBytesDefault) {
    this.budgetBytes = budgetBytes;
  }

  /** Bytes that memtables hold now, small first pages included. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** True when some memtable should be flushed: the biggest or the oldest. */
  get overBudget(): boolean {
    return this.#usedBytes > this.budgetBytes;
  }

  /** A buffer of at least that many bytes; full pages come from the pool. Its contents are arbitrary. */
  acquire(bytes: number): SharedArrayBuffer {
    this.#usedBytes += bytes;
    if (bytes === pageBytes) {
      const idle = this.#idle.pop();
      if (idle !== undefined) return idle;
    }
    return new SharedArrayBuffer(bytes);
  }

  /** Gives buffers back. Nobody, on any thread, may touch them afterwards. */
  release(buffers: readonly SharedArrayBuffer[]): void {
    for (const buffer of buffers) {
      this.#usedBytes -= buffer.byteLength;
      if (buffer.byteLength === pageBytes && this.#idle.length < idlePagesMax) this.#idle.push(buffer);
    }
  }
}
