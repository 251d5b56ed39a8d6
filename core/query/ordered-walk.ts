// Items of several partitions in the order of a path's terms, in groups: items of one term (exact: they tie) or of
// terms whose mutual order only the values tell (the caller sorts the group). Groups come in order; within an exact
// group items come by position, so a caller that breaks ties so has nothing left to sort.

import { writePart } from '../../indexer/composite-key.ts';
import { afterPrefix, exists, negated, prefixRange, type Filter, type KeyRange } from '../../indexer/filter.ts';
import { keyBytesMax } from '../../indexer/key-scratch.ts';
import { OrderCursor, type OrderOptions } from '../../indexer/order-cursor.ts';
import { replacedItems } from '../../indexer/fact-terms.ts';
import { estimate } from '../../indexer/lookup.ts';
import { keyOf, Tag, valueBytesMax } from '../../indexer/term-key.ts';
import { utf8 } from '../../model/bytes.ts';
import type { Value } from '../../model/value.ts';
import { chooseNatural } from './plan/choose-access.ts';
import { conjunction } from './plan/filter-algebra.ts';
import { positionsPerPartition, type IndexedPartition, type RowWalk } from './indexed-rows.ts';
import type { ScannedItem } from './row-source.ts';

/** Where one partition's terms lie in the order asked for. */
export interface OrderedAccess {
  readonly partition: IndexedPartition;
  /** The path of values, the path of identities or a composite index; undefined where no item has the path. */
  readonly path: number | undefined;
  readonly form: 'value' | 'identity' | 'composite';
  readonly range: KeyRange;
  readonly backwards: boolean;
  /** Items of the scope that may come, among those in the range. */
  readonly filter: Filter;
  /** Whether the walk need not ask the filter: it says nothing, or its answer costs more than a look at the items. */
  readonly isOpen: boolean;
  /** Items without the path come in a group of their own, first or (backwards) last; composite terms name them. */
  readonly withoutPath: boolean;
  /** Rows that can be wanted; Infinity when all. */
  readonly wanted: number;
}

/** Where to begin: the group with these bytes of tag and value; undefined is the group of items without the path. */
export interface OrderedStart {
  readonly key: Uint8Array | undefined;
  /** Items of that group up to this position, when it is exact, were given before. */
  readonly position: number;
}

export type OrderedStep =
  | { readonly kind: 'pause' }
  /** The items that follow are of a new group; sorted ones are in their final order. */
  | { readonly kind: 'group'; readonly sorted: boolean }
  | { readonly kind: 'item'; readonly item: ScannedItem };

/** Items of one exact term that are gathered and put in order; more are walked by creation. */
const gatheredMax = 256;
const termsPerSlice = 1_024;

const pause: OrderedStep = { kind: 'pause' };
const sortedGroup: OrderedStep = { kind: 'group', sorted: true };
const unsortedGroup: OrderedStep = { kind: 'group', sorted: false };

/** Bytes of a cut string that tell its place: the tag and what is kept of the value. */
const wholeStringBytes = 1 + valueBytesMax;

/** Bytes of an identity key within which the id text ends, for its place to be exact. */
const wholeIdBytes = 200;

interface KeyGroup {
  readonly bytes: Uint8Array;
  readonly exact: boolean;
}

/** The group of a value's key: a string of the full kept length shares it with the cut ones that begin so. */
function groupOfKey(key: Uint8Array): KeyGroup {
  return key.length < wholeStringBytes
    ? { bytes: key, exact: true }
    : { bytes: key.subarray(0, wholeStringBytes), exact: false };
}

/** The group of an identity key: its id text with the end mark, whatever the partition key behind it. */
function groupOfIdentity(key: Uint8Array): KeyGroup {
  const most = Math.min(key.length - 1, wholeIdBytes);
  for (let i = 1; i < most; i++) {
    if (key[i] !== 0) continue;
    if (key[i + 1] !== 0xff) return { bytes: key.subarray(0, i + 2), exact: true };
    i++;
  }
  return { bytes: key.subarray(0, wholeIdBytes), exact: false };
}

/** The bytes of the group that a value of a single path is in; undefined for an absent one. */
export function groupOfValue(value: Value, form: 'value' | 'identity'): Uint8Array | undefined {
  if (form === 'value') {
    const key = keyOf(value);
    return key === undefined ? undefined : groupOfKey(key.bytes).bytes;
  }
  const text = utf8(typeof value === 'string' ? value : '');
  const bytes = new Uint8Array(2 * text.length + 3);
  bytes[0] = Tag.string;
  return groupOfIdentity(bytes.slice(0, writePart(bytes, 1, text, text.length, false))).bytes;
}

class Lane {
  readonly access: OrderedAccess;
  readonly #cursor: OrderCursor | undefined;
  readonly #start: OrderedStart | undefined;
  #phase: 'absent' | 'terms' | 'done';
  #first = true;
  /** Bytes of the group at hand in [0, length), none for items without the path. */
  readonly bytes = new Uint8Array(keyBytesMax);
  length = 0;
  exact = true;
  /** Bytes of the group that the cursor stands in: [hereStart, hereEnd) of `here`. */
  #here: Uint8Array = this.bytes;
  #hereStart = 0;
  #hereEnd = 0;
  #hereExact = true;

  constructor(access: OrderedAccess, start: OrderedStart | undefined) {
    this.access = access;
    this.#start = start;
    const { path, backwards, withoutPath } = access;
    const options = (path: number): OrderOptions => ({
      path,
      composite: access.form === 'composite',
      backwards,
      filter: access.isOpen ? undefined : access.filter,
      range: start?.key === undefined ? access.range : rangeFrom(access, start.key),
    });
    this.#cursor = path === undefined ? undefined : new OrderCursor(access.partition.view, options(path));
    const startsAbsent = start === undefined ? !backwards : start.key === undefined;
    this.#phase = withoutPath && startsAbsent ? 'absent' : 'terms';
  }

  get isDone(): boolean {
    return this.#phase === 'done';
  }

  /** Stands on the first group. */
  *open(): Generator<OrderedStep, void> {
    const steps = this.#cursor?.openSteps();
    while (steps !== undefined && steps.next().done !== true) yield pause;
    if (this.#phase === 'terms') yield* this.#enter();
  }

  /** Moves the cursor on and reads the group it stands in. */
  *#enter(): Generator<OrderedStep, void> {
    let step = this.#step();
    for (; step === 'paused'; step = this.#step()) yield pause;
    if (step === 'item') this.#settle();
  }

  #look(): void {
    const cursor = this.#cursor!;
    const end = cursor.keyLength;
    if (this.access.form === 'value') {
      // As `groupOfKey`, in place.
      this.#here = cursor.key;
      this.#hereStart = 2;
      this.#hereExact = end - 2 < wholeStringBytes;
      this.#hereEnd = this.#hereExact ? end : 2 + wholeStringBytes;
      return;
    }
    const key = cursor.key.subarray(2, end);
    const group =
      this.access.form === 'identity'
        ? groupOfIdentity(key)
        : cursor.isInexact
          ? { bytes: cursor.group.subarray(2), exact: false }
          : { bytes: key, exact: true };
    this.#here = group.bytes;
    this.#hereStart = 0;
    this.#hereEnd = group.bytes.length;
    this.#hereExact = group.exact;
  }

  #isHere(): boolean {
    this.#look();
    if (this.#hereExact !== this.exact || this.#hereEnd - this.#hereStart !== this.length) return false;
    for (let i = 0; i < this.length; i++) if (this.#here[this.#hereStart + i] !== this.bytes[i]) return false;
    return true;
  }

  /** The items of the group at hand; afterwards the lane stands on the next. */
  *take(): Generator<OrderedStep, void> {
    const { partition, filter, path } = this.access;
    const isFirst = this.#first;
    this.#first = false;
    // Only the group that a page ended in was begun before.
    const after = isFirst && this.#start !== undefined && this.exact && this.#isStart() ? this.#createdBefore() : 0;
    if (this.#phase === 'absent') {
      const absent = path === undefined ? filter : conjunction([filter, negated(exists(path))]);
      if (after < Infinity) yield* items(this.#walkTied(absent, after));
      if (this.access.backwards) this.#phase = 'done';
      else {
        this.#phase = 'terms';
        yield* this.#enter();
      }
      return;
    }
    const cursor = this.#cursor!;
    let step: ReturnType<OrderCursor['next']>;
    if (!this.exact) {
      do {
        const item = partition.item(cursor.number);
        if (item !== undefined) yield { kind: 'item', item };
        for (step = this.#step(); step === 'paused'; step = this.#step()) yield pause;
      } while (step === 'item' && this.#isHere());
      if (step === 'item') this.#settle();
      return;
    }
    // Most values are of one item.
    const { number } = cursor;
    for (step = this.#step(); step === 'paused'; step = this.#step()) yield pause;
    if (step === 'end' || !this.#isHere()) {
      const item = after < Infinity ? partition.item(number) : undefined;
      if (item !== undefined && item.position > partition.base + after) yield { kind: 'item', item };
      if (step === 'item') this.#settle();
      return;
    }
    const numbers = [number];
    do {
      numbers.push(cursor.number);
      for (step = this.#step(); step === 'paused'; step = this.#step()) yield pause;
    } while (step === 'item' && numbers.length <= gatheredMax && this.#isHere());
    if (numbers.length > gatheredMax) {
      const bytes = this.bytes.slice(0, this.length);
      const term: Filter =
        this.access.form === 'identity'
          ? { kind: 'range', path: path!, range: prefixRange(bytes), exact: true }
          : { kind: 'equal', path: path!, key: { bytes, exact: true } };
      if (after < Infinity) yield* items(this.#walkTied(conjunction([filter, term]), after));
      while (step === 'item' && this.#isHere())
        for (step = this.#step(); step === 'paused'; step = this.#step()) yield pause;
    } else if (after < Infinity) {
      const found: ScannedItem[] = [];
      for (const number of numbers) {
        const item = partition.item(number);
        if (item !== undefined && item.position > partition.base + after) found.push(item);
      }
      found.sort((a, b) => a.position - b.position);
      for (const item of found) yield { kind: 'item', item };
    }
    if (step === 'item') this.#settle();
  }

  /** Many items that tie, by creation. */
  #walkTied(filter: Filter, after: number): RowWalk {
    const { partition, wanted } = this.access;
    const { view, items } = partition;
    const hits = estimate(view, filter);
    const replaced = estimate(view, conjunction([filter, replacedItems]));
    const choice = chooseNatural({ items, hits, wanted, filters: true, replaced });
    return choice === 'collect' ? partition.walkHits(filter, after) : partition.walkCreated(filter, after);
  }

  #settle(): void {
    this.#look();
    this.length = this.#hereEnd - this.#hereStart;
    for (let i = 0; i < this.length; i++) this.bytes[i] = this.#here[this.#hereStart + i]!;
    this.exact = this.#hereExact;
  }

  /** Moves the cursor to the next item; at the end of the terms the phase changes. */
  #step(): ReturnType<OrderCursor['next']> {
    const step = this.#cursor === undefined ? 'end' : this.#cursor.next(termsPerSlice);
    if (step !== 'end') return step;
    const { backwards, withoutPath } = this.access;
    this.#phase = backwards && withoutPath ? 'absent' : 'done';
    this.length = 0;
    this.exact = true;
    return step;
  }

  #isStart(): boolean {
    const key = this.#start!.key;
    return key === undefined ? this.#phase === 'absent' : compareKeys(key, key.length, this.bytes, this.length) === 0;
  }

  /** LSN of creation up to which this partition's items of the group were given; Infinity when all were. */
  #createdBefore(): number {
    const after = this.#start!.position - this.access.partition.base;
    return after >= positionsPerPartition ? Infinity : Math.max(0, after);
  }
}

function* items(walk: RowWalk): Generator<OrderedStep, void> {
  for (const item of walk) yield item === undefined ? pause : { kind: 'item', item };
}

/** The rest of the range from a group on, that group included. */
function rangeFrom({ range, backwards, form }: OrderedAccess, key: Uint8Array): KeyRange {
  if (!backwards) return { ...range, lower: key, lowerInclusive: true };
  if (form === 'value' && key.length < wholeStringBytes) return { ...range, upper: key, upperInclusive: true };
  return { ...range, upper: afterPrefix(key), upperInclusive: false };
}

function compareKeys(a: Uint8Array, aLength: number, b: Uint8Array, bLength: number): number {
  const length = Math.min(aLength, bLength);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return aLength - bLength;
}

/** Lanes must be in the order of their partitions' positions, and go the same way. */
export function* walkOrdered(
  accesses: readonly OrderedAccess[],
  start: OrderedStart | undefined,
): Generator<OrderedStep, void> {
  let lanes = accesses.map((access) => new Lane(access, start));
  for (const lane of lanes) yield* lane.open();
  lanes = lanes.filter((lane) => !lane.isDone);
  for (let only = lanes[0]; only !== undefined && lanes.length === 1 && !only.isDone;) {
    yield only.exact ? sortedGroup : unsortedGroup;
    yield* only.take();
  }
  for (;;) {
    lanes = lanes.filter((lane) => !lane.isDone);
    const [first] = lanes;
    if (first === undefined) return;
    const sign = first.access.backwards ? -1 : 1;
    let least = first;
    for (const lane of lanes)
      if (compareKeys(lane.bytes, lane.length, least.bytes, least.length) * sign < 0) least = lane;
    const { bytes, length } = least;
    const tied = lanes.filter((lane) => compareKeys(lane.bytes, lane.length, bytes, length) === 0);
    yield tied.every((lane) => lane.exact) ? sortedGroup : unsortedGroup;
    for (const lane of tied) yield* lane.take();
  }
}
