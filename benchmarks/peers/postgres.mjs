// A PostgreSQL cluster of its own in a temporary directory, on a socket there and no port, stopped and removed at the
// end. Needs the Debian package postgresql-15; as root the server runs as the user that package makes.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ownProcess, temporaryDirectory } from '../harness.mjs';
import { installPackage, requirePeer } from './install.mjs';

const home = '/usr/lib/postgresql';

/** Defaults but for these: memory that holds the data, and a socket instead of a port. */
export const postgresSettings = "shared_buffers = 1GB\nlisten_addresses = ''\nmax_connections = 100\n";

/** Starts a cluster; undefined, after saying why, when that cannot be done here. */
export async function startPostgres() {
  const version = existsSync(home) ? readdirSync(home).sort().at(-1) : undefined;
  if (version === undefined) {
    console.log('PostgreSQL is not installed (Debian package postgresql-15) and is left out\n');
    return undefined;
  }
  if (!installPackage('pg')) return undefined;
  const bin = join(home, version, 'bin');
  const directory = temporaryDirectory('pg');
  let child;
  try {
    const user = userOf();
    const data = join(directory, 'data');
    mkdirSync(data);
    if (user.uid !== undefined) for (const path of [directory, data]) chownSync(path, user.uid, user.gid);
    const asUser = { ...user, stdio: ['ignore', 'ignore', 'inherit'], cwd: directory };
    execFileSync(join(bin, 'initdb'), ['-D', data, '-U', 'bench', '-A', 'trust', '--no-sync'], asUser);
    writeFileSync(join(data, 'postgresql.auto.conf'), postgresSettings);
    child = ownProcess(spawn(join(bin, 'postgres'), ['-D', data, '-k', directory], { ...asUser, stdio: 'ignore' }));
    const { Pool } = requirePeer('pg');
    const pool = new Pool({ host: directory, user: 'bench', database: 'postgres', max: 64 });
    pool.on('error', () => undefined);
    const server = {
      name: `PostgreSQL ${execFileSync(join(bin, 'postgres'), ['--version'], { encoding: 'utf8' }).split(' ')[2]}`,
      pid: child.pid,
      pool,
      stop: async () => {
        await pool.end();
        const ended = once(child, 'exit');
        // Fast shutdown: sessions end, no waiting for them.
        child.kill('SIGINT');
        if (child.exitCode === null) await ended;
      },
    };
    await accepts(pool, child);
    return server;
  } catch (error) {
    child?.kill('SIGKILL');
    console.log(`PostgreSQL did not start and is left out: ${error.message}\n`);
    return undefined;
  }
}

/** It refuses to run as root. */
function userOf() {
  if (process.getuid() !== 0) return {};
  const id = (option) => Number(execFileSync('id', [option, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

async function accepts(pool, child) {
  for (let tries = 0; ; tries++) {
    try {
      await pool.query('SELECT 1');
      return;
    } catch (error) {
      if (tries > 200 || child.exitCode !== null) throw error;
      await delay(50);
    }
  }
}
