// A worker that prints what changes in `orders`. Start it several times: the workers share the work, and when one
// ends, the others take over. Run: node orders-worker.mjs NAME

import { CosmosClient } from '@azure/cosmos';
import { ChangeFeedProcessor } from './change-feed-processor.mjs';

const endpoint = process.env.COSMOS_ENDPOINT;
const client = new CosmosClient({ endpoint, key: process.env.COSMOS_KEY });
const { database } = await client.databases.createIfNotExists({ id: 'samples' });
const { container: feed } = await database.containers.createIfNotExists({
  id: 'orders',
  partitionKey: { paths: ['/customer'] },
});
const { container: leases } = await database.containers.createIfNotExists({
  id: 'leases',
  partitionKey: { paths: ['/id'] },
});

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stop.abort());

const owner = process.argv[2] ?? `worker-${process.pid}`;
await new ChangeFeedProcessor({
  feed,
  leases,
  owner,
  account: new URL(endpoint).hostname,
  expiryMs: 10_000,
  handle: async (items, { range }) => {
    for (const item of items) console.log(`${owner} [${range}] ${JSON.stringify(item)}`);
  },
}).run(stop.signal);
client.dispose();
