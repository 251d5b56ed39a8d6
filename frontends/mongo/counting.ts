// How many documents a filter selects.

import { fieldOf, type Raw } from '../../model/bson/walk.ts';
import type { Operation, Tallied } from '../../model/operation.ts';
import type { Path } from '../../model/predicate.ts';
import type { ContainerRecord } from '../../model/resource.ts';
import type { Call } from './call.ts';
import { accessOf, Selection, type Filter } from './selection.ts';

const stepItems = 10_000;
const stepBytes = 4 * 1024 * 1024;

type IndexQuestion = Omit<Operation<'count-items'>, 'kind'>;

export interface Sizes {
  readonly documents: number;
  readonly bytes: number;
}

/** Live items of a container and their bytes, expired ones that were not removed yet included. */
export function sizesOf({ engine }: Call, container: ContainerRecord): Sizes {
  let documents = 0;
  let bytes = 0;
  for (const record of container.partitions) {
    const found = engine.state.partition(record.partition);
    documents += found?.itemCount ?? 0;
    bytes += found?.liveBytes ?? 0;
  }
  return { documents, bytes };
}

/**
 * Counts at most `max`. Nothing is read where the index knows the number: without a filter, unless items of the
 * container can expire, and with one that terms answer exactly.
 */
export async function countDocuments(
  call: Call,
  container: ContainerRecord,
  filter: Filter,
  max: number,
): Promise<number> {
  const counted = await countByIndex(call, container, filter);
  if (counted !== undefined) return Math.min(max, counted);
  const selection = new Selection(call, container, filter, { limit: max });
  let count = 0;
  try {
    while (!selection.done && count < max)
      count += (await selection.next(Math.min(stepItems, max - count), stepBytes, call.signal)).items.length;
    return count;
  } finally {
    selection.close();
  }
}

/** What the index is asked about the documents of a filter; undefined where it is not to be asked. */
function questionOf(container: ContainerRecord, filter: Filter): IndexQuestion | undefined {
  const access = accessOf(container, filter.predicate);
  if (access.kind === 'ids' || filter.natural !== undefined) return undefined;
  const { database, id } = container;
  return { database, container: id, scope: access.scope, predicate: filter.predicate, view: 'mongo' };
}

/** The different values of a path in the selected documents; undefined when the index does not know. */
export async function distinctByIndex(
  call: Call,
  container: ContainerRecord,
  filter: Filter,
  path: Path,
): Promise<readonly Raw[] | undefined> {
  const question = questionOf(container, filter);
  if (question === undefined) return undefined;
  const context = { ...call.context, signal: call.signal };
  return (await call.engine.execute({ kind: 'distinct-values', ...question, path }, context)).values;
}

/** How many of the selected documents have each value of a path; undefined when the index does not know. */
export async function tallyByIndex(
  call: Call,
  container: ContainerRecord,
  filter: Filter,
  path: Path,
): Promise<readonly Tallied[] | undefined> {
  const question = questionOf(container, filter);
  if (question === undefined) return undefined;
  const context = { ...call.context, signal: call.signal };
  return (await call.engine.execute({ kind: 'tally-values', ...question, path }, context)).values;
}

/** The number that the index knows without a look at documents; undefined when it does not. */
export async function countByIndex(
  call: Call,
  container: ContainerRecord,
  filter: Filter,
): Promise<number | undefined> {
  if (filter.isEmpty && fieldOf(container.settings, 'defaultTtl') === undefined)
    return sizesOf(call, container).documents;
  const question = questionOf(container, filter);
  if (question === undefined) return undefined;
  const context = { ...call.context, signal: call.signal };
  return (await call.engine.execute({ kind: 'count-items', ...question }, context)).count;
}
