// What every operation of the surface is to those who may do only some of them: the data action that a role must
// allow, and what a resource token must be for. Keys that may write may do everything; an operation that is not
// listed here is open to nobody else, so that a new one begins closed.
// Sources: "Azure Cosmos DB for NoSQL data plane actions", "Metadata requests", "Secure access to data" (resource tokens).

import { dataActions, type DataAction } from '../roles.ts';

export interface Action {
  /** Undefined: no role can allow it. */
  readonly data?: DataAction | undefined;
  /** Whose scope a role must cover. */
  readonly level: 'somewhere' | 'account' | 'database' | 'container';
  /**
   * What a resource token must be for: `any` resource; something within the `container` addressed; the container as
   * `whole`; it or the `item`; the `script`, to read it, or it or the container, to `run` it. Undefined: no token will do.
   */
  readonly token?: 'any' | 'container' | 'whole' | 'item' | 'script' | 'run' | undefined;
  /** Reads or writes items: a token for one partition key must come with that key in the header. */
  readonly keyed?: boolean | undefined;
  /** Shows resource tokens: not for read-only keys. */
  readonly secret?: boolean | undefined;
}

/** For keys that may write, and for nobody else. */
const manage: Action = { level: 'account' };
const secret: Action = { level: 'account', secret: true };

function metadata(level: Action['level'], token?: Action['token']): Action {
  return { data: dataActions.readMetadata, level, token };
}

function items(data: DataAction, token: Action['token'] = 'whole'): Action {
  return { data, level: 'container', token, keyed: true };
}

const script: Action = { level: 'account', token: 'script' };

/** What defines the account rather than holding its data; of it, read-only keys may do what reads. */
const managed = [
  ...['create', 'delete'].map((verb) => `${verb}-database`),
  ...['create', 'replace', 'delete'].map((verb) => `${verb}-container`),
  ...['query-offers', 'list-offers', 'read-offer', 'replace-offer'],
  ...['stored-procedure', 'trigger', 'user-defined-function', 'user'].flatMap((noun) => [
    `query-${noun}s`,
    `list-${noun}s`,
    ...['create', 'upsert', 'replace', 'delete'].map((verb) => `${verb}-${noun}`),
  ]),
  'read-user',
  ...['create', 'upsert', 'replace', 'delete'].map((verb) => `${verb}-permission`),
  ...['create', 'replace'].map((verb) => `${verb}-client-encryption-key`),
];

export const actions: Readonly<Record<string, Action>> = {
  ...Object.fromEntries(managed.map((operation) => [operation, manage])),

  'read-account': metadata('somewhere', 'any'),
  'resolve-addresses': metadata('somewhere', 'any'),

  'query-databases': metadata('account'),
  'list-databases': metadata('account'),
  'read-database': metadata('database'),

  'query-containers': metadata('database'),
  'list-containers': metadata('database'),
  'read-container': metadata('container', 'container'),
  'list-partition-key-ranges': metadata('container', 'container'),

  'plan-query': { data: dataActions.executeQuery, level: 'container', token: 'whole' },
  'query-items': items(dataActions.executeQuery),
  // The service counts reading a feed of items as reading changes.
  'list-items': items(dataActions.readChangeFeed),
  'read-change-feed': items(dataActions.readChangeFeed),
  'create-item': items(dataActions.createItem),
  'upsert-item': items(dataActions.upsertItem),
  'read-item': items(dataActions.readItem, 'item'),
  'replace-item': items(dataActions.replaceItem, 'item'),
  'patch-item': items(dataActions.replaceItem, 'item'),
  'delete-item': items(dataActions.deleteItem, 'item'),
  'delete-partition-key': items(dataActions.deleteItem),
  'list-attachments': items(dataActions.readItem, 'item'),
  'read-attachment': items(dataActions.readItem, 'item'),
  // Each operation within is checked for itself: `requireBatch`.
  'batch-items': { data: dataActions.readMetadata, level: 'container', token: 'whole', keyed: true },

  'read-stored-procedure': script,
  'read-trigger': script,
  'read-user-defined-function': script,
  'execute-stored-procedure': items(dataActions.executeStoredProcedure, 'run'),

  'query-conflicts': items(dataActions.manageConflicts),
  'list-conflicts': items(dataActions.manageConflicts),
  'read-conflict': items(dataActions.manageConflicts),
  'delete-conflict': items(dataActions.manageConflicts),

  'query-permissions': secret,
  'list-permissions': secret,
  'read-permission': secret,

  'query-client-encryption-keys': metadata('database'),
  'list-client-encryption-keys': metadata('database'),
  'read-client-encryption-key': metadata('database'),
};

export function actionOf(operation: string): Action {
  return Object.hasOwn(actions, operation) ? actions[operation]! : manage;
}
