import { expect, test } from 'vitest';
import { evaluate } from '../../../query/harness.ts';

test.each([
  ["CONCAT('a', 'b', 'c')", 'abc'],
  ["CONCAT('a', 1)", undefined],
  ["CONTAINS('abc', 'bc')", true],
  ["CONTAINS('abc', 'BC')", false],
  ["CONTAINS('abc', 'BC', true)", true],
  ["CONTAINS(1, 'a')", undefined],
  ["CONTAINS('abc', '')", true],
  ["STARTSWITH('AbC', 'ab', true)", true],
  ["ENDSWITH('AbC', 'bC')", true],
  ["ENDSWITH('AbC', 'BC', false)", false],
  ["STRINGEQUALS('abc', 'ABC')", false],
  ["STRINGEQUALS('abc', 'ABC', true)", true],
  ["ContainsAllCi('Hello World', 'WORLD', 'hello')", true],
  ["ContainsAllCs('Hello World', 'WORLD', 'Hello')", false],
  ["ContainsAnyCi('Hello', 'x', 'ELL')", true],
  ["ContainsAnyCs('Hello', 'x', 'ELL')", false],
  ["INDEX_OF('abcabc', 'c')", 2],
  ["INDEX_OF('abcabc', 'c', 3)", 5],
  ["INDEX_OF('abc', 'z')", -1],
  ["LastIndexOf('abcabc', 'c')", 5],
  ["LastIndexOf('abcabc', 'c', 4)", 2],
  ["LEFT('abc', 2)", 'ab'],
  ["LEFT('abc', -1)", ''],
  ["LEFT('abc', 10)", 'abc'],
  ["RIGHT('abc', 2)", 'bc'],
  ["RIGHT('abc', 0)", ''],
  ["SUBSTRING('abcdef', 1, 3)", 'bcd'],
  ["SUBSTRING('abcdef', 4)", 'ef'],
  ["SUBSTRING('abc', 1, -1)", ''],
  ["SUBSTRING('abc', 7, 1)", ''],
  ["LENGTH('abc')", 3],
  ['LENGTH(1)', undefined],
  ["LOWER('AbC')", 'abc'],
  ["UPPER('AbC')", 'ABC'],
  ["REVERSE('ab😀')", '😀ba'],
  ["TRIM('  a ')", 'a'],
  ["LTRIM('  a ')", 'a '],
  ["RTRIM('  a ')", '  a'],
  ["TRIM('xxaxy', 'xy')", 'a'],
  ["SubstringAfter('a.b.c', '.')", 'b.c'],
  ["SubstringBefore('a.b.c', '.')", 'a'],
  ["LastSubstringAfter('a.b.c', '.')", 'c'],
  ["LastSubstringBefore('a.b.c', '.')", 'a.b'],
  ["SubstringAfter('abc', '.')", ''],
  ["REPLACE('aXbX', 'X', '$&')", 'a$&b$&'],
  ["REPLACE('abc', '', 'x')", 'abc'],
  ["REPLICATE('ab', 3)", 'ababab'],
  ["REPLICATE('ab', -1)", undefined],
  ["StringJoin(['a', 'b'], '-')", 'a-b'],
  ["StringJoin(['a', 1], '-')", undefined],
  ["StringSplit('a,b,', ',')", ['a', 'b', '']],
])('%s is %j', (expression, expected) => {
  expect(evaluate(expression)).toEqual(expected);
});

test.each([
  ['ToString(1.0)', '1'],
  ["ToString('a')", 'a'],
  ['ToString(true)', 'true'],
  ['ToString(null)', 'null'],
  ['ToString(undefined)', undefined],
  ["ToString([1, 'a', {'b': null}])", '[1,"a",{"b":null}]'],
  ['StringToArray(\'[1, "a", {"b": [2]}]\')', [1, 'a', { b: [2] }]],
  ["StringToArray('{}')", undefined],
  ["StringToArray('[1,]')", undefined],
  ['StringToObject(\'{"__proto__": {"x": 1}}\')', JSON.parse('{"__proto__": {"x": 1}}')],
  ["StringToObject('[]')", undefined],
  ["StringToBoolean(' true ')", true],
  ["StringToBoolean('True')", undefined],
  ["StringToNull('null')", null],
  ["StringToNull('nul')", undefined],
  ["StringToNumber('  60 ')", 60],
  ["StringToNumber('-1.79769e+308')", -1.79769e308],
  ["StringToNumber('1e999')", undefined],
  ["StringToNumber('0x10')", undefined],
])('%s is %j', (expression, expected) => {
  expect(evaluate(expression)).toEqual(expected);
});

test.each([
  ["REGEXMATCH('abcd', 'bC')", false],
  ["REGEXMATCH('abcd', 'bC', 'i')", true],
  ["REGEXMATCH('abcd', 'b c', 'x')", true],
  ["REGEXMATCH('a\\nb', 'a.b')", false],
  ["REGEXMATCH('a\\nb', 'a.b', 's')", true],
  ["REGEXMATCH('a\\nb', '^b$', 'm')", true],
  ["REGEXMATCH(1, 'a')", undefined],
  ["RegexExtract('order 12 and 34', '[0-9]+')", '12'],
  ["RegexExtract('none', '[0-9]+')", undefined],
  ["RegexExtractAll('12 and 34', '[0-9]+')", ['12', '34']],
  ["RegexExtractAll('none', '[0-9]+')", []],
])('%s is %j', (expression, expected) => {
  expect(evaluate(expression)).toEqual(expected);
});

test('a pattern that needs backtracking is refused, and one that invites it is answered at once', () => {
  expect(() => evaluate("REGEXMATCH('a', '(?=a)')")).toThrowError(expect.objectContaining({ code: 'BadRequest' }));
  expect(() => evaluate("REGEXMATCH('aa', '(a)\\\\1')")).toThrowError(expect.objectContaining({ code: 'BadRequest' }));
  const text = `${'a'.repeat(5_000)}!`;
  expect(evaluate("REGEXMATCH(@text, '^(a+)+$')", { parameters: { '@text': text } })).toBe(false);
});
