// Rows whose scripts have answered: evaluates what the operator above will, again and again until no script is waited
// for, and gives control back meanwhile. So operators need not know that a function may take long: they evaluate once
// more and find its answers.
//
// Within the subquery of an expression nothing can yield: the wait is left to the operator that holds the expression.

import { ScriptPending } from '../context.ts';
import type { Evaluate, Frame, OpenRows } from '../frame.ts';

function isSettled(frame: Frame, evaluate: Evaluate): boolean {
  try {
    evaluate(frame);
    return true;
  } catch (error) {
    if (error instanceof ScriptPending && !frame.pacer.isNested) return false;
    throw error;
  }
}

export function settledRows(input: OpenRows, parts: readonly Evaluate[]): OpenRows {
  return function* (frame) {
    for (const isRow of input(frame)) {
      if (isRow) {
        if (!frame.pacer.isNested) frame.context.ports.scripts?.nextRow();
        for (const part of parts)
          while (!isSettled(frame, part)) {
            frame.scan.isWaiting = true;
            yield false;
            frame.scan.isWaiting = false;
          }
      }
      yield isRow;
    }
  };
}
