import { expect, test } from 'vitest';
import { badRequest } from '../../../model/errors.ts';
import { createLexer } from '../../../model/text/lexer.ts';
import { createExpressionParser, queryDepthMax, TokenStream, type InfixRule } from '../../../model/text/pratt.ts';

// A calculator that shows how it read its text.
const lex = createLexer({
  keywords: new Set(),
  symbols: ['+', '*', '^', '(', ')'],
  quotes: '',
  quoteEscape: 'double',
  parameterMark: undefined,
  lineComment: undefined,
});

function rule(symbol: string, power: number, rightPower: number): [string, InfixRule<string>] {
  return [symbol, { power, parse: (left, _stream, right) => `(${left}${symbol}${right(rightPower)})` }];
}

const rules = new Map([rule('+', 1, 1), rule('*', 2, 2), rule('^', 3, 2)]);

const parse = createExpressionParser<string>(
  (stream, right) => {
    const token = stream.next();
    if (token.kind === 'number') return token.text;
    if (token.text !== '(') throw stream.fault(token);
    const inner = right(0);
    stream.expectSymbol(')');
    return inner;
  },
  (stream) => rules.get(stream.peek().text),
);

const read = (text: string): string =>
  parse(new TokenStream(text, lex, (_stream, token) => badRequest('syntax', 'text', token.start)));

test.each([
  ['1+2+3', '((1+2)+3)'],
  ['1+2*3', '(1+(2*3))'],
  ['1*2+3', '((1*2)+3)'],
  ['(1+2)*3', '((1+2)*3)'],
  ['2^3^4', '(2^(3^4))'],
])('%s is read as %s', (text, expected) => {
  expect(read(text)).toBe(expected);
});

test('a fault carries its offset', () => {
  expect(() => read('1+)')).toThrowError(expect.objectContaining({ code: 'BadRequest', offset: 2 }));
  expect(() => read('(1')).toThrowError(expect.objectContaining({ offset: 2 }));
});

test('depth is bounded, the length of a chain is not', () => {
  const deep = queryDepthMax - 1;
  expect(read(`${'('.repeat(deep)}1${')'.repeat(deep)}`)).toBe('1');
  expect(() => read(`${'('.repeat(deep + 1)}1${')'.repeat(deep + 1)}`)).toThrowError(/nested deeper/);
  expect(read(Array.from({ length: 5_000 }, () => '1').join('+'))).toHaveLength(4 * 4_999 + 1);
});
