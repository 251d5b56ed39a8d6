// The nearest point of a segment, and the search for the nearest segment of a tree.

import { leafEnd, leafStart, nodeToPoint, type SegmentTree } from './segments.ts';
import type { Work } from './work.ts';

/** A point of the space of segments.ts. */
export type Vector = readonly [x: number, y: number, z: number];

/** Where the nearest point of a segment is. */
export type Feature = 'inside' | 'start' | 'end';

/** One result object a search: filled anew for each segment. */
export interface Nearest {
  /** Square of the distance through the space; on the sphere, of the chord. */
  square: number;
  feature: Feature;
  /** From the line through the segment: positive to its left. */
  offset: number;
  /** Along the segment from its nearest end, where that is an end: negative, behind it. */
  ahead: number;
}

export function newNearest(): Nearest {
  return { square: Infinity, feature: 'start', offset: 0, ahead: 0 };
}

/** The square of a chord whose arc has this sine. */
function chordSquare(sine: number): number {
  return (2 * sine * sine) / (1 + Math.sqrt(Math.max(0, 1 - sine * sine)));
}

export function nearestOfSegment(tree: SegmentTree, i: number, p: Vector, into: Nearest): void {
  const { ends, normals, planar } = tree;
  const [px, py, pz] = p;
  const e = 6 * i;
  const ax = ends[e]!;
  const ay = ends[e + 1]!;
  const az = ends[e + 2]!;
  const bx = ends[e + 3]!;
  const by = ends[e + 4]!;
  const bz = ends[e + 5]!;
  const nx = normals[3 * i]!;
  const ny = normals[3 * i + 1]!;
  const nz = normals[3 * i + 2]!;
  const fx = px - ax;
  const fy = py - ay;
  const fz = pz - az;
  const gx = px - bx;
  const gy = py - by;
  const gz = pz - bz;
  // Along the segment: from its start towards the end, and from its end backwards.
  const afterStart = planar
    ? ny * fx - nx * fy
    : (ny * az - nz * ay) * fx + (nz * ax - nx * az) * fy + (nx * ay - ny * ax) * fz;
  const beforeEnd = planar
    ? nx * gy - ny * gx
    : (nz * by - ny * bz) * gx + (nx * bz - nz * bx) * gy + (ny * bx - nx * by) * gz;
  const toStart = fx * fx + fy * fy + fz * fz;
  const toEnd = gx * gx + gy * gy + gz * gz;
  const startNearer = toStart <= toEnd;
  into.offset = startNearer ? nx * fx + ny * fy + nz * fz : nx * gx + ny * gy + nz * gz;
  if (afterStart > 0 && beforeEnd > 0) {
    into.square = planar ? into.offset * into.offset : chordSquare(into.offset);
    into.feature = 'inside';
    into.ahead = 0;
  } else if (startNearer) {
    into.square = toStart;
    into.feature = 'start';
    into.ahead = afterStart;
  } else {
    into.square = toEnd;
    into.feature = 'end';
    into.ahead = beforeEnd;
  }
}

/** Nodes yet to be looked at. A tree of 50,000 segments has 15 levels, and a search holds one node of each. */
const stackSize = 64;

/** Distances nearer to each other than this part of them count as equal: they belong to segments that share an end. */
const tie = 1e-9;

/**
 * The nearest segment of those whose chain is not `except`: fills `into` and gives its number, -1 for none. Of
 * segments that share the nearest point it takes the one with the smallest angle, whose side tells inside from outside.
 */
export function nearestOfTree(tree: SegmentTree, p: Vector, into: Nearest, work: Work, except = -1): number {
  const stack = new Int32Array(stackSize);
  const found = newNearest();
  into.square = Infinity;
  let best = -1;
  let height = 0;
  stack[height++] = 1;
  while (height > 0) {
    const node = stack[--height]!;
    work.spend(1);
    if (nodeToPoint(tree, node, p[0], p[1], p[2]) > into.square * (1 + tie)) continue;
    if (node < tree.leaves) {
      const left = nodeToPoint(tree, 2 * node, p[0], p[1], p[2]);
      const right = nodeToPoint(tree, 2 * node + 1, p[0], p[1], p[2]);
      const leftFirst = left <= right;
      stack[height++] = leftFirst ? 2 * node + 1 : 2 * node;
      stack[height++] = leftFirst ? 2 * node : 2 * node + 1;
      continue;
    }
    for (let at = leafStart(tree, node), end = leafEnd(tree, node); at < end; at++) {
      const i = tree.order[at]!;
      if (tree.chains[i] === except) continue;
      work.spend(1);
      nearestOfSegment(tree, i, p, found);
      const nearer = found.square < into.square * (1 - tie);
      const equal = !nearer && found.square <= into.square * (1 + tie);
      if (!nearer && !(equal && rank(found) > rank(into))) continue;
      best = i;
      Object.assign(into, found);
    }
  }
  return best;
}

/** A point beside a segment is told by it alone; beyond an end the segment that points most towards it tells. */
function rank({ feature, ahead }: Nearest): number {
  return feature === 'inside' ? Infinity : ahead;
}
