// Containers that another door made, as Mongo meets them: sharded collections whose documents show an `_id`.

import { Decimal128, Int32, Long, ObjectId, type Collection, type Document, type MongoClient } from 'mongodb';
import { serialize } from 'bson';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { start, type Started } from './start.ts';

let server: Started;
let client: MongoClient;
let orders: Collection<Document>;
let number = 0;

beforeAll(async () => {
  server = await start();
  client = await server.client();
});
beforeEach(async () => {
  const container = `orders${number++}`;
  await server.engine.execute({ kind: 'create-database', id: 'shop' }, { account: 1 }).catch(() => undefined);
  await server.engine.execute(
    {
      kind: 'create-container',
      database: 'shop',
      container,
      profile: 'documents',
      partitionKey: { paths: ['/pk'], kind: 'Hash', version: 2 },
    },
    { account: 1 },
  );
  orders = client.db('shop').collection(container);
});
afterAll(async () => {
  expect(server.faults).toEqual([]);
  await server.stop();
});

/** What the Cosmos door would store. */
async function stored(document: Document): Promise<void> {
  const body = Uint8Array.from(serialize(document));
  await server.engine.execute(
    {
      kind: 'write-item',
      database: 'shop',
      container: orders.collectionName,
      write: { kind: 'create-item', body, view: 'exact' },
    },
    { account: 1 },
  );
}

async function bodyOf(id: string, pk: string): Promise<Uint8Array> {
  const { item } = await server.engine.execute(
    { kind: 'read-item', database: 'shop', container: orders.collectionName, id, partitionKey: [pk] },
    { account: 1 },
  );
  return item.body;
}

describe('an item made elsewhere', () => {
  beforeEach(() => stored({ id: '1', pk: 'a', n: 2.5, whole: 3, list: [1.5] }));

  test('has its id as _id', async () => {
    const expected = { _id: '1', id: '1', pk: 'a', whole: 3 };
    expect(await orders.findOne({ _id: '1' as never })).toMatchObject(expected);
    expect(await orders.findOne({ pk: 'a', n: 2.5 })).toMatchObject(expected);
    expect(await orders.countDocuments({ pk: 'b' })).toBe(0);
  });

  test('is updated, and keeps what was not touched', async () => {
    expect(await orders.updateOne({ _id: '1' as never }, { $set: { added: Long.fromNumber(5) } })).toMatchObject({
      modifiedCount: 1,
    });
    expect(await bodyOf('1', 'a')).toEqual(
      Uint8Array.from(serialize({ id: '1', pk: 'a', n: 2.5, whole: 3, list: [1.5], added: Long.fromNumber(5) })),
    );
  });

  test('is replaced and deleted', async () => {
    await orders.replaceOne({ _id: '1' as never }, { pk: 'a', other: new Int32(1) });
    expect(await orders.findOne()).toEqual({ _id: '1', pk: 'a', other: 1, id: '1' });
    expect(await orders.deleteMany({ other: 1 })).toMatchObject({ deletedCount: 1 });
  });

  test.each([{ pk: 'b' }, { id: '2' }])('does not change its place: %j', async (change) => {
    await expect(orders.updateOne({ _id: '1' as never }, { $set: change })).rejects.toMatchObject({ code: 66 });
    expect(await orders.findOne()).toMatchObject({ _id: '1', pk: 'a' });
  });
});

describe('a document inserted', () => {
  test('has its _id as id, and keeps its type', async () => {
    const _id = new ObjectId();
    await orders.insertOne({ _id, pk: 'a', price: Decimal128.fromString('1.10') });
    expect(await orders.findOne({ _id })).toMatchObject({
      _id,
      id: _id.toHexString(),
      price: Decimal128.fromString('1.10'),
    });
    expect((await bodyOf(_id.toHexString(), 'a')).length).toBeGreaterThan(0);
    expect(await orders.updateOne({ _id }, { $inc: { n: new Int32(1) } })).toMatchObject({ modifiedCount: 1 });
  });

  test('is refused where its identity is taken, and only there', async () => {
    await orders.insertOne({ _id: '1' as never, pk: 'a' });
    await expect(orders.insertOne({ _id: '1' as never, pk: 'a' })).rejects.toMatchObject({ code: 11000 });
    await orders.insertOne({ _id: '1' as never, pk: 'b' });
    await orders.insertOne({ _id: '1' as never });
    expect(await orders.find({ _id: '1' as never }).toArray()).toHaveLength(3);
    expect(await orders.updateMany({ _id: '1' as never }, { $set: { seen: true } })).toMatchObject({
      modifiedCount: 3,
    });
    expect(await orders.deleteOne({ _id: '1' as never, pk: 'b' })).toMatchObject({ deletedCount: 1 });
    expect((await orders.find().toArray()).map((document) => document['pk'] as unknown).sort()).toEqual([
      'a',
      undefined,
    ]);
  });

  test('must not say another id than _id', async () => {
    await expect(orders.insertOne({ _id: '1' as never, id: '2', pk: 'a' })).rejects.toMatchObject({ code: 2 });
  });

  test('is spread over partitions and found in all of them', async () => {
    const documents = Array.from({ length: 300 }, (_, i) => ({
      _id: `${i}` as never,
      pk: `k${i % 50}`,
      n: new Int32(i),
    }));
    await orders.insertMany(documents);
    expect(await orders.countDocuments({})).toBe(300);
    expect(await orders.countDocuments({ pk: 'k7' })).toBe(6);
    const sorted = await orders.find({}, { sort: { n: 1 }, batchSize: 40 }).toArray();
    expect(sorted.map((document) => document._id as unknown)).toEqual(documents.map(({ _id }) => _id));
    expect(
      await orders.updateOne({ pk: 'new', _id: 'u' as never }, { $set: { a: true } }, { upsert: true }),
    ).toMatchObject({ upsertedId: 'u' });
    expect(await orders.findOneAndDelete({ n: 5 })).toMatchObject({ _id: '5' });
  });
});

test('a container of another kind is read and not written', async () => {
  await server.engine.execute(
    { kind: 'create-container', database: 'shop', container: 'graph', profile: 'graph' },
    { account: 1 },
  );
  const graph = client.db('shop').collection<Document>('graph');
  expect(await graph.find().toArray()).toEqual([]);
  await expect(graph.insertOne({ a: 1 })).rejects.toMatchObject({ code: 166 });
});

test('names that this protocol cannot say are not listed', async () => {
  await server.engine.execute({ kind: 'create-database', id: 'a b' }, { account: 1 });
  const { databases } = await client.db().admin().listDatabases();
  expect(databases.map(({ name }) => name)).toEqual(['shop']);
});
