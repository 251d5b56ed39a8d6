// Arithmetic on stored numbers with MongoDB's result types: decimal if an operand is one, else double if one is,
// else int64 if one is or the result does not fit int32; an integer beyond int64 becomes a double. Sums of doubles
// keep the part that rounding loses, so that their order does not matter much.
// Source: MongoDB manual, "Arithmetic Expression Operators".

import { readFloat64, readInt32, readInt64 } from '../../../model/bytes.ts';
import { BsonType } from '../../../model/bson/types.ts';
import type { Raw } from '../../../model/bson/walk.ts';
import {
  addDecimals,
  decimalOfDouble,
  decimalOfInteger,
  multiplyDecimals,
  negateDecimal,
  roundedDecimalOfDouble,
} from '../../../model/decimal-arithmetic.ts';
import { decodeDecimal, type Decimal } from '../../../model/decimal.ts';
import { numberOf } from '../bson-input.ts';
import { decimalRaw, doubleRaw, int32Raw, int64Raw } from './value.ts';

const int32Max = 0x7fffffff;
const int32Min = -0x80000000;

export function isDecimal(value: Raw): boolean {
  return value.type === BsonType.decimal128;
}

/** An int32 or int64 exactly. */
export function integerOf(value: Raw): bigint {
  return value.type === BsonType.int32
    ? BigInt(readInt32(value.bytes, value.start))
    : readInt64(value.bytes, value.start);
}

/** Any number as a decimal; a double by 15 digits. */
export function decimalOf(value: Raw): Decimal {
  if (value.type === BsonType.decimal128) return decodeDecimal(value.bytes, value.start);
  if (value.type === BsonType.double) return roundedDecimalOfDouble(readFloat64(value.bytes, value.start));
  return decimalOfInteger(integerOf(value));
}

export function fitsInt64(value: bigint): boolean {
  return BigInt.asIntN(64, value) === value;
}

/** An integer in the narrowest type that its operands allow. */
export function integerRaw(value: bigint, wide: boolean): Raw {
  if (!wide && value >= BigInt(int32Min) && value <= BigInt(int32Max)) return int32Raw(Number(value));
  return fitsInt64(value) ? int64Raw(value) : doubleRaw(Number(value));
}

/** A safe integer as int32, or int64 where it does not fit or the operands are wide. */
export function safeIntegerRaw(value: number, wide: boolean): Raw {
  return !wide && value >= int32Min && value <= int32Max ? int32Raw(value) : int64Raw(BigInt(value));
}

function isDouble(a: Raw, b: Raw): boolean {
  return a.type === BsonType.double || b.type === BsonType.double;
}

function isWide(a: Raw, b: Raw): boolean {
  return a.type === BsonType.int64 || b.type === BsonType.int64;
}

export function subtract(a: Raw, b: Raw): Raw {
  if (isDecimal(a) || isDecimal(b)) return decimalRaw(addDecimals(decimalOf(a), negateDecimal(decimalOf(b))));
  if (isDouble(a, b)) return doubleRaw(numberOf(a) - numberOf(b));
  if (!isWide(a, b)) return safeIntegerRaw(numberOf(a) - numberOf(b), false);
  return integerRaw(integerOf(a) - integerOf(b), true);
}

export function multiply(a: Raw, b: Raw): Raw {
  if (isDecimal(a) || isDecimal(b)) return decimalRaw(multiplyDecimals(decimalOf(a), decimalOf(b)));
  if (isDouble(a, b)) return doubleRaw(numberOf(a) * numberOf(b));
  const product = isWide(a, b) ? NaN : numberOf(a) * numberOf(b);
  if (Number.isSafeInteger(product)) return safeIntegerRaw(product + 0, false);
  return integerRaw(integerOf(a) * integerOf(b), isWide(a, b));
}

/** A running sum of numbers of all types. */
export class Sum {
  /** Integers while they are safe, and the rest of them beyond. */
  #integer = 0;
  #big = 0n;
  #double = 0;
  #lost = 0;
  #decimal: Decimal | undefined;
  #hasDouble = false;
  #hasWide = false;

  /** Adds a number; anything else must not come here. */
  add(value: Raw): void {
    switch (value.type) {
      case BsonType.int32:
        this.#addInteger(readInt32(value.bytes, value.start));
        return;
      case BsonType.int64: {
        this.#hasWide = true;
        const long = readInt64(value.bytes, value.start);
        if (long >= -9007199254740991n && long <= 9007199254740991n) this.#addInteger(Number(long));
        else this.#big += long;
        return;
      }
      case BsonType.double:
        this.#hasDouble = true;
        this.#addDouble(readFloat64(value.bytes, value.start));
        return;
      default: {
        const decimal = decodeDecimal(value.bytes, value.start);
        this.#decimal = this.#decimal === undefined ? decimal : addDecimals(this.#decimal, decimal);
      }
    }
  }

  addInteger(value: bigint): void {
    this.#hasWide = true;
    this.#big += value;
  }

  #addInteger(value: number): void {
    const sum = this.#integer + value;
    if (Number.isSafeInteger(sum)) {
      this.#integer = sum;
    } else {
      this.#big += BigInt(this.#integer) + BigInt(value);
      this.#integer = 0;
    }
  }

  /** Neumaier's compensated summation. */
  #addDouble(value: number): void {
    const sum = this.#double + value;
    if (Number.isFinite(sum))
      this.#lost += Math.abs(this.#double) >= Math.abs(value) ? this.#double - sum + value : value - sum + this.#double;
    this.#double = sum;
  }

  get isDecimal(): boolean {
    return this.#decimal !== undefined;
  }

  /** All integers exactly. */
  get integer(): bigint {
    return this.#big + BigInt(this.#integer);
  }

  get double(): number {
    const integer = this.#big === 0n ? this.#integer : Number(this.integer);
    // Without doubles there is nothing to compensate, and infinities keep no lost part.
    if (!this.#hasDouble) return integer;
    const sum = this.#double + integer;
    if (!Number.isFinite(sum)) return sum;
    const lost =
      Math.abs(this.#double) >= Math.abs(integer) ? this.#double - sum + integer : integer - sum + this.#double;
    return sum + (lost + this.#lost);
  }

  get decimal(): Decimal {
    let sum = decimalOfInteger(this.integer);
    if (this.#hasDouble) {
      sum = addDecimals(sum, decimalOfDouble(this.#double));
      if (this.#lost !== 0) sum = addDecimals(sum, decimalOfDouble(this.#lost));
    }
    return this.#decimal === undefined ? sum : addDecimals(this.#decimal, sum);
  }

  /** The sum in the type its addends ask for. */
  get raw(): Raw {
    if (this.#decimal !== undefined) return decimalRaw(this.decimal);
    if (this.#hasDouble) return doubleRaw(this.double);
    if (this.#big === 0n) return safeIntegerRaw(this.#integer, this.#hasWide);
    return integerRaw(this.integer, this.#hasWide);
  }
}

/** A number as int32 where it is a whole one in range, of whatever type; else undefined. */
export function int32Of(value: Raw): number | undefined {
  if (value.type === BsonType.int32) return readInt32(value.bytes, value.start);
  const number = numberOf(value);
  return Number.isInteger(number) && number >= int32Min && number <= int32Max ? number + 0 : undefined;
}
