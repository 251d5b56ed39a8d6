// $dateToParts and $dateFromParts. Parts beyond their usual range carry over.
// Source: MongoDB manual, pages of those names.

import { BsonType } from '../../../../model/bson/types.ts';
import { MongoError } from '../../errors.ts';
import { dayMs, isoDayOfWeek, isoWeekOf, isoYearStart, millisecondsOf, partsOf } from '../calendar.ts';
import { int32Of } from '../number.ts';
import { named, type OperatorRow } from '../row.ts';
import { utcOf, zoneOf } from '../timezone.ts';
import {
  dateRaw,
  int32Raw,
  isNullish,
  isNumeric,
  isTrue,
  nullRaw,
  objectRaw,
  typeName,
  type Operand,
} from '../value.ts';
import { millisecondsOfDate } from './date.ts';

const toParts = named(
  '$dateToParts',
  ['date'],
  ['timezone', 'iso8601'],
  { notObject: 40524, unknown: 40520, missing: 40522 },
  ([date, timezone, iso], given) => {
    const zone = zoneOf(timezone, given[1]!);
    if (given[2] === true && !isNullish(iso) && iso.type !== BsonType.boolean)
      throw new MongoError(40521, `iso8601 must evaluate to a bool, found ${typeName(iso)}`);
    if (isNullish(date) || zone === undefined || (given[2] === true && isNullish(iso))) return nullRaw;
    const utcMs = millisecondsOfDate(date);
    const localMs = utcMs + zone.offsetMs(utcMs);
    const { year, month, day, hour, minute, second, millisecond } = partsOf(localMs);
    const days = Math.floor(localMs / dayMs);
    const { isoYear, isoWeek } = isoWeekOf(days);
    const calendar = isTrue(iso) ? [isoYear, isoWeek, isoDayOfWeek(days)] : [year, month, day];
    const names = isTrue(iso) ? ['isoWeekYear', 'isoWeek', 'isoDayOfWeek'] : ['year', 'month', 'day'];
    return objectRaw(
      [...names, 'hour', 'minute', 'second', 'millisecond'],
      [...calendar, hour, minute, second, millisecond].map(int32Raw),
    );
  },
);

const partNames = [
  'year',
  'month',
  'day',
  'isoWeekYear',
  'isoWeek',
  'isoDayOfWeek',
  'hour',
  'minute',
  'second',
  'millisecond',
] as const;

/** Parts but years and milliseconds lie in 16 bits, as MongoDB has them. */
const partMax = 32_767;

function part(name: string, value: Operand, given: boolean, fallback: number): number | undefined {
  if (!given) return fallback;
  if (isNullish(value)) return undefined;
  const number = isNumeric(value) ? int32Of(value) : undefined;
  if (number === undefined)
    throw new MongoError(40515, `'${name}' must evaluate to an integer, found ${typeName(value)}`);
  const isYear = name === 'year' || name === 'isoWeekYear';
  if (isYear && (number < 1 || number > 9999))
    throw new MongoError(
      name === 'year' ? 40523 : 31095,
      `'${name}' must evaluate to an integer in the range 1 to 9999`,
    );
  if (!isYear && name !== 'millisecond' && name !== 'second' && (number < -partMax - 1 || number > partMax))
    throw new MongoError(31034, `'${name}' must evaluate to a value in the range [-32768, 32767]`);
  return number;
}

const fromParts = named(
  '$dateFromParts',
  [],
  [...partNames, 'timezone'],
  { notObject: 40519, unknown: 40518, missing: 40516 },
  (values, given) => {
    const isIso = given[3]!;
    if (!given[0]! && !isIso)
      throw new MongoError(40516, "$dateFromParts requires either 'year' or 'isoWeekYear' to be present");
    if ((given[0]! || given[1]! || given[2]!) && (isIso || given[4]! || given[5]!))
      throw new MongoError(40489, '$dateFromParts does not allow mixing natural dates with ISO dates');
    const zone = zoneOf(values[10], given[10]!);
    const defaults = [0, 1, 1, 0, 1, 1, 0, 0, 0, 0];
    const numbers = partNames.map((name, i) => part(name, values[i], given[i]!, defaults[i]!));
    if (zone === undefined || numbers.includes(undefined)) return nullRaw;
    const [year, month, day, isoYear, isoWeek, isoDay, hour, minute, second, millisecond] = numbers as number[];
    const time = { hour: hour!, minute: minute!, second: second!, millisecond: millisecond! };
    const localMs = isIso
      ? (isoYearStart(isoYear!) + (isoWeek! - 1) * 7 + isoDay! - 1) * dayMs +
        millisecondsOf({ year: 1970, month: 1, day: 1, ...time })
      : millisecondsOf({ year: year!, month: month!, day: day!, ...time });
    return dateRaw(utcOf(localMs, zone));
  },
);

export const datePartsOperators: readonly OperatorRow[] = [toParts, fromParts];
