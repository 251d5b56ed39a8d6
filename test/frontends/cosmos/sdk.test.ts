import { CosmosClient, type Container, type Database } from '@azure/cosmos';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keys, start, type Started } from './start.ts';

let server: Started;
let client: CosmosClient;
let database: Database;
let container: Container;

beforeAll(async () => {
  server = await start();
  client = new CosmosClient({ endpoint: server.endpoint, key: keys.primary });
  ({ database } = await client.databases.create({ id: 'shop' }));
  ({ container } = await database.containers.create({ id: 'orders', partitionKey: { paths: ['/customer'] } }));
});

afterAll(async () => {
  expect(server.faults).toEqual([]);
  client.dispose();
  await server.stop();
});

describe('items through the SDK', () => {
  it('creates, reads, replaces and deletes an item', async () => {
    const created = await container.items.create({ id: '1', customer: 'ann', total: 3 });
    expect(created.statusCode).toBe(201);
    expect(created.resource).toMatchObject({ id: '1', customer: 'ann', total: 3 });
    const read = await container.item('1', 'ann').read();
    expect(read.resource).toEqual(created.resource);
    const replaced = await container.item('1', 'ann').replace({ id: '1', customer: 'ann', total: 4 });
    expect(replaced.resource).toMatchObject({ total: 4 });
    expect((await container.item('1', 'ann').delete()).statusCode).toBe(204);
    expect((await container.item('1', 'ann').read()).statusCode).toBe(404);
  });
});
