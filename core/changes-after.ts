// The current versions of a partition by their last write: the latest-version change feed before it is cut into pages.

import { DatabaseError } from '../model/errors.ts';
import type { HybridTime } from '../model/hybrid-time.ts';
import type { RecordLog } from './engine.ts';
import { isExpired } from './expiry.ts';
import type { Partition } from './partition.ts';

/** Records of the items last written after that LSN and not before `since`, in order of LSN, if `wanted` accepts their key. */
export function* changesAfter(
  log: RecordLog,
  partition: Partition,
  lsn: number,
  since: HybridTime | undefined,
  nowSeconds: number,
  wanted: ((key: string) => boolean) | undefined,
): Generator<Uint8Array> {
  if (lsn >= partition.lsn) return;
  const changed = [...partition.items.after(0)].filter(
    (slot) =>
      slot.lsn > lsn &&
      (since === undefined || slot.time >= since) &&
      (wanted === undefined || wanted(slot.key)) &&
      !isExpired(partition.container, slot, nowSeconds),
  );
  for (const { sequence } of changed.sort((a, b) => a.lsn - b.lsn)) {
    const record = log.get(sequence);
    if (record === undefined) throw new DatabaseError('Internal', `record ${sequence} is missing`);
    yield record;
  }
}
