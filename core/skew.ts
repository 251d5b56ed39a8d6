// How evenly a container's items and its load lie over its physical partitions, and which paths would make a better
// partition key, as far as the index knows. A report for people: it reads no item and changes nothing.

import { PathFlag } from '../indexer/paths.ts';
import { anyElement } from '../indexer/policy.ts';
import type { ContainerRecord } from '../model/resource.ts';
import type { GroupState } from './group.ts';
import type { Partition } from './partition.ts';
import type { Throughput } from './throughput.ts';

export interface PartitionLoad {
  readonly range: number;
  readonly items: number;
  readonly bytes: number;
  /** RU of the last minute, and since the start. */
  readonly recentCharge: number;
  readonly charge: number;
  readonly throttled: number;
  /** RU/s it is held to; undefined when throughput is not enforced. */
  readonly limit: number | undefined;
  /** In what it has more than its share. */
  readonly hot: readonly ('items' | 'bytes' | 'charge')[];
}

/** A path by whose values items would be spread. */
export interface KeyCandidate {
  /** As a partition key names it. */
  readonly path: string;
  /** About how many different values. */
  readonly values: number;
  readonly itemsPerValue: number;
  /** Of all items, how many have it. */
  readonly share: number;
}

export interface SkewReport {
  readonly partitions: readonly PartitionLoad[];
  /** Best first. */
  readonly candidates: readonly KeyCandidate[];
}

/** Below these a container is too small or too quiet to say anything. */
const itemsMin = 100;
const bytesMin = 1024 * 1024;
const recentChargeMin = 100;

/** A share is more than its part when it is twice the even one, or half-way from there to all. */
function shareMax(partitions: number): number {
  const even = 1 / partitions;
  return Math.min(2 * even, even + (1 - even) / 2);
}

export function skewOf(
  state: GroupState,
  throughput: Throughput,
  container: ContainerRecord,
  nowMs: number,
): SkewReport {
  const partitions = container.partitions
    .map(({ partition }) => state.partition(partition))
    .filter((partition) => partition !== undefined);
  const loads = partitions.map((partition) => {
    const usage = throughput.usageOf(partition);
    return {
      range: partition.record.range,
      items: partition.itemCount,
      bytes: partition.liveBytes,
      recentCharge: usage.recent(nowMs),
      charge: usage.charge,
      throttled: usage.throttled,
      limit: throughput.limitOf(partition),
    };
  });
  const sum = (figure: 'items' | 'bytes' | 'recentCharge'): number =>
    loads.reduce((total, load) => total + load[figure], 0);
  const bounds = [
    ['items', 'items', sum('items'), itemsMin],
    ['bytes', 'bytes', sum('bytes'), bytesMin],
    ['charge', 'recentCharge', sum('recentCharge'), recentChargeMin],
  ] as const;
  const most = shareMax(loads.length);
  return {
    partitions: loads.map((load) => ({
      ...load,
      hot: bounds
        .filter(([, figure, total, least]) => loads.length > 1 && total >= least && load[figure] > total * most)
        .map(([name]) => name),
    })),
    candidates: candidatesOf(container, partitions),
  };
}

/** Paths looked at in each partition, and candidates named. */
const pathsMax = 1_000;
const candidatesMax = 5;

/** A key that many items lack puts these into one logical partition. */
const candidateShareMin = 0.9;

/** A path whose values are almost one for each item spreads them, and leaves no query within one partition. */
const uniqueShare = 0.95;

function candidatesOf(container: ContainerRecord, partitions: readonly Partition[]): KeyCandidate[] {
  const known = new Map<string, { having: number; values: number }>();
  let items = 0;
  for (const { index } of partitions) {
    items += index.items;
    const { paths } = index;
    const count = Math.min(paths.count, pathsMax);
    for (let path = 0; path < count; path++) {
      if ((paths.flags[path]! & PathFlag.scalar) === 0 || paths.composites.some((composite) => composite.path === path))
        continue;
      const steps = paths.stepsOf(path);
      if (steps.length === 0 || steps.some((step) => step === anyElement)) continue;
      const { having, terms } = index.pathStatistics(path);
      const text = steps
        .map((step) => `/${plainName.test(String(step)) ? String(step) : JSON.stringify(step)}`)
        .join('');
      const before = known.get(text);
      // The same values may be in several partitions: the most in one is what is sure.
      known.set(text, {
        having: (before?.having ?? 0) + having,
        values: Math.max(before?.values ?? 0, terms),
      });
    }
  }
  if (items < itemsMin) return [];
  const isUnique = ({ values }: KeyCandidate): boolean => values >= items * uniqueShare;
  return [...known]
    .map(([path, { having, values }]) => ({
      path,
      values,
      itemsPerValue: Math.round((items / Math.max(1, values)) * 10) / 10,
      share: Math.min(1, having / items),
    }))
    .filter(
      ({ path, values, share }) =>
        values > 1 && share >= candidateShareMin && !container.partitionKey.paths.includes(path),
    )
    .sort((a, b) => Number(isUnique(a)) - Number(isUnique(b)) || b.values - a.values)
    .slice(0, candidatesMax);
}

const plainName = /^\w+$/;
