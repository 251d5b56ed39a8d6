import { deserialize, serialize, Timestamp } from 'bson';
import { describe, expect, it } from 'vitest';
import { BsonType } from '../../../model/bson/types.ts';
import { ElementCursor, rawDocument } from '../../../model/bson/walk.ts';
import { BsonWriter } from '../../../model/bson/write.ts';
import { utf8 } from '../../../model/bytes.ts';
import { Random, randomBson, scale } from '../random.ts';

describe('BsonWriter', () => {
  it('writes what the official library writes', () => {
    const bytes = new BsonWriter(1)
      .beginDocument()
      .double('double', 1.5)
      .int32('int', -7)
      .boolean('true', true)
      .null('null')
      .string('text', 'é😀')
      .date('date', -1)
      .beginObject('object')
      .beginArray('array')
      .int32('ignored', 1)
      .string('', 'x')
      .beginArray('')
      .end()
      .end()
      .end()
      .timestamp('timestamp', 0xffffffff, 2)
      .end()
      .finish();
    const expected = serialize({
      double: 1.5,
      int: -7,
      true: true,
      null: null,
      text: 'é😀',
      date: new Date(-1),
      object: { array: [1, 'x', []] },
      timestamp: new Timestamp({ t: 0xffffffff, i: 2 }),
    });
    expect(bytes).toEqual(new Uint8Array(expected));
  });

  it('copies any value as it lies', () => {
    const random = new Random();
    for (let round = 0; round < 2000 * scale; round++) {
      const bytes = randomBson(random, 3);
      const writer = new BsonWriter(8).beginDocument();
      const cursor = new ElementCursor(bytes);
      while (cursor.next()) writer.raw(random.chance(50) ? cursor.name() : utf8(cursor.name()), cursor.raw());
      expect(Buffer.compare(writer.end().finish(), bytes), `seed ${random.seed} round ${round}`).toBe(0);
      const outer = new BsonWriter()
        .beginDocument()
        .document('a', bytes)
        .document('b', bytes, BsonType.array)
        .end()
        .finish();
      const inner = new ElementCursor(outer);
      inner.next();
      expect(Buffer.compare(inner.raw().slice(), rawDocument(bytes).slice())).toBe(0);
    }
  });

  it('names array positions, also large ones', () => {
    const writer = new BsonWriter().beginDocument().beginArray('a');
    for (let i = 0; i < 2345; i++) writer.int32('', i);
    const array = (deserialize(writer.end().end().finish()) as { a: number[] }).a;
    expect(array).toHaveLength(2345);
    expect(array[2344]).toBe(2344);
  });

  it('does not finish an open document, and can be used again', () => {
    const writer = new BsonWriter().beginDocument().beginObject('a');
    expect(writer.depth).toBe(2);
    expect(() => writer.finish()).toThrow();
    writer.clear();
    expect(writer.length).toBe(0);
    const first = writer.beginDocument().int32('a', 1).end().finish();
    const second = writer.beginDocument().int32('b', 2).end().finish();
    expect(deserialize(first)).toEqual({ a: 1 });
    expect(deserialize(second)).toEqual({ b: 2 });
  });
});
