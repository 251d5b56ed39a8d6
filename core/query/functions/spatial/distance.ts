// The distance of two shapes: 0 where they intersect, else that of their nearest points, one of which is an end of a
// segment, in the plane and on the sphere. On the ellipsoid straight lines through the Earth to those points say about
// how far they are; geodesics decide among what the error of that leaves.

import { equatorRadius, footOf, metresBetween, metresToArc, polarRadius, straightError } from './ellipsoid.ts';
import { somePair } from './meeting.ts';
import { nearestOfSegment, newNearest, type Vector } from './near.ts';
import { intersects } from './relate.ts';
import { boxToBox, leafEnd, leafStart, type SegmentTree } from './segments.ts';
import { vectorAt, type Shape } from './shape.ts';
import type { Work } from './work.ts';

/** Steps that one geodesic is worth. */
const geodesicSteps = 100;

const nearest = newNearest();

export function distance(one: Shape, other: Shape, work: Work): number {
  if (!one.planar && one.position !== undefined && other.position !== undefined)
    return metresBetween(...one.position, ...other.position);
  if (intersects(one, other, work)) return 0;
  const least = leastStraight(one.tree, other.tree, work);
  return one.planar ? least : metres(one.tree, other.tree, least, work);
}

/** What a vector's z counts in straight lines: the unit sphere is the ellipsoid, stretched along the axis. */
function squeezeOf({ planar }: SegmentTree): number {
  return planar ? 1 : polarRadius / equatorRadius;
}

/** A point, the nearest one of a segment, and the straight line between them in equator radii. */
interface Candidate {
  readonly p: Vector;
  readonly foot: Vector;
  readonly straight: number;
}

/** The candidate of an end of one segment; `nearest` says more of it. */
function candidateOf(p: Vector, to: SegmentTree, segment: number): Candidate {
  nearestOfSegment(to, segment, p, nearest);
  if (to.planar) return { p, foot: p, straight: Math.sqrt(nearest.square) };
  const foot = footOf(
    p,
    vectorAt(to.ends, 6 * segment),
    vectorAt(to.ends, 6 * segment + 3),
    vectorAt(to.normals, 3 * segment),
    nearest,
  );
  const straight = Math.hypot(p[0] - foot[0], p[1] - foot[1], squeezeOf(to) * (p[2] - foot[2]));
  return { p, foot, straight };
}

/** Ends of either segment against the other; an end at which the next segment starts is that one's. */
function eachEnd(
  one: SegmentTree,
  i: number,
  other: SegmentTree,
  j: number,
  visit: (p: Vector, to: SegmentTree, segment: number) => void,
): void {
  visit(vectorAt(one.ends, 6 * i), other, j);
  if (one.chains[i + 1] !== one.chains[i]) visit(vectorAt(one.ends, 6 * i + 3), other, j);
  visit(vectorAt(other.ends, 6 * j), one, i);
  if (other.chains[j + 1] !== other.chains[j]) visit(vectorAt(other.ends, 6 * j + 3), one, i);
}

/** The shortest straight line between the shapes. Of two halves the nearer is looked at first. */
function leastStraight(one: SegmentTree, other: SegmentTree, work: Work): number {
  const squeeze = squeezeOf(one);
  let least = Infinity;
  const visit = (p: Vector, to: SegmentTree, segment: number): void => {
    least = Math.min(least, candidateOf(p, to, segment).straight);
  };
  const stack = [1, 1];
  while (stack.length > 0) {
    const right = stack.pop()!;
    const left = stack.pop()!;
    work.spend(1);
    if (boxToBox(one.nodes, left, other.nodes, right, squeeze) >= least * least) continue;
    if (left >= one.leaves && right >= other.leaves) {
      for (let at = leafStart(one, left); at < leafEnd(one, left); at++)
        for (let to = leafStart(other, right); to < leafEnd(other, right); to++) {
          const [i, j] = [one.order[at]!, other.order[to]!];
          work.spend(2);
          if (boxToBox(one.boxes, i, other.boxes, j, squeeze) < least * least) eachEnd(one, i, other, j, visit);
        }
      continue;
    }
    const splitLeft = left < one.leaves && (right >= other.leaves || left <= right);
    const [l1, r1] = splitLeft ? [2 * left, right] : [left, 2 * right];
    const [l2, r2] = splitLeft ? [2 * left + 1, right] : [left, 2 * right + 1];
    const firstNearer =
      boxToBox(one.nodes, l1, other.nodes, r1, squeeze) <= boxToBox(one.nodes, l2, other.nodes, r2, squeeze);
    if (firstNearer) stack.push(l2, r2, l1, r1);
    else stack.push(l1, r1, l2, r2);
  }
  return least;
}

/** The arc over a straight line, both in equator radii. */
function arcOver(straight: number): number {
  return 2 * Math.asin(Math.min(1, straight / 2));
}

/** By how much more than their places are apart, in parts of the distance, the errors of two estimates may differ. */
const errorDrift = 64;

/** Whether the straight lines alone say that a candidate is not nearer: neighbours' errors are nearly the same. */
function isFarther({ p, foot, straight }: Candidate, best: Candidate): boolean {
  const arc = arcOver(straight);
  const apart = Math.hypot(p[0] - best.p[0], p[1] - best.p[1], p[2] - best.p[2]);
  const apartFoot = Math.hypot(foot[0] - best.foot[0], foot[1] - best.foot[1], foot[2] - best.foot[2]);
  const drift = Math.min(1, (errorDrift * (apart + apartFoot)) / best.straight);
  return arc * (1 - drift * straightError(arc)) > arcOver(best.straight);
}

/** Metres between shapes on the ellipsoid. */
function metres(one: SegmentTree, other: SegmentTree, straight: number, work: Work): number {
  let least = Infinity;
  let best: Candidate | undefined;
  const arc = arcOver(straight);
  // First the pair that the shortest line joins, then all that could be nearer.
  for (const part of [1e-12, 2 * straightError(arc)]) {
    const reach = Math.min(Math.PI, arc * (1 + part) + 1e-15);
    somePair(
      one,
      other,
      2 * Math.sin(reach / 2) * (1 + 1e-12),
      work,
      (i, j) => {
        work.spend(4);
        eachEnd(one, i, other, j, (p, to, segment) => {
          const candidate = candidateOf(p, to, segment);
          if (candidate.straight > straight * (1 + 2 * part) || (best && isFarther(candidate, best))) return;
          work.spend(geodesicSteps);
          const [a, b] = [vectorAt(to.ends, 6 * segment), vectorAt(to.ends, 6 * segment + 3)];
          const found = metresToArc(p, a, b, vectorAt(to.normals, 3 * segment), nearest);
          if (found >= least) return;
          least = found;
          best = candidate;
        });
        return false;
      },
      squeezeOf(one),
    );
  }
  return least;
}
