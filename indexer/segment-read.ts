// One segment, opened: what is resident (block index, numbers) and how its pieces are loaded. Reading is
// synchronous over a port; every piece is checked against its checksum when it comes in, so that damaged bytes
// become an error, never an answer.

import { checksum } from '../model/checksum.ts';
import { DatabaseError } from '../model/errors.ts';
import { readInt32, textOf } from '../model/bytes.ts';
import { bloomHolds, bloomLineBytes, bloomLineOf } from './bloom.ts';
import type { BlockCache } from './block-cache.ts';
import { readNumberTable, type NumberTable } from './number-table.ts';
import {
  bloomPageBytes,
  checksumBytes,
  readTombstones,
  segmentFormat,
  segmentMagic,
  trailerBytes,
  VarintReader,
  type ReadAt,
  type Section,
  type SegmentFooter,
  type Tombstones,
} from './segment-format.ts';
import { wordsFor } from './postings.ts';

export function damaged(what: string): DatabaseError {
  return new DatabaseError('Internal', `damaged segment: ${what}`);
}

/** Bytes at the end that are read first: enough for the footer of nearly every segment. */
const tailBytes = 4096;

/** First keys and places of all blocks. */
export class BlockIndex {
  readonly count: number;
  readonly offsets: Float64Array;
  /** With the checksum. */
  readonly lengths: Uint32Array;
  /** Where the payloads in front of the block begin. */
  readonly payloadStarts: Float64Array;
  /** Terms, postings before each block; one more place for the total. */
  readonly termsBefore: Float64Array;
  readonly postingsBefore: Float64Array;
  readonly keys: Uint8Array;
  readonly keyEnds: Uint32Array;

  constructor(bytes: Uint8Array, count: number, dataStart: number) {
    this.count = count;
    this.offsets = new Float64Array(count);
    this.lengths = new Uint32Array(count);
    this.payloadStarts = new Float64Array(count);
    this.termsBefore = new Float64Array(count + 1);
    this.postingsBefore = new Float64Array(count + 1);
    this.keyEnds = new Uint32Array(count);
    let keys = new Uint8Array(Math.max(64, bytes.length * 2));
    const reader = new VarintReader(bytes);
    let offset = dataStart;
    let keyStart = 0;
    let length = 0;
    for (let i = 0; i < count; i++) {
      this.payloadStarts[i] = offset;
      offset += reader.next();
      this.offsets[i] = offset;
      const blockLength = reader.next();
      this.lengths[i] = blockLength + checksumBytes;
      offset += blockLength + checksumBytes;
      this.termsBefore[i + 1] = this.termsBefore[i]! + reader.next();
      this.postingsBefore[i + 1] = this.postingsBefore[i]! + reader.next();
      const shared = reader.next();
      const rest = reader.next();
      const before = keyStart;
      keyStart = length;
      if (length + shared + rest > keys.length) {
        const grown = new Uint8Array((length + shared + rest) * 2);
        grown.set(keys);
        keys = grown;
      }
      keys.copyWithin(length, before, before + shared);
      keys.set(bytes.subarray(reader.at, reader.at + rest), length + shared);
      reader.at += rest;
      length += shared + rest;
      this.keyEnds[i] = length;
    }
    this.keys = keys.slice(0, length);
  }

  /** Last block whose first key is not above the key, or -1. */
  blockOf(key: Uint8Array, keyLength: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.compareFirst(middle, key, keyLength) <= 0) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** Order of a block's first key against a key. */
  compareFirst(block: number, key: Uint8Array, keyLength: number): number {
    const start = block === 0 ? 0 : this.keyEnds[block - 1]!;
    const length = this.keyEnds[block]! - start;
    const most = Math.min(length, keyLength);
    const keys = this.keys;
    for (let i = 0; i < most; i++) {
      const difference = keys[start + i]! - key[i]!;
      if (difference !== 0) return difference;
    }
    return length - keyLength;
  }

  get bytes(): number {
    return this.keys.length + this.count * 40;
  }
}

export class Segment {
  /** What the owner calls it: the name of its file. */
  readonly name: string;
  readonly footer: SegmentFooter;
  /** Bytes of the file. */
  readonly bytes: number;
  readonly index: BlockIndex;
  readonly numbers: NumberTable;
  readonly #read: ReadAt;
  readonly #cache: BlockCache;
  /** Its place in the cache, -1 once it is closed. */
  #owner: number;

  /** Opens what `read` reads: checks footer, block index and numbers. Throws Internal when they are damaged. */
  constructor(name: string, read: ReadAt, bytes: number, cache: BlockCache) {
    this.name = name;
    this.bytes = bytes;
    this.#read = read;
    this.#cache = cache;
    this.footer = readFooter(read, bytes);
    this.#owner = cache.newOwner();
    this.index = new BlockIndex(
      this.#section(this.footer.index, 'block index'),
      this.footer.blocks,
      segmentMagic.length,
    );
    this.numbers = readNumberTable(this.#section(this.footer.numbers, 'numbers'), this.footer.count, this.footer.first);
  }

  get count(): number {
    return this.footer.count;
  }

  /** Bytes kept in memory as long as it is open. */
  get residentBytes(): number {
    return this.index.bytes + this.footer.numbers.length + 1000;
  }

  #section(section: Section, what: string): Uint8Array {
    const bytes = this.#read(section.offset, section.length);
    if (bytes.length !== section.length || checksum(bytes) !== section.checksum) throw damaged(what);
    return bytes;
  }

  /** The deaths it carries. Read from the file each time. */
  tombstones(): Tombstones {
    return readTombstones(this.#section(this.footer.tombstones, 'tombstones'), this.footer.tombstoneCount, 0);
  }

  /** The path dictionary as it was when the newest of its terms were written. */
  paths(): Uint8Array {
    return this.#section(this.footer.paths, 'paths');
  }

  /** False when surely no term has this hash. */
  mayHold(hash: number): boolean {
    const { offset, lines } = this.footer.bloom;
    const line = bloomLineOf(hash, lines) * bloomLineBytes;
    const page = Math.floor(line / bloomPageBytes);
    const length = Math.min(bloomPageBytes, lines * bloomLineBytes - page * bloomPageBytes);
    const bytes = this.#piece(offset + page * (bloomPageBytes + checksumBytes), length, 'bloom filter');
    return bloomHolds(bytes, line - page * bloomPageBytes, hash);
  }

  /** A checked piece of the file, cached: `length` bytes at `offset`, their checksum behind them. */
  #piece(offset: number, length: number, what: string): Uint8Array {
    if (this.#owner < 0) throw new Error('a closed segment is read');
    const cached = this.#cache.get(this.#owner, offset);
    if (cached !== undefined) return cached;
    const bytes = checkedPiece(this.#read, offset, length, what);
    this.#cache.put(this.#owner, offset, bytes);
    return bytes;
  }

  /** The bytes of a block, without its checksum. */
  block(block: number): Uint8Array {
    return this.#piece(this.index.offsets[block]!, this.index.lengths[block]! - checksumBytes, 'block');
  }

  /** A payload outside its block. */
  payload(offset: number, length: number): Uint8Array {
    return this.#piece(offset, length, 'postings');
  }

  /** A bitmap of the segment's items. */
  bitmap(offset: number): Uint32Array {
    const cached = this.#owner < 0 ? undefined : this.#cache.getWords(this.#owner, offset);
    if (cached !== undefined) return cached;
    this.#piece(offset, wordsFor(this.count) * 4, 'bitmap');
    return this.#cache.getWords(this.#owner, offset)!;
  }

  /** Reads past the cache, for whoever walks the whole file once. Unchecked. */
  readRaw(offset: number, length: number, into?: Uint8Array): Uint8Array {
    return this.#read(offset, Math.min(length, this.bytes - offset), into);
  }

  /** Gives its place in the cache back. The file is its owner's to close. */
  close(): void {
    if (this.#owner >= 0) this.#cache.drop(this.#owner);
    this.#owner = -1;
  }
}

function checkedPiece(read: ReadAt, offset: number, length: number, what: string): Uint8Array {
  const bytes = read(offset, length + checksumBytes);
  if (bytes.length !== length + checksumBytes) throw damaged(`${what} is cut`);
  return checkPiece(bytes, 0, length, what);
}

/** The piece at `start` of bytes that hold it and its checksum. */
export function checkPiece(bytes: Uint8Array, start: number, length: number, what: string): Uint8Array {
  if (start + length + checksumBytes > bytes.length) throw damaged(`${what} is cut`);
  const piece = bytes.subarray(start, start + length);
  if (checksum(piece) !== readInt32(bytes, start + length) >>> 0) throw damaged(what);
  return piece;
}

function isMagic(bytes: Uint8Array, at: number): boolean {
  return segmentMagic.every((byte, i) => bytes[at + i] === byte);
}

function readFooter(read: ReadAt, bytes: number): SegmentFooter {
  if (bytes < segmentMagic.length + trailerBytes) throw damaged('the file is too short');
  const head = read(0, segmentMagic.length);
  if (head.length !== segmentMagic.length || !isMagic(head, 0))
    throw damaged(`not a segment of format ${segmentFormat}`);
  let tail = read(bytes - Math.min(bytes, tailBytes), Math.min(bytes, tailBytes));
  if (tail.length < trailerBytes || !isMagic(tail, tail.length - segmentMagic.length))
    throw damaged('the end is missing');
  const textLength = readInt32(tail, tail.length - trailerBytes);
  if (textLength < 2 || textLength + trailerBytes > bytes - segmentMagic.length) throw damaged('footer length');
  if (textLength + trailerBytes > tail.length)
    tail = read(bytes - textLength - trailerBytes, textLength + trailerBytes);
  const start = tail.length - trailerBytes - textLength;
  const end = start + textLength;
  if (checksum(tail.subarray(start, end + 4)) !== readInt32(tail, end + 4) >>> 0) throw damaged('footer');
  return JSON.parse(textOf(tail, start, end)) as SegmentFooter;
}

/** Bytes read at once while a whole file is checked. */
const verifyBytes = 1024 * 1024;

/** Reads the whole file and compares its checksum: finds a flipped bit anywhere, padding included. */
export function verifySegment(segment: Segment): void {
  const { paths, checksum: expected } = segment.footer;
  const end = paths.offset + paths.length;
  let sum = 0;
  for (let at = 0; at < end; at += verifyBytes)
    sum = checksum(segment.readRaw(at, Math.min(verifyBytes, end - at)), sum);
  if (sum !== expected) throw damaged('checksum of the file');
}
