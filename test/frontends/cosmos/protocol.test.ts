// What a client may send that no SDK would, and what the protocol says to it.

import { createHmac } from 'node:crypto';
import { get as httpsGet } from 'node:https';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCertificate } from '../../../frontends/certificate.ts';
import { ask, partitionKey, signature, type Answered } from './request.ts';
import { keys, start, type Started } from './start.ts';

let server: Started;

beforeAll(async () => {
  server = await start();
  await ask(server, { verb: 'POST', path: '/dbs', body: { id: 'd' } });
  await ask(server, {
    verb: 'POST',
    path: '/dbs/d/colls',
    body: { id: 'c', partitionKey: { paths: ['/pk'], kind: 'Hash', version: 2 } },
  });
});

afterAll(async () => {
  expect(server.faults).toEqual([]);
  await server.stop();
});

const docs = '/dbs/d/colls/c/docs';

function create(
  body: string | Uint8Array | object,
  headers: Record<string, string> = partitionKey('p'),
): Promise<Answered> {
  return ask(server, { verb: 'POST', path: docs, body, headers });
}

describe('signatures', () => {
  it('of the primary, secondary and read-only keys are accepted', async () => {
    for (const key of Object.values(keys)) expect((await ask(server, { path: '/', key })).status).toBe(200);
  });

  it('of a read-only key cannot write', async () => {
    const refused = await ask(server, { verb: 'POST', path: '/dbs', body: { id: 'x' }, key: keys.primaryReadOnly });
    expect(refused.status).toBe(403);
    const query = await ask(server, {
      verb: 'POST',
      path: docs,
      key: keys.secondaryReadOnly,
      headers: { 'content-type': 'application/query+json', ...partitionKey('p') },
      body: { query: 'SELECT VALUE 1' },
    });
    expect(query.status).toBe(200);
  });

  it.each([
    ['another key', { key: Buffer.from('wrong').toString('base64') }],
    ['another link', { link: 'dbs/other' }],
    ['another resource type', { type: 'colls' }],
  ])('with %s are refused', async (_what, change) => {
    const { status, json } = await ask(server, { path: '/dbs/d', ...change });
    expect(status).toBe(401);
    expect(json.code).toBe('Unauthorized');
  });

  it.each([
    ['none', ''],
    ['no type', 'sig=abc'],
    ['a short signature', 'type%3Dmaster%26ver%3D1.0%26sig%3DAAAA'],
    ['another version', 'type%3Dmaster%26ver%3D2.0%26sig%3DAAAA'],
    ['broken encoding', 'type%3Dmaster%E0%A4%26'],
    ['a resource token', 'type%3Dresource%26ver%3D1%26sig%3Dabc%3B'],
    ['a bearer token of an issuer', 'type%3Daad%26ver%3D1.0%26sig%3DeyJraWQiOiJ4In0.e30.c2ln'],
    ['a bearer token that is none', 'type%3Daad%26ver%3D1.0%26sig%3D..'],
  ])('that say %s are refused', async (_what, authorization) => {
    expect((await ask(server, { path: '/', headers: { authorization } })).status).toBe(401);
  });

  it('are refused when their date is more than 15 minutes away', async () => {
    const at = (minutes: number): string => new Date(Date.now() + minutes * 60_000).toUTCString();
    expect((await ask(server, { path: '/', date: at(14) })).status).toBe(200);
    expect((await ask(server, { path: '/', date: at(-14) })).status).toBe(200);
    expect((await ask(server, { path: '/', date: at(16) })).status).toBe(403);
    const late = await ask(server, { path: '/', date: at(-16) });
    expect(late.status).toBe(403);
    expect(late.json.message).toMatch(
      /^The authorization token is not valid at the current time\. Please create another token and retry \(token start time: .+ GMT, token expiry time: .+ GMT, current server time: .+ GMT\)\./,
    );
    expect((await ask(server, { path: '/', date: 'yesterday' })).status).toBe(401);
  });

  it('cover the date header when x-ms-date is absent', async () => {
    const date = new Date().toUTCString();
    const signed = (text: string): string =>
      createHmac('sha256', Buffer.from(keys.primary, 'base64')).update(text).digest('base64');
    const get = (text: string): Promise<string> => {
      const authorization = encodeURIComponent(`type=master&ver=1.0&sig=${signed(text)}`);
      return raw(
        `GET /dbs/d HTTP/1.1\r\nHost: x\r\nConnection: close\r\nDate: ${date}\r\nAuthorization: ${authorization}\r\n\r\n`,
      );
    };
    expect(await get(`get\ndbs\ndbs/d\n\n${date.toLowerCase()}\n`)).toContain('HTTP/1.1 200');
    expect(await get(`get\ndbs\ndbs/d\n${date.toLowerCase()}\n\n`)).toContain('HTTP/1.1 401');
  });

  it('are not asked for the certificate of the authority', async () => {
    const response = await fetch(`${server.endpoint}_explorer/emulator.pem`);
    expect(await response.text()).toContain('BEGIN CERTIFICATE');
    const pem = 'GET /_explorer/emulator.pem HTTP/1.1\r\nConnection: close\r\n';
    expect(await raw(`${pem}Host: a.example\r\n\r\n`)).toContain('HTTP/1.1 200');
    expect(await raw(`${pem}Host: a.example\r\nOrigin: http://a.example\r\n\r\n`)).toContain('HTTP/1.1 403');
  });
});

describe('addresses', () => {
  it('by _rid are those by name', async () => {
    await create({ id: 'rid', pk: 'p' });
    const { json } = await ask(server, { path: `${docs}/rid`, headers: partitionKey('p') });
    const self = String(json['_self']).replace(/\/$/, '');
    const byRid = await ask(server, {
      path: `/${self}`,
      link: String(json['_rid']).toLowerCase(),
      headers: partitionKey('p'),
    });
    expect(byRid.status).toBe(200);
    expect(byRid.json['id']).toBe('rid');
    const container = await ask(server, {
      path: `/${self.split('/').slice(0, 4).join('/')}/`,
      link: self.split('/')[3]!.toLowerCase(),
    });
    expect(container.json['id']).toBe('c');
  });

  it('that are nowhere say so', async () => {
    expect((await ask(server, { path: '/nowhere' })).status).toBe(501);
    expect((await ask(server, { verb: 'PUT', path: '/dbs/d' })).status).toBe(501);
    expect((await ask(server, { path: '/dbs/none' })).status).toBe(404);
  });

  it('that are not known say so', async () => {
    const { status, json } = await ask(server, { verb: 'PATCH', path: '/dbs/d/colls/c/sprocs/s', body: [] });
    expect(status).toBe(501);
    expect(json.message).toContain('no such operation');
  });

  it('with a broken percent sign are refused', async () => {
    expect((await ask(server, { path: `${docs}/%`, link: 'x', type: 'docs' })).status).toBe(400);
    expect((await ask(server, { path: `${docs}/%ff`, link: 'x', type: 'docs' })).status).toBe(400);
  });

  it('hold ids with slashes when they are encoded', async () => {
    await create({ id: 'a/b\\c#d', pk: 'p' });
    const read = await ask(server, { path: `${docs}/a%2Fb%5Cc%23d`, headers: partitionKey('p') });
    expect(read.json['id']).toBe('a/b\\c#d');
  });

  it('follow the rules of the routing gateway where the door is opened so', async () => {
    const strict = await start({ deployment: { addresses: 'gateway' } });
    await ask(strict, { verb: 'POST', path: '/dbs', body: { id: 'd' } });
    await ask(strict, { verb: 'POST', path: '/dbs/d/colls', body: { id: 'c', partitionKey: { paths: ['/pk'] } } });
    const statuses: Record<string, number> = {};
    for (const id of ['fine', ' in side', 'q?x', 'end ', '%41', 'a/b', 'a\\b', 'a#b', 'a\tb']) {
      await ask(strict, { verb: 'POST', path: docs, body: { id, pk: 'p' }, headers: partitionKey('p') });
      statuses[id] = (
        await ask(strict, { path: `${docs}/${encodeURIComponent(id)}`, headers: partitionKey('p') })
      ).status;
    }
    expect(statuses).toEqual({
      fine: 200,
      ' in side': 200,
      'q?x': 200,
      'end ': 401,
      '%41': 401,
      'a/b': 401,
      'a\\b': 401,
      'a#b': 401,
      'a\tb': 400,
    });
    await strict.stop();
  });
});

describe('activity ids', () => {
  it('are the client’s where it sends one, in failures too', async () => {
    const id = '0f8fad5b-d9cb-469f-a165-70867728950e';
    for (const path of ['/dbs/d', '/dbs/none'])
      expect((await ask(server, { path, headers: { 'x-ms-activity-id': id } })).headers.get('x-ms-activity-id')).toBe(
        id,
      );
  });

  it('are ours where the client’s is none', async () => {
    const { headers } = await ask(server, { path: '/dbs/d', headers: { 'x-ms-activity-id': 'x'.repeat(2000) } });
    expect(headers.get('x-ms-activity-id')).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('items', () => {
  it.each([0, -10, 1.5, null, '5', 2 ** 31])('with a ttl of %s are refused where items expire', async (ttl) => {
    const body = { id: 'expiring', partitionKey: { paths: ['/pk'], kind: 'Hash', version: 2 }, defaultTtl: 10 };
    await ask(server, { verb: 'POST', path: '/dbs/d/colls', body });
    const path = '/dbs/d/colls/expiring/docs';
    const headers = partitionKey('p');
    const post = (more: object, item: object): Promise<Answered> =>
      ask(server, { verb: 'POST', path, headers: { ...headers, ...more }, body: item });
    expect((await post({}, { id: 'i', pk: 'p', ttl })).status).toBe(400);
    const batch = { 'x-ms-cosmos-is-batch-request': 'true', 'x-ms-cosmos-batch-atomic': 'true' };
    const operations = [{ operationType: 'Create', resourceBody: { id: 'i', pk: 'p', ttl } }];
    const [outcome] = JSON.parse((await post(batch, operations)).text) as [{ readonly statusCode: number }];
    expect(outcome.statusCode).toBe(400);
    expect((await create({ id: `any ${ttl}`, pk: 'p', ttl })).status).toBe(201);
    expect(
      (await post({ 'x-ms-documentdb-is-upsert': 'true' }, { id: 'lasts', pk: 'p', ttl: -1 })).status,
    ).toBeLessThan(300);
  });

  it('say when they are read which host they were read from', async () => {
    await create({ id: 'at äther', pk: 'p' });
    const path = `${docs}/${encodeURIComponent('at äther')}`;
    const { headers } = await ask(server, { path, headers: partitionKey('p') });
    expect(headers.get('content-location')).toBe(`http://127.0.0.1:${server.port}${path}`);
  });

  it('above 2 MB are refused, before and after they are read', async () => {
    const fits = await create({ id: 'fits', pk: 'p', text: 'x'.repeat(2 * 1024 * 1024 - 100) });
    expect(fits.status).toBe(201);
    const slightly = await create({ id: 'big', pk: 'p', text: 'x'.repeat(2 * 1024 * 1024) });
    expect(slightly.status).toBe(413);
    const much = await create({ id: 'big', pk: 'p', text: 'x'.repeat(3 * 1024 * 1024) });
    expect(much.status).toBe(413);
    expect(much.json.code).toBe('RequestEntityTooLarge');
  });

  it('with an id of 1,024 bytes are refused, of 1,023 taken', async () => {
    expect((await create({ id: 'i'.repeat(1023), pk: 'p' })).status).toBe(201);
    expect((await create({ id: 'i'.repeat(1024), pk: 'p' })).status).toBe(400);
    expect((await create({ id: 'é'.repeat(512), pk: 'p' })).status).toBe(400);
  });

  it.each([
    ['an empty id', '{"id":"","pk":"p"}'],
    ['no id', '{"pk":"p"}'],
    ['a number as id', '{"id":1,"pk":"p"}'],
    ['two ids', '{"id":"1","id":"2","pk":"p"}'],
    ['two partition keys', '{"id":"1","pk":"p","pk":"q"}'],
    ['a number beyond doubles', '{"id":"1","pk":"p","n":1e400}'],
    ['a lone surrogate', '{"id":"1","pk":"p","s":"\\ud800"}'],
    ['an array', '[]'],
    ['nothing', ' '],
    ['text after it', '{"id":"1","pk":"p"} x'],
    ['200,000 levels', `{"id":"1","pk":"p","d":${'['.repeat(200_000)}${']'.repeat(200_000)}}`],
    ['129 levels', `{"id":"1","pk":"p","d":${'['.repeat(128)}${']'.repeat(128)}}`],
  ])('with %s are refused', async (_what, body) => {
    const { status, json } = await create(body);
    expect(status).toBe(400);
    expect(json.code).toBe('BadRequest');
  });

  it('that are not UTF-8 are refused', async () => {
    const bytes = Buffer.from('{"id":"1","pk":"p","s":"X"}');
    bytes[bytes.indexOf('X')] = 0xff;
    expect((await create(bytes)).status).toBe(400);
  });

  it('need the partition key, and the right one', async () => {
    const missing = await create({ id: '1', pk: 'p' }, {});
    expect(missing.status).toBe(400);
    const wrong = await create({ id: '1', pk: 'p' }, partitionKey('q'));
    expect(wrong.status).toBe(400);
    expect(wrong.headers.get('x-ms-substatus')).toBe('1001');
    expect((await create({ id: '1', pk: 'p' }, partitionKey('p', 'q'))).status).toBe(400);
    expect((await create({ id: '1', pk: 'p' }, { 'x-ms-documentdb-partitionkey': 'nonsense' })).status).toBe(400);
    expect((await create({ id: '1', pk: 'p' }, partitionKey('p'.repeat(3000)))).status).toBe(400);
  });

  it('without the property have no key, written [] or [{}]', async () => {
    expect((await create({ id: 'none' }, partitionKey())).status).toBe(201);
    expect((await ask(server, { path: `${docs}/none`, headers: partitionKey({}) })).status).toBe(200);
    expect((await ask(server, { path: `${docs}/none`, headers: partitionKey(null) })).status).toBe(404);
  });

  it('give back the text they came as, order and prototype names included', async () => {
    const text =
      '{"pk":"p","10":1,"2":2,"__proto__":{"x":[]},"constructor":null,"id":"text","toString":"t","n":-0.5,"e":""}';
    await create(text);
    const read = await ask(server, { path: `${docs}/text`, headers: partitionKey('p') });
    expect(read.text.startsWith(text.slice(0, -1))).toBe(true);
  });

  it('may come compressed, within the same bound', async () => {
    const headers = { ...partitionKey('p'), 'content-encoding': 'gzip' };
    const body = gzipSync(JSON.stringify({ id: 'zip', pk: 'p' }));
    expect((await create(body, headers)).status).toBe(201);
    expect((await create(body.subarray(0, 20), headers)).status).toBe(400);
    expect((await create(gzipSync(Buffer.alloc(64 * 1024 * 1024)), headers)).status).toBe(413);
    expect((await create(body, { ...headers, 'content-encoding': 'br' })).status).toBe(400);
  });

  it('answer a write without a body when the client wants none', async () => {
    const answer = await create({ id: 'quiet', pk: 'p' }, { ...partitionKey('p'), prefer: 'return=minimal' });
    expect(answer.status).toBe(201);
    expect(answer.text).toBe('');
    expect(answer.headers.get('etag')).toBeTruthy();
  });

  it('tell what clients read back', async () => {
    const { headers } = await create({ id: 'headers', pk: 'p' });
    for (const name of [
      'x-ms-request-charge',
      'x-ms-request-duration-ms',
      'x-ms-session-token',
      'x-ms-activity-id',
      'etag',
      'x-ms-alt-content-path',
      'x-ms-content-path',
      'lsn',
      'x-ms-global-committed-lsn',
      'x-ms-documentdb-partitionkeyrangeid',
      'x-ms-resource-quota',
      'x-ms-resource-usage',
      'x-ms-gatewayversion',
      'x-ms-serviceversion',
      'x-ms-schemaversion',
    ])
      expect(headers.get(name), name).toBeTruthy();
    expect(headers.get('x-ms-alt-content-path')).toBe('dbs/d/colls/c');
    const read = await ask(server, { path: `${docs}/headers`, headers: partitionKey('p') });
    expect(read.headers.get('x-ms-item-lsn')).toBe(headers.get('lsn'));
    expect(Number(read.headers.get('x-ms-request-duration-ms'))).toBeGreaterThan(0);
  });

  it('that fail tell the session token too', async () => {
    const { status, headers } = await ask(server, { path: `${docs}/none-such`, headers: partitionKey('p') });
    expect(status).toBe(404);
    expect(headers.get('x-ms-session-token')).toMatch(/^0:/);
    expect(headers.get('x-ms-activity-id')).toBeTruthy();
  });
});

describe('consistency', () => {
  const read = (headers: Record<string, string>): Promise<Answered> =>
    ask(server, { path: `${docs}/session`, headers: { ...partitionKey('p'), ...headers } });

  it('may be weakened and not strengthened', async () => {
    await create({ id: 'session', pk: 'p' });
    expect((await read({ 'x-ms-consistency-level': 'Eventual' })).status).toBe(200);
    expect((await read({ 'x-ms-consistency-level': 'Strong' })).status).toBe(400);
    expect((await read({ 'x-ms-consistency-level': 'toString' })).status).toBe(400);
  });

  it('of a session refuses to read behind its token', async () => {
    const ahead = await read({ 'x-ms-session-token': '0:1#99999#1=99999' });
    expect(ahead.status).toBe(404);
    expect(ahead.headers.get('x-ms-substatus')).toBe('1002');
    expect((await read({ 'x-ms-session-token': '0:-1#2' })).status).toBe(200);
    expect((await read({ 'x-ms-session-token': 'nonsense' })).status).toBe(400);
    expect(
      (await read({ 'x-ms-session-token': '0:1#99999#1=99999', 'x-ms-consistency-level': 'Eventual' })).status,
    ).toBe(200);
    const feed = await ask(server, { path: docs, headers: { 'x-ms-session-token': '0:1#99999#1=99999' } });
    expect(feed.headers.get('x-ms-substatus')).toBe('1002');
  });
});

describe('feeds', () => {
  it.each(['nonsense', '0:1:2', '7:1'])('refuse the continuation %j', async (continuation) => {
    expect((await ask(server, { path: docs, headers: { 'x-ms-continuation': continuation } })).status).toBe(400);
  });

  it('refuse a page size that is none', async () => {
    for (const size of ['0', '-2', 'x', '1e3']) {
      expect((await ask(server, { path: docs, headers: { 'x-ms-max-item-count': size } })).status).toBe(400);
    }
  });

  it('of a range that is gone answer 410', async () => {
    const { status, headers } = await ask(server, {
      path: docs,
      headers: { 'x-ms-documentdb-partitionkeyrangeid': '7' },
    });
    expect(status).toBe(410);
    expect(headers.get('x-ms-substatus')).toBe('1002');
  });

  it('of ranges say 304 to who has them', async () => {
    const first = await ask(server, { path: '/dbs/d/colls/c/pkranges', headers: { 'a-im': 'Incremental Feed' } });
    const again = await ask(server, {
      path: '/dbs/d/colls/c/pkranges',
      headers: { 'a-im': 'Incremental Feed', 'if-none-match': first.headers.get('etag')! },
    });
    expect(again.status).toBe(304);
  });
});

describe('queries', () => {
  const query = (text: unknown, headers: Record<string, string> = {}, parameters?: unknown): Promise<Answered> =>
    ask(server, {
      verb: 'POST',
      path: docs,
      headers: { 'content-type': 'application/query+json', 'x-ms-documentdb-isquery': 'True', ...headers },
      body: { query: text, parameters },
    });

  it('over the container must be allowed to cross partitions', async () => {
    const refused = await query('SELECT * FROM c');
    expect(refused.status).toBe(400);
    expect(refused.json.message).toContain('Cross partition query is required but disabled');
  });

  it('that name the key in their filter are those of one partition, but for an object of aggregates', async () => {
    const found = await query("SELECT VALUE COUNT(1) FROM c WHERE c.pk = 'nobody'");
    expect(found.json['Documents']).toEqual([0]);
    const named = await query("SELECT COUNT(1) AS n FROM c WHERE c.pk = 'nobody'");
    expect([named.status, named.headers.get('x-ms-substatus')]).toEqual([400, '1004']);
    expect((await query('SELECT COUNT(1) AS n FROM c', partitionKey('nobody'))).json['Documents']).toEqual([{ n: 0 }]);
  });

  it('go on in another scope after the place where a page of them ended, unless they count results', async () => {
    for (const id of ['m1', 'm2', 'm3'])
      await ask(server, { verb: 'POST', path: docs, headers: partitionKey('move'), body: { id, pk: 'move' } });
    const all = { 'x-ms-start-epk': '', 'x-ms-end-epk': 'FF', 'x-ms-max-item-count': '1' };
    const resumed = async (text: string): Promise<Answered> => {
      const first = await query(text, all);
      return query(text, { ...partitionKey('move'), 'x-ms-continuation': first.headers.get('x-ms-continuation')! });
    };
    const ordered = await resumed("SELECT VALUE c.id FROM c WHERE c.pk = 'move' ORDER BY c.id");
    expect(ordered.json['Documents']).toEqual(['m2', 'm3']);
    expect((await resumed("SELECT DISTINCT VALUE c.id FROM c WHERE c.pk = 'move'")).status).toBe(400);
  });

  it('that need a merge are refused with the plan for it', async () => {
    const { status, headers, json } = await query('SELECT * FROM c ORDER BY c.id', {
      'x-ms-documentdb-query-enablecrosspartition': 'True',
    });
    expect(status).toBe(400);
    expect(headers.get('x-ms-substatus')).toBe('1004');
    const plan = JSON.parse(String(json['additionalErrorInfo'])) as { queryInfo: { orderBy: string[] } };
    expect(plan.queryInfo.orderBy).toEqual(['Ascending']);
  });

  it.each([[undefined], [1], ['SELEC'], ['x'.repeat(300_000)], [`SELECT ${'('.repeat(50_000)}1${')'.repeat(50_000)}`]])(
    'with a text that is none are refused (%#)',
    async (text) => {
      expect((await query(text, partitionKey('p'))).status).toBe(400);
    },
  );

  it('refuse foreign continuations and parameters', async () => {
    expect((await query('SELECT * FROM c', { ...partitionKey('p'), 'x-ms-continuation': 'nonsense' })).status).toBe(
      400,
    );
    expect((await query('SELECT * FROM c', partitionKey('p'), 7)).status).toBe(400);
    expect((await query('SELECT * FROM c', partitionKey('p'), [{ name: 'x' }])).status).toBe(400);
  });

  it('continue only the query they belong to', async () => {
    for (const id of ['1', '2', '3']) await create({ id: `page${id}`, pk: 'pages' }, partitionKey('pages'));
    const one = { ...partitionKey('pages'), 'x-ms-max-item-count': '1' };
    const first = await query('SELECT VALUE c.id FROM c ORDER BY c.id', one);
    const continuation = first.headers.get('x-ms-continuation')!;
    const next = await query('SELECT VALUE c.id FROM c ORDER BY c.id', { ...one, 'x-ms-continuation': continuation });
    expect(next.json['Documents']).toEqual(['page2']);
    const other = await query('SELECT VALUE c.id FROM c ORDER BY c.pk', { ...one, 'x-ms-continuation': continuation });
    expect(other.status).toBe(400);
  });

  it('see typed values of other doors and system properties', async () => {
    const { json } = await query('SELECT c._ts, c._etag, c._rid, c.id FROM c', partitionKey('pages'));
    const [row] = json['Documents'] as Record<string, unknown>[];
    expect(row).toMatchObject({ id: 'page1', _ts: expect.any(Number) as number, _rid: expect.any(String) as string });
    const read = await ask(server, { path: `${docs}/page1`, headers: partitionKey('pages') });
    expect(read.json['_etag']).toBe(row!['_etag']);
  });
});

describe('batches', () => {
  const batch = (body: unknown, headers: Record<string, string> = {}): Promise<Answered> =>
    ask(server, {
      verb: 'POST',
      path: docs,
      headers: {
        'x-ms-cosmos-is-batch-request': 'True',
        'x-ms-cosmos-batch-atomic': 'True',
        ...partitionKey('p'),
        ...headers,
      },
      body: body as object,
    });

  it.each([
    [{}],
    [[]],
    [[1]],
    [[{ operationType: 'Sing' }]],
    [[{ operationType: 'Create' }]],
    [[{ operationType: 'Delete' }]],
  ])('that are none are refused (%#)', async (body) => {
    expect((await batch(body)).status).toBe(400);
  });

  it('of more than 100 operations are refused', async () => {
    expect(
      (await batch(Array.from({ length: 101 }, (_, i) => ({ operationType: 'Read', id: String(i) })))).status,
    ).toBe(400);
  });
});

describe('the connection', () => {
  it('speaks TLS and plain HTTP on one port, and tells clients the way they came', async () => {
    const certificate = await openCertificate({
      directory: undefined,
      names: [],
      nowMs: Date.now,
      onRenewalFailure: () => undefined,
    });
    const secure = await start({
      deployment: { secureContext: certificate.secureContext, authorityPem: certificate.authorityPem },
    });
    const date = new Date().toUTCString();
    const headers = { authorization: signature('GET', '', '', date, keys.primary), 'x-ms-date': date };
    const body = await new Promise<string>((resolve, reject) => {
      const options = {
        host: 'localhost',
        port: secure.port,
        path: '/',
        headers,
        ca: certificate.authorityPem,
        agent: false,
      } as const;
      httpsGet(options, (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () => resolve(text));
      }).on('error', reject);
    });
    const endpointOf = (text: string): unknown =>
      (JSON.parse(text) as { writableLocations: { databaseAccountEndpoint: string }[] }).writableLocations[0]
        ?.databaseAccountEndpoint;
    expect(endpointOf(body)).toBe(`https://localhost:${secure.port}/`);
    expect(endpointOf((await ask(secure, { path: '/' })).text)).toBe(`http://127.0.0.1:${secure.port}/`);
    await secure.stop();
    certificate.close();
  });

  it('tells clients the advertised address, with their port when it names none', async () => {
    const locationOf = async (advertise: string): Promise<unknown> => {
      const advertised = await start({ deployment: { advertise } });
      const { json } = await ask(advertised, { path: '/' });
      await advertised.stop();
      return [json['writableLocations'], advertised.port];
    };
    expect(await locationOf('https://db.example:8443/')).toMatchObject([
      [{ databaseAccountEndpoint: 'https://db.example:8443/' }],
      expect.any(Number),
    ]);
    const [location, port] = (await locationOf('https://db.example')) as [unknown, number];
    expect(location).toMatchObject([{ databaseAccountEndpoint: `https://db.example:${port}/` }]);
  });

  it('goes on when a client leaves in the middle of a body', async () => {
    await new Promise<void>((resolve, reject) => {
      const socket = connect(server.port, '127.0.0.1', () => {
        socket.write(`POST ${docs} HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{"id":`, () => socket.destroy());
      });
      socket.on('close', () => resolve());
      socket.on('error', reject);
    });
    expect((await ask(server, { path: '/' })).status).toBe(200);
  });

  it('ends after what is no HTTP, and the door goes on', async () => {
    expect(await raw('\x00\x01\x02 nonsense\r\n\r\n')).toContain('400');
    expect(await raw('GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n')).toContain(
      '400',
    );
    expect(await raw(`GET / HTTP/1.1\r\nHost: a\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`)).toContain('HTTP/1.1 4');
    expect((await ask(server, { path: '/' })).status).toBe(200);
  });
});

function raw(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = '';
    const socket = connect(server.port, '127.0.0.1', () => socket.write(text, 'latin1'));
    socket.on('data', (chunk) => (received += chunk.toString('latin1')));
    socket.on('close', () => resolve(received));
    socket.on('error', reject);
  });
}
