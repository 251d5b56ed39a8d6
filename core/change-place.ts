// How far a change feed has come: an LSN for each range, and its text, the continuation. Positions are LSNs, which
// a restart and a move of the partition keep; nothing of a reader is remembered here.
//
// Text: `{lsn}` where the scope touches one partition, else `{range}:{lsn}` joined by commas, the range to be
// read next first. A single LSN is also taken for a scope of several partitions: ranges split from one go on from
// its LSNs.

import { DatabaseError } from '../model/errors.ts';
import type { ChangeStart } from '../model/operation.ts';
import { descendsFrom } from '../model/resource.ts';
import type { PartitionReading } from './reading.ts';

/** Ranges in one continuation, and characters of it: far above any header that carries it. */
const rangesMax = 4096;
const charactersMax = 64 * 1024;

export interface Place {
  readonly partition: PartitionReading;
  /** Changes above this LSN are still to be read; undefined: all that are kept. */
  readonly after: number | undefined;
}

export interface Begun {
  readonly partition: PartitionReading;
  readonly after: number;
}

/** Where a page begins in each partition, in the order in which it reads them. */
export function placesOf(partitions: readonly PartitionReading[], start: ChangeStart): Place[] {
  if (start.kind === 'beginning') return partitions.map((partition) => ({ partition, after: undefined }));
  if (start.kind === 'now') return partitions.map((partition) => ({ partition, after: partition.view.lsn }));
  const { continuation } = start;
  if (/^\d{1,15}$/.test(continuation)) {
    const after = Number(continuation);
    return partitions.map((partition) => ({ partition, after }));
  }
  const lsns = parseRanges(continuation);
  // A range that was split since goes on in all its parts, whose LSNs go on from its own.
  const left = new Set(partitions);
  const places: Place[] = [];
  for (const [range, after] of lsns)
    for (const partition of left) {
      if (!descendsFrom(partition.record, range)) continue;
      places.push({ partition, after });
      left.delete(partition);
    }
  if (left.size > 0) throw foreign();
  return places;
}

function parseRanges(text: string): Map<number, number> {
  const lsns = new Map<number, number>();
  if (text.length > charactersMax) throw foreign();
  const parts = text.split(',');
  if (parts.length > rangesMax) throw foreign();
  for (const part of parts) {
    const match = /^(\d{1,10}):(\d{1,15})$/.exec(part);
    if (match === null || lsns.has(Number(match[1]))) throw foreign();
    lsns.set(Number(match[1]), Number(match[2]));
  }
  return lsns;
}

export function continuationOf(places: readonly Begun[]): string {
  if (places.length === 1) return String(places[0]!.after);
  return places.map(({ partition, after }) => `${partition.record.range}:${after}`).join(',');
}

function foreign(): DatabaseError {
  return new DatabaseError('InvalidContinuation', 'the continuation is not one of this change feed', {
    argument: 'continuation',
  });
}
