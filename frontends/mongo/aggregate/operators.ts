// Every expression operator by name: the families' rows in one map. What is not in it is an unrecognized expression.

import { arithmeticOperators } from './operators/arithmetic.ts';
import { arrayOperators } from './operators/array.ts';
import { arrayLoopOperators } from './operators/array-loop.ts';
import { arrayObjectOperators } from './operators/array-object.ts';
import { bitOperators } from './operators/bit.ts';
import { comparisonOperators } from './operators/comparison.ts';
import { conditionalOperators } from './operators/conditional.ts';
import { convertOperators } from './operators/convert.ts';
import { dateOperators } from './operators/date.ts';
import { dateArithmeticOperators } from './operators/date-arithmetic.ts';
import { datePartsOperators } from './operators/date-parts.ts';
import { dateTextOperators } from './operators/date-text.ts';
import { mathematicsOperators } from './operators/mathematics.ts';
import { objectOperators } from './operators/object.ts';
import { reductionOperators } from './operators/reduction.ts';
import { regexOperators } from './operators/regex.ts';
import { setOperators } from './operators/set.ts';
import { stringOperators } from './operators/string.ts';
import { substringOperators } from './operators/substring.ts';
import type { OperatorRow } from './row.ts';

const rows = new Map<string, OperatorRow>();
for (const family of [
  arithmeticOperators,
  mathematicsOperators,
  bitOperators,
  comparisonOperators,
  conditionalOperators,
  stringOperators,
  substringOperators,
  regexOperators,
  arrayOperators,
  arrayLoopOperators,
  arrayObjectOperators,
  reductionOperators,
  setOperators,
  objectOperators,
  convertOperators,
  dateOperators,
  datePartsOperators,
  dateTextOperators,
  dateArithmeticOperators,
])
  for (const row of family) rows.set(row.name, row);

export function operatorOf(name: string): OperatorRow | undefined {
  return rows.get(name);
}

export const operatorNames: readonly string[] = [...rows.keys()].sort();
