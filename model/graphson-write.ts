// Values in GraphSON 3 (Apache TinkerPop, "IO reference"): `{"@type": …, "@value": …}` around all but strings,
// booleans and null. Used by the Gremlin view, whose types these are:
//
//   g:Int32 g:Int64 g:Double g:UUID gx:ByteBuffer   int32, int64, double, binary 4 and 0
//   g:Date gx:OffsetDateTime (g:Timestamp, gx:Instant are read too)   the stored forms of `instant.ts`
//   gx:BigDecimal          Decimal128, or a BigDecimal where that has too few digits
//   gx:Byte gx:Int16 g:Float gx:BigInteger gx:Duration   `extended.ts`
//   g:List g:Map g:Set     array, object with string keys; a set is stored as the list of its members
//   string                 also for what Gremlin does not know: canonical Extended JSON of the stored value
//
// `graphson-read.ts` is the other direction. Recursion is bounded by the nesting of stored items.

import { bigDecimalText, floatText } from './big-decimal.ts';
import { doubleText, extendedJson } from './bson/json-write.ts';
import { BinarySubtype, BsonType } from './bson/types.ts';
import { ElementCursor, type Raw, textOfRaw } from './bson/walk.ts';
import { readFloat64, readInt32, readInt64 } from './bytes.ts';
import { decimalText, decodeDecimal } from './decimal.ts';
import { durationText } from './duration.ts';
import { extendedOf, isBinary } from './extended.ts';
import { uuidText } from './identity.ts';
import { instantOf, instantText } from './instant.ts';

function typed(type: string, value: string): string {
  return `{"@type":"${type}","@value":${value}}`;
}

/** NaN and infinities are strings in GraphSON. */
function jsonNumber(text: string): string {
  return /\d/.test(text) ? text : `"${text}"`;
}

/** A stored value as GraphSON 3. */
export function graphsonOf(raw: Raw): string {
  const { bytes, type, start, end } = raw;
  switch (type) {
    case BsonType.string:
      return JSON.stringify(textOfRaw(raw));
    case BsonType.boolean:
      return bytes[start] === 1 ? 'true' : 'false';
    case BsonType.null:
      return 'null';
    case BsonType.int32:
      return typed('g:Int32', String(readInt32(bytes, start)));
    case BsonType.int64:
      return typed('g:Int64', readInt64(bytes, start).toString());
    case BsonType.double:
      return typed('g:Double', jsonNumber(doubleText(readFloat64(bytes, start))));
    case BsonType.date:
      return typed('g:Date', readInt64(bytes, start).toString());
    case BsonType.decimal128: {
      const decimal = decodeDecimal(bytes, start);
      // java.math.BigDecimal has no such values, a double has.
      if (decimal.kind !== 'finite') return typed('g:Double', `"${decimalText(decimal)}"`);
      return typed('gx:BigDecimal', decimalText(decimal));
    }
    case BsonType.array: {
      const elements: string[] = [];
      const cursor = new ElementCursor(bytes, start);
      while (cursor.next()) elements.push(graphsonOf(cursor.raw()));
      return typed('g:List', `[${elements.join(',')}]`);
    }
    case BsonType.object: {
      const entries = new Map<string, string>();
      const cursor = new ElementCursor(bytes, start);
      while (cursor.next()) {
        const name = cursor.name();
        if (!entries.has(name)) entries.set(name, graphsonOf(cursor.raw()));
      }
      return typed('g:Map', `[${[...entries].map(([name, value]) => `${JSON.stringify(name)},${value}`).join(',')}]`);
    }
    case BsonType.binary:
      if (isBinary(raw, BinarySubtype.uuid)) return typed('g:UUID', `"${uuidText(bytes, start + 5)}"`);
      if (isBinary(raw, BinarySubtype.generic))
        return typed('gx:ByteBuffer', `"${Buffer.from(bytes.subarray(start + 5, end)).toString('base64')}"`);
      return extendedGraphson(raw) ?? JSON.stringify(extendedJson(raw));
    default:
      return JSON.stringify(extendedJson(raw));
  }
}

function extendedGraphson(raw: Raw): string | undefined {
  const value = extendedOf(raw);
  switch (value?.kind) {
    case 'byte':
      return typed('gx:Byte', String(value.value));
    case 'short':
      return typed('gx:Int16', String(value.value));
    case 'float':
      return typed('g:Float', jsonNumber(floatText(value.value)));
    case 'bigInteger':
      return typed('gx:BigInteger', value.value.toString());
    case 'bigDecimal':
      return typed('gx:BigDecimal', bigDecimalText(value.unscaled, value.scale));
    case 'duration':
      return typed('gx:Duration', `"${durationText(value)}"`);
    case 'ticks':
    case 'offsetDateTime': {
      const instant = instantOf(raw);
      return instant === undefined ? undefined : typed('gx:OffsetDateTime', `"${instantText(instant)}"`);
    }
    case undefined:
      return undefined;
  }
}
