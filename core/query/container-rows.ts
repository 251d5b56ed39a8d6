// The items of a scope as the rows of a query: partition by partition in key order, within each by creation.
// A position is the partition's place in that order and the LSN of the item's creation, so it is stable over new
// versions and restarts. It holds for one layout of partitions: whoever keeps positions compares `layoutOf` too.

import type { Item, Scope } from '../../model/operation.ts';
import type { ContainerRecord } from '../../model/resource.ts';
import { rowsOf } from '../feed.ts';
import type { GroupState } from '../group.ts';
import type { RowSource, ScannedItem } from './row-source.ts';

/** LSNs below this, in partitions below 2^13: together a safe integer. */
const positionsPerPartition = 2 ** 40;

export interface ItemRow extends ScannedItem {
  readonly item: Item;
}

/** What a door shows of an item beside its body. */
export type SystemView = (item: Item) => ScannedItem['system'];

/** Differs when partitions were split or merged. */
export function layoutOf(container: ContainerRecord): string {
  return container.partitions.map(({ range }) => range).join('.');
}

export function containerRows(
  state: GroupState,
  container: ContainerRecord,
  scope: Scope,
  nowSeconds: number,
  systemOf: SystemView,
): RowSource {
  const places = new Map(container.partitions.map((record, place) => [record.partition, place]));
  return {
    *scan({ after }): Iterable<ItemRow> {
      for (const { partition, after: rows } of rowsOf(state, container, scope, nowSeconds)) {
        const base = places.get(partition.record.partition)! * positionsPerPartition;
        if (after !== undefined && after >= base + positionsPerPartition) continue;
        for (const item of rows(Math.max(0, (after ?? 0) - base)))
          yield { position: base + item.created, document: item.body, system: systemOf(item), item };
      }
    },
  };
}
