// All built-in functions by name: the families' rows in one map.

import { arrayFunctions } from './array.ts';
import { conditionalFunctions } from './conditional.ts';
import { dateTimeFunctions } from './date-time.ts';
import { integerFunctions } from './integer.ts';
import { itemFunctions } from './item.ts';
import { mathematicsFunctions } from './mathematics.ts';
import { regexFunctions } from './regex.ts';
import type { FunctionRow } from './row.ts';
import { setFunctions } from './set.ts';
import { spatialFunctions } from './spatial.ts';
import { stringFunctions } from './string.ts';
import { textConversionFunctions } from './text-conversion.ts';
import { typeCheckFunctions } from './type-check.ts';
import { vectorFunctions } from './vector.ts';

const rows = new Map<string, FunctionRow>();
for (const family of [
  arrayFunctions,
  conditionalFunctions,
  dateTimeFunctions,
  integerFunctions,
  itemFunctions,
  mathematicsFunctions,
  regexFunctions,
  setFunctions,
  spatialFunctions,
  stringFunctions,
  textConversionFunctions,
  typeCheckFunctions,
  vectorFunctions,
]) {
  for (const row of family) rows.set(row.name, row);
}

/** The function of that name, whatever its case. */
export function findFunction(name: string): FunctionRow | undefined {
  return rows.get(name.toUpperCase());
}

export const functionNames: readonly string[] = [...rows.keys()].sort();
