// The programs of examples/users/javascript against a server in this process: one user behind three doors.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Meridian } from '../../bin/embed.ts';

interface Users {
  register(username: string, password: string, email: string): Promise<void>;
  login(username: string, password: string): Promise<boolean>;
  queryUser(username: string): Promise<{ readonly username: string; readonly email: string } | undefined>;
  close(): Promise<void>;
}

interface Opener {
  open(connectionString: string): Promise<Users>;
}

const folder = new URL('../../examples/users/javascript/', import.meta.url);

async function opener(file: string, name: string): Promise<Opener> {
  const module = (await import(new URL(file, folder).href)) as Record<string, Opener>;
  return module[name]!;
}

const doors = ['table', 'sql', 'mongo'] as const;
type Door = (typeof doors)[number];

let meridian: Meridian;
const users = {} as Record<Door, Users>;

beforeAll(async () => {
  meridian = await Meridian.start({ memory: true });
  const { table, sql, mongo } = meridian.connectionStrings();
  users.table = await (await opener('tables.mjs', 'TableUsers')).open(table!);
  users.sql = await (await opener('cosmos.mjs', 'CosmosUsers')).open(sql!);
  users.mongo = await (await opener('mongo.mjs', 'MongoUsers')).open(mongo!);
}, 60_000);
afterAll(async () => {
  for (const door of doors) await users[door]?.close();
  await meridian.stop();
});

describe.each(doors)('users registered through %s', (door) => {
  const name = `Ada.${door}`;
  const password = 'pa\u00dfword \u212b';

  test('log in and are found through every door, whatever the case of the name', async () => {
    await users[door].register(name, password, `${name}@example.org`);
    for (const other of doors) {
      // The last letter composed in another way.
      expect(await users[other].login(name.toUpperCase(), 'pa\u00dfword A\u030a')).toBe(true);
      expect(await users[other].queryUser(name)).toEqual({
        username: name.toLowerCase(),
        email: `${name}@example.org`,
      });
    }
  });

  test('have a name that no door gives again, and keep their password', async () => {
    const other = doors[(doors.indexOf(door) + 1) % doors.length]!;
    for (const one of [door, other])
      await expect(users[one].register(name.toLowerCase(), 'another', 'eve@example.org')).rejects.toThrow(/is taken/);
    expect(await users[door].login(name, password)).toBe(true);
  });

  test('are not let in by another password, and nobody is found who is not there', async () => {
    for (const wrong of ['', `${password} `]) expect(await users[door].login(name, wrong)).toBe(false);
    expect(await users[door].login('nobody', password)).toBe(false);
    expect(await users[door].queryUser('nobody')).toBeUndefined();
    await expect(users[door].register('a/b', password, '')).rejects.toThrow(RangeError);
  });

  test('are registered once when many try at the same time', async () => {
    const tries = await Promise.allSettled(
      doors.map((other, i) => users[other].register(`race-${door}`, `password ${i}`, '')),
    );
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });
});

test('no password is stored, and equal passwords are not stored alike', async () => {
  const password = 'correct horse battery staple';
  await users.table.register('one', password, 'one@example.org');
  await users.sql.register('two', password, 'two@example.org');
  const client = await MongoClient.connect(meridian.endpoints.mongo!);
  try {
    const collection = client.db('tables').collection<{ _id: string; passwordHash: string }>('users');
    const [one, two] = await collection.find({ _id: { $in: ['one', 'two'] } }).toArray();
    expect(JSON.stringify([one, two])).not.toContain('horse');
    expect(one!.passwordHash).toMatch(/^scrypt\$32768\$8\$1\$[0-9a-f]{32}\$[0-9a-f]{64}$/);
    expect(one!.passwordHash.split('$')[4]).not.toBe(two!.passwordHash.split('$')[4]);
    expect(one!.passwordHash.split('$')[5]).not.toBe(two!.passwordHash.split('$')[5]);
  } finally {
    await client.close();
  }
});

test('a hash made by the programs in Python is understood', async () => {
  const { verifyPassword } = (await import(new URL('credentials.mjs', folder).href)) as {
    readonly verifyPassword: (password: string, stored: string) => Promise<boolean>;
  };
  const stored =
    'scrypt$32768$8$1$1717016c78361677c966b789b1827054$79de61a92919af5302834c0dd2e020f0418256522d7985fc19afda321917c825';
  expect(await verifyPassword('\u00e5ngstr\u00f6m', stored)).toBe(true);
  expect(await verifyPassword('angstrom', stored)).toBe(false);
});

test('each program does from the command line what its class does', async () => {
  const { table, sql, mongo } = meridian.connectionStrings();
  const environment = {
    ...process.env,
    TABLES_CONNECTION_STRING: table,
    COSMOS_CONNECTION_STRING: sql,
    MONGO_CONNECTION_STRING: mongo,
  };
  const run = (file: string, args: readonly string[], input = ''): Promise<string> =>
    new Promise((resolve) => {
      const path = fileURLToPath(new URL(file, folder));
      const child = execFile(process.execPath, [path, ...args], { env: environment }, (error, stdout, stderr) => {
        const told = stderr.replace('password: ', '').trim();
        resolve([stdout.trim(), told, error?.code ?? 0].filter((part) => part !== '').join(' | '));
      });
      child.stdin!.end(input);
    });
  expect(await run('tables.mjs', ['register', 'Grace', 'grace@example.org'], 'nanosecond\n')).toBe('registered | 0');
  expect(await run('mongo.mjs', ['register', 'grace', ''], 'x\n')).toBe("the name 'grace' is taken | 1");
  expect(await run('cosmos.mjs', ['login', 'grace'], 'nanosecond\n')).toBe('logged in | 0');
  expect(await run('mongo.mjs', ['login', 'grace'], 'microsecond\n')).toBe('wrong name or password | 1');
  expect(await run('mongo.mjs', ['query', 'grace'])).toContain('grace@example.org');
  expect(await run('cosmos.mjs', [])).toMatch(/^usage: .* \| 1$/);
});
