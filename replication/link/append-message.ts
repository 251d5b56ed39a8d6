// One append as one JetStream message, so that it is stored whole or not at all on every release:
//
//   0 u8  format (1)            8 u64 sequence of the first record
//   1 …   three bytes, 0       16 u64 sequence of the last record
//   4 u32 epoch of the writer  24 …  the records, each behind its length as u32
//
// Big-endian. Decoding verifies the frame; the records carry their own checksums.

import { readUint32BE, readUint64BE, writeUint32BE, writeUint64BE } from '../../model/bytes.ts';
import { DatabaseError } from '../../model/errors.ts';
import { recordHeaderBytes } from '../../model/record.ts';
import { appendRecordsMax } from '../log.ts';
import { sequenceOf, tailOf } from '../run.ts';

const format = 1;
const headerBytes = 24;
const lengthBytes = 4;

/** Bytes that a message has beyond those of its records, NATS headers (at most 1 KB here) included. */
export const messageOverheadBytesMax = headerBytes + lengthBytes * appendRecordsMax + 1024;

export interface AppendMessage {
  readonly first: number;
  readonly last: number;
  readonly epoch: number;
  /** Views into the message. */
  readonly records: readonly Uint8Array[];
}

/** The message of a run that `checkedRun` accepted. */
export function encodeAppend(records: readonly Uint8Array[]): Uint8Array {
  const bytes = records.reduce((sum, record) => sum + lengthBytes + record.length, headerBytes);
  const message = new Uint8Array(bytes);
  const tail = tailOf(records.at(-1)!);
  message[0] = format;
  writeUint32BE(message, 4, tail.epoch);
  writeUint64BE(message, 8, sequenceOf(records[0]!));
  writeUint64BE(message, 16, tail.sequence);
  let at = headerBytes;
  for (const record of records) {
    writeUint32BE(message, at, record.length);
    message.set(record, at + lengthBytes);
    at += lengthBytes + record.length;
  }
  return message;
}

/** Reads a message of the stream. Throws Internal, naming its place in the stream, for anything `encodeAppend` does not make. */
export function decodeAppend(message: Uint8Array, streamSequence: number): AppendMessage {
  const damaged = (why: string) =>
    new DatabaseError('Internal', `message ${streamSequence} of the log stream is damaged: ${why}`);
  if (message.length < headerBytes) throw damaged('its header is cut');
  if (message[0] !== format) throw damaged(`its format is ${message[0]}, not ${format}`);
  const first = readUint64BE(message, 8);
  const last = readUint64BE(message, 16);
  const records: Uint8Array[] = [];
  for (let at = headerBytes; at < message.length;) {
    if (at + lengthBytes > message.length) throw damaged('a length is cut');
    const length = readUint32BE(message, at);
    const end = at + lengthBytes + length;
    if (length < recordHeaderBytes || end > message.length) throw damaged('a record is cut');
    if (records.length === appendRecordsMax) throw damaged('it has too many records');
    records.push(message.subarray(at + lengthBytes, end));
    at = end;
  }
  if (records.length === 0 || last - first + 1 !== records.length) throw damaged('its records are not those it names');
  return { first, last, epoch: readUint32BE(message, 4), records };
}
