// Settings: precedence, and clear words for what cannot be.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { UsageError } from '../../bin/flag-type.ts';
import { environmentName, flagList, flags, flagKeys } from '../../bin/flags.ts';
import { settingsFrom, type GivenTexts } from '../../bin/settings.ts';

const key = Buffer.alloc(64, 7).toString('base64');

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meridian-settings-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function config(text: string): Promise<string> {
  const path = join(folder, 'meridian.yaml');
  await writeFile(path, text);
  return path;
}

async function settings(line: GivenTexts, environment: Record<string, string> = {}, file?: string) {
  return (await settingsFrom({ line, environment, file })).settings;
}

describe('a setting', () => {
  test('comes from its default when nothing is given', async () => {
    const found = await settings({});
    for (const name of flagKeys) expect(found[name]).toEqual(flags[name].default);
  });

  test('on the command line beats the environment, which beats the file, which beats the default', async () => {
    const file = await config('sql-port: 1001\nmongo-port: 1002\nadmin-port: 1003\nmemory: true\n');
    const environment = { MERIDIAN_SQL_PORT: '2001', MERIDIAN_MONGO_PORT: '2002' };
    const found = await settings({ sqlPort: '3001' }, environment, file);
    expect(found).toMatchObject({ sqlPort: 3001, mongoPort: 2002, adminPort: 1003, memory: true, partitions: 1 });
  });

  test('that the file turned on is turned off on the command line', async () => {
    const file = await config('memory: true\n');
    expect((await settings({ memory: false }, {}, file)).memory).toBe(false);
  });

  test('that may be repeated is a list in the file and separated by commas in the environment', async () => {
    const accounts = [
      { name: 'one', key },
      { name: 'two', key },
    ];
    const file = await config(`account: [one=${key}, two=${key}]\n`);
    expect((await settings({ accounts: [`one=${key}`, `two=${key}`] })).accounts).toEqual(accounts);
    expect((await settings({}, { MERIDIAN_ACCOUNT: `one=${key},two=${key}` })).accounts).toEqual(accounts);
    expect((await settings({}, {}, file)).accounts).toEqual(accounts);
  });

  test('is known as given only when somebody gave it', async () => {
    const { given } = await settingsFrom({ line: { data: './data' }, environment: { MERIDIAN_SQL_PORT: '1' } });
    expect([...given].sort()).toEqual(['data', 'sqlPort']);
  });
});

describe('a value that cannot be', () => {
  test.each<[string, GivenTexts, Record<string, string>, RegExp]>([
    ['port too high', { sqlPort: '70000' }, {}, /^--sql-port must be a whole number from 0 to 65535, not '70000'$/],
    ['port that is no number', { adminPort: '8e3' }, {}, /^--admin-port must be a whole number/],
    ['environment', {}, { MERIDIAN_MONGO_PORT: 'x' }, /^MERIDIAN_MONGO_PORT must be a whole number .* not 'x'$/],
    ['word outside a choice', { durability: 'none' }, {}, /^--durability must be one of full, relaxed, not 'none'$/],
    ['empty text', { data: '' }, {}, /^--data must not be empty/],
    ['switch', {}, { MERIDIAN_MEMORY: 'yes' }, /^MERIDIAN_MEMORY must be true or false, not 'yes'$/],
    ['URL', { advertise: 'example.com' }, {}, /^--advertise must be an http or https URL/],
    ['account name', { accounts: [`No Name=${key}`] }, {}, /^--account the account name must be/],
    ['one certificate without its key', { tlsCert: 'a.pem' }, {}, /^--tls-cert and --tls-key/],
    ['a seed without a manual clock', { seed: '1' }, {}, /^--seed needs --clock manual$/],
    ['one port for two doors', { sqlPort: '9000', mongoPort: '9000' }, {}, /must differ$/],
    ['the default account by another way', { accounts: [`localhost=${key}`] }, {}, /^--account: 'localhost'/],
    ['an account twice', { accounts: [`one=${key}`, `one=${key}`] }, {}, /twice$/],
  ])('is refused with the name of its flag: %s', async (_name, line, environment, words) => {
    await expect(settings(line, environment)).rejects.toThrow(words);
    await expect(settings(line, environment)).rejects.toThrow(UsageError);
  });

  test('is never repeated when it is a key', async () => {
    const secret = 'not base64, but secret all the same';
    for (const line of [{ key: secret }, { accounts: [`name=${secret}`] }]) {
      const failure: unknown = await settings(line).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(UsageError);
      expect(String(failure)).not.toContain('secret');
    }
  });

  test.each([
    ['an unknown setting', 'sql-prot: 1\n', /there is no setting 'sql-prot'$/],
    ['a list where one value belongs', 'data: [a, b]\n', /data must be a single value$/],
    ['a file that is no mapping', '- a\n', /must be a mapping/],
    ['a file that is no YAML', 'a: [\n', /--config/],
    ['a name with escape codes', '"\\e[2Jx": 1\n', /'�\[2Jx'/],
  ])('in a file is refused: %s', async (_name, text, words) => {
    const file = await config(text);
    await expect(settings({}, {}, file)).rejects.toThrow(words);
  });

  test('is a file that is not there', async () => {
    await expect(settings({}, {}, join(folder, 'missing.yaml'))).rejects.toThrow(/--config .*missing\.yaml/);
  });
});

test('every flag has a name of its own, help, and an environment variable', () => {
  const names = flagList.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const flag of flagList) {
    expect(flag.help).not.toBe('');
    expect(environmentName(flag)).toMatch(/^MERIDIAN_[A-Z_]+$/);
    expect(flag.name).toMatch(/^[a-z]+(-[a-z]+)*$/);
  }
});
