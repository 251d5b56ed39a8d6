// Opens the MongoDB door: OP_MSG over TCP, plain and TLS on one port. It only joins the pieces.

import { randomBytes } from 'node:crypto';
import type { Account, Deployment, ListenOptions, OpenDoor } from '../deployment.ts';
import { openPort } from '../port.ts';
import { AccountUsers, type Users } from './authenticate.ts';
import type { Shared } from './call.ts';
import { ClusterTime } from './cluster-time.ts';
import { openConnection, type Budget } from './connection.ts';
import { Cursors } from './cursors.ts';
import { protocol } from './door.ts';
import { FailPoints } from './fail-points.ts';
import { ObjectIds } from './object-ids.ts';
import { scramRecordOf, type ScramRecord } from './scram.ts';
import { Sessions } from './sessions.ts';

/** How often idle cursors are looked for. */
const sweepEveryMs = 30_000;

export async function openMongoDoor(deployment: Deployment, options: ListenOptions): Promise<OpenDoor> {
  const cursors = new Cursors(deployment.nowMs);
  const users = usersOf(deployment);
  const budget: Budget = { bytes: 0 };
  let numbers = 0;
  const shared: Shared = {
    deployment,
    cursors,
    time: new ClusterTime(deployment.nowMs),
    sessions: new Sessions(),
    ids: new ObjectIds(deployment.nowMs),
    failPoints: new FailPoints(),
    processId: randomBytes(12),
    startedMs: deployment.nowMs(),
    port: () => port.address.port,
    connections: () => port.connections,
  };
  const port = await openPort({
    host: options.host,
    port: options.port,
    secureContext: deployment.secureContext,
    tlsOnly: deployment.tlsOnly,
    onConnection: (socket) => openConnection(socket, ++numbers, shared, users, budget),
  });
  const sweeper = setInterval(() => cursors.sweep(), sweepEveryMs);
  sweeper.unref();
  return {
    protocol,
    host: options.host,
    port: port.address.port,
    connections: () => ({ open: port.connections, accepted: port.accepted }),
    close: async (graceMs) => {
      clearInterval(sweeper);
      await port.close(graceMs);
      cursors.closeAll();
    },
  };
}

/** Each account is a user: its id is the name, its primary key of the moment the password, on any database. */
function usersOf(deployment: Deployment): Users {
  return deployment.accounts.reduce<Users>(
    (others, account) => new AccountUsers(account.id, recordOf(account), others),
    { find: () => undefined },
  );
}

/** Making a record takes thousands of hashes: it is made once a key. */
function recordOf(account: Account): () => ScramRecord {
  let key: string | undefined;
  let record: ScramRecord | undefined;
  return () => {
    const { primary } = account.keys;
    if (record === undefined || key !== primary) {
      key = primary;
      record = scramRecordOf(primary);
    }
    return record;
  };
}
