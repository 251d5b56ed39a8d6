// Sums, products and bit operations on stored numbers, with MongoDB's result types: decimal if either is one, else
// double if either is one, else int64 if either is one or the int32 result does not fit. int64 never wraps.

import { BsonType } from '../../../model/bson/types.ts';
import { BsonWriter } from '../../../model/bson/write.ts';
import { Raw } from '../../../model/bson/walk.ts';
import { readInt32, readInt64 } from '../../../model/bytes.ts';
import {
  addDecimals,
  decimalOfInteger,
  multiplyDecimals,
  roundedDecimalOfDouble,
} from '../../../model/decimal-arithmetic.ts';
import { decodeDecimal, encodeDecimal, type Decimal } from '../../../model/decimal.ts';
import { numberOf } from '../bson-input.ts';
import { badValue } from '../errors.ts';

/** One value, written through a writer into bytes of its own. */
export function rawOf(write: (writer: BsonWriter) => void, capacity = 64): Raw {
  const writer = new BsonWriter(capacity).beginDocument();
  write(writer);
  const bytes = writer.end().finish();
  // int32 length, type, empty name: the value begins at 6 and ends before the terminator.
  return new Raw(bytes, bytes[4]!, 6, bytes.length - 1);
}

function decimalRaw(value: Decimal): Raw {
  return new Raw(encodeDecimal(value), BsonType.decimal128, 0, 16);
}

function integer(value: Raw): bigint {
  return value.type === BsonType.int32
    ? BigInt(readInt32(value.bytes, value.start))
    : readInt64(value.bytes, value.start);
}

function asDecimal(value: Raw): Decimal {
  if (value.type === BsonType.decimal128) return decodeDecimal(value.bytes, value.start);
  if (value.type === BsonType.double) return roundedDecimalOfDouble(numberOf(value));
  return decimalOfInteger(integer(value));
}

function integerRaw(operator: string, value: bigint, wide: boolean): Raw {
  if (!wide && value >= -0x80000000n && value <= 0x7fffffffn) return rawOf((writer) => writer.int32('', Number(value)));
  if (BigInt.asIntN(64, value) !== value)
    throw badValue(`Failed to apply ${operator} operations to current value: the result does not fit a 64-bit integer`);
  return rawOf((writer) => writer.int64('', value));
}

export function add(a: Raw, b: Raw): Raw {
  if (a.type === BsonType.decimal128 || b.type === BsonType.decimal128)
    return decimalRaw(addDecimals(asDecimal(a), asDecimal(b)));
  if (a.type === BsonType.double || b.type === BsonType.double)
    return rawOf((writer) => writer.double('', numberOf(a) + numberOf(b)));
  return integerRaw('$inc', integer(a) + integer(b), a.type === BsonType.int64 || b.type === BsonType.int64);
}

export function multiply(a: Raw, b: Raw): Raw {
  if (a.type === BsonType.decimal128 || b.type === BsonType.decimal128)
    return decimalRaw(multiplyDecimals(asDecimal(a), asDecimal(b)));
  if (a.type === BsonType.double || b.type === BsonType.double)
    return rawOf((writer) => writer.double('', numberOf(a) * numberOf(b)));
  return integerRaw('$mul', integer(a) * integer(b), a.type === BsonType.int64 || b.type === BsonType.int64);
}

/** Zero of a number's own type: what `$mul` makes of an absent field. */
export function zeroLike(value: Raw): Raw {
  switch (value.type) {
    case BsonType.int32:
      return rawOf((writer) => writer.int32('', 0));
    case BsonType.int64:
      return rawOf((writer) => writer.int64('', 0n));
    case BsonType.decimal128:
      return decimalRaw(decimalOfInteger(0n));
    default:
      return rawOf((writer) => writer.double('', 0));
  }
}

export type BitOperation = 'and' | 'or' | 'xor';

/** Integers only; int64 if either is one. */
export function bitwise(operation: BitOperation, a: Raw, b: Raw): Raw {
  const x = integer(a);
  const y = integer(b);
  const result = operation === 'and' ? x & y : operation === 'or' ? x | y : x ^ y;
  return integerRaw('$bit', result, a.type === BsonType.int64 || b.type === BsonType.int64);
}
