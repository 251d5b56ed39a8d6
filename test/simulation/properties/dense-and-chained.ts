// The log is dense and chained, and every machine applied a prefix of exactly it.

import { checksumOf, decodeHeader, recordFault } from '../../../model/record.ts';
import type { Property } from '../outcome.ts';

export const denseAndChained: Property = {
  name: 'dense and chained',
  violation({ records, machines }) {
    let chain = 0;
    for (const [index, record] of records.entries()) {
      const fault = recordFault(record);
      if (fault !== undefined) return `record ${index + 1}: ${fault}`;
      const header = decodeHeader(record);
      if (header.sequence !== index + 1) return `record ${header.sequence} stands at place ${index + 1}`;
      if (header.chain !== chain) return `record ${header.sequence} breaks the chain`;
      chain = checksumOf(record);
    }
    for (const { node, applied } of machines) {
      if (applied.length > records.length) return `${node} applied ${applied.length} records of ${records.length}`;
      const differs = applied.findIndex((checksum, index) => checksum !== checksumOf(records[index]!));
      if (differs >= 0) return `${node} applied another record at ${differs + 1} than the log holds`;
    }
    return undefined;
  },
};
