// Conditions on what every item has beside its body: a string as id, a number as time. Reserved paths of the index
// answer for them, whatever the policy says.

import { isWellFormed } from '../../../model/bytes.ts';
import type { Value } from '../../../model/value.ts';
import { equal, everything, negated, nothing, type Bound, type Filter } from '../../../indexer/filter.ts';
import { idBetween, idEquals, idPrefixed, identityEquals } from '../../../indexer/identity.ts';
import type { ValueKind } from '../semantics.ts';
import { disjunction, unknown } from './filter-algebra.ts';
import { constantOf, type AccessBinding } from './path-terms.ts';
import { testOf, textTest, rangeOf, inverse, type Leaf } from './leaf-test.ts';

export function ofIdentity(binding: AccessBinding, condition: Leaf, wanted: boolean): Filter {
  const { keyText } = binding;
  const isId = (value: Value): Filter => {
    if (typeof value !== 'string' || !isWellFormed(value)) return nothing;
    return keyText === undefined ? idEquals(value) : identityEquals(value, keyText);
  };
  const sides = (passes: Filter): Filter => (wanted ? passes : negated(passes));
  const always = ofKindAlways(condition, 'string', wanted);
  if (always !== undefined) return always;
  switch (condition.kind) {
    case 'compare': {
      const constant = constantOf(binding, condition.constant);
      if (constant === undefined) return unknown;
      const { value } = constant;
      if (value === undefined) return nothing;
      if (condition.operator === 'equal') return sides(isId(value));
      if (condition.operator === 'notEqual') return sides(negated(isId(value)));
      if (typeof value !== 'string') return nothing;
      if (!isWellFormed(value)) return unknown;
      const operator = wanted ? condition.operator : inverse[condition.operator];
      const bound: Bound = { value, inclusive: operator === 'lessOrEqual' || operator === 'greaterOrEqual' };
      return operator.startsWith('less') ? idBetween(undefined, bound) : idBetween(bound, undefined);
    }
    case 'in': {
      const found: Filter[] = [];
      for (const number of condition.list) {
        const constant = constantOf(binding, number);
        if (constant === undefined) return unknown;
        found.push(isId(constant.value));
      }
      return sides(disjunction(found));
    }
    case 'between': {
      const low = constantOf(binding, condition.low)?.value;
      const high = constantOf(binding, condition.high)?.value;
      if (typeof low !== 'string' || typeof high !== 'string' || !isWellFormed(low) || !isWellFormed(high))
        return unknown;
      return sides(idBetween({ value: low, inclusive: true }, { value: high, inclusive: true }));
    }
    case 'text':
    case 'like': {
      const test = textTest(binding, condition);
      if (test === 'never') return nothing;
      const text = condition.kind === 'like' ? undefined : constantOf(binding, condition.text)?.value;
      if (condition.kind !== 'text' || condition.ignoreCase !== undefined || typeof text !== 'string') return unknown;
      if (!isWellFormed(text)) return unknown;
      return sides(condition.match === 'prefix' ? idPrefixed(text) : isId(text));
    }
    default:
      return unknown;
  }
}

export function ofTime(binding: AccessBinding, condition: Leaf, path: number, wanted: boolean): Filter {
  const always = ofKindAlways(condition, 'number', wanted);
  if (always !== undefined) return always;
  switch (condition.kind) {
    case 'compare': {
      const constant = constantOf(binding, condition.constant);
      if (constant === undefined) return unknown;
      const { value } = constant;
      if (value === undefined) return nothing;
      const isNumber = binding.semantics.kindOf(value) === 'number';
      const { operator } = condition;
      if (operator === 'equal' || operator === 'notEqual') {
        const found = isNumber ? equal(path, value) : nothing;
        return (operator === 'equal') === wanted ? found : negated(found);
      }
      return isNumber ? rangeOf(path, 'number', wanted ? operator : inverse[operator], value) : nothing;
    }
    case 'between':
    case 'in': {
      const test = testOf(binding, condition, wanted);
      if (test === 'unknown') return unknown;
      if (test === 'never') return nothing;
      if (condition.kind === 'between') return test.passes(path, wanted);
      const found = disjunction(
        condition.list.map((number) => {
          const constant = constantOf(binding, number)!;
          return binding.semantics.kindOf(constant.value) === 'number' ? equal(path, constant.value) : nothing;
        }),
      );
      return wanted ? found : negated(found);
    }
    default:
      return unknown;
  }
}

/** The answer of a test on a value that is always there and of that kind, where its kind decides. */
function ofKindAlways(condition: Leaf, kind: ValueKind, wanted: boolean): Filter | undefined {
  switch (condition.kind) {
    case 'defined':
      return wanted ? everything : nothing;
    case 'type':
      if (!condition.kinds.includes(kind)) return wanted ? nothing : everything;
      return condition.exact ? (wanted ? everything : nothing) : unknown;
    case 'truth':
    case 'contains':
    case 'length':
      return nothing;
    case 'string':
    case 'text':
    case 'like':
      return kind === 'string' ? undefined : nothing;
    default:
      return undefined;
  }
}
