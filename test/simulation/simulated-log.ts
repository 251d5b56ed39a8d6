// A log engine with a network in front of it. The engine keeps every promise of the port, unless a mutant says
// otherwise; what suffers is the way to it: delay, loss of request or answer, requests that arrive long after the
// caller gave up, deliveries made twice, answers from a replica that lags or has a hole, a full disk.

import { DatabaseError } from '../../model/errors.ts';
import { emptyTail, readBytesMax, type AppendOutcome, type Log, type LogTail } from '../../replication/log.ts';
import { checkedRun, endsEntry, hole, sequenceOf, tailOf, verifyRead } from '../../replication/run.ts';
import type { Coverage } from './coverage.ts';
import type { Random } from './random.ts';
import type { Simulator } from './simulator.ts';

/** Promises of the port that a mutant breaks, to show that the checkers notice. */
export type EngineFault = 'fence ignored' | 'run torn' | 'appended before it is stored';

export interface Faults {
  /** Longest ordinary way of a message, one way. */
  readonly delayMsMax: number;
  /** Probability that a request, or an answer, is lost. */
  readonly loss: number;
  /** Probability that a request arrives only after its caller gave up. */
  readonly late: number;
  readonly duplicate: number;
  /** Probability that a read is answered by a replica that lags. */
  readonly stale: number;
  /** Probability that a read is answered by a replica with a hole. */
  readonly hole: number;
  /** Share of reads whose bytes the link hands on as they came, for the committer's own checks. */
  readonly unverified: boolean;
}

export const noFaults: Faults = { delayMsMax: 2, loss: 0, late: 0, duplicate: 0, stale: 0, hole: 0, unverified: false };

/** After this virtual time without an answer an append is 'unknown' and a read Unavailable. */
export const requestMsMax = 100;

interface StoredRun {
  readonly records: readonly Uint8Array[];
  /** Which link sent it: one per committer. */
  readonly from: string;
}

/** The engine itself: what is stored, for good. */
export class Engine {
  readonly runs: StoredRun[] = [];
  tail: LogTail = emptyTail;
  full = false;
  readonly #fault: EngineFault | undefined;

  constructor(fault?: EngineFault) {
    this.#fault = fault;
  }

  get records(): Uint8Array[] {
    return this.runs.flatMap((run) => run.records);
  }

  /** Decides one delivered append. */
  append(records: readonly Uint8Array[], after: number, from: string): 'appended' | 'fenced' | 'full' {
    if (this.full) return 'full';
    if (after !== this.tail.sequence && this.#fault !== 'fence ignored') return 'fenced';
    const stored = this.#fault === 'run torn' && records.length > 1 ? records.slice(0, -1) : records;
    this.runs.push({ records: stored, from });
    this.tail = tailOf(stored.at(-1)!);
    return 'appended';
  }
}

export interface LinkOptions {
  readonly engine: Engine;
  readonly simulator: Simulator;
  readonly random: Random;
  readonly faults: () => Faults;
  readonly coverage: Coverage;
  readonly name: string;
  readonly fault?: EngineFault | undefined;
}

/** One writer's connection to the engine. */
export class SimulatedLog implements Log {
  readonly #options: LinkOptions;
  #closed = false;
  /** Set when the process behind it died: nothing is answered any more, but what was sent may still arrive. */
  dead = false;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  tail(): Promise<LogTail> {
    return this.#ask('tail', () => this.#options.engine.tail);
  }

  append(records: readonly Uint8Array[], after: number): Promise<AppendOutcome> {
    if (this.#closed) return Promise.reject(closed());
    const { simulator, random, engine, coverage, name, fault } = this.#options;
    const faults = this.#options.faults();
    try {
      checkedRun(records, after);
    } catch (error) {
      return Promise.reject(error as Error);
    }
    return new Promise((resolve, reject) => {
      let answered = false;
      let effect = false;
      let underWay = 0;
      const answer = (outcome: AppendOutcome | DatabaseError) => {
        if (answered || this.dead) return;
        answered = true;
        if (outcome instanceof DatabaseError) reject(outcome);
        else resolve(outcome);
      };
      const deliver = (delayMs: number, answerLost: boolean) => {
        underWay++;
        simulator.after(delayMs, () => {
          underWay--;
          const result = engine.append(records, after, name);
          if (result === 'appended') {
            effect = true;
            if (answered) coverage.count('unknown with late effect');
          }
          if (result === 'fenced') coverage.count('fenced');
          // 'full' is a promise that the run will never be stored, so it cannot be given while a copy is under way.
          if (answerLost || (result === 'full' && (underWay > 0 || effect))) return;
          simulator.after(this.#delayMs(), () =>
            answer(result === 'full' ? new DatabaseError('StorageFull', 'no room') : { kind: result }),
          );
        });
      };
      if (fault === 'appended before it is stored' && random.chance(0.05))
        simulator.after(1, () => answer({ kind: 'appended' }));
      else if (!random.chance(faults.loss)) {
        const late = random.chance(faults.late);
        deliver(late ? requestMsMax + random.int(1, 400) : this.#delayMs(), random.chance(faults.loss));
        if (random.chance(faults.duplicate)) {
          coverage.count('duplicate');
          deliver(this.#delayMs() + random.int(0, 60), random.chance(faults.loss));
        }
      }
      simulator.after(requestMsMax, () => {
        if (answered || this.dead) return;
        coverage.count(effect ? 'unknown with effect' : 'unknown without effect yet');
        answer({ kind: 'unknown' });
      });
    });
  }

  read(after: number, recordsMax: number): Promise<Uint8Array[]> {
    const { engine, random } = this.#options;
    const faults = this.#options.faults();
    return this.#ask('read', () => {
      let runs: readonly StoredRun[] = engine.runs;
      if (random.chance(faults.stale)) {
        this.#options.coverage.count('stale read');
        runs = runs.slice(0, Math.max(0, runs.length - random.int(1, 3)));
      }
      if (runs.length > 2 && random.chance(faults.hole)) {
        // Near the end half of the time: that is where a writer looks for its own run.
        const missing = random.int(random.chance(0.5) ? Math.max(0, runs.length - 4) : 0, runs.length - 2);
        if (sequenceOf(runs[missing]!.records.at(-1)!) > after) this.#options.coverage.count('hole met');
        runs = runs.filter((_, index) => index !== missing);
      }
      const records = runs.flatMap((run) => run.records).filter((record) => sequenceOf(record) > after);
      return faults.unverified ? bounded(records, recordsMax) : verified(bounded(records, recordsMax), after);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  #delayMs(): number {
    return this.#options.random.int(1, this.#options.faults().delayMsMax);
  }

  #ask<Answer>(what: string, look: () => Answer): Promise<Answer> {
    if (this.#closed) return Promise.reject(closed());
    const { simulator, random } = this.#options;
    const { loss } = this.#options.faults();
    return new Promise((resolve, reject) => {
      if (!random.chance(2 * loss))
        simulator.after(this.#delayMs(), () => {
          let settle: () => void;
          try {
            const answer = look();
            settle = () => resolve(answer);
          } catch (error) {
            settle = () => reject(error as Error);
          }
          simulator.after(this.#delayMs(), () => {
            if (!this.dead) settle();
          });
        });
      simulator.after(requestMsMax, () => {
        if (!this.dead) reject(new DatabaseError('Unavailable', `${what} was not answered`));
      });
    });
  }
}

function bounded(records: readonly Uint8Array[], recordsMax: number): Uint8Array[] {
  let bytes = 0;
  for (const [index, record] of records.entries()) {
    bytes += record.length;
    if (endsEntry(record) && (index + 1 >= recordsMax || bytes >= readBytesMax)) return records.slice(0, index + 1);
  }
  return [...records];
}

/** What a link to a real engine does with what it reads. */
function verified(records: Uint8Array[], after: number): Uint8Array[] {
  let before: LogTail | undefined;
  for (const [index, record] of records.entries()) {
    if (sequenceOf(record) !== after + 1 + index) throw hole(after + 1 + index, sequenceOf(record));
    verifyRead(record, after + 1 + index, before);
    before = tailOf(record);
  }
  return records;
}

function closed(): DatabaseError {
  return new DatabaseError('Unavailable', 'the log is closed');
}
