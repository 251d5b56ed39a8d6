// What passes between the committer and the state machines it drives: a proposal is evaluated against the state and
// what earlier ones staged, and drafts records (`commit.ts`).

import type { HybridTime } from '../model/hybrid-time.ts';
import type { RecordHeader, RecordKind } from '../model/record.ts';

/** A record before its place in the log is known. */
export interface Draft {
  readonly kind: RecordKind;
  readonly partition: number;
  readonly lsn: number;
  readonly hybridTime: HybridTime;
  readonly supersedes: number;
  readonly created: number;
  readonly ttlSeconds: number;
  /** A transaction adds its own (`transaction.ts`). */
  flags: number;
  readonly body: Uint8Array;
  /** Given by the state machine back to itself in `apply`, so that it need not derive it again. */
  readonly note?: unknown;
}

/** What the committer drives: a deterministic fold of the log (design §4). */
export interface StateMachine {
  /** Called before each proposal; whatever it stages until `discard` or `apply` is visible to later proposals. */
  begin(): void;
  /** Forgets what the last proposal staged: it threw. */
  rollback(): void;
  /** Forgets everything staged and not applied: the append failed. */
  discard(): void;
  /** Takes one durable record into the state. `note` is the draft's, absent for records that others wrote. */
  apply(header: RecordHeader, record: Uint8Array, note?: unknown): void;
}

/** Given to a proposal while it is evaluated. */
export interface Staging {
  /** Sequence the next draft will get. */
  nextSequence(): number;
  hybridTime(): HybridTime;
  add(draft: Draft): void;
}

export type Proposal<Result> = (staging: Staging) => Result;
