// Tests of single bits: of integral numbers as 64-bit two's complement with the sign extended, and of binaries,
// least significant bit of the first byte first, zeros beyond the end.

import { readFloat64, readInt32, readInt64 } from '../../../model/bytes.ts';
import { BsonType } from '../../../model/bson/types.ts';
import type { ValueTest } from './path.ts';

type Bits = 'allSet' | 'allClear' | 'anySet' | 'anyClear';

export function compileBits(bits: Bits, positions: readonly number[]): ValueTest {
  const wanted = bits === 'allSet' || bits === 'anySet';
  const all = bits === 'allSet' || bits === 'allClear';
  return (bytes, type, at) => {
    if (type === BsonType.binary) {
      const count = readInt32(bytes, at) * 8;
      for (const position of positions) {
        const set = position < count && (bytes[at + 5 + (position >> 3)]! & (1 << (position & 7))) !== 0;
        if ((set === wanted) !== all) return !all;
      }
      return all;
    }
    const number = integerAt(bytes, type, at);
    if (number === undefined) return false;
    for (const position of positions) {
      const set = ((number >> BigInt(Math.min(position, 63))) & 1n) === 1n;
      if ((set === wanted) !== all) return !all;
    }
    return all;
  };
}

function integerAt(bytes: Uint8Array, type: number, at: number): bigint | undefined {
  if (type === BsonType.int32) return BigInt(readInt32(bytes, at));
  if (type === BsonType.int64) return readInt64(bytes, at);
  if (type !== BsonType.double) return undefined;
  const value = readFloat64(bytes, at);
  return Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 63 ? BigInt(value) : undefined;
}
