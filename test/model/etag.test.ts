import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { etagOf, noVersion, parseEtag } from '../../model/etag.ts';
import type { HybridTime } from '../../model/hybrid-time.ts';

const stamps = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }).map((ticks) => ticks as HybridTime);

describe('etag', () => {
  it('reads back every stamp it writes', () => {
    fc.assert(fc.property(stamps, (time) => parseEtag(etagOf(time)) === time));
  });

  it('looks like a quoted GUID', () => {
    fc.assert(fc.property(stamps, (time) => /^"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"$/.test(etagOf(time))));
  });

  it('gives neighbouring stamps different texts', () => {
    for (const ticks of [0, 2 ** 28 - 1, 2 ** 28, 2 ** 52 + 1]) {
      expect(etagOf(ticks as HybridTime)).not.toBe(etagOf((ticks + 1) as HybridTime));
    }
  });

  it('takes a star as any version', () => {
    expect(parseEtag('*')).toBe('*');
  });

  it('accepts an ETag whose quotes a client dropped', () => {
    expect(parseEtag(etagOf(12345 as HybridTime).slice(1, -1))).toBe(12345);
  });

  it('matches nothing for any other text', () => {
    const changed = etagOf(7 as HybridTime).replace('0000"', '0001"');
    for (const text of ['', '"', '"abc"', 'W/"1"', changed, '"00000000-0000-0700-0000-ffffffff0000"'])
      expect(parseEtag(text)).toBe(noVersion);
  });
});
