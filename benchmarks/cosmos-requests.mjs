// Signed requests of the Cosmos REST protocol for the benchmarks, and the item they carry: about 1 KB of JSON
// with nested objects and arrays, deterministic.

import { createHmac } from 'node:crypto';

/** The emulators' public key. */
export const publicKey = 'C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/Jw==';

const key = Buffer.from(publicKey, 'base64');

export function headersFor(method, resourceType, resourceLink, extra = {}) {
  const date = new Date().toUTCString();
  const text = `${method.toLowerCase()}\n${resourceType}\n${resourceLink}\n${date.toLowerCase()}\n\n`;
  const signature = createHmac('sha256', key).update(text).digest('base64');
  return {
    authorization: encodeURIComponent(`type=master&ver=1.0&sig=${signature}`),
    'x-ms-date': date,
    'x-ms-version': '2020-07-15',
    ...extra,
  };
}

export function itemOf(i) {
  return {
    id: `item-${i}`,
    pk: `p${i % 100}`,
    name: `Product ${i}`,
    price: (i % 1000) / 10,
    stock: i % 500,
    active: i % 2 === 0,
    tags: ['red', 'large', `tag-${i % 50}`],
    address: {
      street: `${i} Harbour Road`,
      city: `City ${i % 200}`,
      zip: String(10000 + (i % 90000)),
      geo: { lat: (i % 180) - 90, lon: (i % 360) - 180 },
    },
    reviews: [
      { by: `user-${i % 900}`, stars: i % 5, text: 'a useful thing that does what it says' },
      { by: `user-${i % 800}`, stars: (i + 1) % 5, text: 'arrived late but works as described' },
    ],
    description: 'lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor '.repeat(6),
  };
}

export const database = 'bench';
export const container = 'items';
const link = `dbs/${database}/colls/${container}`;

export function readRequest(i) {
  const item = `${link}/docs/item-${i}`;
  return {
    method: 'GET',
    path: `/${item}`,
    headers: headersFor('GET', 'docs', item, { 'x-ms-documentdb-partitionkey': `["p${i % 100}"]` }),
  };
}

export function createRequest(i) {
  return {
    method: 'POST',
    path: `/${link}/docs`,
    headers: headersFor('POST', 'docs', link, {
      'content-type': 'application/json',
      'x-ms-documentdb-partitionkey': `["p${i % 100}"]`,
    }),
    body: JSON.stringify(itemOf(i)),
  };
}

export function createDatabaseRequest() {
  return {
    method: 'POST',
    path: '/dbs',
    headers: headersFor('POST', 'dbs', '', { 'content-type': 'application/json' }),
    body: JSON.stringify({ id: database }),
  };
}

export function createContainerRequest(id = container) {
  return {
    method: 'POST',
    path: `/dbs/${database}/colls`,
    headers: headersFor('POST', 'colls', `dbs/${database}`, { 'content-type': 'application/json' }),
    body: JSON.stringify({ id, partitionKey: { paths: ['/pk'], kind: 'Hash', version: 2 } }),
  };
}
