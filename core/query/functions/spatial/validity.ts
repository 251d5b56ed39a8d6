// What makes rings a polygon: each is simple, none crosses another, rings touch in single points at most, and every
// hole lies in the exterior ring and in no other hole. Source: OGC Simple Features 6.1.11, as the service's functions
// have it. The tree's rings have been turned so that the polygon is to their left.

import { meetingOf, somePair } from './meeting.ts';
import { nearestOfTree, newNearest, type Vector } from './near.ts';
import type { SegmentTree } from './segments.ts';
import type { Work } from './work.ts';

/** Why the rings are no polygon. */
export function faultOfPolygon(tree: SegmentTree, tolerance: number, work: Work): string | undefined {
  const starts = ringStarts(tree);
  const { chains, count } = tree;
  for (const [ring, start] of starts.entries()) {
    if ((starts[ring + 1] ?? count) - start < 3)
      return `The Polygon input is not valid because the ring number ${ring + 1} has less than three distinct points.`;
  }
  const nextOf = (i: number): number => (i + 1 < count && chains[i + 1] === chains[i] ? i + 1 : starts[ringOf(i)]!);
  const ringOf = (i: number): number => chains[i]! - chains[0]!;
  let fault: string | undefined;
  somePair(tree, tree, tolerance, work, (i, j) => {
    if (i > j) return false;
    const meeting = meetingOf(tree, i, tree, j, tolerance);
    const sameRing = chains[i] === chains[j];
    const adjacent = sameRing && (nextOf(i) === j || nextOf(j) === i);
    if (meeting === 'none' || (meeting === 'touch' && (adjacent || !sameRing))) return false;
    fault = sameRing
      ? `The Polygon input is not valid because the ring number ${ringOf(i) + 1} intersects itself.`
      : `The Polygon input is not valid because the rings number ${ringOf(i) + 1} and ${ringOf(j) + 1} intersect.`;
    return true;
  });
  if (fault !== undefined) return fault;
  for (let ring = 1; ring < starts.length; ring++) {
    if (!isLeftOfOthers(tree, starts[ring]!, starts[ring + 1] ?? count, tolerance, work))
      return `The Polygon input is not valid because the ring number ${ring + 1} is not a hole of the first.`;
  }
  return undefined;
}

function ringStarts({ chains, count }: SegmentTree): number[] {
  const starts: number[] = [];
  for (let i = 0; i < count; i++) if (i === 0 || chains[i] !== chains[i - 1]) starts.push(i);
  return starts;
}

/** Whether a ring that crosses no other lies on the polygon's side of the others. Its first free corner tells. */
function isLeftOfOthers(tree: SegmentTree, start: number, end: number, tolerance: number, work: Work): boolean {
  const nearest = newNearest();
  for (let i = start; i < end; i++) {
    const corner: Vector = [tree.ends[6 * i]!, tree.ends[6 * i + 1]!, tree.ends[6 * i + 2]!];
    nearestOfTree(tree, corner, nearest, work, tree.chains[start]);
    if (nearest.square > tolerance * tolerance) return nearest.offset > 0;
  }
  return true;
}
