// Query → prepared query: planned and compiled once, then executed any number of times, also at the same time: a
// prepared query holds no state. Callers keep them by text in a bounded cache.

import { badRequest, DatabaseError } from '../../model/errors.ts';
import type { Predicate } from '../../model/predicate.ts';
import type { Query, Relation } from '../../model/query.ts';
import type { Value } from '../../model/value.ts';
import type { CompiledRelation, Compiler } from './compile/compiler.ts';
import { compileExpression } from './compile/expression.ts';
import { compileRelation, countOf } from './compile/relation.ts';
import { Scope, type Place } from './compile/scope.ts';
import type { Evaluate, Frame, OpenRows } from './frame.ts';
import { expressionDepthMax } from './limits.ts';
import type { PreparedAccess, PreparedTest } from './open-access.ts';
import { accessOf } from './plan/access.ts';
import { planQuery, type Plan } from './plan/plan.ts';
import { termBinding, testableOf } from './plan/term-test.ts';
import { variablesOf } from './plan/variables.ts';
import type { Semantics } from './semantics.ts';

export interface PreparedQuery {
  readonly fingerprint: string;
  readonly semantics: Semantics;
  readonly plan: Plan;
  /** How the items of the outermost source may be reached through an index. */
  readonly access: PreparedAccess | undefined;
  readonly open: OpenRows;
  readonly result: Place;
  readonly skip: (frame: Frame) => number;
  /** Infinity without a limit. */
  readonly limit: (frame: Frame) => number;
  readonly parameters: readonly string[];
  readonly slotCount: number;
  readonly memoCount: number;
}

export interface PrepareOptions {
  readonly semantics: Semantics;
  /** Makes the test of a path predicate; needed only by doors whose queries embed them. */
  readonly compilePredicate?: ((predicate: Predicate) => (value: Value) => boolean) | undefined;
}

export function prepareQuery(query: Query, options: PrepareOptions): PreparedQuery {
  const plan = planQuery(query);
  const parameters: string[] = [];
  let slotCount = 0;
  let memoCount = 0;
  let depth = 0;
  let scripts = 0;
  const compiler: Compiler = {
    semantics: options.semantics,
    expression: (expression, scope) => {
      if (++depth > expressionDepthMax) {
        throw badRequest(`an expression is deeper than ${expressionDepthMax} levels`, 'query');
      }
      try {
        return compileExpression(compiler, expression, scope);
      } finally {
        depth--;
      }
    },
    relation: (relation, outer) => compileRelation(compiler, relation, outer),
    predicate: (predicate) => {
      if (options.compilePredicate === undefined) {
        throw new DatabaseError('Internal', 'no compiler of path predicates was handed in');
      }
      return options.compilePredicate(predicate);
    },
    noteScript: () => scripts++,
    get scripts() {
      return scripts;
    },
    newSlot: () => slotCount++,
    newMemo: () => memoCount++,
    parameter: (name) => {
      const known = parameters.indexOf(name);
      return known >= 0 ? known : parameters.push(name) - 1;
    },
  };
  const sorted = plan.shape === 'sorted';
  const access =
    plan.scan === 'full' && options.semantics.terms === 'sql'
      ? prepareAccess(compiler, plan.relation, sorted)
      : undefined;
  const relation: CompiledRelation = compileRelation(compiler, plan.relation, undefined, {
    source: plan.scan === 'full',
    sort: sorted,
    access,
  });
  if (relation.result === undefined) throw badRequest('the query has no result: it does not end in a projection');
  const outermost = new Scope();
  return {
    fingerprint: query.fingerprint,
    semantics: options.semantics,
    plan,
    access,
    open: relation.open,
    result: relation.result,
    skip: plan.skip === undefined ? () => 0 : countOf(compiler.expression(plan.skip, outermost).evaluate),
    limit: plan.limit === undefined ? () => Infinity : countOf(compiler.expression(plan.limit, outermost).evaluate),
    parameters,
    slotCount,
    memoCount,
  };
}

/** Tests of terms in one query: each may look at all terms of its path. Further conditions are left to the items. */
const testsMax = 16;

/** Reads the conditions of the outermost chain; constants are compiled like every other expression. */
function prepareAccess(compiler: Compiler, relation: Relation, mayOrder: boolean): PreparedAccess | undefined {
  const constants: Evaluate[] = [];
  const tests: PreparedTest[] = [];
  const scope = new Scope();
  const plan = accessOf(relation, {
    semantics: compiler.semantics,
    constant: (expression) => {
      if (expression.kind !== 'literal') {
        if (variablesOf(expression).size > 0) return undefined;
        const compiled = compiler.expression(expression, scope);
        if (compiled.varies === 'row') return undefined;
        return constants.push(compiled.evaluate) - 1;
      }
      const { value } = expression;
      return constants.push(() => value) - 1;
    },
    test: (expression, bindings) => {
      const found = tests.length < testsMax ? testableOf(expression, bindings, compiler.semantics) : undefined;
      if (found === undefined) return undefined;
      const slot = compiler.newSlot();
      const inner = new Scope();
      inner.bind(termBinding, { slot, isItem: false });
      const { evaluate } = compiler.expression(found.expression, inner);
      return { path: found.path, check: tests.push({ slot, evaluate, tellsNumbers: found.tellsNumbers }) - 1 };
    },
  });
  return plan === undefined ? undefined : { plan, constants, tests, mayOrder };
}
