// Roots, powers and logarithms, in doubles or in decimals of 34 digits.
// Source: MongoDB manual, "Arithmetic Expression Operators".

import { BsonType } from '../../../../model/bson/types.ts';
import type { Raw } from '../../../../model/bson/walk.ts';
import {
  expDecimal,
  lnDecimal,
  log10Decimal,
  logDecimal,
  powDecimal,
  sqrtDecimal,
} from '../../../../model/decimal-functions.ts';
import type { Decimal } from '../../../../model/decimal.ts';
import { numberOf } from '../../bson-input.ts';
import { MongoError } from '../../errors.ts';
import { decimalOf, fitsInt64, integerOf, integerRaw, isDecimal } from '../number.ts';
import { binary, type OperatorRow } from '../row.ts';
import { decimalRaw, doubleRaw, isNullish, isNumeric, nullRaw, typeName, type Operand } from '../value.ts';
import { numeric } from './arithmetic.ts';

interface Domain {
  readonly holds: (value: number) => boolean;
  readonly code: number;
  readonly words: string;
}

const anywhere: Domain = { holds: () => true, code: 0, words: '' };

function real(
  name: string,
  { holds, code, words }: Domain,
  ofDouble: (value: number) => number,
  ofDecimal: (value: Decimal) => Decimal,
): OperatorRow {
  return numeric(name, (value) => {
    const number = numberOf(value);
    if (!Number.isNaN(number) && !holds(number)) throw new MongoError(code, `${name}'s argument must be ${words}`);
    return isDecimal(value) ? decimalRaw(ofDecimal(decimalOf(value))) : doubleRaw(ofDouble(number));
  });
}

const positive = (value: number): boolean => value > 0;

function power(base: Operand, exponent: Operand): Raw {
  if (isNullish(base) || isNullish(exponent)) return nullRaw;
  if (!isNumeric(base)) throw new MongoError(28762, `$pow's base must be numeric, not ${typeName(base)}`);
  if (!isNumeric(exponent)) throw new MongoError(28763, `$pow's exponent must be numeric, not ${typeName(exponent)}`);
  const to = numberOf(exponent);
  if (numberOf(base) === 0 && to < 0)
    throw new MongoError(28764, '$pow cannot take a base of 0 and a negative exponent');
  if (isDecimal(base) || isDecimal(exponent)) return decimalRaw(powDecimal(decimalOf(base), decimalOf(exponent)));
  if (base.type === BsonType.double || exponent.type === BsonType.double) return doubleRaw(numberOf(base) ** to);
  const isWide = base.type === BsonType.int64 || exponent.type === BsonType.int64;
  const integer = integerOf(base);
  // A base of two or more leaves int64 within 63 factors; 1, 0 and -1 go round.
  const times = integer >= -1n && integer <= 1n ? (to === 0 ? 0 : 2 - (Math.abs(to) % 2)) : Math.abs(to);
  if (to < 0 && integer !== 1n && integer !== -1n) return doubleRaw(Number(integer) ** to);
  if (times > 63) return doubleRaw(Number(integer) ** to);
  const result = integer ** BigInt(times);
  return fitsInt64(result) ? integerRaw(result, isWide) : doubleRaw(Number(integer) ** to);
}

function logarithm(value: Operand, base: Operand): Raw {
  if (isNullish(value) || isNullish(base)) return nullRaw;
  if (!isNumeric(value)) throw new MongoError(28756, `$log's argument must be numeric, not ${typeName(value)}`);
  if (!isNumeric(base)) throw new MongoError(28757, `$log's base must be numeric, not ${typeName(base)}`);
  const number = numberOf(value);
  const of = numberOf(base);
  if (!(number > 0) && !Number.isNaN(number)) throw new MongoError(28758, "$log's argument must be a positive number");
  if ((!(of > 0) && !Number.isNaN(of)) || of === 1)
    throw new MongoError(28759, "$log's base must be a positive number not equal to 1");
  if (isDecimal(value) || isDecimal(base)) return decimalRaw(logDecimal(decimalOf(value), decimalOf(base)));
  return doubleRaw(Math.log(number) / Math.log(of));
}

export const mathematicsOperators: readonly OperatorRow[] = [
  real(
    '$sqrt',
    { holds: (value) => value >= 0, code: 28714, words: 'greater than or equal to 0' },
    Math.sqrt,
    sqrtDecimal,
  ),
  real('$exp', anywhere, Math.exp, expDecimal),
  real('$ln', { holds: positive, code: 28766, words: 'a positive number' }, Math.log, lnDecimal),
  real('$log10', { holds: positive, code: 28761, words: 'a positive number' }, Math.log10, log10Decimal),
  binary('$log', logarithm),
  binary('$pow', power),
];
