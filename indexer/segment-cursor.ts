// Walks the terms of a segment in order, either way, and finds one. It decodes only the entries it passes, never a
// whole block, so that ORDER BY … LIMIT pays for what it returns. A cursor holds at most one block.
//
// After a move that returned true: `key` [0, keyLength) is the term, `count` its postings; `postings()` loads them.

import { restartInterval, Payload } from './segment-format.ts';
import { checkPiece, damaged, type Segment } from './segment-read.ts';
import { grownKey, shortKeyBytes } from './key-scratch.ts';
import { allPostings, bitsSet, listSet, type PostingSet } from './postings.ts';

/** Bytes a sequential cursor reads at once. */
const windowBytes = 256 * 1024;

export class SegmentCursor {
  readonly segment: Segment;
  key = new Uint8Array(shortKeyBytes);
  keyLength = 0;
  count = 0;
  #kind = 0;
  /** Inline payload: where it starts and ends in the block; else offset and length in the file. */
  #payload = 0;
  #payloadLength = 0;
  #block = -1;
  #bytes: Uint8Array = new Uint8Array(0);
  /** End of the entries, where the restart offsets begin. */
  #entriesEnd = 0;
  #restarts = 0;
  /** Offset of the entry after the current one. */
  #next = 0;
  /** Index of the current entry in its block. */
  #entry = -1;
  readonly #sequential: boolean;
  #window: Uint8Array = new Uint8Array(0);
  /** Filled again and again by a sequential cursor: a merge would otherwise leave as much garbage as it reads. */
  #windowBuffer: Uint8Array | undefined;
  #windowStart = 0;

  /** `sequential`: for walking the whole segment once, past the cache. */
  constructor(segment: Segment, sequential = false) {
    this.segment = segment;
    this.#sequential = sequential;
  }

  #load(block: number): void {
    if (block === this.#block) return;
    this.#bytes = this.#sequential ? this.#loadPast(block) : this.segment.block(block);
    this.#block = block;
    const bytes = this.#bytes;
    const end = bytes.length - 2;
    this.#restarts = bytes[end]! | (bytes[end + 1]! << 8);
    this.#entriesEnd = end - 2 * this.#restarts;
    if (this.#entriesEnd <= 0 || this.#restarts === 0) throw damaged('block directory');
    this.#next = 0;
    this.#entry = -1;
  }

  #loadPast(block: number): Uint8Array {
    const { offsets, lengths, payloadStarts } = this.segment.index;
    const offset = offsets[block]!;
    const length = lengths[block]!;
    const end = offset + length;
    if (offset < this.#windowStart || end > this.#windowStart + this.#window.length) {
      this.#windowStart = end - payloadStarts[block]! <= windowBytes ? payloadStarts[block]! : offset;
      this.#windowBuffer ??= new Uint8Array(windowBytes);
      const wanted = Math.max(windowBytes, end - this.#windowStart);
      this.#window = this.segment.readRaw(
        this.#windowStart,
        wanted,
        wanted <= windowBytes ? this.#windowBuffer : undefined,
      );
    }
    return checkPiece(this.#window, offset - this.#windowStart, length - 4, 'block');
  }

  #external(offset: number, length: number): Uint8Array {
    if (!this.#sequential) return this.segment.payload(offset, length);
    const at = offset - this.#windowStart;
    if (at >= 0 && at + length + 4 <= this.#window.length) return checkPiece(this.#window, at, length, 'postings');
    return checkPiece(this.segment.readRaw(offset, length + 4), 0, length, 'postings');
  }

  #varint(): number {
    const bytes = this.#bytes;
    let byte = bytes[this.#next++]!;
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    let factor = 128;
    do {
      byte = bytes[this.#next++]!;
      value += (byte & 0x7f) * factor;
      factor *= 128;
    } while (byte >= 0x80);
    return value;
  }

  /** Decodes the entry at `#next`. */
  #decode(): void {
    const shared = this.#varint();
    const rest = this.#varint();
    const bytes = this.#bytes;
    const at = this.#next;
    if (shared + rest > this.key.length) this.key = grownKey(this.key, shared, shared + rest);
    const { key } = this;
    for (let i = 0; i < rest; i++) key[shared + i] = bytes[at + i]!;
    this.#next = at + rest;
    this.keyLength = shared + rest;
    const head = this.#varint();
    this.#kind = head & 3;
    this.count = head < 0x80000000 ? head >>> 2 : Math.floor(head / 4);
    switch (this.#kind) {
      case Payload.inline:
        this.#payloadLength = this.count === 1 ? 0 : this.#varint();
        this.#payload = this.#next;
        if (this.count === 1) this.#varint();
        else this.#next += this.#payloadLength;
        break;
      case Payload.deltas:
        this.#payload = this.#varint();
        this.#payloadLength = this.#varint();
        break;
      case Payload.bitmap:
        this.#payload = this.#varint();
        break;
    }
    this.#entry++;
  }

  #restartOffset(restart: number): number {
    const at = this.#entriesEnd + 2 * restart;
    return this.#bytes[at]! | (this.#bytes[at + 1]! << 8);
  }

  /** Order of the key of a restart entry against a key. */
  #compareRestart(restart: number, key: Uint8Array, keyLength: number): number {
    this.#next = this.#restartOffset(restart);
    this.#varint();
    const length = this.#varint();
    const bytes = this.#bytes;
    const at = this.#next;
    const most = Math.min(length, keyLength);
    for (let i = 0; i < most; i++) {
      const difference = bytes[at + i]! - key[i]!;
      if (difference !== 0) return difference;
    }
    return length - keyLength;
  }

  /** Order of the current key against a key. */
  compare(key: Uint8Array, keyLength: number): number {
    const most = Math.min(this.keyLength, keyLength);
    const mine = this.key;
    for (let i = 0; i < most; i++) {
      const difference = mine[i]! - key[i]!;
      if (difference !== 0) return difference;
    }
    return this.keyLength - keyLength;
  }

  /** Moves to the first term that is not below the key; false when there is none. */
  seek(key: Uint8Array, keyLength: number): boolean {
    const block = this.segment.index.blockOf(key, keyLength);
    if (block < 0) {
      if (this.segment.index.count === 0) return false;
      this.#load(0);
      this.#toRestart(0);
      this.#decode();
      return true;
    }
    this.#load(block);
    let low = 0;
    let high = this.#restarts;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#compareRestart(middle, key, keyLength) <= 0) low = middle + 1;
      else high = middle;
    }
    this.#toRestart(Math.max(0, low - 1));
    while (this.#next < this.#entriesEnd) {
      this.#decode();
      if (this.compare(key, keyLength) >= 0) return true;
    }
    return this.#firstOf(block + 1);
  }

  /** Moves to the last term below the key; false when there is none. */
  seekBefore(key: Uint8Array, keyLength: number): boolean {
    if (this.seek(key, keyLength)) return this.previous();
    return this.last();
  }

  #toRestart(restart: number): void {
    this.#next = this.#restartOffset(restart);
    this.#entry = restart * restartInterval - 1;
  }

  #firstOf(block: number): boolean {
    if (block >= this.segment.index.count) return false;
    this.#load(block);
    this.#toRestart(0);
    this.#decode();
    return true;
  }

  first(): boolean {
    return this.#firstOf(0);
  }

  last(): boolean {
    const { count } = this.segment.index;
    return count > 0 && this.#lastOf(count - 1);
  }

  #lastOf(block: number): boolean {
    this.#load(block);
    this.#toRestart(this.#restarts - 1);
    while (this.#next < this.#entriesEnd) this.#decode();
    return true;
  }

  next(): boolean {
    if (this.#next < this.#entriesEnd) {
      this.#decode();
      return true;
    }
    return this.#firstOf(this.#block + 1);
  }

  previous(): boolean {
    const entry = this.#entry - 1;
    if (entry < 0) return this.#block > 0 && this.#lastOf(this.#block - 1);
    this.#toRestart(Math.floor(entry / restartInterval));
    do this.#decode();
    while (this.#entry < entry);
    return true;
  }

  /** True when the current term has exactly one ordinal, stored beside it. */
  get isSingle(): boolean {
    return this.count === 1 && this.#kind === Payload.inline;
  }

  /** The ordinal of a single term. */
  get single(): number {
    const bytes = this.#bytes;
    let at = this.#payload;
    let byte = bytes[at]!;
    let value = byte & 0x7f;
    for (let shift = 7; byte >= 0x80; shift += 7) {
      byte = bytes[++at]!;
      value |= (byte & 0x7f) << shift;
    }
    return value;
  }

  get isBitmap(): boolean {
    return this.#kind === Payload.bitmap;
  }

  get isAll(): boolean {
    return this.#kind === Payload.all;
  }

  /** Words of a bitmap term. */
  bitmap(): Uint32Array {
    if (!this.#sequential) return this.segment.bitmap(this.#payload);
    const bytes = this.#external(this.#payload, ((this.segment.count + 31) >>> 5) * 4);
    const copy = new Uint8Array(bytes.length);
    copy.set(bytes);
    return new Uint32Array(copy.buffer);
  }

  /** Decodes a term that is a list (neither bitmap nor all) to `out[at …]`, which has room for `count`. */
  copyOrdinals(out: Uint32Array, at: number): void {
    if (this.isSingle) {
      out[at] = this.single;
      return;
    }
    const inline = this.#kind === Payload.inline;
    const bytes = inline ? this.#bytes : this.#external(this.#payload, this.#payloadLength);
    let place = inline ? this.#payload : 0;
    const end = place + this.#payloadLength;
    let ordinal = -1;
    const last = at + this.count;
    for (let i = at; i < last; i++) {
      let byte = bytes[place++]!;
      if (byte >= 0x80) {
        let value = byte & 0x7f;
        let shift = 7;
        do {
          byte = bytes[place++]!;
          value |= (byte & 0x7f) << shift;
          shift += 7;
        } while (byte >= 0x80);
        byte = value;
      }
      ordinal += byte + 1;
      out[i] = ordinal;
    }
    if (place !== end) throw damaged('postings have another length');
  }

  /** The postings of the current term. */
  postings(): PostingSet {
    if (this.isAll) return allPostings;
    if (this.isBitmap) return bitsSet(this.bitmap(), this.count, this.segment.count);
    const out = new Uint32Array(this.count);
    this.copyOrdinals(out, 0);
    return listSet(out);
  }
}
