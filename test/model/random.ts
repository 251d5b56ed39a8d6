// Random data for the tests of `model/`, from a seed that failing runs print, so that each can be run again.

import { BsonType } from '../../model/bson/types.ts';
import { Raw } from '../../model/bson/walk.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import { utf8, writeFloat64, writeInt32, writeInt64 } from '../../model/bytes.ts';

/** Multiplies the rounds of random tests. */
export const scale = Number(process.env['MERIDIAN_TEST_SCALE'] ?? '1');

export type JsonValue = null | boolean | number | string | JsonValue[] | { [name: string]: JsonValue };

/** A generator after Marsaglia's xorshift32: small, and good enough to vary inputs. */
export class Random {
  readonly seed: number;
  #state: number;

  constructor(seed = Number(process.env['MERIDIAN_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31))) {
    this.seed = seed;
    this.#state = (Math.imul(seed, 0x9e3779b1) ^ 0x85ebca6b) | 1;
  }

  /** An unsigned 32-bit number. */
  bits(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return x >>> 0;
  }

  /** 0 … count-1. */
  below(count: number): number {
    return this.bits() % count;
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!;
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.below(256));
  }
}

const texts = [
  '',
  'a',
  'redmond',
  'é',
  '日本語',
  '😀 smile',
  '\ud7ff\ue000\uffff',
  'with "quotes" and \\ and /',
  'line\nbreak\ttab\r\b\f',
  '\u0001\u001f\u007f\u2028',
  '{"$oid":"x"}',
  '65f0c0ffee65f0c0ffee65f0',
  '6ba7b810-9dad-11d1-80b4-00c04fd430c8',
  '1',
  '-0',
  '1e5',
  'NaN',
  'true',
  'null',
];

export function randomText(random: Random): string {
  if (random.chance(60)) return random.pick(texts);
  let text = '';
  for (let length = random.below(40); length > 0; length--) {
    const kind = random.below(20);
    if (kind < 14) text += String.fromCharCode(0x20 + random.below(0x5f));
    else if (kind < 16) text += String.fromCharCode(random.below(0x20));
    else if (kind < 18) text += String.fromCharCode(0x80 + random.below(0x700));
    else if (kind < 19) text += String.fromCharCode(0xe000 + random.below(0x1ff0));
    else text += String.fromCodePoint(0x10000 + random.below(0xfffff));
  }
  return text;
}

const names = [
  'a',
  'b',
  'name',
  'kind',
  '0',
  '10',
  '2',
  '__proto__',
  'constructor',
  'toString',
  'é',
  '$oid',
  'a.b',
  '',
];

export function randomName(random: Random): string {
  return random.chance(70) ? random.pick(names) : randomText(random).replaceAll('\0', '');
}

const doubles = [
  0,
  -0,
  1,
  -1,
  0.1,
  1.5,
  1e21,
  1e-7,
  5e-324,
  1.7976931348623157e308,
  2 ** 53,
  2 ** 53 + 2,
  0.1 + 0.2,
  4503599627370497.5,
];

export function randomDouble(random: Random): number {
  const kind = random.below(4);
  if (kind === 0) return random.pick(doubles);
  if (kind === 1) return random.below(2000) - 1000;
  if (kind === 2) return (random.below(2_000_000) - 1_000_000) / 1000;
  const bytes = new Uint8Array(8);
  writeInt32(bytes, 0, random.bits());
  writeInt32(bytes, 4, random.bits());
  const value = new DataView(bytes.buffer).getFloat64(0, true);
  return Number.isFinite(value) ? value : 1e100;
}

export function randomJsonValue(random: Random, levels: number): JsonValue {
  const kind = random.below(levels > 0 ? 10 : 6);
  switch (kind) {
    case 0:
      return null;
    case 1:
      return random.chance(50);
    case 2:
    case 3:
      return randomDouble(random);
    case 4:
    case 5:
      return randomText(random);
    case 6:
    case 7:
      return Array.from({ length: random.below(5) }, () => randomJsonValue(random, levels - 1));
    default:
      return randomJsonObject(random, levels - 1);
  }
}

/** A null-prototype object: `__proto__` is an own name like every other. */
export function randomJsonObject(random: Random, levels: number): { [name: string]: JsonValue } {
  const object = Object.create(null) as { [name: string]: JsonValue };
  for (let count = random.below(8); count > 0; count--) object[randomName(random)] = randomJsonValue(random, levels);
  return object;
}

/** A value of any BSON type, well-formed. */
export function randomRaw(random: Random, levels: number): Raw {
  const writer = new BsonWriter().beginDocument();
  appendRandom(random, writer, 'v', levels);
  const bytes = writer.end().finish();
  return new Raw(bytes, bytes[4]!, 7, bytes.length - 1);
}

function copied(type: number, bytes: Uint8Array): Raw {
  return new Raw(bytes, type, 0, bytes.length);
}

function long(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  writeInt64(bytes, 0, value);
  return bytes;
}

function texted(text: string): Uint8Array {
  const content = utf8(text);
  const bytes = new Uint8Array(content.length + 5);
  writeInt32(bytes, 0, content.length + 1);
  bytes.set(content, 4);
  return bytes;
}

function joined(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

const longs = [0n, 1n, -1n, 9007199254740993n, -9007199254740993n, 2n ** 63n - 1n, -(2n ** 63n), 1700000000000n];

/** Decimal128 bytes of a small coefficient and any exponent, sign or special value. */
export function randomDecimalBytes(random: Random): Uint8Array {
  const bytes = new Uint8Array(16);
  const kind = random.below(10);
  if (kind === 0) bytes[15] = random.pick([0x78, 0xf8, 0x7c]);
  else if (kind < 7) {
    // Biased exponent near 6176, at bits 113 … 126; coefficient in the low bytes.
    const exponent = 6176 + random.below(13) - 6;
    const high = exponent * 2;
    bytes[14] = high & 0xff;
    bytes[15] = (high >> 8) | (random.chance(50) ? 0x80 : 0);
    bytes[0] = random.below(256);
    if (random.chance(30)) bytes.set(random.bytes(8), 0);
  } else {
    bytes.set(random.bytes(16));
    if ((bytes[15]! & 0x60) === 0x60) bytes[15]! &= 0x9f;
  }
  return bytes;
}

/** Appends a value of a random type. */
export function appendRandom(random: Random, writer: BsonWriter, name: string, levels: number): void {
  const kind = random.below(levels > 0 ? 34 : 26);
  switch (kind) {
    case 0:
    case 1:
    case 2:
      writer.double(name, random.chance(6) ? random.pick([NaN, Infinity, -Infinity]) : randomDouble(random));
      return;
    case 3:
    case 4:
    case 5:
    case 6:
    case 7:
      writer.string(name, randomText(random));
      return;
    case 8:
    case 9:
      writer.int32(name, random.chance(50) ? random.below(20) - 10 : random.bits() | 0);
      return;
    case 10:
    case 11:
      writer.int64(name, random.chance(50) ? random.pick(longs) : BigInt(random.below(2000) - 1000));
      return;
    case 12:
      writer.boolean(name, random.chance(50));
      return;
    case 13:
      writer.null(name);
      return;
    case 14:
      writer.objectId(name, random.bytes(12));
      return;
    case 15:
    case 16:
      writer.raw(
        name,
        copied(BsonType.date, long(random.pick([...longs, 1356351330501n, -62135596800000n, 253402300800000n]))),
      );
      return;
    case 17: {
      const subtype = random.pick([0, 3, 4, 5, 0x80]);
      writer.binary(name, subtype, random.bytes(subtype === 3 || subtype === 4 ? 16 : random.below(20)));
      return;
    }
    case 18:
      writer.raw(name, copied(BsonType.decimal128, randomDecimalBytes(random)));
      return;
    case 19:
      writer.timestamp(name, random.bits(), random.bits());
      return;
    case 20:
      writer.raw(
        name,
        copied(
          BsonType.regex,
          joined(
            utf8(randomText(random).replaceAll('\0', '')),
            new Uint8Array(1),
            utf8(random.pick(['', 'i', 'imx'])),
            new Uint8Array(1),
          ),
        ),
      );
      return;
    case 21:
      writer.raw(name, copied(random.pick([BsonType.code, BsonType.symbol]), texted(randomText(random))));
      return;
    case 22:
      writer.raw(name, copied(random.pick([BsonType.minKey, BsonType.maxKey, BsonType.undefined]), new Uint8Array(0)));
      return;
    case 23:
      writer.raw(name, copied(BsonType.dbPointer, joined(texted('db.coll'), random.bytes(12))));
      return;
    case 24: {
      const scope = randomBson(random, 0);
      const code = texted(randomText(random));
      const bytes = joined(new Uint8Array(4), code, scope);
      writeInt32(bytes, 0, bytes.length);
      writer.raw(name, copied(BsonType.codeWithScope, bytes));
      return;
    }
    case 25: {
      const bytes = new Uint8Array(8);
      writeFloat64(bytes, 0, randomDouble(random));
      writer.raw(name, copied(BsonType.double, bytes));
      return;
    }
    case 26:
    case 27:
    case 28:
    case 29:
      writer.beginArray(name);
      for (let count = random.below(5); count > 0; count--) appendRandom(random, writer, '', levels - 1);
      writer.end();
      return;
    default:
      writer.beginObject(name);
      appendFields(random, writer, levels - 1);
      writer.end();
  }
}

/** Fields with different names: what JSON can hold too. */
export function appendFields(random: Random, writer: BsonWriter, levels: number): void {
  const used = new Set<string>();
  for (let count = random.below(8); count > 0; count--) {
    const name = randomName(random);
    if (used.has(name)) continue;
    used.add(name);
    appendRandom(random, writer, name, levels);
  }
}

export function randomBson(random: Random, levels: number): Uint8Array {
  const writer = new BsonWriter().beginDocument();
  appendFields(random, writer, levels);
  return writer.end().finish();
}
