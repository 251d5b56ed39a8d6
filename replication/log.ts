// The port to a log group: an ordered, durable sequence of records that one writer at a time extends.
// It exists so that one replica runs unchanged on its own disk (`core/storage/embedded-log.ts`), on NATS
// JetStream (`replication/link/jetstream-log.ts`) and under simulation (`test/simulation/`).
//
// Invariants every implementation keeps, and one contract suite checks on all three:
//  1. Records have consecutive sequences from 1; a run given to `append` is stored whole or not at all.
//  2. `append` succeeds only directly after `after`: of two writers with the same `after`, exactly one
//     wins. This is the fence: a lease only decides who tries.
//  3. 'appended' means durable: it survives the loss of every process.
//  4. After 'unknown' the run may be there now, later, or never. The caller evaluates nothing more until it
//     knows: it reads the tail, and settles an absent run by appending a record of its own at the same place.
//  5. `read` returns whole runs in order, never a run that could still vanish.

/** Bytes of records in one append: one message of JetStream (max_payload 8 MB) with room for headers. */
export const appendBytesMax = 7 * 1024 * 1024;

/** Records in one append. */
export const appendRecordsMax = 4096;

export interface LogTail {
  /** Sequence of the last record; 0 when the log is empty. */
  readonly sequence: number;
  /** Checksum of that record; the next one carries it as `chain`. */
  readonly chain: number;
  /** Epoch of the last writer; 0 when the log is empty. */
  readonly epoch: number;
}

export const emptyTail: LogTail = { sequence: 0, chain: 0, epoch: 0 };

export type AppendOutcome =
  | { readonly kind: 'appended' }
  /** Somebody else wrote after `after`; nothing of this run was stored. */
  | { readonly kind: 'fenced' }
  /** No answer in time: see invariant 4. */
  | { readonly kind: 'unknown' };

export interface Log {
  /** Where the log ends, as the log engine's leader sees it. */
  tail(): Promise<LogTail>;

  /**
   * Appends a run of encoded records whose first sequence is `after + 1`.
   * Bounds: `appendBytesMax`, `appendRecordsMax`. Throws StorageFull when the medium has no room (nothing
   * was stored then); any other throw means that the log is broken and the caller must stop.
   */
  append(records: readonly Uint8Array[], after: number): Promise<AppendOutcome>;

  /**
   * Records with sequence above `after`, ascending, at most about `recordsMax` but never part of a run.
   * Empty at the end. Superseded records that were trimmed are missing from the result; where the first
   * or any later record should be there and is not, it throws Internal naming the hole.
   */
  read(after: number, recordsMax: number): Promise<Uint8Array[]>;

  close(): Promise<void>;
}
