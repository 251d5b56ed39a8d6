// Where stored paths lead in one partition, and what the terms there say of values: the ground on which conditions are
// bound. The names of Extended JSON ("$oid") may lead into typed values, which have no terms below them.

import { isWellFormed } from '../../../model/bytes.ts';
import type { Raw } from '../../../model/bson/walk.ts';
import type { Value } from '../../../model/value.ts';
import { equal, exists, nothing, overflowed, type Filter } from '../../../indexer/filter.ts';
import { timePath, type PathDictionary } from '../../../indexer/paths.ts';
import { anyElement, type PathStep } from '../../../indexer/policy.ts';
import { fieldsOf, isArray, isObject } from '../elements.ts';
import type { Semantics } from '../semantics.ts';
import type { AccessPath, ConstantNumber } from './condition.ts';
import { conjunction, disjunction, superset, unknown } from './filter-algebra.ts';
import type { BoundTest } from './term-test.ts';
import { arrayLengthMax, lengthBetween, objectsWithFields, ofKind, steppedInto } from './sql-terms.ts';

/** What a condition meets in one partition. */
export interface AccessBinding {
  readonly paths: PathDictionary;
  /** Text of the only partition key in the scope, when there is but one: an id is then one term. */
  readonly keyText?: string | undefined;
  readonly semantics: Semantics;
  /** Values by number; undefined for one that could not be computed. */
  readonly constants: readonly ({ readonly value: Value } | undefined)[];
  /** Tests of values by number. */
  readonly tests: readonly BoundTest[];
}

/** Fields or elements of a constant that are looked up beside its own key. */
const partsMax = 8;

/** Where a path leads in this partition. */
export type Target =
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

export type Need = 'scalar' | 'nested' | 'both';

/** The value of a constant; undefined when it could not be computed. */
export function constantOf(binding: AccessBinding, number: ConstantNumber): { readonly value: Value } | undefined {
  return binding.constants[number];
}

/** Where the path leads; `need` says what kinds of values must have terms there for an answer. */
export function targetOf(binding: AccessBinding, access: AccessPath, need: Need): Target {
  if (access.root === 'identity') return { kind: 'identity' };
  if (access.root === 'time') return { kind: 'time', path: timePath };
  const typed: Filter[] = [];
  for (const [i, step] of access.steps.entries()) {
    if (i === 0 || typeof step !== 'string' || !step.startsWith('$')) continue;
    const before = resolveSteps(binding, access.steps.slice(0, i), 'scalar');
    if (before === 'unknown') return { kind: 'unknown' };
    if (before === 'overflow') typed.push(overflowed);
    else if (before !== 'absent') typed.push(superset(steppedInto(before)));
  }
  const resolved = resolveSteps(binding, access.steps, need);
  if (typeof resolved === 'number') return { kind: 'value', path: resolved, access, typed: disjunction(typed) };
  if (typed.length === 0 || resolved === 'unknown') return { kind: resolved };
  // Items that overflowed and items with typed values on the way: no telling which test is about which.
  if (resolved === 'overflow') return { kind: 'unknown' };
  // No item has it but inside of typed values: they alone are candidates.
  return { kind: 'value', path: -1, access, typed: disjunction(typed) };
}

export function resolveSteps(
  binding: AccessBinding,
  steps: readonly PathStep[],
  need: Need,
): number | 'unknown' | 'absent' | 'overflow' {
  const { paths } = binding;
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
export function finish(filter: Filter, target: Extract<Target, { readonly kind: 'value' }>): Filter {
  const known = target.path < 0 ? nothing : target.access.reach === 'position' ? superset(filter) : filter;
  return disjunction([known, target.typed]);
}

/** Items that have something at the path. */
export function definedAt(binding: AccessBinding, access: AccessPath): Filter {
  const { steps } = access;
  const last = steps[steps.length - 1];
  const path = resolveSteps(
    binding,
    last === anyElement ? steps.slice(0, -1) : steps,
    last === anyElement ? 'nested' : 'both',
  );
  if (path === 'absent') return nothing;
  if (path === 'overflow') return overflowed;
  if (path === 'unknown') return unknown;
  return last === anyElement ? lengthBetween(path, 1, arrayLengthMax) : exists(path);
}

/** Items whose value at the path equals a defined constant. */
export function equalsAt(binding: AccessBinding, path: number, steps: readonly PathStep[], value: Value): Filter {
  const { semantics } = binding;
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
      return superset(conjunction([objectsWithFields(path), ...fieldsAt(binding, steps, value)]));
    }
  }
}

/** Conditions that an object with the fields of this one meets, from those that are plain values. */
export function fieldsAt(binding: AccessBinding, steps: readonly PathStep[], object: Raw): Filter[] {
  const filters: Filter[] = [];
  for (const [name, value] of fieldsOf(object)) {
    if (filters.length >= partsMax) break;
    const kind = binding.semantics.kindOf(value);
    if (kind === 'array' || kind === 'object' || name.startsWith('$')) continue;
    const path = resolveSteps(binding, [...steps, name], 'scalar');
    if (path === 'unknown') continue;
    filters.push(
      path === 'absent' ? nothing : path === 'overflow' ? overflowed : equalsAt(binding, path, steps, value),
    );
  }
  return filters;
}
