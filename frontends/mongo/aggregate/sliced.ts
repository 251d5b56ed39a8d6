// Sources that work document by document, in slices: an expression may take long, so the event loop gets its turn
// every few milliseconds, and a caller that has gone away stops the work.

import { DatabaseError } from '../../../model/errors.ts';
import type { Batch, Source } from '../source.ts';

const sliceMsMax = 4;
const documentsPerLook = 16;

/** Documents and bytes of one step of a source that is read to its end. */
const stepItems = 1000;
const stepBytes = 4 * 1024 * 1024;

/** Gives way when its slice is over. */
class Slice {
  readonly #signal: AbortSignal;
  #count = 0;
  #endMs = performance.now() + sliceMsMax;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** Whether `pause` is due, asked once a document. */
  get over(): boolean {
    return ++this.#count % documentsPerLook === 0 && performance.now() > this.#endMs;
  }

  async pause(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#signal.aborted) throw new DatabaseError('Cancelled', 'the caller went away');
    this.#endMs = performance.now() + sliceMsMax;
  }
}

/** Each document as another one, or none. */
export function eachSource(inner: Source, apply: (document: Uint8Array) => Uint8Array | undefined): Source {
  return {
    next: async (itemsMax, bytesMax, signal) => {
      const slice = new Slice(signal);
      for (;;) {
        const { documents, done } = await inner.next(Math.min(itemsMax, stepItems), bytesMax, signal);
        const results: Uint8Array[] = [];
        for (const document of documents) {
          const result = apply(document);
          if (result !== undefined) results.push(result);
          if (slice.over) await slice.pause();
        }
        if (results.length > 0 || done) return { documents: results, done };
        if (signal.aborted) throw new DatabaseError('Cancelled', 'the caller went away');
      }
    },
    get heldBytes() {
      return inner.heldBytes;
    },
    close: () => inner.close(),
  };
}

/** Takes every document of a source, one by one. */
export async function drainEach(
  inner: Source,
  take: (document: Uint8Array) => void,
  signal: AbortSignal,
): Promise<void> {
  const slice = new Slice(signal);
  for (;;) {
    const { documents, done } = await inner.next(stepItems, stepBytes, signal);
    for (const document of documents) {
      take(document);
      if (slice.over) await slice.pause();
    }
    if (done) return;
    if (signal.aborted) throw new DatabaseError('Cancelled', 'the caller went away');
  }
}

/** Each document as any number of others, made one by one as they are asked for. */
export function expandSource(inner: Source, expand: (document: Uint8Array) => Iterable<Uint8Array>): Source {
  let waiting: readonly Uint8Array[] = [];
  let at = 0;
  let made: Iterator<Uint8Array, unknown> | undefined;
  let innerDone = false;
  let ahead: Uint8Array | undefined;
  /** The next document at hand; undefined when another one has to be read. */
  const step = (): Uint8Array | undefined => {
    for (;;) {
      if (made === undefined) {
        const document = waiting[at];
        if (document === undefined) return undefined;
        at++;
        made = expand(document)[Symbol.iterator]();
      }
      const step = made.next();
      if (step.done !== true) return step.value;
      made = undefined;
    }
  };
  return {
    next: async (itemsMax, bytesMax, signal) => {
      const slice = new Slice(signal);
      const documents: Uint8Array[] = [];
      let bytes = 0;
      for (;;) {
        while (documents.length < itemsMax) {
          const document = ahead ?? step();
          ahead = undefined;
          if (document === undefined) break;
          if (documents.length > 0 && bytes + document.length > bytesMax) {
            ahead = document;
            return { documents, done: false };
          }
          documents.push(document);
          bytes += document.length;
          if (slice.over) await slice.pause();
        }
        if (documents.length >= itemsMax) return { documents, done: false };
        if (innerDone || documents.length > 0) return { documents, done: innerDone };
        const batch = await inner.next(Math.min(itemsMax, stepItems), stepBytes, signal);
        waiting = batch.documents;
        at = 0;
        innerDone = batch.done;
        if (signal.aborted) throw new DatabaseError('Cancelled', 'the caller went away');
      }
    },
    get heldBytes() {
      return inner.heldBytes;
    },
    close: () => inner.close(),
  };
}

/** Documents that a computation over all of `inner` gives, made one by one. It runs when the first is asked for. */
export function computedSource(
  inner: Source,
  compute: (signal: AbortSignal) => Promise<{ readonly documents: Iterable<Uint8Array>; readonly bytes: number }>,
): Source {
  let made: Iterator<Uint8Array, unknown> | undefined;
  let held = 0;
  let ahead: Uint8Array | undefined;
  return {
    next: async (itemsMax, bytesMax, signal): Promise<Batch> => {
      if (made === undefined) {
        const { documents, bytes } = await compute(signal);
        made = documents[Symbol.iterator]();
        held = bytes;
      }
      const slice = new Slice(signal);
      const documents: Uint8Array[] = [];
      let bytes = 0;
      while (documents.length < itemsMax) {
        let document = ahead;
        ahead = undefined;
        if (document === undefined) {
          const step = made.next();
          if (step.done === true) {
            held = 0;
            return { documents, done: true };
          }
          document = step.value;
        }
        if (documents.length > 0 && bytes + document.length > bytesMax) {
          ahead = document;
          break;
        }
        documents.push(document);
        bytes += document.length;
        if (slice.over) await slice.pause();
      }
      return { documents, done: false };
    },
    get heldBytes() {
      return held + inner.heldBytes;
    },
    close: () => inner.close(),
  };
}

/** One source after the other; the second is opened when the first has ended. */
export function chainSource(first: Source, open: () => Source): Source {
  let current = first;
  let onSecond = false;
  return {
    next: async (itemsMax, bytesMax, signal) => {
      const batch = await current.next(itemsMax, bytesMax, signal);
      if (!batch.done || onSecond) return batch;
      onSecond = true;
      first.close();
      current = open();
      return { documents: batch.documents, done: false };
    },
    get heldBytes() {
      return current.heldBytes;
    },
    close: () => {
      onSecond = true;
      current.close();
    },
  };
}

/** What `read` makes of a source that was opened for it alone. */
export async function once<T>(source: Source, read: (source: Source) => Promise<T>): Promise<T> {
  try {
    return await read(source);
  } finally {
    source.close();
  }
}

/** Every document of a source, in memory: no more than `bytesMax` of them. */
export async function allOf(
  inner: Source,
  bytesMax: number,
  tooMuch: () => Error,
  signal: AbortSignal,
): Promise<readonly Uint8Array[]> {
  const documents: Uint8Array[] = [];
  let bytes = 0;
  await drainEach(
    inner,
    (document) => {
      bytes += document.length;
      if (bytes > bytesMax) throw tooMuch();
      documents.push(document);
    },
    signal,
  );
  return documents;
}
