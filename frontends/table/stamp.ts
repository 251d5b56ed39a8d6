// The version stamp of an entity as the service shows it: `Timestamp`, and the ETag made of it,
//
//   W/"datetime'2026-01-02T03%3A04%3A05.1234560Z'"
//
// in UTC and ticks of 100 ns. Our stamps count microseconds, so the last digit is 0. Equal texts, equal stamps:
// stamps are compared and never texts. Source: "Specifying conditional headers for operations" (Azure Storage).

import { epochMs, secondsOf, type HybridTime } from '../../model/hybrid-time.ts';
import { parseInstant } from '../../model/instant.ts';
import { refusal } from './errors.ts';

/** What a stamp that is no version of ours stands for: it equals none. */
const noVersion = -1 as HybridTime;

const ticksPerSecond = 1_000_000;

/** The texts of all stamps within a second, up to the fraction. */
interface SecondTexts {
  readonly seconds: number;
  readonly timestamp: string;
  readonly etag: string;
  readonly etagJson: string;
}

/** Seconds whose texts are kept: the rows of a page are of few. */
const secondsKept = 256;
const kept = new Array<SecondTexts | undefined>(secondsKept);

function textsOf(time: HybridTime): SecondTexts {
  const seconds = secondsOf(time);
  const place = seconds % secondsKept;
  const known = kept[place];
  if (known?.seconds === seconds) return known;
  const timestamp = `${new Date(seconds * 1000).toISOString().slice(0, 19)}.`;
  const within = `datetime'${timestamp.replaceAll(':', '%3A')}`;
  return (kept[place] = { seconds, timestamp, etag: `W/"${within}`, etagJson: `"W/\\"${within}` });
}

function fractionOf(time: HybridTime): string {
  return String(ticksPerSecond + (time % ticksPerSecond)).slice(1);
}

/** `Timestamp`: always seven digits of the second, so that clients can make the ETag of it. */
export function timestampOf(time: HybridTime): string {
  return `${textsOf(time).timestamp}${fractionOf(time)}0Z`;
}

export function etagOf(time: HybridTime): string {
  return `${textsOf(time).etag}${fractionOf(time)}0Z'"`;
}

/** The ETag as a JSON string. */
export function etagJsonOf(time: HybridTime): string {
  return `${textsOf(time).etagJson}${fractionOf(time)}0Z'\\""`;
}

const shape = /^(?:W\/)?"datetime'([^']{1,64})'"$/;

/** The stamp of an ETag as a client sent it; '*' is any version. Throws InvalidInput for what is no ETag. */
export function parseEtag(text: string): HybridTime | '*' {
  const trimmed = text.trim();
  if (trimmed === '*') return '*';
  const match = shape.exec(trimmed);
  if (match === null) throw invalidEtag();
  let instant;
  try {
    instant = parseInstant(decodeURIComponent(match[1]!));
  } catch {
    throw invalidEtag();
  }
  const { seconds, nanos } = instant;
  if (nanos % 1000 !== 0) return noVersion;
  const time = (seconds - epochMs / 1000) * ticksPerSecond + nanos / 1000;
  return time >= 0 ? (time as HybridTime) : noVersion;
}

function invalidEtag(): Error {
  return refusal(
    'InvalidInput',
    'If-Match',
    'The etag value specified in one of the request headers is not valid. Please make sure only one etag value is ' +
      'specified and is valid.',
  );
}
