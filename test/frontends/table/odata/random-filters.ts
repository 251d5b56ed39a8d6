// Random entities and filters over few names and values, so that filters match, and a naive reading of both: an oracle
// on plain JavaScript values that shares nothing with the parser, the stored forms or the algebra.

import type { EdmType } from '../../../../model/edm-view.ts';
import { bodyOfEdm, type EdmProperty } from '../../../model/edm-oracle.ts';

type Random = () => number;

interface Plain {
  readonly type: EdmType;
  /** As `edm-view.ts` takes it. */
  readonly stored: string;
  /** As a filter spells it; undefined where no literal does. */
  readonly literal: string | undefined;
}

const plain = (type: EdmType, stored: string, literal: string | undefined): Plain => ({ type, stored, literal });

const strings = ['', 'a', 'ab', 'b', "it's", 'é', '😀', '\uffee', '5', 'true', 'x'.repeat(96), `${'x'.repeat(96)}y`];
const int32s = [0, 1, -1, 5, 2147483647, -2147483648];
const int64s = ['0', '5', '-5', '9007199254740993', '9223372036854775807', '-9223372036854775808'];
const doubles = ['0.0', '5.0', '1.5', '-0.5', '1e10', '9007199254740992.0', '9.223372036854775807e18', '1e300'];
const guids = [
  '00000000-0000-0000-0000-000000000000',
  '6bc44494-d2b7-4738-8f87-acd692226a5c',
  `${'f'.repeat(8)}-0000-0000-0000-000000000001`,
];
const binaries = ['', '00', '61', '6161', '62', '0102030405060708', `04${'ab'.repeat(15)}`, 'ff'.repeat(120)];
const times = [
  '2020-01-01T00:00:00Z',
  '2020-01-01T00:00:00.0000001Z',
  '2020-01-01T00:00:00.0009999Z',
  '2020-01-01T00:00:00.001Z',
  '2020-01-01T00:00:00.0015Z',
  '2020-01-01T00:00:00.002Z',
  '1969-12-31T23:59:59.9999999Z',
  '1970-01-01T00:00:00Z',
  '1601-01-01T00:00:00Z',
  '0001-01-01T00:00:00Z',
  '0001-01-01T00:00:00.0000001Z',
  '9999-12-31T23:59:59.9999999Z',
  '9999-12-31T23:59:59.999Z',
];

export const values: readonly Plain[] = [
  ...strings.map((text) => plain('Edm.String', text, `'${text.replaceAll("'", "''")}'`)),
  ...int32s.map((value) => plain('Edm.Int32', String(value), String(value))),
  ...int64s.map((text) => plain('Edm.Int64', text, `${text}L`)),
  ...doubles.map((text) => plain('Edm.Double', text, text)),
  plain('Edm.Double', 'NaN', 'NaN'),
  plain('Edm.Double', 'Infinity', 'INF'),
  plain('Edm.Double', '-Infinity', '-Infinity'),
  ...guids.map((text) => plain('Edm.Guid', text, `guid'${text.toUpperCase()}'`)),
  ...binaries.map((hex) => plain('Edm.Binary', Buffer.from(hex, 'hex').toString('base64'), `X'${hex}'`)),
  plain('Edm.Binary', Buffer.from('00', 'hex').toString('base64'), "binary'00'"),
  ...times.map((text) => plain('Edm.DateTime', text, `datetime'${text}'`)),
  plain('Edm.Boolean', 'true', 'true'),
  plain('Edm.Boolean', 'false', 'False'),
];

export type Entity = ReadonlyMap<string, Plain>;

export const operators = ['eq', 'ne', 'gt', 'ge', 'lt', 'le'] as const;
type Operator = (typeof operators)[number];

type Tree =
  | { readonly kind: 'and' | 'or'; readonly of: readonly Tree[] }
  | { readonly kind: 'not'; readonly of: Tree }
  | {
      readonly kind: 'compare';
      readonly operator: Operator;
      readonly left: string | Plain;
      readonly right: string | Plain;
    }
  | { readonly kind: 'flag'; readonly property: string }
  | { readonly kind: 'constant'; readonly value: boolean };

const isNumber = (type: EdmType): boolean => type === 'Edm.Int32' || type === 'Edm.Int64' || type === 'Edm.Double';

/** Digits of a time since the year 1: these texts are ordered as their times once they are of one length. */
const timeKey = (text: string): string => `${text.replace('Z', '').padEnd(20, '.').padEnd(27, '0')}`;

/** Order of two comparable values; undefined when they have none. */
function order(a: Plain, b: Plain): number | undefined {
  const sign = (below: boolean, above: boolean): number => (below ? -1 : above ? 1 : 0);
  if (isNumber(a.type) && isNumber(b.type)) {
    if (a.stored === 'NaN' || b.stored === 'NaN') return a.stored === b.stored ? 0 : undefined;
    // Mixed comparison of bigint and number is exact in JavaScript.
    const [x, y] = [a, b].map(({ type, stored }) => (type === 'Edm.Double' ? Number(stored) : BigInt(stored)));
    return sign(x! < y!, x! > y!);
  }
  if (a.type !== b.type) return undefined;
  switch (a.type) {
    case 'Edm.Binary':
      return Buffer.compare(Buffer.from(a.stored, 'base64'), Buffer.from(b.stored, 'base64'));
    case 'Edm.DateTime':
      return sign(timeKey(a.stored) < timeKey(b.stored), timeKey(a.stored) > timeKey(b.stored));
    case 'Edm.String':
      return Buffer.compare(Buffer.from(a.stored), Buffer.from(b.stored));
    default:
      return sign(a.stored < b.stored, a.stored > b.stored);
  }
}

function compares(operator: Operator, a: Plain, b: Plain): boolean {
  const found = order(a, b);
  if (found === undefined) return operator === 'ne';
  if (a.stored === 'NaN' && b.stored === 'NaN' && isNumber(a.type)) return operator === 'eq';
  return { eq: found === 0, ne: found !== 0, gt: found > 0, ge: found >= 0, lt: found < 0, le: found <= 0 }[operator];
}

/** What a filter means, read naively. */
export function holds(tree: Tree, entity: Entity): boolean {
  switch (tree.kind) {
    case 'and':
      return tree.of.every((each) => holds(each, entity));
    case 'or':
      return tree.of.some((each) => holds(each, entity));
    case 'not':
      return !holds(tree.of, entity);
    case 'compare': {
      const [left, right] = [tree.left, tree.right].map((side) => (typeof side === 'string' ? entity.get(side) : side));
      return left !== undefined && right !== undefined && compares(tree.operator, left, right);
    }
    case 'flag': {
      const value = entity.get(tree.property);
      return value?.type === 'Edm.Boolean' && value.stored === 'true';
    }
    case 'constant':
      return tree.value;
  }
}

export function bodyOf(entity: Entity): Uint8Array {
  return bodyOfEdm([...entity].map(([name, { type, stored }]): EdmProperty => ({ name, type, value: stored })));
}

const names = ['A', 'b', '_c', '__proto__', 'eq'];

export interface RandomFilters {
  entity(): Entity;
  tree(): Tree;
  /** One of the texts that mean the tree. */
  text(tree: Tree): string;
  below(limit: number): number;
  pick<T>(list: readonly T[]): T;
}

export function randomFilters(random: Random): RandomFilters {
  const below = (limit: number): number => Math.floor(random() * limit);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)]!;
  // Mostly of one family, so that ranges meet values in them.
  const family = (type: EdmType): readonly Plain[] =>
    values.filter((value) => value.type === type || (isNumber(value.type) && isNumber(type)));
  const types: readonly EdmType[] = [
    'Edm.String',
    'Edm.Double',
    'Edm.Guid',
    'Edm.Binary',
    'Edm.DateTime',
    'Edm.DateTime',
    'Edm.Boolean',
  ];
  const familyOfName = new Map(names.map((name) => [name, family(pick(types))]));
  const valueFor = (name: string): Plain => (random() < 0.85 ? pick(familyOfName.get(name)!) : pick(values));
  const entity = (): Entity => {
    const made = new Map<string, Plain>();
    for (const name of names) if (random() < 0.7) made.set(name, valueFor(name));
    return made;
  };
  const comparison = (name = pick(names)): Tree => {
    const roll = random();
    if (roll < 0.05) return { kind: 'compare', operator: pick(operators), left: pick(values), right: pick(values) };
    const isLeft = roll < 0.8;
    const value = valueFor(name);
    return { kind: 'compare', operator: pick(operators), left: isLeft ? name : value, right: isLeft ? value : name };
  };
  const tree = (level: number): Tree => {
    const roll = random();
    if (level === 0 || roll < 0.3) {
      if (roll < 0.02) return { kind: 'constant', value: random() < 0.5 };
      return roll < 0.06 ? { kind: 'flag', property: pick(names) } : comparison();
    }
    if (roll < 0.45) return { kind: 'not', of: tree(level - 1) };
    const name = pick(names);
    const of = Array.from({ length: 2 + below(3) }, () => (random() < 0.5 ? comparison(name) : tree(level - 1)));
    return { kind: roll < 0.75 ? 'and' : 'or', of };
  };
  const blank = (): string => (random() < 0.8 ? ' ' : '  \t ');
  const operand = (side: string | Plain): string => {
    const text = typeof side === 'string' ? side : side.literal!;
    return random() < 0.05 ? `( ${text})` : text;
  };
  const powers = { or: 1, and: 2, not: 3, compare: 4, flag: 4, constant: 4 } as const;
  const text = (tree: Tree): string => {
    const inside = (part: Tree, power: number): string => {
      const written = text(part);
      return powers[part.kind] < power || random() < 0.3 ? `(${written})` : written;
    };
    switch (tree.kind) {
      case 'and':
      case 'or':
        return tree.of.map((part) => inside(part, powers[tree.kind])).join(`${blank()}${tree.kind}${blank()}`);
      case 'not':
        return `not${blank()}${inside(tree.of, powers.not)}`;
      case 'compare': {
        const left = operand(tree.left);
        // No blank is needed behind a quote.
        const gap = left.endsWith("'") && random() < 0.3 ? '' : blank();
        return `${left}${gap}${tree.operator}${blank()}${operand(tree.right)}`;
      }
      case 'flag':
        return tree.property;
      case 'constant':
        return String(tree.value);
    }
  };
  return { entity, tree: () => tree(3), text, below, pick };
}
