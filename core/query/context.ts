// What an execution is handed from outside: the clock, chance, scripts. Expressions reach the world only through it.

import type { Value } from '../../model/value.ts';
import type { RegexCache } from './functions/regex.ts';
import type { Semantics } from './semantics.ts';

/** Ports of the process that runs the query. */
export interface QueryPorts {
  /** Milliseconds since 1970; a fraction is used down to 100 ns. */
  readonly now: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  /** Milliseconds of a clock that never steps back, for slices. */
  readonly elapsedMs: () => number;
  /** Runs a function the container holds as a script. */
  readonly callScript?: ((name: string, values: readonly Value[]) => Value) | undefined;
}

/** What functions see. */
export interface EvaluationContext {
  readonly semantics: Semantics;
  readonly ports: QueryPorts;
  /** When the execution began: the answer of every "static" time function. */
  readonly startedMs: number;
  readonly regexes: RegexCache;
}
