// Partitions split while they are written and read: nothing is lost, nothing comes twice, and it holds over restarts.

import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RunningServer } from '../../bin/server.ts';
import { changeFeedOf } from './changes.ts';
import { Engine } from '../../core/engine.ts';
import { openEmbeddedLog } from '../../core/storage/embedded-log.ts';
import { MemoryStore } from '../../core/storage/memory-store.ts';
import { HybridClock } from '../../model/hybrid-time.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import { fieldOf } from '../../model/bson/walk.ts';
import { valueOf } from '../../model/value.ts';
import type { Item, ItemWrite } from '../../model/operation.ts';
import type { ContainerRecord } from '../../model/resource.ts';
import { randomOf, seedOf } from '../random.ts';
import { check } from '../../bin/commands/check.ts';
import { serve, testSettings } from '../serving.ts';

const context = { account: 1 };
const place = { database: 'd', container: 'c' };
const seed = seedOf();

let directory: string;
let server: RunningServer | undefined;
let engine: Engine;

/** An engine whose index is in memory alone, or a server with its directory. */
async function start(isKept: boolean): Promise<void> {
  if (isKept) {
    server = await serve({ data: directory });
    engine = server.deployment.accounts[0]!.engine;
    return;
  }
  server = undefined;
  engine = await Engine.open({
    log: await openEmbeddedLog(new MemoryStore(), { account: 1, group: 0 }),
    clock: new HybridClock(() => Date.now()),
    region: { id: 1, name: 'South Central US' },
    partitionsDefault: 1,
    pause: () => Promise.resolve(),
  });
}

const stop = (): Promise<unknown> => (server === undefined ? engine.close() : server.stop());

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'meridian-split-'));
  await start(false);
  await prepare();
});

async function prepare(): Promise<void> {
  await engine.execute({ kind: 'create-database', id: 'd' }, context);
  const partitionKey = { paths: ['/pk'], kind: 'Hash', version: 2 } as const;
  await engine.execute(
    { kind: 'create-container', ...place, profile: 'documents', partitionKey, partitions: 1 },
    context,
  );
}

afterEach(async () => {
  await stop();
  await rm(directory, { recursive: true, force: true });
}, 60_000);

function keyOf(i: number): string {
  return `k${i % 97}`;
}

function upsertOf(i: number, round: number): ItemWrite {
  const body = new BsonWriter(64).beginDocument().string('id', `i${i}`).string('pk', keyOf(i)).double('n', i);
  return { kind: 'upsert-item', body: body.double('round', round).end().finish(), view: 'exact' };
}

async function upsert(numbers: readonly number[], round: number): Promise<void> {
  const outcomes = await engine.execute(
    { kind: 'write-items', ...place, writes: numbers.map((i) => upsertOf(i, round)), ordered: false },
    context,
  );
  expect(outcomes.filter(({ kind }) => kind !== 'written')).toEqual([]);
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const container = (): ContainerRecord => engine.catalog.container('d', 'c');
const split = (range: number, parts = 2) =>
  engine.execute({ kind: 'split-partition', ...place, range, parts }, context);

async function feed(pageItems = 50, onPage?: () => Promise<void>): Promise<Item[]> {
  const items: Item[] = [];
  let after: string | undefined;
  do {
    const page = await engine.execute({ kind: 'read-feed', ...place, scope: {}, itemsMax: pageItems, after }, context);
    items.push(...page.items);
    after = page.continuation;
    await onPage?.();
  } while (after !== undefined);
  return items;
}

/** Value of a field by id. */
function fieldsOf(items: readonly Item[], field = 'round'): Map<string, unknown> {
  return new Map(items.map((item) => [item.id, valueOf(fieldOf(item.body, field))]));
}

async function wipeIndexes(): Promise<void> {
  const names = await readdir(directory, { recursive: true });
  const indexes = names.filter((name) => /(^|\/)index-[\d-]+$/.test(name));
  expect(indexes.length).toBeGreaterThan(0);
  for (const name of indexes) await rm(join(directory, name), { recursive: true });
}

/** What `meridian check` says of the directory. */
async function checked(): Promise<string> {
  let said = '';
  const settings = await testSettings({ data: directory });
  await check({ settings, json: false, write: (text: string) => (said += text) } as unknown as Parameters<
    typeof check
  >[0]);
  return said;
}

const find = async (i: number) =>
  engine.execute({ kind: 'read-item', ...place, id: `i${i}`, partitionKey: [keyOf(i)] }, context);

describe('a split partition', () => {
  test('has all its items in its children, each under its key', async () => {
    await upsert(upTo(400), 0);
    const after = await split(0);
    expect(after.partitions.map(({ range, origins }) => [range, origins.map((origin) => origin.range)])).toEqual([
      [1, [0]],
      [2, [0]],
    ]);
    const counts = after.partitions.map(({ partition }) => engine.state.partition(partition)!.itemCount);
    expect(counts.reduce((a, b) => a + b)).toBe(400);
    expect(Math.min(...counts)).toBeGreaterThan(100);
    for (const i of upTo(400)) expect((await find(i)).item.id).toBe(`i${i}`);
    expect((await feed()).length).toBe(400);
  });

  test('goes on with the LSNs and orders of creation that it had', async () => {
    await upsert(upTo(200), 0);
    const before = new Map((await feed()).map(({ id, lsn, created }) => [id, { lsn, created }]));
    const lsn = engine.lsnOf(container().partitions[0]!.partition);
    const { partitions } = await split(0, 3);
    expect(partitions.map(({ partition }) => engine.lsnOf(partition))).toEqual([lsn, lsn, lsn]);
    for (const { id, lsn, created } of await feed()) expect({ lsn, created }).toEqual(before.get(id));
    await upsert([1000], 0);
    expect((await find(1000)).item.lsn).toBe(lsn + 1);
  });

  test(
    'is found again after a restart, also when the index has to be made from the log alone',
    { timeout: 60_000 },
    async () => {
      await stop();
      await start(true);
      await prepare();
      await upsert(upTo(300), 0);
      await split(0);
      await upsert(upTo(150), 1);
      await split(1);
      for (const wipe of [false, true]) {
        await stop();
        expect(await checked()).toContain('everything holds');
        if (wipe) await wipeIndexes();
        await start(true);
        const rounds = fieldsOf(await feed());
        expect(container().partitions.map(({ range }) => range)).toEqual([3, 4, 2]);
        expect(upTo(300).map((i) => rounds.get(`i${i}`))).toEqual(
          upTo(300).map((i) => (i === 7 && wipe ? 2 : i < 150 ? 1 : 0)),
        );
        await upsert([7], 2 + Number(wipe));
        expect(fieldsOf([(await find(7)).item]).get('i7')).toBe(2 + Number(wipe));
      }
    },
  );

  test('takes writes all the time, and each is there once', { timeout: 60_000 }, async () => {
    const random = randomOf(seed);
    await upsert(upTo(500), 0);
    const rounds = new Map(upTo(500).map((i) => [i, 0]));
    let going = true;
    let round = 0;
    const writers = upTo(8).map(async (writer) => {
      while (going) {
        const i = Math.floor(random() * 60) * 8 + writer;
        const mine = ++round;
        if (i % 5 === 0) await engine.execute({ kind: 'write-item', ...place, write: upsertOf(i, mine) }, context);
        else await upsert([i], mine);
        rounds.set(i, mine);
      }
    });
    await split(0);
    await split(2);
    await split(1, 3);
    going = false;
    await Promise.all(writers);
    const found = fieldsOf(await feed());
    expect(found.size).toBe(500);
    for (const [i, wanted] of rounds) expect([i, found.get(`i${i}`)]).toEqual([i, wanted]);
  });

  test('deletes and replaces in the children what the parent held', async () => {
    await upsert(upTo(100), 0);
    await split(0);
    for (const i of upTo(50))
      await engine.execute(
        { kind: 'write-item', ...place, write: { kind: 'delete-item', id: `i${i}`, partitionKey: [keyOf(i)] } },
        context,
      );
    await upsert(upTo(100).slice(50), 1);
    const rounds = fieldsOf(await feed());
    expect([rounds.size, new Set(rounds.values())]).toEqual([50, new Set([1])]);
  });
});

describe('what was being read', () => {
  test('a feed over pages shows every item once, wherever the split falls', async () => {
    await upsert(upTo(500), 0);
    let pages = 0;
    const items = await feed(60, async () => {
      pages++;
      if (pages === 3) await split(0, 3);
      if (pages === 5) await split(container().partitions[1]!.range);
    });
    expect(items.map(({ id }) => id).sort()).toEqual(
      upTo(500)
        .map((i) => `i${i}`)
        .sort(),
    );
  });

  test('a search that was open goes on with the state that it saw', async () => {
    await upsert(upTo(300), 0);
    const search = await engine.execute(
      { kind: 'open-search', ...place, scope: {}, predicate: { kind: 'and', of: [] }, view: 'stored' },
      context,
    );
    const first = await search.next(100, Infinity, undefined);
    await split(0);
    await upsert(upTo(300), 1);
    const items = [...first.items];
    for (let done = first.done; !done;) {
      const page = await search.next(100, Infinity, undefined);
      items.push(...page.items);
      ({ done } = page);
    }
    search.close();
    expect([items.length, new Set(fieldsOf(items).values())]).toEqual([300, new Set([0])]);
  });

  test.each(['latest', 'all'] as const)(
    'a change feed (%s) goes on from its place without loss or repeat',
    async (mode) => {
      const feed = changeFeedOf(engine, place, mode);
      await upsert(upTo(200), 0);
      const seen = [...(await feed.read(70))];
      await split(0);
      seen.push(...(await feed.read(70)));
      await upsert(upTo(300).slice(200), 0);
      await split(container().partitions[0]!.range);
      seen.push(...(await feed.rest(70)));
      expect(seen.map(({ item }) => item.id).sort()).toEqual(
        upTo(300)
          .map((i) => `i${i}`)
          .sort(),
      );
    },
  );

  test.each(['latest', 'all'] as const)('the place of a parent is one in each child (%s)', async (mode) => {
    await upsert(upTo(200), 0);
    const whole = changeFeedOf(engine, place, mode);
    const seen = [...(await whole.read(90))];
    await split(0, 3);
    await upsert(upTo(260).slice(200), 0);
    for (const { minInclusive, maxExclusive } of container().partitions) {
      const part = changeFeedOf(engine, place, mode, { range: { minInclusive, maxExclusive } }, whole.continuation);
      seen.push(...(await part.rest(40)));
    }
    expect(seen.map(({ item }) => item.id).sort()).toEqual(
      upTo(260)
        .map((i) => `i${i}`)
        .sort(),
    );
  });
});

describe('a refused split', () => {
  test('a range that is not there any more is gone', async () => {
    await upsert(upTo(10), 0);
    await split(0);
    await expect(split(0)).rejects.toMatchObject({ code: 'PartitionGone' });
  });

  test('a container without partition key stays whole', async () => {
    await engine.execute({ kind: 'create-container', database: 'd', container: 'one', profile: 'documents' }, context);
    await expect(
      engine.execute({ kind: 'split-partition', database: 'd', container: 'one', range: 0, parts: 2 }, context),
    ).rejects.toMatchObject({ code: 'BadRequest' });
  });
});
