// The resources of an account as every door sees them through core: databases, containers, partitions.
// They are items of the account's system partition (number 0), stored as BSON by `core/catalog.ts`.

import type { HybridTime } from './hybrid-time.ts';
import type { PartitionKeyDefinition } from './partition-key.ts';

/** How a container was made: which front-end's identity and key rules its items follow (data-model.md, "Identity"). */
export type Profile = 'documents' | 'collection' | 'table' | 'graph' | 'relation';

export interface DatabaseRecord {
  readonly id: string;
  /** Never reused within the account; the first four bytes of resource ids. */
  readonly number: number;
  /** What a door lets its user set on a database, as one BSON document that core keeps and returns unread. */
  readonly settings: Uint8Array;
  /** Version stamp of the record: ETag and `_ts`. */
  readonly time: HybridTime;
}

/**
 * A partition that ended when others were made of it. Its records stay where they are: those whose keys are in the range
 * of a descendant are that one's, under their own LSNs, which the descendant goes on from.
 */
export interface PartitionOrigin {
  readonly range: number;
  readonly partition: number;
  /** Its last LSN. */
  readonly lastLsn: number;
}

/** One physical partition of a container. */
export interface PartitionRecord {
  /** Id of the range within its container: what session tokens and `pkranges` name. Never reused. */
  readonly range: number;
  /** Number of the partition within the account: what log records name. Never reused. */
  readonly partition: number;
  /** Effective partition keys [min, max), hexadecimal, '' … 'FF'. */
  readonly minInclusive: string;
  readonly maxExclusive: string;
  /** What it was split from, the oldest first; empty for a partition that was made with its container. */
  readonly origins: readonly PartitionOrigin[];
  /** Configuration number, raised when members or write region change: the version in session tokens. */
  readonly epoch: number;
}

export interface ContainerRecord {
  readonly id: string;
  /** Id of its database. */
  readonly database: string;
  readonly databaseNumber: number;
  /** Never reused within the account; bytes five to eight of resource ids. */
  readonly number: number;
  readonly profile: Profile;
  readonly partitionKey: PartitionKeyDefinition;
  readonly partitions: readonly PartitionRecord[];
  /** Everything else a door lets its user set, as one BSON document that core keeps and returns unread. */
  readonly settings: Uint8Array;
  readonly time: HybridTime;
}

/** Resources that are neither databases, containers nor items; each belongs to an owner. */
export const resourceTypes = [
  'storedProcedure',
  'trigger',
  'userDefinedFunction',
  'user',
  'permission',
  'clientEncryptionKey',
  'roleDefinition',
  'roleAssignment',
] as const;
export type ResourceType = (typeof resourceTypes)[number];

/** What a resource belongs to and is deleted with: the account (number 0), or what has that number. */
export interface ResourceOwner {
  readonly kind: 'account' | 'database' | 'container' | 'user';
  readonly number: number;
}

export interface ResourceRecord {
  readonly type: ResourceType;
  readonly owner: ResourceOwner;
  /** Taken at most once per owner and type. */
  readonly id: string;
  /** Never reused within the account, whatever the type. */
  readonly number: number;
  /** What the door lets its user set, as one BSON document that core keeps and returns unread. */
  readonly body: Uint8Array;
  readonly time: HybridTime;
}

/** LSN that a partition begins after. */
export function firstLsnOf({ origins }: PartitionRecord): number {
  return origins.at(-1)?.lastLsn ?? 0;
}

/** Id of the range in which an item was made, by the LSN of its first version: part of its `_rid`, for ever. */
export function rangeOfCreation({ range, origins }: PartitionRecord, created: number): number {
  return origins.find(({ lastLsn }) => created <= lastLsn)?.range ?? range;
}

/** True when the partition is that range or was split from it. */
export function descendsFrom(partition: PartitionRecord, range: number): boolean {
  return partition.range === range || partition.origins.some((origin) => origin.range === range);
}

/** True for a container made without a partition key: one logical and one physical partition. */
export function isUnpartitioned(container: ContainerRecord): boolean {
  return container.partitionKey.systemKey === true;
}
