// The SQL view (data-model.md "Views") in terms: which type tags are which kind of value. Every type that JSON lacks
// is an object there, and so are NaN and the infinities, which lie among the numbers; Decimal128 beyond the range of
// doubles is a number to comparisons and an object to the order of values and to a step into it.

import { anyOf, between, equal, typeIs, type Bound, type Filter, type KeyRange } from '../../../indexer/filter.ts';
import { keyOf, Tag } from '../../../indexer/term-key.ts';
import type { ValueKind } from '../semantics.ts';

function range(path: number, lower: readonly number[], upper: readonly number[]): Filter {
  const bounds: KeyRange = {
    lower: Uint8Array.from(lower),
    lowerInclusive: true,
    upper: Uint8Array.from(upper),
    upperInclusive: false,
  };
  return { kind: 'range', path, range: bounds, exact: true };
}

const aboveNumbers: Bound = { value: Infinity, inclusive: false };
const belowNumbers: Bound = { value: -Infinity, inclusive: false };

/** Numbers of the language between two bounds that are numbers: without NaN and the infinities. */
export function numbersBetween(path: number, from: Bound | undefined, to: Bound | undefined): Filter {
  return between(path, from ?? belowNumbers, to ?? aboveNumbers);
}

/** Values of types that JSON lacks. */
function foreignTypes(path: number): Filter {
  return anyOf(
    range(path, [Tag.minKey], [Tag.null]),
    range(path, [Tag.symbol], [Tag.object]),
    range(path, [Tag.array + 1], [0xff]),
  );
}

/** Typed values: all that is an object to the language and is not stored as one. */
function typedValues(path: number): Filter {
  return anyOf(foreignTypes(path), ...[NaN, Infinity, -Infinity].map((value) => equal(path, value)));
}

/** Values that a step goes into as the object that stands for them: typed values, and decimals no double can be. */
export function steppedInto(path: number): Filter {
  return anyOf(
    foreignTypes(path),
    equal(path, NaN),
    between(path, { value: Number.MAX_VALUE, inclusive: false }, { value: Infinity, inclusive: true }),
    between(path, { value: -Infinity, inclusive: true }, { value: -Number.MAX_VALUE, inclusive: false }),
  );
}

/** Items with a value of that kind at the path. */
export function ofKind(path: number, kind: Exclude<ValueKind, 'undefined'>): Filter {
  switch (kind) {
    case 'null':
      return equal(path, null);
    case 'boolean':
      return typeIs(path, [Tag.false, Tag.true]);
    case 'number':
      return numbersBetween(path, undefined, undefined);
    case 'string':
      return typeIs(path, [Tag.string]);
    case 'array':
      return typeIs(path, [Tag.array]);
    case 'object':
      return anyOf(typeIs(path, [Tag.object]), typedValues(path));
  }
}

function keyRange(from: number | Uint8Array, to: number | Uint8Array, includesEnds = false): KeyRange {
  const bytes = (bound: number | Uint8Array): Uint8Array => (typeof bound === 'number' ? Uint8Array.of(bound) : bound);
  return {
    lower: bytes(from),
    lowerInclusive: typeof from === 'number' || includesEnds,
    upper: bytes(to),
    upperInclusive: includesEnds,
  };
}

const numberKey = (value: number): Uint8Array => keyOf(value)!.bytes;

/**
 * Keys of values whose place in the order of the language is not that of their terms: arrays, and all that is an
 * object. Decimals beside the greatest doubles are among them: some round to a double, the others are objects.
 */
export const outOfOrder: readonly KeyRange[] = [
  keyRange(Tag.minKey, Tag.null),
  keyRange(numberKey(NaN), numberKey(NaN), true),
  { ...keyRange(numberKey(-Infinity), numberKey(-Number.MAX_VALUE)), lowerInclusive: true },
  { ...keyRange(numberKey(Number.MAX_VALUE), numberKey(Infinity)), upperInclusive: true },
  keyRange(Tag.symbol, 0xff),
];

/** Keys from null to the last string: where terms lie in the order of the language, but for what is `outOfOrder`. */
export const orderedKeys: KeyRange = {
  lower: Uint8Array.of(Tag.null),
  lowerInclusive: true,
  upper: Uint8Array.of(Tag.string + 1),
  upperInclusive: false,
};

/** Keys of values below and above those. */
export const unorderedKeys: readonly KeyRange[] = [keyRange(Tag.minKey, Tag.null), keyRange(Tag.symbol, 0xff)];

/** Arrays at the path with a number of elements between two, both included. */
export function lengthBetween(path: number, least: number, most: number): Filter {
  const key = (length: number): Uint8Array => {
    const bytes = new Uint8Array(5);
    bytes[0] = Tag.array;
    new DataView(bytes.buffer).setUint32(1, length);
    return bytes;
  };
  if (least > most) return { kind: 'none' };
  if (least === most) return { kind: 'equal', path, key: { bytes: key(least), exact: true } };
  const bounds: KeyRange = { lower: key(least), lowerInclusive: true, upper: key(most), upperInclusive: true };
  return { kind: 'range', path, range: bounds, exact: true };
}

/** Longest array a length term can tell. */
export const arrayLengthMax = 2 ** 32 - 1;

/** Objects that have fields: which ones, only the items tell. */
export function objectsWithFields(path: number): Filter {
  return { kind: 'equal', path, key: { bytes: Uint8Array.of(Tag.object, 1), exact: false } };
}
