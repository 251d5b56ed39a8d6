// How ids in paths are understood, exactly and as the routing gateway of the service does.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Addresses } from '../../../frontends/deployment.ts';
import { CosmosHttp } from '../../clients/cosmos-http.ts';
import { keys, start, type Started } from './start.ts';

const awkward = [
  { id: 'ends with a blank ', gateway: 401 },
  { id: 'encoded%20', gateway: 401 },
  { id: 'a/slash', gateway: 401 },
  { id: 'a\\backslash', gateway: 401 },
  { id: 'a#hash', gateway: 401 },
  { id: 'a\ttab', gateway: 400 },
  { id: 'a?mark', gateway: 200 },
  { id: 'a+plus and 鱀', gateway: 200 },
];

describe.each<Addresses>(['exact', 'gateway'])('with %s addresses', (addresses) => {
  let server: Started;
  let http: CosmosHttp;

  beforeEach(async () => {
    server = await start({ deployment: { addresses } });
    http = new CosmosHttp(server.endpoint, 1, keys.primary);
    await http.createDatabase('d');
    await http.createContainer('d', 'c');
  });

  afterEach(async () => {
    await http.close();
    await server.stop();
    expect(server.faults).toEqual([]);
  });

  test.each(awkward)('an item called $id can be made, and read as the mode says', async ({ id, gateway }) => {
    expect((await http.upsert('d', 'c', 'k', { id, pk: 'k' })).status).toBe(201);
    const read = await http.send({
      method: 'GET',
      path: `/dbs/d/colls/c/docs/${encodeURIComponent(id)}`,
      resourceType: 'docs',
      resourceLink: `dbs/d/colls/c/docs/${id}`,
      headers: { 'x-ms-documentdb-partitionkey': '["k"]' },
    });
    expect(read.status).toBe(addresses === 'exact' ? 200 : gateway);
  });
});
