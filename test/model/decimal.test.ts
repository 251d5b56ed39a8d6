import { Decimal128 } from 'bson';
import { describe, expect, it } from 'vitest';
import { decimal128OfText, decimal128Text, decodeDecimal } from '../../model/decimal.ts';
import { DatabaseError } from '../../model/errors.ts';
import { Random, randomDecimalBytes, scale } from './random.ts';

function bytesOf(decimal: Decimal128): Uint8Array {
  return Uint8Array.from(decimal.bytes);
}

describe('Decimal128', () => {
  it.each([
    ['0', '0'],
    ['-0', '-0'],
    ['1.00', '1.00'],
    ['0.000001', '0.000001'],
    ['0.0000001', '1E-7'],
    ['1E+3', '1E+3'],
    ['1000', '1000'],
    ['.5', '0.5'],
    ['5.', '5'],
    ['+12.30e1', '123.0'],
    ['1E6144', '1.000000000000000000000000000000000E+6144'],
    ['1E-6176', '1E-6176'],
    ['10E-6177', '1E-6176'],
    ['0E+9999', '0E+6111'],
    ['0E-9999', '0E-6176'],
    ['inf', 'Infinity'],
    ['-Infinity', '-Infinity'],
    ['NaN', 'NaN'],
    ['0000000000000000000000000000000000000000000000001', '1'],
    ['10000000000000000000000000000000000000', '1.000000000000000000000000000000000E+37'],
  ])('reads %s and prints %s, as the official library does', (text, printed) => {
    const bytes = decimal128OfText(text);
    expect(decimal128Text(bytes, 0)).toBe(printed);
    expect(bytes).toEqual(bytesOf(Decimal128.fromString(text)));
  });

  it.each([
    '',
    '.',
    'e5',
    '1e',
    '1.2.3',
    '0x1',
    ' 1',
    '1 ',
    '--1',
    '1E6145',
    '1E-6177',
    '1.5E-6176',
    '12345678901234567890123456789012345',
    '1'.repeat(9000),
    'infinit',
  ])('refuses %j', (text) => expect(() => decimal128OfText(text)).toThrow(DatabaseError));

  it('prints any bytes as the official library does and reads its own text back', () => {
    const random = new Random();
    for (let round = 0; round < 5000 * scale; round++) {
      const bytes = random.chance(50) ? randomDecimalBytes(random) : random.bytes(16);
      const text = decimal128Text(bytes, 0);
      const message = `seed ${random.seed} round ${round}`;
      // The official library prints a coefficient that is not canonical as zero without its exponent.
      if (decodeDecimal(bytes, 0).coefficient !== 0n) expect(text, message).toBe(new Decimal128(bytes).toString());
      expect(decimal128Text(decimal128OfText(text), 0), message).toBe(text);
    }
  });
});
