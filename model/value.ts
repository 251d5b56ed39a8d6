// A value while it is evaluated: plain JavaScript for what JavaScript has exactly, `Raw` bytes for the rest.
//
//   undefined            absent (no such field)
//   null, boolean, string
//   number               BSON double or int32, or int64 within ±2^53
//   bigint               int64 beyond ±2^53
//   Raw                  object, array and every other BSON type, where it lies
//
// Whether a number was int32 or double is not kept here: whoever must keep stored types copies the Raw element instead.

import { readFloat64, readInt32, readInt64 } from './bytes.ts';
import { BsonType } from './bson/types.ts';
import { BsonWriter } from './bson/write.ts';
import { Raw, textOfRaw } from './bson/walk.ts';

export type Value = undefined | null | boolean | number | bigint | string | Raw;

/** Reads a raw element as a value. */
export function valueOf(raw: Raw | undefined): Value {
  if (raw === undefined) return undefined;
  switch (raw.type) {
    case BsonType.double:
      return readFloat64(raw.bytes, raw.start);
    case BsonType.int32:
      return readInt32(raw.bytes, raw.start);
    case BsonType.int64: {
      const long = readInt64(raw.bytes, raw.start);
      return long >= -9007199254740991n && long <= 9007199254740991n ? Number(long) : long;
    }
    case BsonType.string:
      return textOfRaw(raw);
    case BsonType.boolean:
      return raw.bytes[raw.start] === 1;
    case BsonType.null:
      return null;
    default:
      return raw;
  }
}

/** Appends a value under a name. `undefined` writes nothing. Numbers become doubles, bigints int64. */
export function writeValue(writer: BsonWriter, name: string, value: Value): void {
  if (value === undefined) return;
  if (value === null) writer.null(name);
  else if (typeof value === 'boolean') writer.boolean(name, value);
  else if (typeof value === 'number') writer.double(name, value);
  else if (typeof value === 'bigint') writer.int64(name, value);
  else if (typeof value === 'string') writer.string(name, value);
  else writer.raw(name, value);
}

/** An array value of these elements. */
export function arrayValue(elements: Iterable<Value>): Raw {
  const writer = new BsonWriter().beginDocument().beginArray('');
  for (const element of elements) writeValue(writer, '', element);
  const bytes = writer.end().end().finish();
  // int32 length, type, empty name: the array's own bytes start at 6.
  return new Raw(bytes, BsonType.array, 6, bytes.length - 1);
}

/** An object value of these fields; absent ones are left out. */
export function objectValue(fields: Iterable<readonly [string, Value]>): Raw {
  const writer = new BsonWriter().beginDocument();
  for (const [name, value] of fields) writeValue(writer, name, value);
  const bytes = writer.end().finish();
  return new Raw(bytes, BsonType.object, 0, bytes.length);
}
