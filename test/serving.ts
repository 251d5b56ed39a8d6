// A server for tests: in memory on free ports unless told otherwise, silent.

import type { Settings } from '../bin/flags.ts';
import { openLog } from '../bin/log.ts';
import { startServer, type RunningServer, type ServerParts } from '../bin/server.ts';
import { settingsFrom } from '../bin/settings.ts';

/** Defaults of tests, under what a test gives. */
export async function testSettings(given: Partial<Settings> = {}): Promise<Settings> {
  const { settings } = await settingsFrom({ line: {}, environment: {} });
  return {
    ...settings,
    sqlPort: 0,
    mongoPort: 0,
    tablePort: 0,
    adminPort: 0,
    logLevel: 'silent',
    memory: given.data === undefined,
    ...given,
  };
}

export async function serve(given: Partial<Settings> = {}, parts: Partial<ServerParts> = {}): Promise<RunningServer> {
  const settings = await testSettings(given);
  return startServer(settings, { log: openLog(settings), ...parts });
}
