// Groups and distinct values that terms alone may answer. Whether they do is known when the execution begins; else
// the operator that reads items takes over. Groups found by index come in the order of their values: the pages of one
// query, which count rows, all go the same way, also when the index could now answer and could not before.

import type { AggregateFunction } from '../../../model/query.ts';
import { assert, DatabaseError } from '../../../model/errors.ts';
import type { Place } from '../compile/scope.ts';
import type { Evaluate, Frame, OpenRows, RowStream } from '../frame.ts';
import { aggregateByIndex, groupByIndex, type IndexAggregate, type IndexAnswer, type Term } from '../index-group.ts';
import type { IndexedPartition } from '../indexed-rows.ts';
import type { PreparedAccess } from '../open-access.ts';
import type { AccessPath } from '../plan/condition.ts';
import type { Summary } from '../plan/access.ts';

const kinds: Readonly<Partial<Record<AggregateFunction, 'least' | 'greatest' | 'sum' | 'average'>>> = {
  MIN: 'least',
  MAX: 'greatest',
  SUM: 'sum',
  AVG: 'average',
};

/** Where aggregates and keys are read and written. */
export interface SummarySlots {
  readonly item: number;
  readonly keys: readonly number[];
  readonly aggregates: readonly { readonly slot: number; readonly argument: Evaluate }[];
}

/** Runs index work, giving control back at its pauses. */
function* inSlices<Result>(answer: IndexAnswer<Result>): Generator<boolean, Result | undefined, void> {
  for (;;) {
    const step = answer.next();
    if (step.done === true) return step.value;
    yield false;
  }
}

function indexedOf(frame: Frame, container: string | undefined): readonly IndexedPartition[] | undefined {
  return frame.source(container).indexed;
}

/** A group whose summary the plan found, with the operator that reads items for when terms do not tell. */
export function summaryGroup(
  read: OpenRows,
  access: PreparedAccess,
  container: string | undefined,
  summary: Extract<Summary, { readonly kind: 'group' }>,
  slots: SummarySlots,
): OpenRows {
  const aggregates = summary.arguments.map((argument, i): IndexAggregate => {
    if (argument.kind === 'count') return argument;
    const kind = kinds[summary.node.aggregates[i]!.function];
    assert(kind !== undefined, 'a value is summed or compared');
    const { path } = argument;
    if (kind === 'sum' || kind === 'average') return { kind, path };
    return { kind, path, value: slots.aggregates[i]!.argument, slot: slots.item };
  });
  return function* (frame): RowStream {
    const partitions = indexedOf(frame, container);
    if (summary.key !== undefined) {
      const groups = yield* groupsByTerms(frame, access, partitions, summary.key);
      if (groups !== undefined) {
        yield* giveGroups(frame, groups, slots);
        return;
      }
    } else if (partitions !== undefined) {
      const values = yield* inSlices(aggregateByIndex(frame, access, partitions, aggregates));
      if (values !== undefined) {
        values.forEach((value, i) => (frame.slots[slots.aggregates[i]!.slot] = value));
        yield true;
        return;
      }
    }
    yield* read(frame);
  };
}

/** Groups by terms, where the pages before did not go by items; undefined when items must be read. */
function* groupsByTerms(
  frame: Frame,
  access: PreparedAccess,
  partitions: readonly IndexedPartition[] | undefined,
  path: AccessPath,
): Generator<boolean, readonly Term[] | undefined, void> {
  const { scan } = frame;
  const groups =
    scan.summaryBefore === 'items' || partitions === undefined
      ? undefined
      : yield* inSlices(groupByIndex(frame, access, partitions, path));
  // Values came that terms do not tell, and the state that the pages before saw is not held any more.
  if (groups === undefined && scan.summaryBefore === 'terms')
    throw new DatabaseError('InvalidContinuation', 'the query cannot be continued: it must be asked anew', {
      argument: 'continuation',
    });
  scan.summary = groups === undefined ? 'items' : 'terms';
  return groups;
}

function* giveGroups(frame: Frame, groups: readonly Term[], { keys, aggregates }: SummarySlots): RowStream {
  for (const { value, count } of groups) {
    for (const slot of keys) frame.slots[slot] = value;
    for (const { slot } of aggregates) frame.slots[slot] = count;
    const sliceOver = frame.pacer.step();
    yield true;
    if (sliceOver) yield false;
  }
}

/** The different values of a path. */
export function summaryDistinct(
  read: OpenRows,
  access: PreparedAccess,
  container: string | undefined,
  path: AccessPath,
  result: Place,
): OpenRows {
  return function* (frame): RowStream {
    const partitions = indexedOf(frame, container);
    const groups = yield* groupsByTerms(frame, access, partitions, path);
    if (groups !== undefined) {
      for (const { value } of groups) {
        if (value === undefined) continue;
        frame.slots[result.slot] = value;
        const sliceOver = frame.pacer.step();
        yield true;
        if (sliceOver) yield false;
      }
      return;
    }
    yield* read(frame);
  };
}
