// Shared by the benchmarks: server processes on loopback, CPU of a process, bounded load, a table.
// Every load is bounded in count and time and goes to loopback only.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Pool } from 'undici';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const ticksPerSecond = 100;

const owned = { directories: new Set(), children: new Set() };

// Also after a failure or an interrupt nothing is left behind.
process.on('exit', () => {
  for (const child of owned.children) child.kill('SIGKILL');
  for (const directory of owned.directories)
    rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
});
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
])
  process.once(signal, () => process.exit(code));

/** A directory that is gone when this process ends. */
export function temporaryDirectory(name) {
  const directory = mkdtempSync(join(tmpdir(), `meridian-bench-${name}-`));
  owned.directories.add(directory);
  return directory;
}

/** A process that does not outlive this one. */
export function ownProcess(child) {
  owned.children.add(child);
  child.once('exit', () => owned.children.delete(child));
  return child;
}

/** User and system CPU seconds of a process so far, all its threads. */
export function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** Resident memory of a process in MB: all of it, and what is not file pages. */
export function memoryMB(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)[1]) / 1024;
  return { rss: field('VmRSS'), anonymous: field('RssAnon') };
}

export function machine() {
  return `${cpus().length} × ${cpus()[0].model}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`;
}

/** Starts Meridian on free ports; resolves with its ready file and process. */
export async function startMeridian(args = []) {
  const scratch = temporaryDirectory('ready');
  const readyFile = join(scratch, 'ready.json');
  const startedMs = performance.now();
  const child = spawn(
    process.execPath,
    [
      join(root, 'bin/meridian.mjs'),
      'start',
      '--sql-port',
      '0',
      '--mongo-port',
      '0',
      '--table-port',
      '0',
      '--admin-port',
      '0',
      '--ready-file',
      readyFile,
      ...args,
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  child.once('exit', () => rmSync(scratch, { recursive: true, force: true }));
  ownProcess(child);
  while (!existsSync(readyFile)) {
    if (child.exitCode !== null) throw new Error('Meridian did not start');
    await delay(5);
  }
  const readyMs = performance.now() - startedMs;
  return { child, pid: child.pid, readyMs, ...JSON.parse(readFileSync(readyFile, 'utf8')) };
}

/** Starts a peer script that prints `ready <url>` on its first line. */
export async function startPeer(script, args = []) {
  const child = spawn(process.execPath, [join(root, 'benchmarks/peers', script), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  ownProcess(child);
  const [line] = await once(child.stdout, 'data');
  const url = /ready (\S+)/.exec(String(line))?.[1];
  if (url === undefined) throw new Error(`${script} did not start: ${line}`);
  return { child, pid: child.pid, url };
}

export async function stop(server) {
  if (server.child.exitCode !== null) return;
  const ended = once(server.child, 'exit');
  server.child.kill('SIGTERM');
  const force = setTimeout(() => server.child.kill('SIGKILL'), 6_000);
  await ended;
  clearTimeout(force);
}

/**
 * Sends requests made by `next(i)` with `concurrency` connections until `seconds` have passed or `countMax` were sent.
 * Gives operations per second, CPU µs of the server per operation, and latencies in ms.
 */
export async function load({ url, pid, concurrency, seconds, countMax = 1_000_000, next, expectStatus }) {
  const pool = new Pool(url, { connections: concurrency, pipelining: 1 });
  const latencies = [];
  let sent = 0;
  const started = performance.now();
  const cpuBefore = cpuSeconds(pid);
  const worker = async () => {
    while (sent < countMax && performance.now() - started < seconds * 1000) {
      const request = next(sent++);
      const before = performance.now();
      const answer = await pool.request(request);
      await answer.body.arrayBuffer();
      if (answer.statusCode !== expectStatus) throw new Error(`status ${answer.statusCode} from ${url}`);
      latencies.push(performance.now() - before);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  const elapsed = (performance.now() - started) / 1000;
  const cpu = cpuSeconds(pid) - cpuBefore;
  await pool.close();
  latencies.sort((a, b) => a - b);
  const at = (share) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))];
  return {
    count: latencies.length,
    perSecond: latencies.length / elapsed,
    cpuMicros: (cpu / latencies.length) * 1e6,
    p50: at(0.5),
    p99: at(0.99),
  };
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/** Prints rows of cells as a Markdown table. */
export function table(head, rows) {
  console.log(`| ${head.join(' | ')} |`);
  console.log(`|${head.map(() => '---').join('|')}|`);
  for (const row of rows) console.log(`| ${row.join(' | ')} |`);
}

export function fixed(value, digits = 1) {
  return value === undefined ? '–' : value.toFixed(digits);
}
