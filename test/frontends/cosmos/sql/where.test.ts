import { expect, test } from 'vitest';
import { evaluate, run } from '../../../query/harness.ts';

/** true, false, or undefined where the answer is undefined. */
const truth = [
  ['1 = 1', true],
  ["1 = '1'", false],
  ["1 != '1'", true],
  ['1 <> 2', true],
  ['null = null', true],
  ['null = undefined', undefined],
  ['undefined = undefined', undefined],
  ['undefined != 1', undefined],
  ['[1, 2] = [1, 2]', true],
  ['[1, 2] = [2, 1]', false],
  ["{'a': 1, 'b': 2} = {'b': 2, 'a': 1}", true],
  ["{'a': 1} != {'a': 2}", true],
  ['1 < 2', true],
  ["1 < '2'", undefined],
  ["'a' < 'b'", true],
  ["'Z' < 'a'", true],
  ["'\\ufffd' < '\\ud83d\\ude00'", true],
  ['false < true', true],
  ['null <= null', true],
  ['null < null', false],
  ['[1] < [2]', undefined],
  ['{} >= {}', undefined],
  ['true AND true', true],
  ['true AND undefined', undefined],
  ['false AND undefined', false],
  ['undefined AND false', false],
  ['1 AND true', undefined],
  ["'x' AND false", false],
  ['true OR undefined', true],
  ['undefined OR true', true],
  ['false OR undefined', undefined],
  ['false OR 1', undefined],
  ['NOT true', false],
  ['NOT undefined', undefined],
  ['NOT 1', undefined],
  ['NOT 1 = 2', true],
  ['2 BETWEEN 1 AND 3', true],
  ['2 BETWEEN 3 AND 1', false],
  ["2 BETWEEN 'a' AND 'b'", undefined],
  ['2 NOT BETWEEN 1 AND 3', false],
  ["'b' BETWEEN 'a' AND 'c' AND true", true],
  ['2 IN (1, 2)', true],
  ["2 IN (1, '2')", false],
  ['2 NOT IN (1, 3)', true],
  ['undefined IN (1)', undefined],
  ['2 IN (undefined, 2)', true],
  ['2 IN (1, 3, 4, 5, 6, 7, 8)', false],
  ['[2] IN ([1], [2], 3, 4, 5, 6)', true],
  ["'abc' LIKE 'a%'", true],
  ["'abc' LIKE '%b%'", true],
  ["'abc' LIKE 'A%'", false],
  ["'abc' LIKE 'a_c'", true],
  ["'abc' LIKE 'a_'", false],
  ["'a😀c' LIKE 'a_c'", true],
  ["'abc' NOT LIKE '%c'", false],
  ["'axc' LIKE 'a[x-z]c'", true],
  ["'axc' LIKE 'a[^x-z]c'", false],
  ["'a]c' LIKE 'a[]]c'", true],
  ["'50%' LIKE '50!%' ESCAPE '!'", true],
  ["'50x' LIKE '50!%' ESCAPE '!'", false],
  ["'a' LIKE ''", false],
  ["'' LIKE '%%'", true],
  ["1 LIKE '1'", undefined],
  ["'x' LIKE 1", undefined],
] as const;

test.each(truth)('%s is %j', (expression, expected) => {
  expect(evaluate(expression)).toBe(expected);
});

test.each(truth)('WHERE %s keeps the row only if that is true', (expression, expected) => {
  expect(run(`SELECT VALUE c.id FROM c WHERE ${expression}`, [{ id: 'a' }])).toEqual(expected === true ? ['a'] : []);
});

test('stored values are compared as given ones are', () => {
  const items = [1, '1', 'x', true, null, [1], { a: 1 }, undefined, 2].map((x, i) => ({ id: `${i}`, x }));
  const ids = (where: string): readonly unknown[] => run(`SELECT VALUE c.id FROM c WHERE ${where}`, items);
  expect(ids('c.x = 1')).toEqual(['0']);
  expect(ids("c.x = '1'")).toEqual(['1']);
  expect(ids("c['x'] = 'x'")).toEqual(['2']);
  expect(ids('c.x != null')).toEqual(['0', '1', '2', '3', '5', '6', '8']);
  expect(ids('c.x > 0')).toEqual(['0', '8']);
  expect(ids('c.x = [1]')).toEqual(['5']);
  expect(ids("c.x = {'a': 1}")).toEqual(['6']);
  expect(ids('c.x[0] = 1')).toEqual(['5']);
  expect(ids('c.x.a = 1')).toEqual(['6']);
  expect(ids("c.x.a.b = '1'")).toEqual([]);
  expect(ids('IS_DEFINED(c.x) = false')).toEqual(['7']);
  expect(ids('c.x = @x')).toEqual([]);
});
