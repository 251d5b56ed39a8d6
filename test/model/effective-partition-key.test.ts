import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  compareEpk,
  effectivePartitionKey,
  isInRange,
  rangeOfKey,
  rangesOverlap,
  splitRanges,
} from '../../model/effective-partition-key.ts';
import { unpartitioned, type PartitionKeyDefinition, type PartitionKeyPart } from '../../model/partition-key.ts';
import { Random, randomDouble, randomText, scale } from './random.ts';

const require = createRequire(import.meta.url);
const official = require(join(dirname(require.resolve('@azure/cosmos')), 'utils/hashing/hash.js')) as {
  hashPartitionKey(key: readonly unknown[], definition: PartitionKeyDefinition): string;
};

const v1: PartitionKeyDefinition = { paths: ['/pk'], kind: 'Hash', version: 1 };
const v2: PartitionKeyDefinition = { paths: ['/pk'], kind: 'Hash', version: 2 };
const multi: PartitionKeyDefinition = { paths: ['/a', '/b', '/c'], kind: 'MultiHash', version: 2 };

function randomPart(random: Random): PartitionKeyPart {
  const kind = random.below(8);
  if (kind === 0) return undefined;
  if (kind === 1) return null;
  if (kind === 2) return random.chance(50);
  // The SDK hashes the bits of -0; here it is 0, as it equals it.
  if (kind < 5) return randomDouble(random) || 0;
  if (kind === 5) return randomText(random).repeat(random.below(20));
  return randomText(random);
}

describe('the effective partition key', () => {
  it('is the one known for "redmond"', () => {
    expect(effectivePartitionKey(v2, ['redmond'])).toBe('22E342F38A486A088463DFF7838A5963');
    expect(effectivePartitionKey(v1, ['redmond'])).toBe('05C1EFE313830C087366656E706F6500');
  });

  it.each([
    ['version 1', v1],
    ['version 2', v2],
    ['hierarchical', multi],
  ])('is what the SDK computes: %s', (_, definition) => {
    const random = new Random();
    for (let round = 0; round < 1500 * scale; round++) {
      const key =
        definition === multi ? Array.from({ length: random.below(4) }, () => randomPart(random)) : [randomPart(random)];
      const theirs = official.hashPartitionKey(
        key.map((part) => (part === undefined ? {} : part)),
        definition,
      );
      expect(effectivePartitionKey(definition, key), `seed ${random.seed} round ${round} ${JSON.stringify(key)}`).toBe(
        theirs,
      );
    }
  });

  it('is the same for a container without a key as the SDK has it', () => {
    expect(effectivePartitionKey(unpartitioned, [])).toBe(official.hashPartitionKey([], unpartitioned));
    expect(effectivePartitionKey(v1, [])).toBe(official.hashPartitionKey([], v1));
    expect(effectivePartitionKey(multi, [])).toBe('');
  });

  it('takes -0 for 0 and keys of any length', () => {
    expect(effectivePartitionKey(v2, [-0])).toBe(effectivePartitionKey(v2, [0]));
    expect(effectivePartitionKey(v1, [-0])).toBe(effectivePartitionKey(v1, [0]));
    const long = 'é'.repeat(100_000);
    expect(effectivePartitionKey(v2, [long])).toBe(official.hashPartitionKey([long], v2));
    expect(effectivePartitionKey(v1, [long])).toBe(official.hashPartitionKey([long], v1));
  });

  it('of the beginning of a hierarchical key spans the keys below it and no other', () => {
    const random = new Random();
    for (let round = 0; round < 500 * scale; round++) {
      const key = [randomPart(random), randomPart(random), randomPart(random)];
      const whole = effectivePartitionKey(multi, key);
      for (const levels of [0, 1, 2]) expect(isInRange(rangeOfKey(multi, key.slice(0, levels)), whole)).toBe(true);
      const other = effectivePartitionKey(multi, [`${round}`, key[1], key[2]]);
      expect(isInRange(rangeOfKey(multi, key.slice(0, 1)), other)).toBe(key[0] === `${round}`);
      expect(isInRange(rangeOfKey(multi, key), whole)).toBe(true);
    }
  });
});

describe('ranges of the hash space', () => {
  it.each([v1, v2, multi])('take every key once, and about as many each', (definition) => {
    const random = new Random(7);
    for (const count of [1, 2, 3, 5, 64]) {
      const ranges = splitRanges(definition, count);
      expect(ranges).toHaveLength(count);
      expect(ranges[0]!.minInclusive).toBe('');
      expect(ranges.at(-1)!.maxExclusive).toBe('FF');
      const hits = new Array<number>(count).fill(0);
      const keys = 400;
      for (let i = 0; i < keys; i++) {
        const epk = effectivePartitionKey(definition, [`key ${random.bits()}`]);
        const holding = ranges.map((range, k) => (isInRange(range, epk) ? k : -1)).filter((k) => k >= 0);
        expect(holding).toHaveLength(1);
        hits[holding[0]!]!++;
      }
      if (count <= 5) for (const hit of hits) expect(hit).toBeGreaterThan(keys / count / 2);
    }
  });

  it('of version 1 are cut in the encoding that its keys have', () => {
    expect(splitRanges(v1, 2).map((range) => range.maxExclusive)).toEqual(['05C1E0', 'FF']);
  });

  it('of version 2 are cut at multiples of 4, as the service cuts them', () => {
    expect(splitRanges(v2, 5).map(({ maxExclusive }) => maxExclusive)).toEqual([
      '0CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC',
      '19999999999999999999999999999998',
      '26666666666666666666666666666664',
      '33333333333333333333333333333330',
      'FF',
    ]);
  });

  it('compare boundaries of different lengths as bytes continued with zeros', () => {
    expect(compareEpk('', '00')).toBe(0);
    expect(compareEpk('2A', '2A00')).toBe(0);
    expect(compareEpk('2A', '2A01')).toBe(-1);
    expect(compareEpk('2B', '2A01')).toBe(1);
    expect(compareEpk('3FFFFFFF', 'FF')).toBe(-1);
    expect(compareEpk('05C1E0', '05C1DFFF')).toBe(1);
    expect(
      rangesOverlap({ minInclusive: '2A', maxExclusive: '2AFF' }, { minInclusive: '', maxExclusive: '2A00' }),
    ).toBe(false);
    expect(
      rangesOverlap({ minInclusive: '2A', maxExclusive: '2AFF' }, { minInclusive: '2A80', maxExclusive: 'FF' }),
    ).toBe(true);
  });
});
