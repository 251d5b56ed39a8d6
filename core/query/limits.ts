// The bounds of one query's execution. Each exists because some query of a few bytes would else take the process.

import { DatabaseError } from '../../model/errors.ts';

/** Bytes of rows a sort may hold when no limit bounds it. */
export const sortBytesMax = 64 * 1024 * 1024;
/** Bytes of keys and aggregates a grouping may hold. */
export const groupBytesMax = 64 * 1024 * 1024;
/** Bytes of keys a DISTINCT may remember. */
export const distinctBytesMax = 64 * 1024 * 1024;
/** Bytes of results a lookup's inner side may hold. */
export const lookupBytesMax = 64 * 1024 * 1024;
/** Bytes of one value made by an expression: the largest item any door stores. */
export const computedBytesMax = 16 * 1024 * 1024;
/** UTF-16 units of one string made by an expression: at most computedBytesMax bytes of UTF-8. */
export const computedTextLengthMax = 4 * 1024 * 1024;
/** Steps that the subqueries of one expression may take: nothing can yield inside an expression. */
export const nestedStepsMax = 1_000_000;
/** Items examined in one slice before the caller gets control, whatever the clock says. */
export const sliceItemsMax = 1_000;
/** Levels of the algebra's expressions. A chain of operators is one level per operator, so this is above the text's. */
export const expressionDepthMax = 1_000;

export function tooLarge(what: string, bound: number, unit: string): DatabaseError {
  return new DatabaseError('TooLarge', `${what} needs more than ${bound} ${unit}`, { argument: 'query' });
}

export function checkTextLength(length: number): void {
  if (length > computedTextLengthMax) throw tooLarge('a string made by the query', computedTextLengthMax, 'characters');
}

export function checkComputedBytes(bytes: number): void {
  if (bytes > computedBytesMax) throw tooLarge('a value made by the query', computedBytesMax, 'bytes');
}
