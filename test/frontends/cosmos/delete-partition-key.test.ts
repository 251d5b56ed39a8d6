// Every item of one partition key, deleted by one request.

import { afterAll, beforeAll, expect, it } from 'vitest';
import { ask, partitionKey, type Answered } from './request.ts';
import { start, type Started } from './start.ts';

let server: Started;

beforeAll(async () => {
  server = await start({ partitions: 2 });
  await ask(server, { verb: 'POST', path: '/dbs', body: { id: 'd' } });
  const definition = { id: 'c', partitionKey: { paths: ['/pk'], kind: 'Hash', version: 2 } };
  await ask(server, { verb: 'POST', path: '/dbs/d/colls', body: definition });
});

afterAll(async () => {
  expect(server.faults).toEqual([]);
  await server.stop();
});

const docs = '/dbs/d/colls/c/docs';

function act(operation: string, ...key: unknown[]): Promise<Answered> {
  // Clients sign the container.
  const signed = { type: 'colls', link: 'dbs/d/colls/c' };
  const path = `/dbs/d/colls/c/operations/${operation}`;
  return ask(server, { verb: 'POST', path, ...signed, headers: partitionKey(...key) });
}

async function idsLeft(): Promise<string[]> {
  const { json } = await ask(server, { path: docs, headers: { 'x-ms-max-item-count': '-1' } });
  return (json['Documents'] as { readonly id: string }[]).map(({ id }) => id).sort();
}

it('deletes more items than a page holds, and those of no other key', async () => {
  for (const pk of ['keep', 'drop']) {
    for (let n = 0; n < (pk === 'drop' ? 2100 : 2); n += 100) {
      const operations = Array.from({ length: pk === 'drop' ? 100 : 2 }, (_, i) => ({
        operationType: 'Create',
        resourceBody: { id: `${pk}${n + i}`, pk },
      }));
      const headers = {
        ...partitionKey(pk),
        'x-ms-cosmos-is-batch-request': 'true',
        'x-ms-cosmos-batch-atomic': 'true',
      };
      expect((await ask(server, { verb: 'POST', path: docs, headers, body: operations })).status).toBe(200);
    }
  }
  const { status, headers } = await act('partitionkeydelete', 'drop');
  expect(status).toBe(200);
  expect(Number(headers.get('x-ms-request-charge'))).toBeGreaterThan(0);
  expect(headers.get('x-ms-session-token')).toMatch(/^\d+:/);
  expect(await idsLeft()).toEqual(['keep0', 'keep1']);
});

it('deletes nothing when the key has no items, or is null', async () => {
  const before = await idsLeft();
  expect((await act('partitionkeydelete', 'never')).status).toBe(200);
  expect((await act('partitionkeydelete', null)).status).toBe(200);
  expect(await idsLeft()).toEqual(before);
});

it('needs the whole key, and does not know other operations', async () => {
  expect((await act('partitionkeydelete', 'a', 'b')).status).toBe(400);
  expect((await act('partitionkeymerge', 'keep')).status).toBe(501);
});
