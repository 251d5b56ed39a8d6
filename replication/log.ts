// The port to a log group: an ordered, durable sequence of records that one writer at a time extends.
// It exists so that one replica runs unchanged on its own disk (`core/storage/embedded-log.ts`), on NATS
// JetStream (`replication/link/jetstream-log.ts`) and under simulation (`test/simulation/`).
//
// Invariants every implementation keeps, and one contract suite (`test/replication/log.contract.ts`) checks on all:
//  1. Records have consecutive sequences from 1; a run given to `append` is stored whole or not at all.
//  2. `append` succeeds only directly after `after`: of two writers with the same `after`, exactly one
//     wins. This is the fence: a lease only decides who tries.
//  3. 'appended' means durable: it survives the loss of every process.
//  4. After 'unknown' the run may be there now, later, or never. The caller evaluates nothing more until it
//     knows: it reads the tail, and settles an absent run by appending a record of its own at the same place.
//  5. 'fenced' says that something stands after `after`. It may be this very run, where an engine delivered it
//     twice and answered the second delivery: the caller reads the place before it tells anybody.
//  6. `read` returns whole entries in order, their bytes verified, never one that could still vanish. What it
//     returns may be older than the end of the log; it is never wrong.

/** Bytes of records in one append: one message of JetStream (max_payload 8 MB) with room for headers. */
export const appendBytesMax = 7 * 1024 * 1024;

/** Records in one append. */
export const appendRecordsMax = 4096;

/** Bytes after which one read ends, at the next end of an entry. */
export const readBytesMax = 7 * 1024 * 1024;

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
  /** Something stands directly after `after` already: see invariant 5. */
  | { readonly kind: 'fenced' }
  /** No answer in time: see invariant 4. */
  | { readonly kind: 'unknown' };

export interface Log {
  /** Bytes one append may have here, where it is another bound than `appendBytesMax`. */
  readonly appendBytesMax?: number | undefined;

  /** Where the log ends, as the log engine's leader sees it. Throws Unavailable when there is no answer. */
  tail(): Promise<LogTail>;

  /**
   * Appends a run of encoded records whose first sequence is `after + 1` and whose last ends an entry.
   * Throws StorageFull when the medium has no room and TooLarge above `appendBytesMax` or `appendRecordsMax`:
   * nothing is or will be stored then (an engine that may deliver twice can say so only when no copy is under
   * way). Any other throw means that the log is broken and the caller must stop.
   */
  append(records: readonly Uint8Array[], after: number): Promise<AppendOutcome>;

  /**
   * Records with sequence above `after`, ascending: whole entries, at least one if there is any, and no further
   * one after `recordsMax` records or `readBytesMax` bytes. Empty at the end. Superseded records that were
   * trimmed are missing; where another one should be there and is not, or is damaged, it throws Internal naming
   * the sequence. Throws Unavailable when there is no answer.
   */
  read(after: number, recordsMax: number): Promise<Uint8Array[]>;

  /** Frees what the log holds. Waits for appends in flight; anything after it throws Unavailable. */
  close(): Promise<void>;
}
