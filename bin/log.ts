// Log lines on standard error, through pino: one JSON object a line, or the same made readable. Keys never appear,
// and bytes from outside cannot move the cursor of a terminal.

import { pino, type Logger } from 'pino';
import type { Settings } from './flags.ts';

export type { Logger };

/** Paths pino blanks out, should an object that carries a key ever be logged. */
const secretPaths = ['key', 'keys', '*.key', '*.keys', 'authorization', '*.authorization', 'headers', '*.headers'];

export function openLog(settings: Pick<Settings, 'log' | 'logLevel'>): Logger {
  const options = {
    level: settings.logLevel,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: secretPaths, censor: '[secret]' },
  };
  const write = (line: string): void => {
    process.stderr.write(line);
  };
  return pino(options, { write: settings.log === 'json' ? write : (line: string) => write(prettyLine(line)) });
}

const marks: Readonly<Record<string, string>> = { warn: 'warning: ', error: 'error: ', fatal: 'fatal: ' };

/** One line of JSON as a person reads it: time of day, message, then the other fields. */
export function prettyLine(line: string): string {
  const { level, time, msg, err, ...rest } = JSON.parse(line) as Record<string, unknown>;
  let out = `${String(time).slice(11, 23)} ${marks[String(level)] ?? ''}${msg === undefined ? '' : String(msg)}`;
  for (const [name, value] of Object.entries(rest))
    out += ` ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`;
  if (typeof err === 'object' && err !== null && 'stack' in err) out += `\n${String(err.stack)}`;
  return `${withoutControls(out)}\n`;
}

/** Keeps line ends and tabs; every other control character would let stored text write to the terminal. */
function withoutControls(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '\u{fffd}');
}
