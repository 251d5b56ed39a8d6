// Tokens of an issuer at the Table door: what they open by roles, and the challenge for those that are not taken.

import { SignJWT, exportJWK, generateKeyPair } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BearerTokens } from '../../../frontends/bearer.ts';
import type { Deployment } from '../../../frontends/deployment.ts';
import { fixedKeySet, type PublicJwk } from '../../../frontends/key-set.ts';
import { builtInRoles } from '../../../frontends/roles.ts';
import { authenticator } from '../../../frontends/table/authenticate.ts';
import { authorize } from '../../../frontends/table/authorize.ts';
import { failureHeaders, tableErrorOf } from '../../../frontends/table/errors.ts';
import type { DatabaseError } from '../../../model/errors.ts';
import { deploymentOf, nowMs, requestOf, rowOf, type RequestChanges } from './signed-request.ts';
import { createPeople, startTables, type Tables } from './start-engine.ts';

const tenant = 'bd8e3a8c-1111-4444-9999-000000000000';
const issuer = `https://login.example/${tenant}/v2.0`;
const audience = 'https://storage.azure.com';

let tables: Tables;
let deployment: Deployment;
let tokenFor: (claims: Record<string, string>) => Promise<string>;

beforeAll(async () => {
  tables = await startTables();
  await createPeople(tables);
  const pair = await generateKeyPair('ES256');
  const jwk = { ...(await exportJWK(pair.publicKey)), kid: 'k' } as PublicJwk;
  tokenFor = (claims) =>
    new SignJWT({ iss: issuer, aud: audience, ...claims })
      .setProtectedHeader({ alg: 'ES256', kid: 'k' })
      .setExpirationTime(nowMs / 1000 + 3600)
      .sign(pair.privateKey);
  const base = deploymentOf();
  const roleOf = (name: string): string => builtInRoles.find(({ roleName }) => roleName === name)!.id;
  const assignment = (principalId: string, role: string, scope: string): object => ({
    id: principalId,
    principalId,
    roleDefinitionId: roleOf(role),
    scope,
  });
  deployment = deploymentOf({
    accounts: base.accounts.map((account) => ({ ...account, engine: tables.engine })),
    bearerTokens: new BearerTokens({
      issuers: [{ name: issuer, keys: fixedKeySet([jwk]) }],
      audiences: ['https://cosmos.azure.com'],
      tableAudiences: [audience],
      toleranceSeconds: 300,
      nowMs: () => nowMs,
    }),
    roleAssignments: [
      assignment('table reader', 'Storage Table Data Reader', '/'),
      assignment('table contributor', 'Storage Table Data Contributor', '/dbs/tables'),
      assignment('reader of people', 'Storage Table Data Reader', '/dbs/tables/colls/People'),
      assignment('reader', 'Cosmos DB Built-in Data Reader', '/'),
      assignment('contributor', 'Cosmos DB Built-in Data Contributor', '/'),
    ] as Deployment['roleAssignments'],
  });
});

afterAll(() => tables.stop());

async function outcome(
  authorization: string | undefined,
  changes: RequestChanges = {},
  on = deployment,
): Promise<string> {
  const request = requestOf({
    isEncrypted: true,
    ...changes,
    headers: {
      'x-ms-version': '2020-12-06',
      ...changes.headers,
      ...(authorization !== undefined && { authorization }),
    },
  });
  try {
    authorize(await authenticator(on)(request), request);
    return 'allowed';
  } catch (error) {
    const { status, word } = tableErrorOf(error as DatabaseError);
    return [`${status} ${word}`, ...failureHeaders(error as DatabaseError)].join(' ');
  }
}

async function allowed(principal: string, changes: RequestChanges = {}): Promise<string[]> {
  const authorization = `Bearer ${await tokenFor({ oid: principal })}`;
  const outcomes = await Promise.all(
    operations.map(async (operation) => [
      operation,
      await outcome(authorization, { ...changes, row: rowOf(operation, { reads: /^(read|query)/.test(operation) }) }),
    ]),
  );
  return outcomes.flatMap(([operation, answer]) => (answer === 'allowed' ? [operation!] : []));
}

const reads = ['query-tables', 'query-entities', 'read-entity'];
const writes = [
  'insert-entity',
  'update-entity',
  'merge-entity',
  'insert-or-replace-entity',
  'insert-or-merge-entity',
  'delete-entity',
];
const operations = [
  ...reads,
  ...writes,
  'create-table',
  'delete-table',
  'read-table-acl',
  'replace-table-acl',
  'read-service-properties',
  'replace-service-properties',
  'read-service-stats',
  'an-operation-of-tomorrow',
];

test('roles for table data and roles for items open what they say', async () => {
  expect(await allowed('table reader')).toEqual(reads);
  expect(await allowed('reader')).toEqual(reads);
  expect(await allowed('table contributor')).toEqual([...reads, ...writes, 'create-table', 'delete-table']);
  expect(await allowed('contributor')).toEqual([...reads, ...writes]);
  expect(await allowed('nobody')).toEqual([]);
});

test('a role for one table opens it in whatever letters, and no other', async () => {
  expect(await allowed('reader of people', { table: 'PEOPLE' })).toEqual(reads);
  expect(await allowed('reader of people', { table: 'Places' })).toEqual([]);
});

const challenge = `WWW-Authenticate Bearer authorization_uri=https://login.example/${tenant}/oauth2/authorize resource_id=${audience}`;

test('without credentials and with a bad token clients are told where to get one', async () => {
  expect(await outcome(undefined)).toBe(`401 NoAuthenticationInformation ${challenge}`);
  expect(await outcome('Bearer x.y.z')).toBe(`401 InvalidAuthenticationInfo ${challenge}`);
  const other = await tokenFor({ oid: 'reader', iss: 'https://login.example/other' });
  expect(await outcome(`Bearer ${other}`)).toBe(`401 InvalidAuthenticationInfo ${challenge}`);
});

test('clients that know no challenges get 403', async () => {
  const headers = { 'x-ms-version': '2019-07-07' };
  expect(await outcome(undefined, { headers })).toBe('403 AuthenticationFailed');
  expect(await outcome('Bearer x.y.z', { headers })).toBe('403 AuthenticationFailed');
});

test('a token for another door is not taken, also after it was taken there', async () => {
  const token = await tokenFor({ oid: 'reader', aud: 'https://cosmos.azure.com' });
  await deployment.bearerTokens!.verify(token);
  expect(await outcome(`Bearer ${token}`)).toMatch('401 InvalidAuthenticationInfo');
  await expect(deployment.bearerTokens!.verify(await tokenFor({ oid: 'reader' }))).rejects.toThrow('another audience');
});

test('no token is taken over plain HTTP or without a trusted issuer', async () => {
  const authorization = `Bearer ${await tokenFor({ oid: 'reader' })}`;
  expect(await outcome(authorization)).toBe('allowed');
  expect(await outcome(authorization, { isEncrypted: false })).toBe('403 AuthenticationFailed');
  const untrusting = { ...deployment, bearerTokens: undefined };
  expect(await outcome(authorization, {}, untrusting)).toBe('403 AuthenticationFailed');
  expect(await outcome(undefined, {}, untrusting)).toBe(
    '401 NoAuthenticationInformation WWW-Authenticate SharedKey realm="storage"',
  );
});
