// Splits and power failures: whatever the index store had made durable when the machine stopped, the next start finds
// every item once, in the partition of its key.

import { expect, test } from 'vitest';
import { Engine } from '../../core/engine.ts';
import { SegmentTaskRun, type SegmentTasks } from '../../core/storage/segment-task.ts';
import { openEmbeddedLog } from '../../core/storage/embedded-log.ts';
import { MemoryStore } from '../../core/storage/memory-store.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import { fieldOf } from '../../model/bson/walk.ts';
import { effectivePartitionKey, isInRange } from '../../model/effective-partition-key.ts';
import { HybridClock } from '../../model/hybrid-time.ts';
import { valueOf } from '../../model/value.ts';
import type { Item, ItemWrite } from '../../model/operation.ts';
import { below, type Random } from '../indexer/random.ts';
import { randomOf, seedOf, testScale } from '../random.ts';
import { LosingIndex } from './losing-index.ts';

const context = { account: 1 };
const place = { database: 'd', container: 'c' };
const itemsMax = 120;

/** Segments written at once, in this thread. */
const tasks: SegmentTasks = {
  run: (asked) => {
    const run = new SegmentTaskRun(structuredClone(asked));
    while (!run.step());
    return run.finish();
  },
};

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

class Life {
  readonly engine: Engine;
  readonly store: LosingIndex;

  private constructor(engine: Engine, store: LosingIndex) {
    this.engine = engine;
    this.store = store;
  }

  static async begin(log: MemoryStore, store: LosingIndex): Promise<Life> {
    const opening = Engine.open({
      log: await openEmbeddedLog(log, { account: 1, group: 0 }),
      clock: new HybridClock(() => Date.now()),
      region: { id: 1, name: 'South Central US' },
      partitionsDefault: 1,
      pause: () => turn(),
      indexes: { openStore: () => Promise.resolve(store), tasks, memtableBytes: 64 * 1024 },
    });
    return new Life(await letting(store, opening), store);
  }

  /** Waits for something while the disk goes on. */
  let<Value>(work: Promise<Value>): Promise<Value> {
    return letting(this.store, work);
  }
}

async function letting<Value>(store: LosingIndex, work: Promise<Value>): Promise<Value> {
  let done = false;
  const settled = work.finally(() => {
    done = true;
  });
  settled.catch(() => undefined);
  while (!done) {
    for (const go of store.waiting.splice(0)) go();
    await turn();
  }
  return settled;
}

function upsertOf(i: number, round: number): ItemWrite {
  const body = new BsonWriter(64)
    .beginDocument()
    .string('id', `i${i}`)
    .string('pk', `k${i % 41}`);
  return { kind: 'upsert-item', body: body.double('round', round).end().finish(), view: 'exact' };
}

async function feed({ engine }: Life): Promise<Item[]> {
  const items: Item[] = [];
  for (let after: string | undefined, isFirst = true; isFirst || after !== undefined; isFirst = false) {
    const page = await engine.execute({ kind: 'read-feed', ...place, scope: {}, itemsMax: 1_000, after }, context);
    items.push(...page.items);
    after = page.continuation;
  }
  return items;
}

async function work(life: Life, random: Random, model: Map<number, number>, round: number): Promise<void> {
  const { engine } = life;
  const numbers = Array.from({ length: 1 + below(random, 30) }, () => below(random, itemsMax));
  const isDelete = random() < 0.2;
  const writes = numbers.map((i): ItemWrite =>
    isDelete ? { kind: 'delete-item', id: `i${i}`, partitionKey: [`k${i % 41}`] } : upsertOf(i, round),
  );
  const outcomes = await life.let(engine.execute({ kind: 'write-items', ...place, writes, ordered: false }, context));
  for (const [at, { kind }] of outcomes.entries()) {
    if (kind !== 'written') continue;
    if (isDelete) model.delete(numbers[at]!);
    else model.set(numbers[at]!, round);
  }
}

async function verify(life: Life, model: ReadonlyMap<number, number>): Promise<void> {
  const { engine } = life;
  const found = new Map((await feed(life)).map((item) => [item.id, valueOf(fieldOf(item.body, 'round'))]));
  expect(found).toEqual(new Map([...model].map(([i, round]) => [`i${i}`, round])));
  const { partitions, partitionKey } = engine.catalog.container('d', 'c');
  const counts = partitions.map(({ partition }) => engine.state.partition(partition)!.itemCount);
  expect(counts.reduce((a, b) => a + b)).toBe(model.size);
  for (const item of await feed(life)) {
    const key = valueOf(fieldOf(item.body, 'pk')) as string;
    expect(isInRange(item.partition, effectivePartitionKey(partitionKey, [key]))).toBe(true);
    const read = engine.execute({ kind: 'read-item', ...place, id: item.id, partitionKey: [key] }, context);
    expect((await read).item.lsn).toBe(item.lsn);
  }
}

test('loses nothing in random lives with splits and power failures', { timeout: 120_000 }, async () => {
  const random = randomOf(seedOf());
  for (let machine = 0; machine < 4 * testScale; machine++) {
    const log = new MemoryStore();
    let life = await Life.begin(log, new LosingIndex());
    await life.let(life.engine.execute({ kind: 'create-database', id: 'd' }, context));
    const partitionKey = { paths: ['/pk'], kind: 'Hash', version: 2 } as const;
    await life.let(
      life.engine.execute(
        { kind: 'create-container', ...place, profile: 'documents', partitionKey, partitions: 1 },
        context,
      ),
    );
    const model = new Map<number, number>();
    let splits = 0;
    for (let round = 1; round <= 30; round++) {
      await work(life, random, model, round);
      const { partitions } = life.engine.catalog.container('d', 'c');
      if (random() < 0.3 && partitions.length < 12) {
        const { range } = partitions[below(random, partitions.length)]!;
        const split = life.engine.execute(
          { kind: 'split-partition', ...place, range, parts: 2 + below(random, 2) },
          context,
        );
        split.then(
          () => splits++,
          () => undefined,
        );
        if (random() < 0.5) await life.let(split.catch(() => undefined));
        else
          for (let turns = below(random, 40); turns > 0; turns--) {
            if (random() < 0.5) life.store.waiting.shift()?.();
            await turn();
          }
      }
      if (random() < 0.3) {
        life = await Life.begin(log, life.store.crash(random));
        await verify(life, model);
      }
    }
    await verify(life, model);
    expect(splits).toBeGreaterThan(0);
    await life.let(life.engine.close());
  }
});
