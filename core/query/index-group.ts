// Groups, aggregates and distinct values from terms alone: posting counts, the first and the last term, terms times
// counts. Only where that is exact: every condition is, no item of the scope is hidden from the index, and no value
// is one whose term says less than the value. Else the answer is `undefined`, and items are read.

import { countSteps } from '../../indexer/lookup.ts';
import { DistinctCursor } from '../../indexer/distinct-cursor.ts';
import { exists, negated, type Filter } from '../../indexer/filter.ts';
import { OrderCursor } from '../../indexer/order-cursor.ts';
import { timePath } from '../../indexer/paths.ts';
import { valueOfKey } from '../../indexer/term-key.ts';
import type { Value } from '../../model/value.ts';
import { heldBytes } from './elements.ts';
import type { Evaluate, Frame } from './frame.ts';
import type { IndexedPartition } from './indexed-rows.ts';
import { groupBytesMax, tooLarge } from './limits.ts';
import {
  bindParts,
  constantsOf,
  describe,
  resolveOrdered,
  testsOf,
  type PartitionAccess,
  type PreparedAccess,
} from './open-access.ts';
import { bindAccess } from './plan/bind-access.ts';
import type { AccessPath, Condition } from './plan/condition.ts';
import { conjunction, mayBeExact } from './plan/filter-algebra.ts';
import { orderedKeys } from './plan/sql-terms.ts';

/** What terms can compute. */
export type IndexAggregate =
  /** Items that meet a condition beside that of the query. */
  | { readonly kind: 'count'; readonly condition: Condition | undefined }
  | { readonly kind: 'least' | 'greatest'; readonly path: AccessPath; readonly value: Evaluate; readonly slot: number }
  | { readonly kind: 'sum' | 'average'; readonly path: AccessPath };

/** `undefined` while others may run; the answer, or undefined when terms have none. */
export type IndexAnswer<Result> = Generator<undefined, Result | undefined>;

/** Terms between two pauses. */
const termsPerSlice = 4_096;

/** Bytes of one group's own objects, about. */
const groupOverheadBytes = 120;

function exactParts(
  frame: Frame,
  access: PreparedAccess,
  partitions: readonly IndexedPartition[],
): readonly PartitionAccess[] | undefined {
  const parts = bindParts(frame, access, partitions);
  if (!parts.every((part) => part.mayBeExact)) return undefined;
  frame.scan.use = describe(access, parts, 'count');
  return parts;
}

/** Aggregates over all items that pass. */
export function* aggregateByIndex(
  frame: Frame,
  access: PreparedAccess,
  partitions: readonly IndexedPartition[],
  aggregates: readonly IndexAggregate[],
): IndexAnswer<readonly Value[]> {
  const parts = exactParts(frame, access, partitions);
  if (parts === undefined) return undefined;
  const values: Value[] = [];
  for (const aggregate of aggregates) {
    const answer = yield* aggregateOf(frame, access, parts, aggregate);
    if (answer === undefined) return undefined;
    values.push(answer.value);
  }
  return values;
}

type Answered = { readonly value: Value } | undefined;

function* aggregateOf(
  frame: Frame,
  access: PreparedAccess,
  parts: readonly PartitionAccess[],
  aggregate: IndexAggregate,
): IndexAnswer<{ readonly value: Value }> {
  switch (aggregate.kind) {
    case 'count':
      return yield* countOf(frame, access, parts, aggregate.condition);
    case 'least':
    case 'greatest':
      return yield* extremeOf(frame, parts, aggregate);
    case 'sum':
    case 'average':
      return yield* sumOf(frame, parts, aggregate.path, aggregate.kind === 'average');
  }
}

function* countOf(
  frame: Frame,
  access: PreparedAccess,
  parts: readonly PartitionAccess[],
  condition: Condition | undefined,
): Generator<undefined, Answered> {
  const constants = condition === undefined ? [] : constantsOf(frame, access);
  const tests = condition === undefined ? [] : testsOf(frame, access);
  let total = 0;
  for (const { partition, filter } of parts) {
    let counted = filter;
    if (condition !== undefined) {
      const { paths, keyText } = partition;
      const bound = bindAccess(condition, { paths, keyText, semantics: frame.context.semantics, constants, tests });
      if (!mayBeExact(bound.filter)) return undefined;
      counted = conjunction([filter, bound.filter]);
    }
    const { count, exact } = yield* countSteps(partition.view, counted);
    if (!exact) return undefined;
    total += count;
  }
  return { value: total };
}

/** The path of terms that are the path's values in order; `undefined` where no item has it, `none` where terms are not. */
function pathOf({ partition }: PartitionAccess, path: AccessPath): number | undefined | 'none' {
  if (path.root === 'time') return timePath;
  if (path.root === 'identity' || path.reach !== 'single') return 'none';
  return resolveOrdered(partition, path.steps);
}

function* extremeOf(
  frame: Frame,
  parts: readonly PartitionAccess[],
  { kind, path, value, slot }: Extract<IndexAggregate, { readonly kind: 'least' | 'greatest' }>,
): Generator<undefined, Answered> {
  const { order } = frame.context.semantics;
  const backwards = kind === 'greatest';
  let best: Value;
  for (const part of parts) {
    const { partition, filter } = part;
    const resolved = pathOf(part, path);
    if (resolved === 'none') return undefined;
    if (resolved === undefined) continue;
    const cursor = new OrderCursor(partition.view, { path: resolved, range: orderedKeys, backwards, filter });
    yield* cursor.openSteps();
    let step = cursor.next(termsPerSlice);
    for (; step === 'paused'; step = cursor.next(termsPerSlice)) yield;
    if (step === 'end') continue;
    if (cursor.isInexact || !cursor.exact) return undefined;
    const item = partition.item(cursor.number);
    if (item === undefined) return undefined;
    frame.pacer.item();
    frame.items[slot] = item;
    const found = value(frame);
    if (best === undefined || (backwards ? order(found, best) > 0 : order(found, best) < 0)) best = found;
  }
  return { value: best };
}

/** Sums of integers, which are the same in any order; anything else is left to reading. */
function* sumOf(
  frame: Frame,
  parts: readonly PartitionAccess[],
  path: AccessPath,
  isAverage: boolean,
): Generator<undefined, Answered> {
  let sum = 0;
  let count = 0;
  for (const part of parts) {
    const resolved = pathOf(part, path);
    if (resolved === 'none') return undefined;
    if (resolved === undefined) continue;
    const terms = termsOf(part, resolved);
    for (let step = terms.next(); ; step = terms.next()) {
      if (step.done === true) {
        if (!step.value) return undefined;
        break;
      }
      const term = step.value;
      if (term === undefined) {
        yield;
        continue;
      }
      const { value } = term;
      // One value that is no number makes the answer undefined.
      if (frame.context.semantics.kindOf(value) !== 'number') return { value: undefined };
      if (typeof value !== 'number' || !Number.isSafeInteger(value)) return undefined;
      sum += value * term.count;
      count += term.count;
      if (!Number.isSafeInteger(sum)) return undefined;
    }
  }
  return { value: isAverage ? (count === 0 ? undefined : sum / count) : sum };
}

export interface Term {
  readonly value: Value;
  readonly count: number;
}

/** The different values of a path with their counts; returns false when terms do not tell them. */
function* termsOf({ partition, filter }: PartitionAccess, path: number): Generator<Term | undefined, boolean> {
  const cursor = new DistinctCursor(partition.view, { path, range: orderedKeys, filter });
  for (let terms = 1; ; terms++) {
    if (terms % termsPerSlice === 0) yield undefined;
    const step = cursor.next(termsPerSlice);
    if (step === 'paused') {
      yield undefined;
      continue;
    }
    if (!cursor.exact) return false;
    if (step === 'end') return true;
    if (cursor.isInexact) return false;
    const value = valueOfKey(cursor.key, 2, cursor.keyLength);
    if (value === undefined) return false;
    yield { value, count: cursor.count };
  }
}

/** The values of a path among the items that pass, absent ones too, each with its count. */
export function* groupByIndex(
  frame: Frame,
  access: PreparedAccess,
  partitions: readonly IndexedPartition[],
  path: AccessPath,
): IndexAnswer<readonly Term[]> {
  const parts = exactParts(frame, access, partitions);
  if (parts === undefined) return undefined;
  const { semantics } = frame.context;
  const groups = new Map<string, { readonly value: Value; count: number }>();
  let bytes = 0;
  const add = ({ value, count }: Term): void => {
    if (count === 0) return;
    const key = semantics.key(value);
    const known = groups.get(key);
    if (known !== undefined) {
      known.count += count;
      return;
    }
    groups.set(key, { value, count });
    bytes += groupOverheadBytes + 2 * key.length + heldBytes(value);
    if (bytes > groupBytesMax) throw tooLarge('GROUP BY', groupBytesMax, 'bytes of groups');
  };
  for (const part of parts) {
    const resolved = pathOf(part, path);
    if (resolved === 'none') return undefined;
    if (path.root === 'stored') {
      const without: Filter =
        resolved === undefined ? part.filter : conjunction([part.filter, negated(exists(resolved))]);
      const { count, exact } = yield* countSteps(part.partition.view, without);
      if (!exact) return undefined;
      add({ value: undefined, count });
    }
    if (resolved === undefined) continue;
    const terms = termsOf(part, resolved);
    for (let step = terms.next(); ; step = terms.next()) {
      if (step.done === true) {
        if (!step.value) return undefined;
        break;
      }
      if (step.value === undefined) yield;
      else add(step.value);
    }
  }
  return [...groups.values()];
}
