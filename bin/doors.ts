// The doors a server opens beside the admin door: one row each. A row says how to open it, how to prove that it
// answers, and what a client is told to connect to. Modules are loaded together, while the store opens.

import type { Deployment, ListenOptions, OpenDoor } from '../frontends/deployment.ts';

export type DoorName = 'sql' | 'mongo';

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
  readonly portFlag: 'sqlPort' | 'mongoPort';
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
];

export function httpUrl(authority: string, tlsOnly: boolean): string {
  return `${tlsOnly ? 'https' : 'http'}://${authority}`;
}
