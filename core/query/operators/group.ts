// Gathers rows by key and folds each group's arguments; groups come out in order of their first row. Without keys
// there is exactly one group, also over no rows. The bytes of keys and accumulators are bounded.

import type { AggregateFunction } from '../../../model/query.ts';
import type { Value } from '../../../model/value.ts';
import { createAccumulator, type Accumulator } from '../aggregates.ts';
import { detached, heldBytes } from '../elements.ts';
import type { Evaluate, Frame, OpenRows } from '../frame.ts';
import { groupBytesMax, tooLarge } from '../limits.ts';

export interface GroupKey {
  readonly slot: number;
  readonly value: Evaluate;
}
export interface GroupAggregate {
  readonly slot: number;
  readonly function: AggregateFunction;
  readonly argument: Evaluate;
}

interface Group {
  readonly keys: readonly Value[];
  readonly accumulators: readonly Accumulator[];
}

/** Bytes of a group's own objects, about. */
const groupOverheadBytes = 200;

export function groupRows(
  input: OpenRows,
  keys: readonly GroupKey[],
  aggregates: readonly GroupAggregate[],
): OpenRows {
  function newGroup(frame: Frame, values: readonly Value[]): Group {
    const { semantics } = frame.context;
    return {
      keys: values.map(detached),
      accumulators: aggregates.map((aggregate) => createAccumulator(aggregate.function, semantics)),
    };
  }

  return function* (frame) {
    const { semantics } = frame.context;
    const groups = new Map<string, Group>();
    if (keys.length === 0) groups.set('', newGroup(frame, []));
    let bytes = 0;
    for (const isRow of input(frame)) {
      if (!isRow) {
        yield false;
        continue;
      }
      const values = keys.map((key) => key.value(frame));
      let text = '';
      for (const value of values) {
        const key = semantics.key(value);
        text += `${key.length}:${key}`;
      }
      let group = groups.get(text);
      if (group === undefined) {
        group = newGroup(frame, values);
        groups.set(text, group);
        bytes += groupOverheadBytes + 2 * text.length;
        for (const key of group.keys) bytes += heldBytes(key);
      }
      for (let i = 0; i < aggregates.length; i++) bytes += group.accumulators[i]!.add(aggregates[i]!.argument(frame));
      if (bytes > groupBytesMax) throw tooLarge('GROUP BY', groupBytesMax, 'bytes of groups');
      if (frame.pacer.step()) yield false;
    }
    for (const group of groups.values()) {
      keys.forEach((key, i) => (frame.slots[key.slot] = group.keys[i]));
      aggregates.forEach((aggregate, i) => (frame.slots[aggregate.slot] = group.accumulators[i]!.result()));
      const sliceOver = frame.pacer.step();
      yield true;
      if (sliceOver) yield false;
    }
  };
}
