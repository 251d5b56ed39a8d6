import { describe, expect, it } from 'vitest';
import { Random } from '../simulation/random.ts';
import { LosingStore } from './losing-store.ts';
import { describeStore } from './store.contract.ts';

describeStore('losing disk', async () => {
  const random = new Random(1);
  let full = false;
  const options = { random: () => random.next(), full: () => full };
  return {
    open: async () => new LosingStore(options),
    reopen: async (store) => {
      await store.close();
      return new LosingStore(options, (store as LosingStore).medium);
    },
    setFull: (now) => void (full = now),
    dispose: async () => undefined,
  };
});

const entry = (n: number) => [{ key: Uint8Array.of(n), value: Uint8Array.of(n) }];
const count = (store: LosingStore) => [1, 2, 3, 4, 5, 6].filter((n) => store.getSync(Uint8Array.of(n)) !== undefined);

describe('losing disk', () => {
  it('keeps what was synced and a prefix of what was not', async () => {
    const outcomes = new Set<string>();
    for (let seed = 1; seed <= 200; seed++) {
      const random = new Random(seed);
      const store = new LosingStore({ random: () => random.next() });
      await store.write(entry(1), { sync: false });
      await store.write(entry(2), { sync: true });
      await store.write(entry(3), { sync: false });
      await store.write(entry(4), { sync: false });
      const after = new LosingStore({ random: () => random.next() }, store.crash());
      outcomes.add(count(after).join(''));
    }
    expect([...outcomes].sort()).toEqual(['12', '123', '1234']);
  });

  it('loses a synced batch in flight some of the time, and fails its caller', async () => {
    let kept = 0;
    for (let seed = 1; seed <= 200; seed++) {
      const random = new Random(seed);
      const steps: (() => void)[] = [];
      const store = new LosingStore({ random: () => random.next(), later: (step) => steps.push(step) });
      const write = store.write(entry(1), { sync: true });
      await Promise.resolve();
      await Promise.resolve();
      expect(steps).toHaveLength(1);
      const medium = store.crash();
      steps[0]!();
      await expect(write).rejects.toMatchObject({ code: 'Internal' });
      kept += medium.length;
    }
    expect(kept).toBeGreaterThan(20);
    expect(kept).toBeLessThan(180);
  });

  it('forgets a synced batch never', async () => {
    const random = new Random(7);
    const store = new LosingStore({ random: () => random.next() });
    for (let n = 1; n <= 6; n++) await store.write(entry(n), { sync: true });
    expect(count(new LosingStore({ random: () => random.next() }, store.crash()))).toEqual([1, 2, 3, 4, 5, 6]);
  });
});
