// The keys that sign for an account of the Table door, ready to compute with. An account answers to its own name; the
// default one also to the name that every client of a storage emulator knows by heart, and while it has the emulators'
// public key, also to the public key that goes with that name (`Deployment.storageEmulatorKey`).
//
// Invariant: keys are kept by the identity of the account's record, so that one that was made anew signs nothing from
// the next request on.

import type { Account, AccountKeys, Deployment } from '../deployment.ts';
import { hmacKeyOf, isSignedBy, type HmacKey } from '../hmac.ts';
import type { TablePrincipal } from './principal.ts';

/** The account of `UseDevelopmentStorage=true`. */
export const emulatorAccountName = 'devstoreaccount1';

export const signatureBytes = 32;

/** Base64 of a signature: what is longer is none. */
const signatureCharacters = 44;

/** An account with its keys. The one that signed last comes first: clients go on with the one they have. */
export interface Signer {
  readonly account: Account;
  readonly keys: SigningKey[];
}

export interface SigningKey {
  readonly key: HmacKey;
  readonly principal: TablePrincipal;
}

export type SignerOf = (accountName: string) => Signer | undefined;

interface Made {
  readonly keys: AccountKeys;
  readonly emulatorKey: string | undefined;
  readonly signer: Signer;
}

export function signers(deployment: Deployment): SignerOf {
  const made = new Map<number, Made>();
  return (accountName) => {
    const account = accountNamed(deployment, accountName);
    if (account === undefined) return undefined;
    const emulatorKey = account === deployment.accounts[0] ? deployment.storageEmulatorKey : undefined;
    const known = made.get(account.number);
    if (known !== undefined && known.keys === account.keys && known.emulatorKey === emulatorKey) return known.signer;
    const signer = { account, keys: signingKeysOf(account, emulatorKey) };
    made.set(account.number, { keys: account.keys, emulatorKey, signer });
    return signer;
  };
}

export function accountNamed({ accounts }: Pick<Deployment, 'accounts'>, name: string): Account | undefined {
  return accounts.find(({ id }) => id === name) ?? (name === emulatorAccountName ? accounts[0] : undefined);
}

function signingKeysOf({ number, id, keys }: Account, emulatorKey: string | undefined): SigningKey[] {
  const keyOf = (text: string, access: TablePrincipal['access']): SigningKey => ({
    key: hmacKeyOf(Buffer.from(text, 'base64')),
    principal: { account: number, name: id, access, grant: undefined },
  });
  return [
    ...(emulatorKey === undefined ? [] : [keyOf(emulatorKey, 'full')]),
    keyOf(keys.primary, 'full'),
    keyOf(keys.secondary, 'full'),
    keyOf(keys.primaryReadOnly, 'read-only'),
    keyOf(keys.secondaryReadOnly, 'read-only'),
  ];
}

/** Bytes of a signature in base64; undefined for what cannot be one. */
export function signatureOf(text: string): Buffer | undefined {
  if (text.length !== signatureCharacters) return undefined;
  const signature = Buffer.from(text, 'base64');
  return signature.length === signatureBytes ? signature : undefined;
}

/** The key of the account that signed that text, compared in constant time. */
export function keyThatSigned({ keys }: Signer, text: string, signature: Buffer): SigningKey | undefined {
  for (let i = 0; i < keys.length; i++) {
    const one = keys[i]!;
    if (!isSignedBy(one.key, text, signature)) continue;
    if (i > 0) {
      keys[i] = keys[0]!;
      keys[0] = one;
    }
    return one;
  }
  return undefined;
}

/** Names by which clients may call that account in what they sign, the one in the address first. */
export function namesOf({ accounts }: Deployment, account: Account, inAddress: string): readonly string[] {
  const names = account === accounts[0] ? [inAddress, account.id, emulatorAccountName] : [inAddress];
  return names.filter((name, i) => names.indexOf(name) === i);
}
