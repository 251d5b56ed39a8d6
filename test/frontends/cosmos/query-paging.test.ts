// Pages of a query over ranges, within a limit on the continuation, and what a page tells of its work when asked.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomOf, seedOf } from '../../random.ts';
import { ask, partitionKey, type Answered } from './request.ts';
import { start, type Started } from './start.ts';

const random = randomOf(seedOf());
const itemCount = 120;
const path = '/dbs/d/colls/c';
let server: Started;
let ranges: readonly { readonly id: string; readonly minInclusive: string; readonly maxExclusive: string }[];

beforeAll(async () => {
  server = await start({ partitions: 5 });
  await ask(server, { verb: 'POST', path: '/dbs', body: { id: 'd' } });
  const body = { id: 'c', partitionKey: { paths: ['/pk'], kind: 'Hash', version: 2 } };
  await ask(server, { verb: 'POST', path: '/dbs/d/colls', body });
  await Promise.all(
    Array.from({ length: itemCount }, (_, i) => {
      const item = { id: `i${i}`, pk: `p${i}`, n: i, long: `${'x'.repeat(2000)}${String(i).padStart(4, '0')}` };
      return ask(server, { verb: 'POST', path: `${path}/docs`, headers: partitionKey(item.pk), body: item });
    }),
  );
  ({ PartitionKeyRanges: ranges } = (await ask(server, { path: `${path}/pkranges` })).json as never);
});

afterAll(async () => {
  expect(server.faults).toEqual([]);
  await server.stop();
});

function query(text: string, headers: Record<string, string> = {}): Promise<Answered> {
  return ask(server, {
    verb: 'POST',
    path: `${path}/docs`,
    headers: {
      'content-type': 'application/query+json',
      'x-ms-documentdb-isquery': 'True',
      'x-ms-documentdb-query-enablecrosspartition': 'True',
      ...headers,
    },
    body: { query: text },
  });
}

/** All rows, page by page, with the longest continuation seen. */
async function drained(text: string, headers: Record<string, string>): Promise<{ rows: unknown[]; longest: number }> {
  const rows: unknown[] = [];
  let longest = 0;
  for (let continuation = ''; ;) {
    const answer = await query(text, {
      'x-ms-max-item-count': '7',
      ...headers,
      ...(continuation === '' ? {} : { 'x-ms-continuation': continuation }),
    });
    expect(answer.status, answer.text).toBe(200);
    rows.push(...(answer.json['Documents'] as unknown[]));
    continuation = answer.headers.get('x-ms-continuation') ?? '';
    if (continuation === '') return { rows, longest };
    longest = Math.max(longest, continuation.length);
    expect(rows.length).toBeLessThanOrEqual(itemCount);
  }
}

const epkHeaders = (min: string, max: string): Record<string, string> => ({
  'x-ms-read-key-type': 'EffectivePartitionKeyRange',
  'x-ms-start-epk': min,
  'x-ms-end-epk': max,
});

/** Places in the hash space that are no boundary of a partition. */
function cuts(count: number): string[] {
  const places = Array.from({ length: count }, () =>
    Math.floor(random() * 0x3fffffff)
      .toString(16)
      .toUpperCase()
      .padStart(8, '0')
      .padEnd(32, '0'),
  );
  return ['', ...places.sort(), 'FF'];
}

describe('feed ranges', () => {
  it.each([
    ['in the order of items', 'SELECT VALUE c.n FROM c'],
    ['in an order of their own', 'SELECT VALUE c.n FROM c ORDER BY c.n DESC'],
    ['with results that are counted', 'SELECT DISTINCT VALUE c.n FROM c'],
  ])('that cut and straddle partitions give every item once, %s', async (_, text) => {
    const bounds = cuts(4);
    const all: unknown[] = [];
    for (let i = 0; i + 1 < bounds.length; i++) {
      const { rows } = await drained(text, epkHeaders(bounds[i]!, bounds[i + 1]!));
      if (text.includes('ORDER BY')) expect(rows).toEqual([...rows].sort((a, b) => Number(b) - Number(a)));
      all.push(...rows);
    }
    expect(all.map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: itemCount }, (_row, i) => i));
  });

  it('are cut down to the partition that is named beside them', async () => {
    const [low, high] = cuts(2).slice(1, 3) as [string, string];
    const { rows: straddling } = await drained('SELECT VALUE c.n FROM c', epkHeaders(low, high));
    const parts: unknown[] = [];
    for (const { id } of ranges) {
      const headers = { 'x-ms-documentdb-partitionkeyrangeid': id };
      const { rows } = await drained('SELECT VALUE c.n FROM c', { ...headers, ...epkHeaders(low, high) });
      const { rows: whole } = await drained('SELECT VALUE c.n FROM c', headers);
      expect(whole).toEqual(expect.arrayContaining(rows));
      parts.push(...rows);
    }
    expect(parts).toEqual(straddling);
  });
});

describe('the limit on continuations', () => {
  const text = 'SELECT VALUE c.n FROM c ORDER BY c.long';
  const whole = { 'x-ms-documentdb-partitionkeyrangeid': '0' };

  it('is kept by counting where keys are long, and every row comes once', async () => {
    const free = await drained(text, whole);
    expect(free.longest).toBeGreaterThan(1024);
    const limited = await drained(text, { ...whole, 'x-ms-documentdb-responsecontinuationtokenlimitinkb': '1' });
    expect(limited.longest).toBeLessThanOrEqual(1024);
    expect(limited.rows).toEqual(free.rows);
  });

  it('must be a number above 0', async () => {
    for (const limit of ['0', '-1', 'many']) {
      const answer = await query(text, { ...whole, 'x-ms-documentdb-responsecontinuationtokenlimitinkb': limit });
      expect(answer.status).toBe(400);
    }
  });
});

describe('query metrics', () => {
  it('come when asked for, with every name that clients parse', async () => {
    const text = 'SELECT TOP 3 * FROM c';
    const whole = { 'x-ms-documentdb-partitionkeyrangeid': ranges[0]!.id };
    expect((await query(text, whole)).headers.get('x-ms-documentdb-query-metrics')).toBeNull();
    const answer = await query(text, { ...whole, 'x-ms-documentdb-populatequerymetrics': 'True' });
    const metrics = Object.fromEntries(
      answer.headers
        .get('x-ms-documentdb-query-metrics')!
        .split(';')
        .map((field) => field.split('=') as [string, string]),
    );
    expect(Object.keys(metrics).sort()).toEqual(
      [
        ...['VMExecutionTimeInMs', 'documentLoadTimeInMs', 'indexHitDocumentCount', 'indexLookupTimeInMs'],
        ...['indexUtilizationRatio', 'outputDocumentCount', 'outputDocumentSize', 'queryCompileTimeInMs'],
        ...['queryLogicalPlanBuildTimeInMs', 'queryOptimizationTimeInMs', 'queryPhysicalPlanBuildTimeInMs'],
        ...['retrievedDocumentCount', 'retrievedDocumentSize', 'systemFunctionExecuteTimeInMs'],
        ...['totalExecutionTimeInMs', 'userFunctionExecuteTimeInMs', 'writeOutputTimeInMs'],
      ].sort(),
    );
    for (const value of Object.values(metrics)) expect(Number.isFinite(Number(value))).toBe(true);
    expect(Number(metrics['outputDocumentCount'])).toBe(3);
    // A document of the tests has some two thousand bytes.
    expect(Number(metrics['retrievedDocumentSize'])).toBeGreaterThan(3 * 2000);
    expect(Number(metrics['outputDocumentSize'])).toBeGreaterThan(3 * 2000);
  });
});
