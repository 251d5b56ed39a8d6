// Databases, containers, offers and scripts as feeds and as what a query is about: paged, filtered, ordered, projected.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, type Answered } from './request.ts';
import { start, type Started } from './start.ts';

let server: Started;
const names = ['e', 'b', 'a', 'd', 'c'];

beforeAll(async () => {
  server = await start();
  const post = async (path: string, body: object, headers: Record<string, string> = {}): Promise<void> => {
    expect((await ask(server, { verb: 'POST', path, body, headers })).status).toBe(201);
  };
  const partitionKey = { paths: ['/pk'], kind: 'Hash', version: 2 };
  for (const id of names) await post('/dbs', { id });
  for (const [i, id] of names.entries())
    await post(
      '/dbs/a/colls',
      { id, partitionKey, defaultTtl: i + 1 },
      { 'x-ms-offer-throughput': `${400 + 100 * i}` },
    );
  for (const id of names) await post('/dbs/a/colls/a/udfs', { id, body: `function () { return '${id}' }` });
});

afterAll(async () => {
  expect(server.faults).toEqual([]);
  await server.stop();
});

const feeds: readonly (readonly [path: string, name: string])[] = [
  ['/dbs', 'Databases'],
  ['/dbs/a/colls', 'DocumentCollections'],
  ['/offers', 'Offers'],
  ['/dbs/a/colls/a/udfs', 'UserDefinedFunctions'],
];

function query(path: string, text: string, parameters: object[] = [], more: Record<string, string> = {}) {
  const headers = { 'content-type': 'application/query+json', ...more };
  return ask(server, { verb: 'POST', path, headers, body: { query: text, parameters } });
}

/** All pages of at most two entries. */
async function pages(name: string, pageOf: (more: Record<string, string>) => Promise<Answered>): Promise<unknown[][]> {
  const all: unknown[][] = [];
  let more: Record<string, string> = { 'x-ms-max-item-count': '2' };
  for (;;) {
    const { status, json, headers } = await pageOf(more);
    expect(status).toBe(200);
    const page = json[name] as unknown[];
    expect(json['_count']).toBe(page.length);
    expect(headers.get('x-ms-item-count')).toBe(String(page.length));
    expect(Number(headers.get('x-ms-request-charge'))).toBeGreaterThan(0);
    all.push(page);
    const continuation = headers.get('x-ms-continuation');
    if (continuation === null) return all;
    more = { ...more, 'x-ms-continuation': continuation };
  }
}

describe.each(feeds)('the feed %s', (path, name) => {
  it('comes by pages, each entry once', async () => {
    const whole = (await ask(server, { path })).json[name] as unknown[];
    expect(whole).toHaveLength(5);
    const paged = await pages(name, (headers) => ask(server, { path, headers }));
    expect(paged.map(({ length }) => length)).toEqual([2, 2, 1]);
    expect(paged.flat()).toEqual(whole);
  });

  it('is queried by pages, filtered by parameters, and ordered', async () => {
    const whole = (await ask(server, { path })).json[name] as readonly { readonly id: string }[];
    const paged = await pages(name, (headers) => query(path, 'SELECT * FROM root r', [], headers));
    expect(paged.flat()).toEqual(whole);
    const ids = whole.map(({ id }) => id).sort();
    const ordered = await pages(name, (headers) =>
      query(path, 'SELECT VALUE r.id FROM root r ORDER BY r.id', [], headers),
    );
    expect(ordered.flat()).toEqual(ids);
    const found = await query(path, 'SELECT * FROM root r WHERE r.id = @id', [{ name: '@id', value: ids[1] }]);
    expect(found.json[name]).toEqual(whole.filter(({ id }) => id === ids[1]));
    const counted = await query(path, 'SELECT VALUE COUNT(1) FROM c WHERE c.id != @id', [
      { name: '@id', value: ids[1] },
    ]);
    expect(counted.json[name]).toEqual([4]);
    const self = await query(path, 'SELECT VALUE r.id FROM r WHERE r._self = @self AND r._ts > 0', [
      { name: '@self', value: (whole[2] as { readonly _self?: string })._self },
    ]);
    expect(self.json[name]).toEqual([whole[2]!.id]);
  });

  it('refuses a query that is none, and a continuation of another feed', async () => {
    expect((await query(path, 'SELEC')).status).toBe(400);
    expect((await ask(server, { path, headers: { 'x-ms-continuation': 'x' } })).status).toBe(400);
    expect((await ask(server, { path, headers: { 'x-ms-max-item-count': '0' } })).status).toBe(400);
  });
});

it('query what containers are set to', async () => {
  const text = 'SELECT c.id, c.defaultTtl FROM c WHERE c.defaultTtl BETWEEN 2 AND 3 ORDER BY c.defaultTtl DESC';
  expect((await query('/dbs/a/colls', text)).json['DocumentCollections']).toEqual([
    { id: 'a', defaultTtl: 3 },
    { id: 'b', defaultTtl: 2 },
  ]);
  const key = await query(
    '/dbs/a/colls',
    'SELECT VALUE c.partitionKey.paths[0] FROM c WHERE ARRAY_LENGTH(c.indexingPolicy.includedPaths) = 1 AND c.id = "a"',
  );
  expect(key.json['DocumentCollections']).toEqual(['/pk']);
});

it('query offers by what they are of and how much they are', async () => {
  const { json } = await ask(server, { path: '/dbs/a/colls/d' });
  const text = 'SELECT * FROM root WHERE root.resource = @self';
  const found = await query('/offers', text, [{ name: '@self', value: json['_self'] }]);
  expect(found.json['Offers']).toMatchObject([{ offerResourceId: json['_rid'], content: { offerThroughput: 700 } }]);
  const sum = await query('/offers', 'SELECT VALUE SUM(o.content.offerThroughput) FROM o');
  expect(sum.json['Offers']).toEqual([3000]);
});
