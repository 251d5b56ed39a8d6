// The different terms of a path with the number of items that have each: DISTINCT, GROUP BY with COUNT, sort by
// count, from the index alone. Terms come in order; one with no visible item is passed over.

import type { Filter, KeyRange } from './filter.ts';
import { keyBytesMax } from './key-scratch.ts';
import { fullRange, isBelowEnd, seekRange, type FullRange } from './key-range.ts';
import { allValues, evaluate, isInexactTerm, visible } from './lookup.ts';
import { andCount, contains, countOf, type PostingSet } from './postings.ts';
import { created, isVisible, type Part, type TermCursor } from './source.ts';
import type { View } from './view.ts';

export interface DistinctOptions {
  readonly path: number;
  readonly range?: KeyRange | undefined;
  /** Only items that pass are counted. */
  readonly filter?: Filter | undefined;
  /** Begins after this full key. */
  readonly after?: Uint8Array | undefined;
}

interface Lane {
  readonly part: Part;
  readonly cursor: TermCursor;
  readonly passing: PostingSet | undefined;
}

export class DistinctCursor {
  readonly #view: View;
  readonly #path: number;
  readonly #range: FullRange;
  readonly #filter: Filter | undefined;
  #lanes: Lane[] = [];
  #generation = -1;
  readonly #key = new Uint8Array(keyBytesMax + 2);
  #keyLength = 0;
  #count = 0;
  #exact = true;

  constructor(view: View, options: DistinctOptions) {
    this.#view = view;
    this.#path = options.path;
    this.#range = fullRange(options.path, options.range ?? allValues);
    this.#filter = options.filter;
    if (options.after !== undefined) {
      this.#key.set(options.after);
      this.#keyLength = options.after.length;
    }
  }

  /** Full key of the term: path, tag and value in [0, keyLength). */
  get key(): Uint8Array {
    return this.#key;
  }

  get keyLength(): number {
    return this.#keyLength;
  }

  /** Items that have it. */
  get count(): number {
    return this.#count;
  }

  /** True when the term may stand for several values. */
  get isInexact(): boolean {
    return isInexactTerm(this.#key, this.#keyLength);
  }

  /** False when the filter could not be answered exactly: counts are upper bounds. */
  get exact(): boolean {
    return this.#exact;
  }

  /** Moves on. `paused` after about `termsMax` terms that no visible item has. */
  next(termsMax = Infinity): 'term' | 'end' | 'paused' {
    if (this.#generation !== this.#view.generation) this.#restart();
    for (let terms = 0; ; terms++) {
      const first = this.#lanes[0];
      if (first === undefined) return 'end';
      if (terms >= termsMax) return 'paused';
      let least = first.cursor;
      for (let i = 1; i < this.#lanes.length; i++) {
        const { cursor } = this.#lanes[i]!;
        if (cursor.compare(least.key, least.keyLength) < 0) least = cursor;
      }
      const { keyLength } = least;
      for (let i = 0; i < keyLength; i++) this.#key[i] = least.key[i]!;
      this.#keyLength = keyLength;
      let count = 0;
      for (let i = this.#lanes.length - 1; i >= 0; i--) {
        const lane = this.#lanes[i]!;
        if (lane.cursor.compare(this.#key, keyLength) !== 0) continue;
        count += countLane(lane);
        if (!lane.cursor.next() || !isBelowEnd(lane.cursor, this.#range)) this.#lanes.splice(i, 1);
      }
      if (count > 0) {
        this.#count = count;
        return 'term';
      }
    }
  }

  #restart(): void {
    this.#generation = this.#view.generation;
    this.#lanes = [];
    const after = this.#keyLength > 0 ? this.#key.slice(0, this.#keyLength) : undefined;
    for (const part of this.#view.parts()) {
      let passing: PostingSet | undefined;
      if (this.#filter !== undefined) {
        const answer = evaluate(part, this.#filter);
        passing = visible(part, answer.set);
        if (passing.kind === 'none') continue;
        if (!answer.exact) this.#exact = false;
      }
      const cursor = part.source.cursor(this.#path);
      let found: boolean;
      if (after === undefined) found = seekRange(cursor, this.#range);
      else {
        found = cursor.seek(after, after.length);
        if (found && cursor.compare(after, after.length) === 0) found = cursor.next();
        found &&= isBelowEnd(cursor, this.#range);
      }
      if (found) this.#lanes.push({ part, cursor, passing });
    }
  }
}

/** Visible, passing items of a lane's current term; from the posting length alone where nothing forbids it. */
function countLane({ part, cursor, passing }: Lane): number {
  if (cursor.isSingle) {
    const ordinal = cursor.single;
    return (passing === undefined ? isVisible(part, ordinal) : ordinal < part.bound && contains(passing, ordinal))
      ? 1
      : 0;
  }
  if (passing !== undefined) return andCount(created(part, cursor.postings()), passing, part.size);
  if (part.dead === undefined && part.isWhole) return cursor.count;
  const set = created(part, cursor.postings());
  return countOf(set, part.size) - part.deadIn(set);
}
