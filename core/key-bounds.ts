// What a predicate says of the keys of a table's items: the range in which those that satisfy it lie, and their
// partition key where it names one. It is never too small; what it leaves open the predicate itself decides.

import type { KeyRange } from '../indexer/filter.ts';
import { placesBetween, type PlaceBound } from '../indexer/key-order.ts';
import { hullOfRanges, intersectRanges } from '../indexer/key-range.ts';
import { BsonType } from '../model/bson/types.ts';
import { textOfRaw, type Raw } from '../model/bson/walk.ts';
import { conjunction, type ComparisonOperator, type Predicate } from '../model/predicate.ts';

export interface KeyNames {
  readonly partitionKey: string;
  readonly id: string;
}

/** A condition on one of the two texts; `eq` holds for any of several. */
interface Comparison {
  readonly operator: ComparisonOperator;
  readonly texts: readonly string[];
}

/** Levels of a predicate that are looked into: below them nothing is said of keys. */
const depthMax = 32;

const allPlaces = placesBetween(undefined, undefined);

/** Range of the keys of the items that may satisfy the predicate; undefined when there are none. */
export function keyRangeOf(predicate: Predicate, names: KeyNames, depth = 0): KeyRange | undefined {
  if (depth > depthMax) return allPlaces;
  switch (predicate.kind) {
    case 'and': {
      let range: KeyRange | undefined = rangeOfComparisons(predicate.of, names);
      for (const each of predicate.of) {
        if (range === undefined) return undefined;
        if (each.kind === 'path') continue;
        const inner = keyRangeOf(each, names, depth + 1);
        range = inner && intersectRanges(range, inner);
      }
      return range;
    }
    case 'or': {
      let range: KeyRange | undefined;
      for (const each of predicate.of) {
        const inner = keyRangeOf(each, names, depth + 1);
        if (inner !== undefined) range = range === undefined ? inner : hullOfRanges(range, inner);
      }
      return range;
    }
    case 'path':
      return rangeOfComparisons([predicate], names);
    case 'constant':
      return predicate.value ? allPlaces : undefined;
    case 'not':
    case 'computed':
      return allPlaces;
  }
}

/** The partition key that every item has that satisfies the predicate; undefined when it names none. */
export function partitionKeyNamed(predicate: Predicate, { partitionKey }: KeyNames): string | undefined {
  for (const each of predicate.kind === 'and' ? predicate.of : [predicate]) {
    const found = comparisonOf(each, partitionKey);
    if (found?.operator === 'eq' && found.texts.length === 1) return found.texts[0];
  }
  return undefined;
}

/** The conditions that the range of keys does not answer already. */
export function besideKeys(predicate: Predicate, names: KeyNames): Predicate {
  const of = predicate.kind === 'and' ? predicate.of : [predicate];
  const isNamed = partitionKeyNamed(predicate, names) !== undefined;
  const left = of.filter(
    (each) =>
      !isAnswered(comparisonOf(each, names.partitionKey)) && !(isNamed && isAnswered(comparisonOf(each, names.id))),
  );
  return left.length === of.length ? predicate : conjunction(left);
}

/** Of several texts the range holds also what lies between them. */
function isAnswered(comparison: Comparison | undefined): boolean {
  return comparison?.texts.length === 1;
}

function comparisonOf(predicate: Predicate, name: string): Comparison | undefined {
  if (predicate.kind !== 'path' || predicate.path.length !== 1 || predicate.path[0] !== name) return undefined;
  const { test } = predicate;
  if (test.kind === 'in') {
    if (test.patterns.length > 0 || test.values.length === 0 || !test.values.every(isText)) return undefined;
    return { operator: 'eq', texts: test.values.map(textOfRaw) };
  }
  if (test.kind !== 'compare' || !isText(test.value)) return undefined;
  return { operator: test.operator, texts: [textOfRaw(test.value)] };
}

function isText({ type }: Raw): boolean {
  return type === BsonType.string;
}

function rangeOfComparisons(of: readonly Predicate[], names: KeyNames): KeyRange | undefined {
  let range: KeyRange | undefined = allPlaces;
  let only: string | undefined;
  for (const each of of) {
    const found = comparisonOf(each, names.partitionKey);
    if (found === undefined) continue;
    if (found.operator === 'eq' && found.texts.length === 1) only = found.texts[0];
    const inner = rangeOfComparison(found, (partitionKey, inclusive) => ({ partitionKey, id: undefined, inclusive }));
    range = range && intersectRanges(range, inner);
  }
  if (only === undefined || range === undefined) return range;
  const partitionKey = only;
  for (const each of of) {
    const found = comparisonOf(each, names.id);
    if (found === undefined) continue;
    const inner = rangeOfComparison(found, (id, inclusive) => ({ partitionKey, id, inclusive }));
    range = range && intersectRanges(range, inner);
  }
  return range;
}

function rangeOfComparison(
  { operator, texts }: Comparison,
  boundOf: (text: string, inclusive: boolean) => PlaceBound,
): KeyRange {
  const [first] = texts as readonly [string];
  switch (operator) {
    case 'eq':
      return texts
        .map((text) => placesBetween(boundOf(text, true), boundOf(text, true)))
        .reduce((all, one) => hullOfRanges(all, one));
    case 'gte':
      return placesBetween(boundOf(first, true), undefined);
    case 'lte':
      return placesBetween(undefined, boundOf(first, true));
    case 'gt':
      return placesBetween(boundOf(first, false), undefined);
    case 'lt':
      return placesBetween(undefined, boundOf(first, false));
  }
}
