// Every command of this door on one page. The README's table is made from it. A name that is not here is
// CommandNotFound, which tools take as "not offered".

import type { Command } from './command.ts';
import {
  buildInfo,
  configureFailPoint,
  connectionStatus,
  getCmdLineOpts,
  getLog,
  getParameter,
  hostInfo,
  noOperation,
  ping,
  replSetGetStatus,
  serverStatus,
  whatsMyUri,
} from './operations/diagnostics.ts';
import { hello } from './operations/hello.ts';
import { logout, saslContinue, saslStart } from './operations/sasl.ts';

export const surface: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['hello', hello],
  ['isMaster', hello],
  ['ismaster', hello],
  ['ping', ping],
  ['buildInfo', buildInfo],
  ['buildinfo', buildInfo],
  ['whatsmyuri', whatsMyUri],
  ['connectionStatus', connectionStatus],
  ['hostInfo', hostInfo],
  ['getLog', getLog],
  ['getCmdLineOpts', getCmdLineOpts],
  ['getParameter', getParameter],
  ['serverStatus', serverStatus],
  ['replSetGetStatus', replSetGetStatus],
  ['saslStart', saslStart],
  ['saslContinue', saslContinue],
  ['logout', logout],
  ['endSessions', noOperation],
  ['refreshSessions', noOperation],
  ['killAllSessions', noOperation],
  ['configureFailPoint', configureFailPoint],
]);
