// A Meridian server as a process of its own, for the vendors' suites: started from this tree, in a data directory
// that is thrown away, stopped by its process id.

import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { start } from './children.mjs';

const entry = fileURLToPath(new URL('../../bin/meridian.mjs', import.meta.url));

/** A server that is not ready by then has failed; a first start compiles. */
const readyMsMax = 120_000;

/** One that does not end by then is killed. */
const stopMsMax = 10_000;

/**
 * Resolves once it is ready: its ready file, where its certificate lies, what it logged, and how to
 * stop it.
 */
export async function startMeridian(args) {
  const directory = await mkdtemp(join(tmpdir(), 'meridian-conformance-'));
  const readyFile = join(directory, 'ready.json');
  const output = [];
  const child = start(
    process.execPath,
    [entry, 'start', '--data', join(directory, 'data'), '--mongo-port', '0', '--table-port', '0', '--admin-port', '0']
      .concat(['--ready-file', readyFile, '--durability', 'relaxed', '--log-level', 'warn'])
      .concat(args),
  );
  const complaints = [];
  child.stdout.on('data', (chunk) => output.push(chunk.toString()));
  child.stderr.on('data', (chunk) => complaints.push(chunk.toString()));
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit');
      const timer = setTimeout(() => child.kill('SIGKILL'), stopMsMax);
      child.kill('SIGTERM');
      await ended;
      clearTimeout(timer);
    }
    await rm(directory, { recursive: true, force: true });
  };
  const deadline = Date.now() + readyMsMax;
  for (;;) {
    const text = await readFile(readyFile, 'utf8').catch(() => undefined);
    if (text !== undefined)
      return {
        ready: JSON.parse(text),
        tls: join(directory, 'data', 'tls'),
        complaints: () => complaints.join('').replace(/^meridian: built in .*\n/, ''),
        stop,
      };
    if (child.exitCode !== null || Date.now() > deadline) {
      await stop();
      throw new Error(`the server did not become ready:\n${output.concat(complaints).join('')}`);
    }
    await delay(20);
  }
}

/** True when a server could listen there now. */
export async function isFree(port, host = '127.0.0.1') {
  const probe = createServer();
  probe.listen(port, host);
  try {
    await once(probe, 'listening');
  } catch {
    return false;
  }
  probe.close();
  await once(probe, 'close');
  return true;
}

/** The key that a server has which was given none, as it tells itself. */
export async function defaultKey() {
  const child = start(process.execPath, [entry, 'connection-strings', '--json']);
  const chunks = [];
  child.stdout.on('data', (chunk) => chunks.push(chunk));
  await once(child, 'close');
  const rows = JSON.parse(Buffer.concat(chunks).toString());
  return /AccountKey=([^;]+)/.exec(rows.map(({ connectionString }) => connectionString).join('\n'))[1];
}
