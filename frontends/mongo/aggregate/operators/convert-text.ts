// Atoms as text, as `$toString` writes them; types that have no text there give undefined.

import { hexOf, readInt32, readInt64 } from '../../../../model/bytes.ts';
import { BsonType } from '../../../../model/bson/types.ts';
import { textOfRaw, type Raw } from '../../../../model/bson/walk.ts';
import { decimal128Text } from '../../../../model/decimal.ts';
import { numberOf } from '../../bson-input.ts';
import { isoText } from '../date-text.ts';

export function plainText(value: Raw): string | undefined {
  const { bytes, start } = value;
  switch (value.type) {
    case BsonType.string:
    case BsonType.symbol:
      return textOfRaw(value);
    case BsonType.boolean:
      return bytes[start] === 1 ? 'true' : 'false';
    case BsonType.int32:
      return String(readInt32(bytes, start));
    case BsonType.int64:
      return String(readInt64(bytes, start));
    case BsonType.double:
      return doubleText(numberOf(value));
    case BsonType.decimal128:
      return decimal128Text(bytes, start);
    case BsonType.date:
      return isoText(Number(readInt64(bytes, start)));
    case BsonType.objectId:
      return hexOf(bytes, start, value.end);
    default:
      return undefined;
  }
}

/** The shortest text that reads back; an exponent has two digits at least. */
function doubleText(value: number): string {
  if (Object.is(value, -0)) return '-0';
  return String(value).replace(/e([+-])(\d)$/, 'e$10$2');
}
