// Index commands, unique indexes, hints and plans, as the driver of MongoDB for Node sees them.

import { Long, type Collection, type Document, type MongoClient } from 'mongodb';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { start, type Started } from './start.ts';

let server: Started;
let client: MongoClient;
let things: Collection<Document>;
let number = 0;

beforeAll(async () => {
  server = await start();
  client = await server.client();
});
beforeEach(() => {
  things = client.db('i').collection(`things${number++}`);
});
afterAll(async () => {
  expect(server.faults).toEqual([]);
  await server.stop();
});

const command = (request: Document): Promise<Document> => client.db('i').command(request);

const created = (indexes: readonly Document[]): Promise<Document> =>
  command({ createIndexes: things.collectionName, indexes });

describe('an index', () => {
  test('is declared, listed and dropped', async () => {
    expect(await things.createIndex({ a: 1, b: -1 })).toBe('a_1_b_-1');
    expect(await things.createIndexes([{ key: { c: 1 }, name: 'sea', sparse: true }, { key: { 'd.$**': 1 } }])).toEqual(
      ['sea', 'd.$**_1'],
    );
    expect(await things.listIndexes().toArray()).toEqual([
      { v: 2, key: { _id: 1 }, name: '_id_' },
      { v: 2, key: { a: 1, b: -1 }, name: 'a_1_b_-1' },
      { v: 2, key: { c: 1 }, name: 'sea', sparse: true },
      { v: 2, key: { 'd.$**': 1 }, name: 'd.$**_1' },
    ]);
    expect(await things.indexExists(['sea', 'a_1_b_-1'])).toBe(true);
    expect(await things.dropIndex('sea')).toMatchObject({ nIndexesWas: 4 });
    expect(await command({ dropIndexes: things.collectionName, index: { a: 1, b: -1 } })).toMatchObject({
      nIndexesWas: 3,
    });
    expect(await command({ dropIndexes: things.collectionName, index: '*' })).toMatchObject({
      nIndexesWas: 2,
      msg: 'non-_id indexes dropped for collection',
    });
    expect(await things.indexes()).toHaveLength(1);
  });

  test('tells how many there were and whether it made the collection', async () => {
    const index = { key: { a: 1 }, name: 'a_1' };
    expect(await created([index])).toMatchObject({
      numIndexesBefore: 1,
      numIndexesAfter: 2,
      createdCollectionAutomatically: true,
    });
    expect(await created([index, { key: { _id: 1 }, name: '_id_1' }])).toMatchObject({
      numIndexesBefore: 2,
      numIndexesAfter: 2,
      createdCollectionAutomatically: false,
      note: 'all indexes already exist',
    });
  });

  const refusals: readonly (readonly [string, Document, number])[] = [
    ['without a key', { name: 'x' }, 9],
    ['without a name', { key: { a: 1 } }, 9],
    ['of nothing', { key: {}, name: 'x' }, 67],
    ['with an empty field', { key: { 'a..b': 1 }, name: 'x' }, 67],
    ['with an operator as a field', { key: { $a: 1 }, name: 'x' }, 67],
    ['in no direction', { key: { a: 0 }, name: 'x' }, 67],
    ['of a type that is no direction', { key: { a: true }, name: 'x' }, 67],
    ['of an unknown kind', { key: { a: 'tree' }, name: 'x' }, 67],
    ['of text', { key: { a: 'text' }, name: 'x' }, 238],
    ['of places', { key: { a: '2dsphere' }, name: 'x' }, 238],
    ['that expires documents', { key: { a: 1 }, name: 'x', expireAfterSeconds: 5 }, 238],
    ['with a collation', { key: { a: 1 }, name: 'x', collation: { locale: 'de' } }, 238],
    ['with an unknown option', { key: { a: 1 }, name: 'x', fast: true }, 197],
    ['named like that on _id', { key: { a: 1 }, name: '_id_' }, 2],
    ['sparse and partial', { key: { a: 1 }, name: 'x', sparse: true, partialFilterExpression: { a: 1 } }, 67],
    ['partial by a negation', { key: { a: 1 }, name: 'x', partialFilterExpression: { a: { $ne: 1 } } }, 67],
    ['unique and hashed', { key: { a: 'hashed' }, name: 'x', unique: true }, 16764],
    ['whose name is taken', { key: { b: 1 }, name: 'there' }, 86],
    ['that is there under another name', { key: { there: 1 }, name: 'other' }, 85],
    ['that is there and not hidden', { key: { there: 1 }, name: 'there', hidden: true }, 85],
  ];
  test.each(refusals)('%s is refused', async (_name, index, code) => {
    await things.createIndex({ there: 1 }, { name: 'there' });
    await expect(created([index])).rejects.toMatchObject({ code });
    expect(await things.indexes()).toHaveLength(2);
  });

  test('beyond the 64th is refused, and those beside it are not made', async () => {
    const indexes = Array.from({ length: 64 }, (_, i) => ({ key: { [`f${i}`]: 1 }, name: `f${i}` }));
    await expect(created(indexes)).rejects.toMatchObject({ code: 67 });
    await created(indexes.slice(0, 63));
    await expect(created(indexes.slice(63))).rejects.toMatchObject({ code: 67 });
  });

  test('that is not there cannot be dropped, and that on _id never', async () => {
    await things.insertOne({});
    for (const [index, code] of [
      ['no', 27],
      [{ no: 1 }, 27],
      ['_id_', 72],
      [{ _id: 1 }, 72],
    ] as const)
      await expect(command({ dropIndexes: things.collectionName, index })).rejects.toMatchObject({ code });
    await expect(command({ dropIndexes: 'nowhere', index: '*' })).rejects.toMatchObject({ code: 26 });
    await expect(client.db('i').collection('nowhere').listIndexes().toArray()).rejects.toMatchObject({ code: 26 });
  });

  test('is counted and survives the replacement of documents', async () => {
    await things.createIndex({ a: 1 });
    await things.insertOne({ a: 1 });
    expect(await command({ collStats: things.collectionName })).toMatchObject({ nindexes: 2 });
    expect(await command({ drop: things.collectionName })).toMatchObject({ nIndexesWas: 2 });
  });
});

describe('a hint', () => {
  test('names an index that exists', async () => {
    await things.insertMany([{ a: 1 }, { a: 2 }]);
    await things.createIndex({ a: 1 }, { name: 'first' });
    for (const hint of ['first', { a: 1 }, '_id_', { _id: 1 }, { $natural: 1 }] as const)
      expect(await things.find({ a: 2 }).hint(hint).toArray()).toHaveLength(1);
    for (const hint of ['second', { b: 1 }] as const) {
      await expect(things.find({ a: 2 }).hint(hint).toArray()).rejects.toMatchObject({ code: 2 });
      await expect(things.updateOne({ a: 2 }, { $set: { b: 1 } }, { hint })).rejects.toMatchObject({ code: 2 });
      await expect(things.deleteOne({ a: 2 }, { hint })).rejects.toMatchObject({ code: 2 });
      await expect(things.countDocuments({ a: 2 }, { hint })).rejects.toMatchObject({ code: 2 });
    }
  });

  test('of natural order gives that order', async () => {
    await things.insertMany([{ a: 1 }, { a: 2 }, { a: 3 }]);
    const order = async (direction: 1 | -1): Promise<unknown[]> =>
      (await things.find().hint({ $natural: direction }).toArray()).map(({ a }) => a as unknown);
    expect(await order(1)).toEqual([1, 2, 3]);
    expect(await order(-1)).toEqual([3, 2, 1]);
  });
});

describe('a unique index', () => {
  test('refuses a second document with a key', async () => {
    await things.createIndex({ a: 1, 'b.c': -1 }, { unique: true });
    await things.insertOne({ a: 1, b: { c: 'x' } });
    await expect(things.insertOne({ a: Long.fromNumber(1), b: { c: 'x' } })).rejects.toMatchObject({
      code: 11000,
      message: `E11000 duplicate key error collection: i.${things.collectionName} index: a_1_b.c_-1 dup key: { a: 1, b.c: "x" }`,
      keyPattern: { a: 1, 'b.c': -1 },
      keyValue: { a: 1, 'b.c': 'x' },
    });
    await things.insertMany([{ a: 1 }, { b: { c: 'x' } }]);
    await expect(things.insertOne({ a: 1, b: null })).rejects.toMatchObject({ code: 11000 });
    await expect(things.updateOne({ a: null }, { $set: { a: 1 } })).rejects.toMatchObject({ code: 11000 });
    await expect(things.findOneAndUpdate({ b: { $exists: false } }, { $set: { b: { c: 'x' } } })).rejects.toMatchObject(
      { code: 11000 },
    );
    expect(await things.countDocuments()).toBe(3);
  });

  test('takes each element of an array as a key', async () => {
    await things.createIndex({ tags: 1 }, { unique: true });
    await things.insertOne({ tags: ['a', 'b', 'b'] });
    await expect(things.insertOne({ tags: 'b' })).rejects.toMatchObject({ code: 11000 });
    await expect(things.insertOne({ tags: ['c', 'a'] })).rejects.toMatchObject({ code: 11000 });
    await things.insertOne({ tags: ['c'] });
    await things.insertOne({ tags: [] });
    await expect(things.insertOne({ tags: [] })).rejects.toMatchObject({ code: 11000 });
    await things.insertOne({});
    await expect(things.insertOne({ tags: null })).rejects.toMatchObject({ code: 11000 });
  });

  test('covers only what it is asked to', async () => {
    await things.createIndex({ a: 1 }, { unique: true, sparse: true });
    await things.createIndex({ b: 1 }, { unique: true, partialFilterExpression: { on: { $gte: 1 } } });
    await things.insertMany([{}, {}, { b: 1, on: 0 }, { b: 1, on: 0 }, { b: 1, on: 1, a: 1 }]);
    await expect(things.insertOne({ b: 1, on: 5 })).rejects.toMatchObject({ code: 11000, keyValue: { b: 1 } });
    await expect(things.insertOne({ a: 1 })).rejects.toMatchObject({ code: 11000, keyValue: { a: 1 } });
    await expect(things.updateOne({ on: 0 }, { $set: { on: 3 } })).rejects.toMatchObject({ code: 11000 });
  });

  test('holds within one command, and among many at once', async () => {
    await things.createIndex({ a: 1 }, { unique: true });
    const many = things.insertMany([{ a: 1 }, { a: 2 }, { a: 1 }, { a: 3 }], { ordered: false });
    await expect(many).rejects.toMatchObject({ writeErrors: [{ index: 2, code: 11000 }] });
    expect(await things.countDocuments()).toBe(3);
    const tries = await Promise.allSettled(Array.from({ length: 40 }, (_, i) => things.insertOne({ a: `k${i % 4}` })));
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(4);
    expect(await things.countDocuments()).toBe(7);
  });

  test('gives a key free with its document', async () => {
    await things.createIndex({ a: 1 }, { unique: true });
    await things.insertOne({ _id: 1 as never, a: 1 });
    await things.updateOne({ a: 1 }, { $set: { a: 2 } });
    await things.insertOne({ _id: 2 as never, a: 1 });
    await things.deleteOne({ a: 2 });
    await things.insertOne({ a: 2 });
    await things.replaceOne({ a: 2 }, { a: 2, more: true });
    expect(await things.countDocuments()).toBe(2);
  });

  test('is not made over duplicates', async () => {
    await things.insertMany([{ a: 1 }, { a: [5, 1] }, { a: 3 }]);
    await expect(things.createIndex({ a: 1 }, { unique: true })).rejects.toMatchObject({
      code: 11000,
      keyValue: { a: 1 },
    });
    expect(await things.indexes()).toHaveLength(1);
    await things.insertOne({ a: 3 });
    await things.deleteMany({ a: { $in: [1, 3] } });
    await things.createIndex({ a: 1 }, { unique: true });
    expect(await things.indexes()).toHaveLength(2);
  });

  test('of a sharded collection begins with its shard key', async () => {
    await server.engine.execute(
      {
        kind: 'create-container',
        database: 'i',
        container: 'sharded',
        profile: 'documents',
        partitionKey: { paths: ['/pk'], kind: 'Hash', version: 2 },
      },
      { account: 1 },
    );
    const sharded = client.db('i').collection<Document>('sharded');
    await expect(sharded.createIndex({ a: 1 }, { unique: true })).rejects.toMatchObject({ code: 67 });
    await sharded.createIndex({ pk: 1, a: 1 }, { unique: true });
    await sharded.insertMany([
      { _id: '1' as never, pk: 'x', a: 1 },
      { _id: '2' as never, pk: 'y', a: 1 },
    ]);
    await expect(sharded.insertOne({ _id: '3' as never, pk: 'x', a: 1 })).rejects.toMatchObject({ code: 11000 });
  });
});

describe('a plan', () => {
  const stagesOf = (stage: Document | undefined): string[] =>
    stage === undefined ? [] : [stage['stage'] as string, ...stagesOf(stage['inputStage'] as Document | undefined)];

  async function winning(cursor: { explain(verbosity: 'queryPlanner'): Promise<Document> }): Promise<string[]> {
    return stagesOf((await cursor.explain('queryPlanner'))['queryPlanner'].winningPlan as Document);
  }

  beforeEach(async () => {
    await things.insertMany(
      Array.from({ length: 500 }, (_, i) => ({ n: i, ten: i % 10, list: [i, i + 1], s: `t${i}` })),
    );
  });

  test('shows how documents are reached', async () => {
    expect(await winning(things.find({ n: 5 }))).toEqual(['FETCH', 'IXSCAN']);
    expect(await winning(things.find({ n: { $mod: [2, 0] } }))).toEqual(['COLLSCAN']);
    expect(await winning(things.find())).toEqual(['COLLSCAN']);
    expect(await winning(things.find().sort({ n: -1 }).limit(3))).toEqual(['LIMIT', 'FETCH', 'IXSCAN']);
    expect(await winning(things.find().sort({ list: 1 }).limit(3))).toEqual(['LIMIT', 'SORT', 'COLLSCAN']);
    expect(await winning(things.find({ ten: 3 }).sort({ n: 1, s: 1 }).skip(2))).toEqual([
      'SKIP',
      'SORT',
      'FETCH',
      'IXSCAN',
    ]);
    expect(await winning(client.db('i').collection('none').find({ n: 5 }))).toEqual(['EOF']);
    const either = await things.find({ $or: [{ n: 1 }, { s: 't9' }] }).explain('queryPlanner');
    expect(either['queryPlanner'].winningPlan.inputStage).toMatchObject({
      stage: 'OR',
      inputStages: [{ stage: 'IXSCAN' }, { stage: 'IXSCAN' }],
    });
  });

  test('tells what was looked at', async () => {
    await things.createIndex({ ten: 1, n: 1 }, { name: 'both' });
    const { executionStats } = await things.find({ ten: 3, n: { $gt: 100, $lt: 200 } }).explain('executionStats');
    expect(executionStats).toMatchObject({
      executionSuccess: true,
      nReturned: 10,
      totalKeysExamined: 10,
      totalDocsExamined: 10,
      executionStages: { inputStage: { stage: 'IXSCAN', indexName: 'both', keyPattern: { ten: 1, n: 1 } } },
    });
    expect(executionStats).not.toHaveProperty('allPlansExecution');
    const sorted = await things.find().sort({ n: -1 }).limit(7).explain('allPlansExecution');
    expect(sorted['executionStats']).toMatchObject({ nReturned: 7, totalDocsExamined: 7, allPlansExecution: [] });
  });

  test('of a count by terms reads no document', async () => {
    const counted = await command({
      explain: { count: things.collectionName, query: { ten: { $in: [1, 2] } } },
      verbosity: 'executionStats',
    });
    expect(counted['executionStats']).toMatchObject({
      totalKeysExamined: 100,
      totalDocsExamined: 0,
      executionStages: { stage: 'COUNT', nCounted: 100, inputStage: { stage: 'COUNT_SCAN', indexName: 'ten_1' } },
    });
    expect(await things.countDocuments({ ten: { $ne: 1 } })).toBe(450);
    expect(await things.estimatedDocumentCount()).toBe(500);
    expect(await things.distinct('ten')).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(await things.distinct('list', { n: { $lt: 2 } })).toEqual([0, 1, 2]);
  });
});
