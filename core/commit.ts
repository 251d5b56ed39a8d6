// Group commit: the one writer of a log group. Proposals that queue while an append is in flight become the
// next append; there is no timer. Each proposal is evaluated against the state plus what earlier proposals of
// the same group staged, gives one entry, and is answered once the log says that entry is durable and the
// state machine has applied it.
//
// Invariants: at most one append is in flight; nothing is evaluated while an outcome is unknown; a fenced
// writer answers NotLeader to everything from then on; the state machine sees every record exactly once, in order.

import { DatabaseError } from '../model/errors.ts';
import { HybridClock, type HybridTime } from '../model/hybrid-time.ts';
import { checkedHeader, checksumOf, encodeRecord, RecordFlag, RecordKind, type RecordHeader } from '../model/record.ts';
import { appendBytesMax, appendRecordsMax, type Log } from '../replication/log.ts';

/** A record before its place in the log is known. */
export interface Draft {
  readonly kind: RecordKind;
  readonly partition: number;
  readonly lsn: number;
  readonly hybridTime: HybridTime;
  readonly supersedes: number;
  readonly created: number;
  readonly ttlSeconds: number;
  readonly flags: number;
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

/** What became of a run: stored, lost to another writer, or surely not stored while we still lead. */
type Settled = 'appended' | 'fenced' | 'void';

interface Waiting {
  readonly proposal: Proposal<unknown>;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export interface CommitterOptions {
  readonly log: Log;
  readonly machine: StateMachine;
  readonly clock: HybridClock;
  readonly region: number;
  /** Called after each append with the number of entries and records in it. */
  readonly onGroup?: ((entries: number, records: number) => void) | undefined;
  /** Waits before asking again after an unknown outcome. */
  readonly pause: (milliseconds: number) => Promise<void>;
}

/** Proposals that may wait; more answer Unavailable, so that memory stays bounded under overload. */
export const waitingProposalsMax = 16_384;

/** Tries to learn an unknown outcome before giving up leadership; the last waits about 2 s. */
const settleTriesMax = 40;
const settlePauseMs = 50;

export class Committer {
  readonly #options: CommitterOptions;
  #queue: Waiting[] = [];
  #running = false;
  #sequence = 0;
  #chain = 0;
  #epoch = 0;
  #stopped: DatabaseError | undefined;
  #idle: (() => void)[] = [];

  constructor(options: CommitterOptions) {
    this.#options = options;
  }

  /** Sequence of the last applied record. */
  get sequence(): number {
    return this.#sequence;
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** Why no more writes are taken, if so. */
  get stopped(): DatabaseError | undefined {
    return this.#stopped;
  }

  /**
   * Reads the log from `applied` (what the state machine already holds) to its end, then takes leadership by
   * opening the next epoch. Must be called once, before `submit`.
   */
  async open(applied: { readonly sequence: number; readonly chain: number; readonly epoch: number }): Promise<void> {
    this.#sequence = applied.sequence;
    this.#chain = applied.chain;
    this.#epoch = applied.epoch;
    for (;;) {
      await this.#catchUp();
      const epoch = this.#epoch + 1;
      const record = this.#controlRecord(RecordKind.open, epoch);
      if ((await this.#appendSettled([record])) === 'appended') {
        this.#applyRun([record]);
        return;
      }
    }
  }

  /** Queues a proposal; resolves with what it returned once its entry is durable and applied. */
  submit<Result>(proposal: Proposal<Result>): Promise<Result> {
    if (this.#stopped !== undefined) return Promise.reject(this.#stopped);
    if (this.#queue.length >= waitingProposalsMax)
      return Promise.reject(new DatabaseError('Unavailable', 'too many writes are waiting'));
    return new Promise<Result>((resolve, reject) => {
      this.#queue.push({ proposal, resolve: resolve as (result: unknown) => void, reject });
      if (!this.#running) {
        this.#running = true;
        // Proposals of the same turn of the event loop belong to one group.
        setImmediate(() => void this.#run());
      }
    });
  }

  /** Resolves when nothing is queued or in flight; refuses what comes after it. */
  async stop(): Promise<void> {
    this.#stopped ??= new DatabaseError('Unavailable', 'the server is stopping');
    if (this.#running) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      try {
        await this.#commitGroup();
      } catch (error) {
        // The log is broken: nothing can be promised any more.
        this.#stopped = new DatabaseError('Internal', 'the log failed; writes are refused', { cause: error });
        this.#options.machine.discard();
        for (const waiting of this.#queue.splice(0)) waiting.reject(this.#stopped);
      }
    }
    this.#running = false;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  async #commitGroup(): Promise<void> {
    const { machine, clock, log } = this.#options;
    const answered: { readonly waiting: Waiting; readonly result: unknown }[] = [];
    const records: Uint8Array[] = [];
    const notes: unknown[] = [];
    let bytes = 0;
    let sequence = this.#sequence;
    let chain = this.#chain;
    let taken = 0;
    const drafts: Draft[] = [];
    const staging: Staging = {
      nextSequence: () => sequence + drafts.length + 1,
      hybridTime: () => clock.next(),
      add: (draft) => {
        drafts.push(draft);
      },
    };
    for (const waiting of this.#queue) {
      if (bytes >= appendBytesMax / 2 || records.length >= appendRecordsMax / 2) break;
      taken++;
      drafts.length = 0;
      machine.begin();
      let result: unknown;
      try {
        result = waiting.proposal(staging);
        const size = drafts.reduce((sum, draft) => sum + draft.body.length, 0);
        if (size > appendBytesMax / 2 || drafts.length > appendRecordsMax / 2)
          throw new DatabaseError('TooLarge', 'one transaction exceeds the size of a log entry');
      } catch (error) {
        machine.rollback();
        waiting.reject(error);
        continue;
      }
      for (const [index, draft] of drafts.entries()) {
        sequence++;
        const record = encodeRecord(
          {
            ...draft,
            flags: draft.flags | (index === drafts.length - 1 ? RecordFlag.lastOfEntry : 0),
            epoch: this.#epoch,
            sequence,
            csnSeen: 0,
            chain,
            origin: this.#options.region,
            index,
          },
          draft.body,
        );
        chain = checksumOf(record);
        bytes += record.length;
        records.push(record);
        notes.push(draft.note);
      }
      answered.push({ waiting, result });
    }
    this.#queue.splice(0, taken);
    if (records.length === 0) {
      for (const { waiting, result } of answered) waiting.resolve(result);
      return;
    }
    let outcome: Settled;
    try {
      const first = await log.append(records, this.#sequence);
      outcome = first.kind === 'unknown' ? await this.#settle(records) : first.kind;
    } catch (error) {
      machine.discard();
      const full = error instanceof DatabaseError && error.code === 'StorageFull';
      const failure = error instanceof DatabaseError ? error : new DatabaseError('OutcomeUnknown', 'the log failed', { cause: error });
      for (const { waiting } of answered) waiting.reject(failure);
      if (full) return;
      throw error;
    }
    if (outcome === 'void') {
      machine.discard();
      const failure = new DatabaseError('Unavailable', 'the log did not take the write; try again');
      for (const { waiting } of answered) waiting.reject(failure);
      return;
    }
    if (outcome === 'fenced') {
      machine.discard();
      this.#stopped = new DatabaseError('NotLeader', 'another node writes this log group now');
      for (const { waiting } of answered) waiting.reject(this.#stopped);
      for (const waiting of this.#queue.splice(0)) waiting.reject(this.#stopped);
      return;
    }
    this.#applyRun(records, notes);
    this.#options.onGroup?.(answered.length, records.length);
    for (const { waiting, result } of answered) waiting.resolve(result);
  }

  #applyRun(records: readonly Uint8Array[], notes?: readonly unknown[]): void {
    for (const [i, record] of records.entries()) this.#applyOne(record, notes?.[i]);
  }

  #applyOne(record: Uint8Array, note?: unknown): void {
    const header = checkedHeader(record);
    if (header.sequence !== this.#sequence + 1 || header.chain !== this.#chain)
      throw new DatabaseError('Internal', `log chain broken at sequence ${header.sequence}`);
    this.#options.clock.observe(header.hybridTime);
    this.#options.machine.apply(header, record, note);
    this.#sequence = header.sequence;
    this.#chain = checksumOf(record);
    this.#epoch = header.epoch;
  }

  async #catchUp(): Promise<void> {
    for (;;) {
      const records = await this.#options.log.read(this.#sequence, appendRecordsMax);
      if (records.length === 0) return;
      this.#applyRun(records);
    }
  }

  #controlRecord(kind: RecordKind, epoch: number): Uint8Array {
    return encodeRecord(
      {
        kind,
        flags: RecordFlag.lastOfEntry,
        partition: 0,
        epoch,
        sequence: this.#sequence + 1,
        lsn: 0,
        hybridTime: this.#options.clock.next(),
        csnSeen: 0,
        supersedes: 0,
        created: 0,
        chain: this.#chain,
        origin: this.#options.region,
        index: 0,
        ttlSeconds: 0,
      },
      new Uint8Array(0),
    );
  }

  async #appendSettled(records: readonly Uint8Array[]): Promise<Settled> {
    const outcome = await this.#options.log.append(records, this.#sequence);
    return outcome.kind === 'unknown' ? await this.#settle(records) : outcome.kind;
  }

  /**
   * Learns what became of a run that got no answer. Whatever now stands after our last record decides: our run
   * (it was stored), another writer's (we are fenced), or nothing, and then one heartbeat of ours takes the
   * place, so that the run can never be stored later ('void').
   */
  async #settle(records: readonly Uint8Array[]): Promise<Settled> {
    const heartbeat = this.#controlRecord(RecordKind.heartbeat, this.#epoch);
    for (let attempt = 0; attempt < settleTriesMax; attempt++) {
      const found = await this.#options.log.read(this.#sequence, 1).catch(() => undefined);
      const first = found?.[0];
      if (first !== undefined) {
        const sum = checksumOf(first);
        if (sum === checksumOf(records[0]!)) return 'appended';
        if (sum !== checksumOf(heartbeat)) return 'fenced';
        this.#applyRun([heartbeat]);
        return 'void';
      }
      if (found !== undefined) {
        const outcome = await this.#options.log.append([heartbeat], this.#sequence).catch(() => undefined);
        if (outcome?.kind === 'appended') {
          this.#applyRun([heartbeat]);
          return 'void';
        }
      }
      await this.#options.pause(settlePauseMs);
    }
    throw new DatabaseError('OutcomeUnknown', 'the log gives no answer');
  }
}
