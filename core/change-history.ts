// The records of one partition as the log holds them: what the change feed shows of every version and delete. The
// log of a group is shared, so records of other partitions are passed over; `log-marks.ts` says where to begin.
//
// Invariant: LSNs are dense, so a missing one is a record that was removed. Nothing is given from behind a gap.

import { readUint32BE } from '../model/bytes.ts';
import { DatabaseError } from '../model/errors.ts';
import type { HybridTime } from '../model/hybrid-time.ts';
import { decodeHeader, type RecordHeader } from '../model/record.ts';
import type { RecordLog } from './engine.ts';
import { identityOfRecord } from './incoming.ts';
import { numberBefore } from './latest-changes.ts';
import type { LogMarks } from './log-marks.ts';
import { containerGone } from './refusals.ts';
import type { PartitionReading } from './reading.ts';
import { Slices } from './slices.ts';

/** Records passed over between two looks at the clock. */
const recordsPerLook = 16;

/** Where `partition` stands in the header of a record. */
const partitionOffset = 8;

export interface HistoryRecord {
  readonly header: RecordHeader;
  readonly record: Uint8Array;
}

/** A record of the partition, or of one that it was split from: those hold what became another's, too. */
interface LineRecord extends HistoryRecord {
  readonly isOwn: boolean;
}

export interface History {
  readonly log: RecordLog;
  readonly marks: LogMarks;
  readonly signal: AbortSignal | undefined;
}

/** What is still there of a partition above an LSN, up to that of the reading, in order; removed records are missing. */
async function* recordsOf(history: History, reading: PartitionReading, after: number): AsyncGenerator<LineRecord> {
  const { log, marks } = history;
  const { partition } = reading;
  const head = reading.view.lsn;
  const { partition: own, origins } = partition.record;
  if (after >= head) return;
  const line = new Set([own, ...origins.map((origin) => origin.partition)]);
  const first = origins.find(({ lastLsn }) => after < lastLsn)?.partition ?? own;
  let looked = 0;
  const slices = new Slices(history.signal);
  // What is current tells where to begin as well as the marks do, for whoever comes back after a long time.
  const from = numberBefore(reading, { lsn: after, since: undefined, number: marks.before(first, after) });
  for await (const records of log.scan(from)) {
    for (const record of records) {
      if (++looked % recordsPerLook === 0 && slices.isOver) await slices.pause();
      if (partition.dropped) throw containerGone(partition.container);
      if (!line.has(readUint32BE(record, partitionOffset))) continue;
      const header = decodeHeader(record);
      if (header.lsn <= after) continue;
      if (header.lsn > head) return;
      yield {
        header,
        record,
        isOwn: header.partition === own || partition.owns(identityOfRecord(partition.container, header, record).key),
      };
      if (header.lsn === head) return;
    }
  }
}

/** As `recordsOf`, whole: throws HistoryLost where a record was removed. */
export async function* wholeHistoryOf(
  history: History,
  reading: PartitionReading,
  after: number,
): AsyncGenerator<HistoryRecord> {
  let last = after;
  for await (const found of recordsOf(history, reading, after)) {
    if (found.header.lsn !== last + 1) throw historyLost();
    last = found.header.lsn;
    if (found.isOwn) yield found;
  }
  if (last < reading.view.lsn) throw historyLost();
}

/**
 * The LSN after which the history is whole. With `since` the one after which it also holds all that was written
 * since then; throws HistoryLost when something of that may have been removed.
 */
export async function startOfHistory(
  history: History,
  reading: PartitionReading,
  since: HybridTime | undefined,
): Promise<number> {
  const head = reading.view.lsn;
  let last = 0;
  let start = 0;
  for await (const { header } of recordsOf(history, reading, 0)) {
    const gap = header.lsn !== last + 1;
    if (since !== undefined && header.hybridTime >= since) {
      if (gap) throw historyLost();
      return last;
    }
    if (gap) start = header.lsn - 1;
    last = header.lsn;
  }
  if (since === undefined) return last < head ? head : start;
  if (last < head) throw historyLost();
  return head;
}

export function historyLost(): DatabaseError {
  return new DatabaseError('HistoryLost', 'the changes asked for are older than the history that is kept', {
    argument: 'continuation',
  });
}
