// The ranges of effective partition keys that a query concerns, as its plan names them: points for whole keys, ranges
// for the beginnings of hierarchical ones, sorted and apart, as the routing maps of SDKs want them.

import { compareEpk, effectivePartitionKey, epkMax, epkMin, rangeOfKey } from '../../model/effective-partition-key.ts';
import type { PartitionKeyDefinition, PartitionKeyPart } from '../../model/partition-key.ts';
import type { Query, Relation } from '../../model/query.ts';
import { isUnpartitioned, type ContainerRecord } from '../../model/resource.ts';
import type { Value } from '../../model/value.ts';
import { KeySets, type KeyBox, type KeySet } from './key-sets.ts';

/** Field names are the protocol's. */
export interface PlanRange {
  readonly min: string;
  readonly max: string;
  readonly isMinInclusive: boolean;
  readonly isMaxInclusive: boolean;
}

const everywhere: PlanRange = { min: epkMin, max: epkMax, isMinInclusive: true, isMaxInclusive: false };

/** A query that no item can answer is still asked once: of the first partition. */
const nowhere: PlanRange = { min: epkMin, max: epkMin, isMinInclusive: true, isMaxInclusive: true };

/** Keys that a plan names one by one; of more, it names the shared beginnings, or everything. */
const keysMax = 4096;

export function rangesOfQuery(
  query: Query,
  container: ContainerRecord,
  parameters: ReadonlyMap<string, Value>,
): readonly PlanRange[] {
  const tests = [];
  let at = query.relation;
  for (;;) {
    if (at.kind === 'union') return [everywhere];
    if (at.kind === 'source') break;
    if (at.kind === 'filter') tests.push(at.test);
    // FROM (query): its items are those that the query reads.
    if (at.kind === 'apply' && at.input.kind === 'unit' && readsItems(at.query)) at = at.query;
    else if (at.kind === 'unit') return [nowhere];
    else at = at.input;
  }
  if (isUnpartitioned(container)) return [everywhere];
  const sets = new KeySets(container.partitionKey, at.binding, parameters);
  return rangesOfSet(
    container.partitionKey,
    tests.map((test) => sets.of(test)).reduce((a, b) => sets.intersect(a, b), sets.all),
  );
}

export function rangesOfKey(container: ContainerRecord, key: readonly PartitionKeyPart[]): readonly PlanRange[] {
  if (isUnpartitioned(container)) return [everywhere];
  return rangesOfSet(container.partitionKey, [
    container.partitionKey.paths.map((_, i) => (i < key.length ? [key[i]] : undefined)),
  ]);
}

/** Whether all is in one logical partition, so that what it gives needs no merging. */
export function isOneKey(ranges: readonly PlanRange[]): boolean {
  return ranges.length === 1 && ranges[0]!.isMaxInclusive;
}

function readsItems(relation: Relation): boolean {
  for (let at = relation; ; at = at.input) {
    if (at.kind === 'source') return true;
    if (at.kind === 'unit' || at.kind === 'union') return false;
    if (at.kind === 'apply' && at.input.kind === 'unit') return readsItems(at.query);
  }
}

function rangesOfSet(definition: PartitionKeyDefinition, set: KeySet): readonly PlanRange[] {
  if (set.length === 0) return [nowhere];
  const ranges: PlanRange[] = [];
  for (const box of set) {
    const keys = beginningsOf(box, Math.floor(keysMax / set.length));
    for (const key of keys) {
      if (key.length === 0) return [everywhere];
      if (key.length < definition.paths.length) {
        const { minInclusive, maxExclusive } = rangeOfKey(definition, key);
        ranges.push({ min: minInclusive, max: maxExclusive, isMinInclusive: true, isMaxInclusive: false });
      } else {
        const epk = effectivePartitionKey(definition, key);
        ranges.push({ min: epk, max: epk, isMinInclusive: true, isMaxInclusive: true });
      }
    }
  }
  ranges.sort((a, b) => compareEpk(a.min, b.min) || compareEpk(b.max, a.max));
  // A key lies within the range of its beginning, never across its end.
  const apart: PlanRange[] = [];
  for (const range of ranges) {
    const last = apart.at(-1);
    if (last === undefined || compareEpk(range.max, last.max) > 0) apart.push(range);
  }
  return apart;
}

/** Every key, or beginning of one, in the box: levels up to the first that is not bound, or would be too many. */
function beginningsOf(box: KeyBox, most: number): readonly (readonly PartitionKeyPart[])[] {
  let keys: (readonly PartitionKeyPart[])[] = [[]];
  for (const parts of box) {
    if (parts === undefined || keys.length * parts.length > most) break;
    keys = keys.flatMap((key) => parts.map((part) => [...key, part]));
  }
  return keys;
}
