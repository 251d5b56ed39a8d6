// The composition: what a start leaves behind, whom it refuses, and what happens when the disk is full.

import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { wellKnownKey } from '../../bin/accounts.ts';
import { banner, readyLine } from '../../bin/banner.ts';
import type { RunningServer } from '../../bin/server.ts';
import { MemoryStore } from '../../core/storage/memory-store.ts';
import { storageFull, type Store, type StoreWrite } from '../../core/storage/store.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import { CosmosHttp } from '../clients/cosmos-http.ts';
import { serve } from '../serving.ts';

let folder: string;
const running: RunningServer[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meridian-server-'));
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.stop(0)));
  await rm(folder, { recursive: true, force: true });
});

async function started(...args: Parameters<typeof serve>): Promise<RunningServer> {
  const server = await serve(...args);
  running.push(server);
  return server;
}

const data = (): string => join(folder, 'data');
const context = { account: 1 };

function item(id: string): Uint8Array {
  return new BsonWriter(64).beginDocument().string('id', id).end().finish();
}

/** A store gives out buffers or arrays; the bytes count. */
function bodyOf({ item }: Awaited<ReturnType<typeof find>>): Uint8Array {
  return new Uint8Array(item.body);
}

async function makeContainer(server: RunningServer): Promise<void> {
  const { engine } = server.deployment.accounts[0]!;
  await engine.execute({ kind: 'create-database', id: 'd' }, context);
  const partitionKey = { paths: ['/id'], kind: 'Hash', version: 2 } as const;
  await engine.execute(
    { kind: 'create-container', database: 'd', container: 'c', profile: 'documents', partitionKey },
    context,
  );
}

function create(server: RunningServer, id: string) {
  const write = { kind: 'create-item', body: item(id), view: 'exact' } as const;
  return server.deployment.accounts[0]!.engine.execute(
    { kind: 'write-item', database: 'd', container: 'c', write },
    context,
  );
}

function find(server: RunningServer, id: string) {
  const operation = { kind: 'read-item', database: 'd', container: 'c', id, partitionKey: [id] } as const;
  return server.deployment.accounts[0]!.engine.execute(operation, context);
}

describe('a data directory', () => {
  test('keeps what was written over a restart', async () => {
    const first = await started({ data: data() });
    await makeContainer(first);
    await create(first, 'one');
    await first.stop();
    const second = await started({ data: data() });
    expect(bodyOf(await find(second, 'one'))).toEqual(item('one'));
  });

  test('that is in use is refused with words, and the running server goes on', async () => {
    const server = await started({ data: data() });
    await makeContainer(server);
    await expect(serve({ data: data() })).rejects.toThrow(
      `the data directory ${data()} is in use by process ${process.pid}`,
    );
    await create(server, 'after');
  });

  test('is let go by a start that fails later', async () => {
    const blocker = createServer();
    await new Promise<void>((done) => blocker.listen(0, '127.0.0.1', done));
    const { port } = blocker.address() as { port: number };
    await expect(serve({ data: data(), adminPort: port })).rejects.toThrow(
      `127.0.0.1:${port} is in use: give --admin-port another port`,
    );
    blocker.close();
    await started({ data: data() });
  });

  test('holds no lock once the server stopped', async () => {
    const server = await started({ data: data() });
    expect(await readdir(data())).toContain('lock');
    await server.stop();
    expect((await readdir(data())).sort()).toEqual(['meridian.json', 'region-1', 'tls']);
  });

  test('is closed to other users of the machine', async () => {
    await started({ data: data() });
    expect((await stat(data())).mode & 0o077).toBe(0);
  });
});

describe('accounts', () => {
  test('have data of their own in one store', async () => {
    const key = Buffer.alloc(64, 3).toString('base64');
    const server = await started({ accounts: [{ name: 'second', key }] });
    const [first, second] = server.deployment.accounts;
    expect([first, second].map((account) => [account!.number, account!.id])).toEqual([
      [1, 'localhost'],
      [2, 'second'],
    ]);
    await first!.engine.execute({ kind: 'create-database', id: 'same' }, { account: 1 });
    await second!.engine.execute({ kind: 'create-database', id: 'same' }, { account: 2 });
    await first!.engine.execute({ kind: 'delete-database', id: 'same' }, { account: 1 });
    expect(second!.engine.catalog.databases()).toHaveLength(1);
  });

  test('have four different keys each, the same at every start', async () => {
    const [one, two] = [await started(), await started()];
    const keys = Object.values(one.deployment.accounts[0]!.keys) as string[];
    expect(new Set(keys).size).toBe(4);
    expect(Object.values(two.deployment.accounts[0]!.keys)).toEqual(keys);
    for (const key of keys) expect(Buffer.from(key, 'base64')).toHaveLength(64);
  });
});

describe('the network', () => {
  test('is not shown a server with the public key', async () => {
    await expect(serve({ host: '0.0.0.0' })).rejects.toThrow(/would let anybody in/);
    await expect(serve({ host: '::' })).rejects.toThrow(/would let anybody in/);
    const key = Buffer.alloc(64, 3).toString('base64');
    const open = await started({ host: '0.0.0.0', key });
    expect(open.deployment.anonymous).toBe(false);
    await expect(serve({ host: '0.0.0.0', key, accounts: [{ name: 'weak', key: wellKnownKey }] })).rejects.toThrow(
      /would let anybody in/,
    );
  });

  test('is told when the address is none of this machine', async () => {
    const key = Buffer.alloc(64, 3).toString('base64');
    await expect(serve({ host: '192.0.2.1', key })).rejects.toThrow('--host 192.0.2.1 is no address of this machine');
  });

  test('credentials may be left out on loopback with the public key only', async () => {
    expect((await started()).deployment.anonymous).toBe(true);
    expect((await started({ auth: true })).deployment.anonymous).toBe(false);
    expect((await started({ key: Buffer.alloc(64, 3).toString('base64') })).deployment.anonymous).toBe(false);
  });
});

describe('being ready', () => {
  test('is written to the ready file as a whole, and the file goes with the server', async () => {
    const readyFile = join(folder, 'ready.json');
    const server = await started({ readyFile });
    const report = JSON.parse(await readFile(readyFile, 'utf8')) as Record<string, unknown>;
    expect(report).toMatchObject({
      ...server.endpoints,
      pid: process.pid,
      accounts: [{ id: 'localhost', number: 1 }],
      regions: [{ id: 1, name: 'South Central US', ...server.endpoints }],
    });
    expect(JSON.stringify(report)).not.toContain(wellKnownKey);
    await server.stop();
    expect(await readdir(folder)).toEqual([]);
  });

  test('is said with addresses, and with the key only when it is public', async () => {
    const open = await started();
    expect(banner(open, 420)).toContain('is ready after 0.42 s');
    expect(banner(open, 420)).toContain(open.endpoints.admin);
    expect(JSON.parse(readyLine(open, 420))).toMatchObject({ ready: true, readyMs: 420, admin: open.endpoints.admin });
    const key = Buffer.alloc(64, 3).toString('base64');
    expect(banner(await started({ key }), 420)).not.toContain(key);
  });
});

/** A store whose disk is full while `full` is true. */
class FillingStore implements Store {
  full = false;
  readonly #store = new MemoryStore();
  get syncs(): number {
    return this.#store.syncs;
  }
  getSync(key: Uint8Array): Uint8Array | undefined {
    return this.#store.getSync(key);
  }
  scan(range: Parameters<Store['scan']>[0]): ReturnType<Store['scan']> {
    return this.#store.scan(range);
  }
  async write(batch: readonly StoreWrite[], options: { readonly sync: boolean }): Promise<void> {
    if (this.full) throw storageFull(Object.assign(new Error('no space left on device'), { code: 'ENOSPC' }));
    await this.#store.write(batch, options);
  }
  approximateSize(): Promise<number> {
    return this.#store.approximateSize();
  }
  close(): Promise<void> {
    return this.#store.close();
  }
}

describe('a full disk', () => {
  test('refuses writes, serves reads, and takes writes again when there is room', async () => {
    const store = new FillingStore();
    const server = await started({}, { store });
    await makeContainer(server);
    await create(server, 'before');
    store.full = true;
    const refused = await Promise.allSettled(Array.from({ length: 10 }, (_, i) => create(server, `during-${i}`)));
    for (const outcome of refused)
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'StorageFull' } });
    expect(bodyOf(await find(server, 'before'))).toEqual(item('before'));
    await expect(find(server, 'during-0')).rejects.toMatchObject({ code: 'ItemNotFound' });
    expect((await fetch(`${server.endpoints.admin}/ready`)).status).toBe(200);
    store.full = false;
    await create(server, 'during-0');
    expect(bodyOf(await find(server, 'during-0'))).toEqual(item('during-0'));
  });
});

describe('a full disk, seen through the Cosmos door,', () => {
  test('answers writes with 503 and reads with 200', async () => {
    const store = new FillingStore();
    const server = await started({}, { store });
    const client = new CosmosHttp(server.endpoints.sql!);
    await client.createDatabase('d');
    await client.createContainer('d', 'c');
    expect((await client.upsert('d', 'c', 'p', { id: 'before', pk: 'p' })).status).toBe(201);
    store.full = true;
    expect((await client.upsert('d', 'c', 'p', { id: 'during', pk: 'p' })).status).toBe(503);
    expect((await client.read('d', 'c', 'p', 'before')).status).toBe(200);
    store.full = false;
    expect((await client.upsert('d', 'c', 'p', { id: 'during', pk: 'p' })).status).toBe(201);
    await client.close();
  });
});

describe('a broken disk', () => {
  test('is told by /ready, and reads go on', async () => {
    const store = new MemoryStore();
    const write = store.write.bind(store);
    let broken = false;
    store.write = async (...args) => {
      if (broken) throw new Error('input/output error');
      await write(...args);
    };
    const server = await started({}, { store });
    await makeContainer(server);
    await create(server, 'before');
    broken = true;
    await expect(create(server, 'lost')).rejects.toThrow();
    await expect(create(server, 'later')).rejects.toThrow();
    expect(bodyOf(await find(server, 'before'))).toEqual(item('before'));
    const ready = await fetch(`${server.endpoints.admin}/ready`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({ ready: false });
  });
});

describe('a manual clock', () => {
  test('that was moved far keeps its Cosmos clients', async () => {
    const server = await started({ clock: 'manual', seed: 1 });
    server.clock.advance!(365 * 86_400_000);
    const client = new CosmosHttp(server.endpoints.sql!);
    expect((await client.createDatabase('d')).status).toBe(201);
    await client.close();
  });
});

describe('stopping', () => {
  test('waits for the writes under way, and refuses those after', async () => {
    const server = await started({ data: data() });
    await makeContainer(server);
    const writes = Array.from({ length: 50 }, (_, i) => create(server, `w${i}`));
    const stopping = server.stop();
    const outcomes = await Promise.allSettled(writes);
    await stopping;
    await expect(create(server, 'late')).rejects.toThrow();
    const again = await started({ data: data() });
    for (const [i, outcome] of outcomes.entries())
      if (outcome.status === 'fulfilled') expect((await find(again, `w${i}`)).item.id).toBe(`w${i}`);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(50);
  });

  test('twice is stopping once', async () => {
    const server = await started();
    await Promise.all([server.stop(), server.stop(0)]);
    await server.stop();
  });

  test('does not wait for clients that keep idle connections, and refuses the next', async () => {
    const server = await started();
    const urls = [`${server.endpoints.admin}/alive`, `${server.endpoints.sql}/`];
    for (const url of urls) await (await fetch(url)).text();
    const startedMs = performance.now();
    await server.stop(60_000);
    // Clients of `fetch` keep a connection for four seconds.
    expect(performance.now() - startedMs).toBeLessThan(2_000);
    for (const url of urls) await expect(fetch(url)).rejects.toThrow();
  });
});
