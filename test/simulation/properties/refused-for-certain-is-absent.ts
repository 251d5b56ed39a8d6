// Whoever was refused with anything but OutcomeUnknown or Internal finds nothing of the write in the log, ever.

import type { Property } from '../outcome.ts';

export const uncertainCodes: ReadonlySet<string> = new Set(['OutcomeUnknown', 'Internal']);

export const refusedForCertainIsAbsent: Property = {
  name: 'refused for certain is absent',
  violation({ operations, changes }) {
    const stored = new Set(changes.map(({ change }) => change.id));
    for (const { id, code } of operations)
      if (code !== undefined && !uncertainCodes.has(code) && stored.has(id))
        return `operation ${id} was refused with ${code} and is in the log`;
    return undefined;
  },
};
