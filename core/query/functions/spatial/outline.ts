// GeoJSON → chains of positions, before any geometry is done with them: the form is checked here, the meaning in
// shape.ts. Source: RFC 7946 section 3.1. Type names count as written; further members (bbox, crs) are not looked at;
// altitudes are read past. GeometryCollection and Feature are no argument of the service's spatial functions.

import { BsonType } from '../../../../model/bson/types.ts';
import { childOf, ElementCursor, type Raw } from '../../../../model/bson/walk.ts';
import { valueOf } from '../../../../model/value.ts';
import type { EvaluationContext } from '../../context.ts';

/** Positions taken from one geometry: about 1 MB of GeoJSON, half of the largest item. */
export const positionsMax = 50_000;

/** A point, a line or a ring: x and y of each position in turn. */
export type Chain = readonly number[];

export interface Outline {
  readonly dimension: 0 | 1 | 2;
  /** One part for each point, line or polygon; only polygons have more than one chain in a part. */
  readonly parts: readonly (readonly Chain[])[];
}

/** Levels of arrays around a position, and what the geometry is made of. */
const forms: Readonly<Record<string, readonly [levels: number, dimension: 0 | 1 | 2]>> = {
  Point: [0, 0],
  MultiPoint: [1, 0],
  LineString: [1, 1],
  MultiLineString: [2, 1],
  Polygon: [2, 2],
  MultiPolygon: [3, 2],
};

/** The outline, or why there is none. */
export function outlineOf({ semantics }: EvaluationContext, object: Raw): Outline | string {
  const type = valueOf(childOf(object, 'type'));
  const form = typeof type === 'string' && Object.hasOwn(forms, type) ? forms[type] : undefined;
  if (form === undefined) return `The type member must be one of ${Object.keys(forms).join(', ')}.`;
  const coordinates = childOf(object, 'coordinates');
  if (coordinates?.type !== BsonType.array) return 'The coordinates member must be an array.';
  const [levels, dimension] = form;
  let positions = 0;
  let fault: string | undefined;

  function* arraysOf(raw: Raw): Generator<Raw> {
    const cursor = new ElementCursor(raw.bytes, raw.start);
    while (fault === undefined && cursor.next()) {
      if (cursor.type !== BsonType.array) fault = 'Coordinates are nested to another depth than their type has.';
      else yield cursor.raw();
    }
  }

  function addPosition(raw: Raw, chain: number[]): void {
    if (++positions > positionsMax) fault = `A geometry may have at most ${positionsMax} positions.`;
    const cursor = new ElementCursor(raw.bytes, raw.start);
    let numbers = 0;
    for (; fault === undefined && cursor.next(); numbers++) {
      const number = semantics.numberOf(valueOf(cursor.raw()));
      if (number === undefined || !Number.isFinite(number)) fault = 'A position must be an array of numbers.';
      else if (numbers < 2) chain.push(number);
    }
    if (numbers < 2) fault ??= 'A position must have at least two numbers.';
  }

  function chainOf(raw: Raw): number[] {
    const chain: number[] = [];
    for (const position of arraysOf(raw)) addPosition(position, chain);
    return chain;
  }

  const parts: Chain[][] = [];
  if (levels === 0 || (levels === 1 && dimension === 0)) {
    for (const position of levels === 0 ? [coordinates] : arraysOf(coordinates)) {
      const chain: number[] = [];
      addPosition(position, chain);
      parts.push([chain]);
    }
  } else if (dimension === 1) {
    for (const line of levels === 1 ? [coordinates] : arraysOf(coordinates)) parts.push([chainOf(line)]);
  } else {
    for (const polygon of levels === 2 ? [coordinates] : arraysOf(coordinates)) {
      const rings: Chain[] = [];
      for (const ring of arraysOf(polygon)) rings.push(chainOf(ring));
      parts.push(rings);
    }
  }
  if (fault !== undefined) return fault;
  return parts.length === 0 ? 'The coordinates member must not be empty.' : { dimension, parts };
}
