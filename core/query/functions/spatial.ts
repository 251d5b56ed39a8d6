// The spatial functions, over GeoJSON geometries. An argument that is no valid geometry gives undefined, but to the
// two functions that ask for that. A third argument, which only a translator writes, says 'Geometry' for containers
// whose coordinates are of a plane; else they are degrees on the ellipsoid WGS84 and results are metres.
// Sources: "Geospatial data" and the six ST_ pages of the Azure Cosmos DB NoSQL reference. What shapes, edges and
// distances mean is in spatial/: outline.ts for the forms, ellipsoid.ts for the Earth, shape.ts for orientation.

import type { Raw } from '../../../model/bson/walk.ts';
import { objectValue, type Value } from '../../../model/value.ts';
import type { EvaluationContext } from '../context.ts';
import { isObject } from '../elements.ts';
import type { FunctionRow } from './row.ts';
import { distance } from './spatial/distance.ts';
import { intersects, within } from './spatial/relate.ts';
import { shapeOf, type Shape } from './spatial/shape.ts';
import { Work } from './spatial/work.ts';

/** What a container's geospatialConfig says of a plane. */
export const planeName = 'Geometry';

/**
 * Lines and polygons by the value they were read from: those of a query are one value for all its rows. Points cost
 * less to read than to remember.
 */
const known = {
  plane: new WeakMap<Raw, Shape | string>(),
  ellipsoid: new WeakMap<Raw, Shape | string>(),
} as const;

/** The shape, or why the object is none. */
function read(context: EvaluationContext, object: Raw, space: Value): Shape | string {
  const planar = space === planeName;
  const cache = planar ? known.plane : known.ellipsoid;
  const found = cache.get(object);
  if (found !== undefined) return found;
  const shape = shapeOf(context, object, planar, new Work());
  if (typeof shape === 'string' || shape.tree.count > 1) cache.set(object, shape);
  return shape;
}

function validShape(context: EvaluationContext, value: Value, space: Value): Shape | undefined {
  if (!isObject(value)) return undefined;
  const shape = read(context, value, space);
  return typeof shape === 'string' ? undefined : shape;
}

function binary(name: string, compute: (one: Shape, other: Shape, work: Work) => Value): FunctionRow {
  return {
    name,
    arity: [2, 3],
    evaluate: (context, left, right, space) => {
      const one = validShape(context, left, space);
      const other = one && validShape(context, right, space);
      return one && other && compute(one, other, new Work());
    },
  };
}

export const spatialFunctions: readonly FunctionRow[] = [
  binary('ST_DISTANCE', distance),
  binary('ST_INTERSECTS', intersects),
  binary('ST_WITHIN', within),
  {
    name: 'ST_AREA',
    arity: [1, 2],
    evaluate: (context, value, space) =>
      validShape(context, value, space)?.polygons.reduce((sum, { area }) => sum + area, 0),
  },
  {
    name: 'ST_ISVALID',
    arity: [1, 2],
    evaluate: (context, value, space) =>
      isObject(value) ? typeof read(context, value, space) !== 'string' : undefined,
  },
  {
    name: 'ST_ISVALIDDETAILED',
    arity: [1, 2],
    evaluate: (context, value, space) => {
      if (!isObject(value)) return undefined;
      const shape = read(context, value, space);
      return objectValue(
        typeof shape === 'string'
          ? [
              ['valid', false],
              ['reason', shape],
            ]
          : [['valid', true]],
      );
    },
  },
];
