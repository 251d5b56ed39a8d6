// Random lives of a log group against the naive truth: writes, containers that come and go, flushes and merges that end
// late or fail, crashes that lose what was not durable, in memory and in a directory.

import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { IndexKeeperOptions } from '../../core/index-keeper.ts';
import type { IndexOptions } from '../../core/index-home.ts';
import { openIndexDirectory, type IndexStore } from '../../core/storage/index-directory.ts';
import type { View } from '../../indexer/view.ts';
import { below, pick, randomItem, randomOf, type Random } from '../indexer/random.ts';
import { bytesOf, liveNumbers, Machine, plainIndex, SlowTasks, TestLog, type LogRecord } from './index-machine.ts';
import { LosingIndex } from './losing-index.ts';

const scale = Number(process.env['MERIDIAN_TEST_SCALE'] ?? '1');
const firstSeed = Number(process.env['MERIDIAN_TEST_SEED'] ?? '1');
const root = mkdtempSync(join(tmpdir(), 'index-keeper-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A store that can be crashed: gives the next one. */
interface Disk {
  readonly store: IndexStore;
  /** Lets one write go on. */
  advance(): void;
  crash(random: Random): Promise<Disk>;
  setFull(full: boolean): void;
}

function losingDisk(store: LosingIndex): Disk {
  return {
    store,
    advance: () => store.waiting.shift()?.(),
    crash: async (random) => losingDisk(store.crash(random)),
    setFull: (full) => {
      store.full = full;
    },
  };
}

let directories = 0;

async function directoryDisk(from?: string): Promise<Disk> {
  const path = join(root, String(++directories));
  // A process that dies leaves the directory as it is; what it still had under way must not reach the next one.
  if (from !== undefined) cpSync(from, path, { recursive: true });
  const store = await openIndexDirectory(path);
  return { store, advance: () => undefined, crash: () => directoryDisk(path), setFull: () => undefined };
}

class Life {
  readonly random: Random;
  readonly log = new TestLog();
  readonly lsns = new Map<number, number>();
  /** Live items by partition and id. */
  readonly truth = new Map<number, Map<string, number>>();
  readonly catalog = new Map<number, { readonly created: number; readonly last: number }>();
  /** What ended each record that ended. */
  readonly killers = new Map<number, number>();
  flushes = 0;
  rebuilds = 0;
  /** How the container's index should be. */
  readonly wanted = new Map<number, IndexOptions>();
  readonly ever = new Map<number, LogRecord>();
  tasks = new SlowTasks();
  timers: (() => void)[] = [];
  disk: Disk;
  machine!: Machine;
  held: { readonly partition: number; readonly view: View; readonly numbers: number[]; readonly sequence: number }[] =
    [];
  #partitions = 0;
  readonly options: Omit<IndexKeeperOptions, 'tasks'>;

  constructor(seed: number, disk: Disk, options: Omit<IndexKeeperOptions, 'tasks'> = {}) {
    this.random = randomOf(seed);
    this.disk = disk;
    this.options = {
      memtableBytes: 6_000 + below(this.random, 20_000),
      replayRecordsMax: 60 + below(this.random, 200),
      recordsPerPoint: 1 + below(this.random, 20),
      ...options,
    };
  }

  get heldFrom(): number {
    return Math.min(Infinity, ...this.held.map(({ sequence }) => sequence + 1));
  }

  async open(extra: Partial<IndexKeeperOptions> = {}): Promise<void> {
    this.tasks = new SlowTasks();
    this.timers = [];
    this.machine = await Machine.open(
      this.log,
      this.disk.store,
      {
        ...this.options,
        ...extra,
        tasks: this.tasks,
        later: (run) => {
          this.timers.push(run);
          return () => {
            this.timers = this.timers.filter((one) => one !== run);
          };
        },
      },
      () => this.heldFrom,
      (partition) => this.wanted.get(partition) ?? plainIndex,
    );
  }

  #append(record: Omit<LogRecord, 'sequence'>): number {
    const sequence = this.log.last + 1;
    const full = { ...record, sequence };
    this.log.append(full);
    this.ever.set(sequence, full);
    this.machine.apply(full);
    return sequence;
  }

  create(): void {
    const partition = ++this.#partitions;
    this.truth.set(partition, new Map());
    const none = { partition, lsn: 0, ends: 0, id: '', item: new Uint8Array(10) };
    const created = this.#append({ ...none, kind: 'create' });
    this.catalog.set(partition, { created, last: created });
  }

  alter(partition: number): void {
    const { created, last: ends } = this.catalog.get(partition)!;
    const last = this.#append({ partition, lsn: 0, ends, id: '', item: new Uint8Array(11), kind: 'alter' });
    if (ends !== created) this.killers.set(ends, last);
    this.catalog.set(partition, { created, last });
  }

  drop(partition: number): void {
    for (const one of this.held.filter((held) => held.partition === partition)) one.view.release();
    this.held = this.held.filter((one) => one.partition !== partition);
    const { created, last: ends } = this.catalog.get(partition)!;
    const ended = [created, ends, ...this.truth.get(partition)!.values()];
    this.catalog.delete(partition);
    this.truth.delete(partition);
    const dropped = this.#append({ partition, lsn: 0, ends, id: '', item: new Uint8Array(12), kind: 'drop' });
    for (const sequence of [...ended, dropped]) this.killers.set(sequence, dropped);
  }

  write(partition: number): void {
    const items = this.truth.get(partition)!;
    const id = `i${below(this.random, 60)}`;
    const ends = items.get(id) ?? 0;
    const lsn = (this.lsns.get(partition) ?? 0) + 1;
    const isDelete = ends !== 0 && this.random() < 0.3;
    this.lsns.set(partition, lsn);
    const item = isDelete ? new Uint8Array(20) : randomItem(this.random, id);
    const sequence = this.#append({ partition, lsn, kind: isDelete ? 'delete' : 'put', ends, id, item });
    if (ends !== 0) this.killers.set(ends, sequence);
    if (isDelete) {
      items.delete(id);
      this.killers.set(sequence, sequence);
    } else items.set(id, sequence);
  }

  /** One commit group. */
  group(): void {
    const { random } = this;
    const count = 1 + below(random, 30);
    for (let i = 0; i < count; i++) {
      const partitions = [...this.truth.keys()];
      const dice = random();
      if (partitions.length === 0 || (dice < 0.01 && partitions.length < 6)) this.create();
      else if (dice < 0.015) this.drop(pick(random, partitions));
      else if (dice < 0.025) this.alter(pick(random, partitions));
      // Most writes go to the newest partitions: the others are what the replay cap is for.
      else this.write(partitions[Math.floor(partitions.length * random() ** 0.3)]!);
    }
    this.machine.settle(this.log.last);
  }

  /** Something in the background ends. */
  async background(): Promise<void> {
    this.tasks.waiting.splice(below(this.random, this.tasks.waiting.length + 1), 1)[0]?.();
    if (this.random() < 0.7) this.disk.advance();
    if (this.random() < 0.1) this.timers.splice(0, 1)[0]?.();
    for (const [partition, { building }] of this.machine.partitions)
      if (building !== undefined && this.random() < 0.5) {
        this.machine.stepRebuild(partition, 1 + below(this.random, 20));
        if (this.machine.partitions.get(partition)!.building === undefined) this.rebuilds++;
      }
    await turn();
  }

  /** The policy of a container changes, or its index is built anew just so. */
  rebuild(): void {
    const partition = pick(this.random, [...this.truth.keys()]);
    const open = this.machine.partitions.get(partition)!;
    if (open.building !== undefined) {
      if (this.random() < 0.2) {
        open.building.rebuild.abandon();
        open.building = undefined;
      }
      return;
    }
    this.wanted.set(partition, {
      policy: { included: ['/*'], excluded: [pick(this.random, ['/a/*', '/b/*'])], composites: [] },
      identityField: undefined,
      partitionKeyTerms: this.random() < 0.5,
    });
    this.machine.beginRebuild(partition);
  }

  async finishAll(): Promise<void> {
    let idle = false;
    void this.machine.keeper.idle().then(() => {
      idle = true;
    });
    while (!idle) {
      this.tasks.waiting.shift()?.();
      this.disk.advance();
      await turn();
    }
  }

  check({ lsns = true } = {}): void {
    expect([...this.machine.partitions.keys()].sort()).toEqual([...this.truth.keys()].sort());
    expect([...this.machine.catalog].sort()).toEqual([...this.catalog].sort());
    for (const [partition, items] of this.truth) {
      const { index, liveBytes, lsn } = this.machine.partitions.get(partition)!;
      const numbers = [...items.values()].sort((a, b) => a - b);
      expect(liveNumbers(index.now())).toEqual(numbers);
      expect(index.items).toBe(items.size);
      if (lsns) expect(lsn).toBe(this.lsns.get(partition) ?? 0);
      expect(liveBytes).toBe(numbers.reduce((sum, number) => sum + bytesOf(this.ever.get(number)!), 0));
      for (let i = 0; i < 60; i += 7) expect(index.find(`i${i}`, '')).toBe(items.get(`i${i}`) ?? 0);
      for (const number of numbers) expect(this.log.records.has(number)).toBe(true);
    }
    for (const { last } of this.catalog.values()) expect(this.log.records.has(last)).toBe(true);
    for (const { view, numbers } of this.held) {
      expect(liveNumbers(view)).toEqual(numbers);
      for (const number of numbers) expect(this.log.records.has(number)).toBe(true);
    }
  }

  hold(): void {
    // On the old index while another is being built: it must stay readable.
    const [partition, items] = pick(this.random, [...this.truth]);
    const view = this.machine.partitions.get(partition)!.index.snapshot();
    const numbers = [...items.values()].sort((a, b) => a - b);
    this.held.push({ partition, view, numbers, sequence: this.log.last });
  }

  async crash(): Promise<void> {
    this.flushes += this.machine.keeper.statistics().flushes;
    this.held = [];
    this.log.crash((removed) => below(this.random, removed + 1));
    this.disk = await this.disk.crash(this.random);
    await this.open();
  }

  async trim(): Promise<void> {
    while (await this.machine.retention.step(0));
  }

  /** Nothing stays in the log that ended before the place from which a replay would start. */
  async checkNothingLeaks(): Promise<void> {
    for (const one of this.held.splice(0)) one.view.release();
    while (this.truth.size < 2) this.create();
    for (let i = 0; i < 200; i++) this.write(pick(this.random, [...this.truth.keys()]));
    for (let i = 0; i < 20; i++) {
      this.machine.settle(this.log.last);
      await this.finishAll();
    }
    await this.trim();
    const { coveredTo } = this.machine.keeper;
    const left = [...this.log.records.keys()].filter(
      (sequence) => sequence < coveredTo && (this.killers.get(sequence) ?? Infinity) <= coveredTo,
    );
    expect(coveredTo).toBeGreaterThan(0);
    expect(left).toEqual([]);
  }
}

async function live(seed: number, disk: Disk, groups: number): Promise<Life> {
  const life = new Life(seed, disk);
  await life.open();
  for (let i = 0; i < groups; i++) {
    const dice = life.random();
    if (dice < 0.55) life.group();
    else if (dice < 0.85) await life.background();
    else if (dice < 0.9) await life.trim();
    else if (dice < 0.91) life.check();
    else if (dice < 0.92 && life.truth.size > 0) life.rebuild();
    else if (dice < 0.94 && life.held.length < 4 && life.truth.size > 0) life.hold();
    else if (dice < 0.96) life.held.shift()?.view.release();
    else if (dice < 0.97) {
      await life.crash();
      life.check();
    } else if (dice < 0.98) life.tasks.failing = !life.tasks.failing;
    else if (dice < 0.99) life.disk.setFull(life.random() < 0.4);
    else await life.finishAll();
  }
  life.tasks.failing = false;
  life.disk.setFull(false);
  life.check();
  await life.crash();
  life.check();
  return life;
}

describe('the keeper of an index', () => {
  test('loses and forgets nothing in random lives with power failures', async () => {
    let flushes = 0;
    let rebuilds = 0;
    for (let seed = firstSeed; seed < firstSeed + Math.ceil(15 * scale); seed++) {
      try {
        const life = await live(seed, losingDisk(new LosingIndex()), 250);
        flushes += life.flushes;
        rebuilds += life.rebuilds;
      } catch (error) {
        console.log(`seed ${seed}`);
        throw error;
      }
    }
    expect(flushes).toBeGreaterThan(0);
    expect(rebuilds).toBeGreaterThan(0);
  });

  test('does so in a directory, too', async () => {
    for (let seed = firstSeed; seed < firstSeed + Math.ceil(3 * scale); seed++) {
      try {
        await live(seed + 10_000, await directoryDisk(), 150);
      } catch (error) {
        console.log(`seed ${seed}`);
        throw error;
      }
    }
  });

  test('replays a bounded number of records, however quiet a partition is', async () => {
    const life = new Life(firstSeed, losingDisk(new LosingIndex()), { replayRecordsMax: 100, recordsPerPoint: 10 });
    await life.open();
    life.create();
    life.create();
    life.write(1);
    for (let i = 0; i < 100; i++) {
      for (let k = 0; k < 20; k++) life.write(2);
      life.machine.settle(life.log.last);
      await life.finishAll();
    }
    await life.crash();
    expect(life.machine.replayed).toBeLessThanOrEqual(100 + 40);
    life.check();
  });

  test('removes every superseded record in the end, over crashes', async () => {
    for (let seed = firstSeed; seed < firstSeed + Math.ceil(6 * scale); seed++) {
      const life = await live(seed + 20_000, losingDisk(new LosingIndex()), 200);
      try {
        await life.checkNothingLeaks();
      } catch (error) {
        console.log(`seed ${seed}`);
        throw error;
      }
    }
  });

  test('makes the index again from the log when a bit of it is wrong', async () => {
    for (let seed = firstSeed; seed < firstSeed + Math.ceil(6 * scale); seed++) {
      const life = new Life(seed + 30_000, losingDisk(new LosingIndex()));
      await life.open();
      for (let i = 0; i < 60; i++) {
        life.group();
        await life.finishAll();
        if (i % 10 === 0) await life.trim();
      }
      life.disk = await life.disk.crash(life.random);
      const store = life.disk.store as LosingIndex;
      const file = pick(life.random, [undefined, ...store.files()]);
      store.damage(file, below(life.random, store.sizeOf(file)));
      life.log.crash((removed) => removed);
      // In a segment's blocks it is found when they are read: here only that nothing wrong is answered at a start.
      await life.open().then(
        () => undefined,
        (error: unknown) => {
          expect(String(error)).toMatch(/damaged|lacks|out of order/);
        },
      );
      let discarded = false;
      const opening = life.open({ discard: true }).finally(() => {
        discarded = true;
      });
      // Writes of the first try may still wait before its own.
      while (!discarded) {
        life.disk.advance();
        await turn();
      }
      await opening;
      expect(life.machine.keeper.start).toBeUndefined();
      // Only a damaged manifest takes with it how far the partitions were.
      life.check({ lsns: file !== undefined });
      await life.crash();
      life.check({ lsns: file !== undefined });
    }
  });
});

describe('an index that is built anew', () => {
  async function rebuilt(seed: number, steps: number): Promise<Life> {
    const life = new Life(seed, losingDisk(new LosingIndex()), { replayRecordsMax: 200 });
    await life.open();
    life.create();
    life.create();
    for (let i = 0; i < 300; i++) life.write(1 + (i % 2));
    life.machine.settle(life.log.last);
    await life.finishAll();
    life.wanted.set(1, { ...plainIndex, policy: { included: ['/*'], excluded: ['/a/*'], composites: [] } });
    life.machine.beginRebuild(1);
    for (let i = 0; i < steps; i++) {
      if (life.machine.partitions.get(1)!.building !== undefined) life.machine.stepRebuild(1, 7);
      life.write(1);
      life.machine.settle(life.log.last);
      life.tasks.waiting.shift()?.();
      life.disk.advance();
      await turn();
    }
    return life;
  }

  test('is the old or the new one after a crash at any step, and answers the same', async () => {
    const seen = new Set<string>();
    for (let steps = 0; steps < 40; steps++) {
      const life = await rebuilt(40 + steps, steps);
      life.check();
      await life.crash();
      life.check();
      const { index, outdated } = life.machine.partitions.get(1)!;
      seen.add(String(outdated));
      // With no segment yet the wanted options are taken at once.
      expect(index.paths.resolve(['a'], 'nested').kind === 'excluded').toBe(!outdated);
    }
    expect([...seen].sort()).toEqual(['false', 'true']);
  });

  test('leaves the old one readable for its snapshots, and no file of it afterwards', async () => {
    const life = await rebuilt(7, 0);
    const before = life.machine.partitions.get(1)!.index;
    const view = before.snapshot();
    const numbers = liveNumbers(view);
    for (let i = 0; i < 100 && life.machine.partitions.get(1)!.index === before; i++) {
      life.machine.stepRebuild(1, 50);
      life.write(1);
      life.machine.settle(life.log.last);
      life.tasks.waiting.shift()?.();
      life.disk.advance();
      await turn();
    }
    expect(life.machine.partitions.get(1)!.index).not.toBe(before);
    await life.finishAll();
    expect(liveNumbers(view)).toEqual(numbers);
    const store = life.disk.store as LosingIndex;
    const files = before.segments.map(({ name }) => name);
    expect(files.length).toBeGreaterThan(0);
    expect(store.files()).toEqual(expect.arrayContaining(files));
    view.release();
    life.write(1);
    life.machine.settle(life.log.last);
    await life.finishAll();
    for (const name of files) expect(store.files()).not.toContain(name);
    life.check();
  });
});

describe('an index directory', () => {
  test('holds nothing that its manifest does not name', async () => {
    const life = new Life(5, await directoryDisk());
    await life.open();
    for (let i = 0; i < 80; i++) {
      life.group();
      await life.finishAll();
    }
    await life.machine.keeper.close();
    const path = join(root, String(directories));
    writeFileSync(join(path, '99999999-00000000.segment'), 'left by a crash');
    const store = await openIndexDirectory(path);
    life.disk = { ...life.disk, store };
    await life.open();
    const manifest = readFileSync(join(path, 'manifest'), 'utf8');
    for (const name of readdirSync(path)) if (name !== 'manifest') expect(manifest).toContain(name);
    life.check();
    await life.machine.keeper.close();
  });
});
