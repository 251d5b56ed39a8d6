// The composition: settings in, a running server out. The store goes under the logs, the logs under the engines,
// the engines behind the doors; nothing else knows all of them.
//
// Invariants: what was opened is closed in reverse order, also when a later step fails; the server is ready only
// after a write and a read went through every door; the lock of the data directory is let go last.

import { join } from 'node:path';
import type { Store } from '../core/storage/store.ts';
import type { DataDirectory } from '../core/storage/data-directory.ts';
import { openAdminDoor } from '../frontends/admin/listen.ts';
import type { AdminSources } from '../frontends/admin/sources.ts';
import { loadCertificate, openCertificate, type Certificate } from '../frontends/certificate.ts';
import type { Account, Deployment, OpenDoor } from '../frontends/deployment.ts';
import { DatabaseError } from '../model/errors.ts';
import { storageEmulatorKey, usesWellKnownKey, wellKnownKey } from './accounts.ts';
import { checkExposure, clientHost, hostNames, isLoopback } from './address.ts';
import { openClock, type Clock } from './clock.ts';
import { Closers } from './closers.ts';
import { openData, openDirectory } from './data.ts';
import { doorRows, httpUrl, type DoorModule, type DoorName, type DoorRow } from './doors.ts';
import { flags, type Settings } from './flags.ts';
import type { Logger } from './log.ts';
import { RequestObserver } from './observer.ts';
import { openBearerTokens, roleAssignmentsOf } from './trust.ts';
import { writeReadyFile } from './ready-file.ts';
import { version } from './version.ts';

export type Endpoints = { readonly [Name in DoorName]?: string } & { readonly admin: string };

export interface RunningServer {
  readonly settings: Settings;
  readonly deployment: Deployment;
  readonly endpoints: Endpoints;
  /** Host and port by door. */
  readonly authorities: ReadonlyMap<DoorName | 'admin', string>;
  readonly clock: Clock;
  /** Takes the keys and grants of other settings; the rest of them needs a restart. */
  reload(settings: Settings): Promise<void>;
  /** Finishes what is under way within `graceMs`, and lets everything go. Later calls wait for the first. */
  stop(graceMs?: number): Promise<void>;
}

/** How long a stopping server waits for requests under way. */
export const graceMsDefault = 5_000;

export interface ServerParts {
  readonly log: Logger;
  /** Instead of the store that the settings name: for tests of a failing disk. */
  readonly store?: Store | undefined;
}

/** Starts a server and resolves when it is ready. */
export async function startServer(settings: Settings, parts: ServerParts): Promise<RunningServer> {
  checkExposure(settings);
  const closers = new Closers((error) => parts.log.error({ err: error }, 'something did not close'));
  try {
    return await compose(settings, parts, closers);
  } catch (error) {
    await closers.closeAll(0);
    throw error;
  }
}

async function compose(settings: Settings, parts: ServerParts, closers: Closers): Promise<RunningServer> {
  const startedMs = Date.now();
  const clock = openClock(settings);
  const observer = new RequestObserver(parts.log);
  const bearerTokens = await openBearerTokens(settings);
  let roleAssignments = roleAssignmentsOf(settings);
  const loading = settled(loadDoors());
  const directory = await openDirectory(settings, closers);
  const certifying = settled(openTls(settings, directory, parts.log));
  const data = await openData(settings, directory, clock.nowMs, closers, parts.log, parts.store);
  const certificate = await certifying;
  closers.push(() => certificate.close());
  const deployment: Deployment = {
    accounts: data.accounts,
    region: data.region,
    consistency: settings.consistency,
    advertise: settings.advertise,
    addresses: settings.addresses,
    // A public key that was made anew is public no more.
    get anonymous() {
      return isAnonymous(settings) && hasWellKnownKey(data.accounts);
    },
    bearerTokens,
    get roleAssignments() {
      return roleAssignments;
    },
    get emulatorTokens() {
      return isLoopback(settings.host) && hasWellKnownKey(data.accounts);
    },
    get storageEmulatorKey() {
      return isLoopback(settings.host) && hasWellKnownKey(data.accounts.slice(0, 1)) ? storageEmulatorKey : undefined;
    },
    tlsOnly: settings.tlsOnly,
    testCommands: settings.enableTestCommands,
    secureContext: certificate.secureContext,
    get authorityPem() {
      return certificate.authorityPem;
    },
    observer,
    nowMs: clock.nowMs,
    manualClock: settings.clock === 'manual',
    version,
  };

  let ready = false;
  const doors: NamedDoor[] = [];
  const authorityOf = (door: OpenDoor): string => `${clientHost(settings.host)}:${door.port}`;
  const sources: AdminSources = {
    startedMs,
    hostNames: hostNames(settings),
    fault: () => (ready ? stoppedReason(data.accounts) : 'starting or stopping'),
    requestMetrics: () => observer.metrics(),
    doors: () =>
      doors.map(({ row, door }) => ({
        name: row.name,
        url: row.urlOf(authorityOf(door), settings.tlsOnly),
        connections: door.connections(),
      })),
    store: async () => ({
      directory: directory?.path,
      bytes: await data.store.approximateSize(),
      syncs: data.store.syncs,
    }),
    resetAllowed: settings.memory || settings.enableTestCommands,
    advance: clock.advance,
    regenerateKey: (account, kind) => data.keyRing.regenerate(account, kind),
    audit: (event) => parts.log.info({ audit: event }, 'an administrator changed something'),
  };
  const admin = await openPortOf(settings, 'adminPort', (listen) => openAdminDoor(deployment, listen, sources));
  closers.push((graceMs) => admin.close(graceMs));

  // Doors drain together: one slow client must not keep the others open.
  closers.push(async (graceMs) => {
    await Promise.all(doors.map(({ door }) => door.close(graceMs)));
  });
  for (const { row, module } of await loading)
    doors.push({
      row,
      door: await openPortOf(settings, row.portFlag, (listen) => module.open(deployment, listen)),
      module,
    });
  await Promise.all(doors.map(async ({ module, door }) => module.probe?.(deployment, door)));

  const authorities = new Map<DoorName | 'admin', string>(doors.map(({ row, door }) => [row.name, authorityOf(door)]));
  authorities.set('admin', authorityOf(admin));
  const endpoints: Endpoints = {
    ...Object.fromEntries(doors.map(({ row, door }) => [row.name, row.urlOf(authorityOf(door), settings.tlsOnly)])),
    admin: httpUrl(authorityOf(admin), settings.tlsOnly),
  };
  if (settings.readyFile !== undefined) {
    const accounts = data.accounts.map(({ id, number }) => ({ id, number }));
    const regions = [{ ...data.region, ...endpoints }];
    closers.push(
      await writeReadyFile(settings.readyFile, { ...endpoints, pid: process.pid, version, accounts, regions }),
    );
  }
  closers.push(() => {
    ready = false;
  });
  ready = true;
  return {
    settings,
    deployment,
    endpoints,
    authorities,
    clock,
    reload: async (next) => {
      checkExposure({ host: settings.host, key: next.key, accounts: next.accounts });
      roleAssignments = roleAssignmentsOf(next);
      const accounts = await data.keyRing.reconfigure(next);
      parts.log.info({ accounts, grants: roleAssignments.length }, 'keys and grants were read again');
    },
    stop: (graceMs = graceMsDefault) => closers.closeAll(graceMs),
  };
}

interface LoadedDoor {
  readonly row: DoorRow;
  readonly module: DoorModule;
}

interface NamedDoor extends LoadedDoor {
  readonly door: OpenDoor;
}

async function loadDoors(): Promise<LoadedDoor[]> {
  const present = doorRows.flatMap((row) => (row.load === undefined ? [] : [{ row, load: row.load }]));
  return Promise.all(present.map(async ({ row, load }) => ({ row, module: await load() })));
}

/** Started now and awaited later: a failure in between is not an unhandled one. */
function settled<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(() => undefined);
  return promise;
}

function openTls(settings: Settings, directory: DataDirectory | undefined, log: Logger): Promise<Certificate> {
  const { tlsCert, tlsKey } = settings;
  if (tlsCert !== undefined && tlsKey !== undefined) return loadCertificate(tlsCert, tlsKey);
  return openCertificate({
    directory: directory === undefined ? undefined : join(directory.path, 'tls'),
    names: hostNames(settings),
    nowMs: () => Date.now(),
    onRenewalFailure: (error) => log.error({ err: error }, 'the certificate was not renewed'),
  });
}

function hasWellKnownKey(accounts: readonly Account[]): boolean {
  return accounts.some(({ keys }) => keys.primary === wellKnownKey);
}

/** Credentials may be left out on loopback as long as the key is public anyway. */
export function isAnonymous(settings: Settings): boolean {
  return isLoopback(settings.host) && usesWellKnownKey(settings) && !settings.auth;
}

/** Why an engine takes no writes, if one does not. */
function stoppedReason(accounts: readonly Account[]): string | undefined {
  return accounts.map(({ engine }) => engine.stopped?.message).find((message) => message !== undefined);
}

/** Opens a door, and says which flag to change when its port cannot be had. */
async function openPortOf(
  settings: Settings,
  flag: 'sqlPort' | 'mongoPort' | 'tablePort' | 'adminPort',
  open: (listen: { readonly host: string; readonly port: number }) => Promise<OpenDoor>,
): Promise<OpenDoor> {
  const listen = { host: settings.host, port: settings[flag] };
  try {
    return await open(listen);
  } catch (cause) {
    const where = `${listen.host}:${listen.port}`;
    switch (cause instanceof Error && 'code' in cause ? cause.code : undefined) {
      case 'EADDRINUSE':
        throw new DatabaseError(
          'Unavailable',
          `${where} is in use: give --${flags[flag].name} another port (0 = any free)`,
          { cause },
        );
      case 'EACCES':
        throw new DatabaseError(
          'Unavailable',
          `${where} may not be opened by this user: give --${flags[flag].name} another port`,
          { cause },
        );
      case 'EADDRNOTAVAIL':
      case 'ENOTFOUND':
        throw new DatabaseError('Unavailable', `--host ${listen.host} is no address of this machine`, { cause });
      default:
        throw cause;
    }
  }
}
