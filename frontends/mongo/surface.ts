// The whole surface of the MongoDB door on one page: every command by name. A row without an operation is a
// command of MongoDB that this server knows and does not offer: it answers CommandNotSupported, an unknown name
// CommandNotFound. The README's table is generated from this page and checked by a test.

import { accumulatorNames } from './aggregate/accumulators.ts';
import { operatorNames } from './aggregate/operators.ts';
import { stageNames } from './aggregate/pipeline.ts';
import type { Operation } from './call.ts';
import { aggregate } from './operations/aggregate.ts';
import { configureFailPoint } from './operations/configure-fail-point.ts';
import { create, drop, dropDatabase } from './operations/collections.ts';
import { count } from './operations/count.ts';
import { deleteDocuments } from './operations/delete.ts';
import {
  buildInfo,
  connectionStatus,
  getCmdLineOpts,
  getLog,
  hostInfo,
  ping,
  replSetGetStatus,
  serverStatus,
  whatsMyUri,
} from './operations/diagnostics.ts';
import { distinct } from './operations/distinct.ts';
import { explain } from './operations/explain.ts';
import { findAndModify } from './operations/find-and-modify.ts';
import { find } from './operations/find.ts';
import { getMore } from './operations/get-more.ts';
import { getParameter } from './operations/get-parameter.ts';
import { hello } from './operations/hello.ts';
import { insert } from './operations/insert.ts';
import { killCursors } from './operations/kill-cursors.ts';
import { createIndexes, dropIndexes, listIndexes } from './operations/indexes.ts';
import { listCollections } from './operations/list-collections.ts';
import { listCommands } from './operations/list-commands.ts';
import { listDatabases } from './operations/list-databases.ts';
import { logout, saslContinue, saslStart } from './operations/sasl.ts';
import { endSessions, killAllSessions, killSessions, refreshSessions, startSession } from './operations/sessions.ts';
import { collStats, dbStats } from './operations/statistics.ts';
import { update } from './operations/update.ts';

export interface Command {
  readonly name: string;
  readonly group: string;
  /** Absent: known and not supported. */
  readonly operation?: Operation | undefined;
  readonly aliases?: readonly string[] | undefined;
  /** Runs before a client has authenticated. */
  readonly open?: true | undefined;
  /** Runs against the database `admin` only. */
  readonly adminOnly?: true | undefined;
  /** Only with `--enable-test-commands`; otherwise as good as unknown. */
  readonly test?: true | undefined;
  /** What of it is not there yet. */
  readonly limits?: string | undefined;
}

const handshake = 'Handshake and authentication';
const sessions = 'Sessions';
const documents = 'Documents';
const collections = 'Databases and collections';
const diagnostics = 'Diagnostics';
const administration = 'Administration';

export const surface: readonly Command[] = [
  { name: 'hello', group: handshake, operation: hello, open: true },
  { name: 'isMaster', group: handshake, operation: hello, aliases: ['ismaster'], open: true },
  { name: 'saslStart', group: handshake, operation: saslStart, open: true, limits: 'SCRAM-SHA-256 only' },
  { name: 'saslContinue', group: handshake, operation: saslContinue, open: true },
  { name: 'logout', group: handshake, operation: logout, open: true },
  { name: 'authenticate', group: handshake, open: true },

  { name: 'startSession', group: sessions, operation: startSession },
  { name: 'endSessions', group: sessions, operation: endSessions },
  { name: 'refreshSessions', group: sessions, operation: refreshSessions },
  { name: 'killSessions', group: sessions, operation: killSessions },
  { name: 'killAllSessions', group: sessions, operation: killAllSessions },
  { name: 'killAllSessionsByPattern', group: sessions, operation: killAllSessions },
  { name: 'commitTransaction', group: sessions, adminOnly: true },
  { name: 'abortTransaction', group: sessions, adminOnly: true },

  {
    name: 'find',
    group: documents,
    operation: find,
    limits: 'no collation, tailable cursors, min, max, returnKey, $text, geo',
  },
  { name: 'getMore', group: documents, operation: getMore },
  { name: 'killCursors', group: documents, operation: killCursors },
  { name: 'insert', group: documents, operation: insert },
  { name: 'update', group: documents, operation: update, limits: 'no collation' },
  { name: 'delete', group: documents, operation: deleteDocuments, limits: 'no collation' },
  {
    name: 'findAndModify',
    group: documents,
    operation: findAndModify,
    aliases: ['findandmodify'],
    limits: 'no collation',
  },
  { name: 'count', group: documents, operation: count, limits: 'no collation' },
  { name: 'distinct', group: documents, operation: distinct, limits: 'no collation' },
  {
    name: 'aggregate',
    group: documents,
    operation: aggregate,
    limits: 'the stages and expressions below; no collation',
  },
  { name: 'explain', group: documents, operation: explain },
  { name: 'bulkWrite', group: documents, adminOnly: true },
  { name: 'mapReduce', group: documents, aliases: ['mapreduce'] },

  { name: 'listDatabases', group: collections, operation: listDatabases, adminOnly: true },
  { name: 'listCollections', group: collections, operation: listCollections },
  {
    name: 'create',
    group: collections,
    operation: create,
    limits: 'no capped, views, validators, time series, collation',
  },
  { name: 'drop', group: collections, operation: drop },
  { name: 'dropDatabase', group: collections, operation: dropDatabase },
  { name: 'listIndexes', group: collections, operation: listIndexes },
  { name: 'collStats', group: collections, operation: collStats, aliases: ['collstats'] },
  { name: 'dbStats', group: collections, operation: dbStats, aliases: ['dbstats'] },
  {
    name: 'createIndexes',
    group: collections,
    operation: createIndexes,
    limits: 'every path is indexed anyway; no text, 2d, 2dsphere, TTL, clustered indexes, no collation',
  },
  { name: 'dropIndexes', group: collections, operation: dropIndexes, aliases: ['deleteIndexes'] },
  { name: 'renameCollection', group: collections, adminOnly: true },
  { name: 'collMod', group: collections },
  { name: 'convertToCapped', group: collections },
  { name: 'validate', group: collections },
  { name: 'compact', group: collections },
  { name: 'reIndex', group: collections },
  { name: 'dataSize', group: collections, aliases: ['datasize'] },
  { name: 'createSearchIndexes', group: collections },
  { name: 'updateSearchIndex', group: collections },
  { name: 'dropSearchIndex', group: collections },
  { name: 'shardCollection', group: collections, adminOnly: true },
  { name: 'enableSharding', group: collections, adminOnly: true },

  { name: 'ping', group: diagnostics, operation: ping, open: true },
  { name: 'buildInfo', group: diagnostics, operation: buildInfo, aliases: ['buildinfo'], open: true },
  { name: 'whatsmyuri', group: diagnostics, operation: whatsMyUri, open: true },
  { name: 'connectionStatus', group: diagnostics, operation: connectionStatus, open: true },
  { name: 'hostInfo', group: diagnostics, operation: hostInfo },
  { name: 'getLog', group: diagnostics, operation: getLog, adminOnly: true, limits: 'always empty' },
  { name: 'getParameter', group: diagnostics, operation: getParameter, adminOnly: true },
  { name: 'getCmdLineOpts', group: diagnostics, operation: getCmdLineOpts, adminOnly: true },
  { name: 'serverStatus', group: diagnostics, operation: serverStatus },
  { name: 'listCommands', group: diagnostics, operation: listCommands },
  { name: 'replSetGetStatus', group: diagnostics, operation: replSetGetStatus, adminOnly: true },
  { name: 'currentOp', group: diagnostics, adminOnly: true },
  { name: 'killOp', group: diagnostics, adminOnly: true },
  { name: 'top', group: diagnostics, adminOnly: true },
  { name: 'profile', group: diagnostics },
  { name: 'features', group: diagnostics },
  { name: 'getFreeMonitoringStatus', group: diagnostics, adminOnly: true },

  { name: 'createUser', group: administration },
  { name: 'updateUser', group: administration },
  { name: 'dropUser', group: administration },
  { name: 'dropAllUsersFromDatabase', group: administration },
  { name: 'usersInfo', group: administration },
  { name: 'createRole', group: administration },
  { name: 'updateRole', group: administration },
  { name: 'dropRole', group: administration },
  { name: 'rolesInfo', group: administration },
  { name: 'grantRolesToUser', group: administration },
  { name: 'revokeRolesFromUser', group: administration },
  { name: 'setParameter', group: administration, adminOnly: true },
  {
    name: 'configureFailPoint',
    group: administration,
    operation: configureFailPoint,
    adminOnly: true,
    test: true,
    limits: 'failCommand, with --enable-test-commands',
  },
  { name: 'fsync', group: administration, adminOnly: true },
  { name: 'shutdown', group: administration, adminOnly: true },
];

const byName = new Map<string, Command>();
for (const command of surface) for (const name of [command.name, ...(command.aliases ?? [])]) byName.set(name, command);

export function commandOf(name: string): Command | undefined {
  return byName.get(name);
}

const listed = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(' ');

/** The language of pipelines, as the README lists it: one line each of stages, expressions, accumulators. */
export function languageLines(): readonly string[] {
  return [
    `- Stages: ${listed(stageNames)}`,
    `- Expressions: ${listed(operatorNames)}`,
    `- Accumulators: ${listed(accumulatorNames)}`,
  ];
}

/** The tables of the README. */
export function surfaceTable(): string {
  const groups = [...new Set(surface.map((command) => command.group))];
  return groups
    .map((group) => {
      const rows = surface
        .filter((command) => command.group === group)
        .map(({ name, operation, limits }) => {
          const status = operation === undefined ? 'not supported' : 'works';
          return `| \`${name}\` | ${limits === undefined ? status : `${status}: ${limits}`} |`;
        });
      return [`### ${group}`, '', '| Command | Status |', '| --- | --- |', ...rows].join('\n');
    })
    .join('\n\n');
}
