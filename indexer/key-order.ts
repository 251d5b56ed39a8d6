// The order of items by their keys, which tables are read in: partition key first, then id text, each by its bytes. An
// index that is asked for it keeps one term for each item in which both stand one after the other, so that a page of a
// table, a logical partition or a range of ids in one is a run of neighbouring terms.
//
// A key is whole up to `placeBytesMax`; longer ones share their head with others and are compared by their items.

import { compareBytes, utf8 } from '../model/bytes.ts';
import { checksum } from '../model/checksum.ts';
import { writePart } from './composite-key.ts';
import { afterPrefix, equal, prefixRange, type Filter, type KeyRange } from './filter.ts';
import { keyBytes } from './key-scratch.ts';
import { partitionKeyPath } from './paths.ts';
import { Tag } from './term-key.ts';
import type { PartitionKeyTerms } from './fact-terms.ts';

/** Bytes of tag, escaped partition key and id text that a key keeps. Azure Tables' keys of 512 characters each fit in. */
export const placeBytesMax = 2048;
/** Behind them in a key that was cut: it then has this many bytes more. */
const hashBytes = 8;

/** The partition key of one string that has this text (`partitionKeyText`); any other text stands for itself. */
export function partitionKeyOfText(text: string): string {
  if (!text.startsWith('["')) return text;
  return text.includes('\\') ? (JSON.parse(text) as [string])[0] : text.slice(2, -2);
}

/** The whole key of a place, uncut. Overwrites the scratch. */
function placeBytes(partitionKey: string, id: string): Uint8Array {
  const plain = writePlain(partitionKey, id);
  if (plain > 0) return keyBytes.slice(0, plain);
  const key = utf8(partitionKey);
  const text = utf8(id);
  const out = new Uint8Array(2 * key.length + text.length + 3);
  out[0] = Tag.string;
  const end = writePart(out, 1, key, key.length, false);
  out.set(text, end);
  return out.subarray(0, end + text.length);
}

/** Appends text that is ASCII without zero bytes; -1 for any other. */
function writeText(at: number, text: string): number {
  let end = at;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === 0 || unit >= 0x80) return -1;
    keyBytes[end++] = unit;
  }
  return end;
}

/** Writes a key of ASCII that need not be cut to the scratch. Returns its length, -1 for any other. */
function writePlain(partitionKey: string, id: string): number {
  if (partitionKey.length + id.length + 3 > placeBytesMax) return -1;
  keyBytes[0] = Tag.string;
  const end = writeText(1, partitionKey);
  if (end < 0) return -1;
  keyBytes[end] = 0;
  keyBytes[end + 1] = 1;
  return writeText(end + 2, id);
}

/** Writes the term's key of an item to the scratch. Returns its length. */
export function writeKeyPlace(partitionKey: string, id: string): number {
  const plain = writePlain(partitionKey, id);
  if (plain > 0) return plain;
  const bytes = placeBytes(partitionKey, id);
  if (bytes.length <= placeBytesMax) {
    keyBytes.set(bytes);
    return bytes.length;
  }
  keyBytes.set(bytes.subarray(0, placeBytesMax));
  let end = placeBytesMax;
  for (const hash of [checksum(bytes), checksum(bytes, 0x5bd1e995)])
    for (let shift = 24; shift >= 0; shift -= 8) keyBytes[end++] = hash >>> shift;
  return end;
}

/** True when the key was cut: items whose keys have the same `placeBytesMax` bytes follow each other in no order. */
export function isCutPlace(keyLength: number): boolean {
  return keyLength === placeBytesMax + hashBytes;
}

export interface PlaceBound {
  readonly partitionKey: string;
  /** Absent: a lower bound begins with the partition key, an upper one takes it whole. */
  readonly id: string | undefined;
  readonly inclusive: boolean;
}

/** Keys between two places. It may hold a few more, with keys that are cut. */
export function placesBetween(from: PlaceBound | undefined, to: PlaceBound | undefined): KeyRange {
  return {
    lower: from === undefined ? new Uint8Array([Tag.string]) : lowerBytes(from),
    lowerInclusive: from === undefined || from.inclusive || isLong(from),
    ...(to === undefined
      ? { upper: new Uint8Array([Tag.string + 1]), upperInclusive: false }
      : { upper: upperBytes(to), upperInclusive: to.inclusive && to.id !== undefined && !isLong(to) }),
  };
}

/** Whether both bounds of a range are whole: then it holds just the items between them. */
export function isWholeRange({ lower, upper }: KeyRange): boolean {
  return lower.length < placeBytesMax && upper.length < placeBytesMax;
}

/** Whether the key of an item lies in a range of places. */
export function holdsPlace(range: KeyRange, partitionKey: string, id: string): boolean {
  const length = writeKeyPlace(partitionKey, id);
  const low = compareBytes(keyBytes, 0, length, range.lower, 0, range.lower.length);
  const high = compareBytes(keyBytes, 0, length, range.upper, 0, range.upper.length);
  return (low > 0 || (low === 0 && range.lowerInclusive)) && (high < 0 || (high === 0 && range.upperInclusive));
}

function isLong({ partitionKey, id = '' }: PlaceBound): boolean {
  // No unit of a text takes more than three bytes, a zero byte as two of them included.
  if (3 * (partitionKey.length + id.length) + 3 <= placeBytesMax) return false;
  return placeBytes(partitionKey, id).length > placeBytesMax;
}

function lowerBytes({ partitionKey, id, inclusive }: PlaceBound): Uint8Array {
  const bytes = placeBytes(partitionKey, id ?? '');
  if (bytes.length > placeBytesMax) return bytes.slice(0, placeBytesMax);
  // Above a partition key as a whole.
  return id === undefined && !inclusive && bytes.length < placeBytesMax ? afterPrefix(bytes) : bytes;
}

function upperBytes({ partitionKey, id, inclusive }: PlaceBound): Uint8Array {
  const bytes = placeBytes(partitionKey, id ?? '');
  if (bytes.length > placeBytesMax) return afterPrefix(bytes.slice(0, placeBytesMax));
  return id === undefined && inclusive ? afterPrefix(bytes) : bytes;
}

/** Items of one partition key, by the terms that the index keeps. */
export function partitionKeyEquals(
  { partitionKeyTerms }: { readonly partitionKeyTerms: PartitionKeyTerms },
  text: string,
): Filter {
  if (partitionKeyTerms !== 'ordered') return equal(partitionKeyPath, text);
  const bytes = placeBytes(partitionKeyOfText(text), '');
  const range = prefixRange(bytes.slice(0, placeBytesMax));
  return { kind: 'range', path: partitionKeyPath, range, exact: bytes.length <= placeBytesMax };
}
