// Items of several partitions in the order of a path's terms, in groups: items of one term (exact: they tie) or of
// terms whose mutual order only the values tell (the caller sorts the group). Groups come in order; within an exact
// group items come by position, so a caller that breaks ties so has nothing left to sort.

import { writePart } from '../../indexer/composite-key.ts';
import { afterPrefix, exists, negated, prefixRange, type Filter, type KeyRange } from '../../indexer/filter.ts';
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
  /** Bytes of the group at hand, empty for items without the path. */
  bytes: Uint8Array = new Uint8Array(0);
  exact = true;

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
    if (yield* this.#step()) this.#settle();
  }

  #groupHere(): KeyGroup {
    const cursor = this.#cursor!;
    const key = cursor.key.subarray(2, cursor.keyLength);
    switch (this.access.form) {
      case 'value':
        return groupOfKey(key);
      case 'identity':
        return groupOfIdentity(key);
      case 'composite':
        return cursor.isInexact ? { bytes: cursor.group.subarray(2), exact: false } : { bytes: key, exact: true };
    }
  }

  #isHere(): boolean {
    const group = this.#groupHere();
    return group.exact === this.exact && compareKeys(group.bytes, this.bytes) === 0;
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
    if (!this.exact) {
      do {
        const item = partition.item(this.#cursor!.number);
        if (item !== undefined) yield { kind: 'item', item };
      } while ((yield* this.#step()) && this.#isHere());
      if (this.#phase === 'terms') this.#settle();
      return;
    }
    const numbers: number[] = [];
    let more = true;
    do {
      numbers.push(this.#cursor!.number);
      more = yield* this.#step();
    } while (more && numbers.length <= gatheredMax && this.#isHere());
    if (numbers.length > gatheredMax) {
      const { bytes } = this;
      const term: Filter =
        this.access.form === 'identity'
          ? { kind: 'range', path: path!, range: prefixRange(bytes), exact: true }
          : { kind: 'equal', path: path!, key: { bytes, exact: true } };
      if (after < Infinity) yield* items(this.#walkTied(conjunction([filter, term]), after));
      while (more && this.#isHere()) more = yield* this.#step();
    } else if (after < Infinity) {
      const found: ScannedItem[] = [];
      for (const number of numbers) {
        const item = partition.item(number);
        if (item !== undefined && item.position > partition.base + after) found.push(item);
      }
      found.sort((a, b) => a.position - b.position);
      for (const item of found) yield { kind: 'item', item };
    }
    if (more) this.#settle();
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
    const group = this.#groupHere();
    this.bytes = group.bytes.slice();
    this.exact = group.exact;
  }

  /** Moves the cursor to the next item; false when the terms end, and then the phase has changed. */
  *#step(): Generator<OrderedStep, boolean> {
    for (;;) {
      const step = this.#cursor === undefined ? 'end' : this.#cursor.next(termsPerSlice);
      if (step === 'item') return true;
      if (step === 'paused') {
        yield pause;
        continue;
      }
      const { backwards, withoutPath } = this.access;
      this.#phase = backwards && withoutPath ? 'absent' : 'done';
      this.bytes = new Uint8Array(0);
      this.exact = true;
      return false;
    }
  }

  #isStart(): boolean {
    const key = this.#start!.key;
    return key === undefined ? this.#phase === 'absent' : compareKeys(key, this.bytes) === 0;
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

function compareKeys(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}

/** Lanes must be in the order of their partitions' positions, and go the same way. */
export function* walkOrdered(
  accesses: readonly OrderedAccess[],
  start: OrderedStart | undefined,
): Generator<OrderedStep, void> {
  let lanes = accesses.map((access) => new Lane(access, start));
  for (const lane of lanes) yield* lane.open();
  for (;;) {
    lanes = lanes.filter((lane) => !lane.isDone);
    const [first] = lanes;
    if (first === undefined) return;
    const sign = first.access.backwards ? -1 : 1;
    let least = first;
    for (const lane of lanes) if (compareKeys(lane.bytes, least.bytes) * sign < 0) least = lane;
    const { bytes } = least;
    const tied = lanes.filter((lane) => compareKeys(lane.bytes, bytes) === 0);
    yield { kind: 'group', sorted: tied.every((lane) => lane.exact) };
    for (const lane of tied) yield* lane.take();
  }
}
