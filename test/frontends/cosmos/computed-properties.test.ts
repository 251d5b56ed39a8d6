// Computed properties: what a container may define, and queries that name them.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, partitionKey, type Answered } from './request.ts';
import { start, type Started } from './start.ts';

let server: Started;

beforeAll(async () => {
  server = await start({ partitions: 2 });
  await ask(server, { verb: 'POST', path: '/dbs', body: { id: 'd' } });
});

afterAll(async () => {
  expect(server.faults).toEqual([]);
  await server.stop();
});

const byKey = { paths: ['/pk'], kind: 'Hash', version: 2 };

const lower = { name: 'lower', query: 'SELECT VALUE LOWER(x.name) FROM x' };
const square = { name: 'square', query: 'SELECT VALUE c["size"] * c.size FROM c' };

function create(id: string, computedProperties: unknown): Promise<Answered> {
  return ask(server, { verb: 'POST', path: '/dbs/d/colls', body: { id, partitionKey: byKey, computedProperties } });
}

async function fill(id: string): Promise<void> {
  for (const [name, size] of [
    ['Ant', 3],
    ['BEE', -2],
    ['ant', 1],
  ])
    await ask(server, {
      verb: 'POST',
      path: `/dbs/d/colls/${id}/docs`,
      headers: partitionKey('p'),
      body: { id: `${name}${size}`, pk: 'p', name, size },
    });
}

async function rows(id: string, query: string): Promise<unknown> {
  const headers = { 'content-type': 'application/query+json', ...partitionKey('p') };
  const answer = await ask(server, { verb: 'POST', path: `/dbs/d/colls/${id}/docs`, headers, body: { query } });
  return answer.json['Documents'] ?? answer.json.message;
}

describe('a computed property', () => {
  it('can be filtered, selected, sorted and grouped by like a stored one', async () => {
    expect((await create('zoo', [lower, square])).status).toBe(201);
    await fill('zoo');
    expect(await rows('zoo', 'SELECT VALUE c.id FROM c WHERE c.lower = "ant"')).toEqual(['Ant3', 'ant1']);
    expect(await rows('zoo', 'SELECT r.square, r["lower"] FROM root r WHERE r.square > 3')).toEqual([
      { square: 9, lower: 'ant' },
      { square: 4, lower: 'bee' },
    ]);
    expect(await rows('zoo', 'SELECT VALUE c.id FROM c ORDER BY c.square')).toEqual(['ant1', 'BEE-2', 'Ant3']);
    expect(await rows('zoo', 'SELECT c.lower, COUNT(1) AS n FROM c GROUP BY c.lower')).toEqual([
      { lower: 'ant', n: 2 },
      { lower: 'bee', n: 1 },
    ]);
  });

  it('is not part of the item', async () => {
    await create('plain', [lower]);
    await fill('plain');
    const [first] = (await rows('plain', 'SELECT * FROM c')) as Record<string, unknown>[];
    expect(first).toMatchObject({ name: 'Ant' });
    expect(first).not.toHaveProperty('lower');
    expect(await rows('plain', 'SELECT VALUE t.lower FROM (SELECT c.name FROM c) AS t')).toEqual([]);
  });

  it('follows the definition when the container is replaced', async () => {
    await create('later', undefined);
    await fill('later');
    const query = 'SELECT VALUE c.id FROM c WHERE c.lower = "bee"';
    expect(await rows('later', query)).toEqual([]);
    const path = '/dbs/d/colls/later';
    const replaced = { id: 'later', partitionKey: byKey, computedProperties: [lower] };
    expect((await ask(server, { verb: 'PUT', path, body: replaced })).status).toBe(200);
    expect(await rows('later', query)).toEqual(['BEE-2']);
    const other = { name: 'lower', query: 'SELECT VALUE c.missing FROM c' };
    await ask(server, { verb: 'PUT', path, body: { ...replaced, computedProperties: [other] } });
    expect(await rows('later', query)).toEqual([]);
  });

  it.each([
    ['a list that is an object', lower],
    ['an entry that is not an object', ['lower']],
    ['a name of a system property', [{ ...lower, name: '_ts' }]],
    ['a name that stands twice', [lower, lower]],
    ['a query that is not one value', [{ name: 'a', query: 'SELECT c.a FROM c' }]],
    ['a query with a filter', [{ name: 'a', query: 'SELECT VALUE c.a FROM c WHERE c.a > 1' }]],
    ['a query over elements', [{ name: 'a', query: 'SELECT VALUE t FROM t IN c.tags' }]],
    ['an aggregate', [{ name: 'a', query: 'SELECT VALUE COUNT(1) FROM c' }]],
    ['a subquery', [{ name: 'a', query: 'SELECT VALUE EXISTS(SELECT VALUE 1 FROM t IN c.tags) FROM c' }]],
    ['a function of the user', [{ name: 'a', query: 'SELECT VALUE udf.f(c.a) FROM c' }]],
    ['a distance', [{ name: 'a', query: 'SELECT VALUE VectorDistance(c.v, [1]) FROM c' }]],
    ['a parameter', [{ name: 'a', query: 'SELECT VALUE @p FROM c' }]],
    ['a name that is not that of FROM', [{ name: 'a', query: 'SELECT VALUE d.a FROM c' }]],
    ['a query that is none', [{ name: 'a', query: 'SELECT VALUE' }]],
    ['too many', Array.from({ length: 21 }, (_, i) => ({ ...lower, name: `p${i}` }))],
  ])('is refused as %s', async (_what, computedProperties) => {
    expect((await create('refused', computedProperties)).status).toBe(400);
  });
});
