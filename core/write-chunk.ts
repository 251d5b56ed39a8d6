// How many of a list of independent writes share one entry of the log: it bounds how long one proposal holds the event
// loop, and how much an entry carries.

import type { ItemWrite } from '../model/operation.ts';

const writesPerEntryMax = 256;
const bytesPerEntryMax = 2 * 1024 * 1024;

/** Where the chunk ends that begins at `start`; it has at least one write. */
export function endOfChunk(writes: readonly ItemWrite[], start: number): number {
  let bytes = 0;
  let end = start;
  while (end < writes.length && end - start < writesPerEntryMax) {
    const write = writes[end]!;
    bytes += 'body' in write ? write.body.length : 0;
    if (end > start && bytes > bytesPerEntryMax) break;
    end++;
  }
  return end;
}
