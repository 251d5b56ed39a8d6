// The public keys by which an issuer's tokens are checked: a JSON Web Key Set (RFC 7517) or a PEM key, given in the
// configuration, read from a file, or fetched over https and fetched again when a token names a key that is not there.
//
// Only the server's operator can say where keys come from. Still, an address is looked at after it was resolved:
// loopback, link-local (where clouds serve their machine's secrets) and unspecified ones are refused, redirects are
// not followed, and what comes back is bounded (security page, family 19).

import { createPublicKey } from 'node:crypto';
import { lookup as resolve, type LookupAddress } from 'node:dns';
import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { DatabaseError } from '../model/errors.ts';

/** A key as jose takes it. */
export interface PublicJwk {
  readonly kty: string;
  readonly kid?: string | undefined;
  readonly [name: string]: unknown;
}

export interface KeySet {
  /** Keys that may have signed under that id, without one all. */
  find(kid: string | undefined): Promise<readonly PublicJwk[]>;
}

/** Bytes of a key set: a hundred keys with their certificates. */
const keySetBytesMax = 256 * 1024;
const keysMax = 100;

const fetchMsMax = 5_000;

/** A set is fetched anew when it is older, and no sooner than `refetchMsMin` for the sake of an unknown key. */
const freshMs = 60 * 60_000;
const refetchMsMin = 30_000;

function unusable(what: string, cause?: unknown): DatabaseError {
  return new DatabaseError('BadRequest', `the keys of an issuer cannot be used: ${what}`, {
    argument: 'issuer',
    cause,
  });
}

/** Keys in a text: a JWKS, one JWK, or a PEM. Secret and unknown kinds of keys are left out. */
export function parseKeys(text: string): readonly PublicJwk[] {
  if (text.length > keySetBytesMax) throw unusable('they are too long');
  if (text.includes('-----BEGIN')) {
    if (text.includes('PRIVATE KEY')) throw unusable('the PEM is a private key; give the public one');
    try {
      return [createPublicKey(text).export({ format: 'jwk' }) as PublicJwk];
    } catch (cause) {
      throw unusable('the PEM is no public key or certificate', cause);
    }
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw unusable('neither JSON nor PEM', cause);
  }
  const list = isRecord(parsed) && Array.isArray(parsed['keys']) ? (parsed['keys'] as unknown[]) : [parsed];
  const keys = list
    .filter((key): key is PublicJwk => isRecord(key) && (key['kty'] === 'RSA' || key['kty'] === 'EC'))
    .filter((key) => key['use'] === undefined || key['use'] === 'sig')
    .slice(0, keysMax);
  if (keys.length === 0) throw unusable('there is no RSA or EC key');
  if (keys.some((key) => key['d'] !== undefined)) throw unusable('they hold a private key; give the public ones');
  return keys;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What a configuration names: an https address, a JWKS itself, or a file. */
export async function openKeySet(source: string, nowMs: () => number): Promise<KeySet> {
  if (source.startsWith('https://')) return new RemoteKeySet(() => fetchKeys(source), nowMs);
  if (/^http:/i.test(source)) throw unusable('an address must begin with https://');
  return fixedKeySet(parseKeys(source.trimStart().startsWith('{') ? source : await textOf(source)));
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw unusable(`${file} cannot be read`, cause);
  }
}

function matching(keys: readonly PublicJwk[], kid: string | undefined): readonly PublicJwk[] {
  return kid === undefined ? keys : keys.filter((key) => key.kid === undefined || key.kid === kid);
}

export function fixedKeySet(keys: readonly PublicJwk[]): KeySet {
  return { find: (kid) => Promise.resolve(matching(keys, kid)) };
}

export class RemoteKeySet implements KeySet {
  readonly #fetch: () => Promise<string>;
  readonly #nowMs: () => number;
  #keys: readonly PublicJwk[] | undefined;
  #fetchedMs = -Infinity;
  #fetching: Promise<void> | undefined;

  constructor(fetch: () => Promise<string>, nowMs: () => number) {
    this.#fetch = fetch;
    this.#nowMs = nowMs;
  }

  async find(kid: string | undefined): Promise<readonly PublicJwk[]> {
    const ageMs = this.#nowMs() - this.#fetchedMs;
    const found = matching(this.#keys ?? [], kid);
    if (found.length > 0 && ageMs < freshMs) return found;
    if (ageMs >= refetchMsMin) this.#fetching ??= this.#refresh();
    await this.#fetching;
    return matching(this.#keys ?? [], kid);
  }

  /** An issuer that cannot be reached leaves the keys that are known, until it can. */
  async #refresh(): Promise<void> {
    this.#fetchedMs = this.#nowMs();
    try {
      this.#keys = parseKeys(await this.#fetch());
    } catch (cause) {
      if (this.#keys === undefined)
        throw new DatabaseError('Unavailable', 'the keys of the issuer cannot be fetched now', { cause });
    } finally {
      this.#fetching = undefined;
    }
  }
}

const refused = new BlockList();
for (const [address, prefix, family] of [
  ['0.0.0.0', 8, 'ipv4'],
  ['127.0.0.0', 8, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['224.0.0.0', 3, 'ipv4'],
  ['::', 127, 'ipv6'],
  ['fe80::', 10, 'ipv6'],
  ['ff00::', 8, 'ipv6'],
] as const)
  refused.addSubnet(address, prefix, family);
/** Where one cloud serves the secrets of its machines over IPv6. */
refused.addAddress('fd00:ec2::254', 'ipv6');

/** False for addresses that no issuer has. IPv4 within IPv6 is looked at as IPv4. */
export function isFetchable(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && !refused.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

/** A resolver that answers with fetchable addresses only, so that what is looked at is what is connected to. */
const lookup: LookupFunction = (host, options, done) => {
  resolve(host, { ...options, all: true }, (error, found) => {
    const addresses = (found as readonly LookupAddress[] | undefined) ?? [];
    const allowed = addresses.filter(({ address }) => isFetchable(address));
    const first = allowed[0];
    if (error !== null || first === undefined || allowed.length < addresses.length)
      done(error ?? new Error('the name resolves to an address that is not fetched from'), '', 4);
    else if (options.all === true) done(null, allowed);
    else done(null, first.address, first.family);
  });
};

function fetchKeys(address: string): Promise<string> {
  const url = new URL(address);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return new Promise((done, failed) => {
    if (isIP(host) !== 0 && !isFetchable(host)) {
      failed(new Error('the address is not fetched from'));
      return;
    }
    const signal = AbortSignal.timeout(fetchMsMax);
    const call = request(url, { lookup, agent: false, signal, headers: { accept: 'application/json' } }, (response) => {
      if (response.statusCode !== 200) {
        call.destroy(new Error(`the issuer answered ${response.statusCode}`));
        return;
      }
      const parts: Buffer[] = [];
      let bytes = 0;
      response.on('data', (part: Buffer) => {
        bytes += part.length;
        if (bytes > keySetBytesMax) call.destroy(new Error('the key set is too long'));
        else parts.push(part);
      });
      response.once('end', () => done(Buffer.concat(parts).toString('utf8')));
      response.once('error', failed);
    });
    call.once('error', failed);
    call.end();
  });
}
