import { Long, UUID, type Document, type MongoClient } from 'mongodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { surface } from '../../../../frontends/mongo/surface.ts';
import { converse, type Conversation } from './raw.ts';
import { start, type Started } from './start.ts';

let server: Started;
let client: MongoClient;

beforeAll(async () => {
  server = await start();
  client = await server.client();
});
afterAll(async () => {
  expect(server.faults).toEqual([]);
  await server.stop();
});

const admin = (command: Document): Promise<Document> => client.db('admin').command(command);
const command = (fields: Document): Promise<Document> => client.db('d').command(fields);

describe('databases and collections', () => {
  test('come with the first write or by name, are listed, and go', async () => {
    const db = client.db('life');
    await db.createCollection('made');
    await db.collection('written').insertOne({ a: 1 });
    await expect(db.command({ create: 'made' })).rejects.toMatchObject({ code: 48, codeName: 'NamespaceExists' });
    const listed = await db.listCollections({}, { nameOnly: true }).toArray();
    expect(listed.map(({ name }) => name).sort()).toEqual(['made', 'written']);
    expect(await db.listCollections({ name: 'made' }).toArray()).toMatchObject([
      { name: 'made', type: 'collection', options: {}, idIndex: { name: '_id_', key: { _id: 1 } } },
    ]);
    expect(await db.collection('made').listIndexes().toArray()).toEqual([{ v: 2, key: { _id: 1 }, name: '_id_' }]);
    expect(await db.collection('made').drop()).toBe(true);
    expect(await db.command({ drop: 'made' })).toMatchObject({ ok: 1 });
    await expect(db.command({ listIndexes: 'made' })).rejects.toMatchObject({ code: 26 });
    expect((await admin({ listDatabases: 1, filter: { name: 'life' } }))['databases']).toMatchObject([
      { name: 'life', empty: false },
    ]);
    expect(await db.dropDatabase()).toBe(true);
    expect((await admin({ listDatabases: 1, filter: { name: 'life' } }))['databases']).toEqual([]);
    expect(await db.command({ dropDatabase: 1 })).toMatchObject({ ok: 1 });
  });

  test('are made once by many first writes', async () => {
    const things = client.db('race').collection<Document>('things');
    await Promise.all(Array.from({ length: 20 }, (_, i) => things.insertOne({ _id: i as never })));
    expect(await things.countDocuments()).toBe(20);
  });

  test.each(['', 'a$b', 'system.users', 'end.', `long${'x'.repeat(260)}`])(
    'refuse the collection name %j',
    async (name) => {
      await expect(command({ insert: name, documents: [{}] })).rejects.toMatchObject({
        code: 73,
        codeName: 'InvalidNamespace',
      });
    },
  );

  test('refuse a database name that none may have', async () => {
    await expect(client.db('ok').command({ ping: 1, $db: 'a b' })).resolves.toMatchObject({ ok: 1 });
    await expect(command({ find: 5 })).rejects.toMatchObject({ code: 73 });
  });

  test('refuse options that would change what a collection does', async () => {
    for (const options of [
      { capped: true, size: 1000 },
      { validator: { a: 1 } },
      { viewOn: 'x' },
      { timeseries: { timeField: 't' } },
    ])
      await expect(command({ create: 'special', ...options })).rejects.toMatchObject({ code: 238 });
    await expect(command({ create: 'special', nothing: 1 })).rejects.toMatchObject({ code: 40415 });
  });

  test('tell their sizes', async () => {
    const db = client.db('sizes');
    await db.collection('a').insertMany([{ x: 1 }, { x: 2 }]);
    expect(await db.command({ collStats: 'a' })).toMatchObject({ ns: 'sizes.a', count: 2, nindexes: 1 });
    expect(await db.command({ dbStats: 1 })).toMatchObject({ db: 'sizes', collections: 1, objects: 2 });
  });
});

describe('every command', () => {
  test('that is known and not offered says so', async () => {
    for (const { name, operation, adminOnly, test: forTests } of surface) {
      if (operation !== undefined || forTests === true) continue;
      const run = adminOnly === true ? admin : command;
      await expect(run({ [name]: 'x' }), name).rejects.toMatchObject({ code: 115, codeName: 'CommandNotSupported' });
    }
  });

  test('that is unknown is not found, also when its name is one of a prototype', async () => {
    for (const name of ['nope', 'constructor', '__proto__x', 'toString'])
      await expect(command({ [name]: 1 })).rejects.toMatchObject({ code: 59, codeName: 'CommandNotFound' });
  });

  test('for administrators runs against admin only', async () => {
    await expect(command({ listDatabases: 1 })).rejects.toMatchObject({ code: 13 });
  });

  test('carries the time of the cluster, which never goes back', async () => {
    const first = await admin({ ping: 1 });
    await client.db('d').collection('t').insertOne({});
    const second = await admin({ ping: 1 });
    expect(second['$clusterTime'].clusterTime.greaterThan(first['$clusterTime'].clusterTime)).toBe(true);
    expect(second['operationTime'].equals(second['$clusterTime'].clusterTime)).toBe(true);
  });

  test('of tools is answered', async () => {
    expect(await admin({ replSetGetStatus: 1 })).toMatchObject({ set: 'meridian', members: [{ stateStr: 'PRIMARY' }] });
    expect(await admin({ buildInfo: 1 })).toMatchObject({ versionArray: [8, 0, 0, 0] });
    expect(await admin({ connectionStatus: 1, showPrivileges: true })).toMatchObject({
      authInfo: { authenticatedUsers: [] },
    });
    expect((await admin({ whatsmyuri: 1 }))['you']).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(await admin({ serverStatus: 1 })).toMatchObject({ repl: { setName: 'meridian' } });
    expect(await admin({ getParameter: 1, featureCompatibilityVersion: 1 })).toMatchObject({
      featureCompatibilityVersion: { version: '8.0' },
    });
  });

  test('is listed with what it asks for', async () => {
    const { commands } = await admin({ listCommands: 1 });
    expect(commands).toMatchObject({ find: { requiresAuth: true, adminOnly: false }, hello: { requiresAuth: false } });
    expect(commands).not.toHaveProperty('renameCollection');
  });
});

describe('sessions', () => {
  test('begin and end', async () => {
    const { id, timeoutMinutes } = await command({ startSession: 1 });
    expect(timeoutMinutes).toBe(30);
    for (const name of ['refreshSessions', 'endSessions', 'killSessions'])
      expect(await command({ [name]: [id] })).toMatchObject({ ok: 1 });
    expect(await command({ killAllSessions: [] })).toMatchObject({ ok: 1 });
    const session = client.startSession();
    await client.db('d').collection('s').insertOne({ a: 1 }, { session });
    expect(await client.db('d').collection('s').findOne({}, { session })).toMatchObject({ a: 1 });
    await session.endSession();
  });

  test('have no transactions yet, and say so', async () => {
    const session = client.startSession();
    session.startTransaction();
    await expect(client.db('d').collection('s').insertOne({ a: 2 }, { session })).rejects.toMatchObject({ code: 263 });
    await session.abortTransaction();
    await session.endSession();
    expect(await client.db('d').collection('s').countDocuments({ a: 2 })).toBe(0);
  });

  // Without a driver, which would put its own session in the place of the test's.
  let conversation: Conversation;
  beforeAll(() => {
    conversation = converse(server.port);
  });
  afterAll(() => conversation.socket.destroy());
  const run = (command: Document): Promise<Document> => conversation.run(command);
  const newSession = (): Document => ({ id: new UUID() });
  const write = (fields: Document, txnNumber: number, lsid: Document): Promise<Document> =>
    run({ ...fields, $db: 'd', lsid, txnNumber: Long.fromNumber(txnNumber) });

  test('do not apply a write twice that is sent twice', async () => {
    const id = newSession();
    const things = client.db('d').collection<Document>('twice');
    const insert = {
      insert: 'twice',
      documents: [
        { _id: 1, n: 0 },
        { _id: 2, n: 0 },
      ],
    };
    expect(await write(insert, 1, id)).toMatchObject({ n: 2 });
    expect(await write(insert, 1, id)).toMatchObject({ n: 2 });
    const update = {
      update: 'twice',
      updates: [
        { q: { _id: 1 }, u: { $inc: { n: 1 } } },
        { q: { _id: 3 }, u: { $inc: { n: 1 } }, upsert: true },
      ],
    };
    const first = await write(update, 2, id);
    expect(first).toMatchObject({ n: 2, nModified: 1, upserted: [{ index: 1, _id: 3 }] });
    expect(await write(update, 2, id)).toMatchObject({ n: 2, nModified: 1, upserted: [{ index: 1, _id: 3 }] });
    const modify = { findAndModify: 'twice', query: { _id: 1 }, update: { $inc: { n: 1 } }, new: true };
    expect(await write(modify, 3, id)).toMatchObject({ value: { n: 2 } });
    expect(await write(modify, 3, id)).toMatchObject({ value: { n: 2 } });
    const remove = { delete: 'twice', deletes: [{ q: {}, limit: 1 }] };
    expect(await write(remove, 4, id)).toMatchObject({ n: 1 });
    expect(await write(remove, 4, id)).toMatchObject({ n: 1 });
    expect(await things.find().toArray()).toEqual([
      { _id: 2, n: 0 },
      { _id: 3, n: 1 },
    ]);
    expect(await write(remove, 3, id)).toMatchObject({ ok: 0, code: 225 });
  });

  test('apply only what an earlier try left undone', async () => {
    const id = newSession();
    await client
      .db('d')
      .collection<Document>('rest')
      .insertOne({ _id: 2 as never });
    const insert = { insert: 'rest', documents: [{ _id: 1 }, { _id: 2 }] };
    expect(await write(insert, 1, id)).toMatchObject({ n: 1, writeErrors: [{ index: 1, code: 11000 }] });
    await client
      .db('d')
      .collection<Document>('rest')
      .deleteOne({ _id: 2 as never });
    expect(await write(insert, 1, id)).toMatchObject({ n: 2 });
  });

  test('let tries at the same time wait for each other', async () => {
    const id = newSession();
    const update = { update: 'same', updates: [{ q: { _id: 1 }, u: { $inc: { n: 1 } }, upsert: true }] };
    const others = Array.from({ length: 10 }, () => converse(server.port));
    const same = { ...update, $db: 'd', lsid: id, txnNumber: Long.fromNumber(1) };
    for (const reply of await Promise.all(others.map((other) => other.run(same))))
      expect(reply).toMatchObject({ n: 1 });
    for (const other of others) other.socket.destroy();
    expect(await client.db('d').collection('same').find().toArray()).toEqual([{ _id: 1, n: 1 }]);
  });

  test('refuse a transaction number that is none, or without a session', async () => {
    const insert = { insert: 'x', documents: [{}], $db: 'd' };
    expect(await write(insert, -1, newSession())).toMatchObject({ ok: 0, code: 72 });
    expect(await run({ ...insert, txnNumber: Long.fromNumber(1) })).toMatchObject({ ok: 0, code: 72 });
  });
});

test('a driver retries a write that failed with a label, and it is applied once', async () => {
  const other = await start({ deployment: { testCommands: true } });
  const connected = await other.client();
  const things = connected.db('d').collection<Document>('things');
  await connected.db('admin').command({
    configureFailPoint: 'failCommand',
    mode: { times: 1 },
    data: { failCommands: ['update'], errorCode: 91 },
  });
  expect(await things.updateOne({ _id: 1 as never }, { $inc: { n: 1 } }, { upsert: true })).toMatchObject({
    upsertedCount: 1,
  });
  expect(await things.find().toArray()).toEqual([{ _id: 1, n: 1 }]);
  await other.stop();
});
