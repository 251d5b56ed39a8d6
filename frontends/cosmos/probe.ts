// Proves that the open Cosmos door works: a database, a container and an item are made, read back and dropped
// through its real port by a client of a few lines. The database has a random name and is gone before the server
// says that it is ready.

import { createHmac, randomBytes } from 'node:crypto';
import type { Deployment, OpenDoor } from '../deployment.ts';
import { expectStatus, probeCall } from '../probe-call.ts';

export async function probe(deployment: Deployment, door: OpenDoor): Promise<void> {
  const { keys } = deployment.accounts[0]!;
  const key = Buffer.from(keys.primary, 'base64');
  const call = (
    verb: string,
    path: string,
    type: string,
    link: string,
    body?: object,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<number> => {
    const date = new Date(deployment.nowMs()).toUTCString();
    const signed = `${verb.toLowerCase()}\n${type}\n${link}\n${date.toLowerCase()}\n\n`;
    const signature = createHmac('sha256', key).update(signed).digest('base64');
    const authorization = encodeURIComponent(`type=master&ver=1.0&sig=${signature}`);
    const given = { authorization, 'x-ms-date': date, 'x-ms-version': '2020-07-15', ...headers };
    return probeCall(deployment, door, { method: verb, path, headers: given, body });
  };
  const id = `meridian-probe-${randomBytes(8).toString('hex')}`;
  const database = `dbs/${id}`;
  const container = `${database}/colls/c`;
  const partitionKey = { 'x-ms-documentdb-partitionkey': '["i"]' };
  expectStatus(door, 'create a database', 201, await call('POST', '/dbs', 'dbs', '', { id }));
  try {
    const definition = { id: 'c', partitionKey: { paths: ['/id'], kind: 'Hash', version: 2 } };
    expectStatus(
      door,
      'create a container',
      201,
      await call('POST', `/${database}/colls`, 'colls', database, definition),
    );
    expectStatus(
      door,
      'write',
      201,
      await call('POST', `/${container}/docs`, 'docs', container, { id: 'i' }, partitionKey),
    );
    const item = `${container}/docs/i`;
    expectStatus(door, 'read', 200, await call('GET', `/${item}`, 'docs', item, undefined, partitionKey));
  } finally {
    expectStatus(door, 'drop the database', 204, await call('DELETE', `/${database}`, 'dbs', database));
  }
}
