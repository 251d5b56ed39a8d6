// Decimal numbers of any length and binary32 as text, and the one stored form of a decimal: Decimal128, which every
// door knows as a number, where that keeps digits and scale; else a BigDecimal of `extended.ts`. Nothing is rounded.
// The text is that of java.math.BigDecimal, which Decimal128 writes too: the scale is kept, 1.0 is not 1.00.

import { BsonType } from './bson/types.ts';
import { Raw } from './bson/walk.ts';
import {
  decimalDigitsMax,
  decimalExponentMax,
  decimalExponentMin,
  decimalText,
  encodeDecimal,
  type Decimal,
} from './decimal.ts';
import { badRequest } from './errors.ts';
import { decimalOfScale, rawOfExtended } from './extended.ts';

const coefficientMax = 10n ** BigInt(decimalDigitsMax) - 1n;

function rawOfDecimal(decimal: Decimal): Raw {
  const fits =
    decimal.coefficient <= coefficientMax &&
    decimal.exponent >= decimalExponentMin &&
    decimal.exponent <= decimalExponentMax;
  if (!fits) {
    const unscaled = decimal.negative ? -decimal.coefficient : decimal.coefficient;
    return rawOfExtended({ kind: 'bigDecimal', unscaled, scale: -decimal.exponent });
  }
  const bytes = encodeDecimal(decimal);
  return new Raw(bytes, BsonType.decimal128, 0, bytes.length);
}

/** The stored form of unscaled × 10^-scale. */
export function rawOfBigDecimal(unscaled: bigint, scale: number): Raw {
  return rawOfDecimal(decimalOfScale(unscaled, scale));
}

/** Characters of a decimal text that is read: reading takes time with the square of them. */
const textCharactersMax = 8192;

const form = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,10}))?$/;

/** Reads a decimal number as it is written; the sign of a zero is kept. Throws BadRequest. */
export function rawOfBigDecimalText(text: string): Raw {
  const match = text.length > textCharactersMax ? null : form.exec(text);
  const digits = `${match?.[2] ?? ''}${match?.[3] ?? ''}`;
  const exponent = Number(match?.[4] ?? '0') - (match?.[3]?.length ?? 0);
  if (match === null || digits === '' || -exponent !== (-exponent | 0))
    throw badRequest('the text is no decimal number in range');
  return rawOfDecimal({ kind: 'finite', negative: match[1] === '-', coefficient: BigInt(digits), exponent });
}

export function bigDecimalText(unscaled: bigint, scale: number): string {
  return decimalText(decimalOfScale(unscaled, scale));
}

/** The shortest decimal that reads back as the same binary32. */
export function floatText(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Object.is(value, -0)) return '-0';
  for (let digits = 1; digits < 9; digits++) {
    const near = Number(value.toPrecision(digits));
    if (Math.fround(near) === value) return String(near);
  }
  return String(Number(value.toPrecision(9)));
}
