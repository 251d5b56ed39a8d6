// The catalog of an account: databases, containers and the numbers that are never reused. It is the state of
// the account's system partition (number 0), folded from the same log as the items, so that it is as durable
// and travels as they do.
//
// Invariants: a name is taken at most once per level; numbers only grow; deleting a database deletes its
// containers in the same entry; what belongs to a resource ends with it, without a record of its own.

import { DatabaseError } from '../model/errors.ts';
import { BsonWriter } from '../model/bson/write.ts';
import { fieldOf, textOfRaw } from '../model/bson/walk.ts';
import type { HybridTime } from '../model/hybrid-time.ts';
import { unpartitioned, type PartitionKeyDefinition } from '../model/partition-key.ts';
import { bodyOf, RecordKind, recordHeaderBytes, type RecordHeader } from '../model/record.ts';
import type {
  ContainerRecord,
  DatabaseRecord,
  PartitionRecord,
  Profile,
  ResourceOwner,
  ResourceRecord,
  ResourceType,
} from '../model/resource.ts';
import {
  childName,
  containerIdIn,
  containerName,
  countersName,
  databaseName,
  decodeResource,
  emptyDocument,
  encodeResource,
  ownerKey,
  type Counters,
  type Resource,
} from './catalog-records.ts';
import { Children, ownedBy } from './children.ts';
import { layoutOf, newLayout, splitLayout } from './partition-layout.ts';
import { checkStamp, childExists, childMissing, containerMissing, databaseMissing, partitionGone } from './refusals.ts';
import type { Staging } from './proposal.ts';
import { ResourceVersions } from './resource-versions.ts';
import { StagedResources } from './staged-resources.ts';
import type { Graveyard } from './partition.ts';

/** Number of the partition that holds the catalog itself. */
export const systemPartition = 0;

/** Resources of one type that one owner may have: all of them are kept in memory. */
export const childrenMax = 10_000;

/** What the catalog tells the engine about containers as their records are applied. */
export interface CatalogListener {
  containerPut(container: ContainerRecord): void;
  /** `killer` is the sequence of the record that deleted it. */
  containerDropped(container: ContainerRecord, killer: number): void;
}

export interface NewContainer {
  readonly database: string;
  readonly id: string;
  readonly profile: Profile;
  readonly partitionKey: PartitionKeyDefinition | undefined;
  readonly settings: Uint8Array | undefined;
  readonly partitions: number;
  readonly createDatabase: boolean;
}

export class Catalog {
  readonly #listener: CatalogListener;
  readonly #graveyard: Graveyard;
  readonly #databases = new Map<string, DatabaseRecord>();
  readonly #containers = new Map<string, Map<string, ContainerRecord>>();
  readonly #children = new Children();
  /** Owners that exist, by `ownerKey`. */
  readonly #owners = new Set<string>();
  #counters: Counters = { database: 0, container: 0, partition: systemPartition, resource: 0 };
  #lsn = 0;
  readonly #versions: ResourceVersions;

  // Staged within the current commit group.
  #stagedLsn = 0;
  readonly #staged = new StagedResources();
  #undoLsn = 0;

  constructor(listener: CatalogListener, graveyard: Graveyard) {
    this.#listener = listener;
    this.#graveyard = graveyard;
    this.#versions = new ResourceVersions(graveyard);
  }

  get lsn(): number {
    return this.#lsn;
  }

  /** Sequences of the records that made the catalog as it was at a place of the log; places must rise. */
  sequencesAt(place: number): number[] {
    return this.#versions.at(place);
  }

  /** No LSN up to this one is given again: it was, in records that are not read any more. */
  reach(lsn: number): void {
    this.#lsn = Math.max(this.#lsn, lsn);
    this.#stagedLsn = Math.max(this.#stagedLsn, lsn);
  }

  // Reading what is applied.

  databases(): DatabaseRecord[] {
    return [...this.#databases.values()];
  }

  databaseOrNone(id: string): DatabaseRecord | undefined {
    return this.#databases.get(id);
  }

  database(id: string): DatabaseRecord {
    const found = this.#databases.get(id);
    if (found === undefined) throw databaseMissing();
    return found;
  }

  databaseByNumber(number: number): DatabaseRecord | undefined {
    return this.databases().find((database) => database.number === number);
  }

  containers(database: string): ContainerRecord[] {
    this.database(database);
    return [...(this.#containers.get(database)?.values() ?? [])];
  }

  container(database: string, id: string): ContainerRecord {
    const found = this.#containers.get(database)?.get(id);
    if (found !== undefined) return found;
    this.database(database);
    throw containerMissing();
  }

  containerOrNone(database: string, id: string): ContainerRecord | undefined {
    return this.#containers.get(database)?.get(id);
  }

  /** Resources of one type that belong to an owner, in the order of their creation. */
  children(owner: ResourceOwner, type: ResourceType): ResourceRecord[] {
    return this.#children.list(owner, type);
  }

  childOrNone(owner: ResourceOwner, type: ResourceType, id: string): ResourceRecord | undefined {
    return this.#children.find(owner, type, id);
  }

  child(owner: ResourceOwner, type: ResourceType, id: string): ResourceRecord {
    const found = this.#children.find(owner, type, id);
    if (found === undefined) throw childMissing();
    return found;
  }

  // Staging.

  begin(): void {
    this.#staged.begin();
    this.#undoLsn = this.#stagedLsn;
  }

  rollback(): void {
    this.#staged.rollback();
    this.#stagedLsn = this.#undoLsn;
  }

  discard(): void {
    this.#staged.clear();
    this.#stagedLsn = this.#lsn;
  }

  #stagedOr<Kind extends Resource['kind']>(
    name: string,
    kind: Kind,
    applied: () => Extract<Resource, { kind: Kind }> | undefined,
  ): Extract<Resource, { kind: Kind }> | undefined {
    const entry = this.#staged.get(name);
    if (entry === undefined) return applied();
    const staged = entry.resource;
    return staged?.kind === kind ? (staged as Extract<Resource, { kind: Kind }>) : undefined;
  }

  #stagedDatabase(id: string): DatabaseRecord | undefined {
    return this.#stagedOr(databaseName(id), 'database', () => wrapDatabase(this.#databases.get(id)))?.database;
  }

  #stagedContainer(database: string, id: string): ContainerRecord | undefined {
    return this.#stagedOr(containerName(database, id), 'container', () =>
      wrapContainer(this.#containers.get(database)?.get(id)),
    )?.container;
  }

  #stagedChild(owner: ResourceOwner, type: ResourceType, id: string): ResourceRecord | undefined {
    const key = ownerKey(owner);
    for (const [, { resource }] of this.#staged.entries()) {
      if (resource?.kind !== 'child') continue;
      const { child } = resource;
      if (child.id === id && child.type === type && ownerKey(child.owner) === key) return child;
    }
    const applied = this.#children.find(owner, type, id);
    // What is staged for it and was not found above is another id, or its end.
    return applied !== undefined && this.#staged.get(childName(applied)) !== undefined ? undefined : applied;
  }

  #stagedContainers(database: string): ContainerRecord[] {
    const found = new Map(this.#containers.get(database) ?? []);
    for (const [name, { resource }] of this.#staged.entries()) {
      if (resource?.kind === 'container' && resource.container.database === database)
        found.set(resource.container.id, resource.container);
      else if (resource === undefined) {
        const id = containerIdIn(name, database);
        if (id !== undefined) found.delete(id);
      }
    }
    return [...found.values()];
  }

  /** Refuses a partition that an earlier proposal of this commit group deleted or split. */
  requireAlive(container: ContainerRecord, partition: number): void {
    if (this.#staged.isEmpty) return;
    const staged = this.#stagedContainer(container.database, container.id);
    if (staged?.number !== container.number) throw containerMissing();
    if (!staged.partitions.some((one) => one.partition === partition)) throw partitionGone();
  }

  // Evaluating.

  createDatabase(id: string, settings: Uint8Array | undefined, staging: Staging): DatabaseRecord {
    if (this.#stagedDatabase(id) !== undefined)
      throw new DatabaseError('DatabaseExists', 'a database with that id exists', { argument: 'id' });
    const counters = this.#stagedCounters();
    const database: DatabaseRecord = {
      id,
      number: counters.database + 1,
      settings: settings ?? emptyDocument,
      time: staging.hybridTime(),
    };
    this.#put(
      countersName,
      { kind: 'counters', counters: { ...counters, database: database.number } },
      database.time,
      staging,
    );
    this.#put(databaseName(id), { kind: 'database', database }, database.time, staging);
    return database;
  }

  replaceDatabase(id: string, settings: Uint8Array, ifMatch: HybridTime | undefined, staging: Staging): DatabaseRecord {
    const current = this.#stagedDatabase(id);
    if (current === undefined) throw databaseMissing();
    checkStamp(ifMatch, current.time);
    const database: DatabaseRecord = { ...current, settings, time: staging.hybridTime() };
    this.#put(databaseName(id), { kind: 'database', database }, database.time, staging);
    return database;
  }

  deleteDatabase(
    id: string,
    only: { readonly ifMatch: HybridTime | undefined; readonly ifEmpty: boolean },
    staging: Staging,
  ): DatabaseRecord {
    const database = this.#stagedDatabase(id);
    if (database === undefined) throw databaseMissing();
    checkStamp(only.ifMatch, database.time);
    if (only.ifEmpty && this.#stagedContainers(id).length > 0)
      throw new DatabaseError('PreconditionFailed', 'the database holds containers', { argument: 'ifEmpty' });
    for (const container of this.#stagedContainers(id))
      this.#drop(containerName(id, container.id), ownerOf(container), staging);
    this.#drop(databaseName(id), { kind: 'database', number: database.number }, staging);
    return database;
  }

  createContainer(wanted: NewContainer, staging: Staging): ContainerRecord {
    let database = this.#stagedDatabase(wanted.database);
    if (database === undefined) {
      if (!wanted.createDatabase) throw databaseMissing();
      database = this.createDatabase(wanted.database, undefined, staging);
    }
    if (this.#stagedContainer(wanted.database, wanted.id) !== undefined)
      throw new DatabaseError('ContainerExists', 'a container with that id exists in this database', {
        argument: 'id',
      });
    const partitionKey = wanted.partitionKey ?? unpartitioned;
    const counters = this.#stagedCounters();
    const count = wanted.partitionKey === undefined ? 1 : wanted.partitions;
    const partitions = newLayout(partitionKey, count, counters.partition + 1);
    const container: ContainerRecord = {
      id: wanted.id,
      database: wanted.database,
      databaseNumber: database.number,
      number: counters.container + 1,
      profile: wanted.profile,
      partitionKey,
      partitions,
      settings: wanted.settings ?? emptyDocument,
      time: staging.hybridTime(),
    };
    this.#put(
      countersName,
      {
        kind: 'counters',
        counters: { ...counters, container: container.number, partition: counters.partition + count },
      },
      container.time,
      staging,
    );
    this.#put(containerName(wanted.database, wanted.id), { kind: 'container', container }, container.time, staging);
    return container;
  }

  replaceContainer(
    database: string,
    id: string,
    settings: Uint8Array,
    ifMatch: HybridTime | undefined,
    staging: Staging,
  ): ContainerRecord {
    const current = this.#stagedContainer(database, id);
    if (current === undefined) throw containerMissing();
    checkStamp(ifMatch, current.time);
    const container: ContainerRecord = { ...current, settings, time: staging.hybridTime() };
    this.#put(containerName(database, id), { kind: 'container', container }, container.time, staging);
    return container;
  }

  /**
   * Puts partitions of these bounds in the place of one. `lastLsn` is the last that it has given out. The bounds lie
   * within it and rise.
   */
  splitPartition(
    container: ContainerRecord,
    partition: PartitionRecord,
    bounds: readonly string[],
    lastLsn: number,
    staging: Staging,
  ): ContainerRecord {
    const current = this.#stagedContainer(container.database, container.id);
    if (current?.number !== container.number) throw containerMissing();
    const counters = this.#stagedCounters();
    const partitions = splitLayout(current, partition.partition, bounds, lastLsn, counters.partition + 1);
    const split: ContainerRecord = { ...current, partitions, time: staging.hybridTime() };
    const counted = { ...counters, partition: counters.partition + bounds.length + 1 };
    this.#put(countersName, { kind: 'counters', counters: counted }, split.time, staging);
    this.#put(containerName(split.database, split.id), { kind: 'container', container: split }, split.time, staging);
    return split;
  }

  deleteContainer(database: string, id: string, ifMatch: HybridTime | undefined, staging: Staging): ContainerRecord {
    const current = this.#stagedContainer(database, id);
    if (current === undefined) {
      if (this.#stagedDatabase(database) === undefined) throw databaseMissing();
      throw containerMissing();
    }
    checkStamp(ifMatch, current.time);
    this.#drop(containerName(database, id), ownerOf(current), staging);
    return current;
  }

  createChild(
    owner: ResourceOwner,
    type: ResourceType,
    id: string,
    body: Uint8Array,
    staging: Staging,
  ): ResourceRecord {
    if (this.#stagedChild(owner, type, id) !== undefined) throw childExists();
    if (this.#children.count(owner, type) >= childrenMax)
      throw new DatabaseError('BadRequest', `there are at most ${childrenMax} resources of one type here`, {
        argument: 'id',
      });
    const counters = this.#stagedCounters();
    const number = counters.resource + 1;
    const child = this.#putChild({ type, owner, id, number, body, time: staging.hybridTime() }, staging);
    this.#put(
      countersName,
      { kind: 'counters', counters: { ...counters, resource: number } },
      staging.hybridTime(),
      staging,
    );
    return child;
  }

  /** `renamed` is the id it shall have; another one must be free. */
  replaceChild(
    owner: ResourceOwner,
    type: ResourceType,
    id: string,
    body: Uint8Array,
    { ifMatch, renamed = id }: { readonly ifMatch?: HybridTime | undefined; readonly renamed?: string | undefined },
    staging: Staging,
  ): ResourceRecord {
    const current = this.#stagedChild(owner, type, id);
    if (current === undefined) throw childMissing();
    checkStamp(ifMatch, current.time);
    if (renamed !== id && this.#stagedChild(owner, type, renamed) !== undefined) throw childExists();
    return this.#putChild({ ...current, id: renamed, body, time: staging.hybridTime() }, staging);
  }

  deleteChild(
    owner: ResourceOwner,
    type: ResourceType,
    id: string,
    ifMatch: HybridTime | undefined,
    staging: Staging,
  ): ResourceRecord {
    const current = this.#stagedChild(owner, type, id);
    if (current === undefined) throw childMissing();
    checkStamp(ifMatch, current.time);
    this.#drop(childName(current), ownedBy(current), staging);
    return current;
  }

  #putChild(child: ResourceRecord, staging: Staging): ResourceRecord {
    const { owner } = child;
    const key = ownerKey(owner);
    if (owner.kind !== 'account' && (!this.#owners.has(key) || this.#staged.isLeaving(key)))
      throw new DatabaseError('ResourceNotFound', 'what the resource belongs to does not exist', {
        argument: owner.kind,
      });
    this.#put(childName(child), { kind: 'child', child }, child.time, staging);
    return child;
  }

  #stagedCounters(): Counters {
    return this.#stagedOr(countersName, 'counters', () => ({ kind: 'counters', counters: this.#counters }))!.counters;
  }

  #put(name: string, resource: Resource, time: HybridTime, staging: Staging): void {
    this.#record(name, resource, encodeResource(name, resource), time, staging);
  }

  /** `owner` is what the dropped resource is to others that belong to it. */
  #drop(name: string, owner: ResourceOwner | undefined, staging: Staging): void {
    if (owner !== undefined) this.#staged.leave(ownerKey(owner));
    const body = new BsonWriter(64).beginDocument().string('name', name).end().finish();
    this.#record(name, undefined, body, staging.hybridTime(), staging);
  }

  #record(name: string, resource: Resource | undefined, body: Uint8Array, time: HybridTime, staging: Staging): void {
    const lsn = this.#stagedLsn + 1;
    const staged = this.#staged.get(name);
    // What this commit group deleted begins anew; what it put is continued.
    const before = staged === undefined ? this.#versions.get(name) : staged.resource === undefined ? undefined : staged;
    const sequence = staging.nextSequence();
    staging.add({
      kind: resource === undefined ? RecordKind.delete : before === undefined ? RecordKind.insert : RecordKind.replace,
      partition: systemPartition,
      lsn,
      hybridTime: time,
      supersedes: before?.sequence ?? 0,
      created: before?.created ?? lsn,
      ttlSeconds: 0,
      flags: 0,
      body,
    });
    this.#staged.stage(name, { resource, sequence, created: before?.created ?? lsn });
    this.#stagedLsn = lsn;
  }

  // Applying.

  apply(header: RecordHeader, record: Uint8Array): void {
    if (header.kind === RecordKind.open || header.kind === RecordKind.heartbeat) return;
    this.#lsn = header.lsn;
    if (this.#stagedLsn < header.lsn) this.#stagedLsn = header.lsn;
    // Everything staged belongs to the run being applied: its last record leaves nothing staged.
    if (this.#stagedLsn === header.lsn) this.#staged.clear();
    const body = bodyOf(record);
    const name = textOfRaw(fieldOf(body, 'name')!);
    if (header.kind === RecordKind.delete) {
      this.#versions.end(name, header.sequence);
      this.#graveyard.superseded(header.sequence, record.length, header.sequence);
      this.#forget(name, header.sequence);
      return;
    }
    const resource = decodeResource(body, header.hybridTime);
    if (resource.kind === 'child' && !this.#isOwned(resource.child)) {
      // Its owner was deleted later in the log, and its own records before that are history.
      this.#graveyard.superseded(header.sequence, record.length, header.sequence);
      return;
    }
    const isOwner =
      resource.kind === 'container' ||
      resource.kind === 'database' ||
      (resource.kind === 'child' && ownedBy(resource.child) !== undefined);
    const layout = resource.kind === 'container' ? layoutOf(resource.container) : undefined;
    this.#versions.put(name, header, record.length - recordHeaderBytes, isOwner, layout);
    switch (resource.kind) {
      case 'counters':
        this.#counters = resource.counters;
        return;
      case 'database':
        this.#databases.set(resource.database.id, resource.database);
        this.#owners.add(ownerKey({ kind: 'database', number: resource.database.number }));
        return;
      case 'child': {
        const owner = ownedBy(resource.child);
        if (owner !== undefined) this.#owners.add(ownerKey(owner));
        this.#children.put(resource.child);
        return;
      }
      case 'container': {
        const { container } = resource;
        let siblings = this.#containers.get(container.database);
        if (siblings === undefined) this.#containers.set(container.database, (siblings = new Map()));
        siblings.set(container.id, container);
        this.#owners.add(ownerKey(ownerOf(container)));
        this.#listener.containerPut(container);
      }
    }
  }

  #isOwned({ owner }: ResourceRecord): boolean {
    return owner.kind === 'account' || this.#owners.has(ownerKey(owner));
  }

  #forgetOwner(owner: ResourceOwner, killer: number): void {
    this.#owners.delete(ownerKey(owner));
    for (const { name, owns } of this.#children.dropOwner(owner)) {
      if (owns !== undefined) this.#owners.delete(ownerKey(owns));
      this.#versions.end(name, killer);
    }
  }

  #forget(name: string, killer: number): void {
    const child = this.#children.named(name);
    if (child !== undefined) {
      this.#children.remove(child);
      const owner = ownedBy(child);
      if (owner !== undefined) this.#forgetOwner(owner, killer);
      return;
    }
    for (const [database, containers] of this.#containers) {
      const id = containerIdIn(name, database);
      const container = id === undefined ? undefined : containers.get(id);
      if (container === undefined) continue;
      containers.delete(container.id);
      this.#forgetOwner(ownerOf(container), killer);
      this.#listener.containerDropped(container, killer);
      return;
    }
    for (const { id, number } of this.#databases.values()) {
      if (databaseName(id) !== name) continue;
      this.#databases.delete(id);
      this.#containers.delete(id);
      this.#forgetOwner({ kind: 'database', number }, killer);
      return;
    }
  }
}

function ownerOf({ number }: ContainerRecord): ResourceOwner {
  return { kind: 'container', number };
}

function wrapDatabase(
  database: DatabaseRecord | undefined,
): { kind: 'database'; database: DatabaseRecord } | undefined {
  return database && { kind: 'database', database };
}

function wrapContainer(
  container: ContainerRecord | undefined,
): { kind: 'container'; container: ContainerRecord } | undefined {
  return container && { kind: 'container', container };
}
