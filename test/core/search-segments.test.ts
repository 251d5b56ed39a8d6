// Finds, counts and tallies of an engine whose items lie in many segments and a memtable, some of them replaced and
// deleted in later ones, against a look at every document. Each round is a set of documents, each run one filter.

import type { Document } from 'bson';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Engine } from '../../core/engine.ts';
import { compilePredicate } from '../../core/query/predicate/compile.ts';
import { MemoryIndex } from '../../core/storage/memory-index.ts';
import { SegmentTaskRun, type SegmentTasks } from '../../core/storage/segment-task.ts';
import { MongoError } from '../../frontends/mongo/errors.ts';
import { parseFilter } from '../../frontends/mongo/filter.ts';
import { fieldOf } from '../../model/bson/walk.ts';
import { DatabaseError } from '../../model/errors.ts';
import { idTextOf } from '../../model/identity.ts';
import type { Predicate } from '../../model/predicate.ts';
import { openEngine } from '../frontends/mongo/door/start.ts';
import { bson } from '../frontends/mongo/wire.ts';
import { randomOf, seedOf, testScale } from '../random.ts';
import { randomFilters, type RandomFilters } from './query/predicate/random-filters.ts';

const context = { account: 1 };
const name = { database: 'd', container: 'c' };

/** Segments are written where they are asked for, as a worker would. */
const tasks: SegmentTasks = {
  run: async (task) => {
    const run = new SegmentTaskRun(structuredClone(task));
    while (!run.step());
    return run.finish();
  },
};

let engine: Engine;

beforeEach(async () => {
  engine = await openEngine(1, { openStore: async () => new MemoryIndex(), tasks, memtableBytes: 40_000 });
});
afterEach(() => engine.close());

const create = () =>
  engine.execute({ kind: 'create-container', ...name, profile: 'collection', createDatabase: true }, context);

async function put(document: Document): Promise<void> {
  const write = { kind: 'upsert-item', body: bson(document), view: 'exact' } as const;
  await engine.execute({ kind: 'write-item', ...name, write }, context);
}

async function remove(id: number): Promise<void> {
  const write = { kind: 'delete-item', id: String(id), partitionKey: [] } as const;
  await engine.execute({ kind: 'write-item', ...name, write }, context);
}

async function found(predicate: Predicate, limit: number | undefined): Promise<readonly string[]> {
  const search = await engine.execute(
    { kind: 'open-search', ...name, scope: {}, predicate, view: 'mongo', limit },
    context,
  );
  const ids: string[] = [];
  for (;;) {
    const page = await search.next(37, 1 << 20, undefined);
    ids.push(...page.items.map(({ id }) => id));
    if (page.done) break;
  }
  search.close();
  return ids;
}

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

/** What `$group` by a path of one name gives, by the text of its values. */
function talliesOf(bodies: readonly Uint8Array[], field: string): Map<string | undefined, number> {
  const tallies = new Map<string | undefined, number>();
  for (const body of bodies) {
    const value = fieldOf(body, field);
    const text = value === undefined ? undefined : idTextOf(value);
    tallies.set(text, (tallies.get(text) ?? 0) + 1);
  }
  return tallies;
}

const rounds = 3 * testScale;
const runs = 200;

test('items in segments are found, counted and tallied as a look at every document does', async () => {
  const seed = seedOf();
  const random = randomFilters(randomOf(seed));
  let counted = 0;
  let tallied = 0;
  let segments = 0;
  for (let round = 0; round < rounds; round++) {
    if (round > 0) await engine.execute({ kind: 'delete-container', ...name }, context);
    await create();
    const documents = new Map<string, Uint8Array>();
    for (let i = 0; i < 400; i++) {
      const id = random.below(250);
      if (random.below(6) === 0 && documents.delete(String(id))) {
        await remove(id);
        continue;
      }
      const kind = random.pick(['x', 'y', 'z', null, 1, true]);
      const document = { _id: id, ...random.document(), ...(random.below(5) > 0 && { kind }) };
      await put(document);
      documents.set(String(id), bson(document));
    }
    segments = Math.max(segments, engine.indexStatistics?.segments ?? 0);
    for (let run = 0; run < runs; run++) {
      const { filter, predicate } = predicateOf(random);
      const matches = compilePredicate(predicate);
      const expected = [...documents].filter(([, body]) => matches(body));
      const wanted = `seed ${seed}: ${JSON.stringify(filter)}`;
      expect(await found(predicate, random.pick([undefined, 3])), wanted).toEqual(expected.map(([id]) => id));
      const asked = { ...name, scope: {}, predicate, view: 'mongo' } as const;
      const { count } = await engine.execute({ kind: 'count-items', ...asked }, context);
      if (count !== undefined) counted++;
      expect(count ?? expected.length, wanted).toBe(expected.length);
      const { values } = await engine.execute({ kind: 'tally-values', ...asked, path: ['kind'] }, context);
      if (values === undefined) continue;
      tallied++;
      const tallies = new Map(values.map((each) => [each.value && idTextOf(each.value), each.count]));
      expect(tallies, wanted).toEqual(
        talliesOf(
          expected.map(([, body]) => body),
          'kind',
        ),
      );
    }
  }
  expect(segments, `seed ${seed}`).toBeGreaterThan(1);
  expect(counted, `seed ${seed}`).toBeGreaterThan(10);
  expect(tallied, `seed ${seed}`).toBeGreaterThan(10);
}, 600_000);
