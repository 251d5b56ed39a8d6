// Time to live as clients of the protocol see it: hidden at once, gone after the sweep, and the same answers before and
// after; the change feed of all versions tells why.

import { afterAll, beforeAll, expect, it } from 'vitest';
import { ask, partitionKey, type Answered } from './request.ts';
import { start, type Started } from './start.ts';

let server: Started;
let nowMs = Date.UTC(2026, 0, 1);
let count = 0;

beforeAll(async () => {
  server = await start({ partitions: 3, nowMs: () => nowMs });
  await ask(server, { verb: 'POST', path: '/dbs', body: { id: 'd' } });
});

afterAll(async () => {
  expect(server.faults).toEqual([]);
  await server.stop();
});

const byKey = { paths: ['/pk'], kind: 'Hash', version: 2 };

async function container(settings: object): Promise<string> {
  const id = `c${++count}`;
  const body = { id, partitionKey: byKey, ...settings };
  expect((await ask(server, { verb: 'POST', path: '/dbs/d/colls', body })).status).toBe(201);
  return `/dbs/d/colls/${id}`;
}

const put = (path: string, item: { id: string; pk: string; ttl?: number }): Promise<Answered> =>
  ask(server, {
    verb: 'POST',
    path: `${path}/docs`,
    headers: { ...partitionKey(item.pk), 'x-ms-documentdb-is-upsert': 'True' },
    body: item,
  });

/** Everything a client can ask about the items of a container. */
async function seen(path: string): Promise<unknown> {
  const query = async (text: string): Promise<unknown> => {
    const headers = { 'content-type': 'application/query+json', ...partitionKey('p') };
    return (await ask(server, { verb: 'POST', path: `${path}/docs`, headers, body: { query: text } })).json[
      'Documents'
    ];
  };
  const feed = await ask(server, { path: `${path}/docs` });
  const changes = await ask(server, { path: `${path}/docs`, headers: { 'A-IM': 'Incremental Feed' } });
  return {
    ids: (feed.json['Documents'] as readonly { readonly id: string }[]).map(({ id }) => id).sort(),
    changed: ((changes.json['Documents'] ?? []) as readonly { readonly id: string }[]).map(({ id }) => id).sort(),
    count: await query('SELECT VALUE COUNT(1) FROM c'),
    groups: await query('SELECT c.kind, COUNT(1) AS n FROM c GROUP BY c.kind'),
    ordered: await query('SELECT VALUE c.id FROM c ORDER BY c._ts DESC, c.id ASC'),
    least: await query('SELECT VALUE MIN(c._ts) FROM c'),
    distinct: await query('SELECT DISTINCT VALUE c.id FROM c'),
    found: await query('SELECT VALUE c.id FROM c WHERE c.ttl > 0 OR NOT IS_DEFINED(c.ttl)'),
  };
}

it('gives the same answers before and after expired items are removed', async () => {
  const path = await container({ defaultTtl: 60 });
  for (const pk of ['p', 'q', 'r']) {
    await put(path, { id: `default ${pk}`, pk });
    await put(path, { id: `short ${pk}`, pk, ttl: 5 });
    await put(path, { id: `long ${pk}`, pk, ttl: 600 });
    await put(path, { id: `ever ${pk}`, pk, ttl: -1 });
  }
  nowMs += 5_000;
  await put(path, { id: 'short q', pk: 'q', ttl: 100 });
  nowMs += 56_000;
  const before = await seen(path);
  const expired = await ask(server, { path: `${path}/docs/default%20p`, headers: partitionKey('p') });
  expect(expired.status).toBe(404);
  await server.engine.sweepExpired();
  expect(await seen(path)).toEqual(before);
  expect(before).toMatchObject({
    ids: ['ever p', 'ever q', 'ever r', 'long p', 'long q', 'long r', 'short q'],
    count: [2],
  });
  const usage = (await ask(server, { path })).headers.get('x-ms-resource-usage');
  expect(usage).toContain('documentsCount=7;');
});

it('tells in the feed of all versions that time removed an item', async () => {
  const path = await container({ defaultTtl: 10, changeFeedPolicy: { retentionDuration: 10 } });
  const feed = (etag: string): Promise<Answered> =>
    ask(server, {
      path: `${path}/docs`,
      headers: {
        'A-IM': 'Full-Fidelity Feed',
        'x-ms-cosmos-changefeed-wire-format-version': '2021-09-15',
        'if-none-match': etag,
        ...partitionKey('p'),
      },
    });
  const begin = (await feed('*')).headers.get('etag')!;
  await put(path, { id: 'a', pk: 'p' });
  await put(path, { id: 'b', pk: 'p' });
  nowMs += 10_000;
  // Written again before it was removed: its first life ended all the same.
  await put(path, { id: 'b', pk: 'p' });
  await server.engine.sweepExpired();
  const page = await feed(begin);
  interface Entry {
    readonly current: { readonly id?: string };
    readonly previous?: { readonly id: string };
    readonly metadata: { readonly operationType: string; readonly timeToLiveExpired?: boolean; readonly id?: string };
  }
  const shown = (page.json['Documents'] as readonly Entry[]).map(({ current, previous, metadata }) => [
    metadata.operationType,
    current.id ?? previous?.id,
    metadata.timeToLiveExpired ?? false,
  ]);
  expect(shown.filter(([, id]) => id === 'a')).toEqual([
    ['create', 'a', false],
    ['delete', 'a', true],
  ]);
  expect(shown.filter(([, id]) => id === 'b')).toEqual([
    ['create', 'b', false],
    ['delete', 'b', true],
    ['create', 'b', false],
  ]);
});

it('frees the id, the unique values and the key of what expired, before the sweep and after', async () => {
  for (const sweeps of [false, true]) {
    const path = await container({ defaultTtl: 10, uniqueKeyPolicy: { uniqueKeys: [{ paths: ['/email'] }] } });
    const create = (id: string): Promise<Answered> =>
      ask(server, {
        verb: 'POST',
        path: `${path}/docs`,
        headers: partitionKey('p'),
        body: { id, pk: 'p', email: 'e' },
      });
    expect((await create('a')).status).toBe(201);
    expect((await create('b')).status).toBe(409);
    nowMs += 10_000;
    if (sweeps) await server.engine.sweepExpired();
    expect((await create('b')).status).toBe(201);
    expect((await create('a')).status).toBe(409);
  }
});

it('does not bring back what expired when the default grows or goes', async () => {
  const path = await container({ defaultTtl: 10 });
  await put(path, { id: 'a', pk: 'p' });
  nowMs += 10_000;
  await server.engine.sweepExpired();
  const replaced = await ask(server, { verb: 'PUT', path, body: { id: path.split('/').at(-1), partitionKey: byKey } });
  expect(replaced.status).toBe(200);
  expect((await ask(server, { path: `${path}/docs` })).json['_count']).toBe(0);
});
