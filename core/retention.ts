// When superseded records go. A record whose version ended is history: kept for feeds and point in time until
// it is older than `historyAgeMsMax` or the history outgrows its share of the store, then removed, oldest first. What is
// younger than a container of the log group declares that it needs (`declaredRetentionMsOf`) is history of more right:
// its share is larger.
//
// Invariants: records are removed in the order in which they were superseded. A tombstone is queued behind the
// versions it ended, and a log-structured store loses only its latest writes, so no crash can leave a version
// whose tombstone is gone. A record is removed only when neither it nor what superseded it is needed to make the index
// again (index.md §8.1), and no open snapshot sees it. Killers never fall along the queue.

import { DatabaseError } from '../model/errors.ts';
import { historyEntryBytes, writeHistoryEntry, type History, type HistoryEntry } from './history-file.ts';
import type { Graveyard } from './partition.ts';

/** Seven days: Cosmos DB's continuous backup in its smaller tier, and the figure of data-model.md. */
export const historyAgeMsMax = 7 * 24 * 60 * 60 * 1000;

/** History below this is never worth removing for its size. */
export const historyBytesMin = 64 * 1024 * 1024;

/**
 * Share of the live bytes that history may take. Where updates lie anywhere, removing it rewrites most of the store: the
 * more goes at once, the less is written for each byte.
 */
export const historyShareMax = 0.5;

/** The same for history that is declared to be needed. Beyond that it goes: a policy must not fill the disk. */
export const declaredBytesMin = 1024 * 1024 * 1024;
const declaredShareMax = 4;

/**
 * Removal waits until much is due and then goes on until the history is at this share of its bound, or an hour younger
 * than its age: a removed key lies among old ones, and each of LevelDB's files that holds one is rewritten with all it
 * overlaps. A few files full of them cost less than some in every file (8 to 9 bytes were written per byte replaced).
 */
const drainedShare = 0.1;
export const historySlackMsMax = 60 * 60 * 1000;

/** Records removed in one step, so that no step delays a point read. */
const removedPerStepMax = 1_000;

/** Removes records of these sequences; their removal may be lost in a crash, in reverse order only. */
export type RemoveRecords = (sequences: readonly number[]) => Promise<void>;

/** What must stay, asked at each step. */
export interface RetentionBounds {
  /** Sequence up to which the index on disk needs no replay (`IndexKeeper.coveredTo`). */
  readonly coveredTo: () => number;
  /** Lowest sequence that an open snapshot does not see yet, Infinity when none is open. */
  readonly heldFrom: () => number;
  /** Milliseconds for which some container declares that it needs history, 0 when none does. */
  readonly declaredMs: () => number;
}

const unbounded: RetentionBounds = { coveredTo: () => Infinity, heldFrom: () => Infinity, declaredMs: () => 0 };

/** Entries done with before their room is given back. */
const compactMin = 4096;

export class Retention implements Graveyard, History {
  #sequences: number[] = [];
  #killers: number[] = [];
  #sizes: number[] = [];
  #times: number[] = [];
  /** Position of the first entry of the arrays, of the first not removed, and of the first that may be asked for. */
  #base = 0;
  #head = 0;
  #kept: number | undefined;
  #bytes = 0;
  /** Removing until little is left. */
  #isDraining = false;
  readonly #nowMs: () => number;
  readonly #remove: RemoveRecords;
  readonly #bounds: RetentionBounds;

  constructor(nowMs: () => number, remove: RemoveRecords, bounds: RetentionBounds = unbounded) {
    this.#nowMs = nowMs;
    this.#remove = remove;
    this.#bounds = bounds;
  }

  /** Bytes of superseded records still in the log. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Superseded records still in the log. */
  get count(): number {
    return this.#base + this.#sequences.length - this.#head;
  }

  get head(): number {
    return this.#head;
  }

  /**
   * Queues a record that ended. `killer` is the sequence of the record that ended it, its own for a tombstone;
   * `timeMs` when that was, where it is not now.
   */
  superseded(sequence: number, bytes: number, killer = 0, timeMs = this.#nowMs()): void {
    this.#sequences.push(sequence);
    this.#killers.push(killer);
    this.#sizes.push(bytes);
    this.#times.push(timeMs);
    this.#bytes += bytes;
  }

  load(entries: Iterable<HistoryEntry>): void {
    this.#kept = this.#head;
    for (const { sequence, bytes, killer, timeMs } of entries) this.superseded(sequence, bytes, killer, timeMs);
  }

  encode(position: number, killerMax: number): Uint8Array {
    const from = position - this.#base;
    if (from < 0) throw new Error('this history is forgotten');
    let low = from;
    let high = this.#killers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#killers[middle]! <= killerMax) low = middle + 1;
      else high = middle;
    }
    const out = new Uint8Array((low - from) * historyEntryBytes);
    for (let i = from; i < low; i++)
      writeHistoryEntry(out, (i - from) * historyEntryBytes, {
        sequence: this.#sequences[i]!,
        killer: this.#killers[i]!,
        timeMs: this.#times[i]!,
        bytes: this.#sizes[i]!,
      });
    return out;
  }

  forget(position: number): void {
    this.#kept = Math.min(position, this.#head);
    this.#compact();
  }

  /** Removes what is due and may go, at most one step of it. True when more is due. One step at a time. */
  async step(liveBytes: number): Promise<boolean> {
    const first = this.#head - this.#base;
    if (first >= this.#sequences.length) return false;
    const nowMs = this.#nowMs();
    const bound = Math.max(historyBytesMin, liveBytes * historyShareMax);
    // Usually nothing is due, and then nobody is asked what is declared.
    if (!this.#isDraining && this.#bytes <= bound && this.#times[first]! >= nowMs - historyAgeMsMax - historySlackMsMax)
      return false;
    const declaredMs = this.#bounds.declaredMs();
    const ageMsMax = Math.max(historyAgeMsMax, declaredMs);
    const declaredFrom = nowMs - declaredMs;
    const declaredBound = Math.max(bound, declaredBytesMin, liveBytes * declaredShareMax);
    const isOverBound = this.#bytes > (this.#times[first]! <= declaredFrom ? bound : declaredBound);
    if (isOverBound || this.#times[first]! < nowMs - ageMsMax - historySlackMsMax) this.#isDraining = true;
    if (!this.#isDraining) return false;
    const oldest = nowMs - ageMsMax;
    const covered = this.#bounds.coveredTo();
    const held = this.#bounds.heldFrom();
    const due: number[] = [];
    let bytes = 0;
    for (let i = this.#head - this.#base; i < this.#sequences.length && due.length < removedPerStepMax; i++) {
      const time = this.#times[i]!;
      const bytesMax = (time <= declaredFrom ? bound : declaredBound) * drainedShare;
      if (time > oldest && this.#bytes - bytes <= bytesMax) break;
      const killer = this.#killers[i]!;
      if (killer > covered || killer >= held || this.#sequences[i]! >= covered) break;
      due.push(this.#sequences[i]!);
      bytes += this.#sizes[i]!;
    }
    if (due.length < removedPerStepMax) this.#isDraining = false;
    if (due.length === 0) return false;
    try {
      await this.#remove(due);
    } catch (error) {
      // A full disk must not stop reads; what was not removed is due again in the next step.
      if (!(error instanceof DatabaseError && error.code === 'StorageFull')) throw error;
      return false;
    }
    this.#head += due.length;
    this.#bytes -= bytes;
    this.#compact();
    return due.length === removedPerStepMax;
  }

  #compact(): void {
    const done = (this.#kept ?? this.#head) - this.#base;
    if (done <= compactMin || done * 2 <= this.#sequences.length) return;
    this.#sequences = this.#sequences.slice(done);
    this.#killers = this.#killers.slice(done);
    this.#sizes = this.#sizes.slice(done);
    this.#times = this.#times.slice(done);
    this.#base += done;
  }
}
