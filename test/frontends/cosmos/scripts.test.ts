// Stored procedures, triggers and user-defined functions as resources, as @azure/cosmos meets them.

import { CosmosClient, type Container } from '@azure/cosmos';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask } from './request.ts';
import { keys, start, type Started } from './start.ts';

let server: Started;
let client: CosmosClient;
let container: Container;

beforeAll(async () => {
  server = await start();
  client = new CosmosClient({ endpoint: server.endpoint, key: keys.primary });
  const { database } = await client.databases.create({ id: 'shop' });
  ({ container } = await database.containers.create({ id: 'orders', partitionKey: { paths: ['/pk'] } }));
});

afterAll(async () => {
  expect(server.faults).toEqual([]);
  client.dispose();
  await server.stop();
});

const body = 'function () { getContext().getResponse().setBody(1); }';

describe('scripts as resources', () => {
  it('are created once, read, queried, listed, replaced, renamed and deleted', async () => {
    const { storedProcedures } = container.scripts;
    const created = await storedProcedures.create({ id: 'first', body });
    expect(created.statusCode).toBe(201);
    expect(created.resource).toMatchObject({ id: 'first', body });
    const { _rid, _self } = created.resource!;
    const { resource: owner } = await container.read();
    expect(_self).toBe(`${owner!._self}sprocs/${_rid}/`);
    await expect(storedProcedures.create({ id: 'first', body })).rejects.toMatchObject({ code: 409 });
    const query = { query: 'SELECT * FROM root r WHERE r.id = @id', parameters: [{ name: '@id', value: 'first' }] };
    expect((await storedProcedures.query(query).fetchAll()).resources).toEqual([created.resource]);
    expect((await storedProcedures.readAll().fetchAll()).resources).toEqual([created.resource]);
    const one = container.scripts.storedProcedure('first');
    const replaced = await one.replace({ id: 'second', body: `${body} ` });
    expect(replaced.resource).toMatchObject({ id: 'second', body: `${body} `, _rid });
    expect(replaced.resource!._etag).not.toBe(created.resource!._etag);
    await expect(one.read()).rejects.toMatchObject({ code: 404 });
    expect((await container.scripts.storedProcedure('second').read()).resource).toEqual(replaced.resource);
    expect((await container.scripts.storedProcedure('second').delete()).statusCode).toBe(204);
    await expect(container.scripts.storedProcedure('second').delete()).rejects.toMatchObject({ code: 404 });
  });

  it('are found by _rid, and keep what a client set beside the text', async () => {
    const { resource } = await container.scripts.userDefinedFunctions.create({
      id: 'f',
      body: 'function(x){return x}',
    });
    const { resource: owner } = await container.read();
    const path = `/${owner!._self}udfs/${resource!._rid}`;
    const found = await ask(server, { path, type: 'udfs', link: resource!._rid.toLowerCase() });
    expect(found.json).toEqual(resource);
    await container.scripts.userDefinedFunction('f').delete();
  });

  it('are upserted', async () => {
    const asked = {
      verb: 'POST',
      path: '/dbs/shop/colls/orders/triggers',
      headers: { 'x-ms-documentdb-is-upsert': 'true' },
      body: { id: 't', body, triggerType: 'Pre', triggerOperation: 'All' },
    };
    expect((await ask(server, asked)).status).toBe(201);
    const again = await ask(server, { ...asked, body: { ...asked.body, triggerType: 'Post' } });
    expect(again.status).toBe(200);
    expect(again.json['triggerType']).toBe('Post');
    await container.scripts.trigger('t').delete();
  });

  it('respect If-Match', async () => {
    const path = '/dbs/shop/colls/orders/sprocs';
    const { headers } = await ask(server, { verb: 'POST', path, body: { id: 'p', body } });
    const replace = (etag: string) =>
      ask(server, { verb: 'PUT', path: `${path}/p`, headers: { 'if-match': etag }, body: { id: 'p', body } });
    expect((await replace('"00000000-0000-0000-0000-000000000000"')).status).toBe(412);
    expect((await replace(headers.get('etag')!)).status).toBe(200);
    await container.scripts.storedProcedure('p').delete();
  });

  it('need a text, an id that is a name, and of triggers a known type and operation', async () => {
    const post = async (segment: string, given: object) =>
      (await ask(server, { verb: 'POST', path: `/dbs/shop/colls/orders/${segment}`, body: given })).status;
    expect(await post('sprocs', { id: 'x' })).toBe(400);
    expect(await post('sprocs', { id: 'x', body: ' ' })).toBe(400);
    expect(await post('sprocs', { id: 'a/b', body })).toBe(400);
    expect(await post('triggers', { id: 'x', body })).toBe(400);
    expect(await post('triggers', { id: 'x', body, triggerType: 'Pre', triggerOperation: 'Read' })).toBe(400);
    expect(await post('udfs', { id: 'x', body: 'x'.repeat(600_000) })).toBe(413);
  });

  it('end with their container', async () => {
    const { container: short } = await client.database('shop').containers.create({ id: 'short' });
    await short.scripts.storedProcedures.create({ id: 'p', body });
    await short.delete();
    await client.database('shop').containers.create({ id: 'short' });
    expect((await short.scripts.storedProcedures.readAll().fetchAll()).resources).toEqual([]);
    await short.delete();
  });
});
