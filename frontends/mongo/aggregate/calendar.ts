// Calendar arithmetic on milliseconds since 1970: the proleptic Gregorian calendar and ISO 8601 weeks, without the
// range of JavaScript's Date. Every function is pure and total over safe integers.

export const dayMs = 86_400_000;

export interface DateParts {
  readonly year: number;
  /** 1 … 12 */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly millisecond: number;
}

/** Days since 1970 of a date; months beyond 1 … 12 and days beyond the month's carry over. */
export function daysOf(year: number, month: number, day: number): number {
  const carried = year + Math.floor((month - 1) / 12);
  const inYear = month - 12 * Math.floor((month - 1) / 12);
  // Years begin in March, so that the leap day is the last one.
  const y = inYear <= 2 ? carried - 1 : carried;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (inYear + (inYear > 2 ? -3 : 9)) + 2) / 5);
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468 + day - 1;
}

export function partsOf(localMs: number): DateParts {
  const days = Math.floor(localMs / dayMs);
  const inDay = localMs - days * dayMs;
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1,
    hour: Math.floor(inDay / 3_600_000),
    minute: Math.floor(inDay / 60_000) % 60,
    second: Math.floor(inDay / 1000) % 60,
    millisecond: inDay % 1000,
  };
}

/** Milliseconds of parts; each may be out of its range and carries over. */
export function millisecondsOf(parts: DateParts): number {
  return (
    daysOf(parts.year, parts.month, parts.day) * dayMs +
    parts.hour * 3_600_000 +
    parts.minute * 60_000 +
    parts.second * 1000 +
    parts.millisecond
  );
}

export function daysInMonth(year: number, month: number): number {
  return daysOf(year, month + 1, 1) - daysOf(year, month, 1);
}

/** 1 is Monday, 7 Sunday. */
export function isoDayOfWeek(days: number): number {
  return ((((days + 3) % 7) + 7) % 7) + 1;
}

/** 1 … 366 */
export function dayOfYear({ year, month, day }: DateParts): number {
  return daysOf(year, month, day) - daysOf(year, 1, 1) + 1;
}

/** Monday of the first ISO week of a year: the week with its fourth of January. */
export function isoYearStart(isoYear: number): number {
  const fourth = daysOf(isoYear, 1, 4);
  return fourth - isoDayOfWeek(fourth) + 1;
}

export function isoWeekOf(days: number): { readonly isoYear: number; readonly isoWeek: number } {
  const { year } = partsOf(days * dayMs);
  const isoYear = days >= isoYearStart(year + 1) ? year + 1 : days >= isoYearStart(year) ? year : year - 1;
  return { isoYear, isoWeek: Math.floor((days - isoYearStart(isoYear)) / 7) + 1 };
}

/** Weeks begin on Sundays; days before the first Sunday are in week 0. */
export function weekOfYear(parts: DateParts): number {
  const sunday = isoDayOfWeek(daysOf(parts.year, parts.month, parts.day)) % 7;
  return Math.floor((dayOfYear(parts) - 1 + 7 - sunday) / 7);
}
