// What SQL sees of a stored value (data-model.md "Views"): JSON's own types as they are, every finite number
// as a number, and each other type as the object of relaxed Extended JSON. So `c.when["$date"] > "2024"` is an
// ordinary comparison, and a typed value equals an object that a Cosmos client wrote in the same form.

import { readInt32 } from '../bytes.ts';
import { decimal128Text } from '../decimal.ts';
import { bsonOfJson } from './json-read.ts';
import { jsonOfValue } from './json-write.ts';
import { BsonType } from './types.ts';
import { type Raw, rawDocument } from './walk.ts';
import { BsonWriter } from './write.ts';

/** Whether a stored number is NaN, infinite or beyond the range of doubles, which SQL shows as an object. */
export function isNotFinite(bytes: Uint8Array, type: number, start: number): boolean {
  if (type === BsonType.double) return (readInt32(bytes, start + 4) & 0x7ff00000) === 0x7ff00000;
  return type === BsonType.decimal128 && !Number.isFinite(Number(decimal128Text(bytes, start)));
}

/** Whether SQL sees the stored value as it is. */
export function isPlainInSql(bytes: Uint8Array, type: number, start: number): boolean {
  switch (type) {
    case BsonType.string:
    case BsonType.int32:
    case BsonType.int64:
    case BsonType.boolean:
    case BsonType.null:
    case BsonType.object:
    case BsonType.array:
      return true;
    case BsonType.double:
    case BsonType.decimal128:
      return !isNotFinite(bytes, type, start);
    default:
      return false;
  }
}

/** The value as SQL sees it: itself, or the object of Extended JSON. What lies within containers is not converted. */
export function sqlViewOf(raw: Raw): Raw {
  if (isPlainInSql(raw.bytes, raw.type, raw.start)) return raw;
  if (raw.type === BsonType.codeWithScope) {
    // Not through JSON text: the scope may hold numbers that JSON's doubles do not.
    const codeEnd = raw.start + 8 + readInt32(raw.bytes, raw.start + 4);
    const bytes = new BsonWriter(raw.end - raw.start + 64)
      .beginDocument()
      .copy('$code', BsonType.string, raw.bytes, raw.start + 4, codeEnd)
      .copy('$scope', BsonType.object, raw.bytes, codeEnd, raw.end)
      .end()
      .finish();
    return rawDocument(bytes);
  }
  return rawDocument(bsonOfJson(Buffer.from(jsonOfValue(raw))));
}
