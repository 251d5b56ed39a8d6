// What an execution is handed from outside: the clock, chance, scripts. Expressions reach the world only through it.

import type { Value } from '../../model/value.ts';
import type { RegexCache } from './functions/regex.ts';
import type { Semantics } from './semantics.ts';

/** Functions of the container that are scripts. */
export interface QueryScripts {
  /** The function's answer. Throws ScriptPending while it is not there: the same call made later finds it. */
  call(name: string, values: readonly Value[]): Value;
  /** Answers given so far are not asked for again. */
  nextRow(): void;
}

/** A script has not answered yet. It never leaves an execution. */
export class ScriptPending extends Error {}

/** Ports of the process that runs the query. */
export interface QueryPorts {
  /** Milliseconds since 1970; a fraction is used down to 100 ns. */
  readonly now: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  /** Milliseconds of a clock that never steps back, for slices. */
  readonly elapsedMs: () => number;
  /** Absent: none are offered. */
  readonly scripts?: QueryScripts | undefined;
}

/** What functions see. */
export interface EvaluationContext {
  readonly semantics: Semantics;
  readonly ports: QueryPorts;
  /** When the execution began: the answer of every "static" time function. */
  readonly startedMs: number;
  readonly regexes: RegexCache;
}
