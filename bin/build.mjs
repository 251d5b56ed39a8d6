// Compiles the TypeScript sources into `dist/`, and only when they changed since the last time: a fingerprint of
// every source's path, size and time is kept in `dist/.built`. `npm start`, `npm test` and `bin/meridian.mjs` call
// it themselves, because nothing here may rely on lifecycle scripts (they are off). Plain JavaScript: it runs
// before anything is compiled. Types are not checked here (`npm run check` does), so it takes about two seconds.
//
// The compiler writes into a directory of its own that then takes the place of `dist/`: a build that fails or is
// interrupted leaves the old one, and two at once do not mix their files.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const stamp = join(dist, '.built');
const sources = ['bin', 'frontends', 'core', 'indexer', 'replication', 'model', 'jobs'];

function* sourceFiles(directory) {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) yield* sourceFiles(path);
    else if (entry.name.endsWith('.ts')) yield path;
  }
}

/** Changes whenever a source, its list, or what compiles it changes. */
function fingerprint() {
  const hash = createHash('sha256');
  const files = ['package.json', 'tsconfig.json', 'tsconfig.build.json'].map((name) => join(root, name));
  for (const name of sources) if (existsSync(join(root, name))) files.push(...sourceFiles(join(root, name)));
  for (const path of files.sort()) {
    const { size, mtimeMs } = statSync(path);
    hash.update(`${relative(root, path)} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

/**
 * Brings `dist/` up to date. Says what happened: 'shipped' (no sources beside us), 'fresh', or 'built'.
 * Throws when the sources do not compile.
 */
export function build({ force = false, say = (line) => process.stderr.write(`${line}\n`) } = {}) {
  if (!existsSync(join(root, 'tsconfig.build.json'))) return 'shipped';
  const wanted = fingerprint();
  if (!force && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return 'fresh';
  let compiler;
  try {
    compiler = createRequire(import.meta.url).resolve('typescript/lib/tsc.js');
  } catch {
    if (!existsSync(stamp)) throw new Error('the compiler is not installed: run `npm ci` with development dependencies');
    say('meridian: sources changed, but the compiler is not installed; running the last build');
    return 'fresh';
  }
  const startedMs = performance.now();
  const fresh = join(root, `dist.${process.pid}`);
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  try {
    const args = [compiler, '-p', join(root, 'tsconfig.build.json'), '--noCheck', '--outDir', fresh];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
    if (status !== 0) throw new Error(`the sources do not compile:\n${stdout}${stderr}`);
    writeFileSync(join(fresh, '.built'), wanted);
    const old = `${fresh}-old`;
    if (existsSync(dist)) renameSync(dist, old);
    renameSync(fresh, dist);
    rmSync(old, { recursive: true, force: true });
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  say(`meridian: built in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
  return 'built';
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    if (build({ force: process.argv.includes('--force') }) === 'fresh') process.stderr.write('meridian: build is fresh\n');
  } catch (error) {
    process.stderr.write(`meridian: ${error.message}\n`);
    process.exitCode = 1;
  }
}
