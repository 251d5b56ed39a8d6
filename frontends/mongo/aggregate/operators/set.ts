// Arrays as sets: order and repetition do not count, equality is that of BSON order.
// Source: MongoDB manual, "Set Expression Operators".

import type { Raw } from '../../../../model/bson/walk.ts';
import { MongoError } from '../../errors.ts';
import { binary, nary, unary, type OperatorRow } from '../row.ts';
import {
  arrayRaw,
  booleanRaw,
  elements,
  isArray,
  isNullish,
  isTrue,
  keyOf,
  nullRaw,
  typeName,
  type Operand,
} from '../value.ts';

function distinct(array: Raw): Map<string, Raw> {
  const set = new Map<string, Raw>();
  for (const element of elements(array)) {
    const key = keyOf(element);
    if (!set.has(key)) set.set(key, element);
  }
  return set;
}

function setOf(name: string, code: number, which: string, array: Operand): Map<string, Raw> {
  if (!isArray(array))
    throw new MongoError(
      code,
      `both operands of ${name} must be arrays. ${which} argument is of type: ${typeName(array)}`,
    );
  return distinct(array);
}

function difference(left: Operand, right: Operand): Raw {
  if (isNullish(left) || isNullish(right)) return nullRaw;
  const of = setOf('$setDifference', 17048, 'First', left);
  const without = setOf('$setDifference', 17049, 'Second', right);
  return arrayRaw([...of].filter(([key]) => !without.has(key)).map(([, value]) => value));
}

function equals(values: readonly Operand[]): Raw {
  const sets = values.map((value) => {
    if (!isArray(value))
      throw new MongoError(
        17044,
        `All operands of $setEquals must be arrays. One argument is of type: ${typeName(value)}`,
      );
    return distinct(value);
  });
  const [first, ...others] = sets as [Map<string, Raw>, ...Map<string, Raw>[]];
  return booleanRaw(others.every((set) => set.size === first.size && [...set.keys()].every((key) => first.has(key))));
}

function intersection(values: readonly Operand[]): Raw {
  let common: Map<string, Raw> | undefined;
  for (const value of values) {
    if (isNullish(value)) return nullRaw;
    if (!isArray(value))
      throw new MongoError(
        17047,
        `All operands of $setIntersection must be arrays. One argument is of type: ${typeName(value)}`,
      );
    const set = distinct(value);
    common = common === undefined ? set : new Map([...common].filter(([key]) => set.has(key)));
  }
  return arrayRaw(common === undefined ? [] : [...common.values()]);
}

function union(values: readonly Operand[]): Raw {
  const all = new Map<string, Raw>();
  for (const value of values) {
    if (isNullish(value)) return nullRaw;
    if (!isArray(value))
      throw new MongoError(
        17043,
        `All operands of $setUnion must be arrays. One argument is of type: ${typeName(value)}`,
      );
    for (const [key, element] of distinct(value)) if (!all.has(key)) all.set(key, element);
  }
  return arrayRaw([...all.values()]);
}

function isSubset(left: Operand, right: Operand): Raw {
  const part = setOf('$setIsSubset', 17046, 'First', left);
  const whole = setOf('$setIsSubset', 17042, 'Second', right);
  return booleanRaw([...part.keys()].every((key) => whole.has(key)));
}

function truths(name: string, code: number, test: (values: readonly Raw[]) => boolean): OperatorRow {
  return unary(name, (array) => {
    if (!isArray(array)) throw new MongoError(code, `${name}'s argument must be an array, but is ${typeName(array)}`);
    return booleanRaw(test(elements(array)));
  });
}

export const setOperators: readonly OperatorRow[] = [
  binary('$setDifference', difference),
  nary('$setEquals', [2, Infinity], equals),
  nary('$setIntersection', [0, Infinity], intersection),
  nary('$setUnion', [0, Infinity], union),
  binary('$setIsSubset', isSubset),
  truths('$allElementsTrue', 17040, (values) => values.every(isTrue)),
  truths('$anyElementTrue', 17041, (values) => values.some(isTrue)),
];
