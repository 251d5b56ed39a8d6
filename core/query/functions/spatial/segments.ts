// Segments in a tree of boxes. Both spaces lie in three dimensions, so one tree serves both, and neither the poles
// nor the 180th meridian are a special case:
//
//   plane       (x, y, 0); segments are straight
//   ellipsoid   its points mapped to the unit sphere by the parametric latitude. The map is affine along the axis, so
//               the great elliptic arc between two points, the plane section through the centre, becomes the great
//               circle arc between their images. Arcs are shorter than half a circle.
//
// For both, `normal` is the unit vector across the segment, to its left, and the offset of a point p from the line
// through a is normal · (p − a). It is computed from differences, which keeps segments of millimetres exact.

/** Segments in a leaf of the tree. */
const leafSegments = 4;

export interface SegmentTree {
  readonly planar: boolean;
  readonly count: number;
  /** Start and end of each segment, three numbers each. */
  readonly ends: Float64Array;
  /** Three numbers a segment; zero for a point. */
  readonly normals: Float64Array;
  /** The point, line or ring each segment belongs to; segments of one follow each other. */
  readonly chains: Int32Array;
  /** Least x, y, z and greatest x, y, z of each segment. */
  readonly boxes: Float64Array;
  /** Segments in the order of the leaves. */
  readonly order: Int32Array;
  /** Boxes of the nodes: the root is node 1, the children of n are 2n and 2n + 1, the first leaf is `leaves`. */
  readonly nodes: Float64Array;
  readonly leaves: number;
}

/** First and one past the last place in `order` of a leaf. */
export function leafStart(tree: SegmentTree, node: number): number {
  return (node - tree.leaves) * leafSegments;
}

export function leafEnd(tree: SegmentTree, node: number): number {
  return Math.min(tree.count, leafStart(tree, node) + leafSegments);
}

/** The tree over these segments, or undefined when the ends of one are antipodes, which leaves its way open. */
export function segmentTree(planar: boolean, ends: Float64Array, chains: Int32Array): SegmentTree | undefined {
  const count = chains.length;
  const normals = new Float64Array(3 * count);
  const boxes = new Float64Array(6 * count);
  for (let i = 0; i < count; i++) {
    if (!setNormal(planar, ends, normals, i)) return undefined;
    setBox(planar, ends, normals, boxes, i);
  }
  const order = orderOf(boxes, count);
  let leaves = 1;
  while (leaves * leafSegments < count) leaves *= 2;
  const nodes = new Float64Array(12 * leaves);
  for (let n = 0; n < 2 * leaves; n++) {
    nodes.fill(Infinity, 6 * n, 6 * n + 3);
    nodes.fill(-Infinity, 6 * n + 3, 6 * n + 6);
  }
  for (let at = 0; at < count; at++) widen(nodes, leaves + Math.floor(at / leafSegments), boxes, order[at]!);
  for (let n = leaves - 1; n >= 1; n--) {
    widen(nodes, n, nodes, 2 * n);
    widen(nodes, n, nodes, 2 * n + 1);
  }
  return { planar, count, ends, normals, chains, boxes, order, nodes, leaves };
}

const noNormal = new Float64Array(3);
const firstOnly = new Int32Array(1);

/** The tree of one point: queries make one for each row. */
export function pointTree(planar: boolean, x: number, y: number, z: number): SegmentTree {
  const ends = Float64Array.of(x, y, z, x, y, z);
  const nodes = Float64Array.of(0, 0, 0, 0, 0, 0, x, y, z, x, y, z);
  return {
    planar,
    count: 1,
    ends,
    normals: noNormal,
    chains: firstOnly,
    boxes: ends,
    order: firstOnly,
    nodes,
    leaves: 1,
  };
}

function widen(nodes: Float64Array, node: number, boxes: Float64Array, box: number): void {
  for (let k = 0; k < 3; k++) {
    if (boxes[6 * box + k]! < nodes[6 * node + k]!) nodes[6 * node + k] = boxes[6 * box + k]!;
    if (boxes[6 * box + 3 + k]! > nodes[6 * node + 3 + k]!) nodes[6 * node + 3 + k] = boxes[6 * box + 3 + k]!;
  }
}

/** Sine of the angle below which the ends of an arc count as antipodes. */
const antipodal = 1e-9;

function setNormal(planar: boolean, ends: Float64Array, normals: Float64Array, i: number): boolean {
  const e = 6 * i;
  const dx = ends[e + 3]! - ends[e]!;
  const dy = ends[e + 4]! - ends[e + 1]!;
  const dz = ends[e + 5]! - ends[e + 2]!;
  if (dx === 0 && dy === 0 && dz === 0) return true;
  // The cross product of what points up, twice the middle of the arc, and the way from start to end.
  const ux = planar ? 0 : ends[e]! + ends[e + 3]!;
  const uy = planar ? 0 : ends[e + 1]! + ends[e + 4]!;
  const uz = planar ? 1 : ends[e + 2]! + ends[e + 5]!;
  const nx = uy * dz - uz * dy;
  const ny = uz * dx - ux * dz;
  const nz = ux * dy - uy * dx;
  if (!planar && ux * ux + uy * uy + uz * uz < antipodal * antipodal) return false;
  const length = Math.sqrt(nx * nx + ny * ny + nz * nz);
  if (length === 0) return true;
  normals[3 * i] = nx / length;
  normals[3 * i + 1] = ny / length;
  normals[3 * i + 2] = nz / length;
  return true;
}

function setBox(planar: boolean, ends: Float64Array, normals: Float64Array, boxes: Float64Array, i: number): void {
  const e = 6 * i;
  for (let k = 0; k < 3; k++) {
    boxes[e + k] = Math.min(ends[e + k]!, ends[e + 3 + k]!);
    boxes[e + 3 + k] = Math.max(ends[e + k]!, ends[e + 3 + k]!);
  }
  if (planar) return;
  const n = 3 * i;
  if (normals[n] === 0 && normals[n + 1] === 0 && normals[n + 2] === 0) return;
  // An arc reaches beyond its ends on an axis where its circle's extreme point on that axis lies on it.
  for (let k = 0; k < 3; k++) {
    const across = normals[n + k]!;
    const reach = Math.sqrt(Math.max(0, 1 - across * across));
    if (reach === 0) continue;
    const q: [number, number, number] = [
      (-across * normals[n]!) / reach,
      (-across * normals[n + 1]!) / reach,
      (-across * normals[n + 2]!) / reach,
    ];
    q[k] = q[k]! + 1 / reach;
    const afterStart = along(ends, normals, i, e, q[0], q[1], q[2]);
    const afterEnd = along(ends, normals, i, e + 3, q[0], q[1], q[2]);
    if (afterStart > 0 && afterEnd < 0) boxes[e + 3 + k] = reach;
    else if (afterStart < 0 && afterEnd > 0) boxes[e + k] = -reach;
  }
}

/** The component of q along the arc at its end that lies at `at`. */
function along(
  ends: Float64Array,
  normals: Float64Array,
  i: number,
  at: number,
  qx: number,
  qy: number,
  qz: number,
): number {
  const nx = normals[3 * i]!;
  const ny = normals[3 * i + 1]!;
  const nz = normals[3 * i + 2]!;
  const ax = ends[at]!;
  const ay = ends[at + 1]!;
  const az = ends[at + 2]!;
  return (ny * az - nz * ay) * qx + (nz * ax - nx * az) * qy + (nx * ay - ny * ax) * qz;
}

/** Bits of each axis in the code of a place along the curve that orders segments. */
const codeBits = 10;
const codeMax = (1 << codeBits) - 1;
/** Segments of one geometry are below this. */
const codeFactor = 2 ** 20;

/** Segments along a Z-order curve through their middles, so that neighbours share leaves. */
function orderOf(boxes: Float64Array, count: number): Int32Array {
  const order = new Int32Array(count);
  if (count <= leafSegments) {
    for (let i = 0; i < count; i++) order[i] = i;
    return order;
  }
  const least = [Infinity, Infinity, Infinity];
  const greatest = [-Infinity, -Infinity, -Infinity];
  for (let i = 0; i < count; i++)
    for (let k = 0; k < 3; k++) {
      const middle = boxes[6 * i + k]! / 2 + boxes[6 * i + 3 + k]! / 2;
      if (middle < least[k]!) least[k] = middle;
      if (middle > greatest[k]!) greatest[k] = middle;
    }
  const keys = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    let code = 0;
    for (let k = 0; k < 3; k++) {
      const range = greatest[k]! - least[k]!;
      const middle = boxes[6 * i + k]! / 2 + boxes[6 * i + 3 + k]! / 2;
      const cell = range > 0 ? Math.floor(((middle - least[k]!) / range) * codeMax) : 0;
      for (let bit = 0; bit < codeBits; bit++) if (cell & (1 << bit)) code += 2 ** (3 * bit + k);
    }
    keys[i] = code * codeFactor + i;
  }
  keys.sort();
  for (let at = 0; at < count; at++) order[at] = keys[at]! % codeFactor;
  return order;
}

/** Square of the distance, through the space, from a point to a node's box. */
export function nodeToPoint({ nodes }: SegmentTree, node: number, x: number, y: number, z: number): number {
  const n = 6 * node;
  const dx = Math.max(nodes[n]! - x, 0, x - nodes[n + 3]!);
  const dy = Math.max(nodes[n + 1]! - y, 0, y - nodes[n + 4]!);
  const dz = Math.max(nodes[n + 2]! - z, 0, z - nodes[n + 5]!);
  return dx * dx + dy * dy + dz * dz;
}

/** Square of the distance between two boxes, z counting `squeeze` times. */
export function boxToBox(one: Float64Array, i: number, other: Float64Array, j: number, squeeze = 1): number {
  const a = 6 * i;
  const b = 6 * j;
  const x = Math.max(one[a]! - other[b + 3]!, 0, other[b]! - one[a + 3]!);
  const y = Math.max(one[a + 1]! - other[b + 4]!, 0, other[b + 1]! - one[a + 4]!);
  const z = squeeze * Math.max(one[a + 2]! - other[b + 5]!, 0, other[b + 2]! - one[a + 5]!);
  return x * x + y * y + z * z;
}
