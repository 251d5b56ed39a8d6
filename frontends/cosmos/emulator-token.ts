// The bearer token by which SDKs' own suites try Microsoft Entra ID against an emulator: a JWT whose third part is not
// a signature but the account's primary key itself, in base64url. Whoever bears it holds the key, so it grants what
// the key grants; it is taken in the emulator profile only, where that key is public anyway.

import { timingSafeEqual } from 'node:crypto';
import { badBearer } from '../bearer.ts';

/** Key id that marks such a token. */
const keyId = 'CosmosEmulatorPrimaryMaster';

/** Characters of a token that is looked at: real ones have some 2,000. */
const tokenCharactersMax = 16 * 1024;

function claimsOf(part: string): Readonly<Record<string, unknown>> {
  try {
    const claims = JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as unknown;
    if (claims !== null && typeof claims === 'object') return claims as Record<string, unknown>;
  } catch {
    // Answered below.
  }
  throw badBearer('format', 'the bearer token is malformed');
}

/** Whether a token says that it holds a key instead of a signature. */
export function isEmulatorToken(token: string): boolean {
  if (token.length > tokenCharactersMax) throw badBearer('format', 'the bearer token is too long');
  const [header = ''] = token.split('.', 1);
  return claimsOf(header)['kid'] === keyId;
}

/** Index of the key that the token bears, among the primary keys of the accounts. Throws Unauthorized. */
export function bearerOf(token: string, primaryKeys: readonly string[], nowMs: number, skewMsMax: number): number {
  const [, payload = '', key = ''] = token.split('.');
  const { nbf, exp } = claimsOf(payload);
  if (typeof exp !== 'number' || exp * 1000 + skewMsMax < nowMs)
    throw badBearer('expired', 'the bearer token has expired');
  if (typeof nbf === 'number' && nbf * 1000 - skewMsMax > nowMs)
    throw badBearer('notYetValid', 'the bearer token is not valid yet');
  const given = Buffer.from(key, 'base64url');
  const found = primaryKeys.findIndex((known) => {
    const expected = Buffer.from(known);
    return expected.length === given.length && timingSafeEqual(expected, given);
  });
  if (found < 0) throw badBearer('signature', 'the bearer token does not hold the key of an account');
  return found;
}
