// Partitions are split under the official client's feet: its queries, feeds, change feeds and sessions go on.

import { ChangeFeedStartFrom, CosmosClient, type Container, type FeedOptions } from '@azure/cosmos';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bsonOfJson } from '../../../model/bson/json-read.ts';
import { ask } from './request.ts';
import { keys, start, type Started } from './start.ts';

let server: Started;
let container: Container;

const count = 240;
const upTo = (to: number): number[] => Array.from({ length: to }, (_, i) => i);
const itemOf = (i: number) => ({ id: `i${i}`, pk: `k${i % 83}`, n: i, group: i % 7, text: `t${i % 12}` });

beforeEach(async () => {
  server = await start();
  const client = new CosmosClient({ endpoint: server.endpoint, key: keys.primary });
  const { database } = await client.databases.create({ id: 'd' });
  ({ container } = await database.containers.create({ id: 'c', partitionKey: { paths: ['/pk'] } }));
  const writes = upTo(count).map(
    (i) => ({ kind: 'create-item', body: bsonOfJson(Buffer.from(JSON.stringify(itemOf(i)))), view: 'sql' }) as const,
  );
  await server.engine.execute(
    { kind: 'write-items', database: 'd', container: 'c', writes, ordered: true },
    { account: 1 },
  );
});

afterEach(async () => {
  expect(server.faults).toEqual([]);
  await server.stop();
});

/** Splits the partition of that place in key order. */
async function split(place: number, parts = 2): Promise<void> {
  const { partitions } = server.engine.catalog.container('d', 'c');
  const { range } = partitions[place]!;
  await server.engine.execute({ kind: 'split-partition', database: 'd', container: 'c', range, parts }, { account: 1 });
}

/** All results of a query whose partitions are split after its first and third page. */
async function splitWhile(query: string, options: FeedOptions = {}): Promise<unknown[]> {
  const iterator = container.items.query(query, { maxItemCount: 9, ...options });
  const results: unknown[] = [];
  for (let pages = 1; iterator.hasMoreResults(); pages++) {
    const { resources } = await iterator.fetchNext();
    results.push(...(resources ?? []));
    if (pages === 1) await split(0, 3);
    if (pages === 3) await split(1);
  }
  return results;
}

describe('a query over pages', () => {
  const inOrder = [
    'SELECT VALUE c.n FROM c ORDER BY c.n',
    'SELECT VALUE c.n FROM c ORDER BY c.n DESC',
    'SELECT VALUE c.n FROM c WHERE c.group < 4 ORDER BY c.n OFFSET 20 LIMIT 60',
    'SELECT DISTINCT VALUE c.text FROM c ORDER BY c.text',
  ];
  const inAnyOrder = [
    'SELECT VALUE c.n FROM c',
    'SELECT VALUE c.n FROM c WHERE c.group IN (1, 2, 5)',
    'SELECT DISTINCT VALUE c.text FROM c',
    'SELECT c.group, COUNT(1) AS n, SUM(c.n) AS total FROM c GROUP BY c.group',
    'SELECT VALUE COUNT(1) FROM c',
    'SELECT VALUE AVG(c.n) FROM c WHERE c.n > 10',
  ];

  test.each(inOrder)('%s gives what it gave before, in order', async (query) => {
    const before = (await container.items.query(query).fetchAll()).resources;
    expect(await splitWhile(query)).toEqual(before);
    expect((await container.items.query(query).fetchAll()).resources).toEqual(before);
  });

  test.each(inAnyOrder)('%s gives what it gave before', async (query) => {
    const text = (results: unknown[]): string[] => results.map((one) => JSON.stringify(one)).sort();
    const before = text((await container.items.query(query).fetchAll()).resources);
    expect(text(await splitWhile(query))).toEqual(before);
  });

  test('in one partition key goes on from its continuation, also after the held state is gone', async () => {
    const options = { partitionKey: 'k1', maxItemCount: 1 };
    const first = await container.items.query('SELECT VALUE c.n FROM c', options).fetchNext();
    await split(0);
    server.engine.readings.close();
    const rest = await container.items
      .query('SELECT VALUE c.n FROM c', { ...options, continuationToken: first.continuationToken })
      .fetchAll();
    expect([...first.resources, ...rest.resources]).toEqual([1, 84, 167]);
  });
});

describe('a client that knows the ranges of before', () => {
  test('is told that the range is gone, and by whom it is continued', async () => {
    await split(0);
    const answer = await ask(server, {
      verb: 'POST',
      path: '/dbs/d/colls/c/docs',
      headers: {
        'content-type': 'application/query+json',
        'x-ms-documentdb-isquery': 'true',
        'x-ms-documentdb-partitionkeyrangeid': '0',
      },
      body: { query: 'SELECT * FROM c' },
    });
    expect([answer.status, answer.headers.get('x-ms-substatus')]).toEqual([410, '1002']);
    const ranges = (await ask(server, { path: '/dbs/d/colls/c/pkranges' })).json['PartitionKeyRanges'];
    expect(ranges).toMatchObject([
      { id: '1', parents: ['0'], minInclusive: '' },
      { id: '2', parents: ['0'], maxExclusive: 'FF' },
    ]);
  });

  test('tells who polls the ranges what was split since, before what came of it', async () => {
    const poll = async (etag: string | null) => {
      const headers = { 'a-im': 'Incremental Feed', ...(etag === null ? {} : { 'if-none-match': etag }) };
      const { status, headers: answered, json } = await ask(server, { path: '/dbs/d/colls/c/pkranges', headers });
      const ranges = json?.['PartitionKeyRanges'] as readonly Record<string, unknown>[] | undefined;
      return { status, etag: answered.get('etag'), ranges };
    };
    await split(0);
    const first = await poll(null);
    expect(first.ranges!.map(({ id, status }) => [id, status])).toEqual([
      ['1', 'online'],
      ['2', 'online'],
    ]);
    await split(0, 3);
    await split(2);
    const second = await poll(first.etag);
    expect(second.ranges!.map(({ id, parents, status }) => [id, parents, status])).toEqual([
      ['1', ['0'], 'splitting'],
      ['3', ['0', '1'], 'online'],
      ['4', ['0', '1'], 'online'],
      ['6', ['0', '1', '5'], 'online'],
      ['7', ['0', '1', '5'], 'online'],
      ['2', ['0'], 'online'],
    ]);
    const [was] = first.ranges!;
    expect(second.ranges![0]).toMatchObject({ minInclusive: was!['minInclusive'], maxExclusive: was!['maxExclusive'] });
    expect((await poll(second.etag)).status).toBe(304);
  });

  test('reads its own writes with the session token of the parent', async () => {
    const { headers } = await container.items.create({ id: 'mine', pk: 'k1' });
    const sessionToken = String(headers['x-ms-session-token']);
    await split(0, 4);
    const { resource } = await container.item('mine', 'k1').read({ sessionToken });
    expect(resource).toMatchObject({ id: 'mine' });
  });

  test('finds items under the _rid that they had', async () => {
    const { resource } = await container.item('i5', 'k5').read();
    await split(0);
    await split(0);
    const after = (await container.item('i5', 'k5').read()).resource;
    expect(after).toEqual(resource);
    const found = await ask(server, {
      path: `/${String(resource!['_self']).replace(/\/$/, '')}`,
      headers: { 'x-ms-documentdb-partitionkey': '["k5"]' },
    });
    expect(found.json).toMatchObject({ id: 'i5' });
  });
});

describe('a change feed', () => {
  test('of the whole container shows each change once', async () => {
    const feed = container.items.getChangeFeedIterator({
      maxItemCount: 20,
      changeFeedStartFrom: ChangeFeedStartFrom.Beginning(),
    });
    const seen: string[] = [];
    let pages = 0;
    for await (const page of feed.getAsyncIterator()) {
      if (page.statusCode === 304) break;
      seen.push(...page.result.map(({ id }: { id: string }) => id));
      if (++pages === 2) await split(0);
      if (pages === 4) {
        await container.items.create({ ...itemOf(1000) });
        await split(1, 3);
      }
    }
    expect(seen.sort()).toEqual([...upTo(count), 1000].map((i) => `i${i}`).sort());
  });
});

describe('raised throughput', () => {
  test('splits online, and the offer tells when all of it is in force', async () => {
    const { resource } = await container.readOffer();
    const body = { ...resource!, content: { ...resource!.content, offerThroughput: 25_000 } };
    await container.database.client.offer(resource!.id).replace(body as never);
    await expect
      .poll(async () => {
        const content = (await container.readOffer()).resource!.content as unknown as Record<string, unknown>;
        return content['isOfferReplacePending'] ?? false;
      })
      .toBe(false);
    expect(server.engine.catalog.container('d', 'c').partitions).toHaveLength(3);
    expect((await container.items.query('SELECT VALUE COUNT(1) FROM c').fetchAll()).resources).toEqual([count]);
  });
});
