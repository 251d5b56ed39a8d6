// One row per element of an array, read where it lies. Each element is a step: a cross join over large arrays
// gives control back in the middle of one item.

import { ElementCursor } from '../../../model/bson/walk.ts';
import { valueOf } from '../../../model/value.ts';
import { isArray } from '../elements.ts';
import type { Evaluate, OpenRows } from '../frame.ts';

export interface UnnestSlots {
  readonly element: number;
  readonly position: number | undefined;
}

export function unnestRows(input: OpenRows, slots: UnnestSlots, array: Evaluate, outer: boolean): OpenRows {
  return function* (frame) {
    for (const isRow of input(frame)) {
      if (!isRow) {
        yield false;
        continue;
      }
      const value = array(frame);
      let position = 0;
      if (isArray(value)) {
        const cursor = new ElementCursor(value.bytes, value.start);
        while (cursor.next()) {
          frame.slots[slots.element] = valueOf(cursor.raw());
          if (slots.position !== undefined) frame.slots[slots.position] = position;
          position++;
          const sliceOver = frame.pacer.step();
          yield true;
          if (sliceOver) yield false;
        }
      }
      if (outer && position === 0) {
        frame.slots[slots.element] = undefined;
        if (slots.position !== undefined) frame.slots[slots.position] = undefined;
        yield true;
      }
    }
  };
}
