// Who signed a request. Master-key signatures: HMAC-SHA256 with the account's key over
//
//   lower(verb) LF lower(resource type) LF resource link LF lower(x-ms-date) LF lower(date if x-ms-date is absent) LF
//
// sent as the URL-encoded header `type=master&ver=1.0&sig=…` (docs: "Access control on Azure Cosmos DB resources").
// The link is the names as they are, or for an address by `_rid` that id alone in lower case.
// Signatures are compared in constant time, and every key of every account costs the same to refuse.

import { createHmac, createSecretKey, timingSafeEqual, type KeyObject } from 'node:crypto';
import { DatabaseError } from '../../model/errors.ts';
import type { Deployment } from '../deployment.ts';
import type { Principal } from '../serve.ts';
import { headerOf, type CosmosRequest } from './decode.ts';
import { bearerOf } from './emulator-token.ts';

/** How far a request's date may be from ours. */
export const clockSkewMsMax = 15 * 60 * 1000;

const signatureBytes = 32;

/** Base64 of the four bytes of a database's `_rid`. */
const databaseRidCharacters = 8;

interface SigningKey {
  readonly key: KeyObject;
  readonly principal: Principal;
}

function unauthorized(message: string): DatabaseError {
  return new DatabaseError('Unauthorized', message, { argument: 'authorization' });
}

function signingKeys(deployment: Deployment): SigningKey[] {
  return deployment.accounts.flatMap(({ number, id, keys }) => {
    const keyOf = (text: string, access: Principal['access']): SigningKey => ({
      key: createSecretKey(Buffer.from(text, 'base64')),
      principal: { account: number, name: id, access },
    });
    return [
      keyOf(keys.primary, 'full'),
      keyOf(keys.secondary, 'full'),
      keyOf(keys.primaryReadOnly, 'read-only'),
      keyOf(keys.secondaryReadOnly, 'read-only'),
    ];
  });
}

/** Value of a part of `type=…&ver=…&sig=…`; the signature may hold `=`. */
function partOf(token: string, name: string): string | undefined {
  const start = token.startsWith(`${name}=`) ? 0 : token.indexOf(`&${name}=`) + 1;
  if (start === 0 && !token.startsWith(`${name}=`)) return undefined;
  const end = token.indexOf('&', start);
  return token.slice(start + name.length + 1, end < 0 ? undefined : end);
}

function decodedToken(request: CosmosRequest): string {
  const text = headerOf(request, 'authorization');
  if (text === undefined) throw unauthorized('the authorization header is missing');
  try {
    return text.includes('%') ? decodeURIComponent(text) : text;
  } catch {
    throw unauthorized('the authorization header is not URL-encoded');
  }
}

/** How every SDK begins the header: then only the signature is left to decode. */
const usualPrefix = 'type%3Dmaster%26ver%3D1.0%26sig%3D';

function usualSignature(request: CosmosRequest): Buffer | undefined {
  const text = headerOf(request, 'authorization');
  if (text === undefined || !text.startsWith(usualPrefix)) return undefined;
  const encoded = text.slice(usualPrefix.length).replace('%3D', '=').replaceAll('%2B', '+').replaceAll('%2F', '/');
  const signature = Buffer.from(encoded, 'base64');
  return signature.length === signatureBytes && !encoded.includes('%') ? signature : undefined;
}

function signatureOf(token: string): Buffer {
  const type = partOf(token, 'type');
  if (type !== 'master') {
    const known = type === 'resource' || type === 'sas';
    throw unauthorized(
      known
        ? `authorization of type ${type} is not supported yet; sign with a master key`
        : 'the authorization header must begin with type=master',
    );
  }
  if (partOf(token, 'ver') !== '1.0') throw unauthorized('the authorization header must say ver=1.0');
  const signature = Buffer.from(partOf(token, 'sig') ?? '', 'base64');
  if (signature.length !== signatureBytes) throw unauthorized('the signature is not 32 bytes of base64');
  return signature;
}

export type Authenticate = (request: CosmosRequest) => Principal;

/** Prepares the keys once; the function it gives checks one request. */
export function authenticator(deployment: Deployment): Authenticate {
  const keys = signingKeys(deployment);
  let lastDate = '';
  let lastMs = NaN;

  const checkDate = (text: string): void => {
    if (text !== lastDate) {
      lastMs = Date.parse(text);
      lastDate = text;
    }
    // Under a manual clock any date will do, but there must be one.
    const skewMs = deployment.manualClock === true ? lastMs - lastMs : deployment.nowMs() - lastMs;
    if (!(Math.abs(skewMs) <= clockSkewMsMax))
      throw new DatabaseError(
        'Unauthorized',
        'the date of the request is missing or more than 15 minutes from the server time',
        {
          argument: 'x-ms-date',
        },
      );
  };

  const bearer = (token: string): Principal => {
    const { accounts } = deployment;
    const primaryKeys = accounts.map((account) => account.keys.primary);
    const { number, id } = accounts[bearerOf(token, primaryKeys, deployment.nowMs(), clockSkewMsMax)]!;
    return { account: number, name: id, access: 'full' };
  };

  const signer = (text: string, signature: Buffer): Principal | undefined => {
    let found: Principal | undefined;
    for (const { key, principal } of keys) {
      const expected = createHmac('sha256', key).update(text).digest();
      if (timingSafeEqual(expected, signature)) {
        found = principal;
        break;
      }
    }
    return found;
  };

  return (request) => {
    if (request.row.signed === false) return anyone(request, deployment);
    let signature = usualSignature(request);
    if (signature === undefined) {
      const token = decodedToken(request);
      if (partOf(token, 'type') === 'aad') return bearer(partOf(token, 'sig') ?? '');
      signature = signatureOf(token);
    }
    const msDate = headerOf(request, 'x-ms-date');
    const date = headerOf(request, 'date');
    checkDate(msDate ?? date ?? '');
    const head = `${request.verb.toLowerCase()}\n${request.resourceType.toLowerCase()}\n`;
    const tail = `\n${(msDate ?? '').toLowerCase()}\n${msDate === undefined ? (date ?? '').toLowerCase() : ''}\n`;
    let principal: Principal | undefined;
    for (const link of linksOf(request)) principal ??= signer(head + link + tail, signature);
    if (principal === undefined)
      throw unauthorized(
        "the signature does not match: check the account's key, the verb, the resource link and the date that were signed",
      );
    if (principal.access === 'read-only' && !request.row.reads)
      throw new DatabaseError('Forbidden', 'a read-only key cannot write', { argument: 'authorization' });
    return principal;
  };
}

/** The texts a client may have signed for the address: by names, and by `_rid`. */
function linksOf(request: CosmosRequest): readonly string[] {
  const { ids } = request;
  if (ids.length === 0) return [request.link];
  const own = ids[ids.length - (request.row.signedType === undefined ? 1 : 2)]!.toLowerCase();
  if (request.resourceType === 'offers') return [own];
  const database = ids[0]!;
  return database.length === databaseRidCharacters && database.endsWith('==') ? [request.link, own] : [request.link];
}

/** Routes that need no signature tell nothing secret; they still refuse a page of another site that asks by a rebound name. */
function anyone(request: CosmosRequest, deployment: Deployment): Principal {
  const { origin } = request.headers;
  if (origin !== undefined && !isLocal(request.origin) && request.origin !== deployment.advertise)
    throw new DatabaseError('Forbidden', 'this address is not served to pages of other sites', { argument: 'Origin' });
  return { account: deployment.accounts[0]!.number, name: 'anyone', access: 'read-only' };
}

function isLocal(origin: string): boolean {
  return /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(origin);
}
