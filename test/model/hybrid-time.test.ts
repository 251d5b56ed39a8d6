import { describe, expect, it } from 'vitest';
import {
  epochMs,
  HybridClock,
  hybridTimeOfMs,
  hybridTimeOfTimestamp,
  msOf,
  secondsOf,
  ticksPerMs,
  timestampOf,
  type HybridTime,
} from '../../model/hybrid-time.ts';
import { Random, scale } from './random.ts';

describe('hybrid time', () => {
  it('is milliseconds seen from 2020, with ticks below', () => {
    expect(hybridTimeOfMs(epochMs)).toBe(0);
    expect(hybridTimeOfMs(epochMs + 1)).toBe(ticksPerMs);
    expect(msOf(hybridTimeOfMs(epochMs + 123))).toBe(epochMs + 123);
    expect(secondsOf(hybridTimeOfMs(epochMs + 1999))).toBe(epochMs / 1000 + 1);
    expect(hybridTimeOfMs(0)).toBe(0);
    expect(Number.isSafeInteger(hybridTimeOfMs(Date.UTC(2300, 0)))).toBe(true);
  });

  it('goes to a Mongo timestamp and back, in order', () => {
    const random = new Random();
    let last = -1;
    for (let round = 0; round < 1000 * scale; round++) {
      const time = (random.below(2 ** 20) * 2 ** 32 + random.bits()) as HybridTime;
      const { seconds, increment } = timestampOf(time);
      expect(increment).toBeGreaterThan(0);
      expect(increment).toBeLessThanOrEqual(1_000_000);
      expect(hybridTimeOfTimestamp(seconds, increment), `seed ${random.seed}`).toBe(time);
      const next = timestampOf((time + 1) as HybridTime);
      expect(next.seconds > seconds || next.increment > increment).toBe(true);
      last = Math.max(last, time);
    }
    expect(last).toBeGreaterThan(0);
  });
});

describe('HybridClock', () => {
  it('rises strictly while the wall clock stands, jumps ahead with it, and never goes back with it', () => {
    let now = epochMs + 1000;
    const clock = new HybridClock(() => now);
    const first = clock.next();
    expect(first).toBe(1000 * ticksPerMs);
    expect(clock.next()).toBe(first + 1);
    now += 5;
    const later = clock.next();
    expect(later).toBe(1005 * ticksPerMs);
    now -= 100;
    expect(clock.next()).toBe(later + 1);
    expect(clock.nowMs).toBe(now);
  });

  it('goes above every time observed, and does not fall for a lower one', () => {
    const clock = new HybridClock(() => epochMs);
    clock.observe(500 as HybridTime);
    clock.observe(3 as HybridTime);
    expect(clock.next()).toBe(501);
  });

  it('closes a time that no later one will be at or below', () => {
    let now = epochMs + 10;
    const random = new Random();
    const clock = new HybridClock(() => now);
    let closed = -1;
    for (let step = 0; step < 2000; step++) {
      now += random.below(3) - 1;
      if (random.chance(50)) {
        const time = clock.close();
        expect(time).toBeGreaterThanOrEqual(closed);
        closed = time;
      } else expect(clock.next(), `seed ${random.seed} step ${step}`).toBeGreaterThan(closed);
    }
  });
});
