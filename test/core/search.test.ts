// Searches, counts and distinct values of an engine against a look at every document: random documents of every type,
// replaced and deleted meanwhile, random filters and orders.

import { BSONSymbol, Code, type Document } from 'bson';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Engine } from '../../core/engine.ts';
import { eachValue } from '../../core/path-values.ts';
import { compilePredicate } from '../../core/query/predicate/compile.ts';
import { MongoError } from '../../frontends/mongo/errors.ts';
import { parseFilter } from '../../frontends/mongo/filter.ts';
import { compareSortKeys, sortKeyOf } from '../../frontends/mongo/sort.ts';
import { DatabaseError } from '../../model/errors.ts';
import { rawDocument } from '../../model/bson/walk.ts';
import { idTextOf } from '../../model/identity.ts';
import type { Item, Operation } from '../../model/operation.ts';
import { always, type Predicate } from '../../model/predicate.ts';
import { openEngine } from '../frontends/mongo/door/start.ts';
import { bson } from '../frontends/mongo/wire.ts';
import { randomOf, seedOf, testScale } from '../random.ts';
import { randomFilters, type RandomFilters } from './query/predicate/random-filters.ts';

const context = { account: 1 };
const name = { database: 'd', container: 'c' };

let engine: Engine;

beforeEach(async () => {
  engine = await openEngine(1);
  await engine.execute({ kind: 'create-container', ...name, profile: 'collection', createDatabase: true }, context);
});
afterEach(() => engine.close());

async function put(document: Document): Promise<void> {
  const write = { kind: 'upsert-item', body: bson(document), view: 'exact' } as const;
  await engine.execute({ kind: 'write-item', ...name, write }, context);
}

async function remove(id: number): Promise<void> {
  await engine.execute(
    { kind: 'write-item', ...name, write: { kind: 'delete-item', id: String(id), partitionKey: [] } },
    context,
  );
}

type Asked = Partial<Omit<Operation<'open-search'>, 'kind'>>;

function open(asked: Asked) {
  return engine.execute(
    { kind: 'open-search', ...name, scope: {}, predicate: always, view: 'mongo', ...asked },
    context,
  );
}

async function all(asked: Asked, batch = 7): Promise<{ readonly items: readonly Item[]; readonly isOrdered: boolean }> {
  const search = await open(asked);
  const items: Item[] = [];
  for (;;) {
    const page = await search.next(batch, 1 << 20, undefined);
    items.push(...page.items);
    if (page.done) break;
  }
  search.close();
  return { items, isOrdered: search.isOrdered };
}

const idsOf = (items: readonly Item[]): string[] => items.map(({ id }) => id);

/** A predicate that compiles, with its filter. */
function predicateOf(random: RandomFilters): { readonly filter: Document; readonly predicate: Predicate } {
  for (;;) {
    const filter = random.filter();
    try {
      const predicate = parseFilter(bson(filter));
      compilePredicate(predicate);
      return { filter, predicate };
    } catch (error) {
      if (!(error instanceof MongoError || error instanceof DatabaseError)) throw error;
    }
  }
}

describe('random searches', () => {
  test('find, count, order and tell apart what a look at every document does', async () => {
    const seed = seedOf();
    const random = randomFilters(randomOf(seed));
    let ordered = 0;
    let counted = 0;
    let told = 0;
    for (let round = 0; round < 6 * testScale; round++) {
      if (round > 0) {
        await engine.execute({ kind: 'delete-container', ...name }, context);
        await engine.execute({ kind: 'create-container', ...name, profile: 'collection' }, context);
      }
      // Half of the rounds have no arrays at a and b, so that these paths can be walked in order.
      const isPlain = round % 2 === 0;
      const made = (): Document => {
        const document = random.document();
        if (isPlain)
          for (const field of ['a', 'b', 'c', '0'])
            while (document[field] !== undefined && !isPlainValue(document[field])) document[field] = random.value();
        return document;
      };
      const documents = new Map<string, Uint8Array>();
      for (let i = 0; i < 80; i++) {
        const id = random.below(60);
        if (random.below(8) === 0 && documents.delete(String(id))) {
          await remove(id);
          continue;
        }
        const document = { _id: id, ...made() };
        await put(document);
        // A replaced document keeps its place in the order of creation.
        documents.set(String(id), bson(document));
      }
      for (let run = 0; run < 60; run++) {
        const { filter, predicate } = predicateOf(random);
        const matches = compilePredicate(predicate);
        const expected = [...documents].filter(([, body]) => matches(body));
        const wanted = `seed ${seed}: ${JSON.stringify(filter)}`;

        const found = await all({ predicate, limit: random.pick([undefined, 1, 5]) });
        expect(idsOf(found.items), wanted).toEqual(expected.map(([id]) => id));
        const newest = await all({ predicate, order: { kind: 'newest' } });
        expect(idsOf(newest.items), wanted).toEqual(expected.map(([id]) => id).reverse());

        const descending = random.below(2) === 0;
        const path = random.pick([['a'], ['b'], ['a', 'b']]);
        const order = { kind: 'path', path, descending } as const;
        const sorted = await all({ predicate, order, limit: random.pick([undefined, 1, 3]) }, random.pick([1, 50]));
        const fields = [{ path, direction: descending ? -1 : 1 } as const];
        expect(idsOf(sorted.items).sort(), wanted).toEqual(expected.map(([id]) => id).sort());
        if (sorted.isOrdered) {
          ordered++;
          const keys = sorted.items.map(({ body }) => sortKeyOf(fields)(body));
          const compare = compareSortKeys(fields);
          for (let i = 1; i < keys.length; i++)
            expect(compare(keys[i - 1]!, keys[i]!), `${wanted} by ${JSON.stringify(order)}`).toBeLessThanOrEqual(0);
        }

        const { count } = await engine.execute(
          { kind: 'count-items', ...name, scope: {}, predicate, view: 'mongo' },
          context,
        );
        if (count !== undefined) counted++;
        expect(count ?? expected.length, wanted).toBe(expected.length);

        const { values } = await engine.execute(
          { kind: 'distinct-values', ...name, scope: {}, predicate, view: 'mongo', path },
          context,
        );
        if (values === undefined) continue;
        told++;
        const texts = new Set<string>();
        for (const [, body] of expected) eachValue(rawDocument(body), path, (value) => texts.add(idTextOf(value)));
        expect(values.map(idTextOf).sort(), wanted).toEqual([...texts].sort());
      }
    }
    expect(ordered, `seed ${seed}`).toBeGreaterThan(2);
    expect(counted, `seed ${seed}`).toBeGreaterThan(10);
    expect(told, `seed ${seed}`).toBeGreaterThan(1);
  });
});

/** No array, and nothing that stands apart from its kind in the order of terms. */
function isPlainValue(value: unknown): boolean {
  if (value instanceof BSONSymbol || (value instanceof Code && value.scope !== null)) return false;
  return !Array.isArray(value) && !(value instanceof Object && Object.getPrototypeOf(value) === Object.prototype);
}

describe('a search', () => {
  test('shows one state from its first page to its last', async () => {
    for (let i = 0; i < 30; i++) await put({ _id: i, n: i % 3 });
    const search = await open({ predicate: parseFilter(bson({ n: 1 })) });
    const first = await search.next(2, 1 << 20, undefined);
    for (let i = 0; i < 30; i++) await put({ _id: i, n: 1 });
    await remove(28);
    const rest = await search.next(100, 1 << 20, undefined);
    expect(idsOf([...first.items, ...rest.items])).toEqual(Array.from({ length: 10 }, (_, i) => String(i * 3 + 1)));
    expect(rest.done).toBe(true);
  });

  test('that was closed gives nothing any more and holds no version', async () => {
    for (let i = 0; i < 10; i++) await put({ _id: i });
    const search = await open({});
    await search.next(1, 1 << 20, undefined);
    expect([...engine.state.partitions()].map(({ index }) => index.statistics().snapshots)).toEqual([1]);
    search.close();
    search.close();
    expect([...engine.state.partitions()].map(({ index }) => index.statistics().snapshots)).toEqual([0]);
    await expect(search.next(1, 1 << 20, undefined)).rejects.toMatchObject({ code: 'CursorNotFound' });
  });

  test('that was read to its end holds no version', async () => {
    await put({ _id: 1 });
    await all({});
    expect([...engine.state.partitions()].map(({ index }) => index.statistics().snapshots)).toEqual([0]);
  });

  test('fills its pages by bytes too', async () => {
    for (let i = 0; i < 10; i++) await put({ _id: i, text: 'x'.repeat(1000) });
    const search = await open({});
    const page = await search.next(100, 2500, undefined);
    expect(page.items).toHaveLength(2);
    expect((await search.next(100, 10, undefined)).items).toHaveLength(1);
    expect((await search.next(100, 1 << 20, undefined)).items).toHaveLength(7);
    search.close();
  });

  test('sorts values that terms do not tell apart', async () => {
    const long = 'x'.repeat(96);
    const texts = [`${long}b`, `${long}a`, long, `${long}c`, 'w', 'y', `${long}ab`];
    for (const [i, s] of texts.entries()) await put({ _id: i, s });
    await put({ _id: 7, s: { b: 1 } });
    await put({ _id: 8, s: { a: 2 } });
    await put({ _id: 9, s: {} });
    await put({ _id: 10 });
    const order = { kind: 'path', path: ['s'], descending: false } as const;
    const up = await all({ order });
    expect(up.isOrdered).toBe(true);
    expect(idsOf(up.items)).toEqual(['10', '4', '2', '1', '6', '0', '3', '5', '9', '8', '7']);
    const down = await all({ order: { ...order, descending: true } });
    expect(idsOf(down.items)).toEqual(['7', '8', '9', '5', '3', '0', '6', '1', '2', '4', '10']);
  });
});
