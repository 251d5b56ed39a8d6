// The ranges of a plan hold every item that the query may give, and no more than its filter says of the key.

import { expect, it } from 'vitest';
import { constantOf } from '../../../core/query/constant.ts';
import { isOneKey, rangesOfKey, rangesOfQuery, type PlanRange } from '../../../frontends/cosmos/key-ranges.ts';
import { cosmosSemantics } from '../../../frontends/cosmos/semantics.ts';
import { queryOfSql } from '../../../frontends/cosmos/sql/query.ts';
import { compareEpk, effectivePartitionKey, rangeOfKey } from '../../../model/effective-partition-key.ts';
import type { PartitionKeyDefinition, PartitionKeyPart } from '../../../model/partition-key.ts';
import type { Expression } from '../../../model/query.ts';
import type { ContainerRecord } from '../../../model/resource.ts';
import type { Value } from '../../../model/value.ts';
import { randomOf, seedOf, testScale } from '../../random.ts';

const hash: PartitionKeyDefinition = { paths: ['/pk'], kind: 'Hash', version: 2 };
const levels: PartitionKeyDefinition = { paths: ['/a/b', '/"c d"', '/e'], kind: 'MultiHash', version: 2 };
const containerOf = (partitionKey: PartitionKeyDefinition): ContainerRecord => ({ partitionKey }) as ContainerRecord;

const parameters = new Map<string, Value>([['@p', 'x']]);

function rangesOf(definition: PartitionKeyDefinition, where: string): readonly PlanRange[] {
  return rangesOfQuery(queryOfSql(`SELECT * FROM c WHERE ${where}`), containerOf(definition), parameters);
}

const everywhere = [{ min: '', max: 'FF', isMinInclusive: true, isMaxInclusive: false }];
const nowhere = [{ min: '', max: '', isMinInclusive: true, isMaxInclusive: true }];

/** Points, and ranges of beginnings, in their order. */
function keys(definition: PartitionKeyDefinition, ...list: readonly (readonly PartitionKeyPart[])[]): PlanRange[] {
  return list
    .map((key): PlanRange => {
      if (key.length < definition.paths.length) {
        const { minInclusive: min, maxExclusive: max } = rangeOfKey(definition, key);
        return { min, max, isMinInclusive: true, isMaxInclusive: false };
      }
      const epk = effectivePartitionKey(definition, key);
      return { min: epk, max: epk, isMinInclusive: true, isMaxInclusive: true };
    })
    .sort((a, b) => compareEpk(a.min, b.min));
}

it.each<[string, PlanRange[]]>([
  ['c.pk = "x"', keys(hash, ['x'])],
  ['@p = c["pk"]', keys(hash, ['x'])],
  ['c.pk IN (1, "1", true, null, 1.0)', keys(hash, [1], ['1'], [true], [null])],
  ['c.pk = 1 OR (c.pk = 2 AND c.z > 3)', keys(hash, [1], [2])],
  ['c.pk = 1 OR c.z > 3', everywhere],
  ['c.pk = 1 AND (c.z > 3 OR c.y = 2)', keys(hash, [1])],
  ['NOT (c.pk != 1 OR c.z)', keys(hash, [1])],
  ['NOT (c.pk = 1)', everywhere],
  ['c.pk IN (1, 2, 3) AND c.pk IN (2, 3, 4)', keys(hash, [2], [3])],
  ['c.pk = 1 AND c.pk = 2', nowhere],
  ['c.pk = undefined', nowhere],
  ['1 = 2', nowhere],
  ['c.pk = CONCAT("a", @p)', keys(hash, ['ax'])],
  ['c.pk = GetCurrentTimestamp()', everywhere],
  ['c.pk = udf.f()', everywhere],
  ['NOT IS_DEFINED(c.pk)', keys(hash, [undefined])],
  ['c.pk = []', keys(hash, [undefined])],
  ['c.pk = {"$oid": "0123456789abcdef01234567"}', everywhere],
  ['c.pk = -0', keys(hash, [0])],
  ['c.pk LIKE "50!%" ESCAPE "!"', keys(hash, ['50%'])],
  ['c.pk LIKE "5_"', everywhere],
  ['c.pk.x = 1', everywhere],
])('finds the keys of %s', (where, ranges) => {
  expect(rangesOf(hash, where)).toEqual(ranges);
});

it.each<[string, PlanRange[]]>([
  ['c.a.b = 1', keys(levels, [1])],
  ['c.a.b = 1 AND c["c d"] IN (2, 3)', keys(levels, [1, 2], [1, 3])],
  ['c.a.b = 1 AND c["c d"] = 2 AND c.e = null', keys(levels, [1, 2, null])],
  ['c["c d"] = 2 AND c.e = 3', everywhere],
  ['c.a.b = 1 OR (c.a.b = 1 AND c["c d"] = 2)', keys(levels, [1])],
  ['(c.a.b = 1 AND c["c d"] = 2) OR (c.a.b = 3 AND c["c d"] = 4)', keys(levels, [1, 2], [3, 4])],
])('finds the beginnings of hierarchical keys of %s', (where, ranges) => {
  expect(rangesOf(levels, where)).toEqual(ranges);
});

it('knows the keys of a query in FROM, of a row of nothing, and of a header', () => {
  const of = (text: string): readonly PlanRange[] => rangesOfQuery(queryOfSql(text), containerOf(hash), parameters);
  expect(of('SELECT s.z FROM (SELECT * FROM c WHERE c.pk = 1) s WHERE s.pk = 2')).toEqual(keys(hash, [1]));
  expect(of('SELECT VALUE s.z FROM (SELECT TOP 1 * FROM c) s WHERE s.pk = 2')).toEqual(everywhere);
  expect(of('SELECT 5')).toEqual(nowhere);
  expect(rangesOfKey(containerOf(levels), [1, undefined])).toEqual(keys(levels, [1, undefined]));
  expect(isOneKey(rangesOfKey(containerOf(levels), [1, undefined]))).toBe(false);
  expect(isOneKey(rangesOfKey(containerOf(hash), ['x']))).toBe(true);
});

it('says nothing of what would take too long to say', () => {
  const many = Array.from({ length: 1100 }, (_, i) => i).join(', ');
  expect(rangesOf(hash, `c.pk IN (${many})`)).toEqual(everywhere);
  const product = (path: string): string => `${path} IN (${Array.from({ length: 90 }, (_, i) => i).join(', ')})`;
  const ranges = rangesOf(levels, `${product('c.a.b')} AND ${product('c["c d"]')}`);
  expect(ranges).toHaveLength(90);
});

const seed = seedOf();
const random = randomOf(seed);
const oneOf = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
const values = ['1', '2', '"x"', 'true', 'false', 'null', 'undefined', '[1]'];
const paths = ['c.a.b', 'c["c d"]', 'c.e', 'c.z'];

function anyFilter(depth: number): string {
  const inner = (): string => `(${anyFilter(depth - 1)})`;
  switch (depth === 0 ? 4 + Math.floor(random() * 6) : Math.floor(random() * 10)) {
    case 0:
      return `${inner()} AND ${inner()}`;
    case 1:
      return `${inner()} OR ${inner()}`;
    case 2:
      return `NOT ${inner()}`;
    case 3:
      return `${inner()} AND ${inner()} AND ${inner()}`;
    case 4:
      return `${oneOf(paths)} ${oneOf(['=', '!=', '>='])} ${oneOf(values)}`;
    case 5:
      return `${oneOf(paths)} ${oneOf(['', 'NOT'])} IN (${oneOf(values)}, ${oneOf(values)})`;
    case 6:
      return `${oneOf(['IS_DEFINED', 'IS_NULL', 'IS_BOOL'])}(${oneOf(paths)})`;
    case 7:
      return `ARRAY_CONTAINS([${oneOf(values)}, ${oneOf(values)}], ${oneOf(paths)})`;
    case 8:
      return oneOf([oneOf(paths), `ABS(${oneOf(paths)}) = ${oneOf(['1', '2', '-1'])}`, oneOf(values)]);
    default:
      return `${oneOf(values)} = ${oneOf(paths)}`;
  }
}

/** The test with the item's fields in place of what reads them. */
function filled(test: Expression, item: Expression): Expression {
  return JSON.parse(JSON.stringify(test), (_name, node: Expression) =>
    node !== null && typeof node === 'object' && node.kind === 'variable' ? item : node,
  ) as Expression;
}

it('keeps every key whose item the filter keeps', () => {
  const parts: readonly PartitionKeyPart[] = [1, 2, -1, 'x', true, false, null, undefined];
  const literal = (value: PartitionKeyPart): Expression => ({ kind: 'literal', value });
  let kept = 0;
  let narrowed = 0;
  for (let round = 0; round < 400 * testScale; round++) {
    const where = anyFilter(Math.floor(random() * 4)).replaceAll('undefined', 'null');
    const { relation } = queryOfSql(`SELECT * FROM c WHERE ${where}`);
    const test = relation.kind === 'project' && relation.input.kind === 'filter' ? relation.input.test : literal(true);
    const ranges = rangesOf(levels, where);
    if (ranges[0]!.max !== 'FF') narrowed++;
    for (let i = 0; i < 20; i++) {
      const key = [oneOf(parts), oneOf(parts), oneOf(parts)] as const;
      const fields = [
        {
          name: 'a',
          value: { kind: 'object', fields: key[0] === undefined ? [] : [{ name: 'b', value: literal(key[0]) }] },
        },
        ...(key[1] === undefined ? [] : [{ name: 'c d', value: literal(key[1]) }]),
        ...(key[2] === undefined ? [] : [{ name: 'e', value: literal(key[2]) }]),
        { name: 'z', value: literal(oneOf([1, 'x', true])) },
      ];
      const item = { kind: 'object', fields } as Expression;
      if (constantOf(filled(test, item), cosmosSemantics, parameters)?.value !== true) continue;
      kept++;
      const epk = effectivePartitionKey(levels, key);
      const isAsked = ranges.some(({ min, max, isMaxInclusive }) =>
        isMaxInclusive ? compareEpk(min, epk) === 0 : compareEpk(min, epk) <= 0 && compareEpk(epk, max) < 0,
      );
      expect(isAsked, `seed ${seed}: ${where} keeps ${JSON.stringify(key)}`).toBe(true);
    }
  }
  expect(kept).toBeGreaterThan(100);
  expect(narrowed).toBeGreaterThan(20);
});
