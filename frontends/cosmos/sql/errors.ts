// Errors of Cosmos SQL as the service words them: the message of the error is itself a JSON text with one entry per
// fault, its place in the query and its code. SDKs and people read the inner message, tools read the place.

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
  aggregateComposition: 'SC2102',
  /** Ours. */
  aggregateNesting: 'SC2103',
  /** Ours. */
  notGrouped: 'SC2104',
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
  /** Ours. */
  count: 'SC2062',
  /** Ours. */
  notSupported: 'SC3001',
} as const;

export type SqlErrorKind = keyof typeof sqlErrorCodes;

export function sqlError(
  kind: SqlErrorKind,
  message: string,
  span: Span,
  code: ErrorCode = 'BadRequest',
): DatabaseError {
  const entry = {
    severity: 'Error',
    location: { start: span.start, end: span.end },
    code: sqlErrorCodes[kind],
    message,
  };
  return new DatabaseError(code, JSON.stringify({ errors: [entry] }), { argument: 'query', offset: span.start });
}

/** Characters of the offending token that a message repeats; a fault token can be the rest of the text. */
const nearLengthMax = 64;

export function syntaxError(near: string, span: Span): DatabaseError {
  const shown = near.length > nearLengthMax ? near.slice(0, nearLengthMax) : near;
  return sqlError('syntax', `Syntax error, incorrect syntax near '${shown}'.`, span);
}
