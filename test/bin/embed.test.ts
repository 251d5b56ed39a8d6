// Meridian inside a process: several at once, each with its own everything.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Meridian, UsageError } from '../../bin/embed.ts';

const key = Buffer.alloc(64, 5).toString('base64');

async function status(meridian: Meridian): Promise<{ account: { databases: number }; time: string }> {
  const response = await fetch(`${meridian.endpoints.admin}/status`, { headers: { 'x-meridian-key': meridian.key } });
  return (await response.json()) as { account: { databases: number }; time: string };
}

test('two instances run side by side and one goes on when the other stops', async () => {
  const [one, two] = await Promise.all([Meridian.start({ memory: true }), Meridian.start({ memory: true, key })]);
  expect(one.endpoints.admin).not.toBe(two.endpoints.admin);
  expect(two.key).toBe(key);
  await one.stop();
  await expect(fetch(`${one.endpoints.admin}/ready`)).rejects.toThrow();
  expect((await fetch(`${two.endpoints.admin}/ready`)).status).toBe(200);
  await two.stop();
});

test('an instance leaves nothing on the process', async () => {
  const events = ['SIGTERM', 'SIGINT', 'uncaughtException', 'unhandledRejection', 'exit'] as const;
  const before = events.map((event) => process.listenerCount(event));
  const meridian = await Meridian.start();
  expect(events.map((event) => process.listenerCount(event))).toEqual(before);
  await meridian.stop();
  await meridian.stop();
});

test('a directory is kept from one instance to the next', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'meridian-embed-'));
  try {
    const data = join(folder, 'data');
    const first = await Meridian.start({ data });
    await expect(Meridian.start({ data })).rejects.toThrow(/in use by process/);
    await first.stop();
    await (await Meridian.start({ data })).stop();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('reset empties every account', async () => {
  const meridian = await Meridian.start();
  await meridian.reset();
  expect((await status(meridian)).account.databases).toBe(0);
  await meridian.stop();
});

test('the manual clock starts where its seed says and goes on when told', async () => {
  const meridian = await Meridian.start({ clock: 'manual', seed: 1_000 });
  expect((await status(meridian)).time).toBe('2026-01-01T00:00:01.000Z');
  meridian.advanceClock(500);
  expect((await status(meridian)).time).toBe('2026-01-01T00:00:01.500Z');
  expect(() => meridian.advanceClock(-1)).toThrow(UsageError);
  await meridian.stop();
  const other = await Meridian.start();
  expect(() => other.advanceClock(1)).toThrow(/clock: 'manual'/);
  await other.stop();
});

test('options are checked as on the command line', async () => {
  await expect(Meridian.start({ sqlPort: 70_000 })).rejects.toThrow(/--sql-port must be a whole number/);
  await expect(Meridian.start({ nonsense: 1 } as object)).rejects.toThrow(/there is no option 'nonsense'/);
});

test('connection strings are given by account', async () => {
  const meridian = await Meridian.start({ accounts: [{ name: 'second', key }] });
  expect(() => meridian.connectionStrings('third')).toThrow(/no account 'third'/);
  for (const text of Object.values(meridian.connectionStrings('second')))
    expect(text).toContain(encodeURIComponent(key).slice(0, 20));
  await meridian.stop();
});
