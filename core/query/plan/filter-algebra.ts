// Putting filters together: what is trivial vanishes, equalities of one path become one list, ranges of one value
// become one range. Smaller filters are answered faster, and their estimates are closer to the truth.

import { compareBytes } from '../../../model/bytes.ts';
import { everything, isExact, nothing, type Filter, type KeyRange } from '../../../indexer/filter.ts';
import { allValues } from '../../../indexer/lookup.ts';
import { Tag, type TermKey } from '../../../indexer/term-key.ts';

type RangeFilter = Extract<Filter, { readonly kind: 'range' }>;

export const unknown: Filter = { kind: 'unknown' };

/** The same items, and perhaps some that do not pass: an answer to be tested. */
export function superset(filter: Filter): Filter {
  if (filter.kind === 'none' || filter.kind === 'unknown') return filter;
  return conjunction([filter, unknown]);
}

export function conjunction(filters: readonly Filter[]): Filter {
  const of: Filter[] = [];
  for (const filter of filters.flatMap((one) => (one.kind === 'and' ? one.of : [one]))) {
    if (filter.kind === 'none') return nothing;
    if (filter.kind === 'all') continue;
    if (filter.kind === 'unknown' && of.some((one) => one.kind === 'unknown')) continue;
    of.push(filter);
  }
  if (of.length === 0) return everything;
  return of.length === 1 ? of[0]! : { kind: 'and', of };
}

/** Ranges of one path that overlap as one: a thousand of them are then one look-up. */
function union(ranges: readonly RangeFilter[]): readonly RangeFilter[] {
  if (ranges.length < 2) return ranges;
  const sorted = [...ranges].sort(
    (a, b) => a.path - b.path || Number(a.exact) - Number(b.exact) || compareKeys(a.range.lower, b.range.lower),
  );
  const found: RangeFilter[] = [];
  for (const next of sorted) {
    const last = found[found.length - 1];
    if (last === undefined || last.path !== next.path || last.exact !== next.exact) {
      found.push(next);
      continue;
    }
    const gap = compareKeys(next.range.lower, last.range.upper);
    // Ranges that only touch leave out the key between them, unless one of them holds it.
    if (gap > 0 || (gap === 0 && !next.range.lowerInclusive && !last.range.upperInclusive)) {
      found.push(next);
      continue;
    }
    const end = compareKeys(next.range.upper, last.range.upper);
    const isSameStart = compareKeys(next.range.lower, last.range.lower) === 0;
    found[found.length - 1] = {
      ...last,
      range: {
        lower: last.range.lower,
        lowerInclusive: last.range.lowerInclusive || (isSameStart && next.range.lowerInclusive),
        upper: end > 0 ? next.range.upper : last.range.upper,
        upperInclusive:
          end === 0
            ? last.range.upperInclusive || next.range.upperInclusive
            : end > 0
              ? next.range.upperInclusive
              : last.range.upperInclusive,
      },
    };
  }
  return found;
}

export function disjunction(filters: readonly Filter[]): Filter {
  const of: Filter[] = [];
  const lists = new Map<number, TermKey[]>();
  const ranges: RangeFilter[] = [];
  for (const filter of filters.flatMap((one) => (one.kind === 'or' ? one.of : [one]))) {
    if (filter.kind === 'all') return everything;
    if (filter.kind === 'unknown') return unknown;
    if (filter.kind === 'none') continue;
    if (filter.kind === 'range') ranges.push(filter);
    else if (filter.kind !== 'equal' && filter.kind !== 'in') of.push(filter);
    else {
      const keys = filter.kind === 'equal' ? [filter.key] : filter.keys;
      const known = lists.get(filter.path);
      if (known === undefined) lists.set(filter.path, [...keys]);
      else known.push(...keys);
    }
  }
  of.push(...union(ranges));
  for (const [path, keys] of lists)
    of.push(keys.length === 1 ? { kind: 'equal', path, key: keys[0]! } : { kind: 'in', path, keys });
  if (of.length === 0) return nothing;
  return of.length === 1 ? of[0]! : { kind: 'or', of };
}

function compareKeys(a: Uint8Array, b: Uint8Array): number {
  return compareBytes(a, 0, a.length, b, 0, b.length);
}

/** Keys in both ranges; undefined when there are none. */
export function intersectRanges(a: KeyRange, b: KeyRange): KeyRange | undefined {
  const low = compareKeys(a.lower, b.lower);
  const high = compareKeys(a.upper, b.upper);
  const lower = low >= 0 ? a.lower : b.lower;
  const upper = high <= 0 ? a.upper : b.upper;
  const lowerInclusive =
    low === 0 ? a.lowerInclusive && b.lowerInclusive : low > 0 ? a.lowerInclusive : b.lowerInclusive;
  const upperInclusive =
    high === 0 ? a.upperInclusive && b.upperInclusive : high < 0 ? a.upperInclusive : b.upperInclusive;
  const order = compareKeys(lower, upper);
  if (order > 0 || (order === 0 && !(lowerInclusive && upperInclusive))) return undefined;
  return { lower, lowerInclusive, upper, upperInclusive };
}

/** Ranges that one and the same value lies in, as one range a path. */
export function intersection(ranges: readonly RangeFilter[]): Filter[] {
  const byPath = new Map<number, RangeFilter>();
  for (const filter of ranges) {
    const known = byPath.get(filter.path);
    if (known === undefined) {
      byPath.set(filter.path, filter);
      continue;
    }
    const range = intersectRanges(known.range, filter.range);
    if (range === undefined) return [nothing];
    byPath.set(filter.path, { ...filter, range, exact: known.exact && filter.exact });
  }
  return [...byPath.values()];
}

/**
 * The part of a conjunction that speaks of the keys of one path, as one range, and what is left of the conjunction.
 * Only for a path under which an item has one term: else each range may be met by another of its terms.
 */
export function rangeOn(path: number, filter: Filter): { readonly range: KeyRange | undefined; readonly rest: Filter } {
  const ranges: RangeFilter[] = [];
  const rest: Filter[] = [];
  for (const one of filter.kind === 'and' ? filter.of : [filter]) {
    if (one.kind === 'range' && one.path === path) ranges.push(one);
    else if (one.kind === 'equal' && one.path === path) {
      const { bytes } = one.key;
      // Existence is every value of the path.
      const range =
        bytes[0] === Tag.exists
          ? allValues
          : { lower: bytes, lowerInclusive: true, upper: bytes, upperInclusive: true };
      ranges.push({ kind: 'range', path, range, exact: one.key.exact });
    } else rest.push(one);
  }
  if (ranges.length === 0) return { range: undefined, rest: filter };
  const [both] = intersection(ranges);
  return both?.kind === 'range' ? { range: both.range, rest: conjunction(rest) } : { range: undefined, rest: nothing };
}

/** Whether terms are tested one by one to answer the filter: how many items pass cannot be estimated. */
export function hasTest(filter: Filter): boolean {
  switch (filter.kind) {
    case 'test':
      return true;
    case 'and':
    case 'or':
      return filter.of.some(hasTest);
    case 'not':
      return hasTest(filter.of);
    default:
      return false;
  }
}

/** Whether the filter's answer can be exact: whether it is, only asking tells. */
export function mayBeExact(filter: Filter): boolean {
  switch (filter.kind) {
    case 'test':
      return true;
    case 'and':
      // A range whose items must be looked at, if there are any.
      if (filter.of.length === 2 && filter.of[0]!.kind === 'range' && filter.of[1]!.kind === 'unknown') return true;
      return filter.of.every(mayBeExact);
    case 'or':
      return filter.of.every(mayBeExact);
    case 'not':
      return mayBeExact(filter.of);
    default:
      return isExact(filter);
  }
}
