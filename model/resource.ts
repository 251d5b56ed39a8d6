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

/** One physical partition of a container. */
export interface PartitionRecord {
  /** Id of the range within its container: what session tokens and `pkranges` name. Never reused. */
  readonly range: number;
  /** Number of the partition within the account: what log records name. Never reused. */
  readonly partition: number;
  /** Effective partition keys [min, max), hexadecimal, '' … 'FF'. */
  readonly minInclusive: string;
  readonly maxExclusive: string;
  /** Ranges it was split or merged from. */
  readonly parents: readonly number[];
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

/** True for a container made without a partition key: one logical and one physical partition. */
export function isUnpartitioned(container: ContainerRecord): boolean {
  return container.partitionKey.systemKey === true;
}
