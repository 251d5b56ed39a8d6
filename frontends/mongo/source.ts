// Where the documents of an answer come from: small pull sources that hand on batches, so that a cursor is one
// chain of them. Nothing is read before it is asked for, but for orders and groups, which are bounded in memory.

import { DatabaseError } from '../../model/errors.ts';
import { MongoCode, MongoError } from './errors.ts';
import { compareSortKeys, sortKeyOf, type Sort, type SortKey } from './sort.ts';

export interface Batch {
  readonly documents: readonly Uint8Array[];
  /** Nothing follows. Not always known with the last document: then an empty batch follows that tells. */
  readonly done: boolean;
}

export interface Source {
  /** At most `itemsMax` (at least 1) documents, `bytesMax` bytes of them unless one alone has more. */
  next(itemsMax: number, bytesMax: number, signal: AbortSignal): Promise<Batch>;
  /** Bytes kept in memory between batches. */
  readonly heldBytes: number;
  /** Lets go of what it reads from; nothing is read afterwards. Must be called, whether it was read to its end or not. */
  close(): void;
}

/** Documents that a source may keep in memory to order them: MongoDB's bound for a blocking sort. */
export const sortBytesMax = 100 * 1024 * 1024;

/** Documents and bytes of one step of a source that is drained. */
const drainItems = 10_000;
const drainBytes = 4 * 1024 * 1024;

const nothing: Batch = { documents: [], done: true };

/** Documents that are all there already. */
export function listSource(documents: readonly Uint8Array[]): Source {
  let at = 0;
  let held = 0;
  for (const document of documents) held += document.length;
  return {
    next: async (itemsMax, bytesMax) => {
      const start = at;
      let bytes = 0;
      while (at < documents.length && at - start < itemsMax) {
        const { length } = documents[at]!;
        if (at > start && bytes + length > bytesMax) break;
        bytes += length;
        at++;
      }
      held -= bytes;
      return { documents: documents.slice(start, at), done: at === documents.length };
    },
    get heldBytes() {
      return held;
    },
    close: () => undefined,
  };
}

/** Documents that pass a test. */
export function filterSource(inner: Source, matches: (document: Uint8Array) => boolean): Source {
  return {
    next: async (itemsMax, bytesMax, signal) => {
      for (;;) {
        if (signal.aborted) throw new DatabaseError('Cancelled', 'the caller went away');
        const { documents, done } = await inner.next(itemsMax, bytesMax, signal);
        const kept = documents.filter(matches);
        if (kept.length > 0 || done) return { documents: kept, done };
      }
    },
    get heldBytes() {
      return inner.heldBytes;
    },
    close: () => {
      inner.close();
    },
  };
}

/** Each document as another. */
export function mapSource(inner: Source, map: (document: Uint8Array) => Uint8Array): Source {
  return {
    next: async (itemsMax, bytesMax, signal) => {
      const { documents, done } = await inner.next(itemsMax, bytesMax, signal);
      return { documents: documents.map(map), done };
    },
    get heldBytes() {
      return inner.heldBytes;
    },
    close: () => {
      inner.close();
    },
  };
}

export function skipSource(inner: Source, count: number): Source {
  let left = count;
  return {
    next: async (itemsMax, bytesMax, signal) => {
      while (left > 0) {
        const skipped = await inner.next(Math.min(left, drainItems), drainBytes, signal);
        left -= skipped.documents.length;
        if (skipped.done) return nothing;
      }
      return inner.next(itemsMax, bytesMax, signal);
    },
    get heldBytes() {
      return inner.heldBytes;
    },
    close: () => {
      inner.close();
    },
  };
}

export function limitSource(inner: Source, count: number): Source {
  let left = count;
  return {
    next: async (itemsMax, bytesMax, signal) => {
      if (left <= 0) return nothing;
      const { documents, done } = await inner.next(Math.min(itemsMax, left), bytesMax, signal);
      left -= documents.length;
      return { documents, done: done || left <= 0 };
    },
    get heldBytes() {
      return inner.heldBytes;
    },
    close: () => {
      inner.close();
    },
  };
}

/** What a computation over all documents of `inner` gives. It runs when the first batch is asked for. */
export function collectSource(inner: Source, collect: (all: Drain) => Promise<readonly Uint8Array[]>): Source {
  let list: Source | undefined;
  return {
    next: async (itemsMax, bytesMax, signal) => {
      list ??= listSource(await collect((take) => drain(inner, take, signal)));
      return list.next(itemsMax, bytesMax, signal);
    },
    get heldBytes() {
      return list?.heldBytes ?? 0;
    },
    close: () => {
      inner.close();
    },
  };
}

/** Hands every batch of a source to `take`. */
export type Drain = (take: (documents: readonly Uint8Array[]) => void) => Promise<void>;

export async function drain(
  inner: Source,
  take: (documents: readonly Uint8Array[]) => void,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const { documents, done } = await inner.next(drainItems, drainBytes, signal);
    take(documents);
    if (done) return;
  }
}

interface Keyed {
  readonly document: Uint8Array;
  readonly key: SortKey;
}

/** The documents in order. With `count` only so many of them are kept, so that few of many cost little memory. */
export function sortSource(inner: Source, sort: Sort, count: number | undefined): Source {
  return collectSource(inner, async (all) => {
    if (sort.kind === 'natural') return inStoredOrder(all, sort.direction);
    const keyOf = sortKeyOf(sort.fields);
    const compareKeys = compareSortKeys(sort.fields);
    const compare = (a: Keyed, b: Keyed): number => compareKeys(a.key, b.key);
    // The order is stable, so cutting a sorted list keeps the same documents as cutting the whole one.
    const cutAt = count === undefined ? Infinity : Math.max(2 * count, drainItems);
    let kept: Keyed[] = [];
    let bytes = 0;
    await all((documents) => {
      for (const document of documents) {
        kept.push({ document, key: keyOf(document) });
        bytes += document.length;
      }
      if (kept.length > cutAt || (count !== undefined && bytes > sortBytesMax)) {
        kept = kept.sort(compare).slice(0, count);
        bytes = kept.reduce((sum, { document }) => sum + document.length, 0);
      }
      if (bytes > sortBytesMax) throw sortMemoryExceeded();
    });
    return kept
      .sort(compare)
      .slice(0, count)
      .map(({ document }) => document);
  });
}

async function inStoredOrder(all: Drain, direction: 1 | -1): Promise<readonly Uint8Array[]> {
  const kept: Uint8Array[] = [];
  let bytes = 0;
  await all((documents) => {
    for (const document of documents) {
      kept.push(document);
      bytes += document.length;
    }
    if (bytes > sortBytesMax) throw sortMemoryExceeded();
  });
  return direction === 1 ? kept : kept.reverse();
}

export function sortMemoryExceeded(): MongoError {
  return new MongoError(
    MongoCode.QueryExceededMemoryLimitNoDiskUseAllowed,
    `Sort exceeded memory limit of ${sortBytesMax} bytes, but did not opt in to external sorting.`,
  );
}
