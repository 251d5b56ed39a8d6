// Turns a row into its result; a result that is undefined is dropped.

import type { Evaluate, OpenRows } from '../frame.ts';

export function projectRows(input: OpenRows, slot: number, value: Evaluate): OpenRows {
  return function* (frame) {
    for (const isRow of input(frame)) {
      if (!isRow) {
        yield false;
        continue;
      }
      const result = value(frame);
      if (result === undefined) {
        if (frame.pacer.step()) yield false;
        continue;
      }
      frame.slots[slot] = result;
      yield true;
    }
  };
}
