// Cosmos's binary JSON: every form by example, all forms by chance against the reader of JSON text, and any bytes.

import { describe, expect, it } from 'vitest';
import { bsonOfJson } from '../../../model/bson/json-read.ts';
import { jsonOfValue } from '../../../model/bson/json-write.ts';
import { rawDocument } from '../../../model/bson/walk.ts';
import { utf8 } from '../../../model/bytes.ts';
import { bsonOfBinary, rawOfBinary } from '../../../model/cosmos-binary/read.ts';
import { DatabaseError } from '../../../model/errors.ts';
import { valueOf } from '../../../model/value.ts';
import { randomOf, seedOf, testScale } from '../../random.ts';
import { BinaryEncoder, type Json } from './encoder.ts';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const read = (text: string): unknown => JSON.parse(jsonOfValue(valueOf(rawOfBinary(hex(text)))));

describe('a value of binary JSON', () => {
  it.each([
    ['80 17', 23],
    ['80 C8 FE', 254],
    ['80 C9 FE FF', -2],
    ['80 CA 00 00 00 80', -2147483648],
    ['80 CB 01 00 00 00 00 00 20 00', 9007199254740992],
    ['80 C7 FF FF FF FF FF FF FF FF', 18446744073709551615],
    ['80 CC 00 00 00 00 00 00 F8 3F', 1.5],
    ['80 CD 00 00 20 C0', -2.5],
    ['80 CE 00 00 00 00 00 00 E0 3F', 0.5],
    ['80 CF 00 3E', 1.5],
    ['80 CF 01 00', 2 ** -24],
    ['80 D7 FF', 255],
    ['80 D8 FF', -1],
    ['80 D9 00 80', -32768],
    ['80 DA FF FF FF 7F', 2147483647],
    ['80 DB FF FF FF FF FF FF FF FF', -1],
    ['80 DC FF FF FF FF', 4294967295],
    ['80 D0', null],
    ['80 D1', false],
    ['80 D2', true],
    ['80 20', '$s'],
    ['80 3F', '_id'],
    ['80 80', ''],
    ['80 83 C3 A4 62', 'äb'],
    ['80 C0 02 68 6F', 'ho'],
    ['80 C1 02 00 68 6F', 'ho'],
    ['80 C2 02 00 00 00 68 6F', 'ho'],
    ['80 75 00 11 22 33 44 55 66 77 88 99 AA BB CC DD EE FF', '00112233-4455-6677-8899-aabbccddeeff'],
    ['80 76 00 11 22 33 44 55 66 77 88 99 AA BB CC DD EE FF', '00112233-4455-6677-8899-AABBCCDDEEFF'],
    ['80 77 00 11 22 33 44 55 66 77 88 99 AA BB CC DD EE FF', '"00112233-4455-6677-8899-aabbccddeeff"'],
    ['80 D3 00 11 22 33 44 55 66 77 88 99 AA BB CC DD EE FF', '33221100-5544-7766-8899-aabbccddeeff'],
    ['80 71 01 01 68 6F', 'aG8='],
    ['80 71 01 FE 68 6F', 'aG8'],
    ['80 72 01 00 02 68', 'aA=='],
    ['80 73 01 00 FF FF FF', '____'],
    ['80 71 01 00 FF FF FF', '////'],
    ['80 78 03 21 0C', '12c'],
    ['80 79 03 21 0C', '12C'],
    ['80 7A 05 21 B3 05', '012:4'],
    ['80 7B 02 61 10', 'ab'],
    ['80 7C 02 61 20 00', 'ab'],
    ['80 7D 02 61 40 00', 'ab'],
    ['80 7E 02 61 31', 'ab'],
    ['80 7F 02 00 61 31', 'ab'],
    ['80 DD 02 68 6F', 'aG8='],
    ['80 DE 00 00', ''],
    ['80 E0', []],
    ['80 E8', {}],
    ['80 E1 E1 05', [[5]]],
    ['80 E9 2C 05', { id: 5 }],
    ['80 E2 03 82 68 6F', ['ho']],
    ['80 E5 04 02 82 68 6F 05', ['ho', 5]],
    ['80 E2 05 82 68 6F C3 03', ['ho', 'ho']],
    ['80 EF 04 00 00 00 02 00 00 00 2C 01 3B 02', { id: 1, type: 2 }],
    ['80 F0 D8 03 01 FF 00', [1, -1, 0]],
    ['80 F1 D9 02 00 01 00 FF FF', [1, -1]],
    [
      '80 F2 F0 D7 02 02 01 02 03 04',
      [
        [1, 2],
        [3, 4],
      ],
    ],
    ['80 F3 F1 D7 01 00 02 00 07 08', [[7], [8]]],
    ['80 EA 06 2C 01 3B 02 2C 03', { id: 3, type: 2 }],
  ] as [string, unknown][])('%s is %j', (bytes, expected) => {
    expect(read(bytes)).toEqual(expected);
  });

  it.each([
    ['nothing', ''],
    ['JSON text', '7B 7D'],
    ['the preamble alone', '80'],
    ['bytes after the value', '80 D0 D0'],
    ['an unknown type', '80 D4'],
    ['a string that is cut', '80 85 61'],
    ['a length beyond everything', '80 C2 FF FF FF FF'],
    ['malformed UTF-8', '80 81 FF'],
    ['a surrogate', '80 83 ED A0 80'],
    ['a user string', '80 41'],
    ['a user string of two bytes', '80 61 01'],
    ['a reference to nothing', '80 C3 00'],
    ['a reference to itself', '80 C3 01'],
    ['a reference forward', '80 E2 05 C3 05 82 68 6F'],
    ['a reference to a reference', '80 E2 06 81 61 C3 03 C3 05'],
    ['a reference to a number', '80 E2 03 05 C3 03'],
    ['a container beyond its own', '80 E2 02 E2 09'],
    ['a container longer than its entries', '80 E5 03 01 01 02 03'],
    ['a count beyond the entries', '80 E5 01 02 01'],
    ['a count beyond everything', '80 E7 01 00 00 00 FF FF FF FF 01'],
    ['a number as a name', '80 E9 05 05'],
    ['NUL in a name', '80 E9 81 00 05'],
    ['NaN', '80 CC 00 00 00 00 00 00 F8 7F'],
    ['infinity', '80 CF 00 7C'],
    ['a uniform array that is cut', '80 F1 DB FF FF 00'],
    ['a uniform array of strings', '80 F0 20 01'],
    ['packed characters beyond ASCII', '80 7D 01 7F 3F'],
    ['impossible padding', '80 71 01 03 00'],
  ])('%s is refused', (_what, bytes) => {
    expect(() => rawOfBinary(hex(bytes))).toThrowError(expect.objectContaining({ code: 'BadRequest' }));
  });

  it('is nested as deep as JSON text may be', () => {
    const nested = (levels: number): Uint8Array =>
      Uint8Array.from([0x80, ...Array.from({ length: levels }, () => 0xe1), 0xd0]);
    expect(() => rawOfBinary(nested(128))).not.toThrow();
    expect(() => rawOfBinary(nested(129))).toThrowError(expect.objectContaining({ code: 'TooDeep' }));
    expect(() => rawOfBinary(nested(1_000_000))).toThrowError(expect.objectContaining({ code: 'TooDeep' }));
  });

  it('that expands beyond an item ends with an error', () => {
    const empties = [0xf3, 0xf1, 0xd7, 0, 0, 0xff, 0xff];
    const many = Uint8Array.from([0x80, 0xe4, 0xf0, 0x55, 0, 0, ...Array.from({ length: 3144 }, () => empties).flat()]);
    many.set([(many.length - 6) & 255, (many.length - 6) >> 8], 2);
    expect(() => rawOfBinary(many)).toThrowError(expect.objectContaining({ code: 'TooLarge' }));
  });
});

describe('a document of binary JSON', () => {
  it('must be an object, and unique where JSON text must be', () => {
    expect(() => bsonOfBinary(hex('80 E1 05'))).toThrowError(/object/);
    expect(() => bsonOfBinary(hex('80 EA 04 2C 01 2C 02'), { uniqueNames: ['id'] })).toThrowError(/unique/);
    expect(() => bsonOfBinary(hex('80 E9 3A EA 04 2C 01 2C 02'), { uniqueNames: ['id'] })).not.toThrow();
  });

  const texts = [
    '', 'a', 'id', 'type', '__proto__', '0', '2024-01-02T03:04:05.678Z', 'deadbeef', 'DEADBEEF12', 'aGVsbG8=', 'aGVsbG8',
    '3f2504e0-4f89-11d3-9a0c-0305e82c3301', '"3f2504e0-4f89-11d3-9a0c-0305e82c3301"', 'Grüße, 世界 🎈', 'x'.repeat(300),
    'aaaabbbbccccdddd', 'Hello, World!', '+//+', '-__-',
  ]; // prettier-ignore

  function randomJson(random: () => number, depth: number): Json {
    const one = <T>(choices: readonly T[]): T => choices[Math.floor(random() * choices.length)]!;
    const kind = Math.floor(random() * (depth > 0 ? 8 : 5));
    if (kind === 0) return one([null, true, false]);
    if (kind < 3) return one([0, 31, 32, -1, 200, 40_000, -70_000, 5e9, -(2 ** 53), 1.5, 0.1, 1e300]);
    if (kind < 5) return one(texts);
    const length = Math.floor(random() * 5);
    if (kind === 5) return Array.from({ length: length * 20 }, () => Math.floor(random() * 1000) - 500);
    if (kind === 6) return Array.from({ length }, () => randomJson(random, depth - 1));
    return randomObject(random, depth - 1, length);
  }

  function randomObject(random: () => number, depth: number, length: number): Record<string, Json> {
    return Object.fromEntries(
      Array.from({ length }, () => [texts[Math.floor(random() * texts.length)]!, randomJson(random, depth)]),
    );
  }

  it('is the same as its JSON text, in whatever forms it comes', () => {
    const seed = seedOf();
    const random = randomOf(seed);
    const encoder = new BinaryEncoder(random);
    for (let round = 0; round < 500 * testScale; round++) {
      const plain = randomObject(random, 4, 8);
      const found = bsonOfBinary(encoder.encode(plain));
      expect(jsonOfValue(rawDocument(found)), `seed ${seed}, round ${round}`).toBe(JSON.stringify(plain));
      expect(found).toEqual(bsonOfJson(utf8(JSON.stringify(plain))));
    }
  });

  it('any bytes give a document or an error of the caller', () => {
    const seed = seedOf();
    const random = randomOf(seed);
    const encoder = new BinaryEncoder(random);
    let read = 0;
    for (let round = 0; round < 4000 * testScale; round++) {
      const bytes = encoder.encode(randomObject(random, 2, 4));
      for (let change = 0; change < 1 + random() * 3; change++) {
        bytes[1 + Math.floor(random() * (bytes.length - 1))] = Math.floor(random() * 256);
      }
      try {
        const found = bsonOfBinary(random() < 0.2 ? bytes.subarray(0, Math.floor(random() * bytes.length)) : bytes);
        JSON.parse(jsonOfValue(rawDocument(found)));
        read++;
      } catch (fault) {
        const code = fault instanceof DatabaseError ? fault.code : String(fault);
        if (!['BadRequest', 'TooDeep', 'TooLarge'].includes(code)) expect.fail(`${code}, seed ${seed}, round ${round}`);
      }
    }
    expect(read).toBeGreaterThan(0);
  });
});
