// Items with the time of their version in front of their body, as conditions on `Timestamp` see them (Azure Tables). The
// property is never stored: a body that has one of that name shows the version's.

import { BsonWriter } from '../../../model/bson/write.ts';
import { epochMs, type HybridTime } from '../../../model/hybrid-time.ts';
import { rawOfInstant } from '../../../model/instant.ts';
import type { Predicate } from '../../../model/predicate.ts';

export const timestampName = 'Timestamp';

const ticksPerSecond = 1_000_000;

/** Whether a condition somewhere in the predicate is about the time of the version. */
export function namesTimestamp(predicate: Predicate): boolean {
  const open: Predicate[] = [predicate];
  for (let next = open.pop(); next !== undefined; next = open.pop())
    if (next.kind === 'path') {
      if (next.path[0] === timestampName) return true;
    } else if (next.kind === 'and' || next.kind === 'or') for (const each of next.of) open.push(each);
    else if (next.kind === 'not') open.push(next.of);
  return false;
}

/** The body with the time in front: of a name that stands twice the first is seen. */
export function timestamped(body: Uint8Array, time: HybridTime): Uint8Array {
  const seconds = Math.floor(time / ticksPerSecond) + epochMs / 1000;
  const instant = { seconds, nanos: (time % ticksPerSecond) * 1000, offsetSeconds: 0 };
  const field = new BsonWriter(64).beginDocument().raw(timestampName, rawOfInstant(instant)).end().finish();
  // Without the length in front, and without the end mark of the first.
  const bytes = new Uint8Array(field.length + body.length - 5);
  bytes.set(field.subarray(0, field.length - 1));
  bytes.set(body.subarray(4), field.length - 1);
  new DataView(bytes.buffer).setInt32(0, bytes.length, true);
  return bytes;
}
