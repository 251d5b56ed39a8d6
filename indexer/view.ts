// A point in a partition's history from which its index is read: everything with a number below `next` that had not
// died at `lsn`. A view pins no memtable and no segment: flushes and merges keep what open snapshots see, and
// cursors find their place again when the sources change (`generation`). So a snapshot held for minutes costs the
// dead items it sees, not memory.

import { Part, type Source } from './source.ts';

/** What a view needs of the index it looks at. */
export interface SourceList {
  /** Segments oldest first, then memtables; numbers rise from one to the next. */
  readonly sources: readonly Source[];
  /** Changes whenever `sources` do. */
  readonly generation: number;
}

export class View {
  readonly lsn: number;
  /** The next item number when the view was made. */
  readonly next: number;
  readonly #list: SourceList;
  readonly #release: (() => void) | undefined;
  #released = false;

  constructor(list: SourceList, lsn: number, next: number, release?: () => void) {
    this.#list = list;
    this.lsn = lsn;
    this.next = next;
    this.#release = release;
  }

  get generation(): number {
    return this.#list.generation;
  }

  /** What the view sees of every source now. Good until `generation` changes. */
  parts(): Part[] {
    const parts: Part[] = [];
    for (const source of this.#list.sources) {
      const size = source.count;
      if (size === 0) continue;
      const bound = source.numberAt(size - 1) < this.next ? size : source.ordinalFrom(this.next);
      if (bound > 0) parts.push(new Part(source, bound, this.lsn));
    }
    return parts;
  }

  /** Lets its dead items be dropped. Must be called once for a snapshot; again is harmless. */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#release?.();
  }
}
