// Every expression operator through the driver, with the BSON type of each value. Expectations are from the MongoDB
// manual's description of each operator, on data of our own.

import { Decimal128, Double, Int32, Long, ObjectId, Timestamp, Binary, type Document } from 'bson';
import type { Collection, MongoClient } from 'mongodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { operatorNames } from '../../../../frontends/mongo/aggregate/operators.ts';
import { start, type Started } from '../door/start.ts';
import { exact, results } from './exact.ts';

let server: Started;
let client: MongoClient;
let one: Collection<Document>;

const long = (value: number | string): Long => Long.fromString(String(value));
const double = (value: number): Double => new Double(value);
const decimal = (value: string): Decimal128 => Decimal128.fromString(value);
const date = (value: string): Date => new Date(value);
const id = new ObjectId('65e07b80aabbccddeeff0011');

const document = {
  _id: 1,
  i: 7,
  l: long(7),
  d: 2.5,
  m: decimal('1.50'),
  s: 'Hello, wörld',
  t: true,
  n: null,
  a: [3, 1, 2],
  o: { x: 1, y: { z: 'deep' } },
  list: [{ k: 'a', v: 1 }, { k: 'b', v: 2 }, { k: 'c' }],
  nested: [[1, 2], [3]],
  when: date('2024-02-29T13:05:09.042Z'),
  id,
};

beforeAll(async () => {
  server = await start();
  client = await server.client();
  one = client.db('d').collection('one');
  await one.insertOne(document as never);
});
afterAll(async () => {
  expect(server.faults).toEqual([]);
  await server.stop();
});

/** Expression and its value; `missing` where there is none. */
const missing = Symbol('missing');
type Row = readonly [expression: unknown, value: unknown];

const paths: Row[] = [
  ['$i', 7],
  ['$o.y.z', 'deep'],
  ['$none', missing],
  ['$i.x', missing],
  ['$list.k', ['a', 'b', 'c']],
  ['$list.v', [1, 2]],
  ['$a.0', []],
  ['$nested.x', []],
  ['$$ROOT.i', 7],
  ['$$CURRENT.o.x', 1],
  ['$$REMOVE', missing],
  [{ $type: '$$NOW' }, 'date'],
  [{ $literal: '$i' }, '$i'],
  [
    ['$i', '$none', { a: '$s' }],
    [7, null, { a: 'Hello, wörld' }],
  ],
  [
    { p: '$i', q: '$none', r: { s: '$t' } },
    { p: 7, r: { s: true } },
  ],
  [{ $let: { vars: { x: '$i', y: 3 }, in: { $add: ['$$x', '$$y'] } } }, 10],
  [{ $let: { vars: { CURRENT: '$o' }, in: '$y.z' } }, 'deep'],
  [{ $let: { vars: { x: 1 }, in: { $let: { vars: { x: 2, y: '$$x' }, in: ['$$x', '$$y'] } } } }, [2, 1]],
];

const arithmetic: Row[] = [
  [{ $add: ['$i', 1] }, 8],
  [{ $add: ['$i', '$l'] }, long(14)],
  [{ $add: ['$i', '$d'] }, 9.5],
  [{ $add: ['$i', '$m'] }, decimal('8.50')],
  [{ $add: [2147483647, 1] }, long(2147483648)],
  [{ $add: [long('9223372036854775807'), 1] }, double(9223372036854775808)],
  [{ $add: ['$when', 1000] }, date('2024-02-29T13:05:10.042Z')],
  [{ $add: ['$i', '$n'] }, null],
  [{ $add: [] }, 0],
  [{ $add: [0.1, 0.2] }, 0.30000000000000004],
  [{ $subtract: ['$i', 10] }, -3],
  [{ $subtract: ['$when', date('2024-02-29T13:05:09.000Z')] }, long(42)],
  [{ $subtract: ['$when', 42] }, date('2024-02-29T13:05:09.000Z')],
  [{ $subtract: [-2147483648, 1] }, long(-2147483649)],
  [{ $multiply: ['$i', '$d'] }, 17.5],
  [{ $multiply: [65536, 65536] }, long(4294967296)],
  [{ $multiply: ['$m', 2] }, decimal('3.00')],
  [{ $multiply: [long('4611686018427387904'), 4] }, double(18446744073709551616)],
  [{ $divide: ['$i', 2] }, 3.5],
  [{ $divide: [6, 3] }, double(2)],
  [{ $divide: [decimal('1'), 3] }, decimal('0.3333333333333333333333333333333333')],
  [{ $divide: [decimal('6.0'), 3] }, decimal('2.0')],
  [{ $mod: ['$i', 4] }, 3],
  [{ $mod: [-7, 4] }, -3],
  [{ $mod: [7.5, 2] }, 1.5],
  [{ $mod: [decimal('7.5'), 2] }, decimal('1.5')],
  [{ $abs: -3 }, 3],
  [{ $abs: -2147483648 }, long(2147483648)],
  [{ $abs: -2.5 }, 2.5],
  [{ $ceil: 2.1 }, double(3)],
  [{ $ceil: decimal('2.1') }, decimal('3')],
  [{ $ceil: 3 }, 3],
  [{ $floor: -2.1 }, double(-3)],
  [{ $floor: decimal('-2.1') }, decimal('-3')],
  [{ $round: 2.5 }, double(2)],
  [{ $round: 3.5 }, double(4)],
  [{ $round: [-2.5] }, double(-2)],
  [{ $round: [19.25, 1] }, 19.2],
  [{ $round: [1234, -2] }, 1200],
  [{ $round: [decimal('1.255'), 2] }, decimal('1.26')],
  [{ $trunc: [7.85, 1] }, 7.8],
  [{ $trunc: [1299, -2] }, 1200],
  [{ $trunc: -3.9 }, double(-3)],
  [{ $sqrt: 25 }, double(5)],
  [{ $sqrt: decimal('2') }, decimal('1.414213562373095048801688724209698')],
  [{ $sqrt: '$n' }, null],
  [{ $pow: [2, 10] }, 1024],
  [{ $pow: [2, 31] }, long(2147483648)],
  [{ $pow: [2, 64] }, double(18446744073709551616)],
  [{ $pow: [2, -1] }, 0.5],
  [{ $pow: [2.5, 2] }, 6.25],
  [{ $pow: [decimal('1.1'), 2] }, decimal('1.21')],
  [{ $exp: 0 }, double(1)],
  [{ $exp: decimal('1') }, decimal('2.718281828459045235360287471352662')],
  [{ $ln: 1 }, double(0)],
  [{ $ln: decimal('10') }, decimal('2.302585092994045684017991454684364')],
  [{ $log10: 1000 }, double(3)],
  [{ $log: [8, 2] }, double(3)],
  [{ $log10: decimal('1000') }, decimal('3')],
  [{ $bitAnd: [12, 10] }, 8],
  [{ $bitOr: [12, long(3)] }, long(15)],
  [{ $bitXor: [12, 10] }, 6],
  [{ $bitNot: 5 }, -6],
];

const comparison: Row[] = [
  [{ $cmp: ['$i', 8] }, -1],
  [{ $cmp: ['b', 1] }, 1],
  [{ $cmp: ['$none', null] }, -1],
  [{ $eq: ['$i', '$l'] }, true],
  [{ $eq: ['$none', null] }, false],
  [{ $ne: [1, '1'] }, true],
  [{ $gt: [true, 'z'] }, true],
  [{ $gte: ['$i', double(7)] }, true],
  [
    {
      $lt: [
        [1, 2],
        [1, 3],
      ],
    },
    true,
  ],
  [{ $lte: [{ a: 1 }, { a: 1 }] }, true],
  [{ $and: [1, 'x', '$t'] }, true],
  [{ $and: [1, '$n'] }, false],
  [{ $and: [] }, true],
  [{ $or: [0, '$none', false] }, false],
  [{ $or: [] }, false],
  [{ $not: ['$n'] }, true],
  [{ $not: [[]] }, false],
  [{ $cond: [{ $gt: ['$i', 5] }, 'big', 'small'] }, 'big'],
  [{ $cond: { if: '$n', then: { $divide: [1, 0] }, else: 'no' } }, 'no'],
  [{ $ifNull: ['$n', '$none', 'last'] }, 'last'],
  [{ $ifNull: ['$i', 0] }, 7],
  [{ $ifNull: ['$n', '$none'] }, missing],
  [
    {
      $switch: {
        branches: [
          { case: false, then: 1 },
          { case: '$t', then: 2 },
        ],
        default: 3,
      },
    },
    2,
  ],
  [{ $switch: { branches: [{ case: false, then: 1 }], default: '$s' } }, 'Hello, wörld'],
];

const strings: Row[] = [
  [{ $concat: ['a', '$s'] }, 'aHello, wörld'],
  [{ $concat: ['a', '$none'] }, null],
  [{ $substrCP: ['$s', 7, 3] }, 'wör'],
  [{ $substrBytes: ['$s', 0, 5] }, 'Hello'],
  [{ $substrBytes: ['$s', 7, -1] }, 'wörld'],
  [{ $substr: [1234, 1, 2] }, '23'],
  [{ $toLower: 'ÀBC' }, 'Àbc'],
  [{ $toUpper: '$s' }, 'HELLO, WöRLD'],
  [{ $toUpper: '$n' }, ''],
  [{ $split: ['a-b-c', '-'] }, ['a', 'b', 'c']],
  [{ $trim: { input: ' \t x y \n' } }, 'x y'],
  [{ $ltrim: { input: 'xxabcx', chars: 'x' } }, 'abcx'],
  [{ $rtrim: { input: 'abcxy', chars: 'yx' } }, 'abc'],
  [{ $indexOfCP: ['$s', 'rld'] }, 9],
  [{ $indexOfBytes: ['$s', 'rld'] }, 10],
  [{ $indexOfCP: ['abcabc', 'b', 2] }, 4],
  [{ $indexOfBytes: ['abc', 'z'] }, -1],
  [{ $strLenCP: '$s' }, 12],
  [{ $strLenBytes: '$s' }, 13],
  [{ $strcasecmp: ['ABC', 'abd'] }, -1],
  [{ $strcasecmp: ['ABC', 'abc'] }, 0],
  [{ $regexMatch: { input: '$s', regex: 'w.rld' } }, true],
  [{ $regexMatch: { input: '$s', regex: /HELLO/i } }, true],
  [{ $regexMatch: { input: '$n', regex: 'x' } }, false],
  [{ $regexFind: { input: '$s', regex: 'w(.)(x)?rld' } }, { match: 'wörld', idx: 7, captures: ['ö', null] }],
  [{ $regexFind: { input: '$s', regex: 'q' } }, null],
  [
    { $regexFindAll: { input: 'öaxay', regex: 'a(.)' } },
    [
      { match: 'ax', idx: 1, captures: ['x'] },
      { match: 'ay', idx: 3, captures: ['y'] },
    ],
  ],
  [{ $replaceOne: { input: 'a.a', find: 'a', replacement: 'b' } }, 'b.a'],
  [{ $replaceAll: { input: 'a.a', find: 'a', replacement: 'b' } }, 'b.b'],
  [{ $replaceAll: { input: '$n', find: 'a', replacement: 'b' } }, null],
];

const arrays: Row[] = [
  [{ $arrayElemAt: ['$a', 0] }, 3],
  [{ $arrayElemAt: ['$a', -1] }, 2],
  [{ $arrayElemAt: ['$a', 9] }, missing],
  [
    {
      $arrayToObject: [
        [
          ['a', 1],
          ['b', 2],
        ],
      ],
    },
    { a: 1, b: 2 },
  ],
  [
    {
      $arrayToObject: {
        $literal: [
          { k: 'a', v: 1 },
          { k: 'a', v: 2 },
        ],
      },
    },
    { a: 2 },
  ],
  [{ $concatArrays: ['$a', [9], []] }, [3, 1, 2, 9]],
  [{ $concatArrays: ['$a', '$n'] }, null],
  [{ $filter: { input: '$a', as: 'e', cond: { $gt: ['$$e', 1] } } }, [3, 2]],
  [{ $filter: { input: '$a', cond: { $gt: ['$$this', 0] }, limit: 1 } }, [3]],
  [{ $first: '$a' }, 3],
  [{ $last: '$a' }, 2],
  [{ $first: [[]] }, missing],
  [{ $firstN: { input: '$a', n: 2 } }, [3, 1]],
  [{ $lastN: { input: '$a', n: 2 } }, [1, 2]],
  [{ $maxN: { input: '$a', n: 2 } }, [3, 2]],
  [{ $minN: { input: '$a', n: 2 } }, [1, 2]],
  [{ $in: [2, '$a'] }, true],
  [{ $in: ['x', '$a'] }, false],
  [{ $indexOfArray: ['$a', 2] }, 2],
  [{ $indexOfArray: ['$a', 3, 1] }, -1],
  [{ $isArray: '$a' }, true],
  [{ $isArray: ['$s'] }, false],
  [{ $map: { input: '$a', as: 'e', in: { $multiply: ['$$e', '$i'] } } }, [21, 7, 14]],
  [{ $map: { input: '$list', in: '$$this.v' } }, [1, 2, null]],
  [
    { $objectToArray: '$o' },
    [
      { k: 'x', v: 1 },
      { k: 'y', v: { z: 'deep' } },
    ],
  ],
  [{ $range: [0, 10, 3] }, [0, 3, 6, 9]],
  [{ $range: [3, 0, -1] }, [3, 2, 1]],
  [{ $reduce: { input: '$a', initialValue: 0, in: { $add: ['$$value', '$$this'] } } }, 6],
  [{ $reduce: { input: ['a', 'b'], initialValue: '', in: { $concat: ['$$this', '$$value'] } } }, 'ba'],
  [{ $reverseArray: '$a' }, [2, 1, 3]],
  [{ $size: '$list' }, 3],
  [{ $slice: ['$a', 2] }, [3, 1]],
  [{ $slice: ['$a', -2] }, [1, 2]],
  [{ $slice: ['$a', 1, 5] }, [1, 2]],
  [{ $sortArray: { input: '$a', sortBy: 1 } }, [1, 2, 3]],
  [{ $sortArray: { input: [{ p: 1 }, { p: 3 }, 5], sortBy: { p: -1 } } }, [{ p: 3 }, { p: 1 }, 5]],
  [
    { $zip: { inputs: ['$a', ['x', 'y']] } },
    [
      [3, 'x'],
      [1, 'y'],
    ],
  ],
  [
    { $zip: { inputs: [[1], ['x', 'y']], useLongestLength: true, defaults: [0, '-'] } },
    [
      [1, 'x'],
      [0, 'y'],
    ],
  ],
];

const sets: Row[] = [
  [{ $setDifference: [[1, 2, 2, 3], [2]] }, [1, 3]],
  [
    {
      $setEquals: [
        [1, 2, 1],
        [2, double(1)],
      ],
    },
    true,
  ],
  [
    {
      $setIntersection: [
        [3, 1, 2],
        [2, 3, 4],
      ],
    },
    [3, 2],
  ],
  [{ $setUnion: [[1], [2, 1]] }, [1, 2]],
  [{ $setUnion: [[1], '$n'] }, null],
  [{ $setIsSubset: [[1], '$a'] }, true],
  [{ $allElementsTrue: [[1, true, 'x']] }, true],
  [{ $anyElementTrue: [[0, false, null]] }, false],
];

const objects: Row[] = [
  [{ $mergeObjects: ['$o', { x: 2 }, '$n'] }, { x: 2, y: { z: 'deep' } }],
  [{ $mergeObjects: '$list' }, { k: 'c', v: 2 }],
  [{ $getField: 'i' }, 7],
  [{ $getField: { field: 'x', input: '$o' } }, 1],
  [{ $getField: { field: { $literal: '$odd.name' }, input: '$o' } }, missing],
  [{ $setField: { field: 'a.b', input: '$o', value: 9 } }, { x: 1, y: { z: 'deep' }, 'a.b': 9 }],
  [{ $unsetField: { field: 'y', input: '$o' } }, { x: 1 }],
  [{ $type: '$m' }, 'decimal'],
  [{ $type: '$none' }, 'missing'],
  [{ $isNumber: '$l' }, true],
  [{ $isNumber: '$s' }, false],
  [{ $bsonSize: { a: 1 } }, 12],
  [{ $binarySize: 'wö' }, 3],
];

const conversions: Row[] = [
  [{ $toInt: 3.9 }, 3],
  [{ $toInt: '42' }, 42],
  [{ $toInt: true }, 1],
  [{ $toLong: '$i' }, long(7)],
  [{ $toLong: '$when' }, long(1709211909042)],
  [{ $toDouble: '2.5e3' }, double(2500)],
  [{ $toDouble: '$m' }, 1.5],
  [{ $toDecimal: 0.1 }, decimal('0.100000000000000')],
  [{ $toDecimal: '1.10' }, decimal('1.10')],
  [{ $toString: '$d' }, '2.5'],
  [{ $toString: '$m' }, '1.50'],
  [{ $toString: '$when' }, '2024-02-29T13:05:09.042Z'],
  [{ $toString: '$id' }, '65e07b80aabbccddeeff0011'],
  [{ $toString: true }, 'true'],
  [{ $toBool: 'false' }, true],
  [{ $toBool: 0 }, false],
  [{ $toDate: '2024-02-29T13:05:09.042+01:00' }, date('2024-02-29T12:05:09.042Z')],
  [{ $toDate: '$id' }, date('2024-02-29T12:41:36.000Z')],
  [{ $toDate: long(1000) }, date('1970-01-01T00:00:01.000Z')],
  [{ $toObjectId: '65e07b80aabbccddeeff0011' }, id],
  [{ $toInt: '$n' }, null],
  [{ $convert: { input: 'x', to: 'int', onError: 'bad' } }, 'bad'],
  [{ $convert: { input: '$n', to: 'int', onNull: -1 } }, -1],
  [{ $convert: { input: '12', to: 16 } }, 12],
];

const dates: Row[] = [
  [{ $year: '$when' }, 2024],
  [{ $month: '$when' }, 2],
  [{ $dayOfMonth: '$when' }, 29],
  [{ $hour: { date: '$when', timezone: '+02:30' } }, 15],
  [{ $hour: { date: '$when', timezone: 'America/New_York' } }, 8],
  [{ $minute: '$when' }, 5],
  [{ $second: '$when' }, 9],
  [{ $millisecond: '$when' }, 42],
  [{ $dayOfYear: '$when' }, 60],
  [{ $dayOfWeek: '$when' }, 5],
  [{ $week: '$when' }, 8],
  [{ $isoWeek: '$when' }, 9],
  [{ $isoWeekYear: date('2027-01-01T00:00:00Z') }, long(2026)],
  [{ $isoDayOfWeek: '$when' }, 4],
  [{ $year: '$n' }, null],
  [{ $year: '$id' }, 2024],
  [
    { $dateToParts: { date: '$when', timezone: 'Europe/Berlin' } },
    { year: 2024, month: 2, day: 29, hour: 14, minute: 5, second: 9, millisecond: 42 },
  ],
  [
    { $dateToParts: { date: '$when', iso8601: true } },
    { isoWeekYear: 2024, isoWeek: 9, isoDayOfWeek: 4, hour: 13, minute: 5, second: 9, millisecond: 42 },
  ],
  [{ $dateFromParts: { year: 2024, month: 14, day: 0, hour: 12 } }, date('2025-01-31T12:00:00.000Z')],
  [{ $dateFromParts: { isoWeekYear: 2024, isoWeek: 9, isoDayOfWeek: 4 } }, date('2024-02-29T00:00:00.000Z')],
  [
    { $dateFromParts: { year: 2024, month: 7, day: 1, timezone: 'America/New_York' } },
    date('2024-07-01T04:00:00.000Z'),
  ],
  [{ $dateToString: { date: '$when' } }, '2024-02-29T13:05:09.042Z'],
  [
    {
      $dateToString: {
        date: '$when',
        format: '%d/%m/%Y %H:%M:%S.%L %j %w %u %U %V %G %b %B %z %Z %%',
        timezone: '+0530',
      },
    },
    '29/02/2024 18:35:09.042 060 5 4 08 09 2024 Feb February +0530 330 %',
  ],
  [{ $dateToString: { date: '$n', onNull: 'never' } }, 'never'],
  [{ $dateFromString: { dateString: '2017-02-08T12:10:40.787' } }, date('2017-02-08T12:10:40.787Z')],
  [{ $dateFromString: { dateString: '2017-02-08', timezone: 'America/New_York' } }, date('2017-02-08T05:00:00.000Z')],
  [{ $dateFromString: { dateString: '06-15-2018', format: '%m-%d-%Y' } }, date('2018-06-15T00:00:00.000Z')],
  [{ $dateFromString: { dateString: '15 Jun 2018' } }, date('2018-06-15T00:00:00.000Z')],
  [{ $dateFromString: { dateString: 'nonsense', onError: 'bad' } }, 'bad'],
  [{ $dateFromString: { dateString: null, onNull: 'none' } }, 'none'],
  [{ $dateAdd: { startDate: '$when', unit: 'day', amount: 3 } }, date('2024-03-03T13:05:09.042Z')],
  [
    { $dateAdd: { startDate: date('2021-01-31T00:00:00Z'), unit: 'month', amount: 1 } },
    date('2021-02-28T00:00:00.000Z'),
  ],
  [{ $dateAdd: { startDate: '$when', unit: 'year', amount: 1 } }, date('2025-02-28T13:05:09.042Z')],
  [
    // A day over the start of summer time has 23 hours.
    {
      $dateAdd: { startDate: date('2021-03-14T05:00:00Z'), unit: 'day', amount: 1, timezone: 'America/New_York' },
    },
    date('2021-03-15T04:00:00.000Z'),
  ],
  [{ $dateSubtract: { startDate: '$when', unit: 'hour', amount: 14 } }, date('2024-02-28T23:05:09.042Z')],
  [{ $dateDiff: { startDate: date('2023-12-31T23:59:59Z'), endDate: '$when', unit: 'year' } }, long(1)],
  [{ $dateDiff: { startDate: date('2024-01-31T00:00:00Z'), endDate: '$when', unit: 'month' } }, long(1)],
  [{ $dateDiff: { startDate: date('2024-02-25T00:00:00Z'), endDate: '$when', unit: 'week' } }, long(0)],
  [
    { $dateDiff: { startDate: date('2024-02-25T00:00:00Z'), endDate: '$when', unit: 'week', startOfWeek: 'monday' } },
    long(1),
  ],
  [{ $dateDiff: { startDate: '$when', endDate: date('2024-02-29T12:59:00Z'), unit: 'hour' } }, long(-1)],
  [{ $dateTrunc: { date: '$when', unit: 'day' } }, date('2024-02-29T00:00:00.000Z')],
  [{ $dateTrunc: { date: '$when', unit: 'hour', binSize: 5 } }, date('2024-02-29T10:00:00.000Z')],
  [{ $dateTrunc: { date: '$when', unit: 'week' } }, date('2024-02-25T00:00:00.000Z')],
  [{ $dateTrunc: { date: '$when', unit: 'week', startOfWeek: 'mon' } }, date('2024-02-26T00:00:00.000Z')],
  [{ $dateTrunc: { date: '$when', unit: 'quarter', timezone: '-03:00' } }, date('2024-01-01T03:00:00.000Z')],
];

const reductions: Row[] = [
  [{ $sum: '$a' }, 6],
  [{ $sum: ['$i', '$d', '$s'] }, 9.5],
  [{ $sum: '$none' }, 0],
  [{ $avg: '$a' }, double(2)],
  [{ $avg: ['$m', 1] }, decimal('1.25')],
  [{ $avg: '$s' }, null],
  [{ $min: ['$a', 5] }, 5],
  [{ $min: '$a' }, 1],
  [{ $max: ['$i', '$n', '$d'] }, 7],
  [{ $stdDevPop: [2, 4] }, double(1)],
  [{ $stdDevSamp: [1, 3] }, Math.SQRT2],
  [{ $stdDevSamp: 1 }, null],
  [{ $lte: [{ $rand: {} }, 1] }, true],
];

const families: Readonly<Record<string, Row[]>> = {
  paths, arithmetic, comparison, strings, arrays, sets, objects, conversions, dates, reductions,
}; // prettier-ignore

describe.each(Object.entries(families))('%s', (_family, rows) => {
  test.each(rows)('%j gives %j', async (expression, value) => {
    const [result] = await results(one, [{ $replaceWith: { r: expression } }]);
    expect(result).toBe(exact(value === missing ? {} : { r: value }));
  });
});

test('every operator stands in the table', () => {
  const text = JSON.stringify(families);
  expect(operatorNames.filter((name) => !text.includes(`"${name}":`))).toEqual([]);
});

describe('what is refused', () => {
  const refused: readonly (readonly [expression: unknown, code: number])[] = [
    [{ $nope: 1 }, 168],
    [{ $add: 1, $subtract: 2 }, 15983],
    ['$', 16872],
    ['$a.', 40353],
    ['$$unknown', 17276],
    [{ $let: { vars: { Upper: 1 }, in: 1 } }, 9],
    [{ $add: ['$s', 1] }, 14],
    [{ $add: ['$when', '$when'] }, 16612],
    [{ $subtract: [1] }, 16020],
    [{ $subtract: [1, '$s'] }, 14],
    [{ $multiply: ['$s'] }, 14],
    [{ $divide: ['$i', 0] }, 2],
    [{ $mod: ['$i', 0] }, 16610],
    [{ $abs: '$s' }, 28765],
    [{ $sqrt: -1 }, 28714],
    [{ $log: [0, 10] }, 28758],
    [{ $pow: [0, -1] }, 28764],
    [{ $round: [1.5, 101] }, 51083],
    [{ $concat: ['$i'] }, 16702],
    [{ $split: ['x', ''] }, 40087],
    [{ $substrBytes: ['$s', 9, 1] }, 28656],
    [{ $strLenCP: '$n' }, 34471],
    [{ $regexMatch: { input: 'x', regex: '(' } }, 51111],
    [{ $arrayElemAt: ['$s', 0] }, 28689],
    [{ $size: '$s' }, 17124],
    [{ $filter: { input: '$s', cond: true } }, 28651],
    [{ $filter: { input: [] } }, 28650],
    [{ $map: { input: '$i', in: 1 } }, 16883],
    [{ $reduce: { input: '$i', initialValue: 0, in: 1 } }, 40080],
    [{ $range: [0, 1, 0] }, 34449],
    [{ $in: [1, '$i'] }, 40081],
    [{ $zip: { inputs: [] } }, 34465],
    [{ $switch: { branches: [] } }, 40068],
    [{ $switch: { branches: [{ case: false, then: 1 }] } }, 40066],
    [{ $cond: { if: 1, then: 2 } }, 17082],
    [{ $mergeObjects: ['$i'] }, 40400],
    [{ $toInt: 'abc' }, 241],
    [{ $toInt: 3e9 }, 241],
    [{ $toDate: 5 }, 241],
    [{ $convert: { input: 1, to: 'nothing' } }, 2],
    [{ $dateToString: { date: '$when', format: '%q' } }, 18536],
    [{ $dateToString: { date: '$when', timezone: 'Mars/Base' } }, 40485],
    [{ $year: '$s' }, 16006],
    [{ $dateFromString: { dateString: 'nonsense' } }, 241],
    [{ $dateFromParts: { month: 1 } }, 40516],
    [{ $dateAdd: { startDate: '$when', unit: 'eon', amount: 1 } }, 9],
    [{ $setUnion: ['$i', []] }, 17043],
    [{ $firstN: { input: '$a', n: 0 } }, 5787908],
    [{ $getField: { field: 1, input: '$o' } }, 5654602],
  ];
  test.each(refused)('%j with %i', async (expression, code) => {
    await expect(one.aggregate([{ $replaceWith: { r: expression } }]).toArray()).rejects.toMatchObject({ code });
  });

  test('endless work on one document, in time', async () => {
    const loop = (inner: unknown): unknown => ({ $map: { input: { $range: [0, 100_000] }, in: inner } });
    await expect(one.aggregate([{ $project: { r: loop(loop(1)) } }]).toArray()).rejects.toMatchObject({ code: 50 });
  });

  test('values without end', async () => {
    const doubling = {
      $reduce: { input: { $range: [0, 60] }, initialValue: 'x', in: { $concat: ['$$value', '$$value'] } },
    };
    await expect(one.aggregate([{ $project: { r: doubling } }]).toArray()).rejects.toMatchObject({ code: 13548 });
    const nesting = { $reduce: { input: { $range: [0, 5000] }, initialValue: [], in: [['$$value']] } };
    await expect(one.aggregate([{ $project: { r: nesting } }]).toArray()).rejects.toMatchObject({ code: 15 });
  });
});

test('names of the prototype are data', async () => {
  const [result] = await results(one, [
    {
      $replaceWith: {
        $arrayToObject: [
          [
            ['__proto__', 1],
            ['constructor', 2],
          ],
        ],
      },
    },
  ]);
  expect(result).toBe('{"__proto__":{"$numberInt":"1"},"constructor":{"$numberInt":"2"}}');
});

test('other types come through as they are', async () => {
  const types = { b: new Binary(new Uint8Array([1, 2]), 4), t: new Timestamp({ t: 1, i: 2 }), i: new Int32(3) };
  const [result] = await results(one, [{ $replaceWith: { $literal: types } }]);
  expect(result).toBe(exact(types));
});
