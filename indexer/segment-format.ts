// The layout of a segment file (index.md §7, "Segment format in words"). All integers little-endian.
//
//   magic, 8 bytes
//   data: blocks of about 4 KB, each after the large payloads it refers to
//   sections: block index, bloom pages, numbers, tombstones, path dictionary
//   footer (JSON), its length u32, checksum of both u32, magic, 8 bytes
//
// Block: entries, then the offset of every 16th entry (u16 each) and their number (u16), then a checksum (u32).
// Entry: varint bytes shared with the key before (0 at every 16th), varint rest, rest,
//        varint count × 4 + payload kind, payload.
// Payload by kind: `inline`: one ordinal as varint, or varint length and deltas; `all`: nothing;
//        `deltas`: varint offset in the file, varint length; `bitmap`: varint offset, on a multiple of four.
// Deltas: varint of the first ordinal, then of each gap less one.
// Large payloads and bloom pages are each followed by their own checksum; sections have theirs in the footer.
//
// Ordinals are local, 0 … count - 1; terms are path (u16 big-endian), tag, value, and rise strictly.

export const segmentFormat = 1;
/** 'MSEGMNT' and the format. */
export const segmentMagic = new Uint8Array([0x4d, 0x53, 0x45, 0x47, 0x4d, 0x4e, 0x54, segmentFormat]);
export const trailerBytes = 4 + 4 + segmentMagic.length;

/** A block is closed when it has this many bytes. */
export const blockBytesTarget = 4096;
/** Entries between two whole keys. */
export const restartInterval = 16;
/** A payload longer than this lies outside the block, so that walking terms in order stays dense. */
export const inlinePayloadBytesMax = 512;
/** A term in more than one of this many items is a bitmap. */
export const bitmapDensity = 8;
/** Items below which a bitmap saves nothing over deltas. */
export const bitmapItemsMin = 256;
/** Bytes of one bloom page without its checksum: 64 lines. */
export const bloomPageBytes = 4096;
export const checksumBytes = 4;

export const Payload = { inline: 0, all: 1, deltas: 2, bitmap: 3 } as const;

/** A part of the file with its checksum. */
export interface Section {
  readonly offset: number;
  readonly length: number;
  readonly checksum: number;
}

export interface SegmentFooter {
  readonly format: number;
  /** Items. */
  readonly count: number;
  /** Lowest and highest item number; 0 and 0 when there are no items. */
  readonly first: number;
  readonly last: number;
  /** The interval of LSNs whose effects on the index this segment holds. */
  readonly lsnFirst: number;
  readonly lsnLast: number;
  /** Highest item number the partition had seen at the end of the interval, also of items that died. */
  readonly numberLast: number;
  readonly terms: number;
  readonly postings: number;
  readonly blocks: number;
  readonly tombstoneCount: number;
  readonly bloom: { readonly offset: number; readonly lines: number };
  readonly index: Section;
  readonly numbers: Section;
  readonly tombstones: Section;
  readonly paths: Section;
  /** Checksum of everything before the footer: what `verifySegment` compares. */
  readonly checksum: number;
}

/**
 * Reads `length` bytes of the file at `offset`, fewer only at its end. The bytes are fresh or immutable, never a buffer
 * that is used again; but where `into` is given (of at least that length), they may be its beginning.
 */
export type ReadAt = (offset: number, length: number, into?: Uint8Array) => Uint8Array;

/** Takes the next bytes of a file. They are the writer's buffer: copy or write them before returning. */
export interface SegmentSink {
  write(bytes: Uint8Array): void;
}

/** Writes an unsigned varint of a safe integer; returns its end. */
export function writeVarint(out: Uint8Array, at: number, value: number): number {
  let rest = value;
  while (rest >= 0x80000000) {
    out[at++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  while (rest >= 0x80) {
    out[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  out[at++] = rest;
  return at;
}

/** Longest varint of a safe integer. */
export const varintBytesMax = 8;

/** Reads varints one after another. Bounds are the typed array's: past its end, `undefined` ends a varint. */
export class VarintReader {
  readonly bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  next(): number {
    const bytes = this.bytes;
    let byte = bytes[this.at++]!;
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    let factor = 128;
    do {
      byte = bytes[this.at++]!;
      value += (byte & 0x7f) * factor;
      factor *= 128;
    } while (byte >= 0x80);
    return value;
  }
}

/** Versions of older segments, or own ones that could not be dropped, that died in a segment's interval. */
export interface Tombstones {
  /** Numbers of the dead, ascending. */
  readonly numbers: Float64Array;
  /** LSN of the record that ended each. */
  readonly lsns: Float64Array;
}

export const noTombstones: Tombstones = { numbers: new Float64Array(0), lsns: new Float64Array(0) };

export function writeTombstones(tombstones: Tombstones, lsnBase: number): Uint8Array {
  const out = new Uint8Array(tombstones.numbers.length * 2 * varintBytesMax);
  let at = 0;
  let before = 0;
  for (let i = 0; i < tombstones.numbers.length; i++) {
    const number = tombstones.numbers[i]!;
    at = writeVarint(out, at, number - before);
    at = writeVarint(out, at, tombstones.lsns[i]! - lsnBase);
    before = number;
  }
  return out.slice(0, at);
}

export function readTombstones(bytes: Uint8Array, count: number, lsnBase: number): Tombstones {
  const numbers = new Float64Array(count);
  const lsns = new Float64Array(count);
  const reader = new VarintReader(bytes);
  let number = 0;
  for (let i = 0; i < count; i++) {
    number += reader.next();
    numbers[i] = number;
    lsns[i] = reader.next() + lsnBase;
  }
  return { numbers, lsns };
}
