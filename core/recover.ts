// From a log and the indexes that the last run left, the state of a log group: the catalog as it was where the replay
// begins, then every record after that place. A full replay is the same with an empty index.

import { DatabaseError } from '../model/errors.ts';
import type { HybridTime } from '../model/hybrid-time.ts';
import { checkedHeader, checksumOf, type RecordHeader } from '../model/record.ts';
import type { GroupState } from './group.ts';
import type { IndexKeeper } from './index-keeper.ts';
import type { Records } from './partition.ts';

/** A log whose records are read again. */
export interface ReplayLog extends Records {
  /** Every record still there above `after`, in order, in chunks. */
  scan(after: number): AsyncIterable<readonly Uint8Array[]>;
}

/** The end of what was applied. */
export interface Applied {
  readonly sequence: number;
  readonly chain: number;
  readonly epoch: number;
}

export interface RecoverOptions {
  readonly log: ReplayLog;
  readonly state: GroupState;
  /** Absent: the index is kept in memory alone. */
  readonly keeper: IndexKeeper | undefined;
  readonly observe: (time: HybridTime) => void;
  readonly onRecords?: ((count: number) => void) | undefined;
}

/** Applies everything to `state`, which must be new. Throws Internal when log or index is damaged. */
export async function recover(options: RecoverOptions): Promise<Applied> {
  const { log, state, keeper } = options;
  let applied = applyStart(options);
  let count = 0;
  for await (const records of log.scan(applied.sequence)) {
    for (const record of records) {
      const header = checkedHeader(record);
      if (header.sequence === applied.sequence + 1 && header.chain !== applied.chain && applied.sequence > 0)
        throw new DatabaseError('Internal', `log chain broken at sequence ${header.sequence}`);
      options.observe(header.hybridTime);
      state.apply(header, record);
      applied = { sequence: header.sequence, chain: checksumOf(record), epoch: header.epoch };
    }
    count += records.length;
    options.onRecords?.(count);
    if (keeper === undefined) continue;
    keeper.settle(state.moment());
    if (keeper.mustWait) await keeper.room();
  }
  if (keeper !== undefined) state.catalog.reach(keeper.catalogLsnFloor);
  for (const partition of state.partitions()) partition.recovered();
  return applied;
}

/** The catalog where the replay begins, and that place itself. */
function applyStart({ log, state, keeper, observe }: RecoverOptions): Applied {
  const start = keeper?.start;
  if (start === undefined || start.sequence === 0) return { sequence: 0, chain: 0, epoch: 0 };
  const read = (sequence: number): { header: RecordHeader; record: Uint8Array } => {
    const record = log.get(sequence);
    if (record === undefined)
      throw new DatabaseError('Internal', `the index is of another log: record ${sequence} is missing`);
    return { header: checkedHeader(record), record };
  };
  for (const sequence of start.catalog) {
    const { header, record } = read(sequence);
    state.apply(header, record);
  }
  state.catalog.reach(start.catalogLsn);
  observe(start.hybridTime as HybridTime);
  const { header, record } = read(start.sequence);
  return { sequence: header.sequence, chain: checksumOf(record), epoch: header.epoch };
}
