// Arithmetic on 64-bit signed integers. Arguments that are not integers of that range give undefined; answers wrap.

import type { Value } from '../../../model/value.ts';
import type { EvaluationContext } from '../context.ts';
import type { FunctionRow } from './row.ts';

const low = -(2n ** 63n);
const high = 2n ** 63n - 1n;

function longOf(context: EvaluationContext, value: Value): bigint | undefined {
  if (typeof value === 'bigint') return value;
  const number = context.semantics.numberOf(value);
  if (number === undefined || !Number.isInteger(number)) return undefined;
  const long = BigInt(number);
  return long < low || long > high ? undefined : long;
}

/** A plain number where a double has it exactly. */
function valueOfLong(long: bigint): Value {
  const wrapped = BigInt.asIntN(64, long);
  const number = Number(wrapped);
  return Number.isSafeInteger(number) ? number : wrapped;
}

function ofTwo(name: string, compute: (x: bigint, y: bigint) => bigint | undefined): FunctionRow {
  return {
    name,
    arity: [2, 2],
    evaluate: (context, first, second) => {
      const x = longOf(context, first);
      const y = longOf(context, second);
      if (x === undefined || y === undefined) return undefined;
      const answer = compute(x, y);
      return answer === undefined ? undefined : valueOfLong(answer);
    },
  };
}

export const integerFunctions: readonly FunctionRow[] = [
  ofTwo('INTADD', (x, y) => x + y),
  ofTwo('INTSUB', (x, y) => x - y),
  ofTwo('INTMUL', (x, y) => x * y),
  ofTwo('INTDIV', (x, y) => (y === 0n ? undefined : x / y)),
  ofTwo('INTMOD', (x, y) => (y === 0n ? undefined : x % y)),
  ofTwo('INTBITAND', (x, y) => x & y),
  ofTwo('INTBITOR', (x, y) => x | y),
  ofTwo('INTBITXOR', (x, y) => x ^ y),
  // A shift counts its distance modulo 64, as processors do.
  ofTwo('INTBITLEFTSHIFT', (x, y) => (y < 0n ? undefined : x << (y & 63n))),
  ofTwo('INTBITRIGHTSHIFT', (x, y) => (y < 0n ? undefined : x >> (y & 63n))),
  {
    name: 'INTBITNOT',
    arity: [1, 1],
    evaluate: (context, value) => {
      const x = longOf(context, value);
      return x === undefined ? undefined : valueOfLong(~x);
    },
  },
];
