// Random documents and filters of small alphabets, so that filters match: every BSON type, arrays in arrays, missing
// fields, names that are positions, values that terms cut or that differ in type alone.

import {
  BSONRegExp,
  Binary,
  Code,
  DBRef,
  Decimal128,
  Double,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  Timestamp,
  type Document,
} from 'bson';
import { BSONSymbol } from 'bson';

type Random = () => number;

const long = (text: string): Long => Long.fromString(text);
const decimal = (text: string): Decimal128 => Decimal128.fromString(text);

const atoms: readonly unknown[] = [
  null,
  true,
  false,
  0,
  1,
  2,
  3,
  -1,
  1.5,
  new Double(1),
  new Double(NaN),
  new Double(-0),
  new Double(Infinity),
  long('1'),
  long('9007199254740993'),
  new Double(9007199254740992),
  decimal('1.00'),
  decimal('0.1'),
  decimal('NaN'),
  decimal('9007199254740993'),
  0.1,
  '',
  'a',
  'ab',
  'abc',
  'b',
  'b\0c',
  'é',
  'x'.repeat(96),
  'x'.repeat(97),
  `${'x'.repeat(96)}y`,
  `${'x'.repeat(96)}z`,
  new BSONSymbol('ab'),
  new ObjectId('65a1b2c3d4e5f60718293a4b'),
  new ObjectId('000000000000000000000001'),
  new Date(0),
  new Date(-5),
  new Date(1_700_000_000_000),
  new Timestamp({ t: 1, i: 2 }),
  new Timestamp({ t: 4_000_000_000, i: 2 }),
  new Binary(Buffer.from('ab')),
  new Binary(Buffer.from('ab'), 5),
  new Binary(Buffer.from('abc')),
  new Binary(Buffer.alloc(120, 7)),
  new BSONRegExp('^ab', ''),
  new BSONRegExp('^ab', 'i'),
  new Code('f()'),
  new Code('f()', { x: 1 }),
  new DBRef('c', new ObjectId('000000000000000000000001')),
  new MinKey(),
  new MaxKey(),
];

const operators = [
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
  '$regex',
  '$bitsAnySet',
] as const;

const patterns = [
  '^a',
  '^ab',
  '^abc$',
  'b',
  '^a.*',
  '^x+',
  '^xx?',
  '^(a|b)',
  'a|^b',
  '^\\x61',
  `^${'x'.repeat(97)}`,
  '^b\\.',
];

const typeAliases = [
  'int',
  'double',
  'long',
  'decimal',
  'number',
  'string',
  'array',
  'object',
  'null',
  'bool',
  'date',
  'regex',
  'symbol',
  'minKey',
  'binData',
];

export interface RandomFilters {
  document(): Document;
  filter(): Document;
  value(): unknown;
  pick<T>(list: readonly T[]): T;
  below(limit: number): number;
}

/** Paths of up to three names; some are positions. */
export function randomFilters(random: Random): RandomFilters {
  const below = (limit: number): number => Math.floor(random() * limit);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)]!;
  const list = <T>(length: number, make: () => T): T[] => Array.from({ length }, make);
  const value = (level: number): unknown => {
    const roll = random();
    if (level === 0 || roll < 0.5) return pick(atoms);
    return roll < 0.8 ? list(below(4), () => value(level - 1)) : object(level - 1);
  };
  const object = (level: number): Document => {
    const made: Document = {};
    for (const name of ['a', 'b', 'c', '0']) if (random() < 0.4) made[name] = value(level);
    return made;
  };
  const path = (): string => list(1 + below(3), () => pick(['a', 'a', 'b', 'b', 'c', '0', '1'])).join('.');
  const plain = (): unknown => {
    for (;;) {
      const operand = value(2);
      if (!(operand instanceof BSONRegExp)) return operand;
    }
  };
  const operand = (operator: (typeof operators)[number], level: number): unknown => {
    switch (operator) {
      case '$in':
      case '$nin':
        return list(below(12), () => (random() < 0.05 ? new BSONRegExp('^a', '') : value(2)));
      case '$all':
        return list(below(3), plain);
      case '$exists':
        return random() < 0.5;
      case '$type':
        return random() < 0.5 ? pick(typeAliases) : list(1 + below(3), () => pick(typeAliases));
      case '$size':
        return below(3);
      case '$mod':
        return [2, pick([0, 1, -1])];
      case '$not':
        return level > 0 ? condition(level - 1) : { $gt: 0 };
      case '$elemMatch':
        return level > 0 && random() < 0.6 ? filter(level - 1) : elementCondition(Math.max(0, level - 1));
      case '$regex':
        return pick(patterns);
      case '$bitsAnySet':
        return 1 + below(4);
      default:
        return plain();
    }
  };
  const condition = (level: number): Document => {
    const made: Document = {};
    for (let i = 0; i <= random() * 2; i++) {
      const operator = pick(operators);
      made[operator] = operand(operator, level);
    }
    return made;
  };
  const elementCondition = (level: number): Document => {
    const made = condition(level);
    delete made['$all'];
    return Object.keys(made).length === 0 ? { $gt: 0 } : made;
  };
  const filter = (level: number): Document => {
    const made: Document = {};
    for (let i = 0; i <= random() * 2; i++) {
      if (level > 0 && random() < 0.3)
        made[pick(['$and', '$or', '$nor'])] = list(1 + below(2), () => filter(level - 1));
      else made[path()] = random() < 0.35 ? plain() : condition(level);
    }
    return made;
  };
  return { document: () => object(3), filter: () => filter(2), value: () => value(2), pick, below };
}
