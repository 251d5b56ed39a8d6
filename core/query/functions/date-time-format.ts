// DateTimeFormat: custom format texts in the style of .NET. A run of one letter is a specifier; a backslash takes
// the next character as it is, quotes take all up to the next; what is no specifier stands for itself.

import { partsOfTicks } from './date-time-text.ts';
import { checkTextLength } from '../limits.ts';

const dayNames = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const monthNames = [
  ...['January', 'February', 'March', 'April', 'May', 'June'],
  ...['July', 'August', 'September', 'October', 'November', 'December'],
];

function padded(number: number, width: number): string {
  return String(number).padStart(width, '0');
}

/** A name's first three letters for a run of three, all of it for a longer one, else the number. */
function numbered(run: number, number: number, name: string): string {
  if (run >= 4) return name;
  return run === 3 ? name.slice(0, 3) : padded(number, run);
}

function specifier(letter: string, run: number, date: Date, fraction: number): string | undefined {
  const digits = padded(fraction, 7).slice(0, run);
  const hour = date.getUTCHours();
  switch (letter) {
    case 'y':
      return run <= 2 ? padded(date.getUTCFullYear() % 100, run) : padded(date.getUTCFullYear(), run);
    case 'M':
      return numbered(run, date.getUTCMonth() + 1, monthNames[date.getUTCMonth()]!);
    case 'd':
      return numbered(run, run <= 2 ? date.getUTCDate() : date.getUTCDay(), dayNames[date.getUTCDay()]!);
    case 'H':
      return padded(hour, Math.min(run, 2));
    case 'h':
      return padded(hour % 12 === 0 ? 12 : hour % 12, Math.min(run, 2));
    case 'm':
      return padded(date.getUTCMinutes(), Math.min(run, 2));
    case 's':
      return padded(date.getUTCSeconds(), Math.min(run, 2));
    case 'f':
      return run <= 7 ? digits : undefined;
    case 'F':
      return run <= 7 ? digits.replace(/0+$/, '') : undefined;
    case 't':
      return (hour < 12 ? 'AM' : 'PM').slice(0, Math.min(run, 2));
    default:
      return undefined;
  }
}

export function formatTicks(ticks: bigint, format: string): string | undefined {
  const { date, fraction } = partsOfTicks(ticks);
  let text = '';
  for (let i = 0; i < format.length; ) {
    const character = format[i]!;
    if (character === '\\') {
      text += format[i + 1] ?? '';
      i += 2;
    } else if (character === "'" || character === '"') {
      const close = format.indexOf(character, i + 1);
      if (close < 0) return undefined;
      text += format.slice(i + 1, close);
      i = close + 1;
    } else if ('yMdHhmsfFt'.includes(character)) {
      let run = 1;
      while (format[i + run] === character) run++;
      const shown = specifier(character, Math.min(run, 100), date, fraction);
      if (shown === undefined) return undefined;
      text += shown;
      i += run;
    } else {
      text += character;
      i++;
    }
    checkTextLength(text.length);
  }
  return text;
}
