// Conflicts between regions: there are none, and clients that ask are told so.

import { afterAll, beforeAll, expect, it } from 'vitest';
import { ask, partitionKey } from './request.ts';
import { start, type Started } from './start.ts';

let server: Started;
const conflicts = '/dbs/d/colls/c/conflicts';

beforeAll(async () => {
  server = await start();
  await ask(server, { verb: 'POST', path: '/dbs', body: { id: 'd' } });
  const definition = { id: 'c', partitionKey: { paths: ['/pk'], kind: 'Hash', version: 2 } };
  await ask(server, { verb: 'POST', path: '/dbs/d/colls', body: definition });
});

afterAll(async () => {
  expect(server.faults).toEqual([]);
  await server.stop();
});

it('are an empty feed', async () => {
  const { status, json } = await ask(server, { path: conflicts });
  expect(status).toBe(200);
  expect(json).toMatchObject({ Conflicts: [], _count: 0 });
});

it('are nothing to a query, whose text is still read', async () => {
  const whole = { 'content-type': 'application/query+json' };
  const asked = { ...whole, ...partitionKey('p') };
  const query = (text: string, headers: Record<string, string> = asked) =>
    ask(server, { verb: 'POST', path: conflicts, headers, body: { query: text } });
  expect((await query('SELECT * FROM c', whole)).status).toBe(400);
  const allowed = { ...whole, 'x-ms-documentdb-query-enablecrosspartition': 'True' };
  expect((await query('SELECT * FROM c', allowed)).json).toMatchObject({ Conflicts: [] });
  expect((await query('SELECT * FROM c')).json).toMatchObject({ Conflicts: [], _count: 0 });
  expect((await query('SELEC')).status).toBe(400);
});

it.each(['GET', 'DELETE'])('have no ids to %s', async (verb) => {
  expect((await ask(server, { verb, path: `${conflicts}/x` })).status).toBe(404);
  expect((await ask(server, { verb, path: '/dbs/d/colls/none/conflicts/x' })).status).toBe(404);
});
