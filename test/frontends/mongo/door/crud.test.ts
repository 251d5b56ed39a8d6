import type { Collection, Document, MongoClient } from 'mongodb';
import { ObjectId } from 'mongodb';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { start, type Started } from './start.ts';

let server: Started;
let client: MongoClient;
let things: Collection<Document>;
let count = 0;

beforeAll(async () => {
  server = await start();
  client = await server.client();
});
beforeEach(() => {
  things = client.db('shop').collection(`things${count++}`);
});
afterAll(async () => {
  expect(server.faults).toEqual([]);
  await server.stop();
});

const ids = async (filter: Document = {}): Promise<unknown[]> =>
  (await things.find(filter).toArray()).map((document) => document['_id']);

describe('inserting', () => {
  test('gives a document without _id one, and puts it first', async () => {
    await things.insertOne({ a: 1 }, { forceServerObjectId: true });
    const found = await things.findOne({ a: 1 });
    expect(Object.keys(found!)).toEqual(['_id', 'a']);
    expect(found!._id).toBeInstanceOf(ObjectId);
  });

  test('moves an _id that stands elsewhere to the front', async () => {
    await things.insertOne({ a: 1, _id: 7 as never });
    expect(Object.keys((await things.findOne())!)).toEqual(['_id', 'a']);
  });

  test('refuses an _id twice, in the words drivers look for', async () => {
    await things.insertOne({ _id: 'x' as never });
    const error = await things.insertOne({ _id: 'x' as never }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 11000,
      keyPattern: { _id: 1 },
      keyValue: { _id: 'x' },
      message: `E11000 duplicate key error collection: shop.${things.collectionName} index: _id_ dup key: { _id: "x" }`,
    });
  });

  test('holds equal numbers of different types for one _id', async () => {
    await things.insertOne({ _id: 1 as never });
    for (const command of [1.0, BigInt(1)])
      await expect(things.insertOne({ _id: command as never })).rejects.toMatchObject({ code: 11000 });
  });

  test('stops a list at its first failure when it is ordered', async () => {
    const documents = [1, 2, 1, 3].map((_id) => ({ _id: _id as never }));
    await expect(things.insertMany(documents)).rejects.toMatchObject({
      code: 11000,
      result: { insertedCount: 2 },
      writeErrors: [{ index: 2 }],
    });
    expect(await ids()).toEqual([1, 2]);
  });

  test('goes on behind failures when it is not, and names them all', async () => {
    const documents = [1, 2, 1, 3, 2, 4].map((_id) => ({ _id: _id as never }));
    await expect(things.insertMany(documents, { ordered: false })).rejects.toMatchObject({
      result: { insertedCount: 4 },
      writeErrors: [{ index: 2 }, { index: 4 }],
    });
    expect(await ids()).toEqual([1, 2, 3, 4]);
  });

  test('reports a document that may not be among those that may', async () => {
    const documents = [{ _id: 1 }, { _id: [1] }, { _id: 2 }] as never[];
    await expect(things.insertMany(documents, { ordered: false })).rejects.toMatchObject({
      writeErrors: [{ index: 1, code: 53 }],
    });
    expect(await ids()).toEqual([1, 2]);
  });

  test('takes thousands at once, in order', async () => {
    const documents = Array.from({ length: 3000 }, (_, i) => ({ _id: i as never }));
    expect((await things.insertMany(documents)).insertedCount).toBe(3000);
    expect(await ids()).toEqual(documents.map(({ _id }) => _id));
  });
});

describe('finding', () => {
  beforeEach(async () => {
    await things.insertMany(
      [
        { _id: 1, name: 'lamp', price: 12, tags: ['light', 'home'], size: { w: 1, h: 2 } },
        { _id: 2, name: 'table', price: 80, tags: ['home'], size: { w: 3, h: 1 } },
        { _id: 3, name: 'pen', price: 2, tags: [] },
        { _id: 4, name: 'sofa', price: 300 },
      ].map((each) => each as never),
    );
  });

  test.each<[Document, number[]]>([
    [{}, [1, 2, 3, 4]],
    [{ _id: 3 }, [3]],
    [{ _id: { $in: [4, 1, 1, 9] } }, [4, 1]],
    [{ _id: 3, name: 'lamp' }, []],
    [{ price: { $gte: 12, $lt: 300 } }, [1, 2]],
    [{ tags: 'home' }, [1, 2]],
    [{ 'size.w': 3 }, [2]],
    [{ $or: [{ name: 'pen' }, { price: 300 }] }, [3, 4]],
    [{ tags: { $exists: false } }, [4]],
    [{ name: /^.a/ }, [1, 2]],
    [{ tags: null }, [4]],
    [{ _id: null }, []],
  ])('%j gives %j', async (filter, expected) => {
    expect(await ids(filter)).toEqual(expected);
  });

  test('sorts, skips, limits and projects', async () => {
    const found = await things.find({}, { sort: { price: -1 }, skip: 1, limit: 2, projection: { name: 1 } }).toArray();
    expect(found).toEqual([
      { _id: 2, name: 'table' },
      { _id: 1, name: 'lamp' },
    ]);
    expect(await things.find({}, { sort: { $natural: -1 }, projection: { _id: 1 } }).toArray()).toEqual(
      [4, 3, 2, 1].map((_id) => ({ _id })),
    );
  });

  test('projects the array element that matched', async () => {
    expect(await things.findOne({ tags: 'home' }, { projection: { 'tags.$': 1 } })).toEqual({ _id: 1, tags: ['home'] });
  });

  test('gives nothing of a collection or database that is not there', async () => {
    expect(await client.db('nowhere').collection('nothing').find().toArray()).toEqual([]);
    expect(await client.db('nowhere').collection('nothing').countDocuments({})).toBe(0);
    expect(await client.db('nowhere').collection('nothing').distinct('a')).toEqual([]);
    const { databases } = await client.db().admin().listDatabases({ nameOnly: true });
    expect(databases.map(({ name }) => name)).not.toContain('nowhere');
  });

  test('counts', async () => {
    expect(await things.countDocuments({ price: { $gt: 10 } })).toBe(3);
    expect(await things.countDocuments({}, { skip: 1, limit: 2 })).toBe(2);
    expect(await things.estimatedDocumentCount()).toBe(4);
    expect(await client.db('shop').command({ count: things.collectionName, query: {}, skip: 3 })).toMatchObject({
      n: 1,
    });
  });

  test('gives distinct values, those of arrays one by one', async () => {
    expect(await things.distinct('tags')).toEqual(['light', 'home']);
    expect(await things.distinct('size.w', { price: { $lt: 100 } })).toEqual([1, 3]);
  });

  test.each<[string, Document, number]>([
    ['an unknown operator', { a: { $nope: 1 } }, 2],
    ['a script', { $where: 'true' }, 238],
    ['a text search', { $text: { $search: 'x' } }, 238],
  ])('refuses %s by its code', async (_what, filter, code) => {
    await expect(things.findOne(filter)).rejects.toMatchObject({ code });
  });

  test('refuses what would change results and is not there', async () => {
    await expect(things.findOne({}, { collation: { locale: 'de' } })).rejects.toMatchObject({ code: 238 });
    await expect(things.find({}, { tailable: true }).toArray()).rejects.toMatchObject({ code: 2 });
    const find = { find: things.collectionName };
    await expect(client.db('shop').command({ ...find, nothing: 1 })).rejects.toMatchObject({ code: 40415 });
    await expect(client.db('shop').command({ ...find, limit: -1 })).rejects.toMatchObject({ code: 51024 });
    await expect(client.db('shop').command({ ...find, filter: 1 })).rejects.toMatchObject({ code: 14 });
  });
});

describe('updating', () => {
  beforeEach(async () => {
    await things.insertMany([1, 2, 3].map((_id) => ({ _id: _id as never, n: _id, list: [1, 2, 3] })));
  });

  test('changes one or many, and tells which were changed', async () => {
    expect(await things.updateOne({ n: { $gt: 1 } }, { $set: { n: 10 } })).toMatchObject({
      matchedCount: 1,
      modifiedCount: 1,
    });
    expect(await things.updateMany({}, { $inc: { n: 1 } })).toMatchObject({ matchedCount: 3, modifiedCount: 3 });
    expect((await things.find().toArray()).map(({ n }) => n as number)).toEqual([2, 11, 4]);
    expect(await things.updateMany({}, { $set: { same: true } })).toMatchObject({ modifiedCount: 3 });
    expect(await things.updateMany({}, { $set: { same: true } })).toMatchObject({ matchedCount: 3, modifiedCount: 0 });
    expect(await things.updateOne({ _id: 9 as never }, { $set: { n: 1 } })).toMatchObject({ matchedCount: 0 });
  });

  test('changes each document once, also where the change would match again', async () => {
    await things.insertMany(Array.from({ length: 1000 }, (_, i) => ({ _id: (100 + i) as never, grow: 1 })));
    expect(
      await things.updateMany({ grow: { $gte: 1 } }, { $inc: { grow: 1 }, $set: { pad: 'x'.repeat(50) } }),
    ).toMatchObject({
      modifiedCount: 1000,
    });
    expect(await things.distinct('grow')).toEqual([2]);
  });

  test('changes the element the filter matched, and elements a filter of their own selects', async () => {
    await things.updateOne({ _id: 1 as never, list: 2 }, { $set: { 'list.$': 20 } });
    await things.updateOne(
      { _id: 1 as never },
      { $inc: { 'list.$[big]': 100 } },
      { arrayFilters: [{ big: { $gte: 3 } }] },
    );
    expect((await things.findOne({ _id: 1 as never }))!['list']).toEqual([1, 120, 103]);
  });

  test('replaces a document and keeps its _id', async () => {
    expect(await things.replaceOne({ n: 2 }, { other: true })).toMatchObject({ modifiedCount: 1 });
    expect(await things.findOne({ _id: 2 as never })).toEqual({ _id: 2, other: true });
    await expect(things.replaceOne({ n: 1 }, { _id: 5 as never })).rejects.toMatchObject({ code: 66 });
  });

  test('updates the first in the order given', async () => {
    await client.db('shop').command({
      update: things.collectionName,
      updates: [{ q: {}, u: { $set: { last: true } }, sort: { n: -1 } }],
    });
    expect(await ids({ last: true })).toEqual([3]);
  });

  test.each<[string, Document, number]>([
    ['an unknown operator', { $nope: { a: 1 } }, 9],
    ['a change of _id', { $set: { _id: 5 } }, 66],
    ['two changes of one path', { $set: { a: 1 }, $inc: { a: 1 } }, 40],
    ['a sum with a text', { $inc: { s: 1 } }, 14],
  ])('refuses %s', async (_what, update, code) => {
    await things.updateOne({ _id: 1 as never }, { $set: { s: 'text' } });
    await expect(things.updateOne({ _id: 1 as never }, update)).rejects.toMatchObject({ code });
  });

  test('keeps what a failing change of many did before it failed', async () => {
    await things.updateOne({ _id: 2 as never }, { $set: { n: 'text' } });
    await expect(things.updateMany({}, { $inc: { n: 1 } })).rejects.toMatchObject({ code: 14 });
    expect((await things.find().toArray()).map(({ n }) => n as unknown)).toEqual([2, 'text', 3]);
  });

  test('refuses a replacement of many', async () => {
    await expect(
      client.db('shop').command({ update: things.collectionName, updates: [{ q: {}, u: { a: 1 }, multi: true }] }),
    ).resolves.toMatchObject({ writeErrors: [{ index: 0, code: 9 }] });
  });
});

describe('upserting', () => {
  test('inserts what the filter demands and the update adds', async () => {
    const result = await things.updateOne(
      { a: 1, b: { $gt: 2 } },
      { $set: { c: 3 }, $setOnInsert: { d: 4 } },
      { upsert: true },
    );
    expect(result).toMatchObject({ matchedCount: 0, upsertedCount: 1 });
    expect(await things.findOne({ _id: result.upsertedId! })).toEqual({ _id: result.upsertedId, a: 1, c: 3, d: 4 });
  });

  test('takes the _id of the filter, and updates it the next time', async () => {
    for (const expected of [1, 2, 3]) {
      await things.updateOne({ _id: 'counter' as never }, { $inc: { n: 1 } }, { upsert: true });
      expect(await things.findOne()).toEqual({ _id: 'counter', n: expected });
    }
  });

  test('makes one document when many do it at once', async () => {
    const all = Array.from({ length: 32 }, () =>
      things.updateOne({ _id: 'one' as never }, { $inc: { n: 1 } }, { upsert: true }),
    );
    const results = await Promise.all(all);
    expect(results.filter(({ upsertedCount }) => upsertedCount === 1)).toHaveLength(1);
    expect(await things.find().toArray()).toEqual([{ _id: 'one', n: 32 }]);
  });

  test('by replacement and of many', async () => {
    expect(await things.replaceOne({ x: 1 }, { y: 1 }, { upsert: true })).toMatchObject({ upsertedCount: 1 });
    expect(await things.updateMany({ z: 1 }, { $set: { y: 2 } }, { upsert: true })).toMatchObject({ upsertedCount: 1 });
    expect(await things.find({}, { projection: { _id: 0 } }).toArray()).toEqual([{ y: 1 }, { z: 1, y: 2 }]);
  });

  test('is refused by a document whose _id it takes and that the filter does not select', async () => {
    await things.insertOne({ _id: 1 as never, a: 2 });
    await expect(
      things.updateOne({ _id: 1 as never, a: 1 }, { $set: { b: 1 } }, { upsert: true }),
    ).rejects.toMatchObject({
      code: 11000,
    });
  });
});

describe('deleting', () => {
  test('removes one or many', async () => {
    await things.insertMany([1, 2, 3, 4].map((_id) => ({ _id: _id as never, even: _id % 2 === 0 })));
    expect(await things.deleteOne({ even: true })).toMatchObject({ deletedCount: 1 });
    expect(await ids()).toEqual([1, 3, 4]);
    expect(await things.deleteMany({ _id: { $lt: 4 as never } })).toMatchObject({ deletedCount: 2 });
    expect(await things.deleteOne({ _id: 9 as never })).toMatchObject({ deletedCount: 0 });
    expect(await ids()).toEqual([4]);
    await expect(
      client.db('shop').command({ delete: things.collectionName, deletes: [{ q: {}, limit: 2 }] }),
    ).resolves.toMatchObject({ writeErrors: [{ code: 9 }] });
  });

  test('removes thousands', async () => {
    await things.insertMany(Array.from({ length: 2500 }, (_, i) => ({ _id: i as never })));
    expect(await things.deleteMany({})).toMatchObject({ deletedCount: 2500 });
    expect(await things.countDocuments()).toBe(0);
  });
});

describe('find and modify', () => {
  beforeEach(async () => {
    await things.insertMany([1, 2, 3].map((_id) => ({ _id: _id as never, n: _id, list: [{ k: 1 }, { k: 2 }] })));
  });

  test('answers the document before or after', async () => {
    expect(await things.findOneAndUpdate({ _id: 1 as never }, { $inc: { n: 1 } })).toMatchObject({ n: 1 });
    expect(
      await things.findOneAndUpdate({ _id: 1 as never }, { $inc: { n: 1 } }, { returnDocument: 'after' }),
    ).toMatchObject({ n: 3 });
    expect(await things.findOneAndReplace({ _id: 1 as never }, { z: 1 }, { returnDocument: 'after' })).toEqual({
      _id: 1,
      z: 1,
    });
    expect(await things.findOneAndUpdate({ _id: 8 as never }, { $inc: { n: 1 } })).toBeNull();
  });

  test('takes the first in the order given, and projects it', async () => {
    expect(await things.findOneAndDelete({}, { sort: { n: -1 }, projection: { n: 1 } })).toEqual({ _id: 3, n: 3 });
    expect(
      await things.findOneAndUpdate(
        { 'list.k': 2 },
        { $set: { 'list.$.k': 9 } },
        { sort: { n: -1 }, projection: { 'list.$': 1 }, returnDocument: 'after' },
      ),
    ).toEqual({ _id: 2, list: [{ k: 9 }] });
    expect(await ids()).toEqual([1, 2]);
  });

  test('upserts', async () => {
    const options = { upsert: true, includeResultMetadata: true } as const;
    const made = await things.findOneAndUpdate({ _id: 9 as never }, { $set: { a: 1 } }, options);
    expect(made).toMatchObject({ value: null, lastErrorObject: { n: 1, updatedExisting: false, upserted: 9 } });
    expect(
      await things.findOneAndUpdate(
        { _id: 10 as never },
        { $set: { a: 1 } },
        { upsert: true, returnDocument: 'after' },
      ),
    ).toEqual({
      _id: 10,
      a: 1,
    });
  });

  test.each<[string, Document]>([
    ['both', { remove: true, update: { a: 1 } }],
    ['neither', {}],
    ['new and remove', { new: true, remove: true }],
  ])('refuses %s', async (_what, fields) => {
    await expect(client.db('shop').command({ findAndModify: things.collectionName, ...fields })).rejects.toMatchObject({
      code: 9,
    });
  });

  test('hands each of many callers another document', async () => {
    const taken = await Promise.all(Array.from({ length: 20 }, () => things.findOneAndDelete({}, { sort: { n: 1 } })));
    const found = taken.filter((document) => document !== null).map((document) => document._id as unknown);
    expect(found.sort()).toEqual([1, 2, 3]);
  });
});

describe('bulk writes', () => {
  const operations = (): Parameters<typeof things.bulkWrite>[0] => [
    { insertOne: { document: { _id: 1 as never, n: 1 } } },
    { insertOne: { document: { _id: 2 as never, n: 2 } } },
    { updateOne: { filter: { _id: 1 as never }, update: { $inc: { n: 10 } } } },
    { updateMany: { filter: {}, update: { $set: { seen: true } } } },
    { replaceOne: { filter: { _id: 3 as never }, replacement: { n: 3 }, upsert: true } },
    { deleteOne: { filter: { _id: 2 as never } } },
  ];

  test.each([true, false])('ordered: %s', async (ordered) => {
    const result = await things.bulkWrite(operations(), { ordered });
    expect(result).toMatchObject({ insertedCount: 2, upsertedCount: 1, deletedCount: 1 });
    expect(await things.findOne({ _id: 1 as never })).toMatchObject({ n: 11 });
    expect(await ids()).toEqual([1, 3]);
  });

  test('stops at the first failure and names its place', async () => {
    await things.insertOne({ _id: 2 as never });
    await expect(things.bulkWrite(operations())).rejects.toMatchObject({ writeErrors: [{ index: 1, code: 11000 }] });
    expect(await ids()).toEqual([2, 1]);
  });
});

test('additions by 32 clients at once all count', async () => {
  await things.insertOne({ _id: 'n' as never, n: 0, other: 1 });
  const clients = await Promise.all(Array.from({ length: 32 }, () => server.client({ maxPoolSize: 1 })));
  await Promise.all(
    clients.map(async (each, i) => {
      const mine = each.db('shop').collection<Document>(things.collectionName);
      // Half of them find the document by search, half by its _id.
      const filter = i % 2 === 0 ? { other: 1 } : { _id: 'n' as never };
      for (let k = 0; k < 10; k++) await mine.updateOne(filter, { $inc: { n: 1 } });
    }),
  );
  expect(await things.findOne()).toEqual({ _id: 'n', n: 320, other: 1 });
  await Promise.all(clients.map((each) => each.close()));
});

test('unacknowledged writes happen and are not answered', async () => {
  expect(await things.insertOne({ _id: 1 as never }, { writeConcern: { w: 0 } })).toMatchObject({
    acknowledged: false,
  });
  expect(await things.updateOne({ _id: 1 as never }, { $set: { a: 1 } }, { writeConcern: { w: 0 } })).toMatchObject({
    acknowledged: false,
  });
  await expect.poll(() => things.findOne({ _id: 1 as never })).toEqual({ _id: 1, a: 1 });
  await things.deleteOne({ _id: 1 as never }, { writeConcern: { w: 0 } });
  await expect.poll(() => things.countDocuments()).toBe(0);
});

test('a write concern of more members than there are is told, and the write is done', async () => {
  await expect(things.insertOne({ _id: 1 as never }, { writeConcern: { w: 2 } })).rejects.toMatchObject({ code: 100 });
  await things.insertOne({ _id: 2 as never }, { writeConcern: { w: 'majority', j: true } });
  expect(await ids()).toEqual([1, 2]);
});
