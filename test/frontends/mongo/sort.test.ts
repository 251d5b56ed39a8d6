import { Decimal128, deserialize, Long, MaxKey, MinKey, ObjectId, Timestamp, type Document } from 'bson';
import { describe, expect, test } from 'vitest';
import { MongoError } from '../../../frontends/mongo/errors.ts';
import { compareDocuments, parseSort, sortDocuments, type SortField } from '../../../frontends/mongo/sort.ts';
import { bson, randomOf } from './wire.ts';

function fields(spec: Document): readonly SortField[] {
  const sort = parseSort(bson(spec));
  if (sort?.kind !== 'fields') throw new Error('not a sort by fields');
  return sort.fields;
}

/** `n` of each document in sorted order. */
function sorted(documents: readonly Document[], spec: Document): number[] {
  return sortDocuments(
    documents.map((document, n) => bson({ n, ...document })),
    fields(spec),
  ).map((bytes) => deserialize(bytes)['n'] as number);
}

describe('a sort', () => {
  test('orders the types as MongoDB does', () => {
    const inOrder = [
      new MinKey(),
      null,
      -5,
      Long.fromNumber(3),
      Decimal128.fromString('3.5'),
      'a',
      { x: 1 },
      Buffer.from('x'),
      new ObjectId(),
      false,
      true,
      new Date(5),
      Timestamp.fromBits(0, 1),
      /x/,
      new MaxKey(),
    ];
    const documents = inOrder.map((a) => ({ a }));
    const expected = documents.map((_, n) => n);
    expect(sorted(documents, { a: 1 })).toEqual(expected);
    expect(sorted(documents, { a: -1 })).toEqual([...expected].reverse());
  });

  test('puts an empty array below null, and an absent field with null', () => {
    expect(sorted([{ a: 1 }, {}, { a: [] }, { a: null }], { a: 1 })).toEqual([2, 1, 3, 0]);
  });

  test('takes the least element of an array, or the greatest when descending', () => {
    const documents = [{ a: [5, 1] }, { a: 3 }, { a: [2, 9] }];
    expect(sorted(documents, { a: 1 })).toEqual([0, 2, 1]);
    expect(sorted(documents, { a: -1 })).toEqual([2, 0, 1]);
  });

  test('compares element tuples of one array, not its fields apart', () => {
    const documents = [
      {
        a: [
          { b: 1, c: 9 },
          { b: 2, c: 1 },
        ],
      },
      { a: [{ b: 1, c: 5 }] },
    ];
    expect(sorted(documents, { 'a.b': 1, 'a.c': 1 })).toEqual([1, 0]);
  });

  test('follows positions and nested arrays', () => {
    expect(sorted([{ a: [3, 0] }, { a: [1, 9] }], { 'a.0': 1 })).toEqual([1, 0]);
    expect(sorted([{ a: [{ b: [7, 2] }] }, { a: [{ b: [5] }, { b: [1] }] }], { 'a.b': 1 })).toEqual([1, 0]);
    expect(sorted([{ a: [[5]] }, { a: ['x'] }], { a: 1 })).toEqual([1, 0]);
  });

  test('keeps equal documents as they came', () => {
    expect(sorted([{ a: 1 }, { a: 1.0 }, { a: Long.ONE }, { a: 0 }], { a: 1 })).toEqual([3, 0, 1, 2]);
  });

  test('over two arrays side by side is refused', () => {
    expect(() => sorted([{ a: [1], b: [2] }], { a: 1, b: 1 })).toThrow('parallel arrays');
    expect(
      sorted(
        [
          { a: [2], b: 1 },
          { a: 1, b: [2] },
        ],
        { a: 1, b: 1 },
      ),
    ).toEqual([1, 0]);
  });

  test('by $natural says so, and no fields mean no order', () => {
    expect(parseSort(bson({ $natural: -1 }))).toEqual({ kind: 'natural', direction: -1 });
    expect(parseSort(bson({}))).toBeUndefined();
  });

  test.each<readonly [Document, number]>([
    [{ a: 2 }, 15975],
    [{ a: 0 }, 15975],
    [{ a: 'x' }, 15974],
    [{ a: { $meta: 'textScore' } }, 238],
    [{ 'a.': 1 }, 40353],
    [{ $a: 1 }, 16410],
    [{ $natural: 1, a: 1 }, 2],
    [Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`f${i}`, 1])), 13103],
  ])('%j is refused with code %i', (spec, code) => {
    try {
      parseSort(bson(spec));
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(MongoError);
      expect((error as MongoError).code).toBe(code);
    }
  });

  test('is a total preorder on random documents', () => {
    const seed = Number(process.env['MERIDIAN_SEED'] ?? Date.now() % 1_000_000);
    const random = randomOf(seed);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
    const value = (level: number): unknown => {
      if (level === 0 || random() < 0.5) return pick([null, 1, 2, 1.5, 'a', 'b', true, undefined]);
      if (random() < 0.5) return Array.from({ length: Math.floor(random() * 3) }, () => value(level - 1));
      return { b: value(level - 1), c: value(level - 1) };
    };
    const compare = compareDocuments(fields({ 'a.b': 1, a: -1 }));
    for (let run = 0; run < 3000; run++) {
      const three = [0, 1, 2].map(() => bson({ a: value(2) }));
      const [x, y, z] = three as [Uint8Array, Uint8Array, Uint8Array];
      let xy: number, yz: number, xz: number;
      try {
        [xy, yz, xz] = [compare(x, y), compare(y, z), compare(x, z)];
      } catch (error) {
        expect(error).toBeInstanceOf(MongoError);
        continue;
      }
      const label = `seed ${seed}, run ${run}`;
      expect(Math.sign(compare(y, x)) + Math.sign(xy), label).toBe(0);
      if (xy <= 0 && yz <= 0) expect(xz, label).toBeLessThanOrEqual(0);
    }
  });
});
