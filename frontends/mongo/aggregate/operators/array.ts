// Arrays as values: positions, searching, cutting, joining. Null or missing operands make the result null, and a
// position that does not exist is missing. Source: MongoDB manual, "Array Expression Operators".

import { elementCount, ElementCursor, type Raw } from '../../../../model/bson/walk.ts';
import { compareStored } from '../../bson-input.ts';
import { MongoCode, MongoError } from '../../errors.ts';
import { int32Of } from '../number.ts';
import { binary, nary, unary, type OperatorRow } from '../row.ts';
import type { Frame } from '../scope.ts';
import {
  arrayRaw,
  booleanRaw,
  elements,
  int32Raw,
  isArray,
  isNullish,
  isNumeric,
  nullRaw,
  typeName,
  type Operand,
} from '../value.ts';

function elementAt(array: Operand, position: Operand): Operand {
  if (isNullish(array) || isNullish(position)) return nullRaw;
  if (!isArray(array))
    throw new MongoError(28689, `$arrayElemAt's first argument must be an array, but is ${typeName(array)}`);
  if (!isNumeric(position))
    throw new MongoError(28690, `$arrayElemAt's second argument must be a numeric value, but is ${typeName(position)}`);
  const at = int32Of(position);
  if (at === undefined)
    throw new MongoError(28691, "$arrayElemAt's second argument must be representable as a 32-bit integer");
  return nth(array, at);
}

/** The element at a position, from the end when it is negative; undefined beyond. */
export function nth(array: Raw, position: number): Operand {
  const at = position >= 0 ? position : elementCount(array.bytes, array.start) + position;
  if (at < 0) return undefined;
  const cursor = new ElementCursor(array.bytes, array.start);
  for (let i = 0; cursor.next(); i++) if (i === at) return cursor.raw();
  return undefined;
}

function concatenated(arrays: readonly Operand[], frame: Frame): Raw {
  const all: Raw[] = [];
  let isNull = false;
  for (const array of arrays) {
    if (isNullish(array)) isNull = true;
    else if (!isArray(array)) throw new MongoError(28664, `$concatArrays only supports arrays, not ${typeName(array)}`);
    else if (!isNull) {
      frame.spend((array.end - array.start) >>> 6);
      for (const element of elements(array)) all.push(element);
    }
  }
  return isNull ? nullRaw : arrayRaw(all);
}

function contains(value: Operand, array: Operand): Raw {
  if (!isArray(array))
    throw new MongoError(40081, `$in requires an array as a second argument, found: ${typeName(array)}`);
  const cursor = new ElementCursor(array.bytes, array.start);
  while (cursor.next()) if (compareStored(cursor.raw(), value) === 0) return booleanRaw(true);
  return booleanRaw(false);
}

/** A position operand of the searching operators. */
export function searchPosition(name: string, which: string, position: Operand): number {
  const at = isNumeric(position) ? int32Of(position) : undefined;
  if (at === undefined)
    throw new MongoError(
      40096,
      `${name} requires an integral ${which} index, found a value of type: ${typeName(position)}`,
    );
  if (at < 0) throw new MongoError(40097, `${name} requires a nonnegative ${which} index`);
  return at;
}

function indexOf([array, value, from, to]: readonly Operand[]): Raw {
  if (isNullish(array)) return nullRaw;
  if (!isArray(array))
    throw new MongoError(40090, `$indexOfArray requires an array as a first argument, found: ${typeName(array)}`);
  const start = from === undefined ? 0 : searchPosition('$indexOfArray', 'starting', from);
  const end = to === undefined ? Infinity : searchPosition('$indexOfArray', 'ending', to);
  const cursor = new ElementCursor(array.bytes, array.start);
  for (let i = 0; i < end && cursor.next(); i++)
    if (i >= start && compareStored(cursor.raw(), value) === 0) return int32Raw(i);
  return int32Raw(-1);
}

/** Elements a range may have: MongoDB bounds its memory. */
const rangeElementsMax = 5_000_000;

function range([start, end, step]: readonly Operand[], frame: Frame): Raw {
  const from = rangePart('starting', 34443, start);
  const to = rangePart('ending', 34445, end);
  const by = step === undefined ? 1 : rangePart('step', 34447, step);
  if (by === 0) throw new MongoError(34449, '$range requires a non-zero step value');
  const count = Math.max(0, Math.ceil((to - from) / by));
  if (count > rangeElementsMax)
    throw new MongoError(MongoCode.ExceededMemoryLimit, '$range would use too much memory and cannot spill to disk');
  frame.spend(count);
  return arrayRaw(Array.from({ length: count }, (_, i) => int32Raw(from + i * by)));
}

function rangePart(which: string, code: number, value: Operand): number {
  if (!isNumeric(value))
    throw new MongoError(code, `$range requires a numeric ${which} value, found value of type: ${typeName(value)}`);
  const number = int32Of(value);
  if (number === undefined)
    throw new MongoError(code + 1, `$range requires a ${which} value that can be represented as a 32-bit integer`);
  return number;
}

function slice([array, first, second]: readonly Operand[]): Raw {
  if (isNullish(array) || isNullish(first)) return nullRaw;
  if (!isArray(array))
    throw new MongoError(28724, `First argument to $slice must be an array, but is of type: ${typeName(array)}`);
  const position = slicePart('Second', 28725, first);
  const all = elements(array);
  if (second === undefined) return arrayRaw(position >= 0 ? all.slice(0, position) : all.slice(position));
  if (isNullish(second)) return nullRaw;
  const count = slicePart('Third', 28727, second);
  if (count <= 0) throw new MongoError(28729, 'Third argument to $slice must be positive');
  const start = position >= 0 ? position : Math.max(0, all.length + position);
  return arrayRaw(all.slice(start, start + count));
}

function slicePart(which: string, code: number, value: Raw): number {
  if (!isNumeric(value))
    throw new MongoError(code, `${which} argument to $slice must be numeric, but is of type: ${typeName(value)}`);
  const number = int32Of(value);
  if (number === undefined)
    throw new MongoError(code + 1, `${which} argument to $slice can't be represented as a 32-bit integer`);
  return number;
}

export const arrayOperators: readonly OperatorRow[] = [
  binary('$arrayElemAt', elementAt),
  nary('$concatArrays', [0, Infinity], concatenated),
  binary('$in', contains),
  nary('$indexOfArray', [2, 4], indexOf),
  unary('$isArray', (value) => booleanRaw(isArray(value))),
  nary('$range', [2, 3], range),
  unary('$reverseArray', (array) => {
    if (isNullish(array)) return nullRaw;
    if (!isArray(array))
      throw new MongoError(
        34435,
        `The argument to $reverseArray must be an array, but was of type: ${typeName(array)}`,
      );
    return arrayRaw(elements(array).reverse());
  }),
  unary('$size', (array) => {
    if (!isArray(array))
      throw new MongoError(17124, `The argument to $size must be an array, but was of type: ${typeName(array)}`);
    return int32Raw(elementCount(array.bytes, array.start));
  }),
  nary('$slice', [2, 3], slice),
];
