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

it('a key with a level missing has the substatus of a wrong key', async () => {
  expect((await batch(1, 'x')).headers.get('x-ms-substatus')).toBe('1001');
});

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
    'an id of an item that is too long',
    () =>
      ask(server, {
        verb: 'POST',
        path: '/dbs/d/colls/c/docs',
        headers: partitionKey('x', 'y'),
        body: { id: 'i'.repeat(1024), a: 'x', b: 'y' },
      }),
    "Ensure to provide a unique non-empty string less than '1024' characters.",
  ],
  [
    'a fourth level of keys',
    () =>
      ask(server, {
        verb: 'POST',
        path: '/dbs/d/colls',
        body: { id: 'x', partitionKey: { paths: ['/a', '/b', '/c', '/d'], kind: 'MultiHash', version: 2 } },
      }),
    'Too many partition key paths',
  ],
  [
    'too little throughput for autoscale',
    () =>
      ask(server, {
        verb: 'POST',
        path: '/dbs',
        headers: { 'x-ms-cosmos-offer-autopilot-settings': '{"maxThroughput":-200}' },
        body: { id: 'x' },
      }),
    'Requested throughput -200 is less than required minimum throughput 1000',
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
