// Pages, slices, continuations, cancelling: how a query is run, not what it answers.

import { expect, test } from 'vitest';
import { bsonOfJson } from '../../model/bson/json-read.ts';
import { utf8 } from '../../model/bytes.ts';
import { collectPage, executeQuery } from '../../core/query/execute.ts';
import { evaluate, jsonSource, plainOf, prepare, run, runPage, runPaged, testPorts } from './harness.ts';

const items = Array.from({ length: 25 }, (_, i) => ({
  id: `i${i}`,
  n: i % 4,
  tags: i % 3 === 0 ? ['x', 'y', 'z'] : ['x'],
}));

test.each([
  'SELECT * FROM c',
  'SELECT VALUE c.id FROM c WHERE c.n > 1',
  'SELECT c.id, t FROM c JOIN t IN c.tags',
  'SELECT VALUE c.id FROM c ORDER BY c.n',
  'SELECT VALUE c.id FROM c ORDER BY c.n DESC, c.id DESC',
  'SELECT c.id, t FROM c JOIN t IN c.tags ORDER BY t DESC',
  'SELECT VALUE c.id FROM c OFFSET 3 LIMIT 7',
  'SELECT VALUE c.id FROM c ORDER BY c.n OFFSET 3 LIMIT 7',
  'SELECT TOP 9 VALUE t FROM c JOIN t IN c.tags',
  'SELECT DISTINCT VALUE c.n FROM c',
  'SELECT DISTINCT VALUE c.n FROM c ORDER BY c.n DESC',
  'SELECT c.n, COUNT(1) AS count FROM c GROUP BY c.n',
  'SELECT VALUE COUNT(1) FROM c',
  'SELECT VALUE x FROM (SELECT VALUE c.id FROM c) AS x',
])('%s gives the same by pages of any size', (text) => {
  const whole = run(text, items);
  for (const rowsMax of [1, 2, 3, 7, 100]) {
    const pages = runPaged(text, items, { rowsMax });
    expect(pages.flatMap((page) => page.rows)).toEqual(whole);
    for (const page of pages) expect(page.rows.length).toBeLessThanOrEqual(rowsMax);
  }
});

test('a page that ends with the last item has no continuation', () => {
  expect(runPaged('SELECT * FROM c', items, { rowsMax: 5 })).toHaveLength(5);
  expect(runPaged('SELECT * FROM c ORDER BY c.n', items, { rowsMax: 5 })).toHaveLength(5);
  expect(runPaged('SELECT TOP 10 * FROM c', items, { rowsMax: 5 })).toHaveLength(2);
});

test('a page ends when its bytes or its items are used up, and goes on where it was', () => {
  const text = "SELECT VALUE c.id FROM c WHERE c.id = 'i24' OR c.id = 'i3'";
  const pages = runPaged(text, items, { examinedMax: 10 }, { ports: { elapsedMs: alternating() } });
  expect(pages.flatMap((page) => page.rows)).toEqual(['i3', 'i24']);
  expect(pages.length).toBeGreaterThan(1);
  const byBytes = runPaged('SELECT * FROM c', items, { bytesMax: 200 });
  expect(byBytes.flatMap((page) => page.rows)).toEqual(items);
  expect(byBytes.length).toBeGreaterThan(5);
});

/** A clock on which every look finds the slice used up. */
function alternating(): () => number {
  let clock = 0;
  return () => (clock += 10);
}

test('pages go on after items were deleted, replaced or added between them', () => {
  const text = 'SELECT c.id, t FROM c JOIN t IN c.tags';
  const prepared = prepare(text);
  const first = runPage(prepared, { items: items.slice(0, 4), page: { rowsMax: 2 } });
  expect(first.rows).toEqual([
    { id: 'i0', t: 'x' },
    { id: 'i0', t: 'y' },
  ]);
  // The item in the middle of which the page ended is gone: its rows are not taken off the next one.
  const all = jsonSource(items.slice(0, 4));
  const without = {
    scan: (options: { after?: number | undefined }) => [...all.scan(options)].filter((item) => item.position !== 10),
  };
  const second = runPage(prepared, { source: without, continuation: first.continuation });
  expect(second.rows).toEqual([
    { id: 'i1', t: 'x' },
    { id: 'i2', t: 'x' },
    { id: 'i3', t: 'x' },
    { id: 'i3', t: 'y' },
    { id: 'i3', t: 'z' },
  ]);
});

test('keys too long for a continuation are counted instead', () => {
  const long = items.map((item) => ({ ...item, key: `${'k'.repeat(5_000)}${item.n}` }));
  const text = 'SELECT VALUE c.id FROM c ORDER BY c.key';
  const pages = runPaged(text, long, { rowsMax: 4 });
  expect(pages.flatMap((page) => page.rows)).toEqual(run(text, long));
  for (const page of pages) expect(page.continuation?.length ?? 0).toBeLessThan(1_000);
});

test('a continuation of another query or of nobody is refused', () => {
  const prepared = prepare('SELECT * FROM c');
  const { continuation } = runPage(prepared, { items, page: { rowsMax: 1 } });
  const refusal = expect.objectContaining({ code: 'InvalidContinuation' });
  expect(() => runPage(prepare('SELECT c.id FROM c'), { items, continuation })).toThrowError(refusal);
  const forged = [
    '',
    'x',
    '{}',
    btoa('{}'),
    btoa('null'),
    btoa('[1'),
    `${continuation}A`,
    'A'.repeat(100_000),
    btoa(atob(continuation!).replace('"a":10', '"a":-1')),
    btoa(atob(continuation!).replace('"k":"scan"', '"k":"sort"')),
    btoa(atob(continuation!).replace('"k":"scan"', '"k":"sort","o":["////"],"p":1,"n":1')),
  ];
  for (const text of forged) expect(() => runPage(prepared, { items, continuation: text }), text).toThrowError(refusal);
});

test('a slice ends after its items, so that others get their turn, and after each the signal is looked at', () => {
  const many = Array.from({ length: 5_500 }, (_, i) => ({ id: `${i}` }));
  const source = jsonSource(many);
  const controller = new AbortController();
  const prepared = prepare("SELECT VALUE c.id FROM c WHERE c.id = 'none'");
  const execution = executeQuery(prepared, { source: () => source, ports: testPorts, signal: controller.signal });
  expect(execution.next()).toEqual({ done: false, value: [] });
  expect(execution.next()).toEqual({ done: false, value: [] });
  controller.abort();
  expect(() => execution.next()).toThrowError(expect.objectContaining({ code: 'Cancelled' }));
});

test('a slice ends by the clock too', () => {
  let clock = 0;
  const source = jsonSource(Array.from({ length: 640 }, (_, i) => ({ id: `${i}` })));
  const ports = { ...testPorts, elapsedMs: () => (clock += 3) };
  const execution = executeQuery(prepare('SELECT VALUE c.id FROM c'), { source: () => source, ports });
  const first = execution.next();
  expect((first.value as readonly unknown[]).length).toBeLessThan(100);
});

test('ending an execution early ends the scan', () => {
  let ended = false;
  const source = {
    *scan() {
      try {
        for (const item of jsonSource(items).scan({})) yield item;
      } finally {
        ended = true;
      }
    },
  };
  runPage(prepare('SELECT TOP 1 * FROM c'), { source });
  expect(ended).toBe(true);
});

test('a limit of rows reads no more items than it needs, and one ahead', () => {
  const page = runPage(prepare('SELECT TOP 3 * FROM c'), { items });
  expect(page.explanation).toEqual({
    scan: 'full',
    shape: 'streaming',
    operators: ['source', 'project', 'limit'],
    examined: 3,
    returned: 3,
  });
  expect(runPage(prepare('SELECT * FROM c ORDER BY c.n'), { items }).explanation).toMatchObject({
    shape: 'sorted',
    examined: 25,
    returned: 25,
  });
});

test('a page can be collected without blocking the loop', async () => {
  let pauses = 0;
  const source = jsonSource(items);
  const execution = executeQuery(prepare('SELECT VALUE c.n FROM c'), { source: () => source, ports: testPorts });
  const page = await collectPage(execution, async () => {
    pauses++;
    await Promise.resolve();
  });
  expect(page.rows.map(plainOf)).toEqual(items.map((item) => item.n));
  expect(pauses).toBeGreaterThan(0);
});

test('a sort under DISTINCT or an aggregate holds results, not items', () => {
  const document = bsonOfJson(utf8(JSON.stringify({ id: 'a', pad: 'p'.repeat(600_000) })));
  const source = {
    *scan() {
      for (let position = 1; position <= 300; position++) {
        yield {
          position,
          document,
          system: { field: (name: string) => (name === '_ts' ? 1_000 - position : undefined) },
        };
      }
    },
  };
  const first = runPage(prepare('SELECT DISTINCT VALUE c._ts FROM c ORDER BY c._ts'), { source }).rows;
  expect(first.slice(0, 2)).toEqual([700, 701]);
  expect(runPage(prepare('SELECT VALUE MIN(c._ts) FROM c ORDER BY c._ts'), { source }).rows).toEqual([700]);
});

test('a count that is no integer is refused', () => {
  const refusal = expect.objectContaining({ code: 'BadRequest' });
  for (const count of [-1, 1.5, 'x', null]) {
    expect(() => evaluate('1', { parameters: {} })).not.toThrow();
    expect(() => run('SELECT TOP @n * FROM c', items, { parameters: { '@n': count } })).toThrowError(refusal);
  }
  expect(run('SELECT TOP @n VALUE c.id FROM c', items, { parameters: { '@n': 2 } })).toEqual(['i0', 'i1']);
  expect(run('SELECT VALUE c.id FROM c OFFSET @o LIMIT @l', items, { parameters: { '@o': 1, '@l': 1 } })).toEqual([
    'i1',
  ]);
});

test('conditions on the item are tested before its arrays are crossed', () => {
  const crossed = { id: 'big', n: 1, list: Array.from({ length: 1_000 }, (_, i) => i) };
  let looks = 0;
  const text = 'SELECT VALUE 1 FROM c JOIN a IN c.list JOIN b IN c.list JOIN d IN c.list WHERE c.n = 2 AND a = b';
  const page = runPage(prepare(text), { items: [crossed], ports: { elapsedMs: () => (looks++, 0) } });
  expect(page.rows).toEqual([]);
  expect(looks).toBeLessThan(10);
});
