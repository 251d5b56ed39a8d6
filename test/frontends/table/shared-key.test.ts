import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { authenticator } from '../../../frontends/table/authenticate.ts';
import { tableErrorOf } from '../../../frontends/table/errors.ts';
import type { TablePrincipal } from '../../../frontends/table/principal.ts';
import type { TableRequest } from '../../../frontends/table/request.ts';
import { type DatabaseError } from '../../../model/errors.ts';
import { accountKey, deploymentOf, emulatorKey, keys, nowMs, requestOf } from './signed-request.ts';

const date = new Date(nowMs).toUTCString();

function sign(text: string, key = accountKey): string {
  return createHmac('sha256', Buffer.from(key, 'base64')).update(text).digest('base64');
}

/** SharedKeyLite over the request's own address. */
function signed(request: TableRequest, key = accountKey, name = 'devstoreaccount1'): TableRequest {
  const comp = request.query.get('comp');
  const resource = `/${name}${request.rawPath}${comp === undefined ? '' : `?comp=${comp}`}`;
  const authorization = `SharedKeyLite ${name}:${sign(`${date}\n${resource}`, key)}`;
  return { ...request, headers: { ...request.headers, 'x-ms-date': date, authorization } };
}

function outcome(request: TableRequest, deployment = deploymentOf()): TablePrincipal | string {
  try {
    return authenticator(deployment)(request) as TablePrincipal;
  } catch (error) {
    const { status, word } = tableErrorOf(error as DatabaseError);
    return `${status} ${word}`;
  }
}

describe('SharedKeyLite', () => {
  test('covers the date and the resource with the account doubled in path style', () => {
    expect(outcome(signed(requestOf()))).toEqual({
      account: 0,
      name: 'localhost',
      access: 'full',
      grant: undefined,
    });
  });

  test('covers comp and no other parameter', () => {
    const request = signed(requestOf({ url: '/devstoreaccount1/People?comp=acl&timeout=5' }));
    expect(outcome(request)).toHaveProperty('access', 'full');
    expect(outcome({ ...request, query: new Map([['comp', 'properties']]) })).toBe('403 AuthenticationFailed');
    expect(outcome({ ...request, query: new Map([['comp', 'acl']]) })).toHaveProperty('access', 'full');
  });

  test('takes the date header where x-ms-date is absent', () => {
    const { headers, ...rest } = signed(requestOf());
    const { authorization } = headers;
    expect(outcome({ ...rest, headers: { date, authorization } })).toHaveProperty('access', 'full');
    expect(outcome({ ...rest, headers: { authorization } })).toBe('403 AuthenticationFailed');
  });

  test('is taken for the secondary as it is addressed, and as clients address the primary', () => {
    const request = requestOf({ url: '/devstoreaccount1-secondary/People', isSecondary: true });
    expect(outcome(signed(request))).toHaveProperty('access', 'full');
    const asPrimary = { ...signed(requestOf()), rawPath: request.rawPath };
    expect(outcome({ ...asPrimary, isSecondary: true })).toHaveProperty('access', 'full');
    const doubled = { ...signed(requestOf()), rawPath: '/devstoreaccount1-secondary/devstoreaccount1/People' };
    expect(outcome({ ...doubled, isSecondary: true })).toHaveProperty('access', 'full');
    expect(outcome(doubled)).toBe('403 AuthenticationFailed');
    expect(outcome(asPrimary)).toBe('403 AuthenticationFailed');
  });
});

describe('SharedKey', () => {
  const text = `POST\nmd5\napplication/json\n${date}\n/devstoreaccount1/devstoreaccount1/People`;
  const headers = { 'content-md5': 'md5', 'content-type': 'application/json', 'x-ms-date': date };
  const request = requestOf({
    verb: 'MERGE',
    sentVerb: 'POST',
    headers: { ...headers, authorization: `SharedKey devstoreaccount1:${sign(text)}` },
  });

  test('covers the verb as it was sent, the two content headers, the date and the resource', () => {
    expect(outcome(request)).toHaveProperty('access', 'full');
  });

  test.each([
    ['the verb', { sentVerb: 'PUT' }],
    ['the path', { rawPath: '/devstoreaccount1/Peoples' }],
    ['the digest', { headers: { ...request.headers, 'content-md5': 'other' } }],
    ['the content type', { headers: { ...request.headers, 'content-type': 'text/plain' } }],
    ['the date', { headers: { ...request.headers, 'x-ms-date': new Date(nowMs + 1000).toUTCString() } }],
    ['the scheme', { headers: { ...request.headers, authorization: `SharedKeyLite devstoreaccount1:${sign(text)}` } }],
  ] satisfies [string, Partial<TableRequest>][])('fails when %s is another', (_what, change) => {
    expect(outcome({ ...request, ...change })).toBe('403 AuthenticationFailed');
  });

  test('tells what it signed, and no key', () => {
    expect(() => authenticator(deploymentOf())({ ...request, sentVerb: 'PUT' })).toThrow(
      `Server used following string to sign: 'PUT\nmd5\napplication/json\n${date}\n/devstoreaccount1`,
    );
  });
});

describe('keys', () => {
  test('of every kind sign, and read-only ones say so', () => {
    const accessOf = (key: string): string => (outcome(signed(requestOf(), key)) as TablePrincipal).access;
    expect(Object.entries(keys).map(([kind, key]) => [kind, accessOf(key)])).toEqual([
      ['primary', 'full'],
      ['secondary', 'full'],
      ['primaryReadOnly', 'read-only'],
      ['secondaryReadOnly', 'read-only'],
    ]);
  });

  test("of the storage emulators are the default account's while the deployment says so", () => {
    const request = signed(requestOf(), emulatorKey);
    expect(outcome(request)).toBe('403 AuthenticationFailed');
    expect(outcome(request, deploymentOf({ storageEmulatorKey: emulatorKey }))).toHaveProperty('access', 'full');
    const shop = signed(requestOf({ url: '/shop/People', accountName: 'shop' }), emulatorKey, 'shop');
    expect(outcome(shop, deploymentOf({ storageEmulatorKey: emulatorKey }))).toBe('403 AuthenticationFailed');
  });

  test('sign no more once they were made anew', () => {
    const deployment = deploymentOf();
    const authenticate = authenticator(deployment);
    const request = signed(requestOf());
    expect(authenticate(request)).toHaveProperty('access', 'full');
    const account = deployment.accounts[0] as { keys: typeof keys };
    account.keys = { ...keys, primary: emulatorKey };
    expect(() => authenticate(request)).toThrow('authenticate');
    expect(authenticate(signed(requestOf(), emulatorKey))).toHaveProperty('access', 'full');
  });
});

describe('names', () => {
  test('of the default account are its own and the emulators’, in address and credentials alike', () => {
    expect(outcome(signed(requestOf(), accountKey, 'localhost'))).toHaveProperty('account', 0);
    const own = requestOf({ url: '/localhost/People', accountName: 'localhost' });
    expect(outcome(signed(own, accountKey, 'localhost'))).toHaveProperty('account', 0);
  });

  test('of two accounts are not mixed, and of none are refused', () => {
    expect(outcome(signed(requestOf(), accountKey, 'shop'))).toBe('403 AuthenticationFailed');
    expect(outcome(signed(requestOf({ accountName: 'nobody' }), accountKey, 'nobody'))).toBe(
      '403 AuthenticationFailed',
    );
    expect(outcome(signed(requestOf({ accountName: '__proto__' }), accountKey, '__proto__'))).toBe(
      '403 AuthenticationFailed',
    );
  });
});

describe('the date', () => {
  const at = (deltaMs: number, changes = {}): TablePrincipal | string =>
    outcome(signed(requestOf()), deploymentOf({ nowMs: () => nowMs + deltaMs, ...changes }));

  test('may be 15 minutes off, no more', () => {
    const minute = 60_000;
    expect(at(15 * minute)).toHaveProperty('access', 'full');
    expect(at(-15 * minute)).toHaveProperty('access', 'full');
    expect(at(15 * minute + 1)).toBe('403 AuthenticationFailed');
    expect(at(-15 * minute - 1)).toBe('403 AuthenticationFailed');
  });

  test('may be any under a manual clock', () => {
    expect(at(1e12, { manualClock: true })).toHaveProperty('access', 'full');
  });

  test('must be a date', () => {
    const request = signed(requestOf());
    expect(outcome({ ...request, headers: { ...request.headers, 'x-ms-date': 'today' } })).toBe(
      '403 AuthenticationFailed',
    );
  });
});

test('a request without credentials is told to bring some', () => {
  expect(outcome(requestOf())).toBe('401 NoAuthenticationInformation');
});

test.each(['SharedKey', 'SharedKey x', 'SharedKey :sig', 'Basic abc', `SharedKey ${'x'.repeat(5000)}:sig`])(
  'a header that says %j is malformed',
  (authorization) => {
    expect(outcome(requestOf({ headers: { authorization } }))).toBe('400 InvalidAuthenticationInfo');
  },
);
