// Client encryption keys, and the policies of containers that name them, as the .NET and Java SDKs send them.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, type Answered } from './request.ts';
import { start, type Started } from './start.ts';

let server: Started;

beforeAll(async () => {
  server = await start();
  await ask(server, { verb: 'POST', path: '/dbs', body: { id: 'd' } });
  await ask(server, { verb: 'POST', path: '/dbs', body: { id: 'other' } });
});

afterAll(async () => {
  expect(server.faults).toEqual([]);
  await server.stop();
});

const path = '/dbs/d/clientencryptionkeys';
const key = {
  id: 'cek',
  encryptionAlgorithm: 'AEAD_AES_256_CBC_HMAC_SHA256',
  wrappedDataEncryptionKey: 'VGhpcyBpcyBhIHRlc3QgYnl0ZXMu',
  keyWrapMetadata: { type: 'AKV', name: 'master', value: 'https://vault/keys/master/1', algorithm: 'RSA-OAEP' },
};

const create = (body: object): Promise<Answered> => ask(server, { verb: 'POST', path, body });

describe('client encryption keys', () => {
  it('are made, read, listed, queried and rewrapped, and stay with their database', async () => {
    const made = await create(key);
    expect(made.status).toBe(201);
    expect(made.json).toMatchObject(key);
    const { _rid: rid, _self: self } = made.json as { _rid: string; _self: string };
    expect((await create(key)).status).toBe(409);
    expect((await ask(server, { path: `${path}/cek` })).json).toEqual(made.json);
    expect(
      (await ask(server, { path: `/${self}`, type: 'clientencryptionkeys', link: rid.toLowerCase() })).json,
    ).toEqual(made.json);
    expect((await ask(server, { path: '/dbs/other/clientencryptionkeys/cek' })).status).toBe(404);
    expect((await ask(server, { path })).json).toMatchObject({ ClientEncryptionKeys: [made.json], _count: 1 });
    const headers = { 'content-type': 'application/query+json' };
    const body = { query: 'SELECT VALUE c.keyWrapMetadata.name FROM c WHERE c.id = "cek"' };
    expect((await ask(server, { verb: 'POST', path, headers, body })).json['ClientEncryptionKeys']).toEqual(['master']);
    const rewrapped = { ...key, keyWrapMetadata: { ...key.keyWrapMetadata, value: 'https://vault/keys/master/2' } };
    const put = (change: object, ifMatch = '*'): Promise<Answered> =>
      ask(server, {
        verb: 'PUT',
        path: `${path}/cek`,
        body: { ...rewrapped, ...change },
        headers: { 'if-match': ifMatch },
      });
    expect((await put({}, '"00000000-0000-0000-0000-000000000001"')).status).toBe(412);
    const replaced = await put({});
    expect(replaced.status).toBe(200);
    expect(replaced.json).toMatchObject({ ...rewrapped, _rid: rid });
    expect((await put({ id: 'renamed' })).status).toBe(400);
    expect((await put({ encryptionAlgorithm: 'none' })).status).toBe(400);
    // The service has no way to delete one.
    expect((await ask(server, { verb: 'DELETE', path: `${path}/cek` })).status).toBe(501);
  });

  it.each([
    ['no algorithm', { encryptionAlgorithm: undefined }],
    ['no wrapped key', { wrappedDataEncryptionKey: '' }],
    ['a wrapped key that is not base64', { wrappedDataEncryptionKey: 'not base64!' }],
    ['no metadata', { keyWrapMetadata: undefined }],
    ['metadata of another kind', { keyWrapMetadata: { ...key.keyWrapMetadata, value: 7 } }],
    ['an id that is none', { id: 'a/b' }],
  ])('with %s are refused', async (_what, change) => {
    expect((await create({ ...key, id: 'wrong', ...change })).status).toBe(400);
  });
});

describe('the encryption policy of a container', () => {
  const included = {
    path: '/ssn',
    clientEncryptionKeyId: 'cek',
    encryptionType: 'Randomized',
    encryptionAlgorithm: 'AEAD_AES_256_CBC_HMAC_SHA256',
  };
  const container = (id: string, policy: object): Promise<Answered> =>
    ask(server, {
      verb: 'POST',
      path: '/dbs/d/colls',
      body: { id, partitionKey: { paths: ['/pk'], version: 2 }, clientEncryptionPolicy: policy },
    });

  it('is kept, and cannot be changed', async () => {
    const policy = { includedPaths: [included], policyFormatVersion: 1 };
    const made = await container('encrypted', policy);
    expect(made.status).toBe(201);
    expect(made.json['clientEncryptionPolicy']).toEqual(policy);
    const put = (body: object): Promise<Answered> =>
      ask(server, { verb: 'PUT', path: '/dbs/d/colls/encrypted', body: { id: 'encrypted', ...body } });
    const { partitionKey } = made.json;
    const reordered = { policyFormatVersion: 1, includedPaths: [included] };
    expect((await put({ partitionKey, clientEncryptionPolicy: reordered })).status).toBe(200);
    const without = await put({ partitionKey, defaultTtl: 5 });
    expect(without.json).toMatchObject({ clientEncryptionPolicy: policy, defaultTtl: 5 });
    for (const change of [{ includedPaths: [] }, { policyFormatVersion: 2 }, { more: 1 }])
      expect((await put({ partitionKey, clientEncryptionPolicy: { ...policy, ...change } })).status).toBe(400);
  });

  it.each([
    ['a key that does not exist', { clientEncryptionKeyId: 'none' }, 1],
    ['another algorithm', { encryptionAlgorithm: 'ROT13' }, 1],
    ['another type', { encryptionType: 'Sometimes' }, 1],
    ['a nested path', { path: '/a/b' }, 1],
    ['no path', { path: '' }, 1],
    ['the id in the first format', { path: '/id', encryptionType: 'Deterministic' }, 1],
    ['the id at random', { path: '/id' }, 2],
    ['the partition key at random', { path: '/pk' }, 2],
    ['an unknown format', {}, 3],
  ])('is refused with %s', async (_what, change, policyFormatVersion) => {
    const answer = await container('refused', { includedPaths: [{ ...included, ...change }], policyFormatVersion });
    expect(answer.status).toBe(400);
  });

  it('may name the id and the partition key in its second format', async () => {
    const identity = ['/id', '/pk'].map((each) => ({ ...included, path: each, encryptionType: 'Deterministic' }));
    expect((await container('identity', { includedPaths: identity, policyFormatVersion: 2 })).status).toBe(201);
    const twice = { includedPaths: [identity[0], identity[0]], policyFormatVersion: 2 };
    expect((await container('twice', twice)).status).toBe(400);
  });
});
