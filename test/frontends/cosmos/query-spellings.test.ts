// A plan says what a query means, not how it was written: spellings made at random from a printed seed give one plan,
// and what is printed parses to what was printed.

import { expect, it } from 'vitest';
import { queryInfoOf } from '../../../frontends/cosmos/query-plan.ts';
import { lexSql } from '../../../frontends/cosmos/sql/tokens.ts';
import { parseSql } from '../../../frontends/cosmos/sql/parse.ts';
import { printQuery } from '../../../frontends/cosmos/sql/print.ts';
import type { Token } from '../../../model/text/lexer.ts';
import { randomOf, seedOf, testScale } from '../../random.ts';

const seed = seedOf();
const random = randomOf(seed);
const below = (count: number): number => Math.floor(random() * count);
const oneOf = <T>(list: readonly T[]): T => list[below(list.length)]!;

const parameters = new Map([
  ['@n', 4],
  ['@m', 7],
]);

const shapes = [
  'SELECT * FROM c',
  'SELECT TOP 3 c.a, c.b AS x FROM root c WHERE c.a = "it\'s" AND NOT c.b LIKE "x%" ORDER BY c.a DESC, c.b',
  'SELECT VALUE c.a.b[0] FROM c WHERE c.a IN (1, 2e3, "z") OR c.t BETWEEN 1 AND 5 ORDER BY c.a',
  'SELECT DISTINCT VALUE c.a FROM c ORDER BY c.a OFFSET @n LIMIT @m',
  'SELECT DISTINCT c.a, LOWER(c.b) FROM c JOIN t IN c.tags WHERE t != "q"',
  'SELECT VALUE COUNT(1) FROM c WHERE IS_DEFINED(c.a)',
  'SELECT VALUE AVG(c.a + 2 * c.b - 1) FROM c',
  'SELECT SUM(c.a), MIN(c.b) AS least, COUNTIF(c.a > 3) FROM c',
  'SELECT VALUE MAKESET(c.a) FROM c',
  'SELECT c.g, COUNT(1) AS n, MAX(c.a) FROM c GROUP BY c.g',
  'SELECT UPPER(c.g) AS g, AVG(c.a) AS mean FROM c GROUP BY UPPER(c.g) OFFSET 1 LIMIT 2',
  'SELECT c.g, MAKELIST(c.a) AS all FROM c GROUP BY c.g ORDER BY c.g DESC',
  'SELECT DISTINCT VALUE c.g.h FROM c GROUP BY c.g.h, c.i',
  'SELECT VALUE COUNT(1) FROM (SELECT DISTINCT VALUE c.a FROM c WHERE c.b)',
  'SELECT COUNT(1) AS n FROM (SELECT DISTINCT c.a, c.b FROM c) s',
  'SELECT SUM(s.x) AS total FROM (SELECT c.a AS x FROM c WHERE c.b > 1) s',
  'SELECT TOP @n VALUE {"k": c.a, "l": [c.b, -c.t]} FROM c ORDER BY VectorDistance(c.v, [1, 0.5])',
  'SELECT c.a ?? c.b AS d, (c.a ? 1 : 2) AS e FROM c WHERE EXISTS(SELECT VALUE t FROM t IN c.tags WHERE t = c.a) OFFSET 0 LIMIT 9',
  'SELECT ARRAY(SELECT VALUE t FROM t IN c.tags) AS ts, udf.f(c.a) AS u FROM c OFFSET 2 LIMIT 3',
];

const gap = (): string => oneOf([' ', '  ', '\n', '\t ', ' \r\n', ' -- c.x " FROM\n', ' --\n ']);
const anyCase = (text: string): string =>
  [...text].map((letter) => (random() < 0.5 ? letter.toLowerCase() : letter.toUpperCase())).join('');

function anyString(value: string): string {
  const quote = oneOf(['"', "'"]);
  const letters = [...value].map((letter) => {
    if (letter === quote || letter === '\\') return `\\${letter}`;
    return random() < 0.3 ? `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}` : letter;
  });
  return quote + letters.join('') + quote;
}

function anyNumber(text: string): string {
  const value = Number(text);
  const forms = [text, value.toExponential(), `${text.includes('e') ? value : text}${/[.e]/.test(text) ? '' : '.0'}`];
  // What TOP and its like take stays a whole number in all of them.
  if (Number.isInteger(value)) forms.push(`0x${value.toString(16)}`);
  return oneOf(forms);
}

/** Another text of the same tokens, but for quotes, brackets, case and needless parentheses. */
function respelt(text: string): string {
  const tokens = lexSql(text);
  const isStep = (token: Token | undefined): boolean => token?.kind === 'name' || token?.kind === 'keyword';
  let inFrom = false;
  let out = '';
  for (let i = 0; i < tokens.length - 1; i++) {
    const token = tokens[i]!;
    const word = token.kind === 'keyword' ? token.text : '';
    if (word === 'FROM' || word === 'JOIN') inFrom = true;
    else if (['WHERE', 'GROUP', 'ORDER', 'OFFSET', 'SELECT'].includes(word) || token.text === ')') inFrom = false;
    const next = tokens[i + 1];
    if (token.kind === 'string') out += anyString(token.text);
    else if (token.kind === 'number') out += anyNumber(token.text);
    else if (word !== '') out += anyCase(text.slice(token.start, token.end));
    else if (token.text === '.' && isStep(next) && tokens[i - 1]?.text !== 'udf') {
      const name = text.slice(next!.start, next!.end);
      out += random() < 0.5 ? `[${gap()}${anyString(name)}]` : `.${random() < 0.5 ? '' : gap()}${name}`;
      i++;
    } else if (token.kind === 'name' && next?.text === '(' && tokens[i - 1]?.text !== '.') out += anyCase(token.text);
    else if (token.text === 'udf') out += anyCase(token.text);
    else if (token.kind === 'name' && next?.text === '.' && !inFrom && random() < 0.3) out += `(${token.text})`;
    else out += text.slice(token.start, token.end);
    out += gap();
  }
  return out;
}

function withoutPlaces(tree: unknown): string {
  return JSON.stringify(tree, (name, value: unknown) => {
    if (name === 'start' || name === 'end' || name === 'directed') return undefined;
    return value === undefined ? '(undefined)' : value;
  });
}

it.each(shapes)('spells %s in many ways with one plan', (text) => {
  const plan = queryInfoOf(text, parameters);
  for (let round = 0; round < 10 * testScale; round++) {
    const other = respelt(text);
    expect(queryInfoOf(other, parameters), `seed ${seed}: ${other}`).toEqual(plan);
  }
  const changed = queryInfoOf(text.replaceAll('c.a', 'c.other').replace('FROM c', 'FROM c x'), parameters);
  if (plan.rewrittenQuery !== '') expect(changed).not.toEqual(plan);
});

const operators = ['+', '-', '*', '/', '%', '||', '&', '|', '^', '<<', '>>>', '=', '!=', '<', '>=', 'AND', 'OR', '??'];

/** An expression with parentheses thrown in, so that every nesting occurs. */
function anyExpression(depth: number): string {
  const inner = (): string => (random() < 0.5 ? `(${anyExpression(depth - 1)})` : anyExpression(depth - 1));
  if (depth === 0)
    return oneOf([
      'c',
      'c.a',
      'c["b c"]',
      'c["from"]',
      '1',
      '2.5e-7',
      '1e21',
      '"q\\"\\u2028"',
      '@n',
      'null',
      'undefined',
      '[]',
    ]);
  switch (below(12)) {
    case 0:
      return `${oneOf(['-', '+', '~', 'NOT '])}${inner()}`;
    case 1:
      return `${inner()} ? ${inner()} : ${inner()}`;
    case 2:
      return `${inner()} ${oneOf(['', 'NOT'])} BETWEEN ${inner()} AND ${inner()}`;
    case 3:
      return `${inner()} ${oneOf(['', 'NOT'])} IN (${inner()}, ${inner()})`;
    case 4:
      return `${inner()} LIKE ${inner()}${oneOf(['', ' ESCAPE "!"'])}`;
    case 5:
      return `(${inner()}).${oneOf(['x', 'order', '$y'])}`;
    case 6:
      return `(${inner()})[${inner()}]`;
    case 7:
      return oneOf([`{"a b": ${inner()}, x: ${inner()}}`, `[${inner()}, ${inner()}]`]);
    case 8:
      return oneOf([`concat(${inner()}, ${inner()})`, `udf.f(${inner()})`]);
    case 9:
      return `${oneOf(['', 'EXISTS', 'ARRAY', 'ALL'])}(SELECT ${oneOf(['DISTINCT', 'TOP 3', ''])} VALUE ${inner()} FROM t IN c.x[0] JOIN (SELECT ${inner()} AS k) AS s WHERE ${inner()})`;
    default:
      return `${inner()} ${oneOf(operators)} ${inner()}`;
  }
}

it('prints what parses to the same tree', () => {
  let compared = 0;
  for (let round = 0; round < 2_000 * testScale; round++) {
    const text = `SELECT VALUE ${anyExpression(1 + below(4))} FROM c`;
    let tree;
    try {
      tree = parseSql(text);
    } catch {
      // Bare operators of a looser kind do not stand everywhere.
      continue;
    }
    compared++;
    const printed = printQuery(tree);
    expect(withoutPlaces(parseSql(printed)).toUpperCase(), `seed ${seed}: ${text} -> ${printed}`).toBe(
      withoutPlaces(tree).toUpperCase(),
    );
    expect(printQuery(parseSql(printed))).toBe(printed);
  }
  expect(compared).toBeGreaterThan(500);
});
