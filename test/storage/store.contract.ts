// What every store must do, run against each implementation. A `Bench` opens stores of one kind; `reopen` closes
// the store cleanly and opens the same medium again.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  batchBytesMax,
  scanChunkBytesMax,
  scanChunkEntriesMax,
  type Store,
  type StoreEntry,
  type StoreRange,
} from '../../core/storage/store.ts';
import { Random } from '../simulation/random.ts';

export interface Bench {
  open(): Promise<Store>;
  /** Absent where nothing outlives the store. */
  reopen?(store: Store): Promise<Store>;
  /** Makes the medium full, or gives it room again. */
  setFull?(full: boolean): void;
  dispose(): Promise<void>;
}

const bytes = (...values: number[]) => Uint8Array.from(values);
const text = (value: string) => new TextEncoder().encode(value);
const keysOf = (entries: readonly StoreEntry[]) => entries.map(([key]) => new TextDecoder('latin1').decode(key));

async function collect(store: Store, range: StoreRange): Promise<StoreEntry[]> {
  const entries: StoreEntry[] = [];
  for await (const chunk of store.scan(range)) entries.push(...chunk);
  return entries;
}

async function put(store: Store, ...names: string[]): Promise<void> {
  await store.write(
    names.map((name) => ({ key: text(name), value: text(`value of ${name}`) })),
    { sync: false },
  );
}

export function describeStore(name: string, makeBench: () => Promise<Bench>): void {
  describe(`${name}: the store contract`, () => {
    let bench: Bench;
    let store: Store;

    beforeEach(async () => {
      bench = await makeBench();
      store = await bench.open();
    });

    afterEach(async () => {
      await store.close();
      await bench.dispose();
    });

    it('gives back what was written, and undefined for what was not', async () => {
      await store.write([{ key: bytes(1, 0), value: bytes(7, 8, 9) }], { sync: true });
      expect(Array.from(store.getSync(bytes(1, 0))!)).toEqual([7, 8, 9]);
      expect(store.getSync(bytes(1))).toBeUndefined();
      expect(store.getSync(bytes(1, 0, 0))).toBeUndefined();
    });

    it('keeps an empty value apart from no value', async () => {
      await store.write([{ key: bytes(5), value: bytes() }], { sync: false });
      expect(store.getSync(bytes(5))).toHaveLength(0);
    });

    it('replaces and deletes, and lets the later of two changes of one key win', async () => {
      await put(store, 'a', 'b');
      await store.write(
        [
          { key: text('a'), value: text('1') },
          { key: text('b'), value: undefined },
          { key: text('c'), value: text('1') },
          { key: text('c'), value: undefined },
          { key: text('d'), value: undefined },
          { key: text('d'), value: text('2') },
        ],
        { sync: false },
      );
      expect(keysOf(await collect(store, {}))).toEqual(['a', 'd']);
      expect(Buffer.from(store.getSync(text('a'))!).toString()).toBe('1');
      expect(Buffer.from(store.getSync(text('d'))!).toString()).toBe('2');
    });

    it('orders keys byte by byte, a prefix first and 0xff last', async () => {
      const keys = [bytes(0xff, 0xff), bytes(0xff), bytes(0x80), bytes(0x7f, 0xff), bytes(0), bytes(0, 0), bytes(0x7f)];
      await store.write(
        keys.map((key) => ({ key, value: bytes(1) })),
        { sync: false },
      );
      const found = (await collect(store, {})).map(([key]) => Buffer.from(key).toString('hex'));
      expect(found).toEqual(['00', '0000', '7f', '7fff', '80', 'ff', 'ffff']);
    });

    it('scans within its bounds, forward and back, up to the limit', async () => {
      await put(store, 'a', 'c', 'e', 'g');
      const scan = async (range: StoreRange) => keysOf(await collect(store, range));
      expect(await scan({ gte: text('c') })).toEqual(['c', 'e', 'g']);
      expect(await scan({ gt: text('c') })).toEqual(['e', 'g']);
      expect(await scan({ gt: text('d') })).toEqual(['e', 'g']);
      expect(await scan({ gte: text('b'), lt: text('e') })).toEqual(['c']);
      expect(await scan({ lt: text('a') })).toEqual([]);
      expect(await scan({ gt: text('g') })).toEqual([]);
      expect(await scan({ gte: text('e'), lt: text('c') })).toEqual([]);
      expect(await scan({ reverse: true })).toEqual(['g', 'e', 'c', 'a']);
      expect(await scan({ reverse: true, lt: text('e') })).toEqual(['c', 'a']);
      expect(await scan({ reverse: true, lt: text('f'), gt: text('a'), limit: 1 })).toEqual(['e']);
      expect(await scan({ reverse: true, lt: text('z'), gte: text('e') })).toEqual(['g', 'e']);
      expect(await scan({ reverse: true, lt: text('a') })).toEqual([]);
      expect(await scan({ limit: 2 })).toEqual(['a', 'c']);
      expect(await scan({ limit: 0 })).toEqual([]);
    });

    it('bounds a chunk by entries and by bytes', async () => {
      const small = Array.from({ length: scanChunkEntriesMax * 2 + 10 }, (_, i) => ({
        key: text(`s${String(i).padStart(6, '0')}`),
        value: bytes(1),
      }));
      const large = Array.from({ length: 8 }, (_, i) => ({
        key: text(`x${i}`),
        value: new Uint8Array(scanChunkBytesMax / 2),
      }));
      await store.write([...small, ...large], { sync: false });
      let entries = 0;
      for await (const chunk of store.scan({})) {
        expect(chunk.length).toBeGreaterThan(0);
        expect(chunk.length).toBeLessThanOrEqual(scanChunkEntriesMax);
        const chunkBytes = chunk.reduce((sum, [key, value]) => sum + key.length + value.length, 0);
        expect(chunkBytes).toBeLessThan(scanChunkBytesMax * 1.6);
        entries += chunk.length;
      }
      expect(entries).toBe(small.length + large.length);
    });

    it('scans the store as it was at the first chunk, whatever is written meanwhile', async () => {
      const names = Array.from({ length: scanChunkEntriesMax * 3 }, (_, i) => `k${String(i).padStart(6, '0')}`);
      await put(store, ...names);
      const seen: StoreEntry[] = [];
      for await (const chunk of store.scan({})) {
        if (seen.length === 0) {
          await store.write(
            [
              { key: text('k000001x'), value: bytes(1) },
              { key: text('k001500'), value: undefined },
              { key: text('k001501'), value: text('changed') },
              { key: text('z'), value: bytes(1) },
              { key: text('k001499x'), value: bytes(1) },
            ],
            { sync: false },
          );
        }
        seen.push(...chunk);
      }
      expect(keysOf(seen)).toEqual(names);
      expect(Buffer.from(seen[1501]![1]).toString()).toBe('value of k001501');
      expect(await collect(store, {})).toHaveLength(names.length + 2);
    });

    it('frees a scan that is left early', async () => {
      await put(store, 'a', 'b', 'c');
      for (let i = 0; i < 50; i++)
        for await (const chunk of store.scan({ gte: text('b') })) if (chunk.length > 0) break;
      await put(store, 'd');
      expect(keysOf(await collect(store, {}))).toEqual(['a', 'b', 'c', 'd']);
    });

    it('agrees with a sorted list after random batches of every kind', async () => {
      for (const seed of [1, 2, 3]) {
        const random = new Random(seed);
        const model = new Map<string, string>();
        const key = () => String.fromCharCode(...Array.from({ length: random.int(1, 3) }, () => random.int(1, 127)));
        await store.write(
          (await collect(store, {})).map(([found]) => ({ key: found, value: undefined })),
          { sync: false },
        );
        for (let round = 0; round < 60; round++) {
          const batch = Array.from({ length: random.int(1, 40) }, () => ({
            name: key(),
            value: random.chance(0.3) ? undefined : String(random.int(0, 1e9)),
          }));
          await store.write(
            batch.map(({ name, value }) => ({ key: text(name), value: value === undefined ? undefined : text(value) })),
            { sync: random.chance(0.1) },
          );
          for (const { name, value } of batch) {
            if (value === undefined) model.delete(name);
            else model.set(name, value);
          }
          const [low, high] = [key(), key()];
          const reverse = random.chance(0.5);
          const limit = random.int(0, 50);
          const expected = [...model.keys()].sort().filter((name) => name > low && name < high);
          if (reverse) expected.reverse();
          const found = await collect(store, { gt: text(low), lt: text(high), reverse, limit });
          expect(keysOf(found), `seed ${seed}`).toEqual(expected.slice(0, limit));
          const probe = key();
          const value = store.getSync(text(probe));
          expect(value === undefined ? undefined : Buffer.from(value).toString()).toBe(model.get(probe));
        }
      }
    });

    it('stores writes that race, and counts a durable write for each group of them at most', async () => {
      const before = store.syncs;
      await Promise.all(
        Array.from({ length: 200 }, (_, i) =>
          store.write([{ key: text(`r${i}`), value: bytes(i & 255) }], { sync: true }),
        ),
      );
      expect(await collect(store, { gte: text('r') })).toHaveLength(200);
      expect(store.syncs - before).toBeGreaterThan(0);
      expect(store.syncs - before).toBeLessThanOrEqual(200);
      const synced = store.syncs;
      await put(store, 'unsynced');
      expect(store.syncs).toBe(synced);
    });

    it('refuses a batch above its bounds and stores nothing of it', async () => {
      const half = new Uint8Array(batchBytesMax / 2);
      const tooLarge = [
        { key: text('a'), value: half },
        { key: text('b'), value: half },
      ];
      await expect(store.write(tooLarge, { sync: false })).rejects.toMatchObject({ code: 'TooLarge' });
      await expect(store.write([{ key: bytes(), value: bytes(1) }], { sync: false })).rejects.toMatchObject({
        code: 'TooLarge',
      });
      expect(await collect(store, {})).toEqual([]);
    });

    it('tells how much it holds, about', async () => {
      await store.write(
        Array.from({ length: 50 }, (_, i) => ({
          key: text(`k${i}`),
          value: crypto.getRandomValues(new Uint8Array(20_000)),
        })),
        { sync: true },
      );
      const size = await store.approximateSize();
      expect(size).toBeGreaterThan(900_000);
      expect(size).toBeLessThan(3_000_000);
    });

    it('answers Unavailable once closed, and may be closed twice', async () => {
      await put(store, 'a');
      await store.close();
      await store.close();
      expect(() => store.getSync(text('a'))).toThrow(expect.objectContaining({ code: 'Unavailable' }));
      await expect(put(store, 'b')).rejects.toMatchObject({ code: 'Unavailable' });
      await expect(collect(store, {})).rejects.toMatchObject({ code: 'Unavailable' });
      await expect(store.approximateSize()).rejects.toMatchObject({ code: 'Unavailable' });
    });

    it('ends the writes in flight before it is closed', async () => {
      const writes = Array.from({ length: 20 }, (_, i) => put(store, `w${i}`));
      await store.close();
      await Promise.all(writes);
    });

    it('opens again with everything a clean close left', async ({ skip }) => {
      if (bench.reopen === undefined) return skip('nothing outlives this store');
      await put(store, 'a', 'b');
      await store.write([{ key: text('a'), value: undefined }], { sync: false });
      store = await bench.reopen(store);
      expect(keysOf(await collect(store, {}))).toEqual(['b']);
    });

    it('answers StorageFull when there is no room, stores nothing, serves reads, and goes on when there is room', async ({
      skip,
    }) => {
      if (bench.setFull === undefined) return skip('this store has no bound');
      await put(store, 'a');
      bench.setFull(true);
      await expect(put(store, 'b', 'c')).rejects.toMatchObject({ code: 'StorageFull' });
      await store.write([{ key: text('a'), value: undefined }], { sync: true });
      await expect(put(store, 'b')).rejects.toMatchObject({ code: 'StorageFull' });
      expect(keysOf(await collect(store, {}))).toEqual([]);
      expect(store.getSync(text('b'))).toBeUndefined();
      bench.setFull(false);
      await expect
        .poll(
          () =>
            put(store, 'd').then(
              () => 'stored',
              (error: { code: string }) => error.code,
            ),
          { timeout: 5000 },
        )
        .toBe('stored');
      expect(keysOf(await collect(store, {}))).toEqual(['d']);
    });
  });
}
