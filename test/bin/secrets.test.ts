// No key and no token is ever logged or shown: a server is used in every way that credentials can be right or wrong, its
// log is kept at its most talkative, and both are searched. Keys are changed while it runs.

import { createHmac } from 'node:crypto';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunningServer } from '../../bin/server.ts';
import { startServer } from '../../bin/server.ts';
import { testSettings } from '../serving.ts';

const ownKey = Buffer.alloc(64, 9).toString('base64');
const otherKey = Buffer.alloc(64, 10).toString('base64');

let server: RunningServer;
let log = '';
let shown = '';
const secrets = new Set<string>();

beforeAll(async () => {
  const settings = await testSettings({
    key: ownKey,
    accounts: [{ name: 'other', key: otherKey }],
    logLevel: 'trace',
    grants: [{ principal: 'someone', role: 'reader', scope: '/' }],
  });
  const stream = { write: (line: string) => (log += line) };
  server = await startServer(settings, { log: pino({ level: 'trace' }, stream) });
  for (const { keys } of server.deployment.accounts) Object.values(keys).forEach((key: string) => secrets.add(key));
});

afterAll(() => server.stop(0));

const keysNow = () => server.deployment.accounts[0]!.keys;

async function cosmos(
  verb: string,
  path: string,
  key: string | { readonly token: string },
  body?: object,
): Promise<{ status: number; json: Record<string, unknown> }> {
  const date = new Date().toUTCString();
  const segments = path.split('/').filter((one) => one !== '');
  const isFeed = segments.length % 2 === 1;
  const type = segments.length === 0 ? '' : isFeed ? segments.at(-1)! : segments.at(-2)!;
  const link = (isFeed ? segments.slice(0, -1) : segments).join('/');
  let token = '';
  if (typeof key === 'string') {
    const text = `${verb.toLowerCase()}\n${type}\n${link}\n${date.toLowerCase()}\n\n`;
    const signature = createHmac('sha256', Buffer.from(key, 'base64')).update(text).digest('base64');
    secrets.add(signature);
    token = `type=master&ver=1.0&sig=${signature}`;
  } else token = key.token;
  const response = await fetch(`${server.endpoints.sql}${path}`, {
    method: verb,
    headers: { authorization: encodeURIComponent(token), 'x-ms-date': date, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const json = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>;
  if (response.status >= 400) shown += text;
  if (typeof json['_token'] === 'string') secrets.add(json['_token']);
  return { status: response.status, json };
}

async function admin(
  method: string,
  path: string,
  key: string | undefined,
  body?: object,
): Promise<{ status: number; json: Record<string, unknown> }> {
  const response = await fetch(`${server.endpoints.admin}${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...(key === undefined ? {} : { 'x-meridian-key': key }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  // The two routes that are asked for keys tell them, to a full key.
  if (!(path.startsWith('/keys/') && response.status === 200)) shown += text;
  return { status: response.status, json: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {} };
}

describe('keys', () => {
  test('are listed and made anew by a full key only', async () => {
    for (const path of ['/keys/list', '/keys/regenerate']) {
      expect((await admin('POST', path, undefined, { kind: 'secondary' })).status).toBe(401);
      expect((await admin('POST', path, 'wrong', { kind: 'secondary' })).status).toBe(401);
      expect((await admin('POST', path, keysNow().primaryReadOnly, { kind: 'secondary' })).status).toBe(403);
    }
    expect((await admin('POST', '/keys/regenerate', ownKey, { kind: 'any' })).status).toBe(400);
    expect((await admin('POST', '/keys/list', ownKey)).json['keys']).toEqual(keysNow());
  });

  test('that were replaced end at once, on every door; the others go on', async () => {
    const before = keysNow();
    for (const kind of ['secondary', 'primaryReadOnly', 'secondaryReadOnly', 'primary'] as const) {
      const old = keysNow()[kind];
      expect((await cosmos('GET', '/', old)).status).toBe(200);
      const { status, json } = await admin('POST', '/keys/regenerate', keysNow().primary, { kind });
      const fresh = (json['keys'] as Record<string, string>)[kind]!;
      secrets.add(fresh);
      expect([status, Object.keys(json['keys'] as object)]).toEqual([200, [kind]]);
      expect((await cosmos('GET', '/', old)).status).toBe(401);
      expect((await cosmos('GET', '/', fresh)).status).toBe(200);
      expect((await admin('GET', '/status', old)).status).toBe(401);
      expect((await admin('GET', '/status', fresh)).status).toBe(200);
    }
    expect(keysNow()).not.toEqual(before);
    expect((await cosmos('GET', '/', otherKey)).status).toBe(200);
  });

  test('come from the settings again when these are read again', async () => {
    const another = Buffer.alloc(64, 11).toString('base64');
    secrets.add(another);
    const { primary, secondary } = keysNow();
    await server.reload({ ...server.settings, key: another });
    expect((await cosmos('GET', '/', primary)).status).toBe(401);
    expect((await cosmos('GET', '/', another)).status).toBe(200);
    expect((await cosmos('GET', '/', secondary)).status).toBe(200);
  });

  test('that end take the resource tokens with them that were made with them', async () => {
    const { primary } = keysNow();
    await cosmos('POST', '/dbs', primary, { id: 'd' });
    await cosmos('POST', '/dbs/d/colls', primary, { id: 'c', partitionKey: { paths: ['/id'] } });
    await cosmos('POST', '/dbs/d/users', primary, { id: 'u' });
    const { json } = await cosmos('POST', '/dbs/d/users/u/permissions', primary, {
      id: 'p',
      permissionMode: 'All',
      resource: 'dbs/d/colls/c',
    });
    const token = String(json['_token']);
    expect((await cosmos('GET', '/dbs/d/colls/c', { token })).status).toBe(200);
    const answer = await admin('POST', '/keys/regenerate', primary, { kind: 'primary' });
    secrets.add((answer.json['keys'] as Record<string, string>)['primary']!);
    expect((await cosmos('GET', '/dbs/d/colls/c', { token })).status).toBe(401);
  });
});

describe('roles', () => {
  test('are made, given, listed and taken away through the administration door', async () => {
    const key = keysNow().primary;
    const dataActions = [
      'Microsoft.DocumentDB/databaseAccounts/readMetadata',
      'Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/*',
    ];
    const definition = await admin('POST', '/roles/definitions', key, {
      id: 'queries',
      roleName: 'Queries',
      dataActions,
    });
    expect([definition.status, definition.json]).toEqual([
      201,
      { id: 'queries', roleName: 'Queries', builtIn: false, dataActions },
    ]);
    const scope = '/subscriptions/x/resourceGroups/y/providers/Microsoft.DocumentDB/databaseAccounts/a/dbs/d';
    const given = await admin('POST', '/roles/assignments', key, {
      id: 'one',
      principalId: 'oid',
      roleDefinitionId: '/any/path/queries',
      scope,
    });
    expect([given.status, given.json]).toEqual([
      201,
      { id: 'one', principalId: 'oid', roleDefinitionId: 'queries', scope: '/dbs/d' },
    ]);
    expect((await admin('POST', '/roles/assignments', key, { ...given.json, scope: '/' })).status).toBe(200);
    expect((await admin('POST', '/roles/definitions/delete', key, { id: 'queries' })).status).toBe(412);
    const listed = (await admin('GET', '/roles', keysNow().primaryReadOnly)).json;
    expect(listed).toMatchObject({
      definitions: [...Array.from({ length: 4 }, () => ({ builtIn: true })), { id: 'queries' }],
      assignments: [{ id: 'one', scope: '/' }],
      configured: [{ principalId: 'someone', roleDefinitionId: '00000000-0000-0000-0000-000000000001', scope: '/' }],
    });
    expect((await admin('POST', '/roles/assignments/delete', key, { id: 'one' })).status).toBe(200);
    expect((await admin('POST', '/roles/assignments/delete', key, { id: 'one' })).status).toBe(404);
    expect((await admin('POST', '/roles/definitions/delete', key, { id: 'queries' })).status).toBe(200);
  });

  test.each([
    ['/roles/definitions', { roleName: 'x', dataActions: ['Microsoft.DocumentDB/*'] }, 400],
    ['/roles/definitions', { roleName: 'x', dataActions: [] }, 400],
    ['/roles/definitions', { roleName: '', dataActions: ['Microsoft.DocumentDB/databaseAccounts/readMetadata'] }, 400],
    [
      '/roles/definitions',
      {
        id: '00000000-0000-0000-0000-000000000001',
        roleName: 'x',
        dataActions: ['Microsoft.DocumentDB/databaseAccounts/readMetadata'],
      },
      403,
    ],
    ['/roles/assignments', { principalId: 'a', roleDefinitionId: 'none' }, 400],
    [
      '/roles/assignments',
      { principalId: 'a', roleDefinitionId: '00000000-0000-0000-0000-000000000001', scope: '/colls/c' },
      400,
    ],
    [
      '/roles/assignments',
      { id: '../x', principalId: 'a', roleDefinitionId: '00000000-0000-0000-0000-000000000001' },
      400,
    ],
  ])('that cannot be are refused: %s %j', async (path, body, status) => {
    expect((await admin('POST', path, keysNow().primary, body)).status).toBe(status);
  });
});

describe('nothing that is secret', () => {
  test('is in the log, in an error, or in what the administration door shows', async () => {
    const key = keysNow().primary;
    // Whatever credentials may be wrong in.
    const wrong = [
      'type=master&ver=1.0&sig=AAAA',
      `type=resource&ver=1.0&sig=${ownKey};${otherKey};`,
      `type=aad&ver=1.0&sig=${ownKey}.${ownKey}.${ownKey}`,
      `type=sas&ver=1.0&sig=${ownKey}`,
      ownKey,
    ];
    for (const token of wrong) expect((await cosmos('GET', '/dbs', { token })).status).toBe(401);
    for (const path of ['/status', '/metrics', '/roles', '/ready', '/alive']) await admin('GET', path, key);
    expect(log).toContain('regenerate-key');
    expect(log.length).toBeGreaterThan(1000);
    expect(shown.length).toBeGreaterThan(1000);
    for (const secret of secrets) {
      expect(log.includes(secret)).toBe(false);
      expect(shown.includes(secret)).toBe(false);
    }
    expect(secrets.size).toBeGreaterThan(20);
  });
});
