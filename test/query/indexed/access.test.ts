// Which way an indexed query goes, how much it reads on it, and what it says of itself.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Reading } from '../../../core/reading.ts';
import { IndexedHost, itemOf } from './host.ts';

const items = 600;
const composites = [
  [
    { path: '/group', order: 'ascending' },
    { path: '/rank', order: 'descending' },
  ],
];

let host: IndexedHost;
let reading: Reading;

beforeAll(async () => {
  host = await IndexedHost.open(1, {
    includedPaths: [{ path: '/*' }],
    excludedPaths: [{ path: '/secret/?' }],
    compositeIndexes: composites,
  });
  for (let i = 0; i < items; i++) {
    const body = itemOf(`i${String(i).padStart(4, '0')}`, i % 2 === 0 ? 'p' : 'q', (writer) => {
      writer
        .int32('rank', (i * 7919) % items)
        .int32('group', i % 20)
        .string('name', `name ${i}`)
        .int32('secret', i);
      writer
        .beginArray('tags')
        .string('', `t${i % 30}`)
        .string('', 'all')
        .end();
      if (i < 3) writer.beginArray('nested').beginArray('').int32('', 1).end();
      if (i < 2) writer.beginArray('').end();
      if (i < 3) writer.end();
      if (i % 3 !== 0) writer.string('some', `s${i % 5}`);
    });
    await host.write({ kind: 'create-item', body, view: 'exact' });
  }
  reading = host.reading();
});

afterAll(async () => {
  reading.release();
  await host.close();
});

const run = (text: string, rowsMax?: number, continuation?: string) =>
  host.page(text, { reading, indexed: true, page: { rowsMax }, continuation });

describe('selective conditions', () => {
  test.each([
    `c.name = 'name 17'`,
    `c.id = 'i0017'`,
    `c.name IN ('name 1', 'name 2', 'name 3')`,
    `c.group = 3`,
    `c.group = 3 AND c.rank < 100`,
    `c.rank BETWEEN 10 AND 20`,
    `c.rank > 10 AND c.rank < 20`,
    `STARTSWITH(c.name, 'name 59')`,
    `c.name LIKE 'name 12%'`,
    `ARRAY_CONTAINS(c.tags, 't4')`,
    `EXISTS(SELECT VALUE t FROM t IN c.tags WHERE t = 't4')`,
    `NOT (c.rank >= 20)`,
    `c.group = 4 OR c.name = 'name 8'`,
  ])('%s reads at most twice what it returns', (condition) => {
    const { rows, explanation } = run(`SELECT * FROM c WHERE ${condition}`);
    expect(rows.length).toBeGreaterThan(0);
    expect(explanation.examined).toBeLessThanOrEqual(2 * rows.length);
    expect(explanation.index?.way).toBe('collect');
  });

  test('a join over elements reads the items that have one', () => {
    const { rows, explanation } = run(`SELECT VALUE c.id FROM c JOIN t IN c.tags WHERE t = 't4'`);
    expect(rows).toHaveLength(20);
    expect(explanation.examined).toBe(20);
  });

  test('what no element has is not taken for what some element lacks', () => {
    const text = `SELECT VALUE c.id FROM c WHERE EXISTS(SELECT VALUE t FROM t IN c.nested WHERE NOT EXISTS(SELECT VALUE u FROM u IN t))`;
    expect(run(text).rows).toEqual(['"i0000"', '"i0001"']);
  });

  test('a first page of many hits reads little more than the page', () => {
    const { rows, explanation } = run(`SELECT * FROM c WHERE IS_DEFINED(c.some)`, 10);
    expect(rows).toHaveLength(10);
    expect(explanation.examined).toBeLessThanOrEqual(20);
  });

  test('a path the policy leaves out is found by looking at every item, and named as missing', () => {
    const { rows, explanation } = run(`SELECT * FROM c WHERE c.secret = 5`);
    expect(rows).toHaveLength(1);
    expect(explanation).toMatchObject({ examined: items, index: { way: 'scan', potentialPaths: ['/secret/?'] } });
  });
});

describe('order', () => {
  test.each(['rank', 'rank DESC', 'some', 'some DESC', 'id', 'id DESC', '_ts DESC'])(
    'the first rows by %s are read in order',
    (key) => {
      const text = `SELECT VALUE c.id FROM c ORDER BY c.${key}`;
      const { rows, explanation } = run(text, 5);
      expect(rows).toEqual(host.page(text, { reading, indexed: false }).rows.slice(0, 5));
      expect(explanation.index).toMatchObject({ way: 'order', order: 'index' });
      // A group of ties is put in order of creation before its first row is given.
      expect(explanation.examined).toBeLessThanOrEqual(10);
    },
  );

  test('the filter is tested by the index on the way', () => {
    const { rows, explanation } = run(`SELECT VALUE c.rank FROM c WHERE c.group < 10 ORDER BY c.rank`, 5);
    expect(rows).toHaveLength(5);
    expect(explanation.examined).toBeLessThanOrEqual(7);
  });

  test('a few hits are read and sorted instead', () => {
    const { rows, explanation } = run(`SELECT VALUE c.rank FROM c WHERE c.name = 'name 3' ORDER BY c.rank`, 5);
    expect(rows).toHaveLength(1);
    expect(explanation).toMatchObject({ examined: 1, index: { way: 'collect', order: 'sort' } });
  });

  test.each([
    ['c.group, c.rank DESC', ['/group ASC', '/rank DESC']],
    ['c.group DESC, c.rank', ['/group DESC', '/rank ASC']],
  ])('%s is walked through the composite index, by pages', (keys, named) => {
    const text = `SELECT VALUE c.id FROM c ORDER BY ${keys}`;
    const expected = host.page(text, { reading, indexed: false }).rows;
    const rows: string[] = [];
    let continuation: string | undefined;
    do {
      const page = run(text, 50, continuation);
      expect(page.explanation.index).toMatchObject({ way: 'order', composites: [named] });
      expect(page.explanation.examined).toBeLessThanOrEqual(60);
      rows.push(...page.rows);
      ({ continuation } = page);
    } while (continuation !== undefined);
    expect(rows).toEqual(expected);
  });

  test('an order without its composite index is sorted for, and the index named as missing', () => {
    const { explanation } = run(`SELECT VALUE c.id FROM c ORDER BY c.group, c.rank`, 5);
    expect(explanation.index).toMatchObject({
      order: 'sort',
      potentialComposites: [['/group ASC', '/rank ASC']],
    });
  });
});

describe('answers of the index alone', () => {
  test.each([
    [`SELECT VALUE COUNT(1) FROM c`, ['600']],
    [`SELECT VALUE COUNT(1) FROM c WHERE c.group = 3`, ['30']],
    [`SELECT VALUE COUNT(c.some) FROM c`, ['400']],
    [`SELECT VALUE SUM(c.group) FROM c`, ['5700']],
    [`SELECT VALUE AVG(c.group) FROM c WHERE c.group < 2`, ['0.5']],
  ])('%s reads no item', (text, expected) => {
    const { rows, explanation } = run(text);
    expect(rows).toEqual(expected);
    expect(explanation).toMatchObject({ examined: 0, index: { way: 'count' } });
  });

  test.each([
    `EXISTS(SELECT VALUE t FROM t IN c.tags WHERE t = 't4' AND t = 'all')`,
    `EXISTS(SELECT VALUE t FROM t IN c.tags WHERE t != 'all')`,
    `c.tags[0] = 'all'`,
    `c.tags[0] != 'all'`,
    `ARRAY_CONTAINS(c.tags, ['t4'])`,
    `c.tags = ['t4', 'al']`,
  ])('what terms cannot count is counted by reading: %s', (condition) => {
    const text = `SELECT VALUE COUNT(1) FROM c WHERE ${condition}`;
    const { rows, explanation } = run(text);
    expect(rows).toEqual(host.page(text, { reading, indexed: false }).rows);
    expect(explanation.index?.way).not.toBe('count');
  });

  test('the least and the greatest value cost one item each', () => {
    const { rows, explanation } = run('SELECT MIN(c.rank) AS low, MAX(c.name) AS high FROM c WHERE c.group != 0');
    expect(rows).toEqual(['{"low":1,"high":"name 99"}']);
    expect(explanation.examined).toBe(2);
  });

  test('groups and distinct values come from terms', () => {
    const groups = run('SELECT c.some, COUNT(1) AS n FROM c GROUP BY c.some');
    expect(groups.rows).toContain('{"n":200}');
    expect(groups.rows).toHaveLength(6);
    expect(groups.explanation.examined).toBe(0);
    const distinct = run('SELECT DISTINCT VALUE c.some FROM c WHERE c.group = 1');
    expect(distinct.explanation.examined).toBe(0);
  });
});

describe('scopes', () => {
  test.each([
    ['one partition key', { partitionKey: ['p'] }, '300'],
    ['items without a partition key', { partitionKey: [] }, '0'],
    ['everything', {}, '600'],
  ] as const)('%s counts its own items alone', (_name, scope, expected) => {
    const scoped = host.reading(scope);
    const text = 'SELECT VALUE COUNT(1) FROM c WHERE c.rank >= 0';
    expect(host.page(text, { reading: scoped, indexed: true }).rows).toEqual([expected]);
    scoped.release();
  });

  test('an id within a partition key is one look-up', () => {
    const scoped = host.reading({ partitionKey: ['q'] });
    for (const [id, count] of [
      ['i0017', 1],
      ['i0018', 0],
    ] as const) {
      const { rows, explanation } = host.page(`SELECT VALUE c.id FROM c WHERE c.id = '${id}'`, {
        reading: scoped,
        indexed: true,
      });
      expect(rows).toHaveLength(count);
      expect(explanation.examined).toBe(count);
      expect(explanation.index?.exact).toBe(true);
    }
    scoped.release();
  });
});

describe('pages of groups and of distinct values', () => {
  test.each(['SELECT c.some, COUNT(1) AS n FROM c GROUP BY c.some', 'SELECT DISTINCT VALUE c.some FROM c'])(
    '%s go on the way the first went',
    (text) => {
      const byItems = host.page(text, { reading, indexed: false }).rows;
      const first = host.page(text, { reading, indexed: false, page: { rowsMax: 2 } });
      const rest = host.page(text, { reading, indexed: true, continuation: first.continuation });
      expect([...first.rows, ...rest.rows]).toEqual(byItems);
      const byTerms = run(text, 2);
      const whole = run(text).rows;
      expect([...byTerms.rows, ...run(text, undefined, byTerms.continuation).rows]).toEqual(whole);
      const { continuation } = byTerms;
      expect(() => host.page(text, { reading, indexed: false, continuation })).toThrow(/asked anew/);
    },
  );
});
