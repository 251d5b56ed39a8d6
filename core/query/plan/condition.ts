// What planning understands of a filter: conditions on stored paths against constants of the execution, as a tree
// that knows no partition yet. Path ids and constants come at execution (`bind-access.ts`).
//
// A test of the language is true, false or neither. The tree keeps that: `not` is a node, and binding asks each node
// for the items where it is true or those where it is false, so nothing is ever complemented that is not known exactly.

import type { PathStep } from '../../../indexer/policy.ts';
import type { ComparisonOperator } from '../../../model/query.ts';
import type { ValueKind } from '../semantics.ts';

/**
 * How the terms of a path speak of the value that is meant:
 *   single    they are terms of that one value
 *   some      the value is an element of an array that a binding stands for: a term is of some element
 *   position  the value is at one position of an array: a term may be of another element
 */
export type Reach = 'single' | 'some' | 'position';

export interface AccessPath {
  /** `identity` and `time` are answered by reserved paths of the index, whatever the steps. */
  readonly root: 'stored' | 'identity' | 'time';
  readonly steps: readonly PathStep[];
  readonly reach: Reach;
  /** Bindings of array elements it goes through. */
  readonly elements: readonly string[];
}

/** Number of a constant of the execution. */
export type ConstantNumber = number;

/** Number of a conjunct that values of a path can be tested with. */
export type TestNumber = number;

export type Condition =
  /** Nothing is known of it. */
  | { readonly kind: 'unknown' }
  /** A test that no item takes part in. */
  | { readonly kind: 'constant'; readonly constant: ConstantNumber }
  | {
      readonly kind: 'compare';
      readonly path: AccessPath;
      readonly operator: ComparisonOperator;
      readonly constant: ConstantNumber;
    }
  | {
      readonly kind: 'between';
      readonly path: AccessPath;
      readonly low: ConstantNumber;
      readonly high: ConstantNumber;
    }
  | { readonly kind: 'in'; readonly path: AccessPath; readonly list: readonly ConstantNumber[] }
  /** The value itself is the truth value. */
  | { readonly kind: 'truth'; readonly path: AccessPath }
  | { readonly kind: 'defined'; readonly path: AccessPath }
  | {
      readonly kind: 'type';
      readonly path: AccessPath;
      readonly kinds: readonly ValueKind[];
      /** False when not every value of these kinds passes. */
      readonly exact: boolean;
      readonly check?: TestNumber | undefined;
    }
  /** A function of a string at the path and a text: its beginning, or all of it. */
  | {
      readonly kind: 'text';
      readonly path: AccessPath;
      readonly match: 'prefix' | 'whole';
      readonly text: ConstantNumber;
      readonly ignoreCase: ConstantNumber | undefined;
      readonly check?: TestNumber | undefined;
    }
  | {
      readonly kind: 'like';
      readonly path: AccessPath;
      readonly pattern: ConstantNumber;
      readonly check?: TestNumber | undefined;
    }
  /** Some other test that only strings at the path can answer. */
  | { readonly kind: 'string'; readonly path: AccessPath; readonly check?: TestNumber | undefined }
  /** Any other test of the value at the path. */
  | { readonly kind: 'test'; readonly path: AccessPath; readonly check: TestNumber }
  /** An element of the array at the path equals the constant, or with a true `partial` holds its fields. */
  | {
      readonly kind: 'contains';
      readonly path: AccessPath;
      readonly element: ConstantNumber;
      readonly partial: ConstantNumber | undefined;
    }
  | {
      readonly kind: 'length';
      readonly path: AccessPath;
      readonly operator: ComparisonOperator;
      readonly constant: ConstantNumber;
    }
  /** Some element of the array at the path passes the test, which speaks of it as `element`. */
  | {
      readonly kind: 'some';
      readonly path: AccessPath;
      readonly element: string;
      readonly test: Condition | undefined;
      /** False when an element that passes may still not count. */
      readonly exact: boolean;
    }
  | { readonly kind: 'and' | 'or'; readonly operands: readonly Condition[] }
  | { readonly kind: 'not'; readonly operand: Condition };

export const unknownCondition: Condition = { kind: 'unknown' };

/** Bindings of array elements that a condition speaks of and does not bind itself. */
export function elementsOf(condition: Condition): ReadonlySet<string> {
  switch (condition.kind) {
    case 'unknown':
    case 'constant':
      return new Set();
    case 'and':
    case 'or':
      return new Set(condition.operands.flatMap((operand) => [...elementsOf(operand)]));
    case 'not':
      return elementsOf(condition.operand);
    case 'some': {
      const inner = new Set(condition.test === undefined ? [] : elementsOf(condition.test));
      inner.delete(condition.element);
      for (const name of condition.path.elements) inner.add(name);
      return inner;
    }
    default:
      return new Set(condition.path.elements);
  }
}
