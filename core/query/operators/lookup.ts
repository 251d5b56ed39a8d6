// A hash join: the inner side is read once per execution into a table by key, then each row takes its matches as an
// array. The table's bytes are bounded.

import type { Value } from '../../../model/value.ts';
import type { Place } from '../compile/scope.ts';
import { boundedArray, detached, heldBytes } from '../elements.ts';
import type { Evaluate, Frame, OpenRows } from '../frame.ts';
import { lookupBytesMax, tooLarge } from '../limits.ts';

export interface LookupParts {
  readonly slot: number;
  readonly from: OpenRows;
  readonly result: Place;
  readonly local: Evaluate;
  readonly foreign: Evaluate;
  /** Where `foreign` finds the inner result. */
  readonly foreignSlot: number;
}

type Table = Map<string, Value[]>;

function* readTable(frame: Frame, parts: LookupParts, table: Table): Generator<boolean, void, void> {
  const { semantics } = frame.context;
  let bytes = 0;
  for (const isRow of parts.from(frame)) {
    if (!isRow) {
      yield false;
      continue;
    }
    const value = detached(frame.valueOf(parts.result.slot, parts.result.isItem));
    frame.slots[parts.foreignSlot] = value;
    const key = semantics.key(parts.foreign(frame));
    const matches = table.get(key);
    if (matches === undefined) table.set(key, [value]);
    else matches.push(value);
    bytes += heldBytes(value) + 2 * key.length;
    if (bytes > lookupBytesMax) throw tooLarge('the inner side of a lookup', lookupBytesMax, 'bytes');
  }
}

export function lookupRows(input: OpenRows, parts: LookupParts): OpenRows {
  return function* (frame) {
    const table: Table = new Map();
    yield* readTable(frame, parts, table);
    for (const isRow of input(frame)) {
      if (isRow) {
        const matches = table.get(frame.context.semantics.key(parts.local(frame)));
        frame.slots[parts.slot] = boundedArray(matches ?? []);
      }
      yield isRow;
    }
  };
}
