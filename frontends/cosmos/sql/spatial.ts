// The spatial functions: what their coordinates are is not in the text but in the container's geospatialConfig, so
// translation writes it into the call. Source: "Geospatial data" of the query reference.

import { planeName, spatialFunctions } from '../../../core/query/functions/spatial.ts';
import type { Expression } from '../../../model/query.ts';
import type { SqlCall, SqlExpression } from './ast.ts';
import { sqlError } from './errors.ts';

/** Fewest arguments, which are all that a text may give, by name. */
const counts = new Map(spatialFunctions.map(({ name, arity }) => [name, arity[0]]));

/** The expression, if it calls one of them. */
export function asSpatial(expression: SqlExpression): SqlCall | undefined {
  return expression.kind === 'call' && !expression.udf && counts.has(expression.name.toUpperCase())
    ? expression
    : undefined;
}

/** The call over translated arguments. */
export function spatialCall(call: SqlCall, values: readonly Expression[], planar: boolean): Expression {
  const name = call.name.toUpperCase();
  const count = counts.get(name)!;
  if (values.length !== count)
    throw sqlError('argumentCount', `The ${call.name} function requires ${count} argument(s)`, call);
  const space: readonly Expression[] = planar ? [{ kind: 'literal', value: planeName }] : [];
  return { kind: 'call', name, arguments: [...values, ...space] };
}
