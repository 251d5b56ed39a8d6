import { describe, expect, it } from 'vitest';
import {
  bytesOfHex,
  compareBytes,
  equalBytes,
  hexOf,
  isWellFormed,
  readFloat64,
  readInt32,
  readInt64,
  readUint32BE,
  readUint64BE,
  textOf,
  utf8,
  utf8FaultAt,
  writeFloat64,
  writeInt32,
  writeInt64,
  writeUint32BE,
  writeUint64BE,
} from '../../model/bytes.ts';
import { Random, randomDouble, randomText, scale } from './random.ts';

describe('text in bytes', () => {
  it('goes there and back', () => {
    const random = new Random();
    for (let round = 0; round < 3000 * scale; round++) {
      const text = randomText(random);
      const bytes = utf8(text);
      expect(textOf(bytes, 0, bytes.length), `seed ${random.seed} round ${round}`).toBe(text);
      expect(utf8FaultAt(bytes, 0, bytes.length)).toBe(-1);
      expect(isWellFormed(text)).toBe(true);
    }
    expect(textOf(utf8('\ufeffa'), 0, 4)).toBe('\ufeffa');
  });

  it('is read at every length, with a letter of several bytes at every place', () => {
    const ascii = 'abcdefghijklmnopqrstuvwxyz0123456789';
    for (let length = 0; length <= ascii.length; length++) {
      const text = ascii.slice(0, length);
      const bytes = utf8(`..${text}..`);
      expect(textOf(bytes, 2, 2 + length)).toBe(text);
      for (let at = 0; at < length; at++) {
        const other = `${text.slice(0, at)}é${text.slice(at + 1)}`;
        const otherBytes = utf8(other);
        expect(textOf(otherBytes, 0, otherBytes.length)).toBe(other);
      }
    }
  });

  it('is found faulty exactly where the runtime finds it so', () => {
    const random = new Random();
    const decoder = new TextDecoder('utf-8', { fatal: true });
    const accepts = (bytes: Uint8Array): boolean => {
      try {
        decoder.decode(bytes);
        return true;
      } catch {
        return false;
      }
    };
    const pool = [
      0x00, 0x41, 0x7f, 0x80, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xa0, 0x9f, 0xed, 0xef, 0xf0, 0x90, 0x8f, 0xf4, 0xf5,
      0xff,
    ];
    for (let round = 0; round < 20000 * scale; round++) {
      const bytes = Uint8Array.from({ length: random.below(7) }, () => random.pick(pool));
      const message = `seed ${random.seed} round ${round}: ${hexOf(bytes)}`;
      const fault = utf8FaultAt(bytes, 0, bytes.length);
      expect(fault === -1, message).toBe(accepts(bytes));
      if (fault >= 0) expect(accepts(bytes.subarray(0, fault)), message).toBe(true);
    }
  });

  it('with a lone surrogate is not well-formed', () => {
    for (const text of ['\ud800', 'a\udc00', '\udc00\ud800', '\ud800a', '😀\ud83d'])
      expect(isWellFormed(text)).toBe(false);
    for (const text of ['', 'a', '😀', '\ud7ff\ue000']) expect(isWellFormed(text)).toBe(true);
  });
});

describe('numbers in bytes', () => {
  it('go there and back, in the byte order told', () => {
    const random = new Random();
    const bytes = new Uint8Array(12);
    const view = new DataView(bytes.buffer);
    for (let round = 0; round < 2000 * scale; round++) {
      const at = random.below(5);
      const double = randomDouble(random);
      writeFloat64(bytes, at, double);
      expect(readFloat64(bytes, at)).toBe(double);
      expect(view.getFloat64(at, true)).toBe(double);
      const int = random.bits() | 0;
      writeInt32(bytes, at, int);
      expect(readInt32(bytes, at)).toBe(int);
      expect(view.getInt32(at, true)).toBe(int);
      writeUint32BE(bytes, at, int >>> 0);
      expect(readUint32BE(bytes, at)).toBe(int >>> 0);
      expect(view.getUint32(at, false)).toBe(int >>> 0);
      const long = BigInt.asIntN(64, (BigInt(random.bits()) << 32n) | BigInt(random.bits()));
      writeInt64(bytes, at % 4, long);
      expect(readInt64(bytes, at % 4)).toBe(long);
      expect(view.getBigInt64(at % 4, true)).toBe(long);
      const safe = random.below(2 ** 21) * 2 ** 32 + random.bits();
      writeUint64BE(bytes, at % 4, safe);
      expect(readUint64BE(bytes, at % 4)).toBe(safe);
      expect(view.getBigUint64(at % 4, false)).toBe(BigInt(safe));
    }
  });

  it('big-endian sort as the numbers do', () => {
    const random = new Random();
    const key = (value: number): Uint8Array => {
      const bytes = new Uint8Array(8);
      writeUint64BE(bytes, 0, value);
      return bytes;
    };
    for (let round = 0; round < 1000 * scale; round++) {
      const a = random.below(2 ** 21) * 2 ** 32 + random.bits();
      const b = random.chance(50) ? a + random.below(3) : random.bits();
      expect(compareBytes(key(a), 0, 8, key(b), 0, 8)).toBe(Math.sign(a - b));
    }
  });
});

describe('byte arrays', () => {
  it('compare as memcmp does, the shorter one first', () => {
    const random = new Random();
    for (let round = 0; round < 3000 * scale; round++) {
      const a = random.bytes(random.below(5)).map((byte) => byte & 1);
      const b = random.bytes(random.below(5)).map((byte) => byte & 1);
      expect(compareBytes(a, 0, a.length, b, 0, b.length)).toBe(Buffer.compare(a, b));
      expect(equalBytes(a, b)).toBe(Buffer.compare(a, b) === 0);
    }
    expect(compareBytes(utf8('xab'), 1, 3, utf8('yyab'), 2, 4)).toBe(0);
  });

  it('print as hexadecimal and back', () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    expect(hexOf(bytes)).toBe(Buffer.from(bytes).toString('hex'));
    expect(bytesOfHex(hexOf(bytes))).toEqual(bytes);
    expect(hexOf(bytes, 254)).toBe('feff');
  });
});
