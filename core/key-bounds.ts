// What a predicate says of the keys of a table's items: the range in which those that satisfy it lie, and their
// partition key where it names one. It is never too small; what it leaves open the predicate itself decides.

import type { KeyRange } from '../indexer/filter.ts';
import { placesBetween, type PlaceBound } from '../indexer/key-order.ts';
import { hullOfRanges, intersectRanges, isEmptyRange } from '../indexer/key-range.ts';
import { BsonType } from '../model/bson/types.ts';
import { textOfRaw, type Raw } from '../model/bson/walk.ts';
import { compareText } from '../model/order.ts';
import { conjunction, type ComparisonOperator, type Predicate, type Test } from '../model/predicate.ts';

export interface KeyNames {
  readonly partitionKey: string;
  readonly id: string;
}

export interface KeyBounds {
  /** Where the keys of the items lie that may satisfy the predicate; undefined when there are none. */
  readonly range: KeyRange | undefined;
  /** The partition key that every item has that satisfies it; undefined when it names none. */
  readonly partitionKey: string | undefined;
  /** The conditions that the range does not answer already. */
  readonly rest: Predicate;
}

/** Levels of a predicate that are looked into: below them nothing is said of keys. */
const depthMax = 32;

const allPlaces = placesBetween(undefined, undefined);

export function keyBoundsOf(predicate: Predicate, names: KeyNames): KeyBounds {
  if (predicate.kind === 'and' || predicate.kind === 'path')
    return boundsOfConjunction(predicate.kind === 'and' ? predicate.of : [predicate], names, 0);
  return { range: keyRangeOf(predicate, names, 0), partitionKey: undefined, rest: predicate };
}

function keyRangeOf(predicate: Predicate, names: KeyNames, depth: number): KeyRange | undefined {
  if (depth > depthMax) return allPlaces;
  switch (predicate.kind) {
    case 'and':
      return boundsOfConjunction(predicate.of, names, depth).range;
    case 'path':
      return boundsOfConjunction([predicate], names, depth).range;
    case 'or': {
      let range: KeyRange | undefined;
      for (const each of predicate.of) {
        const inner = keyRangeOf(each, names, depth + 1);
        if (inner !== undefined) range = range === undefined ? inner : hullOfRanges(range, inner);
      }
      return range;
    }
    case 'constant':
      return predicate.value ? allPlaces : undefined;
    case 'not':
    case 'computed':
      return allPlaces;
  }
}

function boundsOfConjunction(of: readonly Predicate[], names: KeyNames, depth: number): KeyBounds {
  const keys = new TextRange();
  const ids = new TextRange();
  const idConditions: Predicate[] = [];
  const rest: Predicate[] = [];
  let partitionKey: string | undefined;
  for (const each of of) {
    const name = each.kind === 'path' && each.path.length === 1 ? each.path[0] : undefined;
    if (each.kind !== 'path' || (name !== names.id && name !== names.partitionKey)) rest.push(each);
    else if (!(name === names.id ? ids : keys).narrow(each.test)) rest.push(each);
    else if (name === names.id) idConditions.push(each);
    // Where another condition excludes it there is no such item.
    else if (isEquality(each.test)) partitionKey ??= keys.lower;
  }
  // Ids are in order within one partition key alone.
  if (partitionKey === undefined) rest.push(...idConditions);
  let range = rangeOf(partitionKey, keys, ids);
  for (const each of of) {
    if (range === undefined) break;
    if (each.kind === 'path') continue;
    const inner = keyRangeOf(each, names, depth + 1);
    range = inner && (inner === allPlaces ? range : intersectRanges(range, inner));
  }
  return { range, partitionKey, rest: conjunction(rest) };
}

function isEquality(test: Test): boolean {
  return test.kind === 'in' || (test.kind === 'compare' && test.operator === 'eq');
}

function isText({ type }: Raw): boolean {
  return type === BsonType.string;
}

/** Between which texts all those lie that satisfy some comparisons. */
class TextRange {
  /** Undefined: open. */
  lower: string | undefined;
  lowerInclusive = true;
  upper: string | undefined;
  upperInclusive = true;

  /** Takes a test on the text; true when what it asks for is just what lies within. */
  narrow(test: Test): boolean {
    if (test.kind === 'in') {
      const { values } = test;
      if (test.patterns.length > 0 || values.length === 0 || !values.every(isText)) return false;
      const texts = values.map(textOfRaw);
      this.#above(
        texts.reduce((a, b) => (compareText(a, b) <= 0 ? a : b)),
        true,
      );
      this.#below(
        texts.reduce((a, b) => (compareText(a, b) >= 0 ? a : b)),
        true,
      );
      // The range holds also what lies between them.
      return values.length === 1;
    }
    if (test.kind !== 'compare' || !isText(test.value)) return false;
    this.#compare(test.operator, textOfRaw(test.value));
    return true;
  }

  #compare(operator: ComparisonOperator, text: string): void {
    if (operator !== 'lt' && operator !== 'lte') this.#above(text, operator !== 'gt');
    if (operator !== 'gt' && operator !== 'gte') this.#below(text, operator !== 'lt');
  }

  #above(text: string, inclusive: boolean): void {
    const order = this.lower === undefined ? 1 : compareText(text, this.lower);
    if (order > 0) {
      this.lower = text;
      this.lowerInclusive = inclusive;
    } else if (order === 0 && !inclusive) this.lowerInclusive = false;
  }

  #below(text: string, inclusive: boolean): void {
    const order = this.upper === undefined ? -1 : compareText(text, this.upper);
    if (order < 0) {
      this.upper = text;
      this.upperInclusive = inclusive;
    } else if (order === 0 && !inclusive) this.upperInclusive = false;
  }

  /** Whether this text alone may lie within; it was one of the equalities. */
  isOnly(text: string): boolean {
    return this.lower === text && this.lowerInclusive && this.upper === text && this.upperInclusive;
  }
}

function rangeOf(partitionKey: string | undefined, keys: TextRange, ids: TextRange): KeyRange | undefined {
  let from: PlaceBound | undefined;
  let to: PlaceBound | undefined;
  if (partitionKey !== undefined) {
    if (!keys.isOnly(partitionKey)) return undefined;
    from = { partitionKey, id: ids.lower, inclusive: ids.lowerInclusive };
    to = { partitionKey, id: ids.upper, inclusive: ids.upperInclusive };
  } else {
    const { lower, lowerInclusive, upper, upperInclusive } = keys;
    if (lower !== undefined) from = { partitionKey: lower, id: undefined, inclusive: lowerInclusive };
    if (upper !== undefined) to = { partitionKey: upper, id: undefined, inclusive: upperInclusive };
    if (from === undefined && to === undefined) return allPlaces;
  }
  const range = placesBetween(from, to);
  return isEmptyRange(range) ? undefined : range;
}
