// Intersects and within, as OGC Simple Features 6.1.15 defines them: shapes intersect that share a point, boundaries
// included; one is within another when none of it is outside and their interiors meet, so a point on the boundary of a
// polygon intersects it and is not within it. Both are asked of valid shapes of one space.

import {
  doCross,
  isOnSegment,
  lengthTo,
  lengthToCrossing,
  meetingOf,
  pointAlong,
  segmentsNear,
  somePair,
  touches,
} from './meeting.ts';
import { nearestOfTree, newNearest, type Vector } from './near.ts';
import type { SegmentTree } from './segments.ts';
import { vectorAt, type Shape } from './shape.ts';
import type { Work } from './work.ts';

type Place = 'inside' | 'boundary' | 'outside';

const nearest = newNearest();

/** Where a point is, told by the side of the nearest edge: the polygon is to the left of all of them. */
function placeInPolygon(tree: SegmentTree, p: Vector, tolerance: number, work: Work): Place {
  nearestOfTree(tree, p, nearest, work);
  if (nearest.square <= tolerance * tolerance) return 'boundary';
  return nearest.offset > 0 ? 'inside' : 'outside';
}

function placeInPolygons({ polygons }: Shape, p: Vector, tolerance: number, work: Work): Place {
  let place: Place = 'outside';
  for (const { tree } of polygons) {
    const found = placeInPolygon(tree, p, tolerance, work);
    if (found === 'inside') return found;
    if (found === 'boundary') place = found;
  }
  return place;
}

function toleranceOf(one: Shape, other: Shape): number {
  return Math.max(one.tolerance, other.tolerance);
}

export function intersects(one: Shape, other: Shape, work: Work): boolean {
  const tolerance = toleranceOf(one, other);
  // A point in a polygon is the common case, and needs one search.
  if (one.tree.count === 1 && one.dimension === 0 && other.dimension === 2) return meetsInside(one, other, work);
  if (other.tree.count === 1 && other.dimension === 0 && one.dimension === 2) return meetsInside(other, one, work);
  const meet = (i: number, j: number): boolean => meetingOf(one.tree, i, other.tree, j, tolerance) !== 'none';
  if (somePair(one.tree, other.tree, tolerance, work, meet)) return true;
  return meetsInside(one, other, work) || meetsInside(other, one, work);
}

/** Whether a point, line or ring of the one lies in a polygon of the other, where no two segments meet. */
function meetsInside({ tree, ...one }: Shape, other: Shape, work: Work): boolean {
  if (other.dimension < 2) return false;
  const tolerance = Math.max(one.tolerance, other.tolerance);
  for (let i = 0; i < tree.count; i++) {
    if (i > 0 && tree.chains[i] === tree.chains[i - 1]) continue;
    if (placeInPolygons(other, vectorAt(tree.ends, 6 * i), tolerance, work) !== 'outside') return true;
  }
  return false;
}

export function within(one: Shape, other: Shape, work: Work): boolean {
  if (one.dimension > other.dimension) return false;
  if (one.dimension === 0) return pointsWithin(one, other, work);
  if (other.dimension === 1) return everyPiece(one, other, work, (middle) => isOnLine(other, middle, one, work));
  if (one.dimension === 1) return lineWithin(one, other, work);
  return areaWithin(one, other, work);
}

function isOnLine({ tree, tolerance }: Shape, p: Vector, one: Shape, work: Work): boolean {
  nearestOfTree(tree, p, nearest, work);
  return nearest.square <= Math.max(tolerance, one.tolerance) ** 2;
}

function pointsWithin(one: Shape, other: Shape, work: Work): boolean {
  const tolerance = toleranceOf(one, other);
  let meetsInterior = other.dimension === 0;
  for (let i = 0; i < one.tree.count; i++) {
    const p = vectorAt(one.tree.ends, 6 * i);
    if (other.dimension === 2) {
      const place = placeInPolygons(other, p, tolerance, work);
      if (place === 'outside') return false;
      if (place === 'inside') meetsInterior = true;
    } else {
      if (!isOnLine(other, p, one, work)) return false;
      if (!meetsInterior) meetsInterior = !isEndOfLine(other.tree, p, tolerance, work);
    }
  }
  return meetsInterior;
}

/** Whether a point on the lines is one of their boundary: an end of an odd number of them. */
function isEndOfLine(tree: SegmentTree, p: Vector, tolerance: number, work: Work): boolean {
  let ends = 0;
  for (let i = 0; i < tree.count; i++) {
    work.spend(1);
    const isFirst = i === 0 || tree.chains[i] !== tree.chains[i - 1];
    const isLast = i + 1 === tree.count || tree.chains[i] !== tree.chains[i + 1];
    if (isFirst && isAt(tree, 6 * i, p, tolerance)) ends++;
    if (isLast && isAt(tree, 6 * i + 3, p, tolerance)) ends++;
  }
  return ends % 2 === 1;
}

function isAt({ ends }: SegmentTree, at: number, p: Vector, tolerance: number): boolean {
  return Math.hypot(ends[at]! - p[0], ends[at + 1]! - p[1], ends[at + 2]! - p[2]) <= tolerance;
}

function lineWithin(one: Shape, other: Shape, work: Work): boolean {
  let meetsInterior = false;
  const covered = everyPiece(one, other, work, (middle) => {
    const place = placeInPolygons(other, middle, toleranceOf(one, other), work);
    if (place === 'inside') meetsInterior = true;
    return place !== 'outside';
  });
  return covered && meetsInterior;
}

/**
 * A polygon is covered when its boundary is, and no boundary of the cover runs through its interior. Its interior then
 * lies on one side of every boundary: inside where a piece of its own boundary is, or runs along in the same direction.
 */
function areaWithin(one: Shape, other: Shape, work: Work): boolean {
  const tolerance = toleranceOf(one, other);
  for (const { tree } of one.polygons) {
    let inside = false;
    let along = false;
    const covered = everyPiece({ ...one, tree }, other, work, (middle, i) => {
      const place = placeInPolygons(other, middle, tolerance, work);
      if (place === 'inside') inside = true;
      else if (place === 'boundary') along ||= runsAlong(tree, i, middle, other, tolerance, work);
      return place !== 'outside';
    });
    if (!covered || !(inside || along)) return false;
  }
  return other.polygons.every(({ tree }) =>
    everyPiece({ ...other, tree }, one, work, (middle) => {
      if (placeInPolygons(one, middle, tolerance, work) !== 'inside') return true;
      // Polygons that share an edge have no outside between them.
      return other.polygons.some(
        (next) => next.tree !== tree && placeInPolygon(next.tree, middle, tolerance, work) !== 'outside',
      );
    }),
  );
}

/** Whether a segment that lies on the boundary of the polygons has them on the same side as its own. */
function runsAlong(tree: SegmentTree, i: number, middle: Vector, other: Shape, tolerance: number, work: Work): boolean {
  for (const j of segmentsNear(tree, i, other.tree, tolerance, work)) {
    if (!isOnSegment(other.tree, j, middle, tolerance)) continue;
    const [n, m] = [vectorAt(tree.normals, 3 * i), vectorAt(other.tree.normals, 3 * j)];
    if (n[0] * m[0] + n[1] * m[1] + n[2] * m[2] > 0) return true;
  }
  return false;
}

/**
 * Cuts the segments of the one where the other's meet them, and tests the middle of every piece: nothing changes
 * within a piece. Segments that follow one another uncut are one piece.
 */
function everyPiece(one: Shape, other: Shape, work: Work, test: (middle: Vector, segment: number) => boolean): boolean {
  const { tree } = one;
  const tolerance = toleranceOf(one, other);
  const near = new Map<number, number[]>();
  somePair(tree, other.tree, tolerance, work, (i, j) => {
    const found = near.get(i);
    if (found === undefined) near.set(i, [j]);
    else found.push(j);
    return false;
  });
  let uncutChain = -1;
  for (let i = 0; i < tree.count; i++) {
    const whole = lengthTo(tree, i, vectorAt(tree.ends, 6 * i + 3));
    if (whole === 0) continue;
    const cuts: number[] = [];
    for (const j of near.get(i) ?? []) {
      const points = touches(tree, i, other.tree, j, tolerance);
      for (const point of points) cuts.push(lengthTo(tree, i, point));
      if (points.length === 0 && doCross(tree, i, other.tree, j)) cuts.push(lengthToCrossing(tree, i, other.tree, j));
    }
    const chain = tree.chains[i]!;
    if (cuts.length === 0 && chain === uncutChain) continue;
    uncutChain = cuts.length === 0 ? chain : -1;
    cuts.push(whole);
    cuts.sort((a, b) => a - b);
    let from = 0;
    for (const cut of cuts) {
      const to = Math.min(cut, whole);
      if (to - from <= 2 * tolerance && to - from < whole) continue;
      if (!test(pointAlong(tree, i, (from + to) / 2), i)) return false;
      from = to;
    }
  }
  return true;
}
