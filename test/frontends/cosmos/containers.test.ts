// Containers as clients make, read and mistake them.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, partitionKey, type Answered } from './request.ts';
import { start, type Started } from './start.ts';

let server: Started;

beforeAll(async () => {
  server = await start({ partitions: 2 });
  await ask(server, { verb: 'POST', path: '/dbs', body: { id: 'd' } });
});

afterAll(async () => {
  expect(server.faults).toEqual([]);
  await server.stop();
});

const byKey = { paths: ['/pk'], kind: 'Hash', version: 2 };

function create(id: string, more: object = {}, headers: Record<string, string> = {}): Promise<Answered> {
  return ask(server, { verb: 'POST', path: '/dbs/d/colls', headers, body: { id, partitionKey: byKey, ...more } });
}

describe('a container made again under its name', () => {
  it('refuses requests meant for the one before, so that clients look again', async () => {
    const before = await create('again');
    await ask(server, { verb: 'DELETE', path: '/dbs/d/colls/again' });
    const after = await create('again');
    const meant = ({ json }: Answered): Record<string, string> => ({
      ...partitionKey('x'),
      'x-ms-cosmos-intended-collection-rid': String(json['_rid']),
    });
    const path = '/dbs/d/colls/again/docs';
    const body = { id: '1', pk: 'x' };
    const late = await ask(server, { verb: 'POST', path, headers: meant(before), body });
    expect(late.status).toBe(400);
    expect(late.headers.get('x-ms-substatus')).toBe('1024');
    expect((await ask(server, { verb: 'POST', path, headers: meant(after), body })).status).toBe(201);
    expect((await ask(server, { path: `${path}/1`, headers: meant(before) })).status).toBe(400);
    expect((await ask(server, { path: `${path}/1`, headers: meant(after) })).status).toBe(200);
  });
});

describe('a container', () => {
  it('is owned by its database, and tells the session of one partition, the only form that Java reads', async () => {
    const made = await create('owned');
    const changed = await ask(server, {
      verb: 'PUT',
      path: '/dbs/d/colls/owned',
      body: { id: 'owned', partitionKey: byKey, defaultTtl: 60 },
    });
    for (const { headers } of [made, changed, await ask(server, { path: '/dbs/d/colls/owned' })]) {
      expect(headers.get('x-ms-alt-content-path')).toBe('dbs/d');
      expect(headers.get('x-ms-content-path')).toBe((await ask(server, { path: '/dbs/d' })).json['_rid']);
      expect(headers.get('x-ms-session-token')).toMatch(/^0:[^,]+$/);
    }
    const items = await ask(server, { path: '/dbs/d/colls/owned/docs' });
    expect(items.headers.get('x-ms-alt-content-path')).toBe('dbs/d/colls/owned');
    expect(items.headers.get('x-ms-session-token')).toMatch(/^0:[^,]+,1:[^,]+$/);
  });

  it('tells the session of the one partition that the beginning of a key lies in', async () => {
    await create('levels', { partitionKey: { paths: ['/a', '/b'], kind: 'MultiHash', version: 2 } });
    const tokens = new Set<string | null>();
    for (let n = 0; n < 16; n++) {
      const { headers } = await ask(server, {
        verb: 'POST',
        path: '/dbs/d/colls/levels/docs',
        headers: { 'content-type': 'application/query+json', ...partitionKey(`a${n}`) },
        body: { query: 'SELECT * FROM c' },
      });
      tokens.add(headers.get('x-ms-session-token'));
    }
    expect([...tokens].map((token) => token?.split(':')[0]).sort()).toEqual(['0', '1']);
    expect(tokens.size).toBe(2);
  });

  it('takes the version of its key as a number or in the words of Java, and shows version 1 when it was stated', async () => {
    const shown = async (id: string, version: unknown): Promise<unknown> => {
      const made = await create(id, { partitionKey: { paths: ['/pk'], kind: 'Hash', version } });
      return (made.json['partitionKey'] as { readonly version?: number }).version;
    };
    expect(await shown('v2', 2)).toBe(2);
    expect(await shown('V2', 'V2')).toBe(2);
    expect(await shown('v1', 1)).toBe(1);
    expect(await shown('V1', 'V1')).toBe(1);
    expect(await shown('none', undefined)).toBeUndefined();
    expect((await create('v3', { partitionKey: { paths: ['/pk'], kind: 'Hash', version: 'V3' } })).status).toBe(400);
  });

  it('tells the size of its partitions when it is asked to', async () => {
    await create('sizes');
    const path = '/dbs/d/colls/sizes';
    for (const id of ['1', '2', '3'])
      await ask(server, { verb: 'POST', path: `${path}/docs`, headers: partitionKey(id), body: { id, pk: id } });
    expect((await ask(server, { path })).json['statistics']).toBeUndefined();
    const headers = { 'x-ms-documentdb-populatepartitionstatistics': 'True' };
    const statistics = (await ask(server, { path, headers })).json['statistics'] as {
      readonly id: string;
      readonly documentCount: number;
      readonly sizeInKB: number;
    }[];
    expect(statistics.map(({ id }) => id)).toEqual(['0', '1']);
    expect(statistics.reduce((sum, { documentCount }) => sum + documentCount, 0)).toBe(3);
    for (const { sizeInKB } of statistics) expect(sizeInKB).toBeGreaterThanOrEqual(0);
  });

  it('has one kind of index, whatever kinds are asked for', async () => {
    const indexes = [{ kind: 'Hash', dataType: 'String', precision: 3 }];
    const { json } = await create('kinds', { indexingPolicy: { includedPaths: [{ path: '/*', indexes }] } });
    expect(json['indexingPolicy']).toMatchObject({ includedPaths: [{ path: '/*' }] });
    expect(JSON.stringify(json['indexingPolicy'])).not.toContain('indexes');
  });

  it('keeps how its autoscale throughput grows', async () => {
    const autoscale = { maxThroughput: 5000, autoUpgradePolicy: { throughputPolicy: { incrementPercent: 2 } } };
    const headers = { 'x-ms-cosmos-offer-autopilot-settings': JSON.stringify(autoscale) };
    const { json } = await create('grows', {}, headers);
    const offers = (await ask(server, { path: '/offers' })).json['Offers'] as {
      readonly offerResourceId: string;
      readonly content: object;
    }[];
    const offer = offers.find(({ offerResourceId }) => offerResourceId === json['_rid']);
    expect(offer?.content).toEqual({ offerThroughput: 500, offerAutopilotSettings: autoscale });
    const wrong = { maxThroughput: 5000, autoUpgradePolicy: { throughputPolicy: { incrementPercent: 'two' } } };
    const refused = await create('shrinks', {}, { 'x-ms-cosmos-offer-autopilot-settings': JSON.stringify(wrong) });
    expect(refused.status).toBe(400);
  });
});
