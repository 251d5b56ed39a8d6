// Who may use a route. A key of an account travels in `x-meridian-key` or as a bearer token; it names the account.
//
// Browsers send requests on behalf of any page, so (security page, families 17 and 18):
//  - a request with an Origin or Sec-Fetch-Site of another site is refused on every route;
//  - a route without credentials answers only when Host is an address, localhost or a configured name. A rebound
//    domain name is none of these, whereas an address in Host cannot be rebound.

import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import { DatabaseError } from '../../model/errors.ts';
import type { Account } from '../deployment.ts';
import type { Principal } from '../serve.ts';
import type { AdminRequest } from './decode.ts';

const nobody: Principal = { account: 0, name: 'anonymous', access: 'read-only' };

interface KnownKey {
  readonly digest: Buffer;
  readonly principal: Principal;
}

export type Authenticate = (request: AdminRequest) => Principal;

function knownKeys(accounts: readonly Account[]): KnownKey[] {
  return accounts.flatMap((account): KnownKey[] => {
    const principal = { account: account.number, name: account.id };
    const { primary, secondary, primaryReadOnly, secondaryReadOnly } = account.keys;
    return [
      ...[primary, secondary].map((key) => ({
        digest: digestOf(key),
        principal: { ...principal, access: 'full' as const },
      })),
      ...[primaryReadOnly, secondaryReadOnly].map((key) => ({
        digest: digestOf(key),
        principal: { ...principal, access: 'read-only' as const },
      })),
    ];
  });
}

export function authenticator(accounts: readonly Account[], hostNames: readonly string[]): Authenticate {
  const hosts = new Set(['localhost', ...hostNames.map((name) => name.toLowerCase())]);
  return ({ route, headers }) => {
    checkOrigin(headers.origin, headers['sec-fetch-site'], headers.host);
    if (route.credentials === 'none') {
      checkHost(headers.host, hosts);
      return nobody;
    }
    const principal = principalOf(headers['x-meridian-key'] ?? bearerOf(headers.authorization), knownKeys(accounts));
    if (route.credentials === 'full key' && principal.access !== 'full')
      throw new DatabaseError('Forbidden', 'this needs a key that may write');
    return principal;
  };
}

function digestOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

/** Compares with every key, so that the time taken says nothing about which one was near. */
function principalOf(given: string | readonly string[] | undefined, known: readonly KnownKey[]): Principal {
  if (typeof given !== 'string')
    throw new DatabaseError('Unauthorized', 'give an account key in x-meridian-key or as a bearer token');
  const digest = digestOf(given);
  let found: Principal | undefined;
  for (const { digest: one, principal } of known) if (timingSafeEqual(one, digest)) found ??= principal;
  if (found === undefined) throw new DatabaseError('Unauthorized', 'no account has that key');
  return found;
}

function bearerOf(authorization: string | undefined): string | undefined {
  return authorization?.match(/^Bearer +(\S+)$/i)?.[1];
}

function checkOrigin(
  origin: string | undefined,
  site: string | readonly string[] | undefined,
  host: string | undefined,
): void {
  const foreign =
    (site !== undefined && site !== 'same-origin' && site !== 'none') ||
    (origin !== undefined && (!URL.canParse(origin) || new URL(origin).host !== host));
  if (foreign)
    throw new DatabaseError('Forbidden', 'requests from pages of other sites are refused', { argument: 'Origin' });
}

function checkHost(host: string | undefined, hosts: ReadonlySet<string>): void {
  const given = `http://${host ?? ''}`;
  const name = URL.canParse(given) ? new URL(given).hostname.toLowerCase().replace(/^\[|\]$/g, '') : '';
  if (isIP(name) === 0 && !hosts.has(name))
    throw new DatabaseError('Forbidden', 'this server does not go by that name; give it with --host or --advertise', {
      argument: 'Host',
    });
}
