// The hash table of a memtable: it grows as it fills, or at once where it is known how full it will be.

import { describe, expect, it } from 'vitest';
import { hashKey, keyBytes, keyWords, padKey } from '../../indexer/key-scratch.ts';
import { Memtable } from '../../indexer/memtable.ts';
import { PagePool } from '../../indexer/pool.ts';

const path = 7;

/** Writes a key of eight bytes to the scratch; returns its length. */
function writeNumber(number: number): number {
  for (let i = 0; i < 8; i++) keyBytes[i] = i < 4 ? (number >>> (8 * i)) & 0xff : 0x20;
  return 8;
}

function filled(items: number, slotsExpected: number): Memtable {
  const memtable = new Memtable(new PagePool(), slotsExpected);
  for (let i = 0; i < items; i++) {
    memtable.begin(i + 1);
    memtable.term(path, writeNumber(i));
    memtable.term(path, writeNumber(i % 10));
  }
  return memtable;
}

function countOf(memtable: Memtable, number: number): number {
  const length = writeNumber(number);
  padKey(length);
  const entry = memtable.findScratch(path, length, hashKey(path, keyWords, length));
  return entry === 0 ? 0 : memtable.table.count(entry);
}

describe('the hash table of a memtable', () => {
  it('finds every term however it grew', () => {
    for (const expected of [0, 256, 4096, 65_536]) {
      const memtable = filled(3_000, expected);
      expect(memtable.terms).toBe(3_000);
      for (let i = 0; i < 10; i++) expect(countOf(memtable, i)).toBe(300);
      for (let i = 10; i < 3_000; i++) expect(countOf(memtable, i)).toBe(1);
      for (let i = 3_000; i < 3_100; i++) expect(countOf(memtable, i)).toBe(0);
    }
  });

  it('takes the expected room only once it is well filled', () => {
    expect(filled(100, 65_536).slots).toBe(256);
    expect(filled(10_000, 65_536).slots).toBe(65_536);
    expect(filled(10_000, 256).slots).toBe(16_384);
  });
});
