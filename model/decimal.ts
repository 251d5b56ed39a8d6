// Decimal128 (IEEE 754-2008, binary integer encoding as in the BSON specification): reading, exact comparison,
// sum and product with 34 digits rounded half to even.

import { readInt64, writeInt64 } from './bytes.ts';

/** value = ±coefficient × 10^exponent. */
export interface Decimal {
  readonly kind: 'finite' | 'infinite' | 'nan';
  readonly negative: boolean;
  readonly coefficient: bigint;
  readonly exponent: number;
}

const digitsMax = 34;
const exponentMin = -6176;
const exponentMax = 6111;
const coefficientMax = 10n ** BigInt(digitsMax) - 1n;

const nan: Decimal = { kind: 'nan', negative: false, coefficient: 0n, exponent: 0 };

function infinite(negative: boolean): Decimal {
  return { kind: 'infinite', negative, coefficient: 0n, exponent: 0 };
}

function finite(negative: boolean, coefficient: bigint, exponent: number): Decimal {
  return { kind: 'finite', negative, coefficient, exponent };
}

export function readDecimal(bytes: Uint8Array, at: number): Decimal {
  const low = BigInt.asUintN(64, readInt64(bytes, at));
  const high = BigInt.asUintN(64, readInt64(bytes, at + 8));
  const negative = high >> 63n === 1n;
  const combination = (high >> 58n) & 31n;
  if (combination === 31n) return nan;
  if (combination === 30n) return infinite(negative);
  // Two high bits set: the coefficient would exceed 34 digits, which is read as zero.
  if (combination >> 3n === 3n) return finite(negative, 0n, Number((high >> 47n) & 0x3fffn) + exponentMin);
  const exponent = Number((high >> 49n) & 0x3fffn) + exponentMin;
  const coefficient = ((high & 0x1ffffffffffffn) << 64n) | low;
  return finite(negative, coefficient > coefficientMax ? 0n : coefficient, exponent);
}

/** Writes 16 bytes. */
export function writeDecimal(bytes: Uint8Array, at: number, value: Decimal): void {
  const signBit = value.negative ? 1n << 63n : 0n;
  let low = 0n;
  let high: bigint;
  if (value.kind === 'nan') high = 0x7c00000000000000n;
  else if (value.kind === 'infinite') high = 0x7800000000000000n | signBit;
  else {
    low = value.coefficient & 0xffffffffffffffffn;
    high = (value.coefficient >> 64n) | (BigInt(value.exponent - exponentMin) << 49n) | signBit;
  }
  writeInt64(bytes, at, low);
  writeInt64(bytes, at + 8, high);
}

export function decimalOfBigint(value: bigint): Decimal {
  return finite(value < 0n, value < 0n ? -value : value, 0);
}

const parts = new DataView(new ArrayBuffer(8));

/** The exact value of a double, however many digits it takes: for comparison only. */
export function decimalOfDouble(value: number): Decimal {
  if (Number.isNaN(value)) return nan;
  if (!Number.isFinite(value)) return infinite(value < 0);
  parts.setFloat64(0, value);
  const bits = parts.getBigUint64(0);
  const negative = bits >> 63n === 1n;
  const biased = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xfffffffffffffn;
  const mantissa = biased === 0 ? fraction : fraction | (1n << 52n);
  const power = (biased === 0 ? 1 : biased) - 1075;
  if (power >= 0) return finite(negative, mantissa << BigInt(power), 0);
  // m × 2^-p = m × 5^p × 10^-p
  return finite(negative, mantissa * 5n ** BigInt(-power), power);
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

export function compareDecimals(a: Decimal, b: Decimal): number {
  if (a.kind === 'nan' || b.kind === 'nan') return (a.kind === 'nan' ? 0 : 1) - (b.kind === 'nan' ? 0 : 1);
  const aSign = signOf(a);
  const bSign = signOf(b);
  if (aSign !== bSign) return aSign < bSign ? -1 : 1;
  if (aSign === 0) return 0;
  return aSign * compareMagnitudes(a, b);
}

function signOf(value: Decimal): number {
  if (value.kind === 'finite' && value.coefficient === 0n) return 0;
  return value.negative ? -1 : 1;
}

function compareMagnitudes(a: Decimal, b: Decimal): number {
  if (a.kind === 'infinite' || b.kind === 'infinite')
    return (a.kind === 'infinite' ? 1 : 0) - (b.kind === 'infinite' ? 1 : 0);
  const aTop = digitsOf(a.coefficient) + a.exponent;
  const bTop = digitsOf(b.coefficient) + b.exponent;
  if (aTop !== bTop) return aTop < bTop ? -1 : 1;
  const shift = a.exponent - b.exponent;
  const x = shift > 0 ? a.coefficient * 10n ** BigInt(shift) : a.coefficient;
  const y = shift < 0 ? b.coefficient * 10n ** BigInt(-shift) : b.coefficient;
  return x < y ? -1 : x > y ? 1 : 0;
}

/** Rounds half to even to 34 digits and into the exponent's range. */
function rounded(negative: boolean, coefficient: bigint, exponent: number): Decimal {
  let drop = Math.max(digitsOf(coefficient) - digitsMax, exponentMin - exponent, 0);
  let value = coefficient;
  let power = exponent;
  while (drop > 0) {
    const unit = 10n ** BigInt(drop);
    const rest = value % unit;
    value /= unit;
    const twice = rest * 2n;
    if (twice > unit || (twice === unit && (value & 1n) === 1n)) value += 1n;
    power += drop;
    drop = digitsOf(value) > digitsMax ? 1 : 0;
  }
  if (value === 0n) return finite(negative, 0n, Math.max(exponentMin, Math.min(exponentMax, power)));
  // A large exponent is folded into spare digits, else the number is out of range.
  while (power > exponentMax && digitsOf(value) < digitsMax) {
    value *= 10n;
    power--;
  }
  return power > exponentMax ? infinite(negative) : finite(negative, value, power);
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
    if (signOf(a) === 0 || signOf(b) === 0) return nan;
    return infinite(negative);
  }
  return rounded(negative, a.coefficient * b.coefficient, a.exponent + b.exponent);
}
