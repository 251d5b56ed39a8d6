// How a serving process ends: the first SIGTERM or SIGINT asks it to stop, the second ends it at once, and a fault
// that nobody caught is logged and ends it with exit code 70, because its state can no longer be trusted. The data
// is safe in every case: what was acknowledged is on disk.

import type { Logger } from './log.ts';

const exitFault = 70;

/** Resolves at the first signal. */
export function stopRequested(log: Logger): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let asked = false;
    const onSignal = (signal: NodeJS.Signals): void => {
      if (asked) process.exit(1);
      asked = true;
      log.info({ signal }, 'stopping');
      resolve(signal);
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}

/** SIGHUP: the settings are read again. What is wrong with them is logged, and the server goes on with the former. */
export function reloadOnHangUp(log: Logger, reload: () => Promise<void>): void {
  process.on('SIGHUP', () => {
    reload().catch((error: unknown) => {
      log.error({ reason: error instanceof Error ? error.message : String(error) }, 'the settings were not read again');
    });
  });
}

export function endOnFault(log: Logger): void {
  const end = (error: unknown, what: string): void => {
    log.fatal({ err: error }, what);
    process.exit(exitFault);
  };
  process.on('uncaughtException', (error) => end(error, 'an exception nobody caught'));
  process.on('unhandledRejection', (reason) => end(reason, 'a rejection nobody handled'));
}
