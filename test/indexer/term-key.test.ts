import { describe, expect, it } from 'vitest';
import { compareBytes } from '../../model/bytes.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import { fieldOf, type Raw } from '../../model/bson/walk.ts';
import { decimal128OfText, decimalDigitsMax } from '../../model/decimal.ts';
import { compareNumbers, numericOf, type Numeric } from '../../model/number.ts';
import { BsonType } from '../../model/bson/types.ts';
import { Raw as RawValue } from '../../model/bson/walk.ts';
import { valueOf } from '../../model/value.ts';
import { isCutKey, keyOf, simpleKeyBytesMax, Tag, valueOfKey, writeKey } from '../../indexer/term-key.ts';
import { below, pick, randomOf, type Random } from './random.ts';

function keyOfRaw(raw: Raw): Uint8Array {
  const out = new Uint8Array(simpleKeyBytesMax);
  return out.slice(0, writeKey(out, 0, raw.type, raw.bytes, raw.start, raw.end));
}

function compareKeys(a: Uint8Array, b: Uint8Array): number {
  return compareBytes(a, 0, a.length, b, 0, b.length);
}

function double(value: number): Raw {
  return fieldOf(new BsonWriter().beginDocument().double('v', value).end().finish(), 'v')!;
}

function long(value: bigint): Raw {
  return fieldOf(new BsonWriter().beginDocument().int64('v', value).end().finish(), 'v')!;
}

function decimal(text: string): Raw {
  return new RawValue(decimal128OfText(text), BsonType.decimal128, 0, 16);
}

function randomDecimal(random: Random): string {
  const digits = Array.from({ length: 1 + below(random, decimalDigitsMax) }, () => String(below(random, 10))).join('');
  const exponent = pick(random, [0, -1, -34, 5, 250, 290, 308, -300, -320, -340, -3000, 3000, below(random, 40) - 20]);
  return `${random() < 0.5 ? '-' : ''}${digits}E${exponent}`;
}

const bits = new DataView(new ArrayBuffer(8));

/** Numbers of every type, near each other: neighbours of doubles, of 2^53, of the ends of the range. */
function randomNumber(random: Random, near: Numeric | undefined): Raw {
  if (near !== undefined && typeof near === 'number' && Number.isFinite(near) && random() < 0.5) {
    const choice = below(random, 4);
    if (choice === 0 && Math.abs(near) < 2 ** 62) return long(BigInt(Math.trunc(near)) + BigInt(below(random, 3) - 1));
    if (choice === 1) {
      bits.setFloat64(0, near);
      bits.setBigInt64(0, bits.getBigInt64(0) + (random() < 0.5 ? 1n : -1n));
      return double(bits.getFloat64(0));
    }
    if (choice === 2) {
      const text = near.toPrecision(17);
      return decimal(
        `${text.includes('e') ? text.replace('e', `${below(random, 10)}e`) : text}`.replace(/\.(\d+)(\d)e/, '.$1$2e'),
      );
    }
    const shortest = String(near);
    return /e[+-]3\d\d/.test(shortest) ? double(near) : decimal(shortest);
  }
  switch (below(random, 6)) {
    case 0:
      return long(
        pick(random, [2n ** 53n, 2n ** 62n, -(2n ** 53n), 2n ** 63n - 2000n, -(2n ** 63n) + 2000n]) +
          BigInt(below(random, 9)),
      );
    case 1:
      return decimal(randomDecimal(random));
    case 2:
      return double(
        pick(random, [
          0,
          -0,
          5e-324,
          -5e-324,
          2 ** -1022,
          -(2 ** -1022),
          Number.MAX_VALUE,
          -Number.MAX_VALUE,
          Infinity,
          -Infinity,
          NaN,
          0.1,
          1,
        ]),
      );
    case 3:
      bits.setInt32(0, below(random, 2 ** 32));
      bits.setInt32(4, below(random, 2 ** 32));
      return double(bits.getFloat64(0));
    case 4:
      return decimal(
        pick(random, [
          '0',
          '-0E+300',
          'NaN',
          'Infinity',
          '-Infinity',
          '0.1',
          '0.10',
          '1E-400',
          '1.0E-400',
          '9E+6000',
          '-1E-6000',
          '9007199254740993',
          '9007199254740993.5',
        ]),
      );
    default:
      return double(below(random, 2000) - 1000);
  }
}

describe('keys of numbers', () => {
  it('sort exactly as the values do, across all types', () => {
    const random = randomOf(20_26);
    let before: Raw | undefined;
    for (let round = 0; round < 30_000; round++) {
      const next = randomNumber(random, before && numericOf(before));
      if (before !== undefined) {
        const expected = compareNumbers(numericOf(before), numericOf(next));
        const found = compareKeys(keyOfRaw(before), keyOfRaw(next));
        if (found !== expected)
          throw new Error(
            `round ${round}: ${String(valueOf(before))} and ${JSON.stringify(numericOf(next), (_, v: unknown) => (typeof v === 'bigint' ? String(v) : v))}: ${found}, not ${expected}`,
          );
      }
      before = next;
    }
  });

  it.each([0, 1, -1, 0.1, 1e300, 5e-324, -(2 ** -1022), Infinity, -Infinity, NaN, 123456.789])(
    'give %d back',
    (value) => {
      const key = keyOf(value)!;
      expect(valueOfKey(key.bytes, 0, key.bytes.length)).toBe(value);
    },
  );

  it.each([2n ** 53n + 1n, -(2n ** 53n) - 1n, 2n ** 63n - 1n, -(2n ** 63n) + 1n, 2n ** 62n + 12345n])(
    'give %d back',
    (value) => {
      const key = keyOf(value)!;
      expect(valueOfKey(key.bytes, 0, key.bytes.length)).toBe(value);
    },
  );
});

describe('keys of other values', () => {
  it('keep strings of 96 bytes whole and mark longer ones inexact', () => {
    const kept = keyOf('x'.repeat(96))!;
    const cut = keyOf('x'.repeat(97))!;
    expect([kept.exact, cut.exact]).toEqual([true, false]);
    expect(isCutKey(cut.bytes, 0, cut.bytes.length)).toBe(true);
    expect(valueOfKey(kept.bytes, 0, kept.bytes.length)).toBe('x'.repeat(96));
    expect(valueOfKey(cut.bytes, 0, cut.bytes.length)).toBeUndefined();
    expect(compareKeys(kept.bytes, cut.bytes)).toBe(-1);
  });

  it('sort types in the order of their tags and dates around the epoch', () => {
    const date = (ms: number): Uint8Array =>
      keyOfRaw(fieldOf(new BsonWriter().beginDocument().date('v', ms).end().finish(), 'v')!);
    const keys = [
      keyOf(null)!.bytes,
      keyOf(false)!.bytes,
      keyOf(true)!.bytes,
      keyOf(1e308)!.bytes,
      keyOf('')!.bytes,
      date(-5),
      date(0),
      date(7),
    ];
    for (let i = 1; i < keys.length; i++) expect(compareKeys(keys[i - 1]!, keys[i]!)).toBe(-1);
    expect(keys[0]![0]).toBe(Tag.null);
  });
});
