// Roots, powers, exponentials and logarithms of Decimal128, correct to 34 digits: computed in fixed point on bigint
// with more digits than the result has. Every loop is bounded: arguments are reduced to a small interval first.
// Source: IEEE 754-2008 §9.2 for the special cases.

import {
  decimalOfInteger,
  divideDecimals,
  multiplyDecimals,
  negateDecimal,
  roundedDecimal,
} from './decimal-arithmetic.ts';
import { decimalDigitsMax, decimalExponentMax, type Decimal } from './decimal.ts';

/** Digits behind the point while computing. */
const places = 80;
const one = 10n ** BigInt(places);

/** Beyond it an exponential over- or underflows: ln(10) × 6145 is below. */
const exponentialMax = 15_000n;

const nan: Decimal = { kind: 'nan', negative: false, coefficient: 0n, exponent: 0 };
const zero = decimalOfInteger(0n);
const unit = decimalOfInteger(1n);

function infinite(negative: boolean): Decimal {
  return { kind: 'infinite', negative, coefficient: 0n, exponent: 0 };
}

export function isZeroDecimal(value: Decimal): boolean {
  return value.kind === 'finite' && value.coefficient === 0n;
}

/** ln((1 + r) / (1 - r)) / 2 of a fixed-point r within ±1/3. */
function arctanh(ratio: bigint): bigint {
  const square = (ratio * ratio) / one;
  let power = ratio;
  let sum = 0n;
  for (let divisor = 1n; power !== 0n; divisor += 2n) {
    sum += power / divisor;
    power = (power * square) / one;
  }
  return sum;
}

const lnOf2 = 2n * arctanh(one / 3n);
const lnOf10 = 3n * lnOf2 + 2n * arctanh(one / 9n);

/** Natural logarithm of a positive finite decimal, fixed point. */
function lnFixed(value: Decimal): bigint {
  const digits = value.coefficient.toString().length;
  // The value is mantissa × 10^exponent with a mantissa in [0.1, 1).
  let mantissa = (value.coefficient * one) / 10n ** BigInt(digits);
  let halvings = 0n;
  while (mantissa < (one * 2n) / 3n) {
    mantissa *= 2n;
    halvings++;
  }
  const series = 2n * arctanh(((mantissa - one) * one) / (mantissa + one));
  return series - halvings * lnOf2 + BigInt(value.exponent + digits) * lnOf10;
}

function decimalOfFixed(value: bigint): Decimal {
  return roundedDecimal(value < 0n, value < 0n ? -value : value, -places);
}

/** The finite decimal in fixed point; the caller has bounded its size. Digits beyond the places are cut. */
function fixedOf(value: Decimal): bigint {
  const shift = value.exponent + places;
  const magnitude =
    shift >= 0 ? value.coefficient * 10n ** BigInt(shift) : value.coefficient / 10n ** BigInt(Math.min(-shift, 200));
  return value.negative ? -magnitude : magnitude;
}

function expFixed(value: bigint): Decimal {
  if (value > exponentialMax * one) return infinite(false);
  if (value < -exponentialMax * one) return zero;
  let tens = value / lnOf10;
  let rest = value % lnOf10;
  if (rest < 0n) {
    rest += lnOf10;
    tens -= 1n;
  }
  const halvings = 8;
  const small = rest >> BigInt(halvings);
  let sum = one;
  let term = one;
  for (let n = 1n; term !== 0n; n++) {
    term = (term * small) / (n * one);
    sum += term;
  }
  for (let i = 0; i < halvings; i++) sum = (sum * sum) / one;
  return roundedDecimal(false, sum, Number(tens) - places);
}

/** Whether a finite value is so large that its exponential is infinite or zero. */
function isHuge(value: Decimal): boolean {
  return value.exponent + value.coefficient.toString().length > 6;
}

export function expDecimal(value: Decimal): Decimal {
  if (value.kind === 'nan') return nan;
  if (value.kind === 'infinite') return value.negative ? zero : value;
  if (value.coefficient === 0n) return unit;
  if (isHuge(value)) return value.negative ? zero : infinite(false);
  return expFixed(fixedOf(value));
}

export function lnDecimal(value: Decimal): Decimal {
  if (value.kind === 'nan') return nan;
  if (isZeroDecimal(value)) return infinite(true);
  if (value.negative) return nan;
  return value.kind === 'infinite' ? value : decimalOfFixed(lnFixed(value));
}

/** Logarithm to a base; exact where both are powers of ten. */
export function logDecimal(value: Decimal, base: Decimal): Decimal {
  if (value.kind !== 'finite' || base.kind !== 'finite' || isZeroDecimal(value) || isZeroDecimal(base))
    return divideDecimals(lnDecimal(value), lnDecimal(base));
  const numerator = lnFixed(value);
  const denominator = lnFixed(base);
  if (denominator === 0n) return nan;
  const quotient = (numerator * one) / denominator;
  // The last digits are noise: a whole number hidden in them is that number.
  const noise = one / 10n ** BigInt(decimalDigitsMax + 10);
  const nearest = (quotient + (quotient < 0n ? -one : one) / 2n) / one;
  const distance = quotient - nearest * one;
  return distance <= noise && distance >= -noise ? decimalOfInteger(nearest) : decimalOfFixed(quotient);
}

export function log10Decimal(value: Decimal): Decimal {
  return logDecimal(value, decimalOfInteger(10n));
}

export function sqrtDecimal(value: Decimal): Decimal {
  if (value.kind === 'nan' || isZeroDecimal(value)) return value;
  if (value.negative) return nan;
  if (value.kind === 'infinite') return value;
  // An even exponent, and twice as many digits as the root needs.
  const digits = value.coefficient.toString().length;
  let shift = Math.max(0, 2 * (decimalDigitsMax + 2) - digits);
  if ((value.exponent - shift) % 2 !== 0) shift++;
  const scaled = value.coefficient * 10n ** BigInt(shift);
  const root = integerRoot(scaled);
  let exponent = (value.exponent - shift) / 2;
  if (root * root !== scaled) return roundedDecimal(false, root * 10n + 1n, exponent - 1);
  let coefficient = root;
  while (coefficient % 10n === 0n && exponent < Math.floor(value.exponent / 2)) {
    coefficient /= 10n;
    exponent++;
  }
  return roundedDecimal(false, coefficient, exponent);
}

/** Integer part of the square root, by Newton's method from above. */
function integerRoot(value: bigint): bigint {
  let guess = 1n << BigInt((value.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (guess + value / guess) >> 1n;
    if (next >= guess) return guess;
    guess = next;
  }
}

/** The integer a decimal is, when it is one of at most 12 digits. */
function integerOfDecimal(value: Decimal): bigint | undefined {
  const length = value.coefficient.toString().length;
  if (value.exponent + length > 12) return undefined;
  if (value.exponent >= 0) {
    const integer = value.coefficient * 10n ** BigInt(value.exponent);
    return value.negative ? -integer : integer;
  }
  if (-value.exponent > length) return value.coefficient === 0n ? 0n : undefined;
  const scale = 10n ** BigInt(-value.exponent);
  if (value.coefficient % scale !== 0n) return undefined;
  const integer = value.coefficient / scale;
  return value.negative ? -integer : integer;
}

/** Powers computed by multiplication alone, exactly while they fit. */
const exactPowerMax = 120n;

export function powDecimal(base: Decimal, exponent: Decimal): Decimal {
  if (isZeroDecimal(exponent)) return unit;
  if (base.kind === 'nan' || exponent.kind === 'nan') return nan;
  if (exponent.kind === 'infinite') return powInfinite(base, exponent.negative);
  const integer = integerOfDecimal(exponent);
  const odd = integer !== undefined && (integer & 1n) === 1n;
  const negative = base.negative && odd;
  if (base.kind === 'infinite') return exponent.negative ? { ...zero, negative } : infinite(negative);
  if (base.coefficient === 0n) return exponent.negative ? infinite(negative) : { ...zero, negative };
  if (base.negative && integer === undefined && exponent.exponent < 0) return nan;
  if (integer !== undefined && integer >= -exactPowerMax && integer <= exactPowerMax) {
    let power = unit;
    const times = integer < 0n ? -integer : integer;
    let exact = true;
    for (let i = 0n; i < times && exact; i++) {
      power = multiplyDecimals(power, base);
      exact = power.kind === 'finite' && power.coefficient.toString().length < decimalDigitsMax;
    }
    if (exact) return integer < 0n ? divideDecimals(unit, power) : power;
  }
  const magnitude = powPositive({ ...base, negative: false }, exponent);
  return negative ? negateDecimal(magnitude) : magnitude;
}

function powInfinite(base: Decimal, negativeExponent: boolean): Decimal {
  if (base.kind === 'infinite') return negativeExponent ? zero : infinite(false);
  const ln = isZeroDecimal(base) ? -1n : lnFixed({ ...base, negative: false });
  if (ln === 0n) return unit;
  return ln > 0n === negativeExponent ? zero : infinite(false);
}

function powPositive(base: Decimal, exponent: Decimal): Decimal {
  const ln = lnFixed(base);
  if (ln === 0n) return unit;
  if (exponent.exponent + exponent.coefficient.toString().length > decimalExponentMax)
    return ln > 0n === exponent.negative ? zero : infinite(false);
  // ln × exponent, with the exponent's own digits: a far exponent makes it huge, and the result infinite or zero.
  const shift = exponent.exponent;
  const signed = exponent.negative ? -exponent.coefficient : exponent.coefficient;
  const product = ln * signed;
  return expFixed(shift >= 0 ? product * 10n ** BigInt(shift) : product / 10n ** BigInt(Math.min(-shift, 400)));
}
