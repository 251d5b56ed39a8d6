// From a partition key to the physical partition that owns it, and from a scope to those it touches. Pure.

import { DatabaseError } from '../model/errors.ts';
import type { PartitionKeyValue, Scope } from '../model/operation.ts';
import {
  compareEpk,
  effectivePartitionKey,
  isInRange,
  rangeOfKey,
  rangesOverlap,
  type EpkRange,
} from '../model/effective-partition-key.ts';
import { parsePartitionKeyHeader, partitionKeyText } from '../model/partition-key.ts';
import { isUnpartitioned, type ContainerRecord, type PartitionRecord } from '../model/resource.ts';

/** Checks that a key has as many parts as the container's definition, and gives them normalised. */
export function checkedPartitionKey(container: ContainerRecord, key: PartitionKeyValue): PartitionKeyValue {
  if (isUnpartitioned(container)) return [];
  const levels = container.partitionKey.paths.length;
  if (key.length !== levels && key.length !== 0)
    throw new DatabaseError('BadRequest', `the partition key has ${levels} parts, not ${key.length}`, {
      argument: 'partitionKey',
    });
  return key;
}

export function partitionOf(container: ContainerRecord, key: PartitionKeyValue): PartitionRecord {
  const { partitions } = container;
  if (partitions.length === 1) return partitions[0]!;
  const effective = effectivePartitionKey(container.partitionKey, key);
  let low = 0;
  let high = partitions.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (compareEpk(partitions[middle]!.minInclusive, effective) <= 0) low = middle;
    else high = middle - 1;
  }
  return partitions[low]!;
}

/** What a scope touches. */
export interface Route {
  /** In key order. */
  readonly partitions: readonly PartitionRecord[];
  /** The one logical partition, when the scope names it whole. */
  readonly key: PartitionKeyValue | undefined;
  /** Set when some partition is touched only in part: items outside it must be passed over. */
  readonly within: EpkRange | undefined;
}

export function routeOf(container: ContainerRecord, scope: Scope): Route {
  if (isUnpartitioned(container)) return { partitions: container.partitions, key: undefined, within: undefined };
  const { partitionKey } = scope;
  const levels = container.partitionKey.paths.length;
  if (partitionKey !== undefined && (partitionKey.length === levels || partitionKey.length === 0))
    return { partitions: [partitionOf(container, partitionKey)], key: partitionKey, within: undefined };
  if (partitionKey !== undefined && partitionKey.length > levels)
    throw new DatabaseError('BadRequest', `the partition key has ${levels} parts, not ${partitionKey.length}`, {
      argument: 'partitionKey',
    });
  const range = partitionKey === undefined ? scope.range : rangeOfKey(container.partitionKey, partitionKey);
  if (range === undefined) return { partitions: container.partitions, key: undefined, within: undefined };
  const partitions = container.partitions.filter((partition) => rangesOverlap(partition, range));
  const whole = partitions.every(
    (partition) =>
      compareEpk(range.minInclusive, partition.minInclusive) <= 0 &&
      compareEpk(partition.maxExclusive, range.maxExclusive) <= 0,
  );
  return { partitions, key: undefined, within: whole ? undefined : range };
}

/** Which texts of partition keys a route is about; undefined: all of its partitions' keys. */
export function keyFilterOf(
  container: ContainerRecord,
  { key, within }: Route,
): ((text: string) => boolean) | undefined {
  if (key !== undefined) {
    const wanted = partitionKeyText(key);
    return (text) => text === wanted;
  }
  return within && ((text) => isWithin(container, parsePartitionKeyHeader(text), within));
}

function isWithin(container: ContainerRecord, key: PartitionKeyValue, range: EpkRange): boolean {
  return isInRange(range, effectivePartitionKey(container.partitionKey, key));
}
