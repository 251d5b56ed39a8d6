// Values of two Edm types, from the bytes of their common text to the bytes that are stored (OData v3 "Primitive data
// types"; `edm-view.ts` reads every text of theirs). False: another text, or none of the type; what lies in the output
// then is to be overwritten.

import { hexValue, isDigit } from './bson/json-text.ts';
import { BinarySubtype } from './bson/types.ts';
import { writeInt32 } from './bytes.ts';

/** Digits of an integer that a double holds exactly. */
export const exactDigitsMax = 15;

export const int64Bytes = 8;
/** With its length and subtype. */
export const uuidBytes = 21;

const minus = 0x2d;
const uuidLetters = 36;
const two32 = 2 ** 32;

/** An Int64 of few digits. */
export function writeInt64Text(out: Uint8Array, to: number, text: Uint8Array, start: number, end: number): boolean {
  const isNegative = text[start] === minus;
  const digitsAt = isNegative ? start + 1 : start;
  if (end === digitsAt || end - digitsAt > exactDigitsMax) return false;
  let value = 0;
  for (let at = digitsAt; at < end; at++) {
    if (!isDigit(text[at])) return false;
    value = value * 10 + (text[at]! - 0x30);
  }
  if (isNegative) value = -value;
  const high = Math.floor(value / two32);
  writeInt32(out, to, value - high * two32);
  writeInt32(out, to + 4, high);
  return true;
}

/** A Guid in letters of any case. */
export function writeUuidText(out: Uint8Array, to: number, text: Uint8Array, start: number, end: number): boolean {
  if (end - start !== uuidLetters) return false;
  writeInt32(out, to, 16);
  out[to + 4] = BinarySubtype.uuid;
  let length = to + 5;
  let at = start;
  while (at < end) {
    if (at === start + 8 || at === start + 13 || at === start + 18 || at === start + 23)
      if (text[at++] !== minus) return false;
    const byte = (hexValue[text[at]!]! << 4) | hexValue[text[at + 1]!]!;
    if (byte < 0) return false;
    out[length++] = byte;
    at += 2;
  }
  return true;
}
