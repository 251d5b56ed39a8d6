import { connect, type Socket } from 'node:net';
import { MongoClient, MongoServerError, type MongoClientOptions } from 'mongodb';
import { deserialize, type Document } from 'bson';
import { readFileSync } from 'node:fs';
import { languageLines, surfaceTable } from '../../../frontends/mongo/surface.ts';
import { afterEach, describe, expect, test } from 'vitest';
import type { Account, Deployment, OpenDoor } from '../../../frontends/deployment.ts';
import { openMongoDoor } from '../../../frontends/mongo/listen.ts';
import { openEngine } from './door/start.ts';
import { bodySection, bson, compressed, frame, int32, joined, message } from './wire.ts';

const key = 'a2V5LW9mLXRoZS1hY2NvdW50';
const opened: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

async function open(options: Partial<Deployment> = {}): Promise<OpenDoor> {
  const account: Account = {
    number: 1,
    engine: await openEngine(1),
    id: 'localhost',
    keys: { primary: key, secondary: '', primaryReadOnly: '', secondaryReadOnly: '' },
  };
  const deployment: Deployment = {
    accounts: [account],
    region: { id: 1, name: 'South Central US' },
    consistency: 'Session',
    advertise: undefined,
    anonymous: true,
    testCommands: false,
    secureContext: () => {
      throw new Error('no TLS in this test');
    },
    authorityPem: '',
    observer: { finished: () => undefined, fault: (error) => expect.fail(String(error)) },
    nowMs: () => Date.now(),
    version: '0.0.0',
    ...options,
  };
  const door = await openMongoDoor(deployment, { host: '127.0.0.1', port: 0 });
  opened.push(() => door.close(0));
  return door;
}

async function client(door: OpenDoor, options: MongoClientOptions = {}): Promise<MongoClient> {
  const made = new MongoClient(`mongodb://127.0.0.1:${door.port}`, { serverSelectionTimeoutMS: 3000, ...options });
  opened.push(() => made.close());
  return made.connect();
}

/** One raw exchange: sends bytes, gives the replies' bodies until `count` came or the server closed. */
async function exchange(
  door: OpenDoor,
  bytes: Uint8Array,
  count = 1,
): Promise<{ bodies: Document[]; closed: boolean }> {
  const socket: Socket = connect(door.port, '127.0.0.1');
  let received = Buffer.alloc(0);
  const bodies: Document[] = [];
  const closed = await new Promise<boolean>((resolve) => {
    socket.on('error', () => resolve(true));
    socket.on('close', () => resolve(true));
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      while (received.length >= 4 && received.length >= received.readInt32LE(0)) {
        const length = received.readInt32LE(0);
        const start = received.readInt32LE(12) === 2013 ? 21 : 36;
        bodies.push(deserialize(received.subarray(start, length)));
        received = received.subarray(length);
        if (bodies.length === count) resolve(false);
      }
    });
    socket.write(bytes);
  });
  socket.destroy();
  return { bodies, closed };
}

const command = (document: Document, flags = 0): Uint8Array =>
  message([bodySection({ ...document, $db: document['$db'] ?? 'admin' })], flags);

describe('the official driver', () => {
  test('connects without credentials where that is allowed, and finds a replica set', async () => {
    const connected = await client(await open(), { replicaSet: 'meridian', appName: 'test' });
    expect(await connected.db('admin').command({ ping: 1 })).toMatchObject({ ok: 1 });
    const hello = await connected.db('admin').command({ hello: 1 });
    expect(hello).toMatchObject({ isWritablePrimary: true, maxWireVersion: 25, setName: 'meridian' });
    expect(hello['me']).toBe(hello['hosts'][0]);
  });

  test('connects with the account as user and its key as password, with compression', async () => {
    const door = await open({ anonymous: false });
    const connected = await client(door, { auth: { username: 'localhost', password: key }, compressors: ['zlib'] });
    const status = await connected.db('admin').command({ connectionStatus: 1 });
    expect(status['authInfo'].authenticatedUsers).toEqual([{ user: 'localhost', db: 'admin' }]);
    const info = await connected.db('admin').command({ buildInfo: 1 });
    expect(info['versionArray']).toEqual([8, 0, 0, 0]);
  });

  test('is refused with wrong credentials, also where none are asked for', async () => {
    const door = await open({ anonymous: true });
    for (const auth of [
      { username: 'localhost', password: 'wrong' },
      { username: 'somebody', password: key },
    ])
      await expect(client(door, { auth })).rejects.toMatchObject({ code: 18, message: 'Authentication failed.' });
  });

  test('cannot do anything without credentials where they are asked for', async () => {
    const connected = await client(await open({ anonymous: false }));
    await expect(connected.db('admin').command({ serverStatus: 1 })).rejects.toMatchObject({ code: 13 });
  });

  test('reads an error by code and name', async () => {
    const connected = await client(await open());
    const error: unknown = await connected
      .db('x')
      .command({ noSuchThing: 1 })
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(MongoServerError);
    expect(error).toMatchObject({ code: 59, codeName: 'CommandNotFound', errmsg: "no such command: 'noSuchThing'" });
  });

  test('gets what shells and test suites ask first', async () => {
    const admin = (await client(await open({ testCommands: true }))).db('admin');
    expect(await admin.command({ getParameter: '*' })).toMatchObject({ enableTestCommands: true });
    expect((await admin.command({ getCmdLineOpts: 1 }))['argv']).toContain('enableTestCommands=1');
    expect(await admin.command({ getLog: 'startupWarnings' })).toMatchObject({ totalLinesWritten: 0, log: [] });
    expect(await admin.command({ serverStatus: 1 })).toMatchObject({ process: 'meridian' });
    expect(await admin.command({ hostInfo: 1 })).toMatchObject({ ok: 1 });
    await expect(admin.command({ getParameter: 1, nothing: 1 })).rejects.toMatchObject({ code: 72 });
  });
});

describe('fail points', () => {
  test('fail commands by name, as often as asked, with code, labels or a cut connection', async () => {
    const admin = (await client(await open({ testCommands: true }), { retryReads: false })).db('admin');
    const point = (mode: unknown, data: Document): Promise<Document> =>
      admin.command({ configureFailPoint: 'failCommand', mode, data: { failCommands: ['whatsmyuri'], ...data } });
    await point({ times: 1 }, { errorCode: 91, errorLabels: ['Mine'] });
    const failed: unknown = await admin.command({ whatsmyuri: 1 }).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: 91 });
    expect((failed as MongoServerError).hasErrorLabel('Mine')).toBe(true);
    expect(await admin.command({ whatsmyuri: 1 })).toMatchObject({ ok: 1 });
    await point({ skip: 1 }, { errorCode: 2 });
    expect(await admin.command({ whatsmyuri: 1 })).toMatchObject({ ok: 1 });
    await expect(admin.command({ whatsmyuri: 1 })).rejects.toMatchObject({ code: 2 });
    await admin.command({ configureFailPoint: 'failCommand', mode: 'off' });
    expect(await admin.command({ whatsmyuri: 1 })).toMatchObject({ ok: 1 });
    await point({ times: 1 }, { writeConcernError: { code: 64, errmsg: 'waited' } });
    await expect(admin.command({ whatsmyuri: 1 })).rejects.toMatchObject({ code: 64 });
    await point({ times: 1 }, { closeConnection: true });
    await expect(admin.command({ whatsmyuri: 1 })).rejects.toThrow(/closed/);
  });

  test('do not exist unless test commands are enabled', async () => {
    const connected = await client(await open());
    await expect(
      connected.db('admin').command({ configureFailPoint: 'failCommand', mode: 'off' }),
    ).rejects.toMatchObject({ code: 59 });
  });
});

describe('a connection', () => {
  test('answers the old first hello, and refuses other old queries', async () => {
    const door = await open();
    const query = (document: Document): Uint8Array =>
      frame(2004, joined(int32(0), Buffer.from('admin.$cmd\0'), int32(0, -1), bson(document)));
    const { bodies } = await exchange(door, query({ isMaster: 1, helloOk: true }));
    expect(bodies[0]).toMatchObject({ ismaster: true, helloOk: true, ok: 1 });
    expect((await exchange(door, query({ find: 'x' }))).bodies[0]).toMatchObject({ ok: 0, code: 352 });
  });

  test('answers many requests sent at once, in order', async () => {
    const door = await open();
    const many = joined(...Array.from({ length: 50 }, (_, i) => command(i % 2 === 0 ? { ping: 1 } : { nothing: 1 })));
    const { bodies } = await exchange(door, many, 50);
    expect(bodies.map((body) => body['ok'])).toEqual(Array.from({ length: 50 }, (_, i) => (i % 2 === 0 ? 1 : 0)));
  });

  test('does not answer what wants no answer', async () => {
    const { bodies } = await exchange(await open(), joined(command({ nothing: 1 }, 2), command({ ping: 1 })));
    expect(bodies[0]).toMatchObject({ ok: 1 });
  });

  test('streams hellos to a monitor that asks for them', async () => {
    const door = await open();
    const {
      bodies: [first],
    } = await exchange(door, command({ hello: 1 }));
    const streaming = command({ hello: 1, topologyVersion: first!['topologyVersion'], maxAwaitTimeMS: 5 }, 1 << 16);
    expect((await exchange(door, streaming, 3)).bodies.map((body) => body['ok'])).toEqual([1, 1, 1]);
    const halved = command({ hello: 1, maxAwaitTimeMS: 5 });
    expect((await exchange(door, halved)).bodies[0]).toMatchObject({ ok: 0 });
  });

  test('tells what is wrong with a frame and closes, or stays when only its content is wrong', async () => {
    const door = await open();
    expect(await exchange(door, message([bodySection({ ping: 1, $db: 'x' })], 1 << 5), 2)).toMatchObject({
      bodies: [{ ok: 0, code: 223 }],
      closed: true,
    });
    const mixed = joined(message([bodySection({ ping: 1 })]), command({ ping: 1 }));
    expect(await exchange(door, mixed, 2)).toMatchObject({ bodies: [{ code: 40571 }, { ok: 1 }], closed: false });
    expect(await exchange(door, int32(5, 1, 2, 3), 2)).toMatchObject({ bodies: [{ ok: 0, code: 17 }], closed: true });
  });

  test('takes only small messages before it is authenticated, compressed or not', async () => {
    const door = await open({ anonymous: false });
    const large = command({ ping: 1, pad: 'x'.repeat(20_000) });
    expect(await exchange(door, large, 2)).toMatchObject({ bodies: [{ ok: 0 }], closed: true });
    expect(await exchange(door, compressed(large), 2)).toMatchObject({ bodies: [{ ok: 0 }], closed: true });
  });

  test('is closed after three failed attempts to authenticate', async () => {
    const door = await open();
    const bad = command({ saslStart: 1, mechanism: 'SCRAM-SHA-256', payload: Buffer.from('nonsense') });
    const { bodies, closed } = await exchange(door, joined(bad, bad, bad, command({ ping: 1 })), 4);
    expect(bodies.map((body) => body['code'])).toEqual([18, 18, 18]);
    expect(closed).toBe(true);
  });
});

test('the README says of every command what the surface says', () => {
  const readme = readFileSync(new URL('../../../frontends/mongo/README.md', import.meta.url), 'utf8');
  const section = readme.slice(readme.indexOf('## Commands'), readme.indexOf('## Queries'));
  const cells = (table: string): string[] => table.split('\n').map((line) => line.replaceAll(/[ -]+/g, ' ').trim());
  expect(cells(section)).toEqual(expect.arrayContaining(cells(surfaceTable())));
});

test('the README lists every stage, expression and accumulator', () => {
  const readme = readFileSync(new URL('../../../frontends/mongo/README.md', import.meta.url), 'utf8');
  expect(readme.split('\n')).toEqual(expect.arrayContaining([...languageLines()]));
});
