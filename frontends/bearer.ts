// Tokens of an issuer, such as Microsoft Entra ID: a JWT (RFC 7519) signed with RS256, PS256 or ES256 by a key of an
// issuer that the server was told to trust, for an audience that is ours. What a token says of its bearer becomes
// principal ids; what these may do is said by roles.
//
// Invariant: the algorithm is one of the three, whatever the token or the key set says: never `none`, never a secret
// that is a public key.

import { createHash } from 'node:crypto';
import type * as Jose from 'jose';
import { DatabaseError } from '../model/errors.ts';
import type { KeySet } from './key-set.ts';

const algorithms = ['RS256', 'PS256', 'ES256'];

/** Characters of a token that is looked at: real ones have some 2,000. */
const tokenCharactersMax = 16 * 1024;

/** Groups and roles that are heeded; an issuer that has more to tell leaves them out of its tokens. */
const principalIdsMax = 1_000;

/** Tokens whose signature need not be checked again, and for how long: a key that was withdrawn goes on until then. */
const rememberedMax = 1_000;
const rememberedMs = 5 * 60_000;

export interface Issuer {
  /** As the claim `iss` says it. */
  readonly name: string;
  readonly keys: KeySet;
}

export interface BearerOptions {
  readonly issuers: readonly Issuer[];
  readonly audiences: readonly string[];
  /** Of tokens for the Table door, whose clients ask for others; absent: the same. */
  readonly tableAudiences?: readonly string[] | undefined;
  readonly toleranceSeconds: number;
  readonly nowMs: () => number;
}

/** Who bears a token. */
export interface Bearer {
  /** The person or application itself. */
  readonly principal: string;
  /** It, its groups and its roles. */
  readonly principalIds: ReadonlySet<string>;
}

export type Audience = 'items' | 'tables';

interface Remembered {
  readonly bearer: Bearer;
  readonly audiences: readonly string[];
  readonly notBeforeMs: number;
  readonly untilMs: number;
}

/** Substatuses of 401 by which the service's clients know what is wrong. */
export const bearerFaults = {
  format: 5003,
  signature: 5004,
  notYetValid: 5005,
  expired: 5006,
  issuer: 5007,
  audience: 5008,
  noPrincipal: 5011,
  signingKey: 5200,
} as const;

export function badBearer(fault: keyof typeof bearerFaults, message: string, cause?: unknown): DatabaseError {
  return new DatabaseError('Unauthorized', message, {
    argument: 'authorization',
    details: { substatus: bearerFaults[fault] },
    cause,
  });
}

export class BearerTokens {
  readonly #options: BearerOptions;
  readonly #remembered = new Map<string, Remembered>();

  constructor(options: BearerOptions) {
    this.#options = options;
  }

  /** Names of the issuers: where a client that has no good token may get one. */
  get issuers(): readonly string[] {
    return this.#options.issuers.map(({ name }) => name);
  }

  audiencesOf(audience: Audience): readonly string[] {
    const { audiences, tableAudiences = audiences } = this.#options;
    return audience === 'tables' ? tableAudiences : audiences;
  }

  /** Throws Unauthorized unless an issuer vouches for the token now. */
  async verify(token: string, audience: Audience = 'items'): Promise<Bearer> {
    if (token.length > tokenCharactersMax) throw badBearer('format', 'the bearer token is too long');
    const name = createHash('sha256').update(token).digest('base64');
    const nowMs = this.#options.nowMs();
    const known = this.#remembered.get(name);
    const audiences = this.audiencesOf(audience);
    if (
      known !== undefined &&
      nowMs >= known.notBeforeMs &&
      nowMs < known.untilMs &&
      known.audiences.some((one) => audiences.includes(one))
    )
      return known.bearer;
    this.#remembered.delete(name);
    const made = await this.#check(token, audiences, nowMs);
    if (this.#remembered.size >= rememberedMax) {
      const [oldest] = this.#remembered.keys();
      this.#remembered.delete(oldest!);
    }
    this.#remembered.set(name, made);
    return made.bearer;
  }

  async #check(token: string, audiences: readonly string[], nowMs: number): Promise<Remembered> {
    const { issuers, toleranceSeconds } = this.#options;
    // Loaded with the first token: a server without issuers does without it.
    const jose = await import('jose');
    let named: string | undefined;
    try {
      named = jose.decodeJwt(token).iss;
    } catch (cause) {
      throw badBearer('format', 'the bearer token is malformed', cause);
    }
    const issuer = issuers.find(({ name }) => name === named);
    if (issuer === undefined) throw badBearer('issuer', 'the issuer of the bearer token is not trusted here');
    const options = {
      issuer: issuer.name,
      audience: [...audiences],
      algorithms,
      clockTolerance: toleranceSeconds,
      currentDate: new Date(nowMs),
      requiredClaims: ['exp'],
    };
    const header = headerOf(() => jose.decodeProtectedHeader(token));
    if (!algorithms.includes(header.alg))
      throw badBearer('format', `the bearer token must be signed with ${algorithms.join(', ')}`);
    const keys = await issuer.keys.find(header.kid);
    if (keys.length === 0) throw badBearer('signingKey', 'the issuer has no key of the id that the bearer token names');
    let fault: unknown;
    for (const jwk of keys) {
      if (jwk.kty !== (header.alg === 'ES256' ? 'EC' : 'RSA')) continue;
      try {
        const key = await jose.importJWK(jwk as Jose.JWK, header.alg);
        const { payload } = await jose.jwtVerify(token, key, options);
        const skewMs = toleranceSeconds * 1000;
        return {
          bearer: bearerOf(payload),
          audiences: [payload.aud ?? []].flat(),
          notBeforeMs: (payload.nbf ?? 0) * 1000 - skewMs,
          untilMs: Math.min(payload.exp! * 1000 + skewMs, nowMs + rememberedMs),
        };
      } catch (error) {
        if (error instanceof DatabaseError) throw error;
        // Another key may fit, unless this one did and the claims are at fault.
        fault = error;
        if (!(error instanceof jose.errors.JWSSignatureVerificationFailed)) break;
      }
    }
    throw faultOf(fault, jose.errors);
  }
}

function headerOf(read: () => { alg?: string; kid?: string }): {
  readonly alg: string;
  readonly kid?: string | undefined;
} {
  try {
    const { alg = '', kid } = read();
    return { alg, kid: typeof kid === 'string' ? kid : undefined };
  } catch (cause) {
    throw badBearer('format', 'the bearer token is malformed', cause);
  }
}

function bearerOf(claims: Readonly<Record<string, unknown>>): Bearer {
  const own = [claims['oid'], claims['sub']].find((id) => typeof id === 'string' && id !== '');
  if (typeof own !== 'string') throw badBearer('noPrincipal', 'the bearer token names no object id and no subject');
  const listed = [claims['groups'], claims['roles']].flatMap((list) =>
    Array.isArray(list) ? (list as unknown[]) : [],
  );
  const ids = listed.filter((id): id is string => typeof id === 'string' && id !== '').slice(0, principalIdsMax);
  return { principal: own, principalIds: new Set([own, ...ids]) };
}

function faultOf(error: unknown, errors: typeof Jose.errors): DatabaseError {
  if (error instanceof errors.JWTExpired) return badBearer('expired', 'the bearer token has expired', error);
  if (error instanceof errors.JWTClaimValidationFailed)
    switch (error.claim) {
      case 'nbf':
        return badBearer('notYetValid', 'the bearer token is not valid yet', error);
      case 'iss':
        return badBearer('issuer', 'the issuer of the bearer token is not trusted here', error);
      case 'aud':
        return badBearer('audience', 'the bearer token is for another audience', error);
      default:
        return badBearer('format', `the claim ${error.claim} of the bearer token is missing or wrong`, error);
    }
  return badBearer('signature', 'the signature of the bearer token is not one of the issuer', error);
}
