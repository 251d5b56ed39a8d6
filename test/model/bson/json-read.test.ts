import { deserialize, serialize } from 'bson';
import { describe, expect, it } from 'vitest';
import { bsonOfJson, valueOfJson, type JsonReadOptions } from '../../../model/bson/json-read.ts';
import { BsonType, depthMax } from '../../../model/bson/types.ts';
import { validateBson } from '../../../model/bson/validate.ts';
import { ElementCursor, fieldOf, type Raw, textOfRaw } from '../../../model/bson/walk.ts';
import { utf8 } from '../../../model/bytes.ts';
import { DatabaseError } from '../../../model/errors.ts';
import { valueOf } from '../../../model/value.ts';
import { Random, randomJsonObject, scale } from '../random.ts';

function read(text: string, options?: JsonReadOptions): Uint8Array {
  return bsonOfJson(utf8(text), options);
}

function fault(text: string | Uint8Array, options?: JsonReadOptions): DatabaseError {
  try {
    bsonOfJson(typeof text === 'string' ? utf8(text) : text, options);
  } catch (error) {
    if (error instanceof DatabaseError) return error;
    throw error;
  }
  throw new Error('the text was accepted');
}

function names(bytes: Uint8Array): string[] {
  const cursor = new ElementCursor(bytes);
  const found: string[] = [];
  while (cursor.next()) found.push(cursor.name());
  return found;
}

/** What JSON.parse gives, with every number a double and -0 kept, written by the official library. */
function official(text: string): Uint8Array {
  return serialize(JSON.parse(text) as Record<string, unknown>);
}

describe('bsonOfJson', () => {
  it('keeps the order of integer-like names and holds prototype names as data', () => {
    const bytes = read('{"b":1,"10":2,"2":3,"__proto__":{"x":1},"constructor":4}');
    expect(names(bytes)).toEqual(['b', '10', '2', '__proto__', 'constructor']);
    validateBson(bytes);
  });

  it('makes every number a double, keeps -0 and takes the nearest', () => {
    const given = [
      '0',
      '-0',
      '1',
      '1.0',
      '9007199254740993',
      '0.1',
      '1e5',
      '-1.5E-3',
      '123456789012345678901234567890',
      '5e-324',
      '2.2250738585072011e-308',
      '1e22',
      '1e23',
      '0.000001',
      '1e-400',
    ];
    const bytes = read(`{"n":[${given.join(',')}]}`);
    const array = fieldOf(bytes, 'n')!;
    const cursor = new ElementCursor(bytes, array.start);
    for (const text of given) {
      expect(cursor.next()).toBe(true);
      expect(cursor.type).toBe(BsonType.double);
      expect(valueOf(cursor.raw())).toBe(Number(text));
    }
  });

  it('gives the text of numbers where it is asked for, of any length and in any number', () => {
    const numbers = ['0', '-0.0', '1.0', '1E+2', '1e400', '123456789012345678901234567890', ...Array(500).fill('7')];
    const bytes = read(`{"a":[${numbers.join(',')}]}`, { numbers: 'text' });
    validateBson(bytes);
    const cursor = new ElementCursor(bytes, fieldOf(bytes, 'a')!.start);
    for (const number of numbers) {
      expect(cursor.next() && cursor.type).toBe(BsonType.symbol);
      expect(textOfRaw(cursor.raw())).toBe(number);
    }
    expect(fault('{"a":[1.]}', { numbers: 'text' }).offset).toBe(8);
    expect(fieldOf(read('{"a":1}'), 'a')!.type).toBe(BsonType.double);
  });

  it('refuses a number beyond doubles and names its place', () => {
    expect(fault('{"a":1e400}')).toMatchObject({ code: 'BadRequest', offset: 5 });
  });

  it('gives a name that stands twice its last value at its first place', () => {
    const bytes = read('{"a":1,"b":{"x":1,"x":[2]},"a":"three","c":null}');
    expect(deserialize(bytes)).toEqual({ a: 'three', b: { x: [2] }, c: null });
    expect(names(bytes)).toEqual(['a', 'b', 'c']);
    validateBson(bytes);
  });

  it('finds names that stand twice in objects of any width', () => {
    const fields = Array.from({ length: 500 }, (_, i) => `"n${i}":${i}`);
    const bytes = read(`{${fields.join(',')},"n7":"again","n400":"again","n499":"again"}`);
    expect(names(bytes)).toHaveLength(500);
    expect(deserialize(bytes)).toMatchObject({ n6: 6, n7: 'again', n400: 'again', n499: 'again' });
    expect(names(bytes)[7]).toBe('n7');
  });

  it('refuses a second one of the names that must be unique, at the top level only', () => {
    const options = { uniqueNames: ['id'] };
    expect(fault('{"id":"1","id":"2"}', options)).toMatchObject({ code: 'BadRequest', offset: 10 });
    expect(fault('{"id":"1","\\u0069d":"2"}', options).code).toBe('BadRequest');
    expect(deserialize(read('{"id":"1","x":{"id":1,"id":2}}', options))).toEqual({ id: '1', x: { id: 2 } });
  });

  it.each([
    ['', 0],
    ['[]', 0],
    ['{', 1],
    ['{"a"', 4],
    ['{"a":', 5],
    ['{"a":1', 6],
    ['{"a":1,', 7],
    ['{"a":1,}', 7],
    ['{"a":1}x', 7],
    ['{"a":01}', 6],
    ['{"a":1.}', 7],
    ['{"a":+1}', 5],
    ['{"a":.5}', 5],
    ['{"a":1e}', 7],
    ['{"a":-}', 6],
    ['{"a":tru}', 5],
    ['{"a":"\\x"}', 6],
    ['{"a":"\\u12g4"}', 10],
    ['{"a":"\\ud800"}', 6],
    ['{"a":"\\ud800\\u0041"}', 6],
    ['{"a":"\\udc00"}', 6],
    ['{"a\\u0000b":1}', 1],
    ['{"a":"\n"}', 6],
    ['{a:1}', 1],
    ["{'a':1}", 1],
    ['{"a":[1}', 7],
    ['{"a":{]}', 6],
    ['\ufeff{}', 0],
    ['{"a":NaN}', 5],
  ])('refuses %j at its offset', (text, offset) => {
    expect(fault(text)).toMatchObject({ code: 'BadRequest', offset });
  });

  it('refuses bytes that are not UTF-8, in values and in names', () => {
    for (const bytes of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82], [0x80]]) {
      expect(fault(Uint8Array.from([...utf8('{"a":"'), ...bytes, ...utf8('"}')]))).toMatchObject({
        code: 'BadRequest',
        offset: 6,
      });
      expect(fault(Uint8Array.from([...utf8('{"'), ...bytes, ...utf8('":1}')]))).toMatchObject({
        code: 'BadRequest',
        offset: 2,
      });
    }
  });

  it('allows the depth that stored items have and no more', () => {
    const nested = (levels: number): string => '{"a":'.repeat(levels - 1) + '{}' + '}'.repeat(levels - 1);
    validateBson(read(nested(depthMax)));
    expect(fault(nested(depthMax + 1)).code).toBe('TooDeep');
    expect(fault('{"a":' + '['.repeat(1_000_000)).code).toBe('TooDeep');
    expect(fault('{"a":[[]]}', { levelsMax: 2 }).code).toBe('TooDeep');
  });

  it('names array positions beyond one digit', () => {
    const values = Array.from({ length: 1203 }, (_, i) => i);
    const text = JSON.stringify({ values });
    const bytes = read(text);
    const cursor = new ElementCursor(bytes, fieldOf(bytes, 'values')!.start);
    for (const value of values) {
      cursor.next();
      expect(cursor.name()).toBe(String(value));
    }
  });

  it('reads what JSON.parse reads, to the values that it gives', () => {
    const random = new Random();
    for (let round = 0; round < 3000 * scale; round++) {
      const object = randomJsonObject(random, 4);
      const text = JSON.stringify(object, null, random.pick([0, 2, '\t']));
      const bytes = read(text);
      validateBson(bytes);
      const back = deserialize(bytes, { promoteValues: true });
      expect(back, `seed ${random.seed} round ${round}`).toEqual(deserialize(official(text)));
    }
  });

  it('agrees with JSON.parse on what is JSON, and throws nothing but DatabaseError', () => {
    const random = new Random();
    const pieces = [
      '"',
      '\\',
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '0',
      '-',
      '.',
      'e',
      'E',
      '+',
      't',
      'u',
      ' ',
      '\n',
      '1e999',
      '\\u',
      '"a":',
      'null',
    ];
    let accepted = 0;
    for (let round = 0; round < 20000 * scale; round++) {
      let text = JSON.stringify(randomJsonObject(random, 3));
      for (let edits = 1 + random.below(3); edits > 0; edits--) {
        const at = random.below(text.length + 1);
        text = text.slice(0, at) + (random.chance(60) ? random.pick(pieces) : '') + text.slice(at + random.below(3));
      }
      const bytes = Buffer.from(text);
      const message = `seed ${random.seed} round ${round}: ${text}`;
      let parsed: unknown;
      let isJson = true;
      try {
        parsed = JSON.parse(bytes.toString());
      } catch {
        isJson = false;
      }
      try {
        const read = bsonOfJson(bytes);
        validateBson(read);
        accepted++;
        expect(isJson, message).toBe(true);
        expect(deserialize(read), message).toEqual(deserialize(serialize(parsed as Record<string, unknown>)));
      } catch (error) {
        if (!(error instanceof DatabaseError)) throw error;
        // What JSON.parse takes and this does not: no object, infinite numbers, lone surrogates, NUL in names.
        const known = /an object is expected|range of a double|lone surrogate|NUL/.test(error.message);
        expect(isJson && !known, `${message}: ${error.message}`).toBe(false);
        expect(error.offset).toBeGreaterThanOrEqual(0);
      }
    }
    expect(accepted).toBeGreaterThan(100);
  });

  it('throws nothing but DatabaseError on any bytes', () => {
    const random = new Random();
    for (let round = 0; round < 5000 * scale; round++) {
      const bytes = Buffer.from(JSON.stringify(randomJsonObject(random, 3)));
      for (let edits = 1 + random.below(4); edits > 0; edits--) bytes[random.below(bytes.length)] = random.below(256);
      try {
        validateBson(bsonOfJson(bytes));
      } catch (error) {
        if (!(error instanceof DatabaseError)) throw new Error(`seed ${random.seed} round ${round}`, { cause: error });
      }
    }
  });
});

describe('valueOfJson', () => {
  it('reads bare values', () => {
    expect(valueOfJson('"a\\u00e9"')).toBe('aé');
    expect(valueOfJson(' -0 ')).toBe(-0);
    expect(valueOfJson('true')).toBe(true);
    expect(valueOfJson('null')).toBe(null);
    expect(valueOfJson(utf8('1.5'))).toBe(1.5);
    const array = valueOfJson('[1,{"a":2}]') as Raw;
    expect(array.type).toBe(BsonType.array);
    expect(deserialize(array.slice())).toEqual({ 0: 1, 1: { a: 2 } });
    expect((valueOfJson('{}') as Raw).type).toBe(BsonType.object);
  });

  it('refuses what is not one value', () => {
    for (const text of ['', '1 2', '"\ud800"', 'undefined', '[1', '1,'])
      expect(() => valueOfJson(text)).toThrow(DatabaseError);
  });
});
