import { expect, test } from 'vitest';
import { run } from '../../../query/harness.ts';

const items = [{ id: 'a', tags: ['x', 'y'], scores: [3, 1, 2] }, { id: 'b', tags: [], scores: [5] }, { id: 'c' }];

test.each([
  ["SELECT VALUE c.id FROM c WHERE EXISTS(SELECT VALUE t FROM t IN c.tags WHERE t = 'y')", ['a']],
  ['SELECT VALUE c.id FROM c WHERE NOT EXISTS (SELECT VALUE t FROM t IN c.tags)', ['b', 'c']],
  ['SELECT VALUE EXISTS(SELECT VALUE undefined)', [false]],
  ['SELECT VALUE EXISTS(SELECT undefined)', [true]],
  ['SELECT VALUE ARRAY(SELECT VALUE s * 10 FROM s IN c.scores WHERE s > 1) FROM c', [[30, 20], [50], []]],
  ['SELECT VALUE ARRAY(SELECT s FROM s IN c.scores) FROM c', [[{ s: 3 }, { s: 1 }, { s: 2 }], [{ s: 5 }], []]],
  ['SELECT VALUE (SELECT VALUE COUNT(1) FROM s IN c.scores) FROM c', [3, 1, 0]],
  ['SELECT VALUE (SELECT VALUE MAX(s) FROM s IN c.scores) FROM c', [3, 5]],
  [
    'SELECT (SELECT VALUE 1) AS one, c.id FROM c',
    [
      { one: 1, id: 'a' },
      { one: 1, id: 'b' },
      { one: 1, id: 'c' },
    ],
  ],
  ['SELECT VALUE (SELECT VALUE c.id) FROM c', ['a', 'b', 'c']],
  ['SELECT VALUE (SELECT VALUE c.id FROM c) FROM c', ['a', 'b', 'c']],
  ['SELECT VALUE ARRAY(SELECT TOP 2 VALUE s FROM s IN c.scores ORDER BY s) FROM c', [[1, 2], [5], []]],
  ['SELECT VALUE ARRAY(SELECT VALUE s FROM s IN c.scores ORDER BY s DESC OFFSET 1 LIMIT 1) FROM c', [[2], [], []]],
  ['SELECT VALUE ARRAY(SELECT DISTINCT VALUE s % 2 FROM s IN c.scores) FROM c', [[1, 0], [1], []]],
  ['SELECT VALUE ALL(SELECT VALUE s FROM s IN c.scores WHERE s > 1) FROM c', [false, true, true]],
  ['SELECT VALUE FIRST(SELECT VALUE s FROM s IN c.scores) FROM c', [3, 5]],
  ['SELECT VALUE LAST(SELECT VALUE s FROM s IN c.scores) FROM c', [2, 5]],
  [
    'SELECT VALUE ARRAY(SELECT VALUE ARRAY(SELECT VALUE a + b FROM b IN c.scores) FROM a IN c.scores) FROM c',
    [
      [
        [6, 4, 5],
        [4, 2, 3],
        [5, 3, 4],
      ],
      [[10]],
      [],
    ],
  ],
  // An inner name hides an outer one, and what hid it stays reachable by another name.
  [
    'SELECT VALUE ARRAY(SELECT VALUE (SELECT VALUE d.id FROM c IN d.scores WHERE c = 3) FROM c AS d) FROM c',
    [['a'], [], []],
  ],
])('%s', (text, expected) => {
  expect(run(text, items)).toEqual(expected);
});

test('a scalar subquery with two results is refused', () => {
  expect(() => run('SELECT VALUE (SELECT VALUE s FROM s IN c.scores) FROM c', items)).toThrowError(
    'The cardinality of a scalar subquery result set cannot be greater than one.',
  );
});
