import { describe, expect, it } from 'vitest';
import { DatabaseError } from '../../model/errors.ts';
import {
  emptySessionToken,
  formatSessionToken,
  mergeSessionTokens,
  parseSessionToken,
  type PartitionProgress,
  type SessionToken,
} from '../../model/session-token.ts';
import { Random, scale } from './random.ts';

function randomToken(random: Random): SessionToken {
  const token = new Map<string, PartitionProgress>();
  for (let count = random.below(4); count > 0; count--) {
    const lsnByRegion = new Map<number, number>();
    for (let regions = random.below(3); regions > 0; regions--) lsnByRegion.set(random.below(4), random.below(50));
    token.set(String(random.below(4)), { epoch: 1, csn: random.below(50), lsnByRegion });
  }
  return token;
}

const sorted = (token: SessionToken): unknown =>
  [...token].sort().map(([range, progress]) => [range, formatSessionToken(new Map([[range, progress]]))]);

describe('session tokens', () => {
  it('are read and written', () => {
    const text = '0:1#100#1=20#2=5,7:2#3';
    const token = parseSessionToken(text);
    expect(token.get('0')).toEqual({
      epoch: 1,
      csn: 100,
      lsnByRegion: new Map([
        [1, 20],
        [2, 5],
      ]),
    });
    expect(token.get('7')).toEqual({ epoch: 2, csn: 3, lsnByRegion: new Map() });
    expect(formatSessionToken(token)).toBe(text);
    expect(formatSessionToken(emptySessionToken)).toBe('');
    expect(parseSessionToken('')).toEqual(emptySessionToken);
  });

  it('are read in the older forms', () => {
    expect(parseSessionToken('0:12').get('0')).toEqual({ epoch: -1, csn: 12, lsnByRegion: new Map() });
    expect(parseSessionToken('0:-1#12').get('0')).toEqual({ epoch: -1, csn: 12, lsnByRegion: new Map() });
    expect(parseSessionToken(' 0:1 , 1:2 ').size).toBe(2);
  });

  it.each([
    '0',
    ':1',
    '0:',
    '0:a',
    '0:1#',
    '0:1#2#',
    '0:1#2#1',
    '0:1#2#1=',
    '0:1#2#=1',
    '0:-2#1',
    '0:1.5',
    '0:1e3',
    '0:99999999999999999999',
    '0:1#2#-1=3',
    `0:${'1#'.repeat(100)}1`,
    '1'.repeat(100_000),
    Array.from({ length: 5000 }, (_, i) => `${i}:1`).join(','),
  ])('that are malformed are refused: %#', (text) => expect(() => parseSessionToken(text)).toThrow(DatabaseError));

  it('merge by maxima', () => {
    const merge = (a: string, b: string): string =>
      formatSessionToken(mergeSessionTokens(parseSessionToken(a), parseSessionToken(b)));
    expect(merge('0:1#10#1=5#2=9', '0:1#8#1=7#2=3')).toBe('0:1#10#1=7#2=9');
    expect(merge('0:1#10', '1:1#4')).toBe('0:1#10,1:1#4');
    expect(merge('0:1#10#1=5#2=9', '0:2#11#1=4#3=1')).toBe('0:2#11#1=5#3=1');
    expect(merge('0:10', '0:1#8#1=2')).toBe('0:1#10#1=2');
    expect(formatSessionToken(parseSessionToken('0:1#1#1=9,0:1#5#1=2'))).toBe('0:1#5#1=9');
  });

  it('merge in any order to the same, which is at or above both', () => {
    const random = new Random();
    for (let round = 0; round < 2000 * scale; round++) {
      const a = randomToken(random);
      const b = randomToken(random);
      const c = randomToken(random);
      const message = `seed ${random.seed} round ${round}`;
      expect(sorted(mergeSessionTokens(a, b)), message).toEqual(sorted(mergeSessionTokens(b, a)));
      expect(sorted(mergeSessionTokens(mergeSessionTokens(a, b), c)), message).toEqual(
        sorted(mergeSessionTokens(a, mergeSessionTokens(b, c))),
      );
      expect(sorted(mergeSessionTokens(a, a)), message).toEqual(sorted(a));
      const merged = mergeSessionTokens(a, b);
      for (const [range, progress] of [...a, ...b]) {
        expect(merged.get(range)!.csn, message).toBeGreaterThanOrEqual(progress.csn);
        for (const [region, lsn] of progress.lsnByRegion)
          expect(merged.get(range)!.lsnByRegion.get(region), message).toBeGreaterThanOrEqual(lsn);
      }
      expect(sorted(parseSessionToken(formatSessionToken(merged))), message).toEqual(sorted(merged));
    }
  });
});
