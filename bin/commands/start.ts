// `meridian start`: serves until it is asked to stop.

import { banner, readyLine } from '../banner.ts';
import type { Command } from '../commands.ts';
import { openLog } from '../log.ts';
import { startServer } from '../server.ts';
import { endOnFault, reloadOnHangUp, stopRequested } from '../shutdown.ts';

export const start: Command = async ({ settings, reread, write }) => {
  const log = openLog(settings);
  endOnFault(log);
  const stop = stopRequested(log);
  const server = await startServer(settings, { log });
  // Counted from the start of the process, the loading of the program included.
  const readyMs = performance.now();
  write(settings.log === 'json' ? readyLine(server, readyMs) : banner(server, readyMs));
  reloadOnHangUp(log, async () => server.reload(await reread()));
  await stop;
  await server.stop();
  return 0;
};
