// Every stage and accumulator through the driver, and what else takes expressions: updates, filters, projections.
// Expectations are from the MongoDB manual's description of each, on data of our own.

import { Double, Long, type Document } from 'bson';
import type { Collection, Db, MongoClient } from 'mongodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accumulatorNames } from '../../../../frontends/mongo/aggregate/accumulators.ts';
import { stageNames } from '../../../../frontends/mongo/aggregate/pipeline.ts';
import { start, type Started } from '../door/start.ts';
import { exact, results } from './exact.ts';

let server: Started;
let client: MongoClient;
let db: Db;
let sales: Collection<Document>;

const items = [
  { _id: 1, item: 'pen', price: 2, sizes: ['S', 'M'], tags: { color: 'red' }, qty: 5 },
  { _id: 2, item: 'ink', price: 7.5, sizes: [], tags: { color: 'blue' }, qty: 2 },
  { _id: 3, item: 'pen', price: 3, sizes: 'L', tags: { color: 'red' }, qty: 8 },
  { _id: 4, item: 'pad', price: null, tags: { color: 'blue' }, qty: 1 },
];
const stock = [
  { _id: 'a', sku: 'pen', in: 10 },
  { _id: 'b', sku: 'pen', in: 3 },
  { _id: 'c', sku: ['ink', 'pad'], in: 1 },
  { _id: 'd', in: 0 },
];

beforeAll(async () => {
  server = await start();
  client = await server.client();
  db = client.db('shop');
  sales = db.collection('sales');
  await sales.insertMany(items.map((item) => ({ ...item })) as never[]);
  await db.collection<Document>('stock').insertMany(stock as never[]);
});
afterAll(async () => {
  expect(server.faults).toEqual([]);
  await server.stop();
});

const long = (value: number): Long => Long.fromNumber(value);
const double = (value: number): Double => new Double(value);

type Row = readonly [pipeline: Document[], documents: readonly Document[]];

const stages: Row[] = [
  [
    [{ $match: { item: 'pen' } }, { $project: { price: 1 } }],
    [
      { _id: 1, price: 2 },
      { _id: 3, price: 3 },
    ],
  ],
  [[{ $match: { $expr: { $gt: ['$qty', '$price'] } } }, { $count: 'n' }], [{ n: 3 }]],
  [
    [{ $match: { $or: [{ _id: 2 }, { $expr: { $eq: ['$qty', 1] } }] } }, { $project: { _id: 1 } }],
    [{ _id: 2 }, { _id: 4 }],
  ],
  [
    [{ $sort: { price: -1, _id: 1 } }, { $skip: 1 }, { $limit: 2 }, { $project: { _id: 1 } }],
    [{ _id: 3 }, { _id: 1 }],
  ],
  [
    [{ $limit: 3 }, { $match: { item: 'pen' } }, { $project: { _id: 1 } }],
    [{ _id: 1 }, { _id: 3 }],
  ],
  [[{ $match: { _id: 99 } }, { $count: 'n' }], []],
  [
    [
      { $match: { _id: 1 } },
      { $project: { _id: 0, total: { $multiply: ['$price', '$qty'] }, item: 1, 'tags.shade': '$item' } },
    ],
    [{ item: 'pen', tags: { shade: 'pen' }, total: 10 }],
  ],
  [
    [{ $match: { _id: 1 } }, { $project: { sizes: 0, 'tags.color': 0 } }],
    [{ _id: 1, item: 'pen', price: 2, tags: {}, qty: 5 }],
  ],
  [
    [{ $match: { _id: 1 } }, { $project: { first: { $slice: ['$sizes', 1] }, five: { $literal: 5 } } }],
    [{ _id: 1, first: ['S'], five: 5 }],
  ],
  [
    [{ $match: { _id: 3 } }, { $addFields: { 'tags.n': '$qty', qty: { $add: ['$qty', 1] }, late: '$_id' } }],
    [{ _id: 3, item: 'pen', price: 3, sizes: 'L', tags: { color: 'red', n: 8 }, qty: 9, late: 3 }],
  ],
  [[{ $match: { _id: 4 } }, { $set: { price: '$$REMOVE', tags: '$$REMOVE' } }], [{ _id: 4, item: 'pad', qty: 1 }]],
  [[{ $match: { _id: 4 } }, { $unset: ['tags.color', 'price'] }], [{ _id: 4, item: 'pad', tags: {}, qty: 1 }]],
  [[{ $match: { _id: 4 } }, { $unset: 'tags' }], [{ _id: 4, item: 'pad', price: null, qty: 1 }]],
  [[{ $match: { _id: 2 } }, { $replaceRoot: { newRoot: '$tags' } }], [{ color: 'blue' }]],
  [[{ $match: { _id: 2 } }, { $replaceWith: { $mergeObjects: [{ x: 0 }, '$tags'] } }], [{ x: 0, color: 'blue' }]],
  [
    [{ $unwind: '$sizes' }, { $project: { sizes: 1 } }],
    [
      { _id: 1, sizes: 'S' },
      { _id: 1, sizes: 'M' },
      { _id: 3, sizes: 'L' },
    ],
  ],
  [
    [
      { $unwind: { path: '$sizes', includeArrayIndex: 'at', preserveNullAndEmptyArrays: true } },
      { $project: { sizes: 1, at: 1 } },
    ],
    [
      { _id: 1, sizes: 'S', at: long(0) },
      { _id: 1, sizes: 'M', at: long(1) },
      { _id: 2, at: null },
      { _id: 3, sizes: 'L', at: null },
      { _id: 4, at: null },
    ],
  ],
  [[{ $sortByCount: '$item' }, { $limit: 1 }], [{ _id: 'pen', count: 2 }]],
  [
    [
      {
        $bucket: {
          groupBy: '$price',
          boundaries: [0, 3, 10],
          default: 'other',
          output: { n: { $sum: 1 }, ids: { $push: '$_id' } },
        },
      },
    ],
    [
      { _id: 0, n: 1, ids: [1] },
      { _id: 3, n: 2, ids: [2, 3] },
      { _id: 'other', n: 1, ids: [4] },
    ],
  ],
  [
    [{ $bucketAuto: { groupBy: '$qty', buckets: 2 } }],
    [
      { _id: { min: 1, max: 5 }, count: 2 },
      { _id: { min: 5, max: 8 }, count: 2 },
    ],
  ],
  [
    [
      {
        $facet: {
          n: [{ $count: 'all' }],
          top: [{ $sort: { qty: -1 } }, { $limit: 1 }, { $project: { _id: 1 } }],
          none: [{ $match: { _id: 0 } }],
        },
      },
    ],
    [{ n: [{ all: 4 }], top: [{ _id: 3 }], none: [] }],
  ],
  [
    [
      { $lookup: { from: 'stock', localField: 'item', foreignField: 'sku', as: 'found' } },
      { $project: { ids: '$found._id' } },
    ],
    [
      { _id: 1, ids: ['a', 'b'] },
      { _id: 2, ids: ['c'] },
      { _id: 3, ids: ['a', 'b'] },
      { _id: 4, ids: ['c'] },
    ],
  ],
  [
    [
      { $match: { _id: 1 } },
      { $lookup: { from: 'stock', localField: 'nothing', foreignField: 'sku', as: 'x.y' } },
      { $project: { 'x.y._id': 1 } },
    ],
    [{ _id: 1, x: { y: [{ _id: 'd' }] } }],
  ],
  [
    [
      { $match: { _id: { $lte: 2 } } },
      {
        $lookup: {
          from: 'stock',
          let: { min: '$qty', item: '$item' },
          pipeline: [
            { $match: { $expr: { $and: [{ $eq: ['$sku', '$$item'] }, { $gt: ['$in', '$$min'] }] } } },
            { $project: { left: { $subtract: ['$in', '$$min'] } } },
          ],
          as: 'enough',
        },
      },
      { $project: { enough: 1 } },
    ],
    [
      { _id: 1, enough: [{ _id: 'a', left: 5 }] },
      { _id: 2, enough: [] },
    ],
  ],
  [
    [
      { $match: { _id: 1 } },
      {
        $lookup: {
          from: 'stock',
          localField: 'item',
          foreignField: 'sku',
          pipeline: [{ $sort: { in: 1 } }, { $limit: 1 }],
          as: 'least',
        },
      },
      { $project: { least: '$least._id' } },
    ],
    [{ _id: 1, least: ['b'] }],
  ],
  [
    [
      { $match: { _id: 1 } },
      { $lookup: { from: 'no such', localField: 'item', foreignField: 'x', as: 'none' } },
      { $project: { none: 1 } },
    ],
    [{ _id: 1, none: [] }],
  ],
  [
    [
      { $match: { _id: 1 } },
      { $project: { _id: 1 } },
      { $unionWith: { coll: 'stock', pipeline: [{ $match: { in: 3 } }] } },
      { $unionWith: 'no such' },
    ],
    [{ _id: 1 }, { _id: 'b', sku: 'pen', in: 3 }],
  ],
  [
    [
      { $match: { _id: { $in: [1, 2] } } },
      { $redact: { $cond: [{ $eq: ['$color', 'red'] }, '$$PRUNE', '$$DESCEND'] } },
      { $project: { tags: 1 } },
    ],
    [{ _id: 1 }, { _id: 2, tags: { color: 'blue' } }],
  ],
  [
    [{ $sample: { size: 100 } }, { $sort: { _id: 1 } }, { $project: { _id: 1 } }],
    [{ _id: 1 }, { _id: 2 }, { _id: 3 }, { _id: 4 }],
  ],
  [
    [
      { $lookup: { pipeline: [{ $documents: [{ k: 1 }, { k: 2 }] }, { $match: { k: 2 } }], as: 'made' } },
      { $limit: 1 },
      { $project: { made: 1 } },
    ],
    [{ _id: 1, made: [{ k: 2 }] }],
  ],
  [
    [
      { $match: { _id: 1 } },
      {
        $graphLookup: {
          from: 'stock',
          startWith: '$item',
          connectFromField: 'none',
          connectToField: 'sku',
          as: 'g',
          depthField: 'd',
        },
      },
      { $project: { g: { $sortArray: { input: '$g', sortBy: { _id: 1 } } } } },
    ],
    [
      {
        _id: 1,
        g: [
          { _id: 'a', sku: 'pen', in: 10, d: long(0) },
          { _id: 'b', sku: 'pen', in: 3, d: long(0) },
        ],
      },
    ],
  ],
];

const byItem = (fields: Document, sort: Document = { _id: 1 }): Document[] => [
  { $group: { _id: '$item', ...fields } },
  { $sort: sort },
  { $match: { _id: 'pen' } },
];

const accumulators: Row[] = [
  [byItem({ r: { $sum: '$price' } }), [{ _id: 'pen', r: 5 }]],
  [byItem({ r: { $avg: '$qty' } }), [{ _id: 'pen', r: 6.5 }]],
  [byItem({ r: { $min: '$qty' }, q: { $max: '$qty' } }), [{ _id: 'pen', r: 5, q: 8 }]],
  [byItem({ r: { $first: '$sizes' }, q: { $last: '$sizes' } }), [{ _id: 'pen', r: ['S', 'M'], q: 'L' }]],
  [byItem({ r: { $first: '$none' } }), [{ _id: 'pen', r: null }]],
  [byItem({ r: { $push: { p: '$price' } }, q: { $push: '$none' } }), [{ _id: 'pen', r: [{ p: 2 }, { p: 3 }], q: [] }]],
  [byItem({ r: { $addToSet: '$tags' } }), [{ _id: 'pen', r: [{ color: 'red' }] }]],
  [byItem({ r: { $count: {} } }), [{ _id: 'pen', r: 2 }]],
  [byItem({ r: { $stdDevPop: '$price' }, q: { $stdDevSamp: '$price' } }), [{ _id: 'pen', r: 0.5, q: Math.SQRT1_2 }]],
  [byItem({ r: { $mergeObjects: { $arrayToObject: [[['k', '$_id']]] } } }), [{ _id: 'pen', r: { k: 3 } }]],
  [byItem({ r: { $top: { sortBy: { qty: -1 }, output: '$_id' } } }), [{ _id: 'pen', r: 3 }]],
  [
    byItem({ r: { $topN: { n: 5, sortBy: { qty: -1 }, output: ['$_id', '$qty'] } } }),
    [
      {
        _id: 'pen',
        r: [
          [3, 8],
          [1, 5],
        ],
      },
    ],
  ],
  [byItem({ r: { $bottom: { sortBy: { qty: -1 }, output: '$_id' } } }), [{ _id: 'pen', r: 1 }]],
  [byItem({ r: { $bottomN: { n: 1, sortBy: { qty: 1 }, output: '$_id' } } }), [{ _id: 'pen', r: [3] }]],
  [
    byItem({ r: { $firstN: { input: '$qty', n: 1 } }, q: { $lastN: { input: '$none', n: 1 } } }),
    [{ _id: 'pen', r: [5], q: [null] }],
  ],
  [
    byItem({ r: { $maxN: { input: '$qty', n: 1 } }, q: { $minN: { input: '$qty', n: 9 } } }),
    [{ _id: 'pen', r: [8], q: [5, 8] }],
  ],
  [
    byItem({ r: { $firstN: { input: '$qty', n: { $cond: [{ $eq: ['$_id', 'pen'] }, 1, 3] } } } }),
    [{ _id: 'pen', r: [5] }],
  ],
  [
    [{ $group: { _id: null, total: { $sum: { $multiply: ['$price', '$qty'] } }, n: { $sum: 1 } } }],
    [{ _id: null, total: double(49), n: 4 }],
  ],
  [
    [{ $group: { _id: { c: '$tags.color', none: '$nothing' }, n: { $sum: 1 } } }, { $sort: { n: 1, '_id.c': 1 } }],
    [
      { _id: { c: 'blue' }, n: 2 },
      { _id: { c: 'red' }, n: 2 },
    ],
  ],
  [[{ $group: { _id: { none: '$nothing' } } }], [{ _id: { none: null } }]],
  [[{ $match: { _id: 0 } }, { $group: { _id: null, n: { $sum: 1 } } }], []],
];

describe.each([
  ['stages', stages],
  ['accumulators', accumulators],
] as const)('%s', (_name, rows) => {
  test.each(rows)('%j gives %j', async (pipeline, documents) => {
    expect(await results(sales, pipeline)).toEqual(documents.map(exact));
  });
});

test('every stage and accumulator stands in the tables', () => {
  const text = JSON.stringify([stages, accumulators]);
  const elsewhere = ['$out', '$merge'];
  expect(stageNames.filter((name) => !text.includes(`"${name}":`) && !elsewhere.includes(name))).toEqual([]);
  expect(accumulatorNames.filter((name) => !text.includes(`"${name}":`))).toEqual([]);
});

test('groups hold numbers of all types for one, in any nesting', async () => {
  const numbers = db.collection<Document>('numbers');
  await numbers.insertMany([{ v: 1 }, { v: long(1) }, { v: double(1) }, { v: { a: [1] } }, { v: { a: [double(1)] } }]);
  expect(await numbers.aggregate([{ $group: { _id: '$v', n: { $sum: 1 } } }, { $sort: { n: 1 } }]).toArray()).toEqual([
    { _id: { a: [1] }, n: 2 },
    { _id: 1, n: 3 },
  ]);
});

test('documents are made without a collection', async () => {
  const made = await db.aggregate([{ $documents: [{ a: 1 }, { a: 2 }] }, { $match: { a: { $gt: 1 } } }]).toArray();
  expect(made).toEqual([{ a: 2 }]);
  await expect(db.aggregate([{ $match: {} }]).toArray()).rejects.toMatchObject({ code: 73 });
});

test('a pipeline sees the variables of the command', async () => {
  const found = sales.aggregate(
    [{ $match: { $expr: { $eq: ['$_id', '$$wanted'] } } }, { $project: { w: '$$wanted' } }],
    {
      let: { wanted: { $add: [1, 1] } },
    },
  );
  expect(await found.toArray()).toEqual([{ _id: 2, w: 2 }]);
});

test('long results come in batches', async () => {
  const many = db.collection<Document>('many');
  await many.insertMany(Array.from({ length: 2500 }, (_, i) => ({ _id: i as never, list: [i, i + 1, i + 2] })));
  const pipeline = [{ $unwind: '$list' }, { $group: { _id: '$list', n: { $sum: 1 } } }, { $sort: { _id: 1 } }];
  const groups = await many.aggregate(pipeline, { batchSize: 100 }).toArray();
  expect(groups.length).toBe(2502);
  expect(groups[5]).toEqual({ _id: 5, n: 3 });
  const joined = await many
    .aggregate([
      { $lookup: { from: 'many', localField: '_id', foreignField: 'list', as: 'x' } },
      { $project: { n: { $size: '$x' } } },
    ])
    .toArray();
  expect(joined.map(({ n }) => n as number).reduce((a, b) => a + b)).toBe(7497);
  expect(
    await many
      .aggregate([{ $facet: { a: [{ $count: 'n' }], b: [{ $limit: 3 }], c: [{ $match: { _id: 2000 } }] } }])
      .next(),
  ).toMatchObject({
    a: [{ n: 2500 }],
    b: [{ _id: 0 }, { _id: 1 }, { _id: 2 }],
    c: [{ _id: 2000 }],
  });
});

describe('what is refused', () => {
  test.each<[Document[], number]>([
    [[{ $nope: 1 }], 40324],
    [[{ $densify: {} }], 115],
    [[{ $group: { n: { $sum: 1 } } }], 15955],
    [[{ $group: { _id: 1, n: { $sum: [1, 2] } } }], 40237],
    [[{ $group: { _id: 1, n: { $nope: 1 } } }], 15952],
    [[{ $group: { _id: 1, n: 1 } }], 40234],
    [[{ $group: { _id: 1, 'a.b': { $sum: 1 } } }], 40235],
    [[{ $project: { a: 1, b: 0 } }], 31254],
    [[{ $project: { a: '$b', b: 0 } }], 31254],
    [[{ $project: { b: 0, a: '$b' } }], 31252],
    [[{ $project: { a: 1, 'a.b': 1 } }], 31249],
    [[{ $project: {} }], 51272],
    [[{ $addFields: 1 }], 40272],
    [[{ $addFields: { a: 1, 'a.b': 2 } }], 40176],
    [[{ $unset: [] }], 31119],
    [[{ $unwind: 'x' }], 28818],
    [[{ $unwind: {} }], 28812],
    [[{ $replaceRoot: {} }], 40231],
    [[{ $replaceWith: '$qty' }], 40228],
    [[{ $count: '' }], 40156],
    [[{ $bucket: { groupBy: '$qty', boundaries: [3, 1] } }], 40194],
    [[{ $bucket: { groupBy: '$qty', boundaries: [0, 1] } }], 40066],
    [[{ $bucketAuto: { groupBy: '$qty', buckets: 0 } }], 40243],
    [[{ $facet: {} }], 40169],
    [[{ $facet: { a: [{ $facet: { b: [] } }] } }], 40600],
    [[{ $lookup: { from: 'x', as: 'y' } }], 9],
    [[{ $limit: 1 }, { $documents: [] }], 40602],
    [[{ $redact: 'x' }], 17053],
    [[{ $sample: { size: -1 } }], 28747],
    [[{ $sortByCount: 'x' }], 40148],
    [[{ $graphLookup: { from: 'x' } }], 40105],
  ])('%j with %i', async (pipeline, code) => {
    await expect(sales.aggregate(pipeline).toArray()).rejects.toMatchObject({ code });
  });
});

describe('expressions elsewhere', () => {
  test('find: filters, projections, variables', async () => {
    expect(
      await sales
        .find({ $expr: { $lt: ['$qty', '$$most'] } }, {
          let: { most: 3 },
          projection: { _id: 0, item: 1, up: { $toUpper: '$item' }, 'tags.n': { $add: ['$qty', 1] }, text: 'x' },
        } as never)
        .toArray(),
    ).toEqual([
      { item: 'ink', tags: { n: 3 }, up: 'INK', text: 'x' },
      { item: 'pad', tags: { n: 2 }, up: 'PAD', text: 'x' },
    ]);
    expect(await sales.countDocuments({ $expr: { $isNumber: '$price' } })).toBe(3);
    expect(await sales.distinct('item', { $expr: { $gt: ['$qty', 4] } })).toEqual(['pen']);
  });

  test('updates by pipelines', async () => {
    const things = db.collection<Document>('things');
    await things.insertMany([
      { _id: 1 as never, a: 2, b: 3 },
      { _id: 2 as never, a: 5 },
    ]);
    expect(
      await things.updateMany({}, [{ $set: { sum: { $add: ['$a', { $ifNull: ['$b', 0] }] } } }, { $unset: 'b' }]),
    ).toMatchObject({ matchedCount: 2, modifiedCount: 2 });
    expect(await things.find().toArray()).toEqual([
      { _id: 1, a: 2, sum: 5 },
      { _id: 2, a: 5, sum: 5 },
    ]);
    expect(
      await things.findOneAndUpdate({ _id: 2 as never }, [{ $replaceWith: { old: '$$ROOT' } }], {
        returnDocument: 'after',
      }),
    ).toEqual({ _id: 2, old: { _id: 2, a: 5, sum: 5 } });
    expect(
      await things.updateOne({ _id: 7 as never }, [{ $set: { n: { $add: ['$_id', 1] } } }], { upsert: true }),
    ).toMatchObject({
      upsertedId: 7,
    });
    expect(await things.findOne({ _id: 7 as never })).toEqual({ _id: 7, n: 8 });
    await expect(things.updateOne({ _id: 1 as never }, [{ $set: { _id: 9 } }])).rejects.toMatchObject({ code: 66 });
    await expect(things.updateOne({ _id: 1 as never }, [{ $group: { _id: 1 } }])).rejects.toMatchObject({ code: 72 });
    await expect(things.updateOne({ _id: 1 as never }, [{ $set: { x: { $divide: [1, 0] } } }])).rejects.toMatchObject({
      code: 2,
    });
    expect(await things.deleteMany({ $expr: { $gt: ['$n', 5] } })).toMatchObject({ deletedCount: 1 });
  });
});
