// The entities of a table behind the doors of SQL and MongoDB, opened by the vendors' own clients, unmodified: what is
// read, edited in one field and written back keeps every other property byte for byte; what a table cannot hold is
// refused by name, whatever the door.

import { BulkOperationType, CosmosClient, type Container } from '@azure/cosmos';
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
import type { Engine } from '../../core/engine.ts';
import type { RunningServer } from '../../bin/server.ts';
import type { EdmProperty } from '../model/edm-oracle.ts';
import { wellKnownKey } from '../clients/cosmos-http.ts';
import { randomOf, seedOf, testScale } from '../random.ts';
import { serve } from '../serving.ts';
import { edgeProperties, randomValue } from '../model/edm-values.ts';
import { createTable, tablesDatabase, type EntityTable } from './entities.ts';

let server: RunningServer;
let engine: Engine;
let cosmos: CosmosClient;
let mongo: MongoClient;
let tablesConnection: string;
let tables = 0;

beforeAll(async () => {
  server = await serve();
  engine = server.deployment.accounts[0]!.engine;
  const endpoint = `${server.endpoints.table!}/devstoreaccount1`;
  tablesConnection = `DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=${wellKnownKey};TableEndpoint=${endpoint};`;
  cosmos = new CosmosClient({ endpoint: server.endpoints.sql!, key: wellKnownKey });
  mongo = await MongoClient.connect(server.endpoints.mongo!);
}, 60_000);
afterAll(async () => {
  await mongo.close();
  cosmos.dispose();
  await server.stop();
});

interface Doors {
  readonly table: EntityTable;
  readonly container: Container;
  readonly collection: Collection<Document & { _id: string }>;
}

async function newTable(): Promise<Doors> {
  const name = `Table${++tables}`;
  const table = await createTable(tablesConnection, engine, server.deployment.accounts[0]!.number, name);
  return {
    table,
    container: cosmos.database(tablesDatabase).container(name),
    collection: mongo.db(tablesDatabase).collection(name),
  };
}

/** What the Table door is to show of these properties. */
function shown(properties: readonly EdmProperty[]): ReadonlyMap<string, string> {
  return new Map(properties.map(({ name, type, value }) => [name, `${type} ${value}`]));
}

const int32 = (name: string, value: number): EdmProperty => ({ name, type: 'Edm.Int32', value: String(value) });
const text = (name: string, value: string): EdmProperty => ({ name, type: 'Edm.String', value });

test('an entity of all types and edge values, edited in one field through SQL, keeps the others exactly', async () => {
  const { table, container } = await newTable();
  await table.insert('p', 'r', [...edgeProperties(), int32('edited', 1)]);
  const { resource } = await container.item('r', 'p').read<Document>();
  expect(resource).toMatchObject({ id: 'r', PartitionKey: 'p', RowKey: 'r', edited: 1 });
  await container.item('r', 'p').replace({ ...resource, edited: 2 } as never);
  const after = await table.read('p', 'r');
  for (const [name, value] of shown([...edgeProperties(), int32('edited', 2)])) expect(after.get(name)).toBe(value);
  expect(after.size).toBe(edgeProperties().length + 3);
});

test('an entity of all types and edge values, edited in one field through MongoDB, keeps the others exactly', async () => {
  const { table, collection } = await newTable();
  await table.insert('p', 'r', [...edgeProperties(), int32('edited', 1)]);
  // As drivers give numbers by default: one type of them for all.
  const { _id, ...found } = (await collection.findOne({ _id: 'r', PartitionKey: 'p' }))!;
  expect(await collection.replaceOne({ _id, PartitionKey: 'p' }, { ...found, edited: 2 })).toMatchObject({
    modifiedCount: 1,
  });
  const after = await table.read('p', 'r');
  for (const [name, value] of shown([...edgeProperties(), int32('edited', 2)])) expect(after.get(name)).toBe(value);
  expect(after.size).toBe(edgeProperties().length + 3);
});

test('random entities keep every property that was not edited, through both doors', async () => {
  const seed = seedOf();
  const random = randomOf(seed);
  const { table, container, collection } = await newTable();
  for (let round = 0; round < 60 * testScale; round++) {
    const row = `row ${round}`;
    const count = 1 + Math.floor(random() * 12);
    const properties: EdmProperty[] = [];
    for (let i = 0; i < count; i++) properties.push({ name: `p${i}`, ...randomValue(random) });
    await table.insert('p', row, properties);
    const before = new Map(await table.stored('p', row));
    const edited = properties[Math.floor(random() * count)]!.name;
    if (round % 2 === 0) {
      const { resource } = await container.item(row, 'p').read<Document>();
      await container.items.upsert({ ...resource, [edited]: 'edited' });
    } else {
      const found = (await collection.findOne({ _id: row, PartitionKey: 'p' }))!;
      await collection.replaceOne({ _id: row, PartitionKey: 'p' }, { ...found, [edited]: 'edited', _id: row });
    }
    expect((await table.read('p', row)).get(edited)).toBe('Edm.String edited');
    const after = new Map(await table.stored('p', row));
    expect(after.delete(edited) && before.delete(edited)).toBe(true);
    expect(new Map([...after].sort()), `seed ${seed}, round ${round}`).toEqual(new Map([...before].sort()));
  }
});

test('entities are queried through SQL by id, RowKey, PartitionKey and by properties', async () => {
  const { table, container } = await newTable();
  for (const [partition, row, size] of [
    ['a', '1', 1],
    ['a', '2', 2],
    ['b', '1', 3],
  ] as const)
    await table.insert(partition, row, [
      int32('size', size),
      { name: 'at', type: 'Edm.DateTime', value: `2026-01-0${size}` },
    ]);
  const ask = async (query: string): Promise<unknown[]> => (await container.items.query(query).fetchAll()).resources;
  expect(await ask("SELECT VALUE c.size FROM c WHERE c.id = '1' ORDER BY c.size")).toEqual([1, 3]);
  expect(await ask("SELECT VALUE c.size FROM c WHERE c.RowKey = '1' ORDER BY c.size")).toEqual([1, 3]);
  expect(await ask("SELECT VALUE c.size FROM c WHERE c.RowKey > '1'")).toEqual([2]);
  expect(await ask("SELECT VALUE c.size FROM c WHERE c.PartitionKey = 'a' ORDER BY c.RowKey DESC")).toEqual([2, 1]);
  expect(await ask("SELECT c.id, c.RowKey FROM c WHERE c.at['$date'] > '2026-01-02T12'")).toEqual([
    { id: '1', RowKey: '1' },
  ]);
});

test('a property of an entity called id or _id is shadowed by the other doors, and kept', async () => {
  const { table, container, collection } = await newTable();
  await table.insert('p', 'r', [text('id', 'own id'), int32('_id', 7), int32('n', 1)]);
  await table.insert('p', 'same', [text('id', 'same'), int32('n', 1)]);
  const { resource } = await container.item('r', 'p').read<Document>();
  expect(resource).toMatchObject({ id: 'r', RowKey: 'r' });
  const { resources } = await container.items.query("SELECT VALUE c.RowKey FROM c WHERE c.id = 'own id'").fetchAll();
  expect(resources).toEqual([]);
  await container.item('r', 'p').replace({ ...resource, n: 2 } as never);
  await container.item('same', 'p').replace({ id: 'same', PartitionKey: 'p', n: 2 } as never);
  expect(await collection.findOne({ _id: 'r' })).toMatchObject({ _id: 'r', id: 'own id', n: 2 });
  await collection.updateOne({ _id: 'r' }, { $set: { n: 3 } });
  expect([...(await table.read('p', 'r'))]).toEqual(
    expect.arrayContaining([
      ['id', 'Edm.String own id'],
      ['_id', 'Edm.Int32 7'],
      ['n', 'Edm.Int32 3'],
    ]),
  );
  expect((await table.read('p', 'same')).get('id')).toBe('Edm.String same');
});

test('through SQL an entity is created by id, by RowKey or by both where they agree', async () => {
  const { table, container } = await newTable();
  const plain = { disableAutomaticIdGeneration: true };
  await container.items.create({ id: 'by id', PartitionKey: 'p', n: 1 });
  await container.items.create({ RowKey: 'by row', PartitionKey: 'p', n: 1 }, plain);
  await container.items.create({ id: 'both', RowKey: 'both', PartitionKey: 'p', n: 1 });
  for (const row of ['by id', 'by row', 'both'])
    expect([...(await table.read('p', row)).keys()].sort()).toEqual(['PartitionKey', 'RowKey', 'n']);
  const refuse = async (item: Document): Promise<string> =>
    container.items.create(item, plain).then(
      () => 'created',
      (error: { code: number; message: string }) => `${error.code} ${error.message}`,
    );
  expect(await refuse({ id: 'one', RowKey: 'other', PartitionKey: 'p' })).toMatch(/^400 .*RowKey/s);
  expect(await refuse({ id: 'x' })).toMatch(/^400/);
  expect(await refuse({ PartitionKey: 'p' })).toMatch(/^400/);
  expect(await refuse({ id: 'by id', PartitionKey: 'p' })).toMatch(/^409/);
});

test('through SQL typed values are written as Extended JSON, and numbers keep the type of the property', async () => {
  const { table, container } = await newTable();
  await table.insert('p', 'r', [
    int32('i32', 1),
    { name: 'i64', type: 'Edm.Int64', value: '1' },
    { name: 'double', type: 'Edm.Double', value: '1' },
    int32('broken', 1),
  ]);
  await container.items.upsert({
    id: 'r',
    PartitionKey: 'p',
    i32: 2,
    i64: 3,
    double: 4,
    broken: 1.5,
    added: 5,
    when: { $date: '2026-01-02T03:04:05.1234567Z' },
    uuid: { $uuid: 'c9da6455-213d-42c9-9a79-3e9149a57833' },
    bytes: { $binary: { base64: 'AAE=', subType: '00' } },
    large: { $numberLong: '9007199254740993' },
    none: { $numberDouble: 'NaN' },
  });
  expect(Object.fromEntries(await table.read('p', 'r'))).toEqual({
    PartitionKey: 'p',
    RowKey: 'r',
    i32: 'Edm.Int32 2',
    i64: 'Edm.Int64 3',
    double: 'Edm.Double 4.0',
    broken: 'Edm.Double 1.5',
    added: 'Edm.Double 5.0',
    when: 'Edm.DateTime 2026-01-02T03:04:05.1234567Z',
    uuid: 'Edm.Guid c9da6455-213d-42c9-9a79-3e9149a57833',
    bytes: 'Edm.Binary AAE=',
    large: 'Edm.Int64 9007199254740993',
    none: 'Edm.Double NaN',
  });
});

test('a copy of an entity made through SQL has the same types, but for integers, which JSON does not tell', async () => {
  const { table, container } = await newTable();
  await table.insert(
    'p',
    'r',
    edgeProperties().filter(({ type, value }) => !type.startsWith('Edm.Int') && value !== '-0.0'),
  );
  const { resource } = await container.item('r', 'p').read<Document>();
  await container.items.create({ ...resource, id: 'copy', RowKey: 'copy' });
  const [before, after] = [new Map(await table.read('p', 'r')), new Map(await table.read('p', 'copy'))];
  before.delete('RowKey');
  after.delete('RowKey');
  expect(after).toEqual(before);
});

test('an entity is patched, batched, bulk-written, renamed and deleted through SQL', async () => {
  const { table, container } = await newTable();
  const when: EdmProperty = { name: 'when', type: 'Edm.DateTime', value: '2026-01-02T03:04:05.1234567Z' };
  await table.insert('p', 'r', [when, int32('n', 1), { name: 'i64', type: 'Edm.Int64', value: '9007199254740993' }]);
  await container.item('r', 'p').patch([
    { op: 'incr', path: '/i64', value: 1 },
    { op: 'set', path: '/n', value: 5 },
    { op: 'add', path: '/uuid', value: { $uuid: 'c9da6455-213d-42c9-9a79-3e9149a57833' } },
  ]);
  expect(Object.fromEntries(await table.read('p', 'r'))).toMatchObject({
    when: `Edm.DateTime ${when.value}`,
    i64: 'Edm.Int64 9007199254740994',
    n: 'Edm.Int32 5',
    uuid: 'Edm.Guid c9da6455-213d-42c9-9a79-3e9149a57833',
  });
  for (const path of ['/RowKey', '/PartitionKey'])
    await expect(container.item('r', 'p').patch([{ op: 'set', path, value: 'x' }])).rejects.toMatchObject({
      code: 400,
    });
  const batch = await container.items.batch(
    [
      { operationType: BulkOperationType.Create, resourceBody: { id: '1', PartitionKey: 'p', n: 1 } },
      { operationType: BulkOperationType.Upsert, resourceBody: { id: 'r', PartitionKey: 'p', n: 6 } },
      { operationType: BulkOperationType.Create, resourceBody: { id: '2', PartitionKey: 'p', n: { nested: 1 } } },
    ],
    'p',
  );
  expect(batch.result?.map(({ statusCode }) => statusCode)).toEqual([424, 424, 400]);
  expect((await table.read('p', 'r')).get('n')).toBe('Edm.Int32 5');
  const bulk = await container.items.executeBulkOperations([
    { operationType: BulkOperationType.Create, partitionKey: 'p', resourceBody: { id: '1', PartitionKey: 'p', n: 1 } },
    { operationType: BulkOperationType.Delete, partitionKey: 'p', id: 'r' },
  ]);
  expect(bulk.map(({ response }) => response?.statusCode)).toEqual([201, 204]);
  await expect(
    container.item('1', 'p').replace({ id: '1', RowKey: 'renamed', PartitionKey: 'p' }),
  ).rejects.toMatchObject({ code: 400 });
  await container.item('1', 'p').replace({ id: 'renamed', RowKey: 'renamed', PartitionKey: 'p', n: 2 });
  expect((await table.read('p', 'renamed')).get('n')).toBe('Edm.Double 2.0');
  await container.item('renamed', 'p').delete();
  await expect(table.read('p', 'renamed')).rejects.toMatchObject({ statusCode: 404 });
});

test('a stored procedure writes entities under the same rules', async () => {
  const { table, container } = await newTable();
  await table.insert('p', 'r', [
    int32('n', 1),
    { name: 'when', type: 'Edm.DateTime', value: '2026-01-02T03:04:05.1234567Z' },
  ]);
  await container.scripts.storedProcedures.create({
    id: 'edit',
    body: `function (value) {
      const collection = getContext().getCollection();
      const link = collection.getAltLink() + '/docs/r';
      collection.readDocument(link, (error, document) => {
        if (error) throw error;
        document.n = value;
        collection.replaceDocument(link, document, (failed) => {
          if (failed) throw failed;
          collection.createDocument(collection.getSelfLink(), { RowKey: 'made', PartitionKey: 'p' }, { disableAutomaticIdGeneration: true });
        });
      });
    }`,
  });
  await container.scripts.storedProcedure('edit').execute('p', [2]);
  expect(Object.fromEntries(await table.read('p', 'r'))).toMatchObject({
    n: 'Edm.Int32 2',
    when: 'Edm.DateTime 2026-01-02T03:04:05.1234567Z',
  });
  expect((await table.read('p', 'made')).get('RowKey')).toBe('made');
  await expect(container.scripts.storedProcedure('edit').execute('p', [{ a: 1 }])).rejects.toMatchObject({ code: 400 });
});

test('MongoDB inserts, updates, replaces, modifies, aggregates and deletes entities', async () => {
  const { table, collection } = await newTable();
  await collection.insertOne({ _id: '1', PartitionKey: 'p', n: 1, i64: Long.fromNumber(5), double: new Double(2) });
  await collection.insertMany([
    { _id: '2', RowKey: '2', PartitionKey: 'p', n: 2 },
    { _id: '2', PartitionKey: 'q', n: 3 },
  ]);
  expect(Object.fromEntries(await table.read('p', '1'))).toEqual({
    PartitionKey: 'p',
    RowKey: '1',
    n: 'Edm.Int32 1',
    i64: 'Edm.Int64 5',
    double: 'Edm.Double 2.0',
  });
  await expect(collection.insertOne({ _id: '1', PartitionKey: 'p' })).rejects.toMatchObject({ code: 11000 });
  expect(
    await collection.updateMany({ n: { $gte: 2 } }, { $inc: { n: 10 }, $set: { when: new Date(0) } }),
  ).toMatchObject({
    modifiedCount: 2,
  });
  expect(await collection.find({ _id: '2' }).sort({ PartitionKey: 1 }).project({ _id: 1, n: 1 }).toArray()).toEqual([
    { _id: '2', n: 12 },
    { _id: '2', n: 13 },
  ]);
  expect((await table.read('q', '2')).get('when')).toBe('Edm.DateTime 1970-01-01T00:00:00Z');
  const modified = await collection.findOneAndUpdate(
    { _id: '1', PartitionKey: 'p' },
    { $inc: { i64: 1 } },
    { returnDocument: 'after' },
  );
  expect(modified).toMatchObject({ _id: '1', RowKey: '1', i64: 6 });
  expect((await table.read('p', '1')).get('i64')).toBe('Edm.Int64 6');
  expect(
    await collection
      .aggregate([{ $group: { _id: '$PartitionKey', sum: { $sum: '$n' } } }, { $sort: { _id: 1 } }])
      .toArray(),
  ).toEqual([
    { _id: 'p', sum: 13 },
    { _id: 'q', sum: 13 },
  ]);
  expect(await collection.countDocuments({ PartitionKey: 'p' })).toBe(2);
  expect(await collection.deleteOne({ _id: '2', PartitionKey: 'q' })).toMatchObject({ deletedCount: 1 });
  expect(await collection.findOneAndDelete({ PartitionKey: 'p', RowKey: '2' })).toMatchObject({ _id: '2' });
  expect((await collection.find().toArray()).map(({ _id }) => _id)).toEqual(['1']);
});

test('an upsert through MongoDB makes an entity whose _id is its row key', async () => {
  const { table, collection } = await newTable();
  const first = await collection.updateOne({ PartitionKey: 'p', RowKey: 'r' }, { $set: { n: 1 } }, { upsert: true });
  expect(first).toMatchObject({ upsertedCount: 1, upsertedId: 'r' });
  const second = await collection.findOneAndReplace(
    { _id: 's', PartitionKey: 'p' },
    { PartitionKey: 'p', n: 2 },
    { upsert: true, returnDocument: 'after' },
  );
  expect(second).toEqual({ _id: 's', RowKey: 's', PartitionKey: 'p', n: 2 });
  expect([...(await table.read('p', 's')).keys()].sort()).toEqual(['PartitionKey', 'RowKey', 'n']);
  expect(
    await collection.updateOne({ _id: 'r', PartitionKey: 'p' }, { $set: { n: 3 } }, { upsert: true }),
  ).toMatchObject({
    matchedCount: 1,
    upsertedCount: 0,
  });
});

test('MongoDB changes no key of an entity', async () => {
  const { table, collection } = await newTable();
  await table.insert('p', 'r', [int32('n', 1)]);
  const here = { _id: 'r', PartitionKey: 'p' };
  for (const update of [
    { $set: { PartitionKey: 'q' } },
    { $set: { RowKey: 's' } },
    { $unset: { PartitionKey: '' } },
    { $unset: { RowKey: '' } },
    { $rename: { RowKey: 'other' } },
  ])
    await expect(collection.updateOne(here, update as Document)).rejects.toMatchObject({ code: 66 });
  await expect(collection.replaceOne(here, { PartitionKey: 'q' })).rejects.toMatchObject({ code: 66 });
  expect(await collection.replaceOne(here, { n: 2 })).toMatchObject({ modifiedCount: 1 });
  expect(Object.fromEntries(await table.read('p', 'r'))).toEqual({ PartitionKey: 'p', RowKey: 'r', n: 'Edm.Int32 2' });
  for (const document of [
    { _id: new ObjectId(), PartitionKey: 'p', RowKey: 'x' },
    { _id: 'y', PartitionKey: 'p', RowKey: 'x' },
    { _id: 'y' },
    { _id: 'y', PartitionKey: 5 },
  ])
    await expect(collection.insertOne(document as never)).rejects.toMatchObject({ code: 2 });
});

const lossy: readonly (readonly [string, unknown])[] = [
  ['object', { a: 1 }],
  ['array', [1]],
  ['objectId', new ObjectId()],
  ['decimal', Decimal128.fromString('1.10')],
  ['regex', /x/],
  ['legacyUuid', new Binary(Buffer.alloc(16), 3)],
  ['extended', new Binary(Buffer.from([2, 1]), 0x80)],
  ['early', new Date(-62135596800001)],
  ['late', new Date(253402300800000)],
];

test('MongoDB stores nothing that a table cannot hold, and says which property is at fault', async () => {
  const { table, collection } = await newTable();
  await table.insert('p', 'r', [int32('n', 1)]);
  for (const [name, value] of lossy) {
    const message = new RegExp(`'${name}'`);
    await expect(collection.insertOne({ _id: 'x', PartitionKey: 'p', [name]: value })).rejects.toThrow(message);
    await expect(collection.updateOne({ _id: 'r' }, { $set: { [name]: value, n: 9 } })).rejects.toThrow(message);
  }
  for (const name of ['Timestamp', 'with@sign', 'odata.etag', ''])
    await expect(collection.insertOne({ _id: 'x', PartitionKey: 'p', [name]: 1 })).rejects.toMatchObject({ code: 2 });
  expect(await collection.find().toArray()).toEqual([{ _id: 'r', PartitionKey: 'p', RowKey: 'r', n: 1 }]);
});

test('SQL stores nothing that a table cannot hold, and says which property is at fault', async () => {
  const { table, container } = await newTable();
  await table.insert('p', 'r', [int32('n', 1)]);
  const refusal = (write: Promise<unknown>): Promise<string> =>
    write.then(
      () => 'stored',
      (error: { code: number; message: string }) => `${error.code} ${error.message}`,
    );
  for (const [name, value] of [
    ['object', { a: 1 }],
    ['array', [1]],
    ['oid', { $oid: '65f000000000000000000001' }],
    ['decimal', { $numberDecimal: '1.10' }],
    ['late', { $date: { $numberLong: '253402300800000' } }],
    ['Timestamp', '2026-01-01T00:00:00Z'],
    ['a@b', 1],
    ['odata.x', 1],
  ] as const) {
    const said = new RegExp(`^400 .*'${name.replaceAll('.', '\\.')}'`, 's');
    expect(await refusal(container.items.create({ id: 'x', PartitionKey: 'p', [name]: value }))).toMatch(said);
    expect(await refusal(container.items.upsert({ id: 'r', PartitionKey: 'p', [name]: value }))).toMatch(said);
    expect(await refusal(container.item('r', 'p').patch([{ op: 'add', path: `/${name}`, value }]))).toMatch(said);
  }
  const wide = Object.fromEntries(Array.from({ length: 253 }, (_, i) => [`p${i}`, i]));
  expect(await refusal(container.items.create({ id: 'x', PartitionKey: 'p', ...wide }))).toMatch(/^400 .*252/s);
  expect(Object.fromEntries(await table.read('p', 'r'))).toEqual({ PartitionKey: 'p', RowKey: 'r', n: 'Edm.Int32 1' });
});

test('null is no property: it may be written, and the Table door shows nothing', async () => {
  const { table, container } = await newTable();
  await container.items.create({ id: 'r', PartitionKey: 'p', none: null, n: 1 });
  expect([...(await table.read('p', 'r')).keys()]).toEqual(expect.not.arrayContaining(['none']));
  expect((await container.item('r', 'p').read<Document>()).resource).toMatchObject({ none: null, n: 1 });
});

test('a filter that names the partition key and _id of an entity looks at that one alone', async () => {
  const { table, collection } = await newTable();
  for (let i = 0; i < 30; i++) await table.insert(`p${i}`, 'r', [int32('n', i)]);
  const explained = await collection.find({ _id: 'r', PartitionKey: 'p7' }).explain('executionStats');
  expect(explained['executionStats']).toMatchObject({ nReturned: 1, totalDocsExamined: 1 });
  expect(await collection.findOne({ RowKey: 'r', PartitionKey: 'p7' })).toMatchObject({ n: 7 });
  expect(await collection.countDocuments({ _id: 'r' })).toBe(30);
  expect(await collection.find({ _id: { $in: ['r', 'none'] } }).toArray()).toHaveLength(30);
  expect(await collection.findOne({ _id: new ObjectId() as never })).toBeNull();
});

test('tables are listed as containers and collections of one database, and others made there are no tables', async () => {
  const { table } = await newTable();
  await mongo
    .db(tablesDatabase)
    .collection<Document>('things')
    .insertOne({ nested: { a: 1 } });
  await cosmos.database(tablesDatabase).containers.create({ id: 'items', partitionKey: { paths: ['/pk'] } });
  await cosmos
    .database(tablesDatabase)
    .container('items')
    .items.create({ id: '1', pk: 'a', nested: { a: 1 } });
  const listed = (await cosmos.database(tablesDatabase).containers.readAll().fetchAll()).resources.map(({ id }) => id);
  expect(listed).toEqual(expect.arrayContaining([table.name, 'things', 'items']));
  expect((await mongo.db(tablesDatabase).listCollections().toArray()).map(({ name }) => name)).toEqual(
    expect.arrayContaining(listed),
  );
  const containers = await engine.execute(
    { kind: 'list-containers', database: tablesDatabase },
    { account: server.deployment.accounts[0]!.number },
  );
  expect(containers.filter(({ profile }) => profile === 'table').map(({ id }) => id)).toContain(table.name);
  expect(containers.find(({ id }) => id === 'things')?.profile).toBe('collection');
  expect(containers.find(({ id }) => id === 'items')?.profile).toBe('documents');
});

test('numbers that MongoDB writes in another type that says the same keep theirs', async () => {
  const { table, collection } = await newTable();
  await table.insert('p', 'r', [int32('i', 2), { name: 'd', type: 'Edm.Double', value: '2' }]);
  await collection.replaceOne({ _id: 'r' }, { i: new Double(2), d: new Int32(2), x: 1 });
  expect(Object.fromEntries(await table.read('p', 'r'))).toMatchObject({ i: 'Edm.Int32 2', d: 'Edm.Double 2.0' });
});

test('the access policies of a table are not shown by SQL, and stay when its policies are replaced there', async () => {
  const { table, container } = await newTable();
  const policies = [{ id: 'readers', accessPolicy: { permission: 'r', expiry: new Date('2030-01-01T00:00:00Z') } }];
  await table.client.setAccessPolicy(policies as never);
  const { resource } = await container.read();
  expect(JSON.stringify(resource)).not.toContain('readers');
  await container.replace({ ...resource!, defaultTtl: -1 });
  expect((await container.read()).resource).toMatchObject({ defaultTtl: -1 });
  expect((await table.client.getAccessPolicy()).map(({ id }) => id)).toEqual(['readers']);
});

test('an entity made by another door is merged, queried, found by its version and deleted by the Table client', async () => {
  const { table, container, collection } = await newTable();
  await container.items.create({ id: 'sql', PartitionKey: 'p', n: 1, when: { $date: '2026-01-02T03:04:05.1234567Z' } });
  await collection.insertOne({ _id: 'mongo', PartitionKey: 'p', n: 2, when: new Date('2026-01-03T00:00:00Z') });
  const filter = "when gt datetime'2026-01-02T03:04:05.1234566Z' and n lt 2.5";
  const rows: string[] = [];
  for await (const { rowKey } of table.client.listEntities({ queryOptions: { filter } })) rows.push(rowKey!);
  expect(rows).toEqual(['mongo', 'sql']);
  const { etag } = await table.client.getEntity('p', 'sql');
  await collection.updateOne({ _id: 'sql', PartitionKey: 'p' }, { $set: { n: 5 } });
  await expect(
    table.client.updateEntity({ partitionKey: 'p', rowKey: 'sql', n: 9 }, 'Merge', { etag }),
  ).rejects.toMatchObject({ statusCode: 412 });
  await table.client.updateEntity({ partitionKey: 'p', rowKey: 'sql', added: 'merged' }, 'Merge');
  expect((await container.item('sql', 'p').read<Document>()).resource).toMatchObject({ n: 5, added: 'merged' });
  await table.client.deleteEntity('p', 'mongo');
  expect(await collection.findOne({ _id: 'mongo' })).toBeNull();
});
