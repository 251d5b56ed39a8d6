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
}

export interface DoorRow {
  /** Its name in the ready file and in `endpoints`. */
  readonly name: DoorName;
  readonly title: string;
  readonly portFlag: 'sqlPort' | 'mongoPort';
  /** Absent: this build does not have the door. */
  readonly load?: (() => Promise<DoorModule>) | undefined;
  readonly urlOf: (authority: string) => string;
  readonly connectionStringOf: (target: ConnectionTarget) => string;
}

export const doorRows: readonly DoorRow[] = [
  {
    name: 'sql',
    title: 'Cosmos DB NoSQL',
    portFlag: 'sqlPort',
    urlOf: (authority) => `http://${authority}`,
    connectionStringOf: ({ authority, key, advertise }) =>
      `AccountEndpoint=${advertise ?? `http://${authority}`}/;AccountKey=${key};`,
  },
  {
    name: 'mongo',
    title: 'MongoDB',
    portFlag: 'mongoPort',
    urlOf: (authority) => `mongodb://${authority}`,
    connectionStringOf: ({ authority, account, key, anonymous }) =>
      anonymous
        ? `mongodb://${authority}/?directConnection=true`
        : `mongodb://${encodeURIComponent(account)}:${encodeURIComponent(key)}@${authority}/?directConnection=true&authMechanism=SCRAM-SHA-256`,
  },
];
