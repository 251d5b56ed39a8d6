import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { openEmbeddedLog, relaxedFlushMsMax } from '../../core/storage/embedded-log.ts';
import { openLevelStore } from '../../core/storage/level-store.ts';
import { MemoryStore } from '../../core/storage/memory-store.ts';
import type { Store, StoreEntry } from '../../core/storage/store.ts';
import { emptyTail } from '../../replication/log.ts';
import { sequenceOf, tailOf } from '../../replication/run.ts';
import { describeLog } from '../replication/log.contract.ts';
import { runAfter, sizes } from '../replication/records.ts';
import { Random } from '../simulation/random.ts';
import { LosingStore } from './losing-store.ts';

const name = { account: 1, group: 258 };

describeLog('embedded on LevelDB', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'meridian-log-'));
  const store = await openLevelStore(directory);
  return {
    open: () => openEmbeddedLog(store, name),
    dispose: async () => {
      await store.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
});

describeLog('embedded in memory', async () => {
  const store = new MemoryStore();
  return { open: () => openEmbeddedLog(store, name), dispose: () => store.close() };
});

describeLog('embedded on the losing disk', async () => {
  const random = new Random(3);
  const store = new LosingStore({ random: () => random.next() });
  return { open: () => openEmbeddedLog(store, name), dispose: () => store.close() };
});

async function entriesOf(store: Store): Promise<StoreEntry[]> {
  const entries: StoreEntry[] = [];
  for await (const chunk of store.scan({})) entries.push(...chunk);
  return entries;
}

async function sequencesOf(records: AsyncIterable<readonly Uint8Array[]>): Promise<number[]> {
  const sequences: number[] = [];
  for await (const chunk of records) sequences.push(...chunk.map(sequenceOf));
  return sequences;
}

const flipped = (value: Uint8Array, at: number): Uint8Array => value.map((byte, i) => (i === at ? byte ^ 1 : byte));

const internal = (message: RegExp): unknown =>
  expect.objectContaining({ code: 'Internal', message: expect.stringMatching(message) as unknown });

describe('embedded log', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('keys a record by account, area, group and sequence, big-endian', async () => {
    const store = new MemoryStore();
    const log = await openEmbeddedLog(store, name);
    await log.append(runAfter(emptyTail, sizes(1)), 0);
    const [key] = (await entriesOf(store))[0]!;
    expect(Buffer.from(key).toString('hex')).toBe('00000001' + '4c' + '0102' + '0000000000000001');
  });

  it('keeps the groups and accounts of one store apart', async () => {
    const store = new MemoryStore();
    const logs = [];
    for (const account of [1, 2])
      for (const group of [1, 2]) logs.push(await openEmbeddedLog(store, { account, group }));
    for (const [i, log] of logs.entries()) await log.append(runAfter(emptyTail, sizes(i + 1)), 0);
    for (const [i, log] of logs.entries()) {
      expect((await log.tail()).sequence).toBe(i + 1);
      expect(await log.read(0, 100)).toHaveLength(i + 1);
    }
  });

  it('makes one durable write per append', async () => {
    const store = new MemoryStore();
    const log = await openEmbeddedLog(store, name);
    await log.append(runAfter(emptyTail, sizes(64)), 0);
    expect(store.syncs).toBe(1);
  });

  it('gets one record by its sequence, synchronously', async () => {
    const log = await openEmbeddedLog(new MemoryStore(), name);
    const run = runAfter(emptyTail, sizes(3));
    await log.append(run, 0);
    expect(log.get(2)).toEqual(run[1]);
    expect(log.get(4)).toBeUndefined();
  });

  it('names the sequence of a damaged record and gives none of it away', async () => {
    const written = new MemoryStore();
    await (await openEmbeddedLog(written, name)).append(runAfter(emptyTail, sizes(5)), 0);
    const entries = await entriesOf(written);
    const damaged = entries.map(([key, value], i) => ({ key, value: i === 2 ? flipped(value, 100) : value }));
    const store = new MemoryStore();
    await store.write(damaged, { sync: false });
    const log = await openEmbeddedLog(store, name);
    expect(() => log.get(3)).toThrow(internal(/record 3 is damaged: checksum/));
    await expect(log.read(0, 100)).rejects.toEqual(internal(/record 3 is damaged/));
    expect(await log.read(3, 100)).toHaveLength(2);
  });

  it('names a record that is missing, in the middle, at the start or at the end', async () => {
    for (const missing of [1, 3, 5]) {
      const store = new MemoryStore();
      const log = await openEmbeddedLog(store, name);
      await log.append(runAfter(emptyTail, sizes(5)), 0);
      const [key] = (await entriesOf(store))[missing - 1]!;
      await store.write([{ key, value: undefined }], { sync: false });
      await expect(log.read(0, 100)).rejects.toEqual(internal(new RegExp(`record ${missing} is missing`)));
    }
  });

  it('refuses a record of another chain in its place', async () => {
    const store = new MemoryStore();
    const log = await openEmbeddedLog(store, name);
    await log.append(runAfter(emptyTail, sizes(3)), 0);
    const [key] = (await entriesOf(store))[1]!;
    await store.write([{ key, value: runAfter({ ...emptyTail, sequence: 1 }, sizes(1))[0]! }], { sync: false });
    await expect(log.read(0, 100)).rejects.toEqual(internal(/record 2 does not continue record 1/));
  });

  it('does not open a log whose last record is damaged or ends within an entry', async () => {
    const damaged = new MemoryStore();
    await (await openEmbeddedLog(damaged, name)).append(runAfter(emptyTail, sizes(3)), 0);
    const [key, record] = (await entriesOf(damaged))[2]!;
    const copy = new MemoryStore();
    await copy.write([{ key, value: record.slice(0, 90) }], { sync: false });
    await expect(openEmbeddedLog(copy, name)).rejects.toEqual(internal(/last log record, 3, is damaged/));

    const torn = new MemoryStore();
    const entry = runAfter(emptyTail, sizes(3), { entrySize: 3 });
    await (await openEmbeddedLog(torn, name)).append(entry, 0);
    const cut = new MemoryStore();
    for (const [at, value] of (await entriesOf(torn)).slice(0, 2))
      await cut.write([{ key: at, value }], { sync: false });
    await expect(openEmbeddedLog(cut, name)).rejects.toEqual(internal(/ends within an entry at sequence 2/));
  });

  it('trims superseded records, keeps the last, and still knows a hole above them', async () => {
    const store = new MemoryStore();
    const log = await openEmbeddedLog(store, name);
    const run = runAfter(emptyTail, sizes(10), { entrySize: 2 });
    await log.append(run, 0);
    await log.trim([4, 2, 3, 10, 99, 0]);
    expect(await sequencesOf(log.scan(0))).toEqual([1, 5, 6, 7, 8, 9, 10]);
    expect(log.get(3)).toBeUndefined();
    expect((await log.read(0, 3)).map(sequenceOf)).toEqual([1, 5, 6]);
    const copy = new MemoryStore();
    for (const [key, value] of await entriesOf(store)) await copy.write([{ key, value }], { sync: false });
    const reopened = await openEmbeddedLog(copy, name);
    expect(await reopened.tail()).toEqual(tailOf(run[9]!));
    expect(await sequencesOf(reopened.scan(0))).toEqual([1, 5, 6, 7, 8, 9, 10]);
    const eighth = (await entriesOf(copy)).find(([, value]) => value.length > 80 && sequenceOf(value) === 8)!;
    await copy.write([{ key: eighth[0], value: undefined }], { sync: false });
    await expect(sequencesOf(reopened.scan(0))).rejects.toEqual(internal(/record 8 is missing/));
  });

  it('trims a long list in bounded batches, without a durable write', async () => {
    const store = new MemoryStore();
    const log = await openEmbeddedLog(store, name);
    await log.append(runAfter(emptyTail, sizes(4000)), 0);
    const before = store.syncs;
    const batches = vi.spyOn(store, 'write');
    await log.trim(Array.from({ length: 3999 }, (_, i) => i + 1));
    expect(batches).toHaveBeenCalledTimes(4);
    expect(store.syncs).toBe(before);
    expect(await sequencesOf(log.scan(0))).toEqual([4000]);
  });

  it('scans what was there at the first chunk while writers go on', async () => {
    const log = await openEmbeddedLog(new MemoryStore(), name);
    const run = runAfter(emptyTail, sizes(2000), { entrySize: 7 });
    await log.append(run, 0);
    let tail = tailOf(run.at(-1)!);
    let seen = 0;
    for await (const records of log.scan(0)) {
      seen += records.length;
      const more = runAfter(tail, sizes(3));
      await log.append(more, tail.sequence);
      tail = tailOf(more[2]!);
      await log.trim([seen + 1]);
    }
    expect(seen).toBe(2000);
  });

  it('answers StorageFull without losing its place', async () => {
    const store = new MemoryStore({ bytesMax: 1000 });
    const log = await openEmbeddedLog(store, name);
    const run = runAfter(emptyTail, [500]);
    await log.append(run, 0);
    await expect(log.append(runAfter(tailOf(run[0]!), [600]), 1)).rejects.toMatchObject({ code: 'StorageFull' });
    expect(await log.append(runAfter(tailOf(run[0]!), [300]), 1)).toEqual({ kind: 'appended' });
  });

  it('takes no more appends once a write failed in an unknown way', async () => {
    const store = new MemoryStore();
    const log = await openEmbeddedLog(store, name);
    vi.spyOn(store, 'write').mockRejectedValueOnce(new Error('input/output error'));
    await expect(log.append(runAfter(emptyTail, sizes(1)), 0)).rejects.toThrow('input/output error');
    await expect(log.append(runAfter(emptyTail, sizes(1)), 0)).rejects.toMatchObject({ code: 'Internal' });
  });

  it('with relaxed durability makes one durable write for the appends of one flush interval', async () => {
    vi.useFakeTimers();
    const random = new Random(1);
    const store = new LosingStore({ random: () => random.next() });
    const log = await openEmbeddedLog(store, { ...name, durability: 'relaxed' });
    let tail = emptyTail;
    for (let i = 0; i < 5; i++) {
      const run = runAfter(tail, sizes(1));
      await log.append(run, tail.sequence);
      tail = tailOf(run[0]!);
    }
    expect(store.syncs).toBe(0);
    await vi.advanceTimersByTimeAsync(relaxedFlushMsMax);
    expect(store.syncs).toBe(1);
    const survivor = new LosingStore({ random: () => random.next() }, store.crash());
    expect(await (await openEmbeddedLog(survivor, name)).tail()).toEqual(tail);
  });

  it('with relaxed durability makes everything durable when asked', async () => {
    const random = new Random(1);
    const store = new LosingStore({ random: () => random.next() });
    const log = await openEmbeddedLog(store, { ...name, durability: 'relaxed' });
    await log.append(runAfter(emptyTail, sizes(3)), 0);
    await log.sync();
    expect(store.syncs).toBe(1);
    const survivor = new LosingStore({ random: () => random.next() }, store.crash());
    expect((await (await openEmbeddedLog(survivor, name)).tail()).sequence).toBe(3);
  });

  it('with strict durability has nothing to make durable when asked', async () => {
    const random = new Random(1);
    const store = new LosingStore({ random: () => random.next() });
    const log = await openEmbeddedLog(store, name);
    await log.append(runAfter(emptyTail, sizes(3)), 0);
    await log.sync();
    expect(store.syncs).toBe(1);
  });

  it('with relaxed durability makes everything durable when it is closed', async () => {
    const random = new Random(1);
    const store = new LosingStore({ random: () => random.next() });
    const log = await openEmbeddedLog(store, { ...name, durability: 'relaxed' });
    await log.append(runAfter(emptyTail, sizes(3)), 0);
    await log.close();
    expect(store.syncs).toBe(1);
    const survivor = new LosingStore({ random: () => random.next() }, store.crash());
    expect((await (await openEmbeddedLog(survivor, name)).tail()).sequence).toBe(3);
  });
});
