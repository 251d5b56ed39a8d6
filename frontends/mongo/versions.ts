// What this server says it is. Drivers decide by these numbers what they may send.

/** The MongoDB version whose behaviour is offered. */
export const serverVersion = '8.0.0';
export const versionArray = [8, 0, 0, 0] as const;

/** MongoDB 8.0. Drivers refuse to talk below 9. */
export const maxWireVersion = 25;
export const minWireVersion = 0;

export const writeBatchDocumentsMax = 100_000;

/** How long a session lives unused, as drivers are told. */
export const sessionTimeoutMinutes = 30;

/** Name of the one-node replica set: change streams and transactions are offered only by a set. */
export const replicaSetName = 'meridian';
