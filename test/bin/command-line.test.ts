// The program as it is run: exit codes, words, and what a stop leaves behind.

import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { flagList } from '../../bin/flags.ts';
import { openEmbeddedLog, recordKey } from '../../core/storage/embedded-log.ts';
import { openLevelStore } from '../../core/storage/level-store.ts';
import { CosmosHttp } from '../clients/cosmos-http.ts';
import { meridian, run, startProcess, type Running } from './process.ts';

let folder: string;
const children: Running[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meridian-process-'));
});

afterEach(async () => {
  for (const child of children.splice(0)) {
    child.process.kill('SIGKILL');
    await child.ended;
  }
  await rm(folder, { recursive: true, force: true });
});

const data = (): string => join(folder, 'data');

async function started(...args: string[]) {
  const child = await startProcess(args);
  children.push(child);
  return child;
}

describe('usage', () => {
  test.each([
    ['an unknown flag', ['start', '--sqlport', '1'], /unknown option '--sqlport'/],
    ['an unknown command', ['serve'], /./],
    ['a value that cannot be', ['start', '--sql-port', 'x'], /^meridian: --sql-port must be a whole number/],
    ['a public key on the network', ['start', '--host', '0.0.0.0', '--memory'], /would let anybody in/],
    ['a check of no data directory', ['check', '--data', '/nowhere/at/all'], /is no data directory/],
    ['an import of no account', ['import', 'http://localhost:8081'], /the source must be cosmos:\/\//],
    ['an import without a key', ['import', 'cosmos://shop.example'], /there is no key for shop\.example/],
    ['a key on the command line', ['import', 'cosmos://localhost', '--key', 'x'], /unknown option '--key'/],
    ['a completion for no shell', ['completion', 'tcsh'], /Allowed choices are bash, zsh, fish/],
  ])('that is wrong ends with 2 and says why: %s', async (_name, args, words) => {
    const { code, errors, out } = await run(args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(errors).toMatch(words);
  });

  test('of a bad environment variable ends with 2', async () => {
    const { code, errors } = await run(['start'], { MERIDIAN_CLOCK: 'sundial' });
    expect(code).toBe(2);
    expect(errors).toBe("meridian: MERIDIAN_CLOCK must be one of system, manual, not 'sundial'\n");
  });

  test('is explained by --help, flag by flag', async () => {
    const { code, out } = await run(['start', '--help']);
    expect(code).toBe(0);
    for (const { name } of flagList) expect(out).toContain(`--${name}`);
    expect((await run(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('a server', () => {
  test('that is asked to stop ends with 0 and leaves neither lock nor ready file', async () => {
    const readyFile = join(folder, 'ready.json');
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const server = await started('--data', data(), '--ready-file', readyFile);
      expect(JSON.parse(await readFile(readyFile, 'utf8'))).toMatchObject({
        pid: server.process.pid,
        sql: server.endpoints.sql,
        mongo: server.endpoints.mongo,
        admin: server.endpoints.admin,
      });
      server.process.kill(signal);
      expect(await server.ended).toMatchObject({ code: 0, signal: null });
      expect(await readdir(folder)).toEqual(['data']);
      expect(await readdir(data())).not.toContain('lock');
    }
  });

  test('on a directory in use ends with 1 and says whose it is', async () => {
    const server = await started('--data', data());
    const second = await run([
      'start',
      '--data',
      data(),
      '--sql-port',
      '0',
      '--mongo-port',
      '0',
      '--table-port',
      '0',
      '--admin-port',
      '0',
    ]);
    expect(second).toMatchObject({ code: 1, out: '' });
    expect(second.errors).toBe(`meridian: the data directory ${data()} is in use by process ${server.process.pid}\n`);
    expect((await fetch(`${server.endpoints.admin}/ready`)).status).toBe(200);
  });

  test('that was killed starts again', async () => {
    const first = await started('--data', data());
    first.process.kill('SIGKILL');
    await first.ended;
    expect(await readdir(data())).toContain('lock');
    const second = await started('--data', data());
    second.process.kill('SIGTERM');
    expect((await second.ended).code).toBe(0);
  });

  test('stopped under load ends with 0, holds every write it acknowledged, and leaves no lock', async () => {
    const first = await started('--data', data());
    const client = new CosmosHttp(first.endpoints.sql);
    expect((await client.createDatabase('d')).status).toBe(201);
    expect((await client.createContainer('d', 'c')).status).toBe(201);
    const acknowledged: string[] = [];
    let stopping = false;
    const writer = async (name: string): Promise<void> => {
      for (let i = 0; !stopping || i === 0; i++) {
        const id = `${name}-${i}`;
        const answer = await client.upsert('d', 'c', 'p', { id, pk: 'p' }).catch(() => undefined);
        if (answer?.status !== 201) return;
        acknowledged.push(id);
        if (acknowledged.length === 300) first.process.kill('SIGTERM');
      }
    };
    await Promise.all(Array.from({ length: 16 }, (_, i) => writer(`w${i}`)));
    stopping = true;
    const end = await first.ended;
    expect(end).toMatchObject({ code: 0, signal: null });
    expect(await readdir(data())).not.toContain('lock');
    expect(acknowledged.length).toBeGreaterThanOrEqual(300);

    const second = await started('--data', data());
    const reader = new CosmosHttp(second.endpoints.sql);
    const lost: string[] = [];
    await Promise.all(
      acknowledged.map(async (id) => {
        const answer = await reader.read('d', 'c', 'p', id);
        if (answer.status !== 200) lost.push(id);
      }),
    );
    expect(lost).toEqual([]);
    await Promise.all([client.close(), reader.close()]);
  });
});

describe('commands', () => {
  test('check passes a sound directory, names damage and ends with 1, and refuses one in use', async () => {
    const server = await started('--data', data());
    expect((await run(['check', '--data', data()])).errors).toContain('is in use by process');
    server.process.kill('SIGTERM');
    await server.ended;
    const sound = await run(['check', '--data', data()]);
    expect(sound).toMatchObject({ code: 0, errors: '' });
    expect(sound.out).toContain('everything holds');

    const store = await openLevelStore(join(data(), 'region-1', 'store-0'));
    const log = await openEmbeddedLog(store, { account: 1, group: 0 });
    const { sequence } = await log.tail();
    await log.close();
    const key = recordKey({ account: 1, group: 0 }, sequence - 1);
    const record = store.getSync(key)!.slice();
    record[50] = record[50]! ^ 1;
    await store.write([{ key, value: record }], { sync: true });
    await store.close();
    const damaged = await run(['check', '--data', data(), '--json']);
    expect(damaged.code).toBe(1);
    expect(damaged.out).toContain(`record ${sequence - 1}: checksum differs`);
    expect((await run(['start', '--data', data()])).code).toBe(70);
  });

  test('demo loads its data and says how to ask for it', async () => {
    const demo = meridian(['demo', '--sql-port', '0', '--mongo-port', '0', '--table-port', '0', '--admin-port', '0']);
    children.push(demo);
    let out = '';
    await new Promise<void>((done) =>
      demo.process.stdout!.on('data', (text: string) => {
        out += text;
        if (out.includes('/ready')) done();
      }),
    );
    expect(out).toContain('Database "demo" holds 15083 items: airports, flights, earthquakes');
    demo.process.kill('SIGINT');
    expect((await demo.ended).code).toBe(0);
  });

  test('doctor names a clash of ports and ends with 1', async () => {
    const server = await started('--memory');
    const port = new URL(server.endpoints.admin).port;
    const clash = await run([
      'doctor',
      '--data',
      data(),
      '--admin-port',
      port,
      '--sql-port',
      '0',
      '--mongo-port',
      '0',
      '--table-port',
      '0',
      '--json',
    ]);
    expect(clash.code).toBe(1);
    expect(JSON.parse(clash.out)).toContainEqual({
      subject: `port ${port}`,
      verdict: 'trouble',
      text: 'in use, by a running server perhaps; --admin-port takes another',
    });
    const fine = await run([
      'doctor',
      '--data',
      data(),
      '--admin-port',
      '0',
      '--sql-port',
      '0',
      '--mongo-port',
      '0',
      '--table-port',
      '0',
    ]);
    expect(fine.code).toBe(0);
    expect(fine.out).toMatch(/^ok +fsync +[\d.]+ ms/m);
  });

  test('connection-strings prints one for each account and door', async () => {
    const key = Buffer.alloc(64, 1).toString('base64');
    const { code, out } = await run(['connection-strings', '--account', `second=${key}`, '--json']);
    expect(code).toBe(0);
    const rows = JSON.parse(out) as { account: string; door: string; connectionString: string }[];
    expect(rows.map(({ account, door }) => `${account} ${door}`)).toEqual([
      'localhost sql',
      'localhost mongo',
      'localhost table',
      'second sql',
      'second mongo',
      'second table',
    ]);
    expect(rows[0]!.connectionString).toMatch(/^AccountEndpoint=http:\/\/127\.0\.0\.1:8081\/;AccountKey=C2y6.*==;$/);
    expect(rows[1]!.connectionString).toBe('mongodb://127.0.0.1:27017/?directConnection=true');
    expect(rows[2]!.connectionString).toMatch(
      /^DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=Eby8.*==;TableEndpoint=http:\/\/127\.0\.0\.1:10002\/devstoreaccount1;$/,
    );
    expect(rows[4]!.connectionString).toContain(`second:${encodeURIComponent(key)}@`);
    expect(rows[5]!.connectionString).toBe(
      `DefaultEndpointsProtocol=http;AccountName=second;AccountKey=${key};TableEndpoint=http://127.0.0.1:10002/second;`,
    );
  });

  test('completion gives a script that bash accepts and that knows every flag', async () => {
    const { out } = await run(['completion', 'bash']);
    execFileSync('bash', ['-n'], { input: out });
    for (const { name } of flagList) expect(out).toContain(`--${name}`);
    expect((await run(['completion', 'fish'])).out).toContain('complete -c meridian');
  });
});
