// What EXPLAIN says of a query, the same for every door: how it was planned and what it cost.

import type { PlanShape } from './plan.ts';

export interface Explanation {
  readonly scan: 'full' | 'none';
  readonly shape: PlanShape;
  /** Operators from the source up. */
  readonly operators: readonly string[];
  /** Items read by all scans of the execution. */
  readonly examined: number;
  /** Results given. */
  readonly returned: number;
}
