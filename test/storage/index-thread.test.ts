// The thread that writes segments: it starts late, writes what the same steps write here, lets flushes overtake, and
// fails without taking anybody along.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { IndexKeeper } from '../../core/index-keeper.ts';
import { openIndexDirectory } from '../../core/storage/index-directory.ts';
import { IndexThread } from '../../core/storage/index-thread.ts';
import { MemoryIndex } from '../../core/storage/memory-index.ts';
import type { SegmentTask } from '../../core/storage/segment-task.ts';
import { BlockCache } from '../../indexer/block-cache.ts';
import { flushSteps } from '../../indexer/flush.ts';
import { PartitionIndex } from '../../indexer/partition-index.ts';
import { PagePool } from '../../indexer/pool.ts';
import { Segment, verifySegment } from '../../indexer/segment-read.ts';
import { factsOf, plainIndex } from '../core/index-machine.ts';
import { drive, MemoryFile } from '../indexer/memory-file.ts';
import { randomItem, randomOf } from '../indexer/random.ts';

const root = mkdtempSync(join(tmpdir(), 'index-thread-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let thread = new IndexThread();
afterEach(async () => {
  await thread.close();
  thread = new IndexThread();
});

function indexOf(items: number, seed = 1): PartitionIndex {
  const index = new PartitionIndex({ ...plainIndex, pool: new PagePool() });
  const random = randomOf(seed);
  for (let i = 1; i <= items; i++) index.add(i, i, randomItem(random, `i${i}`), factsOf(`i${i}`));
  index.freeze();
  return index;
}

describe('the index thread', () => {
  test('starts with its first task and writes the bytes that the steps write here, to file and to memory', async () => {
    const index = indexOf(500);
    const { input } = index.nextFlush()!;
    const expected = new MemoryFile();
    drive(flushSteps(input, expected));
    expect(thread.isRunning).toBe(false);
    const path = join(root, 'flushed');
    const toFile = await thread.run({ kind: 'flush', input, target: { kind: 'file', path } });
    expect(thread.isRunning).toBe(true);
    expect(toFile).toEqual({ bytes: expected.length, content: undefined });
    expect(Buffer.compare(readFileSync(path), expected.bytes())).toBe(0);
    const toMemory = await thread.run({ kind: 'flush', input, target: { kind: 'memory' } });
    expect(toMemory.content!.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(Buffer.compare(toMemory.content!, expected.bytes())).toBe(0);
  });

  test('ends when it has had nothing to do for a while, and starts again with the next task', async () => {
    const brief = new IndexThread(1);
    const { input } = indexOf(50).nextFlush()!;
    for (let round = 0; round < 2; round++) {
      const { bytes } = await brief.run({ kind: 'flush', input, target: { kind: 'memory' } });
      expect(bytes).toBeGreaterThan(0);
      while (brief.isRunning) await new Promise((resolve) => setImmediate(resolve));
    }
    await brief.close();
  });

  test('lets a flush overtake a merge, and gives up a merge that is cancelled', async () => {
    const cache = new BlockCache();
    const index = indexOf(4_000);
    for (let i = 1; i <= 2; i++) {
      const job = index.nextFlush()!;
      const { content } = await thread.run({ kind: 'flush', input: job.input, target: { kind: 'memory' } });
      index.installFlush(
        job,
        new Segment(`s${i}`, (at, length) => content!.subarray(at, at + length), content!.length, cache),
      );
      const random = randomOf(7);
      for (let k = 0; k < 4_000 && i === 1; k++)
        index.add(5_000 + k, 5_000 + k, randomItem(random, `j${k}`), factsOf(`j${k}`));
      index.freeze();
    }
    const store = new MemoryIndex();
    for (const segment of index.segments) {
      const content = new Uint8Array(new SharedArrayBuffer(segment.bytes));
      content.set(segment.readRaw(0, segment.bytes));
      store.adopt(segment.name, { bytes: segment.bytes, content });
    }
    const merge = (name: string): SegmentTask => ({
      kind: 'merge',
      inputs: index.segments.map((segment) => ({ source: store.source(segment.name), purge: undefined })),
      older: [],
      target: { kind: 'file', path: join(root, name) },
    });
    const order: string[] = [];
    const small = indexOf(5);
    const merging = thread.run(merge('merged')).then((written) => {
      order.push('merge');
      return written;
    });
    const flushing = thread
      .run({ kind: 'flush', input: small.nextFlush()!.input, target: { kind: 'memory' } })
      .then(() => order.push('flush'));
    const [{ bytes }] = await Promise.all([merging, flushing]);
    expect(order).toEqual(['flush', 'merge']);
    const merged = readFileSync(join(root, 'merged'));
    expect(merged.length).toBe(bytes);
    const segment = new Segment('merged', (at, length) => merged.subarray(at, at + length), bytes, cache);
    verifySegment(segment);
    expect(segment.count).toBe(8_000);

    const abort = new AbortController();
    const cancelled = thread.run(merge('cancelled'), abort.signal);
    abort.abort();
    await expect(cancelled).rejects.toThrow('could not be written');
    expect(readdirSync(root)).not.toContain('cancelled');
  });

  test('says why a task failed, and leaves no file', async () => {
    const { input } = indexOf(5).nextFlush()!;
    const path = join(root, 'no', 'such', 'directory');
    await expect(thread.run({ kind: 'flush', input, target: { kind: 'file', path } })).rejects.toMatchObject({
      code: 'Internal',
      cause: expect.objectContaining({ message: expect.stringContaining('ENOENT') }),
    });
    const source = { kind: 'memory', name: 'torn', content: new Uint8Array(100) } as const;
    await expect(
      thread.run({
        kind: 'merge',
        inputs: [{ source, purge: undefined }],
        older: [],
        target: { kind: 'file', path: join(root, 'torn') },
      }),
    ).rejects.toMatchObject({ code: 'Internal' });
    expect(readdirSync(root)).not.toContain('torn');
    // /dev/full is a disk that is always full.
    await expect(thread.run({ kind: 'flush', input, target: { kind: 'memory' } })).resolves.toMatchObject({
      content: expect.anything(),
    });
  });

  test('serves a keeper over a directory from the first flush to the next start', async () => {
    const path = join(root, 'keeper');
    const random = randomOf(3);
    let keeper = await IndexKeeper.open(await openIndexDirectory(path), { tasks: thread, memtableBytes: 64 * 1024 });
    const { index } = keeper.openIndex(1, plainIndex);
    const now = (sequence: number) => ({ sequence, hybridTime: 1, catalog: () => [1], liveBytesOf: () => 4_711 });
    for (let i = 2; i <= 4_000; i++) {
      index.add(i, i - 1, randomItem(random, `i${i}`), factsOf(`i${i}`));
      keeper.applied(1, i, i - 1, 100);
      if (i % 20 === 0) {
        keeper.settle(now(i));
        if (keeper.mustWait) await keeper.room();
      }
    }
    await keeper.idle();
    const { flushes, merges, segments } = keeper.statistics();
    expect(flushes).toBeGreaterThan(8);
    expect(merges).toBeGreaterThan(0);
    await keeper.close({ flush: true });

    keeper = await IndexKeeper.open(await openIndexDirectory(path), { tasks: thread });
    expect(keeper.start).toMatchObject({ sequence: 4_000, hybridTime: 1, catalog: [1], coversTo: 4_000 });
    expect(keeper.coveredTo).toBe(4_000);
    const again = keeper.openIndex(1, plainIndex);
    expect(again.liveBytes).toBe(4_711);
    expect(again.index.items).toBe(3_999);
    expect(again.index.segments.length).toBeLessThanOrEqual(segments + 1);
    for (const i of [2, 1_000, 4_000]) expect(again.index.find(`i${i}`, '')).toBe(i);
    await keeper.close();
  });
});
