// Questions about the id text. Where the profile says that one field's string is the id, that field has no terms of
// its own: the identity terms (id text, then partition key) answer for it, in the order of the id text.

import { textOf, utf8 } from '../model/bytes.ts';
import { identityBytesMax, identityHeadBytes, identityPrefixes, writeIdentityKey, writePart } from './composite-key.ts';
import { afterPrefix, anyOf, nothing, prefixRange, type Bound, type Filter } from './filter.ts';
import { keyBytes } from './key-scratch.ts';
import { identityPath } from './paths.ts';
import { Tag } from './term-key.ts';

/** Items of that id text in any logical partition. Values that are not strings have none. */
export function idEquals(id: string): Filter {
  return anyOf(
    ...identityPrefixes(id).map(({ bytes, exact }): Filter => ({
      kind: 'range',
      path: identityPath,
      range: prefixRange(bytes),
      exact,
    })),
  );
}

/** The item of that identity. @public For the planner. */
export function identityEquals(id: string, key: string): Filter {
  const length = writeIdentityKey(id, key);
  const exact = !isCutIdentity(keyBytes, length);
  return { kind: 'equal', path: identityPath, key: { bytes: keyBytes.slice(0, length), exact } };
}

/**
 * Tag and escaped text, with the end mark or without it. Of a text that a key may have cut only the head, without the
 * mark: all keys that begin so are its neighbours.
 */
function idBytes(text: string, ended: boolean): Uint8Array {
  const bytes = utf8(text);
  const length = Math.min(bytes.length, identityHeadBytes);
  const out = new Uint8Array(2 * length + 3);
  out[0] = Tag.string;
  const end = writePart(out, 1, bytes, length, false);
  return out.slice(0, ended && bytes.length < identityHeadBytes ? end : end - 2);
}

/** Longest id text whose place in the order is known exactly; longer ones and their neighbours need a test. */
const orderedBytesMax = 200;

/** Items whose id text lies between two bounds; a bound that is not a string finds nothing. */
export function idBetween(from: Bound | undefined, to: Bound | undefined): Filter {
  const low = from?.value;
  const high = to?.value;
  if ((from !== undefined && typeof low !== 'string') || (to !== undefined && typeof high !== 'string')) return nothing;
  const known = (text: string | undefined): boolean => text === undefined || text.length * 3 <= orderedBytesMax;
  const lowText = low as string | undefined;
  const highText = high as string | undefined;
  const lower = lowText === undefined ? new Uint8Array([Tag.string]) : idBytes(lowText, true);
  const upper = highText === undefined ? new Uint8Array([Tag.string + 1]) : upperBytes(highText);
  return {
    kind: 'range',
    path: identityPath,
    range: {
      // Keys of one id differ in what follows its end mark.
      lower: lowText !== undefined && !from!.inclusive && !isLong(lowText) ? afterId(lower) : lower,
      lowerInclusive: true,
      upper: highText !== undefined && to!.inclusive && !isLong(highText) ? afterId(upper) : upper,
      upperInclusive: false,
    },
    exact: known(lowText) && known(highText),
  };
}

/** Items whose id text begins so. */
export function idPrefixed(text: string): Filter {
  return {
    kind: 'range',
    path: identityPath,
    range: prefixRange(idBytes(text, false)),
    exact: text.length * 3 <= orderedBytesMax,
  };
}

/** Of such a text a key may hold the head alone. */
function isLong(text: string): boolean {
  return utf8(text).length >= identityHeadBytes;
}

function upperBytes(text: string): Uint8Array {
  const bytes = idBytes(text, true);
  return isLong(text) ? afterPrefix(bytes) : bytes;
}

/** Above the keys of an id, whole ones and those that were cut because the partition key is long. */
function afterId(ended: Uint8Array): Uint8Array {
  const bytes = ended.slice();
  bytes[bytes.length - 1] = 3;
  return bytes;
}

function endMark(bytes: Uint8Array, start: number, end: number): number {
  for (let i = start; i + 1 < end; i++)
    if (bytes[i] === 0) {
      if (bytes[i + 1] !== 0xff) return i;
      i++;
    }
  return end;
}

function isCutIdentity(key: Uint8Array, length: number): boolean {
  return key[endMark(key, 1, length) + 1] === 2;
}

/** The id text of an identity term (a full key: path, tag, text …); undefined when it was cut. */
export function idOfTerm(key: Uint8Array, keyLength: number): string | undefined {
  const end = endMark(key, 3, keyLength);
  if (key[end + 1] !== 1) return undefined;
  const text = new Uint8Array(Math.min(end - 3, identityBytesMax));
  let length = 0;
  for (let i = 3; i < end; i++) {
    text[length++] = key[i]!;
    if (key[i] === 0) i++;
  }
  return textOf(text, 0, length);
}
