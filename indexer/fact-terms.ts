// The terms of what is known of a version beside its body: when its item was made, when it was written and when
// its time is over, in which logical partition it is. Every index keeps them, whatever the policy says.

import { exists, type Filter } from './filter.ts';
import { writeIdentityKey } from './composite-key.ts';
import { keyBytes } from './key-scratch.ts';
import { writeDoubleKey } from './number-key.ts';
import { createdPath, expiryPath, identityPath, partitionKeyPath, timePath } from './paths.ts';
import { partitionKeyOfText, writeKeyPlace } from './key-order.ts';
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
  /** Its own time to live: seconds, -1 for ever, 0 when it names none. */
  readonly ttlSeconds: number;
}

function numberTerm(sink: TermSink, path: number, value: number): void {
  keyBytes[0] = Tag.number;
  sink.term(path, writeDoubleKey(keyBytes, 1, value));
}

/**
 * Items with an older version: the numbers of all others rise in the order of their creation, because the number of a
 * first version is as old as its item.
 */
export const replacedItems: Filter = exists(createdPath);

/** Which terms of partition keys an index keeps: none, their texts, or those with the id text, in order. */
export type PartitionKeyTerms = false | true | 'ordered';

export function factTerms(facts: VersionFacts, lsn: number, keyTerms: PartitionKeyTerms, sink: TermSink): void {
  sink.term(identityPath, writeIdentityKey(facts.id, facts.key));
  numberTerm(sink, createdPath, facts.created);
  if (facts.created !== lsn) sink.exists(createdPath);
  numberTerm(sink, timePath, facts.seconds);
  if (facts.ttlSeconds !== 0) sink.exists(expiryPath);
  if (facts.ttlSeconds > 0) numberTerm(sink, expiryPath, facts.seconds + facts.ttlSeconds);
  if (keyTerms === 'ordered') sink.term(partitionKeyPath, writeKeyPlace(partitionKeyOfText(facts.key), facts.id));
  else if (keyTerms) sink.term(partitionKeyPath, writeTextKey(keyBytes, 0, facts.key));
}
