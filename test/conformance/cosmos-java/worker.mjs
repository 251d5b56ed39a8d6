// The change feed processor of examples/cosmos/javascript as a worker beside those in Java: NAME DATABASE FEED LEASES.
// It writes the same lines as they do.

import { CosmosClient } from '@azure/cosmos';
import { ChangeFeedProcessor } from '../../../examples/cosmos/javascript/change-feed-processor.mjs';

const [owner, database, feed, leases] = process.argv.slice(2);
const endpoint = process.env.COSMOS_ENDPOINT;
const client = new CosmosClient({ endpoint, key: process.env.COSMOS_KEY });
const processor = new ChangeFeedProcessor({
  feed: client.database(database).container(feed),
  leases: client.database(database).container(leases),
  owner,
  account: new URL(endpoint).hostname,
  expiryMs: 4_000,
  pollMs: 100,
  handle: async (items) => {
    process.stdout.write(items.map(({ id, n }) => `${owner} latest ${id} ${n}\n`).join(''));
  },
});
process.stdout.write(`${owner} started\n`);
await processor.run(new AbortController().signal);
