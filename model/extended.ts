// Values that BSON has no type for and a door needs whole: binary of the user-defined subtype 0x80, whose first
// byte is the kind (docs/decisions/0003-extended-values.md). The bytes after it are big-endian and, but for the
// ticks of a DateTime, those of GraphBinary v1 (Apache TinkerPop, "IO reference").
//
//   01  instant of 100 ns   int64 ticks since 0001-01-01T00:00:00Z, never negative: byte order is time order
//   02  byte                int8
//   03  short               int16
//   04  float               IEEE 754 binary32
//   05  BigInteger          two's complement, as short as it can be
//   06  BigDecimal          int32 scale, then the unscaled BigInteger
//   07  Duration            int64 seconds, int32 nanoseconds (0 … 999,999,999)
//   08  OffsetDateTime      int64 seconds since 1970 (UTC), int32 nanoseconds, int32 offset in seconds
//
// Any other kind, and a payload that is not of its kind's form, is opaque: bytes that every door keeps. To doors
// that do not know kinds all of them are plain binary, and sort as such. `numberOfExtended` says which number a
// value is, for doors that compare numbers of all types.

import { bytesOfHex, hexOf, readInt32, readUint32BE, writeUint32BE } from './bytes.ts';
import { BinarySubtype, BsonType } from './bson/types.ts';
import { Raw } from './bson/walk.ts';
import { BsonWriter } from './bson/write.ts';
import type { Decimal } from './decimal.ts';
import { badRequest } from './errors.ts';
import type { Numeric } from './number.ts';

/** First bytes of the stored form. Never reused, never renumbered. */
const Kind = {
  ticks: 1,
  byte: 2,
  short: 3,
  float: 4,
  bigInteger: 5,
  bigDecimal: 6,
  duration: 7,
  offsetDateTime: 8,
} as const;

/** First byte of an instant of 100 ns: `instant.ts` writes them without a value between. */
export const ticksKind = Kind.ticks;

export type Extended =
  | { readonly kind: 'ticks'; readonly ticks: bigint }
  | { readonly kind: 'byte' | 'short' | 'float'; readonly value: number }
  | { readonly kind: 'bigInteger'; readonly value: bigint }
  | { readonly kind: 'bigDecimal'; readonly unscaled: bigint; readonly scale: number }
  | { readonly kind: 'duration'; readonly seconds: bigint; readonly nanos: number }
  | {
      readonly kind: 'offsetDateTime';
      readonly seconds: bigint;
      readonly nanos: number;
      readonly offsetSeconds: number;
    };

/** Bytes of the longest BigInteger that is read as a number: its decimal text takes time with the square of it. */
const bigIntegerBytesMax = 4096;

/** Ticks of 9999-12-31T23:59:59.9999999Z. */
export const ticksMax = 3155378975999999999n;

/** Offsets of a zone, in seconds: ISO 8601 and java.time allow 18 hours. */
export const offsetSecondsMax = 18 * 3600;

const nanosMax = 999_999_999;

function bytesOfBigInteger(value: bigint): Uint8Array {
  const hex = (value < 0n ? ~value : value).toString(16);
  // One bit more than the magnitude has, for the sign.
  const length = (hex.length + 1 + (hex.length % 2 === 0 && hex[0]! >= '8' ? 1 : 0)) >> 1;
  if (length > bigIntegerBytesMax) throw badRequest(`a BigInteger exceeds ${bigIntegerBytesMax} bytes`);
  return bytesOfHex(
    BigInt.asUintN(8 * length, value)
      .toString(16)
      .padStart(2 * length, '0'),
  );
}

function bigIntegerOf(bytes: Uint8Array, start: number, end: number): bigint {
  return BigInt.asIntN(8 * (end - start), BigInt(`0x${hexOf(bytes, start, end)}`));
}

function payloadOf(value: Extended): Uint8Array {
  switch (value.kind) {
    case 'byte':
      return Uint8Array.of(Kind.byte, value.value);
    case 'short':
      return Uint8Array.of(Kind.short, value.value >> 8, value.value);
    case 'bigInteger': {
      const digits = bytesOfBigInteger(value.value);
      const bytes = new Uint8Array(1 + digits.length);
      bytes[0] = Kind.bigInteger;
      bytes.set(digits, 1);
      return bytes;
    }
    case 'bigDecimal': {
      const digits = bytesOfBigInteger(value.unscaled);
      const bytes = new Uint8Array(5 + digits.length);
      bytes[0] = Kind.bigDecimal;
      writeUint32BE(bytes, 1, value.scale);
      bytes.set(digits, 5);
      return bytes;
    }
    case 'float': {
      const view = new DataView(new ArrayBuffer(5));
      view.setUint8(0, Kind.float);
      view.setFloat32(1, value.value);
      return new Uint8Array(view.buffer);
    }
    case 'ticks': {
      const bytes = new Uint8Array(9);
      bytes[0] = Kind.ticks;
      writeUint32BE(bytes, 1, Number(value.ticks >> 32n));
      writeUint32BE(bytes, 5, Number(BigInt.asUintN(32, value.ticks)));
      return bytes;
    }
    case 'duration': {
      const view = new DataView(new ArrayBuffer(13));
      view.setUint8(0, Kind.duration);
      view.setBigInt64(1, value.seconds);
      view.setInt32(9, value.nanos);
      return new Uint8Array(view.buffer);
    }
    case 'offsetDateTime': {
      const view = new DataView(new ArrayBuffer(17));
      view.setUint8(0, Kind.offsetDateTime);
      view.setBigInt64(1, value.seconds);
      view.setInt32(9, value.nanos);
      view.setInt32(13, value.offsetSeconds);
      return new Uint8Array(view.buffer);
    }
  }
}

/** The stored form. The caller keeps each part in its range; a BigInteger that is too long is BadRequest. */
export function rawOfExtended(value: Extended): Raw {
  return rawBinary(BinarySubtype.extended, payloadOf(value));
}

export function rawBinary(subtype: number, content: Uint8Array): Raw {
  const bytes = new BsonWriter(content.length + 16).beginDocument().binary('', subtype, content).end().finish();
  return new Raw(bytes, BsonType.binary, 6, bytes.length - 1);
}

/** The value that a stored one is; undefined for other types, unknown kinds and payloads of a wrong form. */
export function extendedOf(raw: Raw): Extended | undefined {
  const { bytes, start, end } = raw;
  if (raw.type !== BsonType.binary || bytes[start + 4] !== BinarySubtype.extended) return undefined;
  const at = start + 6;
  const length = end - at;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (bytes[start + 5]) {
    case Kind.ticks: {
      if (length !== 8) return undefined;
      const ticks = view.getBigInt64(at);
      return ticks >= 0n && ticks <= ticksMax ? { kind: 'ticks', ticks } : undefined;
    }
    case Kind.byte:
      return length === 1 ? { kind: 'byte', value: view.getInt8(at) } : undefined;
    case Kind.short:
      return length === 2 ? { kind: 'short', value: view.getInt16(at) } : undefined;
    case Kind.float:
      return length === 4 ? { kind: 'float', value: view.getFloat32(at) } : undefined;
    case Kind.bigInteger:
      if (length < 1 || length > bigIntegerBytesMax) return undefined;
      return { kind: 'bigInteger', value: bigIntegerOf(bytes, at, end) };
    case Kind.bigDecimal:
      if (length < 5 || length - 4 > bigIntegerBytesMax) return undefined;
      return { kind: 'bigDecimal', scale: readUint32BE(bytes, at) | 0, unscaled: bigIntegerOf(bytes, at + 4, end) };
    case Kind.duration: {
      if (length !== 12) return undefined;
      const nanos = view.getInt32(at + 8);
      return nanos < 0 || nanos > nanosMax ? undefined : { kind: 'duration', seconds: view.getBigInt64(at), nanos };
    }
    case Kind.offsetDateTime: {
      if (length !== 16) return undefined;
      const nanos = view.getInt32(at + 8);
      const offsetSeconds = view.getInt32(at + 12);
      if (nanos < 0 || nanos > nanosMax || Math.abs(offsetSeconds) > offsetSecondsMax) return undefined;
      return { kind: 'offsetDateTime', seconds: view.getBigInt64(at), nanos, offsetSeconds };
    }
    default:
      return undefined;
  }
}

/** unscaled × 10^-scale. */
export function decimalOfScale(unscaled: bigint, scale: number): Decimal {
  const negative = unscaled < 0n;
  return { kind: 'finite', negative, coefficient: negative ? -unscaled : unscaled, exponent: -scale };
}

/** The number that a value is, exact; undefined for what is no number. */
export function numberOfExtended(value: Extended): Numeric | undefined {
  switch (value.kind) {
    case 'byte':
    case 'short':
    case 'float':
    case 'bigInteger':
      return value.value;
    case 'bigDecimal':
      return decimalOfScale(value.unscaled, value.scale);
    case 'ticks':
    case 'duration':
    case 'offsetDateTime':
      return undefined;
  }
}

/** Whether a raw value is binary of that subtype. */
export function isBinary(raw: Raw, subtype: number): boolean {
  return (
    raw.type === BsonType.binary &&
    raw.bytes[raw.start + 4] === subtype &&
    (subtype !== BinarySubtype.uuid || readInt32(raw.bytes, raw.start) === 16)
  );
}
