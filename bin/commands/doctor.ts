// `meridian doctor`: looks for what would keep a server from starting, being fast, or being seen whole through
// every door. Each finding says what it means and what to do.

import { mkdtemp, open, readFile, rm, stat, statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import type { Command, CommandCall } from '../commands.ts';
import { illegalNames } from '../illegal-names.ts';

export interface Finding {
  readonly subject: string;
  readonly verdict: 'ok' | 'warning' | 'trouble';
  readonly text: string;
}

type Examine = (settings: CommandCall['settings']) => Promise<Finding[]>;

export const doctor: Command = async ({ settings, json, write }) => {
  const findings: Finding[] = [];
  for (const examine of examinations) findings.push(...(await examine(settings)));
  if (json) write(`${JSON.stringify(findings, undefined, 2)}\n`);
  else for (const { subject, verdict, text } of findings) write(`${verdict.padEnd(8)} ${subject.padEnd(10)} ${text}\n`);
  return findings.some(({ verdict }) => verdict === 'trouble') ? 1 : 0;
};

/** Free bytes below which a server soon refuses writes. */
const freeBytesWanted = 1024 * 1024 * 1024;

/** An fsync slower than this makes every single write slow; a laptop's SSD takes about a tenth. */
const fsyncMsWanted = 20;
const fsyncTries = 20;

/** Sockets and table files of a busy server. */
const openFilesWanted = 4096;

/** A clock before this release was made is wrong. */
const clockMsMin = Date.UTC(2026, 0, 1);

const examinations: readonly Examine[] = [
  examineNode,
  examinePorts,
  examineDisk,
  examineOpenFiles,
  examineClock,
  examineNames,
];

async function examineNode(): Promise<Finding[]> {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const good = major > 20 || (major === 20 && minor >= 19);
  return [
    {
      subject: 'node',
      verdict: good ? 'ok' : 'trouble',
      text: good ? process.version : `${process.version}: 20.19 or later is needed`,
    },
  ];
}

async function examinePorts(settings: CommandCall['settings']): Promise<Finding[]> {
  const ports = [
    ['--sql-port', settings.sqlPort],
    ['--mongo-port', settings.mongoPort],
    ['--table-port', settings.tablePort],
    ['--admin-port', settings.adminPort],
  ] as const;
  return Promise.all(
    ports.map(async ([flag, port]): Promise<Finding> => {
      const fault = await listenFault(settings.host, port);
      const subject = `port ${port}`;
      if (fault === undefined) return { subject, verdict: 'ok', text: `free (${flag})` };
      if (fault === 'EADDRINUSE')
        return { subject, verdict: 'trouble', text: `in use, by a running server perhaps; ${flag} takes another` };
      return {
        subject,
        verdict: 'trouble',
        text: `cannot be opened on ${settings.host} (${fault}); ${flag} takes another`,
      };
    }),
  );
}

function listenFault(host: string, port: number): Promise<string | undefined> {
  return new Promise((done) => {
    const server = createServer();
    server.once('error', (error) => done('code' in error ? String(error.code) : error.message));
    server.listen(port, host, () => server.close(() => done(undefined)));
  });
}

async function examineDisk(settings: CommandCall['settings']): Promise<Finding[]> {
  const existing = await nearestDirectory(resolve(settings.data));
  const { bavail, bsize, blocks } = await statfs(existing);
  const free = bavail * bsize;
  const space = `${(free / 1e9).toFixed(1)} GB free of ${((blocks * bsize) / 1e9).toFixed(1)} GB for ${settings.data}`;
  const findings: Finding[] = [
    free < freeBytesWanted
      ? { subject: 'disk', verdict: 'warning', text: `${space}: writes are refused when it runs out` }
      : { subject: 'disk', verdict: 'ok', text: space },
  ];
  let scratch: string;
  try {
    scratch = await mkdtemp(join(existing, '.meridian-doctor-'));
  } catch {
    return [...findings, { subject: 'disk', verdict: 'trouble', text: `${existing} cannot be written by this user` }];
  }
  try {
    const milliseconds = await fsyncMs(join(scratch, 'probe'));
    const text = `${milliseconds.toFixed(2)} ms to make a write durable (median of ${fsyncTries})`;
    findings.push(
      milliseconds > fsyncMsWanted
        ? {
            subject: 'fsync',
            verdict: 'warning',
            text: `${text}: single writes will be slow; --durability relaxed does not wait`,
          }
        : { subject: 'fsync', verdict: 'ok', text },
    );
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return findings;
}

async function fsyncMs(path: string): Promise<number> {
  const file = await open(path, 'w');
  try {
    const times: number[] = [];
    const page = Buffer.alloc(4096, 1);
    for (let i = 0; i < fsyncTries; i++) {
      const startedMs = performance.now();
      await file.write(page);
      await file.datasync();
      times.push(performance.now() - startedMs);
    }
    return times.sort((a, b) => a - b)[fsyncTries >> 1]!;
  } finally {
    await file.close();
  }
}

async function nearestDirectory(path: string): Promise<string> {
  for (let at = path; ; at = dirname(at)) {
    const found = await stat(at).catch(() => undefined);
    if (found?.isDirectory() === true || dirname(at) === at) return at;
  }
}

async function examineOpenFiles(): Promise<Finding[]> {
  const limits = await readFile('/proc/self/limits', 'utf8').catch(() => undefined);
  const limit = limits?.match(/^Max open files\s+(\d+|unlimited)/m)?.[1];
  if (limit === undefined) return [];
  const low = limit !== 'unlimited' && Number(limit) < openFilesWanted;
  const text = `${limit} open files allowed`;
  return [
    low
      ? { subject: 'files', verdict: 'warning', text: `${text}: raise it with ulimit -n ${openFilesWanted}` }
      : { subject: 'files', verdict: 'ok', text },
  ];
}

async function examineClock(): Promise<Finding[]> {
  const time = new Date().toISOString();
  return Date.now() < clockMsMin
    ? [
        {
          subject: 'clock',
          verdict: 'trouble',
          text: `${time} has passed: signatures and certificates will be refused; set the clock`,
        },
      ]
    : [{ subject: 'clock', verdict: 'ok', text: `${time}; clients must agree within 15 minutes` }];
}

async function examineNames(settings: CommandCall['settings']): Promise<Finding[]> {
  const found = await illegalNames(settings.data);
  if (found.kind === 'none') return [{ subject: 'names', verdict: 'ok', text: `${settings.data} holds no data yet` }];
  if (found.kind === 'busy')
    return [{ subject: 'names', verdict: 'ok', text: 'not looked at: a server has the data directory open' }];
  if (found.names.length === 0)
    return [{ subject: 'names', verdict: 'ok', text: 'every database and container shows through every door' }];
  return found.names.map(({ name, door, reason }) => ({
    subject: 'names',
    verdict: 'warning',
    text: `${name} does not show through the ${door} door: ${reason}`,
  }));
}
