// Transactions of the vendor's own client, unmodified, against the door.

import { TableClient, TableTransaction, type TransactionAction } from '@azure/data-tables';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { Meridian } from '../../../bin/embed.ts';

const options = { allowInsecureConnection: true } as const;

let meridian: Meridian;
let table: TableClient;
let tables = 0;

beforeAll(async () => {
  meridian = await Meridian.start({ memory: true });
}, 60_000);
afterAll(() => meridian.stop(), 60_000);

beforeEach(async () => {
  table = TableClient.fromConnectionString(meridian.connectionStrings().table!, `Team${++tables}`, options);
  await table.createTable();
});

async function rows(): Promise<Record<string, unknown>[]> {
  const found: Record<string, unknown>[] = [];
  for await (const { partitionKey: _, etag: __, timestamp: ___, ...row } of table.listEntities()) found.push(row);
  return found;
}

interface Failure {
  readonly statusCode: number;
  readonly code: string;
  readonly message: string;
}

async function failureOf(actions: TransactionAction[]): Promise<Failure> {
  try {
    await table.submitTransaction(actions);
  } catch (error) {
    return error as Failure;
  }
  throw new Error('it did not fail');
}

const key = (rowKey: string): { partitionKey: string; rowKey: string } => ({ partitionKey: "O'Hara, 50%", rowKey });

it('commits writes of every kind and tells what became of each', async () => {
  await table.submitTransaction(['1', '2', '3', '4'].map((row) => ['create', { ...key(row), a: 1, b: 'ü' }]));
  const transaction = new TableTransaction();
  transaction.createEntity({ ...key("it's new"), a: 1n, when: new Date(0) });
  transaction.updateEntity({ ...key('1'), a: 2 }, 'Merge');
  transaction.updateEntity({ ...key('2'), a: 2 }, 'Replace');
  transaction.upsertEntity({ ...key('3'), a: 2 }, 'Replace');
  transaction.upsertEntity({ ...key('5'), a: 2 }, 'Merge');
  transaction.deleteEntity("O'Hara, 50%", '4');
  const answer = await table.submitTransaction(transaction.actions);
  expect(answer.status).toBe(202);
  expect(answer.subResponses.map(({ status }) => status)).toEqual([204, 204, 204, 204, 204, 204]);
  expect(answer.subResponses.map(({ etag }) => etag !== undefined)).toEqual([true, true, true, true, true, false]);
  expect(answer.subResponses[0]!.etag).toBe((await table.getEntity("O'Hara, 50%", "it's new")).etag);
  expect(await rows()).toEqual([
    { rowKey: '1', a: 2, b: 'ü' },
    { rowKey: '2', a: 2 },
    { rowKey: '3', a: 2 },
    { rowKey: '5', a: 2 },
    { rowKey: "it's new", a: 1n, when: new Date(0) },
  ]);
});

it('takes 100 operations and refuses 101', async () => {
  const actions = Array.from({ length: 101 }, (_, i): TransactionAction => ['create', { ...key(String(i)), i }]);
  expect(await failureOf(actions)).toMatchObject({
    code: 'InvalidInput',
    message: expect.stringMatching(/^0:The batch request operation exceeds the maximum 100 changes/) as string,
  });
  expect(await rows()).toEqual([]);
  await table.submitTransaction(actions.slice(1));
  expect(await rows()).toHaveLength(100);
});

it('tells the operation that failed, and leaves nothing of the others', async () => {
  await table.createEntity({ ...key('2'), a: 1 });
  const failure = await failureOf(['1', '2', '3'].map((row) => ['create', { ...key(row), a: 2 }]));
  expect(failure).toMatchObject({ statusCode: 409, code: 'EntityAlreadyExists' });
  expect(failure.message).toMatch(/^1:The specified entity already exists\.\nRequestId:[\da-f-]{36}\nTime:/);
  expect(
    await failureOf([
      ['create', key('1')],
      ['delete', key('none')],
    ]),
  ).toMatchObject({ statusCode: 404 });
  const old = `W/"datetime'2012-06-15T22%3A51%3A44.9662825Z'"`;
  expect(
    await failureOf([
      ['create', key('1')],
      ['update', { ...key('2'), a: 3 }, 'Merge', { etag: old }],
    ]),
  ).toMatchObject({
    statusCode: 412,
    code: 'UpdateConditionNotSatisfied',
  });
  expect(
    await failureOf([
      ['create', key('1')],
      ['upsert', { ...key('1'), a: 3 }],
    ]),
  ).toMatchObject({
    statusCode: 400,
    code: 'InvalidDuplicateRow',
  });
  expect(await rows()).toEqual([{ rowKey: '2', a: 1 }]);
});

it('refuses more than 4 MiB with 413', async () => {
  const actions = Array.from({ length: 50 }, (_, i): TransactionAction => {
    const text = 'x'.repeat(32_000);
    return ['create', { ...key(String(i)), a: text, b: text, c: text }];
  });
  expect(await failureOf(actions)).toMatchObject({ statusCode: 413, code: 'RequestBodyTooLarge' });
  expect(await rows()).toEqual([]);
});
