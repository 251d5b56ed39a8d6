// Outline → shape: positions checked against their space, chains made segments, rings turned so that a polygon lies
// to their left, polygons checked (validity.ts). A shape is what the functions work on.
//
// On the ellipsoid the order of an exterior ring tells its side: counter-clockwise encloses the region, clockwise all
// the rest of the Earth, whatever its size, as the service's documentation says. A hole is the smaller side of its
// ring, in whatever order it comes. In the plane order does not matter. A line of equal positions is a point.

import type { EvaluationContext } from '../../context.ts';
import type { Raw } from '../../../../model/bson/walk.ts';
import { earthArea, ringArea, vectorOf } from './ellipsoid.ts';
import type { Vector } from './near.ts';
import { outlineOf, type Chain, type Outline } from './outline.ts';
import { pointTree, segmentTree, type SegmentTree } from './segments.ts';
import { faultOfPolygon } from './validity.ts';
import type { Work } from './work.ts';

export interface Polygon {
  readonly tree: SegmentTree;
  readonly area: number;
}

export interface Shape {
  readonly planar: boolean;
  readonly dimension: 0 | 1 | 2;
  /** The segments of all parts; those of a point are points. */
  readonly tree: SegmentTree;
  /** One for each part when the dimension is 2. */
  readonly polygons: readonly Polygon[];
  /** Distances through the space below this count as none. */
  readonly tolerance: number;
  /** Longitude and latitude, for one point. */
  readonly position: readonly [number, number] | undefined;
}

/** On the sphere a ten-thousandth of a metre; in the plane relative to the largest coordinate. */
const sphereTolerance = 1e-11;
const planeTolerance = 1e-12;

/** Largest coordinate of the plane: squares of areas must stay finite. */
const planeMax = 1e60;

export function shapeOf(context: EvaluationContext, object: Raw, planar: boolean, work: Work): Shape | string {
  const outline = outlineOf(context, object);
  return typeof outline === 'string' ? outline : buildShape(outline, planar, work);
}

function faultOfChain(chain: Chain, planar: boolean): string | undefined {
  for (let i = 0; i < chain.length; i += 2) {
    const [x, y] = [Math.abs(chain[i]!), Math.abs(chain[i + 1]!)];
    if (planar) {
      if (x > planeMax || y > planeMax) return `Coordinates must be between -${planeMax} and ${planeMax}.`;
    } else if (y > 90) return 'Latitude values must be between -90 and 90 degrees.';
    else if (x > 180) return 'Longitude values must be between -180 and 180 degrees.';
  }
  return undefined;
}

function faultOfForm({ dimension, parts }: Outline, planar: boolean): string | undefined {
  for (const chains of parts) {
    if (chains.length === 0) return 'A Polygon must have at least one ring.';
    for (const [at, chain] of chains.entries()) {
      const fault = faultOfChain(chain, planar);
      if (fault !== undefined) return fault;
      if (dimension === 1 && chain.length < 4) return 'A LineString must have at least two positions.';
      if (dimension < 2) continue;
      const ring = `the ring number ${at + 1}`;
      if (chain.length < 8) return `The Polygon input is not valid because ${ring} has less than four positions.`;
      if (chain[0] !== chain.at(-2) || chain[1] !== chain.at(-1))
        return (
          `The Polygon input is not valid because the start and end points of ${ring} are not the same. ` +
          'Each ring of a polygon must have the same start and end points.'
        );
    }
  }
  return undefined;
}

export function buildShape(outline: Outline, planar: boolean, work: Work): Shape | string {
  const fault = faultOfForm(outline, planar);
  if (fault !== undefined) return fault;
  const { dimension, parts } = outline;
  let tolerance = sphereTolerance;
  if (planar) {
    let largest = 0;
    for (const chains of parts)
      for (const chain of chains) for (const x of chain) largest = Math.max(largest, Math.abs(x));
    tolerance = largest * planeTolerance;
  }
  const [[first]] = parts as readonly [readonly [Chain]];
  if (dimension === 0 && parts.length === 1) {
    const tree = pointTree(planar, ...vectorIn(first, 0, planar));
    return { planar, dimension, tree, polygons: [], tolerance, position: [first[0]!, first[1]!] };
  }
  const all = new SegmentList();
  const polygons: Polygon[] = [];
  for (const chains of parts) {
    const start = all.count;
    for (const chain of chains) all.add(chain, planar);
    if (dimension < 2) continue;
    const polygon = polygonOf(all, start, planar, tolerance, work);
    if (typeof polygon === 'string') return polygon;
    polygons.push(polygon);
  }
  const tree = polygons.length === 1 ? polygons[0]!.tree : all.tree(planar, 0, all.count);
  if (tree === undefined) return antipodalEdge;
  const isPoint = dimension === 1 && tree.normals.every((part) => part === 0);
  return { planar, dimension: isPoint ? 0 : dimension, tree, polygons, tolerance, position: undefined };
}

const antipodalEdge = 'An edge between antipodal positions has no direction.';

function polygonOf(all: SegmentList, first: number, planar: boolean, tolerance: number, work: Work): Polygon | string {
  // The first tree is for the normals, by which areas and so directions are known.
  const given = all.tree(planar, first, all.count);
  if (given === undefined) return antipodalEdge;
  let area = 0;
  for (let start = 0; start < given.count;) {
    let end = start + 1;
    while (end < given.count && given.chains[end] === given.chains[start]) end++;
    const left = planar ? planeArea(given, start, end) : sphereArea(given, start, end);
    if (start === 0) {
      if (planar && left < 0) all.reverse(first, first + end);
      area = Math.abs(left);
    } else {
      const isHoleToLeft = planar ? left > 0 : left < earthArea / 2;
      if (isHoleToLeft) all.reverse(first + start, first + end);
      area -= planar || isHoleToLeft ? Math.abs(left) : earthArea - left;
    }
    start = end;
  }
  const tree = all.tree(planar, first, all.count)!;
  return faultOfPolygon(tree, tolerance, work) ?? { tree, area };
}

function sphereArea(tree: SegmentTree, start: number, end: number): number {
  return ringArea(end - start, (i) => [
    vectorAt(tree.ends, 6 * (start + i)),
    vectorAt(tree.ends, 6 * (start + i) + 3),
    vectorAt(tree.normals, 3 * (start + i)),
  ]);
}

/** Positive when the ring goes counter-clockwise. Relative to its first position, so that far places lose nothing. */
function planeArea({ ends }: SegmentTree, start: number, end: number): number {
  const [x, y] = [ends[6 * start]!, ends[6 * start + 1]!];
  let sum = 0;
  for (let e = 6 * start; e < 6 * end; e += 6)
    sum += (ends[e]! - x) * (ends[e + 4]! - y) - (ends[e + 3]! - x) * (ends[e + 1]! - y);
  return sum / 2;
}

export function vectorAt(numbers: Float64Array, at: number): Vector {
  return [numbers[at]!, numbers[at + 1]!, numbers[at + 2]!];
}

/** Segments of chains in turn. Equal neighbours among the positions make none, unless the chain has no other. */
class SegmentList {
  readonly #ends: number[] = [];
  readonly #chains: number[] = [];
  #chain = 0;

  get count(): number {
    return this.#chains.length;
  }

  add(chain: Chain, planar: boolean): void {
    const number = this.#chain++;
    let before = vectorIn(chain, 0, planar);
    const first = this.count;
    for (let i = 2; i < chain.length; i += 2) {
      const vector = vectorIn(chain, i, planar);
      if (vector[0] === before[0] && vector[1] === before[1] && vector[2] === before[2]) continue;
      this.#ends.push(...before, ...vector);
      this.#chains.push(number);
      before = vector;
    }
    if (this.count > first) return;
    this.#ends.push(...before, ...before);
    this.#chains.push(number);
  }

  /** Turns the segments of a ring around. */
  reverse(start: number, end: number): void {
    const ends = this.#ends.slice(6 * start, 6 * end);
    for (let i = 0; i < end - start; i++) {
      const from = 6 * (end - start - 1 - i);
      for (let k = 0; k < 3; k++) {
        this.#ends[6 * (start + i) + k] = ends[from + 3 + k]!;
        this.#ends[6 * (start + i) + 3 + k] = ends[from + k]!;
      }
    }
  }

  tree(planar: boolean, start: number, end: number): SegmentTree | undefined {
    const ends = Float64Array.from(this.#ends.slice(6 * start, 6 * end));
    return segmentTree(planar, ends, Int32Array.from(this.#chains.slice(start, end)));
  }
}

function vectorIn(chain: Chain, i: number, planar: boolean): Vector {
  return planar ? [chain[i]!, chain[i + 1]!, 0] : vectorOf(chain[i]!, chain[i + 1]!);
}
