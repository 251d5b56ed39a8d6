// What a partition asks of whoever keeps its index: `IndexKeeper`, or memory alone (`memory-home.ts`).

import type { PartitionKeyTerms } from '../indexer/fact-terms.ts';
import type { PartitionIndex } from '../indexer/partition-index.ts';
import type { IndexingPolicy } from '../indexer/policy.ts';
import { isUnpartitioned, type ContainerRecord } from '../model/resource.ts';
import { idField } from './identify.ts';
import { indexingPolicyOf } from './indexing-policy.ts';
import type { IndexBuild } from './rebuild.ts';

/** How an index is built. */
export interface IndexOptions {
  readonly policy: IndexingPolicy;
  readonly identityField: string | undefined;
  readonly partitionKeyTerms: PartitionKeyTerms;
}

/** The index as the last flush left it, or an empty one. */
export interface OpenedIndex {
  readonly index: PartitionIndex;
  /** Bytes of its live items. */
  readonly liveBytes: number;
  /** It was built with other options, which it keeps until it is built anew. */
  readonly outdated: boolean;
  /** No LSN up to it may be given again, whatever a replay finds. */
  readonly lsnFloor: number;
  /** False: nothing was known of it, not even that it is empty. */
  readonly known: boolean;
}

/** Where the indexes of a group's partitions live, and who flushes them. */
export interface IndexHome {
  openIndex(partition: number, options: IndexOptions): OpenedIndex;
  /** A record of the partition was applied; `bytes` is its length. */
  applied(partition: number, sequence: number, lsn: number, bytes: number): void;
  /** The partition is gone with its container, which that record deleted. */
  drop(partition: number, killer: number): void;
  /** The partition was made of another by that record: its index holds what it had before, up to that LSN. */
  begun(partition: number, sequence: number, lsn: number): void;
  /** The partition was split by that record. What reads its index may go on until it releases its snapshots. */
  retire(partition: number, killer: number): void;
  /** Begins to build an index beside that of a partition. */
  beginBuild(partition: number, options: IndexOptions): IndexBuild;
}

/** Whether the id field is also the whole partition key: then the identity terms tell the logical partition. */
function isKeyedById(container: ContainerRecord): boolean {
  const { paths } = container.partitionKey;
  return paths.length === 1 && paths[0] === `/${idField[container.profile]}`;
}

/** How the container wants its indexes. */
export function indexOptionsOf(container: ContainerRecord): IndexOptions {
  return {
    policy: indexingPolicyOf(container),
    // A collection's `_id` has any type: its values are terms of their own.
    identityField: container.profile === 'collection' ? undefined : idField[container.profile],
    partitionKeyTerms:
      container.profile === 'table' ? 'ordered' : !isUnpartitioned(container) && !isKeyedById(container),
  };
}
