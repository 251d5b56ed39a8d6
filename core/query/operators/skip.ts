// Drops the first rows.

import type { Frame, OpenRows } from '../frame.ts';

export function skipRows(input: OpenRows, count: (frame: Frame) => number): OpenRows {
  return function* (frame) {
    let left = count(frame);
    for (const isRow of input(frame)) {
      if (isRow && left > 0) {
        left--;
        if (frame.pacer.step()) yield false;
      } else yield isRow;
    }
  };
}
