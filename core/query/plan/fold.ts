// Rewrites that need no data: what is constant in the algebra becomes a literal, filters that always hold vanish.
// What depends on parameters is not folded here: its closure is computed once per execution (compile/compiler.ts).

import type { Expression, Relation } from '../../../model/query.ts';

function isTrue(expression: Expression): boolean {
  return expression.kind === 'literal' && expression.value === true;
}

/** A filter's test without the conjuncts that always hold. */
export function foldTest(test: Expression): Expression {
  if (test.kind !== 'and') return test;
  const operands: Expression[] = [];
  for (const operand of test.operands.map(foldTest)) {
    if (isTrue(operand)) continue;
    // In a filter only "true" counts, so nested conjunctions can be one.
    if (operand.kind === 'and') operands.push(...operand.operands);
    else operands.push(operand);
  }
  if (operands.length === 0) return { kind: 'literal', value: true };
  return operands.length === 1 ? operands[0]! : { kind: 'and', operands };
}

/** The chain without filters that keep everything. Inner relations of expressions are left as they are. */
export function foldRelation(relation: Relation): Relation {
  switch (relation.kind) {
    case 'unit':
    case 'source':
      return relation;
    case 'union':
      return { ...relation, inputs: relation.inputs.map(foldRelation) };
    case 'filter': {
      const input = foldRelation(relation.input);
      const test = foldTest(relation.test);
      return isTrue(test) ? input : { ...relation, input, test };
    }
    default:
      return { ...relation, input: foldRelation(relation.input) };
  }
}
