// Keeps the rows whose test is true. Rows that are dropped count as work, so that a filter that keeps none still
// gives control back.

import type { Evaluate, OpenRows } from '../frame.ts';

export function filterRows(input: OpenRows, test: Evaluate): OpenRows {
  return function* (frame) {
    for (const isRow of input(frame)) {
      if (!isRow) yield false;
      else if (test(frame) === true) yield true;
      else if (frame.pacer.step()) yield false;
    }
  };
}
