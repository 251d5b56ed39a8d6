// Points in time finer than BSON's milliseconds: text ↔ instant ↔ stored form. Sources: RFC 3339 and ISO 8601
// for the text, OData v3 Edm.DateTime (100 ns), java.time.OffsetDateTime (1 ns, with an offset).
//
// Equal instants have equal bytes: what whole milliseconds tell is a BSON date, which every door knows as a time;
// else what 100 ns tell are ticks; nanoseconds, or an offset that is part of the value, take the third form
// (docs/decisions/0003-extended-values.md). So a range over times is a range over dates and one over ticks.

import { readInt64, writeInt32, writeUint32BE } from './bytes.ts';
import { BinarySubtype, BsonType } from './bson/types.ts';
import { Raw } from './bson/walk.ts';
import { badRequest } from './errors.ts';
import { extendedOf, offsetSecondsMax, rawOfExtended, ticksKind } from './extended.ts';

export interface Instant {
  /** Since 1970, UTC, rounded down. Years 1 to 9999. */
  readonly seconds: number;
  /** 0 … 999,999,999 */
  readonly nanos: number;
  /** East of UTC; 0 where the offset is not part of the value. */
  readonly offsetSeconds: number;
}

/** From 0001-01-01 to 1970-01-01. */
const secondsBefore1970 = 62135596800;
/** 9999-12-31T23:59:59Z */
const secondsMax = 253402300799;
const ticksPerSecond = 10_000_000n;
const ticksPerSecondNumber = Number(ticksPerSecond);

function isInRange(instant: Instant): boolean {
  const local = instant.seconds + instant.offsetSeconds;
  return (
    instant.seconds >= -secondsBefore1970 &&
    instant.seconds <= secondsMax &&
    local >= -secondsBefore1970 &&
    local <= secondsMax
  );
}

const form =
  /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(?:[Zz]|([+-])(\d\d)(?::?(\d\d)(?::?(\d\d))?)?)?)?$/;

/** The longest text that `readUtc` reads: nine digits of a second. */
const utcTextMax = 30;

const utcText = new Uint8Array(utcTextMax);
const utcTime: UtcTime = { seconds: 0, nanos: 0 };

/** A time in the form of `readUtc`; undefined for the rest. */
function parseUtc(text: string): Instant | undefined {
  if (text.length > utcTextMax) return undefined;
  // What is no ASCII becomes a byte that no time has.
  for (let i = 0; i < text.length; i++) utcText[i] = Math.min(text.charCodeAt(i), 0xff);
  return readUtc(utcTime, utcText, 0, text.length) ? { ...utcTime, offsetSeconds: 0 } : undefined;
}

/** Reads a date and time; one without offset is UTC. Throws BadRequest. */
export function parseInstant(text: string): Instant {
  const utc = parseUtc(text);
  if (utc !== undefined) return utc;
  const match = form.exec(text);
  if (match === null) throw badRequest('the text is no date and time of ISO 8601');
  const [year, month, day, hour, minute, second] = [1, 2, 3, 4, 5, 6].map((group) => Number(match[group] ?? '0'));
  const date = new Date(0);
  date.setUTCFullYear(year!, month! - 1, day!);
  date.setUTCHours(hour!, minute!, second!);
  // A day or hour that does not exist would have moved into the next month or day.
  const exists = date.getUTCMonth() === month! - 1 && date.getUTCDate() === day! && hour! < 24;
  if (!exists || minute! > 59 || second! > 59) throw badRequest('the date and time does not exist');
  const [hours, minutes, seconds] = [9, 10, 11].map((group) => Number(match[group] ?? '0'));
  const offset = (hours! * 3600 + minutes! * 60 + seconds!) * (match[8] === '-' ? -1 : 1);
  const instant: Instant = {
    seconds: date.getTime() / 1000 - offset,
    nanos: Number((match[7] ?? '').padEnd(9, '0')),
    offsetSeconds: offset === 0 ? 0 : offset,
  };
  if (minutes! > 59 || seconds! > 59 || Math.abs(offset) > offsetSecondsMax || !isInRange(instant))
    throw badRequest('the date and time is out of range');
  return instant;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}

/** Point and digits, without zeros at the end; `nanos` is not 0. */
function fractionText(nanos: number): string {
  let digits = 9;
  let rest = nanos;
  for (; rest % 10 === 0; rest /= 10) digits--;
  // A 1 in front keeps the zeros behind the point.
  return `.${String(10 ** digits + rest).slice(1)}`;
}

/** ISO 8601 with as many digits of the second as there are, at its own offset. */
export function instantText(instant: Instant): string {
  const local = new Date((instant.seconds + instant.offsetSeconds) * 1000).toISOString().slice(0, 19);
  const fraction = instant.nanos === 0 ? '' : fractionText(instant.nanos);
  if (instant.offsetSeconds === 0) return `${local}${fraction}Z`;
  const offset = Math.abs(instant.offsetSeconds);
  const seconds = offset % 60 === 0 ? '' : `:${twoDigits(offset % 60)}`;
  const sign = instant.offsetSeconds < 0 ? '-' : '+';
  return `${local}${fraction}${sign}${twoDigits(Math.floor(offset / 3600))}:${twoDigits(Math.floor(offset / 60) % 60)}${seconds}`;
}

/** The same instant without its offset, for doors whose times are UTC. Throws BadRequest for parts of 100 ns. */
export function utcInstant(instant: Instant): Instant {
  if (instant.nanos % 100 !== 0) throw badRequest('the time has more than 7 digits of a second');
  return { ...instant, offsetSeconds: 0 };
}

/** The one stored form of an instant. */
export function rawOfInstant(instant: Instant): Raw {
  const { seconds, nanos, offsetSeconds } = instant;
  if (offsetSeconds !== 0 || nanos % 100 !== 0)
    return rawOfExtended({ kind: 'offsetDateTime', seconds: BigInt(seconds), nanos, offsetSeconds });
  const bytes = new Uint8Array(tickFormBytes);
  const type = writeUtcInstant(bytes, 0, seconds, nanos);
  return new Raw(bytes, type, 0, type === BsonType.date ? dateFormBytes : tickFormBytes);
}

/** Bytes of the two stored forms of an instant in UTC whose nanoseconds are a multiple of 100. */
export const dateFormBytes = 8;
export const tickFormBytes = 14;

const two32 = 2 ** 32;

/** Writes such an instant at `at` as it is stored; gives the type of its element, which tells its length. */
export function writeUtcInstant(out: Uint8Array, at: number, seconds: number, nanos: number): number {
  if (nanos % 1_000_000 === 0) {
    const milliseconds = seconds * 1000 + nanos / 1_000_000;
    writeInt32(out, at, milliseconds);
    writeInt32(out, at + 4, Math.floor(milliseconds / two32));
    return BsonType.date;
  }
  // Ticks have more bits than a double: the seconds are taken in two parts, of which each product is exact.
  const since = seconds + secondsBefore1970;
  const high = Math.floor(since / 0x10000);
  const low = (since - high * 0x10000) * ticksPerSecondNumber + nanos / 100;
  const carry = Math.floor(low / 0x10000);
  const upper = high * ticksPerSecondNumber + carry;
  const top = Math.floor(upper / 0x10000);
  writeInt32(out, at, tickFormBytes - 5);
  out[at + 4] = BinarySubtype.extended;
  out[at + 5] = ticksKind;
  writeUint32BE(out, at + 6, top);
  writeUint32BE(out, at + 10, (upper - top * 0x10000) * 0x10000 + (low - carry * 0x10000));
  return BsonType.binary;
}

/** What `readUtc` reads into: the caller's, so that nothing is made for a time. */
export interface UtcTime {
  seconds: number;
  nanos: number;
}

/**
 * Reads a time as most clients write it, `2026-01-02T03:04:05.1234567Z`, on a day that every month has, from the bytes
 * of its text. False for all others, which may be times, too.
 */
export function readUtc(into: UtcTime, text: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  if (length < 20 || length > utcTextMax || text[start + 4] !== 0x2d || text[start + 7] !== 0x2d) return false;
  if (text[start + 10] !== 0x54 || text[start + 13] !== 0x3a || text[start + 16] !== 0x3a || text[end - 1] !== 0x5a)
    return false;
  const year = digitsAt(text, start, 4);
  const month = digitsAt(text, start + 5, 2);
  const day = digitsAt(text, start + 8, 2);
  const hour = digitsAt(text, start + 11, 2);
  const minute = digitsAt(text, start + 14, 2);
  const second = digitsAt(text, start + 17, 2);
  if (!(year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= 28)) return false;
  if (!(hour < 24 && minute < 60 && second < 60)) return false;
  const digits = length - 21;
  const fraction = digits > 0 && text[start + 19] === 0x2e ? digitsAt(text, start + 20, digits) : digits < 0 ? 0 : NaN;
  if (Number.isNaN(fraction)) return false;
  into.seconds = daysSince1970(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
  into.nanos = digits < 0 ? 0 : fraction * tens[9 - digits]!;
  return true;
}

const tens = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];

/** The number that so many digits spell; NaN for other bytes. */
function digitsAt(text: Uint8Array, start: number, count: number): number {
  let value = 0;
  for (let i = start; i < start + count; i++) {
    const digit = text[i]! - 0x30;
    if (digit < 0 || digit > 9) return NaN;
    value = value * 10 + digit;
  }
  return value;
}

/** Days in the Gregorian calendar. Years begin in March here, so that the day that leap years add is the last one. */
function daysSince1970(year: number, month: number, day: number): number {
  const from = month > 2 ? year : year - 1;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  return 365 * from + Math.floor(from / 4) - Math.floor(from / 100) + Math.floor(from / 400) + dayOfYear - 719_468;
}

/** The instant that a stored value is, in any of the three forms; undefined for others and beyond years 1 to 9999. */
export function instantOf(raw: Raw): Instant | undefined {
  if (raw.type === BsonType.date) {
    const milliseconds = Number(readInt64(raw.bytes, raw.start));
    const seconds = Math.floor(milliseconds / 1000);
    const instant = { seconds, nanos: (milliseconds - seconds * 1000) * 1_000_000, offsetSeconds: 0 };
    return isInRange(instant) ? instant : undefined;
  }
  const extended = extendedOf(raw);
  if (extended?.kind === 'ticks') {
    const seconds = Number(extended.ticks / ticksPerSecond) - secondsBefore1970;
    return { seconds, nanos: Number(extended.ticks % ticksPerSecond) * 100, offsetSeconds: 0 };
  }
  if (extended?.kind !== 'offsetDateTime') return undefined;
  const { nanos, offsetSeconds } = extended;
  const instant = { seconds: Number(extended.seconds), nanos, offsetSeconds };
  return isInRange(instant) ? instant : undefined;
}
