// An encoder of Cosmos's binary JSON for tests, written from the format's description and apart from the reader: for
// each value it takes, by chance, any of the forms that may stand for it.

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

const systemStrings = [
  '$s', '$t', '$v', '_attachments', '_etag', '_rid', '_self', '_ts', 'attachments/', 'coordinates', 'geometry',
  'GeometryCollection', 'id', 'url', 'Value', 'label', 'LineString', 'link', 'MultiLineString', 'MultiPoint',
  'MultiPolygon', 'name', 'Name', 'Type', 'Point', 'Polygon', 'properties', 'type', 'value', 'Feature',
  'FeatureCollection', '_id',
]; // prettier-ignore

function little(value: number | bigint, width: number): number[] {
  let rest = BigInt.asUintN(8 * width, BigInt(value));
  return Array.from({ length: width }, () => {
    const byte = Number(rest & 255n);
    rest >>= 8n;
    return byte;
  });
}

function floating(value: number, write: 'setFloat32' | 'setFloat64', width: number): number[] {
  const view = new DataView(new ArrayBuffer(width));
  view[write](0, value, true);
  return [...new Uint8Array(view.buffer)];
}

/** Codes of so many bits, the first in the lowest. */
function packed(codes: readonly number[], bits: number): number[] {
  let all = 0n;
  codes.forEach((code, i) => (all |= BigInt(code) << BigInt(i * bits)));
  return little(all, Math.ceil((codes.length * bits) / 8));
}

export class BinaryEncoder {
  readonly #random: () => number;
  /** Where plain strings lie, for references. */
  #places = new Map<string, number>();

  constructor(random: () => number) {
    this.#random = random;
  }

  encode(value: Json): Uint8Array {
    this.#places = new Map();
    return Uint8Array.from([0x80, ...this.#value(value, 1)]);
  }

  #one<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.#random() * choices.length)]!;
  }

  #value(value: Json, at: number): number[] {
    if (value === null) return [0xd0];
    if (typeof value === 'boolean') return [value ? 0xd2 : 0xd1];
    if (typeof value === 'number') return this.#number(value);
    if (typeof value === 'string') return this.#string(value, at);
    return Array.isArray(value) ? this.#array(value as Json[], at) : this.#object(value as Record<string, Json>, at);
  }

  #number(value: number): number[] {
    const forms: number[][] = [
      [0xcc, ...floating(value, 'setFloat64', 8)],
      [0xce, ...floating(value, 'setFloat64', 8)],
    ];
    if (Math.fround(value) === value) forms.push([0xcd, ...floating(value, 'setFloat32', 4)]);
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
      forms.push([0xcb, ...little(value, 8)], [0xdb, ...little(value, 8)]);
      if (value >= 0 && value < 32) forms.push([value]);
      if (value >= 0 && value < 256) forms.push([0xc8, value], [0xd7, value]);
      if (value >= -128 && value < 128) forms.push([0xd8, value & 255]);
      if (Math.abs(value) < 2 ** 15) forms.push([0xc9, ...little(value, 2)], [0xd9, ...little(value, 2)]);
      if (Math.abs(value) < 2 ** 31) forms.push([0xca, ...little(value, 4)], [0xda, ...little(value, 4)]);
      if (value >= 0 && value < 2 ** 32) forms.push([0xdc, ...little(value, 4)]);
      if (value >= 0) forms.push([0xc7, ...little(value, 8)]);
    }
    return this.#one(forms);
  }

  #string(text: string, at: number): number[] {
    const bytes = [...Buffer.from(text)];
    const { length } = bytes;
    const forms: number[][] = [];
    const place = this.#places.get(text);
    if (place !== undefined) {
      for (const width of [1, 2, 3, 4]) if (place < 256 ** width) forms.push([0xc2 + width, ...little(place, width)]);
    }
    if (length < 64) forms.push([0x80 + length, ...bytes]);
    if (length < 256) forms.push([0xc0, length, ...bytes]);
    if (length < 65536) forms.push([0xc1, ...little(length, 2), ...bytes]);
    forms.push([0xc2, ...little(length, 4), ...bytes]);
    const system = systemStrings.indexOf(text);
    if (system >= 0) forms.push([0x20 + system]);
    forms.push(...this.#compressed(text, bytes));
    const form = this.#one(forms);
    if (form[0]! < 0xc3 || form[0]! > 0xc6) this.#places.set(text, at);
    return form;
  }

  #compressed(text: string, bytes: readonly number[]): number[][] {
    const forms: number[][] = [];
    const { length } = bytes;
    if (length > 255 || length === 0 || bytes.some((byte) => byte > 127)) return forms;
    for (const [marker, alphabet] of [
      [0x78, '0123456789abcdef'],
      [0x79, '0123456789ABCDEF'],
      [0x7a, ' 0123456789:-.TZ'],
    ] as const) {
      const codes = [...text].map((character) => alphabet.indexOf(character));
      if (!codes.includes(-1)) forms.push([marker, length, ...packed(codes, 4)]);
    }
    const base = Math.min(...bytes);
    for (const [marker, bits] of [
      [0x7b, 4],
      [0x7c, 5],
      [0x7d, 6],
    ] as const)
      if (Math.max(...bytes) - base < 2 ** bits)
        forms.push([
          marker,
          length,
          base,
          ...packed(
            bytes.map((byte) => byte - base),
            bits,
          ),
        ]);
    forms.push([0x7e, length, ...packed(bytes, 7)], [0x7f, ...little(length, 2), ...packed(bytes, 7)]);
    const guid = /^("?)([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})\1$/.exec(text);
    if (guid !== null) {
      const digits = [...Buffer.from(guid[2]!.replaceAll('-', ''), 'hex')];
      const isLower = text === text.toLowerCase();
      if (guid[1] === '' && isLower) forms.push([0x75, ...digits]);
      if (guid[1] === '' && text === text.toUpperCase()) forms.push([0x76, ...digits]);
      if (guid[1] === '"' && isLower) forms.push([0x77, ...digits]);
    }
    for (const [marker, name] of [
      [0x71, 'base64'],
      [0x73, 'base64url'],
    ] as const) {
      const raw = Buffer.from(text, name);
      const fours = Math.ceil(length / 4);
      const padding = (3 - (raw.length % 3)) % 3;
      const cut = raw.toString(name).replace(/=+$/, '');
      if (cut + '='.repeat(padding) === text) {
        forms.push([marker, fours, padding, ...raw], [marker + 1, ...little(fours, 2), padding, ...raw]);
      } else if (cut === text && padding > 0) forms.push([marker, fours, 255 - padding, ...raw]);
    }
    return forms;
  }

  /** The marker and lengths of a container, known only once its entries lie somewhere: so that is tried. */
  #container(first: number, count: number, at: number, entries: (at: number) => number[]): number[] {
    if (count === 0 && this.#random() < 0.5) return [first];
    if (count === 1 && this.#random() < 0.5) return [first + 1, ...entries(at + 1)];
    const before = new Map(this.#places);
    for (const form of [this.#one([0, 1, 2]), 2]) {
      const width = 1 << form;
      const counted = this.#random() < 0.5;
      const inner = entries(at + 1 + width * (counted ? 2 : 1));
      if (inner.length < 256 ** width)
        return [
          first + (counted ? 5 : 2) + form,
          ...little(inner.length, width),
          ...(counted ? little(count, width) : []),
          ...inner,
        ];
      this.#places = new Map(before);
    }
    throw new Error('a container is too long');
  }

  #array(values: readonly Json[], at: number): number[] {
    const uniform = uniformOf(values);
    if (uniform !== undefined && this.#random() < 0.5) return uniform;
    return this.#container(0xe0, values.length, at, (from) => {
      const bytes: number[] = [];
      for (const value of values) bytes.push(...this.#value(value, from + bytes.length));
      return bytes;
    });
  }

  #object(value: Readonly<Record<string, Json>>, at: number): number[] {
    const fields = Object.entries(value);
    return this.#container(0xe8, fields.length, at, (from) => {
      const bytes: number[] = [];
      for (const [name, field] of fields) {
        bytes.push(...this.#string(name, from + bytes.length));
        bytes.push(...this.#value(field, from + bytes.length));
      }
      return bytes;
    });
  }
}

const isShort = (value: Json): value is number =>
  typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 2 ** 15 && !Object.is(value, -0);

function uniformOf(values: readonly Json[]): number[] | undefined {
  if (values.length > 255) return undefined;
  if (values.every(isShort)) return [0xf0, 0xd9, values.length, ...values.flatMap((value) => little(value, 2))];
  const [first] = values;
  if (!Array.isArray(first) || first.length > 255) return undefined;
  const rows = values as readonly (readonly Json[])[];
  if (!rows.every((row) => Array.isArray(row) && row.length === first.length && row.every(isShort))) return undefined;
  const numbers = rows.flatMap((row) => row.flatMap((value) => little(value as number, 2)));
  return [0xf3, 0xf1, 0xd9, ...little(first.length, 2), ...little(rows.length, 2), ...numbers];
}

export type { Json };
