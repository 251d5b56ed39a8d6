// The policies for vector and full-text search that a container may be made with, and how they may change.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, type Answered } from './request.ts';
import { start, type Started } from './start.ts';

let server: Started;

beforeAll(async () => {
  server = await start();
  await ask(server, { verb: 'POST', path: '/dbs', body: { id: 'd' } });
});

afterAll(async () => {
  expect(server.faults).toEqual([]);
  await server.stop();
});

const partitionKey = { paths: ['/pk'], kind: 'Hash', version: 2 };
const embedding = { path: '/v', dataType: 'float32', dimensions: 256, distanceFunction: 'cosine' };
const index = { path: '/v', type: 'quantizedFlat', quantizationByteSize: 256 };

function create(id: string, more: object): Promise<Answered> {
  return ask(server, { verb: 'POST', path: '/dbs/d/colls', body: { id, partitionKey, ...more } });
}

function vectors(entry: object, indexed: object | undefined = undefined): object {
  const indexingPolicy = indexed === undefined ? undefined : { vectorIndexes: [indexed] };
  return { vectorEmbeddingPolicy: { vectorEmbeddings: [entry] }, indexingPolicy };
}

describe('policies for search', () => {
  it('are kept and shown as they were given', async () => {
    const fullTextPolicy = { defaultLanguage: 'en-US', fullTextPaths: [{ path: '/text', language: 'fr-FR' }] };
    const indexingPolicy = { vectorIndexes: [index], fullTextIndexes: [{ path: '/text' }] };
    const made = await create('kept', { ...vectors(embedding), fullTextPolicy, indexingPolicy });
    expect(made.status).toBe(201);
    const shown = (await ask(server, { path: '/dbs/d/colls/kept' })).json;
    expect(shown).toMatchObject({ ...vectors(embedding, undefined), fullTextPolicy, indexingPolicy });
  });

  it.each([
    [{ ...embedding, dataType: 'float33' }, undefined, 'invalid DataType:float33'],
    [{ ...embedding, distanceFunction: 'near' }, undefined, 'invalid DistanceFunction:near'],
    [{ ...embedding, dimensions: 0 }, undefined, 'Dimensions:0 '],
    [{ ...embedding, dimensions: 4097 }, undefined, 'Dimensions:4097 which is more than the maximum'],
    [{ ...embedding, path: 'v' }, undefined, 'invalid Path:v'],
    [embedding, { ...index, path: '/w' }, 'path::/w not matching'],
    [embedding, { ...index, type: 'tall' }, 'Index Type::tall is invalid'],
    [
      embedding,
      { ...index, quantizationByteSize: 257 },
      '257 is out of range. The allowed range is between 1 and 256.',
    ],
    [
      embedding,
      { ...index, indexingSearchListSize: 24 },
      '24 is out of range. The allowed range is between 25 and 500.',
    ],
    [embedding, { ...index, vectorIndexShardKey: ['a'] }, 'invalid Shard Path: a'],
    [embedding, { ...index, vectorIndexShardKey: ['/a', '/b'] }, '2 exceeds the maximum: 1'],
    [embedding, { ...index, vectorIndexShardKey: '/a' }, 'One of the specified inputs is invalid'],
  ])('name what is wrong: %j, %j', async (entry, indexed, message) => {
    const answer = await create('wrong', vectors(entry, indexed));
    expect([answer.status, answer.json.message]).toEqual([400, expect.stringContaining(message)]);
  });

  it.each([
    [{ fullTextPolicy: { defaultLanguage: 'en' } }],
    [{ fullTextPolicy: { defaultLanguage: 'en-US', fullTextPaths: [{ path: 'text' }] } }],
    [{ fullTextPolicy: { fullTextPaths: [{ path: '/text', language: 'xx-XX' }] } }],
    [{ indexingPolicy: { fullTextIndexes: [{ path: 'text' }] } }],
    [{ indexingPolicy: { fullTextIndexes: [{}] } }],
    [{ indexingPolicy: { fullTextIndexes: '/text' } }],
  ])('are refused when full text is wrong: %j', async (more) => {
    expect((await create('wrong', more)).status).toBe(400);
  });

  it('may get and lose paths, and change none', async () => {
    await create('change', vectors(embedding, index));
    const replace = (more: object): Promise<Answered> =>
      ask(server, { verb: 'PUT', path: '/dbs/d/colls/change', body: { id: 'change', partitionKey, ...more } });
    expect((await replace(vectors({ ...embedding, dimensions: 300 }, index))).json.message).toContain(
      'embedding policy',
    );
    expect((await replace(vectors(embedding, { ...index, type: 'flat' }))).json.message).toContain('indexing policy');
    expect((await replace(vectors({ ...embedding, path: '/w' }, { ...index, path: '/w' }))).status).toBe(200);
    expect((await replace(vectors(embedding, { ...index, type: 'flat' }))).status).toBe(200);
  });
});
