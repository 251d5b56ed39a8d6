import { describe, expect, it } from 'vitest';
import { MemoryStore } from '../../core/storage/memory-store.ts';
import { describeStore } from './store.contract.ts';

describeStore('memory', async () => ({
  open: async () => new MemoryStore(),
  dispose: async () => undefined,
}));

const key = (n: number) => {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(n));
  return bytes;
};

describe('memory store', () => {
  it('answers StorageFull above its bound and takes writes again after deletes', async () => {
    const store = new MemoryStore({ bytesMax: 1000 });
    await store.write([{ key: key(1), value: new Uint8Array(600) }], { sync: false });
    await expect(store.write([{ key: key(2), value: new Uint8Array(600) }], { sync: false })).rejects.toMatchObject({
      code: 'StorageFull',
    });
    expect(store.getSync(key(2))).toBeUndefined();
    await store.write([{ key: key(1), value: undefined }], { sync: false });
    await store.write([{ key: key(2), value: new Uint8Array(600) }], { sync: false });
    expect(store.getSync(key(2))).toHaveLength(600);
  });

  it('keeps a value that fills its buffer and copies one that is part of a larger buffer', async () => {
    const store = new MemoryStore();
    const whole = new Uint8Array(10);
    const part = new Uint8Array(1000).subarray(10, 20);
    await store.write(
      [
        { key: key(1), value: whole },
        { key: key(2), value: part },
      ],
      { sync: false },
    );
    expect(store.getSync(key(1))).toBe(whole);
    expect(store.getSync(key(2))!.buffer.byteLength).toBe(10);
  });

  it('takes growing keys at a cost that does not grow with the store', async () => {
    const store = new MemoryStore();
    const value = new Uint8Array(1);
    const took = async (from: number, count: number) => {
      const batch = Array.from({ length: count }, (_, i) => ({ key: key(from + i), value }));
      const started = performance.now();
      await store.write(batch, { sync: false });
      return performance.now() - started;
    };
    const first: number[] = [];
    const last: number[] = [];
    for (let i = 0; i < 40; i++) {
      const milliseconds = await took(i * 5000, 5000);
      if (i < 10) first.push(milliseconds);
      if (i >= 30) last.push(milliseconds);
    }
    expect(Math.min(...last)).toBeLessThan(Math.min(...first) * 5 + 2);
  });
});
