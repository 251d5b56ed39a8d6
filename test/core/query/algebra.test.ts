// The nodes of the algebra that Cosmos SQL does not reach: other doors translate to them.

import { expect, test } from 'vitest';
import { prepareQuery } from '../../../core/query/prepare.ts';
import { cosmosSemantics } from '../../../frontends/cosmos/semantics.ts';
import type { Predicate } from '../../../model/predicate.ts';
import type { Expression, Query, Relation } from '../../../model/query.ts';
import { executeQuery } from '../../../core/query/execute.ts';
import { jsonSource, plainOf, testPorts } from '../../query/harness.ts';

const variable = (name: string): Expression => ({ kind: 'variable', name });
const field = (of: string, name: string): Expression => ({ kind: 'field', of: variable(of), name });
const literal = (value: number): Expression => ({ kind: 'literal', value });
const source = (container: string, binding: string): Relation => ({ kind: 'source', container, binding });
const project = (input: Relation, value: Expression): Relation => ({ kind: 'project', input, value });
const object = (fields: Readonly<Record<string, Expression>>): Expression => ({
  kind: 'object',
  fields: Object.entries(fields).map(([name, value]) => ({ name, value })),
});

const containers: Readonly<Record<string, readonly unknown[]>> = {
  orders: [{ id: 'o1', customer: 'a', lines: [10, 20] }, { id: 'o2', customer: 'b', lines: [] }, { id: 'o3' }],
  customers: [
    { id: 'a', name: 'Ann' },
    { id: 'b', name: 'Bob' },
  ],
};

function run(relation: Relation, rowsMax?: number, continuation?: string) {
  const query: Query = { relation, parameters: [], fingerprint: 'test' };
  const compilePredicate = (predicate: Predicate) => () => predicate.kind === 'constant' && predicate.value;
  const prepared = prepareQuery(query, { semantics: cosmosSemantics, compilePredicate });
  const execution = executeQuery(prepared, {
    source: (container) => jsonSource(containers[container!]!),
    ports: testPorts,
    page: { rowsMax },
    continuation,
  });
  const rows: unknown[] = [];
  for (;;) {
    const step = execution.next();
    if (step.done === true) return { rows, ...step.value };
    rows.push(...step.value.map(plainOf));
  }
}

function runPaged(relation: Relation): unknown[] {
  const rows: unknown[] = [];
  let continuation: string | undefined;
  do {
    const page = run(relation, 1, continuation);
    rows.push(...page.rows);
    ({ continuation } = page);
  } while (continuation !== undefined);
  return rows;
}

const lookup: Relation = {
  kind: 'lookup',
  input: source('orders', 'o'),
  binding: 'who',
  from: project(source('customers', 'c'), variable('c')),
  local: field('o', 'customer'),
  foreign: field('f', 'id'),
  foreignBinding: 'f',
};

test('a lookup binds the matches of the other container as an array', () => {
  const relation = project(lookup, object({ id: field('o', 'id'), who: variable('who') }));
  const expected = [
    { id: 'o1', who: [{ id: 'a', name: 'Ann' }] },
    { id: 'o2', who: [{ id: 'b', name: 'Bob' }] },
    { id: 'o3', who: [] },
  ];
  expect(run(relation).rows).toEqual(expected);
  expect(runPaged(relation)).toEqual(expected);
  expect(run(relation).explanation.examined).toBe(5);
});

test('an outer unnest keeps rows without elements, and positions count from 0', () => {
  const relation = project(
    {
      kind: 'unnest',
      input: source('orders', 'o'),
      binding: 'l',
      array: field('o', 'lines'),
      outer: true,
      position: 'i',
    },
    object({ id: field('o', 'id'), l: variable('l'), i: variable('i') }),
  );
  const expected = [{ id: 'o1', l: 10, i: 0 }, { id: 'o1', l: 20, i: 1 }, { id: 'o2' }, { id: 'o3' }];
  expect(run(relation).rows).toEqual(expected);
  expect(runPaged(relation)).toEqual(expected);
});

test('a union gives the results of its inputs one after the other, and what stands above it counts them all', () => {
  const union: Relation = {
    kind: 'union',
    inputs: [project(source('orders', 'o'), field('o', 'id')), project(source('customers', 'c'), variable('c'))],
  };
  const expected = ['o1', 'o2', 'o3', { id: 'a', name: 'Ann' }, { id: 'b', name: 'Bob' }];
  expect(run(union).rows).toEqual(expected);
  expect(runPaged(union)).toEqual(expected);
  const cut: Relation = { kind: 'limit', input: { kind: 'skip', input: union, count: literal(2) }, count: literal(2) };
  expect(run(cut).rows).toEqual(expected.slice(2, 4));
  expect(runPaged(cut)).toEqual(expected.slice(2, 4));
});

test('skips and limits within the chain count where they stand', () => {
  const limited: Relation = { kind: 'limit', input: source('orders', 'o'), count: literal(2) };
  const skipped: Relation = { kind: 'skip', input: limited, count: literal(1) };
  expect(run(project(skipped, field('o', 'id'))).rows).toEqual(['o2']);
  expect(runPaged(project(limited, field('o', 'id')))).toEqual(['o1', 'o2']);
});

test('a path predicate is made once by its door and asked for each row', () => {
  const filtered = (value: boolean): Relation => ({
    kind: 'filter',
    input: source('orders', 'o'),
    test: { kind: 'predicate', of: variable('o'), predicate: { kind: 'constant', value } },
  });
  expect(run(project(filtered(true), field('o', 'id'))).rows).toEqual(['o1', 'o2', 'o3']);
  expect(run(project(filtered(false), field('o', 'id'))).rows).toEqual([]);
});

test('a query that ends in no projection, or names what nothing binds, is refused', () => {
  const refusal = expect.objectContaining({ code: 'BadRequest' });
  expect(() => run(source('orders', 'o'))).toThrowError(refusal);
  expect(() => run(project(source('orders', 'o'), variable('x')))).toThrowError(refusal);
});
