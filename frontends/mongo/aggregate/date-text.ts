// Dates as text: MongoDB's format specifiers both ways, and ISO 8601 in the spellings that dates come in.
// Source: MongoDB manual, "Format Specifiers", "$dateFromString".

import { MongoCode, MongoError } from '../errors.ts';
import {
  dayOfYear,
  daysOf,
  dayMs,
  isoDayOfWeek,
  isoWeekOf,
  isoYearStart,
  millisecondsOf,
  partsOf,
  weekOfYear,
} from './calendar.ts';
import { utc, utcOf, zoneNamed, type TimeZone } from './timezone.ts';

function digits(value: number, width: number): string {
  return String(value).padStart(width, '0');
}

const months = [
  'January', 'February', 'March', 'April', 'May', 'June',
  'July', 'August', 'September', 'October', 'November', 'December',
]; // prettier-ignore

/** `2024-02-29T12:00:00.000Z`; years beyond four digits are written whole. */
export function isoText(utcMs: number): string {
  return formatDate(utcMs, '%Y-%m-%dT%H:%M:%S.%LZ', utc);
}

/** `+hhmm` or, with a colon, `+hh:mm`. */
function offsetText(offsetMs: number): string {
  const minutes = Math.abs(Math.trunc(offsetMs / 60_000));
  return `${offsetMs < 0 ? '-' : '+'}${digits(Math.floor(minutes / 60), 2)}${digits(minutes % 60, 2)}`;
}

/** Throws for a specifier there is not. */
export function formatDate(utcMs: number, format: string, zone: TimeZone): string {
  const offset = zone.offsetMs(utcMs);
  const parts = partsOf(utcMs + offset);
  const days = Math.floor((utcMs + offset) / dayMs);
  let text = '';
  for (let i = 0; i < format.length; i++) {
    if (format[i] !== '%') {
      text += format[i]!;
      continue;
    }
    const specifier = format[++i];
    switch (specifier) {
      case '%':
        text += '%';
        break;
      case 'Y':
        text += yearText(parts.year);
        break;
      case 'm':
        text += digits(parts.month, 2);
        break;
      case 'd':
        text += digits(parts.day, 2);
        break;
      case 'H':
        text += digits(parts.hour, 2);
        break;
      case 'M':
        text += digits(parts.minute, 2);
        break;
      case 'S':
        text += digits(parts.second, 2);
        break;
      case 'L':
        text += digits(parts.millisecond, 3);
        break;
      case 'j':
        text += digits(dayOfYear(parts), 3);
        break;
      case 'w':
        text += String((isoDayOfWeek(days) % 7) + 1);
        break;
      case 'u':
        text += String(isoDayOfWeek(days));
        break;
      case 'U':
        text += digits(weekOfYear(parts), 2);
        break;
      case 'V':
        text += digits(isoWeekOf(days).isoWeek, 2);
        break;
      case 'G':
        text += yearText(isoWeekOf(days).isoYear);
        break;
      case 'b':
        text += months[parts.month - 1]!.slice(0, 3);
        break;
      case 'B':
        text += months[parts.month - 1]!;
        break;
      case 'z':
        text += offsetText(offset);
        break;
      case 'Z':
        text += String(Math.trunc(offset / 60_000));
        break;
      case undefined:
        throw new MongoError(18535, "Unmatched '%' at end of format string");
      default:
        throw new MongoError(18536, `Invalid format character '%${specifier}' in format string`);
    }
  }
  return text;
}

function yearText(year: number): string {
  return year < 0 ? `-${digits(-year, 4)}` : digits(year, 4);
}

function unreadable(): MongoError {
  return new MongoError(MongoCode.ConversionFailure, 'Error parsing date string: it is no date and time');
}

const isoForm =
  /^\s*(\d{4})-?(\d\d)-?(\d\d)(?:(?:[Tt ]|\s+)(\d\d):?(\d\d)(?::?(\d\d)(?:[.,](\d{1,9}))?)?\s*(Z|z|[+-]\d\d(?::?\d\d)?|[A-Za-z][A-Za-z0-9_+/-]*)?)?\s*$/;
const wordForm =
  /^\s*(?:[A-Za-z]{3,9},?\s+)?(?:(\d{1,2})\s+([A-Za-z]{3,9})|([A-Za-z]{3,9})\s+(\d{1,2})(?:st|nd|rd|th)?),?\s+(\d{4})(?:,?\s+(\d{1,2}):(\d\d)(?::(\d\d))?\s*(Z|[+-]\d\d(?::?\d\d)?|[A-Za-z][A-Za-z0-9_+/-]*)?)?\s*$/;

/** Reads a date without a format; `zone` is where one without an offset stands, and excludes another in the text. */
export function parseDate(text: string, zone: TimeZone | undefined): number {
  const iso = isoForm.exec(text);
  if (iso !== null)
    return dateAt(
      [Number(iso[1]), Number(iso[2]), Number(iso[3]), Number(iso[4] ?? 0), Number(iso[5] ?? 0), Number(iso[6] ?? 0)],
      Math.floor(Number((iso[7] ?? '').padEnd(9, '0')) / 1_000_000),
      iso[8],
      zone,
    );
  const words = wordForm.exec(text);
  if (words === null) throw unreadable();
  const month = monthNamed(words[2] ?? words[3]!);
  return dateAt(
    [
      Number(words[5]),
      month,
      Number(words[1] ?? words[4]),
      Number(words[6] ?? 0),
      Number(words[7] ?? 0),
      Number(words[8] ?? 0),
    ],
    0,
    words[9],
    zone,
  );
}

function monthNamed(word: string): number {
  const lower = word.toLowerCase();
  const month = months.findIndex((name) => name.toLowerCase() === lower || name.toLowerCase().slice(0, 3) === lower);
  if (month < 0) throw unreadable();
  return month + 1;
}

function dateAt(
  [year, month, day, hour, minute, second]: readonly [number, number, number, number, number, number],
  millisecond: number,
  zoneText: string | undefined,
  zone: TimeZone | undefined,
): number {
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 24 || minute > 59 || second > 59) throw unreadable();
  const local = millisecondsOf({ year, month, day, hour, minute, second, millisecond });
  if (zoneText === undefined) return utcOf(local, zone ?? utc);
  if (zone !== undefined)
    throw new MongoError(
      MongoCode.ConversionFailure,
      'you cannot pass in a date/time string with time zone information together with a timezone argument',
    );
  const told = zoneNamed(zoneText === 'z' ? 'Z' : zoneText);
  if (told === undefined) throw unreadable();
  return utcOf(local, told);
}

/** What a format's specifiers say while a text is read by it. */
interface Read {
  year?: number;
  month?: number;
  day?: number;
  dayOfYear?: number;
  isoYear?: number;
  isoWeek?: number;
  isoDay?: number;
  hour: number;
  minute: number;
  second: number;
  millisecond: number;
  offsetMinutes?: number;
}

const numberSpecifiers: Readonly<Record<string, readonly [keyof Read, number]>> = {
  Y: ['year', 4],
  m: ['month', 2],
  d: ['day', 2],
  j: ['dayOfYear', 3],
  G: ['isoYear', 4],
  V: ['isoWeek', 2],
  u: ['isoDay', 1],
  H: ['hour', 2],
  M: ['minute', 2],
  S: ['second', 2],
  L: ['millisecond', 3],
};

/** Reads a date by a format. */
export function parseDateBy(text: string, format: string, zone: TimeZone | undefined): number {
  const read: Read = { hour: 0, minute: 0, second: 0, millisecond: 0 };
  let at = 0;
  for (let i = 0; i < format.length; i++) {
    if (format[i] !== '%') {
      if (text[at++] !== format[i]) throw unreadable();
      continue;
    }
    const specifier = format[++i];
    if (specifier === undefined) throw new MongoError(18535, "Unmatched '%' at end of format string");
    at = readSpecifier(text, at, specifier, read);
  }
  if (at !== text.length) throw unreadable();
  return dateOfRead(read, zone);
}

function readSpecifier(text: string, at: number, specifier: string, read: Read): number {
  const number = numberSpecifiers[specifier];
  if (number !== undefined) {
    const [name, width] = number;
    const match = /^\d+/.exec(text.slice(at, at + width));
    if (match === null) throw unreadable();
    read[name] = Number(match[0]);
    return at + match[0].length;
  }
  if (specifier === '%') {
    if (text[at] !== '%') throw unreadable();
    return at + 1;
  }
  if (specifier === 'b' || specifier === 'B') {
    const match = /^[A-Za-z]+/.exec(specifier === 'b' ? text.slice(at, at + 3) : text.slice(at));
    if (match === null) throw unreadable();
    read.month = monthNamed(match[0]);
    return at + match[0].length;
  }
  if (specifier === 'z') {
    const match = /^(?:Z|([+-])(\d\d):?(\d\d)?)/.exec(text.slice(at));
    if (match === null) throw unreadable();
    read.offsetMinutes = (match[1] === '-' ? -1 : 1) * (Number(match[2] ?? 0) * 60 + Number(match[3] ?? 0));
    return at + match[0].length;
  }
  if (specifier === 'Z') {
    const match = /^[+-]?\d+/.exec(text.slice(at));
    if (match === null) throw unreadable();
    read.offsetMinutes = Number(match[0]);
    return at + match[0].length;
  }
  throw new MongoError(18536, `Invalid format character '%${specifier}' in format string`);
}

function dateOfRead(read: Read, zone: TimeZone | undefined): number {
  const { hour, minute, second, millisecond } = read;
  if (hour > 23 || minute > 59 || second > 59) throw unreadable();
  const time = hour * 3_600_000 + minute * 60_000 + second * 1000 + millisecond;
  let days: number;
  if (read.isoYear !== undefined || read.isoWeek !== undefined) {
    if (read.year !== undefined || read.month !== undefined || read.day !== undefined || read.isoYear === undefined)
      throw unreadable();
    days = isoYearStart(read.isoYear) + ((read.isoWeek ?? 1) - 1) * 7 + (read.isoDay ?? 1) - 1;
  } else {
    if (read.year === undefined) throw unreadable();
    if (read.dayOfYear !== undefined) days = daysOf(read.year, 1, 1) + read.dayOfYear - 1;
    else {
      if (read.month === undefined || read.day === undefined) throw unreadable();
      if (read.month < 1 || read.month > 12 || read.day < 1 || read.day > 31) throw unreadable();
      days = daysOf(read.year, read.month, read.day);
    }
  }
  const local = days * dayMs + time;
  if (read.offsetMinutes === undefined) return utcOf(local, zone ?? utc);
  if (zone !== undefined)
    throw new MongoError(
      MongoCode.ConversionFailure,
      'you cannot pass in a date/time string with time zone information together with a timezone argument',
    );
  return local - read.offsetMinutes * 60_000;
}
