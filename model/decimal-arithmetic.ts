// Arithmetic of Decimal128: sum, product, quotient and remainder rounded half to even to 34 digits, as IEEE 754-2008
// has it, rounding to a place, and the double → Decimal128 conversions MongoDB uses when the two meet.

import { decimalDigitsMax, decimalExponentMax, decimalExponentMin, type Decimal } from './decimal.ts';

const nan: Decimal = { kind: 'nan', negative: false, coefficient: 0n, exponent: 0 };

function infinite(negative: boolean): Decimal {
  return { kind: 'infinite', negative, coefficient: 0n, exponent: 0 };
}

function finite(negative: boolean, coefficient: bigint, exponent: number): Decimal {
  return { kind: 'finite', negative, coefficient, exponent };
}

export function decimalOfInteger(value: bigint): Decimal {
  return finite(value < 0n, value < 0n ? -value : value, 0);
}

/** The double as a Decimal128 of 15 significant digits: how MongoDB mixes the two in arithmetic. */
export function roundedDecimalOfDouble(value: number): Decimal {
  if (Number.isNaN(value)) return nan;
  if (!Number.isFinite(value)) return infinite(value < 0);
  if (value === 0) return finite(Object.is(value, -0), 0n, 0);
  const match = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(value.toExponential(14))!;
  const digits = match[2]! + (match[3] ?? '');
  return finite(match[1] === '-', BigInt(digits), Number(match[4]) - (digits.length - 1));
}

function digitsOf(coefficient: bigint): number {
  return coefficient.toString().length;
}

/** The double as a Decimal128 of all the digits that fit: how MongoDB adds a sum of doubles to one of decimals. */
export function decimalOfDouble(value: number): Decimal {
  if (!Number.isFinite(value) || value === 0) return roundedDecimalOfDouble(value);
  const match = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(value.toExponential(decimalDigitsMax - 1))!;
  const digits = match[2]! + (match[3] ?? '');
  const exponent = Number(match[4]) - (digits.length - 1);
  return withExponentNear(finite(match[1] === '-', BigInt(digits), exponent), Math.max(exponent, 0));
}

/** The same value with its exponent raised towards `wanted` as far as trailing zeros allow. */
function withExponentNear(value: Decimal, wanted: number): Decimal {
  let { coefficient, exponent } = value;
  while (exponent < wanted && coefficient !== 0n && coefficient % 10n === 0n) {
    coefficient /= 10n;
    exponent++;
  }
  return finite(value.negative, coefficient, exponent);
}

/** Rounds half to even to 34 digits and into the exponent's range. */
export function roundedDecimal(negative: boolean, coefficient: bigint, exponent: number): Decimal {
  let drop = Math.max(digitsOf(coefficient) - decimalDigitsMax, decimalExponentMin - exponent, 0);
  let value = coefficient;
  let power = exponent;
  while (drop > 0) {
    const unit = 10n ** BigInt(drop);
    const rest = value % unit;
    value /= unit;
    const twice = rest * 2n;
    if (twice > unit || (twice === unit && (value & 1n) === 1n)) value += 1n;
    power += drop;
    drop = digitsOf(value) > decimalDigitsMax ? 1 : 0;
  }
  if (value === 0n) return finite(negative, 0n, Math.max(decimalExponentMin, Math.min(decimalExponentMax, power)));
  // A large exponent is folded into spare digits, else the number is out of range.
  while (power > decimalExponentMax && digitsOf(value) < decimalDigitsMax) {
    value *= 10n;
    power--;
  }
  return power > decimalExponentMax ? infinite(negative) : finite(negative, value, power);
}

export function addDecimals(a: Decimal, b: Decimal): Decimal {
  if (a.kind === 'nan' || b.kind === 'nan') return nan;
  if (a.kind === 'infinite') return b.kind === 'infinite' && a.negative !== b.negative ? nan : a;
  if (b.kind === 'infinite') return b;
  const exponent = Math.min(a.exponent, b.exponent);
  const x = (a.negative ? -a.coefficient : a.coefficient) * 10n ** BigInt(a.exponent - exponent);
  const y = (b.negative ? -b.coefficient : b.coefficient) * 10n ** BigInt(b.exponent - exponent);
  const sum = x + y;
  const negative = sum < 0n || (sum === 0n && a.negative && b.negative);
  return roundedDecimal(negative, sum < 0n ? -sum : sum, exponent);
}

export function multiplyDecimals(a: Decimal, b: Decimal): Decimal {
  if (a.kind === 'nan' || b.kind === 'nan') return nan;
  const negative = a.negative !== b.negative;
  if (a.kind === 'infinite' || b.kind === 'infinite') {
    if (isZero(a) || isZero(b)) return nan;
    return infinite(negative);
  }
  return roundedDecimal(negative, a.coefficient * b.coefficient, a.exponent + b.exponent);
}

function isZero(value: Decimal): boolean {
  return value.kind === 'finite' && value.coefficient === 0n;
}

/** Quotient; the exponent is that of the dividend less the divisor's where the result is exact. */
export function divideDecimals(a: Decimal, b: Decimal): Decimal {
  if (a.kind === 'nan' || b.kind === 'nan') return nan;
  const negative = a.negative !== b.negative;
  if (a.kind === 'infinite') return b.kind === 'infinite' ? nan : infinite(negative);
  const exponent = a.exponent - b.exponent;
  if (b.kind === 'infinite') return finite(negative, 0n, decimalExponentMin);
  if (b.coefficient === 0n) return a.coefficient === 0n ? nan : infinite(negative);
  if (a.coefficient === 0n) return roundedDecimal(negative, 0n, exponent);
  // Two digits beyond the result's, and one more that only says whether anything follows.
  const shift = Math.max(0, decimalDigitsMax + 2 + digitsOf(b.coefficient) - digitsOf(a.coefficient));
  const dividend = a.coefficient * 10n ** BigInt(shift);
  const quotient = dividend / b.coefficient;
  if (dividend % b.coefficient !== 0n) return roundedDecimal(negative, quotient * 10n + 1n, exponent - shift - 1);
  const exact = withExponentNear(finite(negative, quotient, exponent - shift), exponent);
  return roundedDecimal(negative, exact.coefficient, exact.exponent);
}

/** What division towards zero leaves; its sign is the dividend's. */
export function remainderDecimals(a: Decimal, b: Decimal): Decimal {
  if (a.kind !== 'finite' || b.kind === 'nan' || isZero(b)) return nan;
  if (b.kind === 'infinite') return a;
  const exponent = Math.min(a.exponent, b.exponent);
  const x = a.coefficient * 10n ** BigInt(a.exponent - exponent);
  const y = b.coefficient * 10n ** BigInt(b.exponent - exponent);
  return roundedDecimal(a.negative, x % y, exponent);
}

export function negateDecimal(value: Decimal): Decimal {
  return value.kind === 'nan' ? value : { ...value, negative: !value.negative };
}

export type DecimalRounding = 'halfEven' | 'towardZero' | 'floor' | 'ceiling';

/** The value with `places` digits behind the point (before it, if negative); unchanged where 34 digits cannot hold it. */
export function quantizeDecimal(value: Decimal, places: number, rounding: DecimalRounding): Decimal {
  if (value.kind !== 'finite') return value;
  const exponent = -places;
  if (value.exponent >= exponent) {
    const zeros = value.exponent - exponent;
    if (zeros > decimalDigitsMax) return value;
    const coefficient = value.coefficient * 10n ** BigInt(zeros);
    return digitsOf(coefficient) > decimalDigitsMax ? value : finite(value.negative, coefficient, exponent);
  }
  const drop = exponent - value.exponent;
  // Beyond the digits there are, one place more is as good as many.
  const unit = 10n ** BigInt(Math.min(drop, decimalDigitsMax + 1));
  let coefficient = value.coefficient / unit;
  const rest = value.coefficient % unit;
  const twice = rest * 2n;
  const up =
    rounding === 'halfEven'
      ? twice > unit || (twice === unit && (coefficient & 1n) === 1n)
      : rounding === 'floor'
        ? value.negative && rest > 0n
        : rounding === 'ceiling' && !value.negative && rest > 0n;
  if (up) coefficient += 1n;
  return finite(value.negative, coefficient, exponent);
}
