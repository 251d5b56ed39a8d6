import { deserialize, serialize } from 'bson';
import { describe, expect, it } from 'vitest';
import { jsonOfBson } from '../../../model/bson/json-write.ts';
import { BsonType, depthMax } from '../../../model/bson/types.ts';
import { validateBson } from '../../../model/bson/validate.ts';
import { ElementCursor, rawDocument } from '../../../model/bson/walk.ts';
import { BsonWriter } from '../../../model/bson/write.ts';
import { bytesOfHex, textOf } from '../../../model/bytes.ts';
import { DatabaseError } from '../../../model/errors.ts';
import { idTextOf } from '../../../model/identity.ts';
import { compareRaw, cosmosRank, mongoRank } from '../../../model/order.ts';
import { Random, randomBson, scale } from '../random.ts';

function codeOf(bytes: Uint8Array): string {
  try {
    validateBson(bytes);
  } catch (error) {
    if (error instanceof DatabaseError) return error.code;
    throw error;
  }
  return 'accepted';
}

/** Reads everything that the bytes hold, with everything that reads bytes. */
function readAll(bytes: Uint8Array): void {
  const starts = [0];
  for (let start = starts.pop(); start !== undefined; start = starts.pop()) {
    const cursor = new ElementCursor(bytes, start);
    while (cursor.next()) {
      cursor.name();
      if (cursor.valueEnd > bytes.length) throw new Error('a value ends behind the document');
      if (cursor.type === BsonType.object || cursor.type === BsonType.array) starts.push(cursor.valueStart);
      if (cursor.type === BsonType.string) textOf(bytes, cursor.valueStart + 4, cursor.valueEnd - 1);
    }
  }
  jsonOfBson(bytes);
  idTextOf(rawDocument(bytes));
  compareRaw(rawDocument(bytes), rawDocument(bytes), mongoRank);
  compareRaw(rawDocument(bytes), rawDocument(bytes), cosmosRank);
}

function nested(levels: number): Uint8Array {
  const writer = new BsonWriter().beginDocument();
  for (let level = 1; level < levels; level++) writer.beginObject('a');
  for (let level = 0; level < levels; level++) writer.end();
  return writer.finish();
}

describe('validateBson', () => {
  it('takes every well-formed document', () => {
    const random = new Random();
    for (let round = 0; round < 3000 * scale; round++) {
      const bytes = randomBson(random, 4);
      expect(codeOf(bytes), `seed ${random.seed} round ${round}`).toBe('accepted');
      readAll(bytes);
    }
  });

  it('takes what the official library writes', () => {
    for (const value of [
      {},
      { a: [{}, [], null, 'x', 1.5, 2, true] },
      { d: new Date(0), r: /a/i, b: Buffer.from('x') },
    ])
      expect(codeOf(serialize(value))).toBe('accepted');
  });

  it.each([
    ['nothing', ''],
    ['four bytes', '05000000'],
    ['a length beyond the bytes', '0600000000'],
    ['a length below the bytes', '050000000000'],
    ['no terminator', '0500000001'],
    ['an unknown type', '0800000020610000'],
    ['a name without end', '080000000a616100'],
    ['a name that is not UTF-8', '080000000aff0000'],
    ['a cut double', '0c0000000161000000000000'],
    ['a boolean of 2', '090000000861000200'],
    ['a string of length 0', '0c0000000261000000000000'],
    ['a string without terminator', '0e00000002610002000000616100'],
    ['a string of negative length', '0d000000026100ffffffff0000'],
    ['a string longer than all', '0d00000002610000ffff7f6100'],
    ['a string that is not UTF-8', '0e00000002610002000000ff0000'],
    ['a document of length 4', '0c0000000361000400000000'],
    ['a document longer than its parent', '0d000000036100060000000000'],
    ['binary of negative length', '0d000000056100ffffffff0000'],
    ['old binary with a wrong inner length', '14000000056100060000000203000000616100'.concat('00')],
    ['a regular expression with one text', '0a0000000b6100610000'],
    ['a DBPointer that is cut', '0e0000000c610002000000610000'],
    ['code with scope that is cut', '100000000f61000800000001000000' + '00'],
  ])('refuses %s', (_, hex) => {
    expect(codeOf(bytesOfHex(hex))).toBe('BadRequest');
  });

  it('bounds the depth', () => {
    expect(codeOf(nested(depthMax))).toBe('accepted');
    expect(codeOf(nested(depthMax + 1))).toBe('TooDeep');
    expect(codeOf(nested(100_000))).toBe('TooDeep');
  });

  it('lets nothing through that a reader would stumble over', () => {
    const random = new Random();
    let accepted = 0;
    for (let round = 0; round < 20000 * scale; round++) {
      let bytes = randomBson(random, 3);
      for (let edits = 1 + random.below(3); edits > 0; edits--) {
        const at = random.below(bytes.length);
        if (random.chance(80)) bytes[at] = random.chance(50) ? random.below(256) : random.below(20);
        else bytes = bytes.slice(0, at);
        if (bytes.length === 0) break;
        // A right length lets damage get further in.
        if (random.chance(70) && bytes.length >= 5)
          new DataView(bytes.buffer, bytes.byteOffset).setInt32(0, bytes.length, true);
      }
      const message = `seed ${random.seed} round ${round}`;
      if (codeOf(bytes) !== 'accepted') continue;
      accepted++;
      try {
        readAll(bytes);
      } catch (error) {
        throw new Error(message, { cause: error });
      }
    }
    expect(accepted).toBeGreaterThan(100);
  });

  it('is at least as strict as the official library about what both know', () => {
    const random = new Random();
    for (let round = 0; round < 5000 * scale; round++) {
      const bytes = randomBson(random, 2);
      bytes[random.below(bytes.length)] = random.below(256);
      if (codeOf(bytes) !== 'accepted') continue;
      try {
        deserialize(bytes, { promoteValues: false, bsonRegExp: true, validation: { utf8: true } });
      } catch (error) {
        // Options of regular expressions and array names are left to whoever uses them.
        expect(String(error), `seed ${random.seed} round ${round}`).toMatch(
          /RegExp|regular|option|corrupt array|bson array|Invalid/i,
        );
      }
    }
  });
});
