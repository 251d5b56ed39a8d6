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
