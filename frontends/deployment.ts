// What every door is given when it opens: the accounts and their engines, the region it stands in, and the
// shared effects. One record, so that `bin/` wires each door with one call and doors know nothing of each other.

import type { SecureContext } from 'node:tls';
import type { Engine } from '../core/engine.ts';
import type { BearerTokens } from './bearer.ts';
import type { RoleAssignment } from './roles.ts';
import type { Observer } from './serve.ts';

/** Base64 master keys of an account; any one of them signs. */
export interface AccountKeys {
  readonly primary: string;
  readonly secondary: string;
  readonly primaryReadOnly: string;
  readonly secondaryReadOnly: string;
}

export const keyKinds = [
  'primary',
  'secondary',
  'primaryReadOnly',
  'secondaryReadOnly',
] as const satisfies readonly (keyof AccountKeys)[];
export type KeyKind = (typeof keyKinds)[number];

export interface Account {
  /** First component of every store key. */
  readonly number: number;
  readonly id: string;
  /** Another record once a key was made anew: what is derived from it is kept by its identity. */
  readonly keys: AccountKeys;
  readonly engine: Engine;
}

export type ConsistencyLevel = 'Strong' | 'BoundedStaleness' | 'Session' | 'ConsistentPrefix' | 'Eventual';

/** Levels whose reads ask several replicas, and cost twice. */
export function isQuorumLevel(level: ConsistencyLevel): boolean {
  return level === 'Strong' || level === 'BoundedStaleness';
}

/**
 * How the Cosmos door understands ids in paths. `exact`: decoded once, every character counts. `gateway`: as the
 * service's routing gateway does on its main port, which normalises a path before it checks the signature, so that
 * some ids can be created and never addressed; clients' tests hold it to that.
 */
export type Addresses = 'exact' | 'gateway';

export interface Deployment {
  /** At least one; the first is the default account. */
  readonly accounts: readonly Account[];
  readonly region: { readonly id: number; readonly name: string };
  readonly consistency: ConsistencyLevel;
  /** Base of the URLs the account document tells, instead of the address the client used. */
  readonly advertise: string | undefined;
  /** `exact` when absent. */
  readonly addresses?: Addresses | undefined;
  /** True when clients without credentials are accepted where the protocol allows it: loopback, well-known key, no --auth. */
  readonly anonymous: boolean;
  /** Checks tokens of trusted issuers; absent: none is trusted. */
  readonly bearerTokens?: BearerTokens | undefined;
  /** Role assignments of the configuration, beside those that an account keeps. They hold for every account. */
  readonly roleAssignments?: readonly RoleAssignment[] | undefined;
  /** True when a bearer token may hold the primary key itself, as the suites of SDKs send it: the emulator profile. */
  readonly emulatorTokens?: boolean | undefined;
  /** The storage emulators' public key, while the default account takes it: as long as its own key is public, too. */
  readonly storageEmulatorKey?: string | undefined;
  /** True when connections without TLS are refused. */
  readonly tlsOnly?: boolean | undefined;
  /** Opens fail points and test-only parameters. */
  readonly testCommands: boolean;
  readonly secureContext: () => SecureContext;
  /** PEM of the certificate authority, for clients to trust. */
  readonly authorityPem: string;
  readonly observer: Observer;
  /** Wall clock in milliseconds: the manual clock under `--clock manual`. */
  readonly nowMs: () => number;
  /** True when `nowMs` is not the time clients live in: dates they sign with cannot be compared with it. */
  readonly manualClock?: boolean | undefined;
  readonly version: string;
}

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
}

/** A door that is open. */
export interface OpenDoor {
  readonly protocol: string;
  readonly host: string;
  readonly port: number;
  /** Connections open now, and taken since the start. */
  readonly connections: () => { readonly open: number; readonly accepted: number };
  /** Stops accepting; finishes or drops what is under way within `graceMs`. */
  close(graceMs: number): Promise<void>;
}
