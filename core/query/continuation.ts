// Where a page ended, as text that a client keeps and gives back: it survives a restart, because it names positions
// and keys, never state of the process. What comes back is foreign: every part is checked before it is used.

import { validateBson } from '../../model/bson/validate.ts';
import { fieldOf } from '../../model/bson/walk.ts';
import { DatabaseError } from '../../model/errors.ts';
import { objectValue, valueOf, type Value } from '../../model/value.ts';
import type { SortMark, SummaryWay } from './frame.ts';

/** Raised when the meaning of a field changes: older texts are then refused. */
const version = 1;

/** Characters a continuation may have; longer ones were not made here. */
const continuationLengthMax = 16 * 1024;
/** Characters of encoded sort keys; longer keys make the continuation count rows instead. */
const keysLengthMax = 4 * 1024;

export type PageMark =
  /** After a position; of the item at `at`, if it is still there, `rows` rows were given. */
  | {
      readonly kind: 'scan';
      readonly after: number | undefined;
      readonly at: number | undefined;
      readonly rows: number;
    }
  | { readonly kind: 'sort'; readonly mark: SortMark }
  /** `taken` results of a query that is run again. */
  | { readonly kind: 'count'; readonly way?: SummaryWay | undefined };

export interface Continuation {
  readonly mark: PageMark;
  /** Rows dropped for the query's own offset, and results given, over all pages so far. */
  readonly skipped: number;
  readonly taken: number;
}

function base64Of(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

function encodeKey(value: Value): string | null {
  return value === undefined ? null : base64Of(objectValue([['', value]]).slice());
}

/** The mark that a continuation can carry: keys that are too long are given up for a count. */
export function portableMark(mark: SortMark, lengthMax = keysLengthMax): PageMark {
  let length = 0;
  for (const key of mark.keys) length += encodeKey(key)?.length ?? 4;
  return length > Math.min(lengthMax, keysLengthMax) ? { kind: 'count' } : { kind: 'sort', mark };
}

export function encodeContinuation(fingerprint: string, continuation: Continuation): string {
  const { mark, skipped, taken } = continuation;
  const common = { v: version, q: fingerprint, s: skipped, t: taken };
  let record: Record<string, unknown>;
  if (mark.kind === 'scan') record = { ...common, k: 'scan', a: mark.after, i: mark.at, r: mark.rows };
  else if (mark.kind === 'sort') {
    const { keys, position, ordinal } = mark.mark;
    record = { ...common, k: 'sort', o: keys.map(encodeKey), p: position, n: ordinal };
  } else record = { ...common, k: 'count', w: mark.way };
  return btoa(JSON.stringify(record));
}

function invalid(cause?: unknown): DatabaseError {
  return new DatabaseError('InvalidContinuation', 'the continuation does not belong to this query', {
    argument: 'continuation',
    cause,
  });
}

function count(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw invalid();
  return value;
}

function optionalPosition(value: unknown): number | undefined {
  return value === undefined ? undefined : count(value);
}

function decodeKey(value: unknown): Value {
  if (value === null) return undefined;
  if (typeof value !== 'string') throw invalid();
  const bytes = Uint8Array.from(atob(value), (character) => character.charCodeAt(0));
  validateBson(bytes);
  return valueOf(fieldOf(bytes, ''));
}

/**
 * The same place when positions have changed, because partitions were split: `move` gives the new one, undefined when
 * there is none. Throws InvalidContinuation for a place that no position tells, as a count of results is.
 */
export function movedContinuation(text: string, move: (position: number) => number | undefined): string {
  const moved = (value: unknown): number | undefined => {
    if (value === undefined) return undefined;
    const position = move(count(value));
    if (position === undefined) throw invalid();
    return position;
  };
  const record = recordOf(text);
  const { k, a, i, p } = record;
  if (k === 'scan') return btoa(JSON.stringify({ ...record, a: moved(a), i: moved(i) }));
  if (k === 'sort') return btoa(JSON.stringify({ ...record, p: moved(p) }));
  throw invalid();
}

/** The fields of a continuation, each still to be checked. */
function recordOf(text: string): Record<string, unknown> {
  if (text.length > continuationLengthMax) throw invalid();
  let record: unknown;
  try {
    record = JSON.parse(atob(text));
  } catch (cause) {
    // Not base64, not JSON: somebody else's text.
    throw invalid(cause);
  }
  if (record === null || typeof record !== 'object') throw invalid();
  return record as Record<string, unknown>;
}

export function decodeContinuation(fingerprint: string, text: string): Continuation {
  const { v, q, s, t, k, a, i, r, o, p, n, w } = recordOf(text);
  try {
    if (v !== version || q !== fingerprint) throw invalid();
    const common = { skipped: count(s), taken: count(t) };
    if (k === 'count') {
      if (w !== undefined && w !== 'terms' && w !== 'items') throw invalid();
      return { ...common, mark: { kind: 'count', way: w } };
    }
    if (k === 'scan') {
      return { ...common, mark: { kind: 'scan', after: optionalPosition(a), at: optionalPosition(i), rows: count(r) } };
    }
    if (k !== 'sort' || !Array.isArray(o)) throw invalid();
    const mark: SortMark = { keys: o.map(decodeKey), position: count(p), ordinal: count(n) };
    return { ...common, mark: { kind: 'sort', mark } };
  } catch (cause) {
    if (cause instanceof DatabaseError && cause.code === 'InvalidContinuation') throw cause;
    // Not BSON.
    throw invalid(cause);
  }
}
