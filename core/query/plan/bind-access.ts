// Condition → filter over the terms of one partition, at execution: only then are path ids and constants known.
//
// Invariant: the filter of a condition holds every item for which the condition is true (or, where asked, false); it
// may hold more, and is then not exact. What the terms of a path cannot tell is `unknown`, where every item is a
// candidate. The reasons an answer can be wider than the condition:
//   - the policy leaves the path out, or the dictionary is full: all items, or those that overflowed;
//   - a step named like one of Extended JSON ("$oid") may lead into a typed value, which has no terms below it;
//   - objects, arrays and cut strings share keys; NaN and infinities as constants equal objects;
//   - a position in an array is only known as "some element".

import { isWellFormed } from '../../../model/bytes.ts';
import { findField, nameOf, type Raw } from '../../../model/bson/walk.ts';
import type { ComparisonOperator } from '../../../model/query.ts';
import type { Value } from '../../../model/value.ts';
import {
  between,
  equal,
  everything,
  exists,
  negated,
  nothing,
  overflowed,
  prefixed,
  type Bound,
  type Filter,
} from '../../../indexer/filter.ts';
import { idBetween, idEquals, idPrefixed, identityEquals } from '../../../indexer/identity.ts';
import { timePath, type PathDictionary } from '../../../indexer/paths.ts';
import { anyElement, type PathStep } from '../../../indexer/policy.ts';
import { fieldsOf, isArray, isObject } from '../elements.ts';
import type { Semantics, ValueKind } from '../semantics.ts';
import { elementsOf, type AccessPath, type Condition } from './condition.ts';
import { conjunction, disjunction, intersection, isExact, superset, unknown } from './filter-algebra.ts';
import { prefixOfLike } from './like-prefix.ts';
import { arrayLengthMax, lengthBetween, numbersBetween, objectsWithFields, ofKind, steppedInto } from './sql-terms.ts';

/** What a condition meets in one partition. */
export interface AccessBinding {
  readonly paths: PathDictionary;
  /** Text of the only partition key in the scope, when there is but one: an id is then one term. */
  readonly keyText?: string | undefined;
  readonly semantics: Semantics;
  /** Values by number; undefined for one that could not be computed. */
  readonly constants: readonly ({ readonly value: Value } | undefined)[];
}

export interface BoundAccess {
  readonly filter: Filter;
  /** False when what it finds must still be tested. */
  readonly exact: boolean;
}

export function bindAccess(condition: Condition, binding: AccessBinding): BoundAccess {
  const filter = new ConditionBinder(binding).bind(condition, true);
  return { filter, exact: isExact(filter) };
}

/** Fields or elements of a constant that are looked up beside its own key. */
const partsMax = 8;

/** Where a path leads in this partition. */
type Target =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'absent' }
  | { readonly kind: 'overflow' }
  | { readonly kind: 'identity' }
  | { readonly kind: 'time'; readonly path: number }
  | {
      readonly kind: 'value';
      readonly path: number;
      readonly access: AccessPath;
      /** Typed values on the way, which may hold what is asked for and have no term for it. */
      readonly typed: Filter;
    };

type Need = 'scalar' | 'nested' | 'both';

class ConditionBinder {
  readonly #binding: AccessBinding;
  readonly #semantics: Semantics;

  constructor(binding: AccessBinding) {
    this.#binding = binding;
    this.#semantics = binding.semantics;
  }

  /** Items for which the condition is `wanted`. */
  bind(condition: Condition, wanted: boolean): Filter {
    switch (condition.kind) {
      case 'unknown':
        return unknown;
      case 'constant': {
        const constant = this.#constant(condition.constant);
        if (constant === undefined) return unknown;
        return constant.value === wanted ? everything : nothing;
      }
      case 'not':
        return this.bind(condition.operand, !wanted);
      case 'and':
      case 'or':
        return (condition.kind === 'and') === wanted
          ? this.#all(condition.operands, wanted)
          : disjunction(condition.operands.map((operand) => this.bind(operand, wanted)));
      case 'some': {
        const found = this.#some(condition);
        return wanted ? found : negated(found);
      }
      default:
        return this.#leaf(condition, wanted);
    }
  }

  #constant(number: number): { readonly value: Value } | undefined {
    return this.#binding.constants[number];
  }

  #all(operands: readonly Condition[], wanted: boolean): Filter {
    const filters: Filter[] = [];
    const ranges: Extract<Filter, { readonly kind: 'range' }>[] = [];
    let ofElements = 0;
    for (const operand of operands) {
      const filter = this.bind(operand, wanted);
      if (elementsOf(operand).size > 0) ofElements++;
      const isOfOneValue = 'path' in operand && operand.path.reach === 'single' && operand.kind !== 'some';
      if (filter.kind === 'range' && isOfOneValue) ranges.push(filter);
      else filters.push(filter);
    }
    const all = conjunction([...filters, ...intersection(ranges)]);
    // Each condition may be met by another element.
    return ofElements > 1 ? superset(all) : all;
  }

  #some(condition: Extract<Condition, { readonly kind: 'some' }>): Filter {
    const { path, element, test } = condition;
    const array = this.#target(path, 'nested');
    if (array.kind === 'identity' || array.kind === 'time' || array.kind === 'absent') return nothing;
    if (array.kind === 'unknown') return unknown;
    const hasElements =
      array.kind === 'overflow' ? overflowed : this.#finish(lengthBetween(array.path, 1, arrayLengthMax), array);
    if (test === undefined) return condition.exact ? hasElements : superset(hasElements);
    const passes = this.bind(test, true);
    const found = impliesElement(test, element, true) ? passes : conjunction([hasElements, passes]);
    return condition.exact ? found : superset(found);
  }

  /** Where the path leads; `need` says what kinds of values must have terms there for an answer. */
  #target(access: AccessPath, need: Need): Target {
    if (access.root === 'identity') return { kind: 'identity' };
    if (access.root === 'time') return { kind: 'time', path: timePath };
    const typed: Filter[] = [];
    for (const [i, step] of access.steps.entries()) {
      if (i === 0 || typeof step !== 'string' || !step.startsWith('$')) continue;
      const before = this.#resolve(access.steps.slice(0, i), 'scalar');
      if (before === 'unknown') return { kind: 'unknown' };
      if (before === 'overflow') typed.push(overflowed);
      else if (before !== 'absent') typed.push(superset(steppedInto(before)));
    }
    const resolved = this.#resolve(access.steps, need);
    if (typeof resolved === 'number') return { kind: 'value', path: resolved, access, typed: disjunction(typed) };
    if (resolved !== 'absent' || typed.length === 0) return { kind: resolved };
    // No item has it but inside of typed values: they alone are candidates.
    return { kind: 'value', path: -1, access, typed: disjunction(typed) };
  }

  #resolve(steps: readonly PathStep[], need: Need): number | 'unknown' | 'absent' | 'overflow' {
    const { paths } = this.#binding;
    const first = paths.resolve(steps, need === 'nested' ? 'nested' : 'scalar');
    if (first.kind === 'path') {
      if (need === 'both' && paths.resolve(steps, 'nested').kind !== 'path') return 'unknown';
      return first.path;
    }
    if (first.kind === 'identity' || first.kind === 'excluded') return 'unknown';
    if (need === 'both' && paths.resolve(steps, 'nested').kind === 'excluded') return 'unknown';
    return first.kind;
  }

  /** The items of a filter on the target's terms, with what those terms do not show. */
  #finish(filter: Filter, target: Extract<Target, { readonly kind: 'value' }>): Filter {
    const known = target.path < 0 ? nothing : target.access.reach === 'position' ? superset(filter) : filter;
    return disjunction([known, target.typed]);
  }

  #leaf(condition: Leaf, wanted: boolean): Filter {
    const test = this.#testOf(condition, wanted);
    if (test === 'unknown') return unknown;
    if (test === 'never') return nothing;
    const target = this.#target(condition.path, test.need);
    switch (target.kind) {
      case 'unknown':
        return unknown;
      case 'absent':
        return test.ofUndefined === wanted ? everything : nothing;
      case 'overflow':
        return test.ofUndefined === wanted ? unknown : overflowed;
      case 'identity':
        return this.#ofIdentity(condition, wanted);
      case 'time':
        return this.#ofTime(condition, target.path, wanted);
      case 'value': {
        const { path, access, typed } = target;
        const isSingle = access.reach === 'single' && typed.kind === 'none';
        // An undefined value passes: all but what is known not to.
        if (test.ofUndefined === wanted) return isSingle ? negated(test.passes(path, !wanted)) : unknown;
        const opposite = test.opposite?.(path);
        if (wanted || opposite === undefined) return this.#finish(test.passes(path, wanted), target);
        // What fails: of the values that the test speaks of, those that do not pass.
        const fails = isSingle ? conjunction([opposite, negated(test.passes(path, true))]) : superset(opposite);
        return this.#finish(fails, target);
      }
    }
  }

  /** How a leaf is answered from the terms of one path. */
  #testOf(condition: Leaf, wanted: boolean): Test | 'unknown' | 'never' {
    switch (condition.kind) {
      case 'defined':
        return {
          need: 'both',
          ofUndefined: false,
          passes: () => this.#defined(condition.path),
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
        const constant = this.#constant(condition.constant);
        if (constant === undefined) return 'unknown';
        const { operator } = condition;
        if (operator === 'equal' || operator === 'notEqual')
          return this.#equality(condition.path, [constant.value], wanted === (operator === 'equal'));
        const family = this.#familyOf(constant.value);
        if (family === 'unknown' || family === 'never') return family;
        return {
          need: 'scalar',
          ofUndefined: undefined,
          passes: (path, wanted) => rangeOf(path, family, wanted ? operator : inverse[operator], constant.value),
        };
      }
      case 'between': {
        const low = this.#constant(condition.low);
        const high = this.#constant(condition.high);
        if (low === undefined || high === undefined) return 'unknown';
        const lowFamily = this.#familyOf(low.value);
        const highFamily = this.#familyOf(high.value);
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
          const constant = this.#constant(number);
          if (constant === undefined) return 'unknown';
          values.push(constant.value);
        }
        return this.#equality(condition.path, values, wanted, true);
      }
      case 'text':
      case 'like':
        return this.#ofText(condition);
      case 'contains': {
        const constant = this.#constant(condition.element);
        if (constant === undefined) return 'unknown';
        if (constant.value === undefined) return 'never';
        const partial = condition.partial === undefined ? undefined : this.#constant(condition.partial);
        if (condition.partial !== undefined && partial === undefined) return 'unknown';
        const isPartial = partial?.value === true && isObject(constant.value);
        const elements: readonly PathStep[] = [...condition.path.steps, anyElement];
        return {
          need: 'nested',
          ofUndefined: undefined,
          opposite: (path) => ofKind(path, 'array'),
          passes: (path) => {
            const element = this.#resolve(elements, 'both');
            if (element === 'absent') return nothing;
            if (element === 'overflow') return overflowed;
            if (element === 'unknown') return superset(ofKind(path, 'array'));
            if (!isPartial) return this.#equals(element, elements, constant.value);
            const fields = this.#fields(elements, constant.value as Raw);
            return superset(conjunction([ofKind(path, 'array'), ...fields]));
          },
        };
      }
      case 'length': {
        const constant = this.#constant(condition.constant);
        if (constant === undefined) return 'unknown';
        const { value } = constant;
        if (value === undefined) return 'never';
        const { operator } = condition;
        const length = this.#semantics.numberOf(value);
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
  #equality(access: AccessPath, values: readonly Value[], isEqual: boolean, isList = false): Test | 'never' {
    const defined = values.filter((value) => value !== undefined);
    if (defined.length === 0 && !isList) return 'never';
    const isIn = (path: number): Filter => disjunction(defined.map((value) => this.#equals(path, access.steps, value)));
    const differs = (path: number): Filter => {
      const all = this.#defined(access);
      return access.reach === 'single' ? conjunction([all, negated(isIn(path))]) : superset(all);
    };
    const isPlain = defined.every((value) => !['array', 'object'].includes(this.#semantics.kindOf(value)));
    return {
      need: isEqual && isPlain ? 'scalar' : 'both',
      ofUndefined: undefined,
      passes: (path) => (isEqual ? isIn(path) : differs(path)),
    };
  }

  /** Items that have something at the path. */
  #defined(access: AccessPath): Filter {
    const { steps } = access;
    const last = steps[steps.length - 1];
    const path = this.#resolve(
      last === anyElement ? steps.slice(0, -1) : steps,
      last === anyElement ? 'nested' : 'both',
    );
    if (path === 'absent') return nothing;
    if (path === 'overflow') return overflowed;
    if (path === 'unknown') return unknown;
    return last === anyElement ? lengthBetween(path, 1, arrayLengthMax) : exists(path);
  }

  /** Items whose value at the path equals a defined constant. */
  #equals(path: number, steps: readonly PathStep[], value: Value): Filter {
    const { semantics } = this.#binding;
    switch (semantics.kindOf(value)) {
      case 'undefined':
        return nothing;
      case 'string':
        // A text with half a surrogate pair is no stored string's.
        return isWellFormed(value as string) ? equal(path, value) : nothing;
      case 'null':
      case 'boolean':
      case 'number':
        return equal(path, value);
      case 'array': {
        if (!isArray(value)) return superset(ofKind(path, 'array'));
        return equal(path, value);
      }
      case 'object': {
        if (!isObject(value)) return superset(ofKind(path, 'object'));
        const fields = fieldsOf(value);
        if (fields.length === 0) return equal(path, value);
        if (fields.some(([name]) => name.startsWith('$'))) return superset(ofKind(path, 'object'));
        return superset(conjunction([objectsWithFields(path), ...this.#fields(steps, value)]));
      }
    }
  }

  /** Conditions that an object with the fields of this one meets, from those that are plain values. */
  #fields(steps: readonly PathStep[], object: Raw): Filter[] {
    const filters: Filter[] = [];
    for (const [name, value] of fieldsOf(object)) {
      if (filters.length >= partsMax) break;
      const kind = this.#semantics.kindOf(value);
      if (kind === 'array' || kind === 'object' || name.startsWith('$')) continue;
      // Of two fields of one name, terms know the first.
      if (findField(object.bytes, object.start, nameOf(name)) === undefined) continue;
      const path = this.#resolve([...steps, name], 'scalar');
      if (path === 'unknown') continue;
      filters.push(path === 'absent' ? nothing : path === 'overflow' ? overflowed : this.#equals(path, steps, value));
    }
    return filters;
  }

  /** The family of values that a constant is compared with. */
  #familyOf(value: Value): Family | 'unknown' | 'never' {
    const kind = this.#semantics.kindOf(value);
    if (kind === 'string') return isWellFormed(value as string) ? 'string' : 'unknown';
    return kind === 'null' || kind === 'boolean' || kind === 'number' ? kind : 'never';
  }

  #ofText(condition: Extract<Leaf, { readonly kind: 'text' | 'like' }>): Test | 'unknown' | 'never' {
    const constant = this.#constant(condition.kind === 'text' ? condition.text : condition.pattern);
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
      const option = condition.ignoreCase === undefined ? undefined : this.#constant(condition.ignoreCase);
      if (condition.ignoreCase !== undefined && option === undefined) return 'unknown';
      if (option?.value !== true && isWellFormed(value))
        find = condition.match === 'whole' ? (path) => equal(path, value) : (path) => prefixed(path, value);
    }
    const passes = find ?? ((path: number) => superset(ofKind(path, 'string')));
    return { need: 'scalar', ofUndefined: undefined, opposite: (path) => ofKind(path, 'string'), passes };
  }

  // Reserved paths: every item has a string as id and a number as time.

  #ofIdentity(condition: Leaf, wanted: boolean): Filter {
    const { keyText } = this.#binding;
    const isId = (value: Value): Filter => {
      if (typeof value !== 'string' || !isWellFormed(value)) return nothing;
      return keyText === undefined ? idEquals(value) : identityEquals(value, keyText);
    };
    const sides = (passes: Filter): Filter => (wanted ? passes : negated(passes));
    const always = this.#ofKindAlways(condition, 'string', wanted);
    if (always !== undefined) return always;
    switch (condition.kind) {
      case 'compare': {
        const constant = this.#constant(condition.constant);
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
          const constant = this.#constant(number);
          if (constant === undefined) return unknown;
          found.push(isId(constant.value));
        }
        return sides(disjunction(found));
      }
      case 'between': {
        const low = this.#constant(condition.low)?.value;
        const high = this.#constant(condition.high)?.value;
        if (typeof low !== 'string' || typeof high !== 'string' || !isWellFormed(low) || !isWellFormed(high))
          return unknown;
        return sides(idBetween({ value: low, inclusive: true }, { value: high, inclusive: true }));
      }
      case 'text':
      case 'like': {
        const test = this.#ofText(condition);
        if (test === 'never') return nothing;
        const text = condition.kind === 'like' ? undefined : this.#constant(condition.text)?.value;
        if (condition.kind !== 'text' || condition.ignoreCase !== undefined || typeof text !== 'string') return unknown;
        if (!isWellFormed(text)) return unknown;
        return sides(condition.match === 'prefix' ? idPrefixed(text) : isId(text));
      }
      default:
        return unknown;
    }
  }

  #ofTime(condition: Leaf, path: number, wanted: boolean): Filter {
    const always = this.#ofKindAlways(condition, 'number', wanted);
    if (always !== undefined) return always;
    switch (condition.kind) {
      case 'compare': {
        const constant = this.#constant(condition.constant);
        if (constant === undefined) return unknown;
        const { value } = constant;
        if (value === undefined) return nothing;
        const isNumber = this.#semantics.kindOf(value) === 'number';
        const { operator } = condition;
        if (operator === 'equal' || operator === 'notEqual') {
          const found = isNumber ? equal(path, value) : nothing;
          return (operator === 'equal') === wanted ? found : negated(found);
        }
        return isNumber ? rangeOf(path, 'number', wanted ? operator : inverse[operator], value) : nothing;
      }
      case 'between':
      case 'in': {
        const test = this.#testOf(condition, wanted);
        if (test === 'unknown') return unknown;
        if (test === 'never') return nothing;
        if (condition.kind === 'between') return test.passes(path, wanted);
        const found = disjunction(
          condition.list.map((number) => {
            const constant = this.#constant(number)!;
            return this.#semantics.kindOf(constant.value) === 'number' ? equal(path, constant.value) : nothing;
          }),
        );
        return wanted ? found : negated(found);
      }
      default:
        return unknown;
    }
  }

  /** The answer of a test on a value that is always there and of that kind, where its kind decides. */
  #ofKindAlways(condition: Leaf, kind: ValueKind, wanted: boolean): Filter | undefined {
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
}

type Leaf = Exclude<Condition, { readonly kind: 'unknown' | 'constant' | 'and' | 'or' | 'not' | 'some' }>;

interface Test {
  /** Kinds of values that must have terms at the path. */
  readonly need: Need;
  /** The answer for an undefined value. */
  readonly ofUndefined: boolean | undefined;
  /** Items whose value gives the wanted answer; only asked for `false` where `opposite` is absent. */
  readonly passes: (path: number, wanted: boolean) => Filter;
  /** Items for which the test has an answer: those that do not pass fail. */
  readonly opposite?: ((path: number) => Filter) | undefined;
}

type Family = 'null' | 'boolean' | 'number' | 'string';

const inverse: Readonly<Record<ComparisonOperator, ComparisonOperator>> = {
  equal: 'notEqual',
  notEqual: 'equal',
  less: 'greaterOrEqual',
  lessOrEqual: 'greater',
  greater: 'lessOrEqual',
  greaterOrEqual: 'less',
};

/** Values of the constant's family on one side of it. */
function rangeOf(path: number, family: Family, operator: ComparisonOperator, value: Value): Filter {
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
