// The text of durations as java.time.Duration writes and reads it (ISO 8601 without years and months):
// PT8H6M12.345S. Each part has its own sign; a day is 24 hours.

import { badRequest } from './errors.ts';

export interface Duration {
  readonly seconds: bigint;
  /** 0 … 999,999,999, added to the seconds also when those are negative. */
  readonly nanos: number;
}

const nanosPerSecond = 1_000_000_000n;

/** Characters of a text that is read; each part of it fits an int64 long before. */
const textCharactersMax = 128;

const form = /^([+-]?)P(?:([+-]?\d+)D)?(?:T(?:([+-]?\d+)H)?(?:([+-]?\d+)M)?(?:([+-]?)(\d+)(?:[.,](\d{0,9}))?S)?)?$/i;

/** Throws BadRequest for other text and for what int64 seconds do not hold. */
export function parseDuration(text: string): Duration {
  const match = text.length > textCharactersMax ? null : form.exec(text);
  if (match === null || !/\d[DHMS]$/i.test(text.replace(/[.,]S$/i, 'S')))
    throw badRequest('the text is no duration of ISO 8601');
  const part = (group: number): bigint => BigInt(match[group]?.replace('+', '') ?? '0');
  const ownSign = match[5] === '-' ? -1n : 1n;
  const fraction = BigInt((match[7] ?? '').padEnd(9, '0'));
  const wholeSeconds = part(2) * 86400n + part(3) * 3600n + part(4) * 60n + part(6) * ownSign;
  const magnitude = wholeSeconds * nanosPerSecond + fraction * ownSign;
  const total = match[1] === '-' ? -magnitude : magnitude;
  const nanos = ((total % nanosPerSecond) + nanosPerSecond) % nanosPerSecond;
  const seconds = (total - nanos) / nanosPerSecond;
  if (BigInt.asIntN(64, seconds) !== seconds) throw badRequest('the duration is out of range');
  return { seconds, nanos: Number(nanos) };
}

export function durationText(duration: Duration): string {
  const total = duration.seconds * nanosPerSecond + BigInt(duration.nanos);
  const sign = total < 0n ? '-' : '';
  const magnitude = total < 0n ? -total : total;
  const whole = magnitude / nanosPerSecond;
  const nanos = magnitude % nanosPerSecond;
  const [hours, minutes, seconds] = [whole / 3600n, (whole / 60n) % 60n, whole % 60n];
  let text = 'PT';
  if (hours > 0n) text += `${sign}${hours}H`;
  if (minutes > 0n) text += `${sign}${minutes}M`;
  const fraction = nanos === 0n ? '' : `.${nanos.toString().padStart(9, '0').replace(/0+$/, '')}`;
  return seconds > 0n || fraction !== '' || text === 'PT' ? `${text}${sign}${seconds}${fraction}S` : text;
}
