// Shared access signatures as the official client makes them, changed in every way, and against a table of policies.

import { createHmac } from 'node:crypto';
import {
  AzureNamedKeyCredential,
  generateAccountSas,
  generateTableSas,
  type AccountSasOptions,
  type TableSasSignatureValues,
} from '@azure/data-tables';
import { describe, expect, test } from 'vitest';
import type { Deployment } from '../../../frontends/deployment.ts';
import { withPolicies, type AccessPolicy } from '../../../frontends/table/access-policy.ts';
import { authenticator } from '../../../frontends/table/authenticate.ts';
import { authorize, authorizeKey, rangeOf } from '../../../frontends/table/authorize.ts';
import { tableErrorOf } from '../../../frontends/table/errors.ts';
import type { TablePrincipal } from '../../../frontends/table/principal.ts';
import type { TableRequest } from '../../../frontends/table/request.ts';
import type { DatabaseError } from '../../../model/errors.ts';
import { randomOf, seedOf, testScale } from '../../random.ts';
import { accountKey, deploymentOf, keys, nowMs, requestOf, rowOf } from './signed-request.ts';

const credential = new AzureNamedKeyCredential('devstoreaccount1', accountKey);
const hour = 3_600_000;
const soon = new Date(nowMs + hour);
const emptyDocument = Uint8Array.of(5, 0, 0, 0, 0);

/** A deployment whose default account has the table People with those policies. */
function withTable(policies: readonly AccessPolicy[] = [], changes: Partial<Deployment> = {}): Deployment {
  const container = { id: 'People', profile: 'table', settings: withPolicies(emptyDocument, policies) };
  const catalog = {
    databaseOrNone: () => ({ id: 'tables' }),
    containerOrNone: (_database: string, id: string) => (id === container.id ? container : undefined),
    containers: () => [container],
  };
  const deployment = deploymentOf(changes);
  const accounts = deployment.accounts.map((account) => ({ ...account, engine: { catalog } }));
  return { ...deployment, accounts, nowMs: changes.nowMs ?? deployment.nowMs } as unknown as Deployment;
}

function outcome(
  token: string,
  changes: Parameters<typeof requestOf>[0] = {},
  deployment = withTable(),
): TablePrincipal | string {
  return attempt(() => {
    const request = requestOf({ url: `/devstoreaccount1/People?${token}`, ...changes });
    return authenticator(deployment)(request) as TablePrincipal;
  });
}

function attempt<Result>(action: () => Result): Result | string {
  try {
    return action();
  } catch (error) {
    const { status, word } = tableErrorOf(error as DatabaseError);
    return `${status} ${word}`;
  }
}

const tableToken = (values: TableSasSignatureValues = {}): string =>
  generateTableSas('People', credential, { permissions: { query: true }, expiresOn: soon, ...values });
const accountToken = (options: AccountSasOptions = {}): string =>
  generateAccountSas(credential, { expiresOn: soon, ...options });

/** A token by hand, over the text that a version covers. */
function signedBy(fields: Readonly<Record<string, string>>, text: string, key = accountKey): string {
  const sig = createHmac('sha256', Buffer.from(key, 'base64')).update(text).digest('base64');
  return Object.entries({ ...fields, sig })
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&');
}

const failed = '403 AuthenticationFailed';

describe('a signature for a table', () => {
  test('of the official client opens the entities of that table', () => {
    expect(outcome(tableToken({ permissions: { query: true, add: true, update: true, delete: true } }))).toEqual({
      account: 0,
      name: 'localhost (signature)',
      access: 'full',
      grant: {
        permissions: new Set(['read', 'add', 'update', 'delete']),
        levels: new Set(['object']),
        table: 'people',
        from: undefined,
        to: undefined,
      },
    });
  });

  test('covers the ranges of keys, with both ends', () => {
    const token = tableToken({ startPartitionKey: 'a', startRowKey: '1', endPartitionKey: 'b', endRowKey: '2' });
    const principal = outcome(token) as TablePrincipal;
    expect(rangeOf(principal)).toMatchObject({
      from: { partitionKey: 'a', rowKey: '1' },
      to: { partitionKey: 'b', rowKey: '2' },
    });
    const at = (partitionKey: string, rowKey: string): unknown =>
      attempt(() => authorizeKey(principal, { partitionKey, rowKey }));
    expect([at('a', '1'), at('a', '9'), at('aa', ''), at('b', ''), at('b', '2')]).toEqual(Array(5).fill(undefined));
    expect([at('a', '0'), at('', '5'), at('b', '20'), at('c', '1')]).toEqual(Array(4).fill('403 AuthorizationFailure'));
  });

  test.each(['spk', 'srk', 'epk', 'erk', 'tn', 'sp', 'st', 'se', 'sip', 'spr', 'sv', 'si', 'sig'])(
    'fails when %s is changed, added or left out',
    (name) => {
      const full = tableToken({
        startsOn: new Date(nowMs - hour),
        startPartitionKey: 'a',
        startRowKey: '1',
        endPartitionKey: 'b',
        endRowKey: '2',
        ipRange: { start: '127.0.0.1' },
        protocol: 'https,http',
      });
      expect(outcome(full)).toHaveProperty('access', 'full');
      const fields = new URLSearchParams(full);
      const had = fields.has(name);
      fields.set(name, name === 'sv' ? '2018-11-09' : name === 'sp' ? 'raud' : 'zz');
      expect(outcome(fields.toString())).toBe(failed);
      if (!had) return;
      fields.delete(name);
      expect(outcome(fields.toString())).toBe(name === 'sig' ? '401 NoAuthenticationInformation' : failed);
    },
  );

  test('may name its table in any letters, and no other', () => {
    const upper = generateTableSas('PEOPLE', credential, { permissions: { query: true }, expiresOn: soon });
    const principal = outcome(upper) as TablePrincipal;
    expect(attempt(() => authorize(principal, requestOf()))).toBeUndefined();
    expect(attempt(() => authorize(principal, requestOf({ table: 'Places' })))).toBe('403 AuthorizationFailure');
  });

  test('needs a partition key beside a row key', () => {
    expect(outcome(tableToken({ startRowKey: '1' }))).toBe(failed);
    expect(outcome(tableToken({ endRowKey: '1' }))).toBe(failed);
  });

  test('is built by its version: without table service before 2015-02-21, without address and protocol before 2015-04-05', () => {
    const st = '';
    const se = soon.toISOString();
    const fields = { sp: 'r', se, tn: 'People' };
    const old = ['r', st, se, '/devstoreaccount1/people', '', '2012-02-12', '', '', '', ''].join('\n');
    expect(outcome(signedBy({ ...fields, sv: '2012-02-12' }, old))).toHaveProperty('access', 'full');
    const middle = ['r', st, se, '/table/devstoreaccount1/people', '', '2015-02-21', '', '', '', ''].join('\n');
    expect(outcome(signedBy({ ...fields, sv: '2015-02-21' }, middle))).toHaveProperty('access', 'full');
    const now = ['r', st, se, '/table/devstoreaccount1/people', '', '', '', '2025-07-05', '', '', '', ''].join('\n');
    expect(outcome(signedBy({ ...fields, sv: '2025-07-05' }, now))).toHaveProperty('access', 'full');
    const older = ['r', st, se, '/devstoreaccount1/people', '', '2011-08-18', '', '', '', ''].join('\n');
    expect(outcome(signedBy({ ...fields, sv: '2011-08-18' }, older))).toBe(failed);
  });

  test('may be made with any name of the account', () => {
    const own = generateTableSas('People', new AzureNamedKeyCredential('localhost', accountKey), { expiresOn: soon });
    expect(outcome(own)).toHaveProperty('account', 0);
    const other = generateTableSas('People', new AzureNamedKeyCredential('shop', accountKey), { expiresOn: soon });
    expect(outcome(other)).toBe(failed);
  });

  test('made with a read-only key opens no writes', () => {
    const readOnly = new AzureNamedKeyCredential('devstoreaccount1', keys.primaryReadOnly);
    const token = generateTableSas('People', readOnly, { permissions: { query: true, add: true }, expiresOn: soon });
    const principal = outcome(token) as TablePrincipal;
    expect(attempt(() => authorize(principal, requestOf()))).toBeUndefined();
    const insert = requestOf({ row: rowOf('insert-entity', { verb: 'POST', reads: false }) });
    expect(attempt(() => authorize(principal, insert))).toBe('403 AuthorizationPermissionMismatch');
  });
});

describe('a signature holds', () => {
  const during = (startsOn: Date | undefined, expiresOn: Date, changes: Partial<Deployment> = {}): unknown =>
    outcome(tableToken({ ...(startsOn && { startsOn }), expiresOn }), {}, withTable([], changes));
  const works = expect.objectContaining({ access: 'full' }) as unknown;

  test('from its start until its expiry', () => {
    expect(during(new Date(nowMs), soon)).toEqual(works);
    expect(during(new Date(nowMs + 1000), soon)).toBe(failed);
    expect(during(undefined, new Date(nowMs + 1000))).toEqual(works);
    expect(during(undefined, new Date(nowMs))).toBe(failed);
    expect(during(undefined, new Date(nowMs), { manualClock: true })).toEqual(works);
  });

  test('over https only where it says so', () => {
    const token = tableToken({ protocol: 'https' });
    expect(outcome(token)).toBe('403 AuthorizationProtocolMismatch');
    expect(outcome(token, { isEncrypted: true })).toEqual(works);
    expect(outcome(tableToken({ protocol: 'https,http' }))).toEqual(works);
  });

  test('for its addresses', () => {
    const from = (remoteAddress: string, start: string, end?: string): unknown =>
      outcome(tableToken({ ipRange: { start, ...(end !== undefined && { end }) } }), { remoteAddress });
    expect(from('168.1.5.65', '168.1.5.65')).toEqual(works);
    expect(from('::ffff:168.1.5.65', '168.1.5.65')).toEqual(works);
    expect(from('168.1.5.66', '168.1.5.65')).toBe('403 AuthorizationSourceIPMismatch');
    expect(from('168.1.5.70', '168.1.5.60', '168.1.5.70')).toEqual(works);
    expect(from('168.1.5.71', '168.1.5.60', '168.1.5.70')).toBe('403 AuthorizationSourceIPMismatch');
    expect(from('::1', '0.0.0.0', '255.255.255.255')).toBe('403 AuthorizationSourceIPMismatch');
    expect(from('1.1.1.1', '1.1.1', '2.2.2.2')).toBe(failed);
  });
});

describe('a stored access policy', () => {
  const byPolicy = (): string => {
    const text = ['', '', '', '/table/devstoreaccount1/people', 'p', '', '', '2019-02-02', '', '', '', ''].join('\n');
    return signedBy({ tn: 'People', si: 'p', sv: '2019-02-02' }, text);
  };
  const kept = { id: 'p', start: '2026-05-01', expiry: '2026-06-01T00:00Z', permission: 'ra' };
  const against = (policy: AccessPolicy, token = byPolicy()): unknown => outcome(token, {}, withTable([policy]));

  test('says what the signature leaves to be said', () => {
    expect(against(kept)).toMatchObject({ grant: { permissions: new Set(['read', 'add']) } });
  });

  test('that is gone, not in force or without permission or expiry opens nothing', () => {
    expect(against({ ...kept, id: 'q' })).toBe(failed);
    expect(against({ ...kept, expiry: '2026-05-02' })).toBe(failed);
    expect(against({ ...kept, start: '2026-05-18' })).toBe(failed);
    expect(against({ id: 'p', permission: 'r' })).toBe(failed);
    expect(against({ id: 'p', expiry: '2026-06-01' })).toBe(failed);
    expect(outcome(byPolicy(), {}, deploymentWithoutTable())).toBe(failed);
  });

  test('and a signature that say the same field are refused together', () => {
    const token = tableToken({ identifier: 'p' });
    expect(against({ id: 'p' }, token)).toHaveProperty('access', 'full');
    expect(against({ id: 'p', permission: 'r' }, token)).toBe(failed);
    expect(against({ id: 'p', expiry: '2026-06-01' }, token)).toBe(failed);
    expect(against({ id: 'p', start: '2026-05-01' }, token)).toHaveProperty('access', 'full');
  });

  function deploymentWithoutTable(): Deployment {
    const deployment = withTable([kept]);
    const catalog = { databaseOrNone: () => undefined, containerOrNone: () => undefined, containers: () => [] };
    return { ...deployment, accounts: [{ ...deployment.accounts[0], engine: { catalog } }] } as unknown as Deployment;
  }
});

describe('a signature for an account', () => {
  test('of the official client opens what it lists', () => {
    const token = accountToken({
      resourceTypes: 'so',
      permissions: { query: true, list: true },
      startsOn: new Date(nowMs - hour),
    });
    expect(outcome(token)).toMatchObject({
      account: 0,
      grant: { permissions: new Set(['read', 'list']), levels: new Set(['service', 'object']), table: undefined },
    });
  });

  test.each(['sp', 'ss', 'srt', 'st', 'se', 'sip', 'spr', 'sv', 'sig'])('fails when %s is changed', (name) => {
    const fields = new URLSearchParams(accountToken());
    fields.set(name, { ss: 'bt', srt: 's', sp: 'd', sv: '2018-11-09' }[name] ?? 'zz');
    expect(outcome(fields.toString())).toBe(failed);
  });

  test('covers the encryption scope from 2020-12-06 on, whose line some clients leave out', () => {
    const se = soon.toISOString();
    const lines = ['devstoreaccount1', 'r', 't', 'o', '', se, '', '', '2020-12-06'];
    const fields = { sp: 'r', ss: 't', srt: 'o', se, sv: '2020-12-06' };
    expect(outcome(signedBy(fields, [...lines, '', ''].join('\n')))).toHaveProperty('access', 'full');
    expect(outcome(signedBy(fields, [...lines, ''].join('\n')))).toHaveProperty('access', 'full');
    const scoped = signedBy({ ...fields, ses: 'scope' }, [...lines, 'scope', ''].join('\n'));
    expect(outcome(scoped)).toHaveProperty('access', 'full');
    expect(outcome(scoped.replace('ses=scope', 'ses=other'))).toBe(failed);
    expect(outcome(signedBy({ ...fields, ses: 'scope' }, [...lines, ''].join('\n')))).toBe(failed);
  });

  test('must be for this service', () => {
    const se = soon.toISOString();
    const text = ['devstoreaccount1', 'r', 'bq', 'o', '', se, '', '', '2019-02-02', ''].join('\n');
    const token = signedBy({ sp: 'r', ss: 'bq', srt: 'o', se, sv: '2019-02-02' }, text);
    expect(outcome(token)).toBe('403 AuthorizationServiceMismatch');
  });

  test('opens each operation by level and permission', () => {
    const allowed = (srt: string, sp: string): string[] => {
      const se = soon.toISOString();
      const text = ['devstoreaccount1', sp, 't', srt, '', se, '', '', '2019-02-02', ''].join('\n');
      const principal = outcome(signedBy({ sp, ss: 't', srt, se, sv: '2019-02-02' }, text)) as TablePrincipal;
      return operations.filter((operation) => {
        const request = requestOf({ row: rowOf(operation, { reads: /^(read|query)/.test(operation) }) });
        return attempt(() => authorize(principal, request)) === undefined;
      });
    };
    const every = 'rwdlacup';
    expect(allowed('s', every)).toEqual([
      'read-service-properties',
      'replace-service-properties',
      'read-service-stats',
    ]);
    expect(allowed('c', every)).toEqual(['query-tables', 'read-table', 'create-table', 'delete-table']);
    expect(allowed('c', 'l')).toEqual(['query-tables', 'read-table']);
    expect(allowed('c', 'w')).toEqual(['create-table']);
    expect(allowed('c', 'c')).toEqual(['create-table']);
    expect(allowed('o', 'r')).toEqual(['query-entities', 'read-entity']);
    expect(allowed('o', 'a')).toEqual(['insert-entity']);
    expect(allowed('o', 'u')).toEqual(['update-entity', 'merge-entity']);
    expect(allowed('o', 'd')).toEqual(['delete-entity']);
    expect(allowed('o', 'au')).toEqual([
      'insert-entity',
      'update-entity',
      'merge-entity',
      'insert-or-replace-entity',
      'insert-or-merge-entity',
    ]);
  });

  const operations = [
    'query-tables',
    'read-table',
    'create-table',
    'delete-table',
    'read-table-acl',
    'replace-table-acl',
    'query-entities',
    'read-entity',
    'insert-entity',
    'update-entity',
    'merge-entity',
    'insert-or-replace-entity',
    'insert-or-merge-entity',
    'delete-entity',
    'read-service-properties',
    'replace-service-properties',
    'read-service-stats',
    'an-operation-of-tomorrow',
  ];
});

test('a signature with a user delegation key is refused and says so', () => {
  const token = `${tableToken()}&skoid=x&sktid=y`;
  expect(outcome(token)).toBe(failed);
  expect(() => authenticator(withTable())(requestOf({ url: `/devstoreaccount1/People?${token}` }))).toThrow(
    'user delegation',
  );
});

test('no signature survives the change of any of its characters', () => {
  const random = randomOf(seedOf());
  const pick = (from: string): string => from[Math.floor(random() * from.length)]!;
  const letters = 'abcXYZ019~ é\n&=%+/';
  const word = (): string => Array.from({ length: 1 + Math.floor(random() * 6) }, () => pick(letters)).join('');
  for (let i = 0; i < 300 * testScale; i++) {
    const partition = word();
    const token =
      random() < 0.5
        ? accountToken({ resourceTypes: 'sco', startsOn: new Date(nowMs - hour) })
        : tableToken({
            startPartitionKey: partition,
            startRowKey: word(),
            endPartitionKey: partition + word(),
            endRowKey: word(),
          });
    const request: TableRequest = requestOf({ url: `/devstoreaccount1/People?${token}` });
    expect(outcome(token), token).toHaveProperty('access', 'full');
    const names = [...request.query.keys()];
    const name = names[Math.floor(random() * names.length)]!;
    const value = request.query.get(name)!;
    const at = Math.floor(random() * value.length);
    let other = pick(letters);
    while (other === value[at]) other = pick(letters);
    const changed = value.slice(0, at) + other + value.slice(at + 1);
    // The name of a table counts whatever its letters' case; the last character of base64 has spare bits.
    if (name === 'tn' && changed.toLowerCase() === value.toLowerCase()) continue;
    if (name === 'sig' && (at >= value.length - 2 || (value[at] === '+' && other === ' '))) continue;
    const query = new Map(request.query).set(name, changed);
    expect(
      attempt(() => authenticator(withTable())({ ...request, query })),
      `${name}: ${value} -> ${changed}`,
    ).toBe(failed);
  }
});
