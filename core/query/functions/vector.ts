// The distance of two vectors, exactly: no index is asked. A vector is an array of numbers; anything else, and two of
// different lengths, give undefined. Source: "VectorDistance" of the Azure Cosmos DB NoSQL reference.

import type { Raw } from '../../../model/bson/walk.ts';
import type { Value } from '../../../model/value.ts';
import type { EvaluationContext } from '../context.ts';
import { elementsOf, isArray } from '../elements.ts';
import type { FunctionRow } from './row.ts';

/** Numbers in a vector. */
const dimensionsMax = 4096;

type Distance = (left: Float64Array, right: Float64Array) => number;

function dot(left: Float64Array, right: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < left.length; i++) sum += left[i]! * right[i]!;
  return sum;
}

const distances: Readonly<Record<string, Distance>> = {
  cosine: (left, right) => dot(left, right) / Math.sqrt(dot(left, left) * dot(right, right)),
  dotproduct: dot,
  euclidean: (left, right) => {
    let sum = 0;
    for (let i = 0; i < left.length; i++) sum += (left[i]! - right[i]!) ** 2;
    return Math.sqrt(sum);
  },
};

/** The vector that a query compares with is one value for all its rows. */
const known = new WeakMap<Raw, Float64Array>();

function vectorOf({ semantics }: EvaluationContext, value: Value): Float64Array | undefined {
  if (!isArray(value)) return undefined;
  const found = known.get(value);
  if (found !== undefined) return found;
  const elements = elementsOf(value);
  if (elements.length === 0 || elements.length > dimensionsMax) return undefined;
  const vector = new Float64Array(elements.length);
  for (const [i, element] of elements.entries()) {
    const number = semantics.numberOf(element);
    if (number === undefined) return undefined;
    vector[i] = number;
  }
  known.set(value, vector);
  return vector;
}

export const vectorFunctions: readonly FunctionRow[] = [
  {
    // The third argument asks for exactness, which is given anyway; the fourth is the name of the distance.
    name: 'VECTORDISTANCE',
    arity: [2, 4],
    evaluate: (context, left, right, _exact, name = 'cosine') => {
      const one = vectorOf(context, left);
      const other = one && vectorOf(context, right);
      if (one === undefined || other === undefined || one.length !== other.length) return undefined;
      const distance = typeof name === 'string' && Object.hasOwn(distances, name) ? distances[name] : undefined;
      const result = distance?.(one, other);
      return result === undefined || Number.isNaN(result) ? undefined : result;
    },
  },
];
