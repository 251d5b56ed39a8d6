import { describe, expect, it } from 'vitest';
import { valueOf } from '../../model/value.ts';
import { decimal128OfText, decodeDecimal, type Decimal } from '../../model/decimal.ts';
import {
  canonicalCharactersMax,
  canonicalText,
  compareNumbers,
  numberOfCanonicalText,
  numericOf,
  type Numeric,
} from '../../model/number.ts';
import { Random, randomDecimalBytes, randomDouble, scale } from './random.ts';

function decimal(text: string): Decimal {
  return decodeDecimal(decimal128OfText(text), 0);
}

/** Numerator and denominator, by another way than the code under test. */
function fraction(value: Numeric): readonly [bigint, bigint] {
  if (typeof value === 'bigint') return [value, 1n];
  if (typeof value === 'object') {
    const coefficient = value.negative ? -value.coefficient : value.coefficient;
    return value.exponent < 0
      ? [coefficient, 10n ** BigInt(-value.exponent)]
      : [coefficient * 10n ** BigInt(value.exponent), 1n];
  }
  let scaled = value;
  let power = 0;
  while (!Number.isInteger(scaled)) {
    scaled *= 2;
    power++;
  }
  return [BigInt(scaled), 2n ** BigInt(power)];
}

function randomNumeric(random: Random): Numeric {
  const kind = random.below(5);
  if (kind === 0) return BigInt.asIntN(64, (BigInt(random.bits()) << 32n) | BigInt(random.bits()));
  if (kind === 1) return BigInt(random.below(10)) + 2n ** 53n;
  if (kind === 2) {
    const found = decodeDecimal(randomDecimalBytes(random), 0);
    return found.kind === 'finite' ? found : 0;
  }
  if (kind === 3) return decimal(String(random.below(2000) / 8));
  return random.chance(30) ? random.below(2000) / 8 : randomDouble(random);
}

describe('the order of numbers', () => {
  it('is that of their values across types, checked as fractions', () => {
    const random = new Random();
    for (let round = 0; round < 4000 * scale; round++) {
      const a = randomNumeric(random);
      const b = random.chance(10) ? a : randomNumeric(random);
      const [an, ad] = fraction(a);
      const [bn, bd] = fraction(b);
      const expected = an * bd < bn * ad ? -1 : an * bd > bn * ad ? 1 : 0;
      const message = `seed ${random.seed} round ${round}: ${canonicalText(a)} ${canonicalText(b)}`;
      expect(compareNumbers(a, b), message).toBe(expected);
      expect(compareNumbers(b, a), message).toBe(expected === 0 ? 0 : -expected);
      expect(canonicalText(a) === canonicalText(b), message).toBe(expected === 0);
    }
  });

  it('puts NaN lowest, then -Infinity, and Infinity last, whatever the types', () => {
    const ascending: Numeric[][] = [
      [NaN, decimal('NaN')],
      [-Infinity, decimal('-Infinity')],
      [decimal('-9E+6144')],
      [-Number.MAX_VALUE],
      [-(2n ** 63n)],
      [decimal('-1E-6176')],
      [0, -0, 0n, decimal('0'), decimal('-0.00'), decimal('0E+6000')],
      [decimal('1E-6176')],
      [5e-324],
      [decimal('0.1')],
      [0.1],
      [1, 1n, decimal('1.00')],
      [9007199254740992],
      [9007199254740993n, decimal('9007199254740993')],
      [decimal('9E+6144')],
      [Infinity, decimal('Infinity')],
    ];
    for (const [i, left] of ascending.entries())
      for (const [k, right] of ascending.entries())
        for (const a of left) for (const b of right) expect(Math.sign(compareNumbers(a, b))).toBe(Math.sign(i - k));
  });
});

describe('the canonical text of a number', () => {
  it.each<[Numeric, string]>([
    [1, '1'],
    [1n, '1'],
    [decimal('1.00'), '1'],
    [-0, '0'],
    [decimal('-0.000'), '0'],
    [1000, '1000'],
    [decimal('1E+3'), '1000'],
    [0.5, '0.5'],
    [-1234.25, '-1234.25'],
    [decimal('0.1'), '0.1'],
    [0.1, '0.1000000000000000055511151231257827021181583404541015625'],
    [decimal('0.0000001'), '0.0000001'],
    [decimal('0.00000001'), '1E-8'],
    [2 ** 63, '9223372036854775808'],
    [2n ** 63n - 1n, '9223372036854775807'],
    [1e20, '100000000000000000000'],
    [1e21, '1E+21'],
    [decimal('123456789012345678901'), '123456789012345678901'],
    [decimal('123456789012345678901234'), '1.23456789012345678901234E+23'],
    [1e23, '9.9999999999999991611392E+22'],
    [decimal('-12E+6000'), '-1.2E+6001'],
    [NaN, 'NaN'],
    [decimal('NaN'), 'NaN'],
    [-Infinity, '-Infinity'],
  ])('of %s is %s', (value, text) => {
    expect(canonicalText(value)).toBe(text);
  });

  it('never grows with the exponent', () => {
    for (const value of [
      5e-324,
      2.2250738585072011e-308,
      Number.MAX_VALUE,
      -2.225073858507201e-308,
      decimal('-9.999999999999999999999999999999999E+6144'),
    ])
      expect(canonicalText(value).length).toBeLessThanOrEqual(canonicalCharactersMax);
  });

  it('reads back as a number of the same value', () => {
    const random = new Random();
    for (let round = 0; round < 3000 * scale; round++) {
      const value = randomNumeric(random);
      const text = canonicalText(value);
      const back = numberOfCanonicalText(text);
      expect(back, `seed ${random.seed} round ${round}: ${text}`).toBeDefined();
      expect(compareNumbers(numericOf(back!), value), `seed ${random.seed} round ${round}: ${text}`).toBe(0);
    }
    for (const text of ['NaN', 'Infinity', '-Infinity'])
      expect(canonicalText(numericOf(numberOfCanonicalText(text)!))).toBe(text);
  });

  it('is the only text that reads as a number', () => {
    for (const text of [
      '',
      '-',
      '1.0',
      '01',
      '-0',
      '+1',
      '1e5',
      '1E5',
      '1E+5',
      '.5',
      '0.10',
      '1E+20',
      '10E+40',
      '0.00000001',
      'nan',
      ' 1',
      '1 ',
      '1E+9999',
      '1E+6145',
      '0x10',
      '12345678901234567890123456789012345',
      '1'.repeat(2000),
      '0.12345678901234567890123456789012345',
    ])
      expect(numberOfCanonicalText(text), text).toBeUndefined();
  });

  it('reads integers as the narrowest type', () => {
    expect(numberOfCanonicalText('7')!.type).toBe(0x10);
    expect(numberOfCanonicalText('4294967296')!.type).toBe(0x12);
    expect(valueOf(numberOfCanonicalText('9223372036854775808')!)).toBe(2 ** 63);
    expect(numberOfCanonicalText('9223372036854775809')!.type).toBe(0x13);
  });
});
