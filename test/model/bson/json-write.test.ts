import { deserialize, EJSON } from 'bson';
import { describe, expect, it } from 'vitest';
import { bsonOfJson, valueOfJson } from '../../../model/bson/json-read.ts';
import { extendedJson, jsonOfBson, jsonOfValue, JsonWriter } from '../../../model/bson/json-write.ts';
import { BsonType, depthMax } from '../../../model/bson/types.ts';
import { ElementCursor, Raw, rawDocument } from '../../../model/bson/walk.ts';
import { BsonWriter } from '../../../model/bson/write.ts';
import { bytesOfHex, utf8 } from '../../../model/bytes.ts';
import { decimal128OfText } from '../../../model/decimal.ts';
import { Random, randomBson, randomJsonObject, scale } from '../random.ts';

function raw(type: number, hex: string): Raw {
  const bytes = bytesOfHex(hex);
  return new Raw(bytes, type, 0, bytes.length);
}

const oid = '65f0c0ffee65f0c0ffee65f0';
const longHex = (value: bigint): string => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(value);
  return bytes.toString('hex');
};
const doubleHex = (value: number): string => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes.toString('hex');
};
const textHex = (text: string): string => {
  const content = Buffer.from(`${text}\0`);
  const length = Buffer.alloc(4);
  length.writeInt32LE(content.length);
  return Buffer.concat([length, content]).toString('hex');
};
const decimalHex = (text: string): string => Buffer.from(decimal128OfText(text)).toString('hex');

describe('the SQL view and canonical Extended JSON', () => {
  it.each<[string, number, string, string, string]>([
    ['a double', BsonType.double, doubleHex(1.5), '1.5', '{"$numberDouble":"1.5"}'],
    ['an integral double', BsonType.double, doubleHex(3), '3', '{"$numberDouble":"3.0"}'],
    ['-0', BsonType.double, doubleHex(-0), '-0', '{"$numberDouble":"-0.0"}'],
    ['1e21', BsonType.double, doubleHex(1e21), '1e+21', '{"$numberDouble":"1e+21"}'],
    ['-2147483648', BsonType.double, doubleHex(-2147483648), '-2147483648', '{"$numberDouble":"-2147483648.0"}'],
    ['NaN', BsonType.double, doubleHex(NaN), '{"$numberDouble":"NaN"}', '{"$numberDouble":"NaN"}'],
    ['-∞', BsonType.double, doubleHex(-Infinity), '{"$numberDouble":"-Infinity"}', '{"$numberDouble":"-Infinity"}'],
    ['an int32', BsonType.int32, 'ffffffff', '-1', '{"$numberInt":"-1"}'],
    ['a small int64', BsonType.int64, longHex(-5n), '-5', '{"$numberLong":"-5"}'],
    [
      'a large int64',
      BsonType.int64,
      longHex(2n ** 63n - 1n),
      '9223372036854775807',
      '{"$numberLong":"9223372036854775807"}',
    ],
    ['2^53 + 1', BsonType.int64, longHex(2n ** 53n + 1n), '9007199254740993', '{"$numberLong":"9007199254740993"}'],
    ['a Decimal128', BsonType.decimal128, decimalHex('1.00'), '1.00', '{"$numberDecimal":"1.00"}'],
    ['Decimal128 NaN', BsonType.decimal128, decimalHex('NaN'), '{"$numberDecimal":"NaN"}', '{"$numberDecimal":"NaN"}'],
    ['a boolean', BsonType.boolean, '01', 'true', 'true'],
    ['null', BsonType.null, '', 'null', 'null'],
    ['an ObjectId', BsonType.objectId, oid, `{"$oid":"${oid}"}`, `{"$oid":"${oid}"}`],
    [
      'a date',
      BsonType.date,
      longHex(1356351330501n),
      '{"$date":"2012-12-24T12:15:30.501Z"}',
      '{"$date":{"$numberLong":"1356351330501"}}',
    ],
    [
      'a whole second',
      BsonType.date,
      longHex(1356351330000n),
      '{"$date":"2012-12-24T12:15:30Z"}',
      '{"$date":{"$numberLong":"1356351330000"}}',
    ],
    [
      'a date before 1970',
      BsonType.date,
      longHex(-1n),
      '{"$date":{"$numberLong":"-1"}}',
      '{"$date":{"$numberLong":"-1"}}',
    ],
    [
      'the year 10000',
      BsonType.date,
      longHex(253402300800000n),
      '{"$date":{"$numberLong":"253402300800000"}}',
      '{"$date":{"$numberLong":"253402300800000"}}',
    ],
    [
      'binary',
      BsonType.binary,
      '03000000' + '00' + 'ffffff',
      '{"$binary":{"base64":"////","subType":"00"}}',
      '{"$binary":{"base64":"////","subType":"00"}}',
    ],
    [
      'old binary',
      BsonType.binary,
      '06000000' + '02' + '02000000ffff',
      '{"$binary":{"base64":"//8=","subType":"02"}}',
      '{"$binary":{"base64":"//8=","subType":"02"}}',
    ],
    [
      'a regular expression',
      BsonType.regex,
      Buffer.from('a"b\0xi\0').toString('hex'),
      '{"$regularExpression":{"pattern":"a\\"b","options":"ix"}}',
      '{"$regularExpression":{"pattern":"a\\"b","options":"ix"}}',
    ],
    [
      'a timestamp',
      BsonType.timestamp,
      'ffffffff01000080',
      '{"$timestamp":{"t":2147483649,"i":4294967295}}',
      '{"$timestamp":{"t":2147483649,"i":4294967295}}',
    ],
    ['code', BsonType.code, textHex('f()'), '{"$code":"f()"}', '{"$code":"f()"}'],
    [
      'code with scope',
      BsonType.codeWithScope,
      '18000000' + textHex('f()') + '0c0000001061000100000000',
      '{"$code":"f()","$scope":{"a":1}}',
      '{"$code":"f()","$scope":{"a":{"$numberInt":"1"}}}',
    ],
    ['a symbol', BsonType.symbol, textHex('s'), '{"$symbol":"s"}', '{"$symbol":"s"}'],
    [
      'a DBPointer',
      BsonType.dbPointer,
      textHex('b.c') + oid,
      `{"$dbPointer":{"$ref":"b.c","$id":{"$oid":"${oid}"}}}`,
      `{"$dbPointer":{"$ref":"b.c","$id":{"$oid":"${oid}"}}}`,
    ],
    ['undefined', BsonType.undefined, '', '{"$undefined":true}', '{"$undefined":true}'],
    ['MinKey', BsonType.minKey, '', '{"$minKey":1}', '{"$minKey":1}'],
    ['MaxKey', BsonType.maxKey, '', '{"$maxKey":1}', '{"$maxKey":1}'],
  ])('print %s', (_, type, hex, sql, canonical) => {
    const value = raw(type, hex);
    expect(jsonOfValue(value)).toBe(sql);
    expect(extendedJson(value)).toBe(canonical);
    // The same inside containers, where neighbours must not be disturbed.
    const document = new BsonWriter()
      .beginDocument()
      .raw('a', value)
      .beginArray('b')
      .raw('', value)
      .raw('', value)
      .end()
      .raw('c', value)
      .end()
      .finish();
    expect(jsonOfBson(document).toString()).toBe(`{"a":${sql},"b":[${sql},${sql}],"c":${sql}}`);
    expect(extendedJson(rawDocument(document))).toBe(
      `{"a":${canonical},"b":[${canonical},${canonical}],"c":${canonical}}`,
    );
  });

  it('give JSON back as JSON.stringify writes it', () => {
    const random = new Random();
    for (let round = 0; round < 3000 * scale; round++) {
      const text = JSON.stringify(randomJsonObject(random, 4));
      expect(jsonOfBson(bsonOfJson(utf8(text))).toString(), `seed ${random.seed} round ${round}`).toBe(text);
    }
  });

  it('say what the official library says about every type it keeps', () => {
    const random = new Random();
    const lost = new Set<number>([BsonType.undefined, BsonType.symbol, BsonType.dbPointer]);
    let compared = 0;
    for (let round = 0; round < 3000 * scale; round++) {
      const bytes = randomBson(random, 0);
      const cursor = new ElementCursor(bytes);
      let comparable = true;
      while (cursor.next()) {
        if (lost.has(cursor.type) || cursor.name().startsWith('$') || cursor.name() === '__proto__') comparable = false;
      }
      const ours = extendedJson(rawDocument(bytes));
      // Nor are objects comparable that only look like typed values.
      if (!comparable || /__proto__|"\$oid":(?!"[0-9a-f]{24}")/.test(ours)) continue;
      compared++;
      const theirs = EJSON.stringify(deserialize(bytes, { promoteValues: false, bsonRegExp: true }), {
        relaxed: false,
      });
      // JavaScript's Date holds fewer dates than BSON.
      if (theirs.includes('"$numberLong":"NaN"')) continue;
      // Both are read by the official parser, so that spellings of the same number do not matter.
      const options = { relaxed: false };
      expect(EJSON.stringify(EJSON.parse(ours, options), options), `seed ${random.seed} round ${round}`).toBe(
        EJSON.stringify(EJSON.parse(theirs, options), options),
      );
    }
    expect(compared).toBeGreaterThan(500);
  });

  it('escape what JSON must escape, whatever the length', () => {
    for (const text of ['\u0000'.repeat(5000), '"'.repeat(3000), 'é\u2028😀', '\u007f', 'a'.repeat(100_000) + '\n']) {
      expect(jsonOfValue(text)).toBe(JSON.stringify(text));
      expect(valueOfJson(jsonOfValue(text))).toBe(text);
    }
  });

  it('print the deepest item without recursion', () => {
    const text = '{"a":'.repeat(depthMax - 1) + '{}' + '}'.repeat(depthMax - 1);
    expect(jsonOfBson(bsonOfJson(utf8(text))).toString()).toBe(text);
  });
});

describe('jsonOfBson of an item', () => {
  const tail = (writer: JsonWriter): void => void writer.text(',"_etag":').string('"x"').text(',"_ts":').number(7);
  const skip = ['_etag', '_ts'];

  it('splices system properties last and shadows stored ones', () => {
    const document = bsonOfJson(utf8('{"_ts":1,"id":"1","a":{"_ts":2},"_etag":[]}'));
    expect(jsonOfBson(document, { id: '1', skip, tail }).toString()).toBe(
      '{"id":"1","a":{"_ts":2},"_etag":"\\"x\\"","_ts":7}',
    );
  });

  it('puts the id first when the body does not hold it', () => {
    expect(jsonOfBson(bsonOfJson(utf8('{"a":1}')), { id: 'é"' }).toString()).toBe('{"id":"é\\"","a":1}');
    expect(jsonOfBson(bsonOfJson(utf8('{"a":1,"id":5}')), { id: '5' }).toString()).toBe('{"id":"5","a":1}');
    expect(jsonOfBson(bsonOfJson(utf8('{"a":1,"id":"é"}')), { id: 'é' }).toString()).toBe('{"a":1,"id":"é"}');
    expect(jsonOfBson(bsonOfJson(utf8('{"id":"éa"}')), { id: 'éb' }).toString()).toBe('{"id":"éb"}');
  });

  it('is one object also when nothing else stands in it', () => {
    const empty = bsonOfJson(utf8('{}'));
    expect(jsonOfBson(empty).toString()).toBe('{}');
    expect(jsonOfBson(empty, { tail }).toString()).toBe('{"_etag":"\\"x\\"","_ts":7}');
    expect(jsonOfBson(bsonOfJson(utf8('{"_ts":1}')), { skip, tail }).toString()).toBe('{"_etag":"\\"x\\"","_ts":7}');
  });
});

describe('JsonWriter', () => {
  it('composes values, documents and text, and can be used again', () => {
    const writer = new JsonWriter();
    writer
      .text('[')
      .value(null)
      .text(',')
      .value(12n)
      .text(',')
      .value(false)
      .text(',')
      .document(bsonOfJson(utf8('{"a":[1]}')))
      .bytes(utf8(',"x"]'));
    expect(writer.finish().toString()).toBe('[null,12,false,{"a":[1]},"x"]');
    expect(writer.value('again').finishText()).toBe('"again"');
    expect(new JsonWriter('canonical').value(12n).finishText()).toBe('{"$numberLong":"12"}');
  });
});
