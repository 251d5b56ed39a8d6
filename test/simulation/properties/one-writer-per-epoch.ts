// An epoch begins with the record that opens it, belongs to one committer alone, and ends for good with the next.

import { decodeHeader, RecordKind } from '../../../model/record.ts';
import type { Property } from '../outcome.ts';

export const oneWriterPerEpoch: Property = {
  name: 'one writer per epoch',
  violation({ records, senders }) {
    let epoch = 0;
    let sender: string | undefined;
    for (const [index, record] of records.entries()) {
      const header = decodeHeader(record);
      const where = `record ${header.sequence} of epoch ${header.epoch}`;
      if (header.kind === RecordKind.open) {
        if (header.epoch !== epoch + 1) return `${where} opens an epoch after ${epoch}`;
        epoch = header.epoch;
        sender = senders[index];
      }
      if (header.epoch !== epoch) return `${where} was accepted in epoch ${epoch}`;
      if (senders[index] !== sender) return `${where} came from ${senders[index]}, the epoch is ${sender}'s`;
    }
    return undefined;
  },
};
