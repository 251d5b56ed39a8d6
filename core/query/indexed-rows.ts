// What a query needs of one partition's index: terms at one moment, and items by number. Who hands these in took all
// of a query's moments at once and releases them at its end.

import type { Filter } from '../../indexer/filter.ts';
import type { PathDictionary } from '../../indexer/paths.ts';
import type { View } from '../../indexer/view.ts';
import type { ScannedItem } from './row-source.ts';

/** Items one by one; `undefined` where others may run. */
export type RowWalk = Generator<ScannedItem | undefined, void, void>;

export interface IndexedPartition {
  readonly paths: PathDictionary;
  readonly view: View;
  /** The items of the query's scope, and perhaps more, which `item` then leaves out. */
  readonly scope: Filter;
  /** True when what the index counts within `scope` are the items of the scope: none expires, none is outside. */
  readonly isCounted: boolean;
  /** Text of the scope's partition key, when it is one whole key. */
  readonly keyText?: string | undefined;
  /** An item's position is this and the LSN of its creation; bases rise from partition to partition. */
  readonly base: number;
  /** About how many items. */
  readonly items: number;
  /** The item of a version; undefined when it expired or is outside of the scope. */
  item(number: number): ScannedItem | undefined;
  /** Items of the scope that may pass, created after that LSN, in the order of their creation. */
  walkCreated(filter: Filter, after: number): RowWalk;
  /** The same, for a filter that few replaced items pass: none of the others is read before it is wanted. */
  walkHits(filter: Filter, after: number): RowWalk;
}

/** LSNs below this, in partitions below 2^13: together a safe integer. */
export const positionsPerPartition = 2 ** 40;
