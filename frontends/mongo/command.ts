// What one command is to this door: a name, when it may run, and a function from its request to an answer.

import type { BsonWriter } from '../../model/bson/write.ts';
import type { Deployment } from '../deployment.ts';
import type { Authentication } from './authenticate.ts';
import type { MongoRequest } from './decode.ts';
import type { FailPoints } from './fail-points.ts';

/** One reply: the fields of its body before `ok`, and whether another reply to the same request follows. */
export interface Answer {
  readonly write: (writer: BsonWriter) => void;
  readonly moreToCome?: boolean | undefined;
}

/** What all connections of this door share. */
export interface MongoServer {
  readonly deployment: Deployment;
  readonly failPoints: FailPoints;
  readonly startedMs: number;
  /** 12 bytes: names this process in topologyVersion. */
  readonly processId: Uint8Array;
  connections: number;
  connectionsMade: number;
  /** The cluster's time now, of `$clusterTime` and `operationTime`. */
  readonly clusterTime: () => { readonly seconds: number; readonly increment: number };
}

/** What a client told about itself and the server noted about the connection. */
export interface ConnectionState {
  readonly id: number;
  /** `host:port` of the client, and of the end it connected to. */
  readonly remote: string;
  readonly local: string;
  readonly authentication: Authentication;
  appName: string | undefined;
}

export interface CommandContext {
  readonly server: MongoServer;
  readonly connection: ConnectionState;
  readonly request: MongoRequest;
  /** Aborted when the client has gone away. */
  readonly signal: AbortSignal;
}

export interface Command {
  /** May run before authentication. */
  readonly open?: boolean | undefined;
  /** Only against the database `admin`. */
  readonly admin?: boolean | undefined;
  /** Only with `--enable-test-commands`. */
  readonly test?: boolean | undefined;
  readonly run: (context: CommandContext) => Answer | Promise<Answer> | AsyncIterable<Answer>;
}
