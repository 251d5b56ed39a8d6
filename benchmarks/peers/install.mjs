// Installs the peers from the registries into benchmarks/.peers, once each; they are no dependencies of Meridian and
// stand in no lock file. What cannot be installed is said and left out. Databases that come as Debian packages
// (postgresql-15, sqlite3) are not installed from here: the scripts that use them say so when they are missing.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { root } from '../harness.mjs';

export const peersDirectory = join(root, 'benchmarks/.peers');

/** Of npm, by name. */
const packages = { '@vercel/cosmosdb-server': '1.0.1', azurite: '3.35.0', pg: '8.23.1', mongodb: '6.22.0' };

export const packageVersion = (name) => packages[name];

export const secantusRustVersion = '0.5.3-beta.196';
export const secantusPythonVersion = '0.7.0b3';
export const mongoJavaServerVersion = '1.47.0';

function attempt(what, command, args, { timeoutMs = 180_000, ...options } = {}) {
  try {
    execFileSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'], timeout: timeoutMs, ...options });
    return true;
  } catch (error) {
    const reason = error.code === 'ENOENT' ? `${command} is not on this machine` : error.message.split('\n')[0];
    console.log(`${what} could not be installed and is left out: ${reason}\n`);
    return false;
  }
}

/** Installs a package of npm; true when it is there. */
export function installPackage(name) {
  if (existsSync(join(peersDirectory, 'node_modules', name))) return true;
  mkdirSync(peersDirectory, { recursive: true });
  const manifest = join(peersDirectory, 'package.json');
  writeFileSync(manifest, JSON.stringify({ private: true }));
  const wanted = Object.keys(packages)
    .filter((known) => known === name || existsSync(join(peersDirectory, 'node_modules', known)))
    .map((known) => `${known}@${packages[known]}`);
  return attempt(name, 'npm', ['install', '--no-package-lock', '--silent', ...wanted], { cwd: peersDirectory });
}

export function installPeers() {
  return installPackage('@vercel/cosmosdb-server');
}

/** Loads an installed package of CommonJS. */
export function requirePeer(name) {
  return createRequire(join(peersDirectory, 'package.json'))(name);
}

/**
 * The executable of SecantusDB: its Rust server when it was built (with `build`, by cargo: some ten minutes), else its
 * Python server. Undefined when neither is to be had.
 */
export function installSecantus(build) {
  const rust = join(peersDirectory, 'cargo/bin/secantusd-rs');
  const isThere =
    existsSync(rust) ||
    (build &&
      attempt(
        'the Rust server of SecantusDB',
        'cargo',
        // Its manifest asks for a newer compiler than it needs.
        [
          'install',
          'secantus-mdb',
          '--version',
          secantusRustVersion,
          '--ignore-rust-version',
          '--root',
          join(peersDirectory, 'cargo'),
        ],
        { timeoutMs: 1_800_000 },
      ));
  if (isThere) return { name: `SecantusDB ${secantusRustVersion}, Rust`, command: rust };
  const venv = join(peersDirectory, 'secantus-venv');
  const python = join(venv, 'bin/secantusd-py');
  const name = `SecantusDB ${secantusPythonVersion}, Python`;
  if (existsSync(python)) return { name, command: python };
  mkdirSync(peersDirectory, { recursive: true });
  const installed =
    attempt(name, 'python3', ['-m', 'venv', venv]) &&
    attempt(name, join(venv, 'bin/pip'), ['install', '--quiet', '--pre', `secantusdb==${secantusPythonVersion}`]);
  return installed ? { name, command: python } : undefined;
}

/** The class path of mongo-java-server with its memory backend, by Maven; undefined when it is not to be had. */
export function installMongoJavaServer() {
  const directory = join(peersDirectory, 'mongo-java-server');
  const jars = join(directory, 'jars');
  const name = `mongo-java-server ${mongoJavaServerVersion}`;
  if (existsSync(join(jars, `mongo-java-server-memory-backend-${mongoJavaServerVersion}.jar`))) return { name, jars };
  mkdirSync(directory, { recursive: true });
  writeFileSync(
    join(directory, 'pom.xml'),
    `<project><modelVersion>4.0.0</modelVersion><groupId>bench</groupId><artifactId>peer</artifactId><version>1</version>
<dependencies><dependency><groupId>de.bwaldvogel</groupId><artifactId>mongo-java-server</artifactId>
<version>${mongoJavaServerVersion}</version></dependency></dependencies></project>`,
  );
  const args = ['-q', '-B', 'dependency:copy-dependencies', `-DoutputDirectory=${jars}`];
  return attempt(name, 'mvn', args, { cwd: directory }) ? { name, jars } : undefined;
}
