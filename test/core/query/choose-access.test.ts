// The choice of the way to the items, as a table: figures in, choice out.

import { expect, test } from 'vitest';
import { chooseNatural, chooseOrdered } from '../../../core/query/plan/choose-access.ts';

test.each([
  // items, hits, of them replaced, wanted, filters, choice
  [100_000, 100_000, 0, Infinity, false, 'scan'],
  [10, 1, 0, Infinity, true, 'scan'],
  [100_000, 95_000, 0, 100, true, 'scan'],
  [100_000, 1, 1, Infinity, true, 'collect'],
  [100_000, 0, 0, 100, true, 'collect'],
  [100_000, 4_000, 0, Infinity, true, 'collect'],
  [100_000, 4_000, 4_000, Infinity, true, 'collect'],
  [100_000, 4_000, 0, 10, true, 'collect'],
  [100_000, 4_000, 4_000, 10, true, 'filter'],
  [100_000, 20_000, 0, Infinity, true, 'collect'],
  [100_000, 20_000, 20_000, Infinity, true, 'filter'],
  [100_000, 20_000, 0, 100, true, 'collect'],
  [100_000, 20_000, 4_000, 100, true, 'filter'],
  [1_000_000, 50, 50, 10, true, 'collect'],
] as const)('natural order: of %d items %d hits, %d replaced, %d wanted', (...figures) => {
  const [items, hits, replaced, wanted, filters, choice] = figures;
  expect(chooseNatural({ items, hits, replaced, wanted, filters })).toBe(choice);
});

test.each([
  // items, those in the range, hits, passing what is left of the filter, wanted, cost of asking it, choice
  [100_000, 100_000, 100_000, 100_000, 100, 0, 'test'],
  [100_000, 100_000, 100_000, 100_000, Infinity, 0, 'test'],
  [100_000, 100_000, 3, 3, 100, 0, 'sort'],
  [100_000, 50_000, 50_000, 100_000, 100, 0, 'test'],
  [1_000_000, 1_000_000, 200, 200, 10, 1, 'sort'],
  [1_000_000, 1_000_000, 20_000, 20_000, 10, 100, 'order'],
  [1_000_000, 1_000_000, 500_000, 500_000, 100, 25_000, 'test'],
  [0, 0, 0, 0, 10, 0, 'sort'],
] as const)('an order terms have: of %d items %d in the range, %d hits', (...figures) => {
  const [items, walked, hits, passing, wanted, askMicros, choice] = figures;
  expect(chooseOrdered({ items, walked, hits, passing, wanted, askMicros })).toBe(choice);
});
