// What a query's headers say of the index it used.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, partitionKey } from './request.ts';
import { start, type Started } from './start.ts';

let server: Started;

beforeAll(async () => {
  server = await start();
  await ask(server, { verb: 'POST', path: '/dbs', body: { id: 'd' } });
  const body = {
    id: 'c',
    partitionKey: { paths: ['/pk'], kind: 'Hash', version: 2 },
    indexingPolicy: {
      includedPaths: [{ path: '/*' }],
      excludedPaths: [{ path: '/hidden/?' }],
      compositeIndexes: [
        [
          { path: '/a', order: 'ascending' },
          { path: '/b', order: 'ascending' },
        ],
      ],
    },
  };
  await ask(server, { verb: 'POST', path: '/dbs/d/colls', body });
  for (let i = 0; i < 40; i++)
    await ask(server, {
      verb: 'POST',
      path: '/dbs/d/colls/c/docs',
      headers: partitionKey('p'),
      body: { id: `i${i}`, pk: 'p', a: i % 10, b: i, hidden: i, tags: [`t${i}`] },
    });
}, 30_000);

afterAll(() => server.stop());

async function metrics(query: string, headers: Record<string, string> = {}) {
  const answer = await ask(server, {
    verb: 'POST',
    path: '/dbs/d/colls/c/docs',
    headers: {
      'content-type': 'application/query+json',
      'x-ms-documentdb-isquery': 'True',
      'x-ms-cosmos-populateindexmetrics': 'True',
      'x-ms-documentdb-populatequerymetrics': 'True',
      ...partitionKey('p'),
      ...headers,
    },
    body: { query },
  });
  expect(answer.status, answer.text).toBe(200);
  const used = JSON.parse(Buffer.from(answer.headers.get('x-ms-cosmos-index-utilization')!, 'base64').toString()) as {
    readonly [name: string]: readonly { readonly IndexSpec?: string; readonly IndexSpecs?: readonly string[] }[];
  };
  const counted = Object.fromEntries(
    answer.headers
      .get('x-ms-documentdb-query-metrics')!
      .split(';')
      .map((field) => field.split('=') as [string, string]),
  );
  return { used, counted, plan: decodeURI(answer.headers.get('x-meridian-query-plan')!) };
}

test('the paths of the key, the conditions and the order are the single indexes used', async () => {
  const { used, counted, plan } = await metrics(
    `SELECT * FROM c WHERE c.b = 7 AND ARRAY_CONTAINS(c.tags, 't7') ORDER BY c.a`,
  );
  expect(plan).toContain('/b/?');
  expect(used['UtilizedSingleIndexes']!.map(({ IndexSpec }) => IndexSpec)).toEqual([
    '/pk/?',
    '/b/?',
    '/tags/[]/?',
    '/a/?',
  ]);
  expect(counted).toMatchObject({
    retrievedDocumentCount: '1',
    indexHitDocumentCount: '1',
    outputDocumentCount: '1',
    indexUtilizationRatio: '1.00',
  });
});

test('a path left out of the policy is a potential index, and the ratio tells that items were looked at', async () => {
  const { used, counted } = await metrics('SELECT * FROM c WHERE c.hidden = 7');
  expect(used['PotentialSingleIndexes']!.map(({ IndexSpec }) => IndexSpec)).toEqual(['/hidden/?']);
  expect(counted).toMatchObject({ retrievedDocumentCount: '40', indexUtilizationRatio: '0.00' });
});

test('a composite index is used, or named where it would help', async () => {
  const used = (await metrics('SELECT * FROM c ORDER BY c.a DESC, c.b DESC', { 'x-ms-max-item-count': '5' })).used;
  expect(used['UtilizedCompositeIndexes']).toMatchObject([{ IndexSpecs: ['/a DESC', '/b DESC'] }]);
  const missing = (await metrics('SELECT * FROM c ORDER BY c.a, c.b DESC')).used;
  expect(missing['PotentialCompositeIndexes']).toMatchObject([{ IndexSpecs: ['/a ASC', '/b DESC'] }]);
});

test('a count retrieves no document', async () => {
  const { counted } = await metrics('SELECT VALUE COUNT(1) FROM c WHERE c.a = 3');
  expect(counted).toMatchObject({ retrievedDocumentCount: '0', indexHitDocumentCount: '4' });
});
