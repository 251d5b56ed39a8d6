// Who may do what: every row of the surface against every kind of credential.

import { createSecretKey, type webcrypto } from 'node:crypto';
import { SignJWT, exportJWK, generateKeyPair } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BearerTokens } from '../../../frontends/bearer.ts';
import { actions, actionOf } from '../../../frontends/cosmos/actions.ts';
import { formatResourceToken } from '../../../frontends/cosmos/resource-token.ts';
import { surface, type Row } from '../../../frontends/cosmos/surface.ts';
import { fixedKeySet, type PublicJwk } from '../../../frontends/key-set.ts';
import { assignmentBody, builtInRoles, definitionBody, rolesOwner } from '../../../frontends/roles.ts';
import { ask, partitionKey, type Answered } from './request.ts';
import { keys, start, type Started } from './start.ts';

const issuer = 'https://issuer.example/tenant';
const audience = 'https://cosmos.azure.com';
const [reader, contributor] = builtInRoles.map(({ id }) => id) as [string, string];

let server: Started;
let privateKey: webcrypto.CryptoKey;
let nowMs = Date.now();

beforeAll(async () => {
  const pair = await generateKeyPair('ES256');
  privateKey = pair.privateKey;
  const jwk = { ...(await exportJWK(pair.publicKey)), kid: 'k1' } as PublicJwk;
  server = await start({
    deployment: {
      nowMs: () => nowMs,
      bearerTokens: new BearerTokens({
        issuers: [{ name: issuer, keys: fixedKeySet([jwk]) }],
        audiences: [audience],
        toleranceSeconds: 300,
        nowMs: () => nowMs,
      }),
    },
  });
  await made('/dbs', { id: 'd' });
  for (const id of ['c', 'other'])
    await made('/dbs/d/colls', { id, partitionKey: { paths: ['/pk'], kind: 'Hash', version: 2 } });
  for (const pk of ['p', 'q']) await made('/dbs/d/colls/c/docs', { id: 'i', pk, text: `of ${pk}` }, partitionKey(pk));
  await made('/dbs/d/colls/c/sprocs', { id: 's', body: 'function () {}' });
  await made('/dbs/d/users', { id: 'u' });
});

afterAll(async () => {
  expect(server.faults).toEqual([]);
  await server.stop();
});

async function made(path: string, body: object, headers: Record<string, string> = {}): Promise<Answered> {
  const answer = await ask(server, { verb: 'POST', path, body, headers });
  expect(answer.status).toBe(201);
  return answer;
}

let permissionNumber = 0;

/** A token for a new permission of a new user. */
async function tokenFor(
  permissionMode: 'Read' | 'All',
  resource: string,
  resourcePartitionKey?: readonly unknown[],
  headers: Record<string, string> = {},
): Promise<string> {
  const user = `user ${++permissionNumber}`;
  await made('/dbs/d/users', { id: user });
  const path = `/dbs/d/users/${encodeURIComponent(user)}/permissions`;
  const { json } = await made(path, { id: 'p', permissionMode, resource, resourcePartitionKey }, headers);
  return json['_token'] as string;
}

async function jwt(
  claims: Record<string, unknown> = {},
  alg = 'ES256',
  key: webcrypto.CryptoKey = privateKey,
): Promise<string> {
  const seconds = Math.floor(nowMs / 1000);
  return new SignJWT({
    iss: issuer,
    aud: audience,
    oid: 'nobody',
    iat: seconds,
    nbf: seconds,
    exp: seconds + 600,
    ...claims,
  })
    .setProtectedHeader({ alg, kid: 'k1' })
    .sign(key);
}

const asToken = (token: string): Record<string, string> => ({ authorization: encodeURIComponent(token) });
const asBearer = (token: string): Record<string, string> => asToken(`type=aad&ver=1.0&sig=${token}`);

let assignments = 0;

async function assign(principal: string, role: string, scope: string): Promise<string> {
  const id = `assignment${++assignments}`;
  const body = assignmentBody(principal, role, scope);
  await server.engine.execute(
    { kind: 'create-resource', owner: rolesOwner, type: 'roleAssignment', id, body },
    { account: 1 },
  );
  return id;
}

const mutual: Record<string, string> = partitionKey('p');

/** A request to a row, with what marks it and a body that would do. */
function askRow(row: Row, headers: Record<string, string>): Promise<Answered> {
  const names: Record<string, string> = { database: 'd', container: 'c', item: 'i', user: 'u', script: 's' };
  const path = row.path.replace(/\{(\w+)\}/g, (_, name: string) => names[name] ?? 's');
  const marks: Record<string, Record<string, string>> = {
    'plan-query': { 'x-ms-cosmos-is-query-plan-request': 'True' },
    'batch-items': { 'x-ms-cosmos-is-batch-request': 'True', 'x-ms-cosmos-batch-atomic': 'True' },
    'read-change-feed': { 'a-im': 'Incremental Feed' },
  };
  const { operation } = row;
  const verb = operation.split('-')[0]!;
  const mark =
    marks[operation] ??
    (verb === 'query'
      ? { 'content-type': 'application/query+json', 'x-ms-documentdb-isquery': 'True' }
      : verb === 'upsert'
        ? { 'x-ms-documentdb-is-upsert': 'True' }
        : {});
  const body = row.verb === 'GET' || row.verb === 'DELETE' ? undefined : '{"query":"SELECT * FROM c"}';
  return ask(server, { verb: row.verb, path, headers: { ...mutual, ...mark, ...headers }, body });
}

const signed = surface.filter((row) => row.signed !== false);
const rowsOf = (rows: readonly Row[]): readonly (readonly [string, Row])[] =>
  rows.map((row) => [`${row.verb} ${row.path} ${row.operation}`, row]);

describe('every operation', () => {
  it('has an entry among the actions, and no entry is of none', () => {
    const names = new Set(signed.map(({ operation }) => operation));
    expect([...names].filter((name) => !Object.hasOwn(actions, name))).toEqual([]);
    expect(Object.keys(actions).filter((name) => !names.has(name))).toEqual([]);
  });

  it('that is unknown is open to keys that may write only', () => {
    expect(actionOf('constructor')).toEqual({ level: 'account' });
    expect(actionOf('anything new')).toEqual({ level: 'account' });
  });

  it.each(rowsOf(signed))('%s is refused without credentials', async (_name, row) => {
    const { status, json } = await askRow(row, { authorization: '' });
    expect([status, json.code]).toEqual([401, 'Unauthorized']);
    expect(json.message).toMatch(
      /^Required Header authorization is missing\. Ensure a valid Authorization token is passed\./,
    );
  });

  it('that writes, or shows resource tokens, is refused with a read-only key', async () => {
    for (const row of signed) {
      const path = row.path.replace(/\{(\w+)\}/g, (_, name: string) =>
        name === 'database' ? 'd' : name === 'container' ? 'c' : name === 'user' ? 'u' : 's',
      );
      const isOffer = path.startsWith('/offers/');
      const type = isOffer ? 'offers' : row.signedType;
      const link = isOffer ? 's' : type === undefined ? undefined : 'dbs/d/colls/c';
      const mark: Record<string, string> =
        row.when === undefined
          ? {}
          : row.operation.startsWith('query')
            ? { 'x-ms-documentdb-isquery': 'True' }
            : row.operation.startsWith('upsert')
              ? { 'x-ms-documentdb-is-upsert': 'True' }
              : row.operation === 'batch-items'
                ? { 'x-ms-cosmos-is-batch-request': 'True' }
                : row.operation === 'plan-query'
                  ? { 'x-ms-cosmos-is-query-plan-request': 'True' }
                  : { 'a-im': 'Incremental Feed' };
      const answer = await ask(server, {
        verb: row.verb,
        path,
        type,
        link,
        key: keys.primaryReadOnly,
        headers: { ...mutual, ...mark },
        body: row.verb === 'GET' ? undefined : '{}',
      });
      const isOpen = row.reads && !/permission/.test(row.operation);
      if (isOpen) expect([row.operation, answer.status]).not.toEqual([row.operation, 403]);
      else {
        expect([row.operation, answer.status]).toEqual([row.operation, 403]);
        expect(answer.json.message).toMatch(/^Insufficient permissions provided in the authorization header/);
      }
    }
  });

  it('that writes is refused with a token to read the container, and so is what is not the container’s', async () => {
    const token = asToken(await tokenFor('Read', 'dbs/d/colls/c'));
    const open = [
      'read-account',
      'read-container',
      'list-partition-key-ranges',
      'plan-query',
      'query-items',
      'list-items',
      'read-change-feed',
      'read-item',
      'list-attachments',
      'read-attachment',
      'query-conflicts',
      'list-conflicts',
      'read-conflict',
      'resolve-addresses',
    ];
    for (const row of signed) {
      const { status } = await askRow(row, token);
      expect([row.operation, status === 403]).toEqual([row.operation, !open.includes(row.operation)]);
    }
  });

  it('is refused with a token that has expired, and with one for another container', async () => {
    const expired = asToken(
      await tokenFor('All', 'dbs/d/colls/c', undefined, { 'x-ms-documentdb-expiry-seconds': '10' }),
    );
    const foreign = asToken(await tokenFor('All', 'dbs/d/colls/other'));
    nowMs += 10_000;
    for (const row of signed) {
      const late = await askRow(row, expired);
      expect([row.operation, late.status]).toEqual([row.operation, 403]);
      expect(late.json.message).toMatch(/^The authorization token is not valid at the current time\./);
      expect(late.headers.get('x-ms-activity-id')).toMatch(/^[0-9a-f-]{36}$/);
      // The account is open to any token, as in the service.
      if (row.operation !== 'read-account' && row.operation !== 'resolve-addresses')
        expect([row.operation, (await askRow(row, foreign)).status]).toEqual([row.operation, 403]);
    }
  });

  it('is refused to a principal without a role, and to a reader where it does more than read', async () => {
    await assign('reader', reader, '/');
    const nobody = asBearer(await jwt());
    const readers = asBearer(await jwt({ oid: 'reader' }));
    for (const row of signed) {
      const action = actionOf(row.operation);
      const substatus = action.data === undefined ? 5300 : action.data.endsWith('/readMetadata') ? 5301 : 5302;
      const refused = await askRow(row, nobody);
      expect([row.operation, refused.status, refused.headers.get('x-ms-substatus')]).toEqual([
        row.operation,
        403,
        String(substatus),
      ]);
      expect(refused.json.message).toMatch(/^Request blocked by Auth localhost : /);
      const read = await askRow(row, readers);
      const open = action.data !== undefined && row.reads && !row.operation.includes('conflict');
      // The batch of this request is malformed, which a reader is told before its operations are looked at.
      if (row.operation !== 'batch-items') expect([row.operation, read.status === 403]).toEqual([row.operation, !open]);
    }
  });
});

describe('a resource token', () => {
  const docs = '/dbs/d/colls/c/docs';
  const query = (headers: Record<string, string>): Promise<Answered> =>
    ask(server, {
      verb: 'POST',
      path: docs,
      headers: { 'content-type': 'application/query+json', ...headers },
      body: { query: 'SELECT c.pk FROM c' },
    });

  it('for one partition key sees and writes nothing else', async () => {
    const token = asToken(await tokenFor('All', 'dbs/d/colls/c', ['p']));
    const own = { ...token, ...partitionKey('p') };
    const others = { ...token, ...partitionKey('q') };
    const bulk = { 'x-ms-cosmos-is-batch-request': 'True', 'x-ms-cosmos-batch-atomic': 'False' };
    const feed = { 'a-im': 'Incremental Feed' };
    const every: [string, (headers: Record<string, string>) => Promise<Answered>][] = [
      ['read', (headers) => ask(server, { path: `${docs}/i`, headers })],
      ['list', (headers) => ask(server, { path: docs, headers })],
      ['changes', (headers) => ask(server, { path: docs, headers: { ...feed, ...headers } })],
      ['query', query],
      [
        'upsert',
        (headers) =>
          ask(server, {
            verb: 'POST',
            path: docs,
            headers: { 'x-ms-documentdb-is-upsert': 'True', ...headers },
            body: { id: 'j', pk: 'p' },
          }),
      ],
      [
        'delete key',
        (headers) => ask(server, { verb: 'POST', path: '/dbs/d/colls/c/operations/partitionkeydelete', headers }),
      ],
    ];
    for (const [name, run] of every) {
      expect([name, (await run(others)).status]).toEqual([name, 403]);
      expect([name, (await run(token)).status]).toEqual([name, 403]);
      if (name !== 'delete key') expect([name, (await run(own)).status]).not.toEqual([name, 403]);
    }
    const range = { 'x-ms-start-epk': '', 'x-ms-end-epk': 'FF', 'x-ms-documentdb-partitionkeyrangeid': '0' };
    for (const run of [
      query,
      (headers: Record<string, string>) => ask(server, { path: docs, headers: { ...feed, ...headers } }),
      (headers: Record<string, string>) => ask(server, { path: docs, headers }),
    ]) {
      const { text } = await run({ ...own, ...range });
      expect(text).toContain('"pk":"p"');
      expect(text).not.toContain('"pk":"q"');
    }
    const create = (pk: string): object => ({
      operationType: 'Create',
      partitionKey: JSON.stringify([pk]),
      resourceBody: { id: 'bulk', pk },
    });
    const bulkOf = (...keys: string[]): Promise<Answered> =>
      ask(server, { verb: 'POST', path: docs, headers: { ...own, ...bulk }, body: keys.map(create) });
    expect((await bulkOf('p', 'q')).status).toBe(403);
    expect((await bulkOf('p')).status).toBe(200);
    const moved = await ask(server, { verb: 'POST', path: docs, headers: own, body: { id: 'k', pk: 'q' } });
    expect(moved.status).toBe(400);
  });

  it('for an item is for that item, by name and by id', async () => {
    const { json } = await ask(server, { path: `${docs}/i`, headers: partitionKey('p') });
    const container = (await ask(server, { path: '/dbs/d/colls/c' })).json;
    const byName = asToken(await tokenFor('All', 'dbs/d/colls/c/docs/i'));
    const byRid = asToken(await tokenFor('Read', String(json['_self'])));
    const read = (path: string, token: Record<string, string>): Promise<Answered> =>
      ask(server, { path, headers: { ...token, ...partitionKey('p') } });
    for (const token of [byName, byRid])
      for (const path of [`${docs}/i`, `/${String(json['_self'])}`]) expect((await read(path, token)).status).toBe(200);
    expect((await read(`${docs}/j`, byName)).status).toBe(403);
    expect((await read(docs, byName)).status).toBe(403);
    expect((await read('/dbs/d/colls/c', byName)).status).toBe(200);
    expect((await read(`/${String(container['_self'])}pkranges`, byRid)).status).toBe(200);
    expect((await read('/dbs/d/colls/other', byName)).status).toBe(403);
    const put = (token: Record<string, string>): Promise<Answered> =>
      ask(server, {
        verb: 'PUT',
        path: `${docs}/i`,
        headers: { ...token, ...partitionKey('p') },
        body: { id: 'i', pk: 'p' },
      });
    expect((await put(byName)).status).toBe(200);
    expect((await put(byRid)).status).toBe(403);
  });

  it('for a stored procedure reads it, and is for no other', async () => {
    const token = asToken(await tokenFor('All', 'dbs/d/colls/c/sprocs/s'));
    expect((await ask(server, { path: '/dbs/d/colls/c/sprocs/s', headers: token })).status).toBe(200);
    expect((await ask(server, { path: '/dbs/d/colls/c/triggers/s', headers: token })).status).toBe(403);
    expect((await ask(server, { path: `${docs}/i`, headers: { ...token, ...partitionKey('p') } })).status).toBe(403);
    expect((await ask(server, { verb: 'DELETE', path: '/dbs/d/colls/c/sprocs/s', headers: token })).status).toBe(403);
    const running = await ask(server, {
      verb: 'POST',
      path: '/dbs/d/colls/c/sprocs/s',
      headers: { ...token, ...partitionKey('p') },
      body: '[]',
    });
    expect(running.status).not.toBe(403);
  });

  it('ends with its permission, with what that said, with its user and with the primary key', async () => {
    const path = '/dbs/d/users/ends/permissions';
    const body = { id: 'p', permissionMode: 'Read', resource: 'dbs/d/colls/c' };
    const reads = async (token: string): Promise<number> =>
      (await ask(server, { path: '/dbs/d/colls/c', headers: asToken(token) })).status;
    await made('/dbs/d/users', { id: 'ends' });
    const first = (await made(path, body)).json['_token'] as string;
    expect(await reads(first)).toBe(200);
    // The same said again: tokens that are out stay good.
    await ask(server, { verb: 'PUT', path: `${path}/p`, body });
    expect(await reads(first)).toBe(200);
    const changed = await ask(server, { verb: 'PUT', path: `${path}/p`, body: { ...body, permissionMode: 'All' } });
    expect(await reads(first)).toBe(403);
    expect(await reads(String(changed.json['_token']))).toBe(200);
    await ask(server, { verb: 'DELETE', path: `${path}/p` });
    expect(await reads(String(changed.json['_token']))).toBe(403);
    const again = (await made(path, { ...body, permissionMode: 'All' })).json['_token'] as string;
    expect(await reads(String(changed.json['_token']))).toBe(403);
    expect(await reads(again)).toBe(200);
    await ask(server, { verb: 'DELETE', path: '/dbs/d/users/ends' });
    expect(await reads(again)).toBe(403);
  });

  it('is made anew on each read and lasts as long as that says', async () => {
    await made('/dbs/d/users', { id: 'expiring' });
    const path = '/dbs/d/users/expiring/permissions';
    await made(path, { id: 'p', permissionMode: 'read', resource: 'dbs/d/colls/c' });
    const read = async (seconds: string): Promise<Answered> =>
      ask(server, { path: `${path}/p`, headers: { 'x-ms-documentdb-expiry-seconds': seconds } });
    const short = String((await read('60')).json['_token']);
    const long = String((await read('18000')).json['_token']);
    expect(short).toMatch(/^type=resource&ver=1\.0&sig=[^;&]+;[^;&]+;$/);
    expect(long).not.toBe(short);
    nowMs += 60_000;
    const headersOf = asToken;
    expect((await ask(server, { path: '/dbs/d/colls/c', headers: headersOf(short) })).status).toBe(403);
    expect((await ask(server, { path: '/dbs/d/colls/c', headers: headersOf(long) })).status).toBe(200);
    for (const seconds of ['0', '18001', '-1', 'x']) expect((await read(seconds)).status).toBe(400);
  });

  it('that was tampered with, or made with another key, is refused', async () => {
    const token = await tokenFor('Read', 'dbs/d/colls/c');
    const claims = {
      account: 1,
      user: 1,
      permission: 1,
      id: 'p',
      digest: '',
      issuedMs: nowMs,
      expiresMs: nowMs + 1000,
    };
    const foreign = formatResourceToken({ ...keys, primary: keys.secondary }, claims);
    const [head, body] = token.split(';') as [string, string];
    const cases = [
      foreign,
      `${head};${body.slice(0, -4)}AAA=;`,
      `${head.slice(0, -4)}AAA=;${body};`,
      'type=resource&ver=1.0&sig=',
      `type=resource&ver=2.0&sig=${token.slice(25)}`,
      'type=resource&ver=1.0&sig=;;',
    ];
    for (const one of cases)
      expect([one, (await ask(server, { path: '/dbs/d/colls/c', headers: asToken(one) })).status]).toEqual([one, 401]);
    // Signed by the account, yet naming another: whoever has its key could have made it.
    const elsewhere = formatResourceToken(keys, { ...claims, account: 2 });
    expect((await ask(server, { path: '/', headers: asToken(elsewhere) })).status).toBe(401);
  });
});

describe('permissions', () => {
  it.each([
    [{ permissionMode: 'Write', resource: 'dbs/d/colls/c' }],
    [{ permissionMode: 'Read' }],
    [{ permissionMode: 'Read', resource: 'dbs/d' }],
    [{ permissionMode: 'Read', resource: 'dbs/d/colls/c/docs' }],
    [{ permissionMode: 'Read', resource: 'dbs/d/colls/c/users/u' }],
    [{ permissionMode: 'Read', resource: 'dbs/d/colls/c', resourcePartitionKey: 'p' }],
    [{ permissionMode: 'Read', resource: 'dbs/d/colls/c', resourcePartitionKey: [[1]] }],
  ])('like %j are refused', async (body) => {
    expect(
      (await ask(server, { verb: 'POST', path: '/dbs/d/users/u/permissions', body: { id: 'bad', ...body } })).status,
    ).toBe(400);
  });

  it('of one user for one resource are one', async () => {
    const path = '/dbs/d/users/u/permissions';
    const body = { permissionMode: 'Read', resource: 'dbs/d/colls/other' };
    await made(path, { id: 'one', ...body });
    expect((await ask(server, { verb: 'POST', path, body: { id: 'two', ...body } })).status).toBe(409);
    await made(path, { id: 'two', ...body, resourcePartitionKey: ['p'] });
    const upserted = await ask(server, {
      verb: 'POST',
      path,
      headers: { 'x-ms-documentdb-is-upsert': 'True' },
      body: { id: 'one', ...body, permissionMode: 'All' },
    });
    expect([upserted.status, upserted.json['permissionMode']]).toEqual([200, 'All']);
  });

  it('and users are found by their _rid, too', async () => {
    const user = (await ask(server, { path: '/dbs/d/users/u' })).json;
    const listed = (await ask(server, { path: '/dbs/d/users/u/permissions' })).json['Permissions'] as Record<
      string,
      string
    >[];
    const [permission] = listed;
    expect(permission!['_self']).toBe(`${String(user['_self'])}permissions/${permission!['_rid']}/`);
    const byRid = await ask(server, {
      path: `/${permission!['_self']}`,
      link: permission!['_rid']!.toLowerCase(),
      type: 'permissions',
    });
    expect(byRid.json['id']).toBe(permission!['id']);
    expect(user['_permissions']).toBe('permissions/');
  });
});

describe('roles', () => {
  const read = (token: string, path = '/dbs/d/colls/c'): Promise<Answered> =>
    ask(server, { path, headers: asBearer(token) });

  it('reach as far as their scope', async () => {
    await assign('scoped', contributor, '/dbs/d/colls/c');
    const token = await jwt({ oid: 'scoped' });
    const item = { ...asBearer(token), ...partitionKey('p') };
    expect((await read(token, '/')).status).toBe(200);
    expect((await read(token)).status).toBe(200);
    expect((await ask(server, { path: '/dbs/d/colls/c/docs/i', headers: item })).status).toBe(200);
    const refused = await ask(server, { path: '/dbs/d/colls/other/docs/i', headers: item });
    expect([refused.status, refused.headers.get('x-ms-substatus')]).toEqual([403, '5302']);
    expect(refused.json.message).toMatch(
      /^Request blocked by Auth localhost : Request is blocked because principal \[scoped\] does not have required RBAC permissions to perform action \[Microsoft\.DocumentDB\/databaseAccounts\/sqlDatabases\/containers\/items\/read\] on resource \[dbs\/d\/colls\/other\]\./,
    );
    const database = await read(token, '/dbs/d');
    expect([database.status, database.headers.get('x-ms-substatus')]).toEqual([403, '5301']);
    expect((await read(token, '/dbs/d/colls/cc')).status).toBe(403);
  });

  it('never create containers: the service has that done elsewhere', async () => {
    const token = await jwt({ oid: 'scoped' });
    const { status, headers, json } = await ask(server, {
      verb: 'POST',
      path: '/dbs/d/colls',
      headers: asBearer(token),
      body: { id: 'x' },
    });
    expect([status, headers.get('x-ms-substatus')]).toEqual([403, '5300']);
    expect(json.message).toMatch(
      /^Request blocked by Auth localhost : The given request \[POST \/dbs\/d\/colls\] cannot be authorized by AAD token in data plane\./,
    );
  });

  it('of one’s own allow what they list, in batches too', async () => {
    const body = definitionBody('writers', [
      'Microsoft.DocumentDB/databaseAccounts/readMetadata',
      'Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/items/create',
    ]);
    await server.engine.execute(
      { kind: 'create-resource', owner: rolesOwner, type: 'roleDefinition', id: 'writers', body },
      { account: 1 },
    );
    await assign('a group', 'writers', '/dbs/d');
    const headers = { ...asBearer(await jwt({ oid: 'writer', groups: ['a group'] })), ...partitionKey('p') };
    const batch = { 'x-ms-cosmos-is-batch-request': 'True', 'x-ms-cosmos-batch-atomic': 'True', ...headers };
    const run = (...kinds: string[]): Promise<Answered> =>
      ask(server, {
        verb: 'POST',
        path: '/dbs/d/colls/c/docs',
        headers: batch,
        body: kinds.map((operationType, i) => ({ operationType, id: `b${i}`, resourceBody: { id: `b${i}`, pk: 'p' } })),
      });
    expect((await run('Create')).status).toBe(200);
    const refused = await run('Create', 'Delete');
    expect(refused.status).toBe(403);
    expect(refused.json.message).toContain('items/delete]');
    expect((await ask(server, { path: '/dbs/d/colls/c/docs/b0', headers })).status).toBe(403);
  });

  it('end with their assignment', async () => {
    const id = await assign('short', reader, '/');
    const token = await jwt({ roles: ['short'] });
    expect((await read(token)).status).toBe(200);
    await server.engine.execute(
      { kind: 'delete-resource', owner: rolesOwner, type: 'roleAssignment', id },
      { account: 1 },
    );
    expect((await read(token)).status).toBe(403);
  });
});

describe('a bearer token', () => {
  const status = async (token: string, scheme: 'aad' | 'Bearer' = 'aad'): Promise<[number, string | null]> => {
    const headers = scheme === 'aad' ? asBearer(token) : { authorization: `Bearer ${token}` };
    const answer = await ask(server, { path: '/dbs/d', headers });
    return [answer.status, answer.headers.get('x-ms-substatus')];
  };

  it('of a trusted issuer is taken in both forms', async () => {
    await assign('known', reader, '/');
    expect(await status(await jwt({ oid: 'known' }))).toEqual([200, null]);
    expect(await status(await jwt({ oid: 'known' }), 'Bearer')).toEqual([200, null]);
  });

  it('says what is wrong with it', async () => {
    const seconds = Math.floor(nowMs / 1000);
    const stranger = (await generateKeyPair('ES256')).privateKey;
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const claims = { iss: issuer, aud: audience, oid: 'known', exp: seconds + 600 };
    const secret = createSecretKey(Buffer.from('any'));
    const hmac = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: 'k1' }).sign(secret);
    const cases: [string, string, string][] = [
      ['expired', await jwt({ exp: seconds - 301 }), '5006'],
      ['early', await jwt({ nbf: seconds + 301 }), '5005'],
      ['issuer', await jwt({ iss: 'https://other.example' }), '5007'],
      ['audience', await jwt({ aud: 'https://other.example' }), '5008'],
      ['signature', await jwt({}, 'ES256', stranger), '5004'],
      ['nobody', await jwt({ oid: undefined }), '5011'],
      ['endless', await jwt({ exp: undefined }), '5003'],
      ['none', `${part({ alg: 'none', kid: 'k1' })}.${part(claims)}.`, '5003'],
      ['secret', hmac, '5003'],
      ['key id', `${part({ alg: 'ES256', kid: 'k2' })}.${part(claims)}.AAAA`, '5200'],
      ['malformed', 'a.b.c', '5003'],
      ['long', `${part({ alg: 'ES256' })}.${'x'.repeat(17_000)}.`, '5003'],
      [
        'emulator',
        `${part({ alg: 'RS256', kid: 'CosmosEmulatorPrimaryMaster' })}.${part(claims)}.${Buffer.from(keys.primary).toString('base64url')}`,
        '5007',
      ],
    ];
    for (const [name, token, substatus] of cases)
      expect([name, ...(await status(token))]).toEqual([name, 401, substatus]);
    expect((await status(await jwt({ oid: 'known', exp: seconds - 200 })))[0]).toBe(200);
  });

  it('that was taken once ends when it says', async () => {
    const token = await jwt({ oid: 'known' });
    expect((await status(token))[0]).toBe(200);
    nowMs += 901_000;
    expect(await status(token)).toEqual([401, '5006']);
  });

  it('of shared access signatures is refused by name', async () => {
    const answer = await ask(server, { path: '/', headers: asToken('type=sas&ver=1.0&sig=abc;def') });
    expect([answer.status, answer.headers.get('x-ms-substatus')]).toEqual([401, '5012']);
  });
});
