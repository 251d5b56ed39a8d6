// What the index says of the values at one index path: the filter of the items that have a value there which passes
// a test. Where a term says less than the value, or the test asks more than terms tell, the answer holds all such
// items and perhaps more, and says so (`isExact`). Tests of absent values are not its business.
//
// Recursion goes into objects and arrays of an operand (`operandLevelsMax`) and into element conditions, whose depth
// the translator has bounded.

import {
  allOf,
  anyOf,
  arrayLength,
  between,
  equal,
  isExact,
  nothing,
  oneOf,
  overflowed,
  prefixed,
  prefixRange,
  typeIs,
  type Bound,
  type Filter,
  type TermTest,
} from '../../../indexer/filter.ts';
import type { PathDictionary } from '../../../indexer/paths.ts';
import { anyElement, type PathStep } from '../../../indexer/policy.ts';
import { Tag } from '../../../indexer/term-key.ts';
import { BsonType } from '../../../model/bson/types.ts';
import { ElementCursor, Raw } from '../../../model/bson/walk.ts';
import { readFloat64, utf8 } from '../../../model/bytes.ts';
import { compareRaw, mongoRank } from '../../../model/order.ts';
import type { ComparisonOperator, Pattern, Predicate, Test } from '../../../model/predicate.ts';
import { valueOf } from '../../../model/value.ts';
import { compileTest } from './compile.ts';
import { literalPrefix } from './literal-prefix.ts';
import { known, type Spot } from './spots.ts';
import { numberTest, textTest } from './term-test.ts';

export const unknown: Filter = { kind: 'unknown' };

/** How conditions on the documents in an array are answered; given by `filter.ts`, which answers whole predicates. */
export type ElementFilter = (predicate: Predicate, element: Spot) => Filter;

/** Levels of an object or array operand that are looked up; what lies deeper is left to the residual test. */
const operandLevelsMax = 4;
/** Fields or elements of one operand that are looked up. */
const operandPartsMax = 8;

/** The same items, and the word that there may be too many of them. */
export function loosely(filter: Filter): Filter {
  switch (filter.kind) {
    case 'none':
    case 'unknown':
      return filter;
    case 'all':
      return unknown;
    case 'range':
      return { ...filter, exact: false };
    case 'equal':
      return { ...filter, key: { ...filter.key, exact: false } };
    default:
      return isExact(filter) ? allOf(filter, unknown) : filter;
  }
}

const tagsOfType: ReadonlyMap<number, number | readonly number[]> = new Map<number, number | readonly number[]>([
  [BsonType.double, Tag.number],
  [BsonType.int32, Tag.number],
  [BsonType.int64, Tag.number],
  [BsonType.decimal128, Tag.number],
  [BsonType.string, Tag.string],
  [BsonType.symbol, Tag.symbol],
  [BsonType.object, Tag.object],
  [BsonType.array, Tag.array],
  [BsonType.binary, Tag.binary],
  [BsonType.undefined, Tag.undefined],
  [BsonType.objectId, Tag.objectId],
  [BsonType.boolean, [Tag.false, Tag.true]],
  [BsonType.date, Tag.date],
  [BsonType.null, Tag.null],
  [BsonType.regex, Tag.regex],
  [BsonType.dbPointer, Tag.dbPointer],
  [BsonType.code, Tag.code],
  [BsonType.codeWithScope, Tag.codeWithScope],
  [BsonType.timestamp, Tag.timestamp],
  [BsonType.minKey, Tag.minKey],
  [BsonType.maxKey, Tag.maxKey],
]);

const numberTypes = [BsonType.double, BsonType.int32, BsonType.int64, BsonType.decimal128];

/** Items with a value of one of these element types. Number types share a tag. */
export function ofTypes(path: number, types: readonly number[]): Filter {
  const tags = [...new Set(types.flatMap((type) => tagsOfType.get(type) ?? []))];
  if (tags.length === 0) return nothing;
  const numbers = numberTypes.filter((type) => types.includes(type)).length;
  const found = typeIs(path, tags);
  return numbers === 0 || numbers === numberTypes.length ? found : anyOf(loosely(typeIs(path, [Tag.number])), found);
}

/** Items with an array of more than so many elements. */
export function longerThan(path: number, length: number): Filter {
  const lower = new Uint8Array(5);
  lower[0] = Tag.array;
  new DataView(lower.buffer).setUint32(1, length + 1);
  return {
    kind: 'range',
    path,
    range: { lower, lowerInclusive: true, upper: new Uint8Array([Tag.array + 1]), upperInclusive: false },
    exact: true,
  };
}

/** The text as the other type of text: strings and symbols compare as one. */
function twinOf(value: Raw): Raw {
  const type = value.type === BsonType.string ? BsonType.symbol : BsonType.string;
  return new Raw(value.bytes, type, value.start, value.end);
}

function isText(value: Raw): boolean {
  return value.type === BsonType.string || value.type === BsonType.symbol;
}

function isNaNValue(value: Raw): boolean {
  if (value.type === BsonType.double) return Number.isNaN(readFloat64(value.bytes, value.start));
  return value.type === BsonType.decimal128 && (value.bytes[value.start + 15]! & 0x7c) === 0x7c;
}

/** Types whose terms stand in the order of their values, apart from text. */
const orderedTypes: ReadonlySet<number> = new Set<number>([
  ...numberTypes,
  BsonType.binary,
  BsonType.objectId,
  BsonType.boolean,
  BsonType.date,
  BsonType.timestamp,
  BsonType.regex,
  BsonType.code,
]);

/** True when one range of terms can stand for comparisons with the value. */
export function isOrdered(value: Raw): boolean {
  return (isText(value) || orderedTypes.has(value.type)) && !isNaNValue(value);
}

function boundOf(value: Raw, inclusive: boolean): Bound {
  return { value: valueOf(value), inclusive };
}

export interface ValueBound {
  readonly value: Raw;
  readonly inclusive: boolean;
}

/** Items with one value between two bounds, of which at least one is given and both are ordered. */
export function inRange(path: number, from: ValueBound | undefined, to: ValueBound | undefined): Filter {
  const { value } = (from ?? to)!;
  if (from !== undefined && to !== undefined && mongoRank.ofType[from.value.type] !== mongoRank.ofType[to.value.type])
    return nothing;
  if (from !== undefined && to !== undefined) {
    const order = compareRaw(from.value, to.value, mongoRank);
    if (order > 0 || (order === 0 && !(from.inclusive && to.inclusive))) return nothing;
  }
  const bound = (end: ValueBound | undefined, turn: (given: Raw) => Raw): Bound | undefined =>
    end && boundOf(turn(end.value), end.inclusive);
  if (!isText(value)) {
    const same = (given: Raw): Raw => given;
    return between(path, bound(from, same), bound(to, same));
  }
  const as =
    (type: number) =>
    (given: Raw): Raw =>
      given.type === type ? given : twinOf(given);
  const [text, symbol] = [as(BsonType.string), as(BsonType.symbol)];
  return anyOf(
    between(path, bound(from, text), bound(to, text)),
    between(path, bound(from, symbol), bound(to, symbol)),
  );
}

/** Answers tests at spots of one dictionary. */
export class ValueFilters {
  readonly #paths: PathDictionary;
  readonly #elementFilter: ElementFilter;

  constructor(paths: PathDictionary, elementFilter: ElementFilter) {
    this.#paths = paths;
    this.#elementFilter = elementFilter;
  }

  /** Items that have a value at the spot which passes. */
  passing(spot: Spot, test: Test): Filter {
    const { path } = spot;
    switch (test.kind) {
      case 'compare':
        return this.#compared(spot, test.operator, test.value);
      case 'in':
        return this.#member(spot, test.values, test.patterns);
      case 'type':
        return ofTypes(path, test.types);
      case 'size':
        return test.count > 0xffffffff ? nothing : arrayLength(path, test.count);
      case 'modulo':
        return tested(typeIs(path, [Tag.number]), numberTest(compileTest(test)));
      case 'bits':
        return anyOf(
          tested(typeIs(path, [Tag.number]), numberTest(compileTest(test))),
          loosely(typeIs(path, [Tag.binary])),
        );
      case 'matches':
        return this.#matched(path, test.pattern);
      case 'elementMatches':
        return this.#inElements(spot, (element) => this.#elementFilter(test.predicate, element));
      case 'elementPasses':
        return this.#inElements(spot, (element) => this.#passingAlone(spot, element, test.test));
      case 'allOf':
        return this.#allOf(spot, test.tests);
      case 'exists':
      case 'notTest':
        return unknown;
    }
  }

  #inElements({ steps }: Spot, filterOf: (element: Spot) => Filter): Filter {
    const inside: readonly PathStep[] = [...steps, anyElement];
    const path = known(this.#paths, inside);
    if (path === 'absent') return nothing;
    if (path === 'overflow') return overflowed;
    return typeof path === 'number' ? filterOf({ steps: inside, path }) : unknown;
  }

  #passingAlone(array: Spot, element: Spot, test: Test): Filter {
    const filter = this.passing(element, test);
    // Any element may do, but there must be one.
    return filter.kind === 'unknown' ? loosely(longerThan(array.path, 0)) : filter;
  }

  #allOf(spot: Spot, tests: readonly Test[]): Filter {
    const rest: Test[] = [];
    let from: ValueBound | undefined;
    let to: ValueBound | undefined;
    for (const test of tests) {
      if (test.kind === 'compare' && test.operator !== 'eq' && isOrdered(test.value)) {
        const inclusive = test.operator === 'gte' || test.operator === 'lte';
        const isLower = test.operator === 'gt' || test.operator === 'gte';
        if (isLower && from === undefined) {
          from = { value: test.value, inclusive };
          continue;
        }
        if (!isLower && to === undefined) {
          to = { value: test.value, inclusive };
          continue;
        }
      }
      rest.push(test);
    }
    const of = rest.map((test) => this.passing(spot, test));
    if (from !== undefined || to !== undefined) of.push(inRange(spot.path, from, to));
    // Several conditions may be met by several values.
    return of.length === 1 ? of[0]! : of.length === 0 ? unknown : loosely(allOf(...of));
  }

  #compared(spot: Spot, operator: ComparisonOperator, value: Raw): Filter {
    if (operator === 'eq') return this.#same(spot, value, 0);
    const { path } = spot;
    const inclusive = operator === 'gte' || operator === 'lte';
    const isLower = operator === 'gt' || operator === 'gte';
    const same = inclusive ? this.#same(spot, value, 0) : nothing;
    if (value.type === BsonType.null || isNaNValue(value)) return same;
    if (value.type === BsonType.minKey || value.type === BsonType.maxKey)
      return (value.type === BsonType.maxKey) === isLower ? same : unknown;
    if (!isOrdered(value)) return loosely(ofTypes(path, rankMates(value.type)));
    return isLower ? inRange(path, { value, inclusive }, undefined) : inRange(path, undefined, { value, inclusive });
  }

  /** Items with a value at the spot that equals this one. */
  #same(spot: Spot, value: Raw, level: number): Filter {
    const { path } = spot;
    switch (value.type) {
      case BsonType.object:
      case BsonType.array:
        return this.#sameInside(spot, value, level);
      case BsonType.codeWithScope:
        return loosely(typeIs(path, [Tag.codeWithScope]));
      case BsonType.string:
      case BsonType.symbol:
        return oneOf(path, [valueOf(value), valueOf(twinOf(value))]);
      default:
        return equal(path, valueOf(value));
    }
  }

  /** An equal object or array has equal parts, each a value at an index path of its own. */
  #sameInside({ steps, path }: Spot, value: Raw, level: number): Filter {
    const of = [equal(path, value)];
    const cursor = new ElementCursor(value.bytes, value.start);
    for (let i = 0; level < operandLevelsMax && i < operandPartsMax && cursor.next(); i++) {
      const inside: readonly PathStep[] = [...steps, value.type === BsonType.array ? anyElement : cursor.name()];
      const part = known(this.#paths, inside);
      if (part === 'absent') return nothing;
      if (typeof part === 'number') of.push(this.#same({ steps: inside, path: part }, cursor.raw(), level + 1));
    }
    return of.length === 1 ? of[0]! : loosely(allOf(...of));
  }

  #member(spot: Spot, values: readonly Raw[], patterns: readonly Pattern[]): Filter {
    const simple: Raw[] = [];
    const of: Filter[] = [];
    for (const value of values) {
      if (value.type === BsonType.object || value.type === BsonType.array || value.type === BsonType.codeWithScope)
        of.push(this.#same(spot, value, 0));
      else {
        simple.push(value);
        if (isText(value)) simple.push(twinOf(value));
      }
    }
    if (simple.length > 0) of.push(oneOf(spot.path, simple.map(valueOf)));
    for (const pattern of patterns) of.push(this.#matched(spot.path, pattern));
    return of.length === 0 ? nothing : anyOf(...of);
  }

  #matched(path: number, pattern: Pattern): Filter {
    const { text, whole } = literalPrefix(pattern);
    const bytes = utf8(`${pattern.source}\0${[...pattern.options].sort().join('')}\0`);
    const found = text === '' ? typeIs(path, [Tag.string, Tag.symbol]) : prefixedText(path, text);
    return anyOf(
      whole ? found : tested(found, textTest(pattern)),
      // A stored pattern matches when it is the same one.
      equal(path, new Raw(bytes, BsonType.regex, 0, bytes.length)),
    );
  }
}

/** The items of ranges whose terms pass a test too. */
function tested(ranges: Filter, passes: TermTest): Filter {
  if (ranges.kind === 'or') return anyOf(...ranges.of.map((range) => tested(range, passes)));
  return ranges.kind === 'range' ? { kind: 'test', path: ranges.path, range: ranges.range, passes } : loosely(ranges);
}

/** Strings and symbols that begin so. */
function prefixedText(path: number, text: string): Filter {
  const strings = prefixed(path, text);
  if (strings.kind !== 'range') return strings;
  const lower = strings.range.lower.slice();
  lower[0] = Tag.symbol;
  return anyOf(strings, { ...strings, range: prefixRange(lower) });
}

/** Types that compare with values of this type. */
function rankMates(type: number): readonly number[] {
  const rank = mongoRank.ofType[type];
  return [...tagsOfType.keys()].filter((other) => mongoRank.ofType[other] === rank);
}
