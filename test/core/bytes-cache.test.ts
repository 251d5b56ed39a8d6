// Hot bytes in bounded memory.

import { expect, test } from 'vitest';
import { BytesCache } from '../../core/bytes-cache.ts';

const kilobyte = () => new Uint8Array(1024);

test('a record is given back under its own sequence only', () => {
  const cache = new BytesCache(1024 * 1024);
  const record = kilobyte();
  cache.put(5, record);
  expect(cache.get(5)).toBe(record);
  expect(cache.get(5 + 8192)).toBeUndefined();
});

test('the bytes held never exceed the bound, whatever is put in', () => {
  const cache = new BytesCache(10 * 1024);
  for (let sequence = 1; sequence <= 20_000; sequence++) {
    cache.put(sequence, kilobyte());
    expect(cache.bytes).toBeLessThanOrEqual(10 * 1024);
  }
  expect(cache.get(20_000)).toBeDefined();
});

test('a forgotten record is gone', () => {
  const cache = new BytesCache(10 * 1024);
  cache.put(7, kilobyte());
  cache.forget(7);
  expect(cache.get(7)).toBeUndefined();
  expect(cache.bytes).toBe(0);
});

test('large records are not kept', () => {
  const cache = new BytesCache(1024 * 1024);
  cache.put(1, new Uint8Array(100_000));
  expect(cache.get(1)).toBeUndefined();
});

test('a run of half as many numbers as there are slots is kept whole but for a hundredth', () => {
  const cache = new BytesCache(2 ** 30);
  const numbers = Array.from({ length: 16_000 }, (_, i) => 1e15 + 2 * i);
  const entry = new Uint8Array(8);
  for (const number of numbers) cache.put(number, entry);
  expect(numbers.filter((number) => cache.get(number) !== undefined).length).toBeGreaterThan(15_840);
});
