import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { checksum } from '../../model/checksum.ts';
import { DatabaseError } from '../../model/errors.ts';
import type { HybridTime } from '../../model/hybrid-time.ts';
import {
  bodyOf,
  checkedHeader,
  checksumOf,
  encodeRecord,
  recordFault,
  recordHeaderBytes,
  RecordFlag,
  RecordKind,
  type RecordHeader,
} from '../../model/record.ts';
import { Random, randomBson, scale } from './random.ts';

function randomHeader(random: Random): RecordHeader {
  const u64 = (): number => random.below(2 ** 21) * 2 ** 32 + random.bits();
  return {
    kind: random.pick(Object.values(RecordKind)),
    flags: random.below(65536),
    partition: random.bits(),
    epoch: random.bits(),
    sequence: u64(),
    lsn: u64(),
    hybridTime: u64() as HybridTime,
    csnSeen: u64(),
    supersedes: u64(),
    created: u64(),
    chain: random.bits(),
    origin: random.below(65536),
    index: random.below(65536),
    ttlSeconds: random.bits() | 0,
  };
}

describe('a log record', () => {
  it('is read back as it was written', () => {
    const random = new Random();
    for (let round = 0; round < 2000 * scale; round++) {
      const header = randomHeader(random);
      const body = randomBson(random, 2);
      const record = encodeRecord(header, body);
      const message = `seed ${random.seed} round ${round}`;
      expect(recordFault(record), message).toBeUndefined();
      expect(checkedHeader(record), message).toEqual(header);
      expect(Buffer.compare(bodyOf(record), body), message).toBe(0);
      expect(record.length).toBe(recordHeaderBytes + body.length);
      expect(checksumOf(record)).toBe(crc32(record.subarray(4)));
    }
  });

  it('may have an empty body and a negative time to live', () => {
    const record = encodeRecord(
      { ...randomHeader(new Random(1)), ttlSeconds: -1, flags: RecordFlag.lastOfEntry },
      new Uint8Array(0),
    );
    expect(checkedHeader(record)).toMatchObject({ ttlSeconds: -1, flags: 1 });
  });

  it('is refused after any one bit was turned', () => {
    const random = new Random();
    for (let round = 0; round < 5 * scale; round++) {
      const record = encodeRecord(randomHeader(random), randomBson(random, 1));
      for (let bit = 0; bit < record.length * 8; bit++) {
        record[bit >> 3]! ^= 1 << (bit & 7);
        if (recordFault(record) === undefined) throw new Error(`seed ${random.seed} bit ${bit} went unseen`);
        record[bit >> 3]! ^= 1 << (bit & 7);
      }
      expect(recordFault(record)).toBeUndefined();
    }
  });

  it('is refused when it is cut, extended or of an unknown kind', () => {
    const record = encodeRecord(randomHeader(new Random()), new Uint8Array([1, 2, 3]));
    for (let length = 0; length < record.length; length++)
      expect(recordFault(record.subarray(0, length))).toBeDefined();
    expect(recordFault(Uint8Array.from([...record, 0]))).toBeDefined();
    const unknown = encodeRecord({ ...randomHeader(new Random()), kind: 9 as RecordKind }, new Uint8Array(0));
    expect(() => checkedHeader(unknown)).toThrow(DatabaseError);
  });
});

describe('the checksum', () => {
  it('can be continued', () => {
    const bytes = new Random().bytes(100);
    expect(checksum(bytes.subarray(40), checksum(bytes.subarray(0, 40)))).toBe(checksum(bytes));
  });
});
