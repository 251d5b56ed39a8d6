// $filter, $map, $reduce, $sortArray, $zip: expressions evaluated once per element, each turn counted as work.
// Source: MongoDB manual, "Array Expression Operators".

import { BsonType } from '../../../../model/bson/types.ts';
import { textOfRaw, type Raw } from '../../../../model/bson/walk.ts';
import { compareStored, elementsOf, isNumber, numberOf, truthOf } from '../../bson-input.ts';
import { MongoError } from '../../errors.ts';
import { compileSort } from '../sort-key.ts';
import { checkDepth } from '../depth.ts';
import { int32Of } from '../number.ts';
import { literal, namedOperands, over, type Expression, type OperatorRow, type Parse } from '../row.ts';
import { bind, checkVariableName } from '../scope.ts';
import {
  arrayRaw,
  elements,
  isArray,
  isNullish,
  isNumeric,
  isTrue,
  nullRaw,
  typeName,
  type Operand,
} from '../value.ts';

/** The variable each element is bound to. */
function elementName(name: string, text: Raw | undefined): string {
  if (text === undefined) return 'this';
  if (text.type !== BsonType.string) throw new MongoError(16880, `${name} requires 'as' to be a string`);
  const variable = textOfRaw(text);
  checkVariableName(variable);
  return variable;
}

function filter(operand: Raw, parse: Parse): Expression {
  const given = namedOperands('$filter', operand, ['input', 'cond'], ['as', 'limit'], {
    notObject: 28646,
    unknown: 28647,
    missing: { input: 28648, cond: 28650 },
  });
  const input = parse.expression(given.get('input')!);
  const { scope, slots } = bind(parse.scope, [elementName('$filter', given.get('as'))]);
  const test = parse.expression(given.get('cond')!, scope);
  const limitText = given.get('limit');
  const limit = limitText === undefined ? undefined : parse.expression(limitText);
  return {
    constant: false,
    evaluate: (frame) => {
      const array = input.evaluate(frame);
      if (isNullish(array)) return nullRaw;
      if (!isArray(array)) throw new MongoError(28651, `input to $filter must be an array not ${typeName(array)}`);
      const max = limit === undefined ? Infinity : filterLimit(limit.evaluate(frame));
      const kept: Raw[] = [];
      for (const element of elements(array)) {
        if (kept.length >= max) break;
        frame.spend(1);
        frame.slots[slots[0]!] = element;
        if (isTrue(test.evaluate(frame))) kept.push(element);
      }
      return arrayRaw(kept);
    },
  };
}

function filterLimit(value: Operand): number {
  if (isNullish(value)) return Infinity;
  const limit = isNumeric(value) ? int32Of(value) : undefined;
  if (limit === undefined)
    throw new MongoError(327391, `$filter: limit must be represented as a 32-bit integral value`);
  if (limit <= 0) throw new MongoError(327392, '$filter: limit must be greater than 0');
  return limit;
}

function map(operand: Raw, parse: Parse): Expression {
  const given = namedOperands('$map', operand, ['input', 'in'], ['as'], {
    notObject: 16878,
    unknown: 16879,
    missing: { input: 16880, in: 16882 },
  });
  const input = parse.expression(given.get('input')!);
  const { scope, slots } = bind(parse.scope, [elementName('$map', given.get('as'))]);
  const inner = parse.expression(given.get('in')!, scope);
  return {
    constant: false,
    evaluate: (frame) => {
      const array = input.evaluate(frame);
      if (isNullish(array)) return nullRaw;
      if (!isArray(array)) throw new MongoError(16883, `input to $map must be an array not ${typeName(array)}`);
      return arrayRaw(
        elements(array).map((element) => {
          frame.spend(1);
          frame.slots[slots[0]!] = element;
          return inner.evaluate(frame);
        }),
      );
    },
  };
}

/** Turns between two looks at how deeply the value of a `$reduce` is nested. */
const turnsPerDepthCheck = 16;

function reduce(operand: Raw, parse: Parse): Expression {
  const given = namedOperands('$reduce', operand, ['input', 'initialValue', 'in'], [], {
    notObject: 40075,
    unknown: 40076,
    missing: { input: 40077, initialValue: 40078, in: 40079 },
  });
  const input = parse.expression(given.get('input')!);
  const initial = parse.expression(given.get('initialValue')!);
  const { scope, slots } = bind(parse.scope, ['this', 'value']);
  const inner = parse.expression(given.get('in')!, scope);
  return {
    constant: false,
    evaluate: (frame) => {
      const array = input.evaluate(frame);
      if (isNullish(array)) return nullRaw;
      if (!isArray(array))
        throw new MongoError(40080, `$reduce requires that 'input' be an array, found: ${typeName(array)}`);
      let value = initial.evaluate(frame);
      let turns = 0;
      for (const element of elements(array)) {
        frame.slots[slots[0]!] = element;
        frame.slots[slots[1]!] = value;
        value = inner.evaluate(frame);
        frame.spend(1 + (value === undefined ? 0 : (value.end - value.start) >>> 6));
        if (++turns % turnsPerDepthCheck === 0) checkDepth(value);
      }
      checkDepth(value);
      return value;
    },
  };
}

function sortArray(operand: Raw, parse: Parse): Expression {
  const given = namedOperands('$sortArray', operand, ['input', 'sortBy'], [], {
    notObject: 2942500,
    unknown: 2942501,
    missing: { input: 2942502, sortBy: 2942503 },
  });
  const input = parse.expression(given.get('input')!);
  const order = orderOf(given.get('sortBy')!);
  return over(
    [input],
    (frame) => {
      const array = input.evaluate(frame);
      if (isNullish(array)) return nullRaw;
      if (!isArray(array))
        throw new MongoError(
          2942504,
          `The input argument to $sortArray must be an array, but was of type: ${typeName(array)}`,
        );
      frame.spend((array.end - array.start) >>> 4);
      return arrayRaw(order(elements(array)));
    },
    parse,
  );
}

/** The order that `sortBy` asks for: a direction for whole values, or fields of objects. */
export function orderOf(sortBy: Raw): (values: Raw[]) => readonly Raw[] {
  if (isNumber(sortBy)) {
    const direction = numberOf(sortBy);
    if (direction !== 1 && direction !== -1)
      throw new MongoError(2942505, 'The $sort element value must be either 1 or -1');
    return (values) => values.sort((a, b) => direction * compareStored(a, b));
  }
  if (sortBy.type !== BsonType.object)
    throw new MongoError(
      2942507,
      'The $sort is invalid: use 1/-1 to sort the whole element, or {field:1/-1} to sort embedded fields',
    );
  const sort = compileSort(sortBy);
  return (values) =>
    values
      .map((value) => ({ value, key: sort.keyOfValue(value) }))
      .sort((a, b) => sort.compare(a.key, b.key))
      .map(({ value }) => value);
}

function zip(operand: Raw, parse: Parse): Expression {
  const given = namedOperands('$zip', operand, ['inputs'], ['useLongestLength', 'defaults'], {
    notObject: 34460,
    unknown: 34464,
    missing: 34465,
  });
  const inputsText = given.get('inputs')!;
  if (inputsText.type !== BsonType.array)
    throw new MongoError(34461, `inputs must be an array of expressions, found ${typeName(inputsText)}`);
  const inputs = elementsOf(inputsText).map((text) => parse.expression(text));
  if (inputs.length === 0) throw new MongoError(34465, '$zip requires at least one input array');
  const longestText = given.get('useLongestLength');
  if (longestText !== undefined && longestText.type !== BsonType.boolean)
    throw new MongoError(34463, `useLongestLength must be a bool, found ${typeName(longestText)}`);
  const longest = longestText !== undefined && truthOf(longestText);
  const defaultsText = given.get('defaults');
  if (defaultsText !== undefined && defaultsText.type !== BsonType.array)
    throw new MongoError(34462, `defaults must be an array of expressions, found ${typeName(defaultsText)}`);
  const defaults = defaultsText === undefined ? [] : elementsOf(defaultsText).map((text) => parse.expression(text));
  if (defaults.length > 0 && !longest)
    throw new MongoError(34466, 'cannot specify defaults unless useLongestLength is true.');
  if (defaults.length > 0 && defaults.length !== inputs.length)
    throw new MongoError(34467, 'defaults and inputs must have the same length');
  const fillers = inputs.map((_, i) => defaults[i] ?? literal(nullRaw));
  return over(
    [...inputs, ...fillers],
    (frame) => {
      const arrays: Raw[][] = [];
      for (const input of inputs) {
        const array = input.evaluate(frame);
        if (isNullish(array)) return nullRaw;
        if (!isArray(array))
          throw new MongoError(34468, `$zip found a non-array expression in input: ${typeName(array)}`);
        arrays.push(elements(array));
      }
      const lengths = arrays.map((array) => array.length);
      const length = longest ? Math.max(...lengths) : Math.min(...lengths);
      const filling = fillers.map((filler) => filler.evaluate(frame));
      const rows: Raw[] = [];
      for (let i = 0; i < length; i++) {
        frame.spend(arrays.length);
        rows.push(arrayRaw(arrays.map((array, k) => array[i] ?? filling[k])));
      }
      return arrayRaw(rows);
    },
    parse,
  );
}

export const arrayLoopOperators: readonly OperatorRow[] = [
  { name: '$filter', compile: filter },
  { name: '$map', compile: map },
  { name: '$reduce', compile: reduce },
  { name: '$sortArray', compile: sortArray },
  { name: '$zip', compile: zip },
];
