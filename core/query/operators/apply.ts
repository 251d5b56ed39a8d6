// One row per result of a relation that is run for each row of the input.

import type { Place } from '../compile/scope.ts';
import type { OpenRows } from '../frame.ts';

export function applyRows(input: OpenRows, slot: number, query: OpenRows, result: Place): OpenRows {
  return function* (frame) {
    for (const isRow of input(frame)) {
      if (!isRow) {
        yield false;
        continue;
      }
      for (const isResult of query(frame)) {
        if (isResult) frame.slots[slot] = frame.valueOf(result.slot, result.isItem);
        yield isResult;
      }
    }
  };
}
