// Proves that the open Table door works: a table and an entity are made, read back and dropped through its real port
// by a client of a few lines. The table has a random name and is gone before the server says that it is ready, and so
// is the database that the first table brings with it.

import { createHmac, randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { request as requestTls } from 'node:https';
import type { Account, Deployment, OpenDoor } from '../deployment.ts';
import { tablesDatabase } from './call.ts';

/** A start that hangs here is one that failed. */
const answerMsMax = 10_000;

export async function probe(deployment: Deployment, door: OpenDoor): Promise<void> {
  const account = deployment.accounts[0]!;
  const { id, keys, engine } = account;
  const hadTables = engine.catalog.databaseOrNone(tablesDatabase) !== undefined;
  const key = Buffer.from(keys.primary, 'base64');
  const call = (verb: string, resource: string, headers: object = {}, body?: object): Promise<number> => {
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
    return statusOf(door, deployment.tlsOnly === true, verb, path, given, body);
  };
  const table = `MeridianProbe${randomBytes(8).toString('hex')}`;
  const entity = { PartitionKey: 'p', RowKey: 'r' };
  const json = { 'content-type': 'application/json' };
  expectStatus('create a table', 201, await call('POST', 'Tables', json, { TableName: table }));
  try {
    expectStatus('write', 201, await call('POST', table, json, entity));
    expectStatus('read', 200, await call('GET', `${table}(PartitionKey='p',RowKey='r')`));
  } finally {
    expectStatus('drop the table', 204, await call('DELETE', `Tables('${table}')`));
    if (!hadTables) await dropEmpty(account);
  }
}

async function dropEmpty({ engine, number }: Account): Promise<void> {
  if (engine.catalog.containers(tablesDatabase).length > 0) return;
  await engine.execute({ kind: 'delete-database', id: tablesDatabase }, { account: number });
}

function expectStatus(step: string, wanted: number, status: number): void {
  if (status !== wanted) throw new Error(`the Table door does not work: ${step} gave ${status}, not ${wanted}`);
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
    const text = body === undefined ? undefined : JSON.stringify(body);
    // It is our own port: whom the certificate names is the operator's affair.
    const call = (encrypted ? requestTls : request)(
      {
        host,
        port,
        method,
        path,
        headers: text === undefined ? { ...headers } : { ...headers, 'content-length': Buffer.byteLength(text) },
        timeout: answerMsMax,
        agent: false,
        rejectUnauthorized: false,
      },
      (response) => {
        response.resume();
        response.once('end', () => resolve(response.statusCode ?? 0));
      },
    );
    call.once('timeout', () => call.destroy(new Error('the Table door does not answer')));
    call.once('error', reject);
    call.end(text);
  });
}

/** An address that means "all" is none to connect to. */
function reachable({ host, port }: OpenDoor): { readonly host: string; readonly port: number } {
  return { host: host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host, port };
}
