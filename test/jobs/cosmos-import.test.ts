// `meridian import` between two servers in this process, both over HTTP.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CosmosClient, PartitionKeyKind, type Container } from '@azure/cosmos';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AccountClient } from '../../jobs/cosmos-import/account-client.ts';
import { parseSourceAddress } from '../../jobs/cosmos-import/address.ts';
import { importAccount, type ImportReport, type PlannedContainer } from '../../jobs/cosmos-import/import-account.ts';
import { fittedRanges } from '../../jobs/cosmos-import/ranges.ts';
import { StateFile } from '../../jobs/cosmos-import/state.ts';
import { keys, start, type Started } from '../frontends/cosmos/start.ts';

let from: Started;
let to: Started;
let folder: string;
let source: CosmosClient;
let target: CosmosClient;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meridian-import-'));
  from = await start({ partitions: 5 });
  to = await start({ partitions: 2 });
  source = new CosmosClient({ endpoint: from.endpoint, key: keys.primary });
  target = new CosmosClient({ endpoint: to.endpoint, key: keys.primary });
});

afterEach(async () => {
  expect([...from.faults, ...to.faults]).toEqual([]);
  source.dispose();
  target.dispose();
  await from.stop();
  await to.stop();
  await rm(folder, { recursive: true, force: true });
});

interface Run {
  readonly report: ImportReport;
  readonly items: number;
  readonly plan: readonly PlannedContainer[];
}

/** One run of the command, stopped when `until` says so. */
async function run(path = '', until: (items: number) => boolean = () => false, go = true): Promise<Run> {
  const stop = new AbortController();
  const client = (server: Started): AccountClient =>
    new AccountClient({ endpoint: new URL(server.endpoint), key: keys.primary, connections: 8, signal: stop.signal });
  const [one, other] = [client(from), client(to)];
  let items = 0;
  let plan: readonly PlannedContainer[] = [];
  try {
    const report = await importAccount({
      source: one,
      target: other,
      address: parseSourceAddress(`cosmos://127.0.0.1:${from.port}${path}?tls=false`),
      state: await StateFile.open(join(folder, 'state.json'), from.endpoint, to.endpoint),
      parallel: 3,
      pageItems: 25,
      signal: stop.signal,
      onPlan: (containers) => {
        plan = containers;
        return go;
      },
      onItems: (done) => {
        items = done;
        if (until(done)) stop.abort();
      },
    });
    return { report, items, plan };
  } finally {
    one.close();
    other.close();
  }
}

async function fill(container: Container, count: number, from = 0): Promise<void> {
  const ids = Array.from({ length: count }, (_, i) => i + from);
  for (let at = 0; at < count; at += 100)
    await Promise.all(
      ids
        .slice(at, at + 100)
        .map((n) => container.items.upsert({ id: `i${n}`, pk: `p${n % 40}`, n, text: 'é'.repeat(n % 50) })),
    );
}

/** Count and digest of what a container holds, whatever its partitions. */
async function contentsOf(client: CosmosClient, database: string, container: string): Promise<string> {
  const { resources } = await client
    .database(database)
    .container(container)
    .items.readAll<Record<string, unknown>>()
    .fetchAll();
  const texts = resources.map((item) =>
    JSON.stringify(Object.entries(item).filter(([name]) => !/^_(rid|self|etag|ts|attachments)$/.test(name))),
  );
  return `${texts.length} ${createHash('sha256').update(texts.sort().join('\n')).digest('hex')}`;
}

describe('an import', () => {
  it('copies databases, containers with their settings and throughput, and every item', async () => {
    const { database: shop } = await source.databases.create({ id: 'shop', throughput: 700 });
    const { container: orders } = await shop.containers.create({
      id: 'orders',
      partitionKey: { paths: ['/pk'] },
      uniqueKeyPolicy: { uniqueKeys: [{ paths: ['/n'] }] },
      defaultTtl: 90_000,
      indexingPolicy: { excludedPaths: [{ path: '/text/?' }], includedPaths: [{ path: '/*' }] },
      throughput: 900,
    });
    const { database: café } = await source.databases.create({ id: 'café 1' });
    const { container: levels } = await café.containers.create({
      id: 'by tenant',
      partitionKey: { paths: ['/tenant', '/user'], kind: PartitionKeyKind.MultiHash, version: 2 },
    });
    await fill(orders, 200);
    await orders.items.create({ id: 'large', pk: 'x', n: -1, text: 'x'.repeat(600_000) });
    await orders.items.create(
      JSON.parse('{"id":"names","pk":null,"n":-2,"2":1,"1":{"__proto__":[1.5,{}]},"constructor":"c"}') as object,
    );
    await orders.items.create({ id: 'keyless', n: -3 });
    for (let n = 0; n < 30; n++) await levels.items.create({ id: `i${n}`, tenant: `t${n % 3}`, user: n % 5 });
    await orders.scripts.storedProcedures.create({ id: 'total', body: 'function total() {}' });
    await orders.scripts.userDefinedFunctions.create({ id: 'half', body: 'function half(n) { return n / 2; }' });
    const { report, plan, items } = await run();
    expect(report.containers[0]!.scripts).toBe(2);
    expect(report.left).toEqual([]);
    const halves = { query: 'SELECT VALUE udf.half(c.n) FROM c WHERE c.id = "i8"' };
    const copied = target.database('shop').container('orders');
    expect((await copied.items.query(halves, { partitionKey: 'p8' }).fetchAll()).resources).toEqual([4]);
    expect((await copied.scripts.storedProcedure('total').read()).resource?.body).toBe('function total() {}');
    expect(plan).toEqual([
      { database: 'shop', container: 'orders', items: 203 },
      { database: 'café 1', container: 'by tenant', items: 30 },
    ]);
    expect(items).toBe(233);
    expect(report.containers.map(({ container, items }) => [container, items])).toEqual([
      ['orders', 203],
      ['by tenant', 30],
    ]);
    for (const [database, container] of [
      ['shop', 'orders'],
      ['café 1', 'by tenant'],
    ] as const)
      expect(await contentsOf(target, database, container)).toBe(await contentsOf(source, database, container));
    const settings = async (client: CosmosClient): Promise<unknown> => {
      const { _rid, _self, _etag, _ts, ...rest } = (await client.database('shop').container('orders').read()).resource!;
      return rest;
    };
    expect(await settings(target)).toEqual(await settings(source));
    expect((await target.database('shop').container('orders').readOffer()).resource?.content?.offerThroughput).toBe(
      900,
    );
    expect((await target.database('shop').readOffer()).resource?.content?.offerThroughput).toBe(700);
  });

  it('that was stopped goes on where it was, and leaves nothing out', async () => {
    const { database } = await source.databases.create({ id: 'd' });
    const { container } = await database.containers.create({ id: 'c', partitionKey: { paths: ['/pk'] } });
    await fill(container, 300);
    await expect(run('/d/c', (done) => done > 0)).rejects.toThrow();
    const kept = JSON.parse(await readFile(join(folder, 'state.json'), 'utf8')) as {
      readonly containers: Record<string, { readonly items: number }>;
    };
    const before = kept.containers['d/c']!.items;
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThan(300);
    const { items, report } = await run('/d/c');
    // Pages whose writes were under way when it stopped come again.
    expect(items).toBe(300 - before);
    expect(report.containers[0]!.items).toBe(300);
    expect(await contentsOf(target, 'd', 'c')).toBe(await contentsOf(source, 'd', 'c'));
  });

  it('that is run again copies what changed since', async () => {
    const { database } = await source.databases.create({ id: 'd' });
    const { container } = await database.containers.create({ id: 'c', partitionKey: { paths: ['/pk'] } });
    await fill(container, 60);
    expect((await run('/d')).items).toBe(60);
    expect((await run('/d')).items).toBe(0);
    await container.items.upsert({ id: 'i7', pk: 'p7', changed: true });
    await fill(container, 5, 60);
    expect((await run('/d')).items).toBe(6);
    expect(await contentsOf(target, 'd', 'c')).toBe(await contentsOf(source, 'd', 'c'));
  });

  it('that is only planned writes nothing', async () => {
    const { database } = await source.databases.create({ id: 'd' });
    await database.containers.create({ id: 'c', partitionKey: { paths: ['/pk'] } });
    const { plan } = await run('/d', undefined, false);
    expect(plan).toEqual([{ database: 'd', container: 'c', items: 0 }]);
    expect((await target.databases.readAll().fetchAll()).resources).toEqual([]);
  });

  it('refuses a container of the same name with another key, and a source that is not there', async () => {
    for (const [client, path] of [
      [source, '/pk'],
      [target, '/other'],
    ] as const) {
      const { database } = await client.databases.create({ id: 'd' });
      await database.containers.create({ id: 'c', partitionKey: { paths: [path] } });
    }
    await expect(run('/d/c')).rejects.toMatchObject({ code: 'ContainerExists' });
    await expect(run('/none')).rejects.toMatchObject({ code: 'ResourceNotFound' });
  });

  it('refuses the state of another import', async () => {
    const path = join(folder, 'other.json');
    await (await StateFile.open(path, 'a', 'b')).save();
    await expect(StateFile.open(path, 'a', 'b')).resolves.toBeDefined();
    await expect(StateFile.open(path, 'a', 'c')).rejects.toMatchObject({ code: 'BadRequest' });
  });
});

describe('a client of an account', () => {
  it('waits as it is told and asks again, and gives up what is refused', async () => {
    const seen: string[] = [];
    const server = createServer((request, response) => {
      seen.push(request.url!);
      if (seen.length < 4) response.writeHead(429, { 'x-ms-retry-after-ms': '1' }).end();
      else if (request.url === '/dbs') response.writeHead(200).end('{"Databases":[{"id":"d"}]}');
      else response.writeHead(401).end('{"code":"Unauthorized","message":"no\\r\\nmore"}');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = new AccountClient({
      endpoint: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`),
      key: keys.primary,
      connections: 1,
      signal: new AbortController().signal,
    });
    expect(await client.list(['dbs'], 'Databases')).toEqual([{ id: 'd' }]);
    expect(seen).toEqual(['/dbs', '/dbs', '/dbs', '/dbs']);
    await expect(client.json({ method: 'GET', path: ['dbs', 'a b'] })).rejects.toMatchObject({
      code: 'Unauthorized',
      message: expect.stringMatching(/answered 401 for \/dbs\/a b: no$/),
    });
    client.close();
    server.close();
  });
});

describe('ranges that were read', () => {
  it('hand their place to the parts they were split into, and begin anew when they were merged', () => {
    const now = (min: string, max: string) => ({ id: '9', minInclusive: min, maxExclusive: max });
    const kept = [
      { min: '', max: '1F', place: '"7"' },
      { min: '1F', max: 'FF', place: '"9"' },
    ];
    expect(fittedRanges(kept, [now('', '0F'), now('0F', '1F'), now('1F', 'FF')])).toEqual([
      { min: '', max: '0F', place: '"7"' },
      { min: '0F', max: '1F', place: '"7"' },
      { min: '1F', max: 'FF', place: '"9"' },
    ]);
    expect(fittedRanges(kept, [now('', 'FF')])).toEqual([{ min: '', max: 'FF', place: undefined }]);
  });
});

describe('addresses', () => {
  it('name an endpoint, a database and a container', () => {
    expect(parseSourceAddress('cosmos://shop.documents.azure.com')).toEqual({
      endpoint: new URL('https://shop.documents.azure.com:443/'),
      database: undefined,
      container: undefined,
    });
    const address = parseSourceAddress('cosmos://[::1]:8081/caf%C3%A9/a%2Fb?tls=false');
    expect(address.endpoint.href).toBe('http://[::1]:8081/');
    expect([address.database, address.container]).toEqual(['café', 'a/b']);
  });

  it.each([
    '',
    'http://h/',
    'cosmos:///d',
    'cosmos://user:key@h',
    'cosmos://h/a/b/c',
    'cosmos://h?tls=no',
    'cosmos://h?key=x',
    'cosmos://h/%',
  ])('that are none are refused: %j', (text) => expect(() => parseSourceAddress(text)).toThrow(/source|tls/));
});
