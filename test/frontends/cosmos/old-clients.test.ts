// Requests as clients of old API versions send them: without headers that came later, with definitions that say less,
// and to containers that were made without a partition key.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { effectivePartitionKey } from '../../../model/effective-partition-key.ts';
import { ask, partitionKey, type Answered } from './request.ts';
import { start, type Started } from './start.ts';

let server: Started;

beforeAll(async () => {
  server = await start({ partitions: 5 });
  await ask(server, { verb: 'POST', path: '/dbs', body: { id: 'd' } });
});

afterAll(async () => {
  expect(server.faults).toEqual([]);
  await server.stop();
});

const versions = ['2015-12-16', '2016-07-11', '2017-02-22', '2018-06-18', '2018-08-31', '2018-12-31', '2020-07-15'];

describe.each(versions)('version %s', (version) => {
  const api = { 'x-ms-version': version };
  const send = (verb: string, path: string, more: Record<string, string> = {}, body?: object): Promise<Answered> =>
    ask(server, { verb, path, headers: { ...api, ...more }, body });

  it('makes and uses a container whose key says no version: the first', async () => {
    const id = `hashed ${version}`;
    const made = await send('POST', '/dbs/d/colls', {}, { id, partitionKey: { paths: ['/pk'], kind: 'Hash' } });
    // Shown as it was said: clients take the first version where none is named.
    expect(made.json['partitionKey']).toEqual({ paths: ['/pk'], kind: 'Hash' });
    const docs = `/dbs/d/colls/${encodeURIComponent(id)}/docs`;
    const keys = ['redmond', '', 7, true, null, 'x'.repeat(150), `${'x'.repeat(150)}y`];
    for (const [i, pk] of keys.entries())
      expect((await send('POST', docs, partitionKey(pk), { id: String(i), pk })).status).toBe(201);
    for (const [i, pk] of keys.entries()) {
      expect((await send('GET', `${docs}/${i}`, partitionKey(pk))).json['pk']).toEqual(pk);
      const epk = effectivePartitionKey({ paths: ['/pk'], kind: 'Hash', version: 1 }, [pk]);
      const ranges = (await send('GET', docs.replace(/docs$/, 'pkranges'))).json['PartitionKeyRanges'] as readonly {
        readonly id: string;
        readonly minInclusive: string;
        readonly maxExclusive: string;
      }[];
      const owner = ranges.find(({ minInclusive, maxExclusive }) => minInclusive <= epk && epk < maxExclusive)!;
      const found = await send('GET', docs, { 'x-ms-documentdb-partitionkeyrangeid': owner.id });
      expect((found.json['Documents'] as readonly { readonly id: string }[]).map((one) => one.id)).toContain(String(i));
    }
    const query = { 'content-type': 'application/query+json', 'x-ms-documentdb-isquery': 'True' };
    const found = await send(
      'POST',
      docs,
      { ...query, ...partitionKey('redmond') },
      { query: 'SELECT VALUE c.id FROM c' },
    );
    expect(found.json['Documents']).toEqual(['0']);
  });

  it('makes and uses a container without a key', async () => {
    const id = `plain ${version}`;
    const made = await send('POST', '/dbs/d/colls', {}, { id });
    expect(made.json['partitionKey']).toEqual({ paths: ['/_partitionKey'], kind: 'Hash', version: 2, systemKey: true });
    const path = `/dbs/d/colls/${encodeURIComponent(id)}`;
    for (const headers of [{}, { 'x-ms-documentdb-partitionkey': '[]' }, { 'x-ms-documentdb-partitionkey': '[{}]' }]) {
      expect((await send('POST', `${path}/docs`, headers, { id: '1', a: 1 })).status).toBe(201);
      expect((await send('GET', `${path}/docs/1`, headers)).json).toMatchObject({ id: '1', a: 1 });
      expect((await send('PUT', `${path}/docs/1`, headers, { id: '1', a: 2 })).status).toBe(200);
      const query = { 'content-type': 'application/query+json', ...headers };
      const found = await send('POST', `${path}/docs`, query, { query: 'SELECT VALUE c.a FROM c' });
      expect(found.json['Documents']).toEqual([2]);
      expect((await send('DELETE', `${path}/docs/1`, headers)).status).toBe(204);
    }
    const ranges = (await send('GET', `${path}/pkranges`)).json['PartitionKeyRanges'];
    expect(ranges).toMatchObject([{ id: '0', minInclusive: '', maxExclusive: 'FF' }]);
    // As clients write it back, with and without what they read.
    const { partitionKey: key } = made.json;
    expect((await send('PUT', path, {}, { id, defaultTtl: 5 })).status).toBe(200);
    expect((await send('PUT', path, {}, { id, partitionKey: key })).status).toBe(200);
    expect((await send('PUT', path, {}, { id, partitionKey: { paths: ['/pk'] } })).status).toBe(400);
  });
});

it('takes requests that name no version, no content type and no agent', async () => {
  const made = await ask(server, {
    verb: 'POST',
    path: '/dbs/d/colls',
    headers: { 'content-type': '' },
    body: { id: 'bare' },
  });
  expect(made.status).toBe(201);
  expect((await ask(server, { path: '/dbs/d/colls/bare', headers: { 'content-type': '' } })).status).toBe(200);
});

describe('the limits of items', () => {
  const docs = '/dbs/d/colls/limits/docs';
  const create = (item: object): Promise<Answered> =>
    ask(server, { verb: 'POST', path: docs, headers: partitionKey((item as { readonly pk: unknown }).pk), body: item });

  beforeAll(async () => {
    const body = { id: 'limits', partitionKey: { paths: ['/pk'], kind: 'Hash', version: 2 } };
    await ask(server, { verb: 'POST', path: '/dbs/d/colls', body });
  });

  it('are 2 MB of JSON, to the byte', async () => {
    const frame = JSON.stringify({ id: 'large', pk: 'p', text: '' }).length;
    const item = (bytes: number): object => ({ id: 'large', pk: 'p', text: 'x'.repeat(bytes - frame) });
    const refused = await create(item(2 * 1024 * 1024 + 1));
    expect([refused.status, refused.json.code]).toEqual([413, 'RequestEntityTooLarge']);
    expect((await create(item(2 * 1024 * 1024))).status).toBe(201);
    const patch = { operations: [{ op: 'add', path: '/more', value: 'x' }] };
    const grown = await ask(server, { verb: 'PATCH', path: `${docs}/large`, headers: partitionKey('p'), body: patch });
    expect([grown.status, grown.json.code]).toEqual([413, 'RequestEntityTooLarge']);
  });

  it('are 1023 bytes of id, however many characters', async () => {
    expect((await create({ id: 'x'.repeat(1023), pk: 'p' })).status).toBe(201);
    expect((await create({ id: 'ä'.repeat(511), pk: 'p' })).status).toBe(201);
    for (const id of ['x'.repeat(1024), 'ä'.repeat(512), '', 7, null])
      expect((await create({ id, pk: 'p' })).status).toBe(400);
  });

  it('are 2 KB of partition key', async () => {
    expect((await create({ id: 'k', pk: 'k'.repeat(2048) })).status).toBe(201);
    expect((await create({ id: 'k', pk: 'k'.repeat(2049) })).status).toBe(400);
    const inBody = await ask(server, { verb: 'POST', path: docs, body: { id: 'k', pk: 'k'.repeat(2049) } });
    expect(inBody.status).toBe(400);
  });
});
