// Conditional functions.

import type { FunctionRow } from './row.ts';

export const conditionalFunctions: readonly FunctionRow[] = [
  {
    name: 'IIF',
    arity: [3, 3],
    evaluate: (_context, test, then, otherwise) => (test === true ? then : otherwise),
  },
];
