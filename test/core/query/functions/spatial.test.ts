// The spatial functions against oracles that share nothing with them: geographiclib over positions sampled densely
// on great elliptic arcs in space, winding numbers around the point, brute force in the plane, figures published by
// the service's documentation.

import geodesy from 'geographiclib-geodesic';
import { describe, expect, it } from 'vitest';
import { evaluate } from '../../../query/harness.ts';
import { randomOf, seedOf, testScale } from '../../../random.ts';

const earth = geodesy.Geodesic.WGS84;
const planar = { schema: { text: 'plane', computed: new Map(), distances: new Map(), planar: true } } as const;

type Position = readonly [number, number];
type Ring = readonly Position[];

/** Positions written as "x y, x y". */
const path = (text: string): Ring => text.split(', ').map((pair) => pair.split(' ').map(Number) as unknown as Position);
const geometry = (type: string, coordinates: unknown): object => ({ type, coordinates });
const point = (...at: Position): object => geometry('Point', at);
const line = (...positions: readonly Position[]): object => geometry('LineString', positions);
const closed = (ring: Ring): Ring => [...ring, ring[0]!];
const polygon = (...rings: Ring[]): object => geometry('Polygon', rings.map(closed));

function call(name: string, geometries: readonly unknown[], options: object = {}): unknown {
  const parameters = Object.fromEntries(geometries.map((value, i) => [`@g${i}`, value]));
  return evaluate(`ST_${name}(${Object.keys(parameters).join(', ')})`, { ...options, parameters });
}

const distance = (one: object, other: object, options?: object): number =>
  call('DISTANCE', [one, other], options) as number;
const within = (one: object, other: object, options?: object): unknown => call('WITHIN', [one, other], options);
const intersects = (one: object, other: object, options?: object): unknown => call('INTERSECTS', [one, other], options);
const area = (one: object, options?: object): number => call('AREA', [one], options) as number;
const isValid = (one: unknown, options?: object): unknown => call('ISVALID', [one], options);
const reason = (one: unknown, options?: object): unknown =>
  (call('ISVALIDDETAILED', [one], options) as { reason?: string } | undefined)?.reason;

const rad = Math.PI / 180;
const e2 = earth.f * (2 - earth.f);

/** Cartesian metres. */
function inSpace([lon, lat]: Position): [number, number, number] {
  const n = earth.a / Math.sqrt(1 - e2 * Math.sin(lat * rad) ** 2);
  const across = n * Math.cos(lat * rad);
  return [across * Math.cos(lon * rad), across * Math.sin(lon * rad), n * (1 - e2) * Math.sin(lat * rad)];
}

/** A position on the plane section through the centre of the Earth. */
function between(from: Position, to: Position, part: number): Position {
  const [a, b] = [inSpace(from), inSpace(to)];
  const [x, y, z] = [0, 1, 2].map((k) => a[k]! * (1 - part) + b[k]! * part) as [number, number, number];
  return [Math.atan2(y, x) / rad, Math.atan2(z, (1 - e2) * Math.hypot(x, y)) / rad];
}

function sampled(ring: Ring, count: number): Position[] {
  return ring.flatMap((from, i) =>
    Array.from({ length: count }, (_, k) => between(from, ring[(i + 1) % ring.length]!, k / count)),
  );
}

function metres([lon1, lat1]: Position, [lon2, lat2]: Position): number {
  return earth.Inverse(lat1, lon1, lat2, lon2).s12!;
}

/** Turns of the ring around the position, as the azimuths from there say. */
function windingNumber(ring: Ring, [lon, lat]: Position): number {
  const azimuths = sampled(ring, 100).map(([x, y]) => earth.Inverse(lat, lon, y, x).azi1!);
  let turned = 0;
  azimuths.forEach((azimuth, i) => {
    const step = azimuth - azimuths.at(i - 1)!;
    turned += step - 360 * Math.round(step / 360);
  });
  return -Math.round(turned / 360);
}

/** A star around a position, counter-clockwise, radii in degrees. */
function star([lon, lat]: Position, corners: number, least: number, most: number, random: () => number): Position[] {
  return Array.from({ length: corners }, (_, i) => {
    const radius = least + (most - least) * random();
    const to = earth.Direct(lat, lon, -((i + 0.8 * random()) * 360) / corners, radius * 111_000);
    return [to.lon2!, to.lat2!] as const;
  });
}

function anywhere(random: () => number): Position {
  return [360 * random() - 180, Math.asin(2 * random() - 1) / rad];
}

const edgeOfMaps: readonly Position[] = path('0 90, 77 -90, 180 0, -180 66, 179.9 -89, 0 0');

function centre(round: number, random: () => number): Position {
  return edgeOfMaps[round] ?? anywhere(random);
}

describe('ST_DISTANCE', () => {
  it('is that of geodesics between points', () => {
    const random = randomOf(seedOf());
    for (let round = 0; round < 300 * testScale; round++) {
      const [one, other] = [centre(round, random), anywhere(random)];
      expect(distance(point(...one), point(...other))).toBeCloseTo(metres(one, other), 6);
    }
  });

  it.each([
    ['London', [-0.1276, 51.5072], 'New York', [-74.006, 40.7128], 5_585_000],
    ['Sydney', [151.2093, -33.8688], 'Santiago', [-70.6693, -33.4489], 11_340_000],
    ['Suva', [178.4419, -18.1416], 'Apia', [-171.7514, -13.8507], 1_152_000],
  ] as [string, Position, string, Position, number][])('from %s to %s', (_one, from, _other, to, about) => {
    expect(distance(point(...from), point(...to)) / about).toBeCloseTo(1, 2);
  });

  it('agrees with the documentation of the service', () => {
    const office = point(-122.12826822304672, 47.63980239335718);
    expect(distance(office, point(-122.11758113953535, 47.66901087006131)) / 3345.269817267368).toBeCloseTo(1, 7);
  });

  it('finds the way over a pole between antipodes', () => {
    expect(distance(point(0, 0), point(180, 0))).toBeCloseTo(20_003_931.4586, 3);
    expect(distance(point(0, 90), point(44, -90))).toBeCloseTo(20_003_931.4586, 3);
  });

  it('from a point to a line is that to the nearest position of its great elliptic arcs', () => {
    const seed = seedOf();
    const random = randomOf(seed);
    for (let round = 0; round < 40 * testScale; round++) {
      const at = centre(round, random);
      const positions = [anywhere(random), star(at, 3, 1, 60, random)[1]!, anywhere(random)];
      let least = Infinity;
      for (let i = 0; i + 1 < positions.length; i++) {
        const [from, to] = [positions[i]!, positions[i + 1]!];
        const f = (part: number): number => metres(at, between(from, to, part));
        let best = 0;
        for (let k = 0; k <= 200; k++) if (f(k / 200) < f(best)) best = k / 200;
        let [low, high] = [Math.max(0, best - 0.005), Math.min(1, best + 0.005)];
        for (let k = 0; k < 60; k++) {
          const third = (high - low) / 3;
          if (f(low + third) < f(high - third)) high -= third;
          else low += third;
        }
        least = Math.min(least, f((low + high) / 2), f(0), f(1));
      }
      const found = distance(point(...at), line(...positions));
      expect(Math.abs(found - least), `seed ${seed}, round ${round}`).toBeLessThan(1e-3);
      expect(distance(line(...positions), point(...at))).toBe(found);
    }
  });

  it('is zero exactly where shapes intersect, and the same both ways', () => {
    const seed = seedOf();
    const random = randomOf(seed);
    for (let round = 0; round < 150 * testScale; round++) {
      const at = centre(round, random);
      const one = polygon(star(at, 7, 2, 8, random));
      const near = star(at, 1, 0, 20, random)[0]!;
      const other = round % 2 === 0 ? polygon(star(near, 5, 1, 5, random)) : line(...star(near, 4, 1, 9, random));
      const found = distance(one, other);
      expect(found === 0, `seed ${seed}, round ${round}`).toBe(intersects(one, other));
      expect(distance(other, one)).toBe(found);
      expect(intersects(other, one)).toBe(intersects(one, other));
      expect(found).toBeLessThanOrEqual(metres(at, near) + 1);
    }
  });

  it('of several parts is that of the nearest', () => {
    const parts = geometry('MultiPoint', path('10 0, 20 0, 1 1'));
    expect(distance(parts, point(1, 0))).toBeCloseTo(metres([1, 1], [1, 0]), 6);
    const lines = geometry('MultiLineString', [path('5 5, 5 6'), path('0 -1, 0 1')]);
    expect(distance(lines, point(0, 0))).toBe(0);
    expect(distance(lines, point(1, 0))).toBeCloseTo(metres([0, 0], [1, 0]), 6);
  });

  it('takes a line of one repeated position for a point', () => {
    expect(distance(line(...path('3 4, 3 4')), point(3, 5))).toBeCloseTo(metres([3, 4], [3, 5]), 6);
    expect(within(line(...path('3 4, 3 4')), polygon(path('0 0, 9 0, 9 9, 0 9')))).toBe(true);
  });
});

describe('points and polygons', () => {
  it('agree with winding numbers, whichever side the ring encloses', () => {
    const seed = seedOf();
    const random = randomOf(seed);
    for (let round = 0; round < 60 * testScale; round++) {
      const at = centre(round, random);
      // Of three corners two can lie more than half a turn apart: the ring would then run clockwise.
      const ring = star(at, 4 + Math.floor(random() * 7), 5, 80, random);
      for (const position of [at, anywhere(random), star(at, 1, 0, 80, random)[0]!]) {
        const inside = windingNumber(ring, position) === 1;
        const note = `seed ${seed}, round ${round}, ${position.join()} ${JSON.stringify(ring)}`;
        expect(within(point(...position), polygon(ring)), note).toBe(inside);
        expect(intersects(polygon(ring), point(...position)), note).toBe(inside);
        expect(within(point(...position), polygon([...ring].reverse())), note).toBe(!inside);
      }
    }
  });

  const cap: Ring = path('0 80, 90 80, 180 80, -90 80');

  it('a ring around a pole holds it', () => {
    expect(within(point(33, 90), polygon(cap))).toBe(true);
    expect(within(point(33, -90), polygon(cap))).toBe(false);
    expect(within(point(33, -90), polygon([...cap].reverse()))).toBe(true);
    // Between the corners the edges pass nearer to the pole than the parallel.
    expect(within(point(45, 81), polygon(cap))).toBe(false);
    expect(within(point(45, 84), polygon(cap))).toBe(true);
  });

  it('a ring across the 180th meridian is no ring around the Earth', () => {
    const fiji: Ring = path('177 -19, -179 -19, -179 -16, 177 -16');
    expect(within(point(180, -17), polygon(fiji))).toBe(true);
    expect(within(point(-180, -17), polygon(fiji))).toBe(true);
    expect(within(point(0, -17), polygon(fiji))).toBe(false);
    expect(area(polygon(fiji))).toBeLessThan(2e11);
  });

  it('a point on the boundary intersects and is not within', () => {
    const square: Ring = path('0 0, 10 0, 10 10, 0 10');
    for (const at of path('0 0, 5 0, 10 3, 10 10')) {
      expect(intersects(point(...at), polygon(square))).toBe(true);
      expect(within(point(...at), polygon(square))).toBe(false);
      expect(distance(point(...at), polygon(square))).toBe(0);
    }
  });

  it('a hole is outside, in whatever order its ring comes', () => {
    const hole: Ring = path('4 4, 4 6, 6 6, 6 4');
    for (const ring of [hole, [...hole].reverse()]) {
      const holed = polygon(path('0 0, 10 0, 10 10, 0 10'), ring);
      expect(isValid(holed)).toBe(true);
      expect(within(point(5, 5), holed)).toBe(false);
      expect(within(point(3, 5), holed)).toBe(true);
      expect(distance(point(5, 5), holed)).toBeGreaterThan(1e5);
      expect(area(holed)).toBeCloseTo(
        area(polygon(path('0 0, 10 0, 10 10, 0 10'))) - area(polygon([...hole].reverse())),
        0,
      );
    }
  });
});

describe('ST_AREA', () => {
  it('agrees with the documentation of the service', () => {
    const ring: Ring = path('31.8 -5, 32 -5, 32 -4.7, 31.8 -4.7');
    expect(area(polygon(ring)) / 735970283.0522614).toBeCloseTo(1, 9);
  });

  it('is that of a polygon sampled densely, and of the rest of the Earth for the other order', () => {
    const seed = seedOf();
    const random = randomOf(seed);
    const whole = 510_065_621_724_088;
    for (let round = 0; round < 12 * testScale; round++) {
      const ring = star(centre(round, random), 5, 1, round % 2 === 0 ? 3 : 80, random);
      const oracle = earth.Polygon(false);
      for (const [lon, lat] of sampled(ring, 3000)) oracle.AddPoint(lat, lon);
      const expected = oracle.Compute(false, false).area!;
      expect(area(polygon(ring)) / expected, `seed ${seed}, round ${round}`).toBeCloseTo(1, 6);
      expect(area(polygon([...ring].reverse())) / (whole - expected)).toBeCloseTo(1, 6);
    }
  });

  it('knows octants, hemispheres and small fields', () => {
    const eighth = 510_065_621_724_088 / 8;
    expect(area(polygon(path('0 0, 90 0, 0 90'))) / eighth).toBeCloseTo(1, 12);
    expect(area(polygon(path('0 0, 90 0, 180 0, -90 0'))) / eighth).toBeCloseTo(4, 11);
    expect(area(polygon(path('0 0, 120 0, -120 0'))) / eighth).toBeCloseTo(4, 11);
    // Ten millionths of a degree at the equator: 1.113 m by 1.106 m.
    expect(area(polygon(path('0 0, 1e-5 0, 1e-5 1e-5, 0 1e-5')))).toBeCloseTo(1.1132 * 1.1057, 3);
  });

  it('is zero of points and lines, and a sum of several polygons', () => {
    expect(area(point(1, 2))).toBe(0);
    expect(area(line(...path('1 2, 3 4')))).toBe(0);
    const [one, other]: readonly Ring[] = [path('0 0, 1 0, 1 1'), path('5 0, 6 0, 6 1')];
    const both = geometry('MultiPolygon', [[closed(one!)], [closed(other!)]]);
    expect(area(both)).toBeCloseTo(area(polygon(one!)) + area(polygon(other!)), 3);
  });
});

describe('ST_WITHIN and ST_INTERSECTS of lines and polygons', () => {
  it('hold for a shrunken copy, and turn around for the rest of the Earth', () => {
    const seed = seedOf();
    const random = randomOf(seed);
    for (let round = 0; round < 60 * testScale; round++) {
      const at = centre(round, random);
      const outer = star(at, 6, 20, 40, random);
      const inner = star(at, 5, 1, 6, random);
      const note = `seed ${seed}, round ${round}`;
      const far: Position = [at[0] > 0 ? at[0] - 180 : at[0] + 180, -at[1]];
      const island = polygon(star(far, 5, 1, 20, random));
      const rest = polygon([...outer].reverse());
      expect(isValid(rest), note).toBe(true);
      expect(within(polygon(inner), polygon(outer)), note).toBe(true);
      expect(within(polygon(outer), polygon(inner)), note).toBe(false);
      expect(within(line(...inner), polygon(outer)), note).toBe(true);
      expect(within(island, rest), note).toBe(true);
      expect(within(polygon(inner), rest), note).toBe(false);
      expect(intersects(polygon(inner), rest), note).toBe(false);
      expect(intersects(polygon(outer), rest), note).toBe(true);
      expect(within(polygon(outer), rest), note).toBe(false);
      expect(within(polygon(outer), polygon(outer)), note).toBe(true);
      expect(within(rest, rest), note).toBe(true);
      const holed = polygon(outer, inner);
      expect(within(polygon(inner), holed), note).toBe(false);
      expect(within(holed, polygon(outer)), note).toBe(true);
      expect(within(polygon(outer), holed), note).toBe(false);
      expect(within(line(at, at), holed), note).toBe(false);
    }
  });

  it.each([
    ['lines that cross', line(...path('0 0, 10 10')), line(...path('0 10, 10 0')), true],
    [
      'lines that would cross on the other side of the Earth',
      line(...path('0 0, 10 10')),
      line(...path('180 -10, -170 0')),
      false,
    ],
    ['lines that cross on the 180th meridian', line(...path('170 1, -170 -1')), line(...path('180 5, 180 -5')), true],
    ['lines that share an end', line(...path('0 0, 10 10')), line(...path('10 10, 20 0')), true],
    ['lines over the pole', line(...path('0 80, 180 80')), line(...path('90 80, -90 80')), true],
    ['a line through a polygon', line(...path('-5 5, 15 5')), polygon(path('0 0, 10 0, 10 10, 0 10')), true],
    ['polygons that share an edge', polygon(path('0 0, 5 0, 5 5')), polygon(path('0 0, 5 -5, 5 0')), true],
    ['polygons apart', polygon(path('0 0, 5 0, 5 5')), polygon(path('6 0, 8 0, 8 5')), false],
  ])('%s', (_what, one, other, expected) => {
    expect(intersects(one, other)).toBe(expected);
    expect(intersects(other, one)).toBe(expected);
  });

  it.each([
    ['a point inside a line', point(5, 0), line(...path('0 0, 10 0')), true],
    ['the end of a line', point(10, 0), line(...path('0 0, 10 0')), false],
    ['the corner of a closed line', point(0, 0), line(...path('0 0, 10 0, 5 5, 0 0')), true],
    ['part of a line', line(...path('2 0, 3 0')), line(...path('0 0, 5 0, 10 0')), true],
    ['more than a line', line(...path('2 0, 13 0')), line(...path('0 0, 5 0, 10 0')), false],
    ['a line along the edge of a polygon', line(...path('2 0, 3 0')), polygon(path('0 0, 5 0, 5 5')), false],
    ['a line from edge to edge', line(...path('0 0, 5 3')), polygon(path('0 0, 5 0, 5 5')), true],
    ['a line out of a polygon', line(...path('4 1, 9 1')), polygon(path('0 0, 5 0, 5 5')), false],
    ['a polygon in a line', polygon(path('0 0, 5 0, 5 5')), line(...path('0 0, 5 0')), false],
    ['a point in points', point(1, 1), geometry('MultiPoint', path('0 0, 1 1')), true],
    ['points of which one is out', geometry('MultiPoint', path('4 1, 9 9')), polygon(path('0 0, 5 0, 5 5')), false],
  ])('%s within', (_what, one, other, expected) => {
    expect(within(one, other)).toBe(expected);
    expect(within(one, other, planar)).toBe(expected);
  });

  it('two halves of a square cover a square between them', () => {
    const halves = geometry('MultiPolygon', [
      [closed(path('0 0, 5 0, 5 10, 0 10'))],
      [closed(path('5 0, 10 0, 10 10, 5 10'))],
    ]);
    expect(within(polygon(path('3 3, 7 3, 7 7, 3 7')), halves, planar)).toBe(true);
    expect(within(polygon(path('3 3, 17 3, 17 7, 3 7')), halves, planar)).toBe(false);
  });
});

describe('a container of the plane', () => {
  it('measures straight, in the unit of the coordinates', () => {
    expect(distance(point(0, 0), point(3000, 4000), planar)).toBe(5000);
    expect(distance(point(0, 5), line(...path('-1000 0, 1000 0')), planar)).toBe(5);
    expect(area(polygon(path('0 0, 200 0, 200 100, 0 100')), planar)).toBe(20_000);
    expect(area(polygon(path('0 0, 0 100, 200 100, 200 0')), planar)).toBe(20_000);
    expect(within(point(999, 999), polygon(path('0 0, 0 1000, 1000 1000, 1000 0')), planar)).toBe(true);
    expect(isValid(point(1000, 1000), planar)).toBe(true);
    expect(isValid(point(1e300, 0), planar)).toBe(false);
  });

  it('agrees with brute force', () => {
    const seed = seedOf();
    const random = randomOf(seed);
    const whole = (): number => Math.floor(random() * 20);
    for (let round = 0; round < 200 * testScale; round++) {
      const corners = 3 + Math.floor(random() * 6);
      const ring: Ring = Array.from({ length: corners }, (_, i) => {
        const [angle, radius] = [((i + 0.5 * random()) * 2 * Math.PI) / corners, 2 + 9 * random()];
        return [10 + radius * Math.cos(angle), 10 + radius * Math.sin(angle)] as const;
      });
      const at: Position = [whole() + 0.25, whole() + 0.25];
      let inside = false;
      let least = Infinity;
      ring.forEach(([x1, y1], i) => {
        const [x2, y2] = ring[(i + 1) % corners]!;
        if (y1 > at[1] !== y2 > at[1] && at[0] < x1 + ((at[1] - y1) / (y2 - y1)) * (x2 - x1)) inside = !inside;
        const t = ((at[0] - x1) * (x2 - x1) + (at[1] - y1) * (y2 - y1)) / ((x2 - x1) ** 2 + (y2 - y1) ** 2);
        const to = Math.max(0, Math.min(1, t));
        least = Math.min(least, Math.hypot(at[0] - x1 - to * (x2 - x1), at[1] - y1 - to * (y2 - y1)));
      });
      const note = `seed ${seed}, round ${round}`;
      expect(within(point(...at), polygon(ring), planar), note).toBe(inside);
      expect(distance(point(...at), polygon(ring), planar), note).toBeCloseTo(inside ? 0 : least, 9);
      expect(distance(point(...at), line(...closed(ring)), planar), note).toBeCloseTo(least, 9);
    }
  });
});

describe('validity', () => {
  const ring = path('0 0, 4 0, 4 4, 0 4, 0 0');

  it.each([
    ['a point', point(1, 2)],
    ['a point with a height', geometry('Point', [1, 2, 300])],
    ['further members', { ...point(1, 2), bbox: [0, 0, 1, 1], crs: null }],
    ['a pole', point(0, -90)],
    ['a clockwise polygon', polygon(path('0 0, 0 4, 4 4, 4 0'))],
    ['a hole that touches the exterior', polygon(ring.slice(0, 4), path('0 0, 1 2, 2 1'))],
    ['repeated positions', polygon(path('0 0, 0 0, 4 0, 4 4, 4 4'))],
  ])('%s is valid', (_what, one) => {
    expect(isValid(one)).toBe(true);
    expect(call('ISVALIDDETAILED', [one])).toEqual({ valid: true });
  });

  it.each([
    ['a latitude', geometry('Point', [133.7, -184.3]), 'Latitude values must be between -90 and 90 degrees.'],
    ['a longitude', geometry('Point', [181, 0]), 'Longitude values must be between -180 and 180 degrees.'],
    [
      'an open ring',
      geometry('Polygon', [ring.slice(0, 4)]),
      /start and end points of the ring number 1 are not the same/,
    ],
    ['a ring of three positions', geometry('Polygon', [path('0 0, 1 1, 0 0')]), /less than four positions/],
    ['a ring without area', geometry('Polygon', [path('0 0, 1 0, 2 0, 0 0')]), /intersects itself/],
    ['a bow tie', polygon(path('0 0, 4 4, 4 0, 0 4')), /ring number 1 intersects itself/],
    ['a spike', polygon(path('0 0, 4 0, 8 0, 4 0, 4 4')), /intersects itself/],
    ['a hole across the exterior', polygon(ring.slice(0, 4), path('1 1, 9 1, 9 2')), /rings number 1 and 2 intersect/],
    ['a hole outside', polygon(ring.slice(0, 4), path('11 1, 19 1, 19 2')), /ring number 2 is not a hole/],
    [
      'a hole within a hole',
      polygon(path('0 0, 9 0, 9 9, 0 9'), path('1 1, 8 1, 8 8, 1 8'), path('2 2, 4 2, 4 4')),
      /number [23] is not a hole/,
    ],
    ['an edge between antipodes', line(...path('0 10, 180 -10')), /antipodal/],
    ['a line of one position', geometry('LineString', [[0, 0]]), /at least two positions/],
    ['a collection', { type: 'GeometryCollection', geometries: [] }, /type member/],
    ['a feature', { type: 'Feature', geometry: point(0, 0) }, /type member/],
    ['another case', { type: 'point', coordinates: [0, 0] }, /type member/],
    ['no coordinates', { type: 'Point' }, /coordinates member/],
    ['texts', geometry('Point', ['0', '0']), /numbers/],
    ['one number', geometry('Point', [0]), /at least two/],
    ['too deep', geometry('Point', [[0, 0]]), /numbers/],
    ['too flat', geometry('Polygon', [[0, 0]]), /depth/],
    ['nothing', geometry('MultiPolygon', []), /empty/],
    ['a polygon without rings', geometry('Polygon', []), /ring|empty/],
    ['a prototype name', { type: 'constructor', coordinates: [0, 0] }, /type member/],
  ] as [string, object, string | RegExp][])('%s is not', (_what, one, why) => {
    expect(isValid(one)).toBe(false);
    expect(reason(one)).toMatch(why);
    expect(distance(one, point(0, 0))).toBeUndefined();
    expect(intersects(point(0, 0), one)).toBeUndefined();
    expect(within(one, one)).toBeUndefined();
    expect(area(one)).toBeUndefined();
  });

  it.each([[1], ['x'], [null], [true], [[]]])('of %j is undefined', (value) => {
    expect(isValid(value)).toBeUndefined();
    expect(call('ISVALIDDETAILED', [value])).toBeUndefined();
    expect(call('DISTANCE', [value, point(0, 0)])).toBeUndefined();
  });
});

describe('bounds', () => {
  const circle = (count: number, radius: number): Position[] =>
    Array.from({ length: count }, (_, i) => {
      const angle = (2 * Math.PI * i) / count;
      return [radius * Math.cos(angle), radius * Math.sin(angle)];
    });

  it('a geometry of 50,000 positions is taken, one of more is not', () => {
    const large = polygon(circle(49_999, 10));
    expect(isValid(large)).toBe(true);
    expect(within(point(9.9, 0), large)).toBe(true);
    expect(within(polygon(circle(49_999, 9)), large)).toBe(true);
    expect(distance(large, polygon(circle(49_999, 11).map(([x, y]) => [x + 40, y] as const)))).toBeGreaterThan(1e6);
    expect(reason(polygon(circle(50_000, 10)))).toMatch(/at most 50000 positions/);
  });

  it('shapes that defeat every box end with an error', () => {
    const slats = (shift: number): object =>
      geometry(
        'MultiLineString',
        Array.from({ length: 5000 }, (_, i) => path(`-80 ${4e-3 * i + shift}, 80 ${4e-3 * i + shift + 5}`)),
      );
    expect(() => distance(slats(0), slats(0.002), planar)).toThrowError(expect.objectContaining({ code: 'TooLarge' }));
  });
});
