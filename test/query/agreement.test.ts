// The engine against the naive evaluator: random items, random queries, equal answers, whole and by pages.

import { expect, test } from 'vitest';
import { evaluateQuery } from './naive.ts';
import { printQuery } from './print.ts';
import type { Plain } from './tree.ts';
import { prepare, runPage, type Page } from './harness.ts';
import { QueryMaker, Random, randomItems } from './random.ts';

const scale = Number(process.env['MERIDIAN_TEST_SCALE'] ?? '1');
const seed = Number(process.env['MERIDIAN_TEST_SEED'] ?? Date.now() % 1_000_000_000);

/** A form in which 0 and -0 are the same and the order of fields does not count. */
function canonical(value: Plain): string {
  return JSON.stringify(value, (_name, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

test(`2,200 random queries agree with the naive evaluator (seed ${seed})`, { timeout: 600_000 }, () => {
  console.info(`agreement seed: ${seed}`);
  let rows = 0;
  for (let round = 0; round < 2_200 * scale; round++) {
    const random = new Random(seed + round);
    const items = randomItems(random);
    const maker = new QueryMaker(random);
    const tree = maker.query();
    const text = printQuery(tree);
    const shown = `seed ${seed + round}\n${text}\n${JSON.stringify(maker.parameters)}\n${JSON.stringify(items)}`;
    const expected = evaluateQuery(tree, items).map(canonical);
    let actual: string[];
    const paged: string[] = [];
    try {
      const prepared = prepare(text);
      const options = { items, parameters: maker.parameters };
      actual = runPage(prepared, options).rows.map((row) => canonical(row as Plain));
      let continuation: string | undefined;
      do {
        const page: Page = runPage(prepared, { ...options, page: { rowsMax: 1 + random.below(3) }, continuation });
        paged.push(...page.rows.map((row) => canonical(row as Plain)));
        continuation = page.continuation;
      } while (continuation !== undefined);
    } catch (fault) {
      throw new Error(shown, { cause: fault });
    }
    expect(actual, shown).toEqual(expected);
    expect(paged, `paged, ${shown}`).toEqual(expected);
    rows += expected.length;
  }
  // Queries that find nothing agree easily: enough rows must be found. About 2,600 are, 2,200 by an unlucky seed.
  expect(rows).toBeGreaterThan(1_500 * scale);
});
