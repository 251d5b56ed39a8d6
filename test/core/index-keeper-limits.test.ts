// How the keeper of an index behaves at its bounds: writers that must wait, disks that fail, ends in a hurry.

import { describe, expect, test } from 'vitest';
import { IndexKeeper, type IndexKeeperOptions } from '../../core/index-keeper.ts';
import { encodeManifest, decodeManifest } from '../../core/index-manifest.ts';
import { ReplayPoints } from '../../core/replay-points.ts';
import type { IndexStore } from '../../core/storage/index-directory.ts';
import { MemoryIndex } from '../../core/storage/memory-index.ts';
import type { PartitionIndex } from '../../indexer/partition-index.ts';
import { PagePool } from '../../indexer/pool.ts';
import { randomItem, randomOf } from '../indexer/random.ts';
import { factsOf, plainIndex, SlowTasks } from './index-machine.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Closes without losing what it holds, as a directory does. */
class KeptIndex extends MemoryIndex {
  override async close(): Promise<void> {
    // Kept.
  }
}

class Bench {
  readonly tasks = new SlowTasks();
  timers: (() => void)[] = [];
  readonly failures: string[] = [];
  keeper!: IndexKeeper;
  readonly indexes = new Map<number, PartitionIndex>();
  sequence = 0;
  readonly lsns = new Map<number, number>();
  readonly #random = randomOf(1);

  async open(store: IndexStore, options: Partial<IndexKeeperOptions> = {}): Promise<this> {
    this.keeper = await IndexKeeper.open(store, {
      tasks: this.tasks,
      memtableBytes: 8_000,
      onFailure: (what) => this.failures.push(what),
      later: (run) => {
        this.timers.push(run);
        return () => {
          this.timers = this.timers.filter((one) => one !== run);
        };
      },
      ...options,
    });
    return this;
  }

  write(partition: number, count: number): void {
    let index = this.indexes.get(partition);
    if (index === undefined) {
      ({ index } = this.keeper.openIndex(partition, plainIndex));
      this.indexes.set(partition, index);
    }
    for (let i = 0; i < count; i++) {
      const lsn = (this.lsns.get(partition) ?? 0) + 1;
      this.lsns.set(partition, lsn);
      index.add(++this.sequence, lsn, randomItem(this.#random, `i${this.sequence}`), factsOf(`i${this.sequence}`));
      this.keeper.applied(partition, this.sequence, lsn, 100);
    }
    this.settle();
  }

  settle(): void {
    this.keeper.settle({ sequence: this.sequence, hybridTime: 1, catalog: () => [], liveBytesOf: () => 1 });
  }

  async finish(): Promise<void> {
    let idle = false;
    void this.keeper.idle().then(() => (idle = true));
    while (!idle) {
      this.tasks.waiting.shift()?.();
      await turn();
    }
  }
}

describe('the keeper of an index', () => {
  test('lets writers wait when three memtables of a partition wait, and go on when there is room', async () => {
    const bench = await new Bench().open(new MemoryIndex());
    while (bench.keeper.statistics().frozen < 2) bench.write(1, 5);
    expect(bench.keeper.mustWait).toBe(false);
    while (bench.keeper.statistics().frozen < 3) bench.write(1, 5);
    expect(bench.keeper.mustWait).toBe(true);
    let room = false;
    void bench.keeper.room().then(() => (room = true));
    await turn();
    expect(room).toBe(false);
    bench.tasks.waiting.shift()!();
    await turn();
    await turn();
    expect(room).toBe(true);
    expect(bench.keeper.mustWait).toBe(false);
  });

  test('keeps answering while segments cannot be written, tries again, and catches up', async () => {
    const bench = await new Bench().open(new MemoryIndex());
    bench.tasks.failing = true;
    while (bench.keeper.statistics().frozen < 1) bench.write(1, 5);
    await bench.finish();
    expect(bench.failures).toEqual(['flush']);
    expect(bench.keeper.isFailing).toBe(true);
    expect(bench.keeper.coveredTo).toBe(0);
    for (let i = 0; i < 10; i++) {
      bench.write(1, 20);
      await turn();
    }
    expect(bench.tasks.waiting.length).toBe(0);
    // A writer is not left waiting for a disk that fails.
    await bench.keeper.room();
    expect(bench.indexes.get(1)!.items).toBe(bench.sequence);
    bench.tasks.failing = false;
    for (const run of bench.timers.splice(0)) run();
    await bench.finish();
    expect(bench.keeper.isFailing).toBe(false);
    expect(bench.keeper.statistics().frozen).toBe(0);
    expect(bench.keeper.coveredTo).toBeGreaterThan(0);
    for (let i = 1; i <= bench.sequence; i++) expect(bench.indexes.get(1)!.find(`i${i}`, '')).toBe(i);
  });

  test('flushes the biggest partition when the shared memory is used up', async () => {
    const pool = new PagePool(200_000);
    const bench = await new Bench().open(new MemoryIndex(), { pool, memtableBytes: 10_000_000 });
    bench.write(1, 50);
    for (let i = 0; i < 100; i++) {
      bench.write(2, 20);
      await bench.finish();
    }
    expect(bench.indexes.get(2)!.segments.length).toBeGreaterThan(0);
    expect(bench.indexes.get(1)!.segments.length).toBe(0);
    expect(pool.usedBytes).toBeLessThan(600_000);
  });

  test('starts with nothing to replay after a close that flushes, and with the same place after one that does not', async () => {
    const store = new KeptIndex();
    const bench = await new Bench().open(store);
    for (let i = 0; i < 10; i++) {
      bench.write(1, 30);
      await bench.finish();
    }
    const { coveredTo } = bench.keeper;
    const closed = bench.keeper.close();
    await turn();
    await closed;
    expect((await new Bench().open(store)).keeper.coveredTo).toBe(coveredTo);

    const again = await new Bench().open(store, { memtableBytes: 1_000_000 });
    again.keeper.openIndex(1, plainIndex);
    again.sequence = bench.sequence;
    again.write(2, 40);
    const closing = again.keeper.close({ flush: true });
    for (let i = 0; i < 10; i++) {
      again.tasks.waiting.shift()?.();
      await turn();
    }
    await closing;
    const last = await new Bench().open(store);
    expect(last.keeper.start?.sequence).toBe(again.sequence);
    expect(last.keeper.openIndex(2, plainIndex).index.items).toBe(40);
  });

  test('commits no manifest before the log is durable, and says up to where the log must go', async () => {
    const store = new KeptIndex();
    const syncs: (() => void)[] = [];
    const bench = await new Bench().open(store, { syncLog: () => new Promise((resolve) => syncs.push(resolve)) });
    while (bench.keeper.statistics().frozen < 1) bench.write(1, 5);
    const frozenAt = bench.sequence;
    bench.tasks.waiting.shift()!();
    await turn();
    await turn();
    expect(syncs.length).toBe(1);
    expect(await store.readManifest()).toBeUndefined();
    syncs.shift()!();
    await turn();
    expect(await store.readManifest()).toBeDefined();
    const again = await new Bench().open(store);
    expect(again.keeper.start).toMatchObject({ sequence: frozenAt, coversTo: frozenAt });
  });

  test('claims nothing for memtables that a hurried close leaves', async () => {
    const store = new KeptIndex();
    const bench = await new Bench().open(store);
    while (bench.keeper.statistics().frozen < 2) bench.write(1, 5);
    const first = bench.indexes.get(1)!.items;
    const closing = bench.keeper.close({ flush: true });
    // The timer of the close: what is being written is given up.
    for (const run of bench.timers.splice(0)) run();
    await closing;
    expect(first).toBeGreaterThan(0);
    expect((await new Bench().open(store)).keeper.coveredTo).toBe(0);
  });

  test('remembers how far a partition was that is built anew after its last item was deleted', async () => {
    const store = new KeptIndex();
    const bench = await new Bench().open(store);
    bench.write(1, 30);
    bench.indexes.get(1)!.kill(30, 31);
    bench.keeper.applied(1, (bench.sequence = 31), 31);
    bench.settle();
    const options = { ...plainIndex, partitionKeyTerms: true };
    const rebuild = bench.keeper.beginBuild(1, options);
    for (let i = 1; i < 30; i++) rebuild.index.add(i, i, randomItem(randomOf(i), `i${i}`), factsOf(`i${i}`));
    const finished = rebuild.finish(() => 0);
    bench.tasks.waiting.shift()?.();
    await bench.finish();
    await finished;
    rebuild.install(1);
    await bench.finish();
    await bench.keeper.close({ flush: true });
    const again = (await new Bench().open(store)).keeper;
    expect(again.start?.sequence).toBe(31);
    const { index, outdated } = again.openIndex(1, options);
    expect([index.lsn, index.items, outdated]).toEqual([31, 29, false]);
  });

  test('frees the memory of a dropped partition only when its flush has ended, and keeps no file of it', async () => {
    const pool = new PagePool();
    const store = new MemoryIndex();
    const bench = await new Bench().open(store, { pool });
    while (bench.keeper.statistics().frozen < 1) bench.write(1, 5);
    bench.keeper.drop(1, bench.sequence);
    expect(pool.usedBytes).toBeGreaterThan(0);
    await bench.finish();
    expect(pool.usedBytes).toBe(0);
    for (let i = 0; i < 10; i++) {
      bench.write(2, 30);
      await bench.finish();
    }
    const kept = bench.indexes.get(2)!.segments.map(({ name }) => name);
    expect([...(await store.list())].sort()).toEqual([...kept].sort());
  });
});

describe('the place where a replay begins', () => {
  const at = (sequence: number) => ({ sequence, hybridTime: 0, catalog: () => [] });
  const manifest = { partition: 1, options: '', liveBytes: 0, lsn: 1, segments: [] };

  test('is a moment that was seen, before a drop only with all that the dropped partition had not written', () => {
    const points = new ReplayPoints({ sequence: 10, hybridTime: 0, catalogLsn: 0, catalog: [] });
    for (const sequence of [20, 30, 40]) points.add(at(sequence), 0);
    expect(points.latest(35, []).sequence).toBe(30);
    expect(points.latest(35, [{ sequence: 30, first: 5, manifest }]).sequence).toBe(30);
    // The point lies before the drop although what is covered does not.
    expect(points.latest(35, [{ sequence: 33, first: 25, manifest }]).sequence).toBe(20);
    expect(
      points.latest(45, [
        { sequence: 15, first: 11, manifest },
        { sequence: 45, first: 25, manifest },
      ]).sequence,
    ).toBe(20);
    points.written({ sequence: 20, hybridTime: 0, catalogLsn: 0, catalog: [] });
    expect(points.durable.sequence).toBe(20);
  });
});

describe('a manifest', () => {
  test('is refused with any bit of it changed', () => {
    const manifest = {
      start: { sequence: 5, hybridTime: 6, catalogLsn: 4, catalog: [1, 2] },
      coversTo: 9,
      partitions: [
        { partition: 1, options: 'x', liveBytes: 3, lsn: 2, segments: ['a'] },
        { partition: 2, options: 'y', liveBytes: 3, lsn: 2, segments: [] },
        { partition: 3, options: 'x', liveBytes: 3, lsn: 2, segments: [] },
      ],
      history: { file: 'h', head: 0, entries: 2, checksum: 7 },
    };
    const bytes = encodeManifest(manifest);
    expect(decodeManifest(bytes)).toEqual(manifest);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = bytes.slice();
      changed[bit >>> 3]! ^= 1 << (bit & 7);
      expect(() => decodeManifest(changed)).toThrow('damaged');
    }
    for (let length = 0; length < bytes.length; length++)
      expect(() => decodeManifest(bytes.subarray(0, length))).toThrow('damaged');
  });
});
