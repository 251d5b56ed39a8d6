// Readings kept between pages: found by name and place, let go when they are done with.

import { describe, expect, test } from 'vitest';
import { HeldReadings } from '../../core/held-readings.ts';
import type { Reading } from '../../core/reading.ts';

function reading(): { readonly reading: Reading; released: number } {
  const made = { reading: { release: () => void made.released++ } as Reading, released: 0 };
  return made;
}

describe('a held reading', () => {
  test('is found by its name, over the same place only', () => {
    const held = new HeldReadings();
    const first = reading();
    const use = held.use(undefined, 'a', () => first.reading);
    use.done(true);
    expect(held.use(use.name, 'a', () => reading().reading).reading).toBe(first.reading);
    expect(held.use(use.name, 'b', () => reading().reading).reading).not.toBe(first.reading);
    expect(first.released).toBe(0);
  });

  test('is released when its last use says so', () => {
    const held = new HeldReadings();
    const first = reading();
    const use = held.use(undefined, 'a', () => first.reading);
    use.done(true);
    const again = held.use(use.name, 'a', () => reading().reading);
    const twice = held.use(use.name, 'a', () => reading().reading);
    again.done(false);
    expect(first.released).toBe(0);
    twice.done(false);
    expect(first.released).toBe(1);
    expect(held.use(use.name, 'a', () => reading().reading).reading).not.toBe(first.reading);
  });

  test('is released at once when no page follows', () => {
    const first = reading();
    new HeldReadings().use(undefined, 'a', () => first.reading).done(false);
    expect(first.released).toBe(1);
  });

  test('is released when others need its room, and when all are closed', () => {
    const held = new HeldReadings();
    const all = Array.from({ length: 1_010 }, reading);
    for (const one of all) held.use(undefined, 'a', () => one.reading).done(true);
    expect(all.filter(({ released }) => released === 1).length).toBe(10);
    held.close();
    expect(all.every(({ released }) => released === 1)).toBe(true);
  });
});
