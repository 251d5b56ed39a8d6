// $add, $subtract, $multiply, $divide, $mod, $abs, $ceil, $floor, $round, $trunc. Null or missing makes the result
// null. Source: MongoDB manual, "Arithmetic Expression Operators".

import { readInt64 } from '../../../../model/bytes.ts';
import { BsonType } from '../../../../model/bson/types.ts';
import type { Raw } from '../../../../model/bson/walk.ts';
import {
  decimalOfInteger,
  divideDecimals,
  quantizeDecimal,
  remainderDecimals,
  type DecimalRounding,
} from '../../../../model/decimal-arithmetic.ts';
import { numberOf } from '../../bson-input.ts';
import { badValue, MongoError, typeMismatch } from '../../errors.ts';
import { decimalOf, int32Of, integerOf, integerRaw, isDecimal, multiply, subtract, Sum } from '../number.ts';
import { binary, nary, unary, type OperatorRow } from '../row.ts';
import {
  dateRaw,
  decimalRaw,
  doubleRaw,
  int32Raw,
  int64Raw,
  isNullish,
  isNumeric,
  nullRaw,
  typeName,
  type Operand,
} from '../value.ts';

export function dateOf(value: Raw): number {
  return Number(readInt64(value.bytes, value.start));
}

/** Milliseconds that a number stands for beside a date. */
function milliseconds(value: Raw): number {
  return Math.round(numberOf(value));
}

function dateFrom(value: number): Raw {
  if (!(Math.abs(value) < 2 ** 63)) throw badValue('date overflow');
  return dateRaw(value);
}

function add(values: readonly Operand[]): Raw {
  let date: Raw | undefined;
  const sum = new Sum();
  let isNull = false;
  for (const value of values) {
    if (isNullish(value)) {
      isNull = true;
    } else if (value.type === BsonType.date) {
      if (date !== undefined) throw new MongoError(16612, 'only one date allowed in an $add expression');
      date = value;
    } else if (isNumeric(value)) {
      sum.add(value);
    } else throw typeMismatch(`$add only supports numeric or date types, not ${typeName(value)}`);
  }
  if (isNull) return nullRaw;
  const total = sum.raw;
  return date === undefined ? total : dateFrom(dateOf(date) + milliseconds(total));
}

function difference(a: Operand, b: Operand): Raw {
  if (isNullish(a) || isNullish(b)) return nullRaw;
  if (a.type === BsonType.date) {
    if (b.type === BsonType.date) return int64Raw(BigInt(dateOf(a) - dateOf(b)));
    if (isNumeric(b)) return dateFrom(dateOf(a) - milliseconds(b));
  } else if (isNumeric(a) && isNumeric(b)) return subtract(a, b);
  throw typeMismatch(`can't $subtract ${typeName(b)} from ${typeName(a)}`);
}

function product(values: readonly Operand[]): Raw {
  let result: Raw | undefined;
  let isNull = false;
  for (const value of values) {
    if (isNullish(value)) isNull = true;
    else if (!isNumeric(value)) throw typeMismatch(`$multiply only supports numeric types, not ${typeName(value)}`);
    else if (!isNull) result = result === undefined ? value : multiply(result, value);
  }
  return isNull ? nullRaw : (result ?? int32Raw(1));
}

function quotient(a: Operand, b: Operand): Raw {
  if (isNullish(a) || isNullish(b)) return nullRaw;
  if (!isNumeric(a) || !isNumeric(b))
    throw typeMismatch(`$divide only supports numeric types, not ${typeName(a)} and ${typeName(b)}`);
  if (numberOf(b) === 0) throw badValue("can't $divide by zero");
  if (isDecimal(a) || isDecimal(b)) return decimalRaw(divideDecimals(decimalOf(a), decimalOf(b)));
  return doubleRaw(numberOf(a) / numberOf(b));
}

function remainder(a: Operand, b: Operand): Raw {
  if (isNullish(a) || isNullish(b)) return nullRaw;
  if (!isNumeric(a) || !isNumeric(b))
    throw new MongoError(16611, `$mod only supports numeric types, not ${typeName(a)} and ${typeName(b)}`);
  if (numberOf(b) === 0) throw new MongoError(16610, "can't $mod by zero");
  if (isDecimal(a) || isDecimal(b)) return decimalRaw(remainderDecimals(decimalOf(a), decimalOf(b)));
  const double = a.type === BsonType.double || b.type === BsonType.double;
  if (double) return doubleRaw(numberOf(a) % numberOf(b));
  return integerRaw(integerOf(a) % integerOf(b), a.type === BsonType.int64 || b.type === BsonType.int64);
}

/** An operator on one number; null stays null. */
export function numeric(name: string, apply: (value: Raw) => Raw): OperatorRow {
  return unary(name, (value) => {
    if (isNullish(value)) return nullRaw;
    if (!isNumeric(value)) throw new MongoError(28765, `${name} only supports numeric types, not ${typeName(value)}`);
    return apply(value);
  });
}

function absolute(value: Raw): Raw {
  if (isDecimal(value)) return decimalRaw({ ...decimalOf(value), negative: false });
  if (value.type === BsonType.double) return doubleRaw(Math.abs(numberOf(value)));
  const integer = integerOf(value);
  if (integer === -(2n ** 63n)) throw new MongoError(28680, "can't take $abs of long long min");
  return integerRaw(integer < 0n ? -integer : integer, value.type === BsonType.int64);
}

function toWhole(value: Raw, ofDouble: (number: number) => number, rounding: DecimalRounding): Raw {
  if (isDecimal(value)) return decimalRaw(quantizeDecimal(decimalOf(value), 0, rounding));
  return value.type === BsonType.double ? doubleRaw(ofDouble(numberOf(value))) : value;
}

const placesMin = -20;
const placesMax = 100;

/** `$round` and `$trunc`: to a number of digits behind the point, or before it. */
function toPlace(name: string, rounding: 'halfEven' | 'towardZero', [value, place]: readonly Operand[]): Raw {
  if (isNullish(value)) return nullRaw;
  if (!isNumeric(value)) throw new MongoError(51081, `${name} only supports numeric types, not ${typeName(value)}`);
  let places = 0;
  if (place !== undefined) {
    if (isNullish(place)) return nullRaw;
    const whole = isNumeric(place) ? int32Of(place) : undefined;
    if (whole === undefined) throw new MongoError(51082, `precision argument to  ${name} must be a integral value`);
    if (whole < placesMin || whole > placesMax)
      throw new MongoError(
        51083,
        `cannot apply ${name} with this precision: value must be in [${placesMin}, ${placesMax}]`,
      );
    places = whole;
  }
  if (isDecimal(value)) return decimalRaw(quantizeDecimal(decimalOf(value), places, rounding));
  if (value.type === BsonType.double) return doubleRaw(doubleAtPlace(numberOf(value), places, rounding));
  if (places >= 0) return value;
  const { coefficient, negative } = quantizeDecimal(decimalOfInteger(integerOf(value)), places, rounding);
  const magnitude = coefficient * 10n ** BigInt(-places);
  const rounded = negative ? -magnitude : magnitude;
  if (BigInt.asIntN(64, rounded) !== rounded)
    throw new MongoError(51080, `invalid conversion of the result of ${name}`);
  return integerRaw(rounded, value.type === BsonType.int64);
}

function roundHalfEven(value: number): number {
  const rounded = Math.round(value);
  // Math.round takes halves up; the even one of the two is wanted.
  return Math.abs(value % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

function doubleAtPlace(value: number, places: number, rounding: 'halfEven' | 'towardZero'): number {
  if (!Number.isFinite(value)) return value;
  if (places === 0) return rounding === 'halfEven' ? roundHalfEven(value) : Math.trunc(value);
  // By its decimal digits, as MongoDB does: scaling by a power of ten would round twice.
  const quantized = quantizeDecimal(decimalOf(doubleRaw(value)), places, rounding);
  const sign = quantized.negative ? -1 : 1;
  return sign * Number(`${quantized.coefficient}e${quantized.exponent}`);
}

export const arithmeticOperators: readonly OperatorRow[] = [
  nary('$add', [0, Infinity], add),
  binary('$subtract', difference),
  nary('$multiply', [0, Infinity], product),
  binary('$divide', quotient),
  binary('$mod', remainder),
  numeric('$abs', absolute),
  numeric('$ceil', (value) => toWhole(value, Math.ceil, 'ceiling')),
  numeric('$floor', (value) => toWhole(value, Math.floor, 'floor')),
  nary('$round', [1, 2], (values) => toPlace('$round', 'halfEven', values)),
  nary('$trunc', [1, 2], (values) => toPlace('$trunc', 'towardZero', values)),
];
