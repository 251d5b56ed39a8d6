// Unique keys of a container, and the keys an item has under each. Two kinds: a Cosmos `uniqueKeyPolicy` holds
// within one logical partition and takes values as they are; a declared unique index (`declared-index.ts`) holds in
// the whole container and takes one key per element of an array, as MongoDB indexes do. A missing value counts as
// null in both (data-model.md, "Unique keys").
//
// Two keys have the same text exactly when their values are equal in MongoDB's order, numbers of all types being one.

import { compilePredicate } from './query/predicate/compile.ts';
import { declaredIndexesOf } from './declared-index.ts';
import { idField } from './identify.ts';
import { BsonType } from '../model/bson/types.ts';
import { childOf, ElementCursor, fieldOf, rawDocument, textOfRaw, Raw } from '../model/bson/walk.ts';
import { badRequest } from '../model/errors.ts';
import { idTextOf } from '../model/identity.ts';
import { parsePath } from '../model/partition-key.ts';
import { conjunction, type Path, type Predicate } from '../model/predicate.ts';
import type { ContainerRecord } from '../model/resource.ts';

export interface UniqueKey {
  readonly name: string;
  readonly paths: readonly Path[];
  /** Of an index that was declared with them. */
  readonly directions: readonly (1 | -1)[];
  /** Where two items may not share a key. */
  readonly scope: 'container' | 'partitionKey';
  /** One key for each element of an array on the path or at its end. */
  readonly multikey: boolean;
  /** Items that have none of the paths have no key. */
  readonly sparse: boolean;
  /** Items that do not satisfy it have no key. */
  readonly covers: ((body: Uint8Array) => boolean) | undefined;
}

/** The key of an item: its text, and one value per path. */
export interface KeyTuple {
  readonly text: string;
  readonly values: readonly Raw[];
}

/** Keys one item may have under one unique key. */
export const keysPerItemMax = 100_000;

const nullValue = new Raw(new Uint8Array(0), BsonType.null, 0, 0);
/** Key of an empty array, which is not that of a missing value. */
const undefinedValue = new Raw(new Uint8Array(0), BsonType.undefined, 0, 0);

const known = new WeakMap<ContainerRecord, readonly UniqueKey[]>();

export function uniqueKeysOf(container: ContainerRecord): readonly UniqueKey[] {
  let keys = known.get(container);
  if (keys === undefined) known.set(container, (keys = readKeys(container)));
  return keys;
}

function readKeys(container: ContainerRecord): readonly UniqueKey[] {
  const keys: UniqueKey[] = [];
  for (const { name, paths, directions, unique, sparse, where } of declaredIndexesOf(container))
    if (unique)
      keys.push({
        name,
        // What MongoDB shows as `_id` of another profile's items is their id.
        paths:
          container.profile === 'collection'
            ? paths
            : paths.map(([first, ...rest]) => [first === '_id' ? idField[container.profile] : first!, ...rest]),
        directions,
        scope: 'container',
        multikey: true,
        sparse,
        covers: where && compilePredicate(where),
      });
  const policy = fieldOf(container.settings, 'uniqueKeyPolicy');
  const list = policy?.type === BsonType.object ? fieldOf(policy.slice(), 'uniqueKeys') : undefined;
  for (const entry of elementsOf(list)) {
    const texts = elementsOf(fieldOf(entry.slice(), 'paths')).map(textOfRaw);
    keys.push({
      name: texts.join(','),
      paths: texts.map(parsePath),
      directions: [],
      scope: 'partitionKey',
      multikey: false,
      sparse: false,
      covers: undefined,
    });
  }
  return keys;
}

function elementsOf(list: Raw | undefined): Raw[] {
  if (list?.type !== BsonType.array) return [];
  const cursor = new ElementCursor(list.bytes, list.start);
  const elements: Raw[] = [];
  while (cursor.next()) elements.push(cursor.raw());
  return elements;
}

/** The different keys of an item. Throws BadRequest when two arrays side by side would multiply them. */
export function keysOf(unique: UniqueKey, body: Uint8Array): readonly KeyTuple[] {
  if (unique.covers !== undefined && !unique.covers(body)) return [];
  const root = rawDocument(body);
  if (!unique.multikey) return [tupleOf(unique.paths.map((path) => valueAt(root, path) ?? nullValue))];
  const found = new Map<string, KeyTuple>();
  let present = false;
  collect(
    unique.paths,
    unique.paths.map((path) => follow(root, path, 0)),
    (values) => {
      if (values.some((value) => value !== undefined)) present = true;
      const tuple = tupleOf(values.map((value) => value ?? nullValue));
      found.set(tuple.text, tuple);
      if (found.size > keysPerItemMax) throw badRequest('the item has too many keys of a unique index', unique.name);
    },
  );
  return unique.sparse && !present ? [] : [...found.values()];
}

function tupleOf(values: readonly Raw[]): KeyTuple {
  let text = '';
  for (const value of values) {
    const part = value.type === BsonType.undefined ? 'undefined' : idTextOf(value);
    text += `${part.length}:${part}`;
  }
  return { text, values };
}

function valueAt(root: Raw, path: Path): Raw | undefined {
  let value: Raw | undefined = root;
  for (const name of path) {
    if (value?.type !== BsonType.object) return undefined;
    value = childOf(value, name);
  }
  return value;
}

/** A path on its way: at a value (undefined: it leads nowhere), or before an array with the rest from `next` on. */
interface Reach {
  readonly value: Raw | undefined;
  readonly array: Raw | undefined;
  readonly next: number;
}

const positionForm = /^(?:0|[1-9][0-9]*)$/;

function settled(value: Raw | undefined): Reach {
  return { value, array: undefined, next: 0 };
}

function follow(start: Raw, path: Path, from: number): Reach {
  let value = start;
  for (let i = from; i < path.length; i++) {
    const child = childOf(value, path[i]!);
    if (value.type === BsonType.array && (child === undefined || !positionForm.test(path[i]!)))
      return { value: undefined, array: value, next: i };
    if (child === undefined) return settled(undefined);
    value = child;
  }
  return value.type === BsonType.array ? { value: undefined, array: value, next: path.length } : settled(value);
}

/** Recursion goes one array deeper at a time, each inside an element of the one before; stored depth bounds it. */
function collect(
  paths: readonly Path[],
  reached: readonly Reach[],
  take: (values: readonly (Raw | undefined)[]) => void,
): void {
  const array = reached.find((reach) => reach.array !== undefined)?.array;
  if (array === undefined) {
    take(reached.map((reach) => reach.value));
    return;
  }
  for (const reach of reached)
    if (reach.array !== undefined && reach.array.start !== array.start)
      throw badRequest('cannot index parallel arrays', 'unique');
  const elements = elementsOf(array);
  if (elements.length === 0) {
    take(
      reached.map((reach, i) =>
        reach.array === undefined ? reach.value : reach.next === paths[i]!.length ? undefinedValue : undefined,
      ),
    );
    return;
  }
  for (const element of elements)
    collect(
      paths,
      reached.map((reach, i) => {
        if (reach.array === undefined) return reach;
        const path = paths[i]!;
        if (reach.next === path.length) return settled(element);
        return element.type === BsonType.object ? follow(element, path, reach.next) : settled(undefined);
      }),
      take,
    );
}

/** A predicate that every item with this key satisfies, and perhaps others. */
export function predicateOfKey(unique: UniqueKey, key: KeyTuple): Predicate {
  return conjunction(
    unique.paths.map((path, i): Predicate => {
      const value = key.values[i]!;
      return value.type === BsonType.undefined
        ? { kind: 'path', path, test: { kind: 'size', count: 0 } }
        : { kind: 'path', path, test: { kind: 'compare', operator: 'eq', value } };
    }),
  );
}
