// The order of an entity's body: its keys come first, wherever they stood in what a client sent.

import { nameOf } from './bson/walk.ts';
import { readInt32 } from './bytes.ts';

/**
 * Brings the two keys, whose elements begin at these places among the elements in [first, end), before the others. What
 * lies behind `end` is used on the way: as many bytes as all the elements have.
 */
export function bringKeysFirst(
  bytes: Uint8Array,
  first: number,
  end: number,
  partitionKeyAt: number,
  rowKeyAt: number,
): void {
  const partitionKeyEnd = endOfText(bytes, partitionKeyAt, partitionKeyName);
  const rowKeyEnd = endOfText(bytes, rowKeyAt, rowKeyName);
  if (partitionKeyAt === first && rowKeyAt === partitionKeyEnd) return;
  const isRowKeyBefore = rowKeyAt < partitionKeyAt;
  let length = end;
  for (const [from, to] of [
    [partitionKeyAt, partitionKeyEnd],
    [rowKeyAt, rowKeyEnd],
    [first, Math.min(partitionKeyAt, rowKeyAt)],
    isRowKeyBefore ? [rowKeyEnd, partitionKeyAt] : [partitionKeyEnd, rowKeyAt],
    [Math.max(partitionKeyEnd, rowKeyEnd), end],
  ] as const) {
    bytes.copyWithin(length, from, to);
    length += to - from;
  }
  bytes.copyWithin(first, end, length);
}

const partitionKeyName = nameOf('PartitionKey');
const rowKeyName = nameOf('RowKey');

/** Where the element of a string ends: type, name, terminator, length, text. */
function endOfText(bytes: Uint8Array, at: number, name: Uint8Array): number {
  const lengthAt = at + name.length + 2;
  return lengthAt + 4 + readInt32(bytes, lengthAt);
}
