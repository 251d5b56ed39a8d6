// Azurite's table service as a process of its own, for the sake of comparison: what a suite says of a server that others
// know tells whether the harness is sound. It is installed by whoever asks for it, and is no part of this tree.

import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { start } from '../children.mjs';

const readyMsMax = 60_000;

/** Resolves once it listens, with its port. `plain`: without TLS, and so without bearer tokens. */
export async function startAzurite(installation, { certificateFile, certificateKeyFile }, { plain }) {
  const location = await mkdtemp(join(tmpdir(), 'azurite-'));
  const port = await freePort();
  const secure = plain ? [] : ['--cert', certificateFile, '--key', certificateKeyFile, '--oauth', 'basic'];
  const child = start(
    join(installation, 'node_modules', '.bin', 'azurite-table'),
    ['--silent', '--skipApiVersionCheck', '--disableTelemetry', '--location', location]
      .concat(['--tablePort', String(port)])
      .concat(secure),
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await rm(location, { recursive: true, force: true });
  };
  const deadline = Date.now() + readyMsMax;
  while (!/successfully started/.test(output)) {
    if (child.exitCode !== null || Date.now() > deadline) {
      await stop();
      throw new Error(`Azurite did not become ready:\n${output}`);
    }
    await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
  }
  return { port, complaints: () => '', stop };
}

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}
