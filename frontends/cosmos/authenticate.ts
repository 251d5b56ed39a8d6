// Who asks, by the `authorization` header, which is URL-encoded and says `type=…&ver=1.0&sig=…`:
//  - master: a signature with a key of the account (master-key.ts);
//  - resource: a token made for a permission (resource-token.ts);
//  - aad, or a bare bearer token: a JWT of a trusted issuer (frontends/bearer.ts), or in the emulator profile the token
//    of the SDKs' own suites (emulator-token.ts);
//  - sas: refused; its form is in no public reference.
// What they may do is decided next, in authorize.ts.

import { DatabaseError } from '../../model/errors.ts';
import { badBearer } from '../bearer.ts';
import type { Account, Deployment } from '../deployment.ts';
import { authorize, insufficient, type CosmosPrincipal } from './authorize.ts';
import { headerOf, type CosmosRequest } from './decode.ts';
import { bearerOf, isEmulatorToken } from './emulator-token.ts';
import { clockSkewMsMax, outOfTime, signatureBytes, signatureChecker, unauthorized } from './master-key.ts';
import { permissionOf } from './permission.ts';
import { readResourceToken } from './resource-token.ts';

/** Substatus of 401 for tokens of a kind that is turned off. */
const sasDisabled = 5012;

/** Versions of the header that are spoken: resource tokens of the service say `1`. */
const versions: ReadonlySet<string | undefined> = new Set(['1.0', '1']);

function malformed(): DatabaseError {
  return unauthorized("Authorization header doesn't confirm to the required format. Please verify and try again.");
}

/** Value of a part of `type=…&ver=…&sig=…`; the signature may hold `=`. */
function partOf(token: string, name: string): string | undefined {
  const start = token.startsWith(`${name}=`) ? 0 : token.indexOf(`&${name}=`) + 1;
  if (start === 0 && !token.startsWith(`${name}=`)) return undefined;
  const end = token.indexOf('&', start);
  return token.slice(start + name.length + 1, end < 0 ? undefined : end);
}

function decodedToken(text: string): string {
  try {
    return text.includes('%') ? decodeURIComponent(text) : text;
  } catch {
    throw malformed();
  }
}

/** How every SDK begins the header: then only the signature is left to decode. */
const usualPrefix = 'type%3Dmaster%26ver%3D1.0%26sig%3D';

function usualSignature(text: string): Buffer | undefined {
  if (!text.startsWith(usualPrefix)) return undefined;
  const encoded = text.slice(usualPrefix.length).replace('%3D', '=').replaceAll('%2B', '+').replaceAll('%2F', '/');
  const signature = Buffer.from(encoded, 'base64');
  return signature.length === signatureBytes && !encoded.includes('%') ? signature : undefined;
}

function signatureOf(sig: string): Buffer {
  const signature = Buffer.from(sig, 'base64');
  if (signature.length !== signatureBytes) throw malformed();
  return signature;
}

export type Authenticate = (request: CosmosRequest) => CosmosPrincipal | Promise<CosmosPrincipal>;

/** Prepares the keys once; the function it gives checks one request, and what it may do. */
export function authenticator(deployment: Deployment): Authenticate {
  const checkSignature = signatureChecker(deployment);

  const accountOf = (number: number): Account => deployment.accounts.find((account) => account.number === number)!;
  const allowed = (request: CosmosRequest, principal: CosmosPrincipal): CosmosPrincipal => {
    authorize(request, principal, accountOf(principal.account));
    return principal;
  };

  return (request) => {
    if (request.row.signed === false) return anyone(request, deployment);
    const text = headerOf(request, 'authorization');
    if (text === undefined || text === '')
      throw unauthorized('Required Header authorization is missing. Ensure a valid Authorization token is passed.');
    const usual = usualSignature(text);
    if (usual !== undefined) return allowed(request, checkSignature(request, usual));

    const bearer = /^Bearer +(\S+)$/i.exec(text)?.[1];
    const token = bearer === undefined ? decodedToken(text) : `type=aad&ver=1.0&sig=${bearer}`;
    const type = partOf(token, 'type');
    const sig = partOf(token, 'sig');
    if (sig === undefined || !versions.has(partOf(token, 'ver'))) throw malformed();
    switch (type) {
      case 'master':
        return allowed(request, checkSignature(request, signatureOf(sig)));
      case 'resource':
        return allowed(request, userOf(sig, deployment));
      case 'aad':
        if (isEmulatorToken(sig)) return allowed(request, keyHolderOf(sig, deployment));
        return bearerPrincipal(sig, request, deployment).then((principal) => allowed(request, principal));
      case 'sas':
        throw new DatabaseError('Unauthorized', 'authorization of type sas is not offered; use a resource token', {
          argument: 'authorization',
          details: { substatus: sasDisabled },
        });
      default:
        throw malformed();
    }
  };
}

/** The user whose permission a resource token is for. Throws unless that permission says today what it said then. */
function userOf(sig: string, deployment: Deployment): CosmosPrincipal {
  const claims = readResourceToken(deployment.accounts, sig);
  if (claims === undefined)
    throw unauthorized(
      "The input authorization token can't serve the request. It was not made here, or the key of the account has " +
        'changed since: read the permission again.',
    );
  const nowMs = deployment.nowMs();
  if (nowMs < claims.issuedMs - clockSkewMsMax || nowMs >= claims.expiresMs)
    throw outOfTime(claims.issuedMs, claims.expiresMs, nowMs);
  const account = deployment.accounts.find(({ number }) => number === claims.account)!;
  const record = account.engine.catalog.childOrNone({ kind: 'user', number: claims.user }, 'permission', claims.id);
  if (record?.number !== claims.permission) throw insufficient();
  const permission = permissionOf(record);
  if (permission.digest !== claims.digest) throw insufficient();
  return {
    account: account.number,
    name: `user ${claims.user}`,
    access: permission.mode === 'All' ? 'full' : 'read-only',
    limits: { kind: 'permission', permission },
  };
}

/** The account whose primary key a token of the suites holds. */
function keyHolderOf(token: string, deployment: Deployment): CosmosPrincipal {
  if (deployment.emulatorTokens !== true)
    throw badBearer('issuer', 'the issuer of the bearer token is not trusted here');
  const { accounts } = deployment;
  const primaryKeys = accounts.map((account) => account.keys.primary);
  const { number, id } = accounts[bearerOf(token, primaryKeys, deployment.nowMs(), clockSkewMsMax)]!;
  return { account: number, name: id, access: 'full' };
}

async function bearerPrincipal(
  token: string,
  request: CosmosRequest,
  deployment: Deployment,
): Promise<CosmosPrincipal> {
  const { bearerTokens, roleAssignments = [] } = deployment;
  if (bearerTokens === undefined)
    throw badBearer('issuer', 'no issuer of bearer tokens is trusted here; sign with a master key');
  const { principal, principalIds } = await bearerTokens.verify(token);
  return {
    account: accountAskedFor(request, deployment).number,
    name: principal,
    access: 'read-only',
    limits: { kind: 'roles', principal, principalIds, configured: roleAssignments },
  };
}

/** A token names no account: its host does, `{account}.example`, or else it is the default one. Roles decide in it. */
function accountAskedFor({ headers }: CosmosRequest, { accounts }: Deployment): Account {
  const [first] = (headers.host ?? '').split(/[.:]/, 1);
  return accounts.find(({ id }) => id === first) ?? accounts[0]!;
}

/** Routes that need no signature tell nothing secret; they still refuse a page of another site that asks by a rebound name. */
function anyone(request: CosmosRequest, deployment: Deployment): CosmosPrincipal {
  const { origin } = request.headers;
  if (origin !== undefined && !isLocal(request.origin) && request.origin !== deployment.advertise)
    throw new DatabaseError('Forbidden', 'this address is not served to pages of other sites', { argument: 'Origin' });
  return { account: deployment.accounts[0]!.number, name: 'anyone', access: 'read-only' };
}

function isLocal(origin: string): boolean {
  return /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(origin);
}
