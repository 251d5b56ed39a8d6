// Queries made to be heavy. Each is answered or refused with the door's own error, in bounded time, and others are
// answered meanwhile: the event loop is never held for long.

import type { Collection, Document, MongoClient } from 'mongodb';
import { MongoServerError } from 'mongodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { start, type Started } from './start.ts';

const total = 3000;
/** Longest stretch of the event loop that a query may take here, on a machine shared with other tests. */
const stretchMsMax = 20_000;

let server: Started;
let client: MongoClient;
let items: Collection<Document>;

beforeAll(async () => {
  server = await start();
  client = await server.client();
  items = client.db('bombs').collection('items');
  await items.insertMany(
    Array.from({ length: total }, (_, i) => ({ _id: i as never, n: i, next: (i + 1) % total, text: 'a'.repeat(90) })),
  );
  await client
    .db('bombs')
    .collection('texts')
    .insertMany(Array.from({ length: 20 }, (_, i) => ({ _id: i as never, text: 'a'.repeat(20_000) + i })));
});
afterAll(async () => {
  expect(server.faults).toEqual([]);
  await server.stop();
});

/** Runs a query; tells the longest time between two turns of the event loop meanwhile. */
async function held<T>(run: () => Promise<T>): Promise<{ readonly result: T | MongoServerError; readonly ms: number }> {
  let longest = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 1);
  try {
    const result = await run().catch((error: unknown) => {
      if (error instanceof MongoServerError) return error;
      throw error;
    });
    return { result, ms: Math.max(longest, performance.now() - last) };
  } finally {
    clearInterval(timer);
  }
}

const nested = (depth: number, wrap: (inner: Document) => Document): Document => {
  let filter: Document = { n: 1 };
  for (let i = 0; i < depth; i++) filter = wrap(filter);
  return filter;
};

const many = (count: number): number[] => Array.from({ length: count }, (_, i) => i * 2);

const filters: readonly (readonly [string, () => Document, number | undefined])[] = [
  ['$in of 10,000 numbers', () => ({ n: { $in: many(10_000) } }), total / 2],
  ['$in of 10,000 ids', () => ({ _id: { $in: many(10_000) } }), total / 2],
  ['$nin of 10,000', () => ({ n: { $nin: many(10_000) } }), total / 2],
  ['$or of 1,000', () => ({ $or: many(1000).map((n) => ({ n })) }), 1000],
  ['$and of 1,000', () => ({ $and: many(1000).map((n) => ({ n: { $ne: n } })) }), total - 1000],
  ['$or of 1,000 tests', () => ({ $or: many(1000).map((n) => ({ n: { $mod: [n + 5000, 1] } })) }), 1],
  ['$and nested 90 deep', () => nested(90, (inner) => ({ $and: [inner] })), 1],
  ['$and nested 140 deep', () => nested(140, (inner) => ({ $and: [inner] })), undefined],
  ['$elemMatch nested 80 deep', () => nested(80, (inner) => ({ a: { $elemMatch: inner } })), 0],
  ['$elemMatch nested 140 deep', () => nested(140, (inner) => ({ a: { $elemMatch: inner } })), undefined],
  ['a pattern that backtracks', () => ({ text: { $regex: '^(a+)+$' } }), total],
  ['a pattern that backtracks and fails', () => ({ text: { $regex: '(a|aa|a?)+b$' } }), 0],
  ['a pattern that looks around', () => ({ text: { $regex: '(?=a)(?!b)' } }), undefined],
  ['a pattern of too many repetitions', () => ({ text: { $regex: '((a{1,1000}){1,1000}){1,1000}' } }), undefined],
];

describe('a heavy filter is answered or refused', () => {
  test.each(filters)('%s', async (_name, filter, count) => {
    const { result, ms } = await held(() => items.find(filter()).toArray());
    if (count === undefined) expect(result).toBeInstanceOf(MongoServerError);
    else expect(result).toHaveLength(count);
    expect(ms).toBeLessThan(stretchMsMax);
  });

  test('a pattern over long texts gives way to others', async () => {
    const texts = client.db('bombs').collection('texts');
    const { result, ms } = await held(() => texts.find({ text: { $regex: '(a|aa)+1?7$' } }).toArray());
    expect(result).toHaveLength(2);
    expect(ms).toBeLessThan(stretchMsMax);
  });
});

const pipelines: readonly (readonly [string, Document[], (documents: Document[]) => void])[] = [
  [
    'a cross join with $lookup stops at its time',
    [
      { $lookup: { from: 'items', pipeline: [], as: 'all' } },
      { $unwind: '$all' },
      { $lookup: { from: 'items', pipeline: [], as: 'again' } },
      { $count: 'n' },
    ],
    () => expect.unreachable(),
  ],
  [
    'a $graphLookup through a cycle ends',
    [
      { $match: { _id: 0 } },
      {
        $graphLookup: { from: 'items', startWith: '$next', connectFromField: 'next', connectToField: '_id', as: 'way' },
      },
      { $project: { n: { $size: '$way' } } },
    ],
    (documents) => expect(documents).toEqual([{ _id: 0, n: total }]),
  ],
  [
    'a $facet of a hundred groups',
    [
      {
        $facet: Object.fromEntries(
          Array.from({ length: 100 }, (_, i) => [
            `f${i}`,
            [{ $group: { _id: { $mod: ['$n', i + 1] }, n: { $sum: 1 } } }],
          ]),
        ),
      },
      { $project: { f99: { $size: '$f99' } } },
    ],
    (documents) => expect(documents).toEqual([{ f99: 100 }]),
  ],
  [
    'a $push of everything into everything',
    [
      { $group: { _id: null, all: { $push: '$$ROOT' } } },
      { $project: { all: { $map: { input: '$all', in: '$all' } } } },
    ],
    () => expect.unreachable(),
  ],
  [
    'a sort of more than may be kept',
    [{ $set: { pad: { $range: [0, 12_000] } } }, { $sort: { pad: 1, n: -1 } }, { $count: 'n' }],
    () => expect.unreachable(),
  ],
];

describe('a heavy pipeline is answered or refused', () => {
  test.each(pipelines)(
    '%s',
    async (_name, pipeline, check) => {
      const { result, ms } = await held(() => items.aggregate(pipeline, { maxTimeMS: 1500 }).toArray());
      if (result instanceof MongoServerError) expect([50, 146, 292, 10334, 13548, 17419]).toContain(result.code);
      else check(result);
      expect(ms).toBeLessThan(stretchMsMax);
    },
    60_000,
  );
});

describe('a large document', () => {
  const large = (bytes: number): Document => ({ _id: `of ${bytes}`, pad: 'x'.repeat(bytes) });

  test('of nearly 16 MiB is stored, found and sorted', async () => {
    const documents = client.db('bombs').collection('large');
    await documents.insertMany([large(16 * 1024 * 1024 - 64) as never, large(15 * 1024 * 1024) as never]);
    const { result, ms } = await held(() => documents.find({ pad: /^x/ }).sort({ pad: -1, _id: 1 }).toArray());
    expect(result).toHaveLength(2);
    expect(ms).toBeLessThan(stretchMsMax);
  });

  test('of more is refused', async () => {
    const documents = client.db('bombs').collection('large');
    await expect(documents.insertOne(large(16 * 1024 * 1024) as never)).rejects.toThrow();
  });
});
