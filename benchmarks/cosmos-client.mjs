// What @azure/cosmos does with several partitions, batches and the change feed: one process of the official client
// against Meridian with one and with five physical partitions and, where it can, @vercel/cosmosdb-server, in interleaved
// rounds. The client merges what partitions give, so its share of the time is in every figure, for all alike.
//
// Usage: node benchmarks/cosmos-client.mjs [--size 10000] [--rounds 3]

import { parseArgs } from 'node:util';
import { ChangeFeedStartFrom, CosmosClient } from '@azure/cosmos';
import { publicKey } from './cosmos-requests.mjs';
import { documentOf } from './documents.mjs';
import {
  cpuSeconds,
  fixed,
  machine,
  median,
  startMeridian,
  startPeer,
  stop,
  table,
  temporaryDirectory,
} from './harness.mjs';
import { micros } from './measure.mjs';
import { installPeers } from './peers/install.mjs';

const { values: options } = parseArgs({
  options: { size: { type: 'string', default: '10000' }, rounds: { type: 'string', default: '3' } },
});
const size = Number(options.size);
const rounds = Number(options.rounds);
const secondsPerCell = 1;
const batchSize = 100;
let made = 0;

const itemOf = (i) => ({ ...documentOf(i), pk: `p${i % 100}`, number: i });
const drained = async (iterator) => (await iterator.fetchAll()).resources.length;

async function changes(container) {
  const feed = container.items.getChangeFeedIterator({
    maxItemCount: 1_000,
    changeFeedStartFrom: ChangeFeedStartFrom.Beginning(),
  });
  let count = 0;
  for await (const page of feed.getAsyncIterator()) {
    if (page.statusCode === 304) break;
    count += page.result.length;
  }
  return count;
}

async function batch(container) {
  const operations = Array.from({ length: batchSize }, () => {
    const id = `made-${++made}`;
    return { operationType: 'Create', resourceBody: { ...documentOf(made), id, pk: 'batch' } };
  });
  const { result } = await container.items.batch(operations, 'batch');
  if (result.some(({ statusCode }) => statusCode !== 201)) throw new Error('the batch failed');
  return batchSize;
}

/** `run` gives how many items it read or wrote. */
const cells = [
  {
    name: 'point read',
    peer: true,
    run: async ({ container }, i) => {
      await container.item(documentOf(i % size).id, `p${(i % size) % 100}`).read();
      return 1;
    },
  },
  {
    name: 'ORDER BY … LIMIT 100',
    peer: false,
    run: ({ container }) =>
      drained(
        container.items.query('SELECT * FROM c ORDER BY c.number DESC OFFSET 0 LIMIT 100', { maxItemCount: 100 }),
      ),
  },
  {
    name: 'GROUP BY of all',
    peer: false,
    run: ({ container }) =>
      drained(container.items.query('SELECT c.status, COUNT(1) AS n, AVG(c.number) AS mean FROM c GROUP BY c.status')),
  },
  {
    name: 'DISTINCT of all',
    peer: false,
    run: ({ container }) => drained(container.items.query('SELECT DISTINCT VALUE c.status FROM c')),
  },
  { name: `batch of ${batchSize} creates`, peer: false, run: ({ container }) => batch(container) },
  { name: 'change feed from the beginning', peer: false, run: ({ container }) => changes(container) },
];

async function open(name, server) {
  // The peer advertises an address of its own making.
  const connectionPolicy = { enableEndpointDiscovery: false };
  const client = new CosmosClient({ endpoint: server.sql ?? server.url, key: publicKey, connectionPolicy });
  const { database } = await client.databases.create({ id: 'bench' });
  const { container } = await database.containers.create({ id: 'items', partitionKey: { paths: ['/pk'] } });
  for (let i = 0; i < size; i += 64)
    await Promise.all(Array.from({ length: Math.min(64, size - i) }, (_, k) => container.items.create(itemOf(i + k))));
  return { name, server, container };
}

async function runCell(side, cell) {
  const startedMs = performance.now();
  const before = cpuSeconds(side.server.pid);
  let runs = 0;
  let items = 0;
  do items += await cell.run(side, runs++);
  while (performance.now() - startedMs < secondsPerCell * 1_000);
  const seconds = (performance.now() - startedMs) / 1_000;
  return {
    ms: (seconds * 1_000) / runs,
    items: items / seconds,
    cpu: ((cpuSeconds(side.server.pid) - before) * 1e6) / runs,
  };
}

const sides = [
  await open('Meridian, 1 partition', await startMeridian(['--data', temporaryDirectory('client-1')])),
  await open(
    'Meridian, 5 partitions',
    await startMeridian(['--data', temporaryDirectory('client-5'), '--partitions', '5']),
  ),
];
const peer = installPeers() ? await open('@vercel/cosmosdb-server, memory', await startPeer('vercel.mjs')) : undefined;
if (peer !== undefined) sides.push(peer);
const results = new Map();
for (let round = 0; round < rounds; round++)
  for (const cell of cells)
    for (const side of sides) {
      if (side === peer && !cell.peer) continue;
      const key = `${cell.name}|${side.name}`;
      results.set(key, [...(results.get(key) ?? []), await runCell(side, cell)]);
    }
const rows = [...results].map(([key, list]) => {
  const [what, side] = key.split('|');
  const of = (field) => median(list.map((one) => one[field]));
  return [what, side, fixed(of('ms'), 2), micros(of('items')), micros(of('cpu'))];
});
console.log(`${machine()}; ${size} items, medians of ${rounds} rounds of ${secondsPerCell} s, one caller\n`);
table(['what', 'side', 'ms', 'items per second', 'server CPU µs'], rows);
for (const { server } of sides) await stop(server);
