// The letters of JSON text as bytes: which may stand in a string as they are, what escapes stand for, and the UTF-8
// between. Shared by what reads JSON into BSON. Sources: RFC 8259 §7, RFC 3629.

import { badRequest, type DatabaseError } from '../errors.ts';

export const quote = 0x22;
export const backslash = 0x5c;

export function bad(message: string, offset: number): DatabaseError {
  return badRequest(`invalid JSON: ${message}`, undefined, offset);
}

/** Bytes of the well-formed UTF-8 sequence whose first byte, at least 0x80, is at `at`; 0 when malformed (RFC 3629). */
export function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  // Past the end `bytes[…]` is undefined, and every test with undefined fails as it should.
  const second = bytes[at + 1]!;
  if (first < 0xc2) return 0;
  if (first < 0xe0) return second >= 0x80 && second <= 0xbf ? 2 : 0;
  const third = bytes[at + 2]!;
  if (first < 0xf0) {
    const low = first === 0xe0 ? 0xa0 : 0x80;
    const high = first === 0xed ? 0x9f : 0xbf;
    return second >= low && second <= high && third >= 0x80 && third <= 0xbf ? 3 : 0;
  }
  if (first > 0xf4) return 0;
  const fourth = bytes[at + 3]!;
  const low = first === 0xf0 ? 0x90 : 0x80;
  const high = first === 0xf4 ? 0x8f : 0xbf;
  return second >= low && second <= high && third >= 0x80 && third <= 0xbf && fourth >= 0x80 && fourth <= 0xbf ? 4 : 0;
}

/** 1 for the bytes that a string holds as they are: ASCII without controls, quote and backslash. */
export const plain = new Uint8Array(256);
for (let byte = 0x20; byte < 0x80; byte++) plain[byte] = byte === quote || byte === backslash ? 0 : 1;

/** Value of a hexadecimal digit, -1 for other bytes. */
export const hexValue = new Int8Array(256).fill(-1);
for (let digit = 0; digit < 16; digit++) {
  hexValue[digit.toString(16).charCodeAt(0)] = digit;
  hexValue[digit.toString(16).toUpperCase().charCodeAt(0)] = digit;
}

/** What stands for a byte after a backslash, 0 where there is none. */
export const escaped = new Uint8Array(128);
for (const [letter, byte] of [
  ['"', quote],
  ['\\', backslash],
  ['/', 0x2f],
  ['b', 0x08],
  ['f', 0x0c],
  ['n', 0x0a],
  ['r', 0x0d],
  ['t', 0x09],
] as const)
  escaped[letter.charCodeAt(0)] = byte;

/** Powers of ten that doubles hold exactly: with a mantissa below 2^53 one rounding remains, so the result is nearest. */
export const exactTens = Array.from({ length: 23 }, (_, power) => Number(`1e${power}`));

export function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

export function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

/** The code point of the \u escape at `at`, a surrogate pair taken together. Throws BadRequest. */
export function codePointAt(text: Uint8Array, at: number): number {
  const high = unitAt(text, at);
  if (high < 0xd800 || high > 0xdfff) return high;
  if (high > 0xdbff || text[at + 6] !== backslash || text[at + 7] !== 0x75) throw bad('a lone surrogate', at);
  const low = unitAt(text, at + 6);
  if (low < 0xdc00 || low > 0xdfff) throw bad('a lone surrogate', at);
  return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

function unitAt(text: Uint8Array, at: number): number {
  let unit = 0;
  for (let i = at + 2; i < at + 6; i++) {
    const digit = hexValue[text[i] ?? 0]!;
    if (digit < 0) throw bad('four hexadecimal digits are expected', i);
    unit = (unit << 4) | digit;
  }
  return unit;
}

/** Writes a code point as UTF-8 at `length`; gives where the next byte goes. */
export function appendCodePoint(out: Uint8Array, length: number, point: number): number {
  if (point < 0x80) out[length++] = point;
  else {
    if (point < 0x800) out[length++] = 0xc0 | (point >> 6);
    else {
      if (point < 0x10000) out[length++] = 0xe0 | (point >> 12);
      else {
        out[length++] = 0xf0 | (point >> 18);
        out[length++] = 0x80 | ((point >> 12) & 0x3f);
      }
      out[length++] = 0x80 | ((point >> 6) & 0x3f);
    }
    out[length++] = 0x80 | (point & 0x3f);
  }
  return length;
}
