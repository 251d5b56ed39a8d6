import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { murmur3x64, murmur3x86 } from '../../../model/hash/murmur3.ts';
import { utf8 } from '../../../model/bytes.ts';
import { Random, scale } from '../random.ts';

interface Oracle {
  readonly x86: { hash32(bytes: Uint8Array, seed: number): number };
  readonly x64: { hash128(bytes: Uint8Array, seed: number): string };
}
const oracle = createRequire(import.meta.url)('murmurhash3js-revisited') as Oracle;

function hash128(bytes: Uint8Array, seed = 0): string {
  const words = new Uint32Array(4);
  murmur3x64(bytes, bytes.length, words, seed);
  return [...words].map((word) => word.toString(16).padStart(8, '0')).join('');
}

describe('MurmurHash3', () => {
  it('gives the published values', () => {
    expect(murmur3x86(new Uint8Array(0))).toBe(0);
    expect(murmur3x86(new Uint8Array(0), 0, 1)).toBe(0x514e28b7);
    expect(murmur3x86(utf8('hello, world'))).toBe(0x149bbb7f);
    expect(hash128(utf8('hello, world'))).toBe('342fac623a5ebc8e4cdcbc079642414d');
    expect(hash128(new Uint8Array(0))).toBe('0'.repeat(32));
  });

  it('agrees with another implementation for every length and seed tried', () => {
    const random = new Random();
    for (let round = 0; round < 4000 * scale; round++) {
      const bytes = random.bytes(round % 70);
      const seed = random.chance(50) ? 0 : random.bits();
      const message = `seed ${random.seed} round ${round}`;
      expect(murmur3x86(bytes, bytes.length, seed), message).toBe(oracle.x86.hash32(bytes, seed));
      expect(hash128(bytes, seed), message).toBe(oracle.x64.hash128(bytes, seed));
    }
  });

  it('hashes a prefix of a larger buffer', () => {
    const bytes = utf8('redmond and more');
    expect(murmur3x86(bytes, 7)).toBe(murmur3x86(bytes.slice(0, 7)));
  });
});
