// What EXPLAIN says of a query, the same for every door: how it was planned and what it cost.

import type { PlanShape } from './plan.ts';

/** One use of an index: the path or composite index as a policy writes it, and for what. */
export interface IndexUse {
  readonly paths: readonly string[];
  readonly how: 'equality' | 'range' | 'prefix' | 'existence' | 'type' | 'element' | 'length' | 'order' | 'count';
}

/** How items were reached through the index. */
export interface AccessUse {
  readonly uses: readonly IndexUse[];
  /** Composite indexes that would have given an order that was sorted for. */
  readonly potential: readonly (readonly string[])[];
  /** In words: what the way to the items was. */
  readonly way: 'scan' | 'collect' | 'filter' | 'order' | 'count';
  /** About how many items the index left. */
  readonly estimated: number;
  /** False when each of them was still to be tested. */
  readonly exact: boolean;
  /** Where the order of the results comes from. */
  readonly order: 'index' | 'sort' | 'none';
}

export interface Explanation {
  /** Absent where nothing is indexed. */
  readonly index?: AccessUse | undefined;
  readonly scan: 'full' | 'none';
  readonly shape: PlanShape;
  /** Operators from the source up. */
  readonly operators: readonly string[];
  /** Items read by all scans of the execution. */
  readonly examined: number;
  /** Results given. */
  readonly returned: number;
}
