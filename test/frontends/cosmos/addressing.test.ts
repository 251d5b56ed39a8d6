// Every address of the surface by names and by `_rid`: what `_self` says leads to what the names lead to.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rowOf, surface } from '../../../frontends/cosmos/surface.ts';
import { ask, type Answered } from './request.ts';
import { start, type Started } from './start.ts';

let server: Started;

/** Ids and `_rid`s by the names of the placeholders in the surface. */
const named = new Map<string, string>();
const ridOf = new Map<string, string>();

type Resource = { readonly _rid: string; readonly _self: string; readonly id: string } & Answered['json'];

const key = { 'x-ms-documentdb-partitionkey': '["p"]' };

async function make(path: string, body: object, headers: Record<string, string> = {}): Promise<Resource> {
  const { status, json } = await ask(server, { verb: 'POST', path, body, headers });
  expect(status, path).toBe(201);
  return json as Resource;
}

beforeAll(async () => {
  server = await start({ partitions: 2 });
  const throughput = { 'x-ms-offer-throughput': '400' };
  const put = (name: string, { id, _rid }: Resource): void => {
    named.set(name, id);
    ridOf.set(name, _rid);
  };
  put('database', await make('/dbs', { id: 'd b' }));
  const definition = { id: 'c c', partitionKey: { paths: ['/pk'], kind: 'Hash', version: 2 } };
  put('container', await make('/dbs/d%20b/colls', definition, throughput));
  const container = '/dbs/d%20b/colls/c%20c';
  put('item', await make(`${container}/docs`, { id: 'i/i', pk: 'p' }, key));
  put('sprocs', await make(`${container}/sprocs`, { id: 's', body: 'function () {}' }));
  put('udfs', await make(`${container}/udfs`, { id: 's', body: 'function () {}' }));
  const trigger = { id: 's', body: 'function () {}', triggerType: 'Pre', triggerOperation: 'All' };
  put('triggers', await make(`${container}/triggers`, trigger));
  const wrapped = { encryptionAlgorithm: 'A', wrappedDataEncryptionKey: 'AAAA', keyWrapMetadata: {} };
  put('clientencryptionkeys', await make('/dbs/d%20b/clientencryptionkeys', { id: 'k', ...wrapped }));
});

afterAll(async () => {
  expect(server.faults).toEqual([]);
  await server.stop();
});

/** The path with every placeholder filled; undefined where there is no such resource here. */
function filled(path: string, values: ReadonlyMap<string, string>): string | undefined {
  const segments = path.split('/').map((segment, i, all) => {
    const name = /^\{(\w+)\}$/.exec(segment)?.[1];
    if (name === undefined) return segment;
    const value = values.get(name === 'id' ? all[i - 1]! : name);
    return value === undefined ? undefined : encodeURIComponent(value);
  });
  return segments.includes(undefined) ? undefined : segments.join('/');
}

/** As clients sign addresses of `_rid`s: the type, and the innermost id in lower case. */
function byRid(verb: string, path: string, headers: Record<string, string>, body?: object): Promise<Answered> {
  const segments = path.split('/').filter((segment) => segment !== '');
  const ids = segments.filter((_segment, i) => i % 2 === 1).map(decodeURIComponent);
  const type = segments[segments.length - (segments.length % 2 === 1 ? 1 : 2)]!;
  return ask(server, { verb, path, type, link: ids.at(-1)!.toLowerCase(), headers, body });
}

const readable = surface.filter(
  ({ verb, path, run, signed, when }) =>
    verb === 'GET' && run !== undefined && signed !== false && when === undefined && path.startsWith('/dbs/'),
);

describe('addresses of _rids', () => {
  it('cover the surface', () => {
    const covered = readable.filter(({ path }) => filled(path, new Map(named)) !== undefined);
    expect(covered.length).toBeGreaterThanOrEqual(14);
  });

  it.each(readable.map(({ path }) => path))('GET %s gives what the names give', async (path) => {
    const names = filled(path, named);
    const rids = filled(path, ridOf);
    if (names === undefined || rids === undefined) return;
    const expected = await ask(server, { path: names, headers: key });
    expect(expected.status).toBe(200);
    const found = await byRid('GET', rids, key);
    expect([found.status, found.json]).toEqual([200, expected.json]);
  });

  it.each(
    surface
      .filter(({ run, path }) => run !== undefined && path.startsWith('/dbs/'))
      .map((row) => [row.verb, row.path, row] as const),
  )('%s %s of what is not there is 404, and 1003 where the owner is missing', async (verb, path, row) => {
    const missing = new Map([...ridOf.keys()].map((name) => [name, 'none']));
    const address = filled(path, missing);
    if (address === undefined || row.operation === 'delete-partition-key') return;
    const headers: Record<string, string> = { ...key };
    if (row.when?.label.includes('isquery') === true) headers['content-type'] = 'application/query+json';
    if (row.when?.label.includes('query-plan') === true) headers['x-ms-cosmos-is-query-plan-request'] = 'True';
    if (row.when?.label.includes('batch') === true) headers['x-ms-cosmos-is-batch-request'] = 'True';
    if (row.when?.label.includes('upsert') === true) headers['x-ms-documentdb-is-upsert'] = 'True';
    if (row.when?.label.includes('A-IM') === true) headers['A-IM'] = 'Incremental Feed';
    expect(rowOf(verb, path.slice(1).replace(/\{\w+\}/g, '*'), lowered(headers))?.operation).toBe(row.operation);
    const body = verb === 'GET' || verb === 'DELETE' ? undefined : { id: 'x', query: 'SELECT * FROM c' };
    const { status, headers: answered } = await ask(server, { verb, path: address, headers, body });
    expect(status).toBe(404);
    const isOwn = path === '/dbs/{database}' || path === '/dbs/{database}/colls/{container}';
    if (!isOwn) expect(answered.get('x-ms-substatus')).toBe('1003');
  });

  it('replace, delete and make as names do', async () => {
    const { _self: self } = await make('/dbs/d%20b/colls', { id: 'z', partitionKey: { paths: ['/pk'], version: 2 } });
    const put = await byRid(
      'PUT',
      `/${self}`,
      {},
      { id: 'z', partitionKey: { paths: ['/pk'], version: 2 }, defaultTtl: 9 },
    );
    expect([put.status, put.json['defaultTtl']]).toEqual([200, 9]);
    const made = await byRid('POST', `/${self}docs`, key, { id: '1', pk: 'p' });
    expect(made.status).toBe(201);
    const item = made.json as Resource;
    const replaced = await byRid('PUT', `/${item._self}`, key, { id: '1', pk: 'p', n: 1 });
    expect([replaced.status, replaced.json['n'], replaced.json['_rid']]).toEqual([200, 1, item._rid]);
    const patched = await byRid('PATCH', `/${item._self}`, key, { operations: [{ op: 'incr', path: '/n', value: 1 }] });
    expect([patched.status, patched.json['n']]).toEqual([200, 2]);
    const query = { ...key, 'content-type': 'application/query+json' };
    const found = await byRid('POST', `/${self}docs`, query, { query: 'SELECT VALUE c.n FROM c' });
    expect(found.json['Documents']).toEqual([2]);
    expect((await byRid('DELETE', `/${item._self}`, key)).status).toBe(204);
    expect((await byRid('GET', `/${item._self}`, key)).status).toBe(404);
    expect((await byRid('DELETE', `/${self}`, {})).status).toBe(204);
    const gone = await byRid('GET', `/${self}docs`, key);
    expect([gone.status, gone.headers.get('x-ms-substatus')]).toEqual([404, '1003']);
  });

  it('of an offer are signed by its id, in lower case', async () => {
    const { json } = await ask(server, { path: '/offers' });
    const [offer] = json['Offers'] as readonly Resource[];
    const found = await byRid('GET', `/${offer!._self}`, {});
    expect([found.status, found.json]).toEqual([200, offer]);
    expect(offer!['resource']).toBe(`dbs/${ridOf.get('database')}/colls/${ridOf.get('container')}/`);
  });

  it('may name the database by its name, as some clients do', async () => {
    const path = `/dbs/d%20b/colls/${encodeURIComponent(ridOf.get('container')!)}`;
    expect((await ask(server, { path })).json['id']).toBe('c c');
  });

  it('of another database, container or kind are not found', async () => {
    const other = await make('/dbs', { id: 'other' });
    const container = ridOf.get('container')!;
    expect((await byRid('GET', `/dbs/${other._rid}/colls/${encodeURIComponent(container)}`, {})).status).toBe(404);
    const made = await make('/dbs/other/colls', { id: 'c', partitionKey: { paths: ['/pk'], version: 2 } });
    const item = encodeURIComponent(ridOf.get('item')!);
    expect((await byRid('GET', `/${made._self}docs/${item}`, key)).status).toBe(404);
    expect((await byRid('GET', `/${made._self}docs/${encodeURIComponent(ridOf.get('sprocs')!)}`, key)).status).toBe(
      404,
    );
    const self = `/dbs/${encodeURIComponent(ridOf.get('database')!)}/colls/${encodeURIComponent(container)}`;
    expect((await byRid('GET', `${self}/udfs/${encodeURIComponent(ridOf.get('sprocs')!)}`, key)).status).toBe(404);
  });
});

function lowered(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
