// SQLite by its command line tool (Debian package sqlite3), one process with one database: statements go in as text,
// and a line says when they are done. Parsing a statement is part of its cost, as it is for most programs.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { ownProcess, temporaryDirectory } from '../harness.mjs';

const done = 'statements-done';

/** Starts the tool on a new database with a write-ahead log, synced at every commit. */
export function startSqlite() {
  let version;
  try {
    version = execFileSync('sqlite3', ['--version'], { encoding: 'utf8' }).split(' ')[0];
  } catch {
    console.log('SQLite is not installed (Debian package sqlite3) and is left out\n');
    return undefined;
  }
  const directory = temporaryDirectory('sqlite');
  const child = spawn('sqlite3', ['-batch', '-bail', join(directory, 'bench.db')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  ownProcess(child);
  let waiting;
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
    if (!text.endsWith(`${done}\n`)) return;
    const answer = text.slice(0, -done.length - 1);
    text = '';
    waiting?.resolve(answer);
  });
  child.on('exit', () => waiting?.reject(new Error('sqlite3 ended: its message is above')));
  return {
    name: `SQLite ${version}`,
    pid: child.pid,
    file: join(directory, 'bench.db'),
    /** Runs statements and gives what they print. One call at a time. */
    run: (statements) =>
      new Promise((resolve, reject) => {
        waiting = { resolve, reject };
        child.stdin.write(`${statements}\n.print ${done}\n`);
      }),
    stop: async () => {
      const ended = once(child, 'exit');
      waiting = undefined;
      child.stdin.end();
      if (child.exitCode === null) await ended;
    },
  };
}

/** Text as a literal of SQL. */
export const quoted = (text) => `'${text.replaceAll("'", "''")}'`;
