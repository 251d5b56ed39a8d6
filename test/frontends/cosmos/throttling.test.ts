// Enforced throughput as a client of this door meets it, on a clock that the test moves.

import { BulkOperationType, CosmosClient, type Container } from '@azure/cosmos';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ask, partitionKey, type Answered } from './request.ts';
import { keys, start, type Started } from './start.ts';

let server: Started;
let nowMs: number;

beforeEach(async () => {
  nowMs = 1_700_000_000_000;
  server = await start({ enforceThroughput: true, nowMs: () => nowMs });
  await ask(server, { verb: 'POST', path: '/dbs', body: { id: 'd' } });
});

afterEach(async () => {
  expect(server.faults).toEqual([]);
  await server.stop();
});

async function makeContainer(id: string, headers: Record<string, string> = {}, database = 'd'): Promise<void> {
  const body = { id, partitionKey: { paths: ['/pk'], kind: 'Hash', version: 2 } };
  expect((await ask(server, { verb: 'POST', path: `/dbs/${database}/colls`, headers, body })).status).toBe(201);
}

function create(id: string, container = 'c', extra: object = {}, database = 'd'): Promise<Answered> {
  return ask(server, {
    verb: 'POST',
    path: `/dbs/${database}/colls/${container}/docs`,
    headers: partitionKey('a'),
    body: { id, pk: 'a', ...extra },
  });
}

const read = (id: string, headers: Record<string, string> = {}): Promise<Answered> =>
  ask(server, { path: `/dbs/d/colls/c/docs/${id}`, headers: { ...partitionKey('a'), ...headers } });

const chargeOf = ({ headers }: Answered): number => Number(headers.get('x-ms-request-charge'));

let made = 0;

/** As many numbers as make an item cost about that much. */
const numbers = (charge: number): number[] => Array.from({ length: Math.round((charge - 3) * 10) }, () => 1);

/** Creates items that cost about `each` until one is refused; gives what the others cost. */
async function exhaust(each: number, container = 'c', database = 'd'): Promise<{ charge: number; refused: Answered }> {
  let charge = 0;
  for (let i = 0; i < 100; i++) {
    const answer = await create(`x${made++}`, container, { numbers: numbers(each) }, database);
    if (answer.status === 429) return { charge, refused: answer };
    expect(answer.status).toBe(201);
    charge += chargeOf(answer);
  }
  throw new Error('nothing was refused');
}

describe('a container of 400 RU/s', () => {
  beforeEach(() => makeContainer('c', { 'x-ms-offer-throughput': '400' }));

  test('refuses when its second is used up, and takes again after the wait it told', async () => {
    const { charge, refused } = await exhaust(30);
    expect(charge).toBeGreaterThan(400);
    expect(charge).toBeLessThan(431);
    expect(refused.headers.get('x-ms-substatus')).toBe('3200');
    expect(refused.json.code).toBe('TooManyRequests');
    expect(chargeOf(refused)).toBe(0);
    const waitMs = Number(refused.headers.get('x-ms-retry-after-ms'));
    expect(waitMs).toBe(Math.ceil(((charge - 400) / 400) * 1000));
    nowMs += waitMs - 1;
    expect((await create('again')).status).toBe(429);
    nowMs += 1;
    expect((await create('again')).status).toBe(201);
  });

  test('refuses reads, queries, feeds and batches too, and no look at the catalog', async () => {
    await exhaust(150);
    const docs = '/dbs/d/colls/c/docs';
    expect((await read('x0')).status).toBe(429);
    expect((await ask(server, { path: docs })).status).toBe(429);
    expect((await ask(server, { path: docs, headers: { 'a-im': 'Incremental Feed' } })).status).toBe(429);
    expect((await query('SELECT * FROM c')).status).toBe(429);
    const batch = await ask(server, {
      verb: 'POST',
      path: docs,
      headers: { ...partitionKey('a'), 'x-ms-cosmos-is-batch-request': 'true', 'x-ms-cosmos-batch-atomic': 'true' },
      body: [{ operationType: 'Create', resourceBody: { id: 'b', pk: 'a' } }],
    });
    expect(batch.status).toBe(429);
    expect((await ask(server, { path: '/dbs/d/colls/c' })).status).toBe(200);
    expect((await ask(server, { path: '/dbs/d/colls/c/pkranges' })).status).toBe(200);
  });

  test('counts what fails, and tells what it counts', async () => {
    const before = consumed();
    const missing = await read('nothing');
    expect(missing.status).toBe(404);
    expect(chargeOf(missing)).toBe(1.24);
    await create('one');
    const conflict = await create('one');
    expect(conflict.status).toBe(409);
    expect(chargeOf(conflict)).toBe(1.24);
    const item = await read('one');
    expect(chargeOf(item)).toBe(1);
    const condition = await ask(server, {
      verb: 'DELETE',
      path: '/dbs/d/colls/c/docs/one',
      headers: { ...partitionKey('a'), 'if-match': '"00000000-0000-0000-0000-000000000000"' },
    });
    expect(condition.status).toBe(412);
    expect(chargeOf(condition)).toBe(1.24);
    expect(consumed() - before).toBeCloseTo(1.24 + 3.15 + 1.24 + 1 + 1.24);
  });

  test('charges pages of queries and feeds what it tells', async () => {
    for (let i = 0; i < 20; i++) await create(`i${i}`, 'c', { n: i });
    nowMs += 10_000;
    let told = 0;
    const before = consumed();
    for (const text of [
      'SELECT * FROM c WHERE c.n >= 5',
      'SELECT VALUE COUNT(1) FROM c',
      'SELECT c.id FROM c ORDER BY c.n',
    ]) {
      let continuation = '';
      do {
        const page = await query(text, {
          ...partitionKey('a'),
          'x-ms-max-item-count': '7',
          'x-ms-continuation': continuation,
        });
        expect(page.status).toBe(200);
        told += chargeOf(page);
        continuation = page.headers.get('x-ms-continuation') ?? '';
      } while (continuation !== '');
    }
    told += chargeOf(await ask(server, { path: '/dbs/d/colls/c/docs' }));
    const changes = await ask(server, { path: '/dbs/d/colls/c/docs', headers: { 'a-im': 'Incremental Feed' } });
    told += chargeOf(changes);
    expect(consumed() - before).toBeCloseTo(told);
    expect(told).toBeGreaterThan(7 * 2.28);
  });

  test('ends a page early when throughput runs out in it, and goes on from there', async () => {
    const text = 'x'.repeat(2_000);
    for (let i = 0; i < 600; i += 100) {
      const operations = Array.from({ length: 100 }, (_, n) => ({
        operationType: 'Create',
        resourceBody: { id: `i${i + n}`, pk: 'a', text },
      }));
      const headers = {
        ...partitionKey('a'),
        'x-ms-cosmos-is-batch-request': 'true',
        'x-ms-cosmos-batch-atomic': 'true',
      };
      nowMs += 10_000;
      const batch = await ask(server, { verb: 'POST', path: '/dbs/d/colls/c/docs', headers, body: operations });
      expect(batch.status).toBe(200);
    }
    nowMs += 10_000;
    const seen = new Set<string>();
    let pages = 0;
    let refusals = 0;
    let continuation = '';
    await exhaust(150);
    nowMs += 150;
    do {
      const headers = { ...partitionKey('a'), 'x-ms-max-item-count': '-1', 'x-ms-continuation': continuation };
      const page = await query("SELECT c.id FROM c WHERE NOT CONTAINS(c.text, 'y')", headers);
      if (page.status === 429) {
        refusals++;
        nowMs += Number(page.headers.get('x-ms-retry-after-ms'));
        continue;
      }
      pages++;
      for (const { id } of page.json['Documents'] as { id: string }[]) {
        expect(seen.has(id)).toBe(false);
        seen.add(id);
      }
      continuation = page.headers.get('x-ms-continuation') ?? '';
    } while (continuation !== '' || pages === 0);
    expect(seen.size).toBe(600);
    expect(pages).toBeGreaterThan(1);
    expect(refusals).toBeGreaterThan(0);
  });

  test('takes writes that come at once one after the other', async () => {
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, i) => create(`m${i}`, 'c', { numbers: numbers(20) })),
    );
    const charged = answers.filter(({ status }) => status === 201).reduce((sum, answer) => sum + chargeOf(answer), 0);
    expect(charged).toBeGreaterThan(400);
    expect(charged).toBeLessThan(421);
    expect(consumed()).toBeCloseTo(charged);
  });

  test('refuses the operations of a bulk one by one, each with its wait', async () => {
    const operations = Array.from({ length: 100 }, (_, i) => ({
      operationType: 'Create',
      partitionKey: '["a"]',
      resourceBody: {
        id: `b${i}`,
        pk: 'a',
        ...Object.fromEntries(Array.from({ length: 40 }, (__, p) => [`p${p}`, p])),
      },
    }));
    const answer = await ask(server, {
      verb: 'POST',
      path: '/dbs/d/colls/c/docs',
      headers: {
        'x-ms-cosmos-is-batch-request': 'true',
        'x-ms-cosmos-batch-atomic': 'false',
        'x-ms-documentdb-partitionkeyrangeid': '0',
      },
      body: operations,
    });
    expect(answer.status).toBe(207);
    const results = answer.json as unknown as {
      statusCode: number;
      requestCharge: number;
      retryAfterMilliseconds?: number;
    }[];
    const refused = results.filter(({ statusCode }) => statusCode === 429);
    expect(refused.length).toBeGreaterThan(30);
    for (const each of refused) {
      expect(each.retryAfterMilliseconds).toBeGreaterThan(0);
      expect(each.requestCharge).toBe(0);
    }
    expect(chargeOf(answer)).toBeCloseTo(consumed());
  });

  test('is held to a replaced offer from the next request on', async () => {
    await exhaust(150);
    const { json } = await ask(server, { path: '/offers' });
    const offer = (json['Offers'] as { _rid: string; content: object }[])[0]!;
    const replaced = await ask(server, {
      verb: 'PUT',
      path: `/offers/${offer._rid}`,
      link: offer._rid.toLowerCase(),
      type: 'offers',
      body: { ...offer, content: { offerThroughput: 4000 } },
    });
    expect(replaced.status).toBe(200);
    nowMs += 1_000;
    const { charge } = await exhaust(500);
    expect(charge).toBeGreaterThan(3_500);
  });
});

function consumed(container = 'c'): number {
  const { partitions } = server.engine.catalog.container('d', container);
  return partitions.reduce(
    (sum, { partition }) => sum + server.engine.throughput.usageOf(server.engine.state.partition(partition)!).charge,
    0,
  );
}

function query(text: string, headers: Record<string, string> = partitionKey('a')): Promise<Answered> {
  return ask(server, {
    verb: 'POST',
    path: '/dbs/d/colls/c/docs',
    headers: { 'content-type': 'application/query+json', 'x-ms-documentdb-isquery': 'True', ...headers },
    body: { query: text },
  });
}

test('containers without an offer share that of their database', async () => {
  await ask(server, { verb: 'POST', path: '/dbs', headers: { 'x-ms-offer-throughput': '1000' }, body: { id: 's' } });
  await makeContainer('one', {}, 's');
  await makeContainer('two', {}, 's');
  await makeContainer('own', { 'x-ms-offer-throughput': '400' }, 's');
  const { charge } = await exhaust(100, 'one', 's');
  expect(charge).toBeGreaterThan(1_000);
  expect(charge).toBeLessThan(1_105);
  expect((await create('a', 'two', {}, 's')).status).toBe(429);
  expect((await create('a', 'own', {}, 's')).status).toBe(201);
});

test('partitions of one container have even shares', async () => {
  await makeContainer('c', { 'x-ms-offer-throughput': '11000' });
  expect(server.engine.catalog.container('d', 'c').partitions).toHaveLength(2);
  const { charge } = await exhaust(500);
  expect(charge).toBeGreaterThan(5_500);
  expect(charge).toBeLessThan(6_005);
  const answers = await Promise.all(
    ['b', 'c', 'd', 'e', 'f'].map((pk) =>
      ask(server, { verb: 'POST', path: '/dbs/d/colls/c/docs', headers: partitionKey(pk), body: { id: pk, pk } }),
    ),
  );
  expect(answers.some(({ status }) => status === 201)).toBe(true);
  expect(answers.some(({ status }) => status === 429)).toBe(true);
});

test('strong reads cost twice, unless the request asks for less', async () => {
  await server.stop();
  server = await start({ nowMs: () => nowMs, deployment: { consistency: 'Strong' } });
  await ask(server, { verb: 'POST', path: '/dbs', body: { id: 'd' } });
  await makeContainer('c');
  await create('one');
  expect(chargeOf(await read('one'))).toBe(2);
  expect(chargeOf(await read('one', { 'x-ms-consistency-level': 'Session' }))).toBe(1);
});

test('nothing is refused where throughput is not enforced', async () => {
  await server.stop();
  server = await start({ nowMs: () => nowMs });
  await ask(server, { verb: 'POST', path: '/dbs', body: { id: 'd' } });
  await makeContainer('c', { 'x-ms-offer-throughput': '400' });
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, i) => create(`m${i}`, 'c', { numbers: numbers(20) })),
  );
  expect(answers.every(({ status }) => status === 201)).toBe(true);
  expect(consumed()).toBeGreaterThan(600);
});

test('the SDK rides a flood through to its end', { timeout: 60_000 }, async () => {
  await makeContainer('c', { 'x-ms-offer-throughput': '400' });
  const startMs = nowMs;
  const client = new CosmosClient({
    endpoint: server.endpoint,
    key: keys.primary,
    connectionPolicy: {
      retryOptions: { maxRetryAttemptCount: 1_000, fixedRetryIntervalInMilliseconds: 1, maxWaitTimeInSeconds: 60 },
    },
  });
  const container: Container = client.database('d').container('c');
  // A clock much faster than the client's.
  const moving = setInterval(() => (nowMs += 30), 1);
  const heapBefore = process.memoryUsage().heapUsed;
  try {
    const text = 'x'.repeat(500);
    await Promise.all(
      Array.from({ length: 20 }, async (_, worker) => {
        for (let i = 0; i < 3; i++)
          await container.items.create({ id: `${worker}-${i}`, pk: `k${worker}`, text, numbers: numbers(30) });
      }),
    );
    // Operations of a bulk are refused one by one, and the client repeats just those.
    const results = await container.items.executeBulkOperations(
      Array.from({ length: 20 }, (_, i) => ({
        operationType: BulkOperationType.Create,
        partitionKey: 'bulk',
        resourceBody: { id: `bulk-${i}`, pk: 'bulk', numbers: numbers(30) },
      })),
    );
    expect(results.map(({ response }) => response?.statusCode)).toEqual(results.map(() => 201));
  } finally {
    clearInterval(moving);
    client.dispose();
  }
  const seconds = (nowMs - startMs) / 1000;
  const { throttled, charge } = server.engine.throughput.usageOf(
    server.engine.state.partition(server.engine.catalog.container('d', 'c').partitions[0]!.partition)!,
  );
  expect(throttled).toBeGreaterThan(0);
  expect(charge).toBeGreaterThan(60 * 30);
  expect(charge).toBeLessThanOrEqual(seconds * 400 + 400 + 31);
  expect(process.memoryUsage().heapUsed - heapBefore).toBeLessThan(100 * 2 ** 20);
});
