// Resource tokens: what a user's client is given instead of a key, for one permission and a time.
//
//   type=resource&ver=1.0&sig=<signature>;<claims>;
//
// Claims are the base64 of a JSON array; the signature is HMAC-SHA256 over them with a key that is derived from the
// account's primary key, so that a new primary key ends every token. To clients the text is opaque. What a token allows
// is not in it: it names a permission and the digest of what that said, and holds as long as it says so.

import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Account, AccountKeys } from '../deployment.ts';

export interface ResourceTokenClaims {
  readonly account: number;
  /** Number of the user. */
  readonly user: number;
  /** Number and id of the permission. */
  readonly permission: number;
  readonly id: string;
  /** Of what the permission said. */
  readonly digest: string;
  readonly issuedMs: number;
  readonly expiresMs: number;
}

const signatureBytes = 32;

/** Characters of a token that is looked at: an id and some numbers. */
const tokenCharactersMax = 4096;

const signingKeys = new WeakMap<AccountKeys, Buffer>();

function signingKey(keys: AccountKeys): Buffer {
  let key = signingKeys.get(keys);
  if (key === undefined) {
    key = createHmac('sha256', Buffer.from(keys.primary, 'base64')).update('meridian resource tokens').digest();
    signingKeys.set(keys, key);
  }
  return key;
}

function signatureOf(keys: AccountKeys, claims: string): Buffer {
  return createHmac('sha256', signingKey(keys)).update(claims).digest();
}

export function formatResourceToken(keys: AccountKeys, claims: ResourceTokenClaims): string {
  const { account, user, permission, id, digest, issuedMs, expiresMs } = claims;
  const list = [account, user, permission, issuedMs, expiresMs, digest, id];
  const text = Buffer.from(JSON.stringify(list)).toString('base64');
  return `type=resource&ver=1.0&sig=${signatureOf(keys, text).toString('base64')};${text};`;
}

/**
 * The claims of what stands after `sig=`; undefined when the account they name did not sign them. Whoever has a key of
 * another account could have, and could have written anything.
 */
export function readResourceToken(accounts: readonly Account[], sig: string): ResourceTokenClaims | undefined {
  const [signature = '', text = ''] = sig.split(';', 2);
  const given = Buffer.from(signature, 'base64');
  if (sig.length > tokenCharactersMax || given.length !== signatureBytes) return undefined;
  let signer: Account | undefined;
  for (const account of accounts) if (timingSafeEqual(signatureOf(account.keys, text), given)) signer = account;
  const claims = signer && parseClaims(text);
  return claims?.account === signer?.number ? claims : undefined;
}

function parseClaims(text: string): ResourceTokenClaims | undefined {
  let list: unknown;
  try {
    list = JSON.parse(Buffer.from(text, 'base64').toString('utf8'));
  } catch {
    return undefined;
  }
  if (!Array.isArray(list)) return undefined;
  const [account, user, permission, issuedMs, expiresMs, digest, id] = list as unknown[];
  const isClaims =
    [account, user, permission, issuedMs, expiresMs].every(Number.isSafeInteger) &&
    typeof digest === 'string' &&
    typeof id === 'string';
  if (!isClaims) return undefined;
  return { account, user, permission, id, digest, issuedMs, expiresMs } as ResourceTokenClaims;
}
