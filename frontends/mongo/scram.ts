// SCRAM-SHA-256, the server's side (RFC 5802, RFC 7677). What is kept of a user is salt, iteration count, stored
// key and server key: never the password, and nothing a thief could log in with without inverting SHA-256.
//
// An unknown user meets the same exchange with credentials that are constant for the name (so two attempts look
// alike) and that nobody can satisfy; comparison is in constant time; only the last step says yes or no.

import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto';
import { saslPrep } from './saslprep.ts';

export const scramMechanism = 'SCRAM-SHA-256';

/** Iterations for new users: MongoDB's default, three times RFC 7677's minimum. */
export const scramIterations = 15_000;

const hashBytes = 32;
const saltBytes = 28;
const nonceBytes = 24;

/** A message of the exchange is a name, a nonce and a proof; longer is an attack. */
const messageCharactersMax = 4096;

export interface ScramRecord {
  readonly salt: Uint8Array;
  readonly iterations: number;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

/** Why an exchange failed; for the log, never for the client, who hears "Authentication failed." */
export class ScramFailure extends Error {}

function hmac(key: Uint8Array, text: string | Uint8Array): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function hash(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

/** The record to keep for a new password. */
export function scramRecordOf(
  password: string,
  salt: Uint8Array = randomBytes(saltBytes),
  iterations = scramIterations,
): ScramRecord {
  const salted = pbkdf2Sync(saslPrep(password), salt, iterations, hashBytes, 'sha256');
  return {
    salt,
    iterations,
    storedKey: hash(hmac(salted, 'Client Key')),
    serverKey: hmac(salted, 'Server Key'),
  };
}

/** Secret of this process that fake credentials grow from. */
const fakeSecret = randomBytes(hashBytes);

function fakeRecord(database: string, name: string): ScramRecord {
  const of = (purpose: string): Buffer => hmac(fakeSecret, `${purpose}\0${database}\0${name}`);
  return {
    salt: of('salt').subarray(0, saltBytes),
    iterations: scramIterations,
    storedKey: of('stored'),
    serverKey: of('server'),
  };
}

/** `n=user,r=nonce` behind a GS2 header without channel binding. */
interface ClientFirst {
  readonly gs2Header: string;
  readonly bare: string;
  readonly name: string;
  readonly nonce: string;
}

const clientFirstForm = /^([ny],,)(n=([^,]*),r=([\x21-\x2b\x2d-\x7e]+))(?:,.*)?$/s;

export function parseClientFirst(text: string): ClientFirst {
  if (text.length > messageCharactersMax) throw new ScramFailure('the first message is too long');
  const parts = clientFirstForm.exec(text);
  if (parts === null) throw new ScramFailure('the first message is malformed, or asks for channel binding');
  const gs2Header = parts[1]!;
  const name = unescapeName(parts[3]!);
  return { gs2Header, bare: text.slice(gs2Header.length), name, nonce: parts[4]! };
}

/** A name writes ',' as =2C and '=' as =3D; no other '=' is legal. */
function unescapeName(escaped: string): string {
  if (escaped === '' || /=(?!2C|3D)/.test(escaped)) throw new ScramFailure('the user name is malformed');
  return escaped.replaceAll('=2C', ',').replaceAll('=3D', '=');
}

const clientFinalForm = /^(c=([A-Za-z0-9+/=]+),r=([\x21-\x2b\x2d-\x7e]+)),p=([A-Za-z0-9+/]+={0,2})$/;

/** One exchange. `first` must be called once, then `final` once. */
export class ScramExchange {
  readonly name: string;
  readonly database: string;
  readonly #client: ClientFirst;
  readonly #record: ScramRecord;
  readonly #known: boolean;
  readonly #nonce: string;
  #serverFirst = '';

  constructor(
    database: string,
    clientFirst: string,
    find: (database: string, name: string) => ScramRecord | undefined,
    serverNonce: string = randomBytes(nonceBytes).toString('base64'),
  ) {
    this.#client = parseClientFirst(clientFirst);
    this.database = database;
    this.name = this.#client.name;
    const record = find(database, this.name);
    this.#known = record !== undefined;
    this.#record = record ?? fakeRecord(database, this.name);
    this.#nonce = this.#client.nonce + serverNonce;
  }

  /** The server's first message: joint nonce, salt, iterations. */
  first(): string {
    const salt = Buffer.from(this.#record.salt).toString('base64');
    this.#serverFirst = `r=${this.#nonce},s=${salt},i=${this.#record.iterations}`;
    return this.#serverFirst;
  }

  /** Checks the client's proof. Returns the server's signature, or throws ScramFailure. */
  final(text: string): string {
    if (text.length > messageCharactersMax) throw new ScramFailure('the final message is too long');
    const parts = clientFinalForm.exec(text);
    if (parts === null) throw new ScramFailure('the final message is malformed');
    const [, withoutProof, binding, nonce, proofText] = parts as unknown as [string, string, string, string, string];
    if (Buffer.from(binding, 'base64').toString('latin1') !== this.#client.gs2Header)
      throw new ScramFailure('the channel binding differs from the first message');
    if (!sameText(nonce, this.#nonce)) throw new ScramFailure('the nonce differs');
    const proof = Buffer.from(proofText, 'base64');
    if (proof.length !== hashBytes) throw new ScramFailure('the proof has a wrong length');

    const authMessage = `${this.#client.bare},${this.#serverFirst},${withoutProof}`;
    const clientKey = hmac(this.#record.storedKey, authMessage);
    for (let i = 0; i < hashBytes; i++) clientKey[i] = clientKey[i]! ^ proof[i]!;
    const proven = timingSafeEqual(hash(clientKey), this.#record.storedKey);
    if (!proven || !this.#known) throw new ScramFailure('the proof is wrong or the user is unknown');
    return `v=${hmac(this.#record.serverKey, authMessage).toString('base64')}`;
  }
}

function sameText(a: string, b: string): boolean {
  const left = Buffer.from(a, 'latin1');
  const right = Buffer.from(b, 'latin1');
  return left.length === right.length && timingSafeEqual(left, right);
}
