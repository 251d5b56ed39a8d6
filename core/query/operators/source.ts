// Scans a container. The outermost scan keeps the marks that a continuation is made of, and reads one item ahead, so
// that a page which ends with the last item knows that it is the last page. Where items are indexed it goes the way
// that planning chose: through all, through those that conditions leave, or in the order of the sort.

import { everything } from '../../../indexer/filter.ts';
import type { Frame, OpenRows } from '../frame.ts';
import { positionsPerPartition, type RowWalk } from '../indexed-rows.ts';
import { openAccess, type OpenedAccess, type PreparedAccess } from '../open-access.ts';
import { walkOrdered } from '../ordered-walk.ts';
import { collectedMax, probedOf } from '../plan/choose-access.ts';
import type { RowSource, ScannedItem } from '../row-source.ts';

/** Items in the natural order after the scan's mark. */
function* walkNatural(frame: Frame, access: Extract<OpenedAccess, { readonly kind: 'natural' }>): RowWalk {
  const { after } = frame.scan;
  for (const { partition, condition, choice, replaced } of access.parts) {
    if (after !== undefined && after >= partition.base + positionsPerPartition) continue;
    let created = Math.max(0, (after ?? 0) - partition.base);
    if (choice === 'probe') {
      // Rows that are wanted may be among the first items: then no term need be tested.
      let left = probedOf(partition.items);
      let met: ScannedItem | undefined;
      for (const item of partition.walkCreated(everything, created)) {
        yield item;
        met = item ?? met;
        if (item !== undefined && --left <= 0) break;
      }
      if (left > 0 || met === undefined) continue;
      created = met.position - partition.base;
      yield* replaced > collectedMax
        ? partition.walkCreated(condition, created)
        : partition.walkHits(condition, created);
      continue;
    }
    if (choice === 'collect') yield* partition.walkHits(condition, created);
    else yield* partition.walkCreated(choice === 'filter' ? condition : everything, created);
  }
}

/** Items in the order of the sort, group by group. */
function* walkSorted(frame: Frame, access: Extract<OpenedAccess, { readonly kind: 'ordered' }>): RowWalk {
  const { scan } = frame;
  scan.ordered = true;
  for (const step of walkOrdered(access.accesses, access.start)) {
    if (step.kind === 'pause') yield undefined;
    else if (step.kind === 'item') yield step.item;
    else {
      scan.group++;
      scan.groupSorted = step.sorted;
    }
  }
}

function walkOf(
  frame: Frame,
  source: RowSource,
  access: PreparedAccess | undefined,
): Iterable<ReturnType<RowWalk['next']>['value']> {
  if (access === undefined || source.indexed === undefined) return source.scan({ after: frame.scan.after });
  const opened = openAccess(frame, access, source.indexed);
  return opened.kind === 'natural' ? walkNatural(frame, opened) : walkSorted(frame, opened);
}

export function outermostSource(
  container: string | undefined,
  slot: number,
  access: PreparedAccess | undefined,
): OpenRows {
  return function* (frame) {
    const { scan, pacer, items } = frame;
    const iterator = walkOf(frame, frame.source(container), access)[Symbol.iterator]();
    try {
      if (scan.ordered || access?.plan.order !== undefined) {
        // In the order of a sort there is no mark to keep, and nothing to read ahead for.
        for (let next = iterator.next(); next.done !== true; next = iterator.next()) {
          const item = next.value;
          if (item === undefined) {
            yield false;
            continue;
          }
          scan.position = item.position;
          items[slot] = item;
          const sliceOver = pacer.item();
          yield true;
          if (sliceOver) yield false;
        }
        scan.exhausted = true;
        return;
      }
      let next = iterator.next();
      for (; next.done !== true && next.value === undefined; next = iterator.next()) yield false;
      while (next.done !== true) {
        const item = next.value!;
        next = iterator.next();
        for (; next.done !== true && next.value === undefined; next = iterator.next()) yield false;
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
