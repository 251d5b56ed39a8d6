// Writes one segment: terms in rising order go in, bytes go out to a sink. Used by the flush of a memtable and by
// the merge of segments, on the worker. Memory beside the sink: one block, one payload, the block index
// (about 3 bytes an item) and the bloom filter (about 13).

import { checksum } from '../model/checksum.ts';
import { utf8, writeInt32 } from '../model/bytes.ts';
import { BloomBuilder } from './bloom.ts';
import { hashTerm, keyBytesMax } from './key-scratch.ts';
import { type NumberTableBuilder } from './number-table.ts';
import { listOfBits, wordsFor } from './postings.ts';
import {
  bitmapDensity,
  bitmapItemsMin,
  blockBytesTarget,
  bloomPageBytes,
  inlinePayloadBytesMax,
  Payload,
  restartInterval,
  segmentFormat,
  segmentMagic,
  varintBytesMax,
  writeTombstones,
  writeVarint,
  type Section,
  type SegmentFooter,
  type SegmentSink,
  type Tombstones,
} from './segment-format.ts';

/** Room for the last entry of a block: key, payload head, inline payload. */
const blockSlackBytes = keyBytesMax + 2 + inlinePayloadBytesMax + 4 * varintBytesMax;
const outputBytes = 64 * 1024;

export interface SegmentMeta {
  readonly lsnFirst: number;
  readonly lsnLast: number;
  readonly numberLast: number;
  readonly tombstones: Tombstones;
  /** The serialised path dictionary. */
  readonly paths: Uint8Array;
}

/** True when a posting list of `count` of `size` items is written as a bitmap. */
export function isBitmapDense(count: number, size: number): boolean {
  return size >= bitmapItemsMin && count * bitmapDensity > size;
}

export class SegmentWriter {
  readonly #sink: SegmentSink;
  readonly #count: number;
  readonly #bloom: BloomBuilder;
  readonly #output = new Uint8Array(outputBytes);
  #outputLength = 0;
  #written = 0;
  #checksum = 0;
  readonly #block = new Uint8Array(blockBytesTarget + blockSlackBytes);
  #blockLength = 0;
  #blockEntries = 0;
  #blockPostings = 0;
  readonly #restarts = new Uint16Array(Math.ceil((blockBytesTarget + blockSlackBytes) / restartInterval));
  readonly #last = new Uint8Array(keyBytesMax + 2);
  #lastLength = 0;
  /** Key of the first entry of the block before, for front coding of the block index. */
  readonly #lastFirst = new Uint8Array(keyBytesMax + 2);
  #lastFirstLength = 0;
  readonly #first = new Uint8Array(keyBytesMax + 2);
  #firstLength = 0;
  #index = new Uint8Array(16 * 1024);
  #indexLength = 0;
  #blockEnd = segmentMagic.length;
  #blocks = 0;
  #terms = 0;
  #postings = 0;
  #payload = new Uint8Array(4096);

  /** `count`: items of the segment. `termsExpected`: sizes the bloom filter; too few only makes it weaker. */
  constructor(sink: SegmentSink, count: number, termsExpected: number) {
    this.#sink = sink;
    this.#count = count;
    this.#bloom = new BloomBuilder(termsExpected);
    this.#write(segmentMagic, 0, segmentMagic.length);
  }

  /** Bytes given to the sink or waiting for it. */
  get bytes(): number {
    return this.#written + this.#outputLength;
  }

  #write(bytes: Uint8Array, start: number, end: number): void {
    let at = start;
    while (at < end) {
      const take = Math.min(end - at, outputBytes - this.#outputLength);
      this.#output.set(bytes.subarray(at, at + take), this.#outputLength);
      this.#outputLength += take;
      at += take;
      if (this.#outputLength === outputBytes) this.#flushOutput();
    }
  }

  #flushOutput(): void {
    const bytes = this.#output.subarray(0, this.#outputLength);
    this.#checksum = checksum(bytes, this.#checksum);
    this.#sink.write(bytes);
    this.#written += bytes.length;
    this.#outputLength = 0;
  }

  readonly #word = new Uint8Array(4);

  #writeWord(value: number): void {
    writeInt32(this.#word, 0, value);
    this.#write(this.#word, 0, 4);
  }

  /** Starts an entry: key and head. Returns where its payload goes in the block. */
  #entry(key: Uint8Array, keyLength: number, head: number): number {
    const block = this.#block;
    let at = this.#blockLength;
    let shared = 0;
    if ((this.#blockEntries & (restartInterval - 1)) === 0) {
      this.#restarts[this.#blockEntries / restartInterval] = at;
      if (this.#blockEntries === 0) {
        this.#first.set(key.subarray(0, keyLength));
        this.#firstLength = keyLength;
      }
    } else {
      const most = Math.min(keyLength, this.#lastLength);
      while (shared < most && key[shared] === this.#last[shared]) shared++;
    }
    at = writeVarint(block, at, shared);
    at = writeVarint(block, at, keyLength - shared);
    for (let i = shared; i < keyLength; i++) block[at++] = this.#last[i] = key[i]!;
    if (shared === 0) for (let i = 0; i < keyLength; i++) this.#last[i] = key[i]!;
    this.#lastLength = keyLength;
    this.#bloom.add(hashTerm(key, 0, keyLength));
    return writeVarint(block, at, head);
  }

  #endEntry(end: number, count: number): void {
    this.#blockLength = end;
    this.#blockEntries++;
    this.#blockPostings += count;
    if (end >= blockBytesTarget) this.#closeBlock();
  }

  /** A term with one ordinal. */
  addSingle(key: Uint8Array, keyLength: number, ordinal: number): void {
    const at =
      this.#count === 1
        ? this.#entry(key, keyLength, 4 + Payload.all)
        : writeVarint(this.#block, this.#entry(key, keyLength, 4 + Payload.inline), ordinal);
    this.#endEntry(at, 1);
  }

  /** A term with these ordinals, ascending: `ordinals[0, count)`, at least one. */
  addList(key: Uint8Array, keyLength: number, ordinals: Uint32Array, count: number): void {
    if (count === 1) return this.addSingle(key, keyLength, ordinals[0]!);
    if (count === this.#count) return this.#endEntry(this.#entry(key, keyLength, count * 4 + Payload.all), count);
    if (isBitmapDense(count, this.#count)) {
      const words = new Uint32Array(wordsFor(this.#count));
      for (let i = 0; i < count; i++) words[ordinals[i]! >>> 5]! |= 1 << (ordinals[i]! & 31);
      return this.addBits(key, keyLength, words, count);
    }
    if (this.#payload.length < count * 5) this.#payload = new Uint8Array(count * 5 * 2);
    const payload = this.#payload;
    let length = writeVarint(payload, 0, ordinals[0]!);
    for (let i = 1; i < count; i++) {
      const gap = ordinals[i]! - ordinals[i - 1]! - 1;
      if (gap < 0x80) payload[length++] = gap;
      else length = writeVarint(payload, length, gap);
    }
    if (length <= inlinePayloadBytesMax) {
      const at = writeVarint(this.#block, this.#entry(key, keyLength, count * 4 + Payload.inline), length);
      this.#block.set(payload.subarray(0, length), at);
      return this.#endEntry(at + length, count);
    }
    const offset = this.bytes;
    this.#write(payload, 0, length);
    this.#writeWord(checksum(payload.subarray(0, length)));
    let at = writeVarint(this.#block, this.#entry(key, keyLength, count * 4 + Payload.deltas), offset);
    at = writeVarint(this.#block, at, length);
    this.#endEntry(at, count);
  }

  /** A term with the ordinals set in `words`, `count` of them. */
  addBits(key: Uint8Array, keyLength: number, words: Uint32Array, count: number): void {
    if (count === this.#count) return this.#endEntry(this.#entry(key, keyLength, count * 4 + Payload.all), count);
    if (!isBitmapDense(count, this.#count)) return this.addList(key, keyLength, listOfBits(words, count), count);
    const padding = (4 - (this.bytes & 3)) & 3;
    this.#word.fill(0);
    this.#write(this.#word, 0, padding);
    const offset = this.bytes;
    const bytes = new Uint8Array(words.buffer, words.byteOffset, wordsFor(this.#count) * 4);
    this.#write(bytes, 0, bytes.length);
    this.#writeWord(checksum(bytes));
    const at = writeVarint(this.#block, this.#entry(key, keyLength, count * 4 + Payload.bitmap), offset);
    this.#endEntry(at, count);
  }

  #closeBlock(): void {
    if (this.#blockEntries === 0) return;
    const block = this.#block;
    let end = this.#blockLength;
    const restarts = Math.ceil(this.#blockEntries / restartInterval);
    const head = new Uint8Array(restarts * 2 + 2);
    for (let i = 0; i < restarts; i++) {
      head[2 * i] = this.#restarts[i]!;
      head[2 * i + 1] = this.#restarts[i]! >>> 8;
    }
    head[2 * restarts] = restarts;
    head[2 * restarts + 1] = restarts >>> 8;
    const offset = this.bytes;
    const sum = checksum(head, checksum(block.subarray(0, end)));
    this.#write(block, 0, end);
    this.#write(head, 0, head.length);
    this.#writeWord(sum);
    end += head.length;
    this.#indexBlock(offset, end);
    this.#blocks++;
    this.#terms += this.#blockEntries;
    this.#postings += this.#blockPostings;
    this.#blockLength = 0;
    this.#blockEntries = 0;
    this.#blockPostings = 0;
    this.#lastLength = 0;
  }

  /** Block index entry: gap before the block, length, terms, postings, first key front-coded. */
  #indexBlock(offset: number, length: number): void {
    const needed = this.#indexLength + this.#firstLength + 6 * varintBytesMax;
    if (needed > this.#index.length) {
      const grown = new Uint8Array(Math.max(needed, this.#index.length * 2));
      grown.set(this.#index.subarray(0, this.#indexLength));
      this.#index = grown;
    }
    const index = this.#index;
    let at = writeVarint(index, this.#indexLength, offset - this.#blockEnd);
    at = writeVarint(index, at, length);
    at = writeVarint(index, at, this.#blockEntries);
    at = writeVarint(index, at, this.#blockPostings);
    const most = Math.min(this.#firstLength, this.#lastFirstLength);
    let shared = 0;
    while (shared < most && this.#first[shared] === this.#lastFirst[shared]) shared++;
    at = writeVarint(index, at, shared);
    at = writeVarint(index, at, this.#firstLength - shared);
    index.set(this.#first.subarray(shared, this.#firstLength), at);
    this.#indexLength = at + this.#firstLength - shared;
    this.#lastFirst.set(this.#first.subarray(0, this.#firstLength));
    this.#lastFirstLength = this.#firstLength;
    this.#blockEnd = this.bytes;
  }

  #section(bytes: Uint8Array): Section {
    const section = { offset: this.bytes, length: bytes.length, checksum: checksum(bytes) };
    this.#write(bytes, 0, bytes.length);
    return section;
  }

  /** Writes the rest of the file. `numbers` has one number for every item. */
  finish(numbers: NumberTableBuilder, meta: SegmentMeta): SegmentFooter {
    if (numbers.count !== this.#count) throw new Error('a segment has one number for every item');
    this.#closeBlock();
    const index = this.#section(this.#index.subarray(0, this.#indexLength));
    const bloom = { offset: this.bytes, lines: this.#bloom.lines };
    for (let at = 0; at < this.#bloom.bytes.length; at += bloomPageBytes) {
      const page = this.#bloom.bytes.subarray(at, at + bloomPageBytes);
      this.#write(page, 0, page.length);
      this.#writeWord(checksum(page));
    }
    const numberSection = this.#section(numbers.finish());
    const tombstones = this.#section(writeTombstones(meta.tombstones, 0));
    const paths = this.#section(meta.paths);
    this.#flushOutput();
    const footer: SegmentFooter = {
      format: segmentFormat,
      count: this.#count,
      first: numbers.count === 0 ? 0 : numbers.first,
      last: numbers.last,
      lsnFirst: meta.lsnFirst,
      lsnLast: meta.lsnLast,
      numberLast: meta.numberLast,
      terms: this.#terms,
      postings: this.#postings,
      blocks: this.#blocks,
      tombstoneCount: meta.tombstones.numbers.length,
      bloom,
      index,
      numbers: numberSection,
      tombstones,
      paths,
      checksum: this.#checksum,
    };
    const text = utf8(JSON.stringify(footer));
    const end = new Uint8Array(text.length + 8 + segmentMagic.length);
    end.set(text);
    writeInt32(end, text.length, text.length);
    writeInt32(end, text.length + 4, checksum(end.subarray(0, text.length + 4)));
    end.set(segmentMagic, text.length + 8);
    this.#sink.write(end);
    return footer;
  }
}
