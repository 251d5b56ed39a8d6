// The shape of accumulators: what a group keeps of its documents. A fold takes values one by one and tells how many
// bytes it holds more, so that a group can be bounded; values it keeps are copies of their own.

import type { Raw } from '../../../model/bson/walk.ts';
import type { Parse } from './row.ts';
import type { Frame } from './scope.ts';
import type { Operand } from './value.ts';

/** Takes values and gives their one result. */
export interface Fold {
  /** Bytes held more (or less) than before. */
  add(value: Operand): number;
  finish(): Operand;
}

/** Takes the documents of one group, each as the frame's root. */
export interface Accumulator {
  add(frame: Frame): number;
  finish(): Operand;
}

/** `id` is the group's key, which the size of a top-n list may depend on. */
export type MakeAccumulator = (frame: Frame, id: Operand) => Accumulator;

export interface AccumulatorRow {
  readonly name: string;
  readonly compile: (operand: Raw, parse: Parse) => MakeAccumulator;
}
