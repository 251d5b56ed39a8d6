// A replace whose body has another id than its address: the item gets that id.

import { afterAll, beforeAll, expect, it } from 'vitest';
import { ask, partitionKey, type Answered } from './request.ts';
import { start, type Started } from './start.ts';

let server: Started;

const docs = '/dbs/d/colls/c/docs';
const headers = partitionKey('p');

beforeAll(async () => {
  server = await start();
  await ask(server, { verb: 'POST', path: '/dbs', body: { id: 'd' } });
  const definition = { id: 'c', partitionKey: { paths: ['/pk'], kind: 'Hash', version: 2 } };
  await ask(server, { verb: 'POST', path: '/dbs/d/colls', body: definition });
  for (const id of ['1', '2']) await ask(server, { verb: 'POST', path: docs, headers, body: { id, pk: 'p' } });
});

afterAll(async () => {
  expect(server.faults).toEqual([]);
  await server.stop();
});

const read = async (id: string): Promise<number> => (await ask(server, { path: `${docs}/${id}`, headers })).status;

function replace(id: string, body: object): Promise<Answered> {
  return ask(server, { verb: 'PUT', path: `${docs}/${id}`, headers, body });
}

it('moves to that id', async () => {
  const { status, json } = await replace('1', { id: '3', pk: 'p', n: 1 });
  expect(status).toBe(200);
  expect(json).toMatchObject({ id: '3', n: 1 });
  expect([await read('1'), await read('3')]).toEqual([404, 200]);
});

it('is refused when another item has it', async () => {
  expect((await replace('3', { id: '2', pk: 'p' })).status).toBe(409);
  expect([await read('2'), await read('3')]).toEqual([200, 200]);
});

it('moves within a batch, which sees it there', async () => {
  const body = [
    { operationType: 'Replace', id: '3', resourceBody: { id: '4', pk: 'p' } },
    { operationType: 'Read', id: '4' },
  ];
  const batch = { ...headers, 'x-ms-cosmos-is-batch-request': 'true', 'x-ms-cosmos-batch-atomic': 'true' };
  const { status, json } = await ask(server, { verb: 'POST', path: docs, headers: batch, body });
  expect(status).toBe(200);
  expect(json).toMatchObject([{ statusCode: 200 }, { statusCode: 200, resourceBody: { id: '4' } }]);
  expect([await read('3'), await read('4')]).toEqual([404, 200]);
});
