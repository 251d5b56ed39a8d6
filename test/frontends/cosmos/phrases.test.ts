// Phrases in messages by which clients and their tests know an error.

import { afterAll, beforeAll, expect, it } from 'vitest';
import { ask, partitionKey, type Answered } from './request.ts';
import { start, type Started } from './start.ts';

let server: Started;

beforeAll(async () => {
  server = await start();
  await ask(server, { verb: 'POST', path: '/dbs', body: { id: 'd' } });
  const definition = { id: 'c', partitionKey: { paths: ['/a', '/b'], kind: 'MultiHash', version: 2 } };
  await ask(server, { verb: 'POST', path: '/dbs/d/colls', body: definition });
});

afterAll(async () => {
  expect(server.faults).toEqual([]);
  await server.stop();
});

function batch(operations: number, ...key: string[]): Promise<Answered> {
  const body = Array.from({ length: operations }, (_, i) => ({
    operationType: 'Create',
    resourceBody: { id: `${i}`, a: 'x', b: 'y' },
  }));
  const mark = { 'x-ms-cosmos-is-batch-request': 'true', 'x-ms-cosmos-batch-atomic': 'true' };
  return ask(server, {
    verb: 'POST',
    path: '/dbs/d/colls/c/docs',
    headers: { ...partitionKey(...key), ...mark },
    body,
  });
}

it.each([
  ['an empty batch', () => batch(0, 'x', 'y'), 'Batch request has no operations.'],
  ['a batch of 101', () => batch(101, 'x', 'y'), 'Batch request has more operations than what is supported.'],
  [
    'a key with a level missing',
    () => batch(1, 'x'),
    "Partition key provided either doesn't correspond to definition in the collection or doesn't match partition key " +
      'field values specified in the document.',
  ],
  [
    'a name that is too long',
    () => ask(server, { verb: 'POST', path: '/dbs', body: { id: 'x'.repeat(256) } }),
    "Ensure to provide a unique non-empty string less than '255' characters.",
  ],
])('%s is refused in the words of the service', async (_what, send, phrase) => {
  const { status, json } = await send();
  expect(status).toBe(400);
  expect(json.code).toBe('BadRequest');
  expect(json.message).toContain(phrase);
});
