// Where a page of a query over items ended, as text: the layout of partitions it was made in, the range it was about
// when it counts results, the reading it began with, and the place itself, which core made.
//
// A query goes on after partitions were split. While its reading is held it goes on over that, whose partitions are
// those of the text. After that, or in a part of its range, as clients ask for once a range is gone, the place is told
// in the partitions of now. A count of results means something in the reading that was counted only: the first part of
// the range goes on with it, and nothing is left for the others.
//
// The range itself is answered for as long as its reading is held: 410 tells clients that begin in it that it is gone.

import type { HeldReadings } from '../../core/held-readings.ts';
import { layoutOf } from '../../core/partition-layout.ts';
import { movedContinuation } from '../../core/query/continuation.ts';
import { positionsPerPartition } from '../../core/query/indexed-rows.ts';
import { routeOf } from '../../core/router.ts';
import { compareEpk, type EpkRange } from '../../model/effective-partition-key.ts';
import { DatabaseError } from '../../model/errors.ts';
import type { Scope } from '../../model/operation.ts';
import { partitionKeyText } from '../../model/partition-key.ts';
import { descendsFrom, type ContainerRecord } from '../../model/resource.ts';

/** What a page reads and from where. */
export interface QueryStart {
  /** Layout of the partitions that positions are about; of the present ones for a query that begins. */
  readonly layout: string;
  /** The scope that is read: that of the text, where it goes on for a whole range. */
  readonly scope: Scope;
  /** The reading to go on with, if it is still there. */
  readonly held: string | undefined;
  readonly continuation: string | undefined;
  /** Nothing is left in this part of the range. */
  readonly isDone: boolean;
}

export function queryStart(
  text: string | undefined,
  container: ContainerRecord,
  scope: Scope,
  countsResults: boolean,
  readings: HeldReadings,
): QueryStart {
  const layout = layoutOf(container);
  const first: QueryStart = { layout, scope, held: undefined, continuation: undefined, isDone: false };
  if (text === undefined || text === '') return first;
  const place = parse(text);
  if (place.container !== container.number) throw foreignContinuation();
  const known: QueryStart = { ...first, layout: place.layout, held: place.held, continuation: place.continuation };
  const isSameRange = !countsResults || rangeText(scope.range) === place.range;
  if (isSameRange && place.layout === layout) return known;
  if (isSameRange && readings.has(place.held, readingPlace(container, place.layout, scope))) return known;
  if (countsResults) return countedElsewhere(known, container, place, scope, readings);
  const continuation = movedContinuation(place.continuation, (position) =>
    positionNow(position, container, place.layout, scope),
  );
  return { ...first, held: place.held, continuation };
}

/**
 * The scope of a query that goes on in a range which was split since it began, while its reading is held: some clients
 * would not go on with the parts (the ordered queries of @azure/cosmos 4.9.3).
 */
export function heldScope(
  text: string | undefined,
  container: ContainerRecord,
  readings: HeldReadings,
): Scope | undefined {
  if (text === undefined || text === '') return undefined;
  const { range: bounds, layout, held } = parse(text);
  const range = rangeIn(bounds);
  if (range === undefined || !readings.has(held, readingPlace(container, layout, { range }))) return undefined;
  return { range };
}

/** A query that counts results, asked for in a part of the range that it was counted in. */
function countedElsewhere(
  known: QueryStart,
  container: ContainerRecord,
  { range: text, layout, held }: Place,
  scope: Scope,
  readings: HeldReadings,
): QueryStart {
  const whole = rangeIn(text);
  const { range } = scope;
  if (range === undefined || whole === undefined) throw foreignContinuation();
  const isPart =
    compareEpk(whole.minInclusive, range.minInclusive) <= 0 && compareEpk(range.maxExclusive, whole.maxExclusive) <= 0;
  if (!isPart) throw foreignContinuation();
  if (compareEpk(whole.minInclusive, range.minInclusive) !== 0) return { ...known, isDone: true };
  if (!readings.has(held, readingPlace(container, layout, { range: whole }))) throw foreignContinuation();
  return { ...known, scope: { range: whole } };
}

/** A position in partitions that may have been split, in those of now. */
function positionNow(position: number, container: ContainerRecord, layout: string, scope: Scope): number | undefined {
  const created = position % positionsPerPartition;
  const before = layout.split('.')[Math.floor(position / positionsPerPartition)];
  const { partitions } = routeOf(container, scope);
  const [only] = partitions;
  // Over several partitions the parts of a split one have no common position.
  if (only === undefined || partitions.length > 1 || before === undefined) return undefined;
  if (!descendsFrom(only, Number(before))) return undefined;
  return container.partitions.indexOf(only) * positionsPerPartition + created;
}

/** Name of what a held reading reads. */
export function readingPlace({ number }: ContainerRecord, layout: string, { range, partitionKey }: Scope): string {
  const key = partitionKey === undefined ? '' : partitionKeyText(partitionKey);
  return `${number}:${layout}:${rangeText(range)} ${key}`;
}

export function continuationText(
  { number }: ContainerRecord,
  { layout, scope }: QueryStart,
  held: string,
  continuation: string,
): string {
  return [number, layout, rangeText(scope.range), held, continuation].join('#');
}

interface Place {
  readonly container: number;
  readonly layout: string;
  readonly range: string;
  readonly held: string;
  readonly continuation: string;
}

function parse(text: string): Place {
  const match = /^(\d{1,10})#([\d.]{1,4096})#([0-9A-F]*-[0-9A-F]*|)#([0-9a-f-]*)#(.*)$/s.exec(text);
  if (match === null) throw foreignContinuation();
  const [, container, layout, range, held, continuation] = match;
  return {
    container: Number(container),
    layout: layout!,
    range: range!,
    held: held!,
    continuation: continuation!,
  };
}

function rangeText(range: EpkRange | undefined): string {
  return range === undefined ? '' : `${range.minInclusive}-${range.maxExclusive}`;
}

function rangeIn(text: string): EpkRange | undefined {
  const match = /^([0-9A-F]*)-([0-9A-F]*)$/.exec(text);
  return match === null ? undefined : { minInclusive: match[1]!, maxExclusive: match[2]! };
}

export function foreignContinuation(): DatabaseError {
  return new DatabaseError('InvalidContinuation', 'the continuation does not belong to this query', {
    argument: 'x-ms-continuation',
  });
}
