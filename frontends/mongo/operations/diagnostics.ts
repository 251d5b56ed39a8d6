// Commands by which tools look at a server: ping, buildInfo, whatsmyuri, connectionStatus, hostInfo, getLog,
// getCmdLineOpts, serverStatus, replSetGetStatus.

import { arch, cpus, hostname, platform, release, totalmem, type as osType } from 'node:os';
import { emptyReply, type Call, type Operation } from '../call.ts';
import { documentBytesMax } from '../decode.ts';
import { MongoError, MongoCode } from '../errors.ts';
import { mongoVersion, replicaSet } from '../version.ts';

export const ping: Operation = { run: () => emptyReply };

export const buildInfo: Operation = {
  run: ({ shared }) => ({
    fields: (writer) => {
      writer.string('version', mongoVersion.text).string('gitVersion', 'none').beginArray('modules').end();
      writer.string('allocator', 'system').string('javascriptEngine', 'none').string('sysInfo', 'deprecated');
      writer.beginArray('versionArray');
      for (const part of mongoVersion.parts) writer.int32('', part);
      writer.end().beginObject('openssl').string('running', process.versions.openssl).end();
      writer.beginObject('buildEnvironment').end().int32('bits', 64).boolean('debug', false);
      writer.int32('maxBsonObjectSize', documentBytesMax).beginArray('storageEngines').string('', 'meridian').end();
      writer.string('meridianVersion', shared.deployment.version);
    },
  }),
};

export const whatsMyUri: Operation = {
  run: ({ client }) => ({ fields: (writer) => writer.string('you', client.remote) }),
};

export const connectionStatus: Operation = {
  arguments: new Set(['connectionStatus', 'showPrivileges']),
  run: ({ args, client }) => {
    const principal = client.authentication.principal;
    const showPrivileges = args.boolean('showPrivileges');
    return {
      fields: (writer) => {
        writer.beginObject('authInfo').beginArray('authenticatedUsers');
        if (principal !== undefined)
          writer.beginObject('').string('user', principal.name).string('db', principal.database).end();
        writer.end().beginArray('authenticatedUserRoles');
        if (principal !== undefined) writer.beginObject('').string('role', 'root').string('db', 'admin').end();
        writer.end();
        if (showPrivileges) {
          writer.beginArray('authenticatedUserPrivileges').beginObject('').beginObject('resource');
          writer.boolean('anyResource', true).end().beginArray('actions').string('', 'anyAction').end().end().end();
        }
        writer.end();
      },
    };
  },
};

export const hostInfo: Operation = {
  run: ({ shared }) => ({
    fields: (writer) => {
      const megabytes = Math.floor(totalmem() / 2 ** 20);
      writer
        .beginObject('system')
        .date('currentTime', Math.floor(shared.deployment.nowMs()))
        .string('hostname', hostname());
      writer.int32('cpuAddrSize', 64).int64('memSizeMB', BigInt(megabytes)).int64('memLimitMB', BigInt(megabytes));
      writer.int32('numCores', cpus().length).string('cpuArch', arch()).boolean('numaEnabled', false).end();
      writer.beginObject('os').string('type', osType()).string('name', platform()).string('version', release()).end();
      writer.beginObject('extra').end();
    },
  }),
};

const logNames = ['global', 'startupWarnings'];

export const getLog: Operation = {
  arguments: new Set(['getLog']),
  run: ({ args }) => {
    const name = args.string('getLog');
    if (name === '*')
      return {
        fields: (writer) => {
          writer.beginArray('names');
          for (const each of logNames) writer.string('', each);
          writer.end();
        },
      };
    if (name === undefined || !logNames.includes(name))
      throw new MongoError(MongoCode.OperationFailed, 'No log named that; see getLog: "*"');
    // The log of this server goes to its output and is not kept.
    return { fields: (writer) => writer.int32('totalLinesWritten', 0).beginArray('log').end() };
  },
};

export const getCmdLineOpts: Operation = {
  run: ({ shared }) => ({
    fields: (writer) => {
      const { testCommands } = shared.deployment;
      writer.beginArray('argv').string('', 'meridian');
      if (testCommands) writer.string('', '--setParameter').string('', 'enableTestCommands=1');
      writer.end().beginObject('parsed').beginObject('replication').string('replSet', replicaSet).end();
      if (testCommands) writer.beginObject('setParameter').string('enableTestCommands', '1').end();
      writer.end();
    },
  }),
};

function runServerStatus({ client, engine, shared }: Call): ReturnType<Operation['run']> {
  const { deployment, startedMs } = shared;
  const nowMs = deployment.nowMs();
  const memory = process.memoryUsage();
  return {
    fields: (writer) => {
      const upMs = Math.max(0, Math.floor(nowMs - startedMs));
      writer.string('host', client.local).string('version', mongoVersion.text).string('process', 'meridian');
      writer
        .int64('pid', BigInt(process.pid))
        .double('uptime', Math.floor(upMs / 1000))
        .int64('uptimeMillis', BigInt(upMs));
      writer.int64('uptimeEstimate', BigInt(Math.floor(upMs / 1000))).date('localTime', Math.floor(nowMs));
      writer
        .beginObject('connections')
        .int32('current', shared.connections())
        .int32('active', shared.connections())
        .end();
      writer
        .beginObject('mem')
        .int32('bits', 64)
        .int32('resident', Math.floor(memory.rss / 2 ** 20))
        .boolean('supported', true)
        .end();
      writer
        .beginObject('metrics')
        .beginObject('cursor')
        .beginObject('open')
        .int64('total', BigInt(shared.cursors.size))
        .end();
      writer.end().end();
      writer.beginObject('logicalSessionRecordCache').int32('activeSessionsCount', shared.sessions.size).end();
      writer
        .beginObject('repl')
        .string('setName', replicaSet)
        .boolean('isWritablePrimary', true)
        .boolean('secondary', false)
        .end();
      writer.beginObject('storageEngine').string('name', 'meridian').boolean('supportsCommittedReads', true).end();
      writer.beginObject('meridian').int64('commitGroups', BigInt(engine.counters.groups));
      writer.int64('entries', BigInt(engine.counters.entries)).int64('records', BigInt(engine.counters.records)).end();
    },
  };
}

export const serverStatus: Operation = { run: runServerStatus };

/** The one member there is, and that it is the primary. */
export const replSetGetStatus: Operation = {
  run: ({ client, shared }) => ({
    fields: (writer) => {
      const { seconds, increment } = shared.time.now();
      writer.string('set', replicaSet).date('date', Math.floor(shared.deployment.nowMs())).int32('myState', 1);
      writer.int64('term', 1n).beginArray('members').beginObject('').int32('_id', 0).string('name', client.local);
      writer.double('health', 1).int32('state', 1).string('stateStr', 'PRIMARY').boolean('self', true);
      writer.beginObject('optime').timestamp('ts', seconds, increment).int64('t', 1n).end().end().end();
    },
  }),
};
