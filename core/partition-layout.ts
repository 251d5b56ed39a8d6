// How the key space of a container is cut into physical partitions. Pure: numbers of partitions are handed in.

import { splitRanges, type EpkRange } from '../model/effective-partition-key.ts';
import { DatabaseError } from '../model/errors.ts';
import type { PartitionKeyDefinition } from '../model/partition-key.ts';
import type { ContainerRecord, PartitionRecord } from '../model/resource.ts';
import { partitionGone } from './refusals.ts';

/** Physical partitions one container may have. */
export const partitionsMax = 256;

/** The partitions of a new container; their numbers begin with `first`. */
export function newLayout(key: PartitionKeyDefinition, count: number, first: number): PartitionRecord[] {
  if (!Number.isInteger(count) || count < 1 || count > partitionsMax)
    throw new DatabaseError('BadRequest', `partitions must be 1 to ${partitionsMax}`, { argument: 'partitions' });
  return splitRanges(key, count).map((range, i) => ({
    range: i,
    partition: first + i,
    minInclusive: range.minInclusive,
    maxExclusive: range.maxExclusive,
    origins: [],
    epoch: 1,
  }));
}

/** The parts of a range that is cut at `bounds`, which lie within it and rise. */
export function cutRange({ minInclusive, maxExclusive }: EpkRange, bounds: readonly string[]): EpkRange[] {
  const ends = [minInclusive, ...bounds, maxExclusive];
  return ends.slice(1).map((end, i) => ({ minInclusive: ends[i]!, maxExclusive: end }));
}

/**
 * The partitions of a container with one of them cut at `bounds`, which lie within it and rise. `lastLsn` is the last
 * that it has given out; the numbers of the new ones begin with `first`.
 */
export function splitLayout(
  { partitions }: ContainerRecord,
  partition: number,
  bounds: readonly string[],
  lastLsn: number,
  first: number,
): PartitionRecord[] {
  const place = partitions.findIndex((one) => one.partition === partition);
  const parent = partitions[place];
  if (parent === undefined) throw partitionGone();
  if (partitions.length + bounds.length > partitionsMax)
    throw new DatabaseError('BadRequest', `a container has at most ${partitionsMax} partitions`, {
      argument: 'partitions',
    });
  const origins = [...parent.origins, { range: parent.range, partition, lastLsn }];
  // Ids of ranges are never reused: those of ended ones are among the origins of others.
  const known = partitions.flatMap((one) => [one.range, ...one.origins.map(({ range }) => range)]);
  const range = Math.max(...known) + 1;
  const children = cutRange(parent, bounds).map((part, i): PartitionRecord => ({
    range: range + i,
    partition: first + i,
    ...part,
    origins,
    epoch: 1,
  }));
  return partitions.toSpliced(place, 1, ...children);
}

/** Differs when partitions were split or merged. */
export function layoutOf({ partitions }: ContainerRecord): string {
  return partitions.map(({ range }) => range).join('.');
}
