// ORDER BY from the order of terms: the sources' cursors are merged term by term, lazily, so that LIMIT 100 pays for
// about a hundred terms. Items come by term, and within a term by number, backwards in both for a descending order.
// An item that has several terms in the range (elements of an array) comes once for each.
//
// A cursor survives writes, flushes and merges between calls: it finds its place again after the last key and number.

import { isShallowComposite, orderedLength } from './composite-key.ts';
import { allKeys, type Filter, type KeyRange } from './filter.ts';
import { idOfTerm } from './identity.ts';
import { fullRange, isAboveStart, isBelowEnd, seekRange, type FullRange } from './key-range.ts';
import { allValues, evaluateSteps, finished, isInexactTerm, visible, whileCurrent } from './lookup.ts';
import { identityPath } from './paths.ts';
import { and, contains, listOfBits, type PostingSet } from './postings.ts';
import { created, isVisible, type Part, type TermCursor } from './source.ts';
import { valueBytesMax } from './term-key.ts';
import type { View } from './view.ts';

export interface Place {
  /** Full key of the term. */
  readonly key: Uint8Array;
  readonly number: number;
}

export interface OrderOptions {
  readonly path: number;
  /** True when the path is a composite index. */
  readonly composite?: boolean | undefined;
  /** Default: every value, or every key of a composite index. */
  readonly range?: KeyRange | undefined;
  readonly backwards?: boolean | undefined;
  /** Only items that pass. */
  readonly filter?: Filter | undefined;
  /** Begins after this place. */
  readonly after?: Place | undefined;
}

/** A part that still has terms in the range. */
interface Lane {
  readonly part: Part;
  readonly cursor: TermCursor;
  /** Answer of the filter on this part; undefined without a filter. */
  readonly passing: PostingSet | undefined;
}

/** Items of the current term in one part. */
interface Run {
  readonly part: Part;
  readonly ordinals: Uint32Array;
}

const noKey: Uint8Array = new Uint8Array(0);

export class OrderCursor {
  readonly #view: View;
  readonly #path: number;
  readonly #range: FullRange;
  readonly #backwards: boolean;
  readonly #filter: Filter | undefined;
  readonly #composite: boolean;
  #generation = -1;
  /** In order of their sources. */
  #lanes: Lane[] = [];
  /** The lane that still stands at the current term, and moves on before the next one is looked for. */
  #standing: Lane | undefined;
  /** The run that is given out, and those of the same term that follow. */
  #run: Run | undefined;
  #place = 0;
  #runs: Run[] = [];
  /** The current term and number: where a restart goes on. The key may be that of the standing lane's cursor. */
  #key: Uint8Array = noKey;
  #keyLength = 0;
  #number = 0;
  #ended = false;
  #exact = true;

  constructor(view: View, options: OrderOptions) {
    this.#view = view;
    this.#path = options.path;
    this.#composite = options.composite === true;
    this.#range = fullRange(options.path, options.range ?? (this.#composite ? allKeys : allValues));
    this.#backwards = options.backwards === true;
    this.#filter = options.filter;
    if (options.after !== undefined) {
      this.#key = options.after.key;
      this.#keyLength = options.after.key.length;
      this.#number = options.after.number;
    }
  }

  /** Number of the current item. */
  get number(): number {
    return this.#number;
  }

  /** Full key of its term: path, tag and value in [0, keyLength). Good until the next call. */
  get key(): Uint8Array {
    return this.#key;
  }

  get keyLength(): number {
    return this.#keyLength;
  }

  /** The current place, to begin after it later. */
  get place(): Place {
    return { key: this.#key.slice(0, this.#keyLength), number: this.#number };
  }

  /** False when items given since need a residual test by the filter. */
  get exact(): boolean {
    return this.#exact;
  }

  /**
   * True when the term does not tell the order of its items: a cut string, an object, an array. The items whose keys
   * begin with `group` follow each other and are sorted by the caller.
   */
  get isInexact(): boolean {
    if (this.#path === identityPath) return idOfTerm(this.#key, this.#keyLength) === undefined;
    return this.#composite ? isShallowComposite(this.#key, this.#keyLength) : isInexactTerm(this.#key, this.#keyLength);
  }

  /** The bytes of the key up to which its order is right. */
  get group(): Uint8Array {
    const length = this.#composite
      ? orderedLength(this.#key, this.#keyLength)
      : Math.min(this.#keyLength, 3 + valueBytesMax);
    return this.#key.slice(0, length);
  }

  /** Moves on. `paused` after about `termsMax` terms without an item: call again, others may run meanwhile. */
  next(termsMax = Infinity): 'item' | 'end' | 'paused' {
    if (this.#ended) return 'end';
    if (this.#generation !== this.#view.generation) finished(this.openSteps());
    for (let terms = 0; ;) {
      const run = this.#run;
      if (run !== undefined) {
        if (this.#place < run.ordinals.length) {
          const at = this.#backwards ? run.ordinals.length - 1 - this.#place : this.#place;
          this.#number = run.part.source.numberAt(run.ordinals[at]!);
          this.#place++;
          return 'item';
        }
        this.#nextRun();
        continue;
      }
      if (terms++ >= termsMax) return 'paused';
      const lane = this.#nextTerm();
      if (lane === undefined) {
        this.#ended = true;
        return 'end';
      }
      if (lane === 'several') continue;
      const { part, cursor, passing } = lane;
      if (!cursor.isSingle) this.#run = { part, ordinals: ordinalsOf(lane) };
      else {
        // Most terms of most orders are of one item.
        const ordinal = cursor.single;
        if (passing !== undefined ? !isPassing(part, passing, ordinal) : !isVisible(part, ordinal)) continue;
        this.#number = part.source.numberAt(ordinal);
        return 'item';
      }
    }
  }

  #nextRun(): void {
    this.#run = this.#runs.shift();
    this.#place = 0;
  }

  /**
   * Finds the place to go on from, answers the filter and sorts memtables, in slices of 1–3 ms; for a view that is
   * held. `next` does the same at once when the sources changed since.
   */
  *openSteps(): Generator<undefined, void> {
    while (this.#generation !== this.#view.generation) yield* this.#open(this.#view.generation);
  }

  *#open(generation: number): Generator<undefined, void> {
    this.#generation = -1;
    this.#lanes = [];
    this.#standing = undefined;
    this.#run = undefined;
    this.#runs = [];
    const resumeKey = this.#keyLength > 0 ? this.#key.slice(0, this.#keyLength) : undefined;
    if (resumeKey !== undefined) this.#key = resumeKey;
    const lanes: Lane[] = [];
    for (const part of this.#view.parts()) {
      let passing: PostingSet | undefined;
      if (this.#filter !== undefined) {
        const answer = yield* whileCurrent(this.#view, generation, evaluateSteps(part, this.#filter));
        if (answer === undefined) return;
        passing = visible(part, answer.set);
        if (passing.kind === 'none') continue;
        if (!answer.exact) this.#exact = false;
      }
      if ((yield* whileCurrent(this.#view, generation, part.source.prepareCursor(this.#path))) === undefined) return;
      const cursor = part.source.cursor(this.#path);
      if (this.#seek(cursor, resumeKey)) lanes.push({ part, cursor, passing });
    }
    this.#lanes = lanes;
    this.#generation = generation;
    if (resumeKey === undefined) return;
    // The rest of the term at which the last call ended.
    const after = this.#number;
    for (const { part, ordinals } of this.#takeTerm(resumeKey, resumeKey.length)) {
      const { source } = part;
      const rest = ordinals.filter((ordinal) =>
        this.#backwards ? source.numberAt(ordinal) < after : source.numberAt(ordinal) > after,
      );
      if (rest.length > 0) this.#runs.push({ part, ordinals: rest });
    }
    this.#nextRun();
  }

  /** Moves to the first term at or after the place to go on from, inside the range. */
  #seek(cursor: TermCursor, resumeKey: Uint8Array | undefined): boolean {
    if (!this.#backwards) {
      if (resumeKey === undefined) return seekRange(cursor, this.#range);
      return (
        cursor.seek(resumeKey, resumeKey.length) && isAboveStart(cursor, this.#range) && isBelowEnd(cursor, this.#range)
      );
    }
    const from = resumeKey ?? this.#range.upper;
    const inclusive = resumeKey !== undefined || this.#range.upperInclusive;
    if (inclusive && cursor.seek(from, from.length) && cursor.compare(from, from.length) === 0)
      return isAboveStart(cursor, this.#range) && isBelowEnd(cursor, this.#range);
    return cursor.seekBefore(from, from.length) && isAboveStart(cursor, this.#range);
  }

  /**
   * Finds the next term over all lanes: the one lane that has it, whose cursor stays there, or the first of the runs of
   * several. Undefined at the end of the range.
   */
  #nextTerm(): Lane | 'several' | undefined {
    const lanes = this.#lanes;
    const standing = this.#standing;
    this.#standing = undefined;
    if (standing !== undefined && !this.#move(standing)) lanes.splice(lanes.indexOf(standing), 1);
    let lane = lanes[0];
    if (lane === undefined) return undefined;
    let best = lane.cursor;
    let ties = 1;
    for (let i = 1; i < lanes.length; i++) {
      const { cursor } = lanes[i]!;
      const order = cursor.compare(best.key, best.keyLength);
      if (order === 0) ties++;
      else if (this.#backwards ? order > 0 : order < 0) {
        best = cursor;
        lane = lanes[i]!;
        ties = 1;
      }
    }
    // Nothing of this term was given yet, should a restart come before its first item.
    this.#number = this.#backwards ? Number.MAX_SAFE_INTEGER : 0;
    this.#keyLength = best.keyLength;
    if (ties === 1) {
      this.#key = best.key;
      this.#standing = lane;
      return lane;
    }
    // All their cursors move on at once.
    this.#key = best.key.slice(0, best.keyLength);
    this.#runs = this.#takeTerm(this.#key, this.#keyLength);
    this.#nextRun();
    return 'several';
  }

  /** The runs of the lanes that stand at this term, in the order they are given out; moves these lanes on. */
  #takeTerm(key: Uint8Array, keyLength: number): Run[] {
    const runs: Run[] = [];
    const left: Lane[] = [];
    for (const lane of this.#lanes) {
      const here = lane.cursor.compare(key, keyLength) === 0;
      if (here) runs.push({ part: lane.part, ordinals: ordinalsOf(lane) });
      if (!here || this.#move(lane)) left.push(lane);
    }
    this.#lanes = left;
    return this.#backwards ? runs.reverse() : runs;
  }

  #move({ cursor }: Lane): boolean {
    return this.#backwards
      ? cursor.previous() && isAboveStart(cursor, this.#range)
      : cursor.next() && isBelowEnd(cursor, this.#range);
  }
}

function isPassing({ bound }: Part, passing: PostingSet, ordinal: number): boolean {
  return ordinal < bound && contains(passing, ordinal);
}

/** The visible, passing items of a lane's current term. */
function ordinalsOf({ part, cursor, passing }: Lane): Uint32Array {
  if (cursor.isSingle) {
    const ordinal = cursor.single;
    const isIn = passing === undefined ? isVisible(part, ordinal) : isPassing(part, passing, ordinal);
    return isIn ? Uint32Array.of(ordinal) : emptyOrdinals;
  }
  const set = created(part, cursor.postings());
  const seen = passing === undefined ? visible(part, set) : and(set, passing, part.size);
  switch (seen.kind) {
    case 'none':
      return emptyOrdinals;
    case 'list':
      return seen.ordinals;
    case 'bits':
      return listOfBits(seen.words, seen.count);
    case 'all':
      return Uint32Array.from({ length: part.size }, (_, i) => i);
  }
}

const emptyOrdinals = new Uint32Array(0);
