// Which item number an ordinal has. Numbers are store-wide log sequences: they rise, and other partitions' lie in
// between. A dense run needs no table. Otherwise groups of 128 ordinals keep a base and offsets of 1, 2 or 4 bytes:
// with 64 partitions side by side two bytes an item.

import { DatabaseError } from '../model/errors.ts';

const groupShift = 7;
const groupSize = 1 << groupShift;

export interface NumberTable {
  readonly count: number;
  numberAt(ordinal: number): number;
  /** First ordinal whose number is at least `number`. */
  ordinalFrom(number: number): number;
}

/** Ordinal of exactly this number, or -1. */
export function ordinalOf(table: NumberTable, number: number): number {
  const ordinal = table.ordinalFrom(number);
  return ordinal < table.count && table.numberAt(ordinal) === number ? ordinal : -1;
}

class DenseNumbers implements NumberTable {
  readonly count: number;
  readonly #base: number;

  constructor(base: number, count: number) {
    this.#base = base;
    this.count = count;
  }

  numberAt(ordinal: number): number {
    return this.#base + ordinal;
  }

  ordinalFrom(number: number): number {
    return Math.min(Math.max(0, number - this.#base), this.count);
  }
}

class GroupedNumbers implements NumberTable {
  readonly count: number;
  readonly #bases: Float64Array;
  /** Offset of the group's data × 4, with log2 of the width in the low two bits. */
  readonly #places: Uint32Array;
  readonly #data: Uint8Array;

  constructor(count: number, bases: Float64Array, places: Uint32Array, data: Uint8Array) {
    this.count = count;
    this.#bases = bases;
    this.#places = places;
    this.#data = data;
  }

  numberAt(ordinal: number): number {
    const group = ordinal >>> groupShift;
    const place = this.#places[group]!;
    const data = this.#data;
    const within = ordinal & (groupSize - 1);
    let offset: number;
    switch (place & 3) {
      case 0:
        offset = data[(place >>> 2) + within]!;
        break;
      case 1: {
        const at = (place >>> 2) + within * 2;
        offset = data[at]! | (data[at + 1]! << 8);
        break;
      }
      case 2: {
        const at = (place >>> 2) + within * 4;
        offset = (data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16)) + data[at + 3]! * 0x1000000;
        break;
      }
      default: {
        const at = (place >>> 2) + within * 8;
        offset =
          (data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16)) +
          data[at + 3]! * 2 ** 24 +
          (data[at + 4]! | (data[at + 5]! << 8)) * 2 ** 32;
      }
    }
    return this.#bases[group]! + offset;
  }

  ordinalFrom(number: number): number {
    let low = 0;
    let high = this.#bases.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#bases[middle]! <= number) low = middle + 1;
      else high = middle;
    }
    if (low === 0) return 0;
    let from = (low - 1) << groupShift;
    let to = Math.min(low << groupShift, this.count);
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (this.numberAt(middle) < number) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}

/** Bytes of a table under construction: the whole in memory, about as large as it will be on disk. */
export class NumberTableBuilder {
  #count = 0;
  #first = 0;
  #last = 0;
  readonly #group = new Float64Array(groupSize);
  #bases = new Float64Array(64);
  #places = new Uint32Array(64);
  #data = new Uint8Array(1024);
  #dataLength = 0;

  get count(): number {
    return this.#count;
  }

  get first(): number {
    return this.#first;
  }

  get last(): number {
    return this.#last;
  }

  add(number: number): void {
    if (this.#count === 0) this.#first = number;
    else if (number <= this.#last) throw new Error('item numbers must rise');
    this.#last = number;
    this.#group[this.#count & (groupSize - 1)] = number;
    this.#count++;
    if ((this.#count & (groupSize - 1)) === 0) this.#closeGroup(groupSize);
  }

  #closeGroup(length: number): void {
    const group = (this.#count - 1) >>> groupShift;
    if (group >= this.#bases.length) {
      const bases = new Float64Array(group * 2);
      bases.set(this.#bases);
      this.#bases = bases;
      const places = new Uint32Array(group * 2);
      places.set(this.#places);
      this.#places = places;
    }
    const base = this.#group[0]!;
    const range = this.#group[length - 1]! - base;
    const width = range < 0x100 ? 0 : range < 0x10000 ? 1 : range < 0x100000000 ? 2 : 3;
    const bytes = length << width;
    if (this.#dataLength + bytes > this.#data.length) {
      const grown = new Uint8Array(Math.max(this.#data.length * 2, this.#dataLength + bytes));
      grown.set(this.#data);
      this.#data = grown;
    }
    this.#bases[group] = base;
    this.#places[group] = this.#dataLength * 4 + width;
    for (let i = 0; i < length; i++) {
      let offset = this.#group[i]! - base;
      for (let k = 0; k < 1 << width; k++) {
        this.#data[this.#dataLength++] = offset % 256;
        offset = Math.floor(offset / 256);
      }
    }
  }

  /** The serialised table: empty when the numbers are dense. */
  finish(): Uint8Array {
    if (this.#count === 0 || this.#last - this.#first === this.#count - 1) return new Uint8Array(0);
    const open = this.#count & (groupSize - 1);
    if (open !== 0) this.#closeGroup(open);
    const groups = (this.#count + groupSize - 1) >>> groupShift;
    const out = new Uint8Array(groups * 12 + this.#dataLength);
    const view = new DataView(out.buffer);
    for (let i = 0; i < groups; i++) {
      view.setFloat64(i * 12, this.#bases[i]!, true);
      view.setUint32(i * 12 + 8, this.#places[i]!, true);
    }
    out.set(this.#data.subarray(0, this.#dataLength), groups * 12);
    return out;
  }
}

/** Reads what `finish` gave. */
export function readNumberTable(bytes: Uint8Array, count: number, first: number): NumberTable {
  if (bytes.length === 0) return new DenseNumbers(first, count);
  const groups = (count + groupSize - 1) >>> groupShift;
  if (bytes.length < groups * 12) throw new DatabaseError('Internal', 'damaged segment: the table of numbers is cut');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const bases = new Float64Array(groups);
  const places = new Uint32Array(groups);
  for (let i = 0; i < groups; i++) {
    bases[i] = view.getFloat64(i * 12, true);
    places[i] = view.getUint32(i * 12 + 8, true);
  }
  return new GroupedNumbers(count, bases, places, bytes.slice(groups * 12));
}
