// Between strings and other values: ToString and the StringTo… family, which read JSON and nothing looser.

import { DatabaseError } from '../../../model/errors.ts';
import { valueOfJson } from '../../../model/bson/json-read.ts';
import { jsonOfValue } from '../../../model/bson/json-write.ts';
import type { Value } from '../../../model/value.ts';
import { isArray, isObject } from '../elements.ts';
import { checkComputedBytes, checkTextLength } from '../limits.ts';
import type { FunctionRow } from './row.ts';

/** Characters of a text that can be a lone number, boolean or null: longer ones are not read. */
const scalarLengthMax = 2_000;

function parsed(text: string): Value {
  checkComputedBytes(text.length);
  try {
    return valueOfJson(text);
  } catch (fault) {
    // Text that is no JSON, or JSON that no item could hold, is no value: the functions answer undefined.
    if (fault instanceof DatabaseError) return undefined;
    throw fault;
  }
}

function reader(name: string, accepts: (value: Value) => boolean, lengthMax = Infinity): FunctionRow {
  return {
    name,
    arity: [1, 1],
    evaluate: (_context, text) => {
      if (typeof text !== 'string' || text.length > lengthMax) return undefined;
      const value = parsed(text);
      return accepts(value) ? value : undefined;
    },
  };
}

export const textConversionFunctions: readonly FunctionRow[] = [
  {
    name: 'TOSTRING',
    arity: [1, 1],
    evaluate: (_context, value) => {
      if (value === undefined || typeof value === 'string') return value;
      const text = jsonOfValue(value);
      checkTextLength(text.length);
      return text;
    },
  },
  reader('STRINGTOARRAY', isArray),
  reader('STRINGTOOBJECT', isObject),
  reader('STRINGTOBOOLEAN', (value) => typeof value === 'boolean', scalarLengthMax),
  reader('STRINGTONULL', (value) => value === null, scalarLengthMax),
  reader('STRINGTONUMBER', (value) => typeof value === 'number', scalarLengthMax),
];
