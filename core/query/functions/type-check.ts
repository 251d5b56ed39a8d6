// What kind a value is. All answer true or false, also for undefined.

import type { Value } from '../../../model/value.ts';
import type { EvaluationContext } from '../context.ts';
import type { ValueKind } from '../semantics.ts';
import { ticksOfText } from './date-time-text.ts';
import type { FunctionRow } from './row.ts';

function check(name: string, test: (context: EvaluationContext, value: Value) => boolean): FunctionRow {
  return { name, arity: [1, 1], evaluate: (context, value) => test(context, value) };
}

function isKind(name: string, ...kinds: readonly ValueKind[]): FunctionRow {
  return check(name, (context, value) => kinds.includes(context.semantics.kindOf(value)));
}

export const typeCheckFunctions: readonly FunctionRow[] = [
  isKind('IS_ARRAY', 'array'),
  isKind('IS_BOOL', 'boolean'),
  isKind('IS_NULL', 'null'),
  isKind('IS_NUMBER', 'number'),
  isKind('IS_OBJECT', 'object'),
  isKind('IS_STRING', 'string'),
  isKind('IS_PRIMITIVE', 'string', 'boolean', 'number', 'null'),
  check('IS_DEFINED', (_context, value) => value !== undefined),
  check('IS_FINITE_NUMBER', (context, value) => Number.isFinite(context.semantics.numberOf(value))),
  check('IS_INTEGER', (context, value) => Number.isInteger(context.semantics.numberOf(value))),
  check('IS_DATETIME', (_context, value) => typeof value === 'string' && ticksOfText(value) !== undefined),
];
