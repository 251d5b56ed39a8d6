// What a door decides about values and core does not: which types there are, what is equal, what comes first, how
// stored types that its language lacks are seen, and which properties of an item are not in its body.
// An implementation is a constant; its functions are pure, total over every value, and never throw on stored data.

import type { Value } from '../../model/value.ts';

export type ValueKind = 'undefined' | 'null' | 'boolean' | 'number' | 'string' | 'array' | 'object';

/** A property that the body need not hold. Where the item's system view answers, a field of that name in the body is hidden. */
export interface SystemProperty {
  readonly name: string;
  /** Before the fields of the body or after them, where an item is shown whole. */
  readonly place: 'first' | 'last';
  /** The reserved index path that answers for it: the item's id text, or the seconds of its last write. */
  readonly index?: 'identity' | 'time' | undefined;
}

export interface Semantics {
  readonly name: string;
  /**
   * Which view of data-model.md the language evaluates on, where planning may answer its conditions from index terms:
   * `sql` promises the kinds, equality and order of the SQL view. Absent: every item is looked at.
   */
  readonly terms?: 'sql' | undefined;
  kindOf(value: Value): ValueKind;
  /** The number as a double, or undefined when the value is no number in this language. */
  numberOf(value: Value): number | undefined;
  /** `=`: undefined when the language says that the comparison has no answer. */
  equal(left: Value, right: Value): boolean | undefined;
  /** `<` and its like: negative, zero, positive, or undefined when the two cannot be compared. */
  compare(left: Value, right: Value): number | undefined;
  /** The total order of sorting, over all values and undefined. */
  order(left: Value, right: Value): number;
  /** A text that is the same for two values exactly when they are the same to GROUP BY, DISTINCT and sets. */
  key(value: Value): string;
  /** A field of anything that is not a stored object or array: a typed value seen as an object, or undefined. */
  field(value: Value, name: string): Value;
  /** The value as the language shows it: typed values become objects, all else stays. */
  view(value: Value): Value;
  /** In the order in which they are shown. */
  readonly systemProperties: readonly SystemProperty[];
}
