// Aggregate functions: each a small accumulator that rows are added to. Undefined arguments do not take part.

import type { AggregateFunction } from '../../model/query.ts';
import type { Value } from '../../model/value.ts';
import { boundedArray, detached, heldBytes } from './elements.ts';
import type { Semantics } from './semantics.ts';

export interface Accumulator {
  /** Adds a row's argument; gives the bytes that are held more than before. */
  add(value: Value): number;
  result(): Value;
}

function count(counts: (value: Value) => boolean): Accumulator {
  let total = 0;
  return {
    add: (value) => {
      if (counts(value)) total++;
      return 0;
    },
    result: () => total,
  };
}

/** A value that is no number spoils the whole answer: it becomes undefined. */
function numbers(semantics: Semantics, finish: (sum: number, count: number) => Value): Accumulator {
  let sum = 0;
  let added = 0;
  let spoilt = false;
  return {
    add: (value) => {
      if (value === undefined) return 0;
      const number = semantics.numberOf(value);
      if (number === undefined) spoilt = true;
      else {
        sum += number;
        added++;
      }
      return 0;
    },
    result: () => (spoilt ? undefined : finish(sum, added)),
  };
}

/** Least or greatest in the language's order; arrays and objects have none and spoil the answer. */
function extreme(semantics: Semantics, sign: 1 | -1): Accumulator {
  let best: Value;
  let spoilt = false;
  return {
    add: (value) => {
      if (value === undefined) return 0;
      const kind = semantics.kindOf(value);
      if (kind === 'array' || kind === 'object') spoilt = true;
      else if (best === undefined || semantics.order(value, best) * sign > 0) best = detached(value);
      return 0;
    },
    result: () => (spoilt ? undefined : best),
  };
}

function list(): Accumulator {
  const values: Value[] = [];
  return {
    add: (value) => {
      if (value === undefined) return 0;
      const held = detached(value);
      values.push(held);
      return heldBytes(held);
    },
    result: () => boundedArray(values),
  };
}

function set(semantics: Semantics): Accumulator {
  const values = new Map<string, Value>();
  return {
    add: (value) => {
      if (value === undefined) return 0;
      const key = semantics.key(value);
      if (values.has(key)) return 0;
      const held = detached(value);
      values.set(key, held);
      return heldBytes(held) + 2 * key.length;
    },
    result: () => boundedArray(values.values()),
  };
}

const accumulators = {
  COUNT: () => count((value) => value !== undefined),
  COUNTIF: () => count((value) => value === true),
  SUM: (semantics) => numbers(semantics, (sum) => sum),
  AVG: (semantics) => numbers(semantics, (sum, added) => (added === 0 ? undefined : sum / added)),
  MIN: (semantics) => extreme(semantics, -1),
  MAX: (semantics) => extreme(semantics, 1),
  MAKELIST: () => list(),
  MAKESET: (semantics) => set(semantics),
} satisfies Record<AggregateFunction, (semantics: Semantics) => Accumulator>;

/** The aggregate of that name, whatever its case. */
export function findAggregate(name: string): AggregateFunction | undefined {
  const capitals = name.toUpperCase();
  return Object.hasOwn(accumulators, capitals) ? (capitals as AggregateFunction) : undefined;
}

export function createAccumulator(name: AggregateFunction, semantics: Semantics): Accumulator {
  return accumulators[name](semantics);
}

export const aggregateNames: readonly string[] = Object.keys(accumulators);
