// The results of several relations, one after the other, all in one place.

import type { Place } from '../compile/scope.ts';
import type { OpenRows } from '../frame.ts';

export interface UnionInput {
  readonly open: OpenRows;
  readonly result: Place;
}

export function unionRows(inputs: readonly UnionInput[], slot: number): OpenRows {
  return function* (frame) {
    for (const input of inputs) {
      for (const isRow of input.open(frame)) {
        if (isRow) frame.slots[slot] = frame.valueOf(input.result.slot, input.result.isItem);
        yield isRow;
      }
    }
  };
}
