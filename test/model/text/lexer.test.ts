import { expect, test } from 'vitest';
import { createLexer, queryTextLengthMax } from '../../../model/text/lexer.ts';

const lex = createLexer({
  keywords: new Set(['AND', 'OR']),
  symbols: ['<', '<=', '<<', '.', '(', ')'],
  quotes: "'",
  quoteEscape: 'either',
  parameterMark: '@',
  lineComment: '--',
});

const shown = (text: string): string[] =>
  lex(text).map((token) => `${token.kind}:${token.text}@${token.start}-${token.end}`);

test.each([
  ['a and B1', ['name:a@0-1', 'keyword:AND@2-5', 'name:B1@6-8', 'end:@8-8']],
  [
    'a<=b<<c<d',
    [
      'name:a@0-1',
      'symbol:<=@1-3',
      'name:b@3-4',
      'symbol:<<@4-6',
      'name:c@6-7',
      'symbol:<@7-8',
      'name:d@8-9',
      'end:@9-9',
    ],
  ],
  [
    '1 1.5 .5 1e2 0xFf 1.',
    [
      'number:1@0-1',
      'number:1.5@2-5',
      'number:.5@6-8',
      'number:1e2@9-12',
      'number:0xFf@13-17',
      'number:1.@18-20',
      'end:@20-20',
    ],
  ],
  ["'it''s' 'a\\n'", ["string:it's@0-7", 'string:a\n@8-13', 'end:@13-13']],
  ['@p.x -- rest\n@', ['parameter:@p@0-2', 'symbol:.@2-3', 'name:x@3-4', 'fault:@@13-14', 'end:@14-14']],
  ['1e 1abc', ['fault:1e@0-2', 'fault:1abc@3-7', 'end:@7-7']],
  ["'open", ["fault:'open@0-5", 'end:@5-5']],
  ["'\\x'", ["fault:'\\x'@0-4", 'end:@4-4']],
  ['é😀', ['name:é😀@0-3', 'end:@3-3']],
  ['', ['end:@0-0']],
])('%j becomes its tokens with their places', (text, expected) => {
  expect(shown(text)).toEqual(expected);
});

test('a text above the bound is refused before it is read', () => {
  expect(lex(' '.repeat(queryTextLengthMax))).toHaveLength(1);
  expect(() => lex(' '.repeat(queryTextLengthMax + 1))).toThrowError(expect.objectContaining({ code: 'TooLarge' }));
});

test('a number takes one of the letters that may end it', () => {
  const suffixed = createLexer({
    keywords: new Set(),
    symbols: [],
    quotes: "'",
    quoteEscape: 'double',
    parameterMark: undefined,
    lineComment: undefined,
    numberSuffixes: 'Ld',
  });
  const kinds = suffixed('5L 1.5d 1e3d 5LL 5La 5x L').map(({ kind, text }) => `${kind}:${text}`);
  expect(kinds).toEqual([
    'number:5L',
    'number:1.5d',
    'number:1e3d',
    'fault:5LL',
    'fault:5La',
    'fault:5x',
    'name:L',
    'end:',
  ]);
});
