// The admin door over a real port: who may ask what, and what it answers.

import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { request as requestTls } from 'node:https';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunningServer } from '../../bin/server.ts';
import { surface } from '../../frontends/admin/surface.ts';
import { serve } from '../serving.ts';

const accountKey = Buffer.alloc(64, 9).toString('base64');
const otherKey = Buffer.alloc(64, 10).toString('base64');

let server: RunningServer;
let readOnlyKey: string;

beforeAll(async () => {
  server = await serve({ key: accountKey, accounts: [{ name: 'other', key: otherKey }], clock: 'manual' });
  readOnlyKey = server.deployment.accounts[0]!.keys.primaryReadOnly;
});

afterAll(() => server.stop(0));

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  json(): Record<string, unknown>;
}

function ask(method: string, path: string, headers: Record<string, string> = {}, body?: string): Promise<Answer> {
  return new Promise((done, failed) => {
    const call = request(new URL(path, server.endpoints.admin), { method, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () =>
        done({
          status: response.statusCode!,
          headers: response.headers,
          text,
          json: () => JSON.parse(text) as Record<string, unknown>,
        }),
      );
    });
    call.on('error', failed);
    call.end(body);
  });
}

const withKey = { 'x-meridian-key': accountKey };

describe('without a key', () => {
  test.each(['/alive', '/ready'])('%s answers', async (path) => {
    expect((await ask('GET', path)).status).toBe(200);
  });

  test('the certificate authority is given out', async () => {
    const answer = await ask('GET', '/authority.pem');
    expect(answer.text).toBe(server.deployment.authorityPem);
    expect(answer.text).toContain('BEGIN CERTIFICATE');
  });

  test.each([
    ['GET', '/status'],
    ['GET', '/metrics'],
    ['POST', '/reset'],
    ['POST', '/clock/advance'],
  ])('%s %s is refused', async (method, path) => {
    const answer = await ask(method, path);
    expect(answer.status).toBe(401);
    expect(answer.json()).toMatchObject({ error: { code: 'Unauthorized' } });
  });

  test.each(['localhost', 'LOCALHOST:8079', '127.0.0.1:1', '[::1]:8079', '10.20.30.40:8079'])(
    'a request to host %s is answered',
    async (host) => {
      expect((await ask('GET', '/ready', { host })).status).toBe(200);
    },
  );

  test.each(['attacker.example', 'localhost.attacker.example', '127.0.0.1.nip.example', 'a b'])(
    'a request to host "%s" is refused: the name may have been rebound',
    async (host) => {
      const answer = await ask('GET', '/ready', { host });
      expect(answer.status).toBe(403);
    },
  );
});

describe('a key', () => {
  test('is taken from x-meridian-key and from a bearer token', async () => {
    expect((await ask('GET', '/status', withKey)).status).toBe(200);
    expect((await ask('GET', '/status', { authorization: `Bearer ${accountKey}` })).status).toBe(200);
  });

  test.each([
    ['another', Buffer.alloc(64, 1).toString('base64')],
    ['a cut one', accountKey.slice(0, -4)],
    ['none', ''],
  ])('that is %s is refused', async (_name, key) => {
    expect((await ask('GET', '/status', { 'x-meridian-key': key })).status).toBe(401);
  });

  test('names the account, and shows no other', async () => {
    const own = (await ask('GET', '/status', withKey)).json();
    const other = (await ask('GET', '/status', { 'x-meridian-key': otherKey })).json();
    expect(own).toMatchObject({ account: { id: 'localhost', number: 1 } });
    expect(other).toMatchObject({ account: { id: 'other', number: 2 } });
  });

  test('that only reads may read, and change nothing', async () => {
    const headers = { 'x-meridian-key': readOnlyKey };
    expect((await ask('GET', '/status', headers)).status).toBe(200);
    expect((await ask('POST', '/reset', headers)).status).toBe(403);
  });

  test('works under any host name: ports may be mapped', async () => {
    expect((await ask('GET', '/status', { ...withKey, host: 'database.internal:1234' })).status).toBe(200);
  });
});

describe('a browser', () => {
  test.each([
    ['an Origin of another site', { origin: 'https://attacker.example' }],
    ['an opaque Origin', { origin: 'null' }],
    ['Sec-Fetch-Site: cross-site', { 'sec-fetch-site': 'cross-site' }],
    ['Sec-Fetch-Site: same-site', { 'sec-fetch-site': 'same-site' }],
  ])(
    'on behalf of another page is refused, with a key or without: %s',
    async (_name, headers: Record<string, string>) => {
      expect((await ask('POST', '/reset', { ...withKey, ...headers })).status).toBe(403);
      expect((await ask('GET', '/ready', headers)).status).toBe(403);
    },
  );

  test('on our own page is served', async () => {
    const { host } = new URL(server.endpoints.admin);
    const headers = { ...withKey, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' };
    expect((await ask('GET', '/status', headers)).status).toBe(200);
  });
});

describe('operations', () => {
  test('reset drops every database of the account and of no other', async () => {
    const [own, other] = server.deployment.accounts;
    await own!.engine.execute({ kind: 'create-database', id: 'a' }, { account: 1 });
    await own!.engine.execute({ kind: 'create-database', id: 'b' }, { account: 1 });
    await other!.engine.execute({ kind: 'create-database', id: 'c' }, { account: 2 });
    const answer = await ask('POST', '/reset', withKey);
    expect(answer.json()).toEqual({ dropped: 2 });
    expect(own!.engine.catalog.databases()).toEqual([]);
    expect(other!.engine.catalog.databases()).toHaveLength(1);
  });

  test('the manual clock goes on by what is asked, and never back', async () => {
    const before = server.deployment.nowMs();
    expect((await ask('POST', '/clock/advance', withKey, '{"seconds":90}')).status).toBe(200);
    expect(server.deployment.nowMs()).toBe(before + 90_000);
    expect((await ask('POST', '/clock/advance', withKey, '{"milliseconds":5}')).status).toBe(200);
    expect(server.deployment.nowMs()).toBe(before + 90_005);
    for (const body of [
      '{"seconds":-1}',
      '{"seconds":"1"}',
      '{}',
      '{"seconds":1,"milliseconds":1}',
      '[1]',
      '{',
      '{"seconds":1e300}',
    ])
      expect((await ask('POST', '/clock/advance', withKey, body)).status).toBe(400);
    expect(server.deployment.nowMs()).toBe(before + 90_005);
  });

  test('status tells containers and partitions with their LSN', async () => {
    const { engine } = server.deployment.accounts[0]!;
    await engine.execute({ kind: 'create-database', id: 'd' }, { account: 1 });
    const partitionKey = { paths: ['/pk'], kind: 'Hash', version: 2 } as const;
    await engine.execute(
      { kind: 'create-container', database: 'd', container: 'c', profile: 'documents', partitionKey, partitions: 2 },
      { account: 1 },
    );
    const status = (await ask('GET', '/status', withKey)).json();
    expect(status).toMatchObject({
      ready: true,
      account: {
        databases: 1,
        containers: 1,
        writes: 'taken',
        containersListed: [
          { database: 'd', container: 'c', partitions: [{ range: 0, lsn: 0, items: 0 }, { range: 1 }] },
        ],
      },
    });
    expect(JSON.stringify(status)).not.toContain(accountKey);
  });

  test('metrics count requests by protocol, operation and code', async () => {
    await ask('GET', '/status');
    const answer = await ask('GET', '/metrics', withKey);
    expect(answer.headers['content-type']).toContain('version=0.0.4');
    expect(answer.text).toMatch(
      /^meridian_requests_total\{protocol="admin",operation="read-status",code="Unauthorized"\} [1-9]/m,
    );
    expect(answer.text).toMatch(/^meridian_log_entries_total\{account="localhost"\} \d+$/m);
    for (const line of answer.text.trimEnd().split('\n'))
      expect(line).toMatch(/^(# (HELP|TYPE) \S+ .+|[a-z_]+(\{[^}]+\})? [\d.e+-]+)$/);
  });
});

describe('bad input', () => {
  test('an unknown route is 404 in JSON', async () => {
    const answer = await ask('GET', '/nothing');
    expect(answer.status).toBe(404);
    expect(answer.json()).toMatchObject({ error: { code: 'ResourceNotFound' } });
  });

  test('a body above its bound is 413', async () => {
    expect((await ask('POST', '/clock/advance', withKey, ' '.repeat(70_000))).status).toBe(413);
  });

  test('a path that is no path is answered', async () => {
    expect((await ask('GET', '/%zz%')).status).toBe(404);
  });
});

test('a client that does not finish its headers is cut', { timeout: 30_000 }, async () => {
  const { hostname, port } = new URL(server.endpoints.admin);
  const answer = await new Promise<string>((done) => {
    const socket = connect(Number(port), hostname, () => socket.write('GET /alive HTTP/1.1\r\nHost: localhost\r\n'));
    let text = '';
    socket.on('data', (chunk) => (text += String(chunk)));
    socket.on('close', () => done(text));
  });
  expect(answer).toMatch(/^HTTP\/1\.1 408/);
});

test('its README lists exactly the routes there are', async () => {
  const text = await readFile(new URL('../../frontends/admin/README.md', import.meta.url), 'utf8');
  const listed = text.split('\n').filter((line) => /^\| (GET|POST) /.test(line));
  expect(listed).toEqual(
    surface.map(
      ({ method, path, credentials, help }) => `| ${method.toUpperCase()} | \`${path}\` | ${credentials} | ${help} |`,
    ),
  );
});

test('the same port speaks TLS to clients that trust the authority', async () => {
  const { port } = new URL(server.endpoints.admin);
  const status = await new Promise<number | undefined>((done, failed) => {
    const call = requestTls(
      { host: 'localhost', family: 4, port, path: '/alive', ca: server.deployment.authorityPem },
      (response) => {
        response.resume().on('end', () => done(response.statusCode));
      },
    );
    call.on('error', failed).end();
  });
  expect(status).toBe(200);
});
