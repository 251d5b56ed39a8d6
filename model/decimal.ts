// Decimal128: bytes ↔ number ↔ text. Sources: IEEE 754-2008 §3.5.2, binary integer decimal (BID) encoding;
// BSON's "Decimal128" specification for the text forms, which keeps trailing zeros (1.00 is not 1.0 as text)
// and refuses a text that would have to be rounded. No arithmetic: that is the aggregation's.

import { readInt64, writeInt64 } from './bytes.ts';
import { badRequest, type DatabaseError } from './errors.ts';

/** (-1)^negative × coefficient × 10^exponent, or a special value. */
export interface Decimal {
  readonly kind: 'finite' | 'infinite' | 'nan';
  readonly negative: boolean;
  readonly coefficient: bigint;
  readonly exponent: number;
}

/** Decimal digits of the largest coefficient, 10^34 - 1. */
export const decimalDigitsMax = 34;
const coefficientMax = 10n ** BigInt(decimalDigitsMax) - 1n;
const exponentBias = 6176;
export const decimalExponentMin = -exponentBias;
export const decimalExponentMax = 6111;

/** Characters of a decimal text that is read; more are refused before any work. */
const textCharactersMax = 8192;

const nan: Decimal = { kind: 'nan', negative: false, coefficient: 0n, exponent: 0 };

/** The 16 little-endian bytes at `at`. Encodings that are not canonical read as zero, as the standard says. */
export function decodeDecimal(bytes: Uint8Array, at: number): Decimal {
  const low = BigInt.asUintN(64, readInt64(bytes, at));
  const high = BigInt.asUintN(64, readInt64(bytes, at + 8));
  const top = bytes[at + 15]!;
  const negative = top >= 0x80;
  if ((top & 0x60) === 0x60) {
    if ((top & 0x78) !== 0x78) {
      // Two implied bits make the coefficient larger than any allowed: a zero with this exponent.
      return { kind: 'finite', negative, coefficient: 0n, exponent: Number((high >> 47n) & 0x3fffn) - exponentBias };
    }
    if ((top & 0x7c) === 0x7c) return nan;
    return { kind: 'infinite', negative, coefficient: 0n, exponent: 0 };
  }
  const coefficient = ((high & 0x1ffffffffffffn) << 64n) | low;
  return {
    kind: 'finite',
    negative,
    coefficient: coefficient > coefficientMax ? 0n : coefficient,
    exponent: Number((high >> 49n) & 0x3fffn) - exponentBias,
  };
}

/** The canonical 16 bytes. The caller keeps coefficient and exponent in range. */
export function encodeDecimal(decimal: Decimal): Uint8Array {
  const bytes = new Uint8Array(16);
  if (decimal.kind === 'finite') {
    writeInt64(bytes, 0, BigInt.asIntN(64, decimal.coefficient));
    writeInt64(bytes, 8, (BigInt(decimal.exponent + exponentBias) << 49n) | (decimal.coefficient >> 64n));
  } else bytes[15] = decimal.kind === 'nan' ? 0x7c : 0x78;
  if (decimal.negative) bytes[15]! |= 0x80;
  return bytes;
}

/** Text as the BSON specification gives it: plain where the exponent is small, else scientific; zeros kept. */
export function decimalText(decimal: Decimal): string {
  if (decimal.kind === 'nan') return 'NaN';
  const sign = decimal.negative ? '-' : '';
  if (decimal.kind === 'infinite') return `${sign}Infinity`;
  const digits = decimal.coefficient.toString();
  const adjusted = decimal.exponent + digits.length - 1;
  if (decimal.exponent > 0 || adjusted < -6) return sign + scientific(digits, adjusted);
  return sign + plainDecimal(digits, decimal.exponent);
}

/** d.dddE±x of digits whose first one has the weight 10^adjusted. */
export function scientific(digits: string, adjusted: number): string {
  const mantissa = digits.length > 1 ? `${digits[0]}.${digits.slice(1)}` : digits;
  return `${mantissa}E${adjusted < 0 ? '-' : '+'}${Math.abs(adjusted)}`;
}

/** digits × 10^exponent without an exponent, for exponent ≤ 0. */
export function plainDecimal(digits: string, exponent: number): string {
  if (exponent === 0) return digits;
  const point = digits.length + exponent;
  return point > 0 ? `${digits.slice(0, point)}.${digits.slice(point)}` : `0.${'0'.repeat(-point)}${digits}`;
}

export function decimal128Text(bytes: Uint8Array, at: number): string {
  return decimalText(decodeDecimal(bytes, at));
}

function bad(message: string): DatabaseError {
  return badRequest(`invalid Decimal128: ${message}`);
}

const decimalForm = /^([+-]?)(?:(\d+)(?:\.(\d*))?|\.(\d+))(?:[eE]([+-]?\d+))?$/;

/** Reads a decimal text exactly. Throws BadRequest for other text, for what needs rounding and for what is out of range. */
export function parseDecimal(text: string): Decimal {
  if (text.length > textCharactersMax) throw bad(`the text exceeds ${textCharactersMax} characters`);
  const special = /^([+-]?)(?:(inf(?:inity)?)|nan)$/i.exec(text);
  if (special !== null)
    return special[2] === undefined ? nan : { ...nan, kind: 'infinite', negative: special[1] === '-' };
  const match = decimalForm.exec(text);
  if (match === null) throw bad('the text is not a decimal number');
  const negative = match[1] === '-';
  const fraction = match[3] ?? match[4] ?? '';
  let digits = `${match[2] ?? ''}${fraction}`.replace(/^0+/, '');
  // Far exponents saturate, so that they stay numbers; the range checks below see them as out of range.
  let exponent = Math.max(-1e9, Math.min(1e9, Number(match[5] ?? '0'))) - fraction.length;
  if (digits === '')
    return {
      kind: 'finite',
      negative,
      coefficient: 0n,
      exponent: Math.max(decimalExponentMin, Math.min(decimalExponentMax, exponent)),
    };
  const excess = Math.max(digits.length - decimalDigitsMax, decimalExponentMin - exponent);
  if (excess > 0) {
    if (excess >= digits.length || /[^0]/.test(digits.slice(digits.length - excess)))
      throw bad('the number would have to be rounded');
    digits = digits.slice(0, digits.length - excess);
    exponent += excess;
  }
  if (exponent > decimalExponentMax) {
    const padding = exponent - decimalExponentMax;
    if (digits.length + padding > decimalDigitsMax) throw bad('the number is out of range');
    digits += '0'.repeat(padding);
    exponent = decimalExponentMax;
  }
  return { kind: 'finite', negative, coefficient: BigInt(digits), exponent };
}

export function decimal128OfText(text: string): Uint8Array {
  return encodeDecimal(parseDecimal(text));
}
