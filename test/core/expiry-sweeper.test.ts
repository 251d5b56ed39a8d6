// Items whose time to live is over are removed, whatever names it, and nothing else is: against a naive model of who
// lives, over restarts and changes of the container's default.

import { afterEach, describe, expect, test } from 'vitest';
import { openEmbeddedLog } from '../../core/storage/embedded-log.ts';
import { MemoryStore } from '../../core/storage/memory-store.ts';
import { Engine } from '../../core/engine.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import { HybridClock } from '../../model/hybrid-time.ts';
import type { Change, Context, ItemWrite } from '../../model/operation.ts';
import { randomOf, seedOf, testScale } from '../random.ts';

const context: Context = { account: 1 };
const name = { database: 'db', container: 'items' };

interface World {
  nowMs: number;
  engine: Engine;
}

let opened: Engine[] = [];

afterEach(async () => {
  for (const engine of opened) await engine.close();
  opened = [];
});

async function openEngine(world: { nowMs: number }, store: MemoryStore, partitions: number): Promise<Engine> {
  const engine = await Engine.open({
    log: await openEmbeddedLog(store, { account: 1, group: 0 }),
    clock: new HybridClock(() => world.nowMs),
    region: { id: 0, name: 'South Central US' },
    partitionsDefault: partitions,
    pause: async () => undefined,
  });
  opened.push(engine);
  return engine;
}

async function openWorld(partitions: number, store = new MemoryStore()): Promise<World> {
  const clock = { nowMs: Date.UTC(2026, 0, 1) };
  const engine = await openEngine(clock, store, partitions);
  const world = Object.assign(clock, { engine });
  await engine.execute({ kind: 'create-database', id: 'db' }, context);
  await engine.execute(
    {
      kind: 'create-container',
      ...name,
      profile: 'documents',
      partitionKey: { paths: ['/pk'], kind: 'Hash', version: 2 },
      settings: settingsOf(undefined),
    },
    context,
  );
  return world;
}

function settingsOf(defaultTtl: number | undefined): Uint8Array {
  const writer = new BsonWriter().beginDocument();
  // No path is indexed: the sweeper must not need the policy.
  writer.beginObject('indexingPolicy').string('indexingMode', 'none').boolean('automatic', false).end();
  if (defaultTtl !== undefined) writer.double('defaultTtl', defaultTtl);
  return writer.end().finish();
}

const setDefault = ({ engine }: World, seconds: number | undefined) =>
  engine.execute({ kind: 'replace-container', ...name, settings: settingsOf(seconds) }, context);

function upsert(id: string, ttl?: number): ItemWrite {
  const writer = new BsonWriter().beginDocument().string('id', id).string('pk', id.slice(0, 1));
  if (ttl !== undefined) writer.double('ttl', ttl);
  return { kind: 'upsert-item', body: writer.end().finish(), view: 'exact' };
}

const write = ({ engine }: World, item: ItemWrite) =>
  engine.execute({ kind: 'write-item', ...name, write: item }, context);

/** Ids of the items that a reader sees, and of how many there are records. */
async function seen({ engine }: World): Promise<{ readonly ids: readonly string[]; readonly stored: number }> {
  const ids: string[] = [];
  let after: string | undefined;
  do {
    const page = await engine.execute({ kind: 'read-feed', ...name, scope: {}, itemsMax: 100, after }, context);
    ids.push(...page.items.map(({ id }) => id));
    after = page.continuation;
  } while (after !== undefined);
  const stored = [...engine.state.partitions()].reduce((sum, { itemCount }) => sum + itemCount, 0);
  return { ids: ids.sort(), stored };
}

async function changesOf({ engine }: World): Promise<readonly Change[]> {
  const page = await engine.execute(
    { kind: 'read-changes', ...name, mode: 'all', scope: {}, start: { kind: 'beginning' }, changesMax: 10_000 },
    context,
  );
  return page.changes;
}

describe('the sweeper', () => {
  test('removes what expired by the default or by its own time, and leaves the rest', async () => {
    const world = await openWorld(1);
    await setDefault(world, 60);
    await write(world, upsert('a'));
    await write(world, upsert('b', 10));
    await write(world, upsert('c', -1));
    await write(world, upsert('d', 100));
    world.nowMs += 59_000;
    await world.engine.sweepExpired();
    expect(await seen(world)).toEqual({ ids: ['a', 'c', 'd'], stored: 3 });
    world.nowMs += 1_000;
    const hidden = await seen(world);
    await world.engine.sweepExpired();
    expect(hidden.ids).toEqual(['c', 'd']);
    expect(await seen(world)).toEqual({ ids: ['c', 'd'], stored: 2 });
    expect(world.engine.counters.expired).toBe(2);
  });

  test('says in the log why an item ended', async () => {
    const world = await openWorld(1);
    await setDefault(world, 5);
    await write(world, upsert('a'));
    world.nowMs += 5_000;
    await world.engine.sweepExpired();
    const changes = await changesOf(world);
    expect(changes.map(({ operation, expired }) => [operation, expired])).toEqual([
      ['create', false],
      ['delete', true],
    ]);
    expect(changes[1]!.previous?.id).toBe('a');
  });

  test('follows the default of the container as it is set', async () => {
    const world = await openWorld(1);
    await write(world, upsert('a'));
    await write(world, upsert('b', 1));
    world.nowMs += 1_000_000;
    await world.engine.sweepExpired();
    expect(await seen(world)).toEqual({ ids: ['a', 'b'], stored: 2 });
    await setDefault(world, -1);
    await world.engine.sweepExpired();
    expect(await seen(world)).toEqual({ ids: ['a'], stored: 1 });
    await setDefault(world, 2_000_000);
    await world.engine.sweepExpired();
    expect((await seen(world)).stored).toBe(1);
    await setDefault(world, 10);
    await world.engine.sweepExpired();
    expect(await seen(world)).toEqual({ ids: [], stored: 0 });
  });

  test('removes more than a slice holds, while others write', async () => {
    const world = await openWorld(1);
    await setDefault(world, 10);
    const writes = Array.from({ length: 300 }, (_, i) => upsert(`a${i}`));
    await world.engine.execute({ kind: 'write-items', ...name, writes, ordered: false }, context);
    world.nowMs += 10_000;
    const sweeping = world.engine.sweepExpired();
    const again = Array.from({ length: 300 }, (_, i) => write(world, upsert(`a${299 - i}`)));
    await Promise.all([sweeping, ...again]);
    expect(await seen(world)).toMatchObject({ stored: 300 });
    const ended = (await changesOf(world)).filter(({ expired }) => expired);
    expect(ended.length).toBe(300);
  });

  test('misses nothing when the default changes while it works', async () => {
    const world = await openWorld(1);
    const writes = Array.from({ length: 200 }, (_, i) => upsert(`a${i}`, i % 2 === 0 ? undefined : 5));
    await world.engine.execute({ kind: 'write-items', ...name, writes, ordered: false }, context);
    await setDefault(world, 10);
    world.nowMs += 20_000;
    for (const seconds of [undefined, 1_000_000]) {
      const sweeping = world.engine.sweepExpired();
      await setDefault(world, seconds);
      await sweeping;
      await setDefault(world, 10);
    }
    await world.engine.sweepExpired();
    expect(await seen(world)).toEqual({ ids: [], stored: 0 });
  });

  test('goes on in the parts of a partition that is split', async () => {
    const world = await openWorld(1);
    await setDefault(world, 10);
    const ids = Array.from({ length: 200 }, (_, i) => `${'abcdefgh'[i % 8]!}${i}`);
    const writes = ids.map((id, i) => upsert(id, i % 3 === 0 ? -1 : i % 3 === 1 ? 15 : undefined));
    await world.engine.execute({ kind: 'write-items', ...name, writes, ordered: false }, context);
    world.nowMs += 10_000;
    const split = world.engine.execute({ kind: 'split-partition', ...name, range: 0, parts: 2 }, context);
    await Promise.all([split, world.engine.sweepExpired()]);
    await world.engine.sweepExpired();
    const lasting = ids.filter((_id, i) => i % 3 !== 2).sort();
    expect(await seen(world)).toEqual({ ids: lasting, stored: lasting.length });
    world.nowMs += 5_000;
    await world.engine.sweepExpired();
    const ever = ids.filter((_id, i) => i % 3 === 0).sort();
    expect(await seen(world)).toEqual({ ids: ever, stored: ever.length });
  });

  test('goes on after the clock was set back', async () => {
    const world = await openWorld(1);
    await setDefault(world, 10);
    world.nowMs += 1_000_000;
    await world.engine.sweepExpired();
    world.nowMs -= 900_000;
    await write(world, upsert('a'));
    await world.engine.sweepExpired();
    world.nowMs += 20_000;
    await world.engine.sweepExpired();
    expect(await seen(world)).toEqual({ ids: [], stored: 0 });
  });

  test.each([1, 5])('agrees with a naive model, with %i partitions', async (partitions) => {
    const random = randomOf(seedOf());
    const below = (most: number): number => Math.floor(random() * most);
    const store = new MemoryStore();
    const world = await openWorld(partitions, store);
    const model = new Map<string, { readonly at: number; readonly ttl: number | undefined }>();
    let fallback: number | undefined;
    const lives = (id: string): boolean => {
      const item = model.get(id);
      if (item === undefined) return false;
      if (fallback === undefined) return true;
      const seconds = item.ttl ?? fallback;
      return seconds < 0 || item.at + seconds > Math.floor(world.nowMs / 1000);
    };
    const settle = (): void => {
      for (const id of [...model.keys()]) if (!lives(id)) model.delete(id);
    };
    for (let step = 0; step < 150 * testScale; step++) {
      const dice = below(20);
      if (dice < 10) {
        const id = `${'abcde'[below(5)]!}${below(12)}`;
        const ttl = [undefined, undefined, -1, 1 + below(30)][below(4)];
        await write(world, upsert(id, ttl));
        model.set(id, { at: Math.floor(world.nowMs / 1000), ttl });
      } else if (dice < 15) world.nowMs += below(8_000);
      else if (dice === 15) {
        settle();
        await world.engine.sweepExpired();
        fallback = [undefined, -1, 1 + below(40)][below(3)];
        await setDefault(world, fallback);
      } else if (dice === 16) {
        await world.engine.close();
        opened = [];
        world.engine = await openEngine(world, store, partitions);
      } else {
        await world.engine.sweepExpired();
        settle();
        expect(await seen(world)).toEqual({ ids: [...model.keys()].sort(), stored: model.size });
      }
    }
  });
});
