// A key as MongoDB prints it in "dup key: { _id: … }". Only keys are printed, never whole documents, and long
// ones are cut.

import { readFloat64, readInt32, readInt64, hexOf } from '../../model/bytes.ts';
import { decimal128Text } from '../../model/decimal.ts';
import { BinarySubtype, BsonType } from '../../model/bson/types.ts';
import { ElementCursor, textOfRaw, type Raw } from '../../model/bson/walk.ts';

const charactersMax = 512;
const levelsMax = 8;

export function keyText(value: Raw): string {
  const text = textOf(value, 0);
  return text.length <= charactersMax ? text : `${text.slice(0, charactersMax)}...`;
}

function textOf(value: Raw, level: number): string {
  const { bytes, start, end } = value;
  switch (value.type) {
    case BsonType.string:
    case BsonType.symbol:
      return JSON.stringify(textOfRaw(value).slice(0, charactersMax + 1));
    case BsonType.int32:
      return String(readInt32(bytes, start));
    case BsonType.int64:
      return String(readInt64(bytes, start));
    case BsonType.double: {
      const number = readFloat64(bytes, start);
      return Number.isInteger(number) ? number.toFixed(1) : Number.isNaN(number) ? 'nan' : String(number);
    }
    case BsonType.decimal128:
      return decimal128Text(bytes, start);
    case BsonType.objectId:
      return `ObjectId('${hexOf(bytes, start, end)}')`;
    case BsonType.boolean:
      return String(bytes[start] === 1);
    case BsonType.null:
      return 'null';
    case BsonType.date:
      return `new Date(${readInt64(bytes, start)})`;
    case BsonType.timestamp:
      return `Timestamp(${readInt32(bytes, start + 4) >>> 0}, ${readInt32(bytes, start) >>> 0})`;
    case BsonType.binary: {
      const hex = hexOf(bytes, start + 5, Math.min(end, start + 5 + charactersMax)).toUpperCase();
      const subtype = bytes[start + 4]!;
      if (subtype === BinarySubtype.uuid && hex.length === 32)
        return `UUID("${hex.toLowerCase().replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')}")`;
      return `BinData(${subtype}, ${hex})`;
    }
    case BsonType.minKey:
      return 'MinKey';
    case BsonType.maxKey:
      return 'MaxKey';
    case BsonType.object:
    case BsonType.array:
      return level === levelsMax ? '...' : containerText(value, level);
    default:
      return '...';
  }
}

function containerText(value: Raw, level: number): string {
  const named = value.type === BsonType.object;
  const parts: string[] = [];
  const cursor = new ElementCursor(value.bytes, value.start);
  let length = 0;
  while (length <= charactersMax && cursor.next()) {
    const text = textOf(cursor.raw(), level + 1);
    const part = named ? `${cursor.name()}: ${text}` : text;
    parts.push(part);
    length += part.length;
  }
  if (parts.length === 0) return named ? '{}' : '[]';
  return named ? `{ ${parts.join(', ')} }` : `[ ${parts.join(', ')} ]`;
}
