// The items of a scope as the rows of a query: partition by partition in key order, within each by creation.
// A position is the partition's place in that order and the LSN of the item's creation, so it is stable over new
// versions and restarts. It holds for one layout of partitions: whoever keeps positions compares `layoutOf` too.

import { everything } from '../../indexer/filter.ts';
import type { Item } from '../../model/operation.ts';
import type { ContainerRecord } from '../../model/resource.ts';
import type { Reading } from '../reading.ts';
import { walkByCreation } from '../walk.ts';
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

/** The rows of a reading that its caller holds. */
export function containerRows(reading: Reading, systemOf: SystemView): RowSource {
  const places = new Map(reading.container.partitions.map((record, place) => [record.partition, place]));
  return {
    *scan({ after }): Iterable<ItemRow> {
      for (const partition of reading.partitions) {
        const base = places.get(partition.record.partition)! * positionsPerPartition;
        if (after !== undefined && after >= base + positionsPerPartition) continue;
        for (const item of walkByCreation(partition, everything, { after: Math.max(0, (after ?? 0) - base) }))
          if (item !== undefined)
            yield { position: base + item.created, document: item.body, system: systemOf(item), item };
      }
    },
  };
}
