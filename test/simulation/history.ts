// One history: some clients write through whichever node leads, while faults come and go, leaders are deposed and
// processes die. It ends with the faults gone, a node that starts from nothing, and one last write, so that a log
// that cannot recover is a violation too. Everything follows from the seed.

import type { Staging } from '../../core/proposal.ts';
import { DatabaseError } from '../../model/errors.ts';
import { decodeHeader, RecordKind } from '../../model/record.ts';
import { Cluster, type Node, type Subject } from './cluster.ts';
import { Coverage } from './coverage.ts';
import { changesOf } from './kv-machine.ts';
import type { Operation, Outcome } from './outcome.ts';
import { uncertainCodes } from './properties/refused-for-certain-is-absent.ts';
import { Random } from './random.ts';
import { noFaults } from './simulated-log.ts';
import { Simulator } from './simulator.ts';

const clients = 4;
const burstsPerClient = 6;
const keys = ['a', 'b', 'c', 'd', '__proto__'];

/** Trouble begins within this virtual time, while the clients are busy. */
const troubleMsMax = 250;

/** Steps after which a history is taken as stuck. */
const stepsMax = 50_000;

export class History {
  readonly seed: number;
  readonly coverage = new Coverage();
  outcome: Outcome | undefined;
  /** Set when the history itself could not go on: a hang, or a throw where none may be. */
  failure: string | undefined;
  readonly #simulator = new Simulator();
  readonly #random: Random;
  readonly #cluster: Cluster;
  readonly #operations: Operation[] = [];
  readonly #tornAt: number[] = [];
  #leader: Node;
  #steps = 0;
  #idle = 0;

  constructor(seed: number, subject: Subject) {
    this.seed = seed;
    this.coverage.histories = 1;
    this.#random = new Random(seed);
    this.#cluster = new Cluster(subject, this.#simulator, this.#random, this.coverage, {
      nodes: this.#random.int(2, 3),
      embedded: seed % 4 === 0,
    });
    this.#leader = this.#cluster.nodes[0]!;
    this.#run().catch((error: unknown) => {
      this.failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
    });
  }

  /** Runs one event; false once the history has ended. Microtasks must run between two calls. */
  step(): boolean {
    for (const { machine } of this.#cluster.nodes) if (machine.torn) this.#tornAt.push(machine.tail.sequence);
    if (this.outcome !== undefined || this.failure !== undefined) return false;
    if (++this.#steps > stepsMax) this.failure = `no end after ${stepsMax} events`;
    if (this.#simulator.step()) this.#idle = 0;
    else if (++this.#idle > 3) this.failure = 'nothing is left to happen and somebody still waits';
    return true;
  }

  async #run(): Promise<void> {
    const cluster = this.#cluster;
    await cluster.open(this.#leader, true);
    this.#setFaults();
    this.#scheduleTrouble();
    await Promise.all(Array.from({ length: clients }, (_, name) => this.#client(name)));
    cluster.faults = noFaults;
    cluster.diskFull = false;
    // Requests still under way arrive, or never will.
    await this.#simulator.pause(2000);
    const last = cluster.nodes.at(-1)!;
    if (last.opening) await this.#simulator.pause(60_000);
    if (!(await cluster.open(last, true))) throw new Error('the log cannot be opened after the faults have gone');
    await this.#operate(last, 'set', ['a']);
    if (this.#operations.at(-1)!.sequence === undefined)
      throw new Error('the log takes no write after the faults have gone');
    const finalValues = new Map(last.machine.values);
    const records = await cluster.records();
    cluster.retireAll();
    for (const record of records) {
      const { kind } = decodeHeader(record);
      if (kind === RecordKind.open) this.coverage.count('epoch');
      if (kind === RecordKind.heartbeat) this.coverage.count('settled as void');
    }
    this.outcome = {
      seed: this.seed,
      operations: this.#operations,
      records,
      changes: changesOf(records),
      senders: cluster.engine.runs.flatMap((run) => run.records.map(() => run.from)),
      machines: cluster.machines,
      tornAt: this.#tornAt,
      finalValues,
    };
  }

  /** Each history has its own mixture: some know no losses, some no rivals, some read through damaged replicas. */
  #setFaults(): void {
    const random = this.#random;
    const now = (share: number, most: number) => (random.chance(share) ? random.next() * most : 0);
    this.#cluster.faults = {
      delayMsMax: random.pick([2, 5, 30]),
      loss: now(0.7, 0.15),
      late: now(0.6, 0.3),
      duplicate: now(0.6, 0.3),
      stale: now(0.6, 0.4),
      hole: now(0.4, 0.5),
      unverified: random.chance(0.4),
    };
  }

  #scheduleTrouble(): void {
    const random = this.#random;
    for (let i = random.int(0, 3); i > 0; i--) {
      this.#simulator.after(random.int(5, troubleMsMax), () => {
        this.coverage.count('takeover');
        this.#lead(random.pick(this.#cluster.nodes), random.chance(0.3));
      });
    }
    for (let i = random.int(0, 2); i > 0; i--) {
      this.#simulator.after(random.int(5, troubleMsMax), () => {
        const node = random.chance(0.7) ? this.#leader : random.pick(this.#cluster.nodes);
        this.#cluster.crash(node);
        this.#simulator.after(random.int(1, 80), () => this.#lead(random.pick(this.#cluster.nodes), true));
      });
    }
    if (random.chance(0.3)) {
      const from = random.int(5, troubleMsMax);
      this.#simulator.after(from, () => {
        this.coverage.count('disk full');
        this.#setFull(true);
      });
      this.#simulator.after(from + random.int(5, 150), () => this.#setFull(false));
    }
  }

  #setFull(full: boolean): void {
    this.#cluster.diskFull = full;
    this.#cluster.engine.full = full;
  }

  #lead(node: Node, cold: boolean): void {
    void this.#cluster.open(node, cold).then((opened) => {
      if (opened) this.#leader = node;
    });
  }

  async #client(name: number): Promise<void> {
    const random = this.#random;
    for (let burst = 0; burst < burstsPerClient; burst++) {
      await this.#simulator.pause(random.int(0, 40) + name);
      const node = random.chance(0.85) ? this.#leader : random.pick(this.#cluster.nodes);
      if (node.committer === undefined) {
        // Nobody leads here: sooner or later somebody tries.
        if (!this.#cluster.nodes.some((each) => each.opening))
          this.#lead(random.pick(this.#cluster.nodes), random.chance(0.5));
        await this.#simulator.pause(20);
        continue;
      }
      const together = random.chance(0.3) ? random.int(2, 4) : 1;
      await Promise.all(Array.from({ length: together }, () => this.#operate(node, this.#kind(), this.#keys())));
      if (node.committer?.stopped !== undefined) node.committer = undefined;
    }
  }

  #kind(): Operation['kind'] {
    return this.#random.pick(['set', 'set', 'compare and set', 'compare and set', 'several keys', 'aborted']);
  }

  #keys(): string[] {
    const start = this.#random.int(0, keys.length - 1);
    return Array.from({ length: this.#random.int(2, 3) }, (_, i) => keys[(start + i) % keys.length]!);
  }

  async #operate(node: Node, kind: Operation['kind'], chosen: readonly string[]): Promise<void> {
    const { machine } = node;
    const id = this.#operations.length + 1;
    const targets = kind === 'several keys' || kind === 'aborted' ? chosen : chosen.slice(0, 1);
    const operation: Operation = { id, kind, keys: targets, invokedMs: this.#simulator.nowMs };
    this.#operations.push(operation);
    const value = `v${id}`;
    const expected = this.#random.chance(0.8) ? machine.values.get(targets[0]!) : 'v0';
    const proposal = (staging: Staging): number => {
      const sequence = staging.nextSequence();
      if (kind === 'compare and set') {
        machine.require(targets[0]!, expected);
        machine.put(staging, { id, key: targets[0]!, value, expected: expected ?? null, size: 1 });
      } else {
        for (const key of targets) machine.put(staging, { id, key, value, size: targets.length });
        if (kind === 'aborted') throw new DatabaseError('BadRequest', 'the client changed its mind');
      }
      return sequence;
    };
    const answer = node.committer!.submit(proposal).then(
      (sequence) => {
        operation.sequence = sequence;
        operation.answeredMs = this.#simulator.nowMs;
      },
      (error: unknown) => {
        operation.answeredMs = this.#simulator.nowMs;
        if (!(error instanceof DatabaseError)) throw error;
        operation.code = error.code;
        this.coverage.count(uncertainCodes.has(error.code) ? 'outcome unknown to the client' : 'refused for certain');
        if (error.code === 'PreconditionFailed') {
          const { key, saw } = error.details as { key: string; saw: string | undefined };
          operation.saw = { key, value: saw ?? null };
        }
      },
    );
    await Promise.race([answer, node.died]);
  }
}
