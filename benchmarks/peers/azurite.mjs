// Azurite's Table service on a free port of loopback, kept on disk as it comes: it holds all in memory and writes its
// whole database as one JSON file every 5 s.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { join } from 'node:path';
import { ownProcess } from '../harness.mjs';
import { installPackage, packageVersion, peersDirectory } from './install.mjs';

const readyMsMax = 60_000;

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}

/** Undefined when it cannot be had. */
export async function startAzurite(directory) {
  if (!installPackage('azurite')) return undefined;
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const startedMs = performance.now();
  const main = join(peersDirectory, 'node_modules/azurite/dist/src/table/main.js');
  const args = ['--location', directory, '--tablePort', String(port), '--silent', '--disableTelemetry'];
  const child = ownProcess(spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'ignore', 'inherit'] }));
  for (;;) {
    // Any answer will do: it has no credentials.
    if (
      await fetch(url).then(
        () => true,
        () => false,
      )
    )
      break;
    if (child.exitCode !== null || performance.now() - startedMs > readyMsMax) throw new Error('Azurite did not start');
    await delay(20);
  }
  const name = `Azurite ${packageVersion('azurite')}`;
  return { name, child, pid: child.pid, url, readyMs: performance.now() - startedMs };
}
