// How two segments meet, and the walk over all pairs of two trees that could.

import { cross, dot } from './ellipsoid.ts';
import { nearestOfSegment, newNearest, type Vector } from './near.ts';
import { boxToBox, leafEnd, leafStart, type SegmentTree } from './segments.ts';
import type { Work } from './work.ts';

/**
 * `cross`: in one inner point of both. `touch`: in one point that is an end of one. `overlap`: in more than a point.
 */
export type Meeting = 'none' | 'cross' | 'touch' | 'overlap';

const nearest = newNearest();

function vectorAt(numbers: Float64Array, at: number): Vector {
  return [numbers[at]!, numbers[at + 1]!, numbers[at + 2]!];
}

function isNear(p: Vector, q: Vector, tolerance: number): boolean {
  return (p[0] - q[0]) ** 2 + (p[1] - q[1]) ** 2 + (p[2] - q[2]) ** 2 <= tolerance * tolerance;
}

/** Whether the point lies on the segment. */
export function isOnSegment(tree: SegmentTree, i: number, p: Vector, tolerance: number): boolean {
  nearestOfSegment(tree, i, p, nearest);
  return nearest.square <= tolerance * tolerance;
}

/** From the line through the segment, positive to its left. */
function offsetOf(tree: SegmentTree, i: number, p: Vector): number {
  nearestOfSegment(tree, i, p, nearest);
  return nearest.offset;
}

/** The ends of each segment that lie on the other. */
export function touches(one: SegmentTree, i: number, other: SegmentTree, j: number, tolerance: number): Vector[] {
  const points: Vector[] = [];
  for (const at of [6 * j, 6 * j + 3]) {
    const p = vectorAt(other.ends, at);
    if (isOnSegment(one, i, p, tolerance)) points.push(p);
  }
  for (const at of [6 * i, 6 * i + 3]) {
    const p = vectorAt(one.ends, at);
    if (isOnSegment(other, j, p, tolerance)) points.push(p);
  }
  return points;
}

export function doCross(one: SegmentTree, i: number, other: SegmentTree, j: number): boolean {
  const c = offsetOf(one, i, vectorAt(other.ends, 6 * j));
  const d = offsetOf(one, i, vectorAt(other.ends, 6 * j + 3));
  if (!(c * d < 0)) return false;
  const a = offsetOf(other, j, vectorAt(one.ends, 6 * i));
  const b = offsetOf(other, j, vectorAt(one.ends, 6 * i + 3));
  // Great circles cross twice: the last test is that both arcs pass the same of the two points.
  return a * b < 0 && a * c < 0;
}

/** Whether one segment lies wholly to a side of the other's line: most pairs of neighbours do. */
function isAside(one: SegmentTree, i: number, other: SegmentTree, j: number, tolerance: number): boolean {
  const { ends: from, normals } = one;
  const { ends: to } = other;
  const nx = normals[3 * i]!;
  const ny = normals[3 * i + 1]!;
  const nz = normals[3 * i + 2]!;
  const x = from[6 * i]!;
  const y = from[6 * i + 1]!;
  const z = from[6 * i + 2]!;
  const t = 6 * j;
  const start = nx * (to[t]! - x) + ny * (to[t + 1]! - y) + nz * (to[t + 2]! - z);
  if (Math.abs(start) <= tolerance) return false;
  const end = nx * (to[t + 3]! - x) + ny * (to[t + 4]! - y) + nz * (to[t + 5]! - z);
  return start > 0 ? end > tolerance : end < -tolerance;
}

export function meetingOf(one: SegmentTree, i: number, other: SegmentTree, j: number, tolerance: number): Meeting {
  if (isAside(one, i, other, j, tolerance) || isAside(other, j, one, i, tolerance)) return 'none';
  const points = touches(one, i, other, j, tolerance);
  const [first] = points;
  if (first === undefined) return doCross(one, i, other, j) ? 'cross' : 'none';
  return points.every((point) => isNear(point, first, 4 * tolerance)) ? 'touch' : 'overlap';
}

/** A point of the segment, so far along it from its start: metres of the plane or radians. */
export function pointAlong(tree: SegmentTree, i: number, length: number): Vector {
  const a = vectorAt(tree.ends, 6 * i);
  const n = vectorAt(tree.normals, 3 * i);
  if (tree.planar) return [a[0] + n[1] * length, a[1] - n[0] * length, 0];
  const along = cross(n, a);
  const [cos, sin] = [Math.cos(length), Math.sin(length)];
  return [a[0] * cos + along[0] * sin, a[1] * cos + along[1] * sin, a[2] * cos + along[2] * sin];
}

/** How far along the segment a point on it is. */
export function lengthTo(tree: SegmentTree, i: number, p: Vector): number {
  const a = vectorAt(tree.ends, 6 * i);
  const n = vectorAt(tree.normals, 3 * i);
  if (tree.planar) return n[1] * (p[0] - a[0]) - n[0] * (p[1] - a[1]);
  const along = cross(n, a);
  return Math.atan2(dot(along, p), dot(a, p));
}

/** How far along segment i it is crossed by segment j. */
export function lengthToCrossing(one: SegmentTree, i: number, other: SegmentTree, j: number): number {
  if (one.planar) {
    const a = offsetOf(other, j, vectorAt(one.ends, 6 * i));
    const b = offsetOf(other, j, vectorAt(one.ends, 6 * i + 3));
    return (lengthTo(one, i, vectorAt(one.ends, 6 * i + 3)) * a) / (a - b);
  }
  const crossing = cross(vectorAt(one.normals, 3 * i), vectorAt(other.normals, 3 * j));
  const length = lengthTo(one, i, crossing);
  return length >= 0 ? length : length + Math.PI;
}

/**
 * Pairs of segments whose boxes are at most `reach` apart, until `visit` gives true. With `one` = `other`, each pair
 * of different segments once or twice.
 */
export function somePair(
  one: SegmentTree,
  other: SegmentTree,
  reach: number,
  work: Work,
  visit: (i: number, j: number) => boolean,
  squeeze = 1,
): boolean {
  const square = reach * reach;
  const stack = [1, 1];
  while (stack.length > 0) {
    const right = stack.pop()!;
    const left = stack.pop()!;
    work.spend(1);
    if (boxToBox(one.nodes, left, other.nodes, right, squeeze) > square) continue;
    const splitLeft = left < one.leaves && (right >= other.leaves || left <= right);
    if (splitLeft) stack.push(2 * left, right, 2 * left + 1, right);
    else if (right < other.leaves) stack.push(left, 2 * right, left, 2 * right + 1);
    else if (someOfLeaves(one, left, other, right, square, work, visit, squeeze)) return true;
  }
  return false;
}

function someOfLeaves(
  one: SegmentTree,
  left: number,
  other: SegmentTree,
  right: number,
  square: number,
  work: Work,
  visit: (i: number, j: number) => boolean,
  squeeze: number,
): boolean {
  for (let at = leafStart(one, left); at < leafEnd(one, left); at++) {
    const i = one.order[at]!;
    for (let to = leafStart(other, right); to < leafEnd(other, right); to++) {
      const j = other.order[to]!;
      work.spend(1);
      if (one === other && i === j) continue;
      if (boxToBox(one.boxes, i, other.boxes, j, squeeze) <= square && visit(i, j)) return true;
    }
  }
  return false;
}

/** Segments of a tree whose boxes are at most `reach` from that of a segment of another tree. */
export function segmentsNear(one: SegmentTree, i: number, other: SegmentTree, reach: number, work: Work): number[] {
  const square = reach * reach;
  const found: number[] = [];
  const stack = [1];
  while (stack.length > 0) {
    const node = stack.pop()!;
    work.spend(1);
    if (boxToBox(one.boxes, i, other.nodes, node) > square) continue;
    if (node < other.leaves) stack.push(2 * node, 2 * node + 1);
    else
      for (let at = leafStart(other, node); at < leafEnd(other, node); at++) {
        work.spend(1);
        const j = other.order[at]!;
        if (boxToBox(one.boxes, i, other.boxes, j) <= square) found.push(j);
      }
  }
  return found;
}
