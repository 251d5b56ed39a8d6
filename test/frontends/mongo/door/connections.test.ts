// What a client may do to a connection, and what the others notice of it: nothing.

import { randomInt } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Document, MongoClient } from 'mongodb';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { bodySection, int32, joined, message, randomOf, sequenceSection } from '../wire.ts';
import { converse as open, type Conversation } from './raw.ts';
import { keysOf, start, type Started } from './start.ts';

let server: Started;
let client: MongoClient;
const sockets: Socket[] = [];

beforeAll(async () => {
  server = await start();
  client = await server.client();
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  // Whatever was done to other connections, this one works.
  expect(await client.db('admin').command({ ping: 1 })).toMatchObject({ ok: 1 });
});
afterAll(async () => {
  expect(server.faults).toEqual([]);
  await server.stop();
});

function converse(): Conversation {
  const conversation = open(server.port);
  sockets.push(conversation.socket);
  return conversation;
}

const command = (document: Document, ...sections: Uint8Array[]): Uint8Array =>
  message([bodySection({ ...document, $db: document['$db'] ?? 'raw' }), ...sections]);

describe('broken input', () => {
  test.each<[string, Uint8Array]>([
    ['a length of 0', int32(0, 1, 0, 2013)],
    ['a negative length', int32(-1, 1, 0, 2013)],
    ['a length beyond the limit', int32(48_000_001, 1, 0, 2013)],
    ['an unknown opcode', joined(int32(20, 1, 0, 9999), int32(0))],
    ['a frame without a section', int32(20, 1, 0, 2013, 0)],
    [
      'a document that claims more than the frame',
      joined(int32(31, 1, 0, 2013, 0), Uint8Array.of(0), int32(1000), Buffer.alloc(6)),
    ],
    ['a request for a page', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')],
  ])('%s ends its own connection only', async (_what, bytes) => {
    const { socket, ended } = converse();
    socket.write(bytes);
    await ended;
  });

  test('a message that never comes whole is forgotten with its connection', async () => {
    const whole = command({ ping: 1 });
    for (const cut of [1, 4, 15, 16, whole.length - 1]) {
      const { socket, replies } = converse();
      socket.write(whole.subarray(0, cut));
      socket.end();
      expect(replies).toEqual([]);
    }
  });

  test('a message that comes byte by byte is answered', async () => {
    const { socket, replies } = converse();
    for (const byte of command({ ping: 1 })) socket.write(Uint8Array.of(byte));
    await expect.poll(() => replies).toMatchObject([{ ok: 1 }]);
  });

  test('a document nested too deeply is refused, and the connection goes on', async () => {
    let deep: Document = {};
    for (let i = 0; i < 150; i++) deep = { a: deep };
    const { socket, replies } = converse();
    socket.write(command({ insert: 'deep' }, sequenceSection('documents', [deep])));
    socket.write(command({ insert: 'deep', documents: [deep] }));
    socket.write(command({ update: 'deep', updates: [{ q: { _id: 1 }, u: deep, upsert: true }] }));
    socket.write(command({ update: 'deep', updates: [{ q: { _id: 1 }, u: { $set: { a: deep } }, upsert: true }] }));
    socket.write(command({ count: 'deep' }));
    await expect.poll(() => replies).toHaveLength(5);
    expect(replies[0]).toMatchObject({ ok: 0, code: 15 });
    expect(replies[1]).toMatchObject({ ok: 0, code: 15 });
    expect(replies[2]).toMatchObject({ writeErrors: [{ code: 15 }] });
    expect(replies[3]).toMatchObject({ writeErrors: [{ code: 15 }] });
    expect(replies[4]).toMatchObject({ n: 0 });
  });

  test('10,000 random changes to good messages leave the server alive', async () => {
    const seed = randomInt(2 ** 31);
    const random = randomOf(seed);
    const good = [
      command({ insert: 'fuzz', documents: [{ a: [1, { b: 2 }] }] }),
      command({ find: 'fuzz', filter: { a: { $elemMatch: { b: { $gt: 1 } } } }, sort: { a: 1 }, projection: { a: 1 } }),
      command(
        { update: 'fuzz' },
        sequenceSection('updates', [{ q: { a: 1 }, u: { $push: { a: { $each: [3], $slice: -2 } } }, multi: true }]),
      ),
      command({ findAndModify: 'fuzz', query: {}, update: { $set: { c: 1 } }, upsert: true }),
      command({ aggregate: 'fuzz', pipeline: [{ $match: {} }, { $count: 'n' }], cursor: {} }),
      command({ hello: 1, client: { application: { name: 'x' } }, speculativeAuthenticate: { saslStart: 1 } }),
    ];
    for (let round = 0; round < 500; round++) {
      const { socket } = converse();
      socket.on('error', () => undefined);
      for (let i = 0; i < 20; i++) {
        const bytes = Uint8Array.from(good[Math.floor(random() * good.length)]!);
        // Behind the header: the frame stays whole, its content does not.
        for (let k = 0; k < 3; k++) bytes[16 + Math.floor(random() * (bytes.length - 16))] = Math.floor(random() * 256);
        socket.write(bytes);
      }
      socket.end();
      await new Promise((resolve) => socket.on('close', resolve));
    }
    expect(server.faults, `seed ${seed}`).toEqual([]);
  });
});

describe('limits', () => {
  test('a document of more than 16 MiB is refused, by insertion and by growth', async () => {
    const { socket, replies } = converse();
    const large = { _id: 1, pad: 'x'.repeat(16 * 1024 * 1024) };
    socket.write(command({ insert: 'large' }, sequenceSection('documents', [large])));
    await expect.poll(() => replies, { timeout: 10_000 }).toHaveLength(1);
    expect(replies[0]).toMatchObject({ writeErrors: [{ index: 0, code: 2 }] });
    socket.write(command({ count: 'large' }));
    await expect.poll(() => replies[1]).toMatchObject({ n: 0 });
  });

  test('a batch of more than 100,000 is refused, one of 0 too', async () => {
    const { socket, replies } = converse();
    socket.write(
      command(
        { insert: 'batch' },
        sequenceSection(
          'documents',
          Array.from({ length: 100_001 }, () => ({})),
        ),
      ),
    );
    socket.write(command({ insert: 'batch', documents: [] }));
    await expect.poll(() => replies, { timeout: 10_000 }).toHaveLength(2);
    expect(replies).toMatchObject([
      { ok: 0, code: 16 },
      { ok: 0, code: 16 },
    ]);
  });

  test('one connection opens at most 1,000 cursors', async () => {
    await client.db('raw').collection('many').insertMany([{}, {}, {}]);
    const { socket, replies } = converse();
    for (let i = 0; i < 1001; i++) socket.write(command({ find: 'many', batchSize: 1 }));
    await expect.poll(() => replies, { timeout: 10_000 }).toHaveLength(1001);
    expect(replies[999]).toMatchObject({ ok: 1 });
    expect(replies[1000]).toMatchObject({ ok: 0, code: 2 });
  });

  test('a client that sends and does not read is not read from, and holds nobody up', async () => {
    await client
      .db('raw')
      .collection('slow')
      .insertMany(Array.from({ length: 50 }, () => ({ pad: 'x'.repeat(100_000) })));
    const { socket } = converse();
    socket.pause();
    const find = command({ find: 'slow', batchSize: 50 });
    let sent = 0;
    while (sent < 2000 && socket.writableLength < 200_000) {
      socket.write(find);
      sent++;
      if (sent % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await client.db('raw').collection('slow').countDocuments({})).toBe(50);
    expect(process.memoryUsage().arrayBuffers).toBeLessThan(1_000_000_000);
  });
});

test('exhaust cursors stream their batches, each answering the one before', async () => {
  await client
    .db('raw')
    .collection<Document>('stream')
    .insertMany(Array.from({ length: 25 }, (_, i) => ({ _id: i as never })));
  const { socket, replies } = converse();
  socket.write(message([bodySection({ find: 'stream', batchSize: 10, $db: 'raw' })], 1 << 16));
  await expect.poll(() => replies).toHaveLength(3);
  expect(replies.map((reply) => (reply['cursor'].firstBatch ?? reply['cursor'].nextBatch).length as number)).toEqual([
    10, 10, 5,
  ]);
  expect(replies[2]!['cursor'].id).toBe(0);
});

describe('credentials', () => {
  const credentials = (name: string): string => `${name}:${encodeURIComponent(keysOf(name).primary)}@`;

  test('are asked for, checked, and choose the account', async () => {
    const other = await start({ accounts: ['one', 'two'], deployment: { anonymous: false } });
    for (const name of ['one', 'two']) {
      const mine = await other.client({ authMechanism: 'SCRAM-SHA-256' }, credentials(name));
      await mine.db('d').collection('c').insertOne({ name });
      expect(
        (await mine.db('d').collection('c').find().toArray()).map((document) => document['name'] as string),
      ).toEqual([name]);
    }
    await expect(other.client({}, 'one:wrong@')).rejects.toMatchObject({ code: 18 });
    await expect(other.client({}, `one:${encodeURIComponent(keysOf('two').primary)}@`)).rejects.toMatchObject({
      code: 18,
    });
    const nobody = await other.client();
    await expect(nobody.db('d').collection('c').findOne()).rejects.toMatchObject({
      code: 13,
      codeName: 'Unauthorized',
    });
    await expect(nobody.db('d').collection('c').insertOne({})).rejects.toMatchObject({ code: 13 });
    expect(await nobody.db('admin').command({ ping: 1 })).toMatchObject({ ok: 1 });
    expect(other.faults).toEqual([]);
    await other.stop();
  });

  test('of one account give no reach to the cursors of another', async () => {
    const other = await start({ accounts: ['one', 'two'], deployment: { anonymous: false } });
    const [one, two] = [await other.client({}, credentials('one')), await other.client({}, credentials('two'))];
    await one.db('d').collection('c').insertMany([{}, {}, {}]);
    const { cursor } = await one.db('d').command({ find: 'c', batchSize: 1 });
    await expect(two.db('d').command({ getMore: cursor.id, collection: 'c' })).rejects.toMatchObject({ code: 13 });
    expect(await two.db('d').command({ killCursors: 'c', cursors: [cursor.id] })).toMatchObject({
      cursorsNotFound: [cursor.id],
    });
    expect((await one.db('d').command({ getMore: cursor.id, collection: 'c' }))['cursor'].nextBatch).toHaveLength(2);
    await other.stop();
  });
});
