// The terms of what is known of a version beside its body: when its item was made, when it was written, in which
// logical partition it is. Every index keeps them, whatever the policy says.

import { writeIdentityKey } from './composite-key.ts';
import { keyBytes } from './key-scratch.ts';
import { writeDoubleKey } from './number-key.ts';
import { createdPath, identityPath, partitionKeyPath, timePath } from './paths.ts';
import { Tag, writeTextKey } from './term-key.ts';
import type { TermSink } from './terms.ts';

/** Identity of a version in its partition (`core/identify.ts`), and its times. */
export interface VersionFacts {
  readonly id: string;
  /** Text of the partition key values. */
  readonly key: string;
  /** LSN of the item's first version. */
  readonly created: number;
  /** Commit time in seconds. */
  readonly seconds: number;
}

function numberTerm(sink: TermSink, path: number, value: number): void {
  keyBytes[0] = Tag.number;
  sink.term(path, writeDoubleKey(keyBytes, 1, value));
}

export function factTerms(facts: VersionFacts, keepsPartitionKeys: boolean, sink: TermSink): void {
  sink.term(identityPath, writeIdentityKey(facts.id, facts.key));
  numberTerm(sink, createdPath, facts.created);
  numberTerm(sink, timePath, facts.seconds);
  if (keepsPartitionKeys) sink.term(partitionKeyPath, writeTextKey(keyBytes, 0, facts.key));
}
