// The ways the prototype broke (index.md §6), each a test.

import { describe, expect, it } from 'vitest';
import { BsonWriter } from '../../model/bson/write.ts';
import { BlockCache } from '../../indexer/block-cache.ts';
import { equal, everything, exists } from '../../indexer/filter.ts';
import { count, evaluate, NumberCursor } from '../../indexer/lookup.ts';
import { OrderCursor } from '../../indexer/order-cursor.ts';
import { PartitionIndex } from '../../indexer/partition-index.ts';
import { anyElement, defaultPolicy } from '../../indexer/policy.ts';
import { pageBytes, PagePool } from '../../indexer/pool.ts';
import { Segment } from '../../indexer/segment-read.ts';
import { planMerge, type SegmentState } from '../../indexer/tiers.ts';
import { Host } from './host.ts';

function item(id: string, group: number, values: readonly number[] = []): Uint8Array {
  const writer = new BsonWriter().beginDocument().string('id', id).int32('group', group).beginArray('values');
  for (const value of values) writer.int32('', value);
  return writer.end().end().finish();
}

function add(host: Host, lsn: number, id: string, group: number, ends = 0): void {
  host.apply({ kind: 'add', number: lsn, lsn, item: item(id, group), id, key: '', ends });
}

function pathOf(index: PartitionIndex, ...steps: (string | typeof anyElement)[]): number {
  const resolved = index.paths.resolve(steps);
  if (resolved.kind !== 'path') throw new Error(`no path: ${resolved.kind}`);
  return resolved.path;
}

function countOf(host: Host, group: number): number {
  return count(host.index.now(), equal(pathOf(host.index, 'group'), group)).count;
}

describe('what broke in the prototype does not break here', () => {
  it('0: a superseded log entry goes only when it and its killer are under the checkpoint', () => {
    const host = new Host();
    add(host, 1, 'a', 1);
    host.flushAll();
    add(host, 2, 'a', 2, 1);
    add(host, 3, 'a', 3, 2);
    // Version 2 is superseded, but only its entry says that version 1, in the segment, is dead.
    expect(host.index.covers(2)).toBe(false);
    host.trimLog();
    host.reopen();
    expect([countOf(host, 1), host.index.items, host.index.find('a', '')]).toEqual([0, 1, 3]);
    host.flushAll();
    expect(host.index.covers(3)).toBe(true);
    host.trimLog();
    expect(host.log.map(({ lsn }) => lsn)).toEqual([3]);
    host.reopen();
    expect([host.index.items, host.index.find('a', '')]).toEqual([1, 3]);
  });

  it('1: a group far larger than the threshold keeps every term', () => {
    const host = new Host({ memtableBytes: 4096 });
    const values = Array.from({ length: 500 }, (_, i) => i);
    for (let lsn = 1; lsn <= 400; lsn++)
      host.apply({
        kind: 'add',
        number: lsn,
        lsn,
        item: item(`i${lsn}`, lsn, [...values, 1000 + lsn]),
        id: `i${lsn}`,
        key: '',
        ends: 0,
      });
    expect(host.index.flushDue).toBe(true);
    const check = (): void => {
      const path = pathOf(host.index, 'values', anyElement);
      const view = host.index.now();
      for (let lsn = 1; lsn <= 400; lsn++) {
        expect(new NumberCursor(view, equal(path, 1000 + lsn)).next()).toBe(lsn);
        expect(host.index.find(`i${lsn}`, '')).toBe(lsn);
      }
      for (const value of values) expect(count(view, equal(path, value)).count).toBe(400);
    };
    check();
    host.flushAll();
    check();
  });

  it('2: deaths that a snapshot forbids to drop survive flush, merge and restart', () => {
    const host = new Host();
    add(host, 1, 'a', 1);
    add(host, 2, 'b', 1);
    const held = host.index.snapshot();
    host.apply({ kind: 'delete', number: 3, lsn: 3, ends: 1 });
    host.flushAll();
    expect(count(held, exists(pathOf(host.index, 'group'))).count).toBe(2);
    expect(countOf(host, 1)).toBe(1);
    add(host, 4, 'c', 1);
    host.flushAll();
    host.mergeAll();
    expect(count(held, exists(pathOf(host.index, 'group'))).count).toBe(2);
    // The snapshot is lost with the process; the death is not.
    host.reopen();
    expect(countOf(host, 1)).toBe(2);
    expect(host.index.find('a', '')).toBe(0);
    host.mergeAll();
    expect(host.index.segments[0]!.footer.count).toBe(2);
    expect(host.index.segments[0]!.footer.tombstoneCount).toBe(0);
  });

  it('3: an item is rewritten about once per tier on its way to a million', () => {
    const segments: SegmentState[] = [];
    let written = 0;
    let most = 0;
    for (let loaded = 0; loaded < 1_000_000; loaded += 9_500) {
      segments.push({ items: 9_500, dead: 0, tombstones: 0 });
      for (let run = planMerge(segments); run !== undefined; run = planMerge(segments)) {
        const items = segments.slice(run.from, run.to).reduce((sum, segment) => sum + segment.items, 0);
        written += items;
        expect(items).toBeLessThanOrEqual(1_000_000);
        segments.splice(run.from, run.to - run.from, { items, dead: 0, tombstones: 0 });
      }
      most = Math.max(most, segments.length);
    }
    expect(written / 1_000_000).toBeLessThan(3);
    expect(most).toBeLessThanOrEqual(14);
    for (let run = planMerge(segments, true); run !== undefined; run = planMerge(segments, true)) {
      const items = segments.slice(run.from, run.to).reduce((sum, segment) => sum + segment.items, 0);
      segments.splice(run.from, run.to - run.from, { items, dead: 0, tombstones: 0 });
    }
    expect(segments.length).toBeLessThanOrEqual(4);
  });

  it('4: deletes alone trigger a flush and a merge', () => {
    const host = new Host({ memtableBytes: 16_000 });
    for (let lsn = 1; lsn <= 2000; lsn++) add(host, lsn, `i${lsn}`, lsn % 5);
    host.flushAll();
    for (let number = 1; number <= 1500; number++)
      host.apply({ kind: 'delete', number: 2000 + number, lsn: 2000 + number, ends: number });
    expect(host.index.flushDue).toBe(true);
    const job = host.index.nextMerge();
    expect(job?.reason).toBe('dead');
    host.install(job!, host.write(job!));
    expect(host.index.segments.map((segment) => segment.count)).toEqual([500]);
    expect(countOf(host, 1)).toBe(100);
    host.reopen();
    expect([host.index.items, countOf(host, 1)]).toEqual([500, 100]);
  });

  it('4: a dead item that a snapshot sees does not cause merges without end', () => {
    const host = new Host();
    for (let lsn = 1; lsn <= 100; lsn++) add(host, lsn, `i${lsn}`, 1);
    host.flushAll();
    const held = host.index.snapshot();
    for (let number = 1; number <= 90; number++)
      host.apply({ kind: 'delete', number: 100 + number, lsn: 100 + number, ends: number });
    expect(host.index.nextMerge()).toBeUndefined();
    held.release();
    expect(host.index.nextMerge()?.reason).toBe('dead');
  });

  it('5: bitmaps are aligned words of the file, read without a copy', () => {
    const host = new Host();
    for (let lsn = 1; lsn <= 3001; lsn++) add(host, lsn, `i${lsn}`, lsn % 2);
    host.flushAll();
    const name = host.manifest[0]!;
    const file = host.files.get(name)!.bytes();
    let wordReads = 0;
    const read = (offset: number, length: number): Uint8Array => {
      if (length === Math.ceil(3001 / 32) * 4 + 4 && offset % 4 === 0) wordReads++;
      return file.slice(offset, offset + length);
    };
    const index = new PartitionIndex({
      policy: defaultPolicy,
      pool: new PagePool(),
      segments: [new Segment(name, read, file.length, new BlockCache())],
    });
    const part = index.now().parts()[0]!;
    const { set } = evaluate(part, equal(pathOf(index, 'group'), 1));
    expect(set.kind).toBe('bits');
    expect(wordReads).toBe(1);
    if (set.kind === 'bits') expect(set.words.byteOffset % 4).toBe(0);
    for (let number = 1; number <= 3001; number += 3) index.kill(number, 5000 + number);
    expect(count(index.now(), equal(pathOf(index, 'group'), 1)).count).toBe(1000);
  });

  it('6: deaths inside a memtable are bits as well, and counts stay right', () => {
    const host = new Host();
    for (let lsn = 1; lsn <= 20_000; lsn++) add(host, lsn, `i${lsn}`, lsn % 4);
    for (let number = 1; number <= 10_000; number++) host.index.kill(number, 20_000 + number);
    const dead = host.index.now().parts()[0]!.dead!;
    expect(dead).toBeInstanceOf(Uint32Array);
    expect(dead.length * 32).toBeLessThan(40_000);
    expect(countOf(host, 0)).toBe(2500);
  });

  it('7: pages of a flushed memtable are used again', () => {
    const pool = new PagePool();
    const first = pool.acquire(pageBytes);
    pool.release([first]);
    expect(pool.acquire(pageBytes)).toBe(first);
    const host = new Host();
    for (let lsn = 1; lsn <= 3000; lsn++) add(host, lsn, `i${lsn}`, lsn);
    expect(host.pool.usedBytes).toBeGreaterThan(0);
    host.flushAll();
    expect(host.pool.usedBytes).toBe(0);
  });

  it('8: the look-up before a write reads no record, and of an absent id one filter page', () => {
    const host = new Host();
    for (let lsn = 1; lsn <= 3000; lsn++) add(host, lsn, `i${lsn}`, lsn);
    host.flushAll();
    const name = host.manifest[0]!;
    const file = host.files.get(name)!;
    const reads: number[] = [];
    const segment = new Segment(
      name,
      (offset, length) => {
        reads.push(length);
        return file.read(offset, length);
      },
      file.length,
      new BlockCache(),
    );
    const index = new PartitionIndex({ policy: defaultPolicy, pool: new PagePool(), segments: [segment] });
    reads.length = 0;
    let passed = 0;
    for (let i = 0; i < 1000; i++) {
      reads.length = 0;
      expect(index.find(`absent-${i}`, '')).toBe(0);
      if (reads.length > 1) passed++;
    }
    expect(passed).toBeLessThan(40);
    expect(index.find('i77', '')).toBe(77);
  });

  it('9: a memtable that is mostly dead is flushed early, and an ordered walk may pause among the dead', () => {
    const host = new Host();
    for (let lsn = 1; lsn <= 4000; lsn++) add(host, lsn, `i${lsn}`, lsn);
    const early = host.index.flushDue;
    for (let number = 1; number <= 3000; number++)
      host.apply({ kind: 'delete', number: 4000 + number, lsn: 4000 + number, ends: number });
    expect([early, host.index.flushDue]).toEqual([false, true]);
    const cursor = new OrderCursor(host.index.now(), { path: pathOf(host.index, 'group') });
    let pauses = 0;
    while (cursor.next(100) === 'paused') pauses++;
    expect(cursor.number).toBe(3001);
    expect(pauses).toBe(30);
    host.flushAll();
    expect(host.index.segments[0]!.footer.count).toBe(1000);
    const after = new OrderCursor(host.index.now(), { path: pathOf(host.index, 'group') });
    expect(after.next(1)).toBe('item');
  });

  it('an empty index holds no memory of pages, and thousands of them little', () => {
    const pool = new PagePool();
    const before = process.memoryUsage();
    const indexes = Array.from({ length: 2000 }, () => new PartitionIndex({ policy: defaultPolicy, pool }));
    const after = process.memoryUsage();
    expect(pool.usedBytes).toBe(0);
    expect(after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers).toBeLessThan(50_000_000);
    for (const index of indexes) expect(count(index.now(), everything).count).toBe(0);
  });
});
