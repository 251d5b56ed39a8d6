// Whoever was refused with anything but OutcomeUnknown or Internal finds nothing of the write in the log, ever.

import { changesOf } from '../kv-machine.ts';
import type { Property } from '../outcome.ts';

export const uncertainCodes: ReadonlySet<string> = new Set(['OutcomeUnknown', 'Internal']);

export const refusedForCertainIsAbsent: Property = {
  name: 'refused for certain is absent',
  violation({ operations, records }) {
    const stored = new Set(changesOf(records).map(({ change }) => change.id));
    for (const { id, code } of operations)
      if (code !== undefined && !uncertainCodes.has(code) && stored.has(id))
        return `operation ${id} was refused with ${code} and is in the log`;
    return undefined;
  },
};
