// Walks over the items of one partition of a table in the order of their keys (`indexer/key-order.ts`): either the terms
// of that order are walked, passing over the items that a filter leaves out, or few hits are read and put in order.

import type { Filter, KeyRange } from '../indexer/filter.ts';
import { holdsPlace, isCutPlace, partitionKeyOfText, placeBytesMax } from '../indexer/key-order.ts';
import { estimate, NumberCursor } from '../indexer/lookup.ts';
import { OrderCursor } from '../indexer/order-cursor.ts';
import { partitionKeyPath } from '../indexer/paths.ts';
import { compareBytes } from '../model/bytes.ts';
import { DatabaseError } from '../model/errors.ts';
import { compareText } from '../model/order.ts';
import type { PartitionReading } from './reading.ts';
import { isWorthOrder } from './search-cost.ts';
import type { StoredItem } from './stored-item.ts';
import type { Walk } from './walk.ts';

/** Terms passed over, and records read in vain, between two pauses. */
const termsPerPause = 512;
const recordsPerPause = 64;

/** Hits that are read and put in order at most, however many terms that would save. */
const sortedHitsMax = 20_000;
/** Bytes of such items that are kept; the others are read again. */
const sortedBytesMax = 8 * 1024 * 1024;
/** Items of a range that are read without asking the index which of them pass. */
const fewItemsMax = 32;
/** Items that share the head of a cut key and are put in order. */
const cutItemsMax = 20_000;

/** Where an item stands in the order. */
export interface ItemPlace {
  readonly partitionKey: string;
  readonly id: string;
}

export function placeOf(item: StoredItem): ItemPlace {
  return { partitionKey: partitionKeyOfText(item.key), id: item.id };
}

export function comparePlaces(a: ItemPlace, b: ItemPlace): number {
  return compareText(a.partitionKey, b.partitionKey) || compareText(a.id, b.id);
}

/** Items of one partition, one by one. */
export interface KeyWalk {
  /** The next item; `paused` where it has worked for a while without finding one; undefined at the end. */
  next(): StoredItem | 'paused' | undefined;
  /** Key of that item, [0, keyLength), until the next call; of length 0 where it does not tell where the item stands. */
  readonly key: Uint8Array;
  readonly keyLength: number;
  /** False where that item passes the filter perhaps. */
  readonly isExact: boolean;
}

/**
 * Items in the range that may pass the filter, in the order of their keys; `wanted` of them are read, or a few more.
 * `isInScope`: all of the range is.
 */
export function walkByKey(
  reading: PartitionReading,
  filter: Filter,
  range: KeyRange,
  isInScope: boolean,
  wanted: number,
): KeyWalk {
  if (filter.kind === 'all' || filter.kind === 'unknown') return new PlaceWalk(reading, undefined, range, isInScope);
  const { view } = reading;
  const items = estimate(view, { kind: 'range', path: partitionKeyPath, range, exact: false });
  // Asking the index which of them pass would cost more than a look at them.
  if (items <= fewItemsMax) return new PlaceWalk(reading, undefined, range, isInScope);
  const hits = estimate(view, filter);
  if (hits <= sortedHitsMax && !isWorthOrder(items, hits, wanted)) return stepping(sortHits(reading, filter, range));
  return new PlaceWalk(reading, filter, range, isInScope);
}

/** Walks the terms of the order. A page of a table is mostly this: nothing is made for an item but the item. */
class PlaceWalk implements KeyWalk {
  readonly #reading: PartitionReading;
  readonly #isInScope: boolean;
  readonly #isFiltered: boolean;
  readonly #cursor: OrderCursor;
  #opening: Generator<undefined, void> | undefined;
  /** Step of the cursor that ended a group and is looked at after it. */
  #held: 'item' | 'end' | undefined;
  #inVain = 0;
  /** Cut key of the items that are gathered, as far as it is told. */
  #head: Uint8Array | undefined;
  #group: StoredItem[] = [];
  /** A group in order, of which the items from `#place` on are still to be given. */
  #sorted: readonly StoredItem[] = [];
  #place = 0;

  constructor(reading: PartitionReading, filter: Filter | undefined, range: KeyRange, isInScope: boolean) {
    this.#reading = reading;
    this.#isInScope = isInScope;
    this.#isFiltered = filter !== undefined;
    this.#cursor = new OrderCursor(reading.view, { path: partitionKeyPath, range, filter });
    this.#opening = this.#cursor.openSteps();
  }

  get key(): Uint8Array {
    return this.#cursor.key;
  }

  get keyLength(): number {
    return this.#sorted.length > 0 ? 0 : this.#cursor.keyLength;
  }

  get isExact(): boolean {
    return this.#isFiltered && this.#cursor.exact;
  }

  next(): StoredItem | 'paused' | undefined {
    if (this.#opening !== undefined) {
      if (this.#opening.next().done !== true) return 'paused';
      this.#opening = undefined;
    }
    const cursor = this.#cursor;
    const reading = this.#reading;
    for (;;) {
      if (this.#place < this.#sorted.length) return this.#sorted[this.#place++];
      if (this.#place > 0) this.#openGroup([]);
      const step = this.#held ?? cursor.next(termsPerPause);
      this.#held = undefined;
      if (step === 'paused') return 'paused';
      // Behind the two bytes of the path.
      const isCut = step === 'item' && isCutPlace(cursor.keyLength - 2);
      if (this.#head !== undefined && !(isCut && beginsWith(cursor.key, this.#head))) {
        this.#closeGroup();
        this.#held = step;
        continue;
      }
      if (step === 'end') return undefined;
      const item = this.#isInScope ? reading.itemInScope(cursor.number) : reading.item(cursor.number);
      if (item === undefined) {
        if (++this.#inVain % recordsPerPause === 0) return 'paused';
      } else if (isCut) this.#gather(item);
      else return item;
    }
  }

  #gather(item: StoredItem): void {
    this.#head ??= this.#cursor.key.slice(0, placeBytesMax + 2);
    if (this.#group.push(item) > cutItemsMax)
      throw new DatabaseError('TooLarge', `more than ${cutItemsMax} items have keys that begin alike`, {
        argument: 'partitionKey',
      });
  }

  #closeGroup(): void {
    const places = this.#group.map((item) => ({ item, place: placeOf(item) }));
    places.sort((a, b) => comparePlaces(a.place, b.place));
    this.#openGroup(places.map(({ item }) => item));
    this.#group = [];
    this.#head = undefined;
  }

  #openGroup(items: readonly StoredItem[]): void {
    this.#sorted = items;
    this.#place = 0;
  }
}

function beginsWith(key: Uint8Array, head: Uint8Array): boolean {
  return compareBytes(key, 0, head.length, head, 0, head.length) === 0;
}

const noKey = new Uint8Array(0);

function stepping(walk: Walk): KeyWalk {
  return {
    key: noKey,
    keyLength: 0,
    isExact: false,
    next: () => {
      const step = walk.next();
      return step.done === true ? undefined : (step.value ?? 'paused');
    },
  };
}

/** Reads every hit, wherever its key is. */
function* sortHits(reading: PartitionReading, filter: Filter, range: KeyRange): Walk {
  const hits: { readonly place: ItemPlace; readonly number: number; readonly item: StoredItem | undefined }[] = [];
  const cursor = new NumberCursor(reading.view, filter);
  let bytes = 0;
  for (let read = 1; ; read++) {
    const number = yield* cursor.nextSteps();
    if (number === 0) break;
    if (read % recordsPerPause === 0) yield undefined;
    const item = reading.item(number);
    if (item === undefined) continue;
    const place = placeOf(item);
    if (!holdsPlace(range, place.partitionKey, place.id)) continue;
    bytes += item.bodyBytes;
    hits.push({ place, number, item: bytes <= sortedBytesMax ? item : undefined });
  }
  hits.sort((a, b) => comparePlaces(a.place, b.place));
  for (const { item, number } of hits) yield item ?? reading.item(number);
}
