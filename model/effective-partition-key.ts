// Where a partition key lies in hash space: its effective partition key (EPK), upper-case hexadecimal that
// sorts as the ranges of partitions do, from "" to "FF". SDKs compute the same text and send ranges of it, so
// it is fixed by them: @azure/cosmos 4.9.3, utils/hashing. Three forms:
//
//   version 1    MurmurHash3 x86-32 of the first part, cut at 100 characters; then hash and part, both in an
//                encoding that keeps their order as bytes
//   version 2    MurmurHash3 x64-128 of all parts, whole digest reversed, two upper bits 0
//   MultiHash    the version 2 form of each part, one after the other: keys with a common beginning lie together

import { utf8, writeFloat64 } from './bytes.ts';
import { murmur3x64, murmur3x86 } from './hash/murmur3.ts';
import type { PartitionKey, PartitionKeyDefinition, PartitionKeyPart } from './partition-key.ts';

export interface EpkRange {
  readonly minInclusive: string;
  readonly maxExclusive: string;
}

export const epkMin = '';
export const epkMax = 'FF';

/** Characters of a string that version 1 looks at. */
const hashedCharactersMaxV1 = 100;

/** First bytes of encoded parts. */
const typeByte = { undefined: 0x00, null: 0x01, false: 0x02, true: 0x03, number: 0x05, string: 0x08 } as const;

const scratchBytes = 4096;
const scratch = Buffer.alloc(scratchBytes);
const words = new Uint32Array(4);
const hexOfByte = Array.from({ length: 256 }, (_, byte) => byte.toString(16).toUpperCase().padStart(2, '0'));

function hex(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i++) text += hexOfByte[bytes[i]!]!;
  return text;
}

function hexOfWord(word: number): string {
  return (
    hexOfByte[word >>> 24]! + hexOfByte[(word >>> 16) & 255]! + hexOfByte[(word >>> 8) & 255]! + hexOfByte[word & 255]!
  );
}

/** Room for the parts: the shared buffer, or a larger one for long keys. */
function bufferFor(key: PartitionKey): Buffer {
  let needed = 0;
  for (const part of key) needed += typeof part === 'string' ? 3 * part.length + 2 : 9;
  return needed <= scratchBytes ? scratch : Buffer.alloc(needed);
}

/** Writes a part as it is hashed; strings end with `terminator`. Gives the position behind it. */
function writePart(bytes: Buffer, at: number, part: PartitionKeyPart, terminator: number): number {
  if (typeof part === 'string') {
    bytes[at++] = typeByte.string;
    for (let i = 0; i < part.length; i++) {
      const unit = part.charCodeAt(i);
      if (unit >= 0x80) {
        at += bytes.write(part.slice(i), at, 'utf8');
        break;
      }
      bytes[at++] = unit;
    }
    bytes[at++] = terminator;
  } else if (typeof part === 'number') {
    bytes[at++] = typeByte.number;
    // -0 equals 0 and must lie with it.
    writeFloat64(bytes, at, part === 0 ? 0 : part);
    at += 8;
  } else if (part === undefined) bytes[at++] = typeByte.undefined;
  else if (part === null) bytes[at++] = typeByte.null;
  else bytes[at++] = part ? typeByte.true : typeByte.false;
  return at;
}

function hashV2(key: PartitionKey): string {
  const bytes = bufferFor(key);
  let length = 0;
  for (let i = 0; i < key.length; i++) length = writePart(bytes, length, key[i], 0xff);
  murmur3x64(bytes, length, words);
  return hexOfWord(words[2]! & 0x3fffffff) + hexOfWord(words[3]!) + hexOfWord(words[0]!) + hexOfWord(words[1]!);
}

const doubleView = new DataView(new ArrayBuffer(8));

/**
 * A double in the order-preserving form of version 1: the sign turned so that bytes sort, the first eight bits
 * as a byte, then seven bits a byte whose lowest bit says that more follow. A last byte of 0 is left out.
 */
function encodeNumber(value: number): number[] {
  doubleView.setFloat64(0, value === 0 ? 0 : value);
  const raw = doubleView.getBigUint64(0);
  const sign = 1n << 63n;
  const ordered = raw < sign ? raw ^ sign : BigInt.asUintN(64, -raw);
  const encoded = [typeByte.number, Number(ordered >> 56n)];
  let rest = BigInt.asUintN(64, ordered << 8n);
  while (rest !== 0n) {
    const seven = Number(rest >> 56n) & 0xfe;
    rest = BigInt.asUintN(64, rest << 7n);
    encoded.push(rest === 0n ? seven : seven | 1);
  }
  return encoded;
}

function encodePart(part: PartitionKeyPart): number[] {
  if (typeof part === 'number') return encodeNumber(part);
  if (typeof part !== 'string') {
    const end = writePart(scratch, 0, part, 0);
    return [...scratch.subarray(0, end)];
  }
  // One above each byte keeps 0 free for the end. UTF-8 has no byte 0xFF.
  return [typeByte.string, ...utf8(part).map((byte) => byte + 1), 0];
}

function hashV1(part: PartitionKeyPart): string {
  const cut = typeof part === 'string' ? part.slice(0, hashedCharactersMaxV1) : part;
  const length = writePart(scratch, 0, cut, 0);
  const hash = murmur3x86(scratch, length);
  return hex(Uint8Array.from([...encodeNumber(hash), ...encodePart(cut)]));
}

/** The EPK of a key, or of the beginning of a hierarchical key. */
export function effectivePartitionKey(definition: PartitionKeyDefinition, key: PartitionKey): string {
  if (definition.kind === 'MultiHash') {
    let text = '';
    for (const part of key) text += hashV2([part]);
    return text;
  }
  return definition.version === 2 ? hashV2(key) : hashV1(key[0]);
}

/** The range that holds exactly the items under the beginning of a hierarchical key; a whole key is its own range. */
export function rangeOfKey(definition: PartitionKeyDefinition, key: PartitionKey): EpkRange {
  const epk = effectivePartitionKey(definition, key);
  return { minInclusive: epk, maxExclusive: epk + epkMax };
}

/**
 * Order of two EPKs of any lengths: as bytes, a shorter one continued with zeros. So a boundary and the same
 * boundary with zeros behind it are one place, which plain string order would tell apart.
 */
export function compareEpk(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  const left = a.slice(0, length);
  const right = b.slice(0, length);
  if (left !== right) return left < right ? -1 : 1;
  if (isZero(a, length) && isZero(b, length)) return 0;
  return a.length > b.length ? 1 : -1;
}

function isZero(text: string, from: number): boolean {
  for (let i = from; i < text.length; i++) if (text.charCodeAt(i) !== 0x30) return false;
  return true;
}

export function isInRange(range: EpkRange, epk: string): boolean {
  return compareEpk(range.minInclusive, epk) <= 0 && compareEpk(epk, range.maxExclusive) < 0;
}

export function rangesOverlap(a: EpkRange, b: EpkRange): boolean {
  return compareEpk(a.minInclusive, b.maxExclusive) < 0 && compareEpk(b.minInclusive, a.maxExclusive) < 0;
}

/** `count` ranges that share the hash space evenly, from "" to "FF". */
export function splitRanges(definition: PartitionKeyDefinition, count: number): readonly EpkRange[] {
  const isV1 = definition.kind === 'Hash' && definition.version === 1;
  const bounds = [epkMin];
  for (let i = 1; i < count; i++) {
    if (isV1) bounds.push(hex(Uint8Array.from(encodeNumber(Math.floor((i * 2 ** 32) / count)))));
    else bounds.push((((BigInt(i) << 124n) / BigInt(count)) << 2n).toString(16).toUpperCase().padStart(32, '0'));
  }
  bounds.push(epkMax);
  return bounds.slice(1).map((maxExclusive, i) => ({ minInclusive: bounds[i]!, maxExclusive }));
}
