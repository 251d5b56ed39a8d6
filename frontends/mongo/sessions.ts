// Retryable writes: what the statements of a session's last transaction number did, so that a statement sent again
// (the driver lost the reply) is answered and not applied twice. Kept in memory: a retry that reaches a restarted
// server is applied anew. Attempts of one session run one after the other.
//
// Bounds: sessions, statements and bytes kept; the session least lately used goes first. What was forgotten would
// be applied again, as MongoDB does once its own records have expired.
// Source: MongoDB driver specification "Retryable Writes"; MongoDB manual, "Server Sessions".

import type { Raw } from '../../model/bson/walk.ts';
import { MongoCode, MongoError } from './errors.ts';

export const sessionsMax = 50_000;
export const statementsMax = 500_000;
export const outcomeBytesMax = 64 * 1024 * 1024;

/** What one statement did. */
export interface Outcome {
  readonly matched: number;
  readonly modified: number;
  /** `_id` that an upsert made. */
  readonly upserted?: Raw | undefined;
  /** The document findAndModify answers. */
  readonly value?: Uint8Array | undefined;
}

interface Session {
  readonly name: string;
  number: bigint;
  readonly outcomes: Map<number, Outcome>;
  bytes: number;
  attempt: Promise<void> | undefined;
}

/** One command of a session, as long as it runs. */
export class Attempt {
  readonly #sessions: Sessions;
  readonly #session: Session;
  readonly #end: () => void;

  constructor(sessions: Sessions, session: Session, end: () => void) {
    this.#sessions = sessions;
    this.#session = session;
    this.#end = end;
  }

  /** What the statement did when it was sent before. */
  recall(statement: number): Outcome | undefined {
    return this.#session.outcomes.get(statement);
  }

  record(statement: number, outcome: Outcome): void {
    this.#sessions.record(this.#session, statement, outcome);
  }

  end(): void {
    this.#end();
  }
}

export class Sessions {
  /** In order of use. */
  readonly #sessions = new Map<string, Session>();
  #statements = 0;
  #bytes = 0;

  get size(): number {
    return this.#sessions.size;
  }

  /** Begins a command of a session; waits for the one before it. Throws for a transaction number that has passed. */
  async begin(name: string, number: bigint): Promise<Attempt> {
    let session = this.#sessions.get(name);
    while (session?.attempt !== undefined) {
      await session.attempt;
      session = this.#sessions.get(name);
    }
    if (session === undefined) session = { name, number, outcomes: new Map(), bytes: 0, attempt: undefined };
    else this.#sessions.delete(name);
    this.#sessions.set(name, session);
    if (number < session.number)
      throw new MongoError(
        MongoCode.TransactionTooOld,
        `Retryable write with txnNumber ${number} is prohibited on session because a newer retryable write with txnNumber ${session.number} has already started on this session.`,
      );
    if (number > session.number) {
      this.#forget(session);
      session.number = number;
    }
    const running = session;
    let resolve: () => void = () => undefined;
    running.attempt = new Promise<void>((done) => (resolve = done));
    this.#evict();
    return new Attempt(this, running, () => {
      running.attempt = undefined;
      resolve();
    });
  }

  record(session: Session, statement: number, outcome: Outcome): void {
    if (session.outcomes.has(statement)) return;
    const bytes =
      (outcome.value?.length ?? 0) +
      (outcome.upserted === undefined ? 0 : outcome.upserted.end - outcome.upserted.start);
    session.outcomes.set(statement, outcome);
    session.bytes += bytes;
    this.#statements++;
    this.#bytes += bytes;
    this.#evict();
  }

  end(name: string): void {
    const session = this.#sessions.get(name);
    if (session === undefined || session.attempt !== undefined) return;
    this.#forget(session);
    this.#sessions.delete(name);
  }

  #forget(session: Session): void {
    this.#statements -= session.outcomes.size;
    this.#bytes -= session.bytes;
    session.outcomes.clear();
    session.bytes = 0;
  }

  #evict(): void {
    if (this.#sessions.size <= sessionsMax && this.#statements <= statementsMax && this.#bytes <= outcomeBytesMax)
      return;
    for (const session of this.#sessions.values()) {
      if (this.#sessions.size <= sessionsMax && this.#statements <= statementsMax && this.#bytes <= outcomeBytesMax)
        return;
      if (session.attempt !== undefined) continue;
      this.#forget(session);
      this.#sessions.delete(session.name);
    }
  }
}
