// Ranges of keys: what two of them share, and where one lies among the terms of a source: keys with their path in front,
// as cursors compare them.

import type { KeyRange } from './filter.ts';
import { compareBytes } from '../model/bytes.ts';
import type { TermCursor } from './source.ts';

/** A key behind its path. */
export function fullKey(path: number, key: Uint8Array): Uint8Array {
  const out = new Uint8Array(key.length + 2);
  out[0] = path >>> 8;
  out[1] = path;
  out.set(key, 2);
  return out;
}

/** Where a range begins and ends among full keys. */
export interface FullRange {
  readonly lower: Uint8Array;
  readonly lowerInclusive: boolean;
  readonly upper: Uint8Array;
  readonly upperInclusive: boolean;
}

export function fullRange(path: number, range: KeyRange): FullRange {
  return {
    lower: fullKey(path, range.lower),
    lowerInclusive: range.lowerInclusive,
    upper: fullKey(path, range.upper),
    upperInclusive: range.upperInclusive,
  };
}

/** Moves a cursor to the first term of the range; false when there is none. */
export function seekRange(cursor: TermCursor, range: FullRange): boolean {
  if (!cursor.seek(range.lower, range.lower.length)) return false;
  if (!range.lowerInclusive && cursor.compare(range.lower, range.lower.length) === 0 && !cursor.next()) return false;
  return isBelowEnd(cursor, range);
}

export function isBelowEnd(cursor: TermCursor, range: FullRange): boolean {
  const order = cursor.compare(range.upper, range.upper.length);
  return order < 0 || (order === 0 && range.upperInclusive);
}

export function isAboveStart(cursor: TermCursor, range: FullRange): boolean {
  const order = cursor.compare(range.lower, range.lower.length);
  return order > 0 || (order === 0 && range.lowerInclusive);
}

function compareKeys(a: Uint8Array, b: Uint8Array): number {
  return compareBytes(a, 0, a.length, b, 0, b.length);
}

export function isEmptyRange({ lower, upper, lowerInclusive, upperInclusive }: KeyRange): boolean {
  const width = compareKeys(lower, upper);
  return width > 0 || (width === 0 && !(lowerInclusive && upperInclusive));
}

/** The keys in both; undefined when there is none. */
export function intersectRanges(a: KeyRange, b: KeyRange): KeyRange | undefined {
  const low = compareKeys(a.lower, b.lower);
  const high = compareKeys(a.upper, b.upper);
  const from = low > 0 ? a : b;
  const to = high < 0 ? a : b;
  const range: KeyRange = {
    lower: from.lower,
    lowerInclusive: low === 0 ? a.lowerInclusive && b.lowerInclusive : from.lowerInclusive,
    upper: to.upper,
    upperInclusive: high === 0 ? a.upperInclusive && b.upperInclusive : to.upperInclusive,
  };
  return isEmptyRange(range) ? undefined : range;
}

/** The least range that holds both. */
export function hullOfRanges(a: KeyRange, b: KeyRange): KeyRange {
  const low = compareKeys(a.lower, b.lower);
  const high = compareKeys(a.upper, b.upper);
  const from = low < 0 ? a : b;
  const to = high > 0 ? a : b;
  return {
    lower: from.lower,
    lowerInclusive: low === 0 ? a.lowerInclusive || b.lowerInclusive : from.lowerInclusive,
    upper: to.upper,
    upperInclusive: high === 0 ? a.upperInclusive || b.upperInclusive : to.upperInclusive,
  };
}
