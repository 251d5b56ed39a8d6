// What a read of many items sees: of every partition in its scope a view at one LSN, taken at once and held until the
// read ends, however long it takes and whatever is written meanwhile. Doors keep it with their cursor or page.
//
// Invariant: while it is held, every version its views see can be read: retention waits for it (`GroupState.hold`).

import { between, everything, isExact, type Filter } from '../indexer/filter.ts';
import { idEquals } from '../indexer/identity.ts';
import { partitionKeyEquals } from '../indexer/key-order.ts';
import type { PartitionIndex } from '../indexer/partition-index.ts';
import { partitionKeyPath } from '../indexer/paths.ts';
import type { View } from '../indexer/view.ts';
import { DatabaseError } from '../model/errors.ts';
import type { Scope } from '../model/operation.ts';
import { partitionKeyText } from '../model/partition-key.ts';
import { isUnpartitioned, type ContainerRecord, type PartitionRecord } from '../model/resource.ts';
import { isExpired } from './expiry.ts';
import type { GroupState } from './group.ts';
import type { Partition } from './partition.ts';
import { containerGone } from './refusals.ts';
import { keyFilterOf, routeOf } from './router.ts';
import type { StoredItem } from './stored-item.ts';

/** What the index can say of a scope. */
interface IndexScope {
  readonly filter: Filter;
  readonly exact: boolean;
}

export class PartitionReading {
  readonly partition: Partition;
  /** The one the view looks at: the partition may get another meanwhile. */
  readonly index: PartitionIndex;
  readonly view: View;
  /** Text of the one partition key that all items of the scope have, where there is one: an identity is then one term. */
  readonly keyText: string | undefined;
  /** Made when it is asked for: readers of a range of keys never do. */
  readonly #scopeOf: (index: PartitionIndex) => IndexScope;
  #scope: IndexScope | undefined;
  readonly #accepts: ((item: StoredItem) => boolean) | undefined;
  readonly #nowSeconds: number;

  constructor(
    partition: Partition,
    scope: { readonly of: (index: PartitionIndex) => IndexScope; readonly keyText: string | undefined },
    accepts: ((item: StoredItem) => boolean) | undefined,
    nowSeconds: number,
  ) {
    this.partition = partition;
    this.index = partition.index;
    this.view = this.index.snapshot();
    this.#scopeOf = scope.of;
    this.keyText = scope.keyText;
    this.#accepts = accepts;
    this.#nowSeconds = nowSeconds;
  }

  /** Items of the scope: exact, or more than those, which `item` then leaves out. */
  get scope(): Filter {
    return (this.#scope ??= this.#scopeOf(this.index)).filter;
  }

  /** Whether the scope alone says which items count: index-only answers need that. */
  get isScopeExact(): boolean {
    return (this.#scope ??= this.#scopeOf(this.index)).exact;
  }

  get record(): PartitionRecord {
    return this.partition.record;
  }

  /** The version with that number; undefined when it is expired or outside the scope. Throws when the container is gone. */
  item(number: number): StoredItem | undefined {
    const item = this.itemInScope(number);
    return item === undefined || this.#accepts === undefined || this.#accepts(item) ? item : undefined;
  }

  /** As `item`, for a number that is known to be in the scope. */
  itemInScope(number: number): StoredItem | undefined {
    if (this.partition.dropped) throw containerGone(this.partition.container);
    const item = this.partition.read(number);
    return isExpired(this.partition.container, item, this.#nowSeconds) ? undefined : item;
  }
}

export class Reading {
  readonly container: ContainerRecord;
  /** In key order. */
  readonly partitions: readonly PartitionReading[];
  readonly #release: () => void;
  #released = false;

  constructor(container: ContainerRecord, partitions: readonly PartitionReading[], release: () => void) {
    this.container = container;
    this.partitions = partitions;
    this.#release = release;
  }

  /** Must be called once; again is harmless. Nothing may be read through it afterwards. */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    for (const { view } of this.partitions) view.release();
    this.#release();
  }
}

/** Opens a reading of a scope. Throws PartitionGone when a range was split meanwhile. */
export function openReading(state: GroupState, container: ContainerRecord, scope: Scope, nowSeconds: number): Reading {
  const route = routeOf(container, scope);
  const { partitions, key, within } = route;
  const keyText = key === undefined ? undefined : partitionKeyText(key);
  const oneKey = isUnpartitioned(container) ? partitionKeyText([]) : keyText;
  const wanted = keyFilterOf(container, route);
  const accepts = wanted && ((item: StoredItem): boolean => wanted(item.key));
  const indexScope = {
    of: (index: PartitionIndex) => scopeFilter(index, scope, keyText, within !== undefined),
    keyText: oneKey,
  };
  const found = partitions.map((record) => {
    const partition = state.partition(record.partition);
    if (partition === undefined)
      throw new DatabaseError('PartitionGone', 'the partition is gone: resolve the ranges again');
    return partition;
  });
  const hold = state.hold();
  const readings: PartitionReading[] = [];
  try {
    for (const partition of found) readings.push(new PartitionReading(partition, indexScope, accepts, nowSeconds));
  } catch (error) {
    for (const { view } of readings) view.release();
    hold.release();
    throw error;
  }
  return new Reading(container, readings, hold.release);
}

function scopeFilter(index: PartitionIndex, scope: Scope, keyText: string | undefined, isPartial: boolean): IndexScope {
  // The key "none" of a partitioned container is told by the items.
  const isNone = keyText === '[]';
  const whole = { filter: everything, exact: !isPartial && !isNone };
  if (keyText !== undefined && !isNone) {
    if (index.partitionKeyTerms !== false) {
      const filter = partitionKeyEquals(index, keyText);
      return { filter, exact: isExact(filter) };
    }
    // The id is the key.
    const id = scope.partitionKey?.[0];
    return typeof id === 'string' ? { filter: idEquals(id), exact: false } : { filter: everything, exact: false };
  }
  if (scope.partitionKey === undefined || scope.partitionKey.length === 0 || index.partitionKeyTerms !== true)
    return whole;
  // The leading parts of a hierarchical key: texts that begin with theirs, an array whose end is left open.
  const open = `${partitionKeyText(scope.partitionKey).slice(0, -1)},`;
  const after = `${open.slice(0, -1)}-`;
  const from = { value: open, inclusive: true };
  return { filter: between(partitionKeyPath, from, { value: after, inclusive: false }), exact: false };
}
