// Signatures as other programs make them: the official JavaScript client's on its way to the wire, and a list of what the
// official Python client (azure-data-tables 12.7.0) made for the key of these tests at their time.

import {
  AzureNamedKeyCredential,
  TableClient,
  TableServiceClient,
  type TableServiceClientOptions,
} from '@azure/data-tables';
import { expect, test } from 'vitest';
import { authenticator } from '../../../frontends/table/authenticate.ts';
import { accountKey, deploymentOf, nowMs, requestOf } from './signed-request.ts';

const date = new Date(nowMs).toUTCString();

test.each([
  [
    'GET',
    "/devstoreaccount1/People(PartitionKey='a%20b',RowKey='%C3%BC')?$select=x",
    undefined,
    'FEj2cfP1lZQJUqP+DjjcrVYOHhTXKrbKVb1tQJtZ9cY=',
  ],
  [
    'POST',
    '/devstoreaccount1/Tables',
    'application/json;odata=nometadata',
    'TEfI5AmDEPiG26ckNmknxshrNHCpvyFlIwYs7i2pZMs=',
  ],
  [
    'PUT',
    '/devstoreaccount1/?restype=service&comp=properties',
    'application/xml',
    'MDdLZu+9Br6QBU7QuHIb/wE+bDJSti/5MtnGvqBGPaA=',
  ],
  [
    'GET',
    '/devstoreaccount1-secondary/?restype=service&comp=stats',
    undefined,
    'IO4kDYS4SKC5D+jpy+Mzi9JujbMt+GbJfwZ/T6pT+ZE=',
  ],
  [
    'POST',
    '/devstoreaccount1/$batch',
    'multipart/mixed; boundary=batch_1',
    'wXbvXtanxfTzjR13HGv3D/lwGjMyTnD1tAiPOPKc/7k=',
  ],
  [
    'PATCH',
    "/devstoreaccount1/People(PartitionKey='O''Neil',RowKey='')",
    'application/json',
    'wdcsSR98vJX7ldXFEDQEAFYSpFuSeKvjPqTe0aw5y0Y=',
  ],
])('SharedKey of the Python client: %s %s', (sentVerb, url, type, signature) => {
  const authorization = `SharedKey devstoreaccount1:${signature}`;
  const headers = { 'x-ms-date': date, authorization, ...(type !== undefined && { 'content-type': type }) };
  const request = requestOf({ sentVerb, url, headers, isSecondary: url.includes('-secondary') });
  expect(authenticator(deploymentOf())(request)).toHaveProperty('access', 'full');
});

test.each([
  'se=2026-05-17T13%3A00%3A00Z&sp=rl&sv=2019-02-02&ss=t&srt=so&sig=zDWIVWdnHxVHHiq9lllgsPRHlsKTJa8JR1ruZyTBfvI%3D',
  'st=2026-05-17T00%3A00%3A00Z&se=2026-05-17T13%3A00%3A00Z&sp=wd&sip=127.0.0.1-127.0.0.9&spr=https%2Chttp&sv=2019-02-02&ss=t&srt=c&sig=/ihEw8lpV%2B3N9PTcwHBVEEZxUTf3j3Kb4PA9L71SweE%3D',
  'se=2026-05-17T13%3A00%3A00Z&sp=raud&sv=2019-02-02&tn=People&sig=bBeXlGhnkeuo5e21VweKdyGnUg2rBmDBoJ/twOyDrio%3D',
  'st=2026-05-17T11%3A00Z&se=2026-05-18&sp=r&sip=127.0.0.1&spr=https%2Chttp&sv=2019-02-02&tn=PEOPLE&spk=a%20b&srk=%C3%BC&epk=O%27Neil&erk=~&sig=Nai9ZndDgHuHDVrbNDBnub2XX3SiUR%2BJ/swvJk4AJ38%3D',
])('shared access signature of the Python client: %s', (token) => {
  const request = requestOf({ url: `/devstoreaccount1/People?${token}` });
  expect(authenticator(deploymentOf())(request)).toHaveProperty('grant.levels');
});

type HttpClient = NonNullable<TableServiceClientOptions['httpClient']>;

test('the JavaScript client signs what this door checks', async () => {
  const seen: string[] = [];
  const httpClient: HttpClient = {
    sendRequest: (sent) => {
      const { pathname, search } = new URL(sent.url);
      const headers = Object.fromEntries([...sent.headers].map(([name, value]) => [name.toLowerCase(), value]));
      const request = requestOf({ sentVerb: sent.method, url: `${pathname}${search}`, headers });
      const answer = authenticator(deploymentOf({ nowMs: Date.now }))(request);
      seen.push(`${sent.method} ${pathname} ${'access' in answer ? answer.access : ''}`);
      return Promise.resolve({ request: sent, status: search.includes('restype') ? 202 : 204, headers: sent.headers });
    },
  };
  const url = 'http://127.0.0.1:10002/devstoreaccount1';
  const credential = new AzureNamedKeyCredential('devstoreaccount1', accountKey);
  const options = { httpClient, allowInsecureConnection: true, retryOptions: { maxRetries: 0 } };
  const people = new TableClient(url, 'People', credential, options);
  const service = new TableServiceClient(url, credential, options);
  await people.createEntity({ partitionKey: 'ü', rowKey: "O'Neil" });
  await people.deleteEntity('ü ~%', "O'Neil");
  await people.setAccessPolicy([]);
  await service.setProperties({ cors: [] });
  await service.deleteTable('People');
  expect(seen).toEqual([
    'POST /devstoreaccount1/People full',
    "DELETE /devstoreaccount1/People(PartitionKey='%C3%BC%20~%25',RowKey='O''Neil') full",
    'PUT /devstoreaccount1/People full',
    'PUT /devstoreaccount1/ full',
    "DELETE /devstoreaccount1/Tables('People') full",
  ]);
});
