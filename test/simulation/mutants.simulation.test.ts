// Every mutant is caught, and says by which property and how soon.

import { describe, expect, it } from 'vitest';
import { loadMutant, mutants } from './mutants.ts';
import { runHistories } from './run.ts';

/** Histories in which a mutant must be caught. */
const historiesMax = 3000;

describe('the simulation catches', () => {
  for (const mutant of mutants)
    it(mutant.name, async () => {
      const { subject, remove } = await loadMutant(mutant);
      try {
        const { violations, coverage } = await runHistories(subject, 1, historiesMax);
        expect(violations.length, `not caught in ${coverage.histories} histories`).toBeGreaterThan(0);
        const [{ seed, property, what }] = violations as [(typeof violations)[0], ...typeof violations];
        console.log(
          `caught within ${coverage.histories} histories by '${property}': seed ${seed}: ${what.split('\n')[0]}`,
        );
      } finally {
        await remove();
      }
    });
});
