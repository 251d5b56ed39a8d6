// The documents of a tally as a source: asked of the index when the first batch is wanted, and read where it cannot
// tell.

import type { ContainerRecord } from '../../../model/resource.ts';
import type { Call } from '../call.ts';
import { countByIndex, tallyByIndex } from '../counting.ts';
import { listSource, type Source } from '../source.ts';
import type { Head } from './pipeline.ts';
import type { Tally } from './tally.ts';

/** `read` gives the same documents from those that are read. */
export function tallySource(
  call: Call,
  container: ContainerRecord,
  head: Head,
  tally: Tally,
  read: () => Source,
): Source {
  let inner: Source | undefined;
  let isClosed = false;
  return {
    next: async (itemsMax, bytesMax, signal) => {
      if (inner === undefined) {
        const documents = await answerOf(call, container, head, tally);
        if (isClosed) return { documents: [], done: true };
        inner = documents === undefined ? read() : listSource(documents);
      }
      return inner.next(itemsMax, bytesMax, signal);
    },
    get heldBytes() {
      return inner?.heldBytes ?? 0;
    },
    close: () => {
      isClosed = true;
      inner?.close();
    },
  };
}

/** The documents where the index knows them. */
export async function answerOf(
  call: Call,
  container: ContainerRecord,
  { filter, skip, limit }: Head,
  tally: Tally,
): Promise<readonly Uint8Array[] | undefined> {
  if (tally.kind === 'count') {
    const count = await countByIndex(call, container, filter);
    if (count === undefined) return undefined;
    const left = Math.max(0, count - skip);
    return tally.documentsOf(limit === 0 ? left : Math.min(limit, left));
  }
  if (skip > 0 || limit > 0) return undefined;
  const values = await tallyByIndex(call, container, filter, tally.path);
  return values && tally.documentsOf(values);
}
