// How many items have each value of a path, from posting counts: one item is read for each value, because a term does
// not tell which type of number or text it stands for. Only where the index says just which items satisfy the
// predicate, each of them has one value at the path or none, and every term stands for one value.

import { DistinctCursor } from '../indexer/distinct-cursor.ts';
import { allOf, everything, exists, negated, typeIs, type Filter } from '../indexer/filter.ts';
import { count, countSteps, estimate, estimateTerms, allValues, NumberCursor } from '../indexer/lookup.ts';
import { Tag } from '../indexer/term-key.ts';
import type { Raw } from '../model/bson/walk.ts';
import { idTextOf } from '../model/identity.ts';
import type { Operation, Result, Tallied } from '../model/operation.ts';
import type { Path } from '../model/predicate.ts';
import type { ContainerRecord } from '../model/resource.ts';
import { valueOfTerm } from './distinct.ts';
import { defaultTtlOf } from './expiry.ts';
import type { GroupState } from './group.ts';
import { filterOf } from './query/predicate/filter.ts';
import { known } from './query/predicate/spots.ts';
import { openReading, type PartitionReading } from './reading.ts';
import { Slices } from './slices.ts';
import { onlyPath } from './sorted-spans.ts';
import { scoped } from './walk.ts';

/** Bytes of values that one answer may have. */
const bytesMax = 16 * 1024 * 1024;

/** With fewer items than this for each value, reading the items costs less. */
const itemsPerValueMin = 4;

/** Terms that are counted at once, to know whether they are few. */
const termsCountedMax = 2048;

/** Terms passed over between two pauses. */
const termsPerPause = 256;

export async function tallyValues(
  state: GroupState,
  container: ContainerRecord,
  { scope, predicate, view, path }: Operation<'tally-values'>,
  nowSeconds: number,
  signal: AbortSignal | undefined,
): Promise<Result<'tally-values'>> {
  const untold = { container, values: undefined };
  // Another view of an item may show other values.
  if (defaultTtlOf(container) !== undefined || (view === 'mongo' && container.profile !== 'collection')) return untold;
  const reading = openReading(state, container, scope, nowSeconds);
  const slices = new Slices(signal);
  const values = new Map<string | undefined, { value: Raw | undefined; count: number; created: number }>();
  let bytes = 0;
  try {
    for (const partition of reading.partitions) {
      const { filter, exact } = filterOf(predicate, partition.index.paths);
      const only = exact && partition.isScopeExact ? singlePath(partition, filter, path) : undefined;
      if (only === undefined) return untold;
      for (const step of tallied(partition, filter, path, only)) {
        if (slices.isOver) await slices.pause();
        if (step === 'untold') return untold;
        if (step === undefined) continue;
        const text = step.value === undefined ? undefined : idTextOf(step.value);
        const same = values.get(text);
        if (same !== undefined) {
          if (step.created < same.created) [same.value, same.created] = [step.value, step.created];
          same.count += step.count;
          continue;
        }
        values.set(text, { ...step });
        bytes += step.value === undefined ? 0 : step.value.end - step.value.start;
        if (bytes > bytesMax) return untold;
      }
    }
    const list = [...values.values()].sort((a, b) => a.created - b.created);
    return { container, values: list };
  } finally {
    reading.release();
  }
}

/** The index path that has one value per item at most, where its values are few; 'absent' when no item has it. */
function singlePath({ index, view }: PartitionReading, filter: Filter, path: Path): number | 'absent' | undefined {
  if (known(index.paths, path) === 'absent') return crossesArray(index, view, path) ? undefined : 'absent';
  const only = onlyPath(index.paths, path);
  if (only === undefined || crossesArray(index, view, path)) return undefined;
  // Values that are equal to others of another term.
  if (count(view, typeIs(only, [Tag.undefined, Tag.symbol])).count > 0) return undefined;
  const most = Math.floor(Math.min(index.items, estimate(view, filter)) / itemsPerValueMin);
  return estimateTerms(view, only, allValues) <= most || hasFewTerms(view, only, most) ? only : undefined;
}

/** In segments an estimate is that of whole blocks, which small segments share with other paths. */
function hasFewTerms(view: PartitionReading['view'], path: number, most: number): boolean {
  const cursor = new DistinctCursor(view, { path });
  for (let terms = 0; terms <= Math.min(most, termsCountedMax); terms++) if (cursor.next() === 'end') return true;
  return false;
}

/** Whether some item has an array on the way, if only an empty one. */
function crossesArray(index: PartitionReading['index'], view: PartitionReading['view'], path: Path): boolean {
  for (let length = 1; length < path.length; length++) {
    const found = known(index.paths, path.slice(0, length));
    if (found === 'absent') return false;
    if (typeof found !== 'number' || count(view, typeIs(found, [Tag.array])).count > 0) return true;
  }
  return false;
}

/** One value after the other, then the items without one; `undefined` where the caller may pause. */
function* tallied(
  partition: PartitionReading,
  filter: Filter,
  path: Path,
  only: number | 'absent',
): Generator<(Tallied & { readonly created: number }) | 'untold' | undefined> {
  const within = scoped(partition, filter);
  if (only !== 'absent') {
    const cursor = new DistinctCursor(partition.view, { path: only, filter: within });
    for (let step = cursor.next(termsPerPause); step !== 'end'; step = cursor.next(termsPerPause)) {
      if (step === 'paused') {
        yield undefined;
        continue;
      }
      if (cursor.isInexact || !cursor.exact) {
        yield 'untold';
        return;
      }
      const key = cursor.key.slice(2, cursor.keyLength);
      const owners = allOf({ kind: 'equal', path: only, key: { bytes: key, exact: true } }, within ?? everything);
      const { count: items } = cursor;
      const first = valueOfTerm(partition, owners, path, key);
      yield first === undefined ? 'untold' : { ...first, count: items };
    }
  }
  const missing = only === 'absent' ? (within ?? everything) : allOf(negated(exists(only)), within ?? everything);
  const steps = countSteps(partition.view, missing);
  let step = steps.next();
  for (; step.done !== true; step = steps.next()) yield undefined;
  if (!step.value.exact) yield 'untold';
  else if (step.value.count > 0)
    yield { value: undefined, count: step.value.count, created: firstOf(partition, missing) };
}

/** When the first of those items was made, as the order of versions tells it. */
function firstOf(partition: PartitionReading, filter: Filter): number {
  const number = new NumberCursor(partition.view, filter).next();
  return number === 0 ? 0 : (partition.item(number)?.created ?? 0);
}
