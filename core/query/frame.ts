// The state of one running query that its closures share: one slot per binding, whatever the nesting.
// Operators write slots and hand control on; blocking ones save and restore the slots they hold back.

import type { Value } from '../../model/value.ts';
import type { EvaluationContext } from './context.ts';
import type { AccessUse } from './plan/explain.ts';
import { itemsPerLook, sliceMsMax } from '../slices.ts';
import { nestedStepsMax, sliceItemsMax, tooLarge } from './limits.ts';
import { materialise, type RowSource, type ScannedItem } from './row-source.ts';

/** A closure made of an expression. */
export type Evaluate = (frame: Frame) => Value;

/**
 * Rows one by one: `true` says that the frame's slots hold a row, `false` that the slice is used up and the
 * caller's caller should have control. Whoever consumes a stream passes `false` on, or, inside an expression, goes on.
 */
export type RowStream = Generator<boolean, void, void>;
export type OpenRows = (frame: Frame) => RowStream;

/** Steps between two looks at the clock. */
const stepsPerLook = 64;

/** Counts work and says when a slice is over. */
export class Pacer {
  examined = 0;
  readonly #elapsedMs: () => number;
  readonly #examinedMax: number;
  #sliceStartMs: number;
  #sliceItems = 0;
  #credit = stepsPerLook;
  #nesting = 0;
  #nestedSteps = 0;

  /** After `examinedMax` items every item ends a slice, so that the caller can end the page. */
  constructor(elapsedMs: () => number, examinedMax = Infinity) {
    this.#elapsedMs = elapsedMs;
    this.#examinedMax = examinedMax;
    this.#sliceStartMs = elapsedMs();
  }

  /** One step of work; true when control should go back to the caller. */
  step(): boolean {
    if (--this.#credit > 0) return false;
    return this.#look();
  }

  /** One more item examined: as much work as some steps. */
  item(): boolean {
    this.examined++;
    this.#sliceItems++;
    this.#credit -= stepsPerLook / itemsPerLook - 1;
    const over = this.step();
    return over || this.#sliceItems >= sliceItemsMax || this.examined >= this.#examinedMax;
  }

  #look(): boolean {
    this.#credit = stepsPerLook;
    if (this.#nesting > 0) {
      this.#nestedSteps += stepsPerLook;
      if (this.#nestedSteps > nestedStepsMax) throw tooLarge('a subquery', nestedStepsMax, 'steps for one row');
      return false;
    }
    return this.#elapsedMs() - this.#sliceStartMs >= sliceMsMax;
  }

  beginSlice(): void {
    this.#sliceStartMs = this.#elapsedMs();
    this.#sliceItems = 0;
    this.#credit = stepsPerLook;
  }

  /** Within the subquery of an expression, where nothing can yield. */
  get isNested(): boolean {
    return this.#nesting > 0;
  }

  /** Brackets the evaluation of a subquery inside an expression. */
  enter(): void {
    if (this.#nesting++ === 0) this.#nestedSteps = 0;
  }

  leave(): void {
    this.#nesting--;
  }
}

/** Where the outermost scan is; the continuation of a streaming query is made of it. */
export interface ScanProgress {
  /** Where to begin. */
  readonly after: number | undefined;
  /** The item at hand, and the one before it. */
  position: number | undefined;
  previous: number | undefined;
  exhausted: boolean;
  /** The row at hand waits for a script: it is not done with. */
  isWaiting: boolean;
  /** Rows that can be wanted; Infinity when that is not known. */
  wanted: number;
  /** Set by a scan whose rows come in the order of the sort above it: see `ordered-walk.ts`. */
  ordered: boolean;
  /** Number of the group of the row at hand, and whether rows of that group come in their final order. */
  group: number;
  groupSorted: boolean;
  /** How items were reached. */
  use: AccessUse | undefined;
  /** How the pages before found groups or distinct values, whose order differs between the ways, and how this one does. */
  readonly summaryBefore?: SummaryWay | undefined;
  summary?: SummaryWay | undefined;
}

/** A scan that begins after that position. */
export function newScan(after: number | undefined, summaryBefore: SummaryWay | undefined): ScanProgress {
  return {
    after,
    position: undefined,
    previous: undefined,
    exhausted: false,
    isWaiting: false,
    wanted: Infinity,
    ordered: false,
    group: 0,
    groupSorted: false,
    use: undefined,
    summaryBefore,
    summary: undefined,
  };
}

/** By terms, in the order of values, or by items, in the order of the first of each. */
export type SummaryWay = 'terms' | 'items';

/** Where the outermost sort is. */
export interface SortProgress {
  /** Rows that can be wanted at most, when that is known: the sort need not hold more. */
  readonly keep: number | undefined;
  /** Rows up to this one, in sort order, were given before. */
  readonly resume: SortMark | undefined;
  /** The row at hand. */
  mark: SortMark | undefined;
}

/** The place of a row in a sorted result: its keys, and, where they tie, its item and its order within the item. */
export interface SortMark {
  readonly keys: readonly Value[];
  readonly position: number;
  readonly ordinal: number;
}

/** A memo that was not computed yet. */
const absent = Symbol('absent');

export class Frame {
  /** One value per binding. For a binding of a whole item it is unused: see `items`. */
  readonly slots: Value[];
  readonly items: (ScannedItem | undefined)[];
  readonly parameters: readonly Value[];
  readonly context: EvaluationContext;
  readonly pacer: Pacer;
  readonly source: (container: string | undefined) => RowSource;
  readonly scan: ScanProgress;
  readonly sort: SortProgress;
  /** What depends on parameters alone is computed once per execution. */
  readonly #memo: unknown[];

  constructor(parts: {
    readonly slotCount: number;
    readonly memoCount: number;
    readonly parameters: readonly Value[];
    readonly context: EvaluationContext;
    readonly pacer: Pacer;
    readonly source: (container: string | undefined) => RowSource;
    readonly scan: ScanProgress;
    readonly sort: SortProgress;
  }) {
    this.slots = new Array<Value>(parts.slotCount).fill(undefined);
    this.items = new Array<ScannedItem | undefined>(parts.slotCount).fill(undefined);
    this.#memo = new Array<unknown>(parts.memoCount).fill(absent);
    this.parameters = parts.parameters;
    this.context = parts.context;
    this.pacer = parts.pacer;
    this.source = parts.source;
    this.scan = parts.scan;
    this.sort = parts.sort;
  }

  /** The memo of that number, computed at its first use. */
  memo<T>(number: number, compute: () => T): T {
    const known = this.#memo[number];
    if (known !== absent) return known as T;
    const value = compute();
    this.#memo[number] = value;
    return value;
  }

  /** A binding's value; a whole item becomes an object with its system properties. */
  valueOf(slot: number, isItem: boolean): Value {
    if (!isItem) return this.slots[slot];
    const item = this.items[slot];
    return item === undefined ? undefined : materialise(item, this.context.semantics.systemProperties);
  }
}
