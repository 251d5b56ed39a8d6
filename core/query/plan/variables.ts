// Which bindings an expression reads. Names bound inside its own subqueries are listed too: a caller that asks
// whether an expression can move takes a name too many as a no, which is safe.

import type { Expression, Relation } from '../../../model/query.ts';

/** The direct parts of an expression. */
export function partsOf(expression: Expression): {
  expressions: readonly Expression[];
  relations: readonly Relation[];
} {
  switch (expression.kind) {
    case 'literal':
    case 'parameter':
    case 'variable':
      return { expressions: [], relations: [] };
    case 'field':
      return { expressions: [expression.of], relations: [] };
    case 'index':
      return { expressions: [expression.of, expression.index], relations: [] };
    case 'unary':
      return { expressions: [expression.operand], relations: [] };
    case 'binary':
    case 'comparison':
      return { expressions: [expression.left, expression.right], relations: [] };
    case 'and':
    case 'or':
    case 'coalesce':
      return { expressions: expression.operands, relations: [] };
    case 'conditional':
      return { expressions: [expression.test, expression.then, expression.otherwise], relations: [] };
    case 'between':
      return { expressions: [expression.operand, expression.low, expression.high], relations: [] };
    case 'in':
      return { expressions: [expression.operand, ...expression.list], relations: [] };
    case 'like': {
      const { operand, pattern, escape } = expression;
      return { expressions: escape === undefined ? [operand, pattern] : [operand, pattern, escape], relations: [] };
    }
    case 'call':
    case 'scriptCall':
      return { expressions: expression.arguments, relations: [] };
    case 'object':
      return { expressions: expression.fields.map((field) => field.value), relations: [] };
    case 'array':
      return { expressions: expression.elements, relations: [] };
    case 'predicate':
      return { expressions: [expression.of], relations: [] };
    case 'subquery':
    case 'exists':
    case 'arraySubquery':
    case 'edgeSubquery':
      return { expressions: [], relations: [expression.query] };
  }
}

/** The expressions and inputs of a relation's own node. */
function partsOfRelation(relation: Relation): { expressions: readonly Expression[]; relations: readonly Relation[] } {
  switch (relation.kind) {
    case 'unit':
    case 'source':
      return { expressions: [], relations: [] };
    case 'filter':
      return { expressions: [relation.test], relations: [relation.input] };
    case 'let':
    case 'project':
      return { expressions: [relation.value], relations: [relation.input] };
    case 'unnest':
      return { expressions: [relation.array], relations: [relation.input] };
    case 'apply':
      return { expressions: [], relations: [relation.input, relation.query] };
    case 'lookup':
      return { expressions: [relation.local, relation.foreign], relations: [relation.input, relation.from] };
    case 'group': {
      const keys = relation.keys.map((key) => key.value);
      const aggregated = relation.aggregates.map((aggregate) => aggregate.argument);
      return { expressions: [...keys, ...aggregated], relations: [relation.input] };
    }
    case 'sort':
      return { expressions: relation.keys.map((key) => key.value), relations: [relation.input] };
    case 'skip':
    case 'limit':
      return { expressions: [relation.count], relations: [relation.input] };
    case 'distinct':
      return { expressions: [], relations: [relation.input] };
    case 'union':
      return { expressions: [], relations: relation.inputs };
  }
}

/** All names of variables in the expression and the relations within it. */
export function variablesOf(expression: Expression): ReadonlySet<string> {
  const names = new Set<string>();
  const expressions: Expression[] = [expression];
  const relations: Relation[] = [];
  for (;;) {
    const next = expressions.pop();
    if (next !== undefined) {
      if (next.kind === 'variable') names.add(next.name);
      const parts = partsOf(next);
      expressions.push(...parts.expressions);
      relations.push(...parts.relations);
      continue;
    }
    const inner = relations.pop();
    if (inner === undefined) return names;
    const parts = partsOfRelation(inner);
    expressions.push(...parts.expressions);
    relations.push(...parts.relations);
  }
}
