// What may leave the log, and when; and that the queue survives a restart.

import { describe, expect, test } from 'vitest';
import { readHistory, historyEntryBytes } from '../../core/history-file.ts';
import {
  declaredBytesMin,
  historyAgeMsMax,
  historyBytesMin,
  historySlackMsMax,
  Retention,
} from '../../core/retention.ts';
import { DatabaseError } from '../../model/errors.ts';

function fixture() {
  const bounds = { covered: Infinity, held: Infinity, nowMs: 1_000, full: false, declaredMs: 0 };
  const removed: number[] = [];
  const retention = new Retention(
    () => bounds.nowMs,
    async (sequences) => {
      if (bounds.full) throw new DatabaseError('StorageFull', 'no space');
      removed.push(...sequences);
    },
    { coveredTo: () => bounds.covered, heldFrom: () => bounds.held, declaredMs: () => bounds.declaredMs },
  );
  return { bounds, removed, retention };
}

describe('retention', () => {
  test('keeps what is neither old nor too much, and of too much only the youngest', async () => {
    const { bounds, removed, retention } = fixture();
    retention.superseded(1, 100, 2);
    expect(await retention.step(0)).toBe(false);
    expect(removed).toEqual([]);
    retention.superseded(2, historyBytesMin, 3);
    retention.superseded(3, historyBytesMin / 16, 4);
    await retention.step(0);
    expect(removed).toEqual([1, 2]);
    expect(await retention.step(0)).toBe(false);
    bounds.nowMs += historyAgeMsMax + historySlackMsMax + 1;
    await retention.step(0);
    expect(removed).toEqual([1, 2, 3]);
    expect([retention.bytes, retention.count, retention.head]).toEqual([0, 0, 3]);
  });

  test('removes a record only when the index needs neither it nor its killer', async () => {
    const { bounds, removed, retention } = fixture();
    retention.superseded(1, 10, 5);
    retention.superseded(6, 10, 6);
    bounds.nowMs += historyAgeMsMax + historySlackMsMax + 1;
    bounds.covered = 4;
    await retention.step(0);
    expect(removed).toEqual([]);
    bounds.covered = 5;
    await retention.step(0);
    expect(removed).toEqual([1]);
    // A tombstone is its own killer, and the last record that is covered stays.
    bounds.covered = 6;
    await retention.step(0);
    expect(removed).toEqual([1]);
    bounds.covered = 7;
    await retention.step(0);
    expect(removed).toEqual([1, 6]);
  });

  test('keeps what a container declares to need, up to a larger share of the store', async () => {
    const { bounds, removed, retention } = fixture();
    bounds.declaredMs = 30 * 60_000;
    for (let sequence = 1; sequence <= 4; sequence++) retention.superseded(sequence, historyBytesMin, sequence);
    await retention.step(0);
    expect(removed).toEqual([]);
    bounds.nowMs += bounds.declaredMs - 1;
    retention.superseded(5, historyBytesMin, 5);
    await retention.step(0);
    expect(removed).toEqual([]);
    bounds.nowMs += 1;
    await retention.step(0);
    expect(removed).toEqual([1, 2, 3, 4]);
    retention.superseded(6, declaredBytesMin, 6);
    await retention.step(0);
    expect(removed).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('keeps what a container declares to need for longer than history is kept otherwise', async () => {
    const { bounds, removed, retention } = fixture();
    bounds.declaredMs = 2 * historyAgeMsMax;
    retention.superseded(1, 10, 1);
    bounds.nowMs += historyAgeMsMax + 2 * historySlackMsMax;
    await retention.step(0);
    expect(removed).toEqual([]);
    bounds.nowMs += historyAgeMsMax;
    await retention.step(0);
    expect(removed).toEqual([1]);
  });

  test('keeps what an open snapshot sees', async () => {
    const { bounds, removed, retention } = fixture();
    retention.superseded(1, 10, 5);
    retention.superseded(2, 10, 8);
    bounds.nowMs += historyAgeMsMax + historySlackMsMax + 1;
    bounds.held = 8;
    await retention.step(0);
    expect(removed).toEqual([1]);
    bounds.held = Infinity;
    await retention.step(0);
    expect(removed).toEqual([1, 2]);
  });

  test('tries again after a full disk', async () => {
    const { bounds, removed, retention } = fixture();
    retention.superseded(1, 10, 5);
    bounds.nowMs += historyAgeMsMax + historySlackMsMax + 1;
    bounds.full = true;
    expect(await retention.step(0)).toBe(false);
    expect(retention.count).toBe(1);
    bounds.full = false;
    await retention.step(0);
    expect(removed).toEqual([1]);
  });

  test('is read back as it was written, up to the killer asked for', () => {
    const { retention } = fixture();
    retention.load([]);
    for (let i = 1; i <= 10_000; i++) retention.superseded(i, i * 3, 2 ** 40 + i, 2 ** 41 + i);
    const bytes = retention.encode(5, 2 ** 40 + 9_000);
    expect(bytes.length).toBe((9_000 - 5) * historyEntryBytes);
    const again = fixture().retention;
    again.load(readHistory(bytes, 0, bytes.length / historyEntryBytes));
    expect(again.count).toBe(8_995);
    expect(again.encode(0, Infinity)).toEqual(bytes);
    expect([...readHistory(bytes, 0, 1)]).toEqual([
      { sequence: 6, killer: 2 ** 40 + 6, timeMs: 2 ** 41 + 6, bytes: 18 },
    ]);
  });

  test('gives room back only for what will not be asked for', async () => {
    const { bounds, retention } = fixture();
    retention.load([]);
    for (let i = 1; i <= 20_000; i++) retention.superseded(i, 10, i + 1);
    bounds.nowMs += historyAgeMsMax + historySlackMsMax + 1;
    while (await retention.step(0));
    expect(retention.head).toBe(20_000);
    expect(retention.encode(0, 11).length).toBe(10 * historyEntryBytes);
    retention.forget(15_000);
    expect(() => retention.encode(0, 11)).toThrow('forgotten');
    expect(retention.encode(15_000, Infinity).length).toBe(5_000 * historyEntryBytes);
  });
});
