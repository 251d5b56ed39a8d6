// Shared access signatures: parameters of the query by which whoever has no key may do some things for some time. One for
// a table (`tn`) opens its entities, or a range of them, and may leave fields to a stored access policy (`si`); one for
// an account (`ss`, `srt`) opens levels of the service. Sources: "Create a service SAS", "Create an account SAS".
//
// Invariants: nothing of a signature is believed, and no policy is looked up, before a key of the account has been found
// to have signed it; a signature made with a read-only key opens nothing but reading.

import { isIPv4 } from 'node:net';
import type { DatabaseError } from '../../model/errors.ts';
import type { Account, Deployment } from '../deployment.ts';
import { policiesOf, type AccessPolicy } from './access-policy.ts';
import { instantOf } from './access-time.ts';
import { refusal } from './errors.ts';
import { tableNamed } from './find-table.ts';
import type { Grant, KeyBound, Permission, TablePrincipal } from './principal.ts';
import type { TableRequest } from './request.ts';
import { accountTexts, serviceText, versionMin, type Field } from './sas-text.ts';
import { authenticationFailed } from './shared-key.ts';
import { keyThatSigned, namesOf, signatureOf, type Signer, type SigningKey } from './signing-keys.ts';

const servicePermissions: ReadonlyMap<string, Permission> = new Map([
  ['r', 'read'],
  ['a', 'add'],
  ['u', 'update'],
  ['d', 'delete'],
]);

/** Letters of other services are allowed, and open nothing here. */
const accountPermissions: ReadonlyMap<string, Permission> = new Map([
  ...servicePermissions,
  ['l', 'list'],
  ['w', 'write'],
  ['c', 'create'],
]);

type Level = Grant extends { readonly levels: ReadonlySet<infer One> } ? One : never;

const levels: ReadonlyMap<string, Level> = new Map([
  ['s', 'service'],
  ['c', 'container'],
  ['o', 'object'],
]);

const entityLevels: ReadonlySet<Level> = new Set(['object']);

function invalid(name: string): DatabaseError {
  return authenticationFailed(`${name} is missing or invalid.`);
}

/** Whether the query bears a signature. */
export function bearsSignature({ query }: TableRequest): boolean {
  return query.has('sig');
}

export type CheckSas = (request: TableRequest, signer: Signer) => TablePrincipal;

export function sasChecker(deployment: Deployment): CheckSas {
  return (request, signer) => {
    const { query } = request;
    const field: Field = (name) => query.get(name) ?? '';
    if (field('skoid') !== '')
      throw authenticationFailed(
        'Signatures with a user delegation key are not offered; sign with a key of the account.',
      );
    const version = field('sv');
    if (!/^\d{4}-\d\d-\d\d$/.test(version) || version < versionMin) throw invalid('sv');
    const isAccount = field('srt') !== '' || field('ss') !== '';
    if (!isAccount && field('tn') === '') throw invalid('tn');
    const signed = signedBy(deployment, request, signer, field, isAccount);
    const { principal } = signed;
    const grant = isAccount ? accountGrant(field) : tableGrant(signer.account, field);
    checkTime(deployment, grant);
    checkOrigin(request, field);
    return { ...principal, name: `${principal.name} (signature)`, grant: grant.grant };
  };
}

function signedBy(
  deployment: Deployment,
  { accountName }: TableRequest,
  signer: Signer,
  field: Field,
  isAccount: boolean,
): SigningKey {
  // A plus sign that was not encoded has become a blank.
  const signature = signatureOf(field('sig').replaceAll(' ', '+'));
  if (signature === undefined) throw invalid('sig');
  let first: string | undefined;
  for (const name of namesOf(deployment, signer.account, accountName))
    for (const text of isAccount ? accountTexts(name, field) : [serviceText(name, field)]) {
      first ??= text;
      const key = keyThatSigned(signer, text, signature);
      if (key !== undefined) return key;
    }
  throw authenticationFailed(`Signature did not match. String to sign used was ${first}.`);
}

/** What a signature allows and when, policy and all. */
interface Terms {
  readonly grant: Grant;
  readonly start: string;
  readonly expiry: string;
}

function permissionsOf(letters: string, known: ReadonlyMap<string, Permission>): ReadonlySet<Permission> {
  return new Set([...letters].flatMap((letter) => known.get(letter) ?? []));
}

function accountGrant(field: Field): Terms {
  const services = field('ss');
  const types = field('srt');
  const permission = field('sp');
  if (!/^[bqtf]+$/.test(services)) throw invalid('ss');
  if (!/^[sco]+$/.test(types)) throw invalid('srt');
  if (!/^[a-z]+$/.test(permission)) throw invalid('sp');
  if (!services.includes('t')) throw refusal('AuthorizationServiceMismatch', 'ss');
  return {
    grant: {
      permissions: permissionsOf(permission, accountPermissions),
      levels: new Set([...types].flatMap((type) => levels.get(type) ?? [])),
      table: undefined,
      from: undefined,
      to: undefined,
    },
    start: field('st'),
    expiry: field('se'),
  };
}

function tableGrant(account: Account, field: Field): Terms {
  const table = field('tn');
  const policy = policyOf(account, table, field('si'));
  const said = (name: string, kept: string | undefined): string => {
    const given = field(name);
    if (given !== '' && kept !== undefined)
      throw authenticationFailed(`${name} is given by the signature and by its stored access policy.`);
    return kept ?? given;
  };
  const permission = said('sp', policy?.permission);
  if (!/^[raud]+$/.test(permission)) throw invalid('sp');
  const from = boundOf(field, 'spk', 'srk');
  const to = boundOf(field, 'epk', 'erk');
  return {
    grant: {
      permissions: permissionsOf(permission, servicePermissions),
      levels: entityLevels,
      table: table.toLowerCase(),
      from,
      to,
    },
    start: said('st', policy?.start),
    expiry: said('se', policy?.expiry),
  };
}

function policyOf({ engine }: Account, table: string, identifier: string): AccessPolicy | undefined {
  if (identifier === '') return undefined;
  const container = tableNamed(engine.catalog, table);
  const policy = container && policiesOf(container).find(({ id }) => id === identifier);
  if (policy === undefined) throw authenticationFailed('No stored access policy has the identifier of the signature.');
  return policy;
}

function boundOf(field: Field, partitionName: string, rowName: string): KeyBound | undefined {
  const partitionKey = field(partitionName);
  const rowKey = field(rowName);
  if (partitionKey === '' && rowKey === '') return undefined;
  // An empty partition key cannot be told from none, and a bound on rows alone bounds nothing.
  if (partitionKey === '') throw invalid(partitionName);
  return { partitionKey, rowKey: rowKey === '' ? undefined : rowKey };
}

function checkTime(deployment: Deployment, { start, expiry }: Terms): void {
  const startMs = start === '' ? -Infinity : instantOf(start);
  const expiryMs = instantOf(expiry);
  if (startMs === undefined) throw invalid('st');
  if (expiryMs === undefined) throw invalid('se');
  // Under a manual clock any time will do, as with dates of signatures.
  if (deployment.manualClock === true) return;
  const nowMs = deployment.nowMs();
  if (nowMs >= startMs && nowMs < expiryMs) return;
  throw authenticationFailed(
    `Signature not valid in the specified time frame: Start [${start}] - Expiry [${expiry}] - ` +
      `Current [${new Date(nowMs).toUTCString()}].`,
  );
}

function checkOrigin({ isEncrypted, remoteAddress }: TableRequest, field: Field): void {
  const protocol = field('spr');
  if (protocol !== '' && protocol !== 'https' && protocol !== 'https,http') throw invalid('spr');
  if (protocol === 'https' && !isEncrypted) throw refusal('AuthorizationProtocolMismatch', 'spr');
  const range = field('sip');
  if (range === '') return;
  const ends = range.split('-');
  const [first = '', last = first] = ends;
  if (ends.length > 2 || !isIPv4(first) || !isIPv4(last)) throw invalid('sip');
  // IPv4 over a socket for both families.
  const address = remoteAddress.replace(/^::ffff:/i, '');
  const inside = isIPv4(address) && numberOf(address) >= numberOf(first) && numberOf(address) <= numberOf(last);
  if (!inside) throw refusal('AuthorizationSourceIPMismatch', 'sip');
}

function numberOf(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}
