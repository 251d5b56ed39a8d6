// Conditions that no range of terms expresses, as tests of what a term tells of a value: `$mod`, bits, patterns. The
// index then looks at every term of a path instead of at every item. A test may let values pass that the condition
// refuses (a term does not tell one type of number from another), never the other way round.

import type { TermTest } from '../../../indexer/filter.ts';
import { BsonType } from '../../../model/bson/types.ts';
import { writeFloat64, writeInt32, writeInt64 } from '../../../model/bytes.ts';
import type { Pattern } from '../../../model/predicate.ts';
import type { ValueTest } from './path.ts';
import { compileTextTest } from './pattern.ts';

const int32Max = 0x7fffffff;
const int64Limit = 2 ** 63;

/** Whether a number passes a test of numbers, whatever its type. */
export function numberTest(passes: ValueTest): TermTest {
  const scratch = new Uint8Array(8);
  return (value) => {
    if (typeof value === 'number') {
      if (value >= -int32Max && value <= int32Max && Number.isInteger(value)) {
        writeInt32(scratch, 0, value);
        return passes(scratch, BsonType.int32, 0);
      }
      // Only an integer of 64 bits can be that large and whole; which it is the term does not tell.
      if (Math.abs(value) >= int64Limit && Number.isFinite(value)) return undefined;
      writeFloat64(scratch, 0, value);
      return passes(scratch, BsonType.double, 0);
    }
    if (typeof value !== 'bigint' || value < -(1n << 63n) || value >= 1n << 63n) return undefined;
    writeInt64(scratch, 0, value);
    return passes(scratch, BsonType.int64, 0);
  };
}

/** Whether the pattern is found in a text. */
export function textTest(pattern: Pattern): TermTest {
  const found = compileTextTest(pattern);
  return (value) => (typeof value === 'string' ? found(value) : undefined);
}
