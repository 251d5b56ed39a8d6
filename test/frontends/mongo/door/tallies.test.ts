// Pipelines that posting counts answer give what a look at every document gives, and say in an explanation how.

import type { Collection, Document } from 'mongodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { start, type Started } from './start.ts';

let server: Started;
let items: Collection<Document>;

beforeAll(async () => {
  server = await start();
  items = (await server.client()).db('t').collection('items');
  await items.insertMany(
    Array.from({ length: 600 }, (_, i) => ({
      _id: i as never,
      kind: ['a', 'b', null, 7, true][i % 5],
      ...(i % 7 > 0 && { part: { of: i % 3 } }),
      list: i % 11 === 0 ? [] : [i % 4],
      n: i,
    })),
  );
});
afterAll(async () => {
  expect(server.faults).toEqual([]);
  await server.stop();
});

const count = { $sum: 1 };
const pipelines: readonly Document[][] = [
  [{ $count: 'all' }],
  [{ $match: { n: { $lt: 0 } } }, { $count: 'none' }],
  [{ $match: { kind: 'a' } }, { $skip: 5 }, { $limit: 70 }, { $group: { _id: 1, n: count } }],
  [{ $match: { n: { $gte: 100 } } }, { $group: { _id: null, n: { $sum: 2 }, m: { $count: {} } } }],
  [{ $group: { _id: '$kind', n: count } }, { $match: { n: { $gt: 1 } } }],
  [{ $match: { n: { $gte: 100 } } }, { $group: { _id: '$part.of', n: count } }],
  [{ $group: { _id: '$absent', n: count } }],
  [{ $group: { _id: '$list', n: count } }],
  [{ $group: { _id: '$list.x', n: count } }],
  [{ $sortByCount: '$part.of' }],
  [{ $match: { n: { $mod: [10, 3] } } }, { $group: { _id: '$kind', n: count } }],
];

test.each(pipelines.map((pipeline) => [JSON.stringify(pipeline), pipeline] as const))('%s', async (_text, pipeline) => {
  const byId = (a: Document, b: Document): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
  const found = await items.aggregate(pipeline).toArray();
  const looked = await items.aggregate(pipeline, { hint: { $natural: 1 } }).toArray();
  expect([...found].sort(byId)).toEqual([...looked].sort(byId));
});

test('a sort by several fields equals that of all documents', async () => {
  const sort = { kind: 1, n: -1 } as const;
  for (const limit of [1, 10, 400]) {
    const along = await items.find({}).sort(sort).limit(limit).toArray();
    expect(along).toEqual(await items.find({}).hint({ $natural: 1 }).sort(sort).limit(limit).toArray());
  }
});

test('an explanation of a pipeline shows its plan and the stages behind it', async () => {
  const explained: Document = await items
    .aggregate([{ $match: { kind: 'a' } }, { $group: { _id: null, n: count } }, { $set: { x: 1 } }])
    .explain('executionStats');
  const stages = explained['stages'] as Document[];
  expect(stages.slice(1)).toEqual([{ $group: { _id: null, n: count } }, { $set: { x: 1 } }]);
  expect(stages[0]!['$cursor'].queryPlanner.winningPlan).toMatchObject({
    stage: 'COUNT',
    inputStage: { stage: 'COUNT_SCAN', indexName: 'kind_1' },
  });
  expect(stages[0]!['$cursor'].executionStats).toMatchObject({ totalDocsExamined: 0 });
});
