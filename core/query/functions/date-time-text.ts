// Dates as text and as ticks: 100-nanosecond units since 1970, a bigint, because a double does not hold today's.
// Text is ISO 8601 in UTC, `YYYY-MM-DDThh:mm:ss.fffffffZ`; parts may be missing from the right, the Z and the T may.

const pattern = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,7}))?)?(Z)?)?$/;

export const ticksPerMs = 10_000n;
export const ticksPerSecond = 10_000_000n;
export const ticksPerDay = 86_400n * ticksPerSecond;

/** The ticks of a date, from parts in range; undefined when the day does not exist. Months count from 1. */
export function ticksOfParts(
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
  fraction: number,
): bigint | undefined {
  if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined;
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return undefined;
  if (fraction < 0 || fraction > 9_999_999) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  return BigInt(date.getTime()) * ticksPerMs + BigInt(fraction);
}

export function daysInMonth(year: number, month: number): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month, 0);
  return date.getUTCDate();
}

export function ticksOfText(text: string): bigint | undefined {
  const match = pattern.exec(text);
  if (match === null) return undefined;
  const part = (group: number): number => Number(match[group] ?? '0');
  const fraction = Number((match[7] ?? '').padEnd(7, '0'));
  return ticksOfParts(part(1), part(2), part(3), part(4), part(5), part(6), fraction);
}

const ticksMin = ticksOfParts(1, 1, 1, 0, 0, 0, 0)!;
const ticksMax = ticksOfParts(9999, 12, 31, 23, 59, 59, 9_999_999)!;

/** Year 1 to 9999: what the text form can say. */
export function isTicksInRange(ticks: bigint): boolean {
  return ticks >= ticksMin && ticks <= ticksMax;
}

/** Division that rounds down, also below zero. */
export function floorDivide(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  return dividend % divisor < 0n ? quotient - 1n : quotient;
}

export interface DateParts {
  readonly date: Date;
  /** 100 ns units within the second. */
  readonly fraction: number;
}

export function partsOfTicks(ticks: bigint): DateParts {
  const seconds = floorDivide(ticks, ticksPerSecond);
  return { date: new Date(Number(seconds) * 1000), fraction: Number(ticks - seconds * ticksPerSecond) };
}

export function textOfTicks(ticks: bigint): string | undefined {
  if (!isTicksInRange(ticks)) return undefined;
  const { date, fraction } = partsOfTicks(ticks);
  return `${date.toISOString().slice(0, 19)}.${String(fraction).padStart(7, '0')}Z`;
}
