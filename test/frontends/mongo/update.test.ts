import { Decimal128, deserialize, Double, EJSON, Int32, Long, ObjectId, Timestamp, type Document } from 'bson';
import { describe, expect, test } from 'vitest';
import { MongoError } from '../../../frontends/mongo/errors.ts';
import { parseFilter } from '../../../frontends/mongo/filter.ts';
import { parseUpdate, type EditContext } from '../../../frontends/mongo/update.ts';
import { upsertDocument } from '../../../frontends/mongo/upsert.ts';
import { depthMax } from '../../../model/bson/types.ts';
import { validateBson } from '../../../model/bson/validate.ts';
import { fieldOf, type Raw } from '../../../model/bson/walk.ts';
import { NaiveRefusal, order, updated, type Plain, type PlainObject } from './naive.ts';
import { bson, randomOf } from './wire.ts';

const context: EditContext = {
  position: -1,
  nowMs: 1_700_000_000_123,
  timestamp: { seconds: 1_700_000_000, increment: 4 },
  inserting: false,
};

const raw = (value: unknown): Raw => fieldOf(bson({ value }), 'value')!;

function edit(
  document: Document,
  update: unknown,
  extra: Partial<EditContext> = {},
  filters: Document[] = [],
): Uint8Array {
  const next = parseUpdate(raw(update), filters.map(raw)).edit(bson(document), { ...context, ...extra });
  validateBson(next);
  return next;
}

/** Canonical Extended JSON text, so that types and field order count. */
function text(document: Uint8Array): string {
  return EJSON.stringify(deserialize(document, { promoteValues: false, promoteLongs: false }), { relaxed: false });
}

function expectEdit(
  document: Document,
  update: unknown,
  expected: Document,
  extra: Partial<EditContext> = {},
  filters: Document[] = [],
): void {
  expect(text(edit(document, update, extra, filters))).toBe(text(bson(expected)));
}

function refusal(
  document: Document,
  update: unknown,
  extra: Partial<EditContext> = {},
  filters: Document[] = [],
): MongoError {
  try {
    edit(document, update, extra, filters);
  } catch (error) {
    if (error instanceof MongoError) return error;
    throw error;
  }
  throw new Error('the update was accepted');
}

const long = (value: string): Long => Long.fromString(value);
const decimal = (value: string): Decimal128 => Decimal128.fromString(value);

describe('an update', () => {
  test.each<readonly [string, Document, unknown, Document]>([
    [
      '$set keeps the place of a field and appends new ones in order',
      { _id: 1, b: 1, a: 2 },
      { $set: { z: 1, b: 5, c: 1, a: 'x' } },
      { _id: 1, b: 5, a: 'x', c: 1, z: 1 },
    ],
    ['$set appends positions as numbers', { a: {} }, { $set: { 'a.10': 1, 'a.9': 2 } }, { a: { 9: 2, 10: 1 } }],
    ['$set makes parents', { _id: 1 }, { $set: { 'a.b.c': 1 } }, { _id: 1, a: { b: { c: 1 } } }],
    [
      '$set into an array by position, padding with null',
      { a: [1] },
      { $set: { 'a.3': 5, 'a.0': 9 } },
      { a: [9, null, null, 5] },
    ],
    [
      '$set inside array elements',
      { a: [{ b: 1 }, { b: 2 }] },
      { $set: { 'a.1.b': 7, 'a.1.c': 8 } },
      { a: [{ b: 1 }, { b: 7, c: 8 }] },
    ],
    [
      '$set of a name like a prototype',
      { _id: 1 },
      { $set: { 'constructor.name': 1 } },
      { _id: 1, constructor: { name: 1 } },
    ],
    ['$unset', { a: 1, b: { c: 1, d: 2 } }, { $unset: { a: '', 'b.c': '', 'x.y': '' } }, { b: { d: 2 } }],
    ['$unset of an element leaves null', { a: [1, 2, 3] }, { $unset: { 'a.1': '' } }, { a: [1, null, 3] }],
    ['$unset through a scalar does nothing', { a: 1 }, { $unset: { 'a.b': '' } }, { a: 1 }],
    [
      '$inc of int32',
      { a: new Int32(1) },
      { $inc: { a: new Int32(2), b: new Int32(3) } },
      { a: new Int32(3), b: new Int32(3) },
    ],
    [
      '$inc int32 over its range becomes int64',
      { a: new Int32(2147483647) },
      { $inc: { a: new Int32(1) } },
      { a: long('2147483648') },
    ],
    [
      '$inc of int32 by a double becomes a double',
      { a: new Int32(1) },
      { $inc: { a: new Double(1) } },
      { a: new Double(2) },
    ],
    ['$inc of int64 stays one', { a: long('5') }, { $inc: { a: new Int32(-4) } }, { a: long('1') }],
    ['$inc with a decimal', { a: new Int32(1) }, { $inc: { a: decimal('0.10') } }, { a: decimal('1.10') }],
    [
      '$inc of a double with a decimal',
      { a: new Double(0.1) },
      { $inc: { a: decimal('1') } },
      { a: decimal('1.100000000000000') },
    ],
    [
      '$mul',
      { a: new Int32(6), b: new Double(1.5) },
      { $mul: { a: new Int32(7), b: new Int32(2), c: long('4') } },
      { a: new Int32(42), b: new Double(3), c: long('0') },
    ],
    ['$mul of decimals', { a: decimal('1.50') }, { $mul: { a: decimal('-2') } }, { a: decimal('-3.00') }],
    [
      '$min and $max over types',
      { a: 5, b: 5, c: 'x' },
      { $min: { a: 3, c: 5, d: 1 }, $max: { b: 9 } },
      { a: 3, b: 9, c: 5, d: 1 },
    ],
    [
      '$rename',
      { a: 1, b: { c: 2 } },
      { $rename: { a: 'x.y', 'b.c': 'z', none: 'w.v' } },
      { b: {}, x: { y: 1 }, z: 2 },
    ],
    ['$rename over another field', { a: 1, b: 2 }, { $rename: { a: 'b' } }, { b: 1 }],
    ['$setOnInsert only inserts', { a: 1 }, { $setOnInsert: { 'b.c': 1, a: 2 } }, { a: 1 }],
    [
      '$currentDate',
      { _id: 1 },
      { $currentDate: { a: true, b: { $type: 'timestamp' } } },
      { _id: 1, a: new Date(1_700_000_000_123), b: Timestamp.fromBits(4, 1_700_000_000) },
    ],
    ['$push', { a: [1] }, { $push: { a: [2, 3], b: 'x' } }, { a: [1, [2, 3]], b: ['x'] }],
    ['$push of a document with no $each', { a: [] }, { $push: { a: { x: 1 } } }, { a: [{ x: 1 }] }],
    [
      '$push with every clause',
      { a: [5, 1] },
      { $push: { a: { $each: [3, 9], $position: 0, $sort: -1, $slice: 3 } } },
      { a: [9, 5, 3] },
    ],
    [
      '$push at a position from the end',
      { a: [1, 2, 3] },
      { $push: { a: { $each: ['x'], $position: -1 } } },
      { a: [1, 2, 'x', 3] },
    ],
    [
      '$push sorted by a field, keeping the last',
      { a: [{ s: 3 }, { s: 1 }] },
      { $push: { a: { $each: [{ s: 2 }, {}], $sort: { s: 1 }, $slice: -2 } } },
      { a: [{ s: 2 }, { s: 3 }] },
    ],
    ['$push sliced to nothing', { a: [1] }, { $push: { a: { $each: [], $slice: 0 } } }, { a: [] }],
    [
      '$addToSet',
      { a: [1, { x: 1, y: 2 }] },
      { $addToSet: { a: { $each: [new Double(1), { y: 2, x: 1 }, 2, 2] }, b: 'x' } },
      { a: [1, { x: 1, y: 2 }, { y: 2, x: 1 }, 2], b: ['x'] },
    ],
    ['$addToSet of an array is one element', { a: [] }, { $addToSet: { a: [1, 2] } }, { a: [[1, 2]] }],
    ['$pop', { a: [1, 2, 3], b: [1, 2], c: [] }, { $pop: { a: 1, b: -1, c: 1, d: 1 } }, { a: [1, 2], b: [2], c: [] }],
    ['$pull of a value', { a: [1, 2, new Double(1), [1]] }, { $pull: { a: 1, none: 1 } }, { a: [2, [1]] }],
    ['$pull by operators', { a: [1, 5, 9, 'x'] }, { $pull: { a: { $gte: 5 } } }, { a: [1, 'x'] }],
    ['$pull by document', { a: [{ x: 1, y: 1 }, { x: 2 }, 5] }, { $pull: { a: { x: 1 } } }, { a: [{ x: 2 }, 5] }],
    ['$pull by pattern', { a: ['ab', 'b', 5] }, { $pull: { a: /^a/ } }, { a: ['b', 5] }],
    [
      '$pull of an exact array',
      {
        a: [
          [1, 2],
          [2, 1],
        ],
      },
      { $pull: { a: [1, 2] } },
      { a: [[2, 1]] },
    ],
    [
      '$pull by $in and $elemMatch',
      { a: [{ b: [1, 2] }, { b: [3] }] },
      { $pull: { a: { b: { $elemMatch: { $eq: 3 } } } } },
      { a: [{ b: [1, 2] }] },
    ],
    ['$pullAll', { a: [1, 2, 3, 2] }, { $pullAll: { a: [2, 3] } }, { a: [1] }],
    [
      '$bit',
      { a: new Int32(13), b: long('1') },
      { $bit: { a: { and: new Int32(10) }, b: { or: new Int32(4) }, c: { xor: new Int32(5) } } },
      { a: new Int32(8), b: long('5'), c: new Int32(5) },
    ],
    ['$[] of scalars', { a: [1, 2] }, { $inc: { 'a.$[]': 10 } }, { a: [11, 12] }],
    [
      '$[] of nested arrays',
      { a: [{ b: [1] }, { b: [2, 3] }] },
      { $mul: { 'a.$[].b.$[]': 2 } },
      { a: [{ b: [2] }, { b: [4, 6] }] },
    ],
    [
      '$[] beside a position',
      { a: [{}, {}] },
      { $set: { 'a.$[].x': 1, 'a.0.y': 2 } },
      { a: [{ x: 1, y: 2 }, { x: 1 }] },
    ],
    ['nothing', { a: 1 }, { $set: {} }, { a: 1 }],
  ])('%s', (_what, document, update, expected) => {
    expectEdit(document, update, expected);
  });

  test('takes a positional $ from the query', () => {
    expectEdit({ a: [1, 2, 3] }, { $set: { 'a.$': 'x' } }, { a: [1, 'x', 3] }, { position: 1 });
    expectEdit(
      { a: [{ b: 1 }, { b: 2 }] },
      { $set: { 'a.$.c': 1, 'a.1.d': 2 } },
      { a: [{ b: 1 }, { b: 2, c: 1, d: 2 }] },
      { position: 1 },
    );
    expect(parseUpdate(raw({ $set: { 'a.$.b': 1 } })).needsPosition).toBe(true);
    expect(parseUpdate(raw({ $set: { 'a.b': 1 } })).needsPosition).toBe(false);
    expect(refusal({ a: [1] }, { $set: { 'a.$': 1 } })).toMatchObject({
      code: 2,
      message: 'The positional operator did not find the match needed from the query.',
    });
  });

  test('takes elements by array filters', () => {
    expectEdit({ a: [1, 5, 9] }, { $set: { 'a.$[x]': 0 } }, { a: [1, 0, 0] }, {}, [{ x: { $gte: 5 } }]);
    expectEdit(
      {
        a: [
          { n: 1, b: [{ k: 1 }, { k: 2 }] },
          { n: 2, b: [{ k: 2 }] },
        ],
      },
      { $inc: { 'a.$[i].b.$[j].v': 1 } },
      {
        a: [
          { n: 1, b: [{ k: 1 }, { k: 2, v: 1 }] },
          { n: 2, b: [{ k: 2 }] },
        ],
      },
      {},
      [{ 'i.n': 1 }, { $or: [{ 'j.k': 2 }, { 'j.k': 3 }] }],
    );
  });

  test('that changes nothing gives back the same bytes object', () => {
    const bytes = bson({ _id: 1, a: [1], b: 'x' });
    for (const update of [
      { $set: { b: 'x' } },
      { $pull: { a: 9 } },
      { $max: { _id: 0 } },
      { _id: 1, a: [1], b: 'x' },
      { $setOnInsert: { z: 1 } },
    ])
      expect(parseUpdate(raw(update)).edit(bytes, context)).toBe(bytes);
  });

  test('by replacement keeps _id, puts it first, and stamps empty timestamps', () => {
    expectEdit({ _id: 7, a: 1 }, { b: 2, _id: 7 }, { _id: 7, b: 2 });
    expectEdit({ _id: 7, a: 1 }, { b: 2 }, { _id: 7, b: 2 });
    expectEdit({ _id: 7 }, { t: Timestamp.fromBits(0, 0) }, { _id: 7, t: Timestamp.fromBits(4, 1_700_000_000) });
    expect(refusal({ _id: 7 }, { _id: 8 })).toMatchObject({ code: 66 });
    expect(refusal({ _id: 7 }, { a: 1, $set: { b: 1 } })).toMatchObject({ code: 52 });
  });

  test.each<readonly [unknown, number, string]>([
    [{ $set: { _id: 2 } }, 66, "Performing an update on the path '_id' would modify the immutable field '_id'"],
    [{ $unset: { _id: 1 } }, 66, "immutable field '_id'"],
    [{ $set: { a: 1, 'a.b': 2 } }, 40, "Updating the path 'a.b' would create a conflict at 'a'"],
    [{ $set: { 'a.b': 2 }, $inc: { a: 1 } }, 40, "Updating the path 'a' would create a conflict at 'a'"],
    [{ $set: { a: 1 }, $inc: { a: 1 } }, 40, "Updating the path 'a' would create a conflict at 'a'"],
    [{ $rename: { n: 's' }, $set: { s: 1 } }, 40, 'conflict'],
    [{ $set: { 'l.$[]': 1, 'l.0': 2 } }, 40, "Update created a conflict at 'l.0'"],
    [{ $set: { 'n.x': 1 } }, 28, "Cannot create field 'x' in element n"],
    [{ $set: { 'l.x': 1 } }, 28, "Cannot create field 'x' in element l"],
    [{ $inc: { s: 1 } }, 14, 'Cannot apply $inc to a value of non-numeric type'],
    [{ $inc: { n: 'x' } }, 14, 'Cannot increment with non-numeric argument'],
    [{ $mul: { n: 'x' } }, 14, 'Cannot multiply with non-numeric argument'],
    [{ $inc: { big: 1 } }, 2, 'Failed to apply $inc'],
    [{ $mul: { big: long('3') } }, 2, 'Failed to apply $mul'],
    [{ $push: { n: 1 } }, 2, "The field 'n' must be an array but is of type int"],
    [{ $push: { l: { $each: 5 } } }, 2, 'The argument to $each in $push must be an array but it was of type: int'],
    [{ $push: { l: { $each: [], $foo: 1 } } }, 2, 'Unrecognized clause in $push: $foo'],
    [{ $push: { l: { $each: [], $slice: 'x' } } }, 2, 'The value for $slice must be an integer value'],
    [{ $push: { l: { $each: [], $sort: 5 } } }, 2, 'The $sort is invalid'],
    [{ $addToSet: { n: 1 } }, 2, "Cannot apply $addToSet to non-array field. Field named 'n' has non-array type int"],
    [{ $addToSet: { l: { $each: 1 } } }, 14, 'The argument to $each in $addToSet must be an array'],
    [{ $pop: { n: 1 } }, 14, "Path 'n' contains an element of non-array type 'int'"],
    [{ $pop: { l: 5 } }, 9, '$pop expects 1 or -1'],
    [{ $pull: { n: 1 } }, 2, 'Cannot apply $pull to a non-array value'],
    [{ $pullAll: { l: 1 } }, 2, '$pullAll requires an array argument but was given a int'],
    [{ $bit: { n: 5 } }, 2, 'The $bit modifier is not compatible with a int'],
    [{ $bit: { n: { not: 5 } } }, 2, "The $bit modifier only supports 'and', 'or', and 'xor', not 'not'"],
    [{ $bit: { n: { and: 1.5 } } }, 2, 'must be an Integer'],
    [{ $bit: { s: { and: 1 } } }, 2, 'Cannot apply $bit to a value of non-integral type'],
    [{ $currentDate: { a: 5 } }, 2, 'is not valid type for $currentDate'],
    [{ $currentDate: { a: { $type: 'x' } } }, 2, "The '$type' string field is required to be 'date' or 'timestamp'"],
    [{ $rename: { n: 5 } }, 2, "The 'to' field for $rename must be a string"],
    [{ $rename: { n: 'n' } }, 2, 'must differ'],
    [{ $rename: { n: 'n.x' } }, 2, 'must not be on the same path'],
    [{ $rename: { 'l.0': 'x' } }, 2, 'cannot be an array element'],
    [{ $rename: { n: 'l.0' } }, 2, 'cannot be an array element'],
    [{ $rename: { 'l.$[]': 'x' } }, 2, 'may not be dynamic'],
    [{ $foo: { a: 1 } }, 9, 'Unknown modifier: $foo'],
    [{ $set: 5 }, 9, 'Modifiers operate on fields but we found type int instead'],
    [{ $set: { a: 1 }, b: 1 }, 9, 'Unknown modifier: b'],
    [{ $set: { 'a..b': 1 } }, 56, 'contains an empty field name'],
    [{ $set: { '': 1 } }, 56, 'empty'],
    [{ $set: { $x: 1 } }, 52, "The dollar ($) prefixed field '$x'"],
    [{ $set: { '$.a': 1 } }, 2, 'in the first position'],
    [{ $set: { '$[].a': 1 } }, 2, 'in the first position'],
    [{ $set: { 'l.$.x.$': 1 } }, 2, 'Too many positional'],
    [{ $set: { 'l.$[x]': 1 } }, 2, "No array filter found for identifier 'x'"],
    [{ $set: { 'n.$[]': 1 } }, 2, 'Cannot apply array updates to non-array element'],
    [{ $set: { 'none.$[]': 1 } }, 2, 'must exist in the document in order to apply array updates'],
    [{ $set: { 'l.9999999': 1 } }, 2, "can't backfill"],
    [[{ $set: { a: 1 } }], 238, 'an update pipeline'],
    [5, 9, 'must be either an object or an array'],
  ])('%j is refused with code %i: %s', (update, code, words) => {
    const error = refusal({ _id: 1, n: 5, s: 'x', l: [1], big: Long.MAX_VALUE }, update);
    expect(error.code).toBe(code);
    expect(error.message).toContain(words);
  });

  test.each<readonly [Document[], number, string]>([
    [[{ x: 1 }, { x: 2 }], 9, 'Found multiple array filters with the same top-level field name x'],
    [[{ x: 1 }, { y: 2 }], 9, "The array filter for identifier 'y' was not used in the update"],
    [[{ x: 1, y: 2 }], 9, "Expected a single top-level field name, found 'x' and 'y'"],
    [[{}], 9, 'Cannot use an expression without a top-level field name in arrayFilters'],
    [[{ X: 1 }], 2, 'must be an alphanumeric string beginning with a lowercase letter'],
  ])('array filters %j are refused', (filters, code, words) => {
    const error = refusal({ l: [1] }, { $set: { 'l.$[x]': 1 } }, {}, filters);
    expect(error.code).toBe(code);
    expect(error.message).toContain(words);
  });

  test('cannot nest deeper than an item may', () => {
    const path = Array.from({ length: depthMax }, () => 'a').join('.');
    expect(refusal({}, { $set: { [`${path}.a`]: 1 } }).code).toBe(15);
    expect(refusal({}, { $set: { [path]: {} } }).code).toBe(15);
    expect(() => edit({}, { $set: { [path.slice(4)]: 1 } })).not.toThrow();
  });

  test('of a document with duplicate names changes the first', () => {
    const twice = Uint8Array.from([...bson({ a: 1 }).subarray(0, -1), ...bson({ a: 1 }).subarray(4)]);
    twice[0] = twice.length;
    const next = parseUpdate(raw({ $set: { a: 9 } })).edit(twice, context);
    expect([next[7], next[14]]).toEqual([9, 1]);
  });
});

describe('an upsert', () => {
  const newId = (): Raw => raw(new ObjectId('65a1b2c3d4e5f60718293a4b'));
  const upsert = (filter: Document, update: unknown): string =>
    text(upsertDocument(parseFilter(bson(filter)), parseUpdate(raw(update)), context, newId));

  test.each<readonly [Document, unknown, Document]>([
    [{ a: 1, 'b.c': { $eq: 2 } }, { $set: { d: 3 } }, { _id: newId(), a: 1, b: { c: 2 }, d: 3 }],
    [
      { _id: 5, a: { $gt: 1 } },
      { $inc: { a: 1 }, $setOnInsert: { z: true } },
      { _id: 5, a: 1, z: true },
    ],
    [
      { $and: [{ a: 1 }, { b: { $in: [2] } }, { c: { $all: [3] } }] },
      { $set: { d: 1 } },
      { _id: newId(), a: 1, b: 2, c: 3, d: 1 },
    ],
    [{ $or: [{ a: 1 }, { b: 2 }], c: { $in: [1, 2] }, d: /x/ }, { $set: { e: 1 } }, { _id: newId(), e: 1 }],
    [{ a: 1 }, { b: 2 }, { _id: newId(), b: 2 }],
    [{ _id: 9, a: 1 }, { b: 2 }, { _id: 9, b: 2 }],
    [{ a: 1 }, { $set: { _id: 4 } }, { _id: 4, a: 1 }],
  ])('of %j by %j', (filter, update, expected) => {
    const id = expected['_id'] as unknown;
    const document = typeof id === 'object' ? { ...expected, _id: new ObjectId('65a1b2c3d4e5f60718293a4b') } : expected;
    expect(upsert(filter, update)).toBe(text(bson(document)));
  });

  test('whose filter names a field twice is refused', () => {
    expect(() => upsert({ $and: [{ a: 1 }, { a: 2 }] }, { $set: { b: 1 } })).toThrow(
      'cannot infer query fields to set',
    );
    expect(() => upsert({ a: 1, 'a.b': 2 }, { $set: { b: 1 } })).toThrow('cannot infer query fields to set');
  });

  test('cannot change the _id its filter names', () => {
    expect(() => upsert({ _id: 1 }, { $set: { _id: 2 } })).toThrow('immutable');
    expect(() => upsert({ _id: 1 }, { _id: 2 })).toThrow('immutable');
    expect(() => upsert({}, { _id: [1] })).toThrow("The '_id' value cannot be of type array");
  });
});

describe('random updates of random documents', () => {
  const scale = Number(process.env['MERIDIAN_TEST_SCALE'] ?? 1);

  test('agree with the naive evaluator, and untouched fields keep their bytes', () => {
    const seed = Number(process.env['MERIDIAN_SEED'] ?? Date.now() % 1_000_000);
    const random = randomOf(seed);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
    const atom = (): Plain => pick<Plain>([null, true, 0, 1, 2, 1.5, -1, 'a', 'b', '']);
    const value = (level: number): Plain => {
      const roll = random();
      if (level === 0 || roll < 0.4) return atom();
      if (roll < 0.7) return Array.from({ length: Math.floor(random() * 4) }, () => value(level - 1));
      return object(level - 1);
    };
    const object = (level: number): PlainObject => {
      const made: PlainObject = {};
      for (const name of ['a', 'b', 'c']) if (random() < 0.6) made[name] = value(level);
      return made;
    };
    const operators = ['$set', '$unset', '$inc', '$mul', '$min', '$max', '$push', '$addToSet', '$pop', '$pullAll'];
    let refused = 0;
    let changed = 0;
    const runs = 10_000 * scale;
    for (let run = 0; run < runs; run++) {
      // Types that plain values cannot hold stand beside, and must come back byte for byte.
      const beside = { _id: new ObjectId(), when: new Date(run), exact: decimal('1.50'), wide: long('5') };
      const document = object(3);
      const path = Array.from({ length: 1 + Math.floor(random() * 3) }, (_, i) =>
        pick(i === 0 ? ['a', 'b', 'c'] : ['a', 'b', '0', '1', '4']),
      ).join('.');
      const operator = pick(operators);
      const operand =
        operator === '$inc' || operator === '$mul'
          ? pick([1, 2, -1, 0.5])
          : operator === '$pop'
            ? pick([1, -1])
            : operator === '$pullAll'
              ? [value(1), value(1), atom()]
              : value(2);
      let expected: PlainObject | undefined;
      try {
        expected = updated(document, operator, path, operand);
      } catch (error) {
        if (!(error instanceof NaiveRefusal)) throw error;
      }
      const label = `seed ${seed}: ${operator} ${path} ${JSON.stringify(operand)} on ${JSON.stringify(document)}`;
      const before = bson({ ...beside, ...document });
      let after: Uint8Array | undefined;
      try {
        after = parseUpdate(raw({ [operator]: { [path]: operand } })).edit(before, context);
      } catch (error) {
        if (!(error instanceof MongoError)) throw new Error(label, { cause: error });
      }
      expect(after === undefined, label).toBe(expected === undefined);
      if (after === undefined || expected === undefined) {
        refused++;
        continue;
      }
      validateBson(after);
      const { _id, when, exact, wide, ...rest } = deserialize(after, { promoteLongs: true }) as PlainObject &
        typeof beside;
      expect(Object.keys({ _id, when, exact, wide })).toHaveLength(4);
      if (order(rest, expected) !== 0)
        expect.fail(`${label}: ${JSON.stringify(rest)} should be ${JSON.stringify(expected)}`);
      if (after !== before) changed++;
      const touched = path.split('.')[0]!;
      for (const name of ['_id', 'when', 'exact', 'wide', 'a', 'b', 'c']) {
        if (name === touched) continue;
        const was = fieldOf(before, name);
        const is = fieldOf(after, name);
        expect(is === undefined ? undefined : [is.type, ...is.slice()], label).toEqual(
          was === undefined ? undefined : [was.type, ...was.slice()],
        );
      }
    }
    expect(refused / runs, `seed ${seed}`).toBeLessThan(0.7);
    expect(changed / runs, `seed ${seed}`).toBeGreaterThan(0.2);
  });
});
