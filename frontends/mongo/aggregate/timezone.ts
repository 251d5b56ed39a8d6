// Time zones by offset from UTC or by Olson name, the latter through the platform's own database (Intl). Offsets are
// remembered by the quarter of an hour, in which none changes; both memories are bounded.
// Source: MongoDB manual, "$dateToParts" (timezone).

import { BsonType } from '../../../model/bson/types.ts';
import { textOfRaw } from '../../../model/bson/walk.ts';
import { MongoError } from '../errors.ts';
import { isNullish, typeName, type Operand } from './value.ts';

export interface TimeZone {
  /** Milliseconds that local time is ahead of UTC at an instant. */
  readonly offsetMs: (utcMs: number) => number;
}

const quarterMs = 900_000;
const offsetsMax = 10_000;
const zonesMax = 600;

export const utc: TimeZone = { offsetMs: () => 0 };

const zones = new Map<string, TimeZone>([
  ['UTC', utc],
  ['GMT', utc],
  ['Z', utc],
]);

const offsetForm = /^([+-])(\d\d)(?::?(\d\d))?$/;

/** The zone of that name, or undefined. */
export function zoneNamed(name: string): TimeZone | undefined {
  const offset = offsetForm.exec(name);
  if (offset !== null) {
    const minutes = Number(offset[2]) * 60 + Number(offset[3] ?? '0');
    const ms = (offset[1] === '-' ? -minutes : minutes) * 60_000;
    return { offsetMs: () => ms };
  }
  const known = zones.get(name);
  if (known !== undefined) return known;
  if (!/^[A-Za-z][A-Za-z0-9_+/-]*$/.test(name)) return undefined;
  let zone: TimeZone;
  try {
    zone = olsonZone(name);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return undefined;
  }
  if (zones.size < zonesMax) zones.set(name, zone);
  return zone;
}

function olsonZone(name: string): TimeZone {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: name,
    calendar: 'gregory',
    hourCycle: 'h23',
    era: 'short',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const offsets = new Map<number, number>();
  return {
    offsetMs: (utcMs) => {
      const quarter = Math.floor(utcMs / quarterMs);
      const known = offsets.get(quarter);
      if (known !== undefined) return known;
      const offset = measuredOffset(format, quarter * quarterMs);
      if (offsets.size >= offsetsMax) offsets.clear();
      offsets.set(quarter, offset);
      return offset;
    },
  };
}

/** Instants that JavaScript's Date can say. */
const dateMsMax = 8.64e15;

function measuredOffset(format: Intl.DateTimeFormat, utcMs: number): number {
  if (Math.abs(utcMs) > dateMsMax) return 0;
  const parts = new Map(format.formatToParts(utcMs).map(({ type, value }) => [type, value]));
  const number = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.get(type));
  const year = parts.get('era') === 'BC' ? 1 - number('year') : number('year');
  const local = new Date(0);
  local.setUTCFullYear(year, number('month') - 1, number('day'));
  local.setUTCHours(number('hour'), number('minute'), number('second'));
  return local.getTime() - utcMs;
}

/** UTC of a local time. One that a clock change skips moves on by it; of two equal ones it is the first. */
export function utcOf(localMs: number, zone: TimeZone): number {
  const before = zone.offsetMs(localMs - 86_400_000);
  const after = zone.offsetMs(localMs + 86_400_000);
  if (before === after && zone.offsetMs(localMs - before) === before) return localMs - before;
  for (const offset of [before, after]) if (zone.offsetMs(localMs - offset) === offset) return localMs - offset;
  const middle = zone.offsetMs(localMs - before);
  return zone.offsetMs(localMs - middle) === middle ? localMs - middle : localMs - before;
}

/** The `timezone` operand: UTC when it is not given, undefined when it is null. */
export function zoneOf(value: Operand, given: boolean): TimeZone | undefined {
  if (!given) return utc;
  if (isNullish(value)) return undefined;
  if (value.type !== BsonType.string)
    throw new MongoError(40517, `timezone must evaluate to a string, found ${typeName(value)}`);
  const zone = zoneNamed(textOfRaw(value));
  if (zone === undefined) throw new MongoError(40485, 'unrecognized time zone identifier');
  return zone;
}
