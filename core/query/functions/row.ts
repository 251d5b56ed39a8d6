// The shape of a function's row. A function is total: arguments of a wrong type give undefined, never an error;
// errors are for what is out of bounds.

import type { Value } from '../../../model/value.ts';
import type { EvaluationContext } from '../context.ts';

export interface FunctionRow {
  /** In capitals: names are matched whatever their case. */
  readonly name: string;
  /** Fewest and most arguments. */
  readonly arity: readonly [number, number];
  readonly evaluate: (context: EvaluationContext, ...values: Value[]) => Value;
  /** True when equal arguments can give different answers from row to row. */
  readonly volatile?: boolean | undefined;
}

/** For functions that take as many arguments as the text has room for. */
export const manyArguments = 100_000;
