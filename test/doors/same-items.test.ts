// One item behind two doors, opened by the vendors' own clients, unmodified: what is written through one is read
// through the other, and what the other does not understand keeps its type.

import { CosmosClient, type Container } from '@azure/cosmos';
import {
  Binary,
  Decimal128,
  Double,
  Int32,
  Long,
  MongoClient,
  ObjectId,
  type Collection,
  type Document,
} from 'mongodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Meridian } from '../../bin/embed.ts';
import { wellKnownKey } from '../clients/cosmos-http.ts';

/** Numbers as they are stored, and not as JavaScript's. */
const asStored = { promoteValues: false };

let meridian: Meridian;
let cosmos: CosmosClient;
let mongo: MongoClient;

beforeAll(async () => {
  meridian = await Meridian.start({ memory: true });
  cosmos = new CosmosClient({ endpoint: meridian.endpoints.sql!, key: wellKnownKey });
  mongo = await MongoClient.connect(meridian.endpoints.mongo!);
});
afterAll(async () => {
  await mongo.close();
  cosmos.dispose();
  await meridian.stop();
});

/** A container made by the Cosmos client, and the same one through Mongo. */
async function madeByCosmos(id: string): Promise<[Container, Collection<Document>]> {
  const { database } = await cosmos.databases.createIfNotExists({ id: 'shop' });
  const { container } = await database.containers.create({ id, partitionKey: { paths: ['/pk'] } });
  return [container, mongo.db('shop').collection(id)];
}

const typed = () => ({
  _id: new ObjectId('65f000000000000000000001'),
  i32: new Int32(7),
  i64: Long.fromString('9007199254740993'),
  double: new Double(1.5),
  whole: new Double(2),
  decimal: Decimal128.fromString('1.10'),
  when: new Date('2026-01-02T03:04:05.678Z'),
  bytes: new Binary(Buffer.from([0, 1, 2, 255])),
  nested: { list: [new Int32(1), [Long.fromNumber(2), { deep: Decimal128.fromString('3.30') }]] },
  __proto__x: 'kept',
});

test('an item made through Cosmos is found, updated and deleted through Mongo', async () => {
  const [container, collection] = await madeByCosmos('first');
  await container.items.create({ id: '1', pk: 'a', name: 'lamp', price: 12.5, tags: ['x', ['y']], stock: 3 });
  const found = await collection.findOne({ name: 'lamp' }, asStored);
  expect(found).toMatchObject({ _id: '1', id: '1', pk: 'a', tags: ['x', ['y']] });
  expect(found!['stock']).toEqual(new Int32(3));
  expect(await collection.updateOne({ _id: '1' as never, pk: 'a' }, { $inc: { stock: 4 } })).toMatchObject({
    modifiedCount: 1,
  });
  const { resource } = await container.item('1', 'a').read<{ stock: number; name: string }>();
  expect(resource).toMatchObject({ stock: 7, name: 'lamp' });
  expect(await collection.deleteOne({ _id: '1' as never })).toMatchObject({ deletedCount: 1 });
  expect((await container.item('1', 'a').read()).statusCode).toBe(404);
});

test('a collection made through Mongo is read, queried and written through Cosmos, and its types stay', async () => {
  const collection = mongo.db('shop').collection('typed');
  await collection.insertOne(typed() as Document);
  const container = cosmos.database('shop').container('typed');
  const { resources } = await container.items.query('SELECT * FROM c WHERE c.i32 = 7').fetchAll();
  expect(resources).toHaveLength(1);
  const item = resources[0] as Record<string, unknown>;
  expect(item).toMatchObject({ id: '65f000000000000000000001', i32: 7, double: 1.5, decimal: 1.1 });
  await container.items.upsert({ ...item, double: 2.25, added: 'through SQL' });
  const stored = await collection.findOne({}, asStored);
  expect(stored).toMatchObject({ ...typed(), double: new Double(2.25), added: 'through SQL' });
  expect(stored!['_id']).toBeInstanceOf(ObjectId);
  expect(stored!['i64']).toEqual(Long.fromString('9007199254740993'));
  expect(stored!['decimal'].toString()).toBe('1.10');
});

test('an item made through Cosmos in a Mongo collection is found by its _id', async () => {
  await mongo.db('shop').createCollection('mixed');
  const container = cosmos.database('shop').container('mixed');
  await container.items.create({ id: '65f0000000000000000000aa', name: 'by hex' });
  await container.items.create({ id: 'plain', name: 'by text' });
  const collection = mongo.db('shop').collection('mixed');
  expect(await collection.findOne({ _id: new ObjectId('65f0000000000000000000aa') })).toMatchObject({ name: 'by hex' });
  expect(await collection.findOne({ _id: 'plain' as never })).toMatchObject({ name: 'by text' });
});

test('databases and containers made through one door are listed by the other', async () => {
  await madeByCosmos('listed');
  await mongo.db('other').createCollection('things');
  const { databases } = await mongo.db('admin').admin().listDatabases();
  expect(databases.map((database) => database.name)).toEqual(expect.arrayContaining(['shop', 'other']));
  expect((await mongo.db('shop').listCollections().toArray()).map((collection) => collection.name)).toContain('listed');
  const { resources } = await cosmos.database('other').containers.readAll().fetchAll();
  expect(resources.map((container) => container.id)).toEqual(['things']);
});

test('the same identity is refused by both doors', async () => {
  const [container, collection] = await madeByCosmos('unique');
  await container.items.create({ id: '1', pk: 'a' });
  await expect(collection.insertOne({ _id: '1' as never, pk: 'a' })).rejects.toMatchObject({ code: 11000 });
  await collection.insertOne({ _id: '2' as never, pk: 'a' });
  await expect(container.items.create({ id: '2', pk: 'a' })).rejects.toMatchObject({ code: 409 });
});
