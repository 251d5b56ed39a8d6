// Replacing a container: what may change, what may not, what is kept when it is left out; and what its headers tell.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, partitionKey, type Answered } from './request.ts';
import { start, type Started } from './start.ts';

let server: Started;
let count = 0;

beforeAll(async () => {
  server = await start({ partitions: 2 });
  await ask(server, { verb: 'POST', path: '/dbs', body: { id: 'd' } });
});

afterAll(async () => {
  expect(server.faults).toEqual([]);
  await server.stop();
});

const embedding = { path: '/v', dataType: 'float32', distanceFunction: 'cosine', dimensions: 3 };

const whole = {
  partitionKey: { paths: ['/pk', '/more'], kind: 'MultiHash', version: 2 },
  uniqueKeyPolicy: { uniqueKeys: [{ paths: ['/email'] }] },
  conflictResolutionPolicy: {
    mode: 'LastWriterWins',
    conflictResolutionPath: '/rank',
    conflictResolutionProcedure: '',
  },
  vectorEmbeddingPolicy: { vectorEmbeddings: [embedding] },
};

async function create(
  more: object = {},
): Promise<{ readonly id: string; readonly path: string; readonly made: Answered }> {
  const id = `c${++count}`;
  const made = await ask(server, { verb: 'POST', path: '/dbs/d/colls', body: { id, ...whole, ...more } });
  expect(made.status, made.json.message).toBe(201);
  return { id, path: `/dbs/d/colls/${id}`, made };
}

const put = (path: string, body: object, headers: Record<string, string> = {}): Promise<Answered> =>
  ask(server, { verb: 'PUT', path, body, headers });

describe('a replacement', () => {
  it.each([
    ['the default time to live', { defaultTtl: 7 }],
    ['the time to live of analytical copies', { analyticalStorageTtl: -1 }],
    ['computed properties', { computedProperties: [{ name: 'low', query: 'SELECT VALUE LOWER(c.name) FROM c' }] }],
    ['the change feed policy', { changeFeedPolicy: { retentionDuration: 10 } }],
    ['the geometry', { geospatialConfig: { type: 'Geometry' } }],
    ['the full text policy', { fullTextPolicy: { defaultLanguage: 'en-US', fullTextPaths: [] } }],
  ])('changes %s, and takes it back', async (_what, change) => {
    const { id, path } = await create();
    const changed = await put(path, { id, ...whole, ...change });
    expect(changed.json).toMatchObject(change);
    expect((await ask(server, { path })).json).toEqual(changed.json);
    const back = await put(path, { id, ...whole });
    const [name] = Object.keys(change);
    expect(back.json[name!]).not.toEqual((change as Record<string, unknown>)[name!]);
  });

  it('changes the indexing policy, whole', async () => {
    const { id, path } = await create();
    const indexingPolicy = {
      indexingMode: 'consistent',
      automatic: true,
      includedPaths: [{ path: '/a/?' }],
      excludedPaths: [{ path: '/*' }],
    };
    expect((await put(path, { id, ...whole, indexingPolicy })).json['indexingPolicy']).toMatchObject({
      includedPaths: [{ path: '/a/?' }],
    });
    expect((await put(path, { id, ...whole })).json['indexingPolicy']).toMatchObject({
      includedPaths: [{ path: '/*' }],
    });
  });

  it.each([
    ['the id', { id: 'other' }],
    ['the partition key', { partitionKey: { paths: ['/pk'], kind: 'Hash', version: 2 } }],
    ['the order of its levels', { partitionKey: { paths: ['/more', '/pk'], kind: 'MultiHash', version: 2 } }],
    ['no partition key', { partitionKey: undefined }],
    ['unique keys', { uniqueKeyPolicy: { uniqueKeys: [{ paths: ['/name'] }] } }],
    ['no unique keys', { uniqueKeyPolicy: { uniqueKeys: [] } }],
    ['how conflicts are resolved', { conflictResolutionPolicy: { mode: 'Custom' } }],
    [
      'what decides a conflict',
      { conflictResolutionPolicy: { mode: 'LastWriterWins', conflictResolutionPath: '/other' } },
    ],
    ['a vector', { vectorEmbeddingPolicy: { vectorEmbeddings: [{ ...embedding, dimensions: 4 }] } }],
    ['a view', { materializedViewDefinition: { sourceCollectionId: 'x', definition: 'SELECT * FROM c' } }],
    ['a time to live that is none', { defaultTtl: 0 }],
    ['a retention that is none', { changeFeedPolicy: { retentionDuration: -1 } }],
    ['an index mode that is none', { indexingPolicy: { indexingMode: 'later' } }],
  ])('with %s is refused, and changes nothing', async (_what, change) => {
    const { id, path, made } = await create();
    const { status, json } = await put(path, { id, ...whole, ...change });
    expect([status, json.code]).toEqual([400, 'BadRequest']);
    expect((await ask(server, { path })).json).toEqual(made.json);
  });

  it('keeps what is fixed when it is left out', async () => {
    const { id, path, made } = await create();
    const { json } = await put(path, { id, partitionKey: whole.partitionKey });
    const { _etag: _e, _ts: _t, vectorEmbeddingPolicy: _v, ...kept } = made.json;
    expect(json).toMatchObject(kept);
  });

  it('needs the version that If-Match names', async () => {
    const { id, path, made } = await create();
    const etag = String(made.json['_etag']);
    expect((await put(path, { id, ...whole }, { 'if-match': etag })).status).toBe(200);
    expect((await put(path, { id, ...whole }, { 'if-match': etag })).status).toBe(412);
    expect((await put(path, { id, ...whole }, { 'if-match': '*' })).status).toBe(200);
    expect((await put('/dbs/d/colls/none', { id: 'none', ...whole })).status).toBe(404);
  });
});

describe('the policy for conflicts', () => {
  it.each([
    [undefined, { mode: 'LastWriterWins', conflictResolutionPath: '/_ts', conflictResolutionProcedure: '' }],
    [
      { mode: 'lastwriterwins' },
      { mode: 'LastWriterWins', conflictResolutionPath: '/_ts', conflictResolutionProcedure: '' },
    ],
    [{ mode: 'Custom' }, { mode: 'Custom', conflictResolutionPath: '', conflictResolutionProcedure: '' }],
    [
      { mode: 'Custom', conflictResolutionProcedure: 'dbs/d/colls/c/sprocs/s' },
      { mode: 'Custom', conflictResolutionPath: '', conflictResolutionProcedure: 'dbs/d/colls/c/sprocs/s' },
    ],
  ])('%j is shown in full', async (given, shown) => {
    expect((await create({ conflictResolutionPolicy: given })).made.json['conflictResolutionPolicy']).toEqual(shown);
  });

  it.each([
    { mode: 'FirstWriterWins' },
    { mode: 'Custom', conflictResolutionPath: '/a' },
    { mode: 'LastWriterWins', conflictResolutionProcedure: 'x' },
    { conflictResolutionPath: 'a' },
    { conflictResolutionPath: 7 },
    [],
  ])('%j is refused', async (conflictResolutionPolicy) => {
    const body = { id: 'refused', ...whole, conflictResolutionPolicy };
    expect((await ask(server, { verb: 'POST', path: '/dbs/d/colls', body })).status).toBe(400);
  });
});

describe('reading a container', () => {
  it('tells its quota and what it holds', async () => {
    const { path } = await create();
    const figures = async (): Promise<Record<string, number>> => {
      const headers = { 'x-ms-documentdb-populatequotainfo': 'True' };
      const answer = await ask(server, { path, headers });
      expect(answer.headers.get('x-ms-resource-quota')).toMatch(/documentSize=\d+;documentsSize=-1;documentsCount=-1;/);
      expect(answer.headers.get('x-ms-documentdb-collection-index-transformation-progress')).toBe('100');
      const usage = answer.headers.get('x-ms-resource-usage')!;
      return Object.fromEntries([...usage.matchAll(/(\w+)=(\d+);/g)].map(([, name, value]) => [name!, Number(value)]));
    };
    expect(await figures()).toMatchObject({ documentsCount: 0, documentsSize: 0, collectionSize: 0 });
    for (let i = 0; i < 5; i++) {
      const body = { id: String(i), pk: String(i), more: 1, email: i, text: 'x'.repeat(1024) };
      await ask(server, { verb: 'POST', path: `${path}/docs`, headers: partitionKey(String(i), 1), body });
    }
    const full = await figures();
    expect(full['documentsCount']).toBe(5);
    expect(full['documentsSize']).toBeGreaterThanOrEqual(5);
    expect(full['documentsSize']).toBeLessThan(8);
    await ask(server, { verb: 'DELETE', path: `${path}/docs/0`, headers: partitionKey('0', 1) });
    expect((await figures())['documentsCount']).toBe(4);
  });

  it('and other resources in the version that the client has gives 304', async () => {
    const { path } = await create();
    for (const each of [path, '/dbs/d']) {
      const { headers } = await ask(server, { path: each });
      const again = await ask(server, { path: each, headers: { 'if-none-match': headers.get('etag')! } });
      expect([again.status, again.text]).toEqual([304, '']);
    }
  });

  it('gives no attachments of its items', async () => {
    const { path } = await create();
    expect((await ask(server, { path: `${path}/docs/x/attachments` })).json).toMatchObject({
      Attachments: [],
      _count: 0,
    });
    expect((await ask(server, { path: `${path}/docs/x/attachments/y` })).status).toBe(404);
  });
});
