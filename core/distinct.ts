// The different values of a path, from the terms of the index; one item is read for each, because a term does not tell
// which type of number or text it stands for. Only where the index says just which items satisfy the predicate, and
// every term stands for one value.

import { DistinctCursor } from '../indexer/distinct-cursor.ts';
import { allOf, everything, type Filter } from '../indexer/filter.ts';
import { estimate, estimateTerms, allValues, NumberCursor } from '../indexer/lookup.ts';
import { keyOf, Tag } from '../indexer/term-key.ts';
import { rawDocument, type Raw } from '../model/bson/walk.ts';
import { equalBytes } from '../model/bytes.ts';
import { idTextOf } from '../model/identity.ts';
import type { Operation, Result } from '../model/operation.ts';
import type { Path } from '../model/predicate.ts';
import type { ContainerRecord } from '../model/resource.ts';
import { valueOf } from '../model/value.ts';
import { defaultTtlOf } from './expiry.ts';
import type { GroupState } from './group.ts';
import { eachValue } from './path-values.ts';
import { filterOf } from './query/predicate/filter.ts';
import { spotsOf } from './query/predicate/spots.ts';
import { openReading, type PartitionReading } from './reading.ts';
import { Slices } from './slices.ts';
import { scoped } from './walk.ts';

/** Bytes of values that one answer may have: no reply of a door that asks is larger. */
const bytesMax = 16 * 1024 * 1024;

/** With fewer items than this for each term, reading the items costs less. */
const itemsPerTermMin = 2;

/** Terms passed over between two pauses. */
const termsPerPause = 512;

export async function distinctValues(
  state: GroupState,
  container: ContainerRecord,
  { scope, predicate, view, path }: Operation<'distinct-values'>,
  nowSeconds: number,
  signal: AbortSignal | undefined,
): Promise<Result<'distinct-values'>> {
  const untold = { container, values: undefined };
  // Another view of an item may show other values.
  if (defaultTtlOf(container) !== undefined || (view === 'mongo' && container.profile !== 'collection')) return untold;
  const reading = openReading(state, container, scope, nowSeconds);
  const slices = new Slices(signal);
  const values = new Map<string, Raw>();
  let bytes = 0;
  try {
    for (const partition of reading.partitions) {
      const { filter, exact } = filterOf(predicate, partition.index.paths);
      const paths = exact && partition.isScopeExact ? pathsOf(partition, filter, path) : undefined;
      if (paths === undefined) return untold;
      for (const { id, isElement } of paths)
        for (const value of termValues(partition, filter, path, id, isElement)) {
          if (slices.isOver) await slices.pause();
          if (value === 'untold') return untold;
          if (value === undefined) continue;
          const text = idTextOf(value);
          if (values.has(text)) continue;
          values.set(text, value);
          bytes += value.end - value.start;
          if (bytes > bytesMax) return untold;
        }
    }
    return { container, values: [...values.values()] };
  } finally {
    reading.release();
  }
}

interface TermPath {
  readonly id: number;
  readonly isElement: boolean;
}

/** Index paths whose terms are the path's values, where these are few enough. */
function pathsOf({ index, view }: PartitionReading, filter: Filter, path: Path): readonly TermPath[] | undefined {
  const spots = spotsOf(index.paths, [], path);
  const isPlain = spots.loose.length + spots.looseElements.length + spots.pointed.length === 0;
  if (!isPlain || spots.excluded || spots.overflow || spots.isIdentity) return undefined;
  const paths = [
    ...spots.values.map((spot) => ({ id: spot.path, isElement: false })),
    ...spots.elements.map((spot) => ({ id: spot.path, isElement: true })),
  ];
  const terms = paths.reduce((sum, { id }) => sum + estimateTerms(view, id, allValues), 0);
  return terms * itemsPerTermMin > Math.min(index.items, estimate(view, filter)) ? undefined : paths;
}

/** One value per term; `untold` when a term stands for several, `undefined` where the caller may pause. */
function* termValues(
  partition: PartitionReading,
  filter: Filter,
  path: Path,
  id: number,
  isElement: boolean,
): Generator<Raw | 'untold' | undefined> {
  const within = scoped(partition, filter);
  const cursor = new DistinctCursor(partition.view, { path: id, filter: within });
  for (let step = cursor.next(termsPerPause); step !== 'end'; step = cursor.next(termsPerPause)) {
    if (step === 'paused') {
      yield undefined;
      continue;
    }
    const key = cursor.key.slice(2, cursor.keyLength);
    // The elements of an array stand for it.
    if (key[0] === Tag.array && !isElement) continue;
    if (cursor.isInexact) {
      yield 'untold';
      return;
    }
    const owners = allOf({ kind: 'equal', path: id, key: { bytes: key, exact: true } }, within ?? everything);
    yield valueOfTerm(partition, owners, path, key)?.value ?? 'untold';
  }
}

/** The value that a term stands for, of the first item that has it, and when that was made. */
export function valueOfTerm(
  partition: PartitionReading,
  owners: Filter,
  path: Path,
  key: Uint8Array,
): { readonly value: Raw; readonly created: number } | undefined {
  const number = new NumberCursor(partition.view, owners).next();
  const item = number === 0 ? undefined : partition.item(number);
  if (item === undefined) return undefined;
  let found: Raw | undefined;
  eachValue(rawDocument(item.body), path, (value) => {
    const own = found === undefined ? keyOf(valueOf(value)) : undefined;
    if (own !== undefined && equalBytes(own.bytes, key)) found = value;
  });
  return found === undefined ? undefined : { value: found, created: item.created };
}
