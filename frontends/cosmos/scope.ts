// Which part of a container a feed or query is about: a partition key, a range by its id, or a range of effective
// partition keys. Sources: the request headers of "Query documents" and of the SDKs' feed ranges.

import { partitionOf } from '../../core/router.ts';
import { compareEpk, rangeOfKey, type EpkRange } from '../../model/effective-partition-key.ts';
import { badRequest, DatabaseError } from '../../model/errors.ts';
import type { Scope } from '../../model/operation.ts';
import type { ContainerRecord, PartitionRecord } from '../../model/resource.ts';
import { isUnpartitioned } from '../../model/resource.ts';
import { keyOrNone, type Call } from './call.ts';
import { headerOf } from './decode.ts';
import type { Place } from './encode.ts';

const rangeHeader = 'x-ms-documentdb-partitionkeyrangeid';
const boundShape = /^[0-9A-Fa-f]{0,512}$/;

export function scopeOf(call: Call, container: ContainerRecord): Scope {
  const { request } = call;
  const key = keyOrNone(call, container);
  if (key !== undefined && !isUnpartitioned(container)) return { partitionKey: key };
  const rangeId = headerOf(request, rangeHeader);
  const start = headerOf(request, 'x-ms-start-epk');
  const end = headerOf(request, 'x-ms-end-epk');
  const whole = rangeId === undefined ? undefined : rangeNamed(container, rangeId);
  if (start !== undefined || end !== undefined) {
    const minInclusive = start ?? '';
    const maxExclusive = end ?? 'FF';
    if (!boundShape.test(minInclusive) || !boundShape.test(maxExclusive))
      throw badRequest('x-ms-start-epk and x-ms-end-epk must be hexadecimal', 'x-ms-start-epk');
    const range = { minInclusive: minInclusive.toUpperCase(), maxExclusive: maxExclusive.toUpperCase() };
    return { range: whole === undefined ? range : sharedRange(range, whole) };
  }
  if (whole !== undefined) return { range: { minInclusive: whole.minInclusive, maxExclusive: whole.maxExclusive } };
  return {};
}

/** What both hold: of a feed range, the part in one partition. An empty range where they are apart. */
function sharedRange(left: EpkRange, right: EpkRange): EpkRange {
  const [minInclusive, maxExclusive] = [
    compareEpk(left.minInclusive, right.minInclusive) > 0 ? left.minInclusive : right.minInclusive,
    compareEpk(left.maxExclusive, right.maxExclusive) < 0 ? left.maxExclusive : right.maxExclusive,
  ];
  return compareEpk(minInclusive, maxExclusive) < 0
    ? { minInclusive, maxExclusive }
    : { minInclusive, maxExclusive: minInclusive };
}

/** True when the client names a range that was split since. */
export function namesEndedRange({ request }: Call, container: ContainerRecord): boolean {
  const text = headerOf(request, rangeHeader);
  if (text === undefined) return false;
  const id = rangeIdIn(text);
  return container.partitions.some(({ origins }) => origins.some(({ range }) => String(range) === id));
}

/** Some clients put the container's _rid before it, with a comma. */
function rangeIdIn(text: string): string {
  return text.slice(text.indexOf(',') + 1);
}

function rangeNamed(container: ContainerRecord, text: string): PartitionRecord {
  const id = rangeIdIn(text);
  const found = container.partitions.find((one) => String(one.range) === id);
  if (found === undefined)
    throw new DatabaseError('PartitionGone', 'there is no partition key range of that id now', {
      argument: rangeHeader,
    });
  return found;
}

/** Where an answer over a scope comes from: one partition, if the scope lies in one. */
export function placeOf(call: Call, container: ContainerRecord, scope: Scope): Place {
  const { engine } = call;
  const { partitionKey } = scope;
  if (container.partitions.length === 1) return { engine, container, partition: container.partitions[0] };
  if (partitionKey !== undefined && partitionKey.length === container.partitionKey.paths.length)
    return { engine, container, partition: partitionOf(container, partitionKey) };
  const range = partitionKey === undefined ? scope.range : rangeOfKey(container.partitionKey, partitionKey);
  const around =
    range &&
    container.partitions.find(
      (one) =>
        compareEpk(one.minInclusive, range.minInclusive) <= 0 && compareEpk(range.maxExclusive, one.maxExclusive) <= 0,
    );
  return { engine, container, partition: around };
}
