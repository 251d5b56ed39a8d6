// Proves that the open Cosmos door works: a database, a container and an item are made, read back and dropped
// through its real port by a client of a few lines. The database has a random name and is gone before the server
// says that it is ready.

import { createHmac, randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { request as requestTls } from 'node:https';
import type { Deployment, OpenDoor } from '../deployment.ts';

/** A start that hangs here is one that failed. */
const answerMsMax = 10_000;

export async function probe(deployment: Deployment, door: OpenDoor): Promise<void> {
  const { keys } = deployment.accounts[0]!;
  const key = Buffer.from(keys.primary, 'base64');
  const call = (
    verb: string,
    path: string,
    type: string,
    link: string,
    body?: object,
    headers: object = {},
  ): Promise<number> => {
    const date = new Date(deployment.nowMs()).toUTCString();
    const signed = `${verb.toLowerCase()}\n${type}\n${link}\n${date.toLowerCase()}\n\n`;
    const signature = createHmac('sha256', key).update(signed).digest('base64');
    const authorization = encodeURIComponent(`type=master&ver=1.0&sig=${signature}`);
    return statusOf(
      door,
      deployment.tlsOnly === true,
      verb,
      path,
      { authorization, 'x-ms-date': date, 'x-ms-version': '2020-07-15', ...headers },
      body,
    );
  };
  const id = `meridian-probe-${randomBytes(8).toString('hex')}`;
  const database = `dbs/${id}`;
  const container = `${database}/colls/c`;
  const partitionKey = { 'x-ms-documentdb-partitionkey': '["i"]' };
  expectStatus('create a database', 201, await call('POST', '/dbs', 'dbs', '', { id }));
  try {
    const definition = { id: 'c', partitionKey: { paths: ['/id'], kind: 'Hash', version: 2 } };
    expectStatus('create a container', 201, await call('POST', `/${database}/colls`, 'colls', database, definition));
    expectStatus('write', 201, await call('POST', `/${container}/docs`, 'docs', container, { id: 'i' }, partitionKey));
    const item = `${container}/docs/i`;
    expectStatus('read', 200, await call('GET', `/${item}`, 'docs', item, undefined, partitionKey));
  } finally {
    expectStatus('drop the database', 204, await call('DELETE', `/${database}`, 'dbs', database));
  }
}

function expectStatus(step: string, wanted: number, status: number): void {
  if (status !== wanted) throw new Error(`the Cosmos door does not work: ${step} gave ${status}, not ${wanted}`);
}

function statusOf(
  door: OpenDoor,
  encrypted: boolean,
  method: string,
  path: string,
  headers: object,
  body: object | undefined,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const { host, port } = reachable(door);
    // It is our own port: whom the certificate names is the operator's affair.
    const call = (encrypted ? requestTls : request)(
      {
        host,
        port,
        method,
        path,
        headers: { ...headers },
        timeout: answerMsMax,
        agent: false,
        rejectUnauthorized: false,
      },
      (response) => {
        response.resume();
        response.once('end', () => resolve(response.statusCode ?? 0));
      },
    );
    call.once('timeout', () => call.destroy(new Error('the Cosmos door does not answer')));
    call.once('error', reject);
    call.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** An address that means "all" is none to connect to. */
function reachable({ host, port }: OpenDoor): { readonly host: string; readonly port: number } {
  return { host: host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host, port };
}
