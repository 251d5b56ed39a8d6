import { describe, expect, it } from 'vitest';
import { BlockCache } from '../../indexer/block-cache.ts';
import { writeIdentityKey } from '../../indexer/composite-key.ts';
import { flushSteps } from '../../indexer/flush.ts';
import { Memtable } from '../../indexer/memtable.ts';
import { identityPath, PathDictionary } from '../../indexer/paths.ts';
import { compilePolicy, defaultPolicy } from '../../indexer/policy.ts';
import { PagePool } from '../../indexer/pool.ts';
import { SegmentCursor } from '../../indexer/segment-cursor.ts';
import { noTombstones } from '../../indexer/segment-format.ts';
import { Segment, verifySegment } from '../../indexer/segment-read.ts';
import { TermWalker } from '../../indexer/terms.ts';
import { below, randomItem, randomOf } from './random.ts';
import { drive, MemoryFile } from './memory-file.ts';

function filled(items: number, seed: number): { memtable: Memtable; paths: PathDictionary } {
  const random = randomOf(seed);
  const pool = new PagePool();
  const memtable = new Memtable(pool);
  const paths = new PathDictionary({ policy: compilePolicy(defaultPolicy) });
  const walker = new TermWalker();
  for (let i = 0; i < items; i++) {
    memtable.begin(100 + i * (1 + (seed % 3)));
    memtable.term(identityPath, writeIdentityKey(`id-${i}`, '["k"]'));
    walker.walk(randomItem(random, `id-${i}`), paths, memtable);
  }
  memtable.freeze();
  return { memtable, paths };
}

function segmentOf(memtable: Memtable, paths: PathDictionary): { segment: Segment; file: MemoryFile } {
  const file = new MemoryFile();
  drive(
    flushSteps(
      {
        image: memtable.image(),
        purge: undefined,
        tombstones: noTombstones,
        lsnFirst: 1,
        lsnLast: 9,
        numberLast: 9,
        paths: paths.serialise(),
      },
      file,
    ),
  );
  return { segment: new Segment('s', file.read, file.length, new BlockCache()), file };
}

function termsOfMemtable(memtable: Memtable, paths: PathDictionary): Map<string, number[]> {
  const terms = new Map<string, number[]>();
  for (let path = 0; path < paths.count; path++)
    for (const entry of memtable.ordered(path)) {
      const ordinals = new Uint32Array(memtable.table.count(entry));
      memtable.table.copyOrdinals(entry, ordinals);
      terms.set(`${path}:${Buffer.from(memtable.table.keyOf(entry)).toString('hex')}`, [...ordinals]);
    }
  return terms;
}

function ordinalsOf(cursor: SegmentCursor): number[] {
  const set = cursor.postings();
  const size = cursor.segment.count;
  const all: number[] = [];
  for (let i = 0; i < size; i++) {
    const holds =
      set.kind === 'all' ||
      (set.kind === 'list' && set.ordinals.includes(i)) ||
      (set.kind === 'bits' && ((set.words[i >>> 5]! >>> (i & 31)) & 1) === 1);
    if (holds) all.push(i);
  }
  return all;
}

function nameOf(cursor: SegmentCursor): string {
  const key = cursor.key.subarray(0, cursor.keyLength);
  return `${(key[0]! << 8) | key[1]!}:${Buffer.from(key.subarray(2)).toString('hex')}`;
}

describe('a segment written from a memtable', () => {
  it.each([1, 7, 300, 1500])('holds the same terms and postings in order, %i items', (items) => {
    const { memtable, paths } = filled(items, items);
    const { segment } = segmentOf(memtable, paths);
    const expected = termsOfMemtable(memtable, paths);
    expect(segment.count).toBe(items);
    for (const sequential of [false, true]) {
      const cursor = new SegmentCursor(segment, sequential);
      const seen: string[] = [];
      for (let more = cursor.first(); more; more = cursor.next()) {
        const name = nameOf(cursor);
        seen.push(name);
        expect(ordinalsOf(cursor)).toEqual(expected.get(name));
      }
      expect(seen).toEqual([...expected.keys()]);
      expect(segment.footer.terms).toBe(seen.length);
    }
    for (let i = 0; i < items; i += 1 + (items >> 4))
      expect(segment.numbers.numberAt(i)).toBe(100 + i * (1 + (items % 3)));
  });

  it('is walked backwards as forwards', () => {
    const { memtable, paths } = filled(400, 5);
    const { segment } = segmentOf(memtable, paths);
    const cursor = new SegmentCursor(segment);
    const forward: string[] = [];
    for (let more = cursor.first(); more; more = cursor.next()) forward.push(nameOf(cursor));
    const backward: string[] = [];
    for (let more = cursor.last(); more; more = cursor.previous()) backward.push(nameOf(cursor));
    expect(backward.reverse()).toEqual(forward);
  });

  it('finds every term and the place of absent ones', () => {
    const { memtable, paths } = filled(600, 6);
    const { segment } = segmentOf(memtable, paths);
    const cursor = new SegmentCursor(segment);
    const keys: Uint8Array[] = [];
    for (let more = cursor.first(); more; more = cursor.next()) keys.push(cursor.key.slice(0, cursor.keyLength));
    const probe = new SegmentCursor(segment);
    for (const [i, key] of keys.entries()) {
      expect(probe.seek(key, key.length)).toBe(true);
      expect(probe.compare(key, key.length)).toBe(0);
      const above = new Uint8Array([...key, 0]);
      expect(probe.seek(above, above.length)).toBe(i + 1 < keys.length);
      expect(probe.seekBefore(key, key.length)).toBe(i > 0);
    }
  });

  it('detects every flipped bit, when the piece is read or by the checksum of the file', () => {
    const { memtable, paths } = filled(300, 4);
    const { file } = segmentOf(memtable, paths);
    const random = randomOf(17);
    for (let round = 0; round < 400; round++) {
      const bytes = file.bytes();
      const at = round < 40 ? bytes.length - 1 - round : round < 60 ? round - 40 : below(random, bytes.length);
      bytes[at]! ^= 1 << below(random, 8);
      const damagedFile = new MemoryFile(bytes);
      expect(() => {
        verifySegment(new Segment('s', damagedFile.read, bytes.length, new BlockCache()));
      }).toThrow(/damaged segment/);
    }
  });

  it('never answers from a damaged piece', () => {
    const { memtable, paths } = filled(500, 8);
    const { file, segment } = segmentOf(memtable, paths);
    const whole: [string, number[]][] = [];
    const cursor = new SegmentCursor(segment);
    for (let more = cursor.first(); more; more = cursor.next()) whole.push([nameOf(cursor), ordinalsOf(cursor)]);
    const random = randomOf(18);
    let detected = 0;
    for (let round = 0; round < 60; round++) {
      const bytes = file.bytes();
      bytes[below(random, bytes.length)]! ^= 1 << below(random, 8);
      const found: [string, number[]][] = [];
      try {
        const damagedCursor = new SegmentCursor(
          new Segment('s', new MemoryFile(bytes).read, bytes.length, new BlockCache()),
        );
        for (let more = damagedCursor.first(); more; more = damagedCursor.next())
          found.push([nameOf(damagedCursor), ordinalsOf(damagedCursor)]);
      } catch (error) {
        expect(String(error)).toContain('damaged segment');
        detected++;
        continue;
      }
      // The bit was in a part this walk does not read (bloom, tombstones, paths, padding).
      expect(found).toEqual(whole);
    }
    expect(detected).toBeGreaterThan(30);
  });
});
