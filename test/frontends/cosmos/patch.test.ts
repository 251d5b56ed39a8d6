import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyPatch, parsePatch } from '../../../frontends/cosmos/patch.ts';
import { bsonOfJson, valueOfJson } from '../../../model/bson/json-read.ts';
import { jsonOfBson } from '../../../model/bson/json-write.ts';
import { BsonType } from '../../../model/bson/types.ts';
import { fieldOf, type Raw } from '../../../model/bson/walk.ts';
import { isWellFormed } from '../../../model/bytes.ts';
import { BsonWriter } from '../../../model/bson/write.ts';

function patched(item: unknown, ...operations: unknown[]): unknown {
  const { operations: parsed } = parsePatch(valueOfJson(JSON.stringify({ operations })) as Raw);
  return JSON.parse(
    jsonOfBson(applyPatch(bsonOfJson(Buffer.from(JSON.stringify(item))), parsed)).toString(),
  ) as unknown;
}

describe('patch', () => {
  it.each([
    ['adds a field', { a: 1 }, { op: 'add', path: '/b', value: [] }, { a: 1, b: [] }],
    ['adds over a field', { a: 1 }, { op: 'add', path: '/a', value: null }, { a: null }],
    ['inserts into an array', { a: [1, 2] }, { op: 'add', path: '/a/1', value: 'x' }, { a: [1, 'x', 2] }],
    ['appends by position', { a: [1, 2] }, { op: 'add', path: '/a/2', value: 3 }, { a: [1, 2, 3] }],
    ['appends by dash', { a: [] }, { op: 'add', path: '/a/-', value: 1 }, { a: [1] }],
    ['sets an element', { a: [1, 2] }, { op: 'set', path: '/a/0', value: 'x' }, { a: ['x', 2] }],
    [
      'sets a field deep inside',
      { a: [{ b: {} }] },
      { op: 'set', path: '/a/0/b/c', value: 1 },
      { a: [{ b: { c: 1 } }] },
    ],
    ['replaces', { a: { b: 1 } }, { op: 'replace', path: '/a/b', value: 2 }, { a: { b: 2 } }],
    ['removes a field', { a: 1, b: 2 }, { op: 'remove', path: '/a' }, { b: 2 }],
    ['removes an element', { a: [1, 2, 3] }, { op: 'remove', path: '/a/1' }, { a: [1, 3] }],
    ['increments', { n: 1.5 }, { op: 'incr', path: '/n', value: 2 }, { n: 3.5 }],
    ['increments by its long name', { n: 1 }, { op: 'increment', path: '/n', value: -2 }, { n: -1 }],
    ['starts to count', {}, { op: 'incr', path: '/n', value: 2 }, { n: 2 }],
    ['moves', { a: { b: 1 }, c: {} }, { op: 'move', from: '/a/b', path: '/c/d' }, { a: {}, c: { d: 1 } }],
    ['moves within an array', { a: [1, 2, 3] }, { op: 'move', from: '/a/0', path: '/a/-' }, { a: [2, 3, 1] }],
    [
      'reads escapes',
      { 'a/b': { 'm~n': 1 } },
      { op: 'replace', path: '/a~1b/m~0n', value: 2 },
      { 'a/b': { 'm~n': 2 } },
    ],
    [
      'takes prototype names for names',
      { a: 1 },
      { op: 'add', path: '/constructor', value: 2 },
      { a: 1, constructor: 2 },
    ],
    [
      'takes a number for a field of an object',
      { a: { '0': 1 } },
      { op: 'set', path: '/a/0', value: 2 },
      { a: { '0': 2 } },
    ],
  ])('%s', (_what, before, operation, after) => {
    expect(patched(before, operation)).toEqual(after);
  });

  it.each([
    ['an unknown word', { op: 'test', path: '/a', value: 1 }],
    ['no path', { op: 'add', value: 1 }],
    ['a path without a slash', { op: 'add', path: 'a', value: 1 }],
    ['the whole item', { op: 'replace', path: '', value: {} }],
    ['a broken escape', { op: 'add', path: '/~2', value: 1 }],
    ['the id', { op: 'set', path: '/id', value: 'x' }],
    ['a system property', { op: 'set', path: '/_ts', value: 1 }],
    ['no value', { op: 'add', path: '/x' }],
    ['a missing parent', { op: 'add', path: '/x/y', value: 1 }],
    ['a parent that holds nothing', { op: 'add', path: '/a/y', value: 1 }],
    ['a position beyond the end', { op: 'add', path: '/list/3', value: 1 }],
    ['a position with a leading zero', { op: 'add', path: '/list/00', value: 1 }],
    ['a name in an array', { op: 'set', path: '/list/x', value: 1 }],
    ['a dash for a replacement', { op: 'replace', path: '/list/-', value: 1 }],
    ['what is not there to replace', { op: 'replace', path: '/x', value: 1 }],
    ['what is not there to remove', { op: 'remove', path: '/x' }],
    ['a text to increment', { op: 'incr', path: '/text', value: 1 }],
    ['an increment that is a text', { op: 'incr', path: '/a', value: '1' }],
    ['a sum beyond doubles', { op: 'incr', path: '/huge', value: 1e308 }],
    ['a move into itself', { op: 'move', from: '/inner', path: '/inner/x' }],
    ['a move of nothing', { op: 'move', from: '/x', path: '/y' }],
  ])('refuses %s', (_what, operation) => {
    const item = { id: '1', a: 1, list: [1, 2], text: 't', huge: 1e308, inner: {} };
    expect(() => patched(item, operation)).toThrow(expect.objectContaining({ code: 'BadRequest' }) as Error);
  });

  it('refuses more than ten operations, and none', () => {
    const one = { op: 'set', path: '/a', value: 1 };
    expect(() => patched({}, ...Array.from({ length: 11 }, () => one))).toThrow();
    expect(() => patched({})).toThrow();
    expect(patched({}, ...Array.from({ length: 10 }, () => one))).toEqual({ a: 1 });
  });

  it('takes the bare array that the JavaScript SDK sends', () => {
    const { operations, condition } = parsePatch(valueOfJson('[{"op":"remove","path":"/a"}]') as Raw);
    expect([operations.length, condition]).toEqual([1, undefined]);
  });

  it('keeps the type of every leaf it does not name, and of integers it increments', () => {
    const item = new BsonWriter()
      .beginDocument()
      .int32('count', 1)
      .int64('long', 9007199254740993n)
      .date('when', 1000)
      .beginObject('inner')
      .int32('kept', 7)
      .end()
      .end()
      .finish();
    const { operations } = parsePatch(
      valueOfJson(
        '[{"op":"incr","path":"/count","value":1},{"op":"incr","path":"/long","value":1},{"op":"set","path":"/inner/x","value":1}]',
      ) as Raw,
    );
    const after = applyPatch(item, operations);
    expect(fieldOf(after, 'count')?.type).toBe(BsonType.int32);
    expect(jsonOfBson(after).toString()).toContain('"long":9007199254740994');
    expect(fieldOf(after, 'when')?.slice()).toEqual(fieldOf(item, 'when')?.slice());
    expect(fieldOf(fieldOf(after, 'inner')!.slice(), 'kept')?.type).toBe(BsonType.int32);
  });

  it('refuses to nest deeper than an item may', () => {
    const deep = '{"a":'.repeat(126) + '{}' + '}'.repeat(126);
    const value: unknown = JSON.parse('[[[[]]]]');
    expect(() => patched(JSON.parse(deep), { op: 'set', path: '/a'.repeat(127), value })).toThrow(
      expect.objectContaining({ code: 'TooDeep' }) as Error,
    );
  });

  it('undoes an addition by a removal, for any item', () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.string().filter((name) => !name.includes('\0') && isWellFormed(name)),
          fc.jsonValue(),
        ),
        (item) => {
          const plain = JSON.parse(JSON.stringify(item)) as Record<string, unknown>;
          fc.pre(!Object.hasOwn(plain, 'fresh') && isPlainText(plain));
          expect(patched(plain, { op: 'add', path: '/fresh', value: 1 }, { op: 'remove', path: '/fresh' })).toEqual(
            plain,
          );
        },
      ),
    );
  });
});

function isPlainText(value: unknown): boolean {
  return !/\\ud[89a-f]/.test(JSON.stringify(value)) && !JSON.stringify(value).includes('\\u0000');
}
