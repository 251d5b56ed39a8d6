// From a frozen memtable to a segment, on the worker, in slices. Items that no snapshot can see any more are left
// out; own deaths that had to stay, and the deaths of older items, become the segment's tombstones
// (index.md §6, rule 2).

import { isBitmapDense, SegmentWriter } from './segment-write.ts';
import { keyBytesMax } from './key-scratch.ts';
import type { MemtableImage } from './memtable.ts';
import { NumberTableBuilder } from './number-table.ts';
import { OrdinalMap } from './ordinal-map.ts';
import type { SegmentFooter, SegmentSink, Tombstones } from './segment-format.ts';
import { sortEntries } from './term-order.ts';
import { TermTable } from './term-table.ts';
import { wordsFor } from './postings.ts';

/** Everything the worker needs; messages carry it by reference and small copies. */
export interface FlushInput {
  readonly image: MemtableImage;
  /** Items to leave out: bits by ordinal; undefined for none. */
  readonly purge: Uint32Array | undefined;
  readonly tombstones: Tombstones;
  readonly lsnFirst: number;
  readonly lsnLast: number;
  readonly numberLast: number;
  readonly paths: Uint8Array;
}

/** Terms and postings handled between two yields: about 2 ms. */
const workPerSlice = 2048;

/** Writes the segment; every step is a slice of about 2 ms. Returns its footer. */
export function* flushSteps(input: FlushInput, sink: SegmentSink): Generator<undefined, SegmentFooter> {
  const { image } = input;
  const table = TermTable.ofImage(image.table);
  const map = new OrdinalMap(image.count, input.purge, 0);
  const count = map.kept;
  const numbers = new NumberTableBuilder();
  for (let i = 0; i < image.count; i++) if (map.isKept(i)) numbers.add(image.numbers[i]!);
  let terms = 0;
  const { heads } = image.table;
  for (let path = 0; path < heads.length; path++)
    for (let entry = heads[path]!; entry !== 0; entry = table.next(entry)) terms++;
  const writer = new SegmentWriter(sink, count, terms);
  const key = new Uint8Array(keyBytesMax + 2);
  let ordinals = new Uint32Array(1024);
  let work = 0;
  for (let path = 0; path < heads.length; path++) {
    let length = 0;
    for (let entry = heads[path]!; entry !== 0; entry = table.next(entry)) length++;
    if (length === 0) continue;
    const entries = new Uint32Array(length);
    let at = 0;
    for (let entry = heads[path]!; entry !== 0; entry = table.next(entry)) entries[at++] = entry;
    const sorted = yield* sortEntries(table, entries);
    key[0] = path >>> 8;
    key[1] = path;
    for (let i = 0; i < sorted.length; i++) {
      const entry = sorted[i]!;
      const bytes = table.keyPage(entry);
      const start = table.keyStart(entry);
      const keyLength = table.keyLength(entry) + 2;
      for (let k = 2; k < keyLength; k++) key[k] = bytes[start + k - 2]!;
      const listed = table.count(entry);
      if (listed > ordinals.length) ordinals = new Uint32Array(listed * 2);
      table.copyOrdinals(entry, ordinals);
      const kept = map.remap(ordinals, listed);
      if (kept > 0) {
        if (isBitmapDense(kept, count) && kept < count) {
          const words = new Uint32Array(wordsFor(count));
          for (let k = 0; k < kept; k++) words[ordinals[k]! >>> 5]! |= 1 << (ordinals[k]! & 31);
          writer.addBits(key, keyLength, words, kept);
        } else writer.addList(key, keyLength, ordinals, kept);
      }
      work += 1 + (listed >>> 4);
      if (work >= workPerSlice) {
        work = 0;
        yield;
      }
    }
  }
  return writer.finish(numbers, input);
}
