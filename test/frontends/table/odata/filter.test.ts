import { expect, test } from 'vitest';
import { compilePredicate } from '../../../../core/query/predicate/compile.ts';
import { filterOf } from '../../../../core/query/predicate/filter.ts';
import { tableErrorOf } from '../../../../frontends/table/errors.ts';
import { comparisonsMax } from '../../../../frontends/table/odata/expression.ts';
import { parseFilter } from '../../../../frontends/table/odata/filter.ts';
import { NumberCursor } from '../../../../indexer/lookup.ts';
import { PartitionIndex } from '../../../../indexer/partition-index.ts';
import { defaultPolicy } from '../../../../indexer/policy.ts';
import { PagePool } from '../../../../indexer/pool.ts';
import type { EdmType } from '../../../../model/edm-view.ts';
import { bodyOfEdm } from '../../../model/edm-oracle.ts';
import { BsonWriter } from '../../../../model/bson/write.ts';
import { DatabaseError } from '../../../../model/errors.ts';
import { queryTextLengthMax } from '../../../../model/text/lexer.ts';
import { randomOf, seedOf, testScale } from '../../../random.ts';
import { bodyOf, holds, operators, randomFilters, values, type Entity } from './random-filters.ts';

type Property = readonly [type: EdmType, value: string];

function matches(filter: string, properties: Readonly<Record<string, Property>>): boolean {
  const list = Object.entries(properties).map(([name, [type, value]]) => ({ name, type, value }));
  return compilePredicate(parseFilter(filter))(bodyOfEdm(list));
}

function refusedWord(filter: string): string | undefined {
  try {
    parseFilter(filter);
    return undefined;
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    return tableErrorOf(error).word;
  }
}

function indexOf(bodies: readonly Uint8Array[]): PartitionIndex {
  const index = new PartitionIndex({ policy: defaultPolicy, pool: new PagePool() });
  for (const [i, body] of bodies.entries())
    index.add(i + 1, i + 1, body, { id: `i${i}`, key: '', created: i + 1, seconds: 0, ttlSeconds: 0 });
  return index;
}

function found(
  index: PartitionIndex,
  filter: string,
): { readonly numbers: readonly number[]; readonly exact: boolean } {
  const { filter: asked, exact } = filterOf(parseFilter(filter), index.paths);
  const cursor = new NumberCursor(index.now(), asked);
  const numbers: number[] = [];
  for (let number = cursor.next(); number > 0; number = cursor.next()) numbers.push(number);
  return { numbers, exact: exact && cursor.exact };
}

const person: Readonly<Record<string, Property>> = {
  PartitionKey: ['Edm.String', 'p'],
  RowKey: ['Edm.String', 'r1'],
  Age: ['Edm.Int32', '39'],
  Big: ['Edm.Int64', '9007199254740993'],
  Ratio: ['Edm.Double', '3.0'],
  Odd: ['Edm.Double', 'NaN'],
  Far: ['Edm.Double', 'Infinity'],
  Married: ['Edm.Boolean', 'true'],
  Deceased: ['Edm.Boolean', 'false'],
  Id: ['Edm.Guid', '6bc44494-d2b7-4738-8f87-acd692226a5c'],
  Text: ['Edm.String', '6bc44494-d2b7-4738-8f87-acd692226a5c'],
  Photo: ['Edm.Binary', Buffer.from('binary').toString('base64')],
  Born: ['Edm.DateTime', '1973-10-04T00:00:00Z'],
  Seen: ['Edm.DateTime', '2020-01-01T10:00:00.1234567Z'],
  größe: ['Edm.Int32', '1'],
  or: ['Edm.Int32', '7'],
};

test.each([
  ['', true],
  ['  ', true],
  ["PartitionKey eq 'p' and RowKey ge 'r1' and RowKey lt 'r2'", true],
  ["'p' eq PartitionKey", true],
  ['40 gt Age', true],
  ['39 lt Age', false],
  ["(PartitionKey eq 'p')and(Age lt 40)", true],
  ["PartitionKey eq 'q'or Age eq 39", true],
  ["PartitionKey eq 'p'and not(Age eq 38)", true],
  ["(PartitionKey) eq ('p')", true],
  ["Age eq 39 or Age eq 1 and PartitionKey eq 'q'", true],
  ["not Age eq 1 and PartitionKey eq 'q'", false],
  ['not not Age eq 39', true],
  ['Married', true],
  ['not Married', false],
  ['not Deceased', true],
  ['Deceased or Married', true],
  ['Age', false],
  ['true', true],
  ['false', false],
  ['FALSE or truE', true],
  ['Married eq True', true],
  ['Married gt false', true],
  ['Age eq 39L', true],
  ['Age eq 39.0', true],
  ['Age gt -5L', true],
  ['Ratio eq 3', true],
  ['Ratio lt 3.5e0', true],
  ['Ratio eq 3d', true],
  ['Big eq 9007199254740993L', true],
  ['Big eq 9007199254740992L', false],
  ['Big eq 9007199254740992.0', false],
  ['Big gt 9007199254740992.0', true],
  ['Big eq 5', false],
  ['Odd eq NaN', true],
  ['Odd eq nan', true],
  ['Odd ne NaN', false],
  ['Odd ge NaN', false],
  ['Ratio ne NaN', true],
  ['Far eq INF', true],
  ['Far eq inf', true],
  ['Far gt -Infinity', true],
  ['Ratio lt Infinity', true],
  ["Id eq guid'6BC44494-D2B7-4738-8F87-ACD692226A5C'", true],
  ["Id eq '6bc44494-d2b7-4738-8f87-acd692226a5c'", false],
  ["Text eq guid'6bc44494-d2b7-4738-8f87-acd692226a5c'", false],
  ["Text eq '6bc44494-d2b7-4738-8f87-acd692226a5c'", true],
  ["Id lt guid'ffffffff-0000-0000-0000-000000000000'", true],
  ["Photo eq X'62696E617279'", true],
  ["Photo eq binary'62696e617279'", true],
  ["Photo lt X'6a'", true],
  ["Photo ge X''", true],
  ["Id ge X''", false],
  ["Born eq datetime'1973-10-04T00:00:00.0000000Z'", true],
  ["Born eq datetime'1973-10-04T00:00'", true],
  ["Born eq datetime'1973-10-04'", true],
  ["Born eq datetime'1973-10-04T02:00:00+02:00'", true],
  ["Seen gt datetime'2020-01-01T10:00:00.1234566Z'", true],
  ["Seen gt datetime'2020-01-01T10:00:00.1234567Z'", false],
  ["Seen ge datetime'2020-01-01T10:00:00.123Z' and Seen lt datetime'2020-01-01T10:00:00.124Z'", true],
  ["Seen lt datetime'2020-01-01T10:00:00.1234567Z'", false],
  ["Seen eq datetime'2020-01-01T10:00:00.1234567Z'", true],
  ["Seen ne datetime'2020-01-01T10:00:00.123Z'", true],
  ["Born gt datetime'2020-01-01T10:00:00Z' and Born lt datetime'2019-01-01T10:00:00Z'", false],
  ["Missing eq ''", false],
  ["Missing ne ''", false],
  ["Missing lt ''", false],
  ["not (Missing ge 'a')", true],
  ["Age ne 'text'", true],
  ["Age lt 'text'", false],
  ['größe eq 1', true],
  ['or eq 7 or or eq 8', true],
  ["'a' lt 'b'", true],
  ["1 eq 1.0 and 5L ne '5'", true],
  ["constructor eq 'x'", false],
])('%s holds: %s', (filter, expected) => {
  expect(matches(filter, person)).toBe(expected);
});

test('a quote in a string is written twice', () => {
  const properties = { Chars: ['Edm.String', "?'/!_^#"], Empty: ['Edm.String', ''] } as const;
  expect(matches("Chars eq '?''/!_^#'", properties)).toBe(true);
  expect(matches("Empty eq ''", properties)).toBe(true);
  expect(matches("Empty eq ''''", properties)).toBe(false);
});

test.each([
  ['aaa bbb ccc', 'InvalidInput'],
  ['(1)', 'InvalidInput'],
  ['1', 'InvalidInput'],
  ['(1 === 1)', 'InvalidInput'],
  ['("a" eq "a")', 'InvalidInput'],
  ["PartitionKey eq 'a' eq 5.0", 'InvalidInput'],
  ["PartitionKey eq eq 'a'", 'InvalidInput'],
  ["PartitionKey EQ 'a'", 'InvalidInput'],
  ["PartitionKey eq 'a' AND RowKey eq 'b'", 'InvalidInput'],
  ["PartitionKey eq 'a", 'InvalidInput'],
  ["PartitionKey eq 'a'b'", 'InvalidInput'],
  ["(PartitionKey eq 'a'", 'InvalidInput'],
  ["PartitionKey eq 'a')", 'InvalidInput'],
  ['PartitionKey eq', 'InvalidInput'],
  ['eq', undefined],
  ["and PartitionKey eq 'a'", 'InvalidInput'],
  ["PartitionKey eq not 'a'", 'InvalidInput'],
  ['()', 'InvalidInput'],
  ['Age eq null', 'InvalidInput'],
  ['null eq Age', 'InvalidInput'],
  ['Age eq 2147483647', undefined],
  ['Age eq 2147483648', 'InvalidInput'],
  ['Age eq -2147483648', undefined],
  ['Age eq -2147483649', 'InvalidInput'],
  ['Age eq 9223372036854775807L', undefined],
  ['Age eq 9223372036854775808L', 'InvalidInput'],
  ['Age eq 1e999', 'InvalidInput'],
  ['Age eq 0x10', 'InvalidInput'],
  ['Age eq 5M', 'InvalidInput'],
  ['Age eq 5 and5', 'InvalidInput'],
  ["Id eq guid'6bc44494'", 'InvalidInput'],
  ["Id eq guid '6bc44494-d2b7-4738-8f87-acd692226a5c'", 'InvalidInput'],
  ["Photo eq X'6'", 'InvalidInput'],
  ["Photo eq X'zz'", 'InvalidInput'],
  ["Born eq datetime'2020-02-30T00:00:00Z'", 'InvalidInput'],
  ["Born eq datetime'yesterday'", 'InvalidInput'],
  ["Born eq time'PT1H'", 'InvalidInput'],
  ["startswith(Name,'a')", 'NotImplemented'],
  ["substringof('a', Name)", 'NotImplemented'],
  ['Age add 1 eq 40', 'NotImplemented'],
  ['-Age eq 40', 'NotImplemented'],
  ['Age eq Ratio', 'NotImplemented'],
  ["Owner/Name eq 'a'", 'InvalidInput'],
])('%s is refused as %s', (filter, word) => {
  expect(refusedWord(filter)).toBe(word);
});

test('what other doors may store satisfies a comparison where an entity shows a value of that type', () => {
  const body = new BsonWriter()
    .beginDocument()
    .null('gone')
    .beginArray('tags')
    .string('', 'a')
    .string('', 'b')
    .end()
    .beginObject('nested')
    .int32('a', 1)
    .end()
    .end()
    .finish();
  const holding = (filter: string): boolean => compilePredicate(parseFilter(filter))(body);
  expect(["gone ne 'a'", "gone eq ''", 'nested eq 1', 'gone'].filter(holding)).toEqual([]);
  const held = ["not (gone eq 'a')", "tags eq 'b'", "tags ne 'c'", 'nested ne 1'];
  expect(held.filter(holding)).toEqual(held);
});

test('two bounds of a time are one range of each of its forms, other bounds stay conditions of their own', () => {
  const [from, to] = ["datetime'2020-01-01T00:00:00.0000001Z'", "datetime'2020-01-02T00:00:00Z'"];
  const range = (operators: readonly string[]): object => ({
    path: ['T'],
    test: { kind: 'allOf', tests: operators.map((operator) => ({ operator })) },
  });
  expect(parseFilter(`T ge ${from} and PartitionKey eq 'p' and T lt ${to} and T le ${to}`)).toMatchObject({
    kind: 'and',
    of: [{ path: ['PartitionKey'] }, { kind: 'or', of: [range(['gte', 'lte']), range(['gte', 'lte'])] }],
  });
});

test.each([
  ['aaa bbb ccc', 'Syntax error at position 7.'],
  ['2019-03-20T21:13:35.0173879Z', 'Syntax error at position 7.'],
  ["Age eq 5 or 'secret' 'x'", 'Syntax error at position 24.'],
  ['Age eq 5)', 'Syntax error at position 9.'],
  ["Age eq int'5'", 'Syntax error at position 13.'],
  ['(Age eq 5 6', "')' or operator expected at position 10."],
  ['(Age eq 5', "')' or operator expected at position 9."],
  ['Age eq', 'Expression expected at position 6.'],
  ['Age eq )', 'Expression expected at position 7.'],
  ["Name eq 'secret", 'There is an unterminated string literal at position 15.'],
  ['1', 'The $filter expression must evaluate to a single boolean value.'],
  ['Age eq 5454161346626', "Unrecognized 'Edm.Int32' literal at '7'."],
])('an error tells where it is, and nothing that the filter holds: %s', (filter, sentence) => {
  expect(() => parseFilter(filter)).toThrow(expect.objectContaining({ message: sentence }));
});

test('filters of any length and depth are read without recursion, up to their bounds', () => {
  const terms = Array.from({ length: 10_000 }, (_, i) => `RowKey eq 'row-${i}'`);
  const row = { PartitionKey: ['Edm.String', 'p'], RowKey: ['Edm.String', 'row-9999'] } as const;
  const other = { ...row, RowKey: ['Edm.String', 'row'] } as const;
  const combined = terms.slice(1).reduce((left, right) => `(${left} or ${right})`, terms[0]!);
  const nestedRight = `${terms.slice(0, -1).join(' or (')} or (${terms.at(-1)}${')'.repeat(terms.length - 1)}`;
  const pairs = terms.map((term) => `(PartitionKey eq 'p' and ${term})`).join(' or ');
  for (const filter of [
    terms.join(' or '),
    combined,
    nestedRight,
    pairs,
    `not (${terms.map((term) => `not ${term}`).join(' and ')})`,
  ]) {
    expect(matches(filter, row)).toBe(true);
    expect(matches(filter, other)).toBe(false);
  }
  expect(parseFilter(combined)).toMatchObject({ kind: 'or', of: Array.from({ length: 10 }, () => ({ kind: 'path' })) });
  expect(matches(`${'('.repeat(100_000)}Age eq 39${')'.repeat(100_000)}`, person)).toBe(true);
  expect(matches(`${'not '.repeat(100_000)}Age eq 39`, person)).toBe(true);
  const alternating = (depth: number): string =>
    Array.from({ length: depth }).reduce<string>(
      (inner, _, i) => `(${inner} ${i % 2 === 0 ? 'and' : 'or'} a eq 1)`,
      'b',
    );
  expect(refusedWord(alternating(100))).toBeUndefined();
  expect(refusedWord(alternating(10_000))).toBe('InvalidInput');
  expect(refusedWord(Array.from({ length: comparisonsMax + 1 }, () => 'a eq 1').join(' or '))).toBe('InvalidInput');
  expect(refusedWord(`a eq '${'x'.repeat(queryTextLengthMax)}'`)).toBe('InvalidInput');
});

test('each operator on each type is what a naive reading says, and the index narrows it', () => {
  const entities: Entity[] = [...values.map((value) => new Map([['A', value]])), new Map()];
  const bodies = entities.map(bodyOf);
  const index = indexOf(bodies);
  for (const operator of operators) {
    for (const literal of values) {
      const filter = `A ${operator} ${literal.literal!}`;
      const tree = { kind: 'compare', operator, left: 'A', right: literal } as const;
      const expected = entities.flatMap((entity, i) => (holds(tree, entity) ? [i + 1] : []));
      const matched = compilePredicate(parseFilter(filter));
      expect(
        bodies.flatMap((body, i) => (matched(body) ? [i + 1] : [])),
        filter,
      ).toEqual(expected);
      // A long value shares its term with others, so that the index cannot say who has another value.
      if (operator === 'ne' && literal.stored.length > 96) continue;
      expect(filterOf(parseFilter(filter), index.paths).filter.kind, filter).not.toBe('unknown');
      const answer = found(index, filter);
      expect(
        expected.filter((number) => !answer.numbers.includes(number)),
        filter,
      ).toEqual([]);
      expect(answer.numbers.length, filter).toBeLessThan(entities.length);
      // The index orders binaries by their length first, and strings up to what their terms keep.
      const isLoose = literal.type === 'Edm.Binary' || literal.type === 'Edm.String';
      if (!isLoose) expect(answer.exact, filter).toBe(true);
      if (answer.exact) expect(answer.numbers, filter).toEqual(expected);
    }
  }
});

test('random filters hold for the entities that a naive reading says, compiled and by the index', () => {
  const seed = seedOf();
  let exactOnes = 0;
  let matched = 0;
  let total = 0;
  for (let round = 0; round < 12 * testScale; round++) {
    const random = randomFilters(randomOf(seed + round));
    const entities = Array.from({ length: 40 }, random.entity);
    const bodies = entities.map(bodyOf);
    const index = indexOf(bodies);
    for (let run = 0; run < 100; run++) {
      const tree = random.tree();
      const filter = random.text(tree);
      const told = `seed ${seed + round}: ${filter}`;
      const matchesBody = compilePredicate(parseFilter(filter));
      const expected = entities.flatMap((entity, i) => (holds(tree, entity) ? [i + 1] : []));
      expect(
        bodies.flatMap((body, i) => (matchesBody(body) ? [i + 1] : [])),
        told,
      ).toEqual(expected);
      const { numbers, exact } = found(index, filter);
      expect(
        expected.filter((number) => !numbers.includes(number)),
        told,
      ).toEqual([]);
      if (exact) expect(numbers, told).toEqual(expected);
      total++;
      if (exact) exactOnes++;
      if (expected.length > 0 && expected.length < entities.length) matched++;
    }
  }
  expect(exactOnes / total, `seed ${seed}`).toBeGreaterThan(0.4);
  expect(matched / total, `seed ${seed}`).toBeGreaterThan(0.4);
});

test('any text is a filter or a refusal', () => {
  const seed = seedOf();
  const random = randomFilters(randomOf(seed));
  const pieces = [
    '(',
    ')',
    "'",
    "''",
    ' ',
    '-',
    '/',
    ',',
    '@',
    '\0',
    '\ud800',
    '9',
    '.',
    'e',
    'L',
    'not',
    ' and ',
    ' eq ',
    "X'",
    "datetime'",
  ];
  const words = new Set<string | undefined>();
  for (let run = 0; run < 4000 * testScale; run++) {
    let filter = random.text(random.tree());
    for (let cut = random.below(3); cut >= 0; cut--) {
      const at = random.below(filter.length + 1);
      filter =
        filter.slice(0, at) + (random.below(3) === 0 ? '' : random.pick(pieces)) + filter.slice(at + random.below(3));
    }
    if (run % 4 === 0)
      filter = String.fromCharCode(
        ...Array.from({ length: random.below(30) }, () => random.below(run % 8 === 0 ? 128 : 65536)),
      );
    words.add(refusedWord(filter));
  }
  expect([...words].sort(), `seed ${seed}`).toEqual(['InvalidInput', 'NotImplemented', undefined]);
});
