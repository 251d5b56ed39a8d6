// Binds a computed value in each row.

import type { Evaluate, OpenRows } from '../frame.ts';

export function letRows(input: OpenRows, slot: number, value: Evaluate): OpenRows {
  return function* (frame) {
    for (const isRow of input(frame)) {
      if (isRow) frame.slots[slot] = value(frame);
      yield isRow;
    }
  };
}
