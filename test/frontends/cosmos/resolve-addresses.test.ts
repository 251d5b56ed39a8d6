// Addresses of replicas, as the .NET SDK asks for them: signed for the resource that the query names.

import { afterAll, beforeAll, expect, it } from 'vitest';
import { ask, type Answered } from './request.ts';
import { start, type Started } from './start.ts';

let server: Started;
let rid: string;
let self: string;

beforeAll(async () => {
  server = await start({ partitions: 3 });
  await ask(server, { verb: 'POST', path: '/dbs', body: { id: 'd b' } });
  const body = { id: 'c', partitionKey: { paths: ['/pk'], version: 2 } };
  const made = await ask(server, { verb: 'POST', path: '/dbs/d%20b/colls', body });
  ({ _rid: rid, _self: self } = made.json as { readonly _rid: string; readonly _self: string } & typeof made.json);
});

afterAll(async () => {
  expect(server.faults).toEqual([]);
  await server.stop();
});

const resolve = (resource: string, type: string, link: string, more = ''): Promise<Answered> =>
  ask(server, {
    path: `//addresses/?$resolveFor=${encodeURIComponent(resource)}&$filter=protocol%20eq%20https${more}`,
    type,
    link,
  });

interface Address {
  readonly partitionKeyRangeId: string;
}

const idsOf = ({ json }: Answered): string[] =>
  (json['Addresss'] as readonly Address[]).map(({ partitionKeyRangeId }) => partitionKeyRangeId);

it('are the gateway, for every range asked for', async () => {
  const answer = await resolve(`${self}docs`, 'docs', rid.toLowerCase(), '&$partitionKeyRangeIds=0,2');
  expect(answer.status).toBe(200);
  expect(answer.json).toEqual({
    _rid: rid,
    Addresss: ['0', '2'].map((partitionKeyRangeId) => ({
      isPrimary: true,
      protocol: 'https',
      logicalUri: server.endpoint,
      physcialUri: server.endpoint,
      partitionKeyRangeId,
    })),
    _count: 2,
  });
});

it('are found by names too, and of all ranges when none is named', async () => {
  expect(idsOf(await resolve('dbs/d b/colls/c/docs', 'docs', 'dbs/d b/colls/c'))).toEqual(['0', '1', '2']);
  expect(idsOf(await resolve('dbs/d b/colls/c', 'colls', 'dbs/d b/colls/c'))).toEqual(['0', '1', '2']);
});

it('of databases and of the account are those of the master partition', async () => {
  expect(idsOf(await resolve('dbs/d b', 'dbs', 'dbs/d b'))).toEqual(['M']);
  expect(idsOf(await resolve('dbs/d b/colls', 'colls', 'dbs/d b'))).toEqual(['M']);
});

it('are refused for what is not there, and to whoever did not sign for it', async () => {
  expect((await resolve('dbs/d b/colls/none/docs', 'docs', 'dbs/d b/colls/none')).status).toBe(404);
  const gone = await resolve(`${self}docs`, 'docs', rid.toLowerCase(), '&$partitionKeyRangeIds=7');
  expect([gone.status, gone.headers.get('x-ms-substatus')]).toEqual([410, '1002']);
  expect((await resolve(`${self}docs`, 'docs', rid.toLowerCase(), '&$partitionKeyRangeIds=x')).status).toBe(400);
  expect((await resolve('dbs/d b/colls/c/docs', 'docs', 'dbs/d b')).status).toBe(401);
  expect((await ask(server, { path: '//addresses/?$resolveFor=%ff', type: '', link: '' })).status).toBe(401);
});
