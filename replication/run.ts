// A run of records on its way into a log or out of it: the checks that all logs share. Going in, only what the
// caller could have got wrong; coming out, everything, because disks and log engines do damage bytes and do lose
// records in the middle (Jepsen on NATS 2.12.1, reproduced on 2.15.2: readers skip the hole in silence).

import { DatabaseError } from '../model/errors.ts';
import { readUint32BE, readUint64BE } from '../model/bytes.ts';
import { checksumOf, recordFault, RecordFlag, recordHeaderBytes } from '../model/record.ts';
import { appendBytesMax, appendRecordsMax, type LogTail } from './log.ts';

export function sequenceOf(record: Uint8Array): number {
  return readUint64BE(record, 16);
}

function chainOf(record: Uint8Array): number {
  return readUint32BE(record, 64);
}

/** True for the last record of an entry. */
export function endsEntry(record: Uint8Array): boolean {
  return (record[7]! & RecordFlag.lastOfEntry) !== 0;
}

/** The tail of a log that ends with this record. */
export function tailOf(record: Uint8Array): LogTail {
  return { sequence: sequenceOf(record), chain: checksumOf(record), epoch: readUint32BE(record, 12) };
}

/** Checks a run before it is appended, and returns the tail it makes. */
export function checkedRun(records: readonly Uint8Array[], after: number, bytesMax = appendBytesMax): LogTail {
  const last = records.at(-1);
  if (last === undefined) throw new DatabaseError('Internal', 'a run has at least one record');
  if (records.length > appendRecordsMax)
    throw new DatabaseError('TooLarge', `a run has at most ${appendRecordsMax} records`);
  let bytes = 0;
  let before: Uint8Array | undefined;
  for (let index = 0; index < records.length; index++) {
    const record = records[index]!;
    bytes += record.length;
    if (record.length < recordHeaderBytes || sequenceOf(record) !== after + 1 + index)
      throw new DatabaseError('Internal', `record ${index} of a run after ${after} does not follow`);
    if (before !== undefined && chainOf(record) !== checksumOf(before))
      throw new DatabaseError('Internal', `record ${index} of a run after ${after} breaks the chain`);
    before = record;
  }
  if (bytes > bytesMax) throw new DatabaseError('TooLarge', `a run has at most ${bytesMax} bytes`);
  if (!endsEntry(last)) throw new DatabaseError('Internal', 'a run ends with the end of an entry');
  return tailOf(last);
}

/**
 * Checks one record that was read: its bytes, that it is `sequence`, and that it continues `before`, the record
 * directly before it, where that is known. Throws Internal naming the sequence; the record must not be applied.
 */
export function verifyRead(record: Uint8Array, sequence: number, before: LogTail | undefined): void {
  const fault = recordFault(record);
  if (fault !== undefined) throw new DatabaseError('Internal', `log record ${sequence} is damaged: ${fault}`);
  const found = sequenceOf(record);
  if (found !== sequence) throw hole(sequence, found);
  if (before !== undefined && before.sequence === sequence - 1 && chainOf(record) !== before.chain)
    throw new DatabaseError('Internal', `log record ${sequence} does not continue record ${sequence - 1}`);
}

/** A record that should be there is not. `found` is what stands in its place, if anything. */
export function hole(sequence: number, found?: number): DatabaseError {
  const instead = found === undefined ? 'nothing follows' : `record ${found} follows`;
  return new DatabaseError('Internal', `the log has a hole: record ${sequence} is missing, ${instead}`, {
    details: { sequence },
  });
}
