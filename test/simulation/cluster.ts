// The nodes of one history: each has a state machine and, while it leads or believes so, a committer. A node opens,
// is deposed, stops or crashes; what it applied is kept for the checkers.

import type { Committer } from '../../core/commit.ts';
import type { openEmbeddedLog } from '../../core/storage/embedded-log.ts';
import { HybridClock } from '../../model/hybrid-time.ts';
import type { Log } from '../../replication/log.ts';
import { LosingStore } from '../storage/losing-store.ts';
import type { Coverage } from './coverage.ts';
import { KvMachine } from './kv-machine.ts';
import type { AppliedBy } from './outcome.ts';
import type { Random } from './random.ts';
import { Engine, noFaults, SimulatedLog, type EngineFault, type Faults } from './simulated-log.ts';
import type { Simulator } from './simulator.ts';

/** The code under test: the real modules, or a mutant's. */
export interface Subject {
  readonly Committer: typeof Committer;
  readonly openEmbeddedLog: typeof openEmbeddedLog;
  readonly engineFault?: EngineFault | undefined;
}

export interface Node {
  readonly name: string;
  machine: KvMachine;
  committer: Committer | undefined;
  link: SimulatedLog | undefined;
  /** The committer that applies to `machine`; a node never runs two on one machine. */
  active: Committer | undefined;
  opening: boolean;
  /** Resolves when the process dies. */
  died: Promise<void>;
  die: () => void;
  /** Counts the processes this node has been. */
  life: number;
}

/** Milliseconds since 1970 at virtual time 0. */
const startMs = 1.8e12;

/** Log group of the histories on the embedded log. */
const group = { account: 1, group: 1 };

export class Cluster {
  readonly nodes: Node[];
  readonly engine: Engine;
  readonly machines: AppliedBy[] = [];
  faults: Faults = noFaults;
  diskFull = false;
  readonly #subject: Subject;
  readonly #simulator: Simulator;
  readonly #random: Random;
  readonly #coverage: Coverage;
  #store: LosingStore | undefined;
  #writers = 0;

  constructor(
    subject: Subject,
    simulator: Simulator,
    random: Random,
    coverage: Coverage,
    options: { readonly nodes: number; readonly embedded: boolean },
  ) {
    this.#subject = subject;
    this.#simulator = simulator;
    this.#random = random;
    this.#coverage = coverage;
    this.engine = new Engine(subject.engineFault);
    if (options.embedded) this.#store = this.#newStore([]);
    this.nodes = Array.from({ length: options.nodes }, (_, index) => this.#newNode(`node ${index + 1}`));
  }

  get embedded(): boolean {
    return this.#store !== undefined;
  }

  /** Lets a node take leadership, with the state it has or from nothing. False when the log did not let it. */
  async open(node: Node, cold: boolean): Promise<boolean> {
    if (node.opening) return false;
    node.opening = true;
    node.committer = undefined;
    const { life, active } = node;
    if (cold) this.#retire(node);
    else if (active !== undefined) {
      await Promise.race([active.stop(), node.died]);
      if (node.life !== life) return false;
    }
    if (active?.stopped?.code === 'Internal') this.#retire(node);
    const committer = new this.#subject.Committer({
      log: await this.#log(node),
      machine: node.machine,
      // Clocks of nodes differ by up to 3 ms, and often show the same millisecond.
      clock: new HybridClock(() => startMs + Math.floor(this.#simulator.nowMs) + (node.name.length % 3)),
      region: 1,
      pause: (milliseconds) => this.#simulator.pause(milliseconds),
      defer: (run) => this.#simulator.after(0, run),
      onGroup: (entries) => this.#coverage.count('acknowledged', entries),
      writer: this.#writerName(),
    });
    node.active = committer;
    const opened = await Promise.race([
      committer.open(node.machine.tail).then(
        () => true,
        () => false,
      ),
      node.died.then(() => false),
    ]);
    if (node.life !== life) return false;
    node.opening = false;
    if (opened) node.committer = committer;
    // What a failed opening applied cannot be told from what a hole made of it: the next one starts from nothing.
    else this.#retire(node);
    return opened;
  }

  /** The process of a node dies; on the embedded log the machine loses power, and all its nodes with it. */
  crash(node: Node): void {
    this.#coverage.count('crash');
    const dying = this.embedded ? this.nodes : [node];
    for (const each of dying) {
      if (each.link !== undefined) each.link.dead = true;
      this.#retire(each);
      each.die();
      each.committer = undefined;
      each.active = undefined;
      each.opening = false;
      each.life++;
      renew(each);
    }
    if (this.#store !== undefined) {
      const medium = this.#store.crash();
      this.#coverage.count('batch lost by a crash', this.#store.lost);
      this.#store = this.#newStore(medium);
    }
  }

  /** Reads the log as it is now, without faults. */
  async records(): Promise<Uint8Array[]> {
    if (this.#store === undefined) return this.engine.records;
    const log = await this.#subject.openEmbeddedLog(this.#store, group);
    const records: Uint8Array[] = [];
    for (;;) {
      const found = await log.read(records.length, 1000);
      if (found.length === 0) return records;
      records.push(...found);
    }
  }

  /** Keeps what the machines applied so far for the checkers. */
  retireAll(): void {
    for (const node of this.nodes) this.#retire(node);
  }

  #retire(node: Node): void {
    this.machines.push({ node: node.name, applied: node.machine.applied });
    node.machine = new KvMachine();
  }

  async #log(node: Node): Promise<Log> {
    if (this.#store !== undefined) return this.#subject.openEmbeddedLog(this.#store, group);
    node.link = new SimulatedLog({
      engine: this.engine,
      simulator: this.#simulator,
      random: this.#random,
      faults: () => this.faults,
      coverage: this.#coverage,
      name: `${node.name}, writer ${this.#writers + 1}`,
      fault: this.#subject.engineFault,
    });
    return node.link;
  }

  #writerName(): Uint8Array {
    const name = new Uint8Array(16);
    new DataView(name.buffer).setUint32(12, ++this.#writers);
    return name;
  }

  #newNode(name: string): Node {
    const node: Node = {
      name,
      machine: new KvMachine(),
      committer: undefined,
      active: undefined,
      link: undefined,
      opening: false,
      died: Promise.resolve(),
      die: () => undefined,
      life: 0,
    };
    renew(node);
    return node;
  }

  #newStore(medium: ConstructorParameters<typeof LosingStore>[1]): LosingStore {
    return new LosingStore(
      {
        random: () => this.#random.next(),
        later: (step) => this.#simulator.after(this.#random.int(1, 4), step),
        full: () => this.diskFull,
      },
      medium,
    );
  }
}

function renew(node: Node): void {
  node.died = new Promise((resolve) => {
    node.die = resolve;
  });
}
