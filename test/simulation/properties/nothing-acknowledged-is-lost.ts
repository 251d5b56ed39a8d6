// Whoever was told that a write is durable finds it in the log, once, whole, at the sequence named.

import { changesOf } from '../kv-machine.ts';
import type { Property } from '../outcome.ts';

export const nothingAcknowledgedIsLost: Property = {
  name: 'nothing acknowledged is lost',
  violation({ operations, records }) {
    const changes = changesOf(records);
    for (const { id, sequence, keys } of operations) {
      if (sequence === undefined) continue;
      const stored = changes.filter(({ change }) => change.id === id);
      if (stored.length !== keys.length)
        return `operation ${id} was acknowledged with ${keys.length} records, the log has ${stored.length}`;
      if (stored[0]!.sequence !== sequence)
        return `operation ${id} was acknowledged at ${sequence} and stands at ${stored[0]!.sequence}`;
    }
    return undefined;
  },
};
