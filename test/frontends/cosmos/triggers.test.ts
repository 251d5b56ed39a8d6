// Pre- and post-triggers as @azure/cosmos names them with a write.

import { CosmosClient, type Container } from '@azure/cosmos';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { keys, start, type Started } from './start.ts';

let server: Started;
let client: CosmosClient;
let container: Container;
let count = 0;

beforeAll(async () => {
  server = await start();
  client = new CosmosClient({ endpoint: server.endpoint, key: keys.primary });
  await client.databases.create({ id: 'shop' });
});

afterAll(async () => {
  expect(server.faults).toEqual([]);
  client.dispose();
  await server.stop();
});

beforeEach(async () => {
  const definition = { id: `c${++count}`, partitionKey: { paths: ['/pk'] } };
  ({ container } = await client.database('shop').containers.create(definition));
});

type Type = 'Pre' | 'Post';

async function trigger(id: string, type: Type, body: string, operation = 'All'): Promise<void> {
  const definition = { id, body, triggerType: type, triggerOperation: operation };
  await container.scripts.triggers.create(definition as never);
}

async function ids(): Promise<string[]> {
  return (await container.items.query<string>('SELECT VALUE c.id FROM c').fetchAll()).resources.sort();
}

describe('a pre-trigger', () => {
  it('changes the body that is written', async () => {
    await trigger(
      'stamp',
      'Pre',
      `function () {
      var request = getContext().getRequest(), item = request.getBody();
      item.by = request.getOperationType();
      request.setBody(item);
    }`,
    );
    const create = await container.items.create({ id: '1', pk: 'a' }, { preTriggerInclude: ['stamp'] });
    expect(create.resource).toMatchObject({ id: '1', by: 'Create' });
    const replace = await container.item('1', 'a').replace({ id: '1', pk: 'a' }, { preTriggerInclude: ['stamp'] });
    expect(replace.resource).toMatchObject({ by: 'Replace' });
    const upsert = await container.items.upsert({ id: '1', pk: 'a' }, { preTriggerInclude: ['stamp'] });
    expect(upsert.resource).toMatchObject({ by: 'Upsert' });
    expect((await container.item('1', 'a').read()).resource).toMatchObject({ by: 'Upsert' });
  });

  it('finds no response', async () => {
    await trigger('look', 'Pre', 'function () { if (getContext().getResponse) throw new Error("there is one"); }');
    expect((await container.items.create({ id: '1', pk: 'a' }, { preTriggerInclude: ['look'] })).statusCode).toBe(201);
  });

  it('refuses a write by throwing', async () => {
    await trigger('no', 'Pre', 'function () { throw new Error(403, "not today"); }');
    const refused = container.items.create({ id: '1', pk: 'a' }, { preTriggerInclude: ['no'] });
    await expect(refused).rejects.toMatchObject({ code: 400, substatus: 403 });
    expect(await ids()).toEqual([]);
  });

  it('runs before a delete, and may stop it', async () => {
    await container.items.create({ id: '1', pk: 'a' });
    await trigger(
      'guard',
      'Pre',
      `function () {
      if (getContext().getRequest().getBody() !== undefined) throw new Error('a delete has no body');
      throw new Error('kept');
    }`,
      'Delete',
    );
    await expect(container.item('1', 'a').delete({ preTriggerInclude: ['guard'] } as never)).rejects.toThrow(/kept/);
    expect(await ids()).toEqual(['1']);
  });
});

describe('a post-trigger', () => {
  const counting = `function () {
    var link = __.getAltLink() + '/docs/count';
    __.readDocument(link, function (err, doc) {
      if (err) return void __.createDocument(__.getSelfLink(), { id: 'count', pk: 'a', n: 1 });
      doc.n++;
      __.replaceDocument(link, doc);
    });
  }`;

  it('writes in the same transaction', async () => {
    await trigger('counting', 'Post', counting);
    const before = server.engine.counters.entries;
    for (let i = 0; i < 3; i++)
      await container.items.create({ id: `${i}`, pk: 'a' }, { postTriggerInclude: ['counting'] });
    expect(server.engine.counters.entries).toBe(before + 3);
    expect((await container.item('count', 'a').read()).resource).toMatchObject({ n: 3 });
    await container.item('0', 'a').delete({ postTriggerInclude: ['counting'] } as never);
    expect((await container.item('count', 'a').read()).resource).toMatchObject({ n: 4 });
  });

  it('sees request and response, and undoes the write by throwing', async () => {
    await trigger(
      'check',
      'Post',
      `function () {
      var sent = getContext().getRequest().getBody(), made = getContext().getResponse().getBody();
      if (sent.id !== made.id || !made._etag) throw new Error('they differ');
      if (made.n < 0) throw new Error('negative');
    }`,
    );
    const options = { postTriggerInclude: ['check'] };
    expect((await container.items.create({ id: '1', pk: 'a', n: 1 }, options)).statusCode).toBe(201);
    await expect(container.items.create({ id: '2', pk: 'a', n: -1 }, options)).rejects.toThrow(/negative/);
    expect(await ids()).toEqual(['1']);
  });

  it('changes the answer, with the ETag as it is stored', async () => {
    await trigger(
      'answer',
      'Post',
      `function () {
      var response = getContext().getResponse(), item = response.getBody();
      item.extra = true;
      response.setBody(item);
    }`,
    );
    const { resource } = await container.items.create({ id: '1', pk: 'a' }, { postTriggerInclude: ['answer'] });
    const { resource: stored } = await container.item('1', 'a').read();
    expect(resource).toMatchObject({ extra: true, _etag: stored!._etag, _rid: stored!['_rid'] });
    expect(stored).not.toHaveProperty('extra');
  });
});

describe('naming triggers', () => {
  it('is refused when they do not exist, are of another type or operation, or are several', async () => {
    await trigger('one', 'Pre', 'function () {}');
    await trigger('two', 'Pre', 'function () {}');
    await trigger('deletes', 'Post', 'function () {}', 'Delete');
    const create = (options: object) => container.items.create({ id: '1', pk: 'a' }, options);
    await expect(create({ preTriggerInclude: ['none'] })).rejects.toMatchObject({ code: 400 });
    await expect(create({ postTriggerInclude: ['one'] })).rejects.toMatchObject({ code: 400 });
    await expect(create({ postTriggerInclude: ['deletes'] })).rejects.toMatchObject({ code: 400 });
    await expect(create({ preTriggerInclude: ['one', 'two'] })).rejects.toMatchObject({ code: 400 });
    expect((await create({ preTriggerInclude: ['one'] })).statusCode).toBe(201);
  });

  it('keeps the conditions of the write', async () => {
    await trigger('one', 'Pre', 'function () {}');
    await container.items.create({ id: '1', pk: 'a' });
    const condition = { type: 'IfMatch', condition: '"00000000-0000-0000-0000-000000000000"' };
    const options = { preTriggerInclude: ['one'], accessCondition: condition };
    await expect(container.item('1', 'a').replace({ id: '1', pk: 'a' }, options)).rejects.toMatchObject({ code: 412 });
    const again = container.items.create({ id: '1', pk: 'a' }, { preTriggerInclude: ['one'] });
    await expect(again).rejects.toMatchObject({ code: 409 });
  });
});
