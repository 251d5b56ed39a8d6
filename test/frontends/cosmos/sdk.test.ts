// The door as @azure/cosmos meets it, unmodified, over HTTP.

import { CosmosClient, PatchOperationType, type Container, type Database, type OperationInput } from '@azure/cosmos';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keys, start, type Started } from './start.ts';

let server: Started;
let client: CosmosClient;
let database: Database;
let container: Container;
let count = 0;

beforeAll(async () => {
  server = await start();
  client = new CosmosClient({ endpoint: server.endpoint, key: keys.primary });
  ({ database } = await client.databases.create({ id: 'shop' }));
  ({ container } = await database.containers.create({ id: 'orders', partitionKey: { paths: ['/customer'] } }));
});

afterAll(async () => {
  expect(server.faults).toEqual([]);
  client.dispose();
  await server.stop();
});

async function freshContainer(paths = ['/pk']): Promise<Container> {
  const { container: fresh } = await database.containers.create({ id: `fresh${++count}`, partitionKey: { paths } });
  return fresh;
}

describe('account', () => {
  it('tells its region and consistency', async () => {
    const { resource } = await client.getDatabaseAccount();
    expect(resource?.consistencyPolicy).toBe('Session');
    expect(await client.getWriteEndpoint()).toBe(server.endpoint);
  });
});

describe('databases', () => {
  it('are created once, read, listed, queried and deleted', async () => {
    const created = await client.databases.create({ id: 'short-lived' });
    expect(created.statusCode).toBe(201);
    await expect(client.databases.create({ id: 'short-lived' })).rejects.toMatchObject({ code: 409 });
    expect((await client.databases.createIfNotExists({ id: 'short-lived' })).statusCode).toBe(200);
    expect((await client.database('short-lived').read()).resource?._rid).toBe(created.resource?._rid);
    const { resources } = await client.databases.readAll().fetchAll();
    expect(resources.map(({ id }) => id).sort()).toEqual(['shop', 'short-lived']);
    const query = {
      query: 'SELECT * FROM root r WHERE r.id = @id',
      parameters: [{ name: '@id', value: 'short-lived' }],
    };
    expect((await client.databases.query(query).fetchAll()).resources).toHaveLength(1);
    expect((await client.database('short-lived').delete()).statusCode).toBe(204);
    await expect(client.database('short-lived').read()).rejects.toMatchObject({ code: 404 });
  });

  it('list by pages', async () => {
    for (const id of ['page1', 'page2', 'page3']) await client.databases.create({ id });
    const pages: number[] = [];
    for await (const { resources } of client.databases.readAll({ maxItemCount: 2 }).getAsyncIterator())
      pages.push(resources.length);
    expect(pages).toEqual([2, 2]);
    for (const id of ['page1', 'page2', 'page3']) await client.database(id).delete();
  });
});

describe('containers', () => {
  it('have the default policies filled in', async () => {
    const { resource } = await (await freshContainer()).read();
    expect(resource).toMatchObject({
      partitionKey: { paths: ['/pk'], kind: 'Hash' },
      indexingPolicy: {
        indexingMode: 'consistent',
        automatic: true,
        includedPaths: [{ path: '/*' }],
        excludedPaths: [{ path: '/"_etag"/?' }],
      },
      conflictResolutionPolicy: { mode: 'LastWriterWins', conflictResolutionPath: '/_ts' },
    });
  });

  it('keep what they were given', async () => {
    const computedProperties = [{ name: 'lower', query: 'SELECT VALUE LOWER(c.name) FROM c' }];
    const { container: made } = await database.containers.create({
      id: 'given',
      partitionKey: { paths: ['/a/b'], version: 2 },
      defaultTtl: 3600,
      indexingPolicy: { indexingMode: 'none' },
      computedProperties,
    });
    const { resource } = await made.read();
    expect(resource).toMatchObject({ defaultTtl: 3600, indexingPolicy: { indexingMode: 'none' }, computedProperties });
    expect(resource?.partitionKey).toEqual({ paths: ['/a/b'], kind: 'Hash', version: 2 });
  });

  it('change their policies and not their key', async () => {
    const made = await freshContainer();
    const { resource } = await made.read();
    const replaced = await made.replace({ ...resource!, id: made.id, defaultTtl: 60 });
    expect(replaced.resource?.defaultTtl).toBe(60);
    await expect(made.replace({ id: made.id, partitionKey: { paths: ['/other'] } })).rejects.toMatchObject({
      code: 400,
    });
    await expect(
      made.replace({ ...resource!, id: made.id }, { accessCondition: { type: 'IfMatch', condition: resource!._etag } }),
    ).rejects.toMatchObject({ code: 412 });
  });

  it('keep keys unique in every logical partition', async () => {
    const body = {
      id: 'unique',
      partitionKey: { paths: ['/pk'] },
      uniqueKeyPolicy: { uniqueKeys: [{ paths: ['/name', '/deep/n'] }, { paths: ['/mail'] }] },
    };
    const { container: unique, resource } = await database.containers.create(body);
    expect(resource?.uniqueKeyPolicy).toEqual(body.uniqueKeyPolicy);
    const item = (id: string, more: object): Record<string, unknown> => ({
      id,
      pk: 'p',
      name: 'a',
      deep: { n: 1 },
      mail: id,
      ...more,
    });
    await unique.items.create(item('1', {}));
    await expect(unique.items.create(item('2', {}))).rejects.toMatchObject({ code: 409 });
    await unique.items.create(item('2', { pk: 'q' }));
    await unique.items.create(item('3', { deep: { n: 2 } }));
    await expect(unique.items.upsert(item('3', {}))).rejects.toMatchObject({ code: 409 });
    await unique.items.upsert(item('1', { more: true }));
    // A missing value counts as null.
    await unique.items.create(item('4', { name: 'm', mail: undefined }));
    await expect(unique.items.create(item('5', { name: 'n', mail: null }))).rejects.toMatchObject({ code: 409 });
    await unique.item('1', 'p').delete();
    await unique.items.create(item('6', {}));
    await expect(
      unique.replace({ ...resource!, id: 'unique', uniqueKeyPolicy: { uniqueKeys: [{ paths: ['/x'] }] } }),
    ).rejects.toMatchObject({ code: 400 });
    await expect(
      database.containers.create({ ...body, id: 'bad', uniqueKeyPolicy: { uniqueKeys: [{ paths: ['/a/[]'] }] } }),
    ).rejects.toMatchObject({ code: 400 });
  });

  it('may have no partition key of their own', async () => {
    const response = await database.containers.create({ id: 'plain' });
    // The SDK itself names the path of a key that no item has.
    expect(response.resource?.partitionKey).toMatchObject({ paths: ['/_partitionKey'], kind: 'Hash' });
    const plain = response.container;
    await plain.items.create({ id: 'x', n: 1 });
    expect((await plain.item('x').read()).resource).toMatchObject({ id: 'x', n: 1 });
    expect((await plain.items.query('SELECT VALUE c.n FROM c ORDER BY c.n').fetchAll()).resources).toEqual([1]);
  });

  it('tell their ranges', async () => {
    const { resources } = await container.readPartitionKeyRanges().fetchAll();
    expect(resources).toMatchObject([{ id: '0', minInclusive: '', maxExclusive: 'FF' }]);
  });

  it('are queried and deleted', async () => {
    const made = await freshContainer();
    const found = await database.containers
      .query({ query: `SELECT VALUE c.id FROM c WHERE c.id = "${made.id}"` })
      .fetchAll();
    expect(found.resources).toEqual([made.id]);
    expect((await made.delete()).statusCode).toBe(204);
    await expect(made.read()).rejects.toMatchObject({ code: 404 });
  });
});

describe('throughput', () => {
  it('is 400 RU/s by default and can be replaced', async () => {
    const made = await freshContainer();
    const { resource } = await made.readOffer();
    expect(resource).toMatchObject({ offerVersion: 'V2', content: { offerThroughput: 400 } });
    resource!.content!.offerThroughput = 1000;
    const replaced = await client.offer(resource!.id!).replace(resource!);
    expect(replaced.resource?.content?.offerThroughput).toBe(1000);
    expect((await made.readOffer()).resource?.content?.offerThroughput).toBe(1000);
  });

  it('is what was asked at creation, manual or autoscale', async () => {
    const manual = await database.containers.create({
      id: 'manual',
      partitionKey: { paths: ['/pk'] },
      throughput: 700,
    });
    expect((await manual.container.readOffer()).resource?.content).toMatchObject({ offerThroughput: 700 });
    const auto = await database.containers.create({
      id: 'auto',
      partitionKey: { paths: ['/pk'] },
      maxThroughput: 4000,
    });
    expect((await auto.container.readOffer()).resource?.content).toMatchObject({
      offerAutopilotSettings: { maxThroughput: 4000 },
    });
  });

  it('of a database is shared by containers that have none', async () => {
    const { database: shared } = await client.databases.create({ id: 'shared', throughput: 500 });
    const made = await shared.containers.create({ id: 'c', partitionKey: { paths: ['/pk'] } });
    expect((await shared.readOffer()).resource?.content?.offerThroughput).toBe(500);
    expect((await made.container.readOffer()).resource).toBeUndefined();
    await shared.delete();
  });
});

describe('items', () => {
  it('are created, read, replaced and deleted', async () => {
    const created = await container.items.create({ id: '1', customer: 'ann', total: 3 });
    expect(created.statusCode).toBe(201);
    expect(created.resource).toMatchObject({ id: '1', customer: 'ann', total: 3 });
    expect(Object.keys(created.resource!).slice(-5)).toEqual(['_rid', '_self', '_etag', '_attachments', '_ts']);
    const read = await container.item('1', 'ann').read();
    expect(read.resource).toEqual(created.resource);
    expect(read.etag).toBe(created.resource!._etag);
    const replaced = await container.item('1', 'ann').replace({ id: '1', customer: 'ann', total: 4 });
    expect(replaced.resource).toMatchObject({ total: 4, _rid: created.resource!._rid });
    expect(replaced.resource!._etag).not.toBe(created.resource!._etag);
    expect((await container.item('1', 'ann').delete()).statusCode).toBe(204);
    expect((await container.item('1', 'ann').read()).statusCode).toBe(404);
  });

  it('are upserted: 201 when new, 200 when there', async () => {
    expect((await container.items.upsert({ id: 'u', customer: 'bob' })).statusCode).toBe(201);
    expect((await container.items.upsert({ id: 'u', customer: 'bob', n: 2 })).statusCode).toBe(200);
    expect((await container.item('u', 'bob').read()).resource).toMatchObject({ n: 2 });
  });

  it('exist once per logical partition', async () => {
    await container.items.create({ id: 'same', customer: 'a' });
    await container.items.create({ id: 'same', customer: 'b' });
    await expect(container.items.create({ id: 'same', customer: 'a' })).rejects.toMatchObject({ code: 409 });
  });

  it('are not found in a container that is missing, with substatus 1003', async () => {
    const missing = database.container('missing');
    await expect(missing.items.create({ id: '1' })).rejects.toMatchObject({ code: 404 });
    const read = await database
      .container('missing')
      .item('1', 'x')
      .read()
      .catch((error: unknown) => error);
    expect(read).toMatchObject({ substatus: 1003 });
  });

  it.each([
    ['a string', 'text'],
    ['a number', 17.5],
    ['a boolean', false],
    ['null', null],
    ['text beyond ASCII', 'Ærøskøbing 鱀'],
  ])('have %s as partition key', async (_what, pk) => {
    const fresh = await freshContainer();
    await fresh.items.create({ id: 'x', pk });
    expect((await fresh.item('x', pk).read()).resource).toMatchObject({ pk });
  });

  it('have no partition key value when the property is absent', async () => {
    const fresh = await freshContainer();
    await fresh.items.create({ id: 'x' });
    expect((await fresh.item('x', undefined).read()).resource).toMatchObject({ id: 'x' });
  });

  it('have hierarchical partition keys', async () => {
    const { container: fresh } = await database.containers.create({
      id: 'levels',
      partitionKey: { paths: ['/tenant', '/user', '/day'], kind: 'MultiHash' as never, version: 2 },
    });
    await fresh.items.create({ id: '1', tenant: 't', user: 'u', day: 1 });
    await fresh.items.create({ id: '1', tenant: 't', user: 'v', day: 1 });
    await fresh.items.create({ id: '1', tenant: 's', user: 'u', day: 1 });
    expect((await fresh.item('1', ['t', 'u', 1]).read()).resource).toMatchObject({ user: 'u' });
    const prefix = await fresh.items
      .query('SELECT VALUE c.user FROM c ORDER BY c.user', { partitionKey: ['t'] as never })
      .fetchAll();
    expect(prefix.resources).toEqual(['u', 'v']);
  });

  it.each([
    'plain',
    'with blanks inside',
    ' leading',
    'trailing  ',
    'a+b',
    '100%',
    '%20',
    'q?x=1&y',
    'ünï©ødé 鱀',
    'quote\'"',
    'WithAllowedSpecial,=.:~+-@()^${}[]!_Chars',
  ])('have the id %j', async (id) => {
    const fresh = await freshContainer();
    await fresh.items.create({ id, pk: 1 });
    expect((await fresh.item(id, 1).read()).resource).toMatchObject({ id });
    expect((await fresh.item(id, 1).replace({ id, pk: 1, n: 1 })).statusCode).toBe(200);
    expect((await fresh.item(id, 1).delete()).statusCode).toBe(204);
  });

  it('keep every JSON value and its order, prototype names included', async () => {
    const body = JSON.parse(
      '{"id":"j","customer":"j","10":1,"2":2,"__proto__":{"x":1},"constructor":null,"toString":"t","then":[1,[],{}],"n":-0.1,"big":1e300,"s":"\\u0000\\ud83d\\ude00\\n"}',
    ) as { id: string };
    await container.items.create(body);
    const { resource } = await container.item('j', 'j').read<Record<string, unknown> & { id: string }>();
    const own = JSON.parse(JSON.stringify(resource)) as Record<string, unknown>;
    for (const name of ['_rid', '_self', '_etag', '_attachments', '_ts']) delete own[name];
    expect(JSON.stringify(own)).toBe(JSON.stringify(body));
  });

  it('drop system properties that a client sends', async () => {
    const { resource } = await container.items.create({
      id: 'forged',
      customer: 'f',
      _ts: 1,
      _etag: 'x',
      _rid: 'y',
      _self: 'z',
    });
    expect(resource!._ts).toBeGreaterThan(1_000_000);
    expect(resource!._etag).not.toBe('x');
  });

  it('are listed in order of creation, by pages', async () => {
    const fresh = await freshContainer();
    for (let i = 0; i < 7; i++) await fresh.items.create({ id: String(i), pk: i % 2 });
    const pages: string[][] = [];
    for await (const { resources } of fresh.items.readAll({ maxItemCount: 3 }).getAsyncIterator()) {
      pages.push(resources.map(({ id }) => id!));
    }
    expect(pages.flat()).toEqual(['0', '1', '2', '3', '4', '5', '6']);
    expect(pages[0]).toHaveLength(3);
  });
});

describe('conditions', () => {
  it('replace and delete only the version that If-Match names', async () => {
    const { resource } = await container.items.create({ id: 'etag', customer: 'e' });
    const stale = { accessCondition: { type: 'IfMatch', condition: resource!._etag } };
    await container.item('etag', 'e').replace({ id: 'etag', customer: 'e', n: 1 }, stale);
    await expect(container.item('etag', 'e').replace({ id: 'etag', customer: 'e', n: 2 }, stale)).rejects.toMatchObject(
      { code: 412 },
    );
    await expect(container.item('etag', 'e').delete(stale)).rejects.toMatchObject({ code: 412 });
    const { etag } = await container.item('etag', 'e').read();
    expect(
      (await container.item('etag', 'e').delete({ accessCondition: { type: 'IfMatch', condition: etag } })).statusCode,
    ).toBe(204);
  });

  it('read nothing when If-None-Match names the version', async () => {
    const { resource } = await container.items.create({ id: 'fresh', customer: 'f' });
    const read = await container
      .item('fresh', 'f')
      .read({ accessCondition: { type: 'IfNoneMatch', condition: resource!._etag } });
    expect(read.statusCode).toBe(304);
  });
});

describe('sessions', () => {
  it('move forward with writes and are kept by reads', async () => {
    const own = new CosmosClient({ endpoint: server.endpoint, key: keys.primary, consistencyLevel: 'Session' });
    const orders = own.database('shop').container('orders');
    const { headers } = await orders.items.create({ id: 'session', customer: 's' });
    const token = String(headers['x-ms-session-token']);
    expect(token).toMatch(/^0:\d+#\d+#1=\d+$/);
    expect(Number(headers['x-ms-request-charge'])).toBeGreaterThan(0);
    expect((await orders.item('session', 's').read()).statusCode).toBe(200);
    own.dispose();
  });
});

describe('patch', () => {
  it('makes every kind of change', async () => {
    await container.items.create({ id: 'p', customer: 'p', n: 1, list: [1, 2, 3], inner: { a: 1, gone: true } });
    const { resource } = await container.item('p', 'p').patch<Record<string, unknown> & { id: string }>([
      { op: PatchOperationType.add, path: '/list/1', value: 'inserted' },
      { op: PatchOperationType.add, path: '/list/-', value: 'last' },
      { op: PatchOperationType.set, path: '/inner/b', value: { c: [] } },
      { op: PatchOperationType.replace, path: '/inner/a', value: 'replaced' },
      { op: PatchOperationType.remove, path: '/inner/gone' },
      { op: PatchOperationType.incr, path: '/n', value: 2.5 },
      { op: PatchOperationType.incr, path: '/fresh', value: -1 },
    ]);
    expect(resource).toMatchObject({
      n: 3.5,
      fresh: -1,
      list: [1, 'inserted', 2, 3, 'last'],
      inner: { a: 'replaced', b: { c: [] } },
    });
    expect(resource!['inner']).not.toHaveProperty('gone');
  });

  it('holds only under its condition', async () => {
    await container.items.create({ id: 'pc', customer: 'p', stock: 3 });
    const operations = [{ op: PatchOperationType.incr, path: '/stock', value: -1 } as const];
    const patched = await container.item('pc', 'p').patch({ condition: 'from c where c.stock > 2', operations });
    expect(patched.resource).toMatchObject({ stock: 2 });
    await expect(
      container.item('pc', 'p').patch({ condition: 'from c where c.stock > 2', operations }),
    ).rejects.toMatchObject({ code: 412 });
  });

  it('of what does not exist is 404', async () => {
    const patch = container.item('nobody', 'p').patch([{ op: 'set', path: '/x', value: 1 }]);
    await expect(patch).rejects.toMatchObject({ code: 404 });
  });
});

describe('batches', () => {
  it('commit whole', async () => {
    const fresh = await freshContainer();
    await fresh.items.create({ id: 'there', pk: 'a', n: 1 });
    const operations: OperationInput[] = [
      { operationType: 'Create', resourceBody: { id: 'new', pk: 'a' } },
      { operationType: 'Upsert', resourceBody: { id: 'there', pk: 'a', n: 2 } },
      { operationType: 'Read', id: 'there' },
      { operationType: 'Patch', id: 'there', resourceBody: { operations: [{ op: 'incr', path: '/n', value: 1 }] } },
      { operationType: 'Replace', id: 'new', resourceBody: { id: 'new', pk: 'a', replaced: true } },
      { operationType: 'Delete', id: 'new' },
    ];
    const { code, result } = await fresh.items.batch(operations, 'a');
    expect(code).toBe(200);
    expect(result?.map(({ statusCode }) => statusCode)).toEqual([201, 200, 200, 200, 200, 204]);
    expect(result?.[2]?.resourceBody).toMatchObject({ n: 2 });
    expect((await fresh.item('there', 'a').read()).resource).toMatchObject({ n: 3 });
    expect((await fresh.item('new', 'a').read()).statusCode).toBe(404);
  });

  it('leave nothing when one operation fails, and say which', async () => {
    const fresh = await freshContainer();
    await fresh.items.create({ id: 'there', pk: 'a' });
    const { code, result } = await fresh.items.batch(
      [
        { operationType: 'Create', resourceBody: { id: 'new', pk: 'a' } },
        { operationType: 'Create', resourceBody: { id: 'there', pk: 'a' } },
        { operationType: 'Delete', id: 'there' },
      ],
      'a',
    );
    expect(code).toBe(207);
    expect(result?.map(({ statusCode }) => statusCode)).toEqual([424, 409, 424]);
    expect((await fresh.item('new', 'a').read()).statusCode).toBe(404);
  });

  it('honour the ETag of an operation', async () => {
    const fresh = await freshContainer();
    const { resource } = await fresh.items.create({ id: 'v', pk: 'a' });
    await fresh.items.upsert({ id: 'v', pk: 'a', n: 1 });
    const { code, result } = await fresh.items.batch(
      [{ operationType: 'Replace', id: 'v', ifMatch: resource!._etag, resourceBody: { id: 'v', pk: 'a' } }],
      'a',
    );
    expect(code).toBe(207);
    expect(result?.[0]?.statusCode).toBe(412);
  });

  it('in bulk let each operation stand alone', async () => {
    const fresh = await freshContainer();
    await fresh.items.create({ id: '1', pk: 'a' });
    const responses = await fresh.items.executeBulkOperations([
      { operationType: 'Create', partitionKey: 'a', resourceBody: { id: '1', pk: 'a' } },
      { operationType: 'Create', partitionKey: 'b', resourceBody: { id: '2', pk: 'b' } },
      { operationType: 'Read', partitionKey: 'a', id: '1' },
      { operationType: 'Delete', partitionKey: 'c', id: 'none' },
    ]);
    expect(responses.map(({ response, error }) => response?.statusCode ?? error?.code)).toEqual([409, 201, 200, 404]);
  });
});

describe('over several physical partitions', () => {
  let wide: Started;
  let items: Container;
  let wideClient: CosmosClient;

  beforeAll(async () => {
    wide = await start({ partitions: 5 });
    wideClient = new CosmosClient({ endpoint: wide.endpoint, key: keys.primary, consistencyLevel: 'Session' });
    const { database: made } = await wideClient.databases.create({ id: 'd' });
    ({ container: items } = await made.containers.create({ id: 'c', partitionKey: { paths: ['/pk'] } }));
    for (let i = 0; i < 40; i++) {
      await items.items.create({
        id: String(i),
        pk: `k${i % 10}`,
        n: i,
        group: i % 3,
        missing: i % 2 === 0 ? i : undefined,
      });
    }
  });

  afterAll(async () => {
    expect(wide.faults).toEqual([]);
    wideClient.dispose();
    await wide.stop();
  });

  const all = async (query: string, options = {}): Promise<unknown[]> =>
    (await items.items.query(query, { maxItemCount: 4, ...options }).fetchAll()).resources as unknown[];

  it('tells five ranges that cover the key space', async () => {
    const { resources } = await items.readPartitionKeyRanges().fetchAll();
    expect(resources).toHaveLength(5);
    expect(resources[0]?.minInclusive).toBe('');
    expect(resources[4]?.maxExclusive).toBe('FF');
  });

  it('reads back every item', async () => {
    for (let i = 0; i < 40; i++)
      expect((await items.item(String(i), `k${i % 10}`).read()).resource).toMatchObject({ n: i });
    expect((await items.items.readAll({ maxItemCount: 7 }).fetchAll()).resources).toHaveLength(40);
  });

  it('filters', async () => {
    const found = (await all('SELECT VALUE c.n FROM c WHERE c.n >= 30')) as number[];
    expect(found.sort()).toEqual([30, 31, 32, 33, 34, 35, 36, 37, 38, 39]);
  });

  it('orders', async () => {
    expect(await all('SELECT VALUE c.n FROM c ORDER BY c.n DESC')).toEqual(
      Array.from({ length: 40 }, (_, i) => 39 - i),
    );
    expect(await all('SELECT c.id FROM c WHERE c.n < 3 ORDER BY c.n')).toEqual([{ id: '0' }, { id: '1' }, { id: '2' }]);
    expect(await all('SELECT * FROM c WHERE c.n < 2 ORDER BY c.n')).toMatchObject([
      { id: '0', n: 0 },
      { id: '1', n: 1 },
    ]);
  });

  it('orders by several keys', async () => {
    const found = (await all('SELECT c["group"] AS g, c.n FROM c ORDER BY c["group"], c.n DESC')) as {
      g: number;
      n: number;
    }[];
    expect(found).toEqual([...found].sort((a, b) => a.g - b.g || b.n - a.n));
    expect(found).toHaveLength(40);
  });

  it('takes the first, and a window', async () => {
    expect(await all('SELECT TOP 3 VALUE c.n FROM c ORDER BY c.n')).toEqual([0, 1, 2]);
    expect(await all('SELECT TOP 7 VALUE c.n FROM c')).toHaveLength(7);
    expect(await all('SELECT VALUE c.n FROM c ORDER BY c.n OFFSET 5 LIMIT 4')).toEqual([5, 6, 7, 8]);
    expect(await all('SELECT VALUE c.n FROM c OFFSET 10 LIMIT 25')).toHaveLength(25);
  });

  it('aggregates', async () => {
    expect(await all('SELECT VALUE COUNT(1) FROM c')).toEqual([40]);
    expect(await all('SELECT VALUE SUM(c.n) FROM c')).toEqual([780]);
    expect(await all('SELECT VALUE AVG(c.n) FROM c')).toEqual([19.5]);
    expect(await all('SELECT VALUE MIN(c.n) FROM c WHERE c.n > 4')).toEqual([5]);
    expect(await all('SELECT VALUE MAX(c.n) FROM c')).toEqual([39]);
    expect(await all('SELECT COUNT(1) AS n, MAX(c.n) AS most FROM c')).toEqual([{ n: 40, most: 39 }]);
  });

  it('groups', async () => {
    const found = (await all('SELECT c["group"] AS g, COUNT(1) AS n, AVG(c.n) AS mean FROM c GROUP BY c["group"]')) as {
      g: number;
    }[];
    expect(found.sort((a, b) => a.g - b.g)).toEqual([
      { g: 0, n: 14, mean: 19.5 },
      { g: 1, n: 13, mean: 19 },
      { g: 2, n: 13, mean: 20 },
    ]);
  });

  it('drops duplicates', async () => {
    const found = (await all('SELECT DISTINCT VALUE c.pk FROM c')) as string[];
    expect(found.sort()).toEqual(Array.from({ length: 10 }, (_, i) => `k${i}`));
    expect(await all('SELECT DISTINCT VALUE c.pk FROM c ORDER BY c.pk')).toEqual(found);
  });

  it('serves one logical partition directly, named by the client or by the filter', async () => {
    expect(await all('SELECT VALUE c.n FROM c ORDER BY c.n', { partitionKey: 'k3' })).toEqual([3, 13, 23, 33]);
    expect(await all('SELECT VALUE SUM(c.n) FROM c WHERE c.pk = "k3"')).toEqual([72]);
  });

  it('pages within a partition by a continuation that another client can use', async () => {
    const query = 'SELECT VALUE c.n FROM c ORDER BY c.n DESC';
    const first = await items.items.query(query, { partitionKey: 'k1', maxItemCount: 3 }).fetchNext();
    expect(first.resources).toEqual([31, 21, 11]);
    const rest = await items.items
      .query(query, { partitionKey: 'k1', maxItemCount: 3, continuationToken: first.continuationToken })
      .fetchNext();
    expect(rest.resources).toEqual([1]);
  });

  it('shows in its last page the state of its first, whatever is written between', async () => {
    const query = 'SELECT VALUE c.n FROM c WHERE c.frozen ORDER BY c.n';
    const write = (n: number, frozen: boolean) => items.items.upsert({ id: `frozen${n}`, pk: 'frozen', n, frozen });
    for (const n of [1, 2, 3, 4]) await write(n, true);
    const iterator = items.items.query(query, { partitionKey: 'frozen', maxItemCount: 2 });
    expect((await iterator.fetchNext()).resources).toEqual([1, 2]);
    await write(3, false);
    await items.item('frozen4', 'frozen').delete();
    await write(5, true);
    expect((await iterator.fetchNext()).resources).toEqual([3, 4]);
    expect(await all(query, { partitionKey: 'frozen' })).toEqual([1, 2, 5]);
    for (const n of [1, 2, 3, 5]) await items.item(`frozen${n}`, 'frozen').delete();
  });

  it('answers a syntax error as 400', async () => {
    await expect(all('SELEC * FROM c')).rejects.toMatchObject({ code: 400 });
  });
});
