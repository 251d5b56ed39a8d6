import { deserialize, Long, type Document } from 'bson';
import { describe, expect, test } from 'vitest';
import { compilePosition } from '../../../core/query/predicate/compile.ts';
import { MongoError } from '../../../frontends/mongo/errors.ts';
import { parseFilter } from '../../../frontends/mongo/filter.ts';
import { parseProjection } from '../../../frontends/mongo/projection.ts';
import { validateBson } from '../../../model/bson/validate.ts';
import { bson } from './wire.ts';

function project(document: Document, spec: Document, filter: Document = {}): string {
  const bytes = bson(document);
  const projection = parseProjection(bson(spec))!;
  const position = projection.needsPosition ? compilePosition(parseFilter(bson(filter)))(bytes) : -1;
  const next = projection.project(bytes, position);
  validateBson(next);
  return JSON.stringify(deserialize(next));
}

const stored = { _id: 1, a: 1, b: { c: 2, d: 3 }, e: [{ x: 1, y: 2 }, 5, [{ x: 3, y: 4 }]], f: [1, 2, 3, 4] };

describe('a projection', () => {
  test.each<readonly [Document, Document]>([
    [{ a: 1 }, { _id: 1, a: 1 }],
    [{ a: true, _id: 0 }, { a: 1 }],
    [{ a: Long.fromNumber(5) }, { _id: 1, a: 1 }],
    [{ 'b.c': 1 }, { _id: 1, b: { c: 2 } }],
    [{ b: { c: 1 } }, { _id: 1, b: { c: 2 } }],
    [{ 'a.z': 1 }, { _id: 1 }],
    [{ 'e.x': 1 }, { _id: 1, e: [{ x: 1 }, [{ x: 3 }]] }],
    [
      { 'e.x': 0, a: 0, b: 0, f: 0 },
      { _id: 1, e: [{ y: 2 }, 5, [{ y: 4 }]] },
    ],
    [{ _id: 1 }, { _id: 1 }],
    [{ _id: 0, b: 0, e: 0, f: 0 }, { a: 1 }],
    [
      { _id: 1, b: 0, e: 0, f: 0 },
      { _id: 1, a: 1 },
    ],
    [
      { 'b.c': 0, e: 0, f: 0 },
      { _id: 1, a: 1, b: { d: 3 } },
    ],
    [
      { f: { $slice: 2 }, b: 0, e: 0 },
      { _id: 1, a: 1, f: [1, 2] },
    ],
    [
      { f: { $slice: -1 }, a: 1 },
      { _id: 1, a: 1, f: [4] },
    ],
    [{ f: { $slice: [1, 2] }, _id: 0, a: 0, b: 0, e: 0 }, { f: [2, 3] }],
    [
      { f: { $slice: [-3, 2] }, a: 1 },
      { _id: 1, a: 1, f: [2, 3] },
    ],
    [{ f: { $elemMatch: { $gt: 2 } } }, { _id: 1, f: [3] }],
    [
      { e: { $elemMatch: { x: 1 } }, a: 1 },
      { _id: 1, a: 1, e: [{ x: 1, y: 2 }] },
    ],
    [{ e: { $elemMatch: { x: 9 } } }, { _id: 1 }],
    [{ none: 1 }, { _id: 1 }],
  ])('%j gives %j', (spec, expected) => {
    expect(project(stored, spec)).toBe(JSON.stringify(expected));
  });

  test('keeps the element a query matched', () => {
    expect(project(stored, { 'f.$': 1 }, { f: { $gt: 2 } })).toBe('{"_id":1,"f":[3]}');
    expect(project({ _id: 1, a: { b: [{ x: 1 }, { x: 2 }] } }, { 'a.b.$': 1 }, { 'a.b.x': 2 })).toBe(
      '{"_id":1,"a":{"b":[{"x":2}]}}',
    );
    expect(() => project(stored, { 'f.$': 1 }, { a: 1 })).toThrow("couldn't find a matching element");
  });

  test('keeps the order of the document and takes prototype names as names', () => {
    expect(project({ z: 1, constructor: 2, a: 3 }, { a: 1, constructor: 1, z: 1 })).toBe(
      '{"z":1,"constructor":2,"a":3}',
    );
  });

  test('of no fields keeps everything', () => {
    expect(parseProjection(bson({}))).toBeUndefined();
  });

  test.each<readonly [Document, number]>([
    [{ a: 1, b: 0 }, 31254],
    [{ a: 0, b: 1 }, 31253],
    [{ a: 1, 'a.b': 1 }, 31249],
    [{ 'a.b': 1, a: 1 }, 31250],
    [{ 'a.$': 1, 'b.$': 1 }, 31276],
    [{ 'a.$': 1, b: { $elemMatch: { x: 1 } } }, 31256],
    [{ 'a.$': 0 }, 31395],
    [{ 'a.$.b': 1 }, 31394],
    [{ 'a.b': { $elemMatch: { x: 1 } } }, 31275],
    [{ a: { $elemMatch: 1 } }, 31274],
    [{ a: {} }, 51270],
    [{ 'a.': 1 }, 40353],
    [{ 'a..b': 1 }, 15998],
    [{ $a: 1 }, 16410],
    [{ '': 1 }, 40352],
    [{ a: { $slice: 'x' } }, 28667],
    [{ a: { $slice: [1, 0] } }, 28724],
    [{ a: 'x' }, 238],
    [{ a: { $add: [1, 2] } }, 238],
  ])('%j is refused with code %i', (spec, code) => {
    try {
      parseProjection(bson(spec));
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(MongoError);
      expect((error as MongoError).code).toBe(code);
    }
  });

  test('nested too deeply is refused', () => {
    let spec: Document = { a: 1 };
    for (let i = 0; i < 150; i++) spec = { a: spec };
    expect(() => parseProjection(bson(spec))).toThrow(MongoError);
  });
});
