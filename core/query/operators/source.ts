// Scans a container. The outermost scan keeps the marks that a continuation is made of, and reads one item ahead, so
// that a page which ends with the last item knows that it is the last page.

import type { OpenRows } from '../frame.ts';

export function outermostSource(container: string | undefined, slot: number): OpenRows {
  return function* (frame) {
    const { scan, pacer, items } = frame;
    const iterator = frame.source(container).scan({ after: scan.after })[Symbol.iterator]();
    try {
      let next = iterator.next();
      while (next.done !== true) {
        const item = next.value;
        next = iterator.next();
        scan.previous = scan.position;
        scan.position = item.position;
        scan.exhausted = next.done === true;
        items[slot] = item;
        const sliceOver = pacer.item();
        yield true;
        if (sliceOver) yield false;
      }
      scan.exhausted = true;
    } finally {
      iterator.return?.();
    }
  };
}

/** The inner side of a lookup or a part of a union: no continuation begins in it. */
export function innerSource(container: string | undefined, slot: number): OpenRows {
  return function* (frame) {
    for (const item of frame.source(container).scan({})) {
      frame.items[slot] = item;
      const sliceOver = frame.pacer.item();
      yield true;
      if (sliceOver) yield false;
    }
  };
}

/** One row without bindings. */
export const unitRows: OpenRows = function* () {
  yield true;
};
