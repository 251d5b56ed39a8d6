// The launcher: a package without sources runs its build as it is.

import { spawnSync } from 'node:child_process';
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { run } from './process.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

test('a package that ships only its build runs without a compiler', async () => {
  // Brings the build up to date first.
  expect((await run(['--version'])).code).toBe(0);
  const folder = await mkdtemp(join(tmpdir(), 'meridian-shipped-'));
  try {
    for (const name of ['package.json', 'bin/build.mjs', 'bin/meridian.mjs', 'dist'])
      await cp(join(root, name), join(folder, name), { recursive: true });
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, 'bin/meridian.mjs'), '--version'], {
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
