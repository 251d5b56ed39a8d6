// The catalog of an account: databases, containers and the numbers that are never reused. It is the state of
// the account's system partition (number 0), folded from the same log as the items, so that it is as durable
// and travels as they do.
//
// Invariants: a name is taken at most once per level; numbers only grow; deleting a database deletes its
// containers in the same entry.

import { DatabaseError } from '../model/errors.ts';
import { BsonType } from '../model/bson/types.ts';
import { BsonWriter } from '../model/bson/write.ts';
import { ElementCursor, fieldOf, type rawDocument, textOfRaw } from '../model/bson/walk.ts';
import { valueOf } from '../model/value.ts';
import type { HybridTime } from '../model/hybrid-time.ts';
import { splitRanges } from '../model/effective-partition-key.ts';
import { unpartitioned, type PartitionKeyDefinition } from '../model/partition-key.ts';
import { bodyOf, RecordKind, recordHeaderBytes, type RecordHeader } from '../model/record.ts';
import type { ContainerRecord, DatabaseRecord, PartitionRecord, Profile } from '../model/resource.ts';
import type { Staging } from './proposal.ts';
import type { Graveyard } from './partition.ts';

/** Number of the partition that holds the catalog itself. */
export const systemPartition = 0;

/** Physical partitions one container may be made with. */
export const partitionsMax = 256;

/** Counters handed on from record to record. */
interface Counters {
  readonly database: number;
  readonly container: number;
  readonly partition: number;
}

/** What the catalog tells the engine about containers as their records are applied. */
export interface CatalogListener {
  containerPut(container: ContainerRecord): void;
  /** `killer` is the sequence of the record that deleted it. */
  containerDropped(container: ContainerRecord, killer: number): void;
}

/** What a record of the present commit group makes of a name; without a resource it is deleted. */
interface StagedResource {
  readonly resource: Resource | undefined;
  readonly sequence: number;
  readonly created: number;
}

/** Where the current record of a resource is. */
interface ResourceVersion {
  readonly sequence: number;
  readonly created: number;
  readonly bytes: number;
  /** Its first record, when that is another: a replay must meet it before the items of the container. */
  readonly first: { readonly sequence: number; readonly bytes: number } | undefined;
}

type Resource =
  | { readonly kind: 'database'; readonly database: DatabaseRecord }
  | { readonly kind: 'container'; readonly container: ContainerRecord }
  | { readonly kind: 'counters'; readonly counters: Counters };

const emptyDocument = new BsonWriter(8).beginDocument().end().finish();
const countersName = 'counters';

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
  #counters: Counters = { database: 0, container: 0, partition: systemPartition };
  #lsn = 0;
  /** Log sequence of the current version of each resource, by its name in the log. */
  readonly #sequences = new Map<string, ResourceVersion>();

  /** Records that were replaced or deleted lately. */
  #ended: { readonly sequence: number; readonly killer: number }[] = [];

  // Staged within the current commit group.
  #stagedLsn = 0;
  #staged = new Map<string, StagedResource>();
  #undo: { readonly name: string; readonly before: StagedResource | undefined }[] = [];
  #undoLsn = 0;

  constructor(listener: CatalogListener, graveyard: Graveyard) {
    this.#listener = listener;
    this.#graveyard = graveyard;
  }

  get lsn(): number {
    return this.#lsn;
  }

  /**
   * Sequences of the records that made the catalog as it was at a place of the log, in log order: what recovery from
   * that place reads first. Places asked for must rise.
   */
  sequencesAt(place: number): number[] {
    this.#ended = this.#ended.filter(({ killer }) => killer > place);
    const all = this.#ended.map(({ sequence }) => sequence);
    for (const { sequence, first } of this.#sequences.values()) {
      all.push(sequence);
      if (first !== undefined) all.push(first.sequence);
    }
    return all.filter((sequence) => sequence <= place).sort((a, b) => a - b);
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

  // Staging.

  begin(): void {
    this.#undo = [];
    this.#undoLsn = this.#stagedLsn;
  }

  rollback(): void {
    for (const { name, before } of this.#undo.reverse()) {
      if (before === undefined) this.#staged.delete(name);
      else this.#staged.set(name, before);
    }
    this.#undo = [];
    this.#stagedLsn = this.#undoLsn;
  }

  discard(): void {
    this.#staged.clear();
    this.#undo = [];
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

  #stagedContainers(database: string): ContainerRecord[] {
    const found = new Map(this.#containers.get(database) ?? []);
    for (const [name, { resource }] of this.#staged) {
      if (resource?.kind === 'container' && resource.container.database === database)
        found.set(resource.container.id, resource.container);
      else if (resource === undefined) {
        const id = containerIdIn(name, database);
        if (id !== undefined) found.delete(id);
      }
    }
    return [...found.values()];
  }

  /** Refuses a container that an earlier proposal of this commit group deleted. */
  requireAlive(container: ContainerRecord): void {
    if (this.#staged.size === 0) return;
    if (this.#stagedContainer(container.database, container.id)?.number !== container.number) throw containerMissing();
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

  deleteDatabase(id: string, ifMatch: HybridTime | undefined, staging: Staging): DatabaseRecord {
    const database = this.#stagedDatabase(id);
    if (database === undefined) throw databaseMissing();
    checkStamp(ifMatch, database.time);
    for (const container of this.#stagedContainers(id)) this.#drop(containerName(id, container.id), staging);
    this.#drop(databaseName(id), staging);
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
    const count = wanted.partitionKey === undefined ? 1 : wanted.partitions;
    if (!Number.isInteger(count) || count < 1 || count > partitionsMax)
      throw new DatabaseError('BadRequest', `partitions must be 1 to ${partitionsMax}`, { argument: 'partitions' });
    const counters = this.#stagedCounters();
    const partitions: PartitionRecord[] = splitRanges(partitionKey, count).map((range, i) => ({
      range: i,
      partition: counters.partition + 1 + i,
      minInclusive: range.minInclusive,
      maxExclusive: range.maxExclusive,
      parents: [],
      epoch: 1,
    }));
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

  deleteContainer(database: string, id: string, ifMatch: HybridTime | undefined, staging: Staging): ContainerRecord {
    const current = this.#stagedContainer(database, id);
    if (current === undefined) {
      if (this.#stagedDatabase(database) === undefined) throw databaseMissing();
      throw containerMissing();
    }
    checkStamp(ifMatch, current.time);
    this.#drop(containerName(database, id), staging);
    return current;
  }

  #stagedCounters(): Counters {
    return this.#stagedOr(countersName, 'counters', () => ({ kind: 'counters', counters: this.#counters }))!.counters;
  }

  #put(name: string, resource: Resource, time: HybridTime, staging: Staging): void {
    this.#record(name, resource, encodeResource(name, resource), time, staging);
  }

  #drop(name: string, staging: Staging): void {
    const body = new BsonWriter(64).beginDocument().string('name', name).end().finish();
    this.#record(name, undefined, body, staging.hybridTime(), staging);
  }

  #record(name: string, resource: Resource | undefined, body: Uint8Array, time: HybridTime, staging: Staging): void {
    const lsn = this.#stagedLsn + 1;
    const staged = this.#staged.get(name);
    // What this commit group deleted begins anew; what it put is continued.
    const before =
      staged === undefined ? this.#sequences.get(name) : staged.resource === undefined ? undefined : staged;
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
    this.#undo.push({ name, before: staged });
    this.#staged.set(name, { resource, sequence, created: before?.created ?? lsn });
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
    const before = this.#sequences.get(name);
    const isDelete = header.kind === RecordKind.delete;
    const isContainer = name.startsWith(containerPrefix);
    if (before !== undefined) {
      // The first record of a container stays as long as the container: without it a replay of the whole log would
      // take items for those of a container that is gone.
      if (!isContainer || before.first !== undefined || isDelete) this.#ends(before, header.sequence);
      if (isDelete && before.first !== undefined) this.#ends(before.first, header.sequence);
    }
    if (isDelete) {
      this.#sequences.delete(name);
      this.#graveyard.superseded(header.sequence, record.length, header.sequence);
      this.#forget(name, header.sequence);
      return;
    }
    this.#sequences.set(name, {
      sequence: header.sequence,
      created: header.created,
      bytes: record.length - recordHeaderBytes,
      first: isContainer ? (before?.first ?? before) : undefined,
    });
    const resource = decodeResource(body, header.hybridTime);
    switch (resource.kind) {
      case 'counters':
        this.#counters = resource.counters;
        return;
      case 'database':
        this.#databases.set(resource.database.id, resource.database);
        return;
      case 'container': {
        const { container } = resource;
        let siblings = this.#containers.get(container.database);
        if (siblings === undefined) this.#containers.set(container.database, (siblings = new Map()));
        siblings.set(container.id, container);
        this.#listener.containerPut(container);
      }
    }
  }

  #ends({ sequence, bytes }: { readonly sequence: number; readonly bytes: number }, killer: number): void {
    this.#graveyard.superseded(sequence, bytes, killer);
    this.#ended.push({ sequence, killer });
  }

  #forget(name: string, killer: number): void {
    for (const [database, containers] of this.#containers) {
      const id = containerIdIn(name, database);
      const container = id === undefined ? undefined : containers.get(id);
      if (container === undefined) continue;
      containers.delete(container.id);
      this.#listener.containerDropped(container, killer);
      return;
    }
    for (const id of this.#databases.keys()) {
      if (databaseName(id) !== name) continue;
      this.#databases.delete(id);
      this.#containers.delete(id);
      return;
    }
  }
}

// Names of resources in the log: lengths first, so that no user-given id can look like another's.

function databaseName(id: string): string {
  return `database:${id}`;
}

const containerPrefix = 'container:';

function containerName(database: string, id: string): string {
  return `${containerPrefix}${database.length}:${database}/${id}`;
}

function containerIdIn(name: string, database: string): string | undefined {
  const prefix = `${containerPrefix}${database.length}:${database}/`;
  return name.startsWith(prefix) ? name.slice(prefix.length) : undefined;
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

function databaseMissing(): DatabaseError {
  return new DatabaseError('DatabaseNotFound', 'no database with that id', { argument: 'database' });
}

function containerMissing(): DatabaseError {
  return new DatabaseError('ContainerNotFound', 'no container with that id in this database', {
    argument: 'container',
  });
}

function checkStamp(ifMatch: HybridTime | undefined, time: HybridTime): void {
  if (ifMatch !== undefined && ifMatch !== time)
    throw new DatabaseError('PreconditionFailed', 'the resource has another version than If-Match names', {
      argument: 'If-Match',
    });
}

// Resources as BSON. The version stamp is the record's hybrid time and not repeated.

function encodeResource(name: string, resource: Resource): Uint8Array {
  const writer = new BsonWriter().beginDocument().string('name', name).string('kind', resource.kind);
  switch (resource.kind) {
    case 'counters':
      writer.double('database', resource.counters.database);
      writer.double('container', resource.counters.container);
      writer.double('partition', resource.counters.partition);
      break;
    case 'database':
      writer.string('id', resource.database.id).double('number', resource.database.number);
      writer.document('settings', resource.database.settings);
      break;
    case 'container': {
      const { container } = resource;
      writer.string('id', container.id).string('database', container.database);
      writer.double('databaseNumber', container.databaseNumber).double('number', container.number);
      writer.string('profile', container.profile);
      writer.beginObject('partitionKey').beginArray('paths');
      for (const path of container.partitionKey.paths) writer.string('', path);
      writer.end().string('keyKind', container.partitionKey.kind).double('version', container.partitionKey.version);
      writer.boolean('systemKey', container.partitionKey.systemKey === true).end();
      writer.beginArray('partitions');
      for (const partition of container.partitions) {
        writer.beginObject('').double('range', partition.range).double('partition', partition.partition);
        writer.string('min', partition.minInclusive).string('max', partition.maxExclusive);
        writer.beginArray('parents');
        for (const parent of partition.parents) writer.double('', parent);
        writer.end().double('epoch', partition.epoch).end();
      }
      writer.end().document('settings', container.settings);
    }
  }
  return writer.end().finish();
}

function decodeResource(body: Uint8Array, time: HybridTime): Resource {
  const text = (name: string): string => textOfRaw(fieldOf(body, name)!);
  const number = (name: string): number => valueOf(fieldOf(body, name)) as number;
  switch (text('kind')) {
    case 'counters':
      return {
        kind: 'counters',
        counters: { database: number('database'), container: number('container'), partition: number('partition') },
      };
    case 'database':
      return {
        kind: 'database',
        database: { id: text('id'), number: number('number'), settings: settingsOf(body), time },
      };
    case 'container': {
      const key = fieldOf(body, 'partitionKey')!.slice();
      const systemKey = valueOf(fieldOf(key, 'systemKey')) === true;
      const partitionKey = {
        paths: elementsOf(fieldOf(key, 'paths')!.slice()).map((raw) => textOfRaw(raw)),
        kind: textOfRaw(fieldOf(key, 'keyKind')!) as PartitionKeyDefinition['kind'],
        version: valueOf(fieldOf(key, 'version')) as PartitionKeyDefinition['version'],
        ...(systemKey ? { systemKey } : {}),
      };
      const partitions = elementsOf(fieldOf(body, 'partitions')!.slice()).map((raw): PartitionRecord => {
        const at = raw.slice();
        const field = (name: string): number => valueOf(fieldOf(at, name)) as number;
        return {
          range: field('range'),
          partition: field('partition'),
          minInclusive: textOfRaw(fieldOf(at, 'min')!),
          maxExclusive: textOfRaw(fieldOf(at, 'max')!),
          parents: elementsOf(fieldOf(at, 'parents')!.slice()).map((parent) => valueOf(parent) as number),
          epoch: field('epoch'),
        };
      });
      return {
        kind: 'container',
        container: {
          id: text('id'),
          database: text('database'),
          databaseNumber: number('databaseNumber'),
          number: number('number'),
          profile: text('profile') as Profile,
          partitionKey,
          partitions,
          settings: settingsOf(body),
          time,
        },
      };
    }
    default:
      throw new DatabaseError('Internal', 'the catalog holds a resource of unknown kind');
  }
}

/** A copy: the record's buffer is shared and may be trimmed. */
function settingsOf(body: Uint8Array): Uint8Array {
  const settings = fieldOf(body, 'settings');
  return settings?.type === BsonType.object ? settings.slice().slice() : emptyDocument;
}

function elementsOf(array: Uint8Array): ReturnType<typeof rawDocument>[] {
  const cursor = new ElementCursor(array);
  const found = [];
  while (cursor.next()) found.push(cursor.raw());
  return found;
}
