// The engine over a log in memory: what each operation promises, across a restart too.

import { beforeEach, describe, expect, test } from 'vitest';
import { openEmbeddedLog } from '../../core/storage/embedded-log.ts';
import { MemoryStore } from '../../core/storage/memory-store.ts';
import { checkStore } from '../../core/check.ts';
import { Engine } from '../../core/engine.ts';
import { GroupState } from '../../core/group.ts';
import { memoryHome } from '../../core/memory-home.ts';
import { recover } from '../../core/recover.ts';
import { HybridClock, type HybridTime } from '../../model/hybrid-time.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import { fieldOf } from '../../model/bson/walk.ts';
import { valueOf } from '../../model/value.ts';
import type { Condition, Context, ItemWrite, Written } from '../../model/operation.ts';

const context: Context = { account: 1 };
const name = { database: 'db', container: 'items' };

async function openEngine(store: MemoryStore, partitionsDefault = 1): Promise<Engine> {
  return Engine.open({
    log: await openEmbeddedLog(store, { account: 1, group: 0 }),
    clock: new HybridClock(() => Date.UTC(2026, 0, 1)),
    region: { id: 0, name: 'South Central US' },
    partitionsDefault,
    pause: async () => undefined,
  });
}

function itemOf(id: string, pk: string, value = 1): Uint8Array {
  return new BsonWriter().beginDocument().string('id', id).string('pk', pk).int32('value', value).end().finish();
}

function create(id: string, pk = 'a', value = 1): ItemWrite {
  return { kind: 'create-item', body: itemOf(id, pk, value), view: 'exact' };
}

let store: MemoryStore;
let engine: Engine;

beforeEach(async () => {
  store = new MemoryStore();
  engine = await openEngine(store, 3);
  await engine.execute({ kind: 'create-database', id: 'db' }, context);
  await engine.execute(
    {
      kind: 'create-container',
      ...name,
      profile: 'documents',
      partitionKey: { paths: ['/pk'], kind: 'Hash', version: 2 },
    },
    context,
  );
});

const write = (item: ItemWrite) => engine.execute({ kind: 'write-item', ...name, write: item }, context);
const read = (id: string, pk = 'a') => engine.execute({ kind: 'read-item', ...name, id, partitionKey: [pk] }, context);
const feed = (itemsMax: number, after?: string) =>
  engine.execute({ kind: 'read-feed', ...name, scope: {}, itemsMax, after }, context);

describe('items', () => {
  test('an item is read back byte for byte under its id and partition key only', async () => {
    await write(create('1'));
    expect((await read('1')).item.body).toEqual(itemOf('1', 'a'));
    await expect(read('1', 'b')).rejects.toMatchObject({ code: 'ItemNotFound' });
  });

  test('the same id may live in another logical partition', async () => {
    await write(create('1', 'a'));
    await write(create('1', 'b', 2));
    const found = await engine.execute({ kind: 'find-by-id', ...name, id: '1' }, context);
    expect(found.items.map((item) => valueOf(fieldOf(item.body, 'value'))).sort()).toEqual([1, 2]);
  });

  test('creating an item twice is refused and changes nothing', async () => {
    await write(create('1'));
    await expect(write(create('1', 'a', 2))).rejects.toMatchObject({ code: 'ItemExists' });
    expect(valueOf(fieldOf((await read('1')).item.body, 'value'))).toBe(1);
  });

  test('of many creations of one id in one commit group exactly one wins', async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, (_, i) => write(create('same', 'a', i))));
    expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1);
  });

  test('a replace needs the version its condition names', async () => {
    const { item } = await write(create('1'));
    const replaced = await write({
      kind: 'replace-item',
      body: itemOf('1', 'a', 2),
      view: 'exact',
      condition: { ifMatch: item.time },
    });
    expect(replaced.change).toBe('replaced');
    await expect(
      write({ kind: 'replace-item', body: itemOf('1', 'a', 3), view: 'exact', condition: { ifMatch: item.time } }),
    ).rejects.toMatchObject({ code: 'PreconditionFailed' });
  });

  test('a condition on an upsert concerns an item that is there', async () => {
    const upsert = (condition: Condition): Promise<Written> =>
      write({ kind: 'upsert-item', body: itemOf('1', 'a'), view: 'exact', condition });
    const { item } = await upsert({ ifMatch: 7 as HybridTime });
    expect((await upsert({ ifMatch: item.time })).change).toBe('replaced');
    await expect(upsert({ ifMatch: item.time })).rejects.toMatchObject({ code: 'PreconditionFailed' });
  });

  test('a replace that may rename moves the item to the id in its body, at once and over a restart', async () => {
    await write(create('1'));
    const rename = (id: string, to: string, renames: boolean): Promise<Written> =>
      write({ kind: 'replace-item', body: itemOf(to, 'a', 2), view: 'exact', partitionKey: ['a'], id, renames });
    await expect(rename('1', '2', false)).rejects.toMatchObject({ code: 'BadRequest' });
    expect(await rename('1', '2', true)).toMatchObject({ change: 'replaced', item: { id: '2' } });
    await expect(rename('1', '3', true)).rejects.toMatchObject({ code: 'ItemNotFound' });
    for (const again of [false, true]) {
      if (again) engine = await openEngine(store, 3);
      await expect(read('1')).rejects.toMatchObject({ code: 'ItemNotFound' });
      expect((await read('2')).item.body).toEqual(itemOf('2', 'a', 2));
    }
  });

  test('a rename takes no other item’s place, and leaves both as they were', async () => {
    const { item } = await write(create('1'));
    await write(create('2'));
    const rename = (condition: Condition | undefined): Promise<Written> =>
      write({
        kind: 'replace-item',
        body: itemOf('2', 'a', 9),
        view: 'exact',
        partitionKey: ['a'],
        id: '1',
        renames: true,
        condition,
      });
    await expect(rename(undefined)).rejects.toMatchObject({ code: 'ItemExists' });
    await expect(rename({ ifNoneMatch: item.time })).rejects.toMatchObject({ code: 'PreconditionFailed' });
    expect((await read('1')).item.body).toEqual(itemOf('1', 'a'));
    expect((await read('2')).item.body).toEqual(itemOf('2', 'a'));
  });

  test('versions rise and the creation stays when an item is replaced', async () => {
    const first = (await write(create('1'))).item;
    const second = (await write({ kind: 'upsert-item', body: itemOf('1', 'a', 2), view: 'exact' })).item;
    expect(second.time).toBeGreaterThan(first.time);
    expect(second.lsn).toBe(first.lsn + 1);
    expect(second.created).toBe(first.created);
  });

  test('a partition key given beside the body must agree with it', async () => {
    await expect(write({ ...create('1', 'a'), partitionKey: ['b'] } as ItemWrite)).rejects.toMatchObject({
      code: 'PartitionKeyMismatch',
    });
  });

  test('an edit may not move an item to another identity', async () => {
    await write(create('1'));
    const edit = (body: Uint8Array): ItemWrite => ({
      kind: 'edit-item',
      id: '1',
      partitionKey: ['a'],
      edit: () => body,
    });
    await expect(write(edit(itemOf('2', 'a')))).rejects.toMatchObject({ code: 'ImmutableField' });
    await expect(write(edit(itemOf('1', 'b')))).rejects.toMatchObject({ code: 'ImmutableField' });
  });

  test('increments through edits of one commit group all count', async () => {
    await write(create('1', 'a', 0));
    const increment: ItemWrite = {
      kind: 'edit-item',
      id: '1',
      partitionKey: ['a'],
      edit: (current) => itemOf('1', 'a', (valueOf(fieldOf(current!.body, 'value')) as number) + 1),
    };
    await Promise.all(Array.from({ length: 50 }, () => write(increment)));
    expect(valueOf(fieldOf((await read('1')).item.body, 'value'))).toBe(50);
  });

  test('a deleted item is gone and may be created again as a new one', async () => {
    const first = (await write(create('1'))).item;
    await write({ kind: 'delete-item', id: '1', partitionKey: ['a'] });
    await expect(read('1')).rejects.toMatchObject({ code: 'ItemNotFound' });
    expect((await write(create('1'))).item.created).toBeGreaterThan(first.created);
  });
});

describe('batches', () => {
  test('a batch whose last write fails leaves nothing', async () => {
    await write(create('taken'));
    const outcome = await engine.execute(
      { kind: 'batch-items', ...name, partitionKey: ['a'], writes: [create('1'), create('2'), create('taken')] },
      context,
    );
    expect(outcome).toMatchObject({ kind: 'aborted', index: 2, error: { code: 'ItemExists' } });
    await expect(read('1')).rejects.toMatchObject({ code: 'ItemNotFound' });
  });

  test('a batch sees its own earlier writes', async () => {
    const outcome = await engine.execute(
      {
        kind: 'batch-items',
        ...name,
        partitionKey: ['a'],
        writes: [create('1'), { kind: 'delete-item', id: '1', partitionKey: ['a'] }, create('1', 'a', 7)],
      },
      context,
    );
    expect(outcome.kind).toBe('committed');
    expect(valueOf(fieldOf((await read('1')).item.body, 'value'))).toBe(7);
  });

  test('independent writes fail alone; ordered ones stop at the first failure', async () => {
    await write(create('taken'));
    const writes = [create('1'), create('taken'), create('2')];
    const ordered = await engine.execute({ kind: 'write-items', ...name, writes, ordered: true }, context);
    expect(ordered.map((outcome) => outcome.kind)).toEqual(['written', 'failed', 'skipped']);
    const unordered = await engine.execute(
      { kind: 'write-items', ...name, writes: [create('3'), create('taken'), create('4')], ordered: false },
      context,
    );
    expect(unordered.map((outcome) => outcome.kind)).toEqual(['written', 'failed', 'written']);
  });
});

describe('feeds', () => {
  test('pages give every item once, whatever the page size, and items updated meanwhile are not repeated', async () => {
    const ids = Array.from({ length: 40 }, (_, i) => `item-${i}`);
    for (const id of ids) await write(create(id, id));
    const seen: string[] = [];
    let after: string | undefined;
    do {
      const page = await feed(7, after);
      seen.push(...page.items.map((item) => item.id));
      await write({ kind: 'upsert-item', body: itemOf(seen[0]!, seen[0]!, 9), view: 'exact' });
      after = page.continuation;
    } while (after !== undefined);
    expect(seen.sort()).toEqual(ids.sort());
  });

  test('a continuation of another feed is refused', async () => {
    await expect(feed(7, 'nonsense')).rejects.toMatchObject({ code: 'InvalidContinuation' });
    await expect(feed(7, '99:1')).rejects.toMatchObject({ code: 'InvalidContinuation' });
  });

  test('a scope of one logical partition gives its items only', async () => {
    await write(create('1', 'a'));
    await write(create('2', 'b'));
    const page = await engine.execute(
      { kind: 'read-feed', ...name, scope: { partitionKey: ['b'] }, itemsMax: 10 },
      context,
    );
    expect(page.items.map((item) => item.id)).toEqual(['2']);
  });
});

describe('catalog', () => {
  test('a database takes its containers and items with it', async () => {
    await write(create('1'));
    await engine.execute({ kind: 'delete-database', id: 'db' }, context);
    await expect(read('1')).rejects.toMatchObject({ code: 'DatabaseNotFound' });
    await engine.execute({ kind: 'create-database', id: 'db' }, context);
    await expect(read('1')).rejects.toMatchObject({ code: 'ContainerNotFound' });
  });

  test('numbers of deleted containers are never given again', async () => {
    const before = await engine.execute({ kind: 'read-container', ...name }, context);
    await engine.execute({ kind: 'delete-container', ...name }, context);
    const after = await engine.execute({ kind: 'create-container', ...name, profile: 'collection' }, context);
    expect(after.number).toBeGreaterThan(before.number);
    expect(after.partitions[0]!.partition).toBeGreaterThan(before.partitions.at(-1)!.partition);
    expect(after.partitionKey.systemKey).toBe(true);
  });

  test('of two creations of one container in one commit group one is refused', async () => {
    const make = () =>
      engine.execute(
        { kind: 'create-container', database: 'new', container: 'c', profile: 'collection', createDatabase: true },
        context,
      );
    const outcomes = await Promise.allSettled([make(), make()]);
    expect(outcomes.map((outcome) => outcome.status)).toEqual(['fulfilled', 'rejected']);
  });

  test('a name put twice in one entry leaves a log that checks clean', async () => {
    await engine.execute(
      { kind: 'create-container', database: 'made', container: 'c', profile: 'collection', createDatabase: true },
      context,
    );
    await Promise.all([
      engine.execute({ kind: 'delete-container', database: 'made', container: 'c' }, context),
      engine.execute({ kind: 'create-container', database: 'made', container: 'c', profile: 'collection' }, context),
    ]);
    expect((await checkStore(store)).faults).toEqual([]);
  });

  test('a write queued behind the deletion of its container is refused', async () => {
    const [dropped, written] = await Promise.allSettled([
      engine.execute({ kind: 'delete-container', ...name }, context),
      write(create('late')),
    ]);
    expect(dropped.status).toBe('fulfilled');
    expect(written).toMatchObject({ status: 'rejected', reason: { code: 'ContainerNotFound' } });
  });
});

describe('restart', () => {
  test('everything acknowledged is there again, with the same versions', async () => {
    for (let i = 0; i < 30; i++) await write(create(`item-${i}`, `p${i % 4}`, i));
    await write({ kind: 'upsert-item', body: itemOf('item-3', 'p3', 99), view: 'exact' });
    await write({ kind: 'delete-item', id: 'item-4', partitionKey: ['p0'] });
    const before = (await feed(100)).items;
    engine = await openEngine(store, 3);
    const after = (await feed(100)).items;
    expect(after).toEqual(before);
    expect(after).toHaveLength(29);
  });

  test('everything live is there again after all that may go was removed from the log', async () => {
    const settings = (text: string): Uint8Array => new BsonWriter().beginDocument().string('note', text).end().finish();
    for (const text of ['a', 'b', 'c']) {
      await write(create(text));
      await engine.execute({ kind: 'replace-container', ...name, settings: settings(text) }, context);
    }
    await write({ kind: 'upsert-item', body: itemOf('a', 'a', 2), view: 'exact' });
    await engine.execute({ kind: 'create-container', ...name, container: 'gone', profile: 'documents' }, context);
    await engine.execute({ kind: 'delete-container', ...name, container: 'gone' }, context);
    const log = await openEmbeddedLog(store, { account: 1, group: 0 });
    const ended: number[] = [];
    const state = new GroupState(log, { superseded: (sequence) => void ended.push(sequence) }, memoryHome());
    await recover({ log, state, keeper: undefined, observe: () => undefined });
    await log.trim(ended);
    const before = (await feed(10)).items;
    engine = await openEngine(store, 3);
    expect((await feed(10)).items).toEqual(before);
    expect(before.map(({ id }) => id).sort()).toEqual(['a', 'b', 'c']);
    expect(fieldOf(engine.catalog.container('db', 'items').settings, 'note')).toBeDefined();
    expect((await checkStore(store)).faults).toEqual([]);
  });

  test('a session token of before the restart is honoured, one from the future is not', async () => {
    const { item } = await write(create('1'));
    const token = `${item.partition.range}:1#${item.lsn}#0=${item.lsn}`;
    engine = await openEngine(store, 3);
    const ask = (sessionToken: string) =>
      engine.execute({ kind: 'read-item', ...name, id: '1', partitionKey: ['a'] }, { account: 1, sessionToken });
    expect((await ask(token)).item.lsn).toBe(item.lsn);
    await expect(ask(`${item.partition.range}:1#${item.lsn + 5}#0=${item.lsn + 5}`)).rejects.toMatchObject({
      code: 'SessionNotAvailable',
    });
  });
});
