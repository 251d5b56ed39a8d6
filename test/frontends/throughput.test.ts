// Throughput over every door of one server, on its manual clock: what the administration tells and sets, and what
// clients of MongoDB meet.

import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { MongoClient, MongoServerError } from 'mongodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunningServer } from '../../bin/server.ts';
import { CosmosHttp } from '../clients/cosmos-http.ts';
import { randomOf, seedOf, testScale } from '../random.ts';
import { serve } from '../serving.ts';

const require = createRequire(import.meta.url);
const official = require(join(dirname(require.resolve('@azure/cosmos')), 'utils/hashing/hash.js')) as {
  hashPartitionKey(key: readonly unknown[], definition: object): string;
};

let server: RunningServer;
let cosmos: CosmosHttp;
let mongo: MongoClient;

beforeAll(async () => {
  server = await serve({ clock: 'manual', seed: 7, partitions: 5, enforceThroughput: true });
  cosmos = new CosmosHttp(server.endpoints.sql!);
  mongo = await new MongoClient(`${server.endpoints.mongo!}/?directConnection=true`).connect();
  await cosmos.createDatabase('d');
});

afterAll(async () => {
  await mongo.close();
  await cosmos.close();
  await server.stop(0);
});

interface Told {
  readonly status: number;
  readonly text: string;
  readonly json: Record<string, unknown>;
}

async function tell(method: string, path: string, body?: object): Promise<Told> {
  const answer = await fetch(new URL(path, server.endpoints.admin), {
    method,
    headers: { 'x-meridian-key': server.deployment.accounts[0]!.keys.primary },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, text, json: text.startsWith('{') ? (JSON.parse(text) as Told['json']) : {} };
}

const advance = (ms: number): number => server.clock.advance!(ms);

test('tells the shard of a key as the hash of the SDK does', async () => {
  await cosmos.createContainer('d', 'shards');
  const random = randomOf(seedOf());
  const definition = { paths: ['/pk'], kind: 'Hash', version: 2 };
  const keys: unknown[] = [true, false, null, '', 0, -1.5, 'é'.repeat(50)];
  while (keys.length < 250 * testScale)
    keys.push(random() < 0.5 ? Math.floor(random() * 1e9) / 8 : `key ${Math.floor(random() * 1e9).toString(36)}`);
  const container = server.deployment.accounts[0]!.engine.catalog.container('d', 'shards');
  const met = new Set<string>();
  for (let start = 0; start < keys.length; start += 50)
    await Promise.all(
      keys.slice(start, start + 50).map(async (key) => {
        const query = `database=d&container=shards&key=${encodeURIComponent(JSON.stringify([key]))}`;
        const { status, json } = await tell('GET', `/shard?${query}`);
        expect(status).toBe(200);
        const epk = official.hashPartitionKey([key], definition);
        expect(json['epk']).toBe(epk);
        expect(json['region']).toBe('South Central US');
        const { id } = json['partition'] as { id: string };
        met.add(id);
        const owner = container.partitions.find(
          ({ minInclusive, maxExclusive }) => minInclusive <= epk && (maxExclusive === 'FF' || epk < maxExclusive),
        );
        expect(id).toBe(String(owner!.range));
      }),
    );
  expect(met.size).toBe(5);
});

test.each([
  ['/shard?database=d&container=none&key=[1]', 404],
  ['/shard?database=d&container=shards', 400],
  ['/shard?database=d&container=shards&key=nonsense', 400],
  ['/shard?database=d&container=shards&key=[1,2]', 400],
  ['/partitions/skew', 400],
])('%s is refused with %i', async (path, status) => {
  expect((await tell('GET', path)).status).toBe(status);
});

test('a load on one key is reported as skew, with keys that would spread it', async () => {
  await cosmos.createContainer('d', 'skewed');
  for (let i = 0; i < 150; i++) {
    advance(1_000);
    const item = { id: `i${i}`, pk: 'same', city: `city ${i % 30}`, color: i % 3 === 0 ? 'red' : 'blue', n: i };
    expect((await cosmos.upsert('d', 'skewed', 'same', item)).status).toBe(201);
  }
  const { json } = await tell('GET', '/partitions/skew?database=d&container=skewed');
  expect(json['skewed']).toBe(true);
  const partitions = json['partitions'] as { items: number; recentCharge: number; hot: string[]; limit: number }[];
  expect(partitions).toHaveLength(5);
  const hot = partitions.filter((partition) => partition.hot.length > 0);
  expect(hot).toHaveLength(1);
  expect(hot[0]).toMatchObject({ items: 150, hot: ['items', 'charge'], limit: 80 });
  // A minute of one write a second.
  expect(hot[0]!.recentCharge).toBeGreaterThan(59 * 3);
  const candidates = json['candidates'] as { path: string; values: number; itemsPerValue: number }[];
  expect(candidates[0]).toMatchObject({ path: '/city', values: 30, itemsPerValue: 5 });
  expect(candidates.map(({ path }) => path)).toContain('/color');
  expect(candidates.map(({ path }) => path)).not.toContain('/pk');
});

test('an even load is not', async () => {
  await cosmos.createContainer('d', 'even');
  for (let i = 0; i < 200; i++) {
    advance(1_000);
    await cosmos.upsert('d', 'even', `k${i}`, { id: `i${i}`, pk: `k${i}` });
  }
  const { json } = await tell('GET', '/partitions/skew?database=d&container=even');
  expect(json['skewed']).toBe(false);
});

test('MongoDB clients get 16500 with the wait, and a cursor survives it', async () => {
  const collection = mongo.db('m').collection<{ _id: number; numbers: number[] }>('c');
  const numbers = Array.from({ length: 500 }, () => 1);
  const load = async (): Promise<unknown> => {
    try {
      for (let i = 0; i < 100; i++) await collection.insertOne({ _id: Math.random(), numbers });
      return undefined;
    } catch (error) {
      return error;
    }
  };
  advance(10_000);
  await collection.insertMany(Array.from({ length: 20 }, (_, i) => ({ _id: i, numbers: [] })));
  const cursor = collection.find({ numbers: { $size: 0 } }, { batchSize: 5 });
  const found = [await cursor.next()];
  const refused = await load();
  expect(refused).toBeInstanceOf(MongoServerError);
  const { code, message } = refused as MongoServerError;
  expect(code).toBe(16500);
  const waitMs = Number(/RetryAfterMs=(\d+)/.exec(message)?.[1]);
  expect(waitMs).toBeGreaterThan(0);
  await expect(collection.findOne({ _id: 3 })).rejects.toMatchObject({ code: 16500 });
  // The command itself: drivers drop a cursor whose getMore failed.
  const id = cursor.id!;
  await expect(mongo.db('m').command({ getMore: id, collection: 'c' })).rejects.toMatchObject({ code: 16500 });
  advance(waitMs + 1_000);
  expect(await collection.findOne({ _id: 3 })).toMatchObject({ _id: 3 });
  const rest = await mongo.db('m').command({ getMore: id, collection: 'c' });
  expect(found.length + 4 + (rest['cursor'] as { nextBatch: unknown[] }).nextBatch.length).toBe(20);
});

test('a container can be exempted, and a database held to what it shares', async () => {
  const settings = { database: 'm', container: 'c', enforced: false as boolean | null };
  expect((await tell('POST', '/throughput', settings)).status).toBe(200);
  const collection = mongo.db('m').collection('c');
  const numbers = Array.from({ length: 2_000 }, () => 1);
  advance(1_000);
  for (let i = 0; i < 8; i++) await collection.insertOne({ numbers });
  expect((await tell('POST', '/throughput', { ...settings, enforced: null })).status).toBe(200);
  await collection.insertOne({ numbers });
  await collection.insertOne({ numbers });
  await expect(collection.insertOne({ numbers })).rejects.toMatchObject({ code: 16500 });
  await tell('POST', '/throughput', { database: 'm', enforced: false });
  await collection.insertOne({ numbers });
});

test.each([
  [{ container: 'c', enforced: true }],
  [{ database: 'm', enforced: 'yes' }],
  [{ database: 'm', container: 5, enforced: true }],
])('POST /throughput refuses %o', async (body) => {
  expect((await tell('POST', '/throughput', body)).status).toBe(400);
});

test('metrics count request units and refusals by container', async () => {
  const { text } = await tell('GET', '/metrics');
  const charges = [
    ...text.matchAll(/^meridian_request_units_total\{account="localhost",container="([^"]+)"\} (.*)$/gm),
  ];
  expect(charges.length).toBeGreaterThanOrEqual(2);
  expect(charges.every(([, rid]) => !['shards', 'skewed', 'c'].includes(rid!))).toBe(true);
  expect(charges.reduce((sum, [, , figure]) => sum + Number(figure), 0)).toBeGreaterThan(1_000);
  const throttled = [...text.matchAll(/^meridian_throttled_requests_total\{.*\} (\d+)$/gm)];
  expect(throttled.reduce((sum, [, figure]) => sum + Number(figure), 0)).toBeGreaterThan(2);
});
