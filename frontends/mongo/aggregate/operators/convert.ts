// $convert and its short forms. A conversion that fails throws ConversionFailure, unless `onError` is given.
// Source: MongoDB manual, "$convert", "Type Expression Operators".

import { bytesOfHex, readInt32, readInt64, readUint32BE } from '../../../../model/bytes.ts';
import { BsonType } from '../../../../model/bson/types.ts';
import { Raw, textOfRaw } from '../../../../model/bson/walk.ts';
import { decimalOfInteger, quantizeDecimal } from '../../../../model/decimal-arithmetic.ts';
import { parseDecimal, type Decimal } from '../../../../model/decimal.ts';
import { DatabaseError } from '../../../../model/errors.ts';
import { integerOf, isNumber, numberOf, typeNameOf, typesByName } from '../../bson-input.ts';
import { badValue, failedToParse, MongoCode, MongoError } from '../../errors.ts';
import { parseDate } from '../date-text.ts';
import { decimalOf } from '../number.ts';
import { namedOperands, unary, type Expression, type OperatorRow, type Parse } from '../row.ts';
import {
  booleanRaw,
  dateRaw,
  decimalRaw,
  doubleRaw,
  int32Raw,
  int64Raw,
  isNullish,
  isNumeric,
  isTrue,
  nullRaw,
  stringRaw,
  type Operand,
} from '../value.ts';
import { plainText } from './convert-text.ts';

function failure(message: string): MongoError {
  return new MongoError(MongoCode.ConversionFailure, `${message} in $convert with no onError value`);
}

function unsupported(value: Raw, type: number): MongoError {
  return failure(`Unsupported conversion from ${typeNameOf(value.type)} to ${typeNameOf(type)}`);
}

function decimalOfText(text: string): Decimal {
  try {
    return parseDecimal(text);
  } catch (error) {
    if (error instanceof DatabaseError) throw failure('Failed to parse number');
    throw error;
  }
}

const realForm = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const specialForm = /^([+-]?)(?:(inf(?:inity)?)|nan)$/i;

function doubleOfText(text: string): number {
  const special = specialForm.exec(text);
  if (special !== null) return special[2] === undefined ? NaN : special[1] === '-' ? -Infinity : Infinity;
  const number = realForm.test(text) ? Number(text) : NaN;
  if (!Number.isFinite(number)) throw failure('Failed to parse number: it is no double');
  return number;
}

function toDouble(value: Raw): Raw {
  switch (value.type) {
    case BsonType.boolean:
      return doubleRaw(isTrue(value) ? 1 : 0);
    case BsonType.string:
      return doubleRaw(doubleOfText(textOfRaw(value)));
    case BsonType.date:
      return doubleRaw(Number(readInt64(value.bytes, value.start)));
  }
  if (!isNumber(value)) throw unsupported(value, BsonType.double);
  const number = numberOf(value);
  if (value.type === BsonType.decimal128 && !Number.isFinite(number) && decimalOf(value).kind === 'finite')
    throw failure('Conversion would overflow target type');
  return doubleRaw(number);
}

/** A number cut to an integer in range. */
function toInteger(value: Raw, bits: 32 | 64): bigint {
  switch (value.type) {
    case BsonType.boolean:
      return isTrue(value) ? 1n : 0n;
    case BsonType.string: {
      const text = textOfRaw(value);
      if (!/^[+-]?\d{1,40}$/.test(text)) throw failure('Failed to parse number: it is no integer of base 10');
      return inRange(BigInt(text.replace(/^\+/, '')), bits);
    }
    case BsonType.date:
      if (bits === 64) return readInt64(value.bytes, value.start);
  }
  if (!isNumber(value)) throw unsupported(value, bits === 32 ? BsonType.int32 : BsonType.int64);
  if (value.type === BsonType.decimal128) {
    const decimal = decimalOf(value);
    if (decimal.kind === 'nan') throw failure('Attempt to convert NaN value to integer type');
    if (decimal.kind === 'infinite') throw failure('Attempt to convert infinity value to integer type');
    if (decimal.exponent + decimal.coefficient.toString().length > 20)
      throw failure('Conversion would overflow target type');
    const whole = quantizeDecimal(decimal, 0, 'towardZero');
    return inRange(whole.negative ? -whole.coefficient : whole.coefficient, bits);
  }
  if (value.type !== BsonType.double) return inRange(integerOf(value)!, bits);
  const number = numberOf(value);
  if (Number.isNaN(number)) throw failure('Attempt to convert NaN value to integer type');
  if (!Number.isFinite(number)) throw failure('Attempt to convert infinity value to integer type');
  return inRange(BigInt(Math.trunc(number)), bits);
}

function inRange(value: bigint, bits: 32 | 64): bigint {
  if (BigInt.asIntN(bits, value) !== value) throw failure('Conversion would overflow target type');
  return value;
}

function toDecimal(value: Raw): Raw {
  if (value.type === BsonType.boolean) return decimalRaw(decimalOfInteger(isTrue(value) ? 1n : 0n));
  if (value.type === BsonType.string) return decimalRaw(decimalOfText(textOfRaw(value)));
  if (value.type === BsonType.date) return decimalRaw(decimalOfInteger(readInt64(value.bytes, value.start)));
  if (!isNumber(value)) throw unsupported(value, BsonType.decimal128);
  return value.type === BsonType.decimal128 ? value : decimalRaw(decimalOf(value));
}

function toDate(value: Raw): Raw {
  switch (value.type) {
    case BsonType.date:
      return value;
    case BsonType.string:
      return dateRaw(parseDate(textOfRaw(value), undefined));
    case BsonType.objectId:
      return dateRaw(readUint32BE(value.bytes, value.start) * 1000);
    case BsonType.timestamp:
      return dateRaw((readInt32(value.bytes, value.start + 4) >>> 0) * 1000);
    case BsonType.int64:
    case BsonType.double:
    case BsonType.decimal128:
      return dateRaw(toInteger(value, 64));
    default:
      throw unsupported(value, BsonType.date);
  }
}

function toObjectId(value: Raw): Raw {
  if (value.type === BsonType.objectId) return value;
  if (value.type !== BsonType.string) throw unsupported(value, BsonType.objectId);
  const text = textOfRaw(value);
  if (!/^[0-9a-fA-F]{24}$/.test(text))
    throw failure('Failed to parse objectId: a string of 24 hexadecimal digits is expected');
  return new Raw(bytesOfHex(text), BsonType.objectId, 0, 12);
}

function toText(value: Raw): Raw {
  const text = plainText(value);
  if (text === undefined) throw unsupported(value, BsonType.string);
  return value.type === BsonType.string ? value : stringRaw(text);
}

const conversions: ReadonlyMap<number, (value: Raw) => Raw> = new Map<number, (value: Raw) => Raw>([
  [BsonType.double, toDouble],
  [BsonType.string, toText],
  [BsonType.objectId, toObjectId],
  [BsonType.boolean, (value) => booleanRaw(isTrue(value))],
  [BsonType.date, toDate],
  [BsonType.int32, (value) => int32Raw(Number(toInteger(value, 32)))],
  [BsonType.int64, (value) => int64Raw(toInteger(value, 64))],
  [BsonType.decimal128, toDecimal],
]);

function converted(value: Raw, type: number): Raw {
  const convert = conversions.get(type);
  if (convert !== undefined) return convert(value);
  throw unsupported(value, type);
}

/** The type asked for, by name or number; undefined for null. */
function targetOf(to: Operand): number | undefined {
  if (isNullish(to)) return undefined;
  if (to.type === BsonType.string) {
    const name = textOfRaw(to);
    const type = typesByName.get(name);
    if (type === undefined) throw badValue(`Unknown type name: ${name}`);
    return type;
  }
  if (!isNumeric(to)) throw failedToParse("$convert's 'to' argument must be a string or number");
  const code = integerOf(to);
  if (code === undefined) throw failedToParse("In $convert, numeric 'to' argument is not an integer");
  const type = code === -1n ? BsonType.minKey : Number(code);
  if (![...typesByName.values()].includes(type))
    throw failedToParse("In $convert, numeric value for 'to' does not correspond to a BSON type");
  return type;
}

function convert(operand: Raw, parse: Parse): Expression {
  const given = namedOperands('$convert', operand, ['input', 'to'], ['onError', 'onNull'], {
    notObject: MongoCode.FailedToParse,
    unknown: MongoCode.FailedToParse,
    missing: MongoCode.FailedToParse,
  });
  const part = (name: string): Expression | undefined => {
    const text = given.get(name);
    return text === undefined ? undefined : parse.expression(text);
  };
  const input = part('input')!;
  const to = part('to')!;
  const onError = part('onError');
  const onNull = part('onNull');
  return {
    constant: false,
    evaluate: (frame) => {
      const value = input.evaluate(frame);
      const type = targetOf(to.evaluate(frame));
      if (isNullish(value)) return onNull === undefined ? nullRaw : onNull.evaluate(frame);
      if (type === undefined) return nullRaw;
      try {
        return converted(value, type);
      } catch (error) {
        if (onError === undefined || !(error instanceof MongoError) || error.code !== MongoCode.ConversionFailure)
          throw error;
        return onError.evaluate(frame);
      }
    },
  };
}

function shortForm(name: string, type: number): OperatorRow {
  return unary(name, (value) => (isNullish(value) ? nullRaw : converted(value, type)));
}

export const convertOperators: readonly OperatorRow[] = [
  { name: '$convert', compile: convert },
  shortForm('$toBool', BsonType.boolean),
  shortForm('$toDate', BsonType.date),
  shortForm('$toDecimal', BsonType.decimal128),
  shortForm('$toDouble', BsonType.double),
  shortForm('$toInt', BsonType.int32),
  shortForm('$toLong', BsonType.int64),
  shortForm('$toObjectId', BsonType.objectId),
  shortForm('$toString', BsonType.string),
];
