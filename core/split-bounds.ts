// Where to cut a partition: so that its items are shared evenly when there are enough to tell, else so that its key
// space is. Items of one logical partition always stay together.

import { everything } from '../indexer/filter.ts';
import { NumberCursor } from '../indexer/lookup.ts';
import {
  compareEpk,
  effectivePartitionKey,
  isInRange,
  splitRanges,
  type EpkRange,
} from '../model/effective-partition-key.ts';
import { parsePartitionKeyHeader, type PartitionKeyDefinition } from '../model/partition-key.ts';
import type { Partition } from './partition.ts';

/** Items looked at to learn how keys are spread, and different keys among them from which that says something. */
const sampledMax = 1_024;
const keysMin = 64;

/** Parts of the whole key space among whose ends a place is sought, at most. */
const gridMax = 2 ** 16;

/** `parts - 1` bounds within the partition, rising; fewer, or none, where it cannot be cut so often. */
export function splitBounds(partition: Partition, parts: number): string[] {
  const { partitionKey } = partition.container;
  const keys = sampledKeys(partition);
  const different = new Set(keys).size;
  const places = different >= keysMin ? keys : gridWithin(partitionKey, partition.record, parts);
  const bounds: string[] = [];
  for (let i = 1; i < parts; i++) {
    const place = places[Math.floor((i * places.length) / parts)];
    const before = bounds.at(-1) ?? partition.record.minInclusive;
    if (place !== undefined && compareEpk(before, place) < 0) bounds.push(place);
  }
  return bounds;
}

/** Effective partition keys of items from all over the log, in order. */
function sampledKeys(partition: Partition): string[] {
  const { container, record, index } = partition;
  const view = index.now();
  const step = Math.max(1, Math.floor(view.next / sampledMax));
  const keys: string[] = [];
  let after = 0;
  for (let i = 0; i < sampledMax; i++) {
    const number = new NumberCursor(view, everything, after).next();
    if (number === 0) break;
    const { key } = partition.read(number);
    keys.push(effectivePartitionKey(container.partitionKey, parsePartitionKeyHeader(key)));
    after = Math.max(number, after + step);
  }
  return keys.filter((key) => isInRange(record, key)).sort(compareEpk);
}

/** Ends of even parts of the whole space that lie within a range: at least as many as asked for, where there are. */
function gridWithin(definition: PartitionKeyDefinition, range: EpkRange, parts: number): string[] {
  let within: string[] = [];
  for (let count = 2; count <= gridMax && within.length < parts - 1; count *= 2)
    within = splitRanges(definition, count)
      .slice(1)
      .map(({ minInclusive }) => minInclusive)
      .filter((bound) => isInRange(range, bound) && compareEpk(range.minInclusive, bound) !== 0);
  return within;
}
