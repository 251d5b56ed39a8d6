import { expect, test } from 'vitest';
import { run } from '../../../query/harness.ts';

const items = [
  { id: '1', k: 'a', n: 1, f: true },
  { id: '2', k: 'b', n: 2 },
  { id: '3', k: 'a', n: 3, f: false },
  { id: '4', n: 4, f: true },
];

test.each([
  ['SELECT VALUE COUNT(1) FROM c', [4]],
  ['SELECT COUNT(1) FROM c', [{ $1: 4 }]],
  ['SELECT VALUE COUNT(c.f) FROM c', [3]],
  ['SELECT VALUE COUNTIF(c.f) FROM c', [2]],
  ['SELECT VALUE SUM(c.n) FROM c', [10]],
  ['SELECT VALUE AVG(c.n) FROM c', [2.5]],
  ['SELECT VALUE MIN(c.n) FROM c', [1]],
  ['SELECT VALUE MAX(c.k) FROM c', ['b']],
  ['SELECT VALUE SUM(c.k) FROM c', []],
  ['SELECT VALUE AVG(c.none) FROM c', []],
  ['SELECT VALUE SUM(c.none) FROM c', [0]],
  ['SELECT VALUE MIN(c.none) FROM c', []],
  ['SELECT VALUE COUNT(1) FROM c WHERE false', [0]],
  ['SELECT VALUE SUM(c.n * 2 + 1) FROM c', [24]],
  ["SELECT VALUE SUM(c.k = 'a' ? 1 : 0) FROM c", [2]],
  ['SELECT VALUE MAKELIST(c.k) FROM c', [['a', 'b', 'a']]],
  ['SELECT VALUE MAKESET(c.k) FROM c', [['a', 'b']]],
  ['SELECT VALUE SUM(c.n) FROM c ORDER BY c.n', [10]],
  ['SELECT COUNT(1) AS c, AVG(c.n) AS avg, MIN(c.n) AS min FROM c', [{ c: 4, avg: 2.5, min: 1 }]],
  ['SELECT c.k, COUNT(1) AS n FROM c GROUP BY c.k', [{ k: 'a', n: 2 }, { k: 'b', n: 1 }, { n: 1 }]],
  ['SELECT VALUE c.k FROM c GROUP BY c.k', ['a', 'b']],
  [
    'SELECT c.k, c.f, COUNT(1) AS n FROM c GROUP BY c.k, c.f',
    [
      { k: 'a', f: true, n: 1 },
      { k: 'b', n: 1 },
      { k: 'a', f: false, n: 1 },
      { f: true, n: 1 },
    ],
  ],
  ['SELECT UPPER(c.k) AS u, SUM(c.n) AS s FROM c GROUP BY UPPER(c.k)', [{ u: 'A', s: 4 }, { u: 'B', s: 2 }, { s: 4 }]],
  ["SELECT {'key': c.k} AS o FROM c GROUP BY c.k", [{ o: { key: 'a' } }, { o: { key: 'b' } }, { o: {} }]],
  ['SELECT c.k, COUNT(1) AS n FROM c GROUP BY c.k ORDER BY c.k DESC', [{ k: 'b', n: 1 }, { k: 'a', n: 2 }, { n: 1 }]],
  ['SELECT c.k, COUNT(1) AS n FROM c GROUP BY c.k OFFSET 1 LIMIT 1', [{ k: 'b', n: 1 }]],
  [
    'SELECT c.n % 2 = 0 AS even, COUNT(1) AS n FROM c GROUP BY c.n % 2 = 0',
    [
      { even: false, n: 2 },
      { even: true, n: 2 },
    ],
  ],
])('%s', (text, expected) => {
  expect(run(text, items)).toEqual(expected);
});

test('MIN and MAX follow the order of types and have no answer over arrays and objects', () => {
  const mixed = [null, true, 7, 'x'].map((v, i) => ({ id: `${i}`, v }));
  expect(run('SELECT MIN(c.v) AS min, MAX(c.v) AS max FROM c', mixed)).toEqual([{ min: null, max: 'x' }]);
  expect(run('SELECT MIN(c.v) AS min FROM c', [...mixed, { id: 'z', v: [1] }])).toEqual([{}]);
});

test.each([
  ['SELECT * FROM c GROUP BY c.k', "'SELECT *' is not allowed with GROUP BY"],
  ['SELECT COUNT(1) + 5 FROM c', 'Compositions of aggregates and other expressions are not allowed.'],
  ['SELECT VALUE FLOOR(AVG(c.n)) FROM c', 'Compositions of aggregates and other expressions are not allowed.'],
  ["SELECT VALUE {'sum': SUM(c.n)} FROM c", 'Compositions of aggregates and other expressions are not allowed.'],
  ['SELECT VALUE [SUM(c.n)] FROM c', 'Compositions of aggregates and other expressions are not allowed.'],
  [
    'SELECT VALUE MAX(MIN(c.n)) FROM c',
    'Cannot perform an aggregate function on an expression containing an aggregate or a subquery.',
  ],
  [
    'SELECT VALUE SUM((SELECT VALUE 1)) FROM c',
    'Cannot perform an aggregate function on an expression containing an aggregate or a subquery.',
  ],
  [
    'SELECT c.k, c.n, COUNT(1) FROM c GROUP BY c.k',
    'invalid in the select list because it is not contained in either an aggregate function or the GROUP BY clause',
  ],
  ['SELECT VALUE 1 FROM c WHERE COUNT(1) > 1', 'only allowed in the SELECT clause'],
  ['SELECT VALUE COUNT() FROM c', 'The COUNT function requires 1 argument(s).'],
])('%s is refused', (text, message) => {
  expect(() => run(text, items)).toThrowError(message);
});

test('queries that an SDK rewrote hold aggregates within constructors', () => {
  const text =
    'SELECT [{"item": c.k}] AS groupByItems, {"k": c.k, "avg": {"item": {"sum": SUM(c.n), "count": COUNT(c.n)}}} AS payload FROM c GROUP BY c.k';
  expect(run(text, items, { rewritten: true })).toEqual([
    { groupByItems: [{ item: 'a' }], payload: { k: 'a', avg: { item: { sum: 4, count: 2 } } } },
    { groupByItems: [{ item: 'b' }], payload: { k: 'b', avg: { item: { sum: 2, count: 1 } } } },
    { groupByItems: [{}], payload: { avg: { item: { sum: 4, count: 1 } } } },
  ]);
  expect(run('SELECT VALUE [{"item": SUM(c.n)}] FROM c', items, { rewritten: true })).toEqual([[{ item: 10 }]]);
});
