// The string forms of Cosmos's binary JSON, each as the UTF-8 bytes it stands for. Type markers 0x20 to 0x3F name
// system strings; 0x71 to 0x7F pack what many strings look like; 0x80 to 0xC6 hold or point at plain UTF-8.
// Source: JsonBinaryEncoding of the .NET SDK (TypeMarker, ValueLengths, Strings) and BINARY_ENCODING_SPEC of the
// Rust driver. User strings (0x40 to 0x67) need a dictionary that no client sends, and are refused.

import { utf8, utf8FaultAt } from '../bytes.ts';
import { badRequest, type DatabaseError } from '../errors.ts';

export function badBinary(message: string, offset: number): DatabaseError {
  return badRequest(`invalid binary JSON: ${message}`, 'body', offset);
}

/** By type marker, from 0x20. */
const systemStrings: readonly Uint8Array[] = (
  '$s $t $v _attachments _etag _rid _self _ts attachments/ coordinates geometry GeometryCollection id url Value label ' +
  'LineString link MultiLineString MultiPoint MultiPolygon name Name Type Point Polygon properties type value Feature ' +
  'FeatureCollection _id'
)
  .split(' ')
  .map(utf8);

/** The characters of 4 bits each. */
const alphabets: Readonly<Record<number, Uint8Array>> = {
  0x78: utf8('0123456789abcdef'),
  0x79: utf8('0123456789ABCDEF'),
  0x7a: utf8(' 0123456789:-.TZ'),
};

const base64 = utf8('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');
const base64Url = utf8('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_');
const equals = 0x3d;

/** A span of the input, read from `at` on, and where it ends. Nothing is read beyond `end`. */
export interface Cursor {
  readonly bytes: Uint8Array;
  at: number;
  end: number;
}

/** Moves past so many bytes, and gives where they began. */
export function take(cursor: Cursor, length: number): number {
  const start = cursor.at;
  if (length > cursor.end - start) throw badBinary('a value reaches beyond its container', start);
  cursor.at = start + length;
  return start;
}

/** An unsigned little-endian number of 1 to 4 bytes. */
export function takeNumber(cursor: Cursor, width: number): number {
  const start = take(cursor, width);
  let value = 0;
  for (let i = width - 1; i >= 0; i--) value = value * 256 + cursor.bytes[start + i]!;
  return value;
}

export function isStringMarker(marker: number): boolean {
  return (marker >= 0x20 && marker < 0x68) || (marker >= 0x71 && marker < 0xc7);
}

/** The string at the cursor, whose marker has been read. */
export function takeString(cursor: Cursor, marker: number): Uint8Array {
  const offset = cursor.at - 1;
  if (marker < 0x40) return systemStrings[marker - 0x20]!;
  if (marker < 0x68) throw badBinary('a user string needs a dictionary', offset);
  if (marker >= 0xc3) return referred(cursor, takeNumber(cursor, marker - 0xc2), offset);
  if (marker >= 0x80) {
    const length = marker < 0xc0 ? marker - 0x80 : takeNumber(cursor, 1 << (marker - 0xc0));
    const start = take(cursor, length);
    if (utf8FaultAt(cursor.bytes, start, cursor.at) >= 0) throw badBinary('a string is not well-formed UTF-8', start);
    return cursor.bytes.subarray(start, cursor.at);
  }
  return packed(cursor, marker);
}

/** A reference names the place of an earlier string, which is none itself: so it ends after one step. */
function referred({ bytes }: Cursor, place: number, offset: number): Uint8Array {
  const marker = bytes[place];
  if (place < 1 || place >= offset || marker === undefined || !isStringMarker(marker) || marker >= 0xc3)
    throw badBinary('a reference names no earlier string', offset);
  return takeString({ bytes, at: place + 1, end: offset }, marker);
}

function packed(cursor: Cursor, marker: number): Uint8Array {
  switch (marker) {
    case 0x71:
    case 0x72:
      return takeBase64(cursor, marker - 0x70, base64);
    case 0x73:
    case 0x74:
      return takeBase64(cursor, marker - 0x72, base64Url);
    case 0x75:
    case 0x76:
    case 0x77:
      return takeGuid(cursor, marker);
    case 0x78:
    case 0x79:
    case 0x7a: {
      const length = takeNumber(cursor, 1);
      return unpack(cursor, length, 4, 0, alphabets[marker]);
    }
    case 0x7b:
    case 0x7c:
    case 0x7d: {
      const length = takeNumber(cursor, 1);
      return unpack(cursor, length, marker - 0x77, takeNumber(cursor, 1));
    }
    default: {
      const length = takeNumber(cursor, marker === 0x7e ? 1 : 2);
      return unpack(cursor, length, 7, 0);
    }
  }
}

/** Characters of so many bits, least significant first: of an alphabet, or of ASCII from `base` on. */
function unpack(cursor: Cursor, length: number, bits: number, base: number, alphabet?: Uint8Array): Uint8Array {
  const start = take(cursor, Math.ceil((length * bits) / 8));
  const text = new Uint8Array(length);
  for (let i = 0, bit = 0; i < length; i++, bit += bits) {
    const at = start + (bit >> 3);
    const pair = cursor.bytes[at]! | ((at + 1 < cursor.at ? cursor.bytes[at + 1]! : 0) << 8);
    const code = (pair >> (bit & 7)) & ((1 << bits) - 1);
    const character = alphabet === undefined ? base + code : alphabet[code]!;
    if (character > 0x7f) throw badBinary('a packed character is beyond ASCII', start);
    text[i] = character;
  }
  return text;
}

/** Bytes that stand for their Base64 text: its length in fours, then how much padding it has, inverted where left out. */
function takeBase64(cursor: Cursor, width: number, alphabet: Uint8Array): Uint8Array {
  const fours = takeNumber(cursor, width);
  const given = takeNumber(cursor, 1);
  const isCut = given > 2;
  const padding = isCut ? 255 - given : given;
  if (padding > 2 || (fours === 0 && padding > 0))
    throw badBinary('a Base64 string has impossible padding', cursor.at - 1);
  const start = take(cursor, fours * 3 - padding);
  return base64Of(cursor.bytes.subarray(start, cursor.at), alphabet, !isCut);
}

export function base64Of(bytes: Uint8Array, alphabet = base64, padded = true): Uint8Array {
  const text = new Uint8Array(4 * Math.ceil(bytes.length / 3));
  let length = 0;
  for (let i = 0; i < bytes.length; i += 3) {
    const group = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    const characters = Math.min(4, bytes.length - i + 1);
    for (let k = 0; k < characters; k++) text[length++] = alphabet[(group >> (18 - 6 * k)) & 63]!;
  }
  if (!padded) return text.subarray(0, length);
  return text.fill(equals, length);
}

const dash = 0x2d;
const quote = 0x22;
/** Bytes before each dash. */
const guidDashes = [4, 6, 8, 10];

function takeGuid(cursor: Cursor, marker: number): Uint8Array {
  const start = take(cursor, 16);
  const text = guidText(cursor.bytes.subarray(start, cursor.at), alphabets[marker === 0x76 ? 0x79 : 0x78]!);
  return marker === 0x77 ? Uint8Array.of(quote, ...text, quote) : text;
}

/** 16 bytes as the text of a GUID; those of a string lie in the order of its digits. */
export function guidText(bytes: Uint8Array, digits: Uint8Array = alphabets[0x78]!): Uint8Array {
  const text = new Uint8Array(36);
  let length = 0;
  for (let i = 0; i < 16; i++) {
    if (guidDashes.includes(i)) text[length++] = dash;
    text[length++] = digits[bytes[i]! >> 4]!;
    text[length++] = digits[bytes[i]! & 15]!;
  }
  return text;
}
