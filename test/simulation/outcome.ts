// What a history leaves behind for the checkers: what clients asked and were told, what the log holds in the end,
// and what every state machine applied.

import type { PlacedChange } from './kv-machine.ts';

export interface Operation {
  readonly id: number;
  readonly kind: 'set' | 'compare and set' | 'several keys' | 'aborted';
  readonly keys: readonly string[];
  readonly invokedMs: number;
  answeredMs?: number;
  /** Sequence of the first record, when it succeeded. */
  sequence?: number;
  /** Error code, when it was refused. Neither is set when the node died before it answered. */
  code?: string;
  /** What a refused condition found in a key; null when there was no value. */
  saw?: { readonly key: string; readonly value: string | null };
}

export interface AppliedBy {
  readonly node: string;
  /** Checksum of each record, sequence 1 first. */
  readonly applied: readonly number[];
}

export interface Outcome {
  readonly seed: number;
  readonly operations: readonly Operation[];
  /** Every record of the log, in the log's order. */
  readonly records: readonly Uint8Array[];
  /** The changes in those records, decoded once for all checkers. */
  readonly changes: readonly PlacedChange[];
  /** Which committer's link brought each record; empty for the embedded log, which does not know. */
  readonly senders: readonly string[];
  readonly machines: readonly AppliedBy[];
  /** Sequences after which a machine stood still within an entry. */
  readonly tornAt: readonly number[];
  /** Values of a machine that read the whole log at the end. */
  readonly finalValues: ReadonlyMap<string, string>;
}

/** A property of all histories: says what is wrong with this one, or nothing. */
export interface Property {
  readonly name: string;
  readonly violation: (outcome: Outcome) => string | undefined;
}
