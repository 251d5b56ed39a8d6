// What a door may ask of core: one readonly record per operation, one result each. Doors translate their
// protocol into these and call `engine.execute` once.

import type { HybridTime } from './hybrid-time.ts';
import type { PartitionKeyDefinition, PartitionKeyPart } from './partition-key.ts';
import type { Raw } from './bson/walk.ts';
import type { Path, Predicate } from './predicate.ts';
import type {
  ContainerRecord,
  DatabaseRecord,
  PartitionRecord,
  Profile,
  ResourceOwner,
  ResourceRecord,
  ResourceType,
} from './resource.ts';

/** Names a container; `database` and `container` are user-given ids. */
export interface ContainerName {
  readonly database: string;
  readonly container: string;
}

/** Names a script, user, permission, key or role. */
export interface ResourceName {
  readonly owner: ResourceOwner;
  readonly type: ResourceType;
  readonly id: string;
}

/** Values of the partition key, outermost first; [] for "none" and for unpartitioned containers. */
export type PartitionKeyValue = readonly PartitionKeyPart[];

/** A condition on the version stamp of the item as it is. '*' = any existing version. */
export interface Condition {
  readonly ifMatch?: HybridTime | '*' | undefined;
  readonly ifNoneMatch?: HybridTime | '*' | undefined;
}

/** An item with what core knows about it. `body` is BSON, read-only: it may be the store's own buffer. */
export interface Item {
  readonly body: Uint8Array;
  /** Id text (data-model.md, "Identity"). */
  readonly id: string;
  /** Version stamp: ETag of every door, and `_ts`. */
  readonly time: HybridTime;
  /** LSN of this version in its partition. */
  readonly lsn: number;
  /** LSN of the item's first version: stable over replaces, orders feeds, part of `_rid`. */
  readonly created: number;
  readonly partition: PartitionRecord;
  /** Of a version read from the log: its place there, which no other version of any item has. */
  readonly sequence?: number | undefined;
}

/** What a write did. */
export interface Written {
  readonly container: ContainerRecord;
  /** The item as it is now; after a delete, as it was. */
  readonly item: Item;
  readonly change: 'created' | 'replaced' | 'deleted' | 'none';
  readonly charge: number;
}

/**
 * How an incoming body relates to the stored one. `exact`: it replaces it byte for byte. `sql`: it was JSON,
 * so values equal in the SQL view keep their stored bytes and types ("A foreign write is a diff").
 */
export type WriteView = 'exact' | 'sql';

/**
 * A pure function from the item as it is (absent: undefined) to what it shall be. It may run again on a newer
 * version before the write commits. `undefined` leaves the item alone; 'delete' removes it.
 */
export type Edit = (current: Item | undefined) => Uint8Array | 'delete' | undefined;

/** One write to one item, alone or in a batch. */
export type ItemWrite =
  | {
      readonly kind: 'create-item' | 'replace-item' | 'upsert-item';
      readonly body: Uint8Array;
      readonly view: WriteView;
      /** Given by the protocol beside the body; must then agree with it. */
      readonly partitionKey?: PartitionKeyValue | undefined;
      /** Id text in the address of a replace; must agree with the body, unless that renames the item. */
      readonly id?: string | undefined;
      /** Another id in the body of a replace gives the item that id, if no other item has it. */
      readonly renames?: boolean | undefined;
      readonly condition?: Condition | undefined;
    }
  | {
      readonly kind: 'delete-item';
      readonly id: string;
      readonly partitionKey: PartitionKeyValue;
      readonly condition?: Condition | undefined;
    }
  | {
      /** Reads and writes in one step on the partition's only writer: patch, Mongo's update and findAndModify. */
      readonly kind: 'edit-item';
      readonly id: string;
      readonly partitionKey: PartitionKeyValue;
      readonly edit: Edit;
      readonly condition?: Condition | undefined;
    };

/** Which part of a container a read concerns. */
export interface Scope {
  /** One logical partition, or for hierarchical keys a prefix of them. */
  readonly partitionKey?: PartitionKeyValue | undefined;
  /** Effective partition keys [min, max); ranges that straddle partitions are cut. */
  readonly range?: { readonly minInclusive: string; readonly maxExclusive: string } | undefined;
}

/** Every operation: what it takes and what it gives. */
export interface Operations {
  'create-database': {
    input: { readonly id: string; readonly settings?: Uint8Array | undefined };
    result: DatabaseRecord;
  };
  'read-database': { input: { readonly id: string }; result: DatabaseRecord };
  'list-databases': { input: object; result: readonly DatabaseRecord[] };
  'replace-database': {
    input: { readonly id: string; readonly settings: Uint8Array; readonly ifMatch?: HybridTime | undefined };
    result: DatabaseRecord;
  };
  'delete-database': {
    input: {
      readonly id: string;
      readonly ifMatch?: HybridTime | undefined;
      /** Refused with PreconditionFailed while it holds containers. */
      readonly ifEmpty?: boolean | undefined;
    };
    result: DatabaseRecord;
  };
  'create-container': {
    input: ContainerName & {
      readonly profile: Profile;
      /** Absent: unpartitioned. */
      readonly partitionKey?: PartitionKeyDefinition | undefined;
      readonly settings?: Uint8Array | undefined;
      /** Physical partitions; absent: the server's default. */
      readonly partitions?: number | undefined;
      /** Makes the database too when it is missing (Mongo). */
      readonly createDatabase?: boolean | undefined;
    };
    result: ContainerRecord;
  };
  'read-container': { input: ContainerName; result: ContainerRecord };
  'list-containers': { input: { readonly database: string }; result: readonly ContainerRecord[] };
  'replace-container': {
    input: ContainerName & { readonly settings: Uint8Array; readonly ifMatch?: HybridTime | undefined };
    result: ContainerRecord;
  };
  'delete-container': { input: ContainerName & { readonly ifMatch?: HybridTime | undefined }; result: ContainerRecord };
  'create-resource': { input: ResourceName & { readonly body: Uint8Array }; result: ResourceRecord };
  'read-resource': { input: ResourceName; result: ResourceRecord };
  'list-resources': {
    input: { readonly owner: ResourceOwner; readonly type: ResourceType };
    result: readonly ResourceRecord[];
  };
  'replace-resource': {
    input: ResourceName & {
      readonly body: Uint8Array;
      readonly ifMatch?: HybridTime | undefined;
      /** The id that it shall have from now on. */
      readonly renamed?: string | undefined;
    };
    result: ResourceRecord;
  };
  'delete-resource': { input: ResourceName & { readonly ifMatch?: HybridTime | undefined }; result: ResourceRecord };
  /** Puts `parts` partitions (at least 2) in the place of that range; what is being read and written goes on. */
  'split-partition': {
    input: ContainerName & { readonly range: number; readonly parts: number };
    result: ContainerRecord;
  };
  'write-item': { input: ContainerName & { readonly write: ItemWrite }; result: Written };
  /** Independent writes in the order given: each commits or fails alone, `ordered` stops after the first failure. */
  'write-items': {
    input: ContainerName & { readonly writes: readonly ItemWrite[]; readonly ordered: boolean };
    result: readonly WriteOutcome[];
  };
  /** All or nothing, in one logical partition. */
  'batch-items': {
    input: ContainerName & { readonly partitionKey: PartitionKeyValue; readonly writes: readonly ItemWrite[] };
    result: BatchOutcome;
  };
  'read-item': {
    input: ContainerName & { readonly id: string; readonly partitionKey: PartitionKeyValue };
    result: { readonly container: ContainerRecord; readonly item: Item; readonly charge: number };
  };
  /** Every item of that id text, one look-up per partition: `_id` without the shard key. */
  'find-by-id': {
    input: ContainerName & { readonly id: string };
    result: { readonly container: ContainerRecord; readonly items: readonly Item[]; readonly charge: number };
  };
  /** Items in order of creation, by partition; `after` resumes. */
  'read-feed': {
    input: ContainerName & { readonly scope: Scope; readonly itemsMax: number; readonly after?: string | undefined };
    result: FeedPage;
  };
  /** What was written since a place, in the order of each partition's log. A transaction is never split over pages. */
  'read-changes': {
    input: ContainerName & {
      /**
       * `latest`: each item once, as it is, at the place of its last write; deletes leave nothing. `all`: every
       * version and every delete, as far back as the history is kept.
       */
      readonly mode: 'latest' | 'all';
      readonly scope: Scope;
      readonly start: ChangeStart;
      /** Leaves out what was written before. */
      readonly since?: HybridTime | undefined;
      /** In mode `all`: what was written before counts as history that is not kept any more. */
      readonly historySince?: HybridTime | undefined;
      readonly changesMax: number;
      readonly bytesMax?: number | undefined;
    };
    result: ChangePage;
  };
  /** Items that satisfy a predicate, found as they are now; in order of creation unless another is asked for. */
  'open-search': {
    input: ContainerName & {
      readonly scope: Scope;
      readonly predicate: Predicate;
      /** What the predicate sees and `body` gives: the stored form, or Mongo's view of it. */
      readonly view: ItemView;
      readonly order?: SearchOrder | undefined;
      /** Items that are wanted at most; it helps to choose a way, and bounds nothing. */
      readonly limit?: number | undefined;
      /** Looks at every item, whatever the index says. */
      readonly isForced?: boolean | undefined;
    };
    result: Search;
  };
  /**
   * Items of a table that satisfy a predicate, in the order of partition key and id. Pages resume by key and hold
   * nothing, so their places survive a restart; each shows one state.
   */
  'read-by-key': {
    input: ContainerName & {
      /** On the stored form, with `Timestamp` in front where it is named: the time of the version, as an instant. */
      readonly predicate: Predicate;
      /** Where the page begins: at the first item that is not before it. */
      readonly from?: KeyPlace | undefined;
      /** At least 1. */
      readonly itemsMax: number;
      readonly bytesMax: number;
    };
    result: KeyPage;
  };
  /** How many items satisfy a predicate; `undefined` when the index alone cannot tell. */
  'count-items': {
    input: ContainerName & { readonly scope: Scope; readonly predicate: Predicate; readonly view: ItemView };
    result: { readonly container: ContainerRecord; readonly count: number | undefined };
  };
  /**
   * The different values of a path on items that satisfy a predicate, elements of arrays one by one; `undefined`
   * when the index alone cannot tell.
   */
  'distinct-values': {
    input: ContainerName & {
      readonly scope: Scope;
      readonly predicate: Predicate;
      readonly view: ItemView;
      readonly path: Path;
    };
    result: { readonly container: ContainerRecord; readonly values: readonly Raw[] | undefined };
  };
  /**
   * How many of the items that satisfy a predicate have each value of a path, arrays as they are; `undefined` when the
   * index alone cannot tell. About in the order in which the first items of each were made.
   */
  'tally-values': {
    input: ContainerName & {
      readonly scope: Scope;
      readonly predicate: Predicate;
      readonly view: ItemView;
      readonly path: Path;
    };
    result: { readonly container: ContainerRecord; readonly values: readonly Tallied[] | undefined };
  };
}

/** A place in the order of a table; without `id` that of the first item of the partition key. */
export interface KeyPlace {
  readonly partitionKey: string;
  readonly id: string | undefined;
}

export interface KeyPage {
  readonly container: ContainerRecord;
  readonly items: readonly Item[];
  /** Key of the next item that may satisfy the predicate; absent at the end. */
  readonly next: { readonly partitionKey: string; readonly id: string } | undefined;
  readonly charge: number;
}

export interface Tallied {
  /** Absent: the items without a value. */
  readonly value: Raw | undefined;
  readonly count: number;
}

export type ItemView = 'stored' | 'mongo';

export type SearchOrder =
  /** Last created first. */
  | { readonly kind: 'newest' }
  /** MongoDB's order of the values of a path, where the index gives it (`Search.isOrdered`). */
  | {
      readonly kind: 'path';
      readonly path: Path;
      readonly descending: boolean;
      /** Items equal in it are ordered further by the caller, who reads all of them. */
      readonly isPrefix?: boolean | undefined;
    };

export interface SearchPage {
  readonly items: readonly Item[];
  /** Nothing follows. Not always known with the last item: then an empty page tells. */
  readonly done: boolean;
}

/** How a search reaches its items; `estimate` says of about how many candidates. */
export type SearchAccess =
  | { readonly kind: 'scan'; readonly estimate: number }
  | { readonly kind: 'index'; readonly estimate: number; readonly exact: boolean }
  /** In the order of the index on the path asked for. */
  | { readonly kind: 'order'; readonly estimate: number };

/** A search that is held open: it sees one state until it is done or closed, and must be either. */
export interface Search {
  readonly container: ContainerRecord;
  /** How the first partition is read. */
  readonly access: SearchAccess;
  /** Whether items come in the order asked for; otherwise the caller sorts them. */
  readonly isOrdered: boolean;
  /** Items looked at so far. */
  readonly examined: number;
  /** Paths of the predicate that the index narrows the search by, the most selective first: for explanations. */
  indexedPaths(): readonly Path[];
  /** At most `itemsMax` (at least 1) items, `bytesMax` bytes of them unless one alone has more. */
  next(itemsMax: number, bytesMax: number, signal: AbortSignal | undefined): Promise<SearchPage>;
  close(): void;
}

export type OperationKind = keyof Operations;
export type Operation<Kind extends OperationKind = OperationKind> = { readonly kind: Kind } & Operations[Kind]['input'];
export type Result<Kind extends OperationKind> = Operations[Kind]['result'];

export type WriteOutcome =
  | { readonly kind: 'written'; readonly written: Written }
  | { readonly kind: 'failed'; readonly error: Error }
  | { readonly kind: 'skipped' };

export type BatchOutcome =
  | { readonly kind: 'committed'; readonly written: readonly Written[] }
  | { readonly kind: 'aborted'; readonly index: number; readonly error: Error; readonly charge: number };

export interface FeedPage {
  readonly container: ContainerRecord;
  readonly items: readonly Item[];
  /** Absent at the end. Survives a restart. */
  readonly continuation: string | undefined;
  readonly charge: number;
}

/** Where a change feed begins. A continuation is the text of an earlier page. */
export type ChangeStart =
  { readonly kind: 'beginning' } | { readonly kind: 'now' } | { readonly kind: 'after'; readonly continuation: string };

export interface Change {
  readonly operation: 'create' | 'replace' | 'delete';
  /** The version that was written. Of a delete: its LSN and time, the id, and an empty body. */
  readonly item: Item;
  /** Of a delete, whose body does not tell it. */
  readonly partitionKey: PartitionKeyValue | undefined;
  /** In mode `all`: the version that ended, while it is still kept. */
  readonly previous: Item | undefined;
  /** A delete because the time to live ran out. */
  readonly expired: boolean;
}

export interface ChangePage {
  readonly container: ContainerRecord;
  readonly changes: readonly Change[];
  /** Always there: a change feed has no end. Survives a restart. */
  readonly continuation: string;
  readonly charge: number;
}

/** Who asks, and when to stop working for them. */
export interface Context {
  /** Number of the account, the first component of every store key. */
  readonly account: number;
  /** Aborted when the caller has gone away. */
  readonly signal?: AbortSignal | undefined;
  /** Session token the answer must not be older than. */
  readonly sessionToken?: string | undefined;
  /** Reads are as consistent as only several replicas together are (strong, bounded staleness), and cost twice. */
  readonly isQuorumRead?: boolean | undefined;
}
