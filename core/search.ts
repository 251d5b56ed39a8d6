// A search for the items that satisfy a predicate, held open between batches: it sees one state of every partition
// from its first batch to its last. How items are reached is decided when a partition's turn comes: by the index
// where that is worth it, else one after the other. Every item is tested again, so a loose answer costs time only.
//
// It works in slices and gives way to the event loop between them. Whoever opens one closes it: until then the
// versions it sees are kept.

import { replacedItems } from '../indexer/fact-terms.ts';
import { allOf, everything, type Filter } from '../indexer/filter.ts';
import { allValues, estimate, estimateTerms } from '../indexer/lookup.ts';
import { DatabaseError } from '../model/errors.ts';
import { mongoProfileOf, type MongoProfile } from '../model/mongo-profile.ts';
import type { Item, Operation, Search, SearchAccess, SearchPage } from '../model/operation.ts';
import type { ContainerRecord } from '../model/resource.ts';
import type { GroupState } from './group.ts';
import { compilePredicate } from './query/predicate/compile.ts';
import { filterOf } from './query/predicate/filter.ts';
import type { Path, Predicate } from '../model/predicate.ts';
import type { ReadMeter } from './read-meter.ts';
import { openReading, type PartitionReading, type Reading } from './reading.ts';
import { itemsPerLook, Slices } from './slices.ts';
import { walkSorted } from './sorted-walk.ts';
import { onlyPath, spansOf, type Span } from './sorted-spans.ts';
import { withBody, type StoredItem } from './stored-item.ts';
import { isWorthOrder, termsPerItem, termsUntil } from './search-cost.ts';
import { fewItemsMax, readAtOnceMax, scoped, walkByCreation, walkHits, type Walk } from './walk.ts';
import { testsTerms, walkTested } from './walk-tested.ts';

type OpenSearch = Operation<'open-search'>;

export function openSearch(
  state: GroupState,
  container: ContainerRecord,
  operation: OpenSearch,
  nowSeconds: number,
  meter: ReadMeter,
): Search {
  const reading = openReading(state, container, operation.scope, nowSeconds);
  try {
    return new HeldSearch(container, operation, reading, meter);
  } catch (error) {
    reading.release();
    throw error;
  }
}

/** How one partition is read. */
interface Plan {
  readonly access: SearchAccess;
  readonly walk: () => Walk;
}

class HeldSearch implements Search {
  readonly container: ContainerRecord;
  readonly access: SearchAccess;
  readonly isOrdered: boolean;
  readonly #operation: OpenSearch;
  readonly #reading: Reading;
  readonly #meter: ReadMeter;
  readonly #matches: (body: Uint8Array) => boolean;
  readonly #showsId: boolean;
  readonly #profile: MongoProfile;
  /** In the order they are read. */
  readonly #partitions: readonly PartitionReading[];
  #place = 0;
  #walk: Walk | undefined;
  #firstWalk: (() => Walk) | undefined;
  /** Met when a page had no room for it. */
  #waiting: Item | undefined;
  #examined = 0;
  #isDone = false;
  #isBusy = false;
  #isClosed = false;

  constructor(container: ContainerRecord, operation: OpenSearch, reading: Reading, meter: ReadMeter) {
    this.#meter = meter;
    this.container = container;
    this.#operation = operation;
    this.#reading = reading;
    // In the other profiles the stored form has an `_id` of its own, or none that Mongo would show otherwise.
    this.#showsId = operation.view === 'mongo' && container.profile !== 'collection';
    this.#profile = mongoProfileOf(container.profile);
    this.#matches = compilePredicate(operation.predicate);
    const { partitions } = reading;
    this.#partitions = operation.order?.kind === 'newest' ? [...partitions].reverse() : partitions;
    const first = this.#partitions[0];
    const plan = first === undefined ? undefined : this.#planOf(first);
    this.#firstWalk = plan?.walk;
    this.access = plan?.access ?? { kind: 'scan', estimate: 0 };
    this.isOrdered = operation.order?.kind !== 'path' || this.access.kind === 'order';
  }

  get examined(): number {
    return this.#examined;
  }

  indexedPaths(): readonly Path[] {
    const partition = this.#partitions[0];
    if (partition === undefined || this.#isClosed) return [];
    const found = new Map<string, { readonly path: Path; readonly hits: number }>();
    for (const clause of pathClauses(this.#operation.predicate)) {
      const { filter } = filterOf(clause, partition.index.paths, this.#showsId ? 'mongo' : 'stored');
      const name = JSON.stringify(clause.path);
      const hits = estimate(partition.view, filter);
      if (filter.kind !== 'unknown' && (found.get(name)?.hits ?? Infinity) > hits)
        found.set(name, { path: clause.path, hits });
    }
    return [...found.values()].sort((a, b) => a.hits - b.hits).map(({ path }) => path);
  }

  async next(itemsMax: number, bytesMax: number, signal: AbortSignal | undefined): Promise<SearchPage> {
    if (this.#isClosed) throw new DatabaseError('CursorNotFound', 'the search was closed');
    if (this.#isBusy) throw new DatabaseError('BadRequest', 'the search is being read');
    this.#isBusy = true;
    try {
      const page = await this.#page(itemsMax, bytesMax, signal);
      const bytesReturned = page.items.reduce((sum, { body }) => sum + body.length, 0);
      this.#meter.settle({ bytesReturned, lookups: this.access.kind === 'scan' ? 0 : 1 });
      return page;
    } finally {
      this.#isBusy = false;
      if (this.#isDone || this.#isClosed) this.#reading.release();
    }
  }

  async #page(itemsMax: number, bytesMax: number, signal: AbortSignal | undefined): Promise<SearchPage> {
    const items: Item[] = [];
    let bytes = 0;
    const slices = new Slices(signal);
    if (this.#waiting !== undefined) {
      items.push(this.#waiting);
      bytes = this.#waiting.body.length;
      this.#waiting = undefined;
    }
    while (items.length < itemsMax) {
      const walk = this.#current();
      if (walk === undefined) {
        this.#isDone = true;
        break;
      }
      const step = walk.next();
      if (step.done === true) {
        this.#walk = undefined;
        this.#place++;
        continue;
      }
      if ((step.value === undefined || this.#examined % itemsPerLook === 0) && slices.isOver) {
        await slices.pause();
        // Closed meanwhile: nothing may be read any more.
        if (this.#isClosed) throw new DatabaseError('CursorNotFound', 'the search was closed');
      }
      const found = step.value === undefined ? undefined : this.#tested(step.value);
      if (found === undefined) continue;
      if (items.length > 0 && bytes + found.body.length > bytesMax) {
        this.#waiting = found;
        break;
      }
      items.push(found);
      bytes += found.body.length;
    }
    return { items, done: this.#isDone };
  }

  #tested(item: StoredItem): Item | undefined {
    this.#examined++;
    const load = this.#meter.loadOf(item.partition);
    load.items++;
    load.bytes += item.body.length;
    const body = this.#showsId ? this.#profile.documentOf(item.body, item.id) : item.body;
    if (!this.#matches(body)) return undefined;
    return this.#showsId ? withBody(item, body) : item;
  }

  #current(): Walk | undefined {
    const partition = this.#partitions[this.#place];
    if (partition === undefined || this.#walk !== undefined) return this.#walk;
    const first = this.#firstWalk;
    this.#firstWalk = undefined;
    this.#walk = first === undefined ? this.#planOf(partition).walk() : first();
    return this.#walk;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#walk = undefined;
    this.#firstWalk = undefined;
    this.#waiting = undefined;
    if (!this.#isBusy) this.#reading.release();
  }

  #planOf(partition: PartitionReading): Plan {
    const { predicate, order, limit, isForced } = this.#operation;
    const backwards = order?.kind === 'newest';
    const byCreation =
      (filter: Filter): Plan['walk'] =>
      () =>
        walkByCreation(partition, filter, { backwards });
    const { items } = partition.index;
    if (isForced === true) return { access: { kind: 'scan', estimate: items }, walk: byCreation(everything) };
    const { filter, exact } = filterOf(predicate, partition.index.paths, this.#showsId ? 'mongo' : 'stored');
    const within = scoped(partition, filter);
    const hits = within === undefined ? items : Math.min(items, estimate(partition.view, within));
    const sorted =
      order?.kind === 'path' && this.#partitions.length === 1 ? sortedOf(partition, order.path) : undefined;
    const wanted =
      (limit ?? Infinity) +
      (sorted !== undefined && order?.kind === 'path' && order.isPrefix === true
        ? itemsPerTerm(partition, sorted.path, items)
        : 0);
    if (order?.kind === 'path' && sorted !== undefined && isWorthOrder(items, hits, wanted))
      return {
        access: { kind: 'order', estimate: hits },
        walk: () => walkSorted(partition, filter, order, sorted),
      };
    if (testsTerms(filter) && hits > fewItemsMax && !backwards)
      return {
        access: { kind: 'index', estimate: hits, exact: false },
        walk: () => walkTested(partition, filter, order === undefined ? limit : undefined),
      };
    if (filter.kind === 'none') return { access: { kind: 'index', estimate: 0, exact }, walk: nothingToWalk };
    if (within === undefined || hits >= items)
      return { access: { kind: 'scan', estimate: items }, walk: byCreation(filter) };
    const access: SearchAccess = { kind: 'index', estimate: hits, exact };
    if (hits <= readAtOnceMax && !backwards) return { access, walk: () => walkHits(partition, filter) };
    const replaced = estimate(partition.view, allOf(within, replacedItems));
    const first = order === undefined ? limit : undefined;
    if (backwards || replaced > fewItemsMax || isWorthWalking(items, hits, replaced, first))
      return { access, walk: byCreation(filter) };
    return { access, walk: () => walkHits(partition, filter) };
  }
}

/** Conditions an explanation looks at. */
const clausesMax = 64;

/** Path conditions of a predicate that are not negated. */
function pathClauses(predicate: Predicate): Extract<Predicate, { kind: 'path' }>[] {
  const clauses: Extract<Predicate, { kind: 'path' }>[] = [];
  const open: Predicate[] = [predicate];
  for (let next = open.pop(); next !== undefined && clauses.length < clausesMax; next = open.pop()) {
    if (next.kind === 'path') clauses.push(next);
    else if (next.kind === 'and' || next.kind === 'or') open.push(...next.of);
  }
  return clauses;
}

function* nothingToWalk(): Walk {
  return;
}

function sortedOf(
  partition: PartitionReading,
  path: readonly string[],
): { readonly path: number; readonly spans: readonly Span[] } | undefined {
  const only = onlyPath(partition.index.paths, path);
  const spans = only === undefined ? undefined : spansOf(partition.view, only);
  return only === undefined || spans === undefined ? undefined : { path: only, spans };
}

/** Items that share a value of a path, about. */
function itemsPerTerm(partition: PartitionReading, path: number, items: number): number {
  return items / Math.max(1, estimateTerms(partition.view, path, allValues));
}

/** Whether the first hits are met sooner in the order of creation than all replaced ones are read. */
function isWorthWalking(items: number, hits: number, replaced: number, limit = Infinity): boolean {
  return hits > limit && termsUntil(items, hits, limit) < termsPerItem * replaced;
}
