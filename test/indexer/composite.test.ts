import { describe, expect, it } from 'vitest';
import { BsonWriter } from '../../model/bson/write.ts';
import { fieldOf, type Raw } from '../../model/bson/walk.ts';
import { valueOf } from '../../model/value.ts';
import { compositePrefix } from '../../indexer/composite-key.ts';
import { compositeStart } from '../../indexer/filter.ts';
import { count } from '../../indexer/lookup.ts';
import { OrderCursor } from '../../indexer/order-cursor.ts';
import { defaultPolicy, type CompositePart } from '../../indexer/policy.ts';
import { keyOf } from '../../indexer/term-key.ts';
import { Host } from './host.ts';
import { compareValues } from './oracle.ts';
import { below, randomItem, randomOf } from './random.ts';

const parts: readonly CompositePart[] = [
  { path: ['a'], descending: false },
  { path: ['b'], descending: true },
  { path: ['c'], descending: false },
];

function compareTuple(a: readonly (Raw | undefined)[], b: readonly (Raw | undefined)[]): number {
  for (const [i, part] of parts.entries()) {
    const x = a[i];
    const y = b[i];
    const order =
      x === undefined || y === undefined ? Number(x !== undefined) - Number(y !== undefined) : compareValues(x, y);
    if (order !== 0) return part.descending ? -order : order;
  }
  return 0;
}

describe('a composite index', () => {
  it.each([1, 2, 3, 4, 5, 6])('orders items as tuples of its paths, both ways, seed %i', (seed) => {
    const random = randomOf(seed);
    const host = new Host({ policy: { ...defaultPolicy, composites: [parts] } });
    const items: { readonly number: number; readonly item: Uint8Array }[] = [];
    for (let number = 1; number <= 300; number++) {
      const item = randomItem(random, `i${number}`);
      items.push({ number, item });
      host.apply({ kind: 'add', number, lsn: number, item, id: `i${number}`, key: '', ends: 0 });
      if (below(random, 90) === 0) host.flushAll();
    }
    const composite = host.index.paths.composite(parts)!;
    const tupleOf = new Map(
      items.map(({ number, item }) => [number, parts.map(({ path }) => fieldOf(item, path[0] as string))]),
    );
    for (const backwards of [false, true]) {
      const cursor = new OrderCursor(host.index.now(), { path: composite.path, composite: true, backwards });
      const found: { readonly number: number; readonly inexact: boolean; readonly group: string }[] = [];
      while (cursor.next() === 'item')
        found.push({
          number: cursor.number,
          inexact: cursor.isInexact,
          group: Buffer.from(cursor.group).toString('hex'),
        });
      expect(found.map(({ number }) => number).sort((a, b) => a - b)).toEqual(items.map(({ number }) => number));
      for (let i = 1; i < found.length; i++) {
        const before = found[i - 1]!;
        const next = found[i]!;
        if (before.inexact || next.inexact) continue;
        const order = compareTuple(tupleOf.get(before.number)!, tupleOf.get(next.number)!);
        expect(backwards ? -order : order).toBeLessThanOrEqual(0);
        if (order === 0) expect(before.number < next.number).toBe(!backwards);
      }
      // Equal tuples without long strings and nested values are exact.
      for (const { number, inexact } of found)
        expect(inexact).toBe(
          tupleOf
            .get(number)!
            .some(
              (raw) =>
                raw !== undefined &&
                (raw.type === 3 || raw.type === 4 || (raw.end - raw.start - 5 > 96 && raw.type === 2)),
            ),
        );
    }
    // A leading value selects what an equality would.
    for (const { item } of items.slice(0, 40)) {
      const raw = fieldOf(item, 'a');
      if (raw?.type === 3 || raw?.type === 4) continue;
      const prefix = compositePrefix([raw && keyOf(valueOf(raw))], [false]);
      const expected = items.filter(({ item: other }) => {
        const value = fieldOf(other, 'a');
        return raw === undefined || value === undefined ? raw === value : compareValues(raw, value) === 0;
      });
      expect(count(host.index.now(), compositeStart(composite.path, prefix)).count).toBe(expected.length);
    }
  });

  it('keeps the order right up to the group of an inexact key', () => {
    const host = new Host({ policy: { ...defaultPolicy, composites: [parts] } });
    const long = 'y'.repeat(96);
    const texts = [`${long}a`, `${long}b`, long, 'z', `${long}c`];
    for (const [i, text] of texts.entries()) {
      const item = new BsonWriter().beginDocument().int32('a', 1).string('b', text).end().finish();
      host.apply({ kind: 'add', number: i + 1, lsn: i + 1, item, id: `${i}`, key: '', ends: 0 });
    }
    const composite = host.index.paths.composite(parts)!;
    const cursor = new OrderCursor(host.index.now(), { path: composite.path, composite: true });
    const found: string[] = [];
    const groups = new Set<string>();
    while (cursor.next() === 'item') {
      found.push(texts[cursor.number - 1]!);
      if (cursor.isInexact) groups.add(Buffer.from(cursor.group).toString('hex'));
    }
    expect(found[0]).toBe('z');
    expect(new Set(found.slice(1))).toEqual(new Set(texts.filter((text) => text !== 'z')));
    expect(groups.size).toBe(1);
  });
});
