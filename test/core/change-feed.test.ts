// The change feed of core against the history that made it: random writes, readers that come and go between them
// with pages of any size, and restarts, over one partition and several.

import { describe, expect, test } from 'vitest';
import { Engine } from '../../core/engine.ts';
import { historyAgeMsMax, historySlackMsMax } from '../../core/retention.ts';
import { openEmbeddedLog } from '../../core/storage/embedded-log.ts';
import { MemoryStore } from '../../core/storage/memory-store.ts';
import { fieldOf } from '../../model/bson/walk.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import { HybridClock, hybridTimeOfMs } from '../../model/hybrid-time.ts';
import type { Change, ChangePage, ChangeStart, Context, ItemWrite, Operation, Scope } from '../../model/operation.ts';
import { valueOf } from '../../model/value.ts';
import { randomOf, seedOf, testScale } from '../random.ts';

const context: Context = { account: 1 };
const name = { database: 'db', container: 'items' };
const startMs = Date.UTC(2026, 0, 1);
const beginning: ChangeStart = { kind: 'beginning' };

interface World {
  engine: Engine;
  readonly store: MemoryStore;
  nowMs: number;
}

async function open(world: World): Promise<void> {
  world.engine = await Engine.open({
    log: await openEmbeddedLog(world.store, { account: 1, group: 0 }),
    clock: new HybridClock(() => world.nowMs),
    region: { id: 0, name: 'South Central US' },
    partitionsDefault: 1,
    pause: async () => undefined,
  });
}

async function openWorld(partitions: number): Promise<World> {
  const world = { store: new MemoryStore(), nowMs: startMs } as World;
  await open(world);
  await world.engine.execute({ kind: 'create-database', id: 'db' }, context);
  await world.engine.execute(
    {
      kind: 'create-container',
      ...name,
      profile: 'documents',
      partitionKey: { paths: ['/pk'], kind: 'Hash', version: 2 },
      partitions,
    },
    context,
  );
  return world;
}

async function restart(world: World): Promise<void> {
  await world.engine.close();
  await open(world);
}

function bodyOf(id: string, pk: string, n: number): Uint8Array {
  return new BsonWriter().beginDocument().string('id', id).string('pk', pk).int32('n', n).end().finish();
}

const upsert = (id: string, pk: string, n = 1): ItemWrite => ({
  kind: 'upsert-item',
  body: bodyOf(id, pk, n),
  view: 'exact',
});
const write = (world: World, item: ItemWrite) =>
  world.engine.execute({ kind: 'write-item', ...name, write: item }, context);
const remove = (world: World, id: string, pk: string) => write(world, { kind: 'delete-item', id, partitionKey: [pk] });

type Asked = Partial<Omit<Operation<'read-changes'>, 'kind'>>;

function read(world: World, asked: Asked = {}): Promise<ChangePage> {
  return world.engine.execute(
    { kind: 'read-changes', ...name, mode: 'latest', scope: {}, start: beginning, changesMax: 100, ...asked },
    context,
  );
}

const after = (continuation: string): ChangeStart => ({ kind: 'after', continuation });

/** Reads until nothing is new. */
async function drain(world: World, asked: Asked = {}): Promise<{ changes: Change[]; continuation: string }> {
  const changes: Change[] = [];
  let page = await read(world, asked);
  while (page.changes.length > 0) {
    changes.push(...page.changes);
    page = await read(world, { ...asked, start: after(page.continuation) });
  }
  return { changes, continuation: page.continuation };
}

const textOf = ({ operation, item }: Change): string =>
  `${operation} ${item.id} ${operation === 'delete' ? '' : valueOf(fieldOf(item.body, 'n'))} ${placeOf(item)}`;
const placeOf = (item: Change['item']): string => `${item.partition.range}:${item.lsn}`;
const idsOf = (changes: readonly Change[]): string[] => changes.map(({ item }) => item.id);

/** What happened, as every feed must tell it. */
interface Event {
  readonly text: string;
  readonly range: number;
  readonly lsn: number;
  readonly id: string;
  readonly pk: string;
  readonly deleted: boolean;
}

const keys = ['a', 'b', 'c', 'd', 'e', 'f'];

/** A few random writes, some of them batches; appended to `events`. */
async function disturb(world: World, random: () => number, events: Event[], count: number): Promise<void> {
  const pick = <Value>(values: readonly Value[]): Value => values[Math.floor(random() * values.length)]!;
  for (let i = 0; i < count; i++) {
    world.nowMs += Math.floor(random() * 3);
    const pk = pick(keys);
    const id = `${pk}${Math.floor(random() * 8)}`;
    const n = Math.floor(random() * 1_000);
    const kind = random();
    if (kind < 0.2) {
      const ids = [...new Set(Array.from({ length: 4 }, () => `${pk}${Math.floor(random() * 8)}`))];
      const writes = ids.map((one) => upsert(one, pk, n));
      const outcome = await world.engine.execute({ kind: 'batch-items', ...name, partitionKey: [pk], writes }, context);
      if (outcome.kind === 'aborted') throw outcome.error;
      for (const { item, change } of outcome.written) note(events, item, change, pk, n);
    } else if (kind < 0.4) {
      const written = await remove(world, id, pk).catch(() => undefined);
      if (written !== undefined) note(events, written.item, 'deleted', pk, n);
    } else {
      const { item, change } = await write(world, upsert(id, pk, n));
      note(events, item, change, pk, n);
    }
  }
}

function note(events: Event[], item: Change['item'], change: string, pk: string, n: number): void {
  const deleted = change === 'deleted';
  const operation = change.slice(0, -1);
  const { id, lsn } = item;
  const { range } = item.partition;
  events.push({ text: `${operation} ${id} ${deleted ? '' : n} ${placeOf(item)}`, range, lsn, id, pk, deleted });
}

/** The events that a latest-version feed still shows. */
function lastOf(events: readonly Event[]): Event[] {
  const last = new Map(events.map((event) => [event.id, event]));
  return [...last.values()].filter(({ deleted }) => !deleted);
}

function expectOrdered(changes: readonly Change[]): void {
  const lsns = new Map<number, number>();
  for (const { item } of changes) {
    expect(item.lsn).toBeGreaterThan(lsns.get(item.partition.range) ?? 0);
    lsns.set(item.partition.range, item.lsn);
  }
}

describe.each([1, 5])('random histories over %i partitions', (partitions) => {
  test('are told whole by mode all, and their outcome by mode latest, whoever reads when', async () => {
    const seed = seedOf();
    for (let round = 0; round < 6 * testScale; round++) {
      const random = randomOf(seed + round);
      const world = await openWorld(partitions);
      const events: Event[] = [];
      const scopes: { scope: Scope; holds: (event: Event) => boolean }[] = [
        { scope: {}, holds: () => true },
        { scope: { partitionKey: ['b'] }, holds: ({ pk }) => pk === 'b' },
      ];
      const { engine } = world;
      for (const { range, minInclusive, maxExclusive } of engine.catalog.container('db', 'items').partitions)
        scopes.push({ scope: { range: { minInclusive, maxExclusive } }, holds: (event) => event.range === range });
      const readers = scopes.flatMap(({ scope, holds }) =>
        (['latest', 'all'] as const).map((mode) => ({
          mode,
          scope,
          holds,
          start: beginning as ChangeStart,
          changes: [] as Change[],
        })),
      );
      for (let step = 0; step < 30; step++) {
        await disturb(world, random, events, Math.floor(random() * 12));
        if (random() < 0.1) await restart(world);
        for (const reader of readers) {
          if (random() < 0.5) continue;
          const changesMax = 1 + Math.floor(random() * 5);
          const page = await read(world, { ...reader, changesMax });
          reader.changes.push(...page.changes);
          reader.start = after(page.continuation);
        }
      }
      for (const { mode, scope, holds, start, changes } of readers) {
        const told = [...changes, ...(await drain(world, { mode, scope, start, changesMax: 7 })).changes];
        expectOrdered(told);
        const inScope = events.filter(holds);
        if (mode === 'all') {
          expect(told.map(textOf).sort()).toEqual(inScope.map(({ text }) => text).sort());
          continue;
        }
        // What a live reader of the latest versions holds in the end, deletes apart: each item at its last write.
        const last = new Map(told.map((change) => [change.item.id, change]));
        for (const event of lastOf(inScope))
          expect(textOf(last.get(event.id)!).split(' ').slice(1)).toEqual(event.text.split(' ').slice(1));
        const anew = (await drain(world, { mode, scope, changesMax: 3 })).changes;
        expect(anew.map((change) => placeOf(change.item)).sort()).toEqual(
          lastOf(inScope)
            .map(({ range, lsn }) => `${range}:${lsn}`)
            .sort(),
        );
      }
      await world.engine.close();
    }
  });
});

describe('a change feed', () => {
  test('goes on after a restart where it was', async () => {
    const world = await openWorld(3);
    for (const pk of keys) await write(world, upsert('1', pk));
    const { continuation } = await drain(world, { mode: 'all', changesMax: 2 });
    await restart(world);
    for (const pk of keys) await remove(world, '1', pk);
    const { changes } = await drain(world, { mode: 'all', start: after(continuation) });
    expect(changes.map(({ operation }) => operation)).toEqual(keys.map(() => 'delete'));
    expect(changes.map(({ partitionKey }) => partitionKey?.[0]).sort()).toEqual(keys);
    for (const { previous } of changes) expect(valueOf(fieldOf(previous!.body, 'n'))).toBe(1);
  });

  test('begins now, or where a time was, or nowhere in particular', async () => {
    const world = await openWorld(1);
    await write(world, upsert('early', 'a'));
    world.nowMs += 10_000;
    const since = hybridTimeOfMs(world.nowMs);
    const { continuation } = await read(world, { start: { kind: 'now' } });
    await write(world, upsert('late', 'a'));
    for (const mode of ['latest', 'all'] as const) {
      expect(idsOf((await drain(world, { mode })).changes)).toEqual(['early', 'late']);
      expect(idsOf((await drain(world, { mode, since })).changes)).toEqual(['late']);
      expect(idsOf((await drain(world, { mode, start: after(continuation) })).changes)).toEqual(['late']);
    }
  });

  test('finds its place among many items, from any LSN', async () => {
    const world = await openWorld(1);
    const ids = Array.from({ length: 900 }, (_, i) => `i${i}`);
    for (let i = 0; i < ids.length; i += 100)
      await world.engine.execute(
        { kind: 'write-items', ...name, ordered: true, writes: ids.slice(i, i + 100).map((id) => upsert(id, 'a')) },
        context,
      );
    for (const id of ids.slice(0, 300)) await remove(world, id, 'a');
    await write(world, upsert('i500', 'a', 2));
    const live = ids.slice(300).filter((id) => id !== 'i500');
    for (const lsn of [0, 1, 299, 300, 301, 450, 500, 501, 899, 900, 1199, 1200, 1201]) {
      const { changes } = await drain(world, { start: after(String(lsn)), changesMax: 1_000 });
      const left = lsn < 300 ? live : live.filter((id) => Number(id.slice(1)) >= lsn);
      expect(idsOf(changes)).toEqual(lsn > 1_200 ? [] : [...left, 'i500']);
    }
  });

  test('shows a transaction on one page, however small the page', async () => {
    const world = await openWorld(1);
    await write(world, upsert('0', 'a'));
    const writes = ['1', '2', '3', '4', '5'].map((id) => upsert(id, 'a'));
    await world.engine.execute({ kind: 'batch-items', ...name, partitionKey: ['a'], writes }, context);
    await world.engine.execute(
      { kind: 'write-items', ...name, ordered: true, writes: [upsert('6', 'a'), upsert('7', 'a')] },
      context,
    );
    for (const mode of ['latest', 'all'] as const) {
      const sizes: number[] = [];
      let page = await read(world, { mode, changesMax: 1 });
      for (
        ;
        page.changes.length > 0;
        page = await read(world, { mode, changesMax: 1, start: after(page.continuation) })
      )
        sizes.push(page.changes.length);
      expect(sizes).toEqual([1, 5, 1, 1]);
    }
  });

  test('ends a page by its bytes', async () => {
    const world = await openWorld(1);
    for (let i = 0; i < 5; i++) await write(world, upsert(`${i}`, 'a'));
    const bytes = bodyOf('0', 'a', 1).length;
    expect((await read(world, { bytesMax: bytes * 2 })).changes).toHaveLength(2);
    expect((await read(world, { bytesMax: 1 })).changes).toHaveLength(1);
  });

  test('reads every partition in turn, though the first is always busy', async () => {
    const world = await openWorld(5);
    const ranges = new Map<number, string>();
    for (const pk of keys) ranges.set((await write(world, upsert('1', pk))).item.partition.range, pk);
    expect(ranges.size).toBeGreaterThan(2);
    const busy = ranges.get(Math.min(...ranges.keys()))!;
    const seen = new Set<string>();
    let start: ChangeStart = beginning as ChangeStart;
    for (let page = 0; page < 12; page++) {
      const { changes, continuation } = await read(world, { start, changesMax: 1 });
      for (const { item } of changes) seen.add(String(valueOf(fieldOf(item.body, 'pk'))));
      start = after(continuation);
      await write(world, upsert('1', busy));
    }
    expect([...seen].sort()).toEqual(keys);
  });

  test('hides expired items from the latest versions, and shows their end among all', async () => {
    const world = await openWorld(1);
    const settings = new BsonWriter().beginDocument().int32('defaultTtl', 5).end().finish();
    await world.engine.execute({ kind: 'replace-container', ...name, settings }, context);
    await write(world, upsert('old', 'a'));
    world.nowMs += 6_000;
    await write(world, upsert('old', 'a', 2));
    await write(world, upsert('new', 'a'));
    const { changes } = await drain(world, { mode: 'all' });
    const [first, ended, again, other] = changes;
    expect([first, again, other].map((change) => textOf(change!))).toEqual([
      'create old 1 0:1',
      'create old 2 0:3',
      'create new 1 0:4',
    ]);
    expect(ended).toMatchObject({ operation: 'delete', expired: true, item: { id: 'old', lsn: 2 } });
    expect(again!.previous).toBeUndefined();
    world.nowMs += 6_000;
    expect((await drain(world)).changes).toEqual([]);
  });

  test.each(['x', '-1', '1:', '1:2:3', '0:1,0:2', '9:1', ',', '1'.repeat(16), '0:1,'.repeat(20_000)])(
    'refuses the continuation %s',
    async (continuation) => {
      const world = await openWorld(2);
      await expect(read(world, { start: after(continuation) })).rejects.toMatchObject({ code: 'InvalidContinuation' });
    },
  );

  test('is refused once its container is deleted', async () => {
    const world = await openWorld(1);
    await write(world, upsert('1', 'a'));
    await world.engine.execute({ kind: 'delete-container', ...name }, context);
    for (const mode of ['latest', 'all'] as const)
      await expect(read(world, { mode })).rejects.toMatchObject({ code: 'ContainerNotFound' });
  });
});

describe('history that was removed', () => {
  /** Three versions of one item and its delete, all but the last too old to be kept; then another item. */
  async function trimmed(): Promise<World> {
    const world = await openWorld(1);
    for (let n = 1; n <= 3; n++) await write(world, upsert('1', 'a', n));
    await write(world, upsert('2', 'a'));
    await write(world, upsert('1', 'a', 4));
    world.nowMs += historyAgeMsMax + historySlackMsMax + 1_000;
    await trim(world, [1, 2]);
    await write(world, upsert('2', 'a', 2));
    return world;
  }

  /** Removes the records with these LSNs, as retention would. */
  async function trim(world: World, lsns: readonly number[]): Promise<void> {
    const { changes } = await drain(world, { mode: 'all' });
    const first = world.engine.state.marks.before(changes[0]!.item.partition.partition, 1);
    await world.engine.log.trim(lsns.map((lsn) => first + lsn - 1));
  }

  test('is an error for who goes on from before it, and none for who begins at the beginning', async () => {
    const world = await trimmed();
    for (const again of [false, true]) {
      if (again) await restart(world);
      for (const lsn of ['0', '1'])
        await expect(read(world, { mode: 'all', start: after(lsn) })).rejects.toMatchObject({ code: 'HistoryLost' });
      const { changes } = await drain(world, { mode: 'all', start: after('2') });
      expect(changes.map(({ item }) => item.lsn)).toEqual([3, 4, 5, 6]);
      expect(changes[0]!.previous).toBeUndefined();
      expect((await drain(world, { mode: 'all' })).changes.map(textOf)).toEqual(changes.map(textOf));
      expect(idsOf((await drain(world, { start: after('0') })).changes)).toEqual(['1', '2']);
    }
  });

  test('is an error for a time in it, and none for a later one', async () => {
    const world = await trimmed();
    const late = hybridTimeOfMs(world.nowMs);
    expect((await drain(world, { mode: 'all', since: late })).changes.map(({ item }) => item.lsn)).toEqual([6]);
    const early = hybridTimeOfMs(startMs);
    await expect(read(world, { mode: 'all', since: early })).rejects.toMatchObject({ code: 'HistoryLost' });
  });

  test('begins where the caller says it does', async () => {
    const world = await openWorld(1);
    await write(world, upsert('1', 'a'));
    world.nowMs += 60_000;
    await write(world, upsert('2', 'a'));
    const historySince = hybridTimeOfMs(world.nowMs - 1_000);
    const asked = { mode: 'all', historySince } as const;
    expect(idsOf((await drain(world, asked)).changes)).toEqual(['2']);
    await expect(read(world, { ...asked, start: after('0') })).rejects.toMatchObject({ code: 'HistoryLost' });
    expect(idsOf((await drain(world, { ...asked, start: after('1') })).changes)).toEqual(['2']);
  });
});
