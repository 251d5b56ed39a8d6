// Order-preserving bytes of numbers: doubles, int32, int64 and Decimal128 are one family and compare exactly
// by value (data-model.md "Views"). 8 bytes are the largest double not above the value, as a sortable
// big-endian integer. A value that is that double ends there, without trailing zero bytes. Any other value in
// the gap up to the next double keeps all 8 and adds its place in the gap:
//   - gaps of normal doubles: 8 bytes, the fraction of the gap in 2^-64 steps, rounded down. That is 116 bits of
//     the value, more than the 34 digits of Decimal128 hold apart, so different values get different bytes;
//   - gaps at or below the smallest normal double and beyond the largest: exponent and 34 digits, 17 bytes.
// NaN has no bytes at all and sorts before every number; -0 is 0.

import { decodeDecimal, decimalDigitsMax, type Decimal } from '../model/decimal.ts';
import { compareNumbers } from '../model/number.ts';

const float = new Float64Array(1);
const halves = new Int32Array(float.buffer);
const bits = new BigInt64Array(float.buffer);

/** Bytes of the longest number key. */
export const numberKeyBytesMax = 25;

const minNormal = 2 ** -1022;

function writeHalves(out: Uint8Array, at: number, high: number, low: number): void {
  out[at] = high >>> 24;
  out[at + 1] = high >>> 16;
  out[at + 2] = high >>> 8;
  out[at + 3] = high;
  out[at + 4] = low >>> 24;
  out[at + 5] = low >>> 16;
  out[at + 6] = low >>> 8;
  out[at + 7] = low;
}

/** Writes the key of the double whose halves these are (little-endian words of IEEE 754); returns its end. */
export function writeDoubleHalves(out: Uint8Array, at: number, high: number, low: number): number {
  const magnitude = high & 0x7fffffff;
  if (magnitude >= 0x7ff00000 && (magnitude > 0x7ff00000 || low !== 0)) return at;
  if (magnitude === 0 && low === 0) {
    out[at] = 0x80;
    return at + 1;
  }
  if (high < 0) writeHalves(out, at, ~high, ~low);
  else writeHalves(out, at, high ^ 0x80000000, low);
  let end = at + 8;
  while (out[end - 1] === 0) end--;
  return end;
}

export function writeDoubleKey(out: Uint8Array, at: number, value: number): number {
  float[0] = value;
  return writeDoubleHalves(out, at, halves[1]!, halves[0]!);
}

/** Key of the int64 with these halves. */
export function writeInt64Key(out: Uint8Array, at: number, high: number, low: number): number {
  if (high >= -0x200000 && high < 0x200000) return writeDoubleKey(out, at, high * 2 ** 32 + (low >>> 0));
  return writeBigIntKey(out, at, (BigInt(high) << 32n) | BigInt(low >>> 0));
}

/** The neighbouring double above (`step` 1) or below (-1). Not for NaN. */
function neighbour(value: number, step: 1 | -1): number {
  if (value === 0) return step * Number.MIN_VALUE;
  float[0] = value;
  bits[0] = bits[0]! + (value > 0 === step > 0 ? 1n : -1n);
  return float[0]!;
}

function writeFull(out: Uint8Array, at: number, value: number): number {
  float[0] = value;
  if (value < 0) writeHalves(out, at, ~halves[1]!, ~halves[0]!);
  else writeHalves(out, at, halves[1]! ^ 0x80000000, halves[0]!);
  return at + 8;
}

function writeBig(out: Uint8Array, at: number, value: bigint, length: number): number {
  let rest = value;
  for (let i = at + length - 1; i >= at; i--) {
    out[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return at + length;
}

export function writeBigIntKey(out: Uint8Array, at: number, value: bigint): number {
  let floor = Number(value);
  if (BigInt(floor) > value) floor = neighbour(floor, -1);
  const above = value - BigInt(floor);
  if (above === 0n) return writeDoubleKey(out, at, floor);
  const gap = BigInt(neighbour(floor, 1)) - BigInt(floor);
  return writeBig(out, writeFull(out, at, floor), (above << 64n) / gap, 8);
}

/** Mantissa and exponent of a normal double: value = mantissa × 2^exponent. */
function partsOf(value: number): { readonly mantissa: bigint; readonly exponent: number } {
  float[0] = value;
  const exponent = ((halves[1]! >>> 20) & 0x7ff) - 1075;
  const magnitude = BigInt.asUintN(52, bits[0]!) | (1n << 52n);
  return { mantissa: value < 0 ? -magnitude : magnitude, exponent };
}

/** floor((value - floor) / gap × 2^64) for a decimal inside the gap above a normal double. */
function fractionOfGap(value: Decimal, floor: number): bigint {
  const { mantissa, exponent } = partsOf(floor);
  const gapExponent = mantissa === -(1n << 52n) ? exponent - 1 : exponent;
  const coefficient = value.negative ? -value.coefficient : value.coefficient;
  let numerator = value.exponent > 0 ? coefficient * 10n ** BigInt(value.exponent) : coefficient;
  let denominator = value.exponent < 0 ? 10n ** BigInt(-value.exponent) : 1n;
  if (exponent < 0) {
    // Both sides × 2^-exponent.
    numerator = (numerator << BigInt(-exponent)) - mantissa * denominator;
  } else {
    numerator -= (mantissa << BigInt(exponent)) * denominator;
  }
  const shift = 64 - gapExponent + Math.min(exponent, 0);
  if (shift >= 0) numerator <<= BigInt(shift);
  else denominator <<= BigInt(-shift);
  return numerator / denominator;
}

const exponentBias = 8192;

/** Exponent and digits as 17 bytes that sort by value. */
function writeDigits(out: Uint8Array, at: number, value: Decimal): number {
  const digits = value.coefficient.toString();
  const adjusted = value.exponent + digits.length - 1 + exponentBias;
  out[at] = adjusted >>> 8;
  out[at + 1] = adjusted;
  writeBig(out, at + 2, value.coefficient * 10n ** BigInt(decimalDigitsMax - digits.length), 15);
  if (value.negative) for (let i = at; i < at + 17; i++) out[i] = ~out[i]!;
  return at + 17;
}

/** Key of the Decimal128 in the 16 bytes at `start`. */
export function writeDecimalKey(out: Uint8Array, at: number, bytes: Uint8Array, start: number): number {
  const value = decodeDecimal(bytes, start);
  if (value.kind === 'nan') return at;
  if (value.kind === 'infinite') return writeDoubleKey(out, at, value.negative ? -Infinity : Infinity);
  if (value.coefficient === 0n) return writeDoubleKey(out, at, 0);
  const nearest = Number(`${value.negative ? '-' : ''}${value.coefficient}e${value.exponent}`);
  const order = compareNumbers(nearest, value);
  if (order === 0) return writeDoubleKey(out, at, nearest);
  const floor = order > 0 ? neighbour(nearest, -1) : nearest;
  const end = writeFull(out, at, floor);
  const normal = Number.isFinite(floor) && Math.abs(floor) > minNormal && floor !== Number.MAX_VALUE;
  return normal ? writeBig(out, end, fractionOfGap(value, floor), 8) : writeDigits(out, end, value);
}

/** The number a key stands for: a double or an integer; undefined where only the item's own bytes can tell. */
export function numberOfKey(bytes: Uint8Array, start: number, end: number): number | bigint | undefined {
  if (end === start) return NaN;
  let high = 0;
  let low = 0;
  for (let i = 0; i < 4; i++) high = (high << 8) | (start + i < end ? bytes[start + i]! : 0);
  for (let i = 4; i < 8; i++) low = (low << 8) | (start + i < end ? bytes[start + i]! : 0);
  if (high < 0) halves.set([low, high ^ 0x80000000]);
  else halves.set([~low, ~high]);
  const floor = float[0]!;
  if (end - start <= 8) return floor;
  if (end - start !== 16 || !Number.isInteger(floor) || Math.abs(floor) > 2 ** 64) return undefined;
  let fraction = 0n;
  for (let i = start + 8; i < end; i++) fraction = (fraction << 8n) | BigInt(bytes[i]!);
  const scaled = fraction * (BigInt(neighbour(floor, 1)) - BigInt(floor));
  return BigInt.asUintN(64, scaled) === 0n ? BigInt(floor) + (scaled >> 64n) : undefined;
}
