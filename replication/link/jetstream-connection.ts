// One connection to the NATS servers that hold a region's logs, shared by all log groups of a process. What a log
// relies on is checked here, once: the release (before 2.15 one sync per message, and Raft faults that lose
// acknowledged writes), JetStream, and messages large enough for a whole append.
//
// The servers must run with `sync_interval: always`; a client cannot see that, so `meridian doctor` asks the
// monitoring endpoint.

import { connect, credsAuthenticator, type NatsConnection } from '@nats-io/transport-node';
import { DatabaseError } from '../../model/errors.ts';
import { appendBytesMax } from '../log.ts';
import { messageOverheadBytesMax } from './append-message.ts';

/** Oldest release whose log survives what our tests do to it. */
const releaseMin = [2, 15, 0] as const;

/** Wait between two tries to reach a server, and between two pings that tell a dead connection. */
const reconnectWaitMs = 250;
const pingIntervalMs = 5_000;
const pingsUnansweredMax = 2;

/** Wait for the first connection. */
const connectMsMax = 10_000;

export interface JetStreamConnectionOptions {
  /** `host:port` or `nats://host:port`, any of the region's servers. */
  readonly servers: readonly string[];
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly token?: string | undefined;
  /** Text of a credentials file (JWT and seed). */
  readonly credentials?: string | undefined;
  /** PEM texts. With `ca` alone the server is verified; with certificate and key the client proves itself too. */
  readonly tls?: { readonly ca?: string; readonly certificate?: string; readonly key?: string } | undefined;
  /** Shown in the servers' monitoring. */
  readonly name?: string | undefined;
}

/** Connects, and keeps reconnecting for ever after. Throws Unavailable, Unauthorized or NotSupported. */
export async function connectJetStream(options: JetStreamConnectionOptions): Promise<NatsConnection> {
  const { tls } = options;
  let connection: NatsConnection;
  try {
    connection = await connect({
      servers: [...options.servers],
      name: options.name ?? 'meridian',
      maxReconnectAttempts: -1,
      reconnectTimeWait: reconnectWaitMs,
      pingInterval: pingIntervalMs,
      maxPingOut: pingsUnansweredMax,
      timeout: connectMsMax,
      ...(options.user !== undefined && { user: options.user }),
      ...(options.password !== undefined && { pass: options.password }),
      ...(options.token !== undefined && { token: options.token }),
      ...(options.credentials !== undefined && {
        authenticator: credsAuthenticator(new TextEncoder().encode(options.credentials)),
      }),
      ...(tls !== undefined && {
        tls: {
          ...(tls.ca !== undefined && { ca: tls.ca }),
          ...(tls.certificate !== undefined && { cert: tls.certificate }),
          ...(tls.key !== undefined && { key: tls.key }),
        },
      }),
    });
  } catch (error) {
    if (error instanceof Error && error.name === 'AuthorizationError')
      throw new DatabaseError('Unauthorized', 'the log servers refuse these credentials', { cause: error });
    throw new DatabaseError('Unavailable', 'no log server can be reached', { cause: error });
  }
  const fault = serverFault(connection);
  if (fault !== undefined) {
    await connection.close();
    throw new DatabaseError('NotSupported', fault);
  }
  return connection;
}

function serverFault(connection: NatsConnection): string | undefined {
  const info = connection.info;
  if (info === undefined) return 'the log server did not introduce itself';
  if (info.jetstream !== true) return 'the log servers run without JetStream';
  const release = info.version.split('.').map((part) => Number.parseInt(part, 10));
  const [major, minor, patch] = releaseMin;
  const number = ([a = 0, b = 0, c = 0]: readonly number[]) => a * 1e6 + b * 1e3 + c;
  if (!(number(release) >= number([major, minor, patch])))
    return `nats-server ${info.version} is too old: ${releaseMin.join('.')} or later is needed`;
  const needed = appendBytesMax + messageOverheadBytesMax;
  if (info.max_payload < needed)
    return `max_payload of the log servers is ${info.max_payload}: set it to 8MB (${needed} is needed)`;
  return undefined;
}
