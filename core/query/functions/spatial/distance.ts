// The distance of two shapes: 0 where they intersect, else that of their nearest points, one of which is an end of a
// segment, in the plane and on the sphere. On the ellipsoid the sphere's least distance bounds the search (the map
// of segments.ts stretches by less than a 298th), and geodesics decide among what is left.

import { equatorRadius, metresBetween, metresToArc, polarRadius } from './ellipsoid.ts';
import { somePair } from './meeting.ts';
import { nearestOfSegment, newNearest } from './near.ts';
import { intersects } from './relate.ts';
import { boxToBox, leafEnd, leafStart, type SegmentTree } from './segments.ts';
import { vectorAt, type Shape } from './shape.ts';
import type { Work } from './work.ts';

/** Steps that one geodesic is worth. */
const geodesicSteps = 200;

const nearest = newNearest();

export function distance(one: Shape, other: Shape, work: Work): number {
  if (!one.planar && one.position !== undefined && other.position !== undefined)
    return metresBetween(...one.position, ...other.position);
  if (intersects(one, other, work)) return 0;
  const square = leastSquare(one.tree, other.tree, work);
  return one.planar ? Math.sqrt(square) : metres(one.tree, other.tree, square, work);
}

/** Every end of the one segment against the other and the other way round. */
function leastOfPair(one: SegmentTree, i: number, other: SegmentTree, j: number): number {
  let least = Infinity;
  for (const at of [6 * i, 6 * i + 3]) {
    nearestOfSegment(other, j, vectorAt(one.ends, at), nearest);
    least = Math.min(least, nearest.square);
  }
  for (const at of [6 * j, 6 * j + 3]) {
    nearestOfSegment(one, i, vectorAt(other.ends, at), nearest);
    least = Math.min(least, nearest.square);
  }
  return least;
}

/** Square of the least distance through the space. Of two halves the nearer is looked at first. */
function leastSquare(one: SegmentTree, other: SegmentTree, work: Work): number {
  let least = Infinity;
  const stack = [1, 1];
  while (stack.length > 0) {
    const right = stack.pop()!;
    const left = stack.pop()!;
    work.spend(1);
    if (boxToBox(one.nodes, left, other.nodes, right) >= least) continue;
    if (left >= one.leaves && right >= other.leaves) {
      for (let at = leafStart(one, left); at < leafEnd(one, left); at++)
        for (let to = leafStart(other, right); to < leafEnd(other, right); to++) {
          const [i, j] = [one.order[at]!, other.order[to]!];
          work.spend(2);
          if (boxToBox(one.boxes, i, other.boxes, j) < least) least = Math.min(least, leastOfPair(one, i, other, j));
        }
      continue;
    }
    const splitLeft = left < one.leaves && (right >= other.leaves || left <= right);
    const [l1, r1] = splitLeft ? [2 * left, right] : [left, 2 * right];
    const [l2, r2] = splitLeft ? [2 * left + 1, right] : [left, 2 * right + 1];
    const firstNearer = boxToBox(one.nodes, l1, other.nodes, r1) <= boxToBox(one.nodes, l2, other.nodes, r2);
    if (firstNearer) stack.push(l2, r2, l1, r1);
    else stack.push(l1, r1, l2, r2);
  }
  return least;
}

/** The arc of a chord. */
function arcOf(square: number): number {
  return 2 * Math.asin(Math.min(1, Math.sqrt(square) / 2));
}

/** Metres between shapes on the ellipsoid whose least distance on the sphere is known. */
function metres(one: SegmentTree, other: SegmentTree, square: number, work: Work): number {
  let least = Infinity;
  const reach = (arcOf(square) * equatorRadius) / polarRadius;
  const chord = reach >= Math.PI ? 2 : 2 * Math.sin(reach / 2);
  somePair(one, other, chord * (1 + 1e-12), work, (i, j) => {
    for (const [from, p, to, segment] of [
      [one.ends, 6 * i, other, j],
      [one.ends, 6 * i + 3, other, j],
      [other.ends, 6 * j, one, i],
      [other.ends, 6 * j + 3, one, i],
    ] as const) {
      const point = vectorAt(from, p);
      nearestOfSegment(to, segment, point, nearest);
      if (arcOf(nearest.square) * polarRadius >= least) continue;
      work.spend(geodesicSteps);
      const ends = [vectorAt(to.ends, 6 * segment), vectorAt(to.ends, 6 * segment + 3)] as const;
      least = Math.min(least, metresToArc(point, ...ends, vectorAt(to.normals, 3 * segment), nearest));
    }
    return false;
  });
  return least;
}
