// Requests to the Table door and a deployment, as records: what the tests of credentials work on.

import type { IncomingHttpHeaders } from 'node:http';
import type { Account, Deployment } from '../../../frontends/deployment.ts';
import type { TableRequest } from '../../../frontends/table/request.ts';
import type { Row } from '../../../frontends/table/surface.ts';

export const accountKey = Buffer.from('a key of the account, for tests only').toString('base64');
export const emulatorKey = Buffer.from('the public key of storage emulators').toString('base64');
export const nowMs = Date.UTC(2026, 4, 17, 12, 0, 0);

function keyFor(purpose: string): string {
  return Buffer.from(`another key, ${purpose}`).toString('base64');
}

export const keys: Account['keys'] = {
  primary: accountKey,
  secondary: keyFor('secondary'),
  primaryReadOnly: keyFor('primary read-only'),
  secondaryReadOnly: keyFor('secondary read-only'),
};

/** Enough of a deployment to check credentials. Without an engine: no test of these records may need one. */
export function deploymentOf(changes: Partial<Deployment> = {}): Deployment {
  const accounts = [
    { number: 0, id: 'localhost', keys },
    { number: 1, id: 'shop', keys: { ...keys, primary: keyFor('of the shop') } },
  ];
  return { accounts, nowMs: () => nowMs, ...changes } as unknown as Deployment;
}

export function rowOf(operation: string, changes: Partial<Row> = {}): Row {
  return { verb: 'GET', target: 'entities', operation, reads: true, ...changes };
}

export interface RequestChanges extends Partial<Omit<TableRequest, 'query'>> {
  readonly url?: string | undefined;
}

/** A query of the table People in path style, unless changed. `url` gives path and query together. */
export function requestOf({ url = '/devstoreaccount1/People', ...changes }: RequestChanges = {}): TableRequest {
  const at = url.indexOf('?');
  const [rawPath, search] = at < 0 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)];
  const query = new Map(
    search
      .split('&')
      .filter((part) => part !== '')
      .map((part) => {
        const [name = '', value = ''] = part.split('=', 2);
        return [decodeURIComponent(name), decodeURIComponent(value)];
      }),
  );
  const headers: IncomingHttpHeaders = {};
  return {
    row: rowOf('query-entities'),
    verb: 'GET',
    sentVerb: 'GET',
    flavour: 'storage',
    accountName: 'devstoreaccount1',
    isPathStyle: true,
    isSecondary: false,
    rawPath,
    query,
    table: 'People',
    key: undefined,
    headers,
    body: new Uint8Array(0),
    serviceRoot: 'http://127.0.0.1:10002/devstoreaccount1',
    isEncrypted: false,
    remoteAddress: '127.0.0.1',
    ...changes,
  };
}
