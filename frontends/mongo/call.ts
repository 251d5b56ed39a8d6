// One command on its way through an operation: who asks, where, with which arguments; and the few things that
// most operations need of it.

import type { Engine } from '../../core/engine.ts';
import { DatabaseError } from '../../model/errors.ts';
import type { BsonWriter } from '../../model/bson/write.ts';
import type { Context } from '../../model/operation.ts';
import type { ContainerRecord } from '../../model/resource.ts';
import type { Account, Deployment } from '../deployment.ts';
import type { Arguments } from './arguments.ts';
import type { Authentication } from './authenticate.ts';
import type { ClusterTime } from './cluster-time.ts';
import type { Cursors } from './cursors.ts';
import type { FailPoints } from './fail-points.ts';
import type { MongoRequest } from './decode.ts';
import { MongoCode, MongoError } from './errors.ts';
import { checkWritable, namespaceOf, type Namespace } from './namespace.ts';
import type { ObjectIds } from './object-ids.ts';
import type { Sessions } from './sessions.ts';

/** What all connections of the door share. */
export interface Shared {
  readonly deployment: Deployment;
  readonly time: ClusterTime;
  readonly cursors: Cursors;
  readonly sessions: Sessions;
  readonly ids: ObjectIds;
  readonly failPoints: FailPoints;
  /** Names this process in `topologyVersion`: 12 bytes. */
  readonly processId: Uint8Array;
  readonly startedMs: number;
  /** Port clients reach; known once it is open. */
  readonly port: () => number;
  readonly connections: () => number;
}

/** What an operation may know of the connection it came by. */
export interface Client {
  readonly number: number;
  readonly authentication: Authentication;
  /** `client.application.name` of the handshake. */
  appName: string | undefined;
  /** Ends the connection at once. */
  readonly destroy: () => void;
  /** Host and port of the client, and of this end of the connection. */
  readonly remote: string;
  readonly local: string;
}

export interface Call {
  readonly request: MongoRequest;
  readonly args: Arguments;
  readonly shared: Shared;
  readonly client: Client;
  readonly account: Account;
  readonly engine: Engine;
  readonly context: Context;
  /** Aborted when the client has gone, or `maxTimeMS` is over. */
  readonly signal: AbortSignal;
}

export interface Reply {
  /** Appends the fields in front of `ok`. */
  readonly fields: (writer: BsonWriter) => void;
  /** About how many bytes that are; absent: few. */
  readonly bytes?: number | undefined;
  /** Another reply to the same request follows. */
  readonly moreToCome?: boolean | undefined;
}

export type Run = (call: Call) => Reply | Promise<Reply> | AsyncIterable<Reply>;

/** A command: how it runs and which arguments it knows; without a list it takes any. */
export interface Operation {
  readonly arguments?: ReadonlySet<string> | undefined;
  readonly run: Run;
}

export const emptyReply: Reply = { fields: () => undefined };

/** The namespace in the command's first field. */
export function namespaceOfCall({ request, args }: Call): Namespace {
  return namespaceOf(request.command, request.database, args.required(request.command));
}

/** The collection, or undefined when there is none: reading it gives nothing. */
export function collectionOf({ engine }: Call, { database, collection }: Namespace): ContainerRecord | undefined {
  return engine.catalog.containerOrNone(database, collection);
}

/** The collection of a write, made when it is missing. */
export async function ensureCollection(call: Call, namespace: Namespace): Promise<ContainerRecord> {
  const found = collectionOf(call, namespace);
  if (found !== undefined) return checkedProfile(found);
  checkWritable(namespace);
  try {
    return await call.engine.execute(
      {
        kind: 'create-container',
        database: namespace.database,
        container: namespace.collection,
        profile: 'collection',
        createDatabase: true,
      },
      call.context,
    );
  } catch (error) {
    // Another write was first.
    const made = collectionOf(call, namespace);
    if (error instanceof DatabaseError && error.code === 'ContainerExists' && made !== undefined)
      return checkedProfile(made);
    throw error;
  }
}

/** The collection of a write that makes none. */
export function writableCollectionOf(call: Call, namespace: Namespace): ContainerRecord | undefined {
  const found = collectionOf(call, namespace);
  return found === undefined ? undefined : checkedProfile(found);
}

/**
 * Containers of other doors keep invariants of their own, which a write from here would break: they are what MongoDB
 * calls a view. (Drivers take IllegalOperation of a retryable write for something else.)
 */
function checkedProfile(container: ContainerRecord): ContainerRecord {
  if (container.profile === 'graph' || container.profile === 'relation')
    throw new MongoError(
      MongoCode.CommandNotSupportedOnView,
      `this collection is a ${container.profile} of another protocol and can only be read`,
    );
  return container;
}

/** What owns a cursor or a session: another user's are out of reach. */
export function ownerOf({ account, client }: Call): string {
  const principal = client.authentication.principal;
  return principal === undefined ? `${account.number}` : `${account.number}:${principal.database}.${principal.name}`;
}
