// What one leaf of a condition asks of the terms of its path: which values must have terms there, which items give the
// wanted answer, and what an undefined value gives.

import { isWellFormed } from '../../../model/bytes.ts';
import type { Raw } from '../../../model/bson/walk.ts';
import type { ComparisonOperator } from '../../../model/query.ts';
import type { Value } from '../../../model/value.ts';
import {
  between,
  equal,
  negated,
  nothing,
  overflowed,
  prefixed,
  type Bound,
  type Filter,
} from '../../../indexer/filter.ts';
import { anyElement, type PathStep } from '../../../indexer/policy.ts';
import { isObject } from '../elements.ts';
import type { ValueKind } from '../semantics.ts';
import type { AccessPath, Condition } from './condition.ts';
import { conjunction, disjunction, superset } from './filter-algebra.ts';
import { prefixOfLike } from './like-prefix.ts';
import { arrayLengthMax, lengthBetween, numbersBetween, ofKind, orderedKeys, unorderedKeys } from './sql-terms.ts';
import { termTestOf } from './term-test.ts';
import {
  constantOf,
  resolveSteps,
  definedAt,
  equalsAt,
  fieldsAt,
  type AccessBinding,
  type Need,
} from './path-terms.ts';

export type Leaf = Exclude<Condition, { readonly kind: 'unknown' | 'constant' | 'and' | 'or' | 'not' | 'some' }>;

export interface Test {
  /** Kinds of values that must have terms at the path. */
  readonly need: Need;
  /** The answer for an undefined value. */
  readonly ofUndefined: boolean | undefined;
  /** Items whose value gives the wanted answer; only asked for `false` where `opposite` is absent. */
  readonly passes: (path: number, wanted: boolean) => Filter;
  /** Items for which the test has an answer: those that do not pass fail. */
  readonly opposite?: ((path: number) => Filter) | undefined;
}

export type Family = 'null' | 'boolean' | 'number' | 'string';

export const inverse: Readonly<Record<ComparisonOperator, ComparisonOperator>> = {
  equal: 'notEqual',
  notEqual: 'equal',
  less: 'greaterOrEqual',
  lessOrEqual: 'greater',
  greater: 'lessOrEqual',
  greaterOrEqual: 'less',
};

/** The candidates of a leaf, narrowed to those whose terms pass its test where it has one. */
export function checked(binding: AccessBinding, condition: Leaf, filter: Filter, wanted: boolean): Filter {
  if (!('check' in condition) || condition.check === undefined) return filter;
  const bound = binding.tests[condition.check];
  if (bound === undefined || filter.kind !== 'and' || filter.of.length !== 2) return filter;
  const [range, open] = filter.of;
  if (range?.kind !== 'range' || open?.kind !== 'unknown') return filter;
  return { kind: 'test', path: range.path, range: range.range, passes: termTestOf(bound, wanted) };
}

/** Values of the constant's family on one side of it. */
export function rangeOf(path: number, family: Family, operator: ComparisonOperator, value: Value): Filter {
  const bound: Bound = { value, inclusive: operator === 'lessOrEqual' || operator === 'greaterOrEqual' };
  const [from, to] = operator.startsWith('less') ? [undefined, bound] : [bound, undefined];
  return family === 'number' ? numbersBetween(path, from, to) : between(path, from, to);
}

/** Arrays whose length stands so to a number. */
function lengths(path: number, operator: ComparisonOperator, length: number): Filter {
  const floor = Math.floor(length);
  const ceiling = Math.ceil(length);
  const clamp = (least: number, most: number): Filter =>
    lengthBetween(path, Math.max(0, least), Math.min(arrayLengthMax, most));
  switch (operator) {
    case 'equal':
      return floor === length ? clamp(length, length) : nothing;
    case 'notEqual':
      return floor === length
        ? disjunction([clamp(0, length - 1), clamp(length + 1, arrayLengthMax)])
        : clamp(0, arrayLengthMax);
    case 'less':
      return clamp(0, ceiling - 1);
    case 'lessOrEqual':
      return clamp(0, floor);
    case 'greater':
      return clamp(floor + 1, arrayLengthMax);
    case 'greaterOrEqual':
      return clamp(ceiling, arrayLengthMax);
  }
}

/** How a leaf is answered from the terms of one path. */
export function testOf(binding: AccessBinding, condition: Leaf, wanted: boolean): Test | 'unknown' | 'never' {
  switch (condition.kind) {
    case 'defined':
      return {
        need: 'both',
        ofUndefined: false,
        passes: () => definedAt(binding, condition.path),
      };
    case 'type': {
      const { kinds, exact } = condition;
      const need = kinds.includes('object') ? 'both' : kinds.includes('array') ? 'nested' : 'scalar';
      return {
        need,
        ofUndefined: false,
        passes: (path) => {
          const found = disjunction(kinds.map((kind) => ofKind(path, kind as Exclude<ValueKind, 'undefined'>)));
          return exact ? found : superset(found);
        },
      };
    }
    case 'truth':
      return { need: 'scalar', ofUndefined: undefined, passes: (path, wanted) => equal(path, wanted) };
    case 'string':
      return { need: 'scalar', ofUndefined: undefined, passes: (path) => superset(ofKind(path, 'string')) };
    case 'compare': {
      const constant = constantOf(binding, condition.constant);
      if (constant === undefined) return 'unknown';
      const { operator } = condition;
      if (operator === 'equal' || operator === 'notEqual')
        return equality(binding, condition.path, [constant.value], wanted === (operator === 'equal'));
      const family = familyOf(binding, constant.value);
      if (family === 'unknown' || family === 'never') return family;
      return {
        need: 'scalar',
        ofUndefined: undefined,
        passes: (path, wanted) => rangeOf(path, family, wanted ? operator : inverse[operator], constant.value),
      };
    }
    case 'between': {
      const low = constantOf(binding, condition.low);
      const high = constantOf(binding, condition.high);
      if (low === undefined || high === undefined) return 'unknown';
      const lowFamily = familyOf(binding, low.value);
      const highFamily = familyOf(binding, high.value);
      if (lowFamily === 'unknown' || highFamily === 'unknown') return 'unknown';
      const below = (path: number): Filter =>
        lowFamily === 'never' ? nothing : rangeOf(path, lowFamily, 'less', low.value);
      const above = (path: number): Filter =>
        highFamily === 'never' ? nothing : rangeOf(path, highFamily, 'greater', high.value);
      return {
        need: 'scalar',
        ofUndefined: undefined,
        passes: (path, wanted) => {
          if (!wanted) return disjunction([below(path), above(path)]);
          if (lowFamily !== highFamily || lowFamily === 'never') return nothing;
          const from = { value: low.value, inclusive: true };
          const to = { value: high.value, inclusive: true };
          return lowFamily === 'number' ? numbersBetween(path, from, to) : between(path, from, to);
        },
      };
    }
    case 'in': {
      const values: Value[] = [];
      for (const number of condition.list) {
        const constant = constantOf(binding, number);
        if (constant === undefined) return 'unknown';
        values.push(constant.value);
      }
      return equality(binding, condition.path, values, wanted, true);
    }
    case 'text':
    case 'like':
      return textTest(binding, condition);
    case 'test': {
      const bound = binding.tests[condition.check];
      if (bound === undefined) return 'unknown';
      let ofUndefined: Value;
      try {
        ofUndefined = bound.evaluate(undefined);
      } catch {
        return 'unknown';
      }
      // Terms do not tell an undefined value from one that has no answer.
      if (ofUndefined === wanted) return 'unknown';
      return {
        need: 'both',
        ofUndefined: undefined,
        passes: (path, wanted) =>
          disjunction([
            { kind: 'test', path, range: orderedKeys, passes: termTestOf(bound, wanted) },
            ...unorderedKeys.map((range) => superset({ kind: 'range', path, range, exact: true })),
          ]),
      };
    }
    case 'contains': {
      const constant = constantOf(binding, condition.element);
      if (constant === undefined) return 'unknown';
      if (constant.value === undefined) return 'never';
      const partial = condition.partial === undefined ? undefined : constantOf(binding, condition.partial);
      if (condition.partial !== undefined && partial === undefined) return 'unknown';
      const isPartial = partial?.value === true && isObject(constant.value);
      const elements: readonly PathStep[] = [...condition.path.steps, anyElement];
      return {
        need: 'nested',
        ofUndefined: undefined,
        opposite: (path) => ofKind(path, 'array'),
        passes: (path) => {
          const element = resolveSteps(binding, elements, 'both');
          if (element === 'absent') return nothing;
          if (element === 'overflow') return overflowed;
          if (element === 'unknown') return superset(ofKind(path, 'array'));
          if (!isPartial) return equalsAt(binding, element, elements, constant.value);
          const fields = fieldsAt(binding, elements, constant.value as Raw);
          return superset(conjunction([ofKind(path, 'array'), ...fields]));
        },
      };
    }
    case 'length': {
      const constant = constantOf(binding, condition.constant);
      if (constant === undefined) return 'unknown';
      const { value } = constant;
      if (value === undefined) return 'never';
      const { operator } = condition;
      const length = binding.semantics.numberOf(value);
      const isEquality = operator === 'equal' || operator === 'notEqual';
      if (length === undefined) {
        if (!isEquality) return 'never';
        return {
          need: 'nested',
          ofUndefined: undefined,
          passes: (path, wanted) => (wanted === (operator === 'equal') ? nothing : ofKind(path, 'array')),
        };
      }
      // A length that no double says exactly, of other number types: left to the test.
      if (typeof value !== 'number') return 'unknown';
      return {
        need: 'nested',
        ofUndefined: undefined,
        passes: (path, wanted) => lengths(path, wanted ? operator : inverse[operator], length),
      };
    }
  }
}

/** `=`, `!=` and IN: items that are equal to one of the values, or defined and equal to none. */
export function equality(
  binding: AccessBinding,
  access: AccessPath,
  values: readonly Value[],
  isEqual: boolean,
  isList = false,
): Test | 'never' {
  const defined = values.filter((value) => value !== undefined);
  if (defined.length === 0 && !isList) return 'never';
  const isIn = (path: number): Filter =>
    disjunction(defined.map((value) => equalsAt(binding, path, access.steps, value)));
  const differs = (path: number): Filter => {
    const all = definedAt(binding, access);
    return access.reach === 'single' ? conjunction([all, negated(isIn(path))]) : superset(all);
  };
  const isPlain = defined.every((value) => !['array', 'object'].includes(binding.semantics.kindOf(value)));
  return {
    need: isEqual && isPlain ? 'scalar' : 'both',
    ofUndefined: undefined,
    passes: (path) => (isEqual ? isIn(path) : differs(path)),
  };
}

/** The family of values that a constant is compared with. */
export function familyOf(binding: AccessBinding, value: Value): Family | 'unknown' | 'never' {
  const kind = binding.semantics.kindOf(value);
  if (kind === 'string') return isWellFormed(value as string) ? 'string' : 'unknown';
  return kind === 'null' || kind === 'boolean' || kind === 'number' ? kind : 'never';
}

export function textTest(
  binding: AccessBinding,
  condition: Extract<Leaf, { readonly kind: 'text' | 'like' }>,
): Test | 'unknown' | 'never' {
  const constant = constantOf(binding, condition.kind === 'text' ? condition.text : condition.pattern);
  if (constant === undefined) return 'unknown';
  const { value } = constant;
  if (typeof value !== 'string') return 'never';
  let find: ((path: number) => Filter) | undefined;
  if (condition.kind === 'like') {
    const like = prefixOfLike(value);
    if (isWellFormed(like.prefix))
      find = (path) =>
        like.rest === 'none'
          ? equal(path, like.prefix)
          : like.rest === 'any'
            ? prefixed(path, like.prefix)
            : superset(prefixed(path, like.prefix));
  } else {
    const option = condition.ignoreCase === undefined ? undefined : constantOf(binding, condition.ignoreCase);
    if (condition.ignoreCase !== undefined && option === undefined) return 'unknown';
    if (option?.value !== true && isWellFormed(value))
      find = condition.match === 'whole' ? (path) => equal(path, value) : (path) => prefixed(path, value);
  }
  const passes = find ?? ((path: number) => superset(ofKind(path, 'string')));
  return { need: 'scalar', ofUndefined: undefined, opposite: (path) => ofKind(path, 'string'), passes };
}
