// Seeded random items for the index tests: small alphabets, so that values repeat and terms get lists.

import { BsonWriter } from '../../model/bson/write.ts';

export type Random = () => number;

/** mulberry32: one 32-bit state, the same sequence for the same seed. */
export function randomOf(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 0x100000000;
  };
}

export function below(random: Random, limit: number): number {
  return Math.floor(random() * limit);
}

export function pick<T>(random: Random, from: readonly T[]): T {
  return from[below(random, from.length)]!;
}

export const names = ['a', 'b', 'c', 'tags', 'list', '__proto__', 'constructor', 'é'] as const;

const longs = ['x'.repeat(96), 'x'.repeat(97), `${'x'.repeat(96)}y`, `${'x'.repeat(96)}z`, 'é'.repeat(60)] as const;

function writeScalar(writer: BsonWriter, name: string, random: Random): void {
  switch (below(random, 14)) {
    case 0:
      writer.null(name);
      return;
    case 1:
      writer.boolean(name, random() < 0.5);
      return;
    case 2:
      writer.double(
        name,
        pick(random, [0, -0, 1, -1, 0.5, -0.25, 1e300, NaN, Infinity, -Infinity, 3, 2 ** 53, 5e-324]),
      );
      return;
    case 3:
    case 4:
    case 5:
      writer.int32(name, below(random, 12) - 4);
      return;
    case 6:
      writer.int64(
        name,
        pick(random, [0n, 3n, -7n, 2n ** 53n + 1n, 2n ** 53n + 2n, -(2n ** 62n) - 1n, 2n ** 63n - 1n]),
      );
      return;
    case 7:
      writer.date(name, below(random, 5) * 1000 - 2000);
      return;
    case 8:
      writer.string(name, pick(random, longs));
      return;
    case 9:
      writer.objectId(name, new Uint8Array(12).fill(below(random, 4)));
      return;
    default:
      writer.string(name, pick(random, ['', 'a', 'b', 'ab', 'abc', 'b\u0000c', 'zz', 'é', '\u{1f600}']));
  }
}

function writeFields(writer: BsonWriter, random: Random, depth: number): void {
  const count = below(random, depth === 0 ? 6 : 4);
  const used = new Set<string>();
  for (let i = 0; i < count; i++) {
    const name = pick(random, names);
    if (used.has(name)) continue;
    used.add(name);
    writeAny(writer, name, random, depth);
  }
}

function writeAny(writer: BsonWriter, name: string, random: Random, depth: number): void {
  const kind = depth < 3 ? below(random, 10) : 9;
  if (kind === 0) {
    writer.beginObject(name);
    writeFields(writer, random, depth + 1);
    writer.end();
  } else if (kind <= 2) {
    writer.beginArray(name);
    const length = below(random, 4);
    for (let i = 0; i < length; i++) writeAny(writer, '', random, depth + 1);
    writer.end();
  } else writeScalar(writer, name, random);
}

/** A random item with `id` first. */
export function randomItem(random: Random, id: string): Uint8Array {
  const writer = new BsonWriter().beginDocument().string('id', id);
  writeFields(writer, random, 0);
  return writer.end().finish();
}
