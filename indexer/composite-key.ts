// Keys of several values that sort as tuples: identity (id text, partition key) and composite indexes. Each part is
// escaped (00 → 00 FF) and ended by 00 01, so a shorter value sorts first and parts cannot run into each other; a
// descending part has all its bytes inverted.

import { keyBytes, keyBytesMax } from './key-scratch.ts';
import { isCutKey, isShallowTag, simpleKeyBytesMax, Tag, valueBytesMax, writeKey, type TermKey } from './term-key.ts';
import { checksum } from '../model/checksum.ts';
import { utf8 } from '../model/bytes.ts';
import type { ElementRange } from './terms.ts';

/** Bytes of id text and partition key together that a key keeps whole. */
export const identityBytesMax = 512;
/** Of a longer identity: bytes of the escaped text kept in front of the two hashes. */
export const identityHeadBytes = 256;

/** Appends one part of a key; returns its end. */
export function writePart(
  out: Uint8Array,
  at: number,
  source: Uint8Array,
  length: number,
  descending: boolean,
): number {
  let end = at;
  for (let i = 0; i < length; i++) {
    const byte = source[i]!;
    out[end++] = byte;
    if (byte === 0) out[end++] = 0xff;
  }
  out[end++] = 0;
  out[end++] = 1;
  if (descending) for (let i = at; i < end; i++) out[i] = ~out[i]!;
  return end;
}

function writeText(out: Uint8Array, at: number, text: string): number {
  let end = at;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === 0 || unit >= 0x80) return -1;
    out[end++] = unit;
  }
  return end;
}

/**
 * Writes the identity term's key to the scratch: tag, id text, partition key text. Returns its length.
 * Beyond `identityBytesMax` the key is cut and hashed with 64 bits: what it finds must be compared.
 */
export function writeIdentityKey(id: string, key: string): number {
  keyBytes[0] = Tag.string;
  if (id.length + key.length <= identityBytesMax) {
    let end = writeText(keyBytes, 1, id);
    if (end > 0) {
      keyBytes[end++] = 0;
      keyBytes[end++] = 1;
      end = writeText(keyBytes, end, key);
      if (end > 0) return end;
    }
  }
  const idText = utf8(id);
  const keyText = utf8(key);
  if (idText.length + keyText.length <= identityBytesMax) {
    const end = writePart(keyBytes, 1, idText, idText.length, false);
    keyBytes.set(keyText, end);
    return end + keyText.length;
  }
  // 00 02 in place of 00 01: cut. The id's hash comes first, so that all keys of one id stay neighbours.
  let end = Math.min(idText.length, identityHeadBytes);
  end = writePart(keyBytes, 1, idText, end, false);
  keyBytes[end - 1] = 2;
  for (const hash of [
    checksum(idText),
    checksum(idText, 0x5bd1e995),
    checksum(keyText),
    checksum(keyText, 0x5bd1e995),
  ]) {
    keyBytes[end++] = hash >>> 24;
    keyBytes[end++] = hash >>> 16;
    keyBytes[end++] = hash >>> 8;
    keyBytes[end++] = hash;
  }
  return end;
}

/** Prefixes of the identity keys that items of this id text may have, in any logical partition. */
export function identityPrefixes(id: string): readonly TermKey[] {
  const text = utf8(id);
  const prefixes: TermKey[] = [];
  if (text.length <= identityBytesMax) {
    const out = new Uint8Array(2 * text.length + 3);
    out[0] = Tag.string;
    prefixes.push({ bytes: out.slice(0, writePart(out, 1, text, text.length, false)), exact: true });
  }
  const out = new Uint8Array(2 * identityHeadBytes + 11);
  out[0] = Tag.string;
  let end = writePart(out, 1, text, Math.min(text.length, identityHeadBytes), false);
  out[end - 1] = 2;
  for (const hash of [checksum(text), checksum(text, 0x5bd1e995)]) {
    out[end++] = hash >>> 24;
    out[end++] = hash >>> 16;
    out[end++] = hash >>> 8;
    out[end++] = hash;
  }
  prefixes.push({ bytes: out.slice(0, end), exact: false });
  return prefixes;
}

const partScratch = new Uint8Array(simpleKeyBytesMax);

/** Appends the part of one value (undefined: absent). Returns the end; `shallow` tells whether values may share it. */
function writeValuePart(
  out: Uint8Array,
  at: number,
  bytes: Uint8Array,
  value: ElementRange | undefined,
  descending: boolean,
): { readonly end: number; readonly shallow: boolean } {
  let length = 1;
  let shallow = false;
  if (value === undefined) partScratch[0] = Tag.absent;
  else if (value.type === 0x04) {
    partScratch[0] = Tag.array;
    shallow = true;
  } else {
    length = writeKey(partScratch, 0, value.type, bytes, value.start, value.end);
    shallow = isShallowTag(partScratch[0]!) || isCutKey(partScratch, 0, length);
  }
  return { end: writePart(out, at, partScratch, length, descending), shallow };
}

/**
 * Writes a composite key to the scratch: its parts, then the place (from 1) of the first part that values may share,
 * or 0 when the key is exact. Returns its length.
 */
export function writeCompositeKey(
  bytes: Uint8Array,
  values: readonly (ElementRange | undefined)[],
  descending: readonly boolean[],
): number {
  let end = 0;
  let shallow = 0;
  for (let i = 0; i < values.length; i++) {
    const part = writeValuePart(keyBytes, end, bytes, values[i], descending[i]!);
    end = part.end;
    if (part.shallow && shallow === 0) shallow = i + 1;
  }
  keyBytes[end] = shallow;
  if (end + 1 > keyBytesMax) throw new Error('a composite key exceeds its bound');
  return end + 1;
}

/** True when items with different values may share this composite key, or follow it in any order. */
export function isShallowComposite(key: Uint8Array, keyLength: number): boolean {
  return key[keyLength - 1] !== 0;
}

/** A part is inverted when its tag is: tags are below 0x80, except that of maxKey. */
function isInverted(tag: number): boolean {
  return (tag >= 0x80 && tag !== Tag.maxKey) || tag === (~Tag.maxKey & 0xff);
}

/**
 * Length of the leading bytes of a full composite key up to which its order is right: all of it when the key is
 * exact, else up to the cut of the first shallow part. Keys that begin with the same bytes belong together.
 */
export function orderedLength(key: Uint8Array, keyLength: number): number {
  let left = key[keyLength - 1]!;
  if (left === 0) return keyLength;
  let at = 2;
  for (;;) {
    const mask = isInverted(key[at]!) ? 0xff : 0;
    const start = at;
    let raw = 0;
    while ((key[at]! ^ mask) !== 0 || (key[at + 1]! ^ mask) === 0xff) {
      if (left === 1 && raw === 1 + valueBytesMax) return at;
      at += (key[at]! ^ mask) === 0 ? 2 : 1;
      raw++;
    }
    if (left === 1) return start + Math.min(raw, 1);
    at += 2;
    left--;
  }
}

/** The bytes with which every composite key of these leading values begins. `undefined` stands for an absent value. */
export function compositePrefix(keys: readonly (TermKey | undefined)[], descending: readonly boolean[]): TermKey {
  const out = new Uint8Array(keyBytesMax);
  let end = 0;
  let exact = true;
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i];
    const array = key?.bytes[0] === Tag.array;
    const bytes = key === undefined ? absentKey : array ? arrayKey : key.bytes;
    end = writePart(out, end, bytes, bytes.length, descending[i]!);
    if (key !== undefined && (!key.exact || array)) exact = false;
  }
  return { bytes: out.slice(0, end), exact };
}

const absentKey = new Uint8Array([Tag.absent]);
const arrayKey = new Uint8Array([Tag.array]);
