// How many documents a filter selects.

import { fieldOf } from '../../model/bson/walk.ts';
import type { Tallied } from '../../model/operation.ts';
import type { Path } from '../../model/predicate.ts';
import type { ContainerRecord } from '../../model/resource.ts';
import type { Call } from './call.ts';
import { accessOf, Selection, type Filter } from './selection.ts';

const stepItems = 10_000;
const stepBytes = 4 * 1024 * 1024;

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

/** How many of the selected documents have each value of a path; undefined when the index does not know. */
export async function tallyByIndex(
  call: Call,
  container: ContainerRecord,
  filter: Filter,
  path: Path,
): Promise<readonly Tallied[] | undefined> {
  const access = accessOf(container, filter.predicate);
  if (access.kind === 'ids' || filter.natural !== undefined) return undefined;
  const { values } = await call.engine.execute(
    {
      kind: 'tally-values',
      database: container.database,
      container: container.id,
      scope: access.scope,
      predicate: filter.predicate,
      view: 'mongo',
      path,
    },
    { ...call.context, signal: call.signal },
  );
  return values;
}

/** The number that the index knows without a look at documents; undefined when it does not. */
export async function countByIndex(
  call: Call,
  container: ContainerRecord,
  filter: Filter,
): Promise<number | undefined> {
  if (filter.isEmpty && fieldOf(container.settings, 'defaultTtl') === undefined)
    return sizesOf(call, container).documents;
  const access = accessOf(container, filter.predicate);
  if (access.kind === 'ids' || filter.natural !== undefined) return undefined;
  const { count } = await call.engine.execute(
    {
      kind: 'count-items',
      database: container.database,
      container: container.id,
      scope: access.scope,
      predicate: filter.predicate,
      view: 'mongo',
    },
    { ...call.context, signal: call.signal },
  );
  return count;
}
