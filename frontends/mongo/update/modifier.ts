// A modifier: what one update operator does to one field. Pure: current value in, next value out.

import type { Raw } from '../../../model/bson/walk.ts';

export interface EditContext {
  /** Position the positional `$` stands for, or -1: the query crossed no array. */
  readonly position: number;
  /** Wall clock, milliseconds since 1970, for `$currentDate`. */
  readonly nowMs: number;
  /** The cluster's time, for `$currentDate` of type timestamp. */
  readonly timestamp: { readonly seconds: number; readonly increment: number };
  /** True when the document is made by an upsert. */
  readonly inserting: boolean;
}

/** One application of an update. */
export interface Run {
  /** The whole document before the update. */
  readonly original: Uint8Array;
  readonly context: EditContext;
}

/** Where a modifier stands when it runs. */
export interface Place extends Run {
  /** Dotted path with array positions resolved, for errors. */
  readonly path: string;
}

export interface Modifier {
  readonly operator: string;
  /** Whether it would make an absent field (and so its parents) come into being. */
  readonly creates: (run: Run) => boolean;
  /** The next value; `current` itself for no change; undefined for no field. */
  readonly apply: (current: Raw | undefined, place: Place) => Raw | undefined;
}

export const alwaysCreates = (): boolean => true;
export const neverCreates = (): boolean => false;
