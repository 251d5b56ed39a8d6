// Ends after a number of rows, without asking its input for one more.

import type { Frame, OpenRows } from '../frame.ts';

export function limitRows(input: OpenRows, count: (frame: Frame) => number): OpenRows {
  return function* (frame) {
    let left = count(frame);
    if (left <= 0) return;
    for (const isRow of input(frame)) {
      yield isRow;
      if (isRow && --left <= 0) return;
    }
  };
}
