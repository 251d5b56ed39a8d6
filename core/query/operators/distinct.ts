// Drops results that were seen before. The keys seen are held, a bounded number of bytes of them.

import type { Place } from '../compile/scope.ts';
import type { OpenRows } from '../frame.ts';
import { distinctBytesMax, tooLarge } from '../limits.ts';

/** Bytes of one remembered key beside its text, about. */
const entryBytes = 48;

export function distinctRows(input: OpenRows, result: Place): OpenRows {
  return function* (frame) {
    const seen = new Set<string>();
    let bytes = 0;
    for (const isRow of input(frame)) {
      if (!isRow) {
        yield false;
        continue;
      }
      const key = frame.context.semantics.key(frame.valueOf(result.slot, result.isItem));
      if (seen.has(key)) {
        if (frame.pacer.step()) yield false;
        continue;
      }
      seen.add(key);
      bytes += entryBytes + 2 * key.length;
      if (bytes > distinctBytesMax) throw tooLarge('DISTINCT', distinctBytesMax, 'bytes of keys');
      yield true;
    }
  };
}
