// The log record: 80 bytes of header and one BSON post-image. It is at once the log and the stored item
// (design §5), so these bytes are what is hardest to change; `format` names their layout.
//
//   0 u32 checksum of bytes 4…end          40 u64 csnSeen: commit sequence the write was evaluated on
//   4 u8  format (1)                       48 u64 supersedes: sequence of the version it ends, 0 = none
//   5 u8  kind                             56 u64 created: LSN of the item's first version
//   6 u16 flags                            64 u32 chain: checksum of the record before it in the group
//   8 u32 partition                        68 u16 origin region
//  12 u32 epoch of the writer              70 u16 index within its entry
//  16 u64 sequence in the log group        72 i32 time to live in seconds (0 = the container's)
//  24 u64 lsn, dense per partition         76 u32 reserved, 0
//  32 u64 hybrid time                      80 …   body
//
// All integers are big-endian. An entry is a run of records with consecutive sequences; its last record
// carries `RecordFlag.lastOfEntry`, and it is applied whole or not at all.

import { checksum } from './checksum.ts';
import { readUint32BE, readUint64BE, writeUint32BE, writeUint64BE } from './bytes.ts';
import { DatabaseError } from './errors.ts';
import type { HybridTime } from './hybrid-time.ts';

export const recordFormat = 1;
export const recordHeaderBytes = 80;

export const RecordKind = {
  insert: 1,
  replace: 2,
  delete: 3,
  /** No item: says that the partition's later records are above this hybrid time. */
  heartbeat: 4,
  /** No item: the first record of a writer's epoch; fences every earlier writer. */
  open: 5,
} as const;
export type RecordKind = (typeof RecordKind)[keyof typeof RecordKind];

export const RecordFlag = {
  lastOfEntry: 1,
  /** A delete made because the time to live ran out. */
  expired: 2,
  /** Part of a transaction: a change feed shows all records of its entry on one page. */
  transaction: 4,
} as const;

export interface RecordHeader {
  readonly kind: RecordKind;
  readonly flags: number;
  readonly partition: number;
  readonly epoch: number;
  readonly sequence: number;
  readonly lsn: number;
  readonly hybridTime: HybridTime;
  readonly csnSeen: number;
  readonly supersedes: number;
  readonly created: number;
  readonly chain: number;
  readonly origin: number;
  readonly index: number;
  readonly ttlSeconds: number;
}

export function encodeRecord(header: RecordHeader, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(recordHeaderBytes + body.length);
  bytes[4] = recordFormat;
  bytes[5] = header.kind;
  bytes[6] = header.flags >>> 8;
  bytes[7] = header.flags;
  writeUint32BE(bytes, 8, header.partition);
  writeUint32BE(bytes, 12, header.epoch);
  writeUint64BE(bytes, 16, header.sequence);
  writeUint64BE(bytes, 24, header.lsn);
  writeUint64BE(bytes, 32, header.hybridTime);
  writeUint64BE(bytes, 40, header.csnSeen);
  writeUint64BE(bytes, 48, header.supersedes);
  writeUint64BE(bytes, 56, header.created);
  writeUint32BE(bytes, 64, header.chain);
  bytes[68] = header.origin >>> 8;
  bytes[69] = header.origin;
  bytes[70] = header.index >>> 8;
  bytes[71] = header.index;
  writeUint32BE(bytes, 72, header.ttlSeconds >>> 0);
  bytes.set(body, recordHeaderBytes);
  writeUint32BE(bytes, 0, checksum(bytes.subarray(4)));
  return bytes;
}

// Single facts of a header, for whoever reads many records and needs few of them.

export function sequenceOf(record: Uint8Array): number {
  return readUint64BE(record, 16);
}

export function lsnOf(record: Uint8Array): number {
  return readUint64BE(record, 24);
}

export function hybridTimeOf(record: Uint8Array): HybridTime {
  return readUint64BE(record, 32) as HybridTime;
}

export function createdOf(record: Uint8Array): number {
  return readUint64BE(record, 56);
}

export function decodeHeader(bytes: Uint8Array): RecordHeader {
  return {
    kind: bytes[5] as RecordKind,
    flags: (bytes[6]! << 8) | bytes[7]!,
    partition: readUint32BE(bytes, 8),
    epoch: readUint32BE(bytes, 12),
    sequence: readUint64BE(bytes, 16),
    lsn: readUint64BE(bytes, 24),
    hybridTime: readUint64BE(bytes, 32) as HybridTime,
    csnSeen: readUint64BE(bytes, 40),
    supersedes: readUint64BE(bytes, 48),
    created: readUint64BE(bytes, 56),
    chain: readUint32BE(bytes, 64),
    origin: (bytes[68]! << 8) | bytes[69]!,
    index: (bytes[70]! << 8) | bytes[71]!,
    ttlSeconds: readUint32BE(bytes, 72) | 0,
  };
}

/** Sequence at which the transaction of a record begins; 0 when it was written alone. */
export function transactionOf(header: RecordHeader): number {
  return (header.flags & RecordFlag.transaction) === 0 ? 0 : header.sequence - header.index;
}

/** The record's own checksum field: what the next record of the group carries as `chain`. */
export function checksumOf(record: Uint8Array): number {
  return readUint32BE(record, 0);
}

export function bodyOf(record: Uint8Array): Uint8Array {
  return record.subarray(recordHeaderBytes);
}

/** What is wrong with the bytes of a record taken by itself, or undefined when nothing is. */
export function recordFault(record: Uint8Array): string | undefined {
  if (record.length < recordHeaderBytes)
    return `a record has at least ${recordHeaderBytes} bytes, not ${record.length}`;
  if (record[4] !== recordFormat) return `record format ${record[4]} is not ${recordFormat}`;
  if (checksumOf(record) !== checksum(record.subarray(4))) return 'checksum differs';
  const kind = record[5]!;
  if (kind < RecordKind.insert || kind > RecordKind.open) return `unknown record kind ${kind}`;
  return undefined;
}

/** Reads a record that came from a disk, a log engine or a peer: damaged bytes never go further. */
export function checkedHeader(record: Uint8Array): RecordHeader {
  const fault = recordFault(record);
  if (fault !== undefined) throw new DatabaseError('Internal', `damaged log record: ${fault}`);
  return decodeHeader(record);
}
