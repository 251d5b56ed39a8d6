// What EXPLAIN says of a query, the same for every door: how it was planned and what it cost.

import type { PlanShape } from './plan.ts';

/** One use of the index of a path, named as a policy names it (`/a/b/?`), and for what. */
export interface IndexUse {
  readonly path: string;
  readonly how:
    'equality' | 'range' | 'prefix' | 'existence' | 'type' | 'element' | 'length' | 'order' | 'count' | 'test';
}

/** How items were reached through the index. */
export interface AccessUse {
  readonly uses: readonly IndexUse[];
  /** Paths that conditions name and the policy leaves out. */
  readonly potentialPaths: readonly string[];
  /** Composite indexes walked, and those that would have spared a sort: paths with ASC or DESC. */
  readonly composites: readonly (readonly string[])[];
  readonly potentialComposites: readonly (readonly string[])[];
  /** `scan` every item; `collect` those found; `probe` the first items, then those found; `filter` and `order` by walking the natural or a path's order. */
  readonly way: 'scan' | 'collect' | 'probe' | 'filter' | 'order' | 'count';
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
