import type { Collection, Document, Long, MongoClient } from 'mongodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { start, type Started } from './start.ts';

const total = 2500;
let server: Started;
let client: MongoClient;
let numbers: Collection<Document>;

beforeAll(async () => {
  server = await start();
  client = await server.client();
  numbers = client.db('c').collection('numbers');
  await numbers.insertMany(
    Array.from({ length: total }, (_, i) => ({ _id: i as never, back: total - i, pad: 'x'.repeat(200) })),
  );
});
afterAll(async () => {
  expect(server.faults).toEqual([]);
  await server.stop();
});

const all = Array.from({ length: total }, (_, i) => i);
const command = (fields: Document): Promise<Document> => client.db('c').command(fields);
const idsOf = (documents: readonly Document[]): unknown[] => documents.map((document) => document['_id'] as unknown);

describe('a cursor', () => {
  test.each([1, 7, 101, 1000, total, total + 1])('gives every document once, in batches of %i', async (batchSize) => {
    const most = batchSize === 1 ? 60 : total;
    expect(idsOf(await numbers.find({ _id: { $lt: most as never } }, { batchSize }).toArray())).toEqual(
      all.slice(0, most),
    );
  });

  test('gives 101 documents first when not asked for a number', async () => {
    const { cursor } = await command({ find: 'numbers' });
    expect(cursor.firstBatch).toHaveLength(101);
    expect(await command({ killCursors: 'numbers', cursors: [cursor.id] })).toMatchObject({
      cursorsKilled: [cursor.id],
    });
  });

  test('opens without reading for a batch of 0', async () => {
    const { cursor } = await command({ find: 'numbers', batchSize: 0 });
    expect(cursor.firstBatch).toEqual([]);
    const more = await command({ getMore: cursor.id as Long, collection: 'numbers', batchSize: 3 });
    expect(idsOf(more['cursor'].nextBatch)).toEqual([0, 1, 2]);
    await command({ killCursors: 'numbers', cursors: [cursor.id] });
  });

  test('sorts, skips and limits across batches', async () => {
    const options = { sort: { back: 1 }, skip: 10, limit: 1200, batchSize: 100 } as const;
    expect(idsOf(await numbers.find({}, options).toArray())).toEqual([...all].reverse().slice(10, 1210));
  });

  test('ends with its first batch when that is all, or all that is wanted', async () => {
    expect((await command({ find: 'numbers', limit: 5 }))['cursor'].id).toBe(0);
    expect((await command({ find: 'numbers', singleBatch: true, batchSize: 5 }))['cursor'].id).toBe(0);
    expect((await command({ find: 'numbers', filter: { _id: { $lt: 5 } } }))['cursor'].id).toBe(0);
  });

  test('is killed when the client has enough', async () => {
    const cursor = numbers.find({}, { batchSize: 2 });
    await cursor.next();
    const id = cursor.id!;
    await cursor.close();
    await expect(command({ getMore: id, collection: 'numbers' })).rejects.toMatchObject({ code: 43 });
  });

  test('is unknown after ten minutes of rest', async () => {
    const { cursor } = await command({ find: 'numbers', batchSize: 2 });
    server.skewMs += 9 * 60_000;
    await command({ getMore: cursor.id as Long, collection: 'numbers', batchSize: 2 });
    server.skewMs += 10 * 60_000;
    await expect(command({ getMore: cursor.id as Long, collection: 'numbers' })).rejects.toMatchObject({ code: 43 });
  });

  test('belongs to its collection', async () => {
    const { cursor } = await command({ find: 'numbers', batchSize: 2 });
    await expect(command({ getMore: cursor.id as Long, collection: 'others' })).rejects.toMatchObject({ code: 13 });
    expect(await command({ killCursors: 'others', cursors: [cursor.id] })).toMatchObject({
      cursorsNotFound: [cursor.id],
    });
    await command({ killCursors: 'numbers', cursors: [cursor.id] });
  });

  test('ends with an error when its collection is dropped, even if one of that name comes back', async () => {
    const gone = client.db('c').collection<Document>('gone');
    await gone.insertMany(Array.from({ length: 10 }, (_, i) => ({ _id: i as never })));
    const { cursor } = await command({ find: 'gone', batchSize: 2 });
    await gone.drop();
    await gone.insertOne({ _id: 1 as never });
    await expect(command({ getMore: cursor.id as Long, collection: 'gone' })).rejects.toMatchObject({ code: 175 });
  });

  test('shows one state while documents come and go', async () => {
    const moving = client.db('c').collection<Document>('moving');
    await moving.insertMany(Array.from({ length: 300 }, (_, i) => ({ _id: i as never })));
    const cursor = moving.find({}, { batchSize: 10 });
    const seen: unknown[] = [];
    for await (const document of cursor) {
      seen.push(document._id);
      if (seen.length === 10) await moving.deleteMany({ _id: { $gte: 5 as never, $lt: 200 as never } });
      if (seen.length === 20) await moving.updateMany({}, { $set: { pad: 'x'.repeat(500) } });
    }
    expect(seen).toEqual(all.slice(0, 300));
  });

  test('splits large results by bytes', async () => {
    const large = client.db('c').collection<Document>('large');
    const pad = 'x'.repeat(1_000_000);
    for (let i = 0; i < 20; i++) await large.insertOne({ _id: i as never, pad });
    const { cursor } = await command({ find: 'large' });
    expect(cursor.firstBatch.length).toBeGreaterThan(5);
    expect(cursor.firstBatch.length).toBeLessThan(17);
    const rest = await command({ getMore: cursor.id as Long, collection: 'large' });
    expect(idsOf([...cursor.firstBatch, ...rest['cursor'].nextBatch])).toEqual(all.slice(0, 20));
  });
});

describe('an aggregation', () => {
  test('of the everyday stages', async () => {
    const pipeline = [
      { $match: { _id: { $gte: 100 } } },
      { $sort: { back: 1 } },
      { $skip: 5 },
      { $limit: 3 },
      { $match: { _id: { $ne: total - 7 } } },
      { $project: { back: 1 } },
    ];
    expect(await numbers.aggregate(pipeline).toArray()).toEqual([
      { _id: total - 6, back: 6 },
      { _id: total - 8, back: 8 },
    ]);
    expect(await numbers.aggregate([{ $match: { _id: { $lt: 7 } } }, { $count: 'many' }]).toArray()).toEqual([
      { many: 7 },
    ]);
    expect(await numbers.aggregate([{ $match: { _id: -1 } }, { $count: 'many' }]).toArray()).toEqual([]);
  });

  test('runs behind a cursor', async () => {
    expect(idsOf(await numbers.aggregate([], { batchSize: 300 }).toArray())).toEqual(all);
  });

  test.each<[Document[], number]>([
    [[{ $lookup: { from: 'x', as: 'y' } }], 9],
    [[{ $nope: {} }], 40324],
    [[{ $match: {}, $sort: {} }], 40323],
    [[{ $setWindowFields: {} }], 115],
    [[{ $limit: 0 }], 15958],
  ])('%j is refused with %i', async (pipeline, code) => {
    await expect(numbers.aggregate(pipeline).toArray()).rejects.toMatchObject({ code });
  });
});

test('explain tells how many documents were looked at', async () => {
  expect((await numbers.find({ _id: 7 as never }).explain())['executionStats']).toMatchObject({
    nReturned: 1,
    totalDocsExamined: 1,
    executionStages: { stage: 'IDHACK' },
  });
  expect((await numbers.find({ back: 7 }).explain())['executionStats']).toMatchObject({
    nReturned: 1,
    totalDocsExamined: 1,
    executionStages: { stage: 'FETCH', inputStage: { stage: 'IXSCAN', keyPattern: { back: 1 }, indexName: 'back_1' } },
  });
  const forced = numbers.find({ back: 7 }).hint({ $natural: 1 });
  expect((await forced.clone().explain())['executionStats']).toMatchObject({
    nReturned: 1,
    totalDocsExamined: total,
    executionStages: { stage: 'COLLSCAN' },
  });
  expect((await forced.limit(1).explain())['executionStats']).toMatchObject({ totalDocsExamined: total - 6 });
});

test('a search that takes longer than it may is stopped', async () => {
  const slow = client.db('c').collection<Document>('slow');
  await slow.insertMany(
    Array.from({ length: 20_000 }, (_, i) => ({ _id: i as never, text: `${'a'.repeat(300)}${i}` })),
  );
  const filter = { $and: Array.from({ length: 40 }, (_, i) => ({ text: { $not: new RegExp(`a+[${i}b-z]$`) } })) };
  await expect(slow.countDocuments(filter, { maxTimeMS: 5 })).rejects.toMatchObject({ code: 50 });
}, 30_000);
