// The Table door behind the vendor's own client, unmodified.

import { TableClient, TableServiceClient, type TableEntityResult } from '@azure/data-tables';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Meridian } from '../../../bin/embed.ts';

const options = { allowInsecureConnection: true } as const;

let meridian: Meridian;
let service: TableServiceClient;
let table: TableClient;

beforeAll(async () => {
  meridian = await Meridian.start({ memory: true });
  const connection = meridian.connectionStrings().table!;
  service = TableServiceClient.fromConnectionString(connection, options);
  await service.createTable('People');
  table = TableClient.fromConnectionString(connection, 'people', options);
});
afterAll(() => meridian.stop());

async function failureOf(promise: Promise<unknown>): Promise<{ statusCode: number; code: string }> {
  try {
    await promise;
  } catch (error) {
    const { statusCode, details } = error as { statusCode: number; details?: { odataError?: { code: string } } };
    return { statusCode, code: details?.odataError?.code ?? '' };
  }
  throw new Error('it did not fail');
}

describe('tables', () => {
  it('are listed with the letters they were made with, and found in any', async () => {
    const names: (string | undefined)[] = [];
    for await (const { name } of service.listTables()) names.push(name);
    expect(names).toContain('People');
    const made = TableClient.fromConnectionString(meridian.connectionStrings().table!, 'PEOPLE', options);
    // The client takes "it is there already" for success.
    await made.createTable();
    const again: (string | undefined)[] = [];
    for await (const { name } of service.listTables()) again.push(name);
    expect(again).toEqual(names);
  });

  it('are listed page by page', async () => {
    for (const name of ['page1', 'page2', 'page3']) await service.createTable(name);
    const pages: number[] = [];
    for await (const page of service.listTables().byPage({ maxPageSize: 2 })) pages.push(page.length);
    expect(pages).toEqual([2, 2]);
    for (const name of ['page1', 'page2', 'page3']) await service.deleteTable(name);
  });
});

describe('entities', () => {
  it('keep all eight types', async () => {
    const key = { partitionKey: "O'Hara, 50%", rowKey: '' };
    await table.createEntity({
      ...key,
      text: 'ü "quoted" \\ \n',
      int: 7,
      double: 1.5,
      whole: { type: 'Double', value: '3' },
      nan: { type: 'Double', value: 'NaN' },
      long: 9007199254740993n,
      truth: true,
      bytes: new Uint8Array([0, 1, 255]),
      id: { type: 'Guid', value: 'c9da6455-213d-42c9-9a79-3e9149a57833' },
      when: { type: 'DateTime', value: '2013-08-22T01:12:06.2608595Z' },
      nothing: null,
    });
    const { etag, timestamp, ...found } = await table.getEntity<TableEntityResult<object>>(
      key.partitionKey,
      key.rowKey,
      {
        disableTypeConversion: false,
      },
    );
    expect(etag).toMatch(/^W\/"datetime'\d{4}-\d\d-\d\dT\d\d%3A\d\d%3A\d\d\.\d{7}Z'"$/);
    expect(etag).toBe(`W/"datetime'${encodeURIComponent(timestamp!)}'"`);
    expect(found).toMatchObject({ ...key, text: 'ü "quoted" \\ \n', int: 7, double: 1.5, whole: 3, truth: true });
    expect(found).toMatchObject({ long: 9007199254740993n, bytes: Buffer.from([0, 1, 255]) });
    expect(found).not.toHaveProperty('nothing');
    const typed = await table.getEntity(key.partitionKey, key.rowKey, { disableTypeConversion: true });
    expect(typed).toMatchObject({
      nan: { type: 'Double', value: 'NaN' },
      id: { type: 'Guid', value: 'c9da6455-213d-42c9-9a79-3e9149a57833' },
      when: { type: 'DateTime', value: '2013-08-22T01:12:06.2608595Z' },
    });
  });

  it('are merged, replaced and deleted under their ETag', async () => {
    const key = { partitionKey: 'tag', rowKey: '1' };
    const { etag } = await table.createEntity({ ...key, a: 1, b: 'x' });
    const { etag: second } = await table.updateEntity({ ...key, b: 'y', c: true }, 'Merge', { etag: etag! });
    expect(await table.getEntity('tag', '1')).toMatchObject({ a: 1, b: 'y', c: true });
    expect(await failureOf(table.updateEntity({ ...key, d: 1 }, 'Replace', { etag: etag! }))).toEqual({
      statusCode: 412,
      code: 'UpdateConditionNotSatisfied',
    });
    await table.updateEntity({ ...key, d: 1 }, 'Replace', { etag: second! });
    const now = await table.getEntity('tag', '1');
    expect(now).toMatchObject({ d: 1 });
    expect(now).not.toHaveProperty('a');
    expect(await failureOf(table.deleteEntity('tag', '1', { etag: second! }))).toMatchObject({ statusCode: 412 });
    await table.deleteEntity('tag', '1');
    expect(await failureOf(table.getEntity('tag', '1'))).toEqual({ statusCode: 404, code: 'ResourceNotFound' });
    expect(await failureOf(table.deleteEntity('tag', '1'))).toEqual({ statusCode: 404, code: 'ResourceNotFound' });
    expect(await failureOf(table.updateEntity({ ...key, d: 1 }, 'Merge'))).toEqual({
      statusCode: 404,
      code: 'ResourceNotFound',
    });
  });

  it('are made by upserts that find none', async () => {
    await table.upsertEntity({ partitionKey: 'up', rowKey: '1', a: 1 }, 'Merge');
    await table.upsertEntity({ partitionKey: 'up', rowKey: '1', b: 2 }, 'Merge');
    expect(await table.getEntity('up', '1')).toMatchObject({ a: 1, b: 2 });
    await table.upsertEntity({ partitionKey: 'up', rowKey: '1', c: 3 }, 'Replace');
    const found = await table.getEntity('up', '1');
    expect(found).toMatchObject({ c: 3 });
    expect(found).not.toHaveProperty('a');
  });

  it('are there once', async () => {
    await table.createEntity({ partitionKey: 'once', rowKey: '1' });
    expect(await failureOf(table.createEntity({ partitionKey: 'once', rowKey: '1' }))).toEqual({
      statusCode: 409,
      code: 'EntityAlreadyExists',
    });
  });

  it('show the properties that are asked for, and no others', async () => {
    await table.createEntity({ partitionKey: 'some', rowKey: '1', a: 1, b: 2n });
    const found = await table.getEntity('some', '1', { queryOptions: { select: ['b', 'missing'] } });
    expect(found).toMatchObject({ b: 2n, missing: null });
    expect(found).not.toHaveProperty('a');
    expect(found).not.toHaveProperty('rowKey');
  });
});
