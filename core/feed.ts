// Reading many items: by partition in key order, within each by creation. Pages resume by place, not by
// snapshot, so their continuation survives a restart.

import { DatabaseError } from '../model/errors.ts';
import type { FeedPage, Item, Scope } from '../model/operation.ts';
import type { ContainerRecord } from '../model/resource.ts';
import { pageCharge } from './charge.ts';
import type { GroupState } from './group.ts';
import type { Partition } from './partition.ts';
import { keyFilterOf, routeOf } from './router.ts';

/** Items a feed page may carry, and their bytes: a page is one response. */
export const feedItemsMax = 10_000;
export const feedBytesMax = 4 * 1024 * 1024;

/** One partition's share of a scope. */
export interface Rows {
  readonly partition: Partition;
  /** Items created after the given LSN. */
  readonly after: (created: number) => Generator<Item>;
}

/** The rows of a scope, partition by partition. */
export function rowsOf(state: GroupState, container: ContainerRecord, scope: Scope, nowSeconds: number): Rows[] {
  const route = routeOf(container, scope);
  const wanted = keyFilterOf(container, route);
  return route.partitions.map((record) => {
    const partition = state.partition(record.partition);
    if (partition === undefined)
      throw new DatabaseError('PartitionGone', 'the partition is gone: resolve the ranges again');
    return { partition, after: (created) => partition.scan(created, nowSeconds, wanted) };
  });
}

/** The rows that a page has still to look at, and where in the first of them it begins. */
export function startOf(
  rows: readonly Rows[],
  continuation: string | undefined,
): { readonly rows: readonly Rows[]; readonly after: number } {
  if (continuation === undefined) return { rows, after: 0 };
  const place = parsePlace(continuation);
  const first = rows.findIndex((row) => row.partition.record.range === place.range);
  if (first < 0)
    throw new DatabaseError('InvalidContinuation', 'the continuation names another range', {
      argument: 'continuation',
    });
  return { rows: rows.slice(first), after: place.created };
}

/** `range:created` of the last item given: where a page resumes. */
function parsePlace(text: string): { readonly range: number; readonly created: number } {
  const match = /^(\d{1,10}):(\d{1,15})$/.exec(text);
  if (match === null)
    throw new DatabaseError('InvalidContinuation', 'the continuation is not one of this feed', {
      argument: 'continuation',
    });
  return { range: Number(match[1]), created: Number(match[2]) };
}

export function readFeed(
  state: GroupState,
  container: ContainerRecord,
  scope: Scope,
  itemsMax: number,
  continuation: string | undefined,
  nowSeconds: number,
): FeedPage {
  const limit = Math.min(itemsMax, feedItemsMax);
  const items: Item[] = [];
  let bytes = 0;
  const start = startOf(rowsOf(state, container, scope, nowSeconds), continuation);
  let { after } = start;
  for (const row of start.rows) {
    for (const item of row.after(after)) {
      if (items.length >= limit || bytes + item.body.length > feedBytesMax * (items.length === 0 ? Infinity : 1)) {
        const last = items.at(-1);
        const resume =
          last === undefined ? `${row.partition.record.range}:${after}` : `${last.partition.range}:${last.created}`;
        return { container, items, continuation: resume, charge: pageCharge(items.length, bytes) };
      }
      items.push(item);
      bytes += item.body.length;
    }
    after = 0;
  }
  return { container, items, continuation: undefined, charge: pageCharge(items.length, bytes) };
}
