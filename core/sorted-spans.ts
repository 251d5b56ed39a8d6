// MongoDB's order of values as spans of the terms of one index path: where a sort by that path can walk the index.
// Terms stand by type tag and then by value; the spans put the tags into MongoDB's order of types. Where terms do not
// tell the order (cut texts, objects, types whose bytes do not sort as their values) a span says so, and its items
// are put in order by their values.

import { anyOf, equal, exists, negated, prefixRange, typeIs, type Filter, type KeyRange } from '../indexer/filter.ts';
import { Tag } from '../indexer/term-key.ts';
import type { View } from '../indexer/view.ts';
import { count, estimate } from '../indexer/lookup.ts';
import type { PathDictionary } from '../indexer/paths.ts';
import type { Path } from '../model/predicate.ts';
import { spotsOf } from './query/predicate/spots.ts';

export type Span =
  /** Items without a value, and those whose value is null: equal in a sort. */
  { readonly kind: 'missing'; readonly filter: Filter } | { readonly kind: 'terms'; readonly range: KeyRange };

/** Objects of one path that are put in order by value; more of them are sorted with all other items. */
const objectsMax = 4096;

const before = [Tag.minKey, Tag.undefined];
const after = [
  Tag.number,
  Tag.string,
  Tag.object,
  Tag.binary,
  Tag.objectId,
  [Tag.false, Tag.true],
  Tag.date,
  Tag.timestamp,
  Tag.regex,
  Tag.code,
  Tag.maxKey,
] as const;

/** Types that stand apart in the index and together, or otherwise, in the order. */
const disordered = [Tag.symbol, Tag.dbPointer, Tag.codeWithScope];

/** The index path that holds one value per item for the path, or undefined when there may be several, or none. */
export function onlyPath(paths: PathDictionary, path: Path): number | undefined {
  const spots = spotsOf(paths, [], path);
  if (spots.excluded || spots.overflow || spots.isIdentity || spots.crossesArrays) return undefined;
  return spots.values.length === 1 && spots.elements.length === 0 ? spots.values[0]!.path : undefined;
}

/** The spans of ascending order; undefined when the index cannot give it. */
export function spansOf(view: View, path: number): readonly Span[] | undefined {
  if (hasMore(view, typeIs(path, disordered), 0)) return undefined;
  if (hasMore(view, typeIs(path, [Tag.object]), objectsMax)) return undefined;
  return [
    ...before.map(span),
    { kind: 'missing', filter: anyOf(equal(path, null), negated(exists(path))) },
    ...after.map(span),
  ];
}

/** Estimates of ranges in segments are sums of whole blocks: where they say too many, the items are counted. */
function hasMore(view: View, filter: Filter, most: number): boolean {
  return estimate(view, filter) > most && count(view, filter).count > most;
}

function span(tags: number | readonly [number, number]): Span {
  if (typeof tags === 'number') return { kind: 'terms', range: prefixRange(new Uint8Array([tags])) };
  const range = prefixRange(new Uint8Array([tags[0]]));
  return { kind: 'terms', range: { ...range, upper: prefixRange(new Uint8Array([tags[1]])).upper } };
}
