// Date and time functions. "Static" ones and Now and Ago answer for the start of the execution, so that all rows of
// one page agree; the others look at the clock each time.

import type { Value } from '../../../model/value.ts';
import type { EvaluationContext } from '../context.ts';
import {
  daysInMonth,
  floorDivide,
  isTicksInRange,
  partsOfTicks,
  textOfTicks,
  ticksOfParts,
  ticksOfText,
  ticksPerDay,
  ticksPerMs,
  ticksPerSecond,
} from './date-time-text.ts';
import { formatTicks } from './date-time-format.ts';
import type { FunctionRow } from './row.ts';

type Part =
  | 'year'
  | 'month'
  | 'day'
  | 'hour'
  | 'minute'
  | 'second'
  | 'millisecond'
  | 'microsecond'
  | 'nanosecond'
  | 'weekday';

const partNames = new Map<string, Part>(
  (
    [
      ['year', 'year', 'yyyy', 'yy'],
      ['month', 'month', 'mm', 'm'],
      ['day', 'day', 'dd', 'd'],
      ['hour', 'hour', 'hh'],
      ['minute', 'minute', 'mi', 'n'],
      ['second', 'second', 'ss', 's'],
      ['millisecond', 'millisecond', 'ms'],
      ['microsecond', 'microsecond', 'mcs'],
      ['nanosecond', 'nanosecond', 'ns'],
      ['weekday', 'weekday', 'dw', 'w'],
    ] as const
  ).flatMap(([part, ...names]) => names.map((name) => [name, part] as const)),
);

/** Ticks of the parts that have a fixed length. A nanosecond is a hundredth: counts of it are divided. */
const fixedTicks: Readonly<Partial<Record<Part, bigint>>> = {
  day: ticksPerDay,
  hour: 3600n * ticksPerSecond,
  minute: 60n * ticksPerSecond,
  second: ticksPerSecond,
  millisecond: ticksPerMs,
  microsecond: 10n,
};

function partOf(value: Value): Part | undefined {
  return typeof value === 'string' ? partNames.get(value.toLowerCase()) : undefined;
}

function ticksOf(value: Value): bigint | undefined {
  return typeof value === 'string' ? ticksOfText(value) : undefined;
}

/** An integer argument that a bigint can take. */
function integerOf(context: EvaluationContext, value: Value): number | undefined {
  const number = context.semantics.numberOf(value);
  return number !== undefined && Number.isSafeInteger(number) ? number : undefined;
}

function add(part: Part, count: number, ticks: bigint): bigint | undefined {
  if (part === 'year' || part === 'month') {
    const { date } = partsOfTicks(ticks);
    const months = (part === 'year' ? count * 12 : count) + date.getUTCFullYear() * 12 + date.getUTCMonth();
    const year = Math.floor(months / 12);
    const month = (months % 12) + 1;
    if (year < 1 || year > 9999) return undefined;
    const day = Math.min(date.getUTCDate(), daysInMonth(year, month));
    const startOfDay = ticksOfParts(year, month, day, 0, 0, 0, 0);
    const ofDay = ticks - floorDivide(ticks, ticksPerDay) * ticksPerDay;
    return startOfDay === undefined ? undefined : startOfDay + ofDay;
  }
  if (part === 'nanosecond') return ticks + floorDivide(BigInt(count), 100n);
  const fixed = fixedTicks[part];
  return fixed === undefined ? undefined : ticks + BigInt(count) * fixed;
}

/** Boundaries of the part that lie between the two dates. */
function difference(part: Part, from: bigint, to: bigint): bigint | undefined {
  if (part === 'year' || part === 'month') {
    const start = partsOfTicks(from).date;
    const end = partsOfTicks(to).date;
    const years = end.getUTCFullYear() - start.getUTCFullYear();
    return BigInt(part === 'year' ? years : years * 12 + end.getUTCMonth() - start.getUTCMonth());
  }
  if (part === 'nanosecond') return (to - from) * 100n;
  const fixed = fixedTicks[part];
  return fixed === undefined ? undefined : floorDivide(to, fixed) - floorDivide(from, fixed);
}

function extract(part: Part, ticks: bigint): number {
  const { date, fraction } = partsOfTicks(ticks);
  switch (part) {
    case 'year':
      return date.getUTCFullYear();
    case 'month':
      return date.getUTCMonth() + 1;
    case 'day':
      return date.getUTCDate();
    case 'weekday':
      return date.getUTCDay() + 1;
    case 'hour':
      return date.getUTCHours();
    case 'minute':
      return date.getUTCMinutes();
    case 'second':
      return date.getUTCSeconds();
    case 'millisecond':
      return Math.floor(fraction / 10_000);
    case 'microsecond':
      return Math.floor(fraction / 10);
    case 'nanosecond':
      return fraction * 100;
  }
}

function extractRow(name: string, part: Part): FunctionRow {
  return {
    name,
    arity: [1, 1],
    evaluate: (_context, value) => {
      const ticks = ticksOf(value);
      return ticks === undefined ? undefined : extract(part, ticks);
    },
  };
}

function bin(context: EvaluationContext, date: Value, unit: Value, size: Value, origin: Value): Value {
  const ticks = ticksOf(date);
  const part = partOf(unit);
  const count = integerOf(context, size);
  const start = ticksOf(origin);
  if (ticks === undefined || part === undefined || count === undefined || count <= 0 || start === undefined) {
    return undefined;
  }
  let width: bigint;
  if (part === 'nanosecond') width = BigInt(Math.max(1, Math.floor(count / 100)));
  else {
    const fixed = fixedTicks[part];
    if (fixed === undefined) return undefined;
    width = BigInt(count) * fixed;
  }
  return textOfTicks(start + floorDivide(ticks - start, width) * width);
}

function ticksOfMs(ms: number): bigint {
  const whole = Math.floor(ms);
  return BigInt(whole) * ticksPerMs + BigInt(Math.floor((ms - whole) * 10_000));
}

type Clock = (context: EvaluationContext) => number;
const atStart: Clock = (context) => context.startedMs;
const atOnce: Clock = (context) => context.ports.now();

function current(name: string, clock: Clock, show: (ms: number) => Value): FunctionRow {
  return { name, arity: [0, 0], evaluate: (context) => show(clock(context)), volatile: true };
}

const asText = (ms: number): Value => textOfTicks(ticksOfMs(ms));
const asTicks = (ms: number): Value => Number(ticksOfMs(ms));
const asTimestamp = (ms: number): Value => Math.floor(ms);

export const dateTimeFunctions: readonly FunctionRow[] = [
  {
    name: 'AGO',
    arity: [2, 2],
    volatile: true,
    evaluate: (context, unit, count) => {
      const part = partOf(unit);
      const number = integerOf(context, count);
      if (part === undefined || number === undefined) return undefined;
      const ticks = add(part, -number, ticksOfMs(context.startedMs));
      return ticks === undefined ? undefined : textOfTicks(ticks);
    },
  },
  current('NOW', atStart, asText),
  current('GETCURRENTDATETIME', atOnce, asText),
  current('GETCURRENTDATETIMESTATIC', atStart, asText),
  current('GETCURRENTTICKS', atOnce, asTicks),
  current('GETCURRENTTICKSSTATIC', atStart, asTicks),
  current('GETCURRENTTIMESTAMP', atOnce, asTimestamp),
  current('GETCURRENTTIMESTAMPSTATIC', atStart, asTimestamp),
  {
    name: 'DATETIMEADD',
    arity: [3, 3],
    evaluate: (context, unit, count, date) => {
      const part = partOf(unit);
      const number = integerOf(context, count);
      const ticks = ticksOf(date);
      if (part === undefined || number === undefined || ticks === undefined) return undefined;
      const moved = add(part, number, ticks);
      return moved === undefined ? undefined : textOfTicks(moved);
    },
  },
  {
    name: 'DATETIMEBIN',
    arity: [2, 4],
    evaluate: (context, date, unit, size = 1, origin = '1970-01-01') => bin(context, date, unit, size, origin),
  },
  {
    name: 'DATETIMEDIFF',
    arity: [3, 3],
    evaluate: (_context, unit, from, to) => {
      const part = partOf(unit);
      const start = ticksOf(from);
      const end = ticksOf(to);
      if (part === undefined || start === undefined || end === undefined) return undefined;
      const count = difference(part, start, end);
      return count === undefined ? undefined : Number(count);
    },
  },
  {
    name: 'DATETIMEFORMAT',
    arity: [2, 2],
    evaluate: (_context, date, format) => {
      const ticks = ticksOf(date);
      return ticks === undefined || typeof format !== 'string' ? undefined : formatTicks(ticks, format);
    },
  },
  {
    name: 'DATETIMEFROMPARTS',
    arity: [3, 7],
    evaluate: (context, ...given) => {
      const parts = given.map((part) => integerOf(context, part));
      if (parts.some((part) => part === undefined)) return undefined;
      const [year, month, day, hour = 0, minute = 0, second = 0, fraction = 0] = parts;
      const ticks = ticksOfParts(year!, month!, day!, hour, minute, second, fraction);
      return ticks === undefined ? undefined : textOfTicks(ticks);
    },
  },
  {
    name: 'DATETIMEPART',
    arity: [2, 2],
    evaluate: (_context, unit, date) => {
      const part = partOf(unit);
      const ticks = ticksOf(date);
      return part === undefined || ticks === undefined ? undefined : extract(part, ticks);
    },
  },
  {
    name: 'DATETIMETOTICKS',
    arity: [1, 1],
    evaluate: (_context, date) => {
      const ticks = ticksOf(date);
      return ticks === undefined ? undefined : Number(ticks);
    },
  },
  {
    name: 'DATETIMETOTIMESTAMP',
    arity: [1, 1],
    evaluate: (_context, date) => {
      const ticks = ticksOf(date);
      return ticks === undefined ? undefined : Number(floorDivide(ticks, ticksPerMs));
    },
  },
  {
    name: 'TICKSTODATETIME',
    arity: [1, 1],
    evaluate: (context, value) => {
      const number = context.semantics.numberOf(value);
      if (number === undefined || !Number.isInteger(number)) return undefined;
      const ticks = typeof value === 'bigint' ? value : BigInt(number);
      return isTicksInRange(ticks) ? textOfTicks(ticks) : undefined;
    },
  },
  {
    name: 'TIMESTAMPTODATETIME',
    arity: [1, 1],
    evaluate: (context, value) => {
      const number = integerOf(context, value);
      return number === undefined ? undefined : textOfTicks(BigInt(number) * ticksPerMs);
    },
  },
  extractRow('DAY', 'day'),
  extractRow('MONTH', 'month'),
  extractRow('YEAR', 'year'),
];
