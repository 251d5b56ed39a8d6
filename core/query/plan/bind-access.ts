// Condition → filter over the terms of one partition, at execution: only then are path ids and constants known.
//
// Invariant: the filter of a condition holds every item for which the condition is true (or, where asked, false); it
// may hold more, and is then not exact. What the terms of a path cannot tell is `unknown`, where every item is a
// candidate. The reasons an answer can be wider than the condition:
//   - the policy leaves the path out, or the dictionary is full: all items, or those that overflowed;
//   - a step named like one of Extended JSON ("$oid") may lead into a typed value, which has no terms below it;
//   - objects, arrays and cut strings share keys; NaN and infinities as constants equal objects;
//   - a position in an array is only known as "some element".

import { everything, isExact, negated, nothing, overflowed, type Filter } from '../../../indexer/filter.ts';
import { elementsOf, type Condition } from './condition.ts';
import { intersection, conjunction, disjunction, superset, unknown } from './filter-algebra.ts';
import { arrayLengthMax, lengthBetween } from './sql-terms.ts';
import { constantOf, targetOf, finish, type AccessBinding } from './path-terms.ts';
import { checked, testOf, type Leaf } from './leaf-test.ts';
import { ofIdentity, ofTime } from './reserved-path.ts';

export interface BoundAccess {
  readonly filter: Filter;
  /** False when what it finds must still be tested. */
  readonly exact: boolean;
}

export function bindAccess(condition: Condition, binding: AccessBinding): BoundAccess {
  const filter = bind(binding, condition, true);
  return { filter, exact: isExact(filter) };
}

/** Items for which the condition is `wanted`. */
function bind(binding: AccessBinding, condition: Condition, wanted: boolean): Filter {
  switch (condition.kind) {
    case 'unknown':
      return unknown;
    case 'constant': {
      const constant = constantOf(binding, condition.constant);
      if (constant === undefined) return unknown;
      return constant.value === wanted ? everything : nothing;
    }
    case 'not':
      return bind(binding, condition.operand, !wanted);
    case 'and':
    case 'or':
      return (condition.kind === 'and') === wanted
        ? allOf(binding, condition.operands, wanted)
        : disjunction(condition.operands.map((operand) => bind(binding, operand, wanted)));
    case 'some': {
      const found = someOf(binding, condition);
      if (wanted) return found;
      // Of an element of an array around it: terms cannot say of which element it is false.
      return elementsOf(condition).size > 0 ? unknown : negated(found);
    }
    default:
      return leafOf(binding, condition, wanted);
  }
}

function allOf(binding: AccessBinding, operands: readonly Condition[], wanted: boolean): Filter {
  const filters: Filter[] = [];
  const ranges: Extract<Filter, { readonly kind: 'range' }>[] = [];
  let ofElements = 0;
  for (const operand of operands) {
    const filter = bind(binding, operand, wanted);
    if (elementsOf(operand).size > 0) ofElements++;
    const isOfOneValue = 'path' in operand && operand.path.reach === 'single' && operand.kind !== 'some';
    if (filter.kind === 'range' && isOfOneValue) ranges.push(filter);
    else filters.push(filter);
  }
  const all = conjunction([...filters, ...intersection(ranges)]);
  // Each condition may be met by another element.
  return ofElements > 1 ? superset(all) : all;
}

function someOf(binding: AccessBinding, condition: Extract<Condition, { readonly kind: 'some' }>): Filter {
  const { path, element, test } = condition;
  const array = targetOf(binding, path, 'nested');
  if (array.kind === 'identity' || array.kind === 'time' || array.kind === 'absent') return nothing;
  if (array.kind === 'unknown') return unknown;
  const hasElements =
    array.kind === 'overflow' ? overflowed : finish(lengthBetween(array.path, 1, arrayLengthMax), array);
  if (test === undefined) return condition.exact ? hasElements : superset(hasElements);
  const passes = bind(binding, test, true);
  const found = impliesElement(test, element, true) ? passes : conjunction([hasElements, passes]);
  return condition.exact ? found : superset(found);
}

function leafOf(binding: AccessBinding, condition: Leaf, wanted: boolean): Filter {
  const test = testOf(binding, condition, wanted);
  if (test === 'unknown') return unknown;
  if (test === 'never') return nothing;
  const target = targetOf(binding, condition.path, test.need);
  switch (target.kind) {
    case 'unknown':
      return unknown;
    case 'absent':
      return test.ofUndefined === wanted ? everything : nothing;
    case 'overflow':
      return test.ofUndefined === wanted ? unknown : overflowed;
    case 'identity':
      return ofIdentity(binding, condition, wanted);
    case 'time':
      return ofTime(binding, condition, target.path, wanted);
    case 'value': {
      const { path, access, typed } = target;
      const isSingle = access.reach === 'single' && typed.kind === 'none';
      // An undefined value passes: all but what is known not to.
      const passes = (wanted: boolean): Filter => checked(binding, condition, test.passes(path, wanted), wanted);
      if (test.ofUndefined === wanted) return isSingle ? negated(passes(!wanted)) : unknown;
      const opposite = test.opposite?.(path);
      if (wanted || opposite === undefined) return finish(passes(wanted), target);
      // What fails: of the values that the test speaks of, those that do not pass.
      const fails = isSingle ? conjunction([opposite, negated(passes(true))]) : superset(opposite);
      return finish(fails, target);
    }
  }
}

/** Whether an item for which the condition is `wanted` surely has such an element: terms of it answered. */
function impliesElement(condition: Condition, element: string, wanted: boolean): boolean {
  switch (condition.kind) {
    case 'unknown':
    case 'constant':
      return false;
    case 'not':
      return impliesElement(condition.operand, element, !wanted);
    case 'and':
    case 'or': {
      const implied = (operand: Condition): boolean => impliesElement(operand, element, wanted);
      return (condition.kind === 'and') === wanted
        ? condition.operands.some(implied)
        : condition.operands.every(implied);
    }
    case 'some':
      return wanted && condition.path.elements.includes(element);
    case 'defined':
    case 'type':
      return wanted && condition.path.elements.includes(element);
    default:
      return condition.path.elements.includes(element);
  }
}
