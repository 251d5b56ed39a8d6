// Documents that come in the order of a sort's first field, brought into the order of all its fields: each run of
// documents that are equal in the first field is sorted by the others. So the first of many cost no more than the
// runs they lie in, and nothing but one run is kept in memory.

import { compareSortKeys, sortKeyOf, type SortField, type SortKey } from './sort.ts';
import { sortBytesMax, sortMemoryExceeded, type Batch, type Source } from './source.ts';

/** Documents and bytes that are asked for at once: first about what is wanted, then ever more. */
const stepItemsMax = 1024;
const stepBytes = 1024 * 1024;

/** Of a run, so many documents more than are wanted wait before the ones behind are dropped. */
const waitingMin = 256;

interface Keyed {
  readonly document: Uint8Array;
  readonly key: SortKey;
}

/** `count`: so many documents are wanted at most. */
export function sortedGroupsSource(inner: Source, fields: readonly SortField[], count: number | undefined): Source {
  const keyOf = sortKeyOf(fields);
  const compareKeys = compareSortKeys(fields);
  const compareFirst = compareSortKeys(fields.slice(0, 1));
  const compare = (a: Keyed, b: Keyed): number => compareKeys(a.key, b.key);
  /** Documents equal in the first field, of which more may come. */
  let run: Keyed[] = [];
  let runBytes = 0;
  /** Sorted, from `place` on. */
  let ready: readonly Keyed[] = [];
  let place = 0;
  let readyBytes = 0;
  let given = 0;
  let ended = false;
  let stepItems = Math.min(stepItemsMax, (count ?? stepItemsMax) + 1);

  const left = (): number => (count === undefined ? Infinity : count - given - (ready.length - place));
  const cut = (): void => {
    run.sort(compare);
    if (run.length <= left()) return;
    run = run.slice(0, Math.max(0, left()));
    runBytes = run.reduce((sum, { document }) => sum + document.length, 0);
  };
  /** What comes next is not of the run: it can be given out. */
  const close = (): void => {
    cut();
    ready = place === ready.length ? run : [...ready.slice(place), ...run];
    readyBytes += runBytes;
    place = 0;
    run = [];
    runBytes = 0;
  };
  const add = (document: Uint8Array): void => {
    const key = keyOf(document);
    const last = run[0];
    if (last !== undefined && compareFirst(last.key, key) !== 0) close();
    run.push({ document, key });
    runBytes += document.length;
    if (run.length > Math.max(waitingMin, 2 * left()) || (count !== undefined && runBytes > sortBytesMax)) cut();
    if (runBytes > sortBytesMax) throw sortMemoryExceeded();
  };
  const take = (itemsMax: number, bytesMax: number): Batch => {
    const documents: Uint8Array[] = [];
    let bytes = 0;
    for (; place < ready.length && documents.length < itemsMax; place++) {
      const { document } = ready[place]!;
      if (documents.length > 0 && bytes + document.length > bytesMax) break;
      documents.push(document);
      bytes += document.length;
    }
    given += documents.length;
    readyBytes -= bytes;
    const done = place === ready.length && (ended || left() <= 0);
    if (done) {
      run = [];
      runBytes = 0;
    }
    return { documents, done };
  };

  return {
    next: async (itemsMax, bytesMax, signal) => {
      while (place === ready.length && !ended && left() > 0) {
        const { documents, done } = await inner.next(stepItems, stepBytes, signal);
        for (const document of documents) add(document);
        stepItems = Math.min(stepItemsMax, 2 * stepItems);
        if (!done) continue;
        close();
        ended = true;
      }
      return take(itemsMax, bytesMax);
    },
    get heldBytes() {
      return runBytes + readyBytes;
    },
    close: () => {
      inner.close();
    },
  };
}
