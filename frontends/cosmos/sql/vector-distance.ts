// VectorDistance(vector, vector [, exact [, options]]): which distance a call means, known from its text and the
// container's definition alone, because it decides in which direction ORDER BY goes.
// Source: "VectorDistance" of the query reference.

import type { SqlCall, SqlExpression } from './ast.ts';
import { sqlError } from './errors.ts';

export const vectorDistanceName = 'VECTORDISTANCE';

/** Names of distances that are smallest for the most similar vectors; the others are greatest. */
const rising = new Set(['euclidean']);
const distanceNames = ['cosine', 'dotproduct', 'euclidean'];
const argumentsMax = 4;

/** Distance by the path of the vectors, as `vectorPathText` writes it. */
export type VectorDistances = ReadonlyMap<string, string>;

export function vectorPathText(steps: readonly string[]): string {
  return JSON.stringify(steps);
}

export function isVectorDistance(expression: SqlExpression): expression is SqlCall {
  return expression.kind === 'call' && !expression.udf && expression.name.toUpperCase() === vectorDistanceName;
}

/** The name of the distance: the one in the options, or that of a path in the container's policy, or cosine. */
export function distanceOf(call: SqlCall, distances: VectorDistances | undefined): string {
  const [left, right, , options] = call.arguments;
  if (left === undefined || right === undefined || call.arguments.length > argumentsMax)
    throw sqlError('argumentCount', `The ${call.name} function requires 2 to ${argumentsMax} argument(s).`, call);
  const given = options && givenDistance(options);
  if (given !== undefined) return given;
  for (const side of [left, right]) {
    const path = pathTextOf(side);
    const found = path === undefined ? undefined : distances?.get(path);
    if (found !== undefined) return found;
  }
  return 'cosine';
}

/** Whether ORDER BY puts the greatest distance first, which is the most similar one. */
export function isDescendingDistance(call: SqlCall, distances: VectorDistances | undefined): boolean {
  return !rising.has(distanceOf(call, distances));
}

function givenDistance(options: SqlExpression): string | undefined {
  if (options.kind !== 'object')
    throw sqlError('vectorOptions', 'The options of VectorDistance must be written as an object.', options);
  const value = options.fields.find(({ name }) => name === 'distanceFunction')?.value;
  if (value === undefined) return undefined;
  const name = value.kind === 'literal' && typeof value.value === 'string' ? value.value.toLowerCase() : '';
  if (!distanceNames.includes(name))
    throw sqlError('vectorOptions', `distanceFunction must be one of ${distanceNames.join(', ')}.`, value);
  return name;
}

/** The path below the item, if the expression is one. */
function pathTextOf(expression: SqlExpression): string | undefined {
  const steps: string[] = [];
  let at = expression;
  for (; at.kind === 'member'; at = at.of) steps.push(at.name);
  return at.kind === 'name' && steps.length > 0 ? vectorPathText(steps.reverse()) : undefined;
}
