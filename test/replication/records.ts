// Records for tests of logs: runs that continue a tail, of the sizes asked for.

import { hybridTimeOfMs } from '../../model/hybrid-time.ts';
import { encodeRecord, RecordFlag, recordHeaderBytes, RecordKind } from '../../model/record.ts';
import type { LogTail } from '../../replication/log.ts';
import { tailOf } from '../../replication/run.ts';

export interface RunOptions {
  readonly epoch?: number | undefined;
  /** Records in each entry; one when absent. */
  readonly entrySize?: number | undefined;
  /** What the bodies are filled with, so that two writers' records differ. */
  readonly fill?: number | undefined;
}

/** A run after `tail` with one record per size, each of that many bytes in all (80 at least). */
export function runAfter(tail: LogTail, sizes: readonly number[], options: RunOptions = {}): Uint8Array[] {
  const { epoch = 1, entrySize = 1, fill = 1 } = options;
  let { sequence, chain } = tail;
  return sizes.map((size, i) => {
    sequence++;
    const index = i % entrySize;
    const last = index === entrySize - 1 || i === sizes.length - 1;
    const record = encodeRecord(
      {
        kind: RecordKind.insert,
        flags: last ? RecordFlag.lastOfEntry : 0,
        partition: 1,
        epoch,
        sequence,
        lsn: sequence,
        hybridTime: hybridTimeOfMs(1.7e12 + sequence),
        csnSeen: 0,
        supersedes: 0,
        created: sequence,
        chain,
        origin: 1,
        index,
        ttlSeconds: 0,
      },
      new Uint8Array(Math.max(0, size - recordHeaderBytes)).fill(fill),
    );
    chain = tailOf(record).chain;
    return record;
  });
}

/** `count` equal sizes. */
export function sizes(count: number, bytes = 120): number[] {
  return Array.from({ length: count }, () => bytes);
}
