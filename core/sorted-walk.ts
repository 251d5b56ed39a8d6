// A walk over the items of one partition in MongoDB's order of a path's values, span by span (`sorted-spans.ts`). The
// path holds one value per item, so each comes once. Items whose terms do not tell their order are collected and
// compared by value.

import { allOf, everything, type Filter, type KeyRange } from '../indexer/filter.ts';
import { intersectRanges } from '../indexer/key-range.ts';
import { childOf, rawDocument, type Raw } from '../model/bson/walk.ts';
import { equalBytes } from '../model/bytes.ts';
import { DatabaseError } from '../model/errors.ts';
import { compareRaw, mongoRank } from '../model/order.ts';
import type { Path } from '../model/predicate.ts';
import type { PartitionReading } from './reading.ts';
import type { Span } from './sorted-spans.ts';
import type { StoredItem } from './stored-item.ts';
import { walkByCreation, walkByTerm, type Walk } from './walk.ts';

/** Bytes of items that share a term and wait to be compared: the bound of a blocking sort. */
const groupBytesMax = 100 * 1024 * 1024;

export interface SortedPath {
  readonly path: Path;
  readonly descending: boolean;
}

export function* walkSorted(
  reading: PartitionReading,
  filter: Filter,
  order: SortedPath,
  { path, spans }: { readonly path: number; readonly spans: readonly Span[] },
): Walk {
  const backwards = order.descending;
  for (const span of backwards ? [...spans].reverse() : spans) {
    if (span.kind === 'missing') yield* walkByCreation(reading, allOf(filter, span.filter));
    else yield* walkSpan(reading, filter, order, path, span);
  }
}

function* walkSpan(
  reading: PartitionReading,
  asked: Filter,
  order: SortedPath,
  path: number,
  span: Extract<Span, { kind: 'terms' }>,
): Walk {
  const { filter, range } = narrowed(asked, path, span.range);
  if (range === undefined) return;
  const group = new Group(order);
  let prefix: Uint8Array | undefined;
  for (const item of walkByTerm(reading, filter, { path, range, backwards: order.descending }, (cursor) => {
    const { isInexact, key, keyLength } = cursor;
    const own = isInexact || prefix !== undefined ? cursor.group : undefined;
    // An exact term can stand in the midst of cut ones: a whole value that is the head of theirs.
    if (prefix !== undefined && own !== undefined && beginsWith(key, keyLength, prefix)) return;
    if (prefix !== undefined) group.close();
    prefix = isInexact ? own : undefined;
  })) {
    if (item === undefined) {
      yield undefined;
      continue;
    }
    if (group.isClosed) yield* group.take();
    if (prefix === undefined) yield item;
    else group.add(item);
  }
  yield* group.take();
}

/** Ranges of the path itself bound the walk: its items have one value there. What is left of the filter is looked up. */
function narrowed(
  filter: Filter,
  path: number,
  span: KeyRange,
): { readonly filter: Filter; readonly range: KeyRange | undefined } {
  const rest: Filter[] = [];
  let range: KeyRange | undefined = span;
  for (const part of filter.kind === 'and' ? filter.of : [filter]) {
    if (part.kind !== 'range' || part.path !== path) rest.push(part);
    else if (range !== undefined) range = intersectRanges(range, part.range);
  }
  return { filter: rest.length === 0 ? everything : allOf(...rest), range };
}

function beginsWith(key: Uint8Array, keyLength: number, prefix: Uint8Array): boolean {
  return keyLength >= prefix.length && equalBytes(key.subarray(0, prefix.length), prefix);
}

/** Items of one place in the order of terms. */
class Group {
  readonly #order: SortedPath;
  #items: { readonly item: StoredItem; readonly value: Raw | undefined }[] = [];
  #bytes = 0;
  isClosed = false;

  constructor(order: SortedPath) {
    this.#order = order;
  }

  close(): void {
    this.isClosed = true;
  }

  add(item: StoredItem): void {
    let value: Raw | undefined = rawDocument(item.body);
    for (const name of this.#order.path) value = value && childOf(value, name);
    this.#items.push({ item, value });
    this.#bytes += item.body.length;
    if (this.#bytes > groupBytesMax)
      throw new DatabaseError('TooLarge', `sorting needs more than ${groupBytesMax} bytes`, { argument: 'sort' });
  }

  *take(): Walk {
    const direction = this.#order.descending ? -1 : 1;
    const items = this.#items.sort((a, b) => direction * compareRaw(a.value, b.value, mongoRank));
    this.#items = [];
    this.#bytes = 0;
    this.isClosed = false;
    for (const { item } of items) yield item;
  }
}
