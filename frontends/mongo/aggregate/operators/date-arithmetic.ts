// $dateAdd, $dateSubtract, $dateDiff, $dateTrunc: in units of the calendar of a time zone down to days, of time
// below. Source: MongoDB manual, pages of those names.

import { type Raw, textOfRaw } from '../../../../model/bson/walk.ts';
import { numberOf } from '../../bson-input.ts';
import { badValue, failedToParse, MongoError } from '../../errors.ts';
import { dayMs, daysInMonth, daysOf, isoDayOfWeek, millisecondsOf, partsOf } from '../calendar.ts';
import { named, type OperatorRow } from '../row.ts';
import { utcOf, zoneOf, type TimeZone } from '../timezone.ts';
import { dateRaw, int64Raw, isNullish, isNumeric, isString, nullRaw, typeName, type Operand } from '../value.ts';
import { canBeDate, millisecondsOfDate } from './date.ts';

type Unit = 'year' | 'quarter' | 'month' | 'week' | 'day' | 'hour' | 'minute' | 'second' | 'millisecond';

const unitMs: Readonly<Record<string, number>> = { hour: 3_600_000, minute: 60_000, second: 1000, millisecond: 1 };
const unitMonths: Readonly<Record<string, number>> = { year: 12, quarter: 3, month: 1 };
const units: ReadonlySet<string> = new Set([...Object.keys(unitMs), ...Object.keys(unitMonths), 'week', 'day']);

function unitOf(name: string, value: Raw): Unit {
  if (!isString(value))
    throw new MongoError(5439013, `${name} requires 'unit' to be a string, but got ${typeName(value)}`);
  const unit = textOfRaw(value);
  if (!units.has(unit))
    throw failedToParse(`${name} parameter 'unit' value cannot be recognized as a time unit: ${unit}`);
  return unit as Unit;
}

function checkedDate(milliseconds: number): Raw {
  if (!Number.isSafeInteger(milliseconds)) throw new MongoError(5166406, 'date overflow');
  return dateRaw(milliseconds);
}

/** A date so many units later; a day that a month does not have becomes its last. */
function later(utcMs: number, unit: Unit, amount: number, zone: TimeZone): number {
  const fixed = unitMs[unit];
  if (fixed !== undefined) return utcMs + amount * fixed;
  const localMs = utcMs + zone.offsetMs(utcMs);
  const months = unitMonths[unit];
  if (months === undefined) return utcOf(localMs + amount * (unit === 'week' ? 7 : 1) * dayMs, zone);
  const parts = partsOf(localMs);
  const month = parts.year * 12 + parts.month - 1 + amount * months;
  const year = Math.floor(month / 12);
  const inYear = month - year * 12 + 1;
  const day = Math.min(parts.day, daysInMonth(year, inYear));
  return utcOf(millisecondsOf({ ...parts, year, month: inYear, day }), zone);
}

/** Amounts beyond it leave the range of dates whatever the unit. */
const amountMax = 2 ** 53;

function adding(name: string, sign: 1 | -1): OperatorRow {
  return named(
    name,
    ['startDate', 'unit', 'amount'],
    ['timezone'],
    { notObject: 5166400, unknown: 5166401, missing: 5166402 },
    ([startDate, unit, amount, timezone], given) => {
      const zone = zoneOf(timezone, given[3]!);
      if (isNullish(startDate) || isNullish(unit) || isNullish(amount) || zone === undefined) return nullRaw;
      if (!canBeDate(startDate))
        throw new MongoError(5166403, `${name} requires startDate to be convertible to a date`);
      if (!isString(unit)) throw new MongoError(5166404, `${name} expects string defining the time unit`);
      const number = isNumeric(amount) ? numberOf(amount) : NaN;
      if (!Number.isInteger(number)) throw new MongoError(5166405, `${name} expects integer amount of time units`);
      if (Math.abs(number) > amountMax) throw new MongoError(5166406, `${name} amount is out of range`);
      return checkedDate(later(millisecondsOfDate(startDate), unitOf(name, unit), sign * number, zone));
    },
  );
}

const weekDays: ReadonlyMap<string, number> = new Map(
  ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'].flatMap((day, i) => [
    [day, i + 1],
    [day.slice(0, 3), i + 1],
  ]),
);

/** 1 is Monday. Weeks begin on Sundays unless told otherwise. */
function weekStart(name: string, code: number, value: Operand, given: boolean): number | undefined {
  if (!given) return 7;
  if (isNullish(value)) return undefined;
  if (!isString(value))
    throw new MongoError(code, `${name} requires 'startOfWeek' to be a string, but got ${typeName(value)}`);
  const day = weekDays.get(textOfRaw(value).toLowerCase());
  if (day === undefined)
    throw failedToParse(`${name} parameter 'startOfWeek' value cannot be recognized as a day of a week`);
  return day;
}

/** Number of the week that a day is in. */
function weekNumber(days: number, start: number): number {
  // 1969-12-29 was a Monday: day -3.
  return Math.floor((days + 3 - (start - 1)) / 7);
}

const dateDiff = named(
  '$dateDiff',
  ['startDate', 'endDate', 'unit'],
  ['timezone', 'startOfWeek'],
  { notObject: 5166301, unknown: 5166302, missing: { startDate: 5166303, endDate: 5166304, unit: 5166305 } },
  ([startDate, endDate, unitText, timezone, startOfWeek], given) => {
    const zone = zoneOf(timezone, given[3]!);
    if (isNullish(startDate) || isNullish(endDate) || isNullish(unitText) || zone === undefined) return nullRaw;
    const unit = unitOf('$dateDiff', unitText);
    const first = unit === 'week' ? weekStart('$dateDiff', 5439015, startOfWeek, given[4]!) : 7;
    if (first === undefined) return nullRaw;
    const [from, to] = [startDate, endDate].map((date, i) => {
      if (!canBeDate(date))
        throw new MongoError(
          5166307,
          `$dateDiff requires '${i === 0 ? 'startDate' : 'endDate'}' to be a date, but got ${typeName(date)}`,
        );
      const utcMs = millisecondsOfDate(date);
      return { utcMs, localMs: utcMs + zone.offsetMs(utcMs) };
    }) as [{ utcMs: number; localMs: number }, { utcMs: number; localMs: number }];
    return int64Raw(BigInt(boundaries(unit, first, to) - boundaries(unit, first, from)));
  },
);

/** Boundaries of the unit that lie between a fixed point and a date. */
function boundaries(unit: Unit, first: number, { utcMs, localMs }: { utcMs: number; localMs: number }): number {
  const months = unitMonths[unit];
  if (months !== undefined) {
    const { year, month } = partsOf(localMs);
    return Math.floor((year * 12 + month - 1) / months);
  }
  const days = Math.floor(localMs / dayMs);
  if (unit === 'day') return days;
  if (unit === 'week') return weekNumber(days, first);
  // Hours and minutes are those of the zone's clock; its offset may not be a whole number of them.
  const ms = unitMs[unit]!;
  return unit === 'hour' || unit === 'minute'
    ? Math.floor(utcMs / ms + ((((localMs - utcMs) % ms) + ms) % ms) / ms)
    : Math.floor(utcMs / ms);
}

const dateTrunc = named(
  '$dateTrunc',
  ['date', 'unit'],
  ['binSize', 'timezone', 'startOfWeek'],
  { notObject: 5439007, unknown: 5439008, missing: { date: 5439009, unit: 5439010 } },
  ([date, unitText, binSize, timezone, startOfWeek], given) => {
    const zone = zoneOf(timezone, given[3]!);
    if (isNullish(date) || isNullish(unitText) || zone === undefined || (given[2]! && isNullish(binSize)))
      return nullRaw;
    if (!canBeDate(date))
      throw new MongoError(5439012, `$dateTrunc requires 'date' to be a date, but got ${typeName(date)}`);
    const unit = unitOf('$dateTrunc', unitText);
    const size = isNullish(binSize) ? 1 : isNumeric(binSize) ? numberOf(binSize) : NaN;
    if (!Number.isInteger(size)) throw new MongoError(5439017, "$dateTrunc requires 'binSize' to be a 64-bit integer");
    if (size <= 0) throw new MongoError(5439018, "$dateTrunc requires 'binSize' to be greater than 0");
    if (size > 100_000_000_000)
      throw badValue("$dateTrunc requires 'binSize' value to be less than or equal 100000000000");
    const first = unit === 'week' ? weekStart('$dateTrunc', 5439015, startOfWeek, given[4]!) : 7;
    if (first === undefined) return nullRaw;
    return dateRaw(truncated(millisecondsOfDate(date), unit, size, zone, first));
  },
);

/** Bins are counted from 2000-01-01 of the zone, weeks from the first start of a week in that month. */
function truncated(utcMs: number, unit: Unit, size: number, zone: TimeZone, first: number): number {
  const localMs = utcMs + zone.offsetMs(utcMs);
  const reference = daysOf(2000, 1, 1);
  const months = unitMonths[unit];
  if (months !== undefined) {
    const bin = months * size;
    const { year, month } = partsOf(localMs);
    const since = (year - 2000) * 12 + month - 1;
    const start = Math.floor(since / bin) * bin;
    return utcOf(daysOf(2000, 1 + start, 1) * dayMs, zone);
  }
  if (unit === 'day' || unit === 'week') {
    const offset = unit === 'week' ? (first - isoDayOfWeek(reference) + 7) % 7 : 0;
    const bin = (unit === 'week' ? 7 : 1) * size;
    const since = Math.floor(localMs / dayMs) - reference - offset;
    return utcOf((reference + offset + Math.floor(since / bin) * bin) * dayMs, zone);
  }
  const bin = unitMs[unit]! * size;
  const from = utcOf(reference * dayMs, zone);
  return from + Math.floor((utcMs - from) / bin) * bin;
}

export const dateArithmeticOperators: readonly OperatorRow[] = [
  adding('$dateAdd', 1),
  adding('$dateSubtract', -1),
  dateDiff,
  dateTrunc,
];
