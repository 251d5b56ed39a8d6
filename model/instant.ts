// Points in time finer than BSON's milliseconds: text ↔ instant ↔ stored form. Sources: RFC 3339 and ISO 8601
// for the text, OData v3 Edm.DateTime (100 ns), java.time.OffsetDateTime (1 ns, with an offset).
//
// Equal instants have equal bytes: what whole milliseconds tell is a BSON date, which every door knows as a time;
// else what 100 ns tell are ticks; nanoseconds, or an offset that is part of the value, take the third form
// (docs/decisions/0003-extended-values.md). So a range over times is a range over dates and one over ticks.

import { readInt64 } from './bytes.ts';
import { BsonType } from './bson/types.ts';
import { Raw } from './bson/walk.ts';
import { BsonWriter } from './bson/write.ts';
import { badRequest } from './errors.ts';
import { extendedOf, offsetSecondsMax, rawOfExtended } from './extended.ts';

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

/** The number that so many digits spell; NaN for other characters. */
function digitsAt(text: string, start: number, count: number): number {
  let value = 0;
  for (let i = start; i < start + count; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    value = digit >= 0 && digit <= 9 ? value * 10 + digit : NaN;
  }
  return value;
}

/** `2026-01-02T03:04:05.1234567Z`, as most clients write it, on days that every month has; undefined for the rest. */
function parseCommon(text: string): Instant | undefined {
  const { length } = text;
  if (length < 20 || length > 30 || text[4] !== '-' || text[7] !== '-' || text[10] !== 'T') return undefined;
  if (text[13] !== ':' || text[16] !== ':' || text[length - 1] !== 'Z') return undefined;
  const [year, month, day] = [digitsAt(text, 0, 4), digitsAt(text, 5, 2), digitsAt(text, 8, 2)];
  const [hour, minute, second] = [digitsAt(text, 11, 2), digitsAt(text, 14, 2), digitsAt(text, 17, 2)];
  // Years below 100 are others to Date.
  if (!(year >= 100 && month >= 1 && month <= 12 && day >= 1 && day <= 28)) return undefined;
  if (!(hour < 24 && minute < 60 && second < 60)) return undefined;
  const digits = length - 21;
  const fraction = digits > 0 && text[19] === '.' ? digitsAt(text, 20, digits) : length === 20 ? 0 : NaN;
  if (Number.isNaN(fraction)) return undefined;
  const nanos = digits > 0 ? fraction * 10 ** (9 - digits) : 0;
  return { seconds: Date.UTC(year, month - 1, day, hour, minute, second) / 1000, nanos, offsetSeconds: 0 };
}

/** Reads a date and time; one without offset is UTC. Throws BadRequest. */
export function parseInstant(text: string): Instant {
  const common = parseCommon(text);
  if (common !== undefined) return common;
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
  if (nanos % 1_000_000 !== 0)
    return rawOfExtended({
      kind: 'ticks',
      ticks: BigInt(seconds + secondsBefore1970) * ticksPerSecond + BigInt(nanos / 100),
    });
  const bytes = new BsonWriter(32)
    .beginDocument()
    .date('', seconds * 1000 + nanos / 1_000_000)
    .end()
    .finish();
  return new Raw(bytes, BsonType.date, 6, 14);
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
