// RecordIO: a stream of HybridRows. A segment's header comes first and tells its own length; then each row, after a
// record header of its length and CRC-32. Source: Docs/RecordIO.md and the system schema of the HybridRow repository.

import { checksum } from '../checksum.ts';
import { badRow, rowHeaderBytes, rowVersion, writeRow, type Layout } from './row.ts';

/** Its comment and schema are sparse, and not looked at. */
const segmentLayout: Layout = {
  schemaId: 2147473648,
  fixed: [{ name: 'length', type: 'int32' }],
  variable: [],
  sparse: [],
};
const recordSchemaId = 2147473649;

/** Header, one byte of presence, length. */
const segmentBytesMin = rowHeaderBytes + 5;
/** Header, length and checksum: both are always there, so no bits tell of them. */
const recordBytes = rowHeaderBytes + 8;

export function isRecordIo(bytes: Uint8Array): boolean {
  return bytes[0] === rowVersion;
}

/** The rows of a stream, one after the other. */
export function* rowsOfRecordIo(bytes: Uint8Array): Generator<Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let isFirst = true;
  for (let at = 0; at < bytes.length; isFirst = false) {
    const left = bytes.length - at;
    if (left < segmentBytesMin || bytes[at] !== rowVersion) throw badRow('a segment or record is expected', at);
    const schemaId = view.getInt32(at + 1, true);
    if (schemaId === segmentLayout.schemaId) {
      const length = view.getInt32(at + rowHeaderBytes + 1, true);
      if (length < segmentBytesMin || length > left) throw badRow('a segment has an impossible length', at);
      at += length;
      continue;
    }
    if (isFirst || schemaId !== recordSchemaId || left < recordBytes)
      throw badRow('a segment or record is expected', at);
    const length = view.getInt32(at + rowHeaderBytes, true);
    const sum = view.getUint32(at + rowHeaderBytes + 4, true);
    at += recordBytes;
    if (length < rowHeaderBytes || length > bytes.length - at) throw badRow('a record has an impossible length', at);
    const row = bytes.subarray(at, at + length);
    if (checksum(row) !== sum) throw badRow('a record does not have its checksum', at);
    yield row;
    at += length;
  }
}

/** A stream of one segment. */
export function recordIoOf(rows: readonly Uint8Array[]): Uint8Array {
  const segment = writeRow(segmentLayout, { length: segmentBytesMin });
  const total = rows.reduce((sum, row) => sum + recordBytes + row.length, segment.length);
  const bytes = new Uint8Array(total);
  const view = new DataView(bytes.buffer);
  bytes.set(segment);
  let at = segment.length;
  for (const row of rows) {
    bytes[at] = rowVersion;
    view.setInt32(at + 1, recordSchemaId, true);
    view.setInt32(at + rowHeaderBytes, row.length, true);
    view.setUint32(at + rowHeaderBytes + 4, checksum(row), true);
    bytes.set(row, at + recordBytes);
    at += recordBytes + row.length;
  }
  return bytes;
}
