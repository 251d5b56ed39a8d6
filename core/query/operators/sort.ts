// Sorts rows by keys. Rows are gathered in runs, each sorted by itself, and merged while they are given out, so that
// no single sort takes the thread for long. Where the caller can want only so many rows, runs are cut to that many
// as they come and the sort holds no more than twice the number; else its bytes are bounded.
//
// The outermost sort can resume: rows up to a mark in sort order are dropped as they come. Ties are broken by the
// item's position and the row's order within its item, so a mark names one row.
//
// Where the scan gives the order (`ScanProgress.ordered`), only what it leaves open is sorted: a group at a time.

import { Raw } from '../../../model/bson/walk.ts';
import type { Value } from '../../../model/value.ts';
import type { Place } from '../compile/scope.ts';
import { heldBytes } from '../elements.ts';
import type { Evaluate, Frame, OpenRows, SortMark, SortProgress } from '../frame.ts';
import { sortBytesMax, tooLarge } from '../limits.ts';
import type { ScannedItem } from '../row-source.ts';

export interface SortOrder {
  readonly value: Evaluate;
  readonly descending: boolean;
}

interface HeldRow extends SortMark {
  readonly slots: readonly Value[];
  readonly items: readonly (ScannedItem | undefined)[];
  readonly bytes: number;
}

/** Rows in a run that is sorted at once: about a millisecond's work. */
const runRows = 1_024;
/** Bytes of a held row's own objects, about. */
const rowOverheadBytes = 160;

type CompareMarks = (left: SortMark, right: SortMark) => number;

function comparatorOf(frame: Frame, orders: readonly SortOrder[]): CompareMarks {
  const { order } = frame.context.semantics;
  return (left, right) => {
    for (let i = 0; i < orders.length; i++) {
      const sign = order(left.keys[i], right.keys[i]);
      if (sign !== 0) return orders[i]!.descending ? -sign : sign;
    }
    return left.position - right.position || left.ordinal - right.ordinal;
  };
}

/** Copies what downstream operators read, and counts the buffers it keeps alive, each item's once. */
function hold(frame: Frame, places: readonly Place[], mark: SortMark): HeldRow {
  const slots: Value[] = [];
  const items: (ScannedItem | undefined)[] = [];
  const buffers: Uint8Array[] = [];
  let bytes = rowOverheadBytes;
  for (const { slot, isItem } of places) {
    const item = isItem ? frame.items[slot] : undefined;
    if (item !== undefined) {
      buffers.push(item.document);
      bytes += item.document.length;
    }
    items.push(item);
  }
  for (const { slot, isItem } of places) {
    const value = isItem ? undefined : frame.slots[slot];
    slots.push(value);
    if (!(value instanceof Raw)) bytes += heldBytes(value);
    else if (!buffers.includes(value.bytes)) {
      buffers.push(value.bytes);
      bytes += value.bytes.length;
    }
  }
  for (const key of mark.keys) if (!(key instanceof Raw)) bytes += heldBytes(key);
  return { ...mark, slots, items, bytes };
}

function restore(frame: Frame, places: readonly Place[], row: HeldRow): void {
  places.forEach((place, i) => {
    if (place.isItem) frame.items[place.slot] = row.items[i];
    else frame.slots[place.slot] = row.slots[i];
  });
}

/** Sorted runs, and a heap over their heads while they are merged. */
class Runs {
  readonly #compare: CompareMarks;
  readonly #keep: number | undefined;
  #open: HeldRow[] = [];
  #sorted: HeldRow[][] = [];
  #bytes = 0;

  constructor(compare: CompareMarks, keep: number | undefined) {
    this.#compare = compare;
    this.#keep = keep;
  }

  get hasRows(): boolean {
    return this.#open.length > 0 || this.#sorted.some((run) => run.length > 0);
  }

  /** False for a row that comes after as many rows as can be wanted. */
  wants(mark: SortMark): boolean {
    const kept = this.#sorted[0];
    if (this.#keep === undefined || kept === undefined || kept.length < this.#keep) return true;
    return this.#compare(mark, kept[kept.length - 1]!) < 0;
  }

  add(row: HeldRow): void {
    this.#open.push(row);
    this.#bytes += row.bytes;
    if (this.#bytes > sortBytesMax) {
      if (this.#keep !== undefined) this.#close();
      if (this.#bytes > sortBytesMax) throw tooLarge('ORDER BY', sortBytesMax, 'bytes of rows');
    }
    if (this.#open.length >= runRows) this.#close();
  }

  #close(): void {
    if (this.#open.length === 0) return;
    const run = this.#open.sort(this.#compare);
    this.#open = [];
    if (this.#keep === undefined) {
      this.#sorted.push(run);
      return;
    }
    const merged = mergeTwo(this.#sorted[0] ?? [], run, this.#compare, this.#keep);
    this.#sorted = [merged];
    this.#bytes = merged.reduce((sum, row) => sum + row.bytes, 0);
  }

  /** All rows in order. */
  *drain(): Generator<HeldRow, void, void> {
    this.#close();
    const heap = this.#sorted.map((run) => ({ run, at: 0 }));
    const before = (a: number, b: number): boolean =>
      this.#compare(heap[a]!.run[heap[a]!.at]!, heap[b]!.run[heap[b]!.at]!) < 0;
    const sink = (from: number): void => {
      for (let parent = from; ;) {
        let least = parent;
        for (const child of [2 * parent + 1, 2 * parent + 2]) {
          if (child < heap.length && before(child, least)) least = child;
        }
        if (least === parent) return;
        [heap[parent], heap[least]] = [heap[least]!, heap[parent]!];
        parent = least;
      }
    };
    for (let i = (heap.length >> 1) - 1; i >= 0; i--) sink(i);
    while (heap.length > 0) {
      const head = heap[0]!;
      yield head.run[head.at]!;
      if (++head.at === head.run.length) {
        const last = heap.pop()!;
        if (heap.length > 0) heap[0] = last;
      }
      sink(0);
    }
  }
}

function mergeTwo(left: readonly HeldRow[], right: readonly HeldRow[], compare: CompareMarks, keep: number): HeldRow[] {
  const merged: HeldRow[] = [];
  let l = 0;
  let r = 0;
  while (merged.length < keep && (l < left.length || r < right.length)) {
    const takeLeft = r >= right.length || (l < left.length && compare(left[l]!, right[r]!) <= 0);
    merged.push(takeLeft ? left[l++]! : right[r++]!);
  }
  return merged;
}

function sortRows(
  input: OpenRows,
  places: readonly Place[],
  orders: readonly SortOrder[],
  progressOf: (frame: Frame) => SortProgress | undefined,
): OpenRows {
  return function* (frame) {
    const progress = progressOf(frame);
    const compare = comparatorOf(frame, orders);
    let runs = new Runs(compare, progress?.keep);
    let position = -1;
    let ordinal = 0;
    let group = -1;
    for (const isRow of input(frame)) {
      if (!isRow) {
        yield false;
        continue;
      }
      // Rows of one item follow each other; without a scan all rows count as one item's.
      const scanned = frame.scan.position ?? 0;
      ordinal = progress !== undefined && scanned !== position ? 0 : ordinal + 1;
      position = scanned;
      const mark: SortMark = { keys: orders.map((order) => order.value(frame)), position, ordinal };
      const isNew = progress?.resume === undefined || compare(mark, progress.resume) > 0;
      if (progress !== undefined && frame.scan.ordered) {
        if (!isNew) {
          if (frame.pacer.step()) yield false;
          continue;
        }
        if (frame.scan.group !== group && runs.hasRows) {
          // The group before is complete: its rows come first, and this one's slots are kept meanwhile.
          const held = hold(frame, places, mark);
          yield* give(frame, runs, places, progress);
          runs = new Runs(compare, progress.keep);
          restore(frame, places, held);
        }
        group = frame.scan.group;
        if (frame.scan.groupSorted) {
          progress.mark = mark;
          const sliceOver = frame.pacer.step();
          yield true;
          if (sliceOver) yield false;
          continue;
        }
      }
      if (isNew && runs.wants(mark)) runs.add(hold(frame, places, mark));
      if (frame.pacer.step()) yield false;
    }
    yield* give(frame, runs, places, progress);
  };
}

function* give(
  frame: Frame,
  runs: Runs,
  places: readonly Place[],
  progress: SortProgress | undefined,
): Generator<boolean, void, void> {
  for (const row of runs.drain()) {
    restore(frame, places, row);
    if (progress !== undefined) progress.mark = row;
    const sliceOver = frame.pacer.step();
    yield true;
    if (sliceOver) yield false;
  }
}

/** The sort whose order the query's results have: it can resume and need not keep what is not asked for. */
export function outermostSort(input: OpenRows, places: readonly Place[], orders: readonly SortOrder[]): OpenRows {
  return sortRows(input, places, orders, (frame) => frame.sort);
}

export function innerSort(input: OpenRows, places: readonly Place[], orders: readonly SortOrder[]): OpenRows {
  return sortRows(input, places, orders, () => undefined);
}
