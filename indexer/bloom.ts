// A bloom filter in lines of 64 bytes: all bits of a term lie in one line, so a look-up touches one. Ten bits a
// term, six set: about 1 % of absent terms pass. Lines are grouped into pages that are read and checked singly.

export const bloomBitsPerTerm = 10;
export const bloomLineBytes = 64;
const bitsPerTerm = 6;

/** Lines for that many terms. */
export function bloomLines(terms: number): number {
  return Math.max(1, Math.ceil((terms * bloomBitsPerTerm) / (bloomLineBytes * 8)));
}

export function bloomLineOf(hash: number, lines: number): number {
  return Math.floor(((hash >>> 0) / 0x100000000) * lines);
}

/** A second hash for the bits, as the line uses up the high bits of the first. */
function bitsOf(hash: number): number {
  let h = Math.imul(hash ^ 0x5bd1e995, 0x9e3779b1);
  h ^= h >>> 15;
  return Math.imul(h, 0x2c1b3c6d);
}

export class BloomBuilder {
  readonly lines: number;
  readonly bytes: Uint8Array;

  constructor(terms: number) {
    this.lines = bloomLines(terms);
    this.bytes = new Uint8Array(this.lines * bloomLineBytes);
  }

  add(hash: number): void {
    const start = bloomLineOf(hash, this.lines) * bloomLineBytes;
    let a = bitsOf(hash);
    let b = Math.imul(a, 0x85ebca6b) ^ hash;
    for (let i = 0; i < bitsPerTerm; i++) {
      const bit = (a >>> 23) & 511;
      this.bytes[start + (bit >>> 3)]! |= 1 << (bit & 7);
      a = (a + b) | 0;
      b = (b + Math.imul(i + 1, 0x9e3779b1)) | 0;
    }
  }
}

/** True when the line that starts at `start` may hold the term. */
export function bloomHolds(bytes: Uint8Array, start: number, hash: number): boolean {
  let a = bitsOf(hash);
  let b = Math.imul(a, 0x85ebca6b) ^ hash;
  for (let i = 0; i < bitsPerTerm; i++) {
    const bit = (a >>> 23) & 511;
    if ((bytes[start + (bit >>> 3)]! & (1 << (bit & 7))) === 0) return false;
    a = (a + b) | 0;
    b = (b + Math.imul(i + 1, 0x9e3779b1)) | 0;
  }
  return true;
}
