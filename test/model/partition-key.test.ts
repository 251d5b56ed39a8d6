import { describe, expect, it } from 'vitest';
import { bsonOfJson } from '../../model/bson/json-read.ts';
import { BsonType } from '../../model/bson/types.ts';
import { Raw } from '../../model/bson/walk.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import { bytesOfHex, utf8 } from '../../model/bytes.ts';
import { decimal128OfText } from '../../model/decimal.ts';
import { DatabaseError } from '../../model/errors.ts';
import { jsonOfValue } from '../../model/bson/json-write.ts';
import {
  haveSameParts,
  parsePartitionKeyHeader,
  parsePath,
  partitionKeyOfItem,
  partitionKeyRoots,
  partitionKeyText,
  unpartitioned,
  type PartitionKeyDefinition,
} from '../../model/partition-key.ts';

function definition(...paths: string[]): PartitionKeyDefinition {
  return { paths, kind: paths.length > 1 ? 'MultiHash' : 'Hash', version: 2 };
}

function keyOf(json: string, ...paths: string[]): unknown {
  return partitionKeyOfItem(definition(...paths), bsonOfJson(utf8(json)));
}

function keyOfTyped(write: (writer: BsonWriter) => void): unknown {
  const writer = new BsonWriter().beginDocument();
  write(writer);
  return partitionKeyOfItem(definition('/k'), writer.end().finish())[0];
}

describe('paths', () => {
  it('are cut at slashes, quoted segments kept whole', () => {
    expect(parsePath('/a')).toEqual(['a']);
    expect(parsePath('/a/b/0')).toEqual(['a', 'b', '0']);
    expect(parsePath('/"a b"/c')).toEqual(['a b', 'c']);
    expect(parsePath('/\'a/b\'/"c\\"d"')).toEqual(['a/b', 'c"d']);
    expect(parsePath('/__proto__')).toEqual(['__proto__']);
    expect(parsePath('/a/')).toEqual(['a']);
    expect(partitionKeyRoots(definition('/a/b', '/"c d"'))).toEqual(['a', 'c d']);
    expect(partitionKeyRoots(unpartitioned)).toEqual([]);
  });

  it.each(['', 'a', '/', '//a', '/a//b', '/"a', '/"a"b', `/${'a'.repeat(2000)}`])('refuse %j', (path) => {
    expect(() => parsePath(path)).toThrow(DatabaseError);
  });
});

describe('the partition key of an item', () => {
  it('is taken by its paths', () => {
    expect(keyOf('{"a":{"b":"x"},"c d":1}', '/a/b', '/"c d"', '/e')).toEqual(['x', 1, undefined]);
    expect(keyOf('{"a":null}', '/a')).toEqual([null]);
    expect(keyOf('{"a":false}', '/a')).toEqual([false]);
    expect(keyOf('{"a":-0}', '/a')).toEqual([0]);
    expect(keyOf('{"a":"x"}', '/a/b')).toEqual([undefined]);
    expect(keyOf('{"a":{}}', '/a')).toEqual([undefined]);
    expect(keyOf('{"a":["x"]}', '/a/0')).toEqual([undefined]);
    expect(keyOf('{"__proto__":{"__proto__":1}}', '/__proto__/__proto__')).toEqual([1]);
  });

  it('is empty in a container without a key', () => {
    expect(partitionKeyOfItem(unpartitioned, bsonOfJson(utf8('{"_partitionKey":"x"}')))).toEqual([]);
  });

  it('is absent where an item has an array or an object', () => {
    expect(keyOf('{"a":[]}', '/a')).toEqual([undefined]);
    expect(keyOf('{"a":{"b":1}}', '/a')).toEqual([undefined]);
    expect(keyOf('{"a":{"b":1}}', '/a', '/a/b')).toEqual([undefined, 1]);
  });

  it('refuses arrays and objects where a client names it', () => {
    expect(() => parsePartitionKeyHeader('[[1]]')).toThrow(DatabaseError);
    expect(() => parsePartitionKeyHeader('[{"b":1}]')).toThrow(DatabaseError);
  });

  it('has equal parts for equal numbers of any type', () => {
    const decimal = (text: string) => (writer: BsonWriter) =>
      writer.raw('k', new Raw(decimal128OfText(text), BsonType.decimal128, 0, 16));
    expect(keyOfTyped((writer) => writer.int32('k', 7))).toBe(7);
    expect(keyOfTyped((writer) => writer.int64('k', 7n))).toBe(7);
    expect(keyOfTyped(decimal('7.00'))).toBe(7);
    expect(keyOfTyped((writer) => writer.int64('k', 2n ** 60n))).toBe(2 ** 60);
    expect(keyOfTyped((writer) => writer.double('k', 2 ** 60))).toBe(2 ** 60);
    expect(keyOfTyped((writer) => writer.int64('k', 9007199254740993n))).toBe('{"$numberLong":"9007199254740993"}');
    expect(keyOfTyped(decimal('9007199254740993.0'))).toBe('{"$numberLong":"9007199254740993"}');
    expect(keyOfTyped(decimal('0.1'))).toBe('{"$numberDecimal":"0.1"}');
    expect(keyOfTyped(decimal('0.100'))).toBe('{"$numberDecimal":"0.1"}');
    expect(keyOfTyped((writer) => writer.double('k', NaN))).toBe('{"$numberDouble":"NaN"}');
    expect(keyOfTyped(decimal('NaN'))).toBe('{"$numberDouble":"NaN"}');
  });

  it('holds typed values as canonical Extended JSON', () => {
    expect(keyOfTyped((writer) => writer.objectId('k', bytesOfHex('65f0c0ffee65f0c0ffee65f0')))).toBe(
      '{"$oid":"65f0c0ffee65f0c0ffee65f0"}',
    );
    expect(keyOfTyped((writer) => writer.date('k', 1000))).toBe('{"$date":{"$numberLong":"1000"}}');
  });
});

describe('the partition key header', () => {
  it.each<[string, unknown[]]>([
    ['["a"]', ['a']],
    ['["\\u00e9\\ud83d\\ude00"]', ['é😀']],
    ['[1.5]', [1.5]],
    ['[-0]', [0]],
    ['[null]', [null]],
    ['[true]', [true]],
    ['[{}]', [undefined]],
    ['[]', []],
    ['[ "a" , {} , null ]', ['a', undefined, null]],
  ])('%s is read', (text, key) => {
    const parts = parsePartitionKeyHeader(text);
    expect(parts).toEqual(key);
    expect(parsePartitionKeyHeader(partitionKeyText(parts))).toEqual(parts);
  });

  it.each(['', '"a"', '{}', '[', '["a"', '[[]]', '[{"a":1}]', '[1,2,3,4]', '[1e999]', '["\\ud800"]', 'null'])(
    '%s is refused',
    (text) => expect(() => parsePartitionKeyHeader(text)).toThrow(DatabaseError),
  );
});

describe('the text of a key', () => {
  it('is the JSON of its parts, whatever letter they hold', () => {
    for (let unit = 0; unit < 0x180; unit++) {
      const text = `a${String.fromCharCode(unit)}z`;
      expect(partitionKeyText([text])).toBe(`[${jsonOfValue(text)}]`);
    }
    expect(partitionKeyText([''])).toBe('[""]');
    expect(partitionKeyText(['a', 'b'])).toBe('["a","b"]');
  });

  it('is the same when the parts are', () => {
    expect(haveSameParts(['a', 1, null], ['a', 1, null])).toBe(true);
    expect(haveSameParts([0], [-0])).toBe(true);
    expect(haveSameParts(['a'], ['a', undefined])).toBe(false);
    expect(haveSameParts(['1'], [1])).toBe(false);
    expect(haveSameParts([], [])).toBe(true);
  });
});
