// Queries of few bytes that would take the process: each is answered, or refused with an error of ours, in bounded
// time and memory.

import { expect, test } from 'vitest';
import { bsonOfJson } from '../../model/bson/json-read.ts';
import { utf8 } from '../../model/bytes.ts';
import { DatabaseError } from '../../model/errors.ts';
import { evaluate, prepare, run, runPage } from './harness.ts';

/** Milliseconds any of these may take: far above what they need, far below what an attack wants. */
const patience = 5_000;

function outcome(work: () => unknown): string {
  const started = performance.now();
  let code = 'answered';
  try {
    work();
  } catch (fault) {
    code = fault instanceof DatabaseError ? fault.code : `crashed: ${String(fault)}`;
  }
  expect(performance.now() - started).toBeLessThan(patience);
  return code;
}

const items = [{ id: 'a', n: 5, tags: ['x', 'y'] }];
const wide = [{ id: 'w', list: Array.from({ length: 2_000 }, (_, i) => i) }];

test('an IN list of 10,000 elements is answered', () => {
  const list = Array.from({ length: 10_000 }, (_, i) => (i % 2 === 0 ? i : `'s${i}'`)).join(', ');
  expect(run(`SELECT VALUE c.id FROM c WHERE c.n IN (${list}, 5)`, items)).toEqual(['a']);
  expect(run(`SELECT VALUE c.id FROM c WHERE c.n IN (${list})`, items)).toEqual([]);
});

test('a thousand ORs and a thousand ANDs are answered', () => {
  const ors = Array.from({ length: 1_000 }, (_, i) => `c.n = ${i + 10}`).join(' OR ');
  expect(run(`SELECT VALUE c.id FROM c WHERE ${ors} OR c.n = 5`, items)).toEqual(['a']);
  const ands = Array.from({ length: 1_000 }, (_, i) => `c.n != ${i + 10}`).join(' AND ');
  expect(run(`SELECT VALUE c.id FROM c WHERE ${ands}`, items)).toEqual(['a']);
});

test('100 levels of parentheses are answered, 10,000 are refused', () => {
  expect(evaluate(`${'('.repeat(100)}1${')'.repeat(100)}`)).toBe(1);
  expect(outcome(() => evaluate(`${'('.repeat(10_000)}1${')'.repeat(10_000)}`))).toBe('BadRequest');
  expect(outcome(() => evaluate(`${'['.repeat(10_000)}1${']'.repeat(10_000)}`))).toBe('BadRequest');
  expect(outcome(() => evaluate(`${'NOT '.repeat(10_000)}true`))).toBe('BadRequest');
  expect(outcome(() => evaluate(`${'- '.repeat(10_000)}1`))).toBe('BadRequest');
});

test('chains of any operator are answered or refused, whatever their length', () => {
  for (const operator of ['+', '||', '=', '?? undefined ??', 'AND', '.a.', '&', 'BETWEEN 1 AND', 'IN (1) =', 'LIKE']) {
    const chain = (length: number): string => Array.from({ length }, () => 'c').join(` ${operator} `);
    expect(
      outcome(() => run(`SELECT VALUE ${chain(200)} FROM c`, items)),
      operator,
    ).toBe('answered');
    expect(
      outcome(() => run(`SELECT VALUE ${chain(30_000)} FROM c`, items)),
      operator,
    ).toMatch(/^(answered|BadRequest|TooLarge)$/);
  }
  expect(outcome(() => run(`SELECT VALUE ${'true ? '.repeat(9_000)} 1 ${': 2'.repeat(9_000)}`))).toBe('BadRequest');
});

test('50 nested subqueries are answered, 5,000 are refused', () => {
  const nested = (depth: number): string => `${'(SELECT VALUE '.repeat(depth)}1${')'.repeat(depth)}`;
  expect(evaluate(nested(50))).toBe(1);
  expect(outcome(() => evaluate(nested(5_000)))).toBe('BadRequest');
  const from = `${'SELECT VALUE x FROM ('.repeat(5_000)}SELECT VALUE 1${') AS x'.repeat(5_000)}`;
  expect(outcome(() => run(from))).toBe('BadRequest');
});

test('a text above the length limit is refused before it is read', () => {
  expect(outcome(() => run(`SELECT VALUE 1 ${' '.repeat(600_000)}`))).toBe('TooLarge');
});

test('a cross join over large arrays gives control back again and again, and can be paged', () => {
  const text = 'SELECT VALUE COUNT(1) FROM c JOIN a IN c.list JOIN b IN c.list JOIN d IN c.list';
  let clock = 0;
  const source = {
    *scan() {
      yield* [];
    },
  };
  expect(runPage(prepare(text), { source }).rows).toEqual([0]);
  const page = runPage(prepare('SELECT VALUE [a, b, d] FROM c JOIN a IN c.list JOIN b IN c.list JOIN d IN c.list'), {
    items: wide,
    page: { rowsMax: 3 },
    ports: { elapsedMs: () => (clock += 0.1) },
  });
  expect(page.rows).toEqual([
    [0, 0, 0],
    [0, 0, 1],
    [0, 0, 2],
  ]);
  expect(page.continuation).toBeDefined();
});

test('a cross join inside an expression is refused when its steps are out of bounds', () => {
  const inner = '(SELECT VALUE COUNT(1) FROM a IN c.list JOIN b IN c.list JOIN d IN c.list)';
  expect(outcome(() => run(`SELECT VALUE ${inner} FROM c`, wide))).toBe('TooLarge');
  expect(
    outcome(() =>
      run(
        `SELECT VALUE EXISTS(SELECT VALUE 1 FROM a IN c.list JOIN b IN c.list JOIN d IN c.list WHERE false) FROM c`,
        wide,
      ),
    ),
  ).toBe('TooLarge');
});

test('strings and arrays that grow by being repeated are refused', () => {
  expect(outcome(() => evaluate("REPLICATE('a', 1000000000)"))).toBe('BadRequest');
  expect(outcome(() => evaluate("REPLICATE(REPLICATE('a', 10000), 10000)"))).toBe('BadRequest');
  const big = 'x'.repeat(200_000);
  const parameters = { '@big': big };
  expect(outcome(() => evaluate("REPLACE(@big, 'x', @big)", { parameters }))).toBe('TooLarge');
  expect(
    outcome(() => evaluate(`CONCAT(${Array.from({ length: 100 }, () => '@big').join(',')})`, { parameters })),
  ).toBe('TooLarge');
  expect(outcome(() => evaluate(`[${Array.from({ length: 200 }, () => '@big').join(',')}]`, { parameters }))).toBe(
    'TooLarge',
  );
  const doubling = Array.from({ length: 40 }, (_, i) => `JOIN (SELECT VALUE [a${i}, a${i}]) AS a${i + 1}`).join(' ');
  expect(
    outcome(() => run(`SELECT VALUE 1 FROM c JOIN (SELECT VALUE c) AS a0 ${doubling} WHERE IS_DEFINED(a40)`, items)),
  ).toBe('TooLarge');
});

test('LIKE with many wildcards takes no more than text times pattern', () => {
  const parameters = { '@text': 'a'.repeat(200_000), '@pattern': `${'%a'.repeat(300)}b` };
  expect(evaluate('@text LIKE @pattern', { parameters })).toBe(false);
  expect(
    outcome(() => evaluate('@text LIKE @pattern', { parameters: { ...parameters, '@pattern': '_'.repeat(5_000) } })),
  ).toBe('BadRequest');
});

test('sorting, grouping and distinct refuse to hold more than their bound', () => {
  // One item of 600 KB met 300 times, told apart by a system property: the bounds count what is held.
  const document = bsonOfJson(utf8(JSON.stringify({ id: 'a', pad: 'p'.repeat(600_000) })));
  const source = {
    *scan() {
      for (let position = 1; position <= 300; position++) {
        const field = (name: string): number | undefined => (name === '_ts' ? position : undefined);
        yield { position, document, system: { field } };
      }
    },
  };
  const held = (text: string): string => outcome(() => runPage(prepare(text), { source }));
  expect(held('SELECT VALUE c.id FROM c ORDER BY c._ts')).toBe('TooLarge');
  expect(held('SELECT DISTINCT c.pad, c._ts FROM c')).toBe('TooLarge');
  expect(held('SELECT c.pad, COUNT(1) FROM c GROUP BY c.pad, c._ts')).toBe('TooLarge');
  expect(held('SELECT VALUE MAKELIST(c.pad) FROM c')).toBe('TooLarge');
  // The same sort is answered when the caller can want only so many rows.
  expect(runPage(prepare('SELECT TOP 2 VALUE c._ts FROM c ORDER BY c._ts DESC'), { source }).rows).toEqual([300, 299]);
});

test('any text gives an answer or an error of ours', () => {
  const words = [
    'SELECT',
    'VALUE',
    '*',
    'FROM',
    'c',
    '(',
    ')',
    '[',
    ']',
    '{',
    '}',
    "'",
    '"',
    '\\',
    '@p',
    '.',
    ',',
    '1',
    '1e',
    '0x',
    '?',
    ':',
    'NOT',
    'IN',
    'EXISTS',
    'ORDER',
    'BY',
    'TOP',
    '\u0000',
    '😀',
    'udf',
    '--',
    '??',
    'BETWEEN',
    'LIKE',
  ];
  let state = 12345;
  const next = (bound: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % bound;
  };
  for (let round = 0; round < 3_000; round++) {
    const text = Array.from({ length: next(14) }, () => words[next(words.length)]).join(next(3) === 0 ? '' : ' ');
    expect(
      outcome(() => run(next(2) === 0 ? text : `SELECT VALUE ${text}`, items)),
      text,
    ).not.toMatch(/^crashed/);
  }
});
