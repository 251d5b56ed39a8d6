// User-defined functions in queries, as @azure/cosmos sends them.

import { CosmosClient, type Container, type SqlQuerySpec } from '@azure/cosmos';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keys, start, type Started } from './start.ts';

let server: Started;
let client: CosmosClient;
let container: Container;

beforeAll(async () => {
  server = await start();
  client = new CosmosClient({ endpoint: server.endpoint, key: keys.primary });
  const { database } = await client.databases.create({ id: 'shop' });
  ({ container } = await database.containers.create({ id: 'orders', partitionKey: { paths: ['/pk'] } }));
  for (let i = 0; i < 50; i++)
    await container.items.create({
      id: `${i}`,
      pk: 'a',
      n: i,
      tags: [`t${i % 3}`, 'x'],
      ...(i % 2 === 0 ? { even: true } : {}),
    });
});

afterAll(async () => {
  expect(server.faults).toEqual([]);
  client.dispose();
  await server.stop();
});

async function define(id: string, body: string): Promise<void> {
  await container.scripts.userDefinedFunctions.create({ id, body });
}

async function ask<Row>(query: string | SqlQuerySpec, options: object = { partitionKey: 'a' }): Promise<Row[]> {
  return (await container.items.query<Row>(query, options).fetchAll()).resources;
}

describe('functions', () => {
  it('stand wherever an expression may', async () => {
    await define('twice', 'function (n) { return n * 2; }');
    await define('mod', 'function mod(n, m) { return n % m; }');
    expect(await ask('SELECT VALUE udf.twice(c.n) FROM c WHERE udf.mod(c.n, 10) = 7')).toEqual([14, 34, 54, 74, 94]);
    expect(await ask('SELECT TOP 3 VALUE c.n FROM c WHERE udf.mod(c.n, 10) = 9 ORDER BY c.n DESC')).toEqual([
      49, 39, 29,
    ]);
    const groups = await ask<{ m: number; n: number }>(
      'SELECT udf.mod(c.n, 3) AS m, COUNT(1) AS n FROM c GROUP BY udf.mod(c.n, 3)',
    );
    expect(groups.sort((a, b) => a.m - b.m)).toEqual([
      { m: 0, n: 17 },
      { m: 1, n: 17 },
      { m: 2, n: 16 },
    ]);
    expect(await ask('SELECT VALUE SUM(udf.twice(c.n)) FROM c')).toEqual([49 * 50]);
    expect(
      await ask(
        'SELECT VALUE ARRAY(SELECT VALUE CONCAT(t, "!") FROM t IN c.tags WHERE udf.twice(LENGTH(t)) = 4) FROM c WHERE c.n = 4',
      ),
    ).toEqual([['t1!']]);
    expect(
      await ask('SELECT VALUE t FROM c JOIN t IN c.tags WHERE c.n = 5 AND udf.twice(t = "x" ? 1 : 2) = 2'),
    ).toEqual(['x']);
    expect(await ask('SELECT VALUE udf.twice(udf.twice(1))')).toEqual([4]);
  });

  it('see undefined as undefined, and give it for what they do not return', async () => {
    await define('kind', 'function (x) { return x === undefined ? "absent" : x === null ? "null" : typeof x; }');
    await define('nothing', 'function () {}');
    expect(
      await ask(
        'SELECT VALUE [udf.kind(c.even), udf.kind(null), udf.kind(c.n), udf.kind(c)] FROM c WHERE c.n IN (0, 1)',
      ),
    ).toEqual([
      ['boolean', 'null', 'number', 'object'],
      ['absent', 'null', 'number', 'object'],
    ]);
    expect(await ask('SELECT udf.nothing() AS gone, c.n FROM c WHERE c.n = 1')).toEqual([{ n: 1 }]);
    expect(await ask('SELECT VALUE IS_DEFINED(udf.nothing())')).toEqual([false]);
  });

  it('go on from page to page', async () => {
    const iterator = container.items.query<number>('SELECT VALUE udf.twice(c.n) FROM c WHERE udf.mod(c.n, 2) = 1', {
      partitionKey: 'a',
      maxItemCount: 4,
    });
    const found: number[] = [];
    while (iterator.hasMoreResults()) found.push(...((await iterator.fetchNext()).resources ?? []));
    expect(found).toEqual(Array.from({ length: 25 }, (_, i) => 2 * (2 * i + 1)));
  });

  it('are those of the container when the query begins, and must exist', async () => {
    await expect(ask('SELECT VALUE udf.missing(1)')).rejects.toMatchObject({ code: 400 });
    await define('version', 'function () { return 1; }');
    expect(await ask('SELECT VALUE udf.version()')).toEqual([1]);
    await container.scripts
      .userDefinedFunction('version')
      .replace({ id: 'version', body: 'function () { return 2; }' });
    expect(await ask('SELECT VALUE udf.version()')).toEqual([2]);
  });

  it('fail the query that calls them when they throw or are none', async () => {
    await define('throws', 'function (x) { throw new Error("bad " + x); }');
    await define('broken', 'function ( {');
    await expect(ask('SELECT VALUE udf.throws(c.n) FROM c')).rejects.toMatchObject({ code: 400 });
    await expect(ask('SELECT VALUE udf.throws(1)')).rejects.toThrow(/bad 1/);
    await expect(ask('SELECT VALUE udf.broken(1)')).rejects.toThrow(/SyntaxError/);
    expect(await ask('SELECT VALUE c.n FROM c WHERE c.n = 1 AND (c.n = 1 OR udf.throws(1))')).toEqual([1]);
  });

  it('may be slow without being wrong', async () => {
    await define('slow', 'function (n) { var end = Date.now() + 5; while (Date.now() < end); return n; }');
    const rows = await ask('SELECT VALUE udf.slow(c.n) FROM c WHERE udf.slow(c.n) < 20');
    expect(rows).toEqual(Array.from({ length: 20 }, (_, i) => i));
    const inner = 'SELECT VALUE ARRAY(SELECT VALUE udf.slow(x) FROM x IN c.tags) FROM c WHERE c.n = 1';
    expect(await ask(inner)).toEqual([['t1', 'x']]);
  });

  it('serve the queries of procedures', async () => {
    await container.scripts.storedProcedures.create({
      id: 'p',
      body: `function () {
        __.queryDocuments(__.getSelfLink(), 'SELECT VALUE udf.twice(c.n) FROM c WHERE c.n < 3', function (err, feed) {
          if (err) throw err;
          __.response.setBody(feed);
        });
      }`,
    });
    expect((await container.scripts.storedProcedure('p').execute('a')).resource).toEqual([0, 2, 4]);
  });
});
