// The ETag text that Cosmos clients see: a version stamp written as a quoted GUID,
//
//   "tttttttt-tttt-tt00-0000-ssssssss0000"
//
// t: the stamp in ticks, 56 bits; s: its seconds since 1970, for people, as the service's own ETags end.
// Equal texts, equal stamps, and the other way round, so stamps are compared and never texts.

import { secondsOf, type HybridTime } from './hybrid-time.ts';

/** What a text that is no ETag of ours stands for: it equals no version. */
export const noVersion = -1 as HybridTime;

const two28 = 2 ** 28;

/** Without the quotes that HTTP puts around it. */
function guidOf(time: HybridTime): string {
  const high = (Math.floor(time / two28) + two28).toString(16);
  const low = ((time % two28) + two28).toString(16);
  const seconds = (secondsOf(time) + 2 ** 32).toString(16);
  return `${high.slice(1)}${low.charAt(1)}-${low.slice(2, 6)}-${low.slice(6)}00-0000-${seconds.slice(1)}0000`;
}

export function etagOf(time: HybridTime): string {
  return `"${guidOf(time)}"`;
}

const shape = /^"?([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{2})00-0000-[0-9a-f]{8}0000"?$/i;

/** The stamp of an ETag as a client sent it; '*' is any version, anything that is not ours equals none. */
export function parseEtag(text: string): HybridTime | '*' {
  const trimmed = text.trim();
  if (trimmed === '*') return '*';
  const match = shape.exec(trimmed);
  if (match === null) return noVersion;
  const time = parseInt(match[1]! + match[2]! + match[3]!, 16);
  if (!Number.isSafeInteger(time)) return noVersion;
  const guid = guidOf(time as HybridTime);
  return trimmed.toLowerCase() === `"${guid}"` || trimmed.toLowerCase() === guid ? (time as HybridTime) : noVersion;
}
