// How a partition's index is built, as text: a manifest says how the segments it names were, because an index keeps
// to that until it is built anew (`index-rebuild.ts`).

import { anyElement, type CompositePart } from '../indexer/policy.ts';
import { policyText } from './indexing-policy.ts';
import type { IndexOptions } from './index-home.ts';
import type { PartitionKeyTerms } from '../indexer/fact-terms.ts';

/** Differs when the terms of what is known beside the body change. */
const factsFormat = 2;

/** Differs exactly when an index built with one cannot serve as one built with the other. */
export function optionsText({ policy, identityField, partitionKeyTerms }: IndexOptions): string {
  return JSON.stringify([policyText(policy), identityField ?? null, partitionKeyTerms, factsFormat]);
}

/** The options that have this text. */
export function optionsOf(text: string): IndexOptions {
  const [policy, identityField, partitionKeyTerms] = JSON.parse(text) as [string, string | null, PartitionKeyTerms];
  const [included, excluded, composites] = JSON.parse(policy) as [
    readonly string[],
    readonly string[],
    readonly (readonly (readonly [steps: readonly (string | 0)[], descending: boolean])[])[],
  ];
  const partOf = ([steps, descending]: readonly [readonly (string | 0)[], boolean]): CompositePart => ({
    path: steps.map((step) => (step === 0 ? anyElement : step)),
    descending,
  });
  return {
    policy: { included, excluded, composites: composites.map((parts) => parts.map(partOf)) },
    identityField: identityField ?? undefined,
    partitionKeyTerms,
  };
}
