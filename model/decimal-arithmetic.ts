// Arithmetic of Decimal128: sum and product rounded half to even to 34 digits, as IEEE 754-2008 has it, and the
// double → Decimal128 conversion MongoDB uses when the two meet (15 significant digits).

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

/** Rounds half to even to 34 digits and into the exponent's range. */
function rounded(negative: boolean, coefficient: bigint, exponent: number): Decimal {
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
  return rounded(negative, sum < 0n ? -sum : sum, exponent);
}

export function multiplyDecimals(a: Decimal, b: Decimal): Decimal {
  if (a.kind === 'nan' || b.kind === 'nan') return nan;
  const negative = a.negative !== b.negative;
  if (a.kind === 'infinite' || b.kind === 'infinite') {
    if (isZero(a) || isZero(b)) return nan;
    return infinite(negative);
  }
  return rounded(negative, a.coefficient * b.coefficient, a.exponent + b.exponent);
}

function isZero(value: Decimal): boolean {
  return value.kind === 'finite' && value.coefficient === 0n;
}
