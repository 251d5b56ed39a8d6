// From an access plan to a way to the items, at the start of an execution: conditions are bound in each partition, the
// index estimates, and the cheapest way is chosen. What was chosen is told to EXPLAIN.

import { compositePrefix } from '../../indexer/composite-key.ts';
import { replacedItems } from '../../indexer/fact-terms.ts';
import { allKeys, isExact, type Filter } from '../../indexer/filter.ts';
import { estimate, hasTerms } from '../../indexer/lookup.ts';
import { OrderCursor } from '../../indexer/order-cursor.ts';
import { identityPath, timePath } from '../../indexer/paths.ts';
import type { CompositePart } from '../../indexer/policy.ts';
import { keyOf } from '../../indexer/term-key.ts';
import type { Value } from '../../model/value.ts';
import type { Evaluate, Frame, SortMark } from './frame.ts';
import type { IndexedPartition } from './indexed-rows.ts';
import { groupOfValue, type OrderedAccess, type OrderedStart } from './ordered-walk.ts';
import type { AccessKey, AccessPlan } from './plan/access.ts';
import { describeAccess } from './plan/describe-access.ts';
import type { AccessUse } from './plan/explain.ts';
import { bindAccess } from './plan/bind-access.ts';
import type { AccessBinding } from './plan/path-terms.ts';
import {
  askingMicros,
  chooseNatural,
  chooseOrdered,
  testedShare,
  type AskedTerms,
  type NaturalChoice,
} from './plan/choose-access.ts';
import { conjunction, hasTest, intersectRanges, mayBeExact, rangeOn } from './plan/filter-algebra.ts';
import type { BoundTest } from './plan/term-test.ts';
import { orderedKeys, outOfOrder } from './plan/sql-terms.ts';

/** Postings of a range that a conjunction collects at least, and as a multiple of what the rest of it finds. */
const askedMin = 4_096;
const askedRatio = 128;

export interface PreparedTest {
  readonly slot: number;
  readonly evaluate: Evaluate;
  readonly tellsNumbers: boolean;
}

export interface PreparedAccess {
  readonly plan: AccessPlan;
  /** Constants of the conditions by number. */
  readonly constants: readonly Evaluate[];
  /** Tests of values by number: each reads the value from its slot. */
  readonly tests: readonly PreparedTest[];
  /** False when the sort above the source is not the one whose order the results have. */
  readonly mayOrder: boolean;
}

/** One partition's part of a query. */
export interface PartitionAccess {
  readonly partition: IndexedPartition;
  /** The items that can give rows, and those of them that are in the scope. */
  readonly condition: Filter;
  readonly filter: Filter;
  /** False when what the filter finds may be more. */
  readonly exact: boolean;
  /** True when what it finds may prove to be exact. */
  readonly mayBeExact: boolean;
  /** About how many items pass. */
  readonly hits: number;
}

export type OpenedAccess =
  | {
      readonly kind: 'natural';
      readonly parts: readonly (PartitionAccess & { readonly choice: NaturalChoice; readonly replaced: number })[];
    }
  | { readonly kind: 'ordered'; readonly accesses: readonly OrderedAccess[]; readonly start: OrderedStart | undefined };

/** What the constants of an access are in this execution. One that fails is the test's affair: its item says so. */
export function constantsOf(frame: Frame, access: PreparedAccess): AccessBinding['constants'] {
  return access.constants.map((evaluate) => {
    try {
      return { value: evaluate(frame) };
    } catch {
      return undefined;
    }
  });
}

export function testsOf(frame: Frame, access: PreparedAccess): readonly BoundTest[] {
  return access.tests.map(({ slot, evaluate, tellsNumbers }) => ({
    tellsNumbers,
    evaluate: (value) => {
      frame.slots[slot] = value;
      return evaluate(frame);
    },
  }));
}

export function bindParts(
  frame: Frame,
  access: PreparedAccess,
  partitions: readonly IndexedPartition[],
): readonly PartitionAccess[] {
  const constants = constantsOf(frame, access);
  const tests = testsOf(frame, access);
  return partitions.map((partition) => {
    const bound = bindAccess(access.plan.condition, {
      paths: partition.paths,
      keyText: partition.keyText,
      semantics: frame.context.semantics,
      constants,
      tests,
    });
    const filter = conjunction([bound.filter, partition.scope]);
    return {
      partition,
      condition: bound.filter,
      filter,
      exact: isExact(filter) && partition.isCounted,
      mayBeExact: mayBeExact(filter) && partition.isCounted,
      hits: estimate(partition.view, filter),
    };
  });
}

export function openAccess(
  frame: Frame,
  access: PreparedAccess,
  partitions: readonly IndexedPartition[],
): OpenedAccess {
  const parts = bindParts(frame, access, partitions);
  const opened = chooseWay(frame, access, parts);
  frame.scan.use = describe(access, parts, opened.kind === 'ordered' ? 'order' : wayOf(opened.parts));
  return opened;
}

/** The way that most of the work goes, where partitions differ. */
function wayOf(parts: readonly { readonly choice: NaturalChoice }[]): NaturalChoice {
  return (
    (['scan', 'filter', 'probe', 'collect'] as const).find((way) => parts.some(({ choice }) => choice === way)) ??
    'scan'
  );
}

/** What is told of the access to EXPLAIN. */
export function describe(access: PreparedAccess, parts: readonly PartitionAccess[], way: AccessUse['way']): AccessUse {
  return describeAccess(access.plan, {
    paths: parts[0]?.partition.paths,
    way,
    estimated: parts.reduce((sum, { hits }) => sum + hits, 0),
    exact: parts.every(({ exact }) => exact),
    sorts: access.plan.order !== undefined,
  });
}

function chooseWay(frame: Frame, access: PreparedAccess, parts: readonly PartitionAccess[]): OpenedAccess {
  const { order } = access.plan;
  if (order !== undefined && access.mayOrder) {
    const ordered = openOrder(frame, order, parts);
    if (ordered !== undefined) return ordered;
  }
  const { wanted } = frame.scan;
  return {
    kind: 'natural',
    parts: parts.map((part) => {
      const { filter, hits, partition } = part;
      const filters = says(filter);
      const replaced = filters ? estimate(partition.view, conjunction([filter, replacedItems])) : 0;
      const isTested = hasTest(filter);
      const choice = chooseNatural({ items: partition.items, hits, wanted, filters, replaced, isTested });
      return { ...part, replaced, choice };
    }),
  };
}

/** Whether the filter says anything. */
function says(filter: Filter): boolean {
  return filter.kind !== 'unknown' && filter.kind !== 'all';
}

function openOrder(
  frame: Frame,
  order: readonly AccessKey[],
  parts: readonly PartitionAccess[],
): OpenedAccess | undefined {
  const wanted = frame.sort.keep ?? Infinity;
  const sums = { items: 0, walked: 0, hits: 0, passing: 0, askMicros: 0 };
  const accesses: OrderedAccess[] = [];
  let tested = false;
  for (const part of parts) {
    const one = order.length === 1 ? singleOrder(order[0]!, part) : compositeOrder(order, part, parts.length);
    if (one === undefined) return undefined;
    accesses.push({ ...one, wanted });
    const { partition, hits } = part;
    const { view, items } = partition;
    const isTested = hasTest(one.filter);
    const share = isTested ? testedShare : 1;
    tested ||= isTested;
    sums.items += items;
    sums.hits += hits * share;
    sums.walked += one.isNarrowed ? estimateRange(partition, one) : items;
    sums.passing += one.isOpen ? items : estimate(view, one.filter) * share;
    if (!one.isOpen) sums.askMicros += askingMicros(askedTerms(partition, one.filter));
  }
  const choice = chooseOrdered({ ...sums, wanted });
  if (choice === 'sort') return undefined;
  // Of tested terms nobody knows how few pass.
  if (choice === 'test' && !tested) accesses.forEach((access, i) => (accesses[i] = { ...access, isOpen: true }));
  const { resume } = frame.sort;
  if (resume === undefined) return { kind: 'ordered', accesses, start: undefined };
  const start = startOf(frame, resume, order, accesses[0]);
  return start === undefined ? undefined : { kind: 'ordered', accesses, start };
}

/** About how many items lie in the keys that are walked. */
function estimateRange({ view }: IndexedPartition, { path, range }: OrderedPart): number {
  return path === undefined ? 0 : estimate(view, { kind: 'range', path, range, exact: true });
}

/** What must be looked at to answer a filter. */
function askedTerms({ view, items }: IndexedPartition, filter: Filter): AskedTerms {
  const sum = { whole: 0, collected: 0, tested: 0 };
  const add = (one: Filter, most: number): void => {
    switch (one.kind) {
      case 'equal':
      case 'in':
        sum.whole += estimate(view, one);
        break;
      case 'range': {
        // In a conjunction a range that outnumbers the rest by far is left out.
        const postings = estimate(view, one);
        if (postings <= most) sum.collected += postings;
        break;
      }
      case 'test': {
        const postings = estimate(view, one);
        if (postings <= most) sum.tested += postings;
        break;
      }
      case 'not':
        add(one.of, Infinity);
        break;
      case 'or':
        for (const of of one.of) add(of, Infinity);
        break;
      case 'and': {
        const least = estimate(view, one);
        for (const of of one.of) add(of, Math.max(askedMin, least * askedRatio));
        break;
      }
      default:
        break;
    }
  };
  add(filter, items);
  return sum;
}

/** Whether the partition has no visible value in these keys of the path. */
function hasNone({ view }: IndexedPartition, path: number): boolean {
  if (!hasTerms(view, path, outOfOrder)) return true;
  return outOfOrder.every((range) => new OrderCursor(view, { path, range }).next() === 'end');
}

type OrderedPart = Omit<OrderedAccess, 'wanted'> & {
  /** True when a part of the filter became the range of keys. */
  readonly isNarrowed: boolean;
};

/** The terms of the key's path where their order is that of the language. */
function singleOrder({ path, descending }: AccessKey, part: PartitionAccess): OrderedPart | undefined {
  const { partition, filter } = part;
  const common = { partition, backwards: descending, isOpen: !says(filter), isNarrowed: false };
  if (path.root === 'identity')
    return { ...common, range: orderedKeys, filter, path: identityPath, form: 'identity', withoutPath: false };
  const resolved = path.root === 'time' ? timePath : resolveOrdered(partition, path.steps);
  if (resolved === 'none') return undefined;
  const withoutPath = path.root !== 'time';
  if (resolved === undefined)
    return { ...common, range: orderedKeys, filter, path: undefined, form: 'value', withoutPath };
  const { range, rest } = rangeOn(resolved, filter);
  if (range === undefined)
    return { ...common, range: orderedKeys, filter: rest, path: resolved, form: 'value', withoutPath };
  const within = intersectRanges(orderedKeys, range);
  return {
    partition,
    path: within === undefined ? undefined : resolved,
    form: 'value',
    range: within ?? orderedKeys,
    backwards: descending,
    filter: rest,
    isOpen: !says(rest),
    isNarrowed: true,
    withoutPath: false,
  };
}

/** The id of a path whose every value has a term in order; undefined when no item has the path. */
export function resolveOrdered(
  partition: IndexedPartition,
  steps: AccessKey['path']['steps'],
): number | undefined | 'none' {
  // Such a step may lead into a typed value.
  if (steps.some((step, i) => i > 0 && typeof step === 'string' && step.startsWith('$'))) return 'none';
  const scalar = partition.paths.resolve(steps, 'scalar');
  const nested = partition.paths.resolve(steps, 'nested');
  if (scalar.kind === 'absent' && nested.kind === 'absent') return undefined;
  if (scalar.kind !== 'path' || nested.kind !== 'path') return 'none';
  return hasNone(partition, scalar.path) ? scalar.path : 'none';
}

/** The composite index with these keys, or with all of them the other way round. */
function compositeOrder(
  order: readonly AccessKey[],
  part: PartitionAccess,
  partitionCount: number,
): OrderedPart | undefined {
  const { partition } = part;
  // Keys that only begin alike are not told apart between partitions.
  if (partitionCount > 1 || order.some(({ path }) => path.root !== 'stored')) return undefined;
  for (const backwards of [false, true]) {
    const parts: CompositePart[] = order.map(({ path, descending }) => ({
      path: path.steps,
      descending: descending !== backwards,
    }));
    const composite = partition.paths.composite(parts);
    if (composite === undefined) continue;
    if (order.some(({ path }) => resolveOrdered(partition, path.steps) === 'none')) return undefined;
    const { filter } = part;
    return {
      partition,
      path: composite.path,
      form: 'composite',
      range: allKeys,
      backwards,
      filter,
      isOpen: !says(filter),
      isNarrowed: false,
      withoutPath: false,
    };
  }
  return undefined;
}

/** The group that the last page ended in; undefined when terms do not tell where that is. */
function startOf(
  frame: Frame,
  { keys, position }: SortMark,
  order: readonly AccessKey[],
  access: OrderedAccess | undefined,
): OrderedStart | undefined {
  const { semantics } = frame.context;
  const isOrdered = (value: Value): boolean => !['array', 'object'].includes(semantics.kindOf(value));
  if (access === undefined || keys.length !== order.length || !keys.every(isOrdered)) return undefined;
  if (access.form !== 'composite') {
    const [value] = keys;
    if (access.form === 'identity' && typeof value !== 'string') return undefined;
    return { key: groupOfValue(value, access.form), position };
  }
  const descending = order.map((key) => key.descending !== access.backwards);
  const prefix = compositePrefix(keys.map(keyOf), descending);
  return prefix.exact ? { key: prefix.bytes, position } : undefined;
}
