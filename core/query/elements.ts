// Reading the elements and fields of stored arrays and objects as values, and how much memory a value holds.

import { BsonType } from '../../model/bson/types.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import { ElementCursor, Raw } from '../../model/bson/walk.ts';
import { valueOf, writeValue, type Value } from '../../model/value.ts';
import { checkComputedBytes } from './limits.ts';

export function isArray(value: Value): value is Raw {
  return value instanceof Raw && value.type === BsonType.array;
}

export function isObject(value: Value): value is Raw {
  return value instanceof Raw && value.type === BsonType.object;
}

export function elementsOf(array: Raw): Value[] {
  const elements: Value[] = [];
  const cursor = new ElementCursor(array.bytes, array.start);
  while (cursor.next()) elements.push(valueOf(cursor.raw()));
  return elements;
}

/** The element at a position, counted: names of stored array elements are not trusted to be positions. */
export function elementAt(array: Raw, position: number): Value {
  const cursor = new ElementCursor(array.bytes, array.start);
  for (let at = 0; cursor.next(); at++) if (at === position) return valueOf(cursor.raw());
  return undefined;
}

export function fieldsOf(object: Raw): [string, Value][] {
  const fields: [string, Value][] = [];
  const cursor = new ElementCursor(object.bytes, object.start);
  while (cursor.next()) fields.push([cursor.name(), valueOf(cursor.raw())]);
  return fields;
}

/** Builds an array of any length within the bound for computed values. */
export class ArrayBuilder {
  readonly #writer = new BsonWriter().beginDocument().beginArray('');

  get bytes(): number {
    return this.#writer.length;
  }

  push(value: Value): void {
    if (value instanceof Raw) checkComputedBytes(this.#writer.length + value.end - value.start);
    writeValue(this.#writer, '', value);
    checkComputedBytes(this.#writer.length);
  }

  finish(): Raw {
    const bytes = this.#writer.end().end().finish();
    // int32 length, type, empty name: the array's own bytes start at 6.
    return new Raw(bytes, BsonType.array, 6, bytes.length - 1);
  }
}

export function boundedArray(elements: Iterable<Value>): Raw {
  const builder = new ArrayBuilder();
  for (const element of elements) builder.push(element);
  return builder.finish();
}

/** Bytes a held value keeps alive, about: a Raw keeps its whole buffer. */
export function heldBytes(value: Value): number {
  if (typeof value === 'string') return 24 + 2 * value.length;
  if (value instanceof Raw) return 64 + value.bytes.length;
  return 16;
}

/** The value without the rest of the buffer it lies in, where that is much larger: for values that are held long. */
export function detached(value: Value): Value {
  if (!(value instanceof Raw)) return value;
  const length = value.end - value.start;
  if (value.bytes.length <= 2 * length + 64) return value;
  return new Raw(value.bytes.slice(value.start, value.end), value.type, 0, length);
}
