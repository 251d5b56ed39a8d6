// Filters that test the values of terms: what passes, what only the item can tell, and paths without a value.

import { describe, expect, test } from 'vitest';
import { everything, type Filter } from '../../indexer/filter.ts';
import { allValues, count, NumberCursor } from '../../indexer/lookup.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import { Host } from './host.ts';

const texts = ['apple', 'apricot', 'banana', 'x'.repeat(120), 'apple'];

function filled(flushed: number): Host {
  const host = new Host();
  for (let i = 0; i < 60; i++) {
    const writer = new BsonWriter().beginDocument().int32('n', i);
    if (i % 6 !== 5) writer.string('s', texts[i % 6]!);
    const number = i + 1;
    host.apply({ kind: 'add', number, lsn: number, item: writer.end().finish(), id: `i${i}`, key: '', ends: 0 });
    if (number === flushed) host.flushAll();
  }
  return host;
}

function tested(host: Host, name: string, passes: (value: unknown) => boolean | undefined): Filter {
  const path = host.index.paths.resolve([name]);
  if (path.kind !== 'path') throw new Error('no such path');
  return { kind: 'test', path: path.path, range: allValues, passes };
}

describe.each([0, 30, 60])('a test of terms, with %d items in a segment', (flushed) => {
  test('finds the items whose value passes', () => {
    const host = filled(flushed);
    expect(
      count(
        host.index.now(),
        tested(host, 'n', (value) => (value as number) % 7 === 3),
      ),
    ).toEqual({
      count: 9,
      exact: true,
    });
  });

  test('takes items for candidates whose term does not tell the value, and those the test cannot tell', () => {
    const host = filled(flushed);
    const ends = tested(host, 's', (value) => (value as string).endsWith('e'));
    expect(count(host.index.now(), ends)).toEqual({ count: 30, exact: false });
    const unsure = tested(host, 'n', (value) => (value === 5 ? undefined : false));
    expect(count(host.index.now(), unsure)).toEqual({ count: 1, exact: false });
  });

  test('stays a set of candidates when it is negated', () => {
    const host = filled(flushed);
    const ends = tested(host, 's', (value) => (value as string).endsWith('e'));
    const cursor = new NumberCursor(host.index.now(), { kind: 'and', of: [everything, { kind: 'not', of: ends }] });
    let found = 0;
    while (cursor.next() !== 0) found++;
    expect([found, cursor.exact]).toEqual([60, false]);
  });
});
