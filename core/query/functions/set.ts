// Arrays taken as sets: equal elements count once, in the order of their first appearance.

import type { Value } from '../../../model/value.ts';
import type { EvaluationContext } from '../context.ts';
import { boundedArray, elementsOf, isArray } from '../elements.ts';
import type { FunctionRow } from './row.ts';

type Members = Map<string, Value>;

function membersOf(context: EvaluationContext, array: Value): Members | undefined {
  if (!isArray(array)) return undefined;
  const members: Members = new Map();
  for (const element of elementsOf(array)) {
    const key = context.semantics.key(element);
    if (!members.has(key)) members.set(key, element);
  }
  return members;
}

function ofTwoSets(name: string, compute: (left: Members, right: Members) => Value): FunctionRow {
  return {
    name,
    arity: [2, 2],
    evaluate: (context, first, second) => {
      const left = membersOf(context, first);
      const right = membersOf(context, second);
      return left === undefined || right === undefined ? undefined : compute(left, right);
    },
  };
}

function where(members: Members, test: (key: string) => boolean): Value {
  return boundedArray([...members].filter(([key]) => test(key)).map(([, value]) => value));
}

export const setFunctions: readonly FunctionRow[] = [
  ofTwoSets('SETDIFFERENCE', (left, right) => where(left, (key) => !right.has(key))),
  ofTwoSets('SETEQUAL', (left, right) => left.size === right.size && [...left.keys()].every((key) => right.has(key))),
  ofTwoSets('SETINTERSECT', (left, right) => where(left, (key) => right.has(key))),
  ofTwoSets('SETUNION', (left, right) => where(new Map([...right, ...left, ...right]), () => true)),
];
