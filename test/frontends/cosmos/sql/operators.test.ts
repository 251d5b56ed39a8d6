import { expect, test } from 'vitest';
import { evaluate } from '../../../query/harness.ts';

test.each([
  ['1 + 2 * 3', 7],
  ['(1 + 2) * 3', 9],
  ['7 % 4', 3],
  ['-7 % 4', -3],
  ['1 / 4', 0.25],
  ['2 - 3 - 4', -5],
  ["1 + '1'", undefined],
  ['-(-5)', 5],
  ['+5', 5],
  ['- null', undefined],
  ['6 & 3', 2],
  ['6 | 3', 7],
  ['6 ^ 3', 5],
  ['~5', -6],
  ['1 << 4', 16],
  ['-16 >> 2', -4],
  ['-16 >>> 28', 15],
  ["'a' || 'b' || 'c'", 'abc'],
  ["'a' || 1", undefined],
  ['1 | 2 = 3', true],
  ["true ? 'a' : 'b'", 'a'],
  ["1 ? 'a' : 'b'", 'b'],
  ["undefined ? 'a' : 'b'", 'b'],
  ['false ? 1 : true ? 2 : 3', 2],
  ['undefined ?? undefined ?? 3', 3],
  ['null ?? 3', null],
  ["'it''s'", undefined],
  ["'it\\'s'", "it's"],
  ['"say \\"hi\\""', 'say "hi"'],
  ["'\\u00e9\\n\\t\\\\\\/'", 'é\n\t\\/'],
  ['1e3', 1000],
  ['.5', 0.5],
  ['1E-2', 0.01],
  ['0xff', 255],
  ['9007199254740993', 9007199254740992],
  ['@p', { a: [1] }],
  ['@p.a[0] + 1', 2],
  ['@absent', undefined],
  ["{'a': {'b': 1}}.a.b", 1],
  ['[1, 2, 3][1]', 2],
  ['[1, 2, 3][-1]', undefined],
  ["[1, 2, 3]['1']", undefined],
  ["{'k': 5}[@name]", 5],
])('%s is %j', (expression, expected) => {
  const work = (): unknown => evaluate(expression, { parameters: { '@p': { a: [1] }, '@name': 'k' } });
  if (expression === "'it''s'") expect(work).toThrowError(/SC1001/);
  else expect(work()).toEqual(expected);
});

test('a parameter is worth the same wherever it stands', () => {
  const parameters = { '@list': [1, 2, 3], '@like': 'a%', '@low': 1 };
  expect(evaluate('ARRAY_CONTAINS(@list, 2)', { parameters })).toBe(true);
  expect(evaluate("'abc' LIKE @like", { parameters })).toBe(true);
  expect(evaluate('2 BETWEEN @low AND @list[2]', { parameters })).toBe(true);
  expect(evaluate('2 IN (@low, @list[1], 7, 8, 9)', { parameters })).toBe(true);
});
