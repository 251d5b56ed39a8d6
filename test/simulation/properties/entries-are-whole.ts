// An entry is in the log whole and in one piece, or not at all, and no machine ever rests within one.

import { decodeHeader, RecordFlag } from '../../../model/record.ts';
import type { Property } from '../outcome.ts';

export const entriesAreWhole: Property = {
  name: 'entries are whole',
  violation({ records, tornAt, changes }) {
    if (tornAt.length > 0) return `a machine rested within an entry at ${tornAt[0]}`;
    let index = 0;
    for (const record of records) {
      const header = decodeHeader(record);
      if (header.index !== index)
        return `record ${header.sequence} is number ${header.index} of its entry, ${index} was due`;
      index = (header.flags & RecordFlag.lastOfEntry) === 0 ? index + 1 : 0;
    }
    if (index !== 0) return 'the log ends within an entry';
    const sequences = new Map<number, number[]>();
    for (const { change, sequence } of changes) {
      const own = sequences.get(change.id) ?? [];
      sequences.set(change.id, own);
      own.push(sequence);
      if (own.length > change.size) return `operation ${change.id} is in the log more than once`;
      if (sequence !== own[0]! + own.length - 1) return `operation ${change.id} is torn apart at ${sequence}`;
    }
    for (const { change } of changes)
      if (sequences.get(change.id)!.length !== change.size)
        return `operation ${change.id} has ${sequences.get(change.id)!.length} records of ${change.size}`;
    return undefined;
  },
};
