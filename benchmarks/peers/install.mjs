// Installs the peers from the registry into benchmarks/.peers, once; they are no dependencies of Meridian.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../harness.mjs';

const versions = { '@vercel/cosmosdb-server': '1.0.1' };

export function installPeers() {
  const directory = join(root, 'benchmarks/.peers');
  if (existsSync(join(directory, 'node_modules/@vercel/cosmosdb-server'))) return true;
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'package.json'), JSON.stringify({ private: true, dependencies: versions }));
  try {
    execFileSync('npm', ['install', '--no-package-lock', '--silent'], {
      cwd: directory,
      stdio: 'inherit',
      timeout: 120_000,
    });
    return true;
  } catch {
    console.log('peers could not be installed; they are left out');
    return false;
  }
}
