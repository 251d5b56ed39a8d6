// One part of a date: $year, $month, $dayOfMonth and the rest, from dates, timestamps and ObjectIds, in a time zone.
// Source: MongoDB manual, "Date Expression Operators".

import { readInt32, readInt64, readUint32BE } from '../../../../model/bytes.ts';
import { BsonType } from '../../../../model/bson/types.ts';
import type { Raw } from '../../../../model/bson/walk.ts';
import { firstNameOf } from '../../bson-input.ts';
import { MongoError } from '../../errors.ts';
import { dayMs, dayOfYear, isoDayOfWeek, isoWeekOf, partsOf, weekOfYear, type DateParts } from '../calendar.ts';
import { namedOperands, operandsOf, over, type OperatorRow, type Parse } from '../row.ts';
import { zoneOf } from '../timezone.ts';
import { int32Raw, int64Raw, isNullish, nullRaw, typeName, type Operand } from '../value.ts';

/** Milliseconds since 1970 of what can stand for a date. */
export function millisecondsOfDate(value: Raw): number {
  switch (value.type) {
    case BsonType.date:
      return Number(readInt64(value.bytes, value.start));
    case BsonType.timestamp:
      return (readInt32(value.bytes, value.start + 4) >>> 0) * 1000;
    case BsonType.objectId:
      return readUint32BE(value.bytes, value.start) * 1000;
    default:
      throw new MongoError(16006, `can't convert from BSON type ${typeName(value)} to Date`);
  }
}

export function canBeDate(value: Operand): value is Raw {
  return (
    value !== undefined &&
    (value.type === BsonType.date || value.type === BsonType.timestamp || value.type === BsonType.objectId)
  );
}

/** `{ date, timezone }`, or the date itself, alone or in a list. */
function datePart(name: string, part: (parts: DateParts, days: number) => Raw): OperatorRow {
  return {
    name,
    compile: (operand, parse: Parse) => {
      let dateText = operand;
      let zoneText: Raw | undefined;
      if (operand.type === BsonType.object && firstNameOf(operand)?.startsWith('$') !== true) {
        const given = namedOperands(name, operand, ['date'], ['timezone'], {
          notObject: 40535,
          unknown: 40535,
          missing: 40539,
        });
        dateText = given.get('date')!;
        zoneText = given.get('timezone');
      } else if (operand.type === BsonType.array) {
        const given = operandsOf(operand);
        if (given.length !== 1)
          throw new MongoError(
            40536,
            `${name} accepts exactly one argument if given an array, but was given ${given.length}`,
          );
        dateText = given[0]!;
      }
      const date = parse.expression(dateText);
      const zone = zoneText === undefined ? undefined : parse.expression(zoneText);
      return over(
        zone === undefined ? [date] : [date, zone],
        (frame) => {
          const value = date.evaluate(frame);
          const timezone = zoneOf(zone?.evaluate(frame), zone !== undefined);
          if (isNullish(value) || timezone === undefined) return nullRaw;
          const utcMs = millisecondsOfDate(value);
          const localMs = utcMs + timezone.offsetMs(utcMs);
          return part(partsOf(localMs), Math.floor(localMs / dayMs));
        },
        parse,
      );
    },
  };
}

export const dateOperators: readonly OperatorRow[] = [
  datePart('$year', ({ year }) => int32Raw(year)),
  datePart('$month', ({ month }) => int32Raw(month)),
  datePart('$dayOfMonth', ({ day }) => int32Raw(day)),
  datePart('$hour', ({ hour }) => int32Raw(hour)),
  datePart('$minute', ({ minute }) => int32Raw(minute)),
  datePart('$second', ({ second }) => int32Raw(second)),
  datePart('$millisecond', ({ millisecond }) => int32Raw(millisecond)),
  datePart('$dayOfYear', (parts) => int32Raw(dayOfYear(parts))),
  datePart('$dayOfWeek', (_parts, days) => int32Raw((isoDayOfWeek(days) % 7) + 1)),
  datePart('$week', (parts) => int32Raw(weekOfYear(parts))),
  datePart('$isoWeek', (_parts, days) => int32Raw(isoWeekOf(days).isoWeek)),
  datePart('$isoWeekYear', (_parts, days) => int64Raw(BigInt(isoWeekOf(days).isoYear))),
  datePart('$isoDayOfWeek', (_parts, days) => int32Raw(isoDayOfWeek(days))),
];
