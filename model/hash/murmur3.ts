// MurmurHash3 (Austin Appleby, public domain; smhasher, MurmurHash3.cpp), the x86 32-bit and the x64 128-bit
// form: what the partition keys of Cosmos DB are hashed with. 64-bit words are two 32-bit lanes, because a
// BigInt per step would cost 50 times as much.

const c1 = 0xcc9e2d51;
const c2 = 0x1b873593;

function mix32(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** MurmurHash3_x86_32 of bytes [0, length). */
export function murmur3x86(bytes: Uint8Array, length = bytes.length, seed = 0): number {
  let h = seed | 0;
  let at = 0;
  for (const end = length & ~3; at < end; at += 4) {
    let k = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    k = Math.imul(k, c1);
    k = Math.imul((k << 15) | (k >>> 17), c2);
    h ^= k;
    h = (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
  }
  let tail = 0;
  for (let i = length - 1; i >= at; i--) tail = (tail << 8) | bytes[i]!;
  if (at < length) {
    tail = Math.imul(tail, c1);
    h ^= Math.imul((tail << 15) | (tail >>> 17), c2);
  }
  return mix32(h ^ length);
}

/** Upper half of the 64-bit product of two unsigned 32-bit numbers. */
function multiplyHigh(a: number, b: number): number {
  const a0 = a & 0xffff;
  const a1 = a >>> 16;
  const b0 = b & 0xffff;
  const b1 = b >>> 16;
  const cross = a1 * b0 + ((a0 * b0) >>> 16);
  return a1 * b1 + (cross >>> 16) + ((a0 * b1 + (cross & 0xffff)) >>> 16);
}

/** The upper lane of a 64-bit product; the lower one is `Math.imul` of the lower lanes. */
function productHigh(aHigh: number, aLow: number, bHigh: number, bLow: number): number {
  return (multiplyHigh(aLow >>> 0, bLow) + Math.imul(aHigh, bLow) + Math.imul(aLow, bHigh)) | 0;
}

const c1High = 0x87c37b91;
const c1Low = 0x114253d5;
const c2High = 0x4cf5ad43;
const c2Low = 0x2745937f;

/** Carry of the sum of two unsigned lanes. */
function carry(sum: number, term: number): number {
  return sum >>> 0 < term >>> 0 ? 1 : 0;
}

/** Little-endian lane of up to four bytes at `at`, bytes from `end` on taken as 0. */
function lane(bytes: Uint8Array, at: number, end: number): number {
  if (at + 4 <= end) return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
  let word = 0;
  for (let i = end - 1; i >= at; i--) word = (word << 8) | bytes[i]!;
  return word;
}

/** fmix64 of the two lanes in `words` at `at`. */
function mix64(words: Uint32Array, at: number): void {
  let high = words[at]!;
  let low = words[at + 1]!;
  for (const [factorHigh, factorLow] of mixFactors) {
    low ^= high >>> 1;
    high = productHigh(high, low, factorHigh, factorLow);
    low = Math.imul(low, factorLow);
  }
  words[at] = high;
  words[at + 1] = low ^ (high >>> 1);
}

const mixFactors = [
  [0xff51afd7, 0xed558ccd],
  [0xc4ceb9fe, 0x1a85ec53],
] as const;

/** MurmurHash3_x64_128 of bytes [0, length) into `words`: high and low lane of h1, then of h2. */
export function murmur3x64(bytes: Uint8Array, length: number, words: Uint32Array, seed = 0): void {
  let h1High = 0;
  let h1Low = seed | 0;
  let h2High = 0;
  let h2Low = seed | 0;
  let at = 0;
  // The last round takes the rest, padded with zeros, and skips what the full rounds do after it.
  for (;;) {
    const isTail = at + 16 > length;
    if (isTail && at === length) break;

    let low = lane(bytes, at, length);
    let high = lane(bytes, at + 4, length);
    // k1 *= c1; k1 = rotl(k1, 31); k1 *= c2; h1 ^= k1
    high = productHigh(high, low, c1High, c1Low);
    low = Math.imul(low, c1Low);
    let turned = (high << 31) | (low >>> 1);
    low = (low << 31) | (high >>> 1);
    high = turned;
    h1High ^= productHigh(high, low, c2High, c2Low);
    h1Low ^= Math.imul(low, c2Low);
    if (!isTail) {
      // h1 = rotl(h1, 27) + h2; h1 = h1 * 5 + 0x52dce729
      high = (h1High << 27) | (h1Low >>> 5);
      low = (h1Low << 27) | (h1High >>> 5);
      h1Low = (low + h2Low) | 0;
      h1High = (high + h2High + carry(h1Low, low)) | 0;
      h1High = productHigh(h1High, h1Low, 0, 5);
      h1Low = (Math.imul(h1Low, 5) + 0x52dce729) | 0;
      h1High = (h1High + carry(h1Low, 0x52dce729)) | 0;
    }

    low = lane(bytes, at + 8, length);
    high = lane(bytes, at + 12, length);
    // k2 *= c2; k2 = rotl(k2, 33); k2 *= c1; h2 ^= k2
    high = productHigh(high, low, c2High, c2Low);
    low = Math.imul(low, c2Low);
    turned = (low << 1) | (high >>> 31);
    low = (high << 1) | (low >>> 31);
    high = turned;
    h2High ^= productHigh(high, low, c1High, c1Low);
    h2Low ^= Math.imul(low, c1Low);
    if (isTail) break;
    // h2 = rotl(h2, 31) + h1; h2 = h2 * 5 + 0x38495ab5
    high = (h2High << 31) | (h2Low >>> 1);
    low = (h2Low << 31) | (h2High >>> 1);
    h2Low = (low + h1Low) | 0;
    h2High = (high + h1High + carry(h2Low, low)) | 0;
    h2High = productHigh(h2High, h2Low, 0, 5);
    h2Low = (Math.imul(h2Low, 5) + 0x38495ab5) | 0;
    h2High = (h2High + carry(h2Low, 0x38495ab5)) | 0;
    at += 16;
  }
  h1Low ^= length;
  h2Low ^= length;
  words[1] = h1Low + h2Low;
  words[0] = h1High + h2High + carry(words[1]!, h1Low);
  words[3] = h2Low + words[1]!;
  words[2] = h2High + words[0]! + carry(words[3]!, h2Low);
  mix64(words, 0);
  mix64(words, 2);
  const low = words[1]!;
  words[1] = low + words[3]!;
  words[0] = words[0]! + words[2]! + carry(words[1]!, low);
  const low2 = words[3]!;
  words[3] = low2 + words[1]!;
  words[2] = words[2]! + words[0]! + carry(words[3]!, low2);
}
