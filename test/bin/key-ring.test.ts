// Keys of accounts: which a start makes, which it keeps, and what a new one ends.

import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { wellKnownKey } from '../../bin/accounts.ts';
import { KeyRing } from '../../bin/key-ring.ts';
import { keyKinds } from '../../frontends/deployment.ts';

const own = Buffer.alloc(64, 9).toString('base64');
const another = Buffer.alloc(64, 8).toString('base64');
const settings = { key: own, accounts: [] };
const emulator = { key: undefined, accounts: [] };

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meridian-keys-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

test('an account with a key of its own gets three more that nobody can compute, and keeps them', async () => {
  const first = (await KeyRing.open(settings, folder)).keysOf('localhost');
  expect(new Set(keyKinds.map((kind) => first[kind])).size).toBe(4);
  expect(first.primary).toBe(own);
  expect((await KeyRing.open(settings, folder)).keysOf('localhost')).toEqual(first);
  const elsewhere = (await KeyRing.open(settings, undefined)).keysOf('localhost');
  expect(elsewhere.secondary).not.toBe(first.secondary);
  expect((await stat(join(folder, 'keys.json'))).mode & 0o777).toBe(0o600);
});

test('the keys beside the public one are the same at every start', async () => {
  const keys = (await KeyRing.open(emulator, undefined)).keysOf('localhost');
  expect(keys.primary).toBe(wellKnownKey);
  expect((await KeyRing.open(emulator, undefined)).keysOf('localhost')).toEqual(keys);
});

test.each(keyKinds)('a new %s key leaves the others, and outlives the start', async (kind) => {
  const ring = await KeyRing.open(settings, folder);
  const before = ring.keysOf('localhost');
  expect(await ring.regenerate('localhost', kind)).toEqual([kind]);
  const after = ring.keysOf('localhost');
  expect(after).not.toBe(before);
  for (const one of keyKinds) expect([one, after[one] === before[one]]).toEqual([one, one !== kind]);
  expect(Buffer.from(after[kind], 'base64')).toHaveLength(64);
  expect((await KeyRing.open(settings, folder)).keysOf('localhost')).toEqual(after);
});

test('a new primary key in the place of the public one ends those that could be computed from it', async () => {
  const ring = await KeyRing.open(emulator, folder);
  const before = ring.keysOf('localhost');
  expect(await ring.regenerate('localhost', 'primary')).toEqual(keyKinds);
  const after = ring.keysOf('localhost');
  for (const kind of keyKinds) expect(after[kind]).not.toBe(before[kind]);
  expect(await ring.regenerate('localhost', 'primary')).toEqual(['primary']);
  expect((await KeyRing.open(emulator, folder)).keysOf('localhost')).toEqual(ring.keysOf('localhost'));
});

test('one new key beside the public one is kept, and only what is public ends with that', async () => {
  const ring = await KeyRing.open(emulator, folder);
  await ring.regenerate('localhost', 'secondary');
  const { secondary } = ring.keysOf('localhost');
  expect((await KeyRing.open(emulator, folder)).keysOf('localhost').secondary).toBe(secondary);
  expect(await ring.regenerate('localhost', 'primary')).toEqual(['primary', 'primaryReadOnly', 'secondaryReadOnly']);
  expect(ring.keysOf('localhost').secondary).toBe(secondary);
});

test('public keys need no file', async () => {
  await KeyRing.open(emulator, folder);
  await expect(stat(join(folder, 'keys.json'))).rejects.toThrow('ENOENT');
});

test('another configured key is the primary key from then on', async () => {
  const ring = await KeyRing.open(settings, folder);
  await ring.regenerate('localhost', 'primary');
  const before = ring.keysOf('localhost');
  expect(await ring.reconfigure(settings)).toEqual([]);
  expect(await ring.reconfigure({ key: another, accounts: [{ name: 'unknown', key: own }] })).toEqual(['localhost']);
  expect(ring.keysOf('localhost')).toEqual({ ...before, primary: another });
  // Back to the public key: nothing secret stays.
  expect(await ring.reconfigure(emulator)).toEqual(['localhost']);
  expect(ring.keysOf('localhost').secondary).not.toBe(before.secondary);
  await ring.reconfigure(settings);
  const keys = ring.keysOf('localhost');
  expect(keys.secondary).not.toBe((await KeyRing.open(emulator, undefined)).keysOf('localhost').secondary);
});

test('a command that looks at keys keeps nothing', async () => {
  await KeyRing.read(settings, folder);
  await expect(stat(join(folder, 'keys.json'))).rejects.toThrow('ENOENT');
});

test('a damaged file is told of without its contents', async () => {
  await KeyRing.open(settings, folder);
  const path = join(folder, 'keys.json');
  const text = await readFile(path, 'utf8');
  for (const damaged of [text.slice(0, -4), '{}', '[{"account":"localhost"}]', '']) {
    await writeFile(path, damaged);
    const error = await KeyRing.open(settings, folder).catch((thrown: unknown) => thrown as Error);
    expect(error).toMatchObject({ code: 'Internal' });
    expect(String((error as Error).stack)).not.toContain(own);
  }
});
