import { Binary, Code, Decimal128, Double, Long, MaxKey, MinKey, ObjectId, Timestamp, type Document } from 'bson';
import { describe, expect, test } from 'vitest';
import { compilePosition, compilePredicate } from '../../../core/query/predicate/compile.ts';
import { MongoError } from '../../../frontends/mongo/errors.ts';
import { parseFilter } from '../../../frontends/mongo/filter.ts';
import { matches, type Plain, type PlainObject } from './naive.ts';
import { bson, randomOf } from './wire.ts';

function holds(filter: Document, document: Document): boolean {
  return compilePredicate(parseFilter(bson(filter)))(bson(document));
}

function refusal(filter: Document): MongoError {
  try {
    compilePredicate(parseFilter(bson(filter)));
  } catch (error) {
    if (error instanceof MongoError) return error;
    throw error;
  }
  throw new Error('the filter was accepted');
}

const long = (text: string): Long => Long.fromString(text);
const decimal = (text: string): Decimal128 => Decimal128.fromString(text);
const id = new ObjectId('65a1b2c3d4e5f60718293a4b');
const nan = new Double(NaN);

/** Filter, documents that match, documents that do not. */
const table: readonly (readonly [string, Document, readonly Document[], readonly Document[]])[] = [
  ['everything', {}, [{}, { a: 1 }], []],
  [
    'equality over number types',
    { a: 1 },
    [{ a: 1 }, { a: new Double(1) }, { a: long('1') }, { a: decimal('1.00') }],
    [{ a: 2 }, { a: '1' }, { a: true }, {}],
  ],
  [
    'a long beyond 2^53',
    { a: long('9007199254740993') },
    [{ a: long('9007199254740993') }, { a: decimal('9007199254740993') }],
    [{ a: new Double(9007199254740992) }, { a: long('9007199254740992') }],
  ],
  [
    'a double beyond 2^53',
    { a: new Double(9007199254740992) },
    [{ a: long('9007199254740992') }],
    [{ a: long('9007199254740993') }],
  ],
  ['decimal 0.1 and double 0.1, which differ', { a: decimal('0.1') }, [{ a: decimal('0.10') }], [{ a: 0.1 }]],
  ['equality inside arrays', { a: 2 }, [{ a: [1, 2] }, { a: 2 }], [{ a: [[2]] }, { a: [1] }]],
  [
    'equality with an array',
    { a: [1, 2] },
    [{ a: [1, 2] }, { a: [[1, 2], 3] }, { a: [1, new Double(2)] }],
    [{ a: [2, 1] }, { a: [1, 2, 3] }],
  ],
  [
    'embedded documents with field order',
    { a: { x: 1, y: 2 } },
    [{ a: { x: 1, y: 2 } }, { a: { x: new Double(1), y: 2 } }],
    [{ a: { y: 2, x: 1 } }, { a: { x: 1 } }],
  ],
  ['null', { a: null }, [{}, { a: null }, { a: [1, null] }], [{ a: 0 }, { a: [] }, { a: {} }]],
  [
    'null behind an array',
    { 'a.b': null },
    [{ a: [{ b: 1 }, {}] }, {}, { a: 5 }, { a: { b: null } }],
    [{ a: [] }, { a: [1, 2] }, { a: [{ b: 1 }] }],
  ],
  ['$ne null', { a: { $ne: null } }, [{ a: 1 }, { a: [] }], [{}, { a: null }, { a: [null] }]],
  ['$gte null', { a: { $gte: null } }, [{}, { a: null }], [{ a: 1 }]],
  ['$lt null', { a: { $lt: null } }, [], [{}, { a: null }, { a: 1 }]],
  [
    '$gt only within the type',
    { a: { $gt: 5 } },
    [{ a: 6 }, { a: long('6') }, { a: decimal('5.01') }, { a: [1, 9] }],
    [{ a: 5 }, { a: '9' }, { a: id }, {}, { a: nan }],
  ],
  ['a range over an array, each bound by its own element', { a: { $gt: 5, $lt: 3 } }, [{ a: [1, 9] }], [{ a: 4 }]],
  ['$lte of a string by UTF-8', { a: { $lte: 'ä' } }, [{ a: 'z' }, { a: 'ä' }], [{ a: '中' }, { a: 1 }]],
  [
    '$gt of a date',
    { a: { $gt: new Date(0) } },
    [{ a: new Date(1) }],
    [{ a: new Date(-1) }, { a: 5 }, { a: Timestamp.fromBits(1, 1) }],
  ],
  ['$lt of a boolean', { a: { $lt: true } }, [{ a: false }], [{ a: true }, { a: 0 }]],
  ['$gt of an ObjectId', { a: { $gt: new ObjectId('000000000000000000000000') } }, [{ a: id }], [{ a: 'x' }]],
  ['$gt of an object', { a: { $gt: { x: 1 } } }, [{ a: { x: 2 } }, { a: { x: 1, y: 0 } }], [{ a: { x: 1 } }, { a: 5 }]],
  ['$gt of an array', { a: { $gt: [1] } }, [{ a: [2] }, { a: [1, 0] }], [{ a: 5 }, { a: [1] }]],
  ['NaN equals NaN', { a: nan }, [{ a: nan }, { a: decimal('NaN') }], [{ a: 1 }, {}]],
  ['$gte NaN', { a: { $gte: nan } }, [{ a: nan }], [{ a: 1 }]],
  ['$lt is never true of NaN', { a: { $lt: 5 } }, [{ a: 1 }, { a: -Infinity }], [{ a: nan }, { a: decimal('NaN') }]],
  ['above MinKey', { a: { $gt: new MinKey() } }, [{ a: 1 }, { a: null }, { a: 'x' }, {}], [{ a: new MinKey() }]],
  ['at most MaxKey', { a: { $lte: new MaxKey() } }, [{ a: 1 }, { a: new MaxKey() }], []],
  [
    'binaries by subtype',
    { a: new Binary(Buffer.from('x'), 0) },
    [{ a: new Binary(Buffer.from('x'), 0) }],
    [{ a: new Binary(Buffer.from('x'), 128) }],
  ],
  [
    '$in',
    { a: { $in: [1, 'x', null] } },
    [{ a: 1 }, { a: 'x' }, {}, { a: [3, 'x'] }, { a: long('1') }],
    [{ a: 2 }, { a: [] }],
  ],
  ['$in of patterns', { a: { $in: [/^b/, 'c'] } }, [{ a: 'bb' }, { a: 'c' }], [{ a: 'ab' }]],
  [
    '$in of many',
    { a: { $in: [5, 3, 9, 'a', 'q', true, 1.5, 8, 7, id, null, 12] } },
    [{ a: 3 }, { a: 'q' }, { a: true }, { a: id }, {}, { a: [0, 12] }],
    [{ a: 4 }, { a: false }, { a: 'b' }],
  ],
  ['$nin', { a: { $nin: [1, null] } }, [{ a: 2 }], [{ a: 1 }, {}, { a: [1] }]],
  ['$exists', { a: { $exists: true } }, [{ a: null }, { a: [] }], [{}]],
  ['$exists: 0', { 'a.b': { $exists: 0 } }, [{}, { a: [] }, { a: 1 }], [{ a: { b: 1 } }, { a: [{ b: 1 }] }]],
  [
    '$type by name',
    { a: { $type: 'number' } },
    [{ a: 1 }, { a: 1.5 }, { a: long('1') }, { a: decimal('1') }, { a: ['x', 1] }],
    [{ a: '1' }, {}],
  ],
  ['$type array', { a: { $type: 'array' } }, [{ a: [] }, { a: [1] }], [{ a: 1 }]],
  ['$type by list', { a: { $type: [2, 'null', -1] } }, [{ a: 'x' }, { a: null }, { a: new MinKey() }], [{ a: 1 }, {}]],
  ['$size', { a: { $size: 2 } }, [{ a: [1, 2] }], [{ a: [1] }, { a: [[1, 2]] }, { a: 2 }, {}]],
  ['$size of an inner array', { 'a.0': { $size: 2 } }, [{ a: [[1, 2]] }], [{ a: [1, 2] }]],
  ['$all', { a: { $all: [1, 2] } }, [{ a: [2, 1, 3] }], [{ a: [1] }, { a: 1 }]],
  ['$all of one', { a: { $all: ['x'] } }, [{ a: 'x' }, { a: ['x'] }], [{}]],
  ['$all of none', { a: { $all: [] } }, [], [{}, { a: [] }]],
  ['$all of an array', { a: { $all: [[1, 2]] } }, [{ a: [1, 2] }, { a: [[1, 2]] }], [{ a: [1] }]],
  [
    '$all of $elemMatch',
    { a: { $all: [{ $elemMatch: { x: 1 } }, { $elemMatch: { x: 2 } }] } },
    [{ a: [{ x: 2 }, { x: 1 }] }],
    [{ a: [{ x: 1 }] }],
  ],
  [
    '$elemMatch on values',
    { a: { $elemMatch: { $gt: 2, $lt: 5 } } },
    [{ a: [1, 3] }],
    [{ a: [1, 9] }, { a: 3 }, { a: [[3]] }],
  ],
  [
    '$elemMatch on documents',
    { a: { $elemMatch: { x: 1, y: { $gt: 1 } } } },
    [{ a: [{ x: 1, y: 2 }] }],
    [
      {
        a: [
          { x: 1, y: 1 },
          { x: 2, y: 2 },
        ],
      },
      { a: { x: 1, y: 2 } },
    ],
  ],
  [
    '$elemMatch inside arrays of arrays',
    { a: { $elemMatch: { $elemMatch: { $eq: 1 } } } },
    [{ a: [[1]] }],
    [{ a: [1] }],
  ],
  [
    '$elemMatch with $or',
    { a: { $elemMatch: { $or: [{ x: 1 }, { y: 1 }] } } },
    [{ a: [{ y: 1 }] }],
    [{ a: [{ x: 2 }] }],
  ],
  ['$elemMatch with $not', { a: { $elemMatch: { $not: { $gt: 1 } } } }, [{ a: [0, 5] }, { a: ['x'] }], [{ a: [5] }]],
  ['$elemMatch by position in inner arrays', { a: { $elemMatch: { 0: 1 } } }, [{ a: [[1, 2]] }], [{ a: [[2, 1]] }]],
  [
    '$mod',
    { a: { $mod: [4, 1] } },
    [{ a: 5 }, { a: 5.9 }, { a: long('9') }, { a: decimal('13.5') }],
    [{ a: 4 }, { a: '5' }, { a: Infinity }, { a: nan }, {}],
  ],
  ['$mod of negatives', { a: { $mod: [4, -1] } }, [{ a: -5 }], [{ a: 5 }]],
  [
    '$mod of large divisors',
    { a: { $mod: [long('9007199254740993'), 1] } },
    [{ a: long('9007199254740994') }, { a: 1 }],
    [{ a: 2 }],
  ],
  ['$regex plain', { a: { $regex: 'ell' } }, [{ a: 'hello' }, { a: ['x', 'well'] }], [{ a: 'helo' }, { a: 5 }]],
  ['$regex anchored', { a: /^he/ }, [{ a: 'hello' }], [{ a: 'the' }]],
  ['$regex with options', { a: { $regex: '^b.c$', $options: 'ims' } }, [{ a: 'a\nB\nC' }, { a: 'bxc' }], [{ a: 'bc' }]],
  [
    '$regex with layout',
    { a: { $regex: 'a b # comment\n [ #]\\ c', $options: 'x' } },
    [{ a: 'ab# c' }, { a: 'ab  c' }],
    [{ a: 'a b' }],
  ],
  ['$regex against a stored pattern', { a: /x/i }, [{ a: /x/i }], [{ a: /x/ }, { a: /y/i }]],
  ['$regex of what V8 cannot do in time', { a: /^(a+)+$/ }, [{ a: 'aaaa' }], [{ a: `${'a'.repeat(5000)}b` }]],
  ['$not', { a: { $not: { $gt: 5 } } }, [{ a: 5 }, {}, { a: 'x' }], [{ a: 6 }, { a: [1, 6] }]],
  ['$not of a pattern', { a: { $not: /x/ } }, [{ a: 'y' }, {}], [{ a: 'xy' }]],
  [
    '$and, $or, $nor',
    { $and: [{ $or: [{ a: 1 }, { b: 1 }] }, { $nor: [{ c: 1 }] }] },
    [{ a: 1 }, { b: 1, c: 2 }],
    [{ c: 1, a: 1 }, {}],
  ],
  [
    '$bitsAllSet by mask',
    { a: { $bitsAllSet: 5 } },
    [{ a: 7 }, { a: 5 }, { a: long('-1') }, { a: new Double(13) }, { a: new Binary(Buffer.of(5)) }],
    [{ a: 4 }, { a: 5.5 }, { a: 'x' }],
  ],
  ['$bitsAllClear by positions', { a: { $bitsAllClear: [1, 5] } }, [{ a: 0 }, { a: 5 }], [{ a: 2 }, { a: -1 }]],
  [
    '$bitsAnySet beyond the width',
    { a: { $bitsAnySet: [100] } },
    [{ a: -1 }],
    [{ a: 1 }, { a: new Binary(Buffer.of(255)) }],
  ],
  ['$bitsAnyClear by binary', { a: { $bitsAnyClear: new Binary(Buffer.of(3)) } }, [{ a: 1 }], [{ a: 3 }]],
  [
    'a path through objects',
    { 'a.b.c': 1 },
    [{ a: { b: { c: 1 } } }, { a: [{ b: { c: 1 } }] }, { a: { b: [{ c: [0, 1] }] } }],
    [{ a: { b: 1 } }, {}],
  ],
  ['a position', { 'a.1': 7 }, [{ a: [5, 7] }, { a: { 1: 7 } }, { a: [{ 1: 7 }] }], [{ a: [7, 5] }]],
  ['a position does not open the array it finds', { 'a.1': 2 }, [], [{ a: [5, [2, 4]] }]],
  ['a path behind a position', { 'a.1.b': 4 }, [{ a: [5, { b: 4 }] }, { a: [5, [{ b: 4 }]] }], [{ a: [{ b: 4 }] }]],
  ['null behind a position', { 'a.1.b': null }, [{ a: [5, { b: 4 }] }], [{ a: [5, [{ b: 4 }]] }]],
  [
    'names of prototypes',
    { __proto__x: 1, 'constructor.name': { $exists: false } },
    [{ __proto__x: 1 }],
    [{ __proto__x: 1, constructor: { name: 1 } }],
  ],
  ['a DBRef as a value', { a: { $ref: 'c', $id: 1 } }, [{ a: { $ref: 'c', $id: 1 } }], [{ a: { $ref: 'c', $id: 2 } }]],
  ['$comment', { a: 1, $comment: 'why' }, [{ a: 1 }], [{ a: 2 }]],
  ['code', { a: new Code('x') }, [{ a: new Code('x') }], [{ a: 'x' }]],
];

describe('a filter', () => {
  test.each(table)('%s', (_what, filter, yes, no) => {
    for (const document of yes) expect(holds(filter, document), JSON.stringify(document)).toBe(true);
    for (const document of no) expect(holds(filter, document), JSON.stringify(document)).toBe(false);
  });

  test('of a field with a prototype name tests the stored field', () => {
    const document = bson(JSON.parse('{"__proto__": 5}') as Document);
    expect(compilePredicate(parseFilter(bson(JSON.parse('{"__proto__": 5}') as Document)))(document)).toBe(true);
  });

  test.each<readonly [Document, number, string]>([
    [{ $foo: 1 }, 2, 'unknown top level operator: $foo'],
    [{ a: { $foo: 1 } }, 2, 'unknown operator: $foo'],
    [{ a: { $gt: 1, b: 2 } }, 2, 'unknown operator: b'],
    [{ $and: 1 }, 2, '$and must be an array'],
    [{ $or: [] }, 2, '$and/$or/$nor must be a nonempty array'],
    [{ $nor: [5] }, 2, '$or/$and/$nor entries need to be full objects'],
    [{ a: { $in: 5 } }, 2, '$in needs an array'],
    [{ a: { $nin: 5 } }, 2, '$nin needs an array'],
    [{ a: { $in: [{ $gt: 1 }] } }, 2, 'cannot nest $ under $in'],
    [{ a: { $not: 5 } }, 2, '$not needs a regex or a document'],
    [{ a: { $not: {} } }, 2, '$not cannot be empty'],
    [{ a: { $ne: /x/ } }, 2, "Can't have regex as arg to $ne."],
    [{ a: { $gt: /x/ } }, 2, "Can't have RegEx as arg to predicate over field 'a'."],
    [{ a: { $all: 5 } }, 2, '$all needs an array'],
    [{ a: { $all: [{ $gt: 1 }] } }, 2, 'no $ expressions in $all'],
    [{ a: { $elemMatch: 5 } }, 2, '$elemMatch needs an Object'],
    [{ a: { $mod: 5 } }, 2, 'malformed mod, needs to be an array'],
    [{ a: { $mod: [1] } }, 2, 'malformed mod, not enough elements'],
    [{ a: { $mod: [1, 2, 3] } }, 2, 'malformed mod, too many elements'],
    [{ a: { $mod: ['x', 1] } }, 2, 'malformed mod, divisor not a number'],
    [{ a: { $mod: [0.5, 1] } }, 2, 'divisor cannot be 0'],
    [{ a: { $mod: [nan, 1] } }, 2, 'Unable to coerce NaN/Inf to integral type'],
    [{ a: { $size: 'x' } }, 9, 'Failed to parse $size'],
    [{ a: { $size: 1.5 } }, 9, 'Expected an integer'],
    [{ a: { $size: -1 } }, 9, 'Expected a non-negative number'],
    [{ a: { $type: 'foo' } }, 2, 'Unknown type name alias: foo'],
    [{ a: { $type: 99 } }, 2, 'Invalid numerical type code: 99'],
    [{ a: { $type: true } }, 14, 'type must be represented as a number or a string'],
    [{ a: { $type: [] } }, 9, 'must match at least one type'],
    [{ a: { $options: 'i' } }, 2, '$options needs a $regex'],
    [{ a: { $regex: 5 } }, 2, '$regex has to be a string'],
    [{ a: { $regex: 'x', $options: 'g' } }, 51108, 'invalid flag in regex options'],
    [{ a: { $regex: /x/i, $options: 'm' } }, 51075, 'options set in both $regex and $options'],
    [{ a: { $bitsAllSet: -1 } }, 9, 'Expected a non-negative number'],
    [{ a: { $bitsAllSet: 'x' } }, 2, 'takes an Array, a number, or a BinData'],
    [{ $where: 'true' }, 238, '$where is not supported'],
    [{ $expr: { $eq: [1, 1] } }, 238, '$expr is not supported'],
    [{ $text: { $search: 'x' } }, 238, '$text is not supported'],
    [{ $jsonSchema: {} }, 238, '$jsonSchema is not supported'],
    [{ a: { $near: [0, 0] } }, 238, '$near is not supported'],
  ])('%j is refused with code %i: %s', (filter, code, words) => {
    const error = refusal(filter);
    expect(error.code).toBe(code);
    expect(error.message).toContain(words);
  });

  test('nested too deeply, or a path too long, is refused and not followed', () => {
    let filter: Document = { a: 1 };
    for (let i = 0; i < 120; i++) filter = { $and: [filter, { b: 1 }] };
    expect(refusal(filter).message).toContain('depth');
    expect(refusal({ [Array.from({ length: 300 }, () => 'a').join('.')]: 1 }).message).toContain('too long');
  });

  test('with a pattern no linear engine can run is refused', () => {
    expect(() => holds({ a: { $regex: '(?=x)' } }, { a: 'x' })).toThrow('linear-time');
  });
});

describe('random filters on random documents', () => {
  const scale = Number(process.env['MERIDIAN_TEST_SCALE'] ?? 1);

  test('agree with the naive evaluator', () => {
    const seed = Number(process.env['MERIDIAN_SEED'] ?? Date.now() % 1_000_000);
    const random = randomOf(seed);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
    const atom = (): Plain => pick<Plain>([null, true, false, 0, 1, 2, 3, 1.5, -1, 'a', 'b', '']);
    const value = (level: number): Plain => {
      const roll = random();
      if (level === 0 || roll < 0.5) return atom();
      if (roll < 0.75) return Array.from({ length: Math.floor(random() * 4) }, () => value(level - 1));
      return object(level - 1);
    };
    const object = (level: number): PlainObject => {
      const made: PlainObject = {};
      for (const name of ['a', 'b', 'c', '0']) if (random() < 0.5) made[name] = value(level);
      return made;
    };
    const path = (): string =>
      Array.from({ length: 1 + Math.floor(random() * 3) }, () => pick(['a', 'b', 'c', '0', '1'])).join('.');
    const plainOperand = (): Plain => {
      const made = value(2);
      // An operand that begins with a dollar or a document operand in $in would be another filter.
      return made;
    };
    const condition = (level: number): PlainObject => {
      const made: PlainObject = {};
      for (let i = 0; i <= random() * 2; i++) {
        const operator = pick([
          '$eq',
          '$ne',
          '$gt',
          '$gte',
          '$lt',
          '$lte',
          '$in',
          '$nin',
          '$exists',
          '$type',
          '$size',
          '$mod',
          '$all',
          '$not',
          '$elemMatch',
        ]);
        if (operator === '$in' || operator === '$nin' || operator === '$all')
          made[operator] = Array.from({ length: Math.floor(random() * 12) }, plainOperand);
        else if (operator === '$exists') made[operator] = random() < 0.5;
        else if (operator === '$type')
          made[operator] = pick(['int', 'double', 'string', 'array', 'object', 'null', 'bool']);
        else if (operator === '$size') made[operator] = Math.floor(random() * 3);
        else if (operator === '$mod') made[operator] = [2, pick([0, 1, -1])];
        else if (operator === '$not') {
          if (level > 0) made[operator] = condition(level - 1);
        } else if (operator === '$elemMatch') {
          if (level > 0) made[operator] = random() < 0.5 ? elementCondition(level - 1) : filter(level - 1);
        } else made[operator] = plainOperand();
      }
      return Object.keys(made).length === 0 ? { $exists: true } : made;
    };
    const elementCondition = (level: number): PlainObject => {
      const made = condition(level);
      delete made['$all'];
      return Object.keys(made).length === 0 ? { $gt: 0 } : made;
    };
    const filter = (level: number): PlainObject => {
      const made: PlainObject = {};
      for (let i = 0; i <= random() * 2; i++) {
        if (level > 0 && random() < 0.3)
          made[pick(['$and', '$or', '$nor'])] = Array.from({ length: 1 + Math.floor(random() * 2) }, () =>
            filter(level - 1),
          );
        else made[path()] = random() < 0.3 ? plainOperand() : condition(level);
      }
      return made;
    };
    let matched = 0;
    const documents = 6;
    const filters = 4_000 * scale;
    for (let run = 0; run < filters; run++) {
      const given = filter(2);
      const compiled = compilePredicate(parseFilter(bson(given)));
      for (let i = 0; i < documents; i++) {
        const document = object(3);
        const expected = matches(given, document);
        if (expected) matched++;
        if (compiled(bson(document)) !== expected)
          expect.fail(`seed ${seed}: ${JSON.stringify(given)} on ${JSON.stringify(document)} should be ${expected}`);
      }
    }
    expect(matched / (filters * documents), `seed ${seed}`).toBeGreaterThan(0.1);
    expect(matched / (filters * documents), `seed ${seed}`).toBeLessThan(0.9);
  });
});

test('a position is where the outermost array matched', () => {
  const position = (filter: Document, document: Document): number =>
    compilePosition(parseFilter(bson(filter)))(bson(document));
  expect(position({ a: 3 }, { a: [1, 2, 3] })).toBe(2);
  expect(position({ a: 3 }, { a: 3 })).toBe(-1);
  expect(position({ a: 3 }, { a: [1] })).toBe(-2);
  expect(position({ 'a.b': 5 }, { a: [{ b: [0] }, { b: [4, 5] }] })).toBe(1);
  expect(position({ a: { $elemMatch: { x: 1 } } }, { a: [{}, { x: 1 }] })).toBe(1);
  expect(position({ a: 1, b: 7 }, { a: [0, 1], b: [5, 6, 7] })).toBe(2);
  expect(position({ $or: [{ $and: [{ a: 1 }, { c: 9 }] }, { b: 5 }] }, { a: [0, 0, 1], b: [4, 5] })).toBe(1);
  expect(position({ a: 1, b: { $not: { $eq: 9 } } }, { a: [0, 1], b: [1, 2, 3] })).toBe(1);
  expect(position({ 'a.0.b': 3 }, { a: [{ b: [2, 3] }] })).toBe(1);
});
