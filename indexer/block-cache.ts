// Verified pieces of segments, in memory: blocks, payloads, bloom pages. One cache per worker, bounded in bytes,
// least recently used goes first. A piece is checked when it is loaded and trusted while it is here.
//
// Recency is exact enough and cheap: a Map keeps insertion order, and a hit moves a piece only when it lies in
// the older half, told by a counter; so hot pieces cost one look-up.

/** 32 MB: index.md §7, the memory budget. */
export const cacheBytesDefault = 16 * 1024 * 1024;

/** What a piece costs beside its bytes: map entry, views. */
const pieceOverheadBytes = 200;

interface Piece {
  readonly bytes: Uint8Array;
  /** The same as aligned words, when somebody asked for them. */
  words: Uint32Array | undefined;
  touched: number;
}

export class BlockCache {
  readonly #bytesMax: number;
  readonly #pieces = new Map<number, Piece>();
  #bytes = 0;
  #clock = 0;
  #owners = 0;
  readonly #freeOwners: number[] = [];
  #hits = 0;
  #misses = 0;

  constructor(bytesMax = cacheBytesDefault) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get hits(): number {
    return this.#hits;
  }

  get misses(): number {
    return this.#misses;
  }

  /** A number that keeps the pieces of one segment apart from every other's. */
  newOwner(): number {
    return this.#freeOwners.pop() ?? this.#owners++;
  }

  // Keys are owner × 2^36 + offset: segments are below 64 GB, and 2^17 segments may be open at once.
  #key(owner: number, offset: number): number {
    return owner * 0x1000000000 + offset;
  }

  get(owner: number, offset: number): Uint8Array | undefined {
    return this.#touch(this.#key(owner, offset))?.bytes;
  }

  /** The piece as words; its length is a multiple of four. */
  getWords(owner: number, offset: number): Uint32Array | undefined {
    const piece = this.#touch(this.#key(owner, offset));
    if (piece === undefined) return undefined;
    return (piece.words ??= alignedWords(piece.bytes));
  }

  #touch(key: number): Piece | undefined {
    const piece = this.#pieces.get(key);
    if (piece === undefined) {
      this.#misses++;
      return undefined;
    }
    this.#hits++;
    if (this.#clock - piece.touched > this.#pieces.size >>> 1) {
      this.#pieces.delete(key);
      this.#pieces.set(key, piece);
      piece.touched = ++this.#clock;
    }
    return piece;
  }

  put(owner: number, offset: number, bytes: Uint8Array): void {
    const key = this.#key(owner, offset);
    if (this.#pieces.has(key)) return;
    this.#pieces.set(key, { bytes, words: undefined, touched: ++this.#clock });
    this.#bytes += bytes.length + pieceOverheadBytes;
    while (this.#bytes > this.#bytesMax && this.#pieces.size > 1) {
      const [oldest, piece] = this.#pieces.entries().next().value!;
      this.#pieces.delete(oldest);
      this.#bytes -= piece.bytes.length + pieceOverheadBytes;
    }
  }

  /** Forgets every piece of a segment that went away; its number is used again. */
  drop(owner: number): void {
    const low = this.#key(owner, 0);
    const high = this.#key(owner + 1, 0);
    for (const [key, piece] of this.#pieces) {
      if (key < low || key >= high) continue;
      this.#pieces.delete(key);
      this.#bytes -= piece.bytes.length + pieceOverheadBytes;
    }
    this.#freeOwners.push(owner);
  }
}

/** Little-endian words of the bytes; a copy only when they do not lie on a word. */
export function alignedWords(bytes: Uint8Array): Uint32Array {
  const length = bytes.length >>> 2;
  if ((bytes.byteOffset & 3) === 0) return new Uint32Array(bytes.buffer, bytes.byteOffset, length);
  const copy = new Uint8Array(length * 4);
  copy.set(bytes.subarray(0, length * 4));
  return new Uint32Array(copy.buffer);
}
