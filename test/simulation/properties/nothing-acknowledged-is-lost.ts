// Whoever was told that a write is durable finds it in the log, once, whole, at the sequence named.

import type { Property } from '../outcome.ts';

export const nothingAcknowledgedIsLost: Property = {
  name: 'nothing acknowledged is lost',
  violation({ operations, changes }) {
    const sequences = new Map<number, number[]>();
    for (const { change, sequence } of changes) {
      const own = sequences.get(change.id);
      if (own === undefined) sequences.set(change.id, [sequence]);
      else own.push(sequence);
    }
    for (const { id, sequence, keys } of operations) {
      if (sequence === undefined) continue;
      const stored = sequences.get(id) ?? [];
      if (stored.length !== keys.length)
        return `operation ${id} was acknowledged with ${keys.length} records, the log has ${stored.length}`;
      if (stored[0] !== sequence) return `operation ${id} was acknowledged at ${sequence} and stands at ${stored[0]}`;
    }
    return undefined;
  },
};
