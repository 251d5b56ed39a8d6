import { Binary, BSONRegExp, Code, Decimal128, deserialize, Double, Int32, Long, ObjectId, Timestamp } from 'bson';
import { describe, expect, it } from 'vitest';
import { BsonType } from '../../../model/bson/types.ts';
import {
  childOf,
  ElementCursor,
  elementCount,
  fieldOf,
  nameOf,
  Raw,
  rawDocument,
  textOfRaw,
  valueLength,
} from '../../../model/bson/walk.ts';
import { BsonWriter } from '../../../model/bson/write.ts';
import { readFloat64, readInt32, readInt64, utf8 } from '../../../model/bytes.ts';
import { decimal128Text } from '../../../model/decimal.ts';
import { arrayValue, objectValue, valueOf, writeValue, type Value } from '../../../model/value.ts';
import { Random, randomBson, scale } from '../random.ts';

/** Whether the walker's value is the official library's. */
function agrees(raw: Raw, value: unknown): boolean {
  switch (raw.type) {
    case BsonType.double:
      return value instanceof Double && Object.is(value.value, readFloat64(raw.bytes, raw.start));
    case BsonType.int32:
      return value instanceof Int32 && value.value === readInt32(raw.bytes, raw.start);
    case BsonType.int64:
      return value instanceof Long && value.toBigInt() === readInt64(raw.bytes, raw.start);
    case BsonType.decimal128:
      return (
        value instanceof Decimal128 &&
        Buffer.compare(value.bytes, raw.slice()) === 0 &&
        decimal128Text(raw.bytes, raw.start) !== ''
      );
    case BsonType.string:
      return value === textOfRaw(raw);
    case BsonType.boolean:
      return value === (raw.bytes[raw.start] === 1);
    case BsonType.null:
      return value === null;
    case BsonType.objectId:
      return value instanceof ObjectId && Buffer.compare(value.id, raw.slice()) === 0;
    case BsonType.binary:
      return (
        value instanceof Binary &&
        value.sub_type === raw.bytes[raw.start + 4] &&
        Buffer.compare(value.buffer.subarray(0, value.position), raw.bytes.subarray(raw.start + 5, raw.end)) === 0
      );
    case BsonType.timestamp:
      return value instanceof Timestamp && value.i === readInt32(raw.bytes, raw.start) >>> 0;
    case BsonType.regex:
      return value instanceof BSONRegExp;
    case BsonType.code:
      return value instanceof Code && value.code === textOfRaw(raw);
    case BsonType.array:
      return (
        Array.isArray(value) &&
        value.length === elementCount(raw.bytes, raw.start) &&
        value.every((element, i) => agrees(childOf(raw, String(i))!, element))
      );
    case BsonType.object: {
      // The library turns objects of the form of a reference into one, and assigns __proto__ as a name.
      const cursor = new ElementCursor(raw.bytes, raw.start);
      while (cursor.next()) {
        const own = Object.getOwnPropertyDescriptor(value, cursor.name());
        if (own === undefined || !agrees(cursor.raw(), own.value)) return false;
      }
      return true;
    }
    default:
      // Date beyond JavaScript's, symbol, DBPointer, undefined, MinKey, MaxKey, code with scope: no plain twin.
      return true;
  }
}

describe('the walker', () => {
  it('agrees with the official library on every document', () => {
    const random = new Random();
    for (let round = 0; round < 2000 * scale; round++) {
      const bytes = randomBson(random, 3);
      const official = deserialize(bytes, { promoteValues: false, promoteLongs: false, bsonRegExp: true });
      expect(agrees(rawDocument(bytes), official), `seed ${random.seed} round ${round}`).toBe(true);
    }
  });

  it('finds the first field of a name, and no other', () => {
    const bytes = new BsonWriter()
      .beginDocument()
      .int32('ab', 1)
      .int32('a', 2)
      .int32('a', 3)
      .int32('', 4)
      .int32('é', 5)
      .end()
      .finish();
    expect(valueOf(fieldOf(bytes, 'a'))).toBe(2);
    expect(valueOf(fieldOf(bytes, 'ab'))).toBe(1);
    expect(valueOf(fieldOf(bytes, ''))).toBe(4);
    expect(valueOf(fieldOf(bytes, 'é'))).toBe(5);
    expect(fieldOf(bytes, 'abc')).toBeUndefined();
    expect(fieldOf(bytes, '__proto__')).toBeUndefined();
    expect(childOf(fieldOf(bytes, 'a')!, 'x')).toBeUndefined();
    expect(elementCount(bytes, 0)).toBe(5);
  });

  it('can be reset onto another document', () => {
    const one = new BsonWriter().beginDocument().int32('a', 1).end().finish();
    const two = new BsonWriter().beginDocument().int32('b', 2).int32('c', 3).end().finish();
    const cursor = new ElementCursor(one);
    expect(cursor.next()).toBe(true);
    expect(cursor.nameIs(utf8('a'))).toBe(true);
    expect(cursor.next()).toBe(false);
    cursor.reset(two, 0);
    const names: string[] = [];
    while (cursor.next()) names.push(cursor.name());
    expect(names).toEqual(['b', 'c']);
  });

  it('remembers names within a bound', () => {
    for (let i = 0; i < 10_000; i++) expect(nameOf(`name ${i}`)).toEqual(utf8(`name ${i}`));
    expect(nameOf('name 1')).toEqual(utf8('name 1'));
  });

  it('does not guess the length of an unknown type', () => {
    expect(() => valueLength(new Uint8Array(8), 0x20, 0)).toThrow();
  });
});

describe('values', () => {
  it('are plain where JavaScript has them exactly', () => {
    const bytes = new BsonWriter()
      .beginDocument()
      .double('d', 1.5)
      .int64('s', 5n)
      .int64('l', 2n ** 60n)
      .boolean('b', false)
      .null('n')
      .string('t', 'é')
      .objectId('o', new Uint8Array(12))
      .end()
      .finish();
    expect(['d', 's', 'l', 'b', 'n', 't', 'x'].map((name) => valueOf(fieldOf(bytes, name)))).toEqual([
      1.5,
      5,
      2n ** 60n,
      false,
      null,
      'é',
      undefined,
    ]);
    expect(valueOf(fieldOf(bytes, 'o'))).toBeInstanceOf(Raw);
  });

  it('are written back, absent ones left out', () => {
    const object = objectValue([
      ['a', 1],
      ['gone', undefined],
      ['b', arrayValue(['x', null, true, 2n ** 60n])],
    ]);
    expect(deserialize(object.slice(), { promoteLongs: false, useBigInt64: false })).toMatchObject({
      a: 1,
      b: ['x', null, true, Long.fromBigInt(2n ** 60n)],
    });
    const writer = new BsonWriter().beginDocument();
    const values: Value[] = [1, 'a', null, undefined, object];
    values.forEach((value, i) => writeValue(writer, `f${i}`, value));
    expect(elementCount(writer.end().finish(), 0)).toBe(4);
  });
});
