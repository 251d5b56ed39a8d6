// Errors of Cosmos SQL as the service words them: the message of the error is itself a JSON text with one entry per
// fault, its place in the query and its code. SDKs and people read the inner message, tools read the place.

import { expressionDepthMax } from '../../../core/query/limits.ts';
import { DatabaseError, type ErrorCode } from '../../../model/errors.ts';
import type { Span } from './ast.ts';

/** Codes of the service where they are known; the ones marked ours were not found in public material. */
export const sqlErrorCodes = {
  syntax: 'SC1001',
  unknownName: 'SC2001',
  unknownFunction: 'SC2005',
  starWithoutFrom: 'SC2030',
  starWithJoin: 'SC2040',
  starWithGroupBy: 'SC2041',
  argumentCount: 'SC2050',
  /** Ours. */
  aggregateComposition: 'SC2103',
  aggregateNesting: 'SC2101',
  notGrouped: 'SC2102',
  orderBy: 'SC2206',
  /** Ours. */
  misplacedAggregate: 'SC2105',
  /** Ours. */
  computedProperty: 'SC2107',
  /** Ours. */
  vectorOptions: 'SC2108',
  /** Ours. */
  vectorOrder: 'SC2109',
  /** Ours. */
  duplicateName: 'SC2017',
  topCount: 'SC2060',
  limitCount: 'SC2061',
  offsetCount: 'SC2062',
  /** Ours. */
  counts: 'SC2063',
  /** Ours. */
  notSupported: 'SC3001',
} as const;

export type SqlErrorKind = keyof typeof sqlErrorCodes;

/** One fault, and where it is. */
export interface SqlFault {
  readonly kind: SqlErrorKind;
  readonly message: string;
  readonly span: Span;
}

export function sqlError(
  kind: SqlErrorKind,
  message: string,
  span: Span,
  code: ErrorCode = 'BadRequest',
): DatabaseError {
  return sqlErrors([{ kind, message, span }], code);
}

/** Several faults that one look at the query found, in its order. */
export function sqlErrors(faults: readonly SqlFault[], code: ErrorCode = 'BadRequest'): DatabaseError {
  const errors = faults.map(({ kind, message, span: { start, end } }) => ({
    severity: 'Error',
    location: { start, end },
    code: sqlErrorCodes[kind],
    message,
  }));
  return new DatabaseError(code, JSON.stringify({ errors }), { argument: 'query', offset: faults[0]!.span.start });
}

/** Characters of the offending token that a message repeats; a fault token can be the rest of the text. */
const nearLengthMax = 64;

export function syntaxError(near: string, span: Span): DatabaseError {
  const shown = near.length > nearLengthMax ? near.slice(0, nearLengthMax) : near;
  return sqlError('syntax', `Syntax error, incorrect syntax near '${shown}'.`, span);
}

/** An expression of more levels than can be translated. */
export function tooDeep(span: Span): DatabaseError {
  return sqlError('syntax', `The query is nested deeper than ${expressionDepthMax} levels.`, span);
}
