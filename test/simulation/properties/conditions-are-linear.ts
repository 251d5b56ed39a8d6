// The order of the log is the order of effects: every compare-and-set found what its predecessor in the log left,
// an operation that ended before another began stands before it, and a refused condition saw a value that was
// durable at some time, never one that only another proposal had staged.

import type { Property } from '../outcome.ts';

export const conditionsAreLinear: Property = {
  name: 'conditions are linear',
  violation({ operations, finalValues, changes }) {
    const values = new Map<string, string>();
    const written = new Set<string>();
    for (const { change, sequence } of changes) {
      const before = values.get(change.key) ?? null;
      if (change.expected !== undefined && change.expected !== before)
        return `record ${sequence} set ${change.key} expecting ${change.expected}, it was ${before}`;
      values.set(change.key, change.value);
      written.add(`${change.key}=${change.value}`);
    }
    for (const [key, value] of values)
      if (finalValues.get(key) !== value) return `${key} ends as ${finalValues.get(key)}, the log says ${value}`;
    if (finalValues.size !== values.size) return 'a machine has keys that the log does not';

    for (const { id, saw } of operations)
      if (saw !== undefined && saw.value !== null && !written.has(`${saw.key}=${saw.value}`))
        return `operation ${id} was refused because of ${saw.key}=${saw.value}, which was never durable`;

    const done = operations.filter(({ sequence }) => sequence !== undefined);
    const byAnswer = done.toSorted((a, b) => a.answeredMs! - b.answeredMs!);
    const byInvocation = done.toSorted((a, b) => a.invokedMs - b.invokedMs);
    let answered = 0;
    let highest = 0;
    for (const operation of byInvocation) {
      while (answered < byAnswer.length && byAnswer[answered]!.answeredMs! < operation.invokedMs)
        highest = Math.max(highest, byAnswer[answered++]!.sequence!);
      if (operation.sequence! < highest)
        return `operation ${operation.id} stands before one that had ended when it began`;
    }
    return undefined;
  },
};
