// For how long a container declares that its history is needed: Cosmos DB's change feed policy, whose duration of minutes
// makes every version and delete readable (docs: "Change feed modes in Azure Cosmos DB").

import { BsonType } from '../model/bson/types.ts';
import { fieldOf } from '../model/bson/walk.ts';
import type { ContainerRecord } from '../model/resource.ts';
import { valueOf } from '../model/value.ts';

const msPerMinute = 60_000;

const durations = new WeakMap<ContainerRecord, number>();

/** Milliseconds; 0 when it declares none. */
export function declaredRetentionMsOf(container: ContainerRecord): number {
  let known = durations.get(container);
  if (known === undefined) {
    const policy = fieldOf(container.settings, 'changeFeedPolicy');
    const minutes = policy?.type === BsonType.object ? valueOf(fieldOf(policy.slice(), 'retentionDuration')) : 0;
    known = typeof minutes === 'number' && minutes > 0 ? minutes * msPerMinute : 0;
    durations.set(container, known);
  }
  return known;
}

/** The longest of those that the partitions belong to. */
export function longestRetentionMs(partitions: Iterable<{ readonly container: ContainerRecord }>): number {
  let longest = 0;
  for (const { container } of partitions) longest = Math.max(longest, declaredRetentionMsOf(container));
  return longest;
}
