// The words and symbols of Cosmos SQL. Source: the grammar the public .NET SDK parses with, and the documents.
// Words that mean something in one place only (ALL, FIRST, LAST, RANK, UDF) stay names.

import { createLexer } from '../../../model/text/lexer.ts';

export const keywords: ReadonlySet<string> = new Set([
  'AND',
  'ARRAY',
  'AS',
  'ASC',
  'BETWEEN',
  'BY',
  'DESC',
  'DISTINCT',
  'ESCAPE',
  'EXISTS',
  'FALSE',
  'FROM',
  'GROUP',
  'IN',
  'JOIN',
  'LIKE',
  'LIMIT',
  'NOT',
  'NULL',
  'OFFSET',
  'OR',
  'ORDER',
  'SELECT',
  'TOP',
  'TRUE',
  'UNDEFINED',
  'VALUE',
  'WHERE',
]);

export const lexSql = createLexer({
  keywords,
  symbols: [
    ...['(', ')', '[', ']', '{', '}', ',', '.', ':', '?', '??', '*', '+', '-', '/', '%', '&', '|', '^', '~', '||'],
    ...['=', '!=', '<>', '<', '<=', '>', '>=', '<<', '>>', '>>>'],
  ],
  quotes: '"\'',
  quoteEscape: 'backslash',
  parameterMark: '@',
  lineComment: '--',
});
