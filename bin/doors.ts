// The doors a server opens beside the admin door: one row each. A row says how to open it, how to prove that it
// answers, and what a client is told to connect to. Modules are loaded together, while the store opens.

import type { Deployment, ListenOptions, OpenDoor } from '../frontends/deployment.ts';
import { storageEmulatorKey, wellKnownKey } from './accounts.ts';
import { defaultAccountName } from './settings.ts';

/** The account of `UseDevelopmentStorage=true`. */
const emulatorAccountName = 'devstoreaccount1';

export type DoorName = 'sql' | 'mongo' | 'table';

export interface DoorModule {
  readonly open: (deployment: Deployment, listen: ListenOptions) => Promise<OpenDoor>;
  /** A write and a read through the open port that leave nothing behind. */
  readonly probe?: ((deployment: Deployment, door: OpenDoor) => Promise<void>) | undefined;
}

export interface ConnectionTarget {
  /** Host and port. */
  readonly authority: string;
  readonly account: string;
  /** As it is to be shown: the key, or a placeholder for it. */
  readonly key: string;
  /** True when clients need no credentials. */
  readonly anonymous: boolean;
  readonly advertise: string | undefined;
  /** True when clients must use TLS. */
  readonly tlsOnly: boolean;
}

export interface DoorRow {
  /** Its name in the ready file and in `endpoints`. */
  readonly name: DoorName;
  readonly title: string;
  readonly portFlag: 'sqlPort' | 'mongoPort' | 'tablePort';
  /** Absent: this build does not have the door. */
  readonly load?: (() => Promise<DoorModule>) | undefined;
  readonly urlOf: (authority: string, tlsOnly: boolean) => string;
  readonly connectionStringOf: (target: ConnectionTarget) => string;
}

export const doorRows: readonly DoorRow[] = [
  {
    name: 'sql',
    title: 'Cosmos DB NoSQL',
    portFlag: 'sqlPort',
    load: async () => {
      const [{ openCosmos }, { probe }] = await Promise.all([
        import('../frontends/cosmos/listen.ts'),
        import('../frontends/cosmos/probe.ts'),
      ]);
      return { open: openCosmos, probe };
    },
    urlOf: httpUrl,
    connectionStringOf: ({ authority, key, advertise, tlsOnly }) =>
      `AccountEndpoint=${advertise ?? httpUrl(authority, tlsOnly)}/;AccountKey=${key};`,
  },
  {
    name: 'mongo',
    title: 'MongoDB',
    portFlag: 'mongoPort',
    load: async () => {
      const [{ openMongoDoor }, { probe }] = await Promise.all([
        import('../frontends/mongo/listen.ts'),
        import('../frontends/mongo/probe.ts'),
      ]);
      return { open: openMongoDoor, probe };
    },
    urlOf: (authority, tlsOnly) => `mongodb://${authority}${tlsOnly ? '/?tls=true' : ''}`,
    connectionStringOf: ({ authority, account, key, anonymous, tlsOnly }) => {
      const tls = tlsOnly ? '&tls=true' : '';
      if (anonymous) return `mongodb://${authority}/?directConnection=true${tls}`;
      const credentials = `${encodeURIComponent(account)}:${encodeURIComponent(key)}`;
      return `mongodb://${credentials}@${authority}/?directConnection=true&authMechanism=SCRAM-SHA-256${tls}`;
    },
  },
  {
    name: 'table',
    title: 'Azure Tables',
    portFlag: 'tablePort',
    load: async () => {
      const [{ openTable }, { probe }] = await Promise.all([
        import('../frontends/table/listen.ts'),
        import('../frontends/table/probe.ts'),
      ]);
      return { open: openTable, probe };
    },
    urlOf: httpUrl,
    connectionStringOf: ({ authority, account, key: own, tlsOnly }) => {
      // As the storage emulators have it, so that what clients know by heart and what is told here are one.
      const name = account === defaultAccountName ? emulatorAccountName : account;
      const key = account === defaultAccountName && own === wellKnownKey ? storageEmulatorKey : own;
      const protocol = tlsOnly ? 'https' : 'http';
      const endpoint = `${httpUrl(authority, tlsOnly)}/${name}`;
      return `DefaultEndpointsProtocol=${protocol};AccountName=${name};AccountKey=${key};TableEndpoint=${endpoint};`;
    },
  },
];

export function httpUrl(authority: string, tlsOnly: boolean): string {
  return `${tlsOnly ? 'https' : 'http'}://${authority}`;
}
