// The options of an index as text and back.

import { expect, test } from 'vitest';
import { optionsOf, optionsText } from '../../core/index-options.ts';
import type { IndexOptions } from '../../core/index-home.ts';
import { anyElement, defaultPolicy } from '../../indexer/policy.ts';

const all: readonly IndexOptions[] = [
  { policy: defaultPolicy, identityField: undefined, partitionKeyTerms: false },
  { policy: defaultPolicy, identityField: '_id', partitionKeyTerms: false },
  { policy: defaultPolicy, identityField: undefined, partitionKeyTerms: true },
  {
    policy: {
      included: ['/a/"b c"/[]/?'],
      excluded: ['/*'],
      composites: [
        [
          { path: ['tags', anyElement, '__proto__'], descending: true },
          { path: ['0'], descending: false },
        ],
      ],
    },
    identityField: undefined,
    partitionKeyTerms: false,
  },
];

test('options come back from their text, and each has its own', () => {
  for (const options of all) expect(optionsOf(optionsText(options))).toEqual(options);
  expect(new Set(all.map(optionsText)).size).toBe(all.length);
});
