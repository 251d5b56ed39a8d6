// The Earth as WGS84 has it: degrees ↔ unit sphere, geodesic distances, areas.
//
// Edges are great elliptic arcs, as in the service: its documented ST_AREA of a polygon agrees with them to 1e-10 and
// with geodesic edges only to 7e-9. Distances are geodesics. A path of s on the unit sphere of parametric latitudes is
// one of b s to a s on the ellipsoid, because the map shrinks meridians only: searches prune by that.
// Sources: the "Spatial Data Types Overview" of SQL Server, whose geography type this is; C. Karney, "Algorithms for
// geodesics" (2013), for inverse problems; areas by Stokes's theorem, see `ringArea`.

import geodesy from 'geographiclib-geodesic';
import type { Nearest, Vector } from './near.ts';

const { Geodesic } = geodesy;
const earth = Geodesic.WGS84;

/** Axes in metres. */
export const equatorRadius = earth.a;
export const polarRadius = earth.a * (1 - earth.f);

const degree = Math.PI / 180;
const flatness = 1 - earth.f;

/** Sine and cosine of degrees, exact at the quarters: a meridian or the equator then is exactly one. */
function sine(degrees: number): number {
  const rest = degrees % 360;
  if (rest % 180 === 0) return 0;
  if (rest % 90 === 0) return rest === 90 || rest === -270 ? 1 : -1;
  return Math.sin(rest * degree);
}

function cosine(degrees: number): number {
  return Math.abs(degrees) % 180 === 90 ? 0 : Math.cos((degrees % 360) * degree);
}

/** The unit vector of a position. */
export function vectorOf(longitude: number, latitude: number): Vector {
  const across = cosine(latitude);
  const up = flatness * sine(latitude);
  const length = Math.sqrt(across * across + up * up);
  const radius = across / length;
  return [radius * cosine(longitude), radius * sine(longitude), up / length];
}

function latitudeOf([x, y, z]: Vector): number {
  return Math.atan2(z, flatness * Math.sqrt(x * x + y * y)) / degree;
}

function longitudeOf([x, y]: Vector): number {
  return Math.atan2(y, x) / degree;
}

/** Metres between two positions in degrees. */
export function metresBetween(longitude1: number, latitude1: number, longitude2: number, latitude2: number): number {
  return earth.Inverse(latitude1, longitude1, latitude2, longitude2, Geodesic.DISTANCE).s12!;
}

export function metresBetweenVectors(p: Vector, q: Vector): number {
  return metresBetween(longitudeOf(p), latitudeOf(p), longitudeOf(q), latitudeOf(q));
}

/** The point of an arc that the sphere says is nearest. */
export function footOf(p: Vector, a: Vector, b: Vector, normal: Vector, { feature }: Nearest): Vector {
  if (feature !== 'inside') return feature === 'start' ? a : b;
  const off = dot(normal, p);
  const foot: Vector = [p[0] - off * normal[0], p[1] - off * normal[1], p[2] - off * normal[2]];
  return scaled(foot, 1 / Math.sqrt(dot(foot, foot)));
}

/**
 * By what part of it the distance of a point from an arc may differ from the circle's arc, of the equator's radius, over
 * the straight line to the foot on the sphere. Radii of curvature differ by 1.3 % at most, which the arc feels as θ²/24
 * of that; the foot on the ellipsoid is elsewhere by a 298th of the distance, which the distance feels as the square.
 * Half-way around the Earth lines say little: over a pole they are shorter by a 298th, and the circle's arc by 5 %.
 */
export function straightError(arc: number): number {
  return arc > 1.5 ? 0.06 : 2e-5 + 6e-4 * arc * arc;
}

/** Each step leaves about a 300th of the error, and the distance feels only its square. */
const footSteps = 4;

/** Metres from a point to the arc from a to b across `normal`. `near` is what the sphere says is nearest. */
export function metresToArc(p: Vector, a: Vector, b: Vector, normal: Vector, { feature }: Nearest): number {
  if (feature !== 'inside') return metresBetweenVectors(p, feature === 'start' ? a : b);
  const along = cross(normal, a);
  const whole = Math.atan2(dot(along, b), dot(a, b));
  let angle = Math.atan2(dot(along, p), dot(a, p));
  let least = Infinity;
  for (let step = 0; step < footSteps; step++) {
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    const foot: Vector = [a[0] * cos + along[0] * sin, a[1] * cos + along[1] * sin, a[2] * cos + along[2] * sin];
    const heading: Vector = [along[0] * cos - a[0] * sin, along[1] * cos - a[1] * sin, along[2] * cos - a[2] * sin];
    const mask = Geodesic.DISTANCE | Geodesic.AZIMUTH;
    const { s12, azi2 } = earth.Inverse(latitudeOf(p), longitudeOf(p), latitudeOf(foot), longitudeOf(foot), mask);
    least = Math.min(least, s12!);
    // The geodesic should meet the arc at a right angle: go back by the leg that its deviation spans.
    const deviation = Math.cos(azi2! * degree - azimuthOf(foot, heading));
    const next = angle - Math.atan(Math.tan(Math.min(s12! / equatorRadius, 1.5)) * deviation);
    if (next <= 0 || next >= whole) return Math.min(least, metresBetweenVectors(p, next <= 0 ? a : b));
    if (next === angle) break;
    angle = next;
  }
  return least;
}

/** Azimuth, in radians, on the ellipsoid of a direction on the sphere. */
function azimuthOf(at: Vector, heading: Vector): number {
  const latitude = latitudeOf(at) * degree;
  const longitude = longitudeOf(at) * degree;
  const outward = Math.cos(longitude) * heading[0] + Math.sin(longitude) * heading[1];
  const east = Math.cos(longitude) * heading[1] - Math.sin(longitude) * heading[0];
  const north = Math.cos(latitude) * flatness * heading[2] - Math.sin(latitude) * outward;
  return Math.atan2(east, north);
}

export function dot(p: Vector, q: Vector): number {
  return p[0] * q[0] + p[1] * q[1] + p[2] * q[2];
}

export function cross(p: Vector, q: Vector): Vector {
  return [p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2], p[0] * q[1] - p[1] * q[0]];
}

function minus(p: Vector, q: Vector): Vector {
  return [p[0] - q[0], p[1] - q[1], p[2] - q[2]];
}

/** Area between the equator and a parametric latitude of this sine, for one radian of longitude. */
const bulge = Math.sqrt(equatorRadius ** 2 - polarRadius ** 2);
function zone(sin: number): number {
  const root = Math.sqrt(polarRadius ** 2 + (bulge * sin) ** 2);
  return (
    equatorRadius * ((sin * root) / 2 + (polarRadius ** 2 / (2 * bulge)) * Math.asinh((bulge * sin) / polarRadius))
  );
}

/** Square of the radius of the sphere with the Earth's area. */
const authalic = zone(1);
/** All of the Earth, in square metres. */
export const earthArea = 4 * Math.PI * authalic;

/** Gauss-Legendre on [-1, 1], 5 points: with arcs of `quadratureArc` at most, exact to about 1e-16 of the whole. */
const quadrature: readonly (readonly [number, number])[] = [
  [0, 128 / 225],
  ...[-1, 1].flatMap((sign): [number, number][] => [
    [(sign * Math.sqrt(5 - 2 * Math.sqrt(10 / 7))) / 3, (322 + 13 * Math.sqrt(70)) / 900],
    [(sign * Math.sqrt(5 + 2 * Math.sqrt(10 / 7))) / 3, (322 - 13 * Math.sqrt(70)) / 900],
  ]),
];
const quadratureArc = 0.1;

/**
 * What the ellipsoid has more than the sphere of equal area under an arc, up to the equator: with longitude λ the
 * integral of (zone − authalic sin β) dλ. The form vanishes at the poles, so no ring is a special case.
 */
function excess(a: Vector, b: Vector, normal: Vector): number {
  const along = cross(normal, a);
  const whole = Math.atan2(dot(along, b), dot(a, b));
  const pieces = Math.max(1, Math.ceil(whole / quadratureArc));
  const half = whole / pieces / 2;
  let sum = 0;
  for (let piece = 0; piece < pieces; piece++)
    for (const [at, weight] of quadrature) {
      const angle = half * (2 * piece + 1 + at);
      const sin = a[2] * Math.cos(angle) + along[2] * Math.sin(angle);
      const rest = 1 - sin * sin;
      // Near a pole both parts of the quotient are lost to rounding, and its limit is not.
      if (rest > 1e-9) sum += ((zone(sin) - authalic * sin) / rest) * weight;
      else sum += Math.sign(sin) * poleExcess * weight;
    }
  return sum * half * normal[2];
}
const poleExcess = (zone(Math.sqrt(1 - 1e-6)) - authalic * Math.sqrt(1 - 1e-6)) / 1e-6;

/** The signed angle, in steradians, of the triangle. */
function triangle(a: Vector, b: Vector, c: Vector): number {
  return 2 * Math.atan2(dot(cross(minus(b, a), minus(c, a)), a), 1 + dot(a, b) + dot(b, c) + dot(c, a));
}

/** Where triangles may have their common corner when a ring's first point will not do: 14 that are far apart. */
const corners: readonly Vector[] = [-1, 1].flatMap((sign): Vector[] => [
  [sign, 0, 0],
  [0, sign, 0],
  [0, 0, sign],
  ...[-1, 1].flatMap((y): Vector[] => [-1, 1].map((z) => scaled([sign, y, z], 1 / Math.sqrt(3)))),
]);

function scaled([x, y, z]: Vector, factor: number): Vector {
  return [x * factor, y * factor, z * factor];
}

/** A point that no corner of the ring is near the antipode of; near a small ring, for small triangles. */
function apexOf(count: number, arc: (i: number) => readonly [a: Vector, b: Vector, normal: Vector]): Vector {
  const leastCosine = (apex: Vector): number => {
    let least = 1;
    for (let i = 0; i < count; i++) least = Math.min(least, dot(apex, arc(i)[0]));
    return least;
  };
  let [best] = arc(0);
  let most = leastCosine(best);
  if (most > 0) return best;
  for (const corner of corners) {
    const least = leastCosine(corner);
    if (least > most) [best, most] = [corner, least];
  }
  return best;
}

/** Square metres to the left of a ring of arcs: 0 up to the whole Earth. */
export function ringArea(count: number, arc: (i: number) => readonly [a: Vector, b: Vector, normal: Vector]): number {
  const apex = apexOf(count, arc);
  let sphere = 0;
  let more = 0;
  for (let i = 0; i < count; i++) {
    const [a, b, normal] = arc(i);
    sphere += triangle(apex, a, b);
    more -= excess(a, b, normal);
  }
  const area = authalic * sphere + more;
  // Triangles of the other orientation count negative, so the sum is the area but for whole spheres.
  return area - earthArea * Math.floor(area / earthArea);
}
