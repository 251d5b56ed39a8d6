// Hierarchical partition keys of two and three levels: whatever part of a key is named, by whatever way, the items are
// those that a naive model has under it; with one partition and with five.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { effectivePartitionKey } from '../../../model/effective-partition-key.ts';
import type { PartitionKeyDefinition, PartitionKeyPart } from '../../../model/partition-key.ts';
import { randomOf, seedOf, testScale } from '../../random.ts';
import { ask, type Answered } from './request.ts';
import { start, type Started } from './start.ts';

type Key = readonly PartitionKeyPart[];

interface Model {
  readonly id: string;
  readonly key: Key;
}

const values: readonly PartitionKeyPart[] = ['a', 'ä"', 1, true, null, undefined];

const headerOf = (key: Key): Record<string, string> => ({
  'x-ms-documentdb-partitionkey': JSON.stringify(key.map((part) => (part === undefined ? {} : part))).replace(
    /[^\x00-\x7f]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  ),
});

const nameOf = (key: Key): string => JSON.stringify(key.map((part) => (part === undefined ? {} : part)));

describe.each([
  [5, ['/tenant', '/user']],
  [1, ['/tenant', '/user/name', '/id']],
  [5, ['/tenant', '/user/name', '/id']],
] as const)('over %i partitions, the keys %j', (partitions, paths) => {
  const definition: PartitionKeyDefinition = { paths, kind: 'MultiHash', version: 2 };
  const levels = paths.length;
  const model: Model[] = [];
  let server: Started;
  const docs = '/dbs/d/colls/c/docs';

  const bodyOf = ({ id, key }: Model): Record<string, unknown> => {
    const body: Record<string, unknown> = { id };
    if (key[0] !== undefined) body['tenant'] = key[0];
    if (paths[1] === '/user') {
      if (key[1] !== undefined) body['user'] = key[1];
    } else if (key[1] !== undefined) body['user'] = { name: key[1] };
    return body;
  };

  beforeAll(async () => {
    server = await start({ partitions });
    await ask(server, { verb: 'POST', path: '/dbs', body: { id: 'd' } });
    const made = await ask(server, { verb: 'POST', path: '/dbs/d/colls', body: { id: 'c', partitionKey: definition } });
    expect(made.json['partitionKey']).toEqual({ paths, kind: 'MultiHash', version: 2 });
    const random = randomOf(seedOf());
    const pick = (): PartitionKeyPart => values[Math.floor(random() * values.length)];
    for (let i = 0; i < 14 * testScale; i++) {
      const id = `i${i}`;
      const key = levels === 3 ? [pick(), pick(), id] : [pick(), pick()];
      model.push({ id, key });
    }
    for (const one of model) {
      const { status } = await ask(server, { verb: 'POST', path: docs, headers: headerOf(one.key), body: bodyOf(one) });
      expect(status, nameOf(one.key)).toBe(201);
    }
  });

  afterAll(async () => {
    expect(server.faults).toEqual([]);
    await server.stop();
  });

  /** Ids under the beginning of a key. */
  const under = (prefix: Key): string[] =>
    model
      .filter(({ key }) => nameOf(key.slice(0, prefix.length)) === nameOf(prefix))
      .map(({ id }) => id)
      .sort();

  const prefixes = (): Key[] => {
    const all = new Map<string, Key>();
    for (const { key } of model)
      for (let length = 1; length <= Math.min(2, levels); length++)
        all.set(nameOf(key.slice(0, length)), key.slice(0, length));
    return [...all.values()];
  };

  /** Ids of all pages. */
  async function idsOf(pageOf: (more: Record<string, string>) => Promise<Answered>): Promise<string[]> {
    const ids: string[] = [];
    let more: Record<string, string> = { 'x-ms-max-item-count': '2' };
    for (;;) {
      const { status, json, headers } = await pageOf(more);
      expect(status, json.message).toBe(200);
      ids.push(...(json['Documents'] as readonly { readonly id: string }[]).map(({ id }) => id));
      const continuation = headers.get('x-ms-continuation');
      if (continuation === null) return ids.sort();
      more = { ...more, 'x-ms-continuation': continuation };
    }
  }

  const query = (text: string, headers: Record<string, string>, parameters: object[] = []) =>
    idsOf((more) =>
      ask(server, {
        verb: 'POST',
        path: docs,
        headers: { ...headers, ...more, 'content-type': 'application/query+json' },
        body: { query: text, parameters },
      }),
    );

  const rangeOf = (key: Key): Record<string, string> => {
    const epk = effectivePartitionKey(definition, key);
    return {
      'x-ms-read-key-type': 'EffectivePartitionKeyRange',
      'x-ms-start-epk': epk,
      'x-ms-end-epk': `${epk}FF`,
      'x-ms-documentdb-query-enablecrosspartition': 'True',
    };
  };

  it('give the items under a prefix to queries, by the key, by its range and by a filter', async () => {
    const all = 'SELECT c.id FROM c';
    for (const prefix of prefixes()) {
      const expected = under(prefix);
      expect(await query(all, headerOf(prefix)), nameOf(prefix)).toEqual(expected);
      expect(await query(`${all} ORDER BY c.id`, headerOf(prefix)), nameOf(prefix)).toEqual(expected);
      expect(await query(all, rangeOf(prefix)), nameOf(prefix)).toEqual(expected);
      if (prefix.includes(undefined)) continue;
      const names = ['c.tenant', paths[1] === '/user' ? 'c["user"]' : 'c["user"].name'];
      const where = prefix.map((_part, i) => `${names[i]} = @p${i}`).join(' AND ');
      const parameters = prefix.map((value, i) => ({ name: `@p${i}`, value }));
      const everywhere = { 'x-ms-documentdb-query-enablecrosspartition': 'True' };
      expect(await query(`${all} WHERE ${where}`, everywhere, parameters), nameOf(prefix)).toEqual(expected);
    }
  });

  it('give them to feeds and change feeds', async () => {
    for (const prefix of prefixes()) {
      const expected = under(prefix);
      const feed = (headers: Record<string, string>): Promise<string[]> =>
        idsOf((more) => ask(server, { path: docs, headers: { ...headers, ...more } }));
      expect(await feed(headerOf(prefix)), nameOf(prefix)).toEqual(expected);
      expect(await feed(rangeOf(prefix)), nameOf(prefix)).toEqual(expected);
      const changes = async (headers: Record<string, string>): Promise<string[]> => {
        const ids: string[] = [];
        for (let etag = ''; ;) {
          const place: Record<string, string> = etag === '' ? {} : { 'if-none-match': etag };
          const {
            status,
            json,
            headers: answered,
          } = await ask(server, {
            path: docs,
            headers: { ...headers, ...place, 'A-IM': 'Incremental Feed', 'x-ms-max-item-count': '4' },
          });
          if (status === 304) return ids.sort();
          ids.push(...(json['Documents'] as readonly { readonly id: string }[]).map(({ id }) => id));
          etag = answered.get('etag')!;
        }
      };
      expect(await changes(headerOf(prefix)), nameOf(prefix)).toEqual(expected);
      expect(await changes(rangeOf(prefix)), nameOf(prefix)).toEqual(expected);
    }
  });

  it('find, replace, patch, batch and delete an item under its whole key alone', async () => {
    for (const one of model.slice(0, 4)) {
      const headers = headerOf(one.key);
      const path = `${docs}/${one.id}`;
      expect((await ask(server, { path, headers })).json).toMatchObject(bodyOf(one));
      const body = { ...bodyOf(one), n: 1 };
      expect((await ask(server, { verb: 'PUT', path, headers, body })).status).toBe(200);
      const operations = [{ op: 'incr', path: '/n', value: 1 }];
      expect((await ask(server, { verb: 'PATCH', path, headers, body: { operations } })).json['n']).toBe(2);
      const mark = { 'x-ms-cosmos-is-batch-request': 'true', 'x-ms-cosmos-batch-atomic': 'true' };
      const batch = await ask(server, {
        verb: 'POST',
        path: docs,
        headers: { ...headers, ...mark },
        body: [{ operationType: 'Read', id: one.id }],
      });
      expect(batch.json).toMatchObject([{ statusCode: 200, resourceBody: { n: 2 } }]);
      expect((await ask(server, { verb: 'DELETE', path, headers })).status).toBe(204);
      expect((await ask(server, { path, headers })).status).toBe(404);
      expect((await ask(server, { verb: 'POST', path: docs, headers, body: bodyOf(one) })).status).toBe(201);
    }
  });

  it('are refused in part where the whole is needed', async () => {
    const [one] = model;
    const short = headerOf(one!.key.slice(0, 1));
    const long = headerOf([...one!.key, 'x']);
    const path = `${docs}/${one!.id}`;
    for (const headers of levels === 3 ? [short] : [short, long])
      for (const asked of [
        { path },
        { verb: 'DELETE', path },
        { verb: 'PUT', path, body: bodyOf(one!) },
        { verb: 'POST', path: docs, body: bodyOf(one!) },
        { verb: 'PATCH', path, body: { operations: [{ op: 'set', path: '/n', value: 1 }] } },
        { verb: 'POST', path: '/dbs/d/colls/c/operations/partitionkeydelete', type: 'colls', link: 'dbs/d/colls/c' },
      ]) {
        const { status, headers: answered, json } = await ask(server, { ...asked, headers });
        expect([status, answered.get('x-ms-substatus')], json.message).toEqual([400, '1001']);
      }
    const other = headerOf(one!.key.map((part, i) => (i === 0 ? 'other' : part)));
    const mismatch = await ask(server, {
      verb: 'POST',
      path: docs,
      headers: other,
      body: { ...bodyOf(one!), id: 'new' },
    });
    expect([mismatch.status, mismatch.headers.get('x-ms-substatus')]).toEqual([400, '1001']);
  });

  it('with no value on any level are the key that is none', async () => {
    const none = { 'x-ms-documentdb-partitionkey': '[]' };
    if (levels === 3) return;
    expect((await ask(server, { verb: 'POST', path: docs, headers: none, body: { id: 'none' } })).status).toBe(201);
    const read = await ask(server, { path: `${docs}/none`, headers: headerOf([undefined, undefined]) });
    expect(read.status).toBe(200);
    expect((await ask(server, { verb: 'DELETE', path: `${docs}/none`, headers: none })).status).toBe(204);
  });

  it('delete all items of a whole key and no others', async () => {
    const key = model.at(-1)!.key;
    const path = '/dbs/d/colls/c/operations/partitionkeydelete';
    const { status } = await ask(server, {
      verb: 'POST',
      path,
      type: 'colls',
      link: 'dbs/d/colls/c',
      headers: headerOf(key),
    });
    expect(status).toBe(200);
    const left = model.filter((one) => nameOf(one.key) !== nameOf(key)).map(({ id }) => id);
    expect(await idsOf((more) => ask(server, { path: docs, headers: more }))).toEqual(left.sort());
  });
});
