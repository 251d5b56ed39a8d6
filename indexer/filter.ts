// What the planner asks an index: a tree over terms of known paths. The builders turn values into keys and say where
// a term means less than the value: such answers hold all items asked for and perhaps more, and the lookup reports
// them as not exact.

import { utf8 } from '../model/bytes.ts';
import type { Value } from '../model/value.ts';
import { overflowPath } from './paths.ts';
import { keyOf, Tag, valueBytesMax, type TermKey } from './term-key.ts';

/** Keys (tag and value) between two bounds. */
export interface KeyRange {
  readonly lower: Uint8Array;
  readonly lowerInclusive: boolean;
  readonly upper: Uint8Array;
  readonly upperInclusive: boolean;
}

/**
 * Whether a value passes, pure and quick; undefined when that cannot be told. It gets what a term tells of a value:
 * numbers without their type. Values that their terms do not tell are candidates without being asked.
 */
export type TermTest = (value: Value) => boolean | undefined;

export type Filter =
  | { readonly kind: 'all' }
  | { readonly kind: 'none' }
  /** Nothing is known: every item is a candidate. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'equal'; readonly path: number; readonly key: TermKey }
  | { readonly kind: 'in'; readonly path: number; readonly keys: readonly TermKey[] }
  | { readonly kind: 'range'; readonly path: number; readonly range: KeyRange; readonly exact: boolean }
  /** Items with a value in the range that passes a test: every term there is looked at, and no item. */
  | { readonly kind: 'test'; readonly path: number; readonly range: KeyRange; readonly passes: TermTest }
  | { readonly kind: 'and'; readonly of: readonly Filter[] }
  | { readonly kind: 'or'; readonly of: readonly Filter[] }
  | { readonly kind: 'not'; readonly of: Filter };

/** All keys of a path, of whatever kind: what a composite index is walked by. */
export const allKeys: KeyRange = {
  lower: new Uint8Array([0]),
  lowerInclusive: true,
  upper: new Uint8Array([0xff]),
  upperInclusive: false,
};

export const everything: Filter = { kind: 'all' };
export const nothing: Filter = { kind: 'none' };

/** Items that may have a path which the full dictionary has no id for. */
export const overflowed: Filter = {
  kind: 'and',
  of: [{ kind: 'equal', path: overflowPath, key: { bytes: new Uint8Array([Tag.exists]), exact: false } }],
};

/** The smallest key above every key that begins with these bytes. */
export function afterPrefix(bytes: Uint8Array): Uint8Array {
  let length = bytes.length;
  while (length > 0 && bytes[length - 1] === 0xff) length--;
  const after = bytes.slice(0, length);
  after[length - 1]!++;
  return after;
}

export function prefixRange(bytes: Uint8Array): KeyRange {
  return { lower: bytes, lowerInclusive: true, upper: afterPrefix(bytes), upperInclusive: false };
}

/** Items with this value at the path (for the path of array elements: with such an element). */
export function equal(path: number, value: Value): Filter {
  const key = keyOf(value);
  return key === undefined ? nothing : { kind: 'equal', path, key };
}

export function oneOf(path: number, values: readonly Value[]): Filter {
  const keys: TermKey[] = [];
  for (const value of values) {
    const key = keyOf(value);
    if (key !== undefined) keys.push(key);
  }
  return keys.length === 0 ? nothing : { kind: 'in', path, keys };
}

export function exists(path: number): Filter {
  return { kind: 'equal', path, key: { bytes: new Uint8Array([Tag.exists]), exact: true } };
}

/** Items with a value of one of these tags at the path. */
export function typeIs(path: number, tags: readonly number[]): Filter {
  const of = tags.map((tag): Filter => ({
    kind: 'range',
    path,
    range: prefixRange(new Uint8Array([tag])),
    exact: true,
  }));
  return of.length === 1 ? of[0]! : { kind: 'or', of };
}

/** Items with an array of that length at the path. */
export function arrayLength(path: number, length: number): Filter {
  const bytes = new Uint8Array(5);
  bytes[0] = Tag.array;
  new DataView(bytes.buffer).setUint32(1, length);
  return { kind: 'equal', path, key: { bytes, exact: true } };
}

export interface Bound {
  readonly value: Value;
  readonly inclusive: boolean;
}

/**
 * The keys of one type family: what a range without one of its bounds ends at. NaN, the lowest number, is only in
 * ranges that name it.
 */
function familyOf(tag: number): KeyRange {
  if (tag === Tag.false || tag === Tag.true)
    return {
      lower: new Uint8Array([Tag.false]),
      lowerInclusive: true,
      upper: new Uint8Array([Tag.true + 1]),
      upperInclusive: false,
    };
  return {
    lower: new Uint8Array([tag]),
    lowerInclusive: tag !== Tag.number,
    upper: new Uint8Array([tag + 1]),
    upperInclusive: false,
  };
}

/** True when the key belongs to a cut value, for which only the kept bytes can bound a range. */
function keptOf(key: TermKey): Uint8Array {
  return key.exact ? key.bytes : key.bytes.subarray(0, key.bytes.length - 4);
}

/**
 * Items whose value at the path is of the bounds' type and between them. Both bounds absent, of different types, or
 * an object or array: nothing can be said, so `unknown`, except that different types give `none`.
 */
export function between(path: number, from: Bound | undefined, to: Bound | undefined): Filter {
  const low = from && keyOf(from.value);
  const high = to && keyOf(to.value);
  if ((from !== undefined && low === undefined) || (to !== undefined && high === undefined)) return nothing;
  const tag = (low ?? high)?.bytes[0];
  if (tag === undefined || tag === Tag.object || tag === Tag.array) return { kind: 'unknown' };
  const family = familyOf(tag);
  if (low !== undefined && high !== undefined && low.bytes[0] !== high.bytes[0]) {
    const other = familyOf(high.bytes[0]!);
    if (other.lower[0] !== family.lower[0]) return nothing;
  }
  const exact = (low?.exact ?? true) && (high?.exact ?? true);
  const range: KeyRange = {
    lower: low === undefined ? family.lower : keptOf(low),
    lowerInclusive: low === undefined ? family.lowerInclusive : !low.exact || from!.inclusive,
    upper: high === undefined ? family.upper : high.exact ? high.bytes : afterPrefix(keptOf(high)),
    upperInclusive: high === undefined ? family.upperInclusive : high.exact && to!.inclusive,
  };
  return { kind: 'range', path, range, exact };
}

/** Items with a string at the path that begins with this text. */
export function prefixed(path: number, text: string): Filter {
  const value = utf8(text);
  const kept = Math.min(value.length, valueBytesMax);
  const bytes = new Uint8Array(kept + 1);
  bytes[0] = Tag.string;
  bytes.set(value.subarray(0, kept), 1);
  return { kind: 'range', path, range: prefixRange(bytes), exact: value.length <= valueBytesMax };
}

/** Items whose composite key begins with the leading values of `compositePrefix`. */
export function compositeStart(path: number, prefix: TermKey): Filter {
  if (prefix.bytes.length === 0) return everything;
  return { kind: 'range', path, range: prefixRange(prefix.bytes), exact: prefix.exact };
}

/** @public For the planner, as `anyOf` is. */
export function allOf(...of: readonly Filter[]): Filter {
  return of.length === 1 ? of[0]! : { kind: 'and', of };
}

export function anyOf(...of: readonly Filter[]): Filter {
  return of.length === 1 ? of[0]! : { kind: 'or', of };
}

export function negated(of: Filter): Filter {
  return { kind: 'not', of };
}

/** Levels of a filter that are asked whether they are exact: below those that a lookup looks into. */
const exactDepthMax = 60;

/** Whether the filter's answer will be just the items asked for, as far as can be told beforehand: of a test only the terms tell. */
export function isExact(filter: Filter, depth = 0): boolean {
  if (depth > exactDepthMax) return false;
  switch (filter.kind) {
    case 'all':
    case 'none':
      return true;
    case 'unknown':
    case 'test':
      return false;
    case 'equal':
      return filter.key.exact;
    case 'in':
      return filter.keys.every((key) => key.exact);
    case 'range':
      return filter.exact;
    case 'not':
      return isExact(filter.of, depth + 1);
    case 'and':
    case 'or':
      return filter.of.every((each) => isExact(each, depth + 1));
  }
}
