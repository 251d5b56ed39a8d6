// The bearer token by which SDKs' own tests try Microsoft Entra ID against an emulator: a JWT whose third part is not
// a signature but the account's primary key itself, in base64url. Whoever bears it holds the key, so it grants what
// the key grants. No token of an issuer is accepted: there is no trust in one to configure yet.

import { timingSafeEqual } from 'node:crypto';
import { DatabaseError } from '../../model/errors.ts';

/** Key id that marks such a token. */
const keyId = 'CosmosEmulatorPrimaryMaster';

/** Characters of a token that is looked at: real ones have some 2,000. */
const tokenCharactersMax = 16 * 1024;

function refused(message: string): DatabaseError {
  return new DatabaseError('Unauthorized', message, { argument: 'authorization' });
}

function claimsOf(part: string): Readonly<Record<string, unknown>> {
  try {
    const claims = JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as unknown;
    if (claims !== null && typeof claims === 'object') return claims as Record<string, unknown>;
  } catch {
    // Answered below.
  }
  throw refused('the bearer token is malformed');
}

/** Index of the key that the token bears, among the primary keys of the accounts. Throws Unauthorized. */
export function bearerOf(token: string, primaryKeys: readonly string[], nowMs: number, skewMsMax: number): number {
  if (token.length > tokenCharactersMax) throw refused('the bearer token is too long');
  const [header = '', payload = '', key = ''] = token.split('.');
  if (claimsOf(header)['kid'] !== keyId)
    throw refused('tokens of Microsoft Entra ID are not supported yet; sign with a master key');
  const { nbf, exp } = claimsOf(payload);
  if (typeof exp !== 'number' || exp * 1000 + skewMsMax < nowMs) throw refused('the bearer token has expired');
  if (typeof nbf === 'number' && nbf * 1000 - skewMsMax > nowMs) throw refused('the bearer token is not valid yet');
  const given = Buffer.from(key, 'base64url');
  const found = primaryKeys.findIndex((known) => {
    const expected = Buffer.from(known);
    return expected.length === given.length && timingSafeEqual(expected, given);
  });
  if (found < 0) throw refused('the bearer token does not hold the key of an account');
  return found;
}
