// Array functions. An argument that is no array gives undefined.

import type { Value } from '../../../model/value.ts';
import { elementCount, type Raw } from '../../../model/bson/walk.ts';
import type { EvaluationContext } from '../context.ts';
import { ArrayBuilder, boundedArray, elementsOf, fieldsOf, isArray, isObject } from '../elements.ts';
import { objectValue } from '../../../model/value.ts';
import { fieldOfValue } from '../compile/path.ts';
import { manyArguments, type FunctionRow } from './row.ts';

/** Every field of `part` is in `whole` with an equal value. */
function containsPart(context: EvaluationContext, whole: Value, part: Raw): boolean {
  if (!isObject(whole)) return false;
  const { semantics } = context;
  return fieldsOf(part).every(([name, value]) => semantics.equal(fieldOfValue(semantics, whole, name), value) === true);
}

function containsMany(name: string, quantifier: 'every' | 'some'): FunctionRow {
  return {
    name,
    arity: [2, manyArguments],
    evaluate: (context, array, ...wanted) => {
      if (!isArray(array)) return undefined;
      const { semantics } = context;
      const keys = new Set(elementsOf(array).map((element) => semantics.key(element)));
      const contains = (value: Value): boolean => value !== undefined && keys.has(semantics.key(value));
      return quantifier === 'every' ? wanted.every(contains) : wanted.some(contains);
    },
  };
}

/** Over an array of numbers; any other element makes the answer undefined. */
function ofNumbers(name: string, compute: (numbers: number[]) => number | undefined): FunctionRow {
  return {
    name,
    arity: [1, 1],
    evaluate: (context, array) => {
      if (!isArray(array)) return undefined;
      const numbers: number[] = [];
      for (const element of elementsOf(array)) {
        const number = context.semantics.numberOf(element);
        if (number === undefined) return undefined;
        numbers.push(number);
      }
      return compute(numbers);
    },
  };
}

function sum(numbers: readonly number[]): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}

function median(numbers: number[]): number | undefined {
  numbers.sort((a, b) => a - b);
  const middle = numbers.length >> 1;
  if (numbers.length % 2 === 1) return numbers[middle];
  return numbers.length === 0 ? undefined : (numbers[middle - 1]! + numbers[middle]!) / 2;
}

function extreme(sign: 1 | -1): (numbers: readonly number[]) => number | undefined {
  return (numbers) => {
    let best: number | undefined;
    for (const number of numbers) if (best === undefined || (number - best) * sign > 0) best = number;
    return best;
  };
}

/** The element or value least or greatest in the language's order, of one kind only. */
function extremeValue(name: string, sign: 1 | -1): FunctionRow {
  const ofAll = extreme(sign);
  return {
    name,
    arity: [1, 1],
    evaluate: (context, array) => {
      if (!isArray(array)) return undefined;
      const { semantics } = context;
      const elements = elementsOf(array);
      const numbers = elements.map((element) => semantics.numberOf(element));
      if (numbers.every((number) => number !== undefined)) return ofAll(numbers);
      let best: Value;
      for (const element of elements) {
        const kind = semantics.kindOf(element);
        if (kind === 'array' || kind === 'object') return undefined;
        if (best === undefined || semantics.order(element, best) * sign > 0) best = element;
      }
      return best;
    },
  };
}

function slice(array: Raw, start: number, length: number): Value {
  const elements = elementsOf(array);
  const first = start < 0 ? Math.max(0, elements.length + start) : start;
  return boundedArray(length <= 0 ? [] : elements.slice(first, first + length));
}

export const arrayFunctions: readonly FunctionRow[] = [
  {
    name: 'ARRAY_CONCAT',
    arity: [2, manyArguments],
    evaluate: (_context, ...arrays) => {
      const all = new ArrayBuilder();
      for (const array of arrays) {
        if (!isArray(array)) return undefined;
        for (const element of elementsOf(array)) all.push(element);
      }
      return all.finish();
    },
  },
  {
    name: 'ARRAY_CONTAINS',
    arity: [2, 3],
    evaluate: (context, array, wanted, partial) => {
      if (!isArray(array) || wanted === undefined) return undefined;
      const { semantics } = context;
      if (partial === true && isObject(wanted)) {
        return elementsOf(array).some((element) => containsPart(context, element, wanted));
      }
      return elementsOf(array).some((element) => semantics.equal(element, wanted) === true);
    },
  },
  containsMany('ARRAY_CONTAINS_ALL', 'every'),
  containsMany('ARRAY_CONTAINS_ANY', 'some'),
  {
    name: 'ARRAY_LENGTH',
    arity: [1, 1],
    evaluate: (_context, array) => (isArray(array) ? elementCount(array.bytes, array.start) : undefined),
  },
  {
    name: 'ARRAY_SLICE',
    arity: [2, 3],
    evaluate: (context, array, start, ...given) => {
      const from = context.semantics.numberOf(start);
      const length = given.length === 0 ? Infinity : context.semantics.numberOf(given[0]);
      if (!isArray(array) || from === undefined || length === undefined) return undefined;
      return slice(array, Math.trunc(from), Math.trunc(length));
    },
  },
  ofNumbers('ARRAY_AVG', (numbers) => (numbers.length === 0 ? undefined : sum(numbers) / numbers.length)),
  ofNumbers('ARRAY_MEDIAN', median),
  ofNumbers('ARRAY_SUM', sum),
  extremeValue('ARRAY_MAX', 1),
  extremeValue('ARRAY_MIN', -1),
  {
    name: 'CHOOSE',
    arity: [2, manyArguments],
    evaluate: (context, position, ...values) => {
      const number = context.semantics.numberOf(position);
      return number === undefined || !Number.isInteger(number) ? undefined : values[number - 1];
    },
  },
  {
    name: 'OBJECTTOARRAY',
    arity: [1, 3],
    evaluate: (context, object, nameField = 'k', valueField = 'v') => {
      const shown = context.semantics.view(object);
      if (!isObject(shown) || typeof nameField !== 'string' || typeof valueField !== 'string') return undefined;
      const pairs = new ArrayBuilder();
      for (const [name, value] of fieldsOf(shown)) {
        pairs.push(
          objectValue([
            [nameField, name],
            [valueField, value],
          ]),
        );
      }
      return pairs.finish();
    },
  },
];
