import { describe, expect, it } from 'vitest';
import { bsonOfJson, rawOfJson } from '../../model/bson/json-read.ts';
import { extendedJson } from '../../model/bson/json-write.ts';
import { rawOfExtendedJson } from '../../model/bson/extended-json.ts';
import { BsonType } from '../../model/bson/types.ts';
import { ElementCursor, Raw, textOfRaw } from '../../model/bson/walk.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import { bytesOfHex, utf8 } from '../../model/bytes.ts';
import { decimal128OfText } from '../../model/decimal.ts';
import { documentIdTextOf, idTextOf, rawOfIdText } from '../../model/identity.ts';
import { compareRaw, mongoRank } from '../../model/order.ts';
import { Random, randomRaw, randomText, scale } from './random.ts';

function typed(write: (writer: BsonWriter) => void): Raw {
  const writer = new BsonWriter().beginDocument();
  write(writer);
  const cursor = new ElementCursor(writer.end().finish());
  cursor.next();
  return cursor.raw();
}

const text = (value: string): Raw => typed((writer) => writer.string('v', value));
const hex = '65f0c0ffee65f0c0ffee65f0';
const uuid = '6ba7b810-9dad-11d1-80b4-00c04fd430c8';
const decimal = (value: string): Raw => new Raw(decimal128OfText(value), BsonType.decimal128, 0, 16);

describe('the id text in a Mongo collection', () => {
  it.each<[string, Raw, string]>([
    ['a string', text('redmond'), 'redmond'],
    ['the empty string', text(''), ''],
    ['an ObjectId', typed((writer) => writer.objectId('v', bytesOfHex(hex))), hex],
    ['a UUID', typed((writer) => writer.binary('v', 4, bytesOfHex(uuid.replaceAll('-', '')))), uuid],
    ['an int32', typed((writer) => writer.int32('v', 1)), '1'],
    ['an int64', typed((writer) => writer.int64('v', 1n)), '1'],
    ['a double', typed((writer) => writer.double('v', 1)), '1'],
    ['a Decimal128', decimal('1.00'), '1'],
    ['a Decimal128 of 24 digits', decimal('106541508394924160630000'), '1.0654150839492416063E+23'],
    [
      'an ObjectId of decimal digits',
      typed((writer) => writer.objectId('v', bytesOfHex('1'.repeat(24)))),
      '1'.repeat(24),
    ],
    ['true', typed((writer) => writer.boolean('v', true)), 'true'],
    ['null', typed((writer) => writer.null('v')), 'null'],
    ['a date', typed((writer) => writer.date('v', 5)), '{"$date":{"$numberLong":"5"}}'],
    ['an object', rawOfJson('{"a":1,"b":[0.5]}'), '{"a":{"$numberInt":"1"},"b":[{"$numberDouble":"0.5"}]}'],
    ['a string of 24 hex digits', text(hex), `"${hex}"`],
    ['a string like a UUID', text(uuid), `"${uuid}"`],
    ['a string like a number', text('1'), '"1"'],
    ['a string like NaN', text('NaN'), '"NaN"'],
    ['a string like null', text('null'), '"null"'],
    ['a string like a date', text('{"$date":{"$numberLong":"5"}}'), '"{\\"$date\\":{\\"$numberLong\\":\\"5\\"}}"'],
    ['a string like a quoted string', text('"1"'), '"\\"1\\""'],
    ['a string in quotes that means nothing', text('"a"'), '"a"'],
    ['a number in another spelling', text('1.0'), '1.0'],
    ['JSON that is not canonical', text('{"a":1}'), '{"a":1}'],
    ['hex digits in upper case', text(hex.toUpperCase()), hex.toUpperCase()],
  ])('of %s', (_, raw, expected) => {
    expect(idTextOf(raw)).toBe(expected);
    expect(compareRaw(rawOfIdText(expected), raw, mongoRank)).toBe(0);
  });

  it('is one for equal objects and tells those apart that Extended JSON does not', () => {
    const a = typed((writer) => writer.beginObject('v').int32('n', 1).end());
    const b = typed((writer) => writer.beginObject('v').double('n', 1).end());
    expect(idTextOf(a)).toBe(idTextOf(b));
    const object = rawOfJson(`{"a":{"$oid":"${hex}"}}`);
    const objectId = typed((writer) => writer.beginObject('v').objectId('a', bytesOfHex(hex)).end());
    expect(idTextOf(object)).not.toBe(idTextOf(objectId));
    expect(idTextOf(object)).toMatch(/^\{"\$bson":"/);
    expect(compareRaw(rawOfIdText(idTextOf(object)), object, mongoRank)).toBe(0);
  });

  it('has an inverse, for values of every type', () => {
    const random = new Random();
    for (let round = 0; round < 5000 * scale; round++) {
      const raw = randomRaw(random, 2);
      const id = idTextOf(raw);
      const back = rawOfIdText(id);
      const message = `seed ${random.seed} round ${round}: ${id}`;
      expect(idTextOf(back), message).toBe(id);
      if (raw.type !== BsonType.regex) expect(compareRaw(back, raw, mongoRank), message).toBe(0);
    }
  });

  it('is injective: equal texts are equal values', () => {
    const random = new Random();
    const seen = new Map<string, Raw>();
    const add = (raw: Raw): void => {
      const id = idTextOf(raw);
      const other = seen.get(id);
      if (other !== undefined && raw.type !== BsonType.regex)
        expect(compareRaw(other, raw, mongoRank), `seed ${random.seed}: ${id}`).toBe(0);
      seen.set(id, raw);
      // A string that spells this text is another value.
      if (raw.type !== BsonType.string) expect(idTextOf(text(id))).not.toBe(id);
    };
    for (let round = 0; round < 5000 * scale; round++) {
      const raw = randomRaw(random, 1);
      add(raw);
      add(text(idTextOf(raw)));
    }
  });

  it('gives every text a value, so that each item can be named by any door', () => {
    const random = new Random();
    const pieces = [
      '"',
      '\\"',
      '{',
      '}',
      '$oid',
      hex,
      uuid,
      '1',
      '.',
      'E+',
      '-',
      'null',
      '[',
      ']',
      '{"$bson":"',
      'Infinity',
      ':',
    ];
    for (let round = 0; round < 10000 * scale; round++) {
      let id = random.chance(50) ? randomText(random) : '';
      for (let count = random.below(6); count > 0; count--) id += random.pick(pieces);
      if (random.chance(20)) id = JSON.stringify(id);
      expect(idTextOf(rawOfIdText(id)), `seed ${random.seed} round ${round}`).toBe(id);
    }
  });

  it('bears quotes within quotes and deep nesting', () => {
    let id = '1';
    for (let i = 0; i < 12; i++) {
      id = JSON.stringify(id);
      expect(idTextOf(rawOfIdText(id))).toBe(id);
    }
    const nested = '['.repeat(1000) + ']'.repeat(1000);
    expect(textOfRaw(rawOfIdText(nested))).toBe(nested);
    const deep = bsonOfJson(utf8('{"a":'.repeat(127) + '{}' + '}'.repeat(127)));
    expect(idTextOf(rawOfIdText(idTextOf(new Raw(deep, BsonType.object, 0, deep.length))))).toMatch(/^\{"a"/);
  });
});

describe('the id text in a documents container', () => {
  it('is never quoted', () => {
    expect(documentIdTextOf(text(hex))).toBe(hex);
    expect(documentIdTextOf(text('1'))).toBe('1');
    expect(documentIdTextOf(typed((writer) => writer.objectId('v', bytesOfHex(hex))))).toBe(hex);
  });
});

describe('Extended JSON', () => {
  it('reads back what was written', () => {
    const random = new Random();
    for (let round = 0; round < 3000 * scale; round++) {
      const raw = randomRaw(random, 2);
      const written = extendedJson(raw);
      expect(extendedJson(rawOfExtendedJson(written)), `seed ${random.seed} round ${round}`).toBe(written);
    }
  });

  it('takes relaxed dates and UUIDs, and leaves what is no wrapper as it is', () => {
    expect(extendedJson(rawOfExtendedJson('{"$date":"2012-12-24T12:15:30.501Z"}'))).toBe(
      '{"$date":{"$numberLong":"1356351330501"}}',
    );
    expect(extendedJson(rawOfExtendedJson(`{"$uuid":"${uuid}"}`))).toBe(
      '{"$binary":{"base64":"a6e4EJ2tEdGAtADAT9QwyA==","subType":"04"}}',
    );
    for (const same of [
      '{"$oid":"x"}',
      '{"$date":"yesterday"}',
      '{"$unknown":"1"}',
      '{"$numberLong":"9223372036854775808"}',
      '{"$ref":"a","$id":"b"}',
      '{"$numberDecimal":"x"}',
      '{"$oid":"65f0c0ffee65f0c0ffee65f0","a":"b"}',
      '{"$binary":{"base64":"/","subType":"00"}}',
    ])
      expect(extendedJson(rawOfExtendedJson(same))).toBe(same);
  });
});
