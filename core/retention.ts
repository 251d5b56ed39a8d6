// When superseded records go. A record whose version ended is history: kept for feeds and point in time until
// it is older than `ageMsMax` or the history outgrows its share of the store, then removed, oldest first.
//
// Invariant: records are removed in the order in which they were superseded. A tombstone is queued behind the
// versions it ended, and a log-structured store loses only its latest writes, so no crash can leave a version
// whose tombstone is gone.

import { DatabaseError } from '../model/errors.ts';
import type { Graveyard } from './partition.ts';

/** Seven days: Cosmos DB's continuous backup in its smaller tier, and the figure of data-model.md. */
export const historyAgeMsMax = 7 * 24 * 60 * 60 * 1000;

/** History below this is never worth removing for its size. */
export const historyBytesMin = 64 * 1024 * 1024;

/** Share of the live bytes that history may take. */
export const historyShareMax = 0.1;

/** Records removed in one step, so that no step delays a point read. */
const removedPerStepMax = 1_000;

/** Removes records of these sequences; their removal may be lost in a crash, in reverse order only. */
export type RemoveRecords = (sequences: readonly number[]) => Promise<void>;

export class Retention implements Graveyard {
  #sequences: number[] = [];
  #sizes: number[] = [];
  #times: number[] = [];
  #head = 0;
  #bytes = 0;
  readonly #nowMs: () => number;
  readonly #remove: RemoveRecords;

  constructor(nowMs: () => number, remove: RemoveRecords) {
    this.#nowMs = nowMs;
    this.#remove = remove;
  }

  /** Bytes of superseded records still in the log. */
  get bytes(): number {
    return this.#bytes;
  }

  superseded(sequence: number, bytes: number): void {
    this.#sequences.push(sequence);
    this.#sizes.push(bytes);
    this.#times.push(this.#nowMs());
    this.#bytes += bytes;
  }

  /** Removes what is due, at most one step of it. True when more is due. */
  async step(liveBytes: number): Promise<boolean> {
    const oldest = this.#nowMs() - historyAgeMsMax;
    const bytesMax = Math.max(historyBytesMin, liveBytes * historyShareMax);
    const due: number[] = [];
    while (this.#head < this.#sequences.length && due.length < removedPerStepMax) {
      if (this.#times[this.#head]! > oldest && this.#bytes <= bytesMax) break;
      due.push(this.#sequences[this.#head]!);
      this.#bytes -= this.#sizes[this.#head]!;
      this.#head++;
    }
    if (this.#head > 4096 && this.#head * 2 > this.#sequences.length) {
      this.#sequences = this.#sequences.slice(this.#head);
      this.#sizes = this.#sizes.slice(this.#head);
      this.#times = this.#times.slice(this.#head);
      this.#head = 0;
    }
    if (due.length === 0) return false;
    try {
      await this.#remove(due);
    } catch (error) {
      // A full disk must not stop reads; what was not removed is found again at the next start.
      if (!(error instanceof DatabaseError && error.code === 'StorageFull')) throw error;
      return false;
    }
    return due.length === removedPerStepMax;
  }
}
