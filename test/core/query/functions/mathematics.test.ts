import { expect, test } from 'vitest';
import { evaluate } from '../../../query/harness.ts';

test.each([
  ['ABS(-2.5)', 2.5],
  ["ABS('2')", undefined],
  ['CEILING(1.2)', 2],
  ['FLOOR(-1.2)', -2],
  ['TRUNC(-1.9)', -1],
  ['ROUND(2.5)', 3],
  ['ROUND(-2.5)', -3],
  ['ROUND(1.005, 2)', 1.01],
  ['ROUND(1234.5, -2)', 1200],
  ['SIGN(-3)', -1],
  ['SQUARE(3)', 9],
  ['SQRT(9)', 3],
  ['POWER(2, 10)', 1024],
  ['EXP(0)', 1],
  ['LOG(8, 2)', 3],
  ['LOG(1)', 0],
  ['LOG10(1000)', 3],
  ['PI()', Math.PI],
  ['DEGREES(PI())', 180],
  ['RADIANS(180)', Math.PI],
  ['SIN(0)', 0],
  ['COS(0)', 1],
  ['TAN(0)', 0],
  ['ATN2(1, 1)', Math.PI / 4],
  ['NumberBin(37.754, 5)', 35],
  ['NumberBin(-1, 5)', -5],
  ['NumberBin(3.7)', 3],
  ['NumberBin(3, 0)', undefined],
  ['RAND()', 0.25],
])('%s is %j', (expression, expected) => {
  expect(evaluate(expression)).toBe(expected);
});

test('what is no number is shown as the object that stands for it, and counts as none', () => {
  expect(evaluate('SQRT(-1)')).toEqual({ $numberDouble: 'NaN' });
  expect(evaluate('IS_FINITE_NUMBER(8.9 / 0.0)')).toBe(false);
  expect(evaluate('ABS(1 / 0)')).toBeUndefined();
});

test.each([
  ['IntAdd(20, 10)', 30],
  ['IntAdd(1.5, 1)', undefined],
  ['IntSub(20, 30)', -10],
  ['IntMul(-5, 7)', -35],
  ['IntDiv(7, -2)', -3],
  ['IntDiv(7, 0)', undefined],
  ['IntMod(-7, 3)', -1],
  ['IntBitAnd(12, 25)', 8],
  ['IntBitOr(56, 100)', 124],
  ['IntBitXor(56, 100)', 92],
  ['IntBitNot(65)', -66],
  ['IntBitLeftShift(16, 4)', 256],
  ['IntBitLeftShift(16, -1)', undefined],
  ['IntBitRightShift(-16, 2)', -4],
  ['ToString(IntMul(3037000500, 3037000500))', '-9223372036709301616'],
  ['ToString(IntAdd(9007199254740992, 1))', '9007199254740993'],
])('%s is %j', (expression, expected) => {
  expect(evaluate(expression)).toBe(expected);
});
