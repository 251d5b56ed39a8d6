// The algebra of path predicates: conditions on one item, by path, with implicit traversal of arrays. It is data:
// frozen shape, values as they lie in the caller's bytes; the planner reads it for the index, `core/query/compile`
// turns it into a closure. A path meets several values when it crosses arrays; a path predicate holds when its
// test holds for any of them, or for the absent value where the path leads nowhere.
//
// Source: MongoDB manual, "Query and Projection Operators"; the meaning of each test is at its type.

import type { Raw } from './bson/walk.ts';

export type Path = readonly string[];

export type Predicate =
  | { readonly kind: 'and'; readonly of: readonly Predicate[] }
  | { readonly kind: 'or'; readonly of: readonly Predicate[] }
  | { readonly kind: 'not'; readonly of: Predicate }
  | { readonly kind: 'constant'; readonly value: boolean }
  | { readonly kind: 'path'; readonly path: Path; readonly test: Test }
  /** A condition that only its door can evaluate, on the document that starts at `start`; no index answers it. */
  | { readonly kind: 'computed'; readonly test: (document: Uint8Array, start: number) => boolean };

export type ComparisonOperator = 'eq' | 'lt' | 'lte' | 'gt' | 'gte';

/** A regular expression in the linear-time dialect, with MongoDB's options (letters of `imsx`). */
export interface Pattern {
  readonly source: string;
  readonly options: string;
}

/** A condition on one value. */
export type Test =
  /** Compared within the type rank of `value`, exactly; `null` also equals absent, in `eq`, `lte` and `gte`. */
  | { readonly kind: 'compare'; readonly operator: ComparisonOperator; readonly value: Raw }
  /** Equal to one of the values, or matched by one of the patterns. */
  | { readonly kind: 'in'; readonly values: readonly Raw[]; readonly patterns: readonly Pattern[] }
  | { readonly kind: 'exists' }
  /** Of one of these BSON element types. */
  | { readonly kind: 'type'; readonly types: readonly number[] }
  /** An array of exactly this many elements; the array itself is tested, not its elements. */
  | { readonly kind: 'size'; readonly count: number }
  /** A number whose integer part, divided, leaves the remainder (sign as the dividend's). */
  | { readonly kind: 'modulo'; readonly divisor: bigint; readonly remainder: bigint }
  /** A string the pattern is found in, or a stored regular expression equal to it. */
  | { readonly kind: 'matches'; readonly pattern: Pattern }
  /** An integral number (two's complement, sign extended) or a binary whose bits at these positions are so. */
  | {
      readonly kind: 'bits';
      readonly bits: 'allSet' | 'allClear' | 'anySet' | 'anyClear';
      readonly positions: readonly number[];
    }
  /** An array with an element, itself an object or array, that satisfies the predicate. */
  | { readonly kind: 'elementMatches'; readonly predicate: Predicate }
  /** An array with an element that passes the test itself, without traversal. */
  | { readonly kind: 'elementPasses'; readonly test: Test }
  | { readonly kind: 'allOf'; readonly tests: readonly Test[] }
  | { readonly kind: 'notTest'; readonly test: Test };

export const always: Predicate = { kind: 'constant', value: true };
export const never: Predicate = { kind: 'constant', value: false };

/** Conjunction without needless nesting. */
export function conjunction(of: readonly Predicate[]): Predicate {
  if (of.length === 1) return of[0]!;
  return of.length === 0 ? always : { kind: 'and', of };
}

/** True for tests of an array as a whole: the path's last step does not traverse it for them. */
export function testsWholeArray(test: Test): boolean {
  return test.kind === 'size' || test.kind === 'elementMatches' || test.kind === 'elementPasses';
}
