// Conjuncts that no range of terms expresses and that depend on one stored path and constants alone: compiled a second
// time with a variable in the place of the path, they are tested against the values that the terms of the path tell.
//
// Invariant: what is tested here is pure. Functions that vary by themselves, scripts and subqueries are left to items.

import type { Expression } from '../../../model/query.ts';
import { pathOf } from '../../../model/query.ts';
import type { Value } from '../../../model/value.ts';
import type { TermTest } from '../../../indexer/filter.ts';
import { findFunction } from '../functions/table.ts';
import type { Semantics } from '../semantics.ts';
import type { AccessPath } from './condition.ts';
import { accessPathOf, type Bindings } from './read-condition.ts';

/** The variable that stands for the path: no name of a door's language can be this. */
export const termBinding = '#term';

export interface Testable {
  readonly path: AccessPath;
  /** The conjunct over `termBinding`. */
  readonly expression: Expression;
  /** False when numbers of one value may differ in it by their type, which terms do not tell. */
  readonly tellsNumbers: boolean;
}

/** A testable conjunct in one execution: its value for a value of the path. */
export interface BoundTest {
  readonly evaluate: (value: Value) => Value;
  readonly tellsNumbers: boolean;
}

/** Levels of a conjunct that are looked into. */
const testDepthMax = 48;

/** Functions that take every number for a double, or no number at all. */
const numberFunctions = new Set(
  (
    'ABS ACOS ASIN ATAN ATN2 CEILING COS COT DEGREES EXP FLOOR LOG LOG10 NUMBERBIN PI POWER RADIANS ROUND SIGN SIN ' +
    'SQRT SQUARE TAN TRUNC CONTAINS ENDSWITH STARTSWITH STRINGEQUALS REGEXMATCH CONTAINSALLCI CONTAINSALLCS ' +
    'CONTAINSANYCI CONTAINSANYCS LOWER UPPER LENGTH TRIM LTRIM RTRIM REVERSE CONCAT INDEX_OF IS_DEFINED'
  ).split(' '),
);

/** The conjunct with a variable for its one path; undefined when it is of another kind. */
export function testableOf(expression: Expression, bindings: Bindings, semantics: Semantics): Testable | undefined {
  let name: string | undefined;
  let path: AccessPath | undefined;
  let tellsNumbers = true;

  function all(parts: readonly Expression[], depth: number): readonly Expression[] | undefined {
    const rewritten: Expression[] = [];
    for (const part of parts) {
      const one = rewrite(part, depth);
      if (one === undefined) return undefined;
      rewritten.push(one);
    }
    return rewritten;
  }

  function rewrite(part: Expression, depth: number): Expression | undefined {
    if (depth > testDepthMax) return undefined;
    switch (part.kind) {
      case 'literal':
      case 'parameter':
        return part;
      case 'variable':
      case 'field':
      case 'index': {
        const stored = pathOf(part);
        const access = stored && accessPathOf(part, bindings, semantics);
        if (access === undefined || access.root !== 'stored') return undefined;
        const text = JSON.stringify([stored!.binding, stored!.steps]);
        if (name !== undefined && name !== text) return undefined;
        name = text;
        path = access;
        return { kind: 'variable', name: termBinding };
      }
      case 'unary': {
        const operand = rewrite(part.operand, depth + 1);
        return operand && { ...part, operand };
      }
      case 'binary':
      case 'comparison': {
        const left = rewrite(part.left, depth + 1);
        const right = rewrite(part.right, depth + 1);
        return left && right && { ...part, left, right };
      }
      case 'and':
      case 'or':
      case 'coalesce': {
        const operands = all(part.operands, depth + 1);
        return operands && { ...part, operands };
      }
      case 'conditional': {
        const parts = all([part.test, part.then, part.otherwise], depth + 1);
        return parts && { ...part, test: parts[0]!, then: parts[1]!, otherwise: parts[2]! };
      }
      case 'between': {
        const parts = all([part.operand, part.low, part.high], depth + 1);
        return parts && { ...part, operand: parts[0]!, low: parts[1]!, high: parts[2]! };
      }
      case 'in': {
        const operand = rewrite(part.operand, depth + 1);
        const list = all(part.list, depth + 1);
        return operand && list && { ...part, operand, list };
      }
      case 'like': {
        const operand = rewrite(part.operand, depth + 1);
        const pattern = rewrite(part.pattern, depth + 1);
        const escape = part.escape && rewrite(part.escape, depth + 1);
        if (part.escape !== undefined && escape === undefined) return undefined;
        return operand && pattern && { ...part, operand, pattern, escape };
      }
      case 'call': {
        const row = findFunction(part.name);
        if (row === undefined || row.volatile === true) return undefined;
        if (!numberFunctions.has(row.name)) tellsNumbers = false;
        const given = all(part.arguments, depth + 1);
        return given && { ...part, arguments: given };
      }
      default:
        return undefined;
    }
  }

  const rewritten = rewrite(expression, 0);
  return rewritten === undefined || path === undefined ? undefined : { path, expression: rewritten, tellsNumbers };
}

/** Values that pass are those for which the conjunct is `wanted`; an error is left to the item that causes it. */
export function termTestOf({ evaluate, tellsNumbers }: BoundTest, wanted: boolean): TermTest {
  return (value) => {
    try {
      if (typeof value === 'number') {
        if (!tellsNumbers || !Number.isFinite(value)) return undefined;
        const passes = evaluate(value) === wanted;
        // Both zeros have one term.
        return value === 0 && (evaluate(-value) === wanted) !== passes ? undefined : passes;
      }
      if (value !== null && typeof value !== 'string' && typeof value !== 'boolean') return undefined;
      return evaluate(value) === wanted;
    } catch {
      return undefined;
    }
  };
}
