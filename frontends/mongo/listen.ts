// Opens the MongoDB port. Everything after the first byte is in connection.ts.

import { randomBytes } from 'node:crypto';
import type { ListenOptions, Deployment, OpenDoor } from '../deployment.ts';
import { openPort } from '../port.ts';
import { AccountUsers, Authentication, type Users } from './authenticate.ts';
import type { MongoServer } from './command.ts';
import { MongoConnection } from './connection.ts';
import { FailPoints } from './fail-points.ts';
import { scramRecordOf } from './scram.ts';

/** One user per account, named like it, whose password is the account's key. */
function accountUsers(deployment: Deployment): Users {
  let users: Users = { find: () => undefined };
  for (const { id, keys } of deployment.accounts)
    users = new AccountUsers(id, () => scramRecordOf(keys.primary), users);
  return users;
}

export async function openMongoDoor(deployment: Deployment, options: ListenOptions): Promise<OpenDoor> {
  const users = accountUsers(deployment);
  let increment = 0;
  let lastSeconds = 0;
  const server: MongoServer = {
    deployment,
    failPoints: new FailPoints(),
    startedMs: deployment.nowMs(),
    processId: randomBytes(12),
    connections: 0,
    connectionsMade: 0,
    clusterTime: () => {
      const seconds = Math.floor(deployment.nowMs() / 1000);
      if (seconds > lastSeconds) {
        lastSeconds = seconds;
        increment = 0;
      }
      increment ||= 1;
      return { seconds: lastSeconds, increment };
    },
  };
  const port = await openPort({
    host: options.host,
    port: options.port,
    secureContext: deployment.secureContext,
    onConnection: (socket) => {
      server.connections++;
      server.connectionsMade++;
      socket.on('close', () => server.connections--);
      new MongoConnection(
        socket,
        server,
        server.connectionsMade,
        new Authentication(users, () => deployment.anonymous),
      );
    },
  });
  return {
    protocol: 'mongo',
    host: options.host,
    port: port.address.port,
    close: (graceMs) => port.close(graceMs),
  };
}
