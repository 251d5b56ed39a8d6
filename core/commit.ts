// Group commit: the one writer of a log group. Proposals that queue while an append is in flight become the
// next append; there is no timer. Each proposal is evaluated against the state plus what earlier proposals of
// the same group staged, gives one entry, and is answered once the log says that entry is durable and the
// state machine has applied it.
//
// Invariants: at most one append is in flight; nothing is evaluated while an outcome is unknown; a fenced
// writer answers NotLeader to everything from then on; the state machine sees every record exactly once, in order.
// Whoever is refused with another code than OutcomeUnknown or Internal can rely on it that nothing was or will be
// stored. Nobody is answered from what another proposal staged before that is durable, not even with a refusal.

import { DatabaseError } from '../model/errors.ts';
import { equalBytes } from '../model/bytes.ts';
import type { HybridClock } from '../model/hybrid-time.ts';
import {
  bodyOf,
  checkedHeader,
  checksumOf,
  decodeHeader,
  encodeRecord,
  RecordFlag,
  recordHeaderBytes,
  RecordKind,
  type RecordHeader,
} from '../model/record.ts';
import type { Draft, Proposal, StateMachine, Staging } from './proposal.ts';
import { appendBytesMax, appendRecordsMax, type Log } from '../replication/log.ts';
import { sequenceOf } from '../replication/run.ts';

/** What became of a run: stored, lost to another writer, or surely not stored while we still lead. */
type Settled =
  | { readonly kind: 'appended' }
  | { readonly kind: 'fenced' }
  | { readonly kind: 'void'; readonly heartbeat: Uint8Array };

interface Waiting {
  readonly proposal: Proposal<unknown>;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Proposals that were evaluated together, and their records. */
interface Group {
  /** How each is answered once the records are durable. */
  readonly answers: { readonly waiting: Waiting; readonly answer: () => void }[];
  readonly records: Uint8Array[];
  /** What the records say in front of their bodies: nobody decodes what was encoded here. */
  readonly headers: RecordHeader[];
  readonly notes: unknown[];
  entries: number;
}

export interface CommitterOptions {
  readonly log: Log;
  readonly machine: StateMachine;
  readonly clock: HybridClock;
  readonly region: number;
  /** Called after each append with the number of entries and records in it. */
  readonly onGroup?: ((entries: number, records: number) => void) | undefined;
  /** Asked before each group: writers wait for what it gives, when it gives anything. */
  readonly ready?: (() => Promise<void> | undefined) | undefined;
  /** Waits before asking again after an unknown outcome. */
  readonly pause: (milliseconds: number) => Promise<void>;
  /** Runs the next group once the present turn of the event loop has ended; `setImmediate` when absent. */
  readonly defer?: ((run: () => void) => void) | undefined;
  /** 16 bytes that no other committer has, ever: the body of the record that opens its epoch. Random when absent. */
  readonly writer?: Uint8Array | undefined;
}

/** Proposals that may wait; more answer Unavailable, so that memory stays bounded under overload. */
export const waitingProposalsMax = 16_384;

/**
 * Bytes in a group, headers included, and records in it, after which no further proposal joins: half an append, so
 * that the last one always has room. An entry has at most half of what the log at hand takes at once.
 */
const entryBytesMax = appendBytesMax / 2;
export const entryRecordsMax = appendRecordsMax / 2;

/** Records after which a group being evaluated or applied gives way to others for a turn of the event loop. */
const recordsPerTurnMax = 64;

/**
 * Tries to learn an unknown outcome before giving up leadership, with pauses that double up to the longest: about
 * 30 s together, because a JetStream fail-over takes 4 to 7 s. Once `stop` was called, fewer: about 1.3 s.
 */
const settleTriesMax = 64;
const settleTriesStoppingMax = 8;
const settlePauseMsMin = 10;
const settlePauseMsMax = 500;

export class Committer {
  readonly #options: CommitterOptions;
  readonly #writer: Uint8Array;
  readonly #entryBytesMax: number;
  #queue: Waiting[] = [];
  #running = false;
  #sequence = 0;
  #chain = 0;
  #epoch = 0;
  /** True while the last opened epoch is this committer's own. */
  #leading = false;
  #stopped: DatabaseError | undefined;
  #idle: (() => void)[] = [];

  constructor(options: CommitterOptions) {
    this.#options = options;
    this.#entryBytesMax = (options.log.appendBytesMax ?? appendBytesMax) / 2;
    this.#writer = options.writer ?? crypto.getRandomValues(new Uint8Array(16));
  }

  /** Sequence of the last applied record. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Checksum of the last applied record. */
  get chain(): number {
    return this.#chain;
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
   * opening the next epoch. Must be called once, before `submit`. Throws Unavailable when the log gives no answer.
   */
  async open(applied: { readonly sequence: number; readonly chain: number; readonly epoch: number }): Promise<void> {
    this.#sequence = applied.sequence;
    this.#chain = applied.chain;
    this.#epoch = applied.epoch;
    let claim: Uint8Array | undefined;
    for (let attempt = 0; attempt < settleTriesMax; attempt++) {
      const caughtUp = await this.#catchUp();
      // An earlier try whose outcome was unknown is found in the log like any other record.
      if (this.#leading) return;
      if (caughtUp) {
        // The same bytes again for the same place: whichever try lands, it is this claim.
        if (claim === undefined || sequenceOf(claim) !== this.#sequence + 1)
          claim = this.#controlRecord(RecordKind.open, this.#epoch + 1, this.#writer);
        const outcome = await this.#options.log.append([claim], this.#sequence);
        if (outcome.kind === 'appended') {
          this.#applyOwn([claim]);
          return;
        }
      }
      await this.#options.pause(pauseMs(attempt));
    }
    throw new DatabaseError('Unavailable', 'the log gives no answer');
  }

  /** Queues a proposal; resolves with what it returned once its entry is durable and applied. */
  submit<Result>(proposal: Proposal<Result>): Promise<Result> {
    if (this.#stopped !== undefined) return Promise.reject(this.#stopped);
    if (!this.#leading) return Promise.reject(new DatabaseError('NotLeader', 'this node has not opened the log group'));
    if (this.#queue.length >= waitingProposalsMax)
      return Promise.reject(new DatabaseError('Unavailable', 'too many writes are waiting'));
    return new Promise<Result>((resolve, reject) => {
      this.#queue.push({ proposal, resolve: resolve as (result: unknown) => void, reject });
      if (!this.#running) {
        this.#running = true;
        // Proposals of the same turn of the event loop belong to one group.
        (this.#options.defer ?? setImmediate)(() => void this.#run());
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
        const wait = this.#options.ready?.();
        if (wait !== undefined) await wait;
        await this.#commitGroup();
      } catch (error) {
        // The log is broken: nothing can be promised any more.
        this.#stopped = new DatabaseError('Internal', 'the log failed; writes are refused', { cause: error });
        for (const waiting of this.#queue.splice(0)) waiting.reject(this.#stopped);
      }
    }
    this.#running = false;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  /**
   * Evaluates what waits into one group. A proposal that throws leaves no trace in it. Others run between proposals of
   * a long group: nothing is applied meanwhile, so that each still sees what those before it staged and no more.
   */
  async #evaluate(): Promise<Group> {
    const { machine, clock, region } = this.#options;
    const group: Group = { answers: [], records: [], headers: [], notes: [], entries: 0 };
    const drafts: Draft[] = [];
    let bytes = 0;
    let chain = this.#chain;
    let taken = 0;
    const staging: Staging = {
      nextSequence: () => this.#sequence + group.records.length + drafts.length + 1,
      hybridTime: () => clock.next(),
      add: (draft) => {
        drafts.push(draft);
      },
    };
    let turnRecords = 0;
    for (let waiting = this.#queue[0]; waiting !== undefined; waiting = this.#queue[taken]) {
      if (bytes >= entryBytesMax || group.records.length >= entryRecordsMax) break;
      if (group.records.length - turnRecords >= recordsPerTurnMax) {
        turnRecords = group.records.length;
        await this.#nextTurn();
      }
      taken++;
      drafts.length = 0;
      machine.begin();
      try {
        const result = waiting.proposal(staging);
        let size = drafts.length * recordHeaderBytes;
        for (const draft of drafts) size += draft.body.length;
        if (size > this.#entryBytesMax || drafts.length > entryRecordsMax)
          throw new DatabaseError('TooLarge', 'one transaction exceeds the size of a log entry');
        bytes += size;
        if (drafts.length > 0 || group.records.length > 0)
          group.answers.push({ waiting, answer: () => waiting.resolve(result) });
        else waiting.resolve(result);
      } catch (error) {
        machine.rollback();
        // What it saw may be staged by an earlier proposal and never become true.
        if (group.records.length > 0) group.answers.push({ waiting, answer: () => waiting.reject(error) });
        else waiting.reject(error);
        continue;
      }
      if (drafts.length > 0) group.entries++;
      for (let index = 0; index < drafts.length; index++) {
        const draft = drafts[index]!;
        // Named one by one: spreading the draft costs 5 µs a record.
        const header: RecordHeader = {
          kind: draft.kind,
          flags: draft.flags | (index === drafts.length - 1 ? RecordFlag.lastOfEntry : 0),
          partition: draft.partition,
          epoch: this.#epoch,
          sequence: this.#sequence + group.records.length + 1,
          lsn: draft.lsn,
          hybridTime: draft.hybridTime,
          csnSeen: 0,
          supersedes: draft.supersedes,
          created: draft.created,
          chain,
          origin: region,
          index,
          ttlSeconds: draft.ttlSeconds,
        };
        const record = encodeRecord(header, draft.body);
        chain = checksumOf(record);
        group.records.push(record);
        group.headers.push(header);
        group.notes.push(draft.note);
      }
    }
    this.#queue.splice(0, taken);
    return group;
  }

  async #commitGroup(): Promise<void> {
    const { machine } = this.#options;
    const group = await this.#evaluate();
    const refuse = (failure: DatabaseError) => {
      for (const { waiting } of group.answers) waiting.reject(failure);
    };
    if (group.records.length > 0) {
      let outcome: Settled;
      try {
        outcome = await this.#appendSettled(group.records);
      } catch (error) {
        machine.discard();
        if (error instanceof DatabaseError && error.code === 'StorageFull') return refuse(error);
        refuse(outcomeUnknown(error));
        throw error;
      }
      if (outcome.kind === 'fenced') {
        machine.discard();
        this.#leading = false;
        this.#stopped = new DatabaseError('NotLeader', 'another node writes this log group now');
        refuse(this.#stopped);
        for (const waiting of this.#queue.splice(0)) waiting.reject(this.#stopped);
        return;
      }
      try {
        if (outcome.kind === 'void') {
          machine.discard();
          this.#applyOwn([outcome.heartbeat]);
        } else await this.#applyGroup(group);
      } catch (error) {
        refuse(outcomeUnknown(error));
        throw error;
      }
      if (outcome.kind === 'void')
        return refuse(new DatabaseError('Unavailable', 'the log did not take the write; try again'));
      this.#options.onGroup?.(group.entries, group.records.length);
    }
    for (const { answer } of group.answers) answer();
  }

  /** Records that were read: their bytes are checked first. */
  #applyRead(records: readonly Uint8Array[]): void {
    for (const record of records) this.#apply(checkedHeader(record), record);
  }

  /** Records that this committer made. */
  #applyOwn(records: readonly Uint8Array[]): void {
    for (const record of records) this.#apply(decodeHeader(record), record);
  }

  /** Applies a durable group. Others run between entries of a long one, and see whole entries only. */
  async #applyGroup({ records, headers, notes }: Group): Promise<void> {
    let turnRecords = 0;
    for (let i = 0; i < records.length; i++) {
      const header = headers[i]!;
      if (header.index === 0 && i - turnRecords >= recordsPerTurnMax) {
        turnRecords = i;
        await this.#nextTurn();
      }
      this.#apply(header, records[i]!, notes[i]);
    }
  }

  #nextTurn(): Promise<void> {
    return new Promise((resolve) => (this.#options.defer ?? setImmediate)(resolve));
  }

  #apply(header: RecordHeader, record: Uint8Array, note?: unknown): void {
    if (header.sequence !== this.#sequence + 1 || header.chain !== this.#chain)
      throw new DatabaseError('Internal', `log chain broken at sequence ${header.sequence}`);
    if (header.epoch < this.#epoch)
      throw new DatabaseError('Internal', `log record ${header.sequence} is of an epoch that has ended`);
    if (header.kind === RecordKind.open) this.#leading = equalBytes(bodyOf(record), this.#writer);
    this.#options.clock.observe(header.hybridTime);
    this.#options.machine.apply(header, record, note);
    this.#sequence = header.sequence;
    this.#chain = checksumOf(record);
    this.#epoch = header.epoch;
  }

  /** Applies what the log holds beyond our state; false when it gave no answer. */
  async #catchUp(): Promise<boolean> {
    for (;;) {
      const records = await this.#read(appendRecordsMax);
      if (records === undefined) return false;
      if (records.length === 0) return true;
      this.#applyRead(records);
    }
  }

  /** What stands after our last record; undefined when the log gives no answer. */
  async #read(recordsMax: number): Promise<Uint8Array[] | undefined> {
    try {
      return await this.#options.log.read(this.#sequence, recordsMax);
    } catch (error) {
      if (error instanceof DatabaseError && error.code === 'Unavailable') return undefined;
      throw error;
    }
  }

  #controlRecord(kind: RecordKind, epoch: number, body: Uint8Array): Uint8Array {
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
      body,
    );
  }

  async #appendSettled(records: readonly Uint8Array[]): Promise<Settled> {
    const outcome = await this.#options.log.append(records, this.#sequence);
    return outcome.kind === 'appended' ? outcome : await this.#settle(records);
  }

  /**
   * Learns what became of a run that was not simply stored. Whatever now stands after our last record decides:
   * our run (it was stored), another writer's (we are fenced), or nothing, and then one heartbeat of ours takes
   * the place, so that the run can never be stored later ('void').
   */
  async #settle(records: readonly Uint8Array[]): Promise<Settled> {
    const heartbeat = this.#controlRecord(RecordKind.heartbeat, this.#epoch, new Uint8Array(0));
    for (let attempt = 0; attempt < settleTriesMax; attempt++) {
      if (this.#stopped !== undefined && attempt >= settleTriesStoppingMax) break;
      const found = await this.#read(1);
      const first = found?.[0];
      if (first !== undefined) {
        if (checkedHeader(first).sequence !== this.#sequence + 1)
          throw new DatabaseError('Internal', `the log has a hole after sequence ${this.#sequence}`);
        if (equalBytes(first, records[0]!)) return { kind: 'appended' };
        return equalBytes(first, heartbeat) ? { kind: 'void', heartbeat } : { kind: 'fenced' };
      }
      if (found !== undefined) {
        const outcome = await this.#appendHeartbeat(heartbeat);
        if (outcome === 'appended') return { kind: 'void', heartbeat };
      }
      await this.#options.pause(pauseMs(attempt));
    }
    throw new DatabaseError('OutcomeUnknown', 'the log gives no answer');
  }

  async #appendHeartbeat(heartbeat: Uint8Array): Promise<'appended' | 'fenced' | 'unknown'> {
    try {
      return (await this.#options.log.append([heartbeat], this.#sequence)).kind;
    } catch (error) {
      // A full medium did not take it; room may come before the tries end.
      if (error instanceof DatabaseError && error.code === 'StorageFull') return 'unknown';
      throw error;
    }
  }
}

function pauseMs(attempt: number): number {
  return Math.min(settlePauseMsMax, settlePauseMsMin * 2 ** attempt);
}

function outcomeUnknown(cause: unknown): DatabaseError {
  return new DatabaseError('OutcomeUnknown', 'the log did not say whether the write happened', { cause });
}
