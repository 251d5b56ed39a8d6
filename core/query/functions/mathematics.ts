// Mathematical functions over doubles. An answer that is no number (a logarithm of a negative one) is left to the
// language: Cosmos's semantics do not take it for a number again.

import type { FunctionRow } from './row.ts';

function ofOne(name: string, compute: (x: number) => number): FunctionRow {
  return {
    name,
    arity: [1, 1],
    evaluate: (context, value) => {
      const x = context.semantics.numberOf(value);
      return x === undefined ? undefined : compute(x);
    },
  };
}

function ofTwo(name: string, compute: (x: number, y: number) => number): FunctionRow {
  return {
    name,
    arity: [2, 2],
    evaluate: (context, first, second) => {
      const x = context.semantics.numberOf(first);
      const y = context.semantics.numberOf(second);
      return x === undefined || y === undefined ? undefined : compute(x, y);
    },
  };
}

/** Halves go away from zero. */
function round(x: number): number {
  return Math.sign(x) * Math.round(Math.abs(x));
}

/** Decimal places ROUND counts at most; a double has no more. */
const roundPlacesMax = 15;

function roundTo(x: number, places: number): number {
  const bounded = Math.max(-roundPlacesMax, Math.min(roundPlacesMax, Math.trunc(places)));
  // Through text, so that 1.005 to two places is judged by its decimal form.
  const scaled = Number(`${x}e${bounded}`);
  if (!Number.isFinite(scaled)) return x;
  return Number(`${round(scaled)}e${-bounded}`);
}

export const mathematicsFunctions: readonly FunctionRow[] = [
  ofOne('ABS', Math.abs),
  ofOne('ACOS', Math.acos),
  ofOne('ASIN', Math.asin),
  ofOne('ATAN', Math.atan),
  ofTwo('ATN2', Math.atan2),
  ofOne('CEILING', Math.ceil),
  ofOne('COS', Math.cos),
  ofOne('COT', (x) => 1 / Math.tan(x)),
  ofOne('DEGREES', (x) => (x * 180) / Math.PI),
  ofOne('EXP', Math.exp),
  ofOne('FLOOR', Math.floor),
  {
    name: 'LOG',
    arity: [1, 2],
    evaluate: (context, value, ...given) => {
      const x = context.semantics.numberOf(value);
      if (x === undefined) return undefined;
      if (given.length === 0) return Math.log(x);
      const base = context.semantics.numberOf(given[0]);
      if (base === undefined) return undefined;
      if (base === 10) return Math.log10(x);
      if (base === 2) return Math.log2(x);
      return Math.log(x) / Math.log(base);
    },
  },
  ofOne('LOG10', Math.log10),
  {
    name: 'NUMBERBIN',
    arity: [1, 2],
    evaluate: (context, value, ...given) => {
      const x = context.semantics.numberOf(value);
      const size = given.length === 0 ? 1 : context.semantics.numberOf(given[0]);
      if (x === undefined || size === undefined || !(size > 0)) return undefined;
      return Math.floor(x / size) * size;
    },
  },
  { name: 'PI', arity: [0, 0], evaluate: () => Math.PI },
  ofTwo('POWER', (x, y) => x ** y),
  ofOne('RADIANS', (x) => (x * Math.PI) / 180),
  { name: 'RAND', arity: [0, 0], evaluate: (context) => context.ports.random(), volatile: true },
  {
    name: 'ROUND',
    arity: [1, 2],
    evaluate: (context, value, ...given) => {
      const x = context.semantics.numberOf(value);
      if (x === undefined) return undefined;
      if (given.length === 0) return round(x);
      const places = context.semantics.numberOf(given[0]);
      return places === undefined || Number.isNaN(places) ? undefined : roundTo(x, places);
    },
  },
  ofOne('SIGN', Math.sign),
  ofOne('SIN', Math.sin),
  ofOne('SQRT', Math.sqrt),
  ofOne('SQUARE', (x) => x * x),
  ofOne('TAN', Math.tan),
  ofOne('TRUNC', Math.trunc),
];
