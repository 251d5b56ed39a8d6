// Small commands that tell about the server: what shells, drivers and tools ask before they start.

import { hostname } from 'node:os';
import { BsonType } from '../../../model/bson/types.ts';
import { fieldOf, textOfRaw } from '../../../model/bson/walk.ts';
import type { BsonWriter } from '../../../model/bson/write.ts';
import type { Answer, Command } from '../command.ts';
import { documentBytesMax } from '../decode.ts';
import { badValue, MongoCode, MongoError } from '../errors.ts';
import { scramMechanism } from '../scram.ts';
import { replicaSetName, serverVersion, versionArray } from '../versions.ts';

const nothing: Answer = { write: () => undefined };

export const ping: Command = { open: true, run: () => nothing };

/** Accepted and without effect: the server keeps nothing that they would change. */
export const noOperation: Command = { run: () => nothing };

export const buildInfo: Command = {
  open: true,
  run: () => ({
    write: (writer) => {
      writer.string('version', serverVersion).string('gitVersion', 'meridian');
      writer.beginArray('modules').end();
      writer.string('allocator', 'system').string('javascriptEngine', 'none').string('sysInfo', 'deprecated');
      writer.beginArray('versionArray');
      for (const part of versionArray) writer.int32('', part);
      writer.end().int32('bits', 64).boolean('debug', false).int32('maxBsonObjectSize', documentBytesMax);
      writer.beginArray('storageEngines').string('', 'meridian').end();
    },
  }),
};

export const whatsMyUri: Command = {
  open: true,
  run: ({ connection }) => ({ write: (writer) => void writer.string('you', connection.remote) }),
};

export const connectionStatus: Command = {
  open: true,
  run: ({ connection }) => ({
    write: (writer) => {
      const { principal } = connection.authentication;
      writer.beginObject('authInfo').beginArray('authenticatedUsers');
      if (principal !== undefined)
        writer.beginObject('').string('user', principal.name).string('db', principal.database).end();
      writer.end().beginArray('authenticatedUserRoles');
      if (principal !== undefined) writer.beginObject('').string('role', 'root').string('db', 'admin').end();
      writer.end().end();
    },
  }),
};

export const hostInfo: Command = {
  admin: true,
  run: ({ server }) => ({
    write: (writer) => {
      writer.beginObject('system').date('currentTime', Math.floor(server.deployment.nowMs()));
      writer.string('hostname', hostname()).int32('cpuAddrSize', 64).end();
      writer.beginObject('os').string('type', process.platform).end();
      writer.beginObject('extra').end();
    },
  }),
};

export const getLog: Command = {
  admin: true,
  run: ({ request }) => {
    const which = fieldOf(request.body, 'getLog');
    if (which?.type !== BsonType.string) throw badValue('Argument to getLog must be of type String');
    const name = textOfRaw(which);
    if (name === '*')
      return {
        write: (writer) => void writer.beginArray('names').string('', 'global').string('', 'startupWarnings').end(),
      };
    if (name !== 'global' && name !== 'startupWarnings') throw badValue(`no RamLog named: ${name}`);
    return { write: (writer) => void writer.int32('totalLinesWritten', 0).beginArray('log').end() };
  },
};

export const getCmdLineOpts: Command = {
  admin: true,
  run: ({ server }) => ({
    write: (writer) => {
      writer.beginArray('argv').string('', 'meridian');
      if (server.deployment.testCommands) writer.string('', '--setParameter').string('', 'enableTestCommands=1');
      writer.end().beginObject('parsed');
      writer.beginObject('replication').string('replSet', replicaSetName).end();
      if (server.deployment.testCommands) writer.beginObject('setParameter').string('enableTestCommands', '1').end();
      writer.end();
    },
  }),
};

function writeParameters(writer: BsonWriter, testCommands: boolean): ReadonlyMap<string, () => void> {
  return new Map<string, () => void>([
    ['authenticationMechanisms', () => writer.beginArray('authenticationMechanisms').string('', scramMechanism).end()],
    ['enableTestCommands', () => writer.boolean('enableTestCommands', testCommands)],
    ['requireApiVersion', () => writer.boolean('requireApiVersion', false)],
    ['transactionLifetimeLimitSeconds', () => writer.int32('transactionLifetimeLimitSeconds', 60)],
    [
      'featureCompatibilityVersion',
      () => writer.beginObject('featureCompatibilityVersion').string('version', serverVersion.slice(0, 3)).end(),
    ],
  ]);
}

export const getParameter: Command = {
  admin: true,
  run: ({ request, server }) => {
    const which = fieldOf(request.body, 'getParameter');
    const all = which?.type === BsonType.string && textOfRaw(which) === '*';
    return {
      write: (writer) => {
        let written = 0;
        for (const [name, write] of writeParameters(writer, server.deployment.testCommands)) {
          if (!all && fieldOf(request.body, name) === undefined) continue;
          write();
          written++;
        }
        if (written === 0) throw new MongoError(MongoCode.InvalidOptions, 'no option found to get');
      },
    };
  },
};

export const serverStatus: Command = {
  run: ({ server }) => ({
    write: (writer) => {
      const nowMs = server.deployment.nowMs();
      const uptime = Math.max(0, Math.floor((nowMs - server.startedMs) / 1000));
      const memory = process.memoryUsage();
      writer.string('host', hostname()).string('version', serverVersion).string('process', 'meridian');
      writer
        .int32('pid', process.pid)
        .double('uptime', uptime)
        .int64('uptimeMillis', BigInt(uptime * 1000));
      writer.date('localTime', Math.floor(nowMs));
      writer.beginObject('connections').int32('current', server.connections).int32('available', 10_000);
      writer.int32('totalCreated', server.connectionsMade).int32('active', server.connections).end();
      writer.beginObject('storageEngine').string('name', 'meridian').boolean('persistent', true).end();
      writer.beginObject('repl').string('setName', replicaSetName).boolean('isWritablePrimary', true).end();
      writer
        .beginObject('mem')
        .int32('bits', 64)
        .int32('resident', Math.round(memory.rss / 1_048_576))
        .end();
      writer.beginObject('transactions').end();
    },
  }),
};

export const replSetGetStatus: Command = {
  admin: true,
  run: ({ server, connection }) => ({
    write: (writer) => {
      const time = server.clusterTime();
      writer.string('set', replicaSetName).date('date', Math.floor(server.deployment.nowMs())).int32('myState', 1);
      writer.int64('term', 1n).beginArray('members').beginObject('');
      writer.int32('_id', 0).string('name', connection.local).double('health', 1).int32('state', 1);
      writer.string('stateStr', 'PRIMARY').boolean('self', true);
      writer.beginObject('optime').timestamp('ts', time.seconds, time.increment).int64('t', 1n).end();
      writer.end().end();
    },
  }),
};

export const configureFailPoint: Command = {
  admin: true,
  test: true,
  run: ({ request, server }) => {
    server.failPoints.configure(request.body);
    return { write: (writer) => void writer.int32('count', 0) };
  },
};
