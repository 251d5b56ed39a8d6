// The words and symbols of `$filter`. Source: OData v3 URL conventions, section 5.1 and ABNF; no word is reserved,
// its place tells an operator or a literal from a property of that name. Letters count: `EQ` is no operator
// ("Querying tables and entities", Azure Storage REST reference).

import { createLexer } from '../../../model/text/lexer.ts';

export const lexFilter = createLexer({
  keywords: new Set<string>(),
  symbols: ['(', ')', '-', ',', '/'],
  quotes: "'",
  quoteEscape: 'double',
  parameterMark: undefined,
  lineComment: undefined,
  numberSuffixes: 'LlDdFfMm',
});
