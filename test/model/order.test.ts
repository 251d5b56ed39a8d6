import { describe, expect, it } from 'vitest';
import { bsonOfJson, valueOfJson } from '../../model/bson/json-read.ts';
import { jsonOfValue } from '../../model/bson/json-write.ts';
import { BsonType } from '../../model/bson/types.ts';
import { fieldOf, Raw, rawDocument } from '../../model/bson/walk.ts';
import { bytesOfHex, utf8 } from '../../model/bytes.ts';
import { decimal128OfText } from '../../model/decimal.ts';
import {
  compareRaw,
  compareText,
  compareValues,
  cosmosRank,
  equalValues,
  mongoRank,
  type TypeRank,
} from '../../model/order.ts';
import { valueOf, type Value } from '../../model/value.ts';
import { Random, randomRaw, randomText, scale } from './random.ts';

function raw(type: number, hex = ''): Raw {
  const bytes = bytesOfHex(hex);
  return new Raw(bytes, type, 0, bytes.length);
}

function decimal(text: string): Raw {
  return new Raw(decimal128OfText(text), BsonType.decimal128, 0, 16);
}

function text(type: number, value: string): Raw {
  const content = Buffer.from(`${value}\0`);
  const length = Buffer.alloc(4);
  length.writeInt32LE(content.length);
  return raw(type, Buffer.concat([length, content]).toString('hex'));
}

const oid = raw(BsonType.objectId, '65f0c0ffee65f0c0ffee65f0');
const json = (value: string): Value => valueOfJson(value);

function holds(ascending: readonly (readonly Value[])[], rank: TypeRank): void {
  for (const [i, left] of ascending.entries())
    for (const [k, right] of ascending.entries())
      for (const a of left)
        for (const b of right)
          expect(compareValues(a, b, rank), `${jsonOfValue(a)} against ${jsonOfValue(b)}`).toBe(Math.sign(i - k));
}

describe('the order of MongoDB', () => {
  it('groups types as documented and orders within each', () => {
    holds(
      [
        [raw(BsonType.minKey)],
        [undefined, raw(BsonType.undefined)],
        [null],
        [NaN, decimal('NaN')],
        [-Infinity],
        [-5, -5n, decimal('-5.0')],
        [0, -0],
        [1, decimal('1.00')],
        [9007199254740992],
        [9007199254740993n, decimal('9007199254740993')],
        [Infinity, decimal('Infinity')],
        ['', text(BsonType.symbol, '')],
        ['B'],
        ['a', text(BsonType.symbol, 'a')],
        ['ab'],
        ['\uffff'],
        ['😀'],
        [json('{}')],
        [json('{"b":1}')],
        [json('{"b":1,"a":0}')],
        [json('{"b":2}')],
        [json('{"a":"x"}')],
        [json('{"a":{}}')],
        [json('[]')],
        [json('[1]')],
        [json('[1,0]')],
        [json('[2]')],
        [json('["a"]')],
        [json('[[]]')],
        [raw(BsonType.binary, '00000000' + '80')],
        [raw(BsonType.binary, '01000000' + '00' + 'ff')],
        [raw(BsonType.binary, '01000000' + '04' + '00')],
        [raw(BsonType.binary, '02000000' + '00' + '0000')],
        [oid],
        [raw(BsonType.objectId, '65f0c0ffee65f0c0ffee65f1')],
        [false],
        [true],
        [raw(BsonType.date, 'ffffffffffffffff')],
        [raw(BsonType.date, '0000000000000000')],
        [raw(BsonType.date, 'ffffffff00000000')],
        [raw(BsonType.timestamp, '0100000001000000')],
        [raw(BsonType.timestamp, '0000000000000080')],
        [raw(BsonType.regex, '610000')],
        [raw(BsonType.regex, '61006900')],
        [raw(BsonType.regex, '61620000')],
        [raw(BsonType.dbPointer, '020000006100' + '65f0c0ffee65f0c0ffee65f0')],
        [text(BsonType.code, 'f()')],
        [raw(BsonType.codeWithScope, '11000000' + '04000000' + '66282900' + '0500000000')],
        [raw(BsonType.codeWithScope, '18000000' + '04000000' + '66282900' + '0c0000001061000100000000')],
        [raw(BsonType.maxKey)],
      ],
      mongoRank,
    );
  });
});

describe('the order of Cosmos', () => {
  it('knows seven families and sees typed values as objects', () => {
    holds(
      [
        [undefined],
        [null],
        [false],
        [true],
        [-1, -1n],
        [0, -0, decimal('0')],
        [9007199254740993n],
        [''],
        ['a'],
        [json('[]')],
        [json('[null]')],
        [json('{}')],
        [json('{"a":1}')],
        [oid, json('{"$oid":"65f0c0ffee65f0c0ffee65f0"}')],
        [json('{"a":"x"}')],
      ],
      cosmosRank,
    );
    expect(compareValues(raw(BsonType.minKey), json('{"$minKey":1}'), cosmosRank)).toBe(0);
    expect(compareValues(oid, json('{"$oid":"65f0c0ffee65f0c0ffee65f0"}'), cosmosRank)).toBe(0);
    expect(compareValues(oid, json('{"$oid":"65f0c0ffee65f0c0ffee65f1"}'), cosmosRank)).toBe(-1);
    expect(compareValues(NaN, json('{"$numberDouble":"NaN"}'), cosmosRank)).toBe(0);
    expect(compareValues(Infinity, 1, cosmosRank)).toBe(1);
    expect(compareValues(-Infinity, 1, cosmosRank)).toBe(1);
    expect(compareValues(decimal('NaN'), 'a', cosmosRank)).toBe(1);
    expect(compareValues(json('[]'), oid, cosmosRank)).toBe(-1);
  });
});

describe('any order', () => {
  it.each([
    ['mongo', mongoRank],
    ['cosmos', cosmosRank],
  ])('is total over all values: %s', (_, rank) => {
    const random = new Random();
    for (let round = 0; round < 150 * scale; round++) {
      const values = Array.from({ length: 12 }, () => (random.chance(5) ? undefined : randomRaw(random, 2)));
      const message = `seed ${random.seed} round ${round}`;
      for (const a of values) {
        expect(compareRaw(a, a, rank), message).toBe(0);
        for (const b of values) {
          const order = compareRaw(a, b, rank);
          expect(compareRaw(b, a, rank) + order, message).toBe(0);
          expect(compareValues(valueOf(a), valueOf(b), rank), message).toBe(order);
          for (const c of values)
            if (order <= 0 && compareRaw(b, c, rank) <= 0)
              expect(compareRaw(a, c, rank), message).toBeLessThanOrEqual(0);
        }
      }
    }
  });

  it('of strings is that of their UTF-8 bytes', () => {
    const random = new Random();
    for (let round = 0; round < 5000 * scale; round++) {
      const a = randomText(random);
      const b = random.chance(30) ? a + randomText(random) : randomText(random);
      expect(compareText(a, b), `seed ${random.seed} round ${round}`).toBe(
        Buffer.compare(Buffer.from(a), Buffer.from(b)),
      );
    }
  });

  it('compares the deepest items without recursion', () => {
    const deep = (leaf: string): Raw => rawDocument(bsonOfJson(utf8('{"a":'.repeat(127) + leaf + '}'.repeat(127))));
    expect(compareRaw(deep('1'), deep('2'), mongoRank)).toBe(-1);
    expect(equalValues(deep('1'), deep('1.0'))).toBe(true);
    expect(compareRaw(deep('1'), deep('"1"'), cosmosRank)).toBe(-1);
  });

  it('finds a raw value where it lies among others', () => {
    const bytes = bsonOfJson(utf8('{"a":"x","b":"y","c":["x"]}'));
    expect(compareRaw(fieldOf(bytes, 'a'), fieldOf(bytes, 'b'), mongoRank)).toBe(-1);
    expect(equalValues('x', fieldOf(bytes, 'a'))).toBe(true);
    expect(equalValues('y', fieldOf(bytes, 'a'))).toBe(false);
  });
});
