// Moves the conjuncts of a filter below the joins they do not need, so that an item that fails is dropped before its
// arrays are crossed, and so that index planning finds all conditions on stored paths right above the source.

import type { Expression, Relation } from '../../../model/query.ts';
import { variablesOf } from './variables.ts';

export function conjunctsOf(test: Expression): readonly Expression[] {
  return test.kind === 'and' ? test.operands : [test];
}

function filtered(input: Relation, tests: readonly Expression[]): Relation {
  if (tests.length === 0) return input;
  const test: Expression = tests.length === 1 ? tests[0]! : { kind: 'and', operands: tests };
  return { kind: 'filter', input, test };
}

/** The relation with these conditions applied as deep as their variables allow. */
function sink(relation: Relation, tests: readonly Expression[]): Relation {
  if (tests.length === 0) return relation;
  if (relation.kind === 'filter') return sink(relation.input, [...conjunctsOf(relation.test), ...tests]);
  if (relation.kind !== 'unnest' && relation.kind !== 'apply' && relation.kind !== 'let') {
    return filtered(relation, tests);
  }
  const bound = new Set([relation.binding, ...(relation.kind === 'unnest' ? [relation.position] : [])]);
  const above: Expression[] = [];
  const below: Expression[] = [];
  for (const test of tests) {
    const needs = [...variablesOf(test)].some((name) => bound.has(name));
    (needs ? above : below).push(test);
  }
  return filtered({ ...relation, input: sink(relation.input, below) }, above);
}

export function pushFilters(relation: Relation): Relation {
  switch (relation.kind) {
    case 'unit':
    case 'source':
      return relation;
    case 'union':
      return { ...relation, inputs: relation.inputs.map(pushFilters) };
    case 'filter':
      return sink(pushFilters(relation.input), conjunctsOf(relation.test));
    default:
      return { ...relation, input: pushFilters(relation.input) };
  }
}
