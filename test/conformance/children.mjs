// Processes that a harness starts end with it, however it ends: nothing of a suite outlives its run.

import { spawn } from 'node:child_process';

const living = new Set();

process.on('exit', () => {
  for (const child of living) child.kill('SIGKILL');
});
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
])
  process.once(signal, () => process.exit(code));

/** As `spawn` of node:child_process, without standard input. */
export function start(command, args, options = {}) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  living.add(child);
  child.once('exit', () => living.delete(child));
  return child;
}
