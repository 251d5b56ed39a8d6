// What the throughput asked for at creation does to the number of physical partitions.

import { afterAll, beforeAll, expect, it } from 'vitest';
import { ask } from './request.ts';
import { start, type Started } from './start.ts';

let server: Started;
let made = 0;

beforeAll(async () => {
  server = await start({ partitions: 3 });
  await ask(server, { verb: 'POST', path: '/dbs', body: { id: 'd' } });
});

afterAll(async () => {
  expect(server.faults).toEqual([]);
  await server.stop();
});

it.each([
  ['none', {}, 3],
  ['10,000, which one partition serves', { 'x-ms-offer-throughput': '10000' }, 3],
  ['a little more', { 'x-ms-offer-throughput': '10100' }, 3],
  ['30,000', { 'x-ms-offer-throughput': '30000' }, 5],
  ['30,100', { 'x-ms-offer-throughput': '30100' }, 6],
  ['40,000 at most', { 'x-ms-cosmos-offer-autopilot-settings': '{"maxThroughput":40000}' }, 7],
])('a container made with throughput of %s', async (_what, headers, partitions) => {
  const id = `c${made++}`;
  const body = { id, partitionKey: { paths: ['/pk'], kind: 'Hash', version: 2 } };
  expect((await ask(server, { verb: 'POST', path: '/dbs/d/colls', headers, body })).status).toBe(201);
  const ranges = (await ask(server, { path: `/dbs/d/colls/${id}/pkranges` })).json['PartitionKeyRanges'];
  expect(ranges).toHaveLength(partitions);
});

it('has two partitions above 10,000 when one is the default', async () => {
  const single = await start();
  await ask(single, { verb: 'POST', path: '/dbs', body: { id: 'd' } });
  const body = { id: 'c', partitionKey: { paths: ['/pk'], kind: 'Hash', version: 2 } };
  await ask(single, { verb: 'POST', path: '/dbs/d/colls', headers: { 'x-ms-offer-throughput': '11000' }, body });
  expect((await ask(single, { path: '/dbs/d/colls/c/pkranges' })).json['PartitionKeyRanges']).toHaveLength(2);
  await single.stop();
});
