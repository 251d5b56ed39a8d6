// What the files of the compiler share: numbering of slots, memos and parameters, and the two mutually recursive
// entry points. One compiler serves one query; its product holds no state and serves every execution of that query.

import type { Predicate } from '../../../model/predicate.ts';
import type { Expression, Relation } from '../../../model/query.ts';
import type { Value } from '../../../model/value.ts';
import type { Evaluate, OpenRows } from '../frame.ts';
import type { Semantics } from '../semantics.ts';
import type { Place, Scope } from './scope.ts';

/** How often a closure's answer can change: never, from execution to execution, from row to row. */
export type Varies = 'never' | 'execution' | 'row';

export interface Compiled {
  readonly evaluate: Evaluate;
  readonly varies: Varies;
}

export interface CompiledRelation {
  readonly open: OpenRows;
  readonly scope: Scope;
  /** Where each row leaves its result; absent before a projection. */
  readonly result: Place | undefined;
}

export interface Compiler {
  readonly semantics: Semantics;
  expression(expression: Expression, scope: Scope): Compiled;
  relation(relation: Relation, outer: Scope | undefined): CompiledRelation;
  /** The test of a path predicate, made by the door that put it into the query. */
  predicate(predicate: Predicate): (value: Value) => boolean;
  /** An expression calls a script; `scripts` counts them. */
  noteScript(): void;
  readonly scripts: number;
  newSlot(): number;
  newMemo(): number;
  parameter(name: string): number;
}

export function mostVarying(parts: readonly Compiled[]): Varies {
  let varies: Varies = 'never';
  for (const part of parts) {
    if (part.varies === 'row') return 'row';
    if (part.varies === 'execution') varies = 'execution';
  }
  return varies;
}

/** A closure over evaluated parts, computed once per execution when no part varies by row. */
export function combine(compiler: Compiler, parts: readonly Compiled[], evaluate: Evaluate): Compiled {
  const varies = mostVarying(parts);
  if (varies === 'row') return { evaluate, varies };
  const memo = compiler.newMemo();
  return { evaluate: (frame) => frame.memo<Value>(memo, () => evaluate(frame)), varies };
}
