// How deeply values that expressions make may nest: stages and loops could nest a value again and again, and what
// walks values relies on a bound. Values too short to be that deep are not looked at.

import { BsonType, depthMax } from '../../../model/bson/types.ts';
import { ElementCursor } from '../../../model/bson/walk.ts';
import { MongoCode, MongoError } from '../errors.ts';
import type { Operand } from './value.ts';

/** A level of nesting takes at least its length, type, name and end. */
const levelBytesMin = 7;

/** Throws Overflow for a value nested deeper than a document may be. */
export function checkDepth(value: Operand): void {
  if (value === undefined || (value.type !== BsonType.object && value.type !== BsonType.array)) return;
  if (value.end - value.start < depthMax * levelBytesMin) return;
  const open = [new ElementCursor(value.bytes, value.start)];
  for (let cursor = open.at(-1); cursor !== undefined; cursor = open.at(-1)) {
    if (!cursor.next()) {
      open.pop();
      continue;
    }
    if (cursor.type !== BsonType.object && cursor.type !== BsonType.array) continue;
    // Short values cannot reach the bound from here.
    if (open.length + (cursor.valueEnd - cursor.valueStart) / levelBytesMin < depthMax) continue;
    if (open.length >= depthMax) throw new MongoError(MongoCode.Overflow, `nesting exceeds ${depthMax} levels`);
    open.push(new ElementCursor(cursor.bytes, cursor.valueStart));
  }
}
