// The items a filter selects. An equality on `_id` is a look-up of that id text; equalities on the whole shard key
// confine a search to one logical partition; everything else looks at each item. Documents of containers that
// other doors made are seen in Mongo's view (`model/mongo-view.ts`).

import { partitionKeyOf } from '../../core/identify.ts';
import { withBody } from '../../core/stored-item.ts';
import { compilePosition, compilePredicate } from '../../core/query/predicate/compile.ts';
import { BsonType } from '../../model/bson/types.ts';
import type { Raw } from '../../model/bson/walk.ts';
import { DatabaseError } from '../../model/errors.ts';
import { documentIdTextOf, idTextOf } from '../../model/identity.ts';
import { mongoViewOf } from '../../model/mongo-view.ts';
import type { Item, PartitionKeyValue, Scope } from '../../model/operation.ts';
import { parsePath, partitionKeyRoots, partOfRaw } from '../../model/partition-key.ts';
import { always, conjunction, type Predicate } from '../../model/predicate.ts';
import { isUnpartitioned, type ContainerRecord } from '../../model/resource.ts';
import type { Scope as Variables } from './aggregate/scope.ts';
import { isNumber } from './bson-input.ts';
import type { Call } from './call.ts';
import { MongoCode, MongoError } from './errors.ts';
import { parseFilter } from './filter.ts';
import type { Source } from './source.ts';

/** A filter as it is used: its predicate and, compiled when first needed, its tests. */
export class Filter {
  readonly predicate: Predicate;
  #matches: ((document: Uint8Array) => boolean) | undefined;
  #position: ((document: Uint8Array) => number) | undefined;

  /** A filter document, or a predicate made of several; `$expr` in it sees `scope`. */
  constructor(filter: Uint8Array | Predicate | undefined, scope?: Variables) {
    if (filter === undefined) this.predicate = always;
    else this.predicate = filter instanceof Uint8Array ? parseFilter(filter, scope) : filter;
  }

  get matches(): (document: Uint8Array) => boolean {
    return (this.#matches ??= compilePredicate(this.predicate));
  }

  /** As `compilePosition`: -2 no match, -1 no array crossed, else the element's position. */
  get position(): (document: Uint8Array) => number {
    return (this.#position ??= compilePosition(this.predicate));
  }

  /** This filter and a predicate more. */
  with(predicate: Predicate): Filter {
    return new Filter(this.isEmpty ? predicate : conjunction([predicate, this.predicate]));
  }

  get isEmpty(): boolean {
    return this.predicate.kind === 'constant' && this.predicate.value;
  }
}

/** How the items are reached. */
export type Access =
  { readonly kind: 'ids'; readonly ids: readonly string[] } | { readonly kind: 'scan'; readonly scope: Scope };

/** Ids in one `$in` that are looked up one by one; a search is better for more. */
const lookUpsMax = 1000;

export function accessOf(container: ContainerRecord, predicate: Predicate): Access {
  const values = idValues(predicate);
  if (values !== undefined) {
    const textOf = container.profile === 'collection' ? idTextOf : documentIdTextOf;
    return { kind: 'ids', ids: [...new Set(values.map(textOf))] };
  }
  return { kind: 'scan', scope: scopeOf(container, predicate) };
}

/** Types an `_id` can have; an equality with another one also looks inside arrays, or matches nothing. */
function canBeId(value: Raw): boolean {
  return value.type !== BsonType.array && value.type !== BsonType.regex && value.type !== BsonType.null;
}

/** Values of which `_id` must be one, or undefined when the filter does not say. */
function idValues(predicate: Predicate): readonly Raw[] | undefined {
  if (predicate.kind === 'and') {
    for (const clause of predicate.of) {
      const values = clause.kind === 'path' ? idValues(clause) : undefined;
      if (values !== undefined) return values;
    }
    return undefined;
  }
  if (predicate.kind !== 'path' || predicate.path.length !== 1 || predicate.path[0] !== '_id') return undefined;
  const { test } = predicate;
  if (test.kind === 'compare') return test.operator === 'eq' && canBeId(test.value) ? [test.value] : undefined;
  if (test.kind !== 'in' || test.patterns.length > 0 || test.values.length > lookUpsMax) return undefined;
  return test.values.every(canBeId) ? test.values : undefined;
}

/** One logical partition when the filter gives every part of its key, else everything. */
function scopeOf(container: ContainerRecord, predicate: Predicate): Scope {
  if (isUnpartitioned(container)) return {};
  const clauses = predicate.kind === 'and' ? predicate.of : [predicate];
  const parts: PartitionKeyValue[number][] = [];
  for (const path of container.partitionKey.paths) {
    const names = parsePath(path);
    // A longer path of a filter also leads through arrays, which a partition key does not.
    if (names.length !== 1 || names[0] === '_id') return {};
    const value = equalityOn(clauses, names[0]!);
    if (value === undefined) return {};
    parts.push(partOfRaw(value));
  }
  return { partitionKey: parts };
}

function equalityOn(clauses: readonly Predicate[], name: string): Raw | undefined {
  for (const clause of clauses) {
    if (clause.kind !== 'path' || clause.path.length !== 1 || clause.path[0] !== name) continue;
    const { test } = clause;
    if (test.kind !== 'compare' || test.operator !== 'eq') continue;
    const { value } = test;
    if (value.type === BsonType.string || value.type === BsonType.boolean || isNumber(value)) return value;
  }
  return undefined;
}

/** The document MongoDB sees of an item. */
export function documentOf(container: ContainerRecord, item: Item): Uint8Array {
  return container.profile === 'collection' ? item.body : mongoViewOf(item.body, item.id);
}

/** Key of an item's logical partition, from its document. */
export function keyOf(container: ContainerRecord, document: Uint8Array): PartitionKeyValue {
  if (isUnpartitioned(container)) return [];
  // The view shows an `_id` that may not be the stored one.
  if (partitionKeyRoots(container.partitionKey).includes('_id'))
    throw new MongoError(
      MongoCode.NotImplemented,
      'writes to a collection sharded by _id are not supported by this server',
    );
  return partitionKeyOf(container, document);
}

/** An item whose `body` is the document. */
export interface Page {
  readonly items: readonly Item[];
  readonly done: boolean;
}

function collectionDropped(container: ContainerRecord): MongoError {
  return new MongoError(
    MongoCode.QueryPlanKilled,
    `collection dropped between batches: ${container.database}.${container.id}`,
  );
}

/** Reads the items that a filter selects, page by page, in stored order. */
export class Selection {
  readonly #call: Pick<Call, 'engine' | 'context'>;
  readonly #container: ContainerRecord;
  readonly #filter: Filter;
  readonly access: Access;
  #after: string | undefined;
  #looked = 0;
  /** Items found by id that no page had room for. */
  #waiting: Item[] = [];
  #done = false;
  examined = 0;

  constructor(call: Pick<Call, 'engine' | 'context'>, container: ContainerRecord, filter: Filter) {
    this.#call = call;
    this.#container = container;
    this.#filter = filter;
    this.access = accessOf(container, filter.predicate);
  }

  get done(): boolean {
    return this.#done;
  }

  async next(itemsMax: number, bytesMax: number, signal: AbortSignal): Promise<Page> {
    if (this.#done) return { items: [], done: true };
    return this.access.kind === 'ids'
      ? this.#lookUp(this.access.ids, itemsMax, bytesMax)
      : this.#scan(this.access.scope, itemsMax, bytesMax, signal);
  }

  async #lookUp(ids: readonly string[], itemsMax: number, bytesMax: number): Promise<Page> {
    const items: Item[] = [];
    let bytes = 0;
    for (;;) {
      for (let item = this.#waiting[0]; item !== undefined; item = this.#waiting[0]) {
        if (items.length >= itemsMax || (items.length > 0 && bytes + item.body.length > bytesMax))
          return { items, done: false };
        items.push(item);
        bytes += item.body.length;
        this.#waiting.shift();
      }
      const id = ids[this.#looked];
      if (id === undefined) {
        this.#done = true;
        return { items, done: true };
      }
      this.#looked++;
      const found = await this.#execute(() =>
        this.#call.engine.execute(
          { kind: 'find-by-id', database: this.#container.database, container: this.#container.id, id },
          this.#call.context,
        ),
      );
      this.#checkSame(found.container);
      for (const item of found.items) {
        this.examined++;
        const body = documentOf(this.#container, item);
        if (this.#filter.matches(body)) this.#waiting.push(body === item.body ? item : withBody(item, body));
      }
    }
  }

  async #scan(scope: Scope, itemsMax: number, bytesMax: number, signal: AbortSignal): Promise<Page> {
    for (;;) {
      const page = await this.#execute(() =>
        this.#call.engine.execute(
          {
            kind: 'find-items',
            database: this.#container.database,
            container: this.#container.id,
            scope,
            predicate: this.#filter.predicate,
            view: 'mongo',
            itemsMax,
            bytesMax,
            after: this.#after,
          },
          { ...this.#call.context, signal },
        ),
      );
      this.#checkSame(page.container);
      this.examined += page.examined;
      this.#after = page.continuation;
      this.#done = page.continuation === undefined;
      if (this.#done || page.items.length > 0) return { items: page.items, done: this.#done };
      if (signal.aborted) throw new DatabaseError('Cancelled', 'the caller went away');
    }
  }

  async #execute<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      if (error instanceof DatabaseError && (error.code === 'ContainerNotFound' || error.code === 'DatabaseNotFound'))
        throw collectionDropped(this.#container);
      throw error;
    }
  }

  /** A place in one collection says nothing in another of the same name. */
  #checkSame(container: ContainerRecord): void {
    if (container.number !== this.#container.number) throw collectionDropped(this.#container);
  }
}

/** The documents of a selection. */
export function selectionSource(selection: Selection): Source {
  return {
    next: async (itemsMax, bytesMax, signal) => {
      const { items, done } = await selection.next(itemsMax, bytesMax, signal);
      return { documents: items.map((item) => item.body), done };
    },
    heldBytes: 0,
  };
}
