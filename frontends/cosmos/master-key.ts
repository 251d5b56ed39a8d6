// Signatures with a key of an account: HMAC-SHA256 over
//
//   lower(verb) LF lower(resource type) LF resource link LF lower(x-ms-date) LF lower(date if x-ms-date is absent) LF
//
// sent as the URL-encoded header `type=master&ver=1.0&sig=…` (docs: "Access control on Azure Cosmos DB resources").
// The link is the names as they are, or for an address by `_rid` that id alone in lower case. A signature holds for
// 15 minutes around its date. Signatures are compared in constant time.

import { DatabaseError } from '../../model/errors.ts';
import type { Account, AccountKeys, Deployment } from '../deployment.ts';
import { hmacKeyOf, isSignedBy, type HmacKey } from '../hmac.ts';
import { headerOf, type CosmosRequest } from './decode.ts';
import type { CosmosPrincipal } from './authorize.ts';

/** How far a request's date may be from ours. */
export const clockSkewMsMax = 15 * 60 * 1000;

export const signatureBytes = 32;

/** Base64 of the four bytes of a database's `_rid`. */
const databaseRidCharacters = 8;

interface SigningKey {
  readonly key: HmacKey;
  readonly principal: CosmosPrincipal;
}

export function unauthorized(message: string): DatabaseError {
  return new DatabaseError('Unauthorized', message, { argument: 'authorization' });
}

function signingKeysOf({ number, id, keys }: Account): SigningKey[] {
  const keyOf = (text: string, access: CosmosPrincipal['access']): SigningKey => ({
    key: hmacKeyOf(Buffer.from(text, 'base64')),
    principal: { account: number, name: id, access },
  });
  return [
    keyOf(keys.primary, 'full'),
    keyOf(keys.secondary, 'full'),
    keyOf(keys.primaryReadOnly, 'read-only'),
    keyOf(keys.secondaryReadOnly, 'read-only'),
  ];
}

/** Refusal of a token that is not valid yet or no more. Times are told: clients with a wrong clock see it at once. */
export function outOfTime(startMs: number, expiryMs: number, nowMs: number): DatabaseError {
  const text = (milliseconds: number): string => new Date(milliseconds).toUTCString();
  return new DatabaseError(
    'Forbidden',
    'The authorization token is not valid at the current time. Please create another token and retry ' +
      `(token start time: ${text(startMs)}, token expiry time: ${text(expiryMs)}, current server time: ${text(nowMs)}).`,
    { argument: 'authorization' },
  );
}

/** Whose signature a request bears. Throws Unauthorized or Forbidden. */
export type CheckSignature = (request: CosmosRequest, signature: Buffer) => CosmosPrincipal;

export function signatureChecker(deployment: Deployment): CheckSignature {
  let signing: readonly SigningKey[] = [];
  let made: readonly AccountKeys[] = [];
  let lastDate = '';
  let lastMs = NaN;

  // Keys change at run time: an old one ends with the next request.
  const currentKeys = (): readonly SigningKey[] => {
    const { accounts } = deployment;
    if (made.length !== accounts.length || accounts.some(({ keys }, i) => keys !== made[i])) {
      made = accounts.map(({ keys }) => keys);
      signing = accounts.flatMap(signingKeysOf);
    }
    return signing;
  };

  const checkDate = (text: string | undefined): void => {
    if (text === undefined || text === '')
      throw unauthorized('Authorization token mandates Date headers. Please pass in RFC 1123 style date format.');
    if (text !== lastDate) {
      lastMs = Date.parse(text);
      lastDate = text;
    }
    if (Number.isNaN(lastMs))
      throw unauthorized('The input date header is invalid format. Please pass in RFC 1123 style date format.');
    // Under a manual clock any date will do.
    if (deployment.manualClock === true) return;
    const nowMs = deployment.nowMs();
    if (Math.abs(nowMs - lastMs) > clockSkewMsMax) throw outOfTime(lastMs, lastMs + clockSkewMsMax, nowMs);
  };

  const signer = (text: string, signature: Buffer): CosmosPrincipal | undefined => {
    for (const { key, principal } of currentKeys()) if (isSignedBy(key, text, signature)) return principal;
    return undefined;
  };

  return (request, signature) => {
    const msDate = headerOf(request, 'x-ms-date');
    const date = headerOf(request, 'date');
    checkDate(msDate ?? date);
    const head = `${request.verb.toLowerCase()}\n${request.resourceType.toLowerCase()}\n`;
    const tail = `\n${(msDate ?? '').toLowerCase()}\n${msDate === undefined ? (date ?? '').toLowerCase() : ''}\n`;
    const links = linksOf(request);
    let principal: CosmosPrincipal | undefined;
    for (const link of links) principal ??= signer(head + link + tail, signature);
    if (principal === undefined)
      throw unauthorized(
        "The input authorization token can't serve the request. The wrong key is being used or the expected payload " +
          `is not built as per the protocol. Server used the following payload to sign: '${head}${links.at(-1)!}${tail}'`,
      );
    return principal;
  };
}

/** The texts a client may have signed for the address: by names, and by `_rid`. */
function linksOf(request: CosmosRequest): readonly string[] {
  const { ids } = request;
  if (ids.length === 0) return [request.link];
  const isBelow = request.row.signedType !== undefined;
  const own = ids[ids.length - (isBelow ? 2 : 1)]!.toLowerCase();
  if (request.resourceType === 'offers') return [own];
  const database = ids[0]!;
  return database.length === databaseRidCharacters && database.endsWith('==') ? [request.link, own] : [request.link];
}
