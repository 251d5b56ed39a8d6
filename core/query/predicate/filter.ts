// From a predicate to what the index is asked: the items that satisfy it and perhaps more, never less. What the
// index cannot say is `unknown`; whoever reads the items tests them again unless the answer is exact.
//
// An exact filter finds just the items the compiled predicate (`compile.ts`) accepts, as far as translation goes:
// the lookup may still answer loosely (it leaves out costly ranges, and cut terms share keys) and then says so.
//
// What index and predicate do not share: a term belongs to an item, not to one element of an array, so several
// conditions on one element are met by terms of several; a position in an array is no step of an index path; and an
// absent value has no term, so that it is found as the complement of existence, exactly where no array is crossed.

import {
  isExact,
  allOf,
  anyOf,
  between,
  everything,
  exists,
  negated,
  nothing,
  overflowed,
  type Filter,
} from '../../../indexer/filter.ts';
import { idBetween, idEquals, idPrefixed } from '../../../indexer/identity.ts';
import { timePath, type PathDictionary } from '../../../indexer/paths.ts';
import { BsonType } from '../../../model/bson/types.ts';
import { textOfRaw, type Raw } from '../../../model/bson/walk.ts';
import { documentIdTextOf } from '../../../model/identity.ts';
import { instantOf } from '../../../model/instant.ts';
import { testsWholeArray, type Path, type Predicate, type Test } from '../../../model/predicate.ts';
import { compileTest } from './compile.ts';
import { literalPrefix } from './literal-prefix.ts';
import { absent } from './path.ts';
import { spotsOf, type Spot, type Spots } from './spots.ts';
import { timestampName } from './timestamped.ts';
import {
  inRange,
  isOrdered,
  longerThan,
  loosely,
  ofTypes,
  unknown,
  ValueFilters,
  type ValueBound,
} from './value-filter.ts';

export interface IndexFilter {
  readonly filter: Filter;
  /** True when the filter finds no item that the predicate refuses. */
  readonly exact: boolean;
}

/**
 * What the predicate sees: items as they are stored; items of another profile in MongoDB's view, where `_id` is the id
 * text or a typed form of it (`model/mongo-view.ts`); or items with the time of their version (`timestamped.ts`).
 */
export type PredicateView = 'stored' | 'mongo' | 'timestamped';

/** The property that a view shows beside the stored ones. */
const shownNames: Readonly<Record<PredicateView, string | undefined>> = {
  stored: undefined,
  mongo: '_id',
  timestamped: timestampName,
};

export function filterOf(predicate: Predicate, paths: PathDictionary, view: PredicateView = 'stored'): IndexFilter {
  const filter = new Translation(paths, view).of(predicate, false);
  return { filter, exact: isExact(filter) };
}

/** Ids of one `$in` that are looked up one by one. */
const idsMax = 1000;

const noBytes = new Uint8Array(0);
const documentTypes = [BsonType.object, BsonType.array];

class Translation {
  readonly #paths: PathDictionary;
  readonly #view: PredicateView;
  readonly #values: ValueFilters;

  constructor(paths: PathDictionary, view: PredicateView) {
    this.#paths = paths;
    this.#view = view;
    this.#values = new ValueFilters(paths, (predicate, element) => this.#inElement(predicate, element));
  }

  /** The filter of a predicate or of its negation. Depth is that of the predicate. */
  of(predicate: Predicate, isNegated: boolean): Filter {
    switch (predicate.kind) {
      case 'constant':
        return predicate.value !== isNegated ? everything : nothing;
      case 'computed':
        return unknown;
      case 'not':
        return this.of(predicate.of, !isNegated);
      case 'and':
        return isNegated ? joined(anyOf, predicate.of, (of) => this.of(of, true)) : this.#conjunction(predicate.of);
      case 'or':
        return isNegated
          ? joined(allOf, predicate.of, (of) => this.of(of, true))
          : joined(anyOf, predicate.of, (of) => this.of(of, false));
      case 'path': {
        const filter = this.#path(predicate.path, predicate.test);
        if (!isNegated) return filter;
        return isExact(filter) ? complement(filter) : unknown;
      }
    }
  }

  #conjunction(of: readonly Predicate[]): Filter {
    const ranges = new Map<string, Predicate[]>();
    const rest: Predicate[] = [];
    for (const each of of) {
      if (each.kind !== 'path' || rangeEnd(each.test) === undefined) {
        rest.push(each);
        continue;
      }
      const name = JSON.stringify(each.path);
      const same = ranges.get(name);
      if (same === undefined) ranges.set(name, [each]);
      else same.push(each);
    }
    const filters = rest.map((each) => this.of(each, false));
    for (const same of ranges.values()) filters.push(...this.#ranges(same));
    return filters.length === 0 ? everything : allOf(...filters);
  }

  /** Comparisons of one path: one range where the path has one value per item. */
  #ranges(same: readonly Predicate[]): Filter[] {
    const first = same[0]!;
    if (same.length > 1 && first.kind === 'path') {
      const spot = onlySpot(this.#spots(first.path));
      if (spot !== undefined) {
        let from: ValueBound | undefined;
        let to: ValueBound | undefined;
        const rest: Predicate[] = [];
        for (const each of same) {
          const end = each.kind === 'path' ? rangeEnd(each.test) : undefined;
          if (end?.isLower === true && from === undefined) from = end.bound;
          else if (end?.isLower === false && to === undefined) to = end.bound;
          else rest.push(each);
        }
        return [inRange(spot.path, from, to), ...rest.map((each) => this.of(each, false))];
      }
    }
    return same.map((each) => this.of(each, false));
  }

  /** Undefined for what is shown and not stored. */
  #spots(path: Path): Spots | undefined {
    if (path[0] === shownNames[this.#view]) return undefined;
    return spotsOf(this.#paths, [], path);
  }

  #path(path: Path, test: Test): Filter {
    const spots = this.#spots(path);
    if (spots === undefined) {
      if (path.length > 1) return unknown;
      return this.#view === 'mongo' ? shownIdFilter(test) : timeFilter(test);
    }
    if (spots.excluded) return unknown;
    if (spots.isIdentity) return path.length === 1 ? identityFilter(test) : unknown;
    return this.#atSpots(spots, test, absentFilter(spots));
  }

  /** `absence`: the items on which the path may meet an absent value. */
  #atSpots(spots: Spots, test: Test, absence: Filter): Filter {
    const of = test.kind === 'exists' ? existence(spots) : this.#passing(spots, test);
    if (spots.overflow) of.push(overflowed);
    if (compileTest(test)(noBytes, absent, 0)) of.push(absence);
    return of.length === 0 ? nothing : anyOf(...of);
  }

  #passing(spots: Spots, test: Test): Filter[] {
    const whole = testsWholeArray(test);
    const at = (spot: Spot): Filter => this.#values.passing(spot, test);
    return [
      ...spots.values.map(at),
      ...(whole ? [] : spots.elements.map(at)),
      ...[...spots.loose, ...(whole ? [] : spots.looseElements), ...spots.pointed].map((spot) => loosely(at(spot))),
    ];
  }

  /** Items with a document in the array whose elements lie at `element` that satisfies the predicate. */
  #inElement(predicate: Predicate, element: Spot): Filter {
    switch (predicate.kind) {
      case 'constant':
        return predicate.value ? ofTypes(element.path, documentTypes) : nothing;
      case 'computed':
        return unknown;
      case 'not':
        return loosely(ofTypes(element.path, documentTypes));
      case 'and':
        // Each condition may be met by another element.
        return predicate.of.length === 1
          ? this.#inElement(predicate.of[0]!, element)
          : loosely(joined(allOf, predicate.of, (of) => this.#inElement(of, element)));
      case 'or':
        return joined(anyOf, predicate.of, (of) => this.#inElement(of, element));
      case 'path': {
        const spots = spotsOf(this.#paths, element.steps, predicate.path, true);
        if (spots.excluded || spots.isIdentity) return unknown;
        return this.#atSpots(spots, predicate.test, loosely(ofTypes(element.path, documentTypes)));
      }
    }
  }
}

function joined<Of>(
  join: (...of: readonly Filter[]) => Filter,
  of: readonly Of[],
  filterOfEach: (of: Of) => Filter,
): Filter {
  if (of.length === 0) return join === allOf ? everything : nothing;
  return join(...of.map(filterOfEach));
}

function complement(filter: Filter): Filter {
  if (filter.kind === 'all') return nothing;
  if (filter.kind === 'none') return everything;
  return filter.kind === 'not' ? filter.of : negated(filter);
}

/** The end of a range that a test is, when it is one that terms have in order. */
function rangeEnd(test: Test): { readonly isLower: boolean; readonly bound: ValueBound } | undefined {
  if (test.kind !== 'compare' || test.operator === 'eq' || !isOrdered(test.value)) return undefined;
  return {
    isLower: test.operator === 'gt' || test.operator === 'gte',
    bound: { value: test.value, inclusive: test.operator === 'gte' || test.operator === 'lte' },
  };
}

/** The one index path of a path that no array is at or on the way of. */
function onlySpot(spots: Spots | undefined): Spot | undefined {
  if (spots === undefined || spots.excluded || spots.overflow || spots.isIdentity || spots.crossesArrays)
    return undefined;
  return spots.values.length === 1 && spots.elements.length === 0 ? spots.values[0] : undefined;
}

/** Items on which the path may lead nowhere: those without the value that it leads to through objects alone. */
function absentFilter(spots: Spots): Filter {
  if (spots.overflow) return unknown;
  const filter = spots.direct === 0 ? everything : negated(exists(spots.direct));
  return spots.crossesArrays ? loosely(filter) : filter;
}

function existence(spots: Spots): Filter[] {
  return [
    ...spots.values.map(({ path }) => exists(path)),
    ...spots.loose.map(({ path }) => loosely(exists(path))),
    // An array longer than the position has an element there.
    ...spots.pointed.map(({ array, position }) => loosely(longerThan(array, position))),
  ];
}

/** `_id` as MongoDB shows it of items that other doors made: never absent, and equal to one value per id text. */
function shownIdFilter(test: Test): Filter {
  if (test.kind === 'exists') return everything;
  if (test.kind === 'compare' && test.operator === 'eq') return loosely(idEquals(documentIdTextOf(test.value)));
  if (test.kind !== 'in' || test.patterns.length > 0 || test.values.length > idsMax) return unknown;
  return loosely(joined(anyOf, test.values, (value) => idEquals(documentIdTextOf(value))));
}

/** The time of a version, of which the index knows the second. */
function timeFilter(test: Test): Filter {
  if (test.kind === 'exists') return everything;
  if (test.kind === 'allOf') return allOf(...test.tests.map(timeFilter));
  const instant = test.kind === 'compare' ? instantOf(test.value) : undefined;
  if (instant === undefined || test.kind !== 'compare') return unknown;
  const second = { value: instant.seconds, inclusive: true };
  const isLower = test.operator !== 'lt' && test.operator !== 'lte';
  const isUpper = test.operator !== 'gt' && test.operator !== 'gte';
  return loosely(between(timePath, isLower ? second : undefined, isUpper ? second : undefined));
}

/** The field whose string is the id of every item. */
function identityFilter(test: Test): Filter {
  const same = (value: Raw): Filter => (value.type === BsonType.string ? idEquals(textOfRaw(value)) : unknown);
  switch (test.kind) {
    case 'exists':
      return everything;
    case 'type':
      return test.types.includes(BsonType.string) ? everything : nothing;
    case 'compare': {
      if (test.operator === 'eq') return same(test.value);
      const end = rangeEnd(test);
      if (end === undefined || test.value.type !== BsonType.string) return unknown;
      const bound = { value: textOfRaw(test.value), inclusive: end.bound.inclusive };
      return end.isLower ? idBetween(bound, undefined) : idBetween(undefined, bound);
    }
    case 'in':
      if (test.patterns.length > 0 || test.values.length > idsMax) return unknown;
      return joined(anyOf, test.values, same);
    case 'matches': {
      const { text, whole } = literalPrefix(test.pattern);
      if (text === '') return unknown;
      return whole ? idPrefixed(text) : loosely(idPrefixed(text));
    }
    default:
      return unknown;
  }
}
