// $dateToString and $dateFromString. Source: MongoDB manual, pages of those names.

import { BsonType } from '../../../../model/bson/types.ts';
import { type Raw, textOfRaw } from '../../../../model/bson/walk.ts';
import { MongoCode, MongoError } from '../../errors.ts';
import { formatDate, parseDate, parseDateBy } from '../date-text.ts';
import { namedOperands, type Expression, type OperatorRow, type Parse } from '../row.ts';
import { utc, zoneOf } from '../timezone.ts';
import { dateRaw, isNullish, isString, nullRaw, stringRaw, typeName } from '../value.ts';
import { millisecondsOfDate } from './date.ts';

function partsOf(given: ReadonlyMap<string, Raw>, parse: Parse): (name: string) => Expression | undefined {
  return (name) => {
    const text = given.get(name);
    return text === undefined ? undefined : parse.expression(text);
  };
}

function toText(operand: Raw, parse: Parse): Expression {
  const given = namedOperands('$dateToString', operand, ['date'], ['format', 'timezone', 'onNull'], {
    notObject: 18629,
    unknown: 18534,
    missing: 18628,
  });
  const part = partsOf(given, parse);
  const date = part('date')!;
  const format = part('format');
  const timezone = part('timezone');
  const onNull = part('onNull');
  // A constant format that cannot be is refused before any document is seen.
  if (format?.constant === true) {
    const value = format.evaluate(parse.scope.environment.frame);
    if (isString(value)) formatDate(0, textOfRaw(value), utc);
  }
  return {
    constant: false,
    evaluate: (frame) => {
      const pattern = format?.evaluate(frame);
      if (!isNullish(pattern) && pattern.type !== BsonType.string)
        throw new MongoError(18533, `$dateToString requires that 'format' be a string, found: ${typeName(pattern)}`);
      const zone = zoneOf(timezone?.evaluate(frame), timezone !== undefined);
      const value = date.evaluate(frame);
      if (isNullish(value)) return onNull === undefined ? nullRaw : onNull.evaluate(frame);
      if (zone === undefined || (format !== undefined && isNullish(pattern))) return nullRaw;
      const text = isNullish(pattern)
        ? zone === utc
          ? '%Y-%m-%dT%H:%M:%S.%LZ'
          : '%Y-%m-%dT%H:%M:%S.%L'
        : textOfRaw(pattern);
      return stringRaw(formatDate(millisecondsOfDate(value), text, zone));
    },
  };
}

function fromText(operand: Raw, parse: Parse): Expression {
  const given = namedOperands('$dateFromString', operand, ['dateString'], ['format', 'timezone', 'onNull', 'onError'], {
    notObject: 40540,
    unknown: 40541,
    missing: 40542,
  });
  const part = partsOf(given, parse);
  const source = part('dateString')!;
  const format = part('format');
  const timezone = part('timezone');
  const onNull = part('onNull');
  const onError = part('onError');
  return {
    constant: false,
    evaluate: (frame) => {
      const zone = zoneOf(timezone?.evaluate(frame), timezone !== undefined);
      const value = source.evaluate(frame);
      const pattern = format?.evaluate(frame);
      if (!isNullish(pattern) && pattern.type !== BsonType.string)
        throw new MongoError(40684, `$dateFromString requires that 'format' be a string, found: ${typeName(pattern)}`);
      if (isNullish(value)) return onNull === undefined ? nullRaw : onNull.evaluate(frame);
      if (zone === undefined || (format !== undefined && isNullish(pattern))) return nullRaw;
      try {
        if (value.type !== BsonType.string)
          throw new MongoError(
            MongoCode.ConversionFailure,
            `$dateFromString requires that 'dateString' be a string, found: ${typeName(value)}`,
          );
        const where = timezone === undefined ? undefined : zone;
        const text = textOfRaw(value);
        return dateRaw(isNullish(pattern) ? parseDate(text, where) : parseDateBy(text, textOfRaw(pattern), where));
      } catch (error) {
        if (onError === undefined || !(error instanceof MongoError) || error.code !== MongoCode.ConversionFailure)
          throw error;
        return onError.evaluate(frame);
      }
    },
  };
}

export const dateTextOperators: readonly OperatorRow[] = [
  { name: '$dateToString', compile: toText },
  { name: '$dateFromString', compile: fromText },
];
