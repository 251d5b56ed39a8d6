// The data directory: one owner at a time, and numbers that are never given twice.

import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDataDirectory, readManifest } from '../../core/storage/data-directory.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meridian-directory-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const path = (): string => join(folder, 'data');

test('a directory that is open is refused to others by the number of its owner, and free again when closed', async () => {
  const first = await openDataDirectory(path());
  await expect(openDataDirectory(path())).rejects.toThrow(`in use by process ${process.pid}`);
  await first.close();
  const second = await openDataDirectory(path());
  await second.close();
  expect(await readdir(path())).toEqual(['meridian.json']);
});

test('of many that open at once exactly one wins', async () => {
  const opened = await Promise.allSettled(Array.from({ length: 20 }, () => openDataDirectory(path())));
  expect(opened.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});

test('of many that find the lock of a dead process exactly one wins', async () => {
  await (await openDataDirectory(path())).close();
  // A process that has surely ended.
  const dead = spawnSync(process.execPath, ['-e', '']).pid;
  await writeFile(join(path(), 'lock'), JSON.stringify({ pid: dead, start: 'long ago' }));
  const opened = await Promise.allSettled(Array.from({ length: 10 }, () => openDataDirectory(path())));
  expect(opened.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect((await readdir(path())).sort()).toEqual(['lock', 'meridian.json']);
});

test('the lock of an earlier process with the same number does not count', async () => {
  await (await openDataDirectory(path())).close();
  await writeFile(join(path(), 'lock'), JSON.stringify({ pid: process.pid, start: 'before the last boot' }));
  if (process.platform !== 'linux') return;
  await (await openDataDirectory(path())).close();
});

test('a damaged lock does not count', async () => {
  await (await openDataDirectory(path())).close();
  await writeFile(join(path(), 'lock'), '{"pid":');
  await (await openDataDirectory(path())).close();
});

test('accounts and regions keep their numbers over restarts, whatever their order', async () => {
  const first = await openDataDirectory(path());
  expect(first.made).toBe(true);
  expect(await first.numberAccounts(['localhost', 'blue'])).toEqual([1, 2]);
  expect(await first.numberRegions(['South Central US'])).toEqual([1]);
  await first.close();
  const second = await openDataDirectory(path());
  expect(second.made).toBe(false);
  expect(await second.numberAccounts(['red', 'blue', 'localhost'])).toEqual([3, 2, 1]);
  await second.close();
  expect(await readManifest(path())).toMatchObject({
    format: 1,
    stores: 1,
    accounts: [
      { name: 'localhost', number: 1 },
      { name: 'blue', number: 2 },
      { name: 'red', number: 3 },
    ],
  });
});

test.each([
  ['another format', '{"format":2}', /has data format 2; this version reads format 1/],
  ['damage', '{"format":1,"stores":', /is damaged/],
  ['missing parts', '{"format":1,"stores":1}', /is damaged/],
  ['accounts without numbers', '{"format":1,"stores":1,"regions":[],"accounts":[{"name":"a"}]}', /is damaged/],
])('a directory with %s is refused and left as it is', async (_name, text, words) => {
  await (await openDataDirectory(path())).close();
  await writeFile(join(path(), 'meridian.json'), text);
  await expect(openDataDirectory(path())).rejects.toThrow(words);
  expect(await readFile(join(path(), 'meridian.json'), 'utf8')).toBe(text);
  expect(await readdir(path())).toEqual(['meridian.json']);
});

test('a path that is a file is refused', async () => {
  await writeFile(path(), '');
  await expect(openDataDirectory(path())).rejects.toThrow(/cannot be made/);
});
