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
import { mongoProfileOf } from '../../model/mongo-profile.ts';
import type { Item, PartitionKeyValue, Scope, Search, SearchAccess, SearchOrder } from '../../model/operation.ts';
import { parsePath, partitionKeyRoots, partOfRaw } from '../../model/partition-key.ts';
import { always, conjunction, type Path, type Predicate } from '../../model/predicate.ts';
import { isUnpartitioned, type ContainerRecord } from '../../model/resource.ts';
import type { Scope as Variables } from './aggregate/scope.ts';
import { isNumber } from './bson-input.ts';
import type { Call } from './call.ts';
import type { NaturalHint } from './hint.ts';
import { MongoCode, MongoError } from './errors.ts';
import { parseFilter } from './filter.ts';
import type { Sort } from './sort.ts';
import { sortedGroupsSource } from './sorted-groups.ts';
import { sortSource, type Source } from './source.ts';

/** A filter as it is used: its predicate and, compiled when first needed, its tests. */
export class Filter {
  readonly predicate: Predicate;
  /** Every item is looked at, in this direction: the hint `$natural`. */
  readonly natural: NaturalHint | undefined;
  #matches: ((document: Uint8Array) => boolean) | undefined;
  #position: ((document: Uint8Array) => number) | undefined;

  /** A filter document, or a predicate made of several; `$expr` in it sees `scope`. */
  constructor(filter: Uint8Array | Predicate | undefined, natural?: NaturalHint, scope?: Variables) {
    this.natural = natural;
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
    return new Filter(this.isEmpty ? predicate : conjunction([predicate, this.predicate]), this.natural);
  }

  /** The same filter with a hint. */
  hinted(natural: NaturalHint): Filter {
    return new Filter(this.predicate, natural);
  }

  get isEmpty(): boolean {
    return this.predicate.kind === 'constant' && this.predicate.value;
  }
}

/** How the items are reached. */
export type Access =
  | {
      readonly kind: 'ids';
      readonly ids: readonly string[];
      /** The one logical partition they are looked up in; absent: in all. */
      readonly partitionKey: PartitionKeyValue | undefined;
    }
  | { readonly kind: 'scan'; readonly scope: Scope };

/** Ids in one `$in` that are looked up one by one; a search is better for more. */
const lookUpsMax = 1000;

export function accessOf(container: ContainerRecord, predicate: Predicate): Access {
  const values = idValues(predicate);
  const scope = scopeOf(container, predicate);
  const { partitionKey } = scope;
  // One row key may stand in any number of partitions of a table: more than one look-up gives.
  if (values === undefined || (container.profile === 'table' && partitionKey === undefined))
    return { kind: 'scan', scope };
  const textOf = container.profile === 'collection' ? idTextOf : documentIdTextOf;
  return { kind: 'ids', ids: [...new Set(values.map(textOf))], partitionKey };
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
  return mongoProfileOf(container.profile).documentOf(item.body, item.id);
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

/** What a reader of items may ask for beside the filter. */
export interface SelectionOptions {
  /** Where the index gives this order, items come in it; `open` tells. */
  readonly sort?: Sort | undefined;
  /** Of several fields, the order of the first is as good: the caller sorts by the others. */
  readonly sortsGroups?: boolean | undefined;
  /** Items that are wanted at most: a hint, no bound. */
  readonly limit?: number | undefined;
}

/**
 * Reads the items that a filter selects, page by page: of a search one state from the first page to the last. In
 * stored order, unless another is asked for and given. Must be closed, unless it was read to its end.
 */
export class Selection {
  readonly #call: Pick<Call, 'engine' | 'context'>;
  readonly #container: ContainerRecord;
  readonly #filter: Filter;
  readonly #options: SelectionOptions;
  readonly access: Access;
  #search: Search | undefined;
  #opening: Promise<Search> | undefined;
  #looked = 0;
  #lookUpsExamined = 0;
  /** Items found by id that no page had room for. */
  #waiting: Item[] = [];
  #done = false;
  #isClosed = false;

  constructor(
    call: Pick<Call, 'engine' | 'context'>,
    container: ContainerRecord,
    filter: Filter,
    options: SelectionOptions = {},
  ) {
    this.#call = call;
    this.#container = container;
    this.#filter = filter;
    this.#options = options;
    const access = accessOf(container, filter.predicate);
    this.access = access.kind === 'ids' && filter.natural !== undefined ? { kind: 'scan', scope: {} } : access;
  }

  get done(): boolean {
    return this.#done;
  }

  get examined(): number {
    return this.#lookUpsExamined + (this.#search?.examined ?? 0);
  }

  /** How a search reaches its items, once it is open. */
  get searchAccess(): SearchAccess | undefined {
    return this.#search?.access;
  }

  get predicate(): Predicate {
    return this.#filter.predicate;
  }

  /** The path in whose order items are wanted, if it is one. */
  get orderPath(): Path | undefined {
    const { sort } = this.#options;
    const order = sort && this.#orderOf(sort);
    return order?.kind === 'path' ? order.path : undefined;
  }

  /** Items come from the last to the first, by creation or by the path they are ordered by. */
  get backwards(): boolean {
    const { sort } = this.#options;
    if (sort === undefined || this.searchAccess?.kind === 'scan') {
      return this.#filter.natural === -1 || (sort?.kind === 'natural' && sort.direction === -1);
    }
    return sort.kind === 'natural' ? sort.direction === -1 : sort.fields[0]!.direction === -1;
  }

  /** As `Search.indexedPaths`. */
  indexedPaths(): readonly Path[] {
    return this.#search?.indexedPaths() ?? [];
  }

  /** Opens the search, if there is one; tells whether items come in the order asked for. */
  async open(): Promise<boolean> {
    const { sort } = this.#options;
    if (this.access.kind === 'ids') return sort === undefined;
    const { isOrdered } = await this.#opened(this.access.scope);
    return isOrdered && (sort === undefined || orderOf(sort) !== undefined);
  }

  /** Once it is open: whether items come in the order of the first of several fields. */
  get isOrderedByFirst(): boolean {
    const { sort } = this.#options;
    return this.#search?.access.kind === 'order' && sort !== undefined && orderOf(sort) === undefined;
  }

  #orderOf(sort: Sort): SearchOrder | undefined {
    const whole = orderOf(sort);
    if (whole !== undefined || sort.kind === 'natural' || this.#options.sortsGroups !== true) return whole;
    const { path, direction } = sort.fields[0]!;
    return { kind: 'path', path, descending: direction === -1, isPrefix: true };
  }

  async next(itemsMax: number, bytesMax: number, signal: AbortSignal): Promise<Page> {
    if (this.#done || this.#isClosed) return { items: [], done: true };
    return this.access.kind === 'ids'
      ? this.#lookUp(this.access, itemsMax, bytesMax)
      : this.#scan(this.access.scope, itemsMax, bytesMax, signal);
  }

  close(): void {
    this.#isClosed = true;
    this.#waiting = [];
    this.#search?.close();
  }

  async #lookUp(
    { ids, partitionKey }: Extract<Access, { readonly kind: 'ids' }>,
    itemsMax: number,
    bytesMax: number,
  ): Promise<Page> {
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
      const found = await this.#execute(() => this.#find(id, partitionKey));
      this.#checkSame(found.container);
      for (const item of found.items) {
        this.#lookUpsExamined++;
        const body = documentOf(this.#container, item);
        if (this.#filter.matches(body)) this.#waiting.push(body === item.body ? item : withBody(item, body));
      }
    }
  }

  async #find(
    id: string,
    partitionKey: PartitionKeyValue | undefined,
  ): Promise<{ readonly container: ContainerRecord; readonly items: readonly Item[] }> {
    const { engine, context } = this.#call;
    const { database, id: name } = this.#container;
    if (partitionKey === undefined)
      return engine.execute({ kind: 'find-by-id', database, container: name, id }, context);
    try {
      const { container, item } = await engine.execute(
        { kind: 'read-item', database, container: name, id, partitionKey },
        context,
      );
      return { container, items: [item] };
    } catch (error) {
      if (error instanceof DatabaseError && error.code === 'ItemNotFound')
        return { container: engine.catalog.container(database, name), items: [] };
      throw error;
    }
  }

  async #scan(scope: Scope, itemsMax: number, bytesMax: number, signal: AbortSignal): Promise<Page> {
    const search = await this.#opened(scope);
    const page = await this.#execute(() => search.next(itemsMax, bytesMax, signal));
    this.#done = page.done;
    return page;
  }

  #opened(scope: Scope): Promise<Search> {
    return (this.#opening ??= this.#open(scope));
  }

  async #open(scope: Scope): Promise<Search> {
    const { sort, limit } = this.#options;
    const { predicate, natural } = this.#filter;
    const search = await this.#execute(() =>
      this.#call.engine.execute(
        {
          kind: 'open-search',
          database: this.#container.database,
          container: this.#container.id,
          scope,
          predicate,
          view: 'mongo',
          order: sort === undefined ? (natural === -1 ? { kind: 'newest' } : undefined) : this.#orderOf(sort),
          limit: sort === undefined || this.#orderOf(sort) !== undefined ? limit : undefined,
          isForced: natural !== undefined,
        },
        this.#call.context,
      ),
    );
    this.#search = search;
    try {
      this.#checkSame(search.container);
    } catch (error) {
      search.close();
      throw error;
    }
    if (this.#isClosed) search.close();
    return search;
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

/** The order as a search knows it, if it does. */
function orderOf(sort: Sort): SearchOrder | undefined {
  if (sort.kind === 'natural') return sort.direction === -1 ? { kind: 'newest' } : undefined;
  const [field, second] = sort.fields;
  if (field === undefined || second !== undefined) return undefined;
  return { kind: 'path', path: field.path, descending: field.direction === -1 };
}

/** The documents of a selection. */
export function selectionSource(selection: Selection): Source {
  return {
    next: async (itemsMax, bytesMax, signal) => {
      const { items, done } = await selection.next(itemsMax, bytesMax, signal);
      return { documents: items.map((item) => item.body), done };
    },
    heldBytes: 0,
    close: () => {
      selection.close();
    },
  };
}

/** The documents of a selection in an order; sorted here when no index gives it. `count`: so many are wanted at most. */
export function orderedSource(selection: Selection, sort: Sort, count: number | undefined): Source {
  let inner: Source | undefined;
  return {
    next: async (itemsMax, bytesMax, signal) => {
      if (inner === undefined) {
        const source = selectionSource(selection);
        if (await selection.open()) inner = source;
        else if (selection.isOrderedByFirst && sort.kind === 'fields')
          inner = sortedGroupsSource(source, sort.fields, count);
        else inner = sortSource(source, sort, count);
      }
      return inner.next(itemsMax, bytesMax, signal);
    },
    get heldBytes() {
      return inner?.heldBytes ?? 0;
    },
    close: () => {
      selection.close();
    },
  };
}
