// The samples of examples/cosmos/javascript against a server in this process.

import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { CosmosClient, type Container } from '@azure/cosmos';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keys, start, type Started } from '../frontends/cosmos/start.ts';

interface Processor {
  readonly ranges: readonly string[];
  balance(): Promise<void>;
  poll(): Promise<number>;
  run(signal: AbortSignal): Promise<void>;
  release(): Promise<void>;
}

interface Order {
  readonly id: string;
  readonly n: number;
}

const folder = new URL('../../examples/cosmos/javascript/', import.meta.url);
const { ChangeFeedProcessor } = (await import(new URL('change-feed-processor.mjs', folder).href)) as {
  readonly ChangeFeedProcessor: new (options: object) => Processor;
};

let server: Started;
let client: CosmosClient;
let feed: Container;
let leases: Container;
let nowMs = 0;

beforeEach(async () => {
  server = await start({ partitions: 4 });
  client = new CosmosClient({ endpoint: server.endpoint, key: keys.primary });
  const { database } = await client.databases.create({ id: 'samples' });
  ({ container: feed } = await database.containers.create({ id: 'orders', partitionKey: { paths: ['/customer'] } }));
  ({ container: leases } = await database.containers.create({ id: 'leases', partitionKey: { paths: ['/id'] } }));
  nowMs = Date.UTC(2030, 0, 1);
});

afterEach(async () => {
  expect(server.faults).toEqual([]);
  client.dispose();
  await server.stop();
});

const seen = (): { readonly handled: string[]; worker(owner: string, more?: object): Processor } => {
  const handled: string[] = [];
  return {
    handled,
    worker: (owner, more = {}) =>
      new ChangeFeedProcessor({
        feed,
        leases,
        owner,
        account: '127.0.0.1',
        now: () => nowMs,
        expiryMs: 10_000,
        maxItemCount: 7,
        handle: (items: readonly Order[]) => void handled.push(...items.map(({ id, n }) => `${owner} ${id} ${n}`)),
        ...more,
      }),
  };
};

async function write(from: number, to: number): Promise<void> {
  for (let n = from; n < to; n++) await feed.items.upsert({ id: `i${n}`, customer: `c${n % 25}`, n });
}

async function drain(...workers: readonly Processor[]): Promise<void> {
  for (const worker of workers) while ((await worker.poll()) > 0);
}

const without = (handled: readonly string[]): string[] =>
  handled.map((line) => line.slice(line.indexOf(' ') + 1)).sort();
const expected = (to: number): string[] => Array.from({ length: to }, (_, n) => `i${n} ${n}`).sort();

describe('a change feed processor', () => {
  it('hands every change to one worker, and both have half of the ranges', async () => {
    await write(0, 80);
    const { handled, worker } = seen();
    const [one, two] = [worker('one'), worker('two')];
    for (let round = 0; round < 4; round++) for (const each of [one, two]) await each.balance();
    expect([one.ranges.length, two.ranges.length]).toEqual([2, 2]);
    expect(new Set([...one.ranges, ...two.ranges]).size).toBe(4);
    await drain(one, two);
    expect(without(handled)).toEqual(expected(80));
    expect(new Set(handled.map((line) => line.split(' ')[0]))).toEqual(new Set(['one', 'two']));
  });

  it('takes over what a worker that stopped without notice had, when its leases have expired, and loses nothing', async () => {
    const { handled, worker } = seen();
    const [one, two] = [worker('one'), worker('two')];
    for (let round = 0; round < 4; round++) for (const each of [one, two]) await each.balance();
    await write(0, 60);
    await one.poll();
    await drain(two);
    // `one` is gone from here on.
    await write(60, 120);
    await two.balance();
    expect(two.ranges).toHaveLength(2);
    nowMs += 10_001;
    await two.balance();
    expect(two.ranges).toHaveLength(4);
    await drain(two);
    expect(without(handled)).toEqual(expected(120));
  });

  it('handles again what a worker had in hand when it ended', async () => {
    await write(0, 5);
    const { handled, worker } = seen();
    const failing = worker('failing', { handle: () => Promise.reject(new Error('ended')) });
    await failing.balance();
    await expect(failing.poll()).rejects.toThrow('ended');
    nowMs += 10_001;
    const next = worker('next');
    await next.balance();
    await drain(next);
    expect(without(handled)).toEqual(expected(5));
  });

  it('that lost a lease to another does not keep its place in it', async () => {
    await write(0, 10);
    const { handled, worker } = seen();
    const [slow, quick] = [worker('slow'), worker('quick')];
    await slow.balance();
    nowMs += 10_001;
    await quick.balance();
    expect(quick.ranges).toHaveLength(4);
    await slow.poll();
    expect(slow.ranges.length).toBeLessThan(4);
    await drain(quick);
    await slow.balance();
    await drain(slow);
    expect([...new Set(without(handled))]).toEqual(expected(10));
    await quick.balance();
    expect(slow.ranges.filter((range) => quick.ranges.includes(range))).toEqual([]);
  });

  it('from now on leaves out what was there', async () => {
    await write(0, 10);
    const { handled, worker } = seen();
    const late = worker('late', { startFrom: 'now' });
    await late.balance();
    await drain(late);
    await feed.items.upsert({ id: 'new', customer: 'c1', n: 1 });
    await drain(late);
    expect(handled).toEqual(['late new 1']);
  });

  it('gives its leases back when it is told to stop', async () => {
    const { worker } = seen();
    const one = worker('one');
    const stop = new AbortController();
    stop.abort();
    await one.balance();
    await one.run(stop.signal);
    expect(one.ranges).toEqual([]);
    const two = worker('two');
    await two.balance();
    expect(two.ranges).toHaveLength(4);
  });
});

describe('the samples', () => {
  it('hold no keys', async () => {
    const examples = fileURLToPath(new URL('../../', folder));
    for (const entry of await readdir(examples, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const text = await readFile(join(entry.parentPath, entry.name), 'utf8');
      expect(text, entry.name).not.toMatch(/[A-Za-z0-9+/]{40,}={0,2}/);
    }
  });
});

describe('the quickstart', () => {
  it('runs as it stands, with endpoint and key from the environment', async () => {
    const environment = { ...process.env, COSMOS_ENDPOINT: server.endpoint, COSMOS_KEY: keys.primary };
    const sample = fileURLToPath(new URL('quickstart.mjs', folder));
    for (let run = 0; run < 2; run++) {
      const { stdout } = await promisify(execFile)(process.execPath, [sample], { env: environment });
      expect(stdout).toMatch(/^large orders: 2: 70, 1: 35$/m);
      expect(stdout).toMatch(/^batch: 20[01], 204$/m);
      expect(stdout).toMatch(/^changes: .*4/m);
    }
  });
});
