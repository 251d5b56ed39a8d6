// The Cosmos DB door from JavaScript: a database, a container, items, a query, a patch, a batch, the change feed.
// COSMOS_ENDPOINT and COSMOS_KEY say where; `meridian connection-strings` prints both. Run: node quickstart.mjs

import { ChangeFeedStartFrom, CosmosClient } from '@azure/cosmos';

const client = new CosmosClient({ endpoint: process.env.COSMOS_ENDPOINT, key: process.env.COSMOS_KEY });

const { database } = await client.databases.createIfNotExists({ id: 'samples' });
const { container } = await database.containers.createIfNotExists({
  id: 'orders-javascript',
  partitionKey: { paths: ['/customer'] },
});

for (const [id, total] of [
  ['1', 30],
  ['2', 70],
  ['3', 12],
])
  await container.items.upsert({ id, customer: 'ada', status: 'open', total });

// A read tells the version; a replace on condition is refused when somebody was quicker.
const { resource: order, etag } = await container.item('2', 'ada').read();
await container
  .item('2', 'ada')
  .replace({ ...order, status: 'paid' }, { accessCondition: { type: 'IfMatch', condition: etag } });

await container.item('1', 'ada').patch([{ op: 'incr', path: '/total', value: 5 }]);

const { resources: large } = await container.items
  .query({
    query: 'SELECT c.id, c.total FROM c WHERE c.total > @least ORDER BY c.total DESC',
    parameters: [{ name: '@least', value: 20 }],
  })
  .fetchAll();
console.log('large orders:', large.map(({ id, total }) => `${id}: ${total}`).join(', '));

// All or nothing, within one partition key.
const { result } = await container.items.batch(
  [
    { operationType: 'Upsert', resourceBody: { id: '4', customer: 'ada', status: 'open', total: 1 } },
    { operationType: 'Delete', id: '3' },
  ],
  'ada',
);
console.log('batch:', result.map(({ statusCode }) => statusCode).join(', '));

const changes = container.items.getChangeFeedIterator({ changeFeedStartFrom: ChangeFeedStartFrom.Beginning('ada') });
const page = await changes.readNext();
console.log('changes:', page.result.map(({ id }) => id).join(', '));

client.dispose();
