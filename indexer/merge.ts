// Neighbouring segments become one: a k-way merge of their terms, in slices, so that a flush overtakes it. Items that
// no snapshot sees are left out; deaths that may not be forgotten are written again (index.md §6, rule 2).
//
// Memory beside the inputs' resident parts: a bitmap and a rank word per input, one bitmap and one list of the
// output, its bloom filter and block index: under 20 bytes an item. Inputs are read past the cache.

import { isBitmapDense, SegmentWriter } from './segment-write.ts';
import { NumberTableBuilder, ordinalOf } from './number-table.ts';
import { OrdinalMap } from './ordinal-map.ts';
import { countBits, fillBits, wordsFor } from './postings.ts';
import { SegmentCursor } from './segment-cursor.ts';
import type { SegmentFooter, SegmentSink, Tombstones } from './segment-format.ts';
import type { Segment } from './segment-read.ts';

export interface MergeInput {
  readonly segment: Segment;
  /** Items to leave out: bits by ordinal. */
  readonly purge: Uint32Array | undefined;
}

/** Terms and sixteenths of postings handled between two yields: about 2 ms. */
const workPerSlice = 2048;

/** Number of items looked at between two yields. */
const itemsPerSlice = 65_536;

/**
 * Merges `inputs` (neighbours, oldest first). `older` are the segments before them: a death is kept as long as its
 * item may be in one. Every step is a slice of about 2 ms; returns the footer of what was written.
 */
export function* mergeSteps(
  inputs: readonly MergeInput[],
  older: readonly Segment[],
  sink: SegmentSink,
): Generator<undefined, SegmentFooter> {
  const maps: OrdinalMap[] = [];
  let count = 0;
  let terms = 0;
  for (const { segment, purge } of inputs) {
    const map = new OrdinalMap(segment.count, purge, count);
    maps.push(map);
    // Dropped items take about their share of the terms with them; the rest only sizes the bloom filter.
    terms += Math.ceil((segment.footer.terms * (map.kept + 1)) / (segment.count + 1));
    count += map.kept;
  }
  const numbers = new NumberTableBuilder();
  for (const [i, { segment }] of inputs.entries()) {
    const map = maps[i]!;
    for (let ordinal = 0; ordinal < segment.count; ordinal++) {
      if (map.isKept(ordinal)) numbers.add(segment.numbers.numberAt(ordinal));
      if ((ordinal + 1) % itemsPerSlice === 0) yield;
    }
  }
  const writer = new SegmentWriter(sink, count, terms);
  yield* mergeTerms(inputs, maps, count, writer);
  const last = inputs[inputs.length - 1]!.segment.footer;
  return writer.finish(numbers, {
    lsnFirst: inputs[0]!.segment.footer.lsnFirst,
    lsnLast: last.lsnLast,
    numberLast: last.numberLast,
    tombstones: survivingTombstones(inputs, maps, older),
    paths: inputs[inputs.length - 1]!.segment.paths(),
  });
}

function* mergeTerms(
  inputs: readonly MergeInput[],
  maps: readonly OrdinalMap[],
  count: number,
  writer: SegmentWriter,
): Generator<undefined, void> {
  /** Cursors that have a term, with the place of their input; in order of input. */
  const open: { readonly cursor: SegmentCursor; readonly map: OrdinalMap; readonly input: number }[] = [];
  for (const [i, { segment }] of inputs.entries()) {
    const cursor = new SegmentCursor(segment, true);
    if (cursor.first()) open.push({ cursor, map: maps[i]!, input: i });
  }
  const words = new Uint32Array(wordsFor(count));
  let ordinals = new Uint32Array(1024);
  const same: number[] = [];
  let work = 0;
  while (open.length > 0) {
    let least = open[0]!.cursor;
    same.length = 0;
    same.push(0);
    for (let i = 1; i < open.length; i++) {
      const { cursor } = open[i]!;
      const order = cursor.compare(least.key, least.keyLength);
      if (order > 0) continue;
      if (order < 0) {
        least = cursor;
        same.length = 0;
      }
      same.push(i);
    }
    let total = 0;
    for (const i of same) total += open[i]!.cursor.count;
    if (same.length === 1 && least.isSingle) {
      const { map } = open[same[0]!]!;
      const ordinal = least.single;
      if (map.isKept(ordinal)) writer.addSingle(least.key, least.keyLength, map.map(ordinal));
    } else if (total <= count && !isBitmapDense(total, count) && !same.some((i) => open[i]!.cursor.isAll)) {
      if (ordinals.length < total) ordinals = new Uint32Array(total * 2);
      let kept = 0;
      for (const i of same) {
        const { cursor, map } = open[i]!;
        if (cursor.isBitmap) {
          const listed = cursor.postings();
          if (listed.kind === 'bits') kept += copyBits(listed.words, cursor.count, ordinals, kept, map);
        } else {
          cursor.copyOrdinals(ordinals, kept);
          kept += map.remap(ordinals, cursor.count, kept);
        }
      }
      if (kept > 0) writer.addList(least.key, least.keyLength, ordinals, kept);
    } else {
      words.fill(0);
      for (const i of same) {
        const { cursor, map, input } = open[i]!;
        if (cursor.isAll) fillRange(words, map.base, map.base + map.kept);
        else if (cursor.isBitmap) orBits(words, cursor.bitmap(), inputs[input]!.segment.count, map);
        else {
          if (ordinals.length < cursor.count) ordinals = new Uint32Array(cursor.count * 2);
          cursor.copyOrdinals(ordinals, 0);
          const kept = map.remap(ordinals, cursor.count);
          for (let k = 0; k < kept; k++) words[ordinals[k]! >>> 5]! |= 1 << (ordinals[k]! & 31);
        }
      }
      const kept = countBits(words);
      if (kept > 0) writer.addBits(least.key, least.keyLength, words, kept);
      work += count >>> 10;
    }
    work += 1 + (total >>> 4);
    for (let k = same.length - 1; k >= 0; k--) {
      const i = same[k]!;
      if (!open[i]!.cursor.next()) open.splice(i, 1);
    }
    if (work >= workPerSlice) {
      work = 0;
      yield;
    }
  }
}

function copyBits(words: Uint32Array, count: number, out: Uint32Array, at: number, map: OrdinalMap): number {
  let length = at;
  let left = count;
  for (let i = 0; left > 0; i++) {
    let word = words[i]! | 0;
    while (word !== 0) {
      out[length++] = (i << 5) + (31 - Math.clz32(word & -word));
      left--;
      word &= word - 1;
    }
  }
  return map.remap(out, count, at);
}

/** Sets bits [from, to). */
function fillRange(words: Uint32Array, from: number, to: number): void {
  if (from === 0) {
    fillBits(words, to);
    return;
  }
  for (let i = from; i < to;) {
    if ((i & 31) === 0 && i + 32 <= to) {
      words[i >>> 5] = 0xffffffff;
      i += 32;
    } else {
      words[i >>> 5]! |= 1 << (i & 31);
      i++;
    }
  }
}

/** Moves the bits of an input to their place in the output: whole words where nothing was purged. */
function orBits(words: Uint32Array, bits: Uint32Array, size: number, map: OrdinalMap): void {
  const length = wordsFor(size);
  if (map.isShift) {
    const shift = map.base & 31;
    const start = map.base >>> 5;
    for (let i = 0; i < length; i++) {
      const word = bits[i]!;
      if (word === 0) continue;
      words[start + i]! |= word << shift;
      if (shift !== 0 && start + i + 1 < words.length) words[start + i + 1]! |= word >>> (32 - shift);
    }
    return;
  }
  for (let i = 0; i < length; i++) {
    let word = bits[i]! | 0;
    while (word !== 0) {
      const ordinal = (i << 5) + (31 - Math.clz32(word & -word));
      word &= word - 1;
      if (!map.isKept(ordinal)) continue;
      const to = map.map(ordinal);
      words[to >>> 5]! |= 1 << (to & 31);
    }
  }
}

/** Deaths that the result must still carry: of items it keeps, and of items that older segments may hold. */
function survivingTombstones(
  inputs: readonly MergeInput[],
  maps: readonly OrdinalMap[],
  older: readonly Segment[],
): Tombstones {
  const kept: { readonly number: number; readonly lsn: number }[] = [];
  for (const { segment } of inputs) {
    const { numbers, lsns } = segment.tombstones();
    for (let i = 0; i < numbers.length; i++) {
      const number = numbers[i]!;
      if (isHeld(number, inputs, maps, older)) kept.push({ number, lsn: lsns[i]! });
    }
  }
  kept.sort((a, b) => a.number - b.number || a.lsn - b.lsn);
  return {
    numbers: Float64Array.from(kept, ({ number }) => number),
    lsns: Float64Array.from(kept, ({ lsn }) => lsn),
  };
}

function isHeld(
  number: number,
  inputs: readonly MergeInput[],
  maps: readonly OrdinalMap[],
  older: readonly Segment[],
): boolean {
  for (const [i, { segment }] of inputs.entries()) {
    const ordinal = ordinalOf(segment.numbers, number);
    if (ordinal >= 0) return maps[i]!.isKept(ordinal);
  }
  return older.some((segment) => ordinalOf(segment.numbers, number) >= 0);
}
