// Physical partitions of a container at an account, and how places that were kept fit them: a part of a range that was
// split goes on at its parent's place, and one that was merged begins anew. Copying twice is harmless, leaving out is not.

import { compareEpk } from '../../model/effective-partition-key.ts';
import type { AccountClient } from './account-client.ts';
import type { RangeState } from './state.ts';

export interface PartitionRange {
  readonly id: string;
  readonly minInclusive: string;
  readonly maxExclusive: string;
}

export function rangesOf(client: AccountClient, path: readonly string[]): Promise<PartitionRange[]> {
  return client.list<PartitionRange>([...path, 'pkranges'], 'PartitionKeyRanges');
}

/** What is to be read now, from what was read before. */
export function fittedRanges(kept: readonly RangeState[], now: readonly PartitionRange[]): RangeState[] {
  return now.map(({ minInclusive: min, maxExclusive: max }) => {
    const around = kept.find((range) => compareEpk(range.min, min) <= 0 && compareEpk(max, range.max) <= 0);
    return { min, max, place: around?.place };
  });
}

/** The range that an effective partition key lies in. */
export function rangeAt(ranges: readonly PartitionRange[], epk: string): PartitionRange | undefined {
  return ranges.find(
    ({ minInclusive, maxExclusive }) => compareEpk(minInclusive, epk) <= 0 && compareEpk(epk, maxExclusive) < 0,
  );
}
