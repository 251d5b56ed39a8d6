import { describe, expect, it } from 'vitest';
import {
  and,
  andCount,
  below as clip,
  bitsSet,
  contains,
  countOf,
  hitsIn,
  listSet,
  nextIn,
  not,
  or,
  SetBuilder,
  toWords,
  without,
  wordsFor,
  type PostingSet,
} from '../../indexer/postings.ts';
import { below, randomOf, type Random } from './random.ts';

const densities = [0, 0.002, 0.02, 0.2, 0.5, 0.98, 1] as const;

function randomSet(random: Random, size: number): { readonly set: PostingSet; readonly has: Set<number> } {
  const density = densities[below(random, densities.length)]!;
  const has = new Set<number>();
  for (let i = 0; i < size; i++) if (random() < density) has.add(i);
  const list = Uint32Array.from(has);
  if (has.size === size) return { set: random() < 0.5 ? { kind: 'all' } : bitsSet(allBits(size), size, size), has };
  if (random() < 0.5) return { set: listSet(list), has };
  return { set: bitsSet(toWords(listSet(list), size), has.size, size), has };
}

function allBits(size: number): Uint32Array {
  return toWords({ kind: 'all' }, size);
}

function listed(set: PostingSet, size: number): number[] {
  const out: number[] = [];
  for (let i = nextIn(set, 0, size); i >= 0; i = nextIn(set, i + 1, size)) out.push(i);
  return out;
}

function sorted(values: Iterable<number>): number[] {
  return [...values].sort((a, b) => a - b);
}

describe('posting sets', () => {
  it('agree with plain sets in every form and density', () => {
    const random = randomOf(7);
    for (let round = 0; round < 600; round++) {
      const size = 1 + below(random, round % 3 === 0 ? 40 : 1500);
      const a = randomSet(random, size);
      const b = randomSet(random, size);
      const both = sorted([...a.has].filter((i) => b.has.has(i)));
      const check = (set: PostingSet, expected: readonly number[]): void => {
        expect(listed(set, size)).toEqual(expected);
        expect(countOf(set, size)).toBe(expected.length);
        if (set.kind === 'bits') expect(set.words.length).toBe(wordsFor(size));
      };
      check(and(a.set, b.set, size), both);
      expect(andCount(a.set, b.set, size)).toBe(both.length);
      check(or(a.set, b.set, size), sorted(new Set([...a.has, ...b.has])));
      check(
        not(a.set, size),
        Array.from({ length: size }, (_, i) => i).filter((i) => !a.has.has(i)),
      );
      const words = toWords(b.set, size).subarray(0, below(random, wordsFor(size) + 1));
      const outside = sorted([...a.has].filter((i) => !(b.has.has(i) && i >>> 5 < words.length)));
      check(without(a.set, words, size), outside);
      expect(hitsIn(a.set, words, size)).toBe(a.has.size - outside.length);
      const bound = below(random, size + 2);
      check(clip(a.set, bound, size), sorted([...a.has].filter((i) => i < bound)));
      const probe = below(random, size);
      expect(contains(a.set, probe)).toBe(a.has.has(probe));
      const builder = new SetBuilder(size);
      for (const i of [...b.has].reverse()) builder.add(i);
      builder.addSet(a.set);
      for (const i of a.has) builder.add(i);
      check(builder.finish(), sorted(new Set([...a.has, ...b.has])));
    }
  });
});
