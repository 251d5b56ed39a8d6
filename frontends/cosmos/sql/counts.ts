// The counts of TOP, OFFSET and LIMIT: what the service takes for one.

import type { Count } from './ast.ts';
import { sqlError } from './errors.ts';

/** What TOP, OFFSET and LIMIT may be at most: more is no count of the service. */
const countMax = 2 ** 32 - 1;

const countFaults = {
  top: 'The count value provided for a TOP clause must be an integer.',
  offset: 'The OFFSET count value exceeds the maximum allowed value.',
  limit: 'The LIMIT count value exceeds the maximum allowed value.',
} as const;

export function checkCount(clause: 'top' | 'offset' | 'limit', count: Count | undefined): void {
  if (count?.kind !== 'literal' || typeof count.value !== 'number' || count.value <= countMax) return;
  throw sqlError(`${clause}Count`, countFaults[clause], count);
}
