// Values beyond BSON: the stored bytes, which may never change, and that reading inverts writing.

import { describe, expect, it } from 'vitest';
import { bigDecimalText, floatText, rawOfBigDecimal, rawOfBigDecimalText } from '../../model/big-decimal.ts';
import { BsonType } from '../../model/bson/types.ts';
import { Raw } from '../../model/bson/walk.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import { bytesOfHex, compareBytes, hexOf } from '../../model/bytes.ts';
import { durationText, parseDuration } from '../../model/duration.ts';
import { DatabaseError } from '../../model/errors.ts';
import { extendedOf, numberOfExtended, rawOfExtended, ticksMax, type Extended } from '../../model/extended.ts';
import { instantOf, instantText, parseInstant, rawOfInstant } from '../../model/instant.ts';
import { compareNumbers } from '../../model/number.ts';
import { Random, scale } from './random.ts';

/** Kind and payload in hexadecimal, without the binary's length and subtype. */
function storedHex(value: Extended): string {
  const raw = rawOfExtended(value);
  return hexOf(raw.bytes, raw.start + 5, raw.end);
}

function binary(hex: string): Raw {
  const document = new BsonWriter().beginDocument().binary('', 0x80, bytesOfHex(hex)).end().finish();
  return new Raw(document, BsonType.binary, 6, document.length - 1);
}

function codeOf(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error instanceof DatabaseError ? error.code : error;
  }
  return 'accepted';
}

const examples: readonly (readonly [value: Extended, hex: string])[] = [
  [{ kind: 'ticks', ticks: 1n }, '010000000000000001'],
  [{ kind: 'ticks', ticks: ticksMax }, '012bca2875f4373fff'],
  [{ kind: 'byte', value: -2 }, '02fe'],
  [{ kind: 'short', value: -2 }, '03fffe'],
  [{ kind: 'short', value: 0x1234 }, '031234'],
  [{ kind: 'float', value: 1.5 }, '043fc00000'],
  [{ kind: 'float', value: -0 }, '0480000000'],
  [{ kind: 'bigInteger', value: 0n }, '0500'],
  [{ kind: 'bigInteger', value: -1n }, '05ff'],
  [{ kind: 'bigInteger', value: 127n }, '057f'],
  [{ kind: 'bigInteger', value: 128n }, '050080'],
  [{ kind: 'bigInteger', value: -128n }, '0580'],
  [{ kind: 'bigInteger', value: -129n }, '05ff7f'],
  [{ kind: 'bigInteger', value: 2n ** 64n }, '05010000000000000000'],
  [{ kind: 'bigDecimal', unscaled: -314n, scale: 2 }, '0600000002fec6'],
  [{ kind: 'bigDecimal', unscaled: 1n, scale: -3 }, '06fffffffd01'],
  [{ kind: 'duration', seconds: -1n, nanos: 500_000_000 }, '07ffffffffffffffff1dcd6500'],
  [{ kind: 'offsetDateTime', seconds: -1n, nanos: 1, offsetSeconds: -3600 }, '08ffffffffffffffff00000001fffff1f0'],
];

describe('an extended value', () => {
  it.each(examples)('%o is stored as %s and read back', (value, hex) => {
    expect(storedHex(value)).toBe(hex);
    expect(extendedOf(rawOfExtended(value))).toEqual(value);
    expect(extendedOf(binary(hex))).toEqual(value);
  });

  it('of unknown kind or wrong form is opaque', () => {
    for (const hex of [
      '',
      '00',
      '0901',
      '01',
      '01ffffffffffffffff',
      '017fffffffffffffff',
      '02',
      '020000',
      '0300',
      '04',
      '05',
      '0600000001',
      '07ffffffffffffffff3b9aca00',
      '0800000000000000000000000000010000',
    ])
      expect(extendedOf(binary(hex)), hex).toBeUndefined();
    const other = new BsonWriter().beginDocument().binary('', 0, bytesOfHex('0201')).end().finish();
    expect(extendedOf(new Raw(other, BsonType.binary, 6, other.length - 1))).toBeUndefined();
    expect(extendedOf(binary(`05${'01'.repeat(4097)}`))).toBeUndefined();
    expect(codeOf(() => rawOfExtended({ kind: 'bigInteger', value: 1n << 40000n }))).toBe('BadRequest');
  });

  it('is the number that it says', () => {
    expect(numberOfExtended({ kind: 'float', value: Math.fround(0.1) })).toBe(0.10000000149011612);
    expect(compareNumbers(numberOfExtended({ kind: 'bigDecimal', unscaled: 500n, scale: 2 })!, 5)).toBe(0);
    expect(compareNumbers(numberOfExtended({ kind: 'bigInteger', value: 2n ** 80n })!, 2 ** 80)).toBe(0);
    expect(compareNumbers(numberOfExtended({ kind: 'bigDecimal', unscaled: 1n, scale: 2147483647 })!, 0)).toBe(1);
    expect(numberOfExtended({ kind: 'duration', seconds: 1n, nanos: 0 })).toBeUndefined();
  });

  it('keeps integers of any length', () => {
    const random = new Random();
    for (let round = 0; round < 2000 * scale; round++) {
      const hex = hexOf(random.bytes(1 + random.below(40)));
      const value = random.chance(50) ? BigInt(`0x${hex}`) : -BigInt(`0x${hex}`);
      expect(extendedOf(rawOfExtended({ kind: 'bigInteger', value })), `seed ${random.seed}`).toEqual({
        kind: 'bigInteger',
        value,
      });
    }
  });
});

describe('a decimal', () => {
  it('is a Decimal128 where that keeps digits and scale, else a BigDecimal', () => {
    expect(rawOfBigDecimalText('1.50').type).toBe(BsonType.decimal128);
    expect(rawOfBigDecimalText('-0.00').type).toBe(BsonType.decimal128);
    expect(rawOfBigDecimal(10n ** 34n - 1n, 0).type).toBe(BsonType.decimal128);
    expect(extendedOf(rawOfBigDecimal(10n ** 34n, 0))).toEqual({ kind: 'bigDecimal', unscaled: 10n ** 34n, scale: 0 });
    expect(extendedOf(rawOfBigDecimalText('-1e-6177'))).toEqual({ kind: 'bigDecimal', unscaled: -1n, scale: 6177 });
    expect(bigDecimalText(-1n, 6177)).toBe('-1E-6177');
    for (const text of ['', '.', 'e5', '1e9999999999', '1 ', 'NaN', '1'.repeat(9000)])
      expect(
        codeOf(() => rawOfBigDecimalText(text)),
        text,
      ).toBe('BadRequest');
  });

  it('of a float is the shortest that reads back', () => {
    expect(
      [0.1, 16777216, 3.4028234663852886e38, 1e-45, -0, NaN].map((value) => floatText(Math.fround(value))),
    ).toEqual(['0.1', '16777216', '3.4028235e+38', '1e-45', '-0', 'NaN']);
    const random = new Random();
    for (let round = 0; round < 2000 * scale; round++) {
      const value = new DataView(random.bytes(4).buffer).getFloat32(0);
      expect(Object.is(Math.fround(Number(floatText(value))), value), `seed ${random.seed} ${value}`).toBe(true);
    }
  });
});

describe('an instant', () => {
  it('has one stored form, whoever writes it', () => {
    const formOf = (text: string): string => {
      const raw = rawOfInstant(parseInstant(text));
      return raw.type === BsonType.date ? 'date' : extendedOf(raw)!.kind;
    };
    expect(formOf('2024-02-29T12:00:00Z')).toBe('date');
    expect(formOf('2024-02-29T12:00:00.1230000Z')).toBe('date');
    expect(formOf('2024-02-29T12:00:00.1230001Z')).toBe('ticks');
    expect(formOf('2024-02-29T12:00:00.123000001Z')).toBe('offsetDateTime');
    expect(formOf('2024-02-29T12:00:00+01:00')).toBe('offsetDateTime');
    const hex = (text: string): string => hexOf(rawOfInstant(parseInstant(text)).slice());
    expect(hex('2024-02-29 12:00:00.1234567')).toBe(hex('2024-02-29T12:00:00.12345670-00:00'));
  });

  it('reads back as its text, and ticks sort as bytes by time', () => {
    for (const text of [
      '0001-01-01T00:00:00.0000001Z',
      '1600-12-31T23:59:59.9999999Z',
      '1969-12-31T23:59:59.999Z',
      '1970-01-01T00:00:00Z',
      '9999-12-31T23:59:59.9999999Z',
      '2024-01-01T00:00:00.5+05:30',
      '2024-01-01T00:00:00-18:00',
    ])
      expect(instantText(instantOf(rawOfInstant(parseInstant(text)))!), text).toBe(text);
    const random = new Random();
    const raws = Array.from({ length: 200 }, () => {
      // Years 67 to 8775: ticks begin with year 1.
      const seconds = random.below(2 ** 31) * (random.chance(50) ? -28 : 100);
      return rawOfInstant({ seconds, nanos: random.below(10_000_000) * 100, offsetSeconds: 0 });
    }).filter((raw) => raw.type === BsonType.binary);
    const inTime = raws.toSorted((a, b) => {
      const [left, right] = [instantOf(a)!, instantOf(b)!];
      return left.seconds - right.seconds || left.nanos - right.nanos;
    });
    const inBytes = raws.toSorted((a, b) => compareBytes(a.bytes, a.start, a.end, b.bytes, b.start, b.end));
    expect(inBytes, `seed ${random.seed}`).toEqual(inTime);
  });

  it('that does not exist is refused', () => {
    for (const text of [
      '',
      '2023-02-29T00:00:00Z',
      '2024-13-01',
      '2024-01-01T24:00:00Z',
      '2024-01-01T00:60:00Z',
      '0000-01-01',
      '0001-01-01T00:00:00+00:01',
      '9999-12-31T23:59:59-00:01',
      '2024-01-01T00:00:00+19:00',
      '2024-01-01T00:00:00.1234567891Z',
      '24-01-01',
    ])
      expect(
        codeOf(() => parseInstant(text)),
        text,
      ).toBe('BadRequest');
  });
});

describe('a duration', () => {
  it.each([
    ['PT0S', 0n, 0],
    ['PT8H6M12.345S', 29172n, 345_000_000],
    ['PT-0.5S', -1n, 500_000_000],
    ['PT-8H-6M-12.000000001S', -29173n, 999_999_999],
    ['PT2562047788015215H30M7.999999999S', 2n ** 63n - 1n, 999_999_999],
    ['PT-2562047788015215H-30M-8S', -(2n ** 63n), 0],
  ])('%s is written and read', (text, seconds, nanos) => {
    expect(parseDuration(text)).toEqual({ seconds, nanos });
    expect(durationText({ seconds, nanos })).toBe(text);
  });

  it('is read in the other forms of java.time, and refused in those of nobody', () => {
    expect(durationText(parseDuration('-P1DT-2H'))).toBe('PT-22H');
    expect(durationText(parseDuration('pt+1,5s'))).toBe('PT1.5S');
    expect(durationText(parseDuration('PT1.S'))).toBe('PT1S');
    for (const text of [
      '',
      'P',
      'PT',
      'P1DT',
      'P1Y',
      '1S',
      'PT1',
      'PT1.1234567890S',
      'PT9223372036854775808S',
      `PT${'9'.repeat(200)}S`,
    ])
      expect(
        codeOf(() => parseDuration(text)),
        text,
      ).toBe('BadRequest');
  });
});
