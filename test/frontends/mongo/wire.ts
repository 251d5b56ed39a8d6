// What a client would send: frames made by hand, so that tests do not depend on the encoder under test.

import { serialize, type Document } from 'bson';
import { deflateSync } from 'node:zlib';
import { crc32c } from '../../../frontends/mongo/crc32c.ts';

export function bson(document: Document): Uint8Array {
  return Uint8Array.from(serialize(document, { ignoreUndefined: false }));
}

export function int32(...values: number[]): Uint8Array {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, i) => bytes.writeInt32LE(value | 0, i * 4));
  return bytes;
}

export function joined(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}

export function frame(opCode: number, body: Uint8Array, requestId = 7): Uint8Array {
  return joined(int32(16 + body.length, requestId, 0, opCode), body);
}

export function bodySection(document: Document): Uint8Array {
  return joined(Uint8Array.of(0), bson(document));
}

export function sequenceSection(name: string, documents: readonly Document[]): Uint8Array {
  const content = joined(Buffer.from(`${name}\0`), ...documents.map(bson));
  return joined(Uint8Array.of(1), int32(4 + content.length), content);
}

export function message(sections: readonly Uint8Array[], flags = 0, requestId = 7): Uint8Array {
  const plain = frame(2013, joined(int32(flags), ...sections, flags & 1 ? int32(0) : new Uint8Array(0)), requestId);
  if (flags & 1) plain.set(int32(crc32c(plain, 0, plain.length - 4)), plain.length - 4);
  return plain;
}

export function compressed(plain: Uint8Array, claimed = plain.length - 16, compressor = 2): Uint8Array {
  const inner = plain.subarray(16);
  const body = compressor === 2 ? deflateSync(inner) : inner;
  return frame(2012, joined(plain.subarray(12, 16), int32(claimed), Uint8Array.of(compressor), body));
}

/** A small seeded generator (Park–Miller); the seed is printed by whoever fails. */
export function randomOf(seed: number): () => number {
  let state = (seed % 2147483646) + 1;
  return () => (state = (state * 16807) % 2147483647) / 2147483647;
}
