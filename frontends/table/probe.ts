// Proves that the open Table door works: a table and an entity are made, read back and dropped through its real port
// by a client of a few lines. The table has a random name and is gone before the server says that it is ready, and so
// is the database that the first table brings with it.

import { createHmac, randomBytes } from 'node:crypto';
import { DatabaseError } from '../../model/errors.ts';
import type { Account, Deployment, OpenDoor } from '../deployment.ts';
import { expectStatus, probeCall } from '../probe-call.ts';
import { tablesDatabase } from './call.ts';

export async function probe(deployment: Deployment, door: OpenDoor): Promise<void> {
  const account = deployment.accounts[0]!;
  const { id, keys, engine } = account;
  const hadTables = engine.catalog.databaseOrNone(tablesDatabase) !== undefined;
  const key = Buffer.from(keys.primary, 'base64');
  const call = (
    verb: string,
    resource: string,
    headers: Readonly<Record<string, string>> = {},
    body?: object,
  ): Promise<number> => {
    const path = `/${encodeURIComponent(id)}/${resource}`;
    const date = new Date(deployment.nowMs()).toUTCString();
    const signature = createHmac('sha256', key).update(`${date}\n/${id}${path}`).digest('base64');
    const given = {
      authorization: `SharedKeyLite ${id}:${signature}`,
      'x-ms-date': date,
      'x-ms-version': '2019-02-02',
      accept: 'application/json;odata=nometadata',
      ...headers,
    };
    return probeCall(deployment, door, { method: verb, path, headers: given, body });
  };
  const table = `MeridianProbe${randomBytes(8).toString('hex')}`;
  const entity = { PartitionKey: 'p', RowKey: 'r' };
  const json = { 'content-type': 'application/json' };
  expectStatus(door, 'create a table', 201, await call('POST', 'Tables', json, { TableName: table }));
  try {
    expectStatus(door, 'write', 201, await call('POST', table, json, entity));
    expectStatus(door, 'read', 200, await call('GET', `${table}(PartitionKey='p',RowKey='r')`));
  } finally {
    expectStatus(door, 'drop the table', 204, await call('DELETE', `Tables('${table}')`));
    if (!hadTables) await dropEmpty(account);
  }
}

/** A client that came early may have made a table in it already. */
async function dropEmpty({ engine, number }: Account): Promise<void> {
  try {
    await engine.execute({ kind: 'delete-database', id: tablesDatabase, ifEmpty: true }, { account: number });
  } catch (error) {
    if (!(error instanceof DatabaseError) || error.code !== 'PreconditionFailed') throw error;
  }
}
