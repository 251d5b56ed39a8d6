// The choice of the way to the items, as a table: figures in, choice out.

import { expect, test } from 'vitest';
import { chooseNatural, chooseOrdered } from '../../../core/query/plan/choose-access.ts';

test.each([
  // items, hits, wanted, filters, choice
  [100_000, 100_000, Infinity, false, 'scan'],
  [10, 1, Infinity, true, 'scan'],
  [100_000, 95_000, 100, true, 'scan'],
  [100_000, 1, Infinity, true, 'collect'],
  [100_000, 0, 100, true, 'collect'],
  [100_000, 4_000, Infinity, true, 'collect'],
  [100_000, 4_000, 10, true, 'filter'],
  [100_000, 20_000, Infinity, true, 'filter'],
  [100_000, 20_000, 100, true, 'filter'],
  [1_000_000, 50, 10, true, 'collect'],
] as const)('natural order: of %d items %d hits, %d wanted', (items, hits, wanted, filters, choice) => {
  expect(chooseNatural({ items, hits, wanted, filters })).toBe(choice);
});

test.each([
  [100_000, 100_000, 100, false, 'order'],
  [100_000, 100_000, Infinity, false, 'order'],
  [100_000, 3, 100, true, 'sort'],
  [100_000, 50_000, 100, true, 'order'],
  [1_000_000, 200, 10, true, 'sort'],
  [1_000_000, 20_000, 10, true, 'order'],
  [0, 0, 10, true, 'sort'],
] as const)('an order terms have: of %d items %d hits, %d wanted', (items, hits, wanted, filters, choice) => {
  expect(chooseOrdered({ items, hits, wanted, filters })).toBe(choice);
});
