import { describe, expect, it } from 'vitest';
import { BsonWriter } from '../../model/bson/write.ts';
import { arrayLength, between, equal, exists, overflowed, typeIs } from '../../indexer/filter.ts';
import { idBetween, idEquals, idPrefixed } from '../../indexer/identity.ts';
import { count, NumberCursor } from '../../indexer/lookup.ts';
import { PartitionIndex, type PartitionIndexOptions } from '../../indexer/partition-index.ts';
import { PathDictionary } from '../../indexer/paths.ts';
import { anyElement, compilePolicy, defaultPolicy, parsePath, type IndexingPolicy } from '../../indexer/policy.ts';
import { PagePool } from '../../indexer/pool.ts';
import { Tag } from '../../indexer/term-key.ts';

function indexOf(
  options: Partial<PartitionIndexOptions>,
  items: readonly ((writer: BsonWriter) => BsonWriter)[],
): PartitionIndex {
  const index = new PartitionIndex({ policy: defaultPolicy, pool: new PagePool(), ...options });
  for (const [i, write] of items.entries()) {
    const item = write(new BsonWriter().beginDocument().string('id', `i${i}`))
      .end()
      .finish();
    index.add(i + 1, i + 1, item, { id: `i${i}`, key: '', created: i + 1, seconds: 0, ttlSeconds: 0 });
  }
  return index;
}

const policy = (included: string[], excluded: string[]): IndexingPolicy => ({ included, excluded, composites: [] });

describe('an indexing policy', () => {
  it('reads quoted names, elements and forms', () => {
    expect(parsePath('/a/"b/c"/[]/?')).toEqual({ steps: ['a', 'b/c', anyElement], form: '?' });
    expect(parsePath('/*')).toEqual({ steps: [], form: '*' });
  });

  it.each([['a'], ['/a//b'], ['/"a'], ['/a"b"c/"x'], [`${'/x'.repeat(40)}/*`]])('refuses %s', (text) => {
    expect(() => compilePolicy(policy([text], []))).toThrow(/path/);
  });

  it('refuses a path in both lists and composites of one path', () => {
    expect(() => compilePolicy(policy(['/*', '/a/?'], ['/a/?']))).toThrow(/both/);
    expect(() => compilePolicy({ ...defaultPolicy, composites: [[{ path: ['a'], descending: false }]] })).toThrow(
      /2 to 8/,
    );
  });

  it('lets the most precise rule win', () => {
    const paths = new PathDictionary({ policy: compilePolicy(policy(['/*', '/a/b/?'], ['/a/*', '/c/?'])) });
    const kinds = (...steps: string[]): string[] => [paths.resolve(steps).kind, paths.resolve(steps, 'nested').kind];
    expect(kinds('x')).toEqual(['absent', 'absent']);
    expect(kinds('a')).toEqual(['excluded', 'excluded']);
    expect(kinds('a', 'b')).toEqual(['absent', 'excluded']);
    expect(kinds('a', 'b', 'c')).toEqual(['excluded', 'excluded']);
    expect(kinds('c')).toEqual(['excluded', 'absent']);
    expect(kinds('c', 'd')).toEqual(['absent', 'absent']);
  });

  it('keeps excluded values out and finds included ones below them', () => {
    const index = indexOf({ policy: policy(['/a/b/?', '/list/[]/?'], ['/*']) }, [
      (writer) =>
        writer.int32('x', 1).beginObject('a').int32('b', 2).int32('c', 3).end().beginArray('list').int32('', 4).end(),
    ]);
    const view = index.now();
    const found = (...steps: (string | typeof anyElement)[]): string | number => {
      const resolved = index.paths.resolve(steps);
      return resolved.kind === 'path'
        ? count(view, between(resolved.path, { value: 0, inclusive: true }, undefined)).count
        : resolved.kind;
    };
    expect([found('x'), found('a', 'b'), found('a', 'c'), found('list', anyElement)]).toEqual([
      'excluded',
      1,
      'excluded',
      1,
    ]);
    expect(index.find('i0', '')).toBe(1);
  });
});

describe('the path dictionary', () => {
  it('gives the same ids after it was written and read', () => {
    const options = { policy: compilePolicy(defaultPolicy) };
    const paths = new PathDictionary(options);
    const steps = [['a'], ['a', 'b'], ['a', anyElement], ['a', anyElement, '__proto__'], ['é', 'constructor']] as const;
    const ids = steps.map((names) => names.reduce<number>((node, step) => paths.childByName(node, step), 0));
    const read = new PathDictionary(options);
    read.load(paths.serialise());
    for (const [i, names] of steps.entries()) {
      expect(read.resolve(names)).toEqual({ kind: 'path', path: ids[i] });
      expect(read.stepsOf(ids[i]!)).toEqual(names);
    }
    expect(read.count).toBe(paths.count);
    expect(read.childByName(0, 'new')).toBe(paths.count);
  });

  it('names every path that is reached through arrays', () => {
    const index = indexOf({}, [
      (writer) => writer.beginArray('a').beginObject('').int32('b', 1).end().end(),
      (writer) => writer.beginObject('a').beginArray('b').int32('', 1).end().end(),
      (writer) => writer.beginObject('a').int32('b', 1).end(),
    ]);
    const paths = index.paths.resolveThroughArrays(['a', 'b']);
    const found = count(index.now(), { kind: 'or', of: paths.map((path) => equal(path, 1)) });
    expect([paths.length, found]).toEqual([3, { count: 3, exact: true }]);
  });

  it('lists items with a path beyond the limit as candidates of every unknown path', () => {
    const index = indexOf({ pathsLimit: 10 }, [
      (writer) => writer.int32('a', 1).int32('b', 1),
      (writer) => writer.int32('a', 1).int32('c', 1),
      (writer) => writer.int32('d', 1).beginArray('b').int32('', 1).end(),
    ]);
    expect(index.paths.resolve(['a']).kind).toBe('path');
    expect(index.paths.resolve(['c']).kind).toBe('overflow');
    const cursor = new NumberCursor(index.now(), overflowed);
    expect([cursor.next(), cursor.next(), cursor.next(), cursor.exact]).toEqual([2, 3, 0, false]);
    // An array whose elements got no path still says that it is one, and how long.
    const b = index.paths.resolve(['b']);
    expect(b.kind === 'path' && count(index.now(), arrayLength(b.path, 1)).count).toBe(1);
  });

  it('gives no id to a name of absurd length, and still finds the item', () => {
    const name = 'n'.repeat(2000);
    const index = indexOf({}, [(writer) => writer.int32(name, 1), (writer) => writer.int32('n', 1)]);
    expect(index.paths.resolve([name]).kind).toBe('overflow');
    expect(new NumberCursor(index.now(), overflowed).next()).toBe(1);
  });

  it('takes the first of duplicate names only, in each object anew', () => {
    const index = indexOf({}, [
      (writer) =>
        writer
          .int32('a', 1)
          .int32('a', 2)
          .beginArray('l')
          .beginObject('')
          .int32('x', 1)
          .int32('x', 5)
          .end()
          .beginObject('')
          .int32('x', 2)
          .end()
          .end(),
    ]);
    const hits = (steps: (string | typeof anyElement)[], value: number): number => {
      const resolved = index.paths.resolve(steps);
      return resolved.kind === 'path' ? count(index.now(), equal(resolved.path, value)).count : -1;
    };
    expect([hits(['a'], 1), hits(['a'], 2)]).toEqual([1, 0]);
    expect([1, 2, 5].map((value) => hits(['l', anyElement, 'x'], value))).toEqual([1, 1, 0]);
  });
});

describe('identity', () => {
  const names = ['', 'a', 'a\u0000', 'a\u0000b', 'ab', 'é', 'x'.repeat(300), 'x'.repeat(4000), 'x'.repeat(4001)];

  it('answers for the id field, in order of the text', () => {
    const index = new PartitionIndex({ policy: defaultPolicy, pool: new PagePool(), identityField: 'id' });
    let number = 0;
    for (const id of names)
      for (const key of ['["p"]', '["q"]']) {
        number++;
        index.add(number, number, new BsonWriter().beginDocument().string('id', id).end().finish(), {
          id,
          key,
          created: number,
          seconds: 0,
          ttlSeconds: 0,
        });
      }
    const resolved = index.paths.resolve(['id']);
    expect(resolved.kind).toBe('identity');
    const view = index.now();
    expect(resolved.kind === 'identity' && count(view, exists(resolved.path)).count).toBe(number);
    for (const [i, id] of names.entries()) {
      expect(index.find(id, '["q"]')).toBe(2 * i + 2);
      const found = new NumberCursor(view, idEquals(id));
      expect([found.next(), found.next(), found.next()]).toEqual([2 * i + 1, 2 * i + 2, 0]);
    }
    const list = (filter: ReturnType<typeof idEquals>): number => count(view, filter).count;
    expect(list(idBetween({ value: 'a', inclusive: true }, { value: 'ab', inclusive: true }))).toBe(8);
    expect(list(idBetween({ value: 'a', inclusive: false }, { value: 'ab', inclusive: false }))).toBe(4);
    expect(list(idBetween({ value: 5, inclusive: false }, undefined))).toBe(0);
    expect(list(idPrefixed('a'))).toBe(8);
    expect(list(idPrefixed('x'))).toBe(6);
  });
});

describe('types', () => {
  it('are ranges over tags: every number type is a number', () => {
    const index = indexOf({}, [
      (writer) => writer.int32('v', 1),
      (writer) => writer.int64('v', 1n),
      (writer) => writer.double('v', NaN),
      (writer) => writer.string('v', '1'),
      (writer) => writer.beginObject('v').end(),
      (writer) => writer.beginArray('v').end(),
    ]);
    const resolved = index.paths.resolve(['v']);
    const path = resolved.kind === 'path' ? resolved.path : -1;
    const hits = (...tags: number[]): number => count(index.now(), typeIs(path, tags)).count;
    expect([hits(Tag.number), hits(Tag.string), hits(Tag.object, Tag.array), hits(Tag.null)]).toEqual([3, 1, 2, 0]);
    expect(count(index.now(), equal(path, 1))).toEqual({ count: 2, exact: true });
    expect(count(index.now(), between(path, undefined, { value: 5, inclusive: true })).count).toBe(2);
  });
});
