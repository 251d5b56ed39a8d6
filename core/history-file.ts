// The form of history on disk: one entry of fixed size for each superseded record, in the order of what superseded
// them. It exists because recovery no longer reads the whole log, and would forget which records may go.
//
//   0 u64 sequence   8 u64 killer: sequence of the record that superseded it   16 u64 time in ms   24 u32 bytes

import { readUint32BE, readUint64BE, writeUint32BE, writeUint64BE } from '../model/bytes.ts';

export const historyEntryBytes = 28;

export interface HistoryEntry {
  readonly sequence: number;
  readonly killer: number;
  readonly timeMs: number;
  readonly bytes: number;
}

/** A queue of superseded records as the keeper of the index makes it durable. Positions count entries since the first. */
export interface History {
  /** Position of the oldest entry that is not removed from the log. */
  readonly head: number;
  /** Appends what an earlier process left. Before anything is superseded. */
  load(entries: Iterable<HistoryEntry>): void;
  /** Entries from `position` on whose killer is at most `killerMax`, encoded. */
  encode(position: number, killerMax: number): Uint8Array;
  /** Entries below `position` will not be asked for again. */
  forget(position: number): void;
}

export function writeHistoryEntry(out: Uint8Array, at: number, entry: HistoryEntry): void {
  writeUint64BE(out, at, entry.sequence);
  writeUint64BE(out, at + 8, entry.killer);
  writeUint64BE(out, at + 16, entry.timeMs);
  writeUint32BE(out, at + 24, entry.bytes);
}

/** Entries [from, to) of the file. */
export function* readHistory(bytes: Uint8Array, from: number, to: number): Generator<HistoryEntry> {
  for (let at = from * historyEntryBytes; at < to * historyEntryBytes; at += historyEntryBytes)
    yield {
      sequence: readUint64BE(bytes, at),
      killer: readUint64BE(bytes, at + 8),
      timeMs: readUint64BE(bytes, at + 16),
      bytes: readUint32BE(bytes, at + 24),
    };
}
