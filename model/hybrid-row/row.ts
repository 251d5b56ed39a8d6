// HybridRow, the binary form in which the .NET SDK writes batches: a row is a version byte, the id of its schema, and
// fields. Those of fixed and variable length stand in the schema's order, after one bit each that tells whether they
// are there; sparse ones follow with type and path. Lengths and paths are unsigned LEB128. All is little-endian.
// Source: the grammar of the HybridRow repository (Docs/Grammar.md). Only types that batches use can be columns; rows
// may hold sparse fields of other primitive types, which are read past.

import { textOf, utf8, utf8FaultAt } from '../bytes.ts';
import { badRequest, type DatabaseError } from '../errors.ts';

export type ColumnType = 'int32' | 'uint32' | 'float64' | 'bool' | 'utf8' | 'binary';
export type Field = number | boolean | string | Uint8Array;

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
}

/** A schema as rows are laid out by it. Every column may be absent. */
export interface Layout {
  readonly schemaId: number;
  readonly fixed: readonly Column[];
  readonly variable: readonly Column[];
  readonly sparse: readonly Column[];
}

export const rowVersion = 0x81;
export const rowHeaderBytes = 5;

export function badRow(message: string, offset: number): DatabaseError {
  return badRequest(`invalid HybridRow: ${message}`, 'body', offset);
}

/** Type codes of sparse fields; false has one of its own. */
const typeCodes: Readonly<Record<ColumnType, number>> = {
  bool: 3,
  int32: 7,
  uint32: 11,
  float64: 16,
  utf8: 20,
  binary: 21,
};
const falseCode = 2;

/** Bytes of primitive types by code, -1 where a length stands before them. */
const codeBytes: Readonly<Record<number, number>> = {
  1: 0,
  [falseCode]: 0,
  3: 0,
  5: 1,
  6: 2,
  7: 4,
  8: 8,
  9: 1,
  10: 2,
  11: 4,
  12: 8,
  15: 4,
  16: 8,
  17: 16,
  18: 8,
  19: 16,
  20: -1,
  21: -1,
  22: 16,
  23: 8,
  24: 12,
};

/** LEB128 of a length has at most so many bytes. */
const lengthBytesMax = 5;

class RowReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#at = at;
  }

  get at(): number {
    return this.#at;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  take(length: number): number {
    const start = this.#at;
    if (length > this.#bytes.length - start) throw badRow('a field reaches beyond its row', start);
    this.#at = start + length;
    return start;
  }

  byte(): number {
    return this.#bytes[this.take(1)]!;
  }

  length(): number {
    let value = 0;
    for (let i = 0; i < lengthBytesMax; i++) {
      const byte = this.byte();
      value += (byte & 127) * 128 ** i;
      if (byte < 128) return value;
    }
    throw badRow('a length is too long', this.#at);
  }

  span(length: number): Uint8Array {
    const start = this.take(length);
    return this.#bytes.subarray(start, this.#at);
  }

  text(length: number): string {
    const start = this.take(length);
    if (utf8FaultAt(this.#bytes, start, this.#at) >= 0) throw badRow('a text is not well-formed UTF-8', start);
    return textOf(this.#bytes, start, this.#at);
  }

  field(type: ColumnType): Field {
    switch (type) {
      case 'int32':
        return this.#view.getInt32(this.take(4), true);
      case 'uint32':
        return this.#view.getUint32(this.take(4), true);
      case 'float64':
        return this.#view.getFloat64(this.take(8), true);
      case 'bool':
        return this.byte() !== 0;
      case 'utf8':
        return this.text(this.length());
      case 'binary':
        return this.span(this.length());
    }
  }
}

/** The fields that are there, by name. Binary ones lie in the bytes of the row. */
export function readRow(layout: Layout, bytes: Uint8Array): ReadonlyMap<string, Field> {
  const reader = new RowReader(bytes, 0);
  if (reader.byte() !== rowVersion) throw badRow('the version is unknown', 0);
  if (reader.field('int32') !== layout.schemaId) throw badRow('the schema is another one', 1);
  const fields = new Map<string, Field>();
  const { fixed, variable } = layout;
  const bits = reader.span(Math.ceil((fixed.length + variable.length) / 8));
  const isSet = (bit: number): boolean => (bits[bit >> 3]! & (1 << (bit & 7))) !== 0;
  for (const [i, { name, type }] of fixed.entries()) {
    const value = reader.field(type);
    if (isSet(i)) fields.set(name, value);
  }
  for (const [i, { name, type }] of variable.entries())
    if (isSet(fixed.length + i)) fields.set(name, reader.field(type));
  while (!reader.isAtEnd) readSparse(layout, reader, fields);
  return fields;
}

/** Paths that a schema names are numbers: 0 is the empty one, then its columns in turn. */
function pathsOf({ fixed, variable, sparse }: Layout): readonly string[] {
  return ['', ...[...fixed, ...variable, ...sparse].map(({ name }) => name)];
}

function readSparse(layout: Layout, reader: RowReader, fields: Map<string, Field>): void {
  const offset = reader.at;
  const code = reader.byte();
  const paths = pathsOf(layout);
  const path = reader.length();
  const name = path < paths.length ? paths[path]! : reader.text(path - paths.length);
  const column = layout.sparse.find((one) => one.name === name);
  if (column !== undefined) {
    if (code === falseCode && column.type === 'bool') fields.set(name, false);
    else if (code === typeCodes.bool && column.type === 'bool') fields.set(name, true);
    else if (code === typeCodes[column.type]) fields.set(name, reader.field(column.type));
    else throw badRow('a field has another type than its schema says', offset);
    return;
  }
  const size = codeBytes[code];
  if (size === undefined) throw badRow('a field has a type that is not read', offset);
  reader.take(size < 0 ? reader.length() : size);
}

/** Grows to hold what is written. */
class RowWriter {
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  #reserve(more: number): number {
    const start = this.#length;
    this.#length += more;
    if (this.#length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#length, 2 * this.#bytes.length));
      grown.set(this.#bytes.subarray(0, start));
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    return start;
  }

  byte(value: number): void {
    const at = this.#reserve(1);
    this.#bytes[at] = value;
  }

  length(value: number): void {
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.byte((rest % 128) | 128);
    this.byte(rest);
  }

  span(bytes: Uint8Array): void {
    const at = this.#reserve(bytes.length);
    this.#bytes.set(bytes, at);
  }

  /** Of a column's type. An absent fixed field is zeros. */
  field(type: ColumnType, value: Field | undefined): void {
    if (type === 'utf8' || type === 'binary') {
      const bytes = typeof value === 'string' ? utf8(value) : (value as Uint8Array);
      this.length(bytes.length);
      this.span(bytes);
      return;
    }
    const number = Number(value ?? 0);
    if (type === 'bool') this.byte(number);
    else if (type === 'float64') {
      const at = this.#reserve(8);
      this.#view.setFloat64(at, number, true);
    } else {
      const at = this.#reserve(4);
      this.#view.setUint32(at, number, true);
    }
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}

export function writeRow(layout: Layout, fields: Readonly<Record<string, Field | undefined>>): Uint8Array {
  const { fixed, variable, sparse } = layout;
  const writer = new RowWriter();
  writer.byte(rowVersion);
  writer.field('int32', layout.schemaId);
  const bits = new Uint8Array(Math.ceil((fixed.length + variable.length) / 8));
  for (const [bit, { name }] of [...fixed, ...variable].entries())
    if (fields[name] !== undefined) bits[bit >> 3]! |= 1 << (bit & 7);
  writer.span(bits);
  for (const { name, type } of fixed) writer.field(type, fields[name]);
  for (const { name, type } of variable) if (fields[name] !== undefined) writer.field(type, fields[name]);
  const paths = pathsOf(layout);
  for (const { name, type } of sparse) {
    const value = fields[name];
    if (value === undefined) continue;
    writer.byte(value === false ? falseCode : typeCodes[type]);
    writer.length(paths.indexOf(name));
    if (type !== 'bool') writer.field(type, value);
  }
  return writer.finish();
}
