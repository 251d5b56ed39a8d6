// The bucket alone, on a clock that the test moves.

import { describe, expect, test } from 'vitest';
import { TokenBucket } from '../../core/token-bucket.ts';
import { recentSeconds, Usage } from '../../core/usage.ts';
import { randomOf, seedOf } from '../random.ts';

describe('a token bucket', () => {
  test('admits until it is in debt and tells how long the debt lasts', () => {
    const bucket = new TokenBucket(400, 0);
    expect(bucket.waitMs(0)).toBe(0);
    bucket.take(400, 0);
    expect(bucket.waitMs(0)).toBe(0);
    bucket.take(5, 0);
    expect(bucket.waitMs(0)).toBe(13);
    expect(bucket.waitMs(12)).toBe(1);
    expect(bucket.waitMs(13)).toBe(0);
  });

  test('keeps a second of what was not used, and no more', () => {
    const bucket = new TokenBucket(100, 0);
    bucket.take(100, 0);
    expect(bucket.tokens(1_000_000)).toBe(100);
  });

  test('gets nothing from a clock that was set back', () => {
    const bucket = new TokenBucket(100, 10_000);
    bucket.take(150, 10_000);
    expect(bucket.waitMs(5_000)).toBe(500);
    expect(bucket.waitMs(5_500)).toBe(0);
  });

  test('pays its debt at a new rate from then on', () => {
    const bucket = new TokenBucket(400, 0);
    bucket.take(2_400, 0);
    expect(bucket.waitMs(0)).toBe(5_000);
    bucket.setRate(4_000, 1_000);
    // 1,600 RU of debt were left.
    expect(bucket.waitMs(1_000)).toBe(400);
    bucket.setRate(100, 3_000);
    expect(bucket.tokens(3_000)).toBe(100);
  });

  test('never admits more than rate, burst and one request together', () => {
    const random = randomOf(seedOf());
    for (let round = 0; round < 10; round++) {
      const rate = 100 + Math.floor(random() * 2_000);
      const bucket = new TokenBucket(rate, 0);
      let nowMs = 0;
      let taken = 0;
      let largest = 0;
      for (let i = 0; i < 400; i++) {
        const waitMs = bucket.waitMs(nowMs);
        if (waitMs > 0) {
          // One millisecond less would be too early.
          expect(bucket.waitMs(nowMs + waitMs - 1)).toBeGreaterThan(0);
          nowMs += waitMs;
          expect(bucket.waitMs(nowMs)).toBe(0);
        } else nowMs += Math.floor(random() * 20);
        const charge = random() * 50;
        largest = Math.max(largest, charge);
        bucket.take(charge, nowMs);
        taken += charge;
        expect(taken).toBeLessThanOrEqual((nowMs / 1000) * rate + rate + largest + 1e-6);
      }
    }
  });
});

describe('usage', () => {
  test('knows the last minute and the last whole second', () => {
    const usage = new Usage();
    usage.take(10, 1_000);
    usage.take(5, 1_999);
    expect(usage.perSecond(1_999)).toBe(15);
    expect(usage.perSecond(2_000)).toBe(15);
    usage.take(20, 2_500);
    expect(usage.perSecond(2_500)).toBe(20);
    expect(usage.perSecond(4_000)).toBe(0);
    expect(usage.recent(4_000)).toBe(35);
    expect(usage.recent(1_000 + recentSeconds * 1000)).toBe(20);
    expect(usage.recent(1_000_000)).toBe(0);
    expect(usage.charge).toBe(35);
  });
});
