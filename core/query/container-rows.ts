// The items of a scope as the rows of a query: partition by partition in key order, within each by creation.
// A position is the partition's place in that order and the LSN of the item's creation, so it is stable over new
// versions and restarts. It holds for one layout of partitions: whoever keeps positions compares `layoutOf` too.

import { everything } from '../../indexer/filter.ts';
import type { Item } from '../../model/operation.ts';
import { defaultTtlOf } from '../expiry.ts';
import type { Load, ReadMeter } from '../read-meter.ts';
import type { PartitionReading, Reading } from '../reading.ts';
import { walkByCreation, walkHits, type Walk } from '../walk.ts';
import { positionsPerPartition, type IndexedPartition } from './indexed-rows.ts';
import type { RowSource, ScannedItem } from './row-source.ts';

export interface ItemRow extends ScannedItem {
  readonly item: Item;
}

/** What a door shows of an item beside its body. */
export type SystemView = (item: Item) => ScannedItem['system'];

/** The rows of a reading that its caller holds; what they load is noted on the meter, if there is one. */
export function containerRows(reading: Reading, systemOf: SystemView, meter?: ReadMeter): RowSource {
  const places = new Map(reading.container.partitions.map((record, place) => [record.partition, place]));
  const expires = defaultTtlOf(reading.container) !== undefined;
  const indexed = reading.partitions.map((partition) =>
    indexedPartition(
      partition,
      places.get(partition.record.partition)! * positionsPerPartition,
      expires,
      systemOf,
      meter?.loadOf(partition.record),
    ),
  );
  return {
    indexed,
    *scan({ after }): Iterable<ScannedItem> {
      for (const partition of indexed) {
        const { base } = partition;
        if (after !== undefined && after >= base + positionsPerPartition) continue;
        for (const row of partition.walkCreated(everything, Math.max(0, (after ?? 0) - base)))
          if (row !== undefined) yield row;
      }
    },
  };
}

function indexedPartition(
  reading: PartitionReading,
  base: number,
  expires: boolean,
  systemOf: SystemView,
  load: Load | undefined,
): IndexedPartition {
  const rowOf = (item: Item): ItemRow => {
    if (load !== undefined) {
      load.items++;
      load.bytes += item.body.length;
    }
    return { position: base + item.created, document: item.body, system: systemOf(item), item };
  };
  function* rows(walk: Walk): Generator<ItemRow | undefined, void, void> {
    for (const item of walk) yield item && rowOf(item);
  }
  return {
    paths: reading.index.paths,
    view: reading.view,
    scope: reading.scope,
    keyText: reading.keyText,
    isCounted: reading.isScopeExact && !expires,
    base,
    items: reading.index.items,
    item: (number) => {
      const item = reading.item(number);
      return item && rowOf(item);
    },
    walkCreated: (filter, after) => rows(walkByCreation(reading, filter, { after })),
    walkHits: (filter, after) => rows(walkHits(reading, filter, after)),
  };
}
