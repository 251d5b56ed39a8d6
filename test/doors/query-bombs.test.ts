// Queries of few bytes that would take the process, through the door and over an index: each is answered or refused
// with the door's own error, in bounded time and memory, and point reads are answered meanwhile. The number of items
// grows with MERIDIAN_TEST_SCALE: 25 makes 50,000.

import { CosmosClient, type Container } from '@azure/cosmos';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunningServer } from '../../bin/server.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import { wellKnownKey } from '../clients/cosmos-http.ts';
import { scale } from '../model/random.ts';
import { serve } from '../serving.ts';

const items = 2_000 * scale;

/** Milliseconds one page of any of these may take: far above what it needs, far below what an attack wants. */
const patienceMs = 60_000;
/** Milliseconds a point read may take meanwhile. */
const readPatienceMs = 20_000;
/** Bytes of memory that may be taken and not be given back. */
const growthBytesMax = 400 * 1024 * 1024;

let server: RunningServer;
let client: CosmosClient;
let container: Container;

function bodyOf(i: number): Uint8Array {
  const writer = new BsonWriter(512)
    .beginDocument()
    .string('id', `i${i}`)
    .string('pk', `p${i % 10}`)
    .int32('n', i % 1_000)
    .string('name', `name ${(i * 7919) % items} ${'a'.repeat(20)}`);
  writer.beginArray('list');
  for (let k = 0; k < 20; k++) writer.int32('', (i + k) % 50);
  return writer.end().string('pad', 'p'.repeat(200)).end().finish();
}

beforeAll(async () => {
  server = await serve({ memory: true });
  client = new CosmosClient({ endpoint: server.endpoints.sql!, key: wellKnownKey });
  const { database } = await client.databases.create({ id: 'd' });
  ({ container } = await database.containers.create({ id: 'c', partitionKey: { paths: ['/pk'] } }));
  const { engine, number } = server.deployment.accounts[0]!;
  for (let at = 0; at < items; at += 500) {
    const writes = Array.from(
      { length: Math.min(500, items - at) },
      (_, k) => ({ kind: 'create-item', body: bodyOf(at + k), view: 'exact' }) as const,
    );
    await engine.execute(
      { kind: 'write-items', database: 'd', container: 'c', writes, ordered: false },
      { account: number },
    );
  }
}, 300_000);

afterAll(async () => {
  client.dispose();
  await server.stop();
});

interface Outcome {
  readonly code: number | string;
  readonly rows: number;
}

/** The first page with rows, or the error. */
async function firstPage(query: string, parameters: { name: string; value: string }[] = []): Promise<Outcome> {
  try {
    const pages = container.items.query({ query, parameters }, { maxItemCount: 100 });
    for (let page = 0; page < 3 && pages.hasMoreResults(); page++) {
      const { resources } = await pages.fetchNext();
      if ((resources ?? []).length > 0) return { code: 200, rows: resources.length };
    }
    return { code: 200, rows: 0 };
  } catch (fault) {
    return { code: (fault as { code?: number | string }).code ?? String(fault), rows: 0 };
  }
}

/** Reads one item again and again until the work is done; gives the longest time. */
async function readsWhile(work: Promise<unknown>): Promise<number> {
  let isDone = false;
  const ended = (): void => {
    isDone = true;
  };
  void work.then(ended, ended);
  let longestMs = 0;
  while (!isDone) {
    const startedMs = performance.now();
    const { resource } = await container.item('i7', 'p7').read<{ id: string }>();
    expect(resource?.id).toBe('i7');
    longestMs = Math.max(longestMs, performance.now() - startedMs);
  }
  return longestMs;
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 5_000_000);
const nested = (depth: number): string => `${'(SELECT VALUE '.repeat(depth)}c.n${')'.repeat(depth)}`;
const joins = 'JOIN a IN c.list JOIN b IN c.list JOIN d IN c.list';

test.each<[name: string, query: string, code: number, rows?: number]>([
  ['an IN of 10,000 numbers', `SELECT * FROM c WHERE c.n IN (${numbers(10_000).join(',')}, 7)`, 200],
  [
    'an IN of 10,000 texts',
    `SELECT * FROM c WHERE c.name IN (${numbers(10_000)
      .map((n) => `'${n}'`)
      .join(',')})`,
    200,
    0,
  ],
  [
    '1,000 ORs',
    `SELECT * FROM c WHERE ${numbers(1_000)
      .map((n) => `c.n = ${n}`)
      .join(' OR ')}`,
    200,
    0,
  ],
  [
    '1,000 ORs of tests',
    `SELECT * FROM c WHERE ${numbers(1_000)
      .map((n) => `CONTAINS(c.name, '${n}')`)
      .join(' OR ')}`,
    200,
    0,
  ],
  [
    '1,000 ANDs of tests',
    `SELECT * FROM c WHERE ${numbers(1_000)
      .map((n) => `NOT CONTAINS(c.name, '${n}')`)
      .join(' AND ')}`,
    200,
    100,
  ],
  [
    '1,000 ORs of ranges',
    `SELECT * FROM c WHERE ${numbers(1_000)
      .map((n) => `c.n > ${n}`)
      .join(' OR ')}`,
    200,
    0,
  ],
  ['50 levels of subqueries', `SELECT VALUE ${nested(50)} FROM c WHERE c.n = 7`, 200],
  ['5,000 levels of subqueries', `SELECT VALUE ${nested(5_000)} FROM c`, 400],
  ['10,000 levels of NOT', `SELECT * FROM c WHERE ${'NOT '.repeat(10_000)}c.n`, 400],
  ['a cross join', `SELECT VALUE {a: a, b: b, d: d} FROM c ${joins}`, 200, 100],
  ['a cross join without a row', `SELECT VALUE a FROM c ${joins} WHERE c.n = 3 AND a + b + d = -1`, 200, 0],
  ['a sort of everything', 'SELECT * FROM c ORDER BY c.name', 200, 100],
  ['a sort of everything that no index gives', 'SELECT * FROM c ORDER BY c.list', 200, 100],
  ['a catastrophic expression', `SELECT * FROM c WHERE REGEXMATCH(c.name, '^(([a-z ]|[0-9])+)+!$')`, 200, 0],
  ['a catastrophic LIKE', `SELECT * FROM c WHERE c.name LIKE '${'%a'.repeat(100)}!'`, 200, 0],
  ['an expression with a back-reference', `SELECT * FROM c WHERE REGEXMATCH(c.name, '(a+)\\\\1b')`, 400],
  ['a long expression', `SELECT * FROM c WHERE REGEXMATCH(c.name, '${'(a?b+)'.repeat(1_300)}$')`, 200, 0],
  ['groups of everything', 'SELECT c.name, COUNT(1) AS n FROM c GROUP BY c.name', 200],
  ['distinct arrays', 'SELECT DISTINCT c.list FROM c', 200, 50],
])('%s', { timeout: 120_000 }, async (name, query, code, rows) => {
  const before = process.memoryUsage();
  const startedMs = performance.now();
  const work = firstPage(query);
  const longestReadMs = await readsWhile(work);
  const outcome = await work;
  const tookMs = performance.now() - startedMs;
  const after = process.memoryUsage();
  const growthBytes = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
  const figures = `${tookMs.toFixed(0)} ms, read ${longestReadMs.toFixed(0)} ms, ${(growthBytes / 2 ** 20).toFixed(0)} MB`;
  if (scale > 1) console.info(`${name}: ${outcome.code}, ${outcome.rows} rows, ${figures}`);
  expect(outcome.code, figures).toBe(code);
  if (rows !== undefined) expect(outcome.rows).toBe(rows);
  expect(tookMs).toBeLessThan(patienceMs);
  expect(longestReadMs).toBeLessThan(readPatienceMs);
  expect(growthBytes).toBeLessThan(growthBytesMax);
});
