// A sort document → order of raw documents. The key of a document is the least tuple it offers in the order asked
// for: a path that crosses an array offers one value per element, an absent field counts as null, an empty array
// as less than null. Two arrays side by side in one key have no meaningful tuple and are refused.
// Source: MongoDB manual, "cursor.sort()" and "Sort Consistency"; 32 keys at most.

import { BsonType } from '../../model/bson/types.ts';
import { childOf, ElementCursor, rawDocument, type Raw } from '../../model/bson/walk.ts';
import { compareValues, mongoRank } from '../../model/order.ts';
import type { Path } from '../../model/predicate.ts';
import { valueOf, type Value } from '../../model/value.ts';
import { fieldsOf, isNumber, numberOf } from './bson-input.ts';
import { badValue, MongoCode, MongoError } from './errors.ts';
import { fieldPath } from './field-path.ts';
import { isPosition } from './update/tree.ts';

export interface SortField {
  readonly path: Path;
  readonly direction: 1 | -1;
}

export type Sort =
  | { readonly kind: 'natural'; readonly direction: 1 | -1 }
  | { readonly kind: 'fields'; readonly fields: readonly SortField[] };

const fieldsMax = 32;

/** An empty document means no order: undefined. */
export function parseSort(spec: Uint8Array): Sort | undefined {
  const entries = fieldsOf(rawDocument(spec));
  if (entries.length === 0) return undefined;
  const natural = entries.find((entry) => entry.name === '$natural');
  if (natural !== undefined) {
    if (entries.length > 1) throw badValue('Cannot include $natural in compound sort');
    return { kind: 'natural', direction: directionOf(natural.value, '$natural') };
  }
  if (entries.length > fieldsMax) throw new MongoError(13103, `too many compound keys: at most ${fieldsMax}`);
  const seen = new Set<string>();
  const fields = entries.map(({ name, value }): SortField => {
    if (seen.has(name)) throw new MongoError(7472500, `$sort key must not contain duplicate keys (field: '${name}')`);
    seen.add(name);
    return { path: fieldPath(name), direction: directionOf(value, name) };
  });
  return { kind: 'fields', fields };
}

function directionOf(value: Raw, name: string): 1 | -1 {
  if (value.type === BsonType.object)
    throw new MongoError(MongoCode.NotImplemented, `sorting by $meta is not supported by this server`);
  if (!isNumber(value)) throw new MongoError(15974, `Illegal key in $sort specification: ${name}`);
  const direction = numberOf(value);
  if (direction !== 1 && direction !== -1)
    throw new MongoError(15975, '$sort key ordering must be 1 (for ascending) or -1 (for descending)');
  return direction;
}

/** One value per field, decoded once; undefined stands for an empty array. */
export type SortKey = readonly Value[];

export function compareSortKeys(fields: readonly SortField[]): (a: SortKey, b: SortKey) => number {
  return (a, b) => {
    for (let i = 0; i < fields.length; i++) {
      const result = compareValues(a[i], b[i], mongoRank);
      if (result !== 0) return result * fields[i]!.direction;
    }
    return 0;
  };
}

/** A field on its way: settled on a value, or standing before an array with the rest of its path from `next` on. */
interface Reach {
  readonly value: Value;
  readonly array: Raw | undefined;
  readonly next: number;
}

function settled(value: Value): Reach {
  return { value, array: undefined, next: 0 };
}

/** Follows the path from component `from` through objects, and through arrays only by position. */
function follow(start: Raw, path: Path, from: number): Reach {
  let value: Raw = start;
  for (let i = from; i < path.length; i++) {
    if (value.type === BsonType.array && !isPosition(path[i]!)) return { value: undefined, array: value, next: i };
    const child = childOf(value, path[i]!);
    if (child === undefined) return settled(null);
    value = child;
  }
  return value.type === BsonType.array
    ? { value: undefined, array: value, next: path.length }
    : settled(valueOf(value));
}

/** What gives a document's key in the order of these fields. */
export function sortKeyOf(fields: readonly SortField[]): (document: Uint8Array) => SortKey {
  const compare = compareSortKeys(fields);
  return (document) => {
    const root = rawDocument(document);
    const reached = fields.map((field) => follow(root, field.path, 0));
    return leastKey(fields, reached, compare);
  };
}

/** Recursion goes one level of nested arrays at a time, each inside an element of the one before. */
function leastKey(
  fields: readonly SortField[],
  reached: readonly Reach[],
  compare: (a: SortKey, b: SortKey) => number,
): SortKey {
  const array = reached.find((reach) => reach.array !== undefined)?.array;
  if (array === undefined) return reached.map((reach) => reach.value);
  for (const reach of reached)
    if (reach.array !== undefined && (reach.array.start !== array.start || reach.array.bytes !== array.bytes))
      throw badValue('cannot sort with keys that are parallel arrays');

  const elements = new ElementCursor(array.bytes, array.start);
  let least: SortKey | undefined;
  while (elements.next()) {
    const element = elements.raw();
    const inside = reached.map((reach, i) => {
      if (reach.array === undefined) return reach;
      const { path } = fields[i]!;
      if (reach.next === path.length) return settled(valueOf(element));
      return element.type === BsonType.object ? follow(element, path, reach.next) : settled(null);
    });
    const key = leastKey(fields, inside, compare);
    if (least === undefined || compare(key, least) < 0) least = key;
  }
  return (
    least ??
    reached.map((reach, i) =>
      reach.array === undefined ? reach.value : reach.next === fields[i]!.path.length ? undefined : null,
    )
  );
}

/** Order of two documents. Sorting many, compute `sortKeyOf` once each instead. */
export function compareDocuments(fields: readonly SortField[]): (a: Uint8Array, b: Uint8Array) => number {
  const keyOf = sortKeyOf(fields);
  const compare = compareSortKeys(fields);
  return (a, b) => compare(keyOf(a), keyOf(b));
}

/** The documents in order; equal ones stay as they were. */
export function sortDocuments(documents: readonly Uint8Array[], fields: readonly SortField[]): Uint8Array[] {
  const keyOf = sortKeyOf(fields);
  const compare = compareSortKeys(fields);
  return documents
    .map((document) => ({ document, key: keyOf(document) }))
    .sort((a, b) => compare(a.key, b.key))
    .map(({ document }) => document);
}
