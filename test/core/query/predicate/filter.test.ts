import type { Document } from 'bson';
import { expect, test } from 'vitest';
import { compilePredicate } from '../../../../core/query/predicate/compile.ts';
import { filterOf } from '../../../../core/query/predicate/filter.ts';
import { parseFilter } from '../../../../frontends/mongo/filter.ts';
import { NumberCursor } from '../../../../indexer/lookup.ts';
import { PartitionIndex, type PartitionIndexOptions } from '../../../../indexer/partition-index.ts';
import { defaultPolicy } from '../../../../indexer/policy.ts';
import { PagePool } from '../../../../indexer/pool.ts';
import { MongoError } from '../../../../frontends/mongo/errors.ts';
import { DatabaseError } from '../../../../model/errors.ts';
import { bson } from '../../../frontends/mongo/wire.ts';
import { randomOf, seedOf, testScale } from '../../../random.ts';
import { randomFilters } from './random-filters.ts';

function indexOf(documents: readonly Document[], options: Partial<PartitionIndexOptions> = {}): PartitionIndex {
  const index = new PartitionIndex({ policy: defaultPolicy, pool: new PagePool(), ...options });
  for (const [i, document] of documents.entries())
    index.add(i + 1, i + 1, bson(document), { id: `i${i}`, key: '', created: i + 1, seconds: 0, ttlSeconds: 0 });
  return index;
}

function found(
  index: PartitionIndex,
  filter: Document,
): { readonly numbers: readonly number[]; readonly exact: boolean } {
  const { filter: asked, exact } = filterOf(parseFilter(bson(filter)), index.paths);
  const cursor = new NumberCursor(index.now(), asked);
  const numbers: number[] = [];
  for (let number = cursor.next(); number > 0; number = cursor.next()) numbers.push(number);
  return { numbers, exact: exact && cursor.exact };
}

/** What the index finds, and whether it needs no test. */
function answer(filter: Document, documents: readonly Document[]): readonly [found: readonly number[], exact: boolean] {
  const { numbers, exact } = found(indexOf(documents), filter);
  return [numbers, exact];
}

const table: readonly (readonly [string, Document, readonly Document[], readonly number[], boolean])[] = [
  ['equality', { a: 1 }, [{ a: 1 }, { a: 2 }, {}, { a: [1] }], [1, 4], true],
  ['equality behind an array', { 'a.b': 1 }, [{ a: { b: 1 } }, { a: [{ b: 1 }] }, { a: [[{ b: 1 }]] }], [1, 2], true],
  ['null', { a: null }, [{}, { a: null }, { a: [null] }, { a: 1 }, { a: [] }], [1, 2, 3], true],
  ['null behind no array', { 'a.b': null }, [{ a: { b: 1 } }, { a: 5 }, {}], [2, 3], true],
  ['existence', { a: { $exists: true } }, [{ a: null }, {}], [1], true],
  ['absence', { a: { $exists: false } }, [{ a: null }, {}], [2], true],
  ['inequality', { a: { $ne: 1 } }, [{ a: 1 }, { a: [1, 2] }, { a: 2 }, {}], [3, 4], true],
  ['one range of one value', { a: { $gt: 1, $lt: 3 } }, [{ a: 1 }, { a: 2 }, { a: 3 }], [2], true],
  ['bounds met by two elements', { a: { $gt: 5, $lt: 3 } }, [{ a: [1, 9] }, { a: 4 }], [1], true],
  [
    'bounds of one element',
    { a: { $elemMatch: { $gt: 1, $lt: 9 } } },
    [{ a: [1, 9] }, { a: [5] }, { a: 5 }],
    [2],
    true,
  ],
  ['one condition on an element', { a: { $elemMatch: { b: 1 } } }, [{ a: [{ b: 1 }] }, { a: { b: 1 } }], [1], true],
  [
    'two conditions on an element, met by two',
    { a: { $elemMatch: { b: 1, c: 1 } } },
    [{ a: [{ b: 1 }, { c: 1 }] }, { a: [{ b: 1 }] }],
    [1],
    false,
  ],
  ['a prefix', { a: /^ab/ }, [{ a: 'abc' }, { a: 'b' }, { a: ['ab'] }], [1, 3], true],
  ['another pattern', { a: /b$/ }, [{ a: 'abc' }, { a: 1 }, { a: ['ab'] }], [3], false],
  ['a pattern on cut texts', { a: /b$/ }, [{ a: 'x'.repeat(200) }, { a: 'xa' }, { a: 'xb' }], [1, 3], false],
  [
    'a remainder',
    { a: { $mod: [4, 1] } },
    [{ a: 5 }, { a: 6 }, { a: 5.5 }, { a: [2, 9] }, { a: 'x' }, { a: -5 }, { a: 2 ** 70 }],
    [1, 3, 4, 7],
    false,
  ],
  [
    'bits',
    { a: { $bitsAllSet: [0, 2] } },
    [{ a: 5 }, { a: 4 }, { a: 5.5 }, { a: [1, 7] }, { a: -1 }],
    [1, 4, 5],
    false,
  ],
  ['a size', { a: { $size: 2 } }, [{ a: [1, 2] }, { a: [1] }, { a: [[1, 2]] }], [1], true],
  ['a type', { a: { $type: 'string' } }, [{ a: 'x' }, { a: [1, 'x'] }, { a: 1 }], [1, 2], true],
  ['one type of numbers', { a: { $type: 'int' } }, [{ a: 1 }, { a: 1.5 }, { a: 'x' }], [1, 2], false],
  ['an object', { a: { x: 1, y: 2 } }, [{ a: { x: 1, y: 2 } }, { a: { y: 2, x: 1 } }, { a: { x: 1 } }], [1, 2], false],
  ['a position', { 'a.1': 5 }, [{ a: [4, 5] }, { a: [5, 4] }, { a: { 1: 5 } }, { a: [6] }], [1, 2, 3], false],
  ['a choice of a test', { $or: [{ a: 1 }, { b: { $mod: [2, 0] } }] }, [{ a: 1 }, { b: 3 }, { b: 'x' }], [1], false],
  ['neither of two', { $nor: [{ a: 1 }, { b: { $mod: [2, 0] } }] }, [{ a: 1 }, { b: 3 }, { b: 2 }], [2, 3], false],
  ['a path that no item has', { z: 1 }, [{ a: 1 }], [], true],
];

test.each(table)('%s is found by terms', (_name, filter, documents, numbers, exact) => {
  expect(answer(filter, documents)).toEqual([numbers, exact]);
});

test('what the policy leaves out is unknown', () => {
  const index = indexOf(
    [
      { a: 1, b: 1 },
      { a: 2, b: 2 },
    ],
    { policy: { included: ['/*'], excluded: ['/a/*'], composites: [] } },
  );
  expect(found(index, { a: 1 })).toEqual({ numbers: [1, 2], exact: false });
  expect(found(index, { b: 1 })).toEqual({ numbers: [1], exact: true });
  expect(found(index, { a: 1, b: 2 })).toEqual({ numbers: [2], exact: false });
});

test('items whose paths found no room are candidates', () => {
  const documents = Array.from({ length: 40 }, (_, i) => ({ [`n${i}`]: 1 }));
  const index = indexOf(documents, { pathsLimit: 20 });
  expect(found(index, { n39: 1 }).numbers).toContain(40);
  expect(found(index, { n39: 1 }).exact).toBe(false);
  expect(found(index, { n39: null }).numbers).toHaveLength(40);
});

test('an index answers random filters as the compiled predicate does, with too much at most', () => {
  const seed = seedOf();
  const random = randomFilters(randomOf(seed));
  let exactOnes = 0;
  let narrowed = 0;
  let total = 0;
  for (let round = 0; round < 20 * testScale; round++) {
    const documents = Array.from({ length: 40 }, random.document);
    const index = indexOf(documents, random.below(8) === 0 ? { pathsLimit: 20 } : {});
    const stored = documents.map(bson);
    for (let run = 0; run < 120; run++) {
      const filter = random.filter();
      let matches: (document: Uint8Array) => boolean;
      try {
        matches = compilePredicate(parseFilter(bson(filter)));
      } catch (error) {
        if (error instanceof MongoError || error instanceof DatabaseError) continue;
        throw error;
      }
      const expected = stored.flatMap((document, i) => (matches(document) ? [i + 1] : []));
      const { numbers, exact } = found(index, filter);
      const missed = expected.filter((number) => !numbers.includes(number));
      const told = `seed ${seed}: ${JSON.stringify(filter)}`;
      if (missed.length > 0) expect.fail(`${told} misses ${JSON.stringify(documents[missed[0]! - 1])}`);
      total++;
      if (numbers.length < documents.length) narrowed++;
      if (!exact) continue;
      exactOnes++;
      const surplus = numbers.filter((number) => !expected.includes(number));
      if (surplus.length > 0) expect.fail(`${told} is exact and has ${JSON.stringify(documents[surplus[0]! - 1])}`);
    }
  }
  expect(exactOnes / total, `seed ${seed}`).toBeGreaterThan(0.2);
  expect(narrowed / total, `seed ${seed}`).toBeGreaterThan(0.4);
});
